/** The check itself: it passes right gradients and refuses wrong ones. */
import { assertThrows } from "@std/assert";
import { array } from "../../src/graph/ndarray.ts";
import { GradientError, verifyGrad } from "../../src/grad/verify.ts";
import { defineOp, type X } from "../../src/ops/define.ts";
import { dot } from "../../src/ops/products/dot.ts";
import { exp, mul, sqr, tanh } from "../../src/ops/elementwise/elemwise.ts";
import { softmax } from "../../src/ops/nnet/softmax.ts";

Deno.test("verifyGrad passes what is right, in both precisions", () => {
  for (const dtype of ["float64", "float32"] as const) {
    const w = array([[0.1, -0.2], [0.3, 0.4]], { dtype }),
      x = array([[1, 2], [0.5, -1]], { dtype });
    verifyGrad((w, x) => tanh(dot(x!, w!)), [w, x]);
    verifyGrad((x) => softmax(x!), [x]);
  }
  verifyGrad((x, n) => mul(exp(x!), n!), [
    array([1, 2], { dtype: "float64" }),
    array([3, 4], { dtype: "int32" }),
  ]);
});

Deno.test("verifyGrad names what is wrong", () => {
  const wrong = defineOp<X>({
    name: "wrong",
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) => sqr.op.eval([x], undefined)[0]!,
    vjp: ({ inputs: [x] }, g) => [mul(g, x)],
  });
  assertThrows(
    () => verifyGrad((x) => wrong(x!), [array([1, 2], { dtype: "float64" })]),
    GradientError,
    "by point 0, element 0",
  );
});
