/** Whole graphs: what the rewritten form looks like, and that it computes the same. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { slice } from "../../src/graph/indexing.ts";
import { results } from "../../src/graph/function_graph.ts";
import { array, NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { leaves, toposort } from "../../src/graph/walk.ts";
import { grad } from "../../src/grad/grad.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { broadcastTo } from "../../src/ops/shape/broadcast_to.ts";
import { arange } from "../../src/ops/arange.ts";
import { shared, zeros } from "../../src/ops/constructors.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  add,
  div,
  exp,
  log,
  mul,
  neg,
  pow,
  sigmoid,
  sqr,
  sub,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { lt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { lvector, tensor } from "../../src/ops/inputs.ts";
import { join } from "../../src/ops/shape/join.ts";
import {
  binaryCrossentropy,
  categoricalCrossentropy,
} from "../../src/ops/nnet/nnet.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { scan } from "../../src/nested/scan.ts";
import { bodyResults, type ScanParams } from "../../src/graph/scan_params.ts";
import { shape, shapeAt } from "../../src/ops/shape/shape.ts";
import { softmax } from "../../src/ops/nnet/softmax.ts";
import { mean } from "../../src/ops/reductions/statistics.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
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

Deno.test("a training step of an MLP: products with sums, one softmax, updates in the memory of the weights", () => {
  const x = matrix("x"), y = lvector("y"), rate = scalar("rate");
  const W = weights("W", 4, 5),
    b = weights("b", 5),
    V = weights("V", 5, 3),
    c = weights("c", 3);
  const p = softmax(add(dot(tanh(add(dot(x, W), b)), V), c));
  const cost = mean(categoricalCrossentropy(p, y));
  for (const by of [rate, 0.1, shared(0.1, { name: "by" })]) {
    const given = by === rate ? [x, y, rate] : [x, y];
    const nodes = rewritten(descent(given, cost, [W, b, V, c], by), {
      x: [3, 4],
      y: [3],
    });
    const ops = nodes.map((node) => node.op.name);
    assertEquals(count(nodes, "dotAdd"), 4);
    assertEquals(
      count(nodes, "dot"),
      1,
      "only the gradient by the hidden layer",
    );
    assertEquals(
      count(nodes, "softmax"),
      0,
      `the softmax is part of the loss: ${ops}`,
    );
    assertEquals(count(nodes, "crossentropySoftmax1Hot"), 1);
    assertEquals(count(nodes, "crossentropySoftmax1HotGrad"), 1);
    const updated = nodes.filter((node) => node.op.name === "dotAdd").map((
      node,
    ) => node.inputs[0]!);
    assert(updated.includes(W) && updated.includes(V));
  }
});

Deno.test("weights whose lengths types know are updated by one product too, whatever is known of the examples", () => {
  const x = matrix("x"), t = matrix("t");
  const W = shared(zeros([4, 3], "float64"), { name: "W", shape: [4, 3] });
  const cost = mean(sqr(sub(dot(x, W), t))) as Variable<0>;
  const nodes = rewritten(descent([x, t], cost, [W], 0.1), {
    x: [3, 4],
    t: [3, 3],
  });
  const ops = nodes.map((node) => node.op.name);
  assertEquals(count(nodes, "dotAdd"), 2, ops.join());
  assert(!ops.includes("specifyShape"), ops.join());
});

Deno.test("weight decay stays one pass over the weights before the product", () => {
  const x = matrix("x"), t = matrix("t"), W = weights("W", 4, 3);
  const cost = add(
    mean(sqr(sub(dot(x, W), t))),
    mul(0.01, sum(sqr(W))),
  ) as Variable<0>;
  const nodes = rewritten(descent([x, t], cost, [W], 0.1), {
    x: [3, 4],
    t: [3, 3],
  });
  assertEquals(
    count(nodes, "dotAdd"),
    2,
    nodes.map((node) => node.op.name).join(),
  );
});

Deno.test("a softmax that is an output too is the loss's own", () => {
  const x = matrix("x"), y = lvector("y");
  const p = softmax(x), cost = mean(categoricalCrossentropy(p, y));
  const nodes = rewritten({
    inputs: [x, y],
    outputs: [p, cost, grad(cost, x)],
    updates: [],
  });
  assertEquals([
    count(nodes, "softmax"),
    count(nodes, "crossentropySoftmax1Hot"),
  ], [0, 1]);
});

Deno.test("the gradient of an embedding touches the rows that were used", () => {
  const rows = lvector("rows"), E = weights("E", 6, 4);
  const nodes = rewritten(descent([rows], sum(tanh(at(E, rows))), [E], 0.5));
  const update = nodes.find((node) => node.op.name === "incSubtensor");
  assert(update?.inputs[0] === E, nodes.map((node) => node.op.name).join());
});

Deno.test("losses written by hand become stable ones", () => {
  const x = matrix("x"), t = matrix("t");
  const p = sigmoid(x), cost = sum(binaryCrossentropy(p, t));
  const nodes = opened(
    rewritten({ inputs: [x, t], outputs: [cost], updates: [] }),
  );
  assertEquals([
    count(nodes, "log"),
    count(nodes, "log1p"),
    count(nodes, "softplus"),
  ], [0, 0, 2]);
  const logistic = opened(
    rewritten({
      inputs: [x],
      outputs: [div(1, add(1, exp(neg(x))))],
      updates: [],
    }),
  );
  assertEquals(logistic.map((node) => node.op.name), ["sigmoid"]);
  const entropy = opened(
    rewritten({
      inputs: [x],
      outputs: [log(sum(exp(x), { axis: 1 }))],
      updates: [],
    }),
  );
  assertEquals(count(entropy, "max"), 1);
});

Deno.test("the gradient of log(1 + exp(x)) is finite where exp overflows", () => {
  const x = vector("x"), cost = sum(log(add(1, exp(x))));
  const { graph } = optimize({
    inputs: [x],
    outputs: [cost, grad(cost, x)],
    updates: [],
  }, { optimizer: "fast_run" });
  const [y, g] = evaluate(
    graph.outputs,
    new Map([[x, new NDArray("float64", [2], Float64Array.of(1000, -1000))]]),
  );
  assertEquals([y!.toArray(), g!.toArray()], [1000, [1, 0]]);
});

Deno.test("the gradient of a sigmoid's cross-entropy is finite where the sigmoid is 0 or 1", () => {
  const x = vector("x"),
    t = vector("t"),
    cost = sum(binaryCrossentropy(sigmoid(x), t));
  const { graph } = optimize({
    inputs: [x, t],
    outputs: [grad(cost, x)],
    updates: [],
  }, { optimizer: "fast_run" });
  const values = [[1000, -1000, 1000], [1, 0, 0]].map((v) =>
    new NDArray("float64", [3], Float64Array.from(v))
  );
  const [g] = evaluate(
    graph.outputs,
    new Map([[x, values[0]!], [t, values[1]!]]),
  );
  assertEquals(g!.toArray().map(Math.abs), [0, 0, 1]);
});

Deno.test("the shape of an expression is found without computing it", () => {
  const x = matrix("x"), W = matrix("W");
  const nodes = rewritten({
    inputs: [x, W],
    outputs: [shape(tanh(dot(x, W)))],
    updates: [],
  });
  assertEquals(count(nodes, "dot") + count(nodes, "tanh"), 0);
});

Deno.test("constants gather, and what depends on nothing else is computed", () => {
  const x = vector("x");
  const { graph } = optimize({
    inputs: [x],
    outputs: [mul(2, mul(x, 3))],
    updates: [],
  }, { optimizer: "fast_run" });
  const [node, ...more] = toposort(graph.outputs);
  assertEquals([
    node!.op.name,
    more.length,
    node!.inputs.map((v) => "data" in v ? v.data : v.name).length,
  ], ["mul", 0, 2]);
  assertEquals(
    optimize({
      inputs: [x],
      outputs: [exp(mul(zeros([100, 100], "float64"), 2))],
      updates: [],
    }, { optimizer: "fast_run" }).graph.outputs[0]!.owner?.op.name,
    "broadcastTo",
  );
});

Deno.test("the mean of log(softmax(x)): one number is the cotangent of all elements", () => {
  const x = matrix("x"), y = lvector("y");
  const cost = neg(mean(log(softmax(x)))) as Variable<0>;
  rewritten({ inputs: [x, y], outputs: [cost, grad(cost, x)], updates: [] });
});

Deno.test("the body of a loop is rewritten too", () => {
  const x = matrix("x"), W = matrix("W");
  const [h] = scan((row, before) => tanh(mul(add(row!, dot(before!, W)), 1)), {
    sequences: [x],
    outputsInfo: [vector("h0")],
  });
  const nodes = rewritten({
    inputs: leaves([h as Variable]),
    outputs: [h as Variable],
    updates: [],
  });
  const body = nodes.find((node) => node.op.name === "scan")!
    .params as ScanParams;
  const inner = toposort(bodyResults(body));
  assertEquals(inner.map((node) => node.op.name), ["fused"]);
  assertEquals(opened(inner).map((node) => node.op.name), ["dotAdd", "tanh"]);
});

Deno.test("an unrolled recurrent network and its gradient keep their values", () => {
  const x = tensor("float64", [4, 2, 3], "x");
  const W = weights("W", 3, 5),
    U = weights("U", 5, 5),
    b = weights("b", 5),
    V = weights("V", 5, 3);
  let h: Variable = mul(0, dot(at(x, 0), W));
  for (let t = 0; t < 4; t++) {
    h = tanh(add(add(dot(at(x, t), W), dot(h, U)), b));
  }
  const y = lvector("y"),
    cost = mean(categoricalCrossentropy(softmax(dot(h, V)), y));
  const nodes = rewritten(descent([x, y], cost, [W, U, b, V], 0.1), { y: [2] });
  const text = nodes.map((node) => node.op.name).join();
  assert(count(nodes, "dotAdd") >= 4 + 4 + 1 + 3, text);
});

Deno.test("a cross-entropy written as an index is one op, and so is its gradient", () => {
  const x = matrix("x"), y = lvector("y");
  const p = softmax(x);
  for (const n of [shape(y), shape(x)]) {
    const picked = at(log(p), arange(at(n, 0)), y),
      cost = neg(mean(picked)) as Variable<0>;
    const nodes = rewritten({
      inputs: [x, y],
      outputs: [cost, grad(cost, x)],
      updates: [],
    });
    const text = nodes.map((node) => node.op.name).join();
    assertEquals(
      [
        count(nodes, "crossentropySoftmax1Hot"),
        count(nodes, "crossentropySoftmax1HotGrad"),
      ],
      [1, 1],
      text,
    );
    assertEquals(
      [count(nodes, "softmax"), count(nodes, "logSoftmax")],
      [0, 0],
      text,
    );
  }
});

Deno.test("operands that cancel leave a fill of their lengths, which need not be known", () => {
  const f = vector("f"), i = tensor("int64", [null, null], "i");
  for (const v of [lt(f, f), pow(f, 0), sub(i, i), mul(i, 0)]) {
    const nodes = rewritten({ inputs: leaves([v]), outputs: [v], updates: [] });
    assert(nodes.every((node) => node.op.scalar === undefined), `${v}`);
  }
});

Deno.test("a fill of another length is refused after rewriting too", () => {
  const s = scalar("s"), n = tensor("int64", [], "n");
  const m = tensor("int64", [], "m"), v = vector("v");
  const run = (output: Variable, k: number) => {
    const { graph } = optimize({
      inputs: [s, v, n, m],
      outputs: [output],
      updates: [],
    }, { optimizer: "fast_run" });
    const values = new Map<Variable, NDArray>([
      [s, array(1, { dtype: "float64" })],
      [v, array([1, 2, 3], { dtype: "float64" })],
      [n, array(3, { dtype: "int64" })],
      [m, array(k, { dtype: "int64" })],
    ]);
    return evaluate(results(graph), values)[0]!.shape;
  };
  const twice = broadcastTo(broadcastTo(s, [n]), [2, m]);
  assertEquals(run(twice, 3), [2, 3]);
  assertThrows(() => run(twice, 4), RangeError, "axis 0 has length 3, not 4");
  const beside = add(v, exp(broadcastTo(s, [m])));
  assertEquals(run(beside, 3), [3]);
  assertThrows(() => run(beside, 4), RangeError, "lengths");
});

Deno.test("a slice of joined rows still refuses rows of other lengths", () => {
  const x = matrix("x"), y = tensor("float64", [3, 4], "y");
  const { graph } = optimize({
    inputs: [x, y],
    outputs: [at(join(0, x, y), slice(shapeAt(x, 0)))],
    updates: [],
  }, { optimizer: "fast_run" });
  const filled = (rows: number, columns: number) =>
    new NDArray("float64", [rows, columns], new Float64Array(rows * columns));
  const given = (columns: number) =>
    new Map([[x, filled(2, columns)], [y, filled(3, 4)]]);
  assertEquals(evaluate(graph.outputs, given(4))[0]!.shape, [3, 4]);
  assertThrows(() => evaluate(graph.outputs, given(5)), RangeError);
});
