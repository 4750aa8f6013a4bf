/** Pooling: what windows see at the edges, ties, and refusals. */
import { assertEquals, assertThrows } from "@std/assert";
import { array } from "../../src/graph/ndarray.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { tensor } from "../../src/ops/inputs.ts";
import {
  averagePoolGrad,
  maxPool2dSameSize,
  maxPoolGrad,
  pool,
  pool2d,
  pool3d,
} from "../../src/ops/images/pool.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";

const run = (y: Variable) => evaluate([y])[0]!.toArray();
const x = new Constant(array([1, 5, 2, 4, 3]));

Deno.test("windows at the end are cut off, or left out", () => {
  assertEquals(run(pool(x, [2])), [5, 4, 3]);
  assertEquals(run(pool(x, [2], { ignoreBorder: true })), [5, 4]);
  assertEquals(run(pool(x, [3], { stride: 2 })), [5, 4]);
  assertEquals(run(pool(x, [2], { stride: 1 })), [5, 5, 4, 4]);
  assertEquals(run(pool(x, [1], { stride: 3 })), [1, 4]);
});

Deno.test("sums and means count the border, or do not", () => {
  const of = (mode: "sum" | "average_inc_pad" | "average_exc_pad") =>
    run(pool(x, [2], { stride: 2, pad: 1, ignoreBorder: true, mode }));
  assertEquals(of("sum"), [1, 7, 7]);
  assertEquals(of("average_inc_pad"), [0.5, 3.5, 3.5]);
  assertEquals(of("average_exc_pad"), [1, 3.5, 3.5]);
  assertEquals(run(pool(x, [2], { mode: "average_inc_pad" })), [3, 3, 3]);
});

Deno.test("a border is never the largest", () => {
  const low = new Constant(array([-3, -1]));
  assertEquals(
    run(pool(low, [2], { stride: 1, pad: 1, ignoreBorder: true })),
    [-3, -1, -1],
  );
});

Deno.test("equal elements each have the whole gradient", () => {
  const tied = new Constant(array([2, 2, 1]));
  assertEquals(
    run(grad(sum(pool(tied, [2], { stride: 1 })), tied)),
    [1, 2, 0],
  );
  assertEquals(
    run(maxPool2dSameSize(new Constant(array([[1, 2], [3, 0]])), 2)),
    [[0, 0], [3, 0]],
  );
});

Deno.test("integers are pooled; their means are floats", () => {
  const n = new Constant(array([-5, -7, -2], { dtype: "int8" }));
  assertEquals(run(pool(n, [2])), [-5, -2]);
  assertEquals(pool(n, [2]).dtype, "int8");
  assertEquals(run(pool(n, [2], { mode: "average_inc_pad" })), [-6, -2]);
});

Deno.test("what cannot be pooled is refused with its values", () => {
  const v = tensor("float32", [3, 4]);
  assertThrows(() => pool3d(v, 2), TypeError, "expected at least 3 axes");
  assertThrows(() => pool2d(v, [0, 1]), RangeError, "window is 0, 1");
  assertThrows(
    () => pool2d(v, 2, { pad: 1 }),
    RangeError,
    "give ignoreBorder: true",
  );
  assertThrows(
    () => pool2d(v, 2, { pad: 2, ignoreBorder: true }),
    RangeError,
    "pad 2 is not smaller than the window's 2",
  );
  assertThrows(
    () => maxPoolGrad(v, v, v, [2, 2]),
    RangeError,
    "axis 0 has length 3, expected 2",
  );
  assertThrows(
    () => averagePoolGrad(v, v, [2, 2], { mode: "max" }),
    RangeError,
    "use maxPoolGrad",
  );
});
