/** Lengths, reshape, dimshuffle, broadcastTo, specifyShape: types, values, errors, and shapes without computing. */
import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { array } from "../../src/graph/ndarray.ts";
import { slice } from "../../src/graph/indexing.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import { ancestors } from "../../src/graph/walk.ts";
import { grad } from "../../src/grad/grad.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { broadcastTo } from "../../src/ops/shape/broadcast_to.ts";
import { arange } from "../../src/ops/arange.ts";
import { zeros } from "../../src/ops/constructors.ts";
import {
  atleast1d,
  atleast2d,
  atleast3d,
  dimshuffle,
  expandDims,
  moveaxis,
  shapePadLeft,
  shapePadRight,
  squeeze,
  swapaxes,
  transpose,
} from "../../src/ops/shape/dimshuffle.ts";
import { dot } from "../../src/ops/products/dot.ts";
import { add, exp, mul } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import {
  ivector,
  lscalar,
  lvector,
  matrix,
  scalar,
  tensor,
  tensor3,
  vector,
} from "../../src/ops/inputs.ts";
import { join, stack } from "../../src/ops/shape/join.ts";
import { shapeGraph, shapesOf } from "../../src/ops/shape/length_graph.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { asLengths, flatten, reshape } from "../../src/ops/shape/reshape.ts";
import { shape, shapeAt, size } from "../../src/ops/shape/shape.ts";
import {
  specifyShape,
  unbroadcast,
} from "../../src/ops/shape/specify_shape.ts";

const x = tensor3("x"),
  value = array(new Float32Array(24).map((_, i) => i), { shape: [2, 3, 4] });

function run(y: Variable) {
  return evaluate([y], new Map([[x, value]]))[0]!;
}

Deno.test("shapeAt carries the length as its value, and is a constant where the type knows it", () => {
  const named = tensor("float32", ["n", 784]);
  assertStrictEquals(shapeAt(named, 0).value, "n");
  assert(shapeAt(named, -1) instanceof Constant);
  assertEquals(run(shapeAt(x, 1)).item(), 3);
  assertThrows(
    () => shapeAt(x, 3),
    RangeError,
    "Cannot apply shapeAt: axis 3 is out of range for 3 axes",
  );
});

Deno.test("shape and size", () => {
  assertEquals(run(shape(x)).toArray(), [2, 3, 4]);
  assertEquals(run(size(x)).item(), 24);
  assert(shape(zeros([2, 3])) instanceof Constant);
  assertEquals(run(shape(scalar())).shape, [0]);
});

Deno.test("parts of a shape are its lengths themselves", () => {
  assertStrictEquals(at(shape(x), 0).owner!.op, shapeAt.op);
  assertEquals(run(at(shape(x), "1:")).toArray(), [3, 4]);
  assertEquals(reshape(x, at(shape(matrix("y")), "::-1")).ndim, 2);
});

Deno.test("reshape: types and values", () => {
  assertEquals(reshape(zeros([2, 6]), [3, -1]).type.shape, [3, 4]);
  assertEquals(
    run(reshape(x, [6, 4])).toArray(),
    run(reshape(x, [-1, 4])).toArray(),
  );
  assertEquals(run(reshape(transpose(x), [8, 3])).at(1, 0), 16);
  const y = reshape(x, [shapeAt(x, 2), -1]);
  assertEquals([y.ndim, run(y).shape], [2, [4, 6]]);
});

Deno.test("reshape takes vectors apart", () => {
  const n = lscalar("n");
  assertEquals(asLengths("reshape", stack([n, 3])), [n, 3]);
  assertEquals(
    asLengths("reshape", join(0, shape(x), array([5], { dtype: "int64" })))
      .slice(3),
    [5],
  );
  const lengths = specifyShape(lvector("v"), [2]);
  assertEquals(reshape(x, lengths).ndim, 2);
  assertThrows(
    () => reshape(x, ivector("v")),
    TypeError,
    "Cannot apply reshape: a shape must be an integer vector of known length, got int32 (?,); give its lengths one by one",
  );
});

Deno.test("a length of -1 that only the run knows is what is left", () => {
  const x = matrix("x"), shape = tensor("int64", [2], "shape");
  const run = (lengths: number[]) =>
    evaluate(
      [reshape(x, shape)],
      new Map([
        [x as Variable, array([[1, 2, 3], [4, 5, 6]])],
        [shape, array(lengths, { dtype: "int64" })],
      ]),
    )[0]!.shape;
  assertEquals(run([-1, 2]), [3, 2]);
  assertEquals(run([1, -1]), [1, 6]);
  assertEquals(run([6, 1]), [6, 1]);
  assertThrows(() => run([-1, 4]), RangeError, "do not fill");
});

Deno.test("reshape refuses what does not fit", () => {
  assertThrows(
    () => reshape(zeros([2, 3]), [4]),
    RangeError,
    "Cannot reshape: the elements of shape (2, 3) do not fill (4)",
  );
  assertThrows(
    () => reshape(zeros([2, 3]), [4, -1]),
    RangeError,
    "do not fill (4, -1)",
  );
  assertThrows(
    () => reshape(zeros([0, 3]), [0, -1]),
    RangeError,
    "do not fill (0, -1)",
  );
  assertThrows(
    () => reshape(x, [-1, -1]),
    RangeError,
    "Cannot reshape: -1 stands twice in (-1, -1)",
  );
  assertThrows(
    () => reshape(x, [-2]),
    RangeError,
    "Cannot apply reshape: -2 is not a length",
  );
  assertThrows(
    () => reshape(x, [1.5]),
    TypeError,
    "Cannot apply reshape: 1.5 is not an integer",
  );
  assertThrows(
    () => reshape(x, [scalar("s")]),
    TypeError,
    "Cannot apply reshape: expected a 0-d integer, got s float32 ()",
  );
  assertThrows(() => run(reshape(x, [5, 5])), RangeError);
});

Deno.test("flatten", () => {
  assertEquals(run(flatten(x)).shape, [24]);
  assertEquals(run(flatten(x, 2)).shape, [2, 12]);
  assertEquals(flatten(zeros([2, 0, 3]), 2).type.shape, [2, 0]);
  assertEquals(flatten(scalar()).type.shape, [1]);
  assertThrows(
    () => flatten(x, 4),
    RangeError,
    "Cannot apply flatten: 3 axes cannot become 4",
  );
  assertThrows(
    () => flatten(x, "rows" as unknown as number),
    RangeError,
    'cannot become "rows"',
  );
});

Deno.test("dimshuffle and its relatives", () => {
  assertEquals(run(dimshuffle(x, [2, "x", 0, 1])).shape, [4, 1, 2, 3]);
  assertEquals(run(transpose(x)).at(3, 2, 1), 23);
  assertEquals(run(transpose(x, [1, 0, -1])).shape, [3, 2, 4]);
  assertEquals(run(swapaxes(x, 0, -1)).shape, [4, 3, 2]);
  assertEquals(run(moveaxis(x, 0, -1)).shape, [3, 4, 2]);
  assertEquals(run(moveaxis(x, [0, 1], [2, 0])).shape, [3, 4, 2]);
  assertEquals(run(expandDims(x, [0, -1])).shape, [1, 2, 3, 4, 1]);
  assertEquals(squeeze(zeros([1, 3, 1])).type.shape, [3]);
  assertEquals(squeeze(zeros([1, 3, 1]), -1).type.shape, [1, 3]);
  assertEquals([shapePadLeft(x, 2).ndim, shapePadRight(x).type.shape], [5, [
    null,
    null,
    null,
    1,
  ]]);
  assertEquals(
    [scalar(), vector(), zeros([2, 3])].map((v) => atleast3d(v).type.shape),
    [[1, 1, 1], [1, null, 1], [2, 3, 1]],
  );
  assertEquals([atleast1d(scalar()).ndim, atleast2d(vector()).type.shape], [1, [
    1,
    null,
  ]]);
});

Deno.test("dimshuffle refuses", () => {
  assertThrows(
    () => dimshuffle(x, [0, 1]),
    TypeError,
    "Cannot drop axis 2 of float32 (?, ?, ?): its length is not known to be 1",
  );
  assertThrows(
    () => dimshuffle(x, [0, 1, 1]),
    RangeError,
    "axis 1 stands twice in [0,1,1]",
  );
  assertThrows(
    () => transpose(x, [0, 1]),
    RangeError,
    "[0,1] does not name the 3 axes",
  );
  assertThrows(() => squeeze(x, 0), TypeError, "Cannot drop axis 0");
  assertThrows(
    () => moveaxis(x, [0, 1], [0, 0]),
    RangeError,
    "axes [0,1] cannot go to [0,0]",
  );
});

Deno.test("broadcastTo repeats only what types know to be 1", () => {
  assertEquals(
    run(broadcastTo(array([[1], [2]]), [3, 2, 2])).toArray(),
    Array(3).fill([[1, 1], [2, 2]]),
  );
  assertEquals(broadcastTo(1, [lscalar("n"), 3]).type.shape, [null, 3]);
  assertThrows(
    () => broadcastTo(zeros([2]), [3]),
    RangeError,
    "Cannot broadcast: axis 0 has length 2, not 3",
  );
  assertThrows(
    () => broadcastTo(x, [3]),
    TypeError,
    "Cannot broadcast: float32 (?, ?, ?) has more than 1 axes",
  );
  const b = tensor("float64", [1, 3]),
    g = grad(
      sum(mul(broadcastTo(b, [4, 2, 3]), arange(0, 3, 1, "float64"))),
      b,
    );
  assertEquals(evaluate([g])[0]!.toArray(), [[0, 8, 16]]);
});

Deno.test("specifyShape tells types and checks values", () => {
  const y = specifyShape(x, [2, null, "n"]);
  assertEquals(y.type.shape, [2, null, "n"]);
  assertEquals(run(y), value);
  assertThrows(
    () => run(specifyShape(x, [3, null, null])),
    RangeError,
    "Cannot specify the shape: axis 0 has length 2, not 3",
  );
  const n = lscalar("n"), checked = specifyShape(x, [null, n, null]);
  assertThrows(
    () =>
      evaluate(
        [checked],
        new Map<Variable, typeof value>([[x, value], [n, whole(2)]]),
      ),
    RangeError,
    "axis 1 has length 3, not 2",
  );
  assertThrows(
    () => specifyShape(x, [3]),
    TypeError,
    "expected 1 axes, got float32 (?, ?, ?)",
  );
});

Deno.test("unbroadcast forgets length 1 in types only", () => {
  const row = tensor("float32", [1, 3]), y = unbroadcast(row, 0);
  assertEquals(y.type.shape, [null, 3]);
  assertEquals(add(y, zeros([2, 3])).type.shape, [2, 3]);
  assertEquals(evaluate([y], new Map([[row, array([[1, 2, 3]])]]))[0]!.shape, [
    1,
    3,
  ]);
  assertStrictEquals(unbroadcast(x, 0), x);
});

Deno.test("shapes are graphs over what a variable is made of", () => {
  const a = matrix("a"), b = matrix("b");
  const y = exp(join(0, dot(a, b), zeros([2, 3])));
  const [rows, columns] = shapesOf([y])[0]!;
  assertStrictEquals(columns, 3);
  const needed = ancestors([rows as Variable]);
  assert(!needed.has(y) && ![...needed].some((v) => v.owner?.op === dot.op));
  const values = new Map([[a, array([[1, 2], [3, 4], [5, 6]])], [
    b,
    array([[1, 2, 3], [4, 5, 6]]),
  ]]);
  assertEquals(evaluate([rows as Variable], values)[0]!.item(), 5);
  assertStrictEquals(shapeGraph(y, 0), rows);
});

Deno.test("lengths of slices are graphs by NumPy's rules", () => {
  const v = vector("v"), i = lscalar("i"), j = lscalar("j");
  const parts = [
    slice(i, j),
    slice(i, null, 2),
    slice(null, j, -1),
    slice(j, i, -2),
    slice(-3, j),
    slice(2, -1),
  ].map((s) => shapeGraph(at(v, s), 0));
  for (const n of [0, 1, 4, 5]) {
    for (const a of [-7, -2, 0, 1, 3, 9]) {
      for (const b of [-6, -1, 0, 2, 4, 8]) {
        const list = Array.from({ length: n }, (_, k) => k);
        const values = new Map<Variable, ReturnType<typeof array>>([
          [v, array(new Float32Array(n))],
          [i, whole(a)],
          [j, whole(b)],
        ]);
        const found = evaluate(parts as Variable[], values).map((l) =>
          l.item()
        );
        const wanted = [
          list.slice(a, b).length,
          Math.ceil(list.slice(a).length / 2),
          backwards(n, undefined, b, 1),
          backwards(n, b, a, 2),
          list.slice(-3, b).length,
          list.slice(2, -1).length,
        ];
        assertEquals(found, wanted, `n ${n}, i ${a}, j ${b}`);
      }
    }
  }
});

function whole(n: number) {
  return array(n, { dtype: "int64" });
}

/** How many elements x[start:stop:-step] has, counted one by one. */
function backwards(
  n: number,
  start: number | undefined,
  stop: number,
  step: number,
): number {
  const clip = (i: number) => Math.max(-1, Math.min(n - 1, i < 0 ? i + n : i));
  let count = 0;
  for (
    let i = start === undefined ? n - 1 : clip(start);
    i > clip(stop);
    i -= step
  ) count++;
  return count;
}

Deno.test("a shape graph of a deep graph needs no deep stack", () => {
  let y: Variable = vector("v");
  for (let i = 0; i < 20000; i++) y = exp(y);
  assertEquals((shapeGraph(y, 0) as Variable).owner!.op, shapeAt.op);
});

Deno.test("a pattern that is no list is refused", () => {
  assertThrows(
    () => dimshuffle(matrix(), 1 as never),
    TypeError,
    'a pattern is a list such as [1, "x", 0], got 1',
  );
});
