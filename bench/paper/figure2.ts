/**
 * Figure 2 of the paper: a simple recurrent network (an index in, n sigmoid
 * units, a softmax over n symbols out) trained by backpropagation through
 * sequences of 100 elements, one step of gradient descent a sequence, with one
 * thread and two, against C written by hand (`limit/rnn.c`) and against the
 * peers that are installed.
 *
 *   deno run -A bench/paper/figure2.ts [--quick] [--cells 25/1,…] [--threads 1,2]
 *                                      [--pairs 15] [--no-peers] [--fresh] [--out DIR]
 *
 * Each cell is one process. Finished cells are kept in DIR/figure2.json: a run
 * that was stopped goes on where it was, unless machine, sources or settings
 * changed; `--cells` measures these anew. `--quick` takes a minute: one
 * thread, one pair, neither neighbours nor peers, and a file of its own.
 */
import { openFigure } from "./figure.ts";
import { drawFigure2 } from "./figure2_plot.ts";
import {
  type Cell,
  type Figure2,
  NEIGHBOURS,
  SIZES,
} from "./figure2_result.ts";
import { showFigure2 } from "./figure2_table.ts";

const CELL = new URL("./figure2_cell.ts", import.meta.url).pathname;

async function main(): Promise<void> {
  const run = openFigure("figure2", ["rnn"]);
  if (run === null) return;
  const { threads, named, settings: { pairs, others } } = run;
  const measured = named ??
    threads.flatMap((threads) =>
      [...SIZES, ...run.quick ? [] : NEIGHBOURS].map((n) => `${n}/${threads}`)
    );
  for (const cell of measured) {
    // Neighbours are no gate: fewer rounds do.
    const beside = NEIGHBOURS.some((n) => cell.startsWith(`${n}/`));
    run.keepCell(cell, CELL, beside ? others : pairs);
  }
  run.keepPeers({ rnn: SIZES.map(String) });
  const figure: Figure2 = {
    threads,
    cell: (name) => run.cell(name) as Cell | undefined,
    peers: run.peers,
  };
  showFigure2(figure, named);
  console.log(`\nNumbers: ${run.stem}.json`);
  if (!named) await drawFigure2(figure, run.machine, run.stem);
}

await main();
