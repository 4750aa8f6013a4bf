/** A softmax written out is one op, and so is its gradient: with the digits of `softmax`, however and in whatever cost it is written. */
import { assert, assertEquals } from "@std/assert";
import { results } from "../../src/graph/function_graph.ts";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { toposort } from "../../src/graph/walk.ts";
import { grad } from "../../src/grad/grad.ts";
import { considerConstant } from "../../src/grad/identities.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { arange } from "../../src/ops/arange.ts";
import {
  div,
  exp,
  log,
  mul,
  neg,
  sqr,
  sub,
} from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { lvector } from "../../src/ops/inputs.ts";
import { categoricalCrossentropy } from "../../src/ops/nnet/nnet.ts";
import { max, sum } from "../../src/ops/reductions/reduce.ts";
import { shapeAt } from "../../src/ops/shape/shape.ts";
import { logSoftmax, softmax } from "../../src/ops/nnet/softmax.ts";
import { logsumexp, mean } from "../../src/ops/reductions/statistics.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { matrix, rewritten } from "./rewritten.ts";

const alongRows = { axis: 1, keepdims: true };

/** Softmax by rows, as people write it. */
const WRITTEN: { readonly [how: string]: (x: Variable) => Variable } = {
  "with two exponentials": (x) => div(exp(x), sum(exp(x), alongRows)),
  "with one exponential": (x) => {
    const e = exp(x);
    return div(e, sum(e, alongRows));
  },
  "less the largest": (x) => {
    const e = exp(sub(x, max(x, alongRows)));
    return div(e, sum(e, alongRows));
  },
  "less the largest, all of it twice": (x) =>
    div(
      exp(sub(x, max(x, alongRows))),
      sum(exp(sub(x, max(x, alongRows))), alongRows),
    ),
  "less the largest, which is held constant": (x) => {
    const e = exp(sub(x, considerConstant(max(x, alongRows))));
    return div(e, sum(e, alongRows));
  },
};

const x = matrix("x"), t = matrix("t"), y = lvector("y");
const picked = (p: Variable) => at(p, arange(shapeAt(y, 0)), y);

const COSTS: { readonly [name: string]: (p: Variable) => Variable } = {
  "a weighted sum": (p) => sum(mul(p, t)),
  "squared differences": (p) => mean(sqr(sub(p, t))),
  "a cross-entropy written out": (p) =>
    neg(mean(sum(mul(t, log(p)), { axis: 1 }))),
  "the logarithm of one element a row": (p) => neg(mean(log(picked(p)))),
  "one element a row of the logarithm": (p) => neg(mean(picked(log(p)))),
  "the cross-entropy with numbers": (p) => mean(categoricalCrossentropy(p, y)),
  "the cross-entropy with distributions": (p) =>
    mean(categoricalCrossentropy(p, t)),
};

const dims = { x: [3, 4], t: [3, 4], y: [3] };

/** The names of what computes a cost and its gradient, after comparing values. */
function computing(cost: Variable): string[] {
  const outputs = [cost, grad(cost as Variable<0>, x)];
  return rewritten({ inputs: [x, t, y], outputs, updates: [] }, dims)
    .map(({ op }) => op.name).sort();
}

for (const [name, costOf] of Object.entries(COSTS)) {
  const plain = computing(costOf(softmax(x)));
  for (const [how, write] of Object.entries(WRITTEN)) {
    Deno.test(`${name}: a softmax ${how} is as good as softmax`, () =>
      assertEquals(computing(costOf(write(x))), plain));
  }
}

Deno.test("a logarithm of softmax written out is logSoftmax, and so is its gradient", () => {
  const plain = new Set(computing(sum(mul(logSoftmax(x), t))));
  const e = exp(sub(x, max(x, alongRows))), z = sub(x, max(x, alongRows));
  for (
    const l of [
      sub(x, log(sum(exp(x), alongRows))),
      sub(z, log(sum(e, alongRows))),
      log(div(e, sum(e, alongRows))),
    ]
  ) {
    const names = new Set(computing(sum(mul(l, t))));
    assert(names.isSubsetOf(plain), [...names].join());
  }
  const names = rewritten({
    inputs: [x],
    outputs: [sub(x, logsumexp(x, alongRows))],
    updates: [],
  }).map(({ op }) => op.name);
  assertEquals(names, ["logSoftmax"]);
});

Deno.test("the gradient of a sum of exponentials' logarithm is a softmax", () => {
  const cost = sum(log(sum(exp(x), { axis: 0 }))) as Variable<0>;
  const { graph } = optimize(
    { inputs: [x], outputs: [grad(cost, x)], updates: [] },
    { optimizer: "fast_run" },
  );
  assertEquals(toposort(results(graph)).map(({ op }) => op.name), ["softmax"]);
});

Deno.test("gradients stay right where exponentials overflow or vanish", () => {
  const values = new Map<Variable, NDArray>([
    [x, array([[1000, 0, -1000], [-3e4, -2e4, -2e4]], { dtype: "float64" })],
    [t, array([[0, 1, 0], [0.5, 0.25, 0.25]], { dtype: "float64" })],
    [y, array([1, 0], { dtype: "int64" })],
  ]);
  for (const [name, costOf] of Object.entries(COSTS)) {
    const [found, wanted] = [WRITTEN["with two exponentials"]!, softmax].map(
      (write) => {
        const cost = costOf(write(x)) as Variable<0>;
        const { graph } = optimize(
          { inputs: [x, t, y], outputs: [cost, grad(cost, x)], updates: [] },
          { optimizer: "fast_run" },
        );
        return evaluate(results(graph), values)
          .flatMap((a) => [...a.flat()].map(Number));
      },
    );
    assertEquals(found, wanted, name);
    assert(found!.every(Number.isFinite), `${name}: ${found}`);
  }
});

Deno.test("what is no softmax stays what it is", () => {
  const square = matrix("square"), e = exp(square);
  const by = [
    // each column by the sum of a row
    div(e, sum(e, { axis: 1 })),
    div(e, sum(exp(t), alongRows)),
    div(e, sum(e)),
    mul(div(t, sum(e, { axis: 1 })), e),
  ];
  for (const v of by) {
    const names = rewritten(
      { inputs: [square, t], outputs: [v], updates: [] },
      { square: [3, 3], t: [3, 3] },
    ).map(({ op }) => op.name);
    assert(!names.includes("softmax"), names.join());
  }
});
