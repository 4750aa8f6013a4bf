/** The C compiler: which one, what it makes of this processor, and the flags it gets. */
import { config } from "../graph/config.ts";
import type { Target } from "../lower/target.ts";
import { cacheBytes, cpu, vectorBytes } from "../../ffi/cpu.ts";
import { findBlas } from "../../ffi/openblas.ts";
import { installCommand } from "./install.ts";
import { fingerprint } from "./fingerprint.ts";
import { sha256 } from "./sha256.ts";
import type { Store } from "./store.ts";

/** There is no C compiler; the message says how to get one. */
export class MissingCompilerError extends Error {
  /** The class, for messages. */
  override readonly name = "MissingCompilerError";
}

/** A C compiler that runs. */
export interface Compiler {
  /** The executable, and what the user wrote behind its name (`ccache gcc`). */
  readonly command: readonly string[];
  /** Such as `gcc version 12.2.0 (Debian 12.2.0-14)`. */
  readonly version: string;
  /** What it takes the processor for, such as `znver4`. */
  readonly cpu: string;
  /** Equal only where the compiler and what it makes of the processor are. */
  readonly identity: string;
  /** The flags of every compilation. */
  readonly flags: readonly string[];
}

/** What the compiler said of itself once, kept in the store. */
interface Memo {
  readonly version: string;
  readonly cpu: string;
  readonly identity: string;
  readonly flags: readonly string[];
}

/** Nothing here reassociates, drops a NaN or the sign of zero, or changes the floating-point mode of the process; integers wrap. */
const STRICT = [
  "-fwrapv",
  "-ffp-contract=off",
  "-fno-math-errno",
  "-fno-trapping-math",
] as const;

/** gcc vectorises at -O1 when told to, in half the time of -O3; clang does at -O2 by itself. */
const OPTIMIZE = {
  gcc: ["-O1", "-ftree-vectorize", "-fvect-cost-model=dynamic"],
  clang: ["-O2"],
} as const;

/** What makes a shared object of a compilation. */
export const SHARED: readonly string[] = ["-std=gnu11", "-shared", "-fPIC"];

/** A kernel links against nothing: what it calls of the C library, the process has. */
export const KERNEL_FLAGS: readonly string[] = Deno.build.os === "darwin"
  ? ["-undefined", "dynamic_lookup"]
  : ["-nostdlib"];

const compilers = new Map<string, Compiler>();

/**
 * The compiler in force: `cc` of the settings, $CC, cc, gcc or clang. What it
 * says of itself is kept in the store under its path, size and date and the
 * processor, so that nothing is run the next time.
 *
 * @throws MissingCompilerError: none is found, or the one found does not run.
 */
export function findCompiler(store: Store): Compiler {
  const named = config.cc || Deno.env.get("CC") || "";
  const command = locate(named);
  const file = Deno.statSync(command[0]!);
  const key = fingerprint(JSON.stringify([
    command,
    file.size,
    file.mtime?.getTime(),
    cpu().identity,
  ]));
  let compiler = compilers.get(key);
  if (!compiler) {
    const kept = store.read(`${key}.cc`);
    const memo = (kept && parse(kept)) || examine(command);
    if (!kept) store.write(`${key}.cc`, JSON.stringify(memo));
    compilers.set(key, compiler = { command, ...memo });
  }
  return compiler;
}

function parse(text: string): Memo | null {
  try {
    const memo = JSON.parse(text);
    return Array.isArray(memo.flags) && memo.identity ? memo : null;
  } catch {
    return null;
  }
}

/** The command with its executable as a full path. */
function locate(named: string): readonly string[] {
  if (named) {
    const whole = which(named);
    if (whole) return [whole];
    const [first = "", ...rest] = named.trim().split(/\s+/);
    const path = which(first);
    if (path) return [path, ...rest];
    throw new MissingCompilerError(
      `Cannot compile: there is no C compiler ${named}; set CC to one, or ${
        installCommand(["compiler"])
      }`,
    );
  }
  for (const name of ["cc", "gcc", "clang"]) {
    const path = which(name);
    if (path) return [path];
  }
  throw new MissingCompilerError(
    `Cannot compile: there is no C compiler (cc, gcc or clang); ${
      installCommand(["compiler"])
    }`,
  );
}

/** The full path of an executable, searched in PATH if it is a bare name. */
function which(name: string): string | null {
  const directories = name.includes("/")
    ? [""]
    : (Deno.env.get("PATH") ?? "").split(":").filter((d) => d !== "").map((d) =>
      `${d}/`
    );
  for (const directory of directories) {
    const path = `${directory}${name}`;
    try {
      const { isFile, mode } = Deno.statSync(path);
      if (isFile && (mode === null || mode & 0o111)) return path;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
    }
  }
  return null;
}

/** Asks a compiler for the command that it would run: that names its version and the resolved processor. */
function examine(command: readonly string[]): Memo {
  let said = "";
  for (const native of ["-march=native", "-mcpu=native", ""]) {
    const args = [...command.slice(1), "-###", "-E", "-x", "c", "/dev/null"];
    if (native) args.push(native);
    let output: Deno.CommandOutput;
    try {
      output = new Deno.Command(command[0]!, { args, stdin: "null" })
        .outputSync();
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      throw new MissingCompilerError(
        `Cannot run the C compiler ${command[0]}: ${(error as Error).message}`,
      );
    }
    said = new TextDecoder().decode(output.stderr);
    if (!output.success) continue;
    const version = /^.*(?:gcc|clang) version.*$/m.exec(said)?.[0].trim() ??
      command.join(" ");
    const family = /clang/.test(version) ? "clang" : "gcc";
    return {
      version,
      cpu: resolvedCpu(said),
      identity: sha256(said.replace(/^COLLECT_GCC=.*$/m, "")),
      flags: [...OPTIMIZE[family], ...STRICT, ...native ? [native] : []],
    };
  }
  throw new MissingCompilerError(
    `Cannot use the C compiler ${command.join(" ")}: ${
      said.trim().split("\n").at(-1) || "it fails"
    }; set CC to another`,
  );
}

/** The last -march or -target-cpu that names a processor. */
function resolvedCpu(said: string): string {
  const named = said.matchAll(/-(?:march=|mcpu=|target-cpu" ")([\w.+-]+)/g);
  const names = Array.from(named, (match) => match[1]!);
  return names.findLast((name) => name !== "native") ?? Deno.build.arch;
}

/**
 * Runs commands in a directory, at most one a core at a time. For each: null,
 * or what the compiler said when it refused.
 */
export function runCompiler(
  jobs: readonly (readonly string[])[],
  directory: string,
): (string | null)[] {
  const together = jobs.length > 1 &&
      Deno.permissions.querySync({ name: "run", command: "sh" }).state ===
        "granted"
    ? navigator.hardwareConcurrency
    : 1;
  const results: (string | null)[] = [];
  for (let i = 0; i < jobs.length; i += together) {
    const group = jobs.slice(i, i + together);
    results.push(
      ...group.length === 1
        ? [runOne(group[0]!, directory)]
        : runGroup(group, directory),
    );
  }
  return results;
}

function runOne(job: readonly string[], cwd: string): string | null {
  const { success, stderr, signal, code } = spawn(job, cwd);
  const said = new TextDecoder().decode(stderr);
  refuseFullDisk(said);
  return success ? null : said.trim() || `it ended with ${signal ?? code}`;
}

/** Runs jobs side by side under one shell, because Deno waits for one process at a time. */
function runGroup(
  jobs: readonly (readonly string[])[],
  cwd: string,
): (string | null)[] {
  const lines = jobs.map((job, i) =>
    `(${job.map(quote).join(" ")} >log${i} 2>&1; echo $? >status${i}) &\n`
  );
  spawn(["sh", "-c", `${lines.join("")}wait`], cwd);
  return jobs.map((_, i) => {
    const said = Deno.readTextFileSync(`${cwd}/log${i}`);
    const status = Deno.readTextFileSync(`${cwd}/status${i}`).trim();
    refuseFullDisk(said);
    return status === "0" ? null : said.trim() || `it ended with ${status}`;
  });
}

/** Intermediate files stay in the directory too. */
function spawn(
  [program, ...args]: readonly string[],
  cwd: string,
): Deno.CommandOutput {
  return new Deno.Command(program!, {
    args,
    cwd,
    env: { TMPDIR: cwd, LC_ALL: "C" },
    stdin: "null",
  }).outputSync();
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A compiler out of space is no fault of the kernel: the store tries elsewhere. */
function refuseFullDisk(said: string): void {
  const full = /No space left on device|Disk quota exceeded/.exec(said);
  if (!full) return;
  const code = full[0].startsWith("Disk quota") ? "EDQUOT" : "ENOSPC";
  throw Object.assign(new Error(full[0]), { code });
}

let caches: [number, number, number] | undefined;

/** The machine at hand, for lowering, of which kernels may use so many threads (0: all). Whether there is a BLAS, and LAPACK in it, is found out when it is asked for. */
export function detectTarget(threads: number = config.threads): Target {
  const vector = vectorBytes(cpu());
  return {
    vector,
    registers: vector === 64 || Deno.build.arch === "aarch64" ? 32 : 16,
    caches: caches ??= cacheBytes(),
    get blas() {
      return findBlas(config.blas) !== null;
    },
    get lapack() {
      return findBlas(config.blas)?.lapack ?? false;
    },
    threads: threads || navigator.hardwareConcurrency,
  };
}
