/** Reductions at their edges, against what NumPy gives, and the statistics made of them. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { Dtype } from "../../src/graph/dtype.ts";
import { array, type Nested } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { Constant, Variable } from "../../src/graph/variable.ts";
import {
  argmax,
  argmin,
  maxAndArgmax,
} from "../../src/ops/reductions/argmax.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import {
  all,
  any,
  max,
  min,
  prod,
  prodWithoutZeros,
  sum,
} from "../../src/ops/reductions/reduce.ts";
import {
  logsumexp,
  mean,
  median,
  ptp,
  std,
  var_,
} from "../../src/ops/reductions/statistics.ts";
import { norm } from "../../src/ops/linalg/norm.ts";

function value(y: Variable): unknown {
  return evaluate([y])[0]!.toArray();
}

function constant(data: Nested, dtype: Dtype = "float64"): Variable {
  return new Constant(array(data, { dtype }));
}

const matrix = constant([[1, 5, 3], [4, 2, 6]]);

Deno.test("axes may be one, several, all or counted from the end", () => {
  assertEquals(value(sum(matrix)), 21);
  assertEquals(value(sum(matrix, { axis: 0 })), [5, 7, 9]);
  assertEquals(value(sum(matrix, { axis: -1 })), [9, 12]);
  assertEquals(value(sum(matrix, { axis: [0, 1] })), 21);
  assertEquals(value(sum(matrix, { axis: [] })), [[1, 5, 3], [4, 2, 6]]);
  assertEquals(value(max(matrix, { axis: 1, keepdims: true })), [[5], [6]]);
  assertEquals(sum(matrix, { axis: [0, 1], keepdims: true }).type.shape, [
    1,
    1,
  ]);
  assertThrows(
    () => sum(matrix, { axis: 2 }),
    RangeError,
    "Cannot apply sum: axis 2 is out of range for 2 axes",
  );
  assertThrows(
    () => sum(matrix, { axis: [0, -2] }),
    RangeError,
    "Cannot apply sum: axis 0 is given twice",
  );
});

Deno.test("an axis that is no option is refused: unread, it would reduce everything", () => {
  const reductions = {
    sum,
    max,
    mean,
    var_,
    std,
    argmax,
    median,
    logsumexp,
    norm,
  };
  for (const [name, f] of Object.entries(reductions)) {
    for (const axis of [0, [0, 1], null]) {
      assertThrows(
        () => (f as (x: Variable, axis: unknown) => Variable)(matrix, axis),
        TypeError,
        "axis is written { axis: ",
        name,
      );
    }
  }
  assertThrows(
    () => sum(matrix, { axis: "0" as never }),
    TypeError,
    'Cannot apply sum: an axis must be an integer, got "0"',
  );
});

Deno.test("a mean of float16 stays in its range where the sum does not", () => {
  const x = array([60000, 60000, 0, 60000], { dtype: "float16" });
  const [m, s] = evaluate([mean(x), var_(x)]);
  assertEquals([m!.dtype, m!.item()], ["float16", 45000 - 8]);
  assertEquals(s!.dtype, "float16");
});

Deno.test("sums of integers are 64 bits wide, sums of floats are rounded once", () => {
  const bytes = sum(constant([200, 200], "uint8"));
  assertEquals([bytes.dtype, value(bytes)], ["uint64", 400]);
  assertEquals(sum(constant([1, 1], "bool")).dtype, "int64");
  assertEquals(value(sum(constant([1, 0, 1], "bool"))), 2);
  assertEquals(
    value(sum(constant([100, 100], "int8"), { dtype: "int8" })),
    -56,
  );
  assertEquals(value(sum(constant([2 ** 24, 1, 1, -(2 ** 24)], "float32"))), 2);
  assertEquals(value(prod(constant([3, 5], "int16"))), 15);
});

Deno.test("reductions of nothing", () => {
  const empty = new Variable(dense("float64", [0, 3]));
  const nothing = array(new Float64Array(0), { shape: [0, 3] });
  const of = (y: Variable) =>
    evaluate([y], new Map([[empty, nothing]]))[0]!.toArray();
  assertEquals(of(sum(empty, { axis: 0 })), [0, 0, 0]);
  assertEquals(of(prod(empty, { axis: 0 })), [1, 1, 1]);
  assertEquals(of(any(empty, { axis: 0 })), [0, 0, 0]);
  assertEquals(of(all(empty, { axis: 0 })), [1, 1, 1]);
  assertEquals(of(max(empty, { axis: 1 })), []);
  assertEquals(of(mean(empty)), NaN);
  assertThrows(
    () => max(empty),
    RangeError,
    "Cannot apply max: axis 0 has length 0",
  );
  const unknown = new Variable(dense("float64", [null, 3]));
  assertThrows(
    () =>
      evaluate([argmin(unknown, { axis: 0 })], new Map([[unknown, nothing]])),
    RangeError,
    "Cannot apply argmin: axis 0 has length 0",
  );
});

Deno.test("NaN is the largest and the smallest, infinities are ordinary", () => {
  const x = constant([[1, NaN, 3], [-Infinity, 2, Infinity]]);
  assertEquals(value(max(x, { axis: 1 })), [NaN, Infinity]);
  assertEquals(value(min(x, { axis: 1 })), [NaN, -Infinity]);
  assertEquals(value(argmax(x, { axis: 1 })), [1, 2]);
  assertEquals(value(argmin(x, { axis: 1 })), [1, 0]);
  assertEquals(value(any(constant([NaN, 0]))), 1);
});

Deno.test("argmax counts in row-major order over its axes and takes the first of equals", () => {
  assertEquals(value(argmax(matrix)), 5);
  assertEquals(value(argmax(constant([2, 7, 7]))), 1);
  assertEquals(value(argmax(matrix, { axis: 0, keepdims: true })), [[1, 0, 1]]);
  const x = constant([[[1, 9], [2, 3]], [[8, 4], [5, 6]]]);
  assertEquals(value(argmax(x, { axis: [0, 2] })), [1, 3]);
  const [largest, at] = maxAndArgmax(matrix, { axis: 1 });
  assertEquals([value(largest), value(at)], [[5, 6], [1, 2]]);
  assertEquals(argmax(matrix).dtype, "int64");
});

/** f, point, g · df/dx for g = 1. */
const GRADIENTS: readonly (readonly [
  string,
  (x: Variable) => Variable,
  readonly number[],
  readonly number[],
])[] = [
  ["max gives each of equals the whole gradient", max, [3, 1, 3], [1, 0, 1]],
  ["min likewise", min, [1, 1, 2], [1, 1, 0]],
  ["prod", prod, [2, 3, 4], [12, 8, 6]],
  ["prod where one element is 0", prod, [2, 0, 4], [0, 8, 0]],
  ["prod where two elements are 0", prod, [0, 0, 4], [0, 0, 0]],
  ["sum", sum, [1, 2], [1, 1]],
];

for (const [name, f, point, wanted] of GRADIENTS) {
  Deno.test(`the gradient of ${name}`, () => {
    const x = new Variable(dense("float64", [null])), y = f(x);
    const [g] = y.owner!.op.vjp!(y.owner!, [constant(1)]);
    assertEquals([
      ...evaluate([g!], new Map([[x, array(Float64Array.from(point))]]))[0]!
        .flat(),
    ], [...wanted]);
  });
}

Deno.test("statistics", () => {
  assertEquals(value(mean(matrix)), 3.5);
  assertEquals(value(mean(matrix, { axis: 0 })), [2.5, 3.5, 4.5]);
  assertEquals(mean(constant([1, 2], "int32")).dtype, "float32");
  assertEquals(value(mean(constant([1, 2], "int32"))), 1.5);
  assertEquals(value(var_(matrix, { axis: 0 })), [2.25, 2.25, 2.25]);
  assertEquals(value(var_(matrix, { axis: 0, ddof: 1 })), [4.5, 4.5, 4.5]);
  assertEquals(value(std(matrix, { axis: 0, keepdims: true })), [[
    1.5,
    1.5,
    1.5,
  ]]);
  assertEquals(value(ptp(matrix, { axis: 1 })), [4, 4]);
  assertEquals(value(prodWithoutZeros(constant([0, 2, 3]))), 6);
  assertEquals(value(prodWithoutZeros(constant([0, 0]))), 0);
  const half = constant([0.5, 0]), bits = constant([1, 0], "bool");
  assertEquals(prodWithoutZeros(bits, { dtype: "bool" }).dtype, "bool");
  assertEquals(value(prodWithoutZeros(half, { dtype: "float64" })), 0.5);
  assertEquals(value(prodWithoutZeros(constant([0, 2]), { axis: [] })), [0, 2]);
  const v = constant([3, 0, -4]);
  assertEquals(
    [
      norm(v),
      norm(v, { ord: 1 }),
      norm(v, { ord: Infinity }),
      norm(v, { ord: -Infinity }),
      norm(v, { ord: 0 }),
    ].map(value),
    [5, 7, 4, 0, 2],
  );
  assertAlmostEquals(
    value(norm(v, { ord: 3 })) as number,
    91 ** (1 / 3),
    1e-12,
  );
});

Deno.test("the mean over an axis of unknown length", () => {
  const x = new Variable(dense("float64", [null, null])),
    y = mean(x, { axis: 1 });
  assertEquals(
    evaluate(
      [y],
      new Map([[x, array([[1, 3], [5, 7]], { dtype: "float64" })]]),
    )[0]!.toArray(),
    [2, 6],
  );
});

Deno.test("logsumexp neither overflows nor makes NaN of infinities", () => {
  const x = constant([[1000, 1000], [-Infinity, -Infinity], [Infinity, 0]]);
  const [large, none, all] = value(logsumexp(x, { axis: 1 })) as [
    number,
    number,
    number,
  ];
  assertAlmostEquals(large, 1000 + Math.LN2, 1e-12);
  assertEquals([none, all], [-Infinity, Infinity]);
  assertEquals(logsumexp(x, { axis: 1, keepdims: true }).type.shape, [3, 1]);
});
