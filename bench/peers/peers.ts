/** The tools that a figure is compared with, where they are installed: `run.py` measures, this file asks it. */
import { findBlas } from "../../ffi/openblas.ts";
import { coresFor, quietEnvironment } from "../paper/limit.ts";

const RUN = new URL("./run.py", import.meta.url).pathname;

/** One way of one peer, measured. */
export interface PeerRate {
  readonly peer: string;
  readonly version: string;
  readonly variant: string;
  readonly cell: string;
  readonly value: number;
  readonly unit: string;
  readonly loss: number;
}

/** The Python that has them: `$DAMO_PEERS`, or the one in PATH. */
function python(): string {
  return Deno.env.get("DAMO_PEERS") ?? "python3";
}

/** What is installed, and one line about what is not. */
export function findPeers(): {
  readonly found: readonly string[];
  readonly missing?: string;
} {
  const install =
    "bench/peers/requirements.txt says how to install them, DAMO_PEERS names their Python";
  const said = output([python(), RUN, "--list"]);
  if (said === null) {
    return { found: [], missing: `${python()} does not run; ${install}` };
  }
  const peers = said.trim().split("\n").map((line) => line.split(" "));
  const lacking = peers.filter(([, version]) => version === "missing");
  return {
    found: peers.filter(([, version]) => version !== "missing")
      .map(([name]) => name!),
    ...lacking.length > 0 && {
      missing: `${
        lacking.map(([name]) => name).join(", ")
      }: not in ${python()}; ${install}`,
    },
  };
}

/** How a peer is measured. */
export interface PeerOptions {
  readonly threads: number;
  /** Milliseconds a rate is taken for, and how often: the best counts. */
  readonly budget: number;
  readonly rounds: number;
}

/** The variants of a peer at cells of a figure, without their threads, in one process; null if it fails. */
export function measurePeer(
  figure: string,
  peer: string,
  cells: readonly string[],
  { threads, budget, rounds }: PeerOptions,
): readonly PeerRate[] | null {
  const said = output([
    "taskset",
    "-c",
    coresFor(threads),
    python(),
    RUN,
    figure,
    peer,
    ...cells,
    `--threads=${threads}`,
    `--budget=${budget / 1000}`,
    `--rounds=${rounds}`,
  ], threads);
  if (said === null) return null;
  return said.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

/** What a program printed; null if it failed or is not there. */
function output(
  [program, ...args]: readonly string[],
  threads = 1,
): string | null {
  try {
    const { success, stdout } = new Deno.Command(program!, {
      args,
      clearEnv: true,
      env: {
        ...quietEnvironment(findBlas()?.core),
        OPENBLAS_NUM_THREADS: String(threads),
        OMP_NUM_THREADS: String(threads),
        NUMBA_NUM_THREADS: String(threads),
      },
      stderr: "null",
    }).outputSync();
    return success ? new TextDecoder().decode(stdout) : null;
  } catch {
    return null;
  }
}
