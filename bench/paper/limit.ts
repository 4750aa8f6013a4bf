/** The C programs of `limit/`: built once, run as one process each, and the random numbers they start from. */

import { findBlas } from "../../ffi/openblas.ts";

const SOURCES = new URL("./limit/", import.meta.url).pathname;

/**
 * The environment for a measurement: without what holds OpenBLAS back, and
 * with the core that Damo uses too, because OpenBLAS takes some processors
 * for older ones.
 */
export function quietEnvironment(core = ""): Record<string, string> {
  const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _l2, ...rest } = Deno.env
    .toObject();
  return {
    ...rest,
    OPENBLAS_NUM_THREADS: "1",
    ...(core && { OPENBLAS_CORETYPE: core }),
  };
}

/** The first cores, as taskset names them. */
export function coresFor(threads: number): string {
  return threads === 1 ? "0" : `0-${threads - 1}`;
}

/** Where the programs are, or why they cannot be here. */
export function buildLimit(
  programs: readonly string[],
): { readonly path: string } | { readonly reason: string } {
  if (Deno.build.os !== "linux") return { reason: "the system is not Linux" };
  if (!Deno.readTextFileSync("/proc/cpuinfo").includes("avx512f")) {
    return { reason: "the CPU has no AVX-512" };
  }
  for (const tool of ["make", "taskset"]) {
    if (!runs(tool)) return { reason: `${tool} is not installed` };
  }
  const path = `${Deno.env.get("DAMO_CACHE") ?? "/tmp"}/damo-limit`;
  const made = new Deno.Command("make", {
    args: [
      "-s",
      "-C",
      SOURCES,
      `OUT=${path}`,
      ...programs.map((p) => `${path}/${p}`),
    ],
    stdout: "null",
    stderr: "piped",
  });
  const { success, stderr } = made.outputSync();
  return success ? { path } : {
    reason: `make failed (libopenblas-dev installed?): ${
      new TextDecoder().decode(stderr).split("\n")[0]
    }`,
  };
}

function runs(tool: string): boolean {
  try {
    return new Deno.Command(tool, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/** What a program printed, run alone on these cores: `0`, `0-1`. */
export function runLimit(
  path: string,
  program: string,
  args: readonly string[],
  cores = "0",
): string {
  const { success, stdout, stderr } = new Deno.Command("taskset", {
    args: ["-c", cores, `${path}/${program}`, ...args],
    clearEnv: true,
    env: quietEnvironment(findBlas()?.core),
  }).outputSync();
  if (!success) {
    throw new Error(
      `${program} ${args.join(" ")} failed: ${
        new TextDecoder().decode(stderr)
      }`,
    );
  }
  return new TextDecoder().decode(stdout);
}

/** xorshift64 with the seed and the order of `common.h`; the state is kept as two halves. */
export class Xorshift {
  #high = Math.floor(88172645463325252 / 2 ** 32) >>> 0;
  #low = Number(88172645463325252n & 0xffffffffn) >>> 0;

  /** The upper 32 bits of the next state. */
  next(): number {
    let high = this.#high, low = this.#low;
    high = (high ^ ((high << 13) | (low >>> 19))) >>> 0;
    low = (low ^ (low << 13)) >>> 0;
    const h7 = high >>> 7, l7 = ((low >>> 7) | (high << 25)) >>> 0;
    high = (high ^ h7) >>> 0;
    low = (low ^ l7) >>> 0;
    high = (high ^ ((high << 17) | (low >>> 15))) >>> 0;
    low = (low ^ (low << 17)) >>> 0;
    this.#high = high;
    this.#low = low;
    return high;
  }

  /** In [0, 1), rounded as C's float product is. */
  float(): number {
    return Math.fround(Math.fround(this.next()) * Math.fround(1 / 4294967296));
  }
}
