/** Gradients behind a choice: of the branch that is taken, and nothing else. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { toposort } from "../../src/graph/walk.ts";
import { grad } from "../../src/grad/grad.ts";
import { at } from "../../src/ops/indexing/at.ts";
import {
  add,
  exp,
  mul,
  sqr,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { evaluate, evaluateNode } from "../../src/ops/evaluate.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import { dscalar, dvector, lscalar } from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";

const x = dvector("x"), c = dscalar("c"), d = dscalar("d"), i = lscalar("i");

function values(given: { readonly [name: string]: number | number[] }) {
  const all: [Variable, NDArray][] = [x, c, d, i].flatMap((v) =>
    given[v.name!] === undefined
      ? []
      : [[v, array(given[v.name!]!, { dtype: v.dtype })]]
  );
  return new Map(all);
}

/** The value of a gradient, and the names of what was computed for it. */
function run(g: Variable, given: Parameters<typeof values>[0]) {
  const names: string[] = [];
  const [value] = evaluate([g], values(given), (node, inputs) => {
    names.push(node.op.name);
    return evaluateNode(node, inputs);
  });
  return { value: value!.toArray(), names };
}

Deno.test("the gradient of a branch that is not taken is not computed", () => {
  const y = ifelse(gt(c, 0), sum(exp(x)), sum(tanh(x)));
  const g = grad(y as Variable<0>, x);
  const yes = run(g, { x: [0, 0], c: 1 }), no = run(g, { x: [0, 0], c: -1 });
  assertEquals([yes.value, no.value], [[1, 1], [1, 1]]);
  assert(yes.names.includes("exp") && !yes.names.includes("tanh"));
  assert(no.names.includes("tanh") && !no.names.includes("exp"));
});

Deno.test("an index that only one branch uses is only checked there", () => {
  const y = ifelse(gt(c, 0), mul(at(x, i), 3), sum(x));
  const g = grad(y as Variable<0>, x);
  assertEquals(run(g, { x: [1, 2], c: 1, i: 1 }).value, [0, 3]);
  assertEquals(run(g, { x: [1, 2], c: -1, i: 9 }).value, [1, 1]);
  assertThrows(() => run(g, { x: [1, 2], c: 1, i: 9 }), RangeError);
});

Deno.test("choices inside choices, shared by several and joined with what is sure", () => {
  const shared = sqr(x);
  const inner = ifelse(gt(d, 0), mul(shared, 2), exp(x));
  const outer = ifelse(gt(c, 0), inner, mul(shared, 5));
  const g = grad(sum(add(outer, mul(x, 10))), x);
  const slope = (c: number, d: number) => run(g, { x: [3, 0], c, d }).value;
  assertEquals(slope(1, 1), [4 * 3 + 10, 10]);
  assertEquals(slope(-1, 1), [10 * 3 + 10, 10]);
  assertEquals(slope(1, -1), [Math.exp(3) + 10, 11]);
  assert(!run(g, { x: [3, 0], c: -1, d: -1 }).names.includes("exp"));
});

Deno.test("one condition, several values: the sums of a branch stay in it", () => {
  const [a, b] = ifelse(gt(c, 0), [exp(x), sqr(x)], [x, x]) as [
    Variable,
    Variable,
  ];
  const g = grad(sum(add(a, mul(b, 2))), x);
  assertEquals(run(g, { x: [0, 0], c: 1 }).value, [1, 1]);
  const no = run(g, { x: [7, 8], c: -1 });
  assertEquals(no.value, [3, 3]);
  assert(!no.names.includes("exp"));
});

Deno.test("a thousand nested choices have a gradient of linear size", () => {
  let y: Variable = x;
  for (let k = 0; k < 1000; k++) y = ifelse(gt(c, k), tanh(y), mul(x, k));
  const g = grad(sum(y), x);
  assert(toposort([g]).length < 20000);
  assertEquals(run(g, { x: [1, 2], c: 10.5 }).value, [999, 999]);
});

Deno.test("second derivatives behind a choice", () => {
  const y = sum(ifelse(gt(c, 0), mul(sqr(x), x), exp(x)));
  const g = grad(sum(grad(y, x)), x);
  assertEquals(run(g, { x: [1, 2], c: 1 }).value, [6, 12]);
  assertEquals(run(g, { x: [0, 0], c: -1 }).value, [1, 1]);
});
