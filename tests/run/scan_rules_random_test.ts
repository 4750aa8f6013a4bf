/** Rewritten loops, those of the examples and random ones, keep their values. */
import { assert } from "@std/assert";
import "../../src/ops/methods.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { Rop } from "../../src/grad/rop.ts";
import { scan } from "../../src/nested/scan.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  add,
  mul,
  sigmoid,
  sqr,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { dmatrix, dtensor3, dvector } from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { EXAMPLES, valueOf } from "../nested/examples.ts";
import { rng } from "../lower/random.ts";
import { randomLoops } from "../nested/random_loops.ts";
import { close, look, valuesOf } from "./scan_rules.ts";

Deno.test("all example loops keep their values", () => {
  for (const make of Object.values(EXAMPLES)) {
    const { inputs, outputs, updates = new Map(), calls } = make();
    const graph = { inputs, outputs, updates: [...updates] };
    const { graph: made } = optimize(graph, {
      optimizer: "fast_run",
    });
    for (const [given] of calls) {
      const by = new Map(inputs.map((v, i) => [v, valueOf(v, given[i]!)]));
      close(evaluate(made.outputs, by), evaluate(outputs, by));
    }
  }
});

/** A cell of random gates, some of which read a state that another one has changed, and something that it hands out. */
function randomCell(seed: number) {
  const random = rng(seed), batch = random(2) ? [2] : [];
  const matrices = (name: string, n: number) =>
    Array.from({ length: n }, (_, k) => dmatrix(`${name}${k}`));
  const n = 2 + random(3), W = matrices("W", n), U = matrices("U", n);
  const b = U.map((_, k) => dvector(`b${k}`)), V = dmatrix("V");
  const x = batch.length ? dtensor3("x") : dmatrix("x");
  const h0 = batch.length ? dmatrix("h0") : dvector("h0");
  const [[h, y]] = scan((x, h) => {
    const gates: Variable[] = [];
    for (let k = 0; k < n; k++) {
      const read = k > 0 && random(3) === 0 ? mul(h, gates[k - 1]!) : h;
      const open = add(add(dot(x, W[k]!), dot(read, U[k]!)), b[k]!);
      gates.push(random(2) ? tanh(open) : sigmoid(open));
    }
    const next = gates.reduce((a, g) => random(2) ? mul(a, g) : add(a, g));
    return [tanh(add(next, h)), sigmoid(dot(random(2) ? next : h, V))];
  }, { sequences: x, outputsInfo: [h0, null] }) as unknown as [Variable[]];
  const lengths = Object.fromEntries([
    ...W.map((v) => [v.name!, [3, 4]]),
    ...U.map((v) => [v.name!, [4, 4]]),
    ...b.map((v) => [v.name!, [4]]),
    ["V", [4, 2]],
    ["x", [random(4) ? 3 : 0, ...batch, 3]],
    ["h0", [...batch, 4]],
  ]) as Record<string, number[]>;
  const wrt = [x, h0, V, ...W, ...U, ...b].filter(() => random(4) > 0);
  return { outputs: [h!, y!], wrt, lengths };
}

Deno.test("random cells and their gradients keep their values", () => {
  const fired = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const { outputs, wrt, lengths } = randomCell(seed);
    const cost = outputs.map((v): Variable => sum(sqr(v)))
      .reduce((a, b) => add(a, b)) as Variable<0>;
    const all = [...outputs, ...grad(cost, wrt)];
    const { inputs, outputs: made, fired: rules } = look(all);
    rules.forEach(({ rule }) => fired.add(rule));
    const values = valuesOf(inputs, lengths);
    const by = new Map(inputs.map((v, i) => [v, values[i]!]));
    try {
      close(evaluate(made, by), evaluate(all, by));
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  for (const rule of ["products", "sums"]) {
    assert(fired.has(`scan_join_${rule}`));
  }
  for (const rule of ["sum", "after"]) assert(fired.has(`scan_${rule}`));
});

Deno.test("random loops, their gradients and tangents keep their values", () => {
  for (let seed = 0; seed < 60; seed++) {
    const { inputs, values, loops } = randomLoops(seed);
    const by = new Map(inputs.map((v, i) => [v, values[i]!]));
    const cost = loops.map((y): Variable => sum(sqr(y))).reduce((a, b) =>
      add(a, b)
    ) as Variable<0>;
    const slopes = grad(cost, inputs, { disconnectedInputs: "ignore" });
    const all = [...loops, ...slopes, ...Rop(loops, inputs, [...inputs])];
    // Where no step runs there is no last row.
    const rows = evaluate(loops, by).map((y) => y.ndim > 1 ? y.shape[0]! : 0);
    const more = loops.filter((_, i) => rows[i]! > 0).map((y) => at(y, -1));
    for (const outputs of [all, more]) {
      const { graph } = optimize({ inputs, outputs, updates: [] }, {
        optimizer: "fast_run",
      });
      try {
        close(evaluate(graph.outputs, by), evaluate(outputs, by));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  }
});
