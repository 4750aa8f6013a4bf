/** Fusion: which applications become one, and that no group needs what depends on it. */
import { assert, assertEquals } from "@std/assert";
import { isFloat } from "../../src/graph/dtype.ts";
import { NDArray, sizeOf } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { leaves, toposort } from "../../src/graph/walk.ts";
import { shared, zeros } from "../../src/ops/constructors.ts";
import {
  crossentropySoftmax1Hot,
  crossentropySoftmax1HotGrad,
} from "../../src/ops/nnet/crossentropy.ts";
import { softmax } from "../../src/ops/nnet/softmax.ts";
import { dot, dotAdd } from "../../src/ops/products/dot.ts";
import {
  add,
  exp,
  mul,
  neg,
  sqr,
  sub,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { tensor } from "../../src/ops/inputs.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import { transpose } from "../../src/ops/shape/dimshuffle.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { max, sum } from "../../src/ops/reductions/reduce.ts";
import { fuseElementwise } from "../../src/rewrite/fuse.ts";
import { fuseReductions } from "../../src/rewrite/fuse_reductions.ts";
import { fuseRows } from "../../src/rewrite/fuse_rows.ts";

const matrix = (name: string) => tensor("float64", [3, 3], name);
const vector = (name: string) => tensor("float64", [3], name);

/** The names of the applications, after comparing values; a fused one as a list. */
function fused(...outputs: Variable[]): (string | string[])[] {
  return namesOf(outputs, fuseElementwise(outputs));
}

/** The same, with reductions joined to what stands around them. */
function joined(...outputs: Variable[]): (string | string[])[] {
  return namesOf(outputs, fuseReductions(fuseElementwise(outputs)));
}

/** The same, and with rows joined to what is computed of them. */
function inRows(...outputs: Variable[]): (string | string[])[] {
  return namesOf(
    outputs,
    fuseRows(fuseReductions(fuseElementwise(outputs))),
  );
}

function namesOf(
  outputs: readonly Variable[],
  made: readonly Variable[],
): (string | string[])[] {
  let seed = 0.5;
  const values = new Map(
    leaves(outputs).filter((v) => !("data" in v)).map((v) => {
      const shape = v.type.shape as number[];
      return [
        v,
        new NDArray(
          "float64",
          shape,
          Float64Array.from(
            { length: sizeOf(shape) },
            (_, i) =>
              isFloat(v.dtype) ? (seed = (seed + 0.618) % 1) - 0.5 : i % 3,
          ),
        ).astype(v.dtype),
      ];
    }),
  );
  assertEquals(
    evaluate(made, values).map((v) => v.toArray()),
    evaluate(outputs, values).map((v) => v.toArray()),
  );
  return toposort(made).map((node) =>
    node.op.name === "fused"
      ? toposort(node.params.graph.outputs).map((inner) => inner.op.name)
      : node.op.name
  );
}

Deno.test("a chain is one application", () => {
  const x = matrix("x"), y = matrix("y");
  assertEquals(fused(tanh(add(mul(x, y), 1))), [["mul", "add", "tanh"]]);
});

Deno.test("a value that others need is computed once, as one of several outputs", () => {
  const x = matrix("x"), e = exp(x);
  assertEquals(fused(e, mul(e, 2)), [["exp", "mul"]]);
  assertEquals(fused(sum(e), mul(e, 2)), [["exp", "mul"], "sum"]);
});

Deno.test("no group needs what depends on it", () => {
  const x = matrix("x"), h = tanh(x);
  // h goes through a product into the second group, which also wants 1 - h² and nothing earlier does.
  assertEquals(fused(mul(dot(h, x), sub(1, sqr(h)))), ["tanh", "dot", [
    "sqr",
    "sub",
    "mul",
  ]]);
  const a = exp(x), b = dot(a, x);
  assertEquals(fused(add(a, b), neg(a)), ["exp", "dot", "add", "neg"]);
});

Deno.test("a costly function is not computed again for every row", () => {
  const x = matrix("x"), v = vector("v");
  assertEquals(fused(mul(x, exp(v))), ["exp", "mul"]);
  assertEquals(fused(mul(x, neg(v))), [["neg", "mul"]]);
});

Deno.test("a group has at most 32 operands", () => {
  const xs = Array.from({ length: 80 }, (_, i) => matrix(`x${i}`));
  const made = fuseElementwise([
    xs.reduce<Variable>((a, b) => add(a, b), xs[0]!),
  ]);
  const groups = toposort(made).filter((node) => node.op.name === "fused");
  assert(groups.length > 1);
  assert(groups.every((node) => node.inputs.length <= 32));
});

Deno.test("what runs always is not joined with what a branch may not need", () => {
  const x = matrix("x"),
    c = tensor("bool", [], "c"),
    e = exp(x),
    costly = dot(x, x);
  // One kernel for e and add(e, costly) would compute the product even where the branch is not taken.
  assertEquals(fused(sum(e), ifelse(c, add(e, costly), x)), [
    "exp",
    "sum",
    "dot",
    "add",
    "ifelse",
  ]);
  assertEquals(fused(ifelse(c, tanh(mul(x, costly)), x)), ["dot", [
    "mul",
    "tanh",
  ], "ifelse"]);
});

Deno.test("a reduction is joined to what computes its operand and to what reads its result", () => {
  const x = matrix("x"), y = matrix("y"), v = vector("v");
  assertEquals(joined(sum(exp(x))), [["exp", "sum"]]);
  assertEquals(
    joined(sub(v, mul(sum(mul(x, exp(y)), { axis: 0 }), 0.1))),
    [["exp", "mul", "sum", "mul", "sub"]],
  );
  assertEquals(joined(max(add(x, v), { axis: 1 })), [["add", "max"]]);
});

Deno.test("a reduction is not joined to what others need, nor to what repeats its result", () => {
  const x = matrix("x"), e = exp(x), s = sum(x, { axis: 0 });
  assertEquals(joined(sum(e), e), ["exp", "sum"]);
  assertEquals(joined(neg(s), s), ["sum", "neg"]);
  assertEquals(joined(add(x, s)), ["sum", "add"]);
});

Deno.test("of two reductions in a row each has what stands around it once", () => {
  const x = matrix("x");
  assertEquals(joined(tanh(sum(exp(sum(sqr(x), { axis: 1 }))))), [
    ["sqr", "sum", "exp"],
    ["sum", "tanh"],
  ]);
});

Deno.test("what a branch alone needs is not joined to what always runs", () => {
  const x = matrix("x"), c = tensor("bool", [], "c"), s = sum(x);
  assertEquals(
    joined(ifelse(c, neg(s), s)).includes("sum"),
    true,
  );
});

Deno.test("a product is joined to what alone becomes of it", () => {
  const x = matrix("x"), y = matrix("y"), v = vector("v");
  const alpha = tensor("float64", [], "alpha"), z = dot(x, y);
  assertEquals(joined(tanh(add(z, v))), [["dot", "add", "tanh"]]);
  assertEquals(joined(mul(z, sub(1, sqr(x)))), [["dot", "sqr", "sub", "mul"]]);
  assertEquals(joined(tanh(dotAdd(v, alpha, x, x))), [["dotAdd", "tanh"]]);
  assertEquals(joined(exp(z), z), ["dot", "exp"]);
  assertEquals(joined(dot(exp(mul(x, y)), y)), [["mul", "exp"], "dot"]);
});

Deno.test("a product that repeats, changes its dtype or updates a storage is not joined", () => {
  const x = matrix("x"), v = vector("v");
  const W = shared(zeros([3, 3], "float64"), { name: "W", shape: [3, 3] });
  assertEquals(joined(add(dot(v, x), x)), ["dot", "add"]);
  assertEquals(joined(gt(dot(x, x), 0)), ["dot", "gt"]);
  assertEquals(joined(sub(W, mul(dot(x, x), x))), ["dot", ["mul", "sub"]]);
});

const losses = (x: Variable, y: Variable) =>
  crossentropySoftmax1Hot(x, y) as [loss: Variable, p: Variable];

Deno.test("rows are joined to what is computed of each element", () => {
  const x = matrix("x"), g = vector("g"), y = tensor("int64", [3], "y");
  const [loss, p] = losses(x, y),
    d = crossentropySoftmax1HotGrad(g, p, y);
  assertEquals(inRows(loss, d), [[
    "crossentropySoftmax1Hot",
    "crossentropySoftmax1HotGrad",
  ]]);
  assertEquals(inRows(loss, d, p).length, 2);
  assertEquals(inRows(mul(softmax(x), x)), [["softmax", "mul"]]);
  assertEquals(inRows(mul(softmax(x), x), sum(loss)).length, 3);
  assertEquals(inRows(softmax(mul(softmax(x), x))), [
    ["softmax", "mul"],
    "softmax",
  ]);
  // Read elsewhere than at its own place.
  assertEquals(inRows(mul(transpose(softmax(x)), x)).length, 3);
});

Deno.test("rows whose other result is needed first stay apart, and none wait for each other", () => {
  const x = matrix("x"), y = tensor("int64", [3], "y");
  const [a, p] = losses(x, y),
    [b, q] = losses(exp(x), y);
  const own = crossentropySoftmax1HotGrad(a, p, y);
  assertEquals(inRows(own).length, 2);
  const crossed = [
    crossentropySoftmax1HotGrad(b, p, y),
    crossentropySoftmax1HotGrad(a, q, y),
  ];
  assertEquals(inRows(...crossed).flat().length, 5);
});

Deno.test("a number one step from leaves is computed again where it is read", () => {
  const at = tensor("int64", [], "at");
  const next = add(at, 2);
  assertEquals(fused(mul(next, 3), next), [["add", "mul"], "add"]);
  assertEquals(fused(mul(next, 3), sub(next, 1)), [["add", "mul", "sub"]]);
});
