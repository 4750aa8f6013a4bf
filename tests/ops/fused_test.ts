/** Several elementwise applications as one. */
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { STATIC } from "../../src/graph/length.ts";
import { array } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { Variable } from "../../src/graph/variable.ts";
import { add, exp, mul, tanh } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { fuse } from "../../src/ops/elementwise/fused.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { softmax } from "../../src/ops/nnet/softmax.ts";

const x = new Variable(dense("float64", [null, 3])),
  b = new Variable(dense("float64", [3]));

Deno.test("a fused application has the values and types of what it replaces", () => {
  const t = tanh(add(x, b)), y = mul(t, 2), fused = fuse([x, b], [t, y]);
  assertEquals(fused.map((v) => v.type), [t.type, y.type]);
  const values = new Map([[x, array([[1, 2, 3]], { dtype: "float64" })], [
    b,
    array([1, 0, -1], { dtype: "float64" }),
  ]]);
  assertEquals(
    evaluate(fused, values).map((v) => v.toArray()),
    evaluate([t, y], values).map((v) => v.toArray()),
  );
});

Deno.test("its type rule runs over the lengths of a call", () => {
  const [y] = fuse([x, b], [add(x, b)]), node = y!.owner!;
  const call = (n: number) =>
    node.op.infer(
      [[n, 3], [3]].map((shape, k) => ({
        type: node.inputs[k]!.type,
        dtype: "float64" as const,
        shape,
        value: null,
      })),
      node.params,
      STATIC,
    );
  assertEquals(call(7)[0]!.shape, [7, 3]);
});

Deno.test("its loops hold a value that is used twice as one expression", () => {
  const t = exp(add(x, b)), [y] = fuse([x, b], [mul(t, t)]), node = y!.owner!;
  const site = {
    inputs: node.inputs.map((v) => v.type),
    outputs: node.outputs.map((v) => v.type),
    params: node.params,
  };
  const { outer, stages, inplace } = node.op.loops!(site), [store] = stages;
  assertEquals([outer, stages.length, inplace], [[0, 1], 1, [0]]);
  if (store?.kind !== "store" || store.value.kind !== "call") {
    throw new Error("expected a store of a call");
  }
  assertStrictEquals(store.value.args[0], store.value.args[1]);
});

Deno.test("only elementwise applications of one shape, and one reduction, are fused", () => {
  const total = sum(x);
  assertThrows(
    () => fuse([x], [sum(exp(sum(x, { axis: 0 })))]),
    TypeError,
    "Cannot fuse sum: it is neither elementwise nor the only reduction",
  );
  assertThrows(
    () => fuse([x], [softmax(x)]),
    TypeError,
    "Cannot fuse softmax: it is neither elementwise nor the only reduction",
  );
  assertThrows(
    () => fuse([x], [total, exp(total)]),
    TypeError,
    "Cannot fuse sum: there are 2 results, and a reduction has one",
  );
  assertThrows(
    () => fuse([x, b], [exp(x), exp(b)]),
    TypeError,
    "Cannot fuse: results differ in shape",
  );
});
