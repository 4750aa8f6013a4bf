/** Elementwise ops at the edges of their domains, against what NumPy gives; dtypes, broadcasting and gradients at ties. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { config } from "../../src/graph/config.ts";
import { type Dtype, DTYPE_NAMES } from "../../src/graph/dtype.ts";
import { STATIC } from "../../src/graph/length.ts";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import { dense, type Dim } from "../../src/graph/type.ts";
import { Variable } from "../../src/graph/variable.ts";
import { constant } from "../../src/ops/define.ts";
import * as ops from "../../src/ops/elementwise/elemwise.ts";
import * as logic from "../../src/ops/elementwise/elemwise_logic.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { exportedOps } from "./conformance.ts";

const NAN = NaN, INF = Infinity;

function valuesOf(x: NDArray): (number | bigint)[] {
  return [...x.flat()];
}

/** An op applied to vectors of these dtypes. */
function apply(
  f: (...xs: Variable[]) => Variable,
  inputs: readonly (readonly [Dtype, readonly (number | bigint)[]])[],
): NDArray {
  return evaluate([
    f(...inputs.map(([dtype, data]) => constantOf(dtype, data))),
  ])[0]!;
}

function constantOf(
  dtype: Dtype,
  data: readonly (number | bigint)[],
): Variable {
  return ops.identity(array(data as number[], { dtype }));
}

Deno.test("what is no operand, or not as many as an op takes, is refused", () => {
  const x = constantOf("float32", [1]);
  const refused = (call: () => unknown, message: string) =>
    assertThrows(call, TypeError, message);
  const add = ops.add as (...xs: unknown[]) => Variable;
  refused(() => add(x), "Cannot apply add: expected 2 operands, got 1");
  refused(() => add(x, x, x), "Cannot apply add: expected 2 operands, got 3");
  refused(() => add(x, { axis: 1 }), "Cannot apply add to an object of axis");
  refused(() => ops.neg({} as never), "Cannot apply neg to an empty object");
  refused(() => add(x, "3"), 'Cannot apply add to "3"');
  refused(() => add(x, x, 3), "Cannot apply add: expected 2 operands, got 3");
  refused(
    () => (ops.exp as typeof add)(x, 2),
    "Cannot apply exp: expected 1 operand, got 2",
  );
  assertEquals([x, x].map(ops.exp).length, 2, "as list.map calls it");
  refused(() => add(x, undefined), "Cannot apply add to undefined");
});

Deno.test("a dtype that is none is refused", () => {
  const double = "double" as Dtype, message = "Cannot use dtype double: there";
  assertThrows(() => dense(double, []), TypeError, message);
  assertThrows(() => array([1], { dtype: double }), TypeError, message);
  assertThrows(() => ops.cast(array([1]), double), TypeError, message);
});

type Row = readonly [
  op: (...xs: Variable[]) => Variable,
  dtype: Dtype,
  ...columns: (readonly (number | bigint)[])[],
];

/** Op, dtype of the operands, the operands, the result in the same dtype. */
const SAME: readonly Row[] = [
  [ops.add, "int8", [127, -128], [1, -1], [-128, 127]],
  [ops.add, "uint8", [255, 1], [1, 255], [0, 0]],
  [ops.add, "int64", [2n ** 63n - 1n, 2n ** 53n], [1n, 1n], [
    -(2n ** 63n),
    2n ** 53n + 1n,
  ]],
  [ops.add, "bool", [0, 1, 1], [0, 0, 1], [0, 1, 1]],
  [ops.add, "float64", [INF, INF, -0, NAN], [-INF, 1, -0, 1], [
    NAN,
    INF,
    -0,
    NAN,
  ]],
  [ops.sub, "uint32", [0, 5], [1, 3], [2 ** 32 - 1, 2]],
  [ops.sub, "uint64", [0n], [1n], [2n ** 64n - 1n]],
  [ops.mul, "int32", [65536, 123456789, -2147483648], [65536, 987654321, -1], [
    0,
    -67153019,
    -2147483648,
  ]],
  [ops.mul, "uint32", [65537, 4294967295], [65537, 4294967295], [131073, 1]],
  [ops.mul, "int16", [256, 300], [256, 300], [0, 24464]],
  [ops.mul, "int64", [2n ** 32n, 3037000500n], [2n ** 32n, 3037000500n], [
    0n,
    9223372037000250000n - 2n ** 64n,
  ]],
  [ops.mul, "bool", [0, 1, 1], [1, 0, 1], [0, 0, 1]],
  [ops.mul, "float64", [0, INF, -0], [INF, -2, 3], [NAN, -INF, -0]],
  [ops.mul, "float32", [1e30, 1e-30], [1e30, 1e-30], [INF, 0]],
  [ops.div, "float64", [1, -1, 0, 1, INF], [0, 0, 0, -0, INF], [
    INF,
    -INF,
    NAN,
    -INF,
    NAN,
  ]],
  [ops.intDiv, "int32", [7, -7, 7, -7, 5, -2147483648], [2, 2, -2, -2, 0, -1], [
    3,
    -4,
    -4,
    3,
    0,
    -2147483648,
  ]],
  [ops.intDiv, "uint8", [255, 7], [16, 0], [15, 0]],
  [ops.intDiv, "int64", [-7n, 7n, 5n, -(2n ** 63n)], [2n, -2n, 0n, -1n], [
    -4n,
    -4n,
    0n,
    -(2n ** 63n),
  ]],
  [ops.intDiv, "float64", [7, -7, 1, -0.5, INF, 1, -1], [
    2,
    2,
    0,
    INF,
    2,
    0.1,
    -0,
  ], [3, -4, INF, -1, NAN, 9, INF]],
  [ops.mod, "int32", [7, -7, 7, -7, 5, -6], [3, 3, -3, -3, 0, 3], [
    1,
    2,
    -2,
    -1,
    0,
    0,
  ]],
  [ops.mod, "int64", [-7n, 7n, 5n], [3n, -3n, 0n], [2n, -2n, 0n]],
  [ops.mod, "uint16", [65535, 5], [10, 0], [5, 0]],
  [ops.mod, "float64", [5.5, -5.5, 5, 5, INF, -3, 3, NAN], [
    2,
    2,
    0,
    INF,
    2,
    3,
    -3,
    1,
  ], [1.5, 0.5, NAN, 5, NAN, 0, -0, NAN]],
  [ops.pow, "float64", [0, 0, -8, 1, -1, INF, 2], [
    0,
    -1,
    1 / 3,
    NAN,
    INF,
    -1,
    -1,
  ], [1, INF, NAN, 1, 1, 0, 0.5]],
  [ops.pow, "int32", [2, 3, -2, 2, 1, -1, 0], [10, 20, 31, -1, -5, -3, 0], [
    1024,
    -808182895,
    -2147483648,
    0,
    1,
    -1,
    1,
  ]],
  [ops.pow, "int64", [3n, 2n, 2n], [40n, 63n, -1n], [
    -6289078614652622815n,
    -(2n ** 63n),
    0n,
  ]],
  [ops.neg, "int8", [-128, 5], [-128, -5]],
  [ops.neg, "uint8", [1, 0], [255, 0]],
  [ops.neg, "float64", [0, -INF], [-0, INF]],
  [ops.abs, "int8", [-128, -5], [-128, 5]],
  [ops.abs, "int64", [-5n], [5n]],
  [ops.abs, "float64", [-0, -INF, NAN], [0, INF, NAN]],
  [ops.sign, "float64", [-3, -0, 0, 2, NAN, -INF], [-1, 0, 0, 1, NAN, -1]],
  [ops.sign, "int64", [-3n, 0n, 9n], [-1n, 0n, 1n]],
  [ops.sign, "uint8", [200, 0], [1, 0]],
  [ops.sqr, "int32", [65536, -3], [0, 9]],
  [ops.sqrt, "float64", [-1, -0, INF, 4], [NAN, -0, INF, 2]],
  [ops.exp, "float64", [-INF, 0, 710, NAN], [0, 1, INF, NAN]],
  [ops.log, "float64", [0, -0, -1, 1, INF], [-INF, -INF, NAN, 0, INF]],
  [ops.log1p, "float64", [-1, -2, -0, 1e-20], [-INF, NAN, -0, 1e-20]],
  [ops.expm1, "float64", [-INF, -0, 1e-20, INF], [-1, -0, 1e-20, INF]],
  [ops.log2, "float64", [8, 0], [3, -INF]],
  [ops.log10, "float64", [1000, 0], [3, -INF]],
  [ops.exp2, "float64", [10, -INF], [1024, 0]],
  [ops.arcsin, "float64", [2, -0], [NAN, -0]],
  [ops.arccosh, "float64", [1, 0.5], [0, NAN]],
  [ops.arctanh, "float64", [1, -1, 2], [INF, -INF, NAN]],
  [ops.arctan2, "float64", [0, -0, 0, 1, -0], [-1, -1, 0, 0, 1], [
    Math.PI,
    -Math.PI,
    0,
    Math.PI / 2,
    -0,
  ]],
  [ops.tanh, "float64", [-INF, -0, 800], [-1, -0, 1]],
  [ops.ceil, "float64", [-0.5, 0.2, NAN, INF], [-0, 1, NAN, INF]],
  [ops.floor, "float64", [-0.5, -0, 2.9], [-1, -0, 2]],
  [ops.trunc, "float64", [-2.7, 2.7], [-2, 2]],
  [ops.round, "float64", [0.5, 1.5, 2.5, -0.5, -1.5, 4503599627370497.5], [
    0,
    2,
    2,
    -0,
    -2,
    4503599627370498,
  ]],
  [ops.round, "int64", [5n], [5n]],
  [ops.maximum, "float64", [NAN, 1, -0, -INF], [1, NAN, 0, INF], [
    NAN,
    NAN,
    -0,
    INF,
  ]],
  [ops.minimum, "float64", [NAN, 1, -INF], [1, NAN, INF], [NAN, NAN, -INF]],
  [ops.maximum, "uint64", [2n ** 64n - 1n], [1n], [2n ** 64n - 1n]],
  [ops.clip, "float64", [-5, 5, 0.5, NAN], [0, 0, 0, 0], [1, 1, 1, 1], [
    0,
    1,
    0.5,
    NAN,
  ]],
  [ops.clip, "int64", [-5n, 5n], [0n, 0n], [3n, 3n], [0n, 3n]],
  [ops.sigmoid, "float64", [-INF, -1000, 0, 1000, NAN], [0, 0, 0.5, 1, NAN]],
  [ops.softplus, "float64", [-INF, -1000, 1000, INF], [0, 0, 1000, INF]],
  [ops.erf, "float64", [-INF, -0, INF, NAN], [-1, -0, 1, NAN]],
  [ops.erfc, "float64", [-INF, 0, INF], [2, 1, 0]],
  [logic.and_, "int32", [12, -1], [10, 255], [8, 255]],
  [logic.or_, "uint8", [12], [3], [15]],
  [logic.xor, "int64", [12n, -1n], [10n, 1n], [6n, -2n]],
  [logic.xor, "bool", [0, 1, 1], [1, 1, 0], [1, 0, 1]],
  [logic.invert, "bool", [0, 1], [1, 0]],
  [logic.invert, "uint8", [0, 5], [255, 250]],
  [logic.invert, "int64", [0n], [-1n]],
];

/** Op, dtype of the operands, the operands, bools. */
const TESTS: readonly Row[] = [
  [logic.lt, "float64", [NAN, 1, -0], [1, 2, 0], [0, 1, 0]],
  [logic.ge, "int64", [2n ** 53n + 1n, 1n], [2n ** 53n, 2n], [1, 0]],
  [logic.eq, "float64", [NAN, -0, INF], [NAN, 0, INF], [0, 1, 1]],
  [logic.neq, "float64", [NAN, 1], [NAN, 1], [1, 0]],
  [logic.eq, "uint64", [2n ** 64n - 1n], [2n ** 64n - 1n], [1]],
  [logic.isnan, "float64", [NAN, INF, 0], [1, 0, 0]],
  [logic.isnan, "int64", [0n], [0]],
  [logic.isinf, "float32", [NAN, -INF, 3e38], [0, 1, 0]],
  [logic.isfinite, "float64", [NAN, -INF, 1], [0, 0, 1]],
  [logic.isfinite, "bool", [0, 1], [1, 1]],
];

function check(f: Row[0], columns: Row, wanted: Dtype): void {
  const [, dtype, ...data] = columns as [
      Row[0],
      Dtype,
      ...(readonly (number | bigint)[])[],
    ],
    expected = data.pop()!;
  const found = apply(f, data.map((column) => [dtype, column]));
  assertEquals(found.dtype, wanted);
  assertEquals(valuesOf(found), [...expected]);
}

for (const row of SAME) {
  const name = (row[0] as typeof ops.add).op.name;
  Deno.test(`${name} of ${row[1]} at its edges`, () =>
    check(row[0], row, row[1]));
}

for (const row of TESTS) {
  const name = (row[0] as typeof ops.add).op.name;
  Deno.test(`${name} of ${row[1]} gives bools`, () =>
    check(row[0], row, "bool"));
}

Deno.test("cast truncates, wraps, and makes 0 of NaN", () => {
  const from = (dtype: Dtype, data: readonly number[], to: Dtype) =>
    valuesOf(apply((x) => ops.cast(x!, to), [[dtype, data]]));
  assertEquals(from("float64", [1.9, -1.9, NAN, 300, -1], "uint8"), [
    1,
    255,
    0,
    44,
    255,
  ]);
  assertEquals(from("float64", [2 ** 31, INF, -0.5], "int32"), [
    -(2 ** 31),
    0,
    0,
  ]);
  assertEquals(from("float32", [0, 0.5, NAN], "bool"), [0, 1, 1]);
  assertEquals(from("int64", [2 ** 40 + 7, -1], "int16"), [7, -1]);
  assertEquals(from("float64", [1e19], "int64"), [10n ** 19n - 2n ** 64n]);
});

Deno.test("results are rounded to float32 once", () => {
  assertEquals(
    valuesOf(apply(ops.add, [["float32", [1]], ["float32", [2 ** -25]]])),
    [1],
  );
  assertEquals(valuesOf(apply(ops.exp, [["float32", [1]]])), [
    Math.fround(Math.E),
  ]);
  assertEquals(
    valuesOf(apply(ops.add, [["float16", [2048]], ["float16", [1]]])),
    [2048],
  );
});

Deno.test("dtypes: integers do not widen floats, functions of integers are floatX", () => {
  const of = (f: (...xs: Variable[]) => Variable, ...dtypes: Dtype[]) =>
    f(...dtypes.map((d) => new Variable(dense(d, [])))).dtype;
  assertEquals(of(ops.add, "int64", "float32"), "float32");
  assertEquals(of(ops.add, "float32", "float64"), "float64");
  assertEquals(of(ops.add, "int32", "uint32"), "int64");
  assertEquals(of(ops.div, "int32", "int32"), config.floatX);
  assertEquals(of(ops.div, "int32", "float64"), "float64");
  assertEquals(of(ops.exp, "int8"), config.floatX);
  assertEquals(of(ops.sqrt, "bool"), config.floatX);
  assertEquals(of(ops.floor, "int16"), "int16");
  assertEquals(of(logic.lt, "int8", "float64"), "bool");
  assertEquals(of(logic.where, "float64", "int8", "float32"), "float32");
  assertEquals(of(ops.second, "float64", "int8"), "int8");
  const x = new Variable(dense("float32", [null]));
  assertEquals([
    ops.mul(x, 0.1).dtype,
    ops.mul(2, x).dtype,
    ops.add(x, 2n).dtype,
  ], ["float32", "float32", "float32"]);
  const i = new Variable(dense("int32", [null]));
  assertEquals([ops.add(i, 1).dtype, ops.mul(i, 0.5).dtype], [
    "int32",
    config.floatX,
  ]);
});

Deno.test("what has no meaning is refused when the graph is built", () => {
  const v = (dtype: Dtype, ...shape: Dim[]) =>
    new Variable(dense(dtype, shape));
  assertThrows(
    () => ops.sub(v("bool"), v("bool")),
    TypeError,
    "Cannot apply sub: bool has no negatives",
  );
  assertThrows(
    () => logic.and_(v("float32"), v("int8")),
    TypeError,
    "Cannot apply and: expected bool or integers, got float32 and int8",
  );
  assertThrows(
    () => ops.add(v("float32", 3), v("float32", 4)),
    RangeError,
    "Cannot apply add: axis 0 has lengths 3 and 4",
  );
  assertThrows(
    () => ops.add(v("float32", null, 3), v("float32", 2)),
    RangeError,
    "axis 1 has lengths 3 and 2",
  );
  const sparse = new Variable({
    kind: "sparse",
    format: "csr",
    dtype: "float32",
    shape: [null, null],
  });
  assertThrows(
    () => ops.mul(sparse, 2),
    TypeError,
    "an operand is a csr matrix",
  );
});

Deno.test("an axis broadcasts only where its type says 1", () => {
  const v = (...shape: Dim[]) => new Variable(dense("float32", shape));
  assertEquals(ops.add(v(null, 1), v(1, 3)).type.shape, [null, 3]);
  assertEquals(ops.add(v("n", null), v("n", 5)).type.shape, ["n", 5]);
  assertEquals(ops.add(v(1, null), v()).type.shape, [1, null]);
  const y = ops.add(v(null), v(null)), lengths = STATIC;
  const call = (a: number, b: number) =>
    y.owner!.op.infer(
      [a, b].map((n, k) => ({
        type: y.owner!.inputs[k]!.type,
        dtype: "float32" as const,
        shape: [n],
        value: null,
      })),
      undefined,
      lengths,
    );
  assertEquals(call(3, 3)[0]!.shape, [3]);
  assertThrows(
    () => call(3, 1),
    RangeError,
    "Cannot apply add: axis 0 has lengths 3 and 1; an axis broadcasts only where its type says 1",
  );
});

Deno.test("a 0-d integer keeps its value, to serve as a length", () => {
  const n = new Variable(dense("int64", []), null, 0, "n", "n"),
    two = constant(2, "int64");
  assertEquals(ops.add(n, 0).value, "n");
  assertEquals(ops.mul(ops.sub(constant(7, "int64"), 3), two).value, 8);
  assertEquals(ops.intDiv(ops.neg(constant(7, "int64")), two).value, -4);
  assertEquals([ops.minimum(two, 5).value, ops.maximum(two, 5).value], [2, 5]);
  assertEquals(
    ops.add(constant(100, "int8"), constant(100, "int8")).value,
    null,
    "it wraps",
  );
  assertEquals(ops.cast(n, "float32").value, null);
  assertEquals(ops.cast(n, "int8").value, null);
});

/** f and x, y where the derivative is a matter of convention, and by how much of g each operand gets. */
const TIES: readonly (readonly [
  (...xs: Variable[]) => Variable,
  readonly number[],
  readonly (number | null)[],
])[] = [
  [ops.maximum, [2, 2], [1, 0]],
  [ops.minimum, [2, 2], [1, 0]],
  [ops.maximum, [1, 2], [0, 1]],
  [ops.abs, [0], [0]],
  [ops.sign, [1], [null]],
  [ops.floor, [1.5], [null]],
  [ops.clip, [0, 0, 1], [1, 0, 0]],
  [ops.clip, [-1, 0, 1], [0, 1, 0]],
  [ops.pow, [0, 0], [0, 0]],
  [ops.pow, [0, 2], [0, 0]],
  [ops.second, [1, 2], [null, 1]],
  [logic.where, [1, 2, 3], [null, 1, 0]],
];

for (const [f, point, shares] of TIES) {
  Deno.test(`the gradient of ${(f as typeof ops.add).op.name} at (${point})`, () => {
    const xs = point.map(() => new Variable(dense("float64", []))),
      y = f(...xs),
      g = new Variable(dense("float64", []));
    const found = y.owner!.op.vjp!(y.owner!, [g]).map((v) =>
      v &&
      evaluate(
        [v],
        new Map([
          ...xs.map((x, k) =>
            [x, array(point[k]!, { dtype: "float64" })] as const
          ),
          [g, array(1, { dtype: "float64" })],
        ]),
      )[0]!.item()
    );
    assertEquals(found, [...shares]);
  });
}

Deno.test("no gradient flows through integers", () => {
  const i = new Variable(dense("int32", [])),
    j = new Variable(dense("int32", [])),
    y = ops.mul(i, j);
  assertEquals(y.owner!.op.vjp!(y.owner!, [y]), [null, null]);
  assertEquals(y.owner!.op.jvp!(y.owner!, [i, j]), [null]);
});

Deno.test("erf and erfc have full precision", () => {
  const close = (f: typeof ops.erf, x: number, y: number) => {
    const found = Number(apply(f, [["float64", [x]]]).data[0]);
    assertAlmostEquals(found / y, 1, 1e-15);
  };
  close(ops.erf, 0.5, 0.5204998778130465);
  close(ops.erf, 2, 0.9953222650189527);
  close(ops.erf, 1e-10, 1.1283791670955126e-10);
  close(ops.erfc, 1, 0.15729920705028513);
  close(ops.erfc, 3, 2.2090496998585441e-5);
  close(ops.erfc, 10, 2.088487583762545e-45);
});

Deno.test("every dtype that an op admits has C text", () => {
  for (const { name, scalar, arity, infer } of exportedOps()) {
    if (!scalar || name === "cast") continue;
    for (const dtype of DTYPE_NAMES) {
      const dtypes = Array<Dtype>(arity).fill(dtype),
        args = dtypes.map((_, k) => `x${k}`);
      let result: Dtype;
      try {
        result = infer(
          dtypes.map((d) => ({
            type: dense(d, []),
            dtype: d,
            shape: [],
            value: null,
          })),
          undefined,
          STATIC,
        )[0]!.dtype;
      } catch {
        continue;
      }
      const text = scalar.c(args, dtypes, result);
      assertEquals(
        (text.match(/\(/g) ?? []).length,
        (text.match(/\)/g) ?? []).length,
        `${name} of ${dtype}: ${text}`,
      );
    }
  }
});
