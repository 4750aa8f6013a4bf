/** x.at(…) against NumPy, setSubtensor and incSubtensor, their gradients and what they refuse. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { array, NDArray } from "../../src/graph/ndarray.ts";
import { type Index, slice } from "../../src/graph/indexing.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { mayFail } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { Rop } from "../../src/grad/rop.ts";
import { at, incSubtensor, setSubtensor } from "../../src/ops/indexing/at.ts";
import { arange } from "../../src/ops/arange.ts";
import { constant, zeros } from "../../src/ops/constructors.ts";
import { mul, sqr } from "../../src/ops/elementwise/elemwise.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import {
  dtensor3,
  dvector,
  iscalar,
  ivector,
  lscalar,
  matrix,
  scalar,
} from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { reshape } from "../../src/ops/shape/reshape.ts";
import { shape } from "../../src/ops/shape/shape.ts";
import { subtensor } from "../../src/ops/indexing/subtensor.ts";
import { take } from "../../src/ops/indexing/take.ts";

const x = dtensor3("x"),
  value = array(new Float64Array(24).map((_, i) => i), { shape: [2, 3, 4] });

function run(y: Variable, ...given: (readonly [Variable, NDArray])[]): NDArray {
  return evaluate([y], new Map([[x, value], ...given]))[0]!;
}

function numbers(y: NDArray): number[] {
  return [...y.flat()].map(Number);
}

function whole(n: number): NDArray {
  return array(n, { dtype: "int64" });
}

/** x[index] of numpy.arange(24).reshape(2, 3, 4): shape and elements. */
const NUMPY: readonly (readonly [
  index: readonly Index[],
  shape: readonly number[],
  elements: readonly number[],
])[] = [
  [[1], [3, 4], [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]],
  [[-1, ":", 2], [3], [14, 18, 22]],
  [[0, "1:", -1], [2], [7, 11]],
  [["...", 0], [2, 3], [0, 4, 8, 12, 16, 20]],
  [["1:", "...", "::2"], [1, 3, 2], [12, 14, 16, 18, 20, 22]],
  [[":", null, "2:0:-1"], [2, 1, 2, 4], [
    8,
    9,
    10,
    11,
    4,
    5,
    6,
    7,
    20,
    21,
    22,
    23,
    16,
    17,
    18,
    19,
  ]],
  [[":", "::-1", "-3:-1"], [2, 3, 2], [
    9,
    10,
    5,
    6,
    1,
    2,
    21,
    22,
    17,
    18,
    13,
    14,
  ]],
  [["5:", ":", "-9:9:3"], [0, 3, 2], []],
  [[":", "2:1"], [2, 0, 4], []],
  [
    [[1, 0, 1]],
    [3, 3, 4],
    [...Array(12).keys()].map((i) => i + 12).concat([...Array(24).keys()]),
  ],
  [[":", [2, 0]], [2, 2, 4], [
    8,
    9,
    10,
    11,
    0,
    1,
    2,
    3,
    20,
    21,
    22,
    23,
    12,
    13,
    14,
    15,
  ]],
  [[0, ":", [3, 0]], [2, 3], [3, 7, 11, 0, 4, 8]],
  [[":", 1, [3, 0]], [2, 2], [7, 4, 19, 16]],
  [[":", [0, 2], [1, -1]], [2, 2], [1, 11, 13, 23]],
  [[[0, 1], ":", [1, -1]], [2, 3], [1, 5, 9, 15, 19, 23]],
  [[":", array([[0], [2]], { dtype: "int32" }), [1, -1]], [2, 2, 2], [
    1,
    3,
    9,
    11,
    13,
    15,
    21,
    23,
  ]],
  [[null, ":", [0, 2], "::3"], [1, 2, 2, 2], [0, 3, 8, 11, 12, 15, 20, 23]],
  [[1, "...", null, Int32Array.of(0, 0)], [2, 3, 1], [
    12,
    16,
    20,
    12,
    16,
    20,
  ]],
];

Deno.test("at gives what NumPy gives", () => {
  for (const [index, shape, elements] of NUMPY) {
    const y = at(x, ...index), found = run(y);
    assertEquals(
      [found.shape, numbers(found)],
      [shape, elements],
      String(index),
    );
    assertEquals(y.ndim, shape.length);
  }
});

Deno.test("an index of integers and slices is a view, one with arrays is not", () => {
  assertEquals(at(x, 0, "1:").owner!.op, subtensor.op);
  assertEquals(at(x, [0]).owner!.op.views, undefined);
  assertEquals(
    [at(x, "1:"), at(x, 1), at(x, [1])].map((v) => mayFail(v.owner!)),
    [false, true, true],
  );
});

Deno.test("indices may be variables", () => {
  const i = iscalar("i"), j = lscalar("j"), k = ivector("k");
  const given = [[i, array(-2, { dtype: "int32" })], [j, whole(7)], [
    k,
    array([1, -1], { dtype: "int32" }),
  ]] as const;
  assertEquals(numbers(run(at(x, i, 0), ...given)), [0, 1, 2, 3]);
  assertEquals(numbers(run(at(x, 0, slice(i, j), 3), ...given)), [7, 11]);
  assertEquals(numbers(run(at(x, 0, slice(j, null, -1), 3), ...given)), [
    11,
    7,
    3,
  ]);
  assertEquals(numbers(run(at(x, 0, 0, k), ...given)), [1, 3]);
  assertEquals(at(x, k).ndim, 3);
});

Deno.test("the step of a slice may be a variable", () => {
  const v = dvector("v"),
    step = lscalar("step"),
    y = at(v, slice(null, null, step)),
    z = at(v, slice(4, 1, step));
  const given = (n: number) =>
    [[v, array(Float64Array.of(0, 1, 2, 3, 4, 5))], [step, whole(n)]] as const;
  assertEquals(numbers(run(y, ...given(2))), [0, 2, 4]);
  assertEquals(numbers(run(y, ...given(-2))), [5, 3, 1]);
  assertEquals(numbers(run(z, ...given(-1))), [4, 3, 2]);
  assertEquals(numbers(run(z, ...given(1))), []);
});

Deno.test("a slice of unknown step keeps its place beside an integer", () => {
  const step = lscalar("step"), given = [step, whole(-2)] as const;
  const y = at(x, 1, "1:", slice(null, null, step));
  assertEquals(run(y, given).toArray(), [[19, 17], [23, 21]]);
  const set = run(setSubtensor(y, [[1, 2], [3, 4]]), given);
  assertEquals(numbers(set).slice(16), [16, 2, 18, 1, 20, 4, 22, 3]);
});

Deno.test("types know the lengths of slices", () => {
  const y = zeros([10, 4]);
  assertEquals(at(y, "2:-1:3").type.shape, [3, 4]);
  assertEquals(at(y, slice(lscalar("i"), 5)).type.shape, [null, 4]);
  assertEquals(at(matrix("m"), "::-1", null).type.shape, [null, 1, null]);
  assertEquals(at(y, [1, 2, 3]).type.shape, [3, 4]);
  const ranks: [Variable<1>, Variable<3>, Variable<2>] = [
    at(matrix(), 0),
    at(matrix(), null, ":"),
    at(matrix(), [0, 1]),
  ];
  assertEquals(ranks.map((v) => v.ndim), [1, 3, 2]);
});

Deno.test("at refuses", () => {
  assertThrows(
    () => at(zeros([3]), 3),
    RangeError,
    "Cannot index: 3 is out of range for axis 0 of length 3",
  );
  assertThrows(
    () => run(at(x, 0, -4)),
    RangeError,
    "Cannot index: -4 is out of range for axis 1 of length 3",
  );
  assertThrows(
    () => run(at(x, 0, [0, 3])),
    RangeError,
    "Cannot index: 3 is out of range for axis 1 of length 3",
  );
  assertThrows(
    () => at(x, 0, 0, 0, 0),
    TypeError,
    "Cannot index float64 (?, ?, ?): 4 indices for 3 axes",
  );
  assertThrows(() => at(x, "...", 0, "..."), TypeError, '"..." stands twice');
  assertThrows(
    () => at(x, "1"),
    TypeError,
    'Cannot index by "1": expected a slice such as',
  );
  assertThrows(
    () => at(x, "::0"),
    RangeError,
    "Cannot take a slice: its step is 0",
  );
  assertThrows(() => at(x, 0.5), TypeError, "0.5 is not an integer");
  assertThrows(
    () => at(x, scalar("s")),
    TypeError,
    'by s float32 (): expected integers; convert it with .astype("int64")',
  );
  assertThrows(
    () => at(x, gt(scalar("s"), 0)),
    TypeError,
    "by bool (): a mask has axes",
  );
  assertThrows(
    () => at(zeros([2, 3]), [true, false, true]),
    RangeError,
    "axis 0 has length 3, not 2",
  );
  assertThrows(
    () => at(x, ":", [0, 1], arange(3)),
    RangeError,
    "lengths 2 and 3",
  );
});

Deno.test("setSubtensor and incSubtensor change a copy", () => {
  const set = run(
    setSubtensor(at(x, 1, "::-1", "::2"), [[1, 2], [3, 4], [5, 6]]),
  );
  assertEquals(numbers(set).slice(12), [
    5,
    13,
    6,
    15,
    3,
    17,
    4,
    19,
    1,
    21,
    2,
    23,
  ]);
  assertEquals(numbers(run(incSubtensor(at(x, -1, 0), 100))).slice(11, 17), [
    11,
    112,
    113,
    114,
    115,
    16,
  ]);
  assertEquals(numbers(run(setSubtensor(at(x, ":"), 7))), Array(24).fill(7));
  assertEquals(numbers(value), [...Array(24).keys()]);
});

Deno.test("parts of a shape are changed like those of any vector", () => {
  const lengths = shape(x), last = at(lengths, -1);
  assertEquals(numbers(run(setSubtensor(last, 7))), [2, 3, 7]);
  assertEquals(numbers(run(incSubtensor(at(lengths, "1:"), last))), [2, 7, 8]);
  const inner = at(lengths, "1:"), twice = mul(at(inner, -1), 2);
  assertEquals(numbers(run(setSubtensor(at(inner, -1), twice))), [3, 8]);
  assertEquals(numbers(run(lengths)), [2, 3, 4]);
});

Deno.test("an element named twice is increased twice, and set to the last value", () => {
  const i = ivector("i"),
    given = [i, array([2, 2, 0], { dtype: "int32" })] as const;
  assertEquals(
    numbers(run(incSubtensor(at(x, ":", i), 100), given)),
    [
      100,
      101,
      102,
      103,
      4,
      5,
      6,
      7,
      208,
      209,
      210,
      211,
      112,
      113,
      114,
      115,
      16,
      17,
      18,
      19,
      220,
      221,
      222,
      223,
    ],
  );
  const set = setSubtensor(at(zeros([3], "float64"), i), [1, 2, 3]);
  assertEquals(numbers(run(set, given)), [3, 0, 2]);
});

Deno.test("integers wrap when they are increased", () => {
  const bytes = constant(Uint8Array.of(250, 1)),
    big = constant(BigInt64Array.of(2n ** 63n - 1n));
  assertEquals(numbers(run(incSubtensor(at(bytes, 0), 10))), [4, 1]);
  assertEquals(run(incSubtensor(at(big, 0), 1)).data[0], -(2n ** 63n));
});

Deno.test("new elements are converted to the dtype of the old ones", () => {
  const y = setSubtensor(at(constant(Int8Array.of(1, 2)), 0), 2.7);
  assertEquals([y.dtype, numbers(run(y))], ["int8", [2, 2]]);
});

Deno.test("changes refuse", () => {
  assertThrows(
    () => setSubtensor(x, 0),
    TypeError,
    "Cannot change elements: expected x.at(…), got x float64 (?, ?, ?)",
  );
  assertThrows(
    () => setSubtensor(at(zeros([5]), "1:"), zeros([3])),
    RangeError,
    "axis 0 of the index has length 4, of the value 3",
  );
  assertThrows(
    () => run(setSubtensor(at(x, 5), 0)),
    RangeError,
    "Cannot index: 5 is out of range for axis 0 of length 2",
  );
  assertThrows(() => setSubtensor(at(zeros([3]), 0), zeros([2])), TypeError);
});

Deno.test("an integer on an axis of unknown length becomes an input that kernels check", () => {
  const node = setSubtensor(at(x, 1), 0).owner!;
  assertEquals(
    node.op.loops!({
      inputs: node.inputs.map((v) => v.type),
      outputs: node.outputs.map((v) => v.type),
      params: node.params,
    }).checks,
    [
      { input: 2, of: "input", operand: 0, axis: 0 },
    ],
  );
  assert(!mayFail(setSubtensor(at(zeros([3]), 1), 0).owner!));
});

Deno.test("gradients of elements add up where they are named twice", () => {
  const y = sum(sqr(at(x, ":", [0, 0], 1))), g = grad(y, x);
  const wanted = numbers(value).map((v, i) => i % 12 === 1 ? 4 * v : 0);
  assertEquals(numbers(run(g)), wanted);
});

Deno.test("gradients of changes", () => {
  const y = dvector("y"),
    given = [y, array(Float64Array.of(1, 2, 3))] as const,
    weight = reshape(arange(0, 24, 1, "float64"), [2, 3, 4]);
  const cost = (v: Variable) => sum(mul(v, weight));
  const [gx, gy] = grad(cost(setSubtensor(at(x, 0, ":", 1), y)), [x, y]);
  assertEquals(numbers(run(gy!, given)), [1, 5, 9]);
  assertEquals(
    numbers(run(gx!, given)),
    [...Array(24).keys()].map((i) => [1, 5, 9].includes(i) ? 0 : i),
  );
  const [hx, hy] = grad(cost(incSubtensor(at(x, ":", ":", 1), y)), [x, y]);
  assertEquals(numbers(run(hy!, given)), [14, 22, 30]);
  assertEquals(numbers(run(hx!, given)), [...Array(24).keys()]);
});

Deno.test("Rop of elements and of changes", () => {
  const t = dtensor3("t"),
    given = [
      t,
      new NDArray("float64", [2, 3, 4], new Float64Array(24).fill(2)),
    ] as const;
  assertEquals(numbers(run(Rop(at(x, 0, 0, "1:"), x, t) as Variable, given)), [
    2,
    2,
    2,
  ]);
  const set = numbers(
    run(Rop(setSubtensor(at(x, 0), 0), x, t) as Variable, given),
  );
  assertEquals(set, [...Array(12).fill(0), ...Array(12).fill(2)]);
});

Deno.test("take along an axis", () => {
  assertEquals(run(take(x, [[0, 3], [1, 1]], -1)).shape, [2, 3, 2, 2]);
  assertEquals(numbers(run(take(x, 1, 2))), [1, 5, 9, 13, 17, 21]);
  assertThrows(
    () => take(x, [0], 3),
    RangeError,
    "Cannot apply take: axis 3 is out of range for 3 axes",
  );
});

Deno.test("a bound that int64 does not hold is refused", () => {
  const bound = array(new BigUint64Array([2n ** 63n]), { shape: [] });
  assertThrows(
    () => at(x, slice(null, constant(bound))),
    RangeError,
    "9223372036854775808 is beyond int64",
  );
});
