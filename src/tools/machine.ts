/** What a measurement was taken with: without it a number means nothing. */
import { openStore } from "../build/store.ts";
import { findCompiler } from "../build/toolchain.ts";
import { fingerprint } from "../build/fingerprint.ts";
import { cpu } from "../../ffi/cpu.ts";
import { findBlas } from "../../ffi/openblas.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Everything that may change a number. */
export interface Machine {
  /** The commit, followed by a digest of what differs from it. */
  readonly commit: string;
  /** The processor and how many of its cores there are. */
  readonly cpu: string;
  readonly cores: number;
  /** The kernels that OpenBLAS runs, and its version. */
  readonly core: string;
  readonly blas: string;
  readonly compiler: string;
  readonly deno: string;
  readonly system: string;
  /** When the first cell was measured. */
  readonly date: string;
}

/** This machine, now. */
export function describeMachine(): Machine {
  const blas = findBlas();
  const { command, version } = findCompiler(openStore());
  return {
    commit: commit(),
    cpu: cpu().model,
    cores: navigator.hardwareConcurrency,
    core: blas?.core ?? "",
    blas: blas?.config.split(" ").slice(0, 2).join(" ") ?? "none",
    compiler: `${command.join(" ")}: ${version}`,
    deno: Deno.version.deno,
    system: `${Deno.build.target} ${Deno.osRelease()}`,
    date: new Date().toISOString(),
  };
}

/** True if numbers of both may stand in one table. */
export function sameMachine(a: Machine, b: Machine): boolean {
  const { date: _a, ...one } = a, { date: _b, ...other } = b;
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What decides speed: documents and tests may change under a long run. */
const SOURCES = ["mod.ts", "src", "ffi", "csrc", "bench", "deps"];

function commit(): string {
  const head = git("rev-parse", "--short=12", "HEAD");
  if (head === null) return "no repository";
  const change = git("diff", "HEAD", "--", ...SOURCES);
  return change ? `${head}+${fingerprint(change).slice(0, 8)}` : head;
}

function git(...args: readonly string[]): string | null {
  try {
    const { success, stdout } = new Deno.Command("git", {
      args: ["-C", ROOT, ...args],
      stderr: "null",
    }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch {
    return null;
  }
}
