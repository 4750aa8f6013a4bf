/**
 * How long it takes from a graph to a program: rewriting and lowering.
 *
 *   deno run -A bench/micro/rewriting.ts [--quick]
 *
 * The training step of the 784-500-10 network, the first time in a process and
 * the best; then a chain, a wide graph, and nets of up to 100 layers with
 * gradients at 1,000 and 10,000 applications: `ratio` is what ten times the
 * graph costs, which is 10 where everything is linear.
 */
import * as damo from "damo";
import type { FunctionGraph } from "../../src/graph/function_graph.ts";
import { results } from "../../src/graph/function_graph.ts";
import { toposort } from "../../src/graph/walk.ts";
import { lower } from "../../src/lower/lower.ts";
import { noHistory, observe, sharedOf } from "../../src/lower/signature.ts";
import { FIXED_TARGET } from "../../src/lower/target.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { report } from "../measured.ts";

const TIMES = Deno.args.includes("--quick") ? 1 : 5;
const SMALL = 1000, LARGE = 10_000, BATCH = 60;

/** x through `n` functions. */
function chain(n: number): FunctionGraph {
  const x = damo.vector("x");
  let y: damo.Variable = x;
  for (let i = 0; i < n; i++) {
    y = i % 3 === 0 ? y.tanh() : i % 3 === 1 ? y.add(1) : y.mul(0.5);
  }
  return { inputs: [x], outputs: [y], updates: [] };
}

/** A sum of many functions of x, pair by pair. */
function wide(n: number): FunctionGraph {
  const x = damo.matrix("x");
  let level: damo.Variable[] = Array.from(
    { length: Math.round(n / 3) },
    (_, i) => x.mul(i).tanh(),
  );
  while (level.length > 1) {
    level = level.flatMap((y, i) =>
      i % 2 ? [] : [i + 1 < level.length ? y.add(level[i + 1]!) : y]
    );
  }
  return { inputs: [x], outputs: level, updates: [] };
}

/** The training step of a classifier whose layers have these widths. */
function net(widths: readonly number[]): FunctionGraph {
  const x = damo.matrix("x"), y = damo.ivector("y");
  const weights: damo.SharedVariable[] = [];
  const logits = widths.slice(1).reduce<damo.Variable>((h, width, k) => {
    const rows = widths[k]!;
    const W = damo.shared(damo.array(new Float32Array(rows * width), {
      shape: [rows, width],
    }));
    const b = damo.shared(damo.array(new Float32Array(width)));
    weights.push(W, b);
    const z = h.dot(W).add(b);
    return k < widths.length - 2 ? z.tanh() : z;
  }, x);
  const p = damo.softmax(logits);
  const cost = damo.categoricalCrossentropy(p, y).mean() as damo.Variable<0>;
  const gradients = damo.grad(cost, weights);
  return {
    inputs: [x, y],
    outputs: [cost],
    updates: weights.map((w, k) => [w, w.sub(gradients[k]!.mul(0.1))]),
  };
}

/** A net of about `n` applications, gradients included. */
function layers(n: number): FunctionGraph {
  return net(Array<number>(Math.round(n / 13)).fill(8));
}

/** A program for matrices of BATCH rows, and vectors as long. */
function lowered(graph: FunctionGraph, columns: number): void {
  const given = graph.inputs.map(({ dtype, ndim }) => ({
    dtype,
    shape: [BATCH, columns].slice(0, ndim),
  }));
  const arrays = [...given, ...sharedOf(graph).map((s) => s.getValue())];
  const [, signature] = observe(noHistory(graph), arrays, given.length);
  lower(graph, signature, { gc: true }, FIXED_TARGET);
}

interface Times {
  readonly nodes: number;
  readonly rewriting: number;
  readonly lowering: number;
}

/** Milliseconds of both stages, once. */
function once(graph: FunctionGraph, columns: number): Times {
  const start = performance.now();
  const { graph: better } = optimize(graph, { optimizer: "fast_run" });
  const between = performance.now();
  lowered(better, columns);
  return {
    nodes: toposort(results(graph)).length,
    rewriting: between - start,
    lowering: performance.now() - between,
  };
}

/** The best of several runs, each with a graph of its own. */
function best(make: () => FunctionGraph, columns: number): Times {
  const all = Array.from({ length: TIMES }, () => once(make(), columns));
  const least = (of: (t: Times) => number) => Math.min(...all.map(of));
  return {
    nodes: all[0]!.nodes,
    rewriting: least((t) => t.rewriting),
    lowering: least((t) => t.lowering),
  };
}

const STAGES = ["rewriting", "lowering"] as const;
const mlp = () => net([784, 500, 10]);
const first = once(mlp(), 784), again = best(mlp, 784);
for (const stage of STAGES) {
  report({
    name: `${stage} of the MLP's step, first`,
    value: first[stage],
    unit: "ms",
  });
  report({
    name: `${stage} of the MLP's step, best`,
    value: again[stage],
    unit: "ms",
  });
}
for (
  const [name, make, columns] of [
    ["a chain", chain, 1],
    ["a wide graph", wide, 8],
    ["a deep net", layers, 8],
  ] as const
) {
  const small = best(() => make(SMALL), columns),
    large = best(() => make(LARGE), columns);
  for (const stage of STAGES) {
    const grown = (large[stage] / small[stage]) * (small.nodes / large.nodes);
    report({
      name: `${stage} of ${name}`,
      value: large[stage],
      unit: "ms",
      nodes: large.nodes,
      ratio: 10 * grown,
    });
  }
}
