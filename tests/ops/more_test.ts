/** Functions that are graphs of few others, against NumPy's and Theano's values. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { array } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { constant } from "../../src/ops/constructors.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { tensor } from "../../src/ops/inputs.ts";
import {
  ceilIntdiv,
  divmod,
  iround,
  isneginf,
  isposinf,
  largest,
  nanToNum,
  smallest,
} from "../../src/ops/elementwise/elemwise_more.ts";
import {
  confusionMatrix,
  crossentropySoftmax1HotWithBias,
  crossentropySoftmaxMaxAndArgmax1Hot,
  hSoftmax,
  softmaxWithBias,
} from "../../src/ops/nnet/classes.ts";
import { identityLike } from "../../src/ops/shape/diagonal.ts";
import { cov } from "../../src/ops/reductions/covariance.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";

function run(v: Variable) {
  return evaluate([v], new Map())[0]!;
}

function values(v: Variable): number[] {
  return [...run(v).flat()].map(Number);
}

const doubles = (...x: number[]) => constant(x, { dtype: "float64" });
const longs = (...x: number[]) => constant(x, { dtype: "int64" });

function assertClose(found: readonly number[], wanted: readonly number[]) {
  assertEquals(found.length, wanted.length);
  found.forEach((x, i) =>
    assertAlmostEquals(x, wanted[i]!, 1e-12, `element ${i}`)
  );
}

Deno.test("quotients of integers, rounded up and with remainders", () => {
  assertEquals(values(ceilIntdiv(longs(7, 6, -7, 0), 3)), [3, 2, -2, 0]);
  const [q, r] = divmod(longs(7, -7), longs(3, 3));
  assertEquals([values(q), values(r)], [[2, -3], [1, 2]]);
});

Deno.test("iround gives int64, halves as asked for", () => {
  const x = doubles(0.5, 1.5, 2.5, -1.5, 1.2);
  const even = iround(x);
  assertEquals(even.dtype, "int64");
  assertEquals(values(even), [0, 2, 2, -2, 1]);
  assertEquals(
    values(iround(x, { mode: "half_away_from_zero" })),
    [1, 2, 3, -2, 1],
  );
});

Deno.test("infinities by their sign, of integers none", () => {
  const x = doubles(1, Infinity, -Infinity, NaN);
  assertEquals(values(isposinf(x)), [0, 1, 0, 0]);
  assertEquals(values(isneginf(x)), [0, 0, 1, 0]);
  assertEquals(values(isposinf(longs(1, 2))), [0, 0]);
  assertEquals(isposinf(longs(1)).dtype, "bool");
});

Deno.test("nanToNum gives finite numbers, and no gradient where it does", () => {
  const x = doubles(1, NaN, Infinity, -Infinity);
  assertEquals(values(nanToNum(x)), [
    1,
    0,
    Number.MAX_VALUE,
    -Number.MAX_VALUE,
  ]);
  assertEquals(
    values(nanToNum(x, { nan: 7, posinf: 8, neginf: -9 })),
    [1, 7, 8, -9],
  );
  const single = constant([Infinity, 2], { dtype: "float32" });
  assertEquals(values(nanToNum(single)), [3.4028234663852886e38, 2]);
  assertEquals(values(nanToNum(longs(3))), [3]);
  const v = tensor("float64", [4]);
  const g = grad(sum(nanToNum(v)) as Variable<0>, v);
  const [slope] = evaluate(
    [g],
    new Map([[v, array([1, NaN, Infinity, 2], { dtype: "float64" })]]),
  );
  assertEquals([...slope!.flat()], [1, 0, 0, 1]);
});

Deno.test("smallest and largest of operands", () => {
  const [x, y] = [doubles(1, 5), doubles(3, 2)];
  assertEquals(values(smallest(x, y, 4)), [1, 2]);
  assertEquals(values(largest(x, y, 4)), [4, 5]);
  assertEquals(values(largest(x)), [1, 5]);
  assertThrows(
    () => smallest(),
    RangeError,
    "Cannot apply smallest: no operand is given",
  );
});

// The values are those of numpy.cov.
Deno.test("cov: variables by rows or columns, weights, and degrees of freedom", () => {
  const x = constant([[0, 1, 2, 4], [2, 1, 0, 3]], { dtype: "float64" });
  assertClose(values(cov(x)), [35 / 12, 5 / 6, 5 / 6, 5 / 3]);
  assertClose(values(cov(x, { bias: true })), [2.1875, 0.625, 0.625, 1.25]);
  assertClose(values(cov(x, { ddof: 2 })), [4.375, 1.25, 1.25, 2.5]);
  assertEquals(run(cov(x, { rowvar: false })).shape, [4, 4]);
  assertClose(
    values(cov(doubles(1, 2, 4), { y: doubles(3, 1, 2) })),
    [7 / 3, -0.5, -0.5, 1],
  );
  assertClose(values(cov(longs(1, 2, 3))), [1]);
  const fweights = longs(1, 2, 1, 1), aweights = doubles(1, 0.5, 2, 1);
  assertClose(values(cov(x, { fweights })), [2.3, 0.7, 0.7, 1.3]);
  assertClose(
    values(cov(x, { aweights })),
    [19 / 7, 19 / 28, 19 / 28, 61 / 28],
  );
  assertThrows(
    () => cov(x, { fweights: doubles(1, 2, 3, 4) }),
    TypeError,
    "Cannot apply cov: fweights are float64",
  );
  assertThrows(() => cov(tensor("float64", [1, 2, 3])), TypeError);
});

Deno.test("identityLike has the shape and the dtype of a matrix", () => {
  const like = identityLike(
    constant([[5, 6, 7], [8, 9, 0]], { dtype: "int32" }),
  );
  assertEquals(run(like).toArray(), [[1, 0, 0], [0, 1, 0]]);
  assertEquals(like.dtype, "int32");
  assertThrows(
    () => identityLike(doubles(1, 2)),
    TypeError,
    "Cannot apply identityLike: expected a matrix, got",
  );
});

Deno.test("losses with biases are those of the sum", () => {
  const x = constant([[1, 2, 0.5], [0, 0, 3]], { dtype: "float64" }),
    b = doubles(0.1, -0.2, 0.3),
    y = longs(2, 0);
  const [losses, p] = crossentropySoftmax1HotWithBias(x, b, y);
  const q = values(softmaxWithBias(x, b));
  assertClose(values(p), q);
  assertClose(values(losses), [-Math.log(q[2]!), -Math.log(q[3]!)]);
  const [more, r, most, chosen] = crossentropySoftmaxMaxAndArgmax1Hot(x, y);
  assertEquals(values(chosen), [1, 2]);
  const s = values(r);
  assertClose(values(most), [s[1]!, s[5]!]);
  assertClose(values(more), [-Math.log(s[2]!), -Math.log(s[3]!)]);
});

Deno.test("a confusion matrix counts pairs of classes that occur", () => {
  const [counts, classes] = confusionMatrix(
    longs(2, 0, 2, 2, 0, 1),
    longs(0, 0, 2, 2, 0, 2),
  );
  assertEquals(run(counts).toArray(), [[2, 0, 0], [0, 0, 1], [1, 0, 2]]);
  assertEquals(values(classes), [0, 1, 2]);
});

Deno.test("a softmax of two levels: probabilities sum to 1, and that of a target is among them", () => {
  let at = 0.1;
  const some = (shape: number[]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const data = Float64Array.from(
      { length: size },
      () => (at = (at + 0.618) % 1) - 0.5,
    );
    return constant(array(data, { shape }));
  };
  const x = some([2, 4]),
    weights = {
      W1: some([4, 3]),
      b1: some([3]),
      W2: some([3, 4, 2]),
      b2: some([3, 2]),
    };
  const all = values(hSoftmax(x, { ...weights, classes: 6 }));
  assertAlmostEquals(all.slice(0, 6).reduce((a, b) => a + b), 1, 1e-12);
  assertEquals(run(hSoftmax(x, { ...weights, classes: 5 })).shape, [2, 5]);
  const chosen = hSoftmax(x, { ...weights, classes: 6, target: longs(4, 1) });
  assertClose(values(chosen), [all[4]!, all[7]!]);
  assert(all.every((p) => p > 0));
});
