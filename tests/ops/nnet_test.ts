/** Activations and losses: values at the edges, refusals, and stability. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Dtype } from "../../src/graph/dtype.ts";
import { array, type Nested } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { Constant, Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { crossentropySoftmax1Hot } from "../../src/ops/nnet/crossentropy.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  elu,
  hardSigmoid,
  relu,
  selu,
  sigmoidBinaryCrossentropy,
  softsign,
} from "../../src/ops/nnet/nnet.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { logSoftmax, softmax } from "../../src/ops/nnet/softmax.ts";

function constant(data: Nested, dtype: Dtype = "float64"): Variable {
  return new Constant(array(data, { dtype }));
}

function numbers(y: Variable): number[] {
  return [...evaluate([y])[0]!.flat()].map(Number);
}

function assertClose(
  found: readonly number[],
  wanted: readonly number[],
): void {
  assertEquals(found.length, wanted.length);
  found.forEach((x, i) => assertAlmostEquals(x, wanted[i]!, 1e-12));
}

Deno.test("softmax does not overflow, and goes along the last axis unless told otherwise", () => {
  assertClose(numbers(softmax(constant([[1000, 1000], [0, Math.log(3)]]))), [
    0.5,
    0.5,
    0.25,
    0.75,
  ]);
  assertClose(
    numbers(softmax(constant([[0, 0], [0, Math.log(3)]]), { axis: 0 })),
    [0.5, 0.25, 0.5, 0.75],
  );
  assertClose(numbers(softmax(constant([-Infinity, 0]))), [0, 1]);
  assertClose(numbers(logSoftmax(constant([0, 1000]))), [-1000, 0]);
  assertThrows(
    () => softmax(constant(1)),
    RangeError,
    "Cannot apply softmax: axis -1 is out of range for 0 axes",
  );
});

Deno.test("crossentropySoftmax1Hot is finite for logits of any size", () => {
  const [loss, p] = crossentropySoftmax1Hot(
    constant([[0, 1000], [0, 0]]),
    constant([0, -1], "int32"),
  );
  assertClose(numbers(loss!), [1000, Math.LN2]);
  assertClose(numbers(p!), [0, 1, 0.5, 0.5]);
});

Deno.test("classes are checked", () => {
  const p = constant([[0.25, 0.75], [0.5, 0.5]]);
  assertThrows(
    () => numbers(categoricalCrossentropy(p, constant([0, 2], "int32"))),
    RangeError,
    "index 2 is out of range for axis 1 of length 2",
  );
  assertThrows(
    () => categoricalCrossentropy(p, constant([0, 1, 1], "int32")),
    RangeError,
    "axis 0 has lengths 2 and 3",
  );
  assertThrows(
    () => categoricalCrossentropy(p, constant([0.5, 0.5])),
    TypeError,
    "Cannot apply categoricalCrossentropy",
  );
  assertThrows(
    () => crossentropySoftmax1Hot(p, constant([0, 1])),
    TypeError,
    "expected integers with 1 axes",
  );
});

Deno.test("categoricalCrossentropy takes class numbers or probabilities", () => {
  const p = constant([[0.25, 0.75], [0.5, 0.5]]),
    wanted = [-Math.log(0.75), -Math.log(0.5)];
  assertClose(
    numbers(categoricalCrossentropy(p, constant([1, 0], "int64"))),
    wanted,
  );
  assertClose(
    numbers(categoricalCrossentropy(p, constant([[0, 1], [1, 0]]))),
    wanted,
  );
});

Deno.test("binary cross-entropy of probabilities and of logits", () => {
  assertClose(
    numbers(binaryCrossentropy(constant([0.25, 0.25]), constant([1, 0]))),
    [-Math.log(0.25), -Math.log(0.75)],
  );
  assertClose(
    numbers(
      sigmoidBinaryCrossentropy(
        constant([1000, -1000, 0]),
        constant([0, 0, 1]),
      ),
    ),
    [1000, 0, Math.LN2],
  );
});

Deno.test("activations", () => {
  const x = constant([-2, 0, 3]);
  assertClose(numbers(relu(x)), [0, 0, 3]);
  assertClose(numbers(relu(x, { alpha: 0.1 })), [-0.2, 0, 3]);
  assertClose(numbers(elu(x, { alpha: 2 })), [2 * Math.expm1(-2), 0, 3]);
  assertClose(numbers(selu(constant([1]))), [1.0507009873554805]);
  assertClose(numbers(softsign(x)), [-2 / 3, 0, 0.75]);
  const extremes = new Int8Array([-128, 127]);
  assertClose(numbers(softsign(extremes)), [
    Math.fround(-128 / 129),
    127 / 128,
  ]);
  assertClose(numbers(hardSigmoid(constant([-5, 1, 5]))), [0, 0.7, 1]);
  assertEquals(numbers(relu(constant([NaN]))), [NaN]);
});

Deno.test("gradients stay finite where the branch that is not taken would overflow", () => {
  const x = new Variable(dense("float64", [])),
    point = new Map([[x, array(1e4, { dtype: "float64" })]]);
  for (const y of [elu(x), relu(x, { alpha: 0.1 }), relu(x)]) {
    assertEquals(evaluate([grad(y, x)], point)[0]!.item(), 1);
  }
});

Deno.test("the slope of relu at 0 is the mean of both sides", () => {
  const x = constant([-1, 0, 2]);
  assertClose(numbers(grad(sum(relu(x)), x)), [0, 0.5, 1]);
  assertClose(
    numbers(grad(sum(relu(x, { alpha: 0.2 })), x)),
    [0.2, 0.6, 1],
  );
  assertEquals(numbers(relu(constant([Infinity, -Infinity]), { alpha: 0.5 })), [
    Infinity,
    -Infinity,
  ]);
});
