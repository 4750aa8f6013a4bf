/** Sees to a C compiler and a BLAS, and installs what is missing where it may. */
import { config } from "../graph/config.ts";
import { CompileError, compileKernels } from "../build/cache.ts";
import { installCommand, type Need, packages } from "../build/install.ts";
import { openStore, userId } from "../build/store.ts";
import { findCompiler, MissingCompilerError } from "../build/toolchain.ts";
import { findBlas, forgetBlas } from "../../ffi/openblas.ts";
import { inSight } from "./process.ts";

/** A kernel that compiles wherever kernels do: it needs the C library's headers. */
const PROBE = {
  name: "probe",
  headers: ["kernel.h"],
  text:
    "int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) { return 0; }",
};

/**
 * Looks for what Damo works with. On Debian and its kin, as root or with a
 * sudo that asks for no password, installs what is missing; elsewhere names
 * the command. Damo also runs without: slower.
 *
 * `quiet`: says nothing where nothing is missing.
 */
export function setup(
  { quiet = false }: { readonly quiet?: boolean } = {},
): void {
  const needs: Need[] = [];
  for (const [need, look] of Object.entries(LOOKS)) {
    const { says, state } = look();
    if (state === "missing") needs.push(need as Need);
    if (!quiet || state === "refused") {
      console.log(`${NAMES[need as Need]}: ${says}`);
    }
  }
  if (needs.length > 0) install(needs);
}

const NAMES = { compiler: "C compiler", blas: "BLAS" } as const;

/** What there is. refused: there is none, but because the user's own choice is unusable or says so, nothing is to be installed. */
interface Look {
  readonly says: string;
  readonly state: "fine" | "missing" | "refused";
}

const LOOKS: { readonly [need in Need]: () => Look } = {
  compiler() {
    const named = config.cc || Deno.env.get("CC");
    try {
      compileKernels([PROBE]);
      const { command, version } = findCompiler(openStore());
      return { says: `${command.join(" ")}, ${version}`, state: "fine" };
    } catch (error) {
      const absent = error instanceof MissingCompilerError ||
        error instanceof CompileError;
      return {
        says: (error as Error).message,
        state: absent && !named ? "missing" : "refused",
      };
    }
  },
  blas() {
    const named = config.blas || Deno.env.get("DAMO_BLAS");
    try {
      const blas = findBlas(config.blas);
      if (blas) return { says: blas.path, state: "fine" };
      const own = "none: Damo computes matrix products itself, slower";
      if (!named) return { says: own, state: "missing" };
      const remedy = installCommand(["blas"]);
      return {
        says: `${own}; unset DAMO_BLAS, after ${remedy}, to use OpenBLAS`,
        state: "refused",
      };
    } catch (error) {
      return { says: (error as Error).message, state: "refused" };
    }
  },
};

/** What is slow without it. */
const WITHOUT: { readonly [need in Need]: string } = {
  compiler: "a C compiler: without one, functions are interpreted, slowly",
  blas: "OpenBLAS: without it, Damo computes matrix products itself, slower",
};

function install(needs: readonly Need[]): void {
  const root = rootCommand();
  if (root === null || !succeeds(["apt-get", "--version"])) {
    const missing = needs.map((need) => WITHOUT[need]).join("; ");
    console.log(`Missing: ${missing}; to install: ${installCommand(needs)}`);
    return;
  }
  const steps = [["update"], ["install", "-y", ...packages(needs)]];
  const failed = steps.filter((step) => !run([...root, "apt-get", ...step]));
  forgetBlas();
  const still = needs.filter((need) => LOOKS[need]().state !== "fine");
  if (still.length === 0) {
    console.log("Installed.");
    return;
  }
  const why = failed.length > 0
    ? `${
      failed.map((step) => `apt-get ${step.join(" ")}`).join(" and ")
    } failed`
    : "apt-get ran, and it is not found";
  const missing = still.map((need) => WITHOUT[need]).join("; ");
  console.log(`Still missing (${why}): ${missing}`);
}

/** What makes a command run as root without a question; null if nothing does. */
function rootCommand(): readonly string[] | null {
  if (Deno.build.os !== "linux") return null;
  if (userId() === 0) return ["env", "DEBIAN_FRONTEND=noninteractive"];
  const sudo = ["sudo", "-n"];
  return succeeds([...sudo, "true"])
    ? [...sudo, "env", "DEBIAN_FRONTEND=noninteractive"]
    : null;
}

function succeeds([program, ...args]: readonly string[]): boolean {
  try {
    return new Deno.Command(program!, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/** Runs a command in sight of the user. */
function run(words: readonly string[]): boolean {
  console.log(`$ ${words.join(" ")}`);
  const [program, ...args] = words;
  try {
    return inSight(program!, args) === 0;
  } catch (error) {
    console.log((error as Error).message);
    return false;
  }
}
