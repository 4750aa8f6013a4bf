/** Sees to a C compiler and a BLAS, and installs what is missing where it may. */
import { config } from "../graph/config.ts";
import { compileKernels } from "../build/cache.ts";
import { installCommand, type Need, packages } from "../build/install.ts";
import { openStore } from "../build/store.ts";
import { findCompiler } from "../build/toolchain.ts";
import { findBlas } from "../../ffi/openblas.ts";

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
  const compiler = compilerTrouble(), blas = blasTrouble();
  if (!quiet && !compiler) {
    const { command, version } = findCompiler(openStore());
    console.log(`C compiler: ${command.join(" ")}, ${version}`);
  }
  if (!quiet && !blas) {
    console.log(`BLAS: ${findBlas(config.blas)?.path ?? "none, as set"}`);
  }
  if (compiler) console.log(`C compiler: ${compiler}`);
  if (blas) console.log(`BLAS: ${blas}`);
  const needs: Need[] = [];
  if (compiler) needs.push("compiler");
  if (blas) needs.push("blas");
  if (needs.length > 0) install(needs);
}

/** Why kernels cannot be compiled; null if they can. */
function compilerTrouble(): string | null {
  try {
    compileKernels([PROBE]);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

function blasTrouble(): string | null {
  try {
    return findBlas(config.blas) || config.blas === "none" ||
        Deno.env.get("DAMO_BLAS") === "none"
      ? null
      : "no OpenBLAS; without it Damo computes matrix products itself";
  } catch (error) {
    return (error as Error).message;
  }
}

function install(needs: readonly Need[]): void {
  const root = rootCommand();
  if (root === null || !succeeds(["apt-get", "--version"])) {
    console.log(`To install what is missing: ${installCommand(needs)}`);
    return;
  }
  const steps = [["update"], ["install", "-y", ...packages(needs)]];
  const failed = steps.filter((step) => !run([...root, "apt-get", ...step]));
  console.log(
    failed.length === 0
      ? "Installed."
      : `Cannot install: ${
        failed.map((step) => `apt-get ${step.join(" ")}`).join(" and ")
      } failed; Damo goes on without`,
  );
}

/** What makes a command run as root without a question; null if nothing does. */
function rootCommand(): readonly string[] | null {
  if (Deno.build.os !== "linux") return null;
  if (Deno.uid() === 0) return ["env", "DEBIAN_FRONTEND=noninteractive"];
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
    return new Deno.Command(program!, {
      args,
      stdin: "null",
      stdout: "inherit",
      stderr: "inherit",
    }).outputSync()
      .success;
  } catch (error) {
    console.log((error as Error).message);
    return false;
  }
}
