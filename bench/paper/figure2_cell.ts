/**
 * One cell of Figure 2, measured by this process: prints it as JSON.
 *
 *   deno run -A bench/paper/figure2_cell.ts 100/1 --pairs 15 --others 3 --budget 400 --limit DIR
 *
 * A round runs the C program, then Damo from the same weights; a ratio compares
 * what was measured in the same round. `--pairs` rounds measure fn(nCalls), the first `--others` of
 * them the default call too.
 */
import { parseArgs } from "@std/cli";
import * as damo from "damo";
import type { Cell } from "./figure2_result.ts";
import { coresFor, runLimit } from "./limit.ts";
import { rateOf, spread } from "./measure.ts";
import { buildStep, LENGTH } from "./recurrent.ts";

/** Losses of the same step differ by rounding only: float32 sums in another order. */
const TOLERANCE = 1e-3;

/** Sequences whose losses are compared. */
const CHECKED = 20;

function main(): void {
  const args = parseArgs(Deno.args, {
    string: ["limit"],
    default: { pairs: 15, others: 3, budget: 400 },
  });
  const cell = String(args._[0]);
  const [n, threads] = cell.split("/").map(Number) as [number, number];
  const limit = (...more: readonly string[]) =>
    runLimit(
      args.limit!,
      "rnn",
      [String(n), String(threads), ...more],
      coresFor(threads),
    );
  const plain = buildStep(n, { openmp: threads });
  const kept = buildStep(n, { openmp: threads, linker: "cvm_nogc" });
  const losses: Record<string, number> = {
    "C": Number(/([\d.]+)\s*$/.exec(limit(String(CHECKED)))![1]),
    "default": meanLoss(plain),
  };
  const { compiled, fromCache } = damo.kernelStatistics;
  losses["fn(nCalls)"] = meanLoss(kept);
  // The same steps leave the same weights, whether they are called one by one or not.
  for (let k = 0; k < CHECKED; k++) plain();
  kept.fn(CHECKED);
  const drift = Math.abs(plain() - kept()) / LENGTH;
  const all = Object.values(losses);
  const difference = Math.max(drift, Math.max(...all) - Math.min(...all));

  const rates = {
    limit: [] as number[],
    kept: [] as number[],
    plain: [] as number[],
  };
  for (let round = 0; round < args.pairs; round++) {
    rates.limit.push(JSON.parse(limit()).value as number);
    // Trained for long, the network saturates, and computes with denormal numbers.
    kept.restart(), plain.restart();
    rates.kept.push(rateOf((k) => void kept.fn(k), LENGTH, args.budget));
    if (round >= args.others) continue;
    const calls = (count: number) => {
      for (let k = 0; k < count; k++) plain();
    };
    rates.plain.push(rateOf(calls, LENGTH, args.budget));
  }
  const row = (own: readonly number[]) => ({
    rate: spread(own),
    ratio: spread(own.map((rate, k) => rate / rates.limit[k]!)),
    pairs: own.length,
  });
  const result: Cell = {
    cell,
    rows: [
      { step: "default", ...row(rates.plain) },
      { step: "fn(nCalls)", ...row(rates.kept) },
    ],
    limit: spread(rates.limit),
    losses,
    difference,
    ...!(difference <= TOLERANCE) &&
      { void: `losses differ by ${difference.toExponential(1)}` },
    kernels: compiled + fromCache,
  };
  console.log(JSON.stringify(result));
}

/** The loss of an element, over the first sequences. */
function meanLoss(step: () => number): number {
  let sum = 0;
  for (let k = 0; k < CHECKED; k++) sum += step();
  return sum / CHECKED / LENGTH;
}

main();
