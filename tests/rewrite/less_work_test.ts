/** What need not be computed is not: parts of results, passes over operands, lengths, and whole gradients of few rows. */
import { assert, assertEquals } from "@std/assert";
import type { FunctionGraph } from "../../src/graph/function_graph.ts";
import type { Apply, Variable } from "../../src/graph/variable.ts";
import { leaves } from "../../src/graph/walk.ts";
import { slice } from "../../src/graph/indexing.ts";
import { grad } from "../../src/grad/grad.ts";
import { at, incSubtensor, setSubtensor } from "../../src/ops/indexing/at.ts";
import { transpose } from "../../src/ops/shape/dimshuffle.ts";
import { dot, outer } from "../../src/ops/products/dot.ts";
import {
  add,
  div,
  exp,
  mul,
  sigmoid,
  sqr,
  sub,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { lvector, tensor } from "../../src/ops/inputs.ts";
import { categoricalCrossentropy } from "../../src/ops/nnet/nnet.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { reshape } from "../../src/ops/shape/reshape.ts";
import { shape } from "../../src/ops/shape/shape.ts";
import { softmax } from "../../src/ops/nnet/softmax.ts";
import { mean } from "../../src/ops/reductions/statistics.ts";
import {
  count,
  descent,
  matrix,
  opened,
  rewritten,
  scalar,
  vector,
  weights,
} from "./rewritten.ts";

function graphOf(...outputs: Variable[]): FunctionGraph {
  const inputs = leaves(outputs).filter((v) => !("data" in v));
  return { inputs, outputs, updates: [] };
}

function names(nodes: readonly Apply[]): string[] {
  return nodes.map((node) => node.op.name);
}

Deno.test("W -= rate * x.T · d is one contraction into W", () => {
  const x = matrix("x"), d = matrix("d"), W = weights("W", 4, 3);
  const step = dot(transpose(x), d);
  for (
    const next of [
      sub(W, mul(0.1, step)),
      add(W, mul(step, scalar("rate"))),
      sub(W, div(mul(2, step), 60)),
    ]
  ) {
    const nodes = rewritten(
      { inputs: leaves([next]), outputs: [], updates: [[W, next]] },
      { x: [5, 4], d: [5, 3] },
    );
    const products = nodes.filter(({ op }) => op.name !== "dimshuffle");
    assertEquals(products.at(-1)!.op.name, "dotAdd");
    assert(products.at(-1)!.inputs[0] === W, "what is added to is W itself");
    assert(products.slice(0, -1).every(({ outputs: [y] }) => y!.ndim === 0));
  }
});

Deno.test("an embedding that is read twice is changed where it was read", () => {
  const left = lvector("left"), right = lvector("right");
  const E = weights("E", 6, 4);
  const both = tanh(mul(at(E, left), at(E, right)));
  const nodes = rewritten(descent([left, right], sum(both), [E], 0.5), {
    left: [2],
    right: [2],
  });
  const writes = nodes.filter(({ op }) => op.name === "incSubtensor");
  assertEquals(writes.length, 2, names(nodes).join());
  assert(
    writes[0]!.inputs[0] === E &&
      writes[1]!.inputs[0] === writes[0]!.outputs[0],
  );
  const dense = nodes.filter(({ op, outputs: [y] }) =>
    op.name !== "incSubtensor" && y!.type.shape[0] === 6
  );
  assertEquals(names(dense), [], "nothing as long as the embedding is made");
});

Deno.test("a classifier's loss and gradient have one softmax, of weights too", () => {
  const x = matrix("x"), W = weights("W", 4, 3), y = lvector("y");
  const cost = mean(categoricalCrossentropy(softmax(dot(x, W)), y));
  const nodes = rewritten(descent([x, y], cost, [W], 0.1), {
    x: [3, 4],
    y: [3],
  });
  assertEquals(
    [
      "softmax",
      "logSoftmax",
      "softmaxGrad",
      "crossentropySoftmax1Hot",
      "crossentropySoftmax1HotGrad",
      "exp",
    ].map((name) => count(opened(nodes), name)),
    [0, 0, 0, 1, 1, 0],
    names(nodes).join(),
  );
});

Deno.test("sums of what is computed elementwise are one pass", () => {
  const x = matrix("x"), s = scalar("s");
  for (
    const y of [
      sum(sqr(x)),
      mean(sqr(x)),
      sum(mul(s, sqr(x)), { axis: 1 }),
      sum(sum(tanh(x), { axis: 0 })),
      sum(transpose(exp(x))),
      sum(reshape(x, [-1])),
    ]
  ) {
    const nodes = rewritten(graphOf(y));
    const passes = nodes.filter(({ inputs, op }) =>
      inputs.includes(x) && !op.views && op.name !== "shapeAt"
    );
    assertEquals(passes.length, 1, names(nodes).join());
    assert(
      nodes.every(({ outputs: [z], op }) => z!.ndim < 2 || op.views),
      "no matrix is made",
    );
  }
});

Deno.test("a shape never computes", () => {
  const x = matrix("x"), W = matrix("W");
  const h = tanh(dot(x, W));
  for (
    const y of [
      shape(h),
      shape(sum(exp(h), { axis: 0 })),
      shape(transpose(softmax(h))),
      shape(at(h, "1:")),
      shape(setSubtensor(at(x, 0), exp(at(x, 1)))),
    ]
  ) {
    const costly = opened(rewritten(graphOf(y))).filter(({ op, outputs }) =>
      !op.views &&
      outputs.some(({ ndim, dtype }) => ndim > 0 && dtype === "float64")
    );
    assertEquals(names(costly), []);
  }
});

Deno.test("of what is read in part, that part is computed", () => {
  const x = matrix("x"), W = matrix("W"), v = vector("v");
  const i = tensor("int64", [], "i");
  const [start] = [mul(i, 2)];
  const part = (y: Variable) => opened(rewritten(graphOf(y), { i: [] }));
  const ranks = (nodes: readonly Apply[], name: string) =>
    nodes.filter(({ op }) => op.name === name).map(({ outputs }) =>
      outputs[0]!.ndim
    );
  assertEquals(ranks(part(at(tanh(add(x, v)), i)), "tanh"), [1]);
  assertEquals(ranks(part(at(dot(x, W), i)), "dot"), [1]);
  assertEquals(ranks(part(at(sum(exp(x), { axis: 1 }), i)), "exp"), [1]);
  const rows = rewritten(
    graphOf(at(mul(x, 2), slice(start, add(start, 2)))),
    { i: [] },
  );
  assertEquals(rows.at(-1)!.op.name, "mul", "rows are chosen first");
  const h = tanh(x);
  assertEquals(
    ranks(opened(rewritten(graphOf(at(h, i), h), { i: [] })), "tanh"),
    [2],
    "what is computed anyway is computed once",
  );
});

Deno.test("what was just written is not read back", () => {
  const x = matrix("x"), v = vector("v");
  const nodes = rewritten(graphOf(at(setSubtensor(at(x, 0), v), 0)));
  assertEquals(count(nodes, "incSubtensor"), 0, names(nodes).join());
  const twice = rewritten(
    graphOf(setSubtensor(at(setSubtensor(at(x, 0), 1), 0), v)),
  );
  assertEquals(count(twice, "incSubtensor"), 1, names(twice).join());
  const counted = rewritten(
    graphOf(incSubtensor(at(incSubtensor(at(x, 0), v), 0), v)),
  );
  assertEquals(count(counted, "incSubtensor"), 1, names(counted).join());
});

Deno.test("an outer product is elementwise, and one sigmoid serves its own complement", () => {
  const v = vector("v"), w = vector("w");
  const product = rewritten(graphOf(tanh(outer(v, w))));
  assertEquals(count(product, "dot"), 0, names(product).join());
  const s = sigmoid(v), cost = sum(s) as Variable<0>;
  const nodes = opened(rewritten(graphOf(cost, grad(cost, v))));
  assertEquals(count(nodes, "sigmoid"), 1, names(nodes).join());
});
