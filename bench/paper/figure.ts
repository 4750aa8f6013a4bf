/** What the figures have in common: their command line, their file of results, cells as processes of their own, peers. */
import { parseArgs } from "@std/cli";
import * as damo from "damo";
import { findPeers, measurePeer, type PeerRate } from "../peers/peers.ts";
import { describeMachine, type Machine } from "../../src/tools/machine.ts";
import { buildLimit, coresFor, quietEnvironment } from "./limit.ts";
import { measureInto, openResults } from "./results.ts";

/** How much is measured. */
export interface Settings extends Record<string, number> {
  /** Rounds of the row that counts, and of the others and the neighbours. */
  readonly pairs: number;
  readonly others: number;
  /** Milliseconds a rate is taken for. */
  readonly budget: number;
}

/** A figure while it is measured. */
export interface Figure {
  /** Where the C programs are. */
  readonly limit: string;
  readonly machine: Machine;
  readonly settings: Settings;
  readonly threads: readonly number[];
  /** The cells that `--cells` names: they alone are measured, and anew. */
  readonly named?: readonly string[];
  /** A run of a minute, with neither neighbours nor peers. */
  readonly quick: boolean;
  /** The path of all files of this figure, without their endings. */
  readonly stem: string;
  /** What is known of a cell. */
  cell(name: string): unknown;
  /** What peers reach at a cell. */
  peers(cell: string): readonly PeerRate[];
  /** Measures a cell that is not known yet. */
  keep(name: string, measure: () => unknown): void;
  /** Runs `module` for a cell `<what>/<threads>` in a process pinned to as many cores as it has threads. */
  keepCell(name: string, module: string, pairs: number): void;
  /** Asks the peers that are installed, each for a group of cells (without their threads) at a time. */
  keepPeers(groups: Readonly<Record<string, readonly string[]>>): void;
}

/** Colors of the peers in pictures. */
export const PEER_COLORS: Readonly<Record<string, string>> = {
  "JAX": "#8e5bd0",
  "NumPy by hand": "#2a9d8f",
  "PyTensor": "#c2427f",
  "PyTorch eager": "#d43d3d",
};

/**
 * Reads the command line and the results of an earlier run; null, with a line
 * that says why, where nothing can be compared with C.
 */
export function openFigure(
  name: string,
  programs: readonly string[],
): Figure | null {
  const args = parseArgs(Deno.args, {
    string: ["cells", "out", "threads"],
    boolean: ["fresh", "quick", "no-peers"],
    default: { pairs: 15, out: "bench/results" },
  });
  const built = compiles()
    ? buildLimit(programs)
    : { reason: "there is no C compiler: functions are interpreted" };
  if ("reason" in built) {
    console.log(`${name}: n/a (${built.reason})`);
    return null;
  }
  const settings: Settings = args.quick
    ? { pairs: 1, others: 1, budget: 100 }
    : { pairs: args.pairs, others: Math.min(args.pairs, 3), budget: 400 };
  const threads = (args.threads ?? (args.quick ? "1" : "1,2")).split(",")
    .map(Number).filter((n) => n <= navigator.hardwareConcurrency);
  const named = args.cells?.split(",");
  // A quick run has a file of its own: it must not replace the true one.
  const stem = `${args.out}/${name}${args.quick ? "-quick" : ""}`;
  const results = openResults(`${stem}.json`, {
    figure: name,
    machine: describeMachine(),
    settings,
  });
  const { cells } = results;
  if (args.fresh) { for (const cell of Object.keys(cells)) delete cells[cell]; }
  for (const cell of named ?? []) delete cells[cell];
  const keep = (cell: string, measure: () => unknown) =>
    measureInto(results, cell, `${stem}.json`, measure);
  const { others, budget } = settings;
  return {
    limit: built.path,
    machine: results.machine,
    settings,
    threads,
    ...named && { named },
    quick: args.quick,
    stem,
    cell: (cell) => cells[cell],
    peers: (cell) =>
      Object.entries(cells).filter(([key]) => key.startsWith("peer/"))
        .flatMap(([, rates]) => rates as PeerRate[])
        .filter((rate) => rate.cell === cell),
    keep,
    keepCell: (cell, module, pairs) =>
      keep(cell, () =>
        runCell(cell, module, [
          `--limit=${built.path}`,
          `--pairs=${pairs}`,
          `--others=${others}`,
          `--budget=${budget}`,
        ])),
    keepPeers(groups) {
      if (args["no-peers"] || args.quick || named) return;
      const peers = findPeers();
      if (peers.missing) console.error(`peers: ${peers.missing}`);
      for (const n of threads) {
        for (const peer of peers.found) {
          for (const [group, cells] of Object.entries(groups)) {
            const options = { threads: n, budget, rounds: others };
            keep(
              `peer/${peer}/${group}/${n}`,
              () => measurePeer(name, peer, cells, options),
            );
          }
        }
      }
    },
  };
}

/** Whether functions become C here. */
function compiles(): boolean {
  const x = damo.scalar("x"), f = damo.function([x], x.add(1));
  f(1);
  f.free();
  const { compiled, fromCache } = damo.kernelStatistics;
  return compiled + fromCache > 0;
}

/** What a process printed about a cell; null if it failed. */
function runCell(
  cell: string,
  module: string,
  options: readonly string[],
): unknown {
  const cores = coresFor(Number(cell.slice(cell.lastIndexOf("/") + 1)));
  const { success, stdout, stderr } = new Deno.Command("taskset", {
    args: [
      "-c",
      cores,
      Deno.execPath(),
      "run",
      "-A",
      "-q",
      module,
      cell,
      ...options,
    ],
    clearEnv: true,
    env: quietEnvironment(),
  }).outputSync();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  console.error(`${cell} failed: ${new TextDecoder().decode(stderr)}`);
  return null;
}
