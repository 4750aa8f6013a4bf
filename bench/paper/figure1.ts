/**
 * Figure 1 of the paper: one step of stochastic gradient descent on three
 * networks, for each step of the ladder default → cvm_nogc → trustInput →
 * fn() → fn(nCalls), with one thread and two, against C written by hand
 * (`limit/mlp.c`: with OpenBLAS, and with kernels of its own) and against the
 * peers that are installed.
 *
 *   deno run -A bench/paper/figure1.ts [--quick] [--cells mlp/10/1,…] [--threads 1,2]
 *                                      [--pairs 15] [--no-peers] [--fresh] [--out DIR]
 *
 * Each cell is one process. Finished cells are kept in DIR/figure1.json: a run
 * that was stopped goes on where it was, unless machine, sources or settings
 * changed; `--cells` measures these anew. `--quick` takes a minute: one
 * thread, one pair, neither neighbours nor peers, and a file of its own.
 */
import { parseArgs } from "@std/cli";
import * as damo from "damo";
import { findPeers, measurePeer, type PeerRate } from "../peers/peers.ts";
import { drawFigure1 } from "./figure1_plot.ts";
import {
  BATCHES,
  type Cell,
  type Figure1,
  NEIGHBOURS,
  NETS,
  type Roofline,
} from "./figure1_result.ts";
import { showFigure1 } from "./figure1_table.ts";
import { buildLimit, coresFor, quietEnvironment, runLimit } from "./limit.ts";
import { describeMachine } from "../../src/tools/machine.ts";
import { measureInto, openResults } from "./results.ts";

const SELF = new URL("./figure1_cell.ts", import.meta.url).pathname;

/** Whether functions become C here. */
function compiles(): boolean {
  const x = damo.scalar("x"), f = damo.function([x], x.add(1));
  f(1);
  f.free();
  const { compiled, fromCache } = damo.kernelStatistics;
  return compiled + fromCache > 0;
}

/** Runs one cell in a process of its own, pinned to as many cores as it has threads. */
function measureCell(
  cell: string,
  limit: string,
  settings: Settings,
): Cell | null {
  const threads = Number(cell.split("/")[2]);
  const { success, stdout, stderr } = new Deno.Command("taskset", {
    args: [
      "-c",
      coresFor(threads),
      Deno.execPath(),
      "run",
      "-A",
      "-q",
      SELF,
      cell,
      `--limit=${limit}`,
      `--pairs=${isNeighbour(cell) ? settings.others : settings.pairs}`,
      `--others=${settings.others}`,
      `--budget=${settings.budget}`,
    ],
    clearEnv: true,
    env: quietEnvironment(),
  }).outputSync();
  if (success) return JSON.parse(new TextDecoder().decode(stdout));
  console.error(`${cell} failed: ${new TextDecoder().decode(stderr)}`);
  return null;
}

/** Neighbours are no gate: fewer rounds do. */
function isNeighbour(cell: string): boolean {
  return Object.hasOwn(NEIGHBOURS, cell.slice(0, cell.lastIndexOf("/")));
}

function measureRoofline(limit: string, threads: number): Roofline {
  const lines = runLimit(limit, "roof", [String(threads)], coresFor(threads))
    .trim().split("\n")
    .map((line) => JSON.parse(line) as { bench: string; value: number });
  const rates = (kind: string) =>
    lines.flatMap(({ bench, value }) => {
      const [, kilobytes] = new RegExp(`^${kind}-(\\d+)KB$`).exec(bench) ?? [];
      return kilobytes ? [[Number(kilobytes), value] as const] : [];
    });
  return {
    peak: lines.find(({ bench }) => bench === "fma-peak")!.value,
    read: rates("read"),
    readwrite: rates("readwrite"),
  };
}

interface Settings extends Record<string, number> {
  /** Rounds of the last row, and of the others and the neighbours. */
  readonly pairs: number;
  readonly others: number;
  /** Milliseconds a rate is taken for. */
  readonly budget: number;
}

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["cells", "out", "threads"],
    boolean: ["fresh", "quick", "no-peers"],
    default: { pairs: 15, out: "bench/results" },
  });
  const built = compiles()
    ? buildLimit(["mlp", "roof"])
    : { reason: "there is no C compiler: functions are interpreted" };
  if ("reason" in built) {
    console.log(`figure 1: n/a (${built.reason})`);
    return;
  }
  const settings: Settings = args.quick
    ? { pairs: 1, others: 1, budget: 100 }
    : { pairs: args.pairs, others: Math.min(args.pairs, 3), budget: 400 };
  const threads = (args.threads ?? (args.quick ? "1" : "1,2")).split(",")
    .map(Number).filter((n) => n <= navigator.hardwareConcurrency);
  const listed = NETS.flatMap((net) => BATCHES.map((n) => `${net}/${n}`));
  const named = args.cells?.split(",");
  const measured = named ??
    threads.flatMap((n) =>
      [...listed, ...args.quick ? [] : Object.keys(NEIGHBOURS)]
        .map((cell) => `${cell}/${n}`)
    );
  // A quick run has a file of its own: it must not replace the true one.
  const stem = `${args.out}/figure1${args.quick ? "-quick" : ""}`;
  const results = openResults(`${stem}.json`, {
    figure: "figure1",
    machine: describeMachine(),
    settings,
  });
  const { cells } = results;
  if (args.fresh) { for (const name of Object.keys(cells)) delete cells[name]; }
  for (const name of named ?? []) delete cells[name];
  const keep = (name: string, measure: () => unknown) =>
    measureInto(results, name, `${stem}.json`, measure);
  for (const n of threads) {
    keep(`roofline/${n}`, () => measureRoofline(built.path, n));
  }
  for (const cell of measured) {
    keep(cell, () => measureCell(cell, built.path, settings));
  }
  const peers = args["no-peers"] || args.quick || named
    ? { found: [] }
    : findPeers();
  if (peers.missing) console.error(`peers: ${peers.missing}`);
  for (const n of threads) {
    const options = {
      threads: n,
      budget: settings.budget,
      rounds: settings.others,
    };
    for (const peer of peers.found) {
      for (const net of NETS) {
        const cells = BATCHES.map((batch) => `${net}/${batch}`);
        keep(
          `peer/${peer}/${net}/${n}`,
          () => measurePeer("figure1", peer, cells, options),
        );
      }
    }
  }
  const figure: Figure1 = {
    threads,
    cell: (name) => cells[name] as Cell | undefined,
    peers: (cell) =>
      Object.entries(cells).filter(([name]) => name.startsWith("peer/"))
        .flatMap(([, rates]) => rates as PeerRate[])
        .filter((rate) => rate.cell === cell),
    roofline: (n) => cells[`roofline/${n}`] as Roofline | undefined,
  };
  showFigure1(figure, named);
  console.log(`\nNumbers: ${stem}.json`);
  if (!named) await drawFigure1(figure, results.machine, stem);
}

await main();
