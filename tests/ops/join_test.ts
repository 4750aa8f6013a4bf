/** join, stack and split: values, types, gradients, errors. */
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { zeros } from "../../src/ops/constructors.ts";
import { mul } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import {
  ivector,
  lscalar,
  matrix,
  scalar,
  tensor,
  vector,
} from "../../src/ops/inputs.ts";
import {
  concatenate,
  join,
  split,
  stack,
  stackArrays,
  vectorScalars,
} from "../../src/ops/shape/join.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";

const x = matrix("x"),
  y = matrix("y"),
  a = array([[1, 2], [3, 4]]),
  b = array([[5], [6]]);

function run(v: Variable, ...given: (readonly [Variable, NDArray])[]): NDArray {
  return evaluate([v], new Map([[x, a], [y, b], ...given]))[0]!;
}

Deno.test("join along any axis, in the dtype that all promote to", () => {
  assertEquals(run(join(1, x, y, x)).toArray(), [[1, 2, 5, 1, 2], [
    3,
    4,
    6,
    3,
    4,
  ]]);
  assertEquals(run(concatenate([x, [[9, 9]]], -2)).toArray(), [[1, 2], [3, 4], [
    9,
    9,
  ]]);
  assertEquals(join(0, ivector("i"), vector("v")).dtype, "float32");
  assertStrictEquals(join(0, x), x);
  assertEquals(
    join(0, zeros([2, 3]), tensor("float32", [null, 3])).type.shape,
    [null, 3],
  );
  assertEquals(join(1, tensor("float32", [2, 4]), matrix()).type.shape, [
    2,
    null,
  ]);
  assertEquals(run(join(0, zeros([0, 2]), x)).toArray(), a.toArray());
});

Deno.test("stack makes a new axis", () => {
  assertEquals(run(stack([x, x], -1)).shape, [2, 2, 2]);
  const s = scalar("s");
  assertEquals(run(stack([1, s, 3]), [s, array(2)]).toArray(), [1, 2, 3]);
});

Deno.test("split undoes join", () => {
  const [left, right] = split(join(1, x, y), [2, 1], 1);
  assertEquals([run(left!).toArray(), run(right!).toArray()], [
    a.toArray(),
    b.toArray(),
  ]);
  assertThrows(
    () => run(split(x, [1, 2])[0]!),
    RangeError,
    "axis 0 has length 2, not 3",
  );
  const n = lscalar("n"), parts = split(x, [n, 1]);
  assertEquals(run(parts[1]!, [n, array(1, { dtype: "int64" })]).toArray(), [[
    3,
    4,
  ]]);
});

Deno.test("split refuses negative sizes", () => {
  assertThrows(
    () => split(x, [3, -1]),
    RangeError,
    "Cannot split: a size is -1",
  );
  const n = lscalar("n"), part = split(x, [n, 3])[0]!;
  assertThrows(
    () => run(part, [n, array(-1, { dtype: "int64" })]),
    RangeError,
    "a size of split is negative",
  );
});

Deno.test("each operand gets its part of the gradient", () => {
  const weight = array([[1, 2, 3], [4, 5, 6]]),
    [gx, gy] = grad(sum(mul(join(1, x, y), weight)), [x, y]);
  assertEquals([run(gx!).toArray(), run(gy!).toArray()], [[[1, 2], [4, 5]], [[
    3,
  ], [6]]]);
});

Deno.test("join refuses", () => {
  assertThrows(
    () => join(0, scalar(), scalar()),
    RangeError,
    "Cannot apply join: axis 0 is out of range for 0 axes",
  );
  assertThrows(
    () => join(0, vector(), matrix()),
    TypeError,
    "Cannot join: operand 0 is float32 (?,), operand 1 is float32 (?, ?)",
  );
  assertThrows(
    () => join(0, zeros([2, 3]), zeros([2, 4])),
    RangeError,
    "Cannot join along axis 0: axis 1 has lengths 3 and 4",
  );
  assertThrows(() => join(0), TypeError, "there are no operands");
  assertThrows(
    () => run(join(0, x, y)),
    RangeError,
    "Cannot join along axis 0: shapes are (2,2) and (2,1)",
  );
});

Deno.test("vectors of scalars are seen through", () => {
  const n = lscalar("n");
  assertEquals(vectorScalars(stack([n, 2, n])), [n, 2, n]);
  assertEquals(vectorScalars(vector()), null);
});

Deno.test("values of one shape stack", () => {
  assertEquals(stackArrays([array([1, 2]), array([3, 4]).slice()]).toArray(), [[
    1,
    2,
  ], [3, 4]]);
  assertThrows(() => stackArrays([array([1, 2]), array([3])]), RangeError);
});
