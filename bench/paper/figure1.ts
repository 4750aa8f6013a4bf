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
import { openFigure } from "./figure.ts";
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
import { coresFor, runLimit } from "./limit.ts";

const CELL = new URL("./figure1_cell.ts", import.meta.url).pathname;

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

async function main(): Promise<void> {
  const run = openFigure("figure1", ["mlp", "roof"]);
  if (run === null) return;
  const { threads, named, settings: { pairs, others } } = run;
  const listed = NETS.flatMap((net) => BATCHES.map((n) => `${net}/${n}`));
  const measured = named ??
    threads.flatMap((n) =>
      [...listed, ...run.quick ? [] : Object.keys(NEIGHBOURS)]
        .map((cell) => `${cell}/${n}`)
    );
  for (const n of threads) {
    run.keep(`roofline/${n}`, () => measureRoofline(run.limit, n));
  }
  for (const cell of measured) {
    run.keepCell(cell, CELL, isNeighbour(cell) ? others : pairs);
  }
  run.keepPeers(
    Object.fromEntries(
      NETS.map((net) => [net, BATCHES.map((batch) => `${net}/${batch}`)]),
    ),
  );
  const figure: Figure1 = {
    threads,
    cell: (name) => run.cell(name) as Cell | undefined,
    peers: run.peers,
    roofline: (n) => run.cell(`roofline/${n}`) as Roofline | undefined,
  };
  showFigure1(figure, named);
  console.log(`\nNumbers: ${run.stem}.json`);
  if (!named) await drawFigure1(figure, run.machine, run.stem);
}

await main();
