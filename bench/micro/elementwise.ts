/**
 * How near to the limit an elementwise expression runs.
 *
 *   deno run -A bench/micro/elementwise.ts [--quick] [threads]
 *
 * y = tanh(a x + b) sigmoid(c x) - log1p(exp(x)) of float32, with one and two
 * threads: nanoseconds an element, and the share of what `limit/ew.c` reaches
 * (which clamps, drops NaN and allows three units in the last place), both
 * measured in turns. Best of many blocks. Then what each of these costs:
 * `limit/strict.c` has the formulas of csrc/vector_math.h without it.
 */
import { parseArgs } from "@std/cli";
import * as damo from "damo";
import { buildLimit, runLimit } from "../paper/limit.ts";
import {
  describeThreads,
  fastestWithin,
  report,
  threadsWanted,
} from "../measured.ts";

const { add, exp, log1p, mul, sigmoid, sub, tanh } = damo;
const args = parseArgs(Deno.args, { boolean: ["quick"] });
const SIZES = args.quick ? [1e4, 1e6] : [1e4, 1e5, 1e6, 1e7];
const TURNS = args.quick ? 1 : 2, MILLISECONDS = 150;

const limit = buildLimit(["ew-poly", "strict"]);
if ("reason" in limit) console.error(`No limit: ${limit.reason}`);

for (const threads of threadsWanted(args)) {
  for (const size of SIZES) {
    const run = expression(size, threads);
    let own = Infinity, best = Infinity;
    for (let turn = 0; turn < TURNS; turn++) {
      own = Math.min(own, run() * 1e6 / size);
      if ("path" in limit) best = Math.min(best, limitOf(size, threads));
    }
    report({
      name: `${size.toExponential()} floats, ${describeThreads(threads)}`,
      value: own,
      unit: "ns/element",
      ...(Number.isFinite(best) && { limit: best, share: best / own }),
    });
  }
}

showStrictness();

/** The expression in C as strict as Damo's, and with one promise dropped at a time: in the first cache, with one thread. */
function showStrictness(): void {
  if (!("path" in limit)) return;
  const best = new Map<string, number>();
  for (let turn = 0; turn < 6 * TURNS; turn++) {
    const lines = runLimit(limit.path, "strict", ["2000"]).trim().split("\n");
    for (const line of lines) {
      const { variant, best: value } = JSON.parse(line);
      best.set(variant, Math.min(best.get(variant) ?? Infinity, value));
    }
  }
  const strict = best.get("strict")!;
  for (const [variant, value] of best) {
    report({
      name: `C with the formulas of kernels, ${variant}`,
      value,
      unit: "ns/element",
      ...(variant !== "strict" && { saved: 1 - value / strict }),
    });
  }
}

/** Milliseconds of the best of some calls. */
function expression(size: number, threads: number): () => number {
  const x = damo.shared(new damo.RandomState(1).uniform(-10, 10, [size])),
    y = damo.shared(damo.zeros([size]));
  const f = damo.function([], null, {
    updates: [[
      y,
      sub(
        mul(tanh(add(mul(x, 1.3), 0.1)), sigmoid(mul(x, 0.7))),
        log1p(exp(x)),
      ),
    ]],
    mode: new damo.Mode({ openmp: threads }),
  });
  const calls = Math.max(1, Math.round(2e6 / size));
  return () => fastestWithin(MILLISECONDS, () => f.fn(calls)) / calls;
}

function limitOf(size: number, threads: number): number {
  const { path } = limit as { readonly path: string };
  return JSON.parse(runLimit(path, "ew-poly", [String(size), String(threads)]))
    .best;
}
