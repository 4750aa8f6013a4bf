/** Inputs, constants, fills, ranges and shared variables. */
import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { config } from "../../src/graph/config.ts";
import { array } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { arange } from "../../src/ops/arange.ts";
import {
  alloc,
  asTensor,
  constant,
  eye,
  full,
  fullLike,
  ones,
  onesLike,
  shared,
  zeros,
  zerosLike,
} from "../../src/ops/constructors.ts";
import { mul } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import {
  bmatrix,
  col,
  dscalar,
  dtensor3,
  iscalar,
  ivector,
  lscalar,
  matrix,
  row,
  scalar,
  tensor,
  tensor4,
  wvector,
} from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { shape } from "../../src/ops/shape/shape.ts";

function run(
  y: Variable,
  ...given: (readonly [Variable, ReturnType<typeof array>])[]
) {
  return evaluate([y], new Map(given))[0]!;
}

Deno.test("inputs have the dtype of their prefix, or floatX as it is when they are made", () => {
  assertEquals([scalar(), row(), col(), tensor4()].map((v) => v.type.shape), [
    [],
    [1, null],
    [null, 1],
    [null, null, null, null],
  ]);
  assertEquals(
    [bmatrix(), wvector(), iscalar(), lscalar(), dtensor3()].map((v) =>
      v.dtype
    ),
    ["int8", "int16", "int32", "int64", "float64"],
  );
  config.floatX = "float64";
  try {
    assertEquals([matrix("m").dtype, constant(1).dtype, zeros(2).dtype], [
      "float64",
      "float64",
      "float64",
    ]);
  } finally {
    config.floatX = "float32";
  }
  assertEquals(matrix("m").name, "m");
  assertThrows(
    () => tensor("float32", [-1]),
    RangeError,
    "Cannot make an input: the length of axis 0 is -1",
  );
});

Deno.test("constants keep the dtype of typed arrays", () => {
  assertEquals(
    [
      constant(Int32Array.of(1)),
      constant([1, 2]),
      constant(true),
      constant([1], { dtype: "uint8" }),
    ].map((v) => v.dtype),
    ["int32", "float32", "bool", "uint8"],
  );
  assertEquals([
    asTensor(3, { dtype: "int64" }).dtype,
    asTensor(matrix(), { dtype: "float64" }).dtype,
  ], ["int64", "float64"]);
});

Deno.test("fills are views of one element", () => {
  const y = zeros([3, 2]);
  assertEquals([y.type.shape, run(y).data.length, run(y).toArray()], [
    [3, 2],
    1,
    [[0, 0], [0, 0], [0, 0]],
  ]);
  assertEquals(run(ones(3, "int32")).toArray(), [1, 1, 1]);
  assertEquals(run(full([2], 7)).toArray(), [7, 7]);
  assertEquals(run(full([2, 2], array([[1], [2]]))).toArray(), [[1, 1], [
    2,
    2,
  ]]);
  const n = lscalar("n"), x = matrix("x");
  assertEquals(
    run(alloc(5, n, 2), [n, array(1, { dtype: "int64" })]).toArray(),
    [[5, 5]],
  );
  assertEquals(run(zeros(shape(x)), [x, array([[1, 2, 3]])]).shape, [1, 3]);
  assertEquals(run(fullLike(x, 9), [x, array([[1, 2]])]).toArray(), [[9, 9]]);
  assertEquals([
    zerosLike(iscalar()).dtype,
    onesLike(ivector(), "float64").dtype,
  ], ["int32", "float64"]);
  assertThrows(() => zeros([-1]), RangeError, "-1 is not a length");
});

Deno.test("arange of numbers, variables and floats", () => {
  assertEquals(run(arange(4)).toArray(), [0, 1, 2, 3]);
  assertEquals([
    arange(4).dtype,
    arange(0, 1, 0.1).type.shape,
    arange(9, 0, -2).type.shape,
  ], ["int64", [10], [5]]);
  assertEquals(run(arange(9, 0, -2)).toArray(), [9, 7, 5, 3, 1]);
  assertEquals(run(arange(3, 1)).shape, [0]);
  const n = iscalar("n"), step = lscalar("step");
  assertEquals([
    run(arange(n), [n, array(3, { dtype: "int32" })]).toArray(),
    arange(n).dtype,
  ], [[0, 1, 2], "int32"]);
  for (const by of [2, -3, 5]) {
    const wanted = [...Array(40).keys()].map((i) => 1 + i * by).filter((v) =>
      by > 0 ? v < 8 : v > 8
    );
    assertEquals(
      run(arange(1, 8, step), [step, array(by, { dtype: "int64" })]).toArray(),
      wanted,
    );
  }
  const x = dscalar("x");
  assertEquals(
    run(arange(0, x, 0.5), [x, array(1.2, { dtype: "float64" })]).toArray(),
    [0, 0.5, 1],
  );
  assertThrows(
    () => arange(0, 3, 0),
    RangeError,
    "Cannot apply arange: the step is 0",
  );
  assertThrows(
    () => run(arange(1, 8, step), [step, array(0, { dtype: "int64" })]),
    RangeError,
    "the step of arange is 0",
  );
  assertThrows(
    () => arange(matrix()),
    TypeError,
    "Cannot apply arange: expected scalars",
  );
});

Deno.test("arange passes a gradient to start and step", () => {
  const start = dscalar("start"),
    step = dscalar("step"),
    stop = dscalar("stop");
  const y = sum(mul(arange(start, stop, step), arange(start, stop, step)));
  const given = [[start, 1], [step, 2], [stop, 6]].map(([v, x]) =>
    [v as Variable, array(x as number, { dtype: "float64" })] as const
  );
  assertEquals(grad(y, [start, step]).map((g) => run(g!, ...given).item()), [
    2 * (1 + 3 + 5),
    2 * (3 + 2 * 5),
  ]);
});

Deno.test("eye", () => {
  assertEquals(run(eye(2)).toArray(), [[1, 0], [0, 1]]);
  assertEquals(run(eye(3, 2, -1, "int32")).toArray(), [[0, 0], [1, 0], [0, 1]]);
  assertEquals(run(eye(2, 4, 1)).toArray(), [[0, 1, 0, 0], [0, 0, 1, 0]]);
});

Deno.test("shared variables type lengths of 1 and leave others open", () => {
  const given = array([[1, 2, 3]]), s = shared(given, { name: "s" });
  assertEquals([s.type.shape, s.name], [[1, null], "s"]);
  assertEquals(shared(given, { shape: [null, 3] }).type.shape, [null, 3]);
  assertThrows(
    () => shared(given, { shape: [2, 3] }),
    RangeError,
    "Cannot make a shared variable: the value has shape (1,3), not (2, 3)",
  );
  (given.data as Float32Array)[0] = 9;
  assertEquals(s.getValue().toArray(), [[1, 2, 3]]);
  assertStrictEquals(
    shared(given, { borrow: true }).getValue({ borrow: true }),
    given,
  );
});

Deno.test("a value that cannot be set leaves the old one", () => {
  const s = shared(array([[1, 2, 3]]), { name: "s" });
  const values: readonly (readonly [unknown, ErrorConstructor, string])[] = [
    [
      [[1], [2]],
      RangeError,
      "Cannot set s float32 (1, ?): axis 0 has length 2",
    ],
    [[1, 2], TypeError, "expected 2 axes"],
    [array([[1]], { dtype: "float64" }), TypeError, "got float64"],
    [zeros([1, 3]), TypeError, "pass its value, x.eval()"],
  ];
  for (const [value, error, message] of values) {
    assertThrows(() => s.setValue(value as never), error, message);
  }
  assertEquals(s.getValue().toArray(), [[1, 2, 3]]);
  s.setValue([[4, 5]]);
  assertEquals(s.getValue().toArray(), [[4, 5]]);
});

Deno.test("a dtype or a name that is no option is refused", () => {
  for (const make of [array, constant, asTensor, shared]) {
    assertThrows(
      () => make([1], "int64" as never),
      TypeError,
      'expected options, got "int64"; ',
      make.name,
    );
  }
});

Deno.test("a shape that is no list is refused", () => {
  for (const shape of [undefined, {}, "3"]) {
    assertThrows(
      () => ones(shape as never),
      TypeError,
      "a shape is a list such as [2, 3], got",
    );
  }
});

Deno.test("shared computes a variable without free inputs", () => {
  const W = shared(mul(ones([2, 3]), 0.5));
  assertEquals(W.getValue().toArray(), [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]);
  assertEquals(shared(zeros([2])).getValue().data.length, 2);
  assertEquals([shared(1).dtype, shared(1, { dtype: "int64" }).dtype], [
    "float32",
    "int64",
  ]);
  assert(shared(shared(array([1, 2]))).storage !== W.storage);
  assertThrows(
    () => shared(matrix("m")),
    TypeError,
    "Cannot evaluate: m float32 (?, ?) has no value",
  );
});
