/** Functions on arrays, what they are applied to and what NumPy makes of it. */
import * as damo from "damo";
import type { NDArray, Nested } from "../../src/graph/ndarray.ts";

type Variable = damo.Variable;

/** Inputs by value, what is computed of them, and the nested numbers that come out. */
export interface Case {
  readonly inputs: readonly NDArray[];
  readonly build: (...inputs: Variable[]) => Variable | readonly Variable[];
  readonly want: unknown;
}

function floats(nested: Nested): NDArray {
  return damo.array(nested, { dtype: "float64" });
}

function whole(nested: Nested): NDArray {
  return damo.array(nested, { dtype: "int64" });
}

function mask(nested: Nested): NDArray {
  return damo.array(nested, { dtype: "bool" });
}

const m = floats([[1, 2, 3], [4, 5, 6]]),
  v = floats([3, 1, 2]),
  cube = floats([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
  bits = mask([[true, false, true], [false, true, false]]);

/** What functions give. */
export const CASES: { readonly [name: string]: Case } = {
  "topk, the largest": {
    inputs: [floats([[3, 9, 1, 7], [2, 8, 6, 4]])],
    build: (x) => damo.topkAndArgtopk(x, 2),
    want: [[[9, 7], [8, 6]], [[1, 3], [1, 2]]],
  },
  "topk, the smallest of an axis": {
    inputs: [m],
    build: (x) => damo.topk(x, -1, { axis: 0 }),
    want: [[1, 2, 3]],
  },
  "topk of a number that comes in": {
    inputs: [floats([3, 9, 1, 7]), whole(3), whole(-2)],
    build: (x, k, l) => [damo.topk(x, k), damo.argtopk(x, l)],
    want: [[9, 7, 3], [2, 0]],
  },
  "unique of everything": {
    inputs: [floats([[3, 1], [2, 3], [NaN, NaN]])],
    build: (x) =>
      damo.unique(x, {
        returnIndex: true,
        returnInverse: true,
        returnCounts: true,
      }),
    want: [[1, 2, 3, NaN], [1, 2, 0, 4], [2, 0, 1, 2, 3, 3], [1, 1, 2, 2]],
  },
  "unique of nothing": {
    inputs: [floats([])],
    build: (x) => damo.unique(x, { returnCounts: true }),
    want: [[], []],
  },
  "unique along axes": {
    inputs: [floats([[1, 0, 1], [1, 0, 1], [0, 0, 0]])],
    build: (x) => [
      damo.unique(x, { axis: 0 }),
      damo.unique(x, { axis: 1 }),
      ...damo.unique(x, { axis: -1, returnInverse: true }).slice(1),
    ],
    want: [[[0, 0, 0], [1, 0, 1]], [[0, 1], [0, 1], [0, 0]], [1, 0, 1]],
  },
  "searchsorted with a sorter": {
    inputs: [v, floats([0, 2, 9])],
    build: (x, y) => damo.searchsorted(x, y, { sorter: damo.argsort(x) }),
    want: [0, 1, 3],
  },
  "bincount": {
    inputs: [whole([1, 3, 1]), floats([0.5, 2, 1])],
    build: (x, w) => [
      damo.bincount(x),
      damo.bincount(x, { weights: w, minlength: 6 }),
      damo.bincount(x.at(":0"), { minlength: 2 }),
    ],
    want: [[0, 2, 0, 1], [0, 1.5, 0, 2, 0, 0], [0, 0]],
  },
  "histogram": {
    inputs: [floats([0, 1, 1.5, 4, NaN, 9])],
    build: (x) => damo.histogram(x, { bins: 2, range: [0, 4] }),
    want: [[3, 1], [0, 2, 4]],
  },
  "diff": {
    inputs: [floats([[1, 4, 9, 16]])],
    build: (x) => [
      damo.diff(x),
      damo.diff(x, 2),
      damo.diff(x, 0),
      damo.diff(x, 5),
    ],
    want: [[[3, 5, 7]], [[2, 2]], [[1, 4, 9, 16]], [[]]],
  },
  "cumsum of all, and along axes": {
    inputs: [m],
    build: (x) => [x.cumsum(), x.cumsum(0), x.cumprod(-1)],
    want: [[1, 3, 6, 10, 15, 21], [[1, 2, 3], [5, 7, 9]], [[1, 2, 6], [
      4,
      20,
      120,
    ]]],
  },
  "the gradient of cumprod where elements are 0": {
    inputs: [floats([2, 0, 3, 0])],
    build: (x) => damo.grad(damo.sum(damo.cumprod(x)), x),
    want: [1, 8, 0, 0],
  },
  "diagonals": {
    inputs: [m, cube],
    build: (x, c) => [
      damo.diagonal(x, 1),
      damo.diagonal(x, -1),
      damo.diagonal(x, 5),
      damo.diagonal(c, 0, 0, 2),
      damo.trace(c, 0, 1, 2),
    ],
    want: [[2, 6], [4], [], [[1, 6], [3, 8]], [5, 13]],
  },
  "allocDiag": {
    inputs: [v, m],
    build: (x, y) => [
      damo.diag(x, -1),
      damo.allocDiag(y.at(":", ":2"), 0, 0, 1),
    ],
    want: [[[0, 0, 0, 0], [3, 0, 0, 0], [0, 1, 0, 0], [0, 0, 2, 0]], [[[1, 4], [
      0,
      0,
    ]], [[0, 0], [2, 5]]]],
  },
  "fillDiagonal": {
    inputs: [m, cube, whole(1)],
    build: (x, c, k) => [
      damo.fillDiagonal(x, 0),
      damo.fillDiagonal(x.T, 0),
      damo.fillDiagonal(c, 0),
      damo.fillDiagonalOffset(x, 0, k),
      damo.fillDiagonalOffset(x, 0, k.neg()),
      damo.fillDiagonalOffset(x, 0, k.mul(7)),
    ],
    want: [
      [[0, 2, 3], [4, 0, 6]],
      [[0, 4], [2, 0], [3, 6]],
      [[[0, 2], [3, 4]], [[5, 6], [7, 0]]],
      [[1, 0, 3], [4, 5, 0]],
      [[1, 2, 3], [0, 5, 6]],
      [[1, 2, 3], [4, 5, 6]],
    ],
  },
  "triangles": {
    inputs: [m],
    build: (x) => [
      damo.tri(2, 3, 1),
      damo.tril(x),
      damo.triu(x, 1),
    ],
    want: [[[1, 1, 0], [1, 1, 1]], [[1, 0, 0], [4, 5, 0]], [[0, 2, 3], [
      0,
      0,
      6,
    ]]],
  },
  "masks": {
    inputs: [m, bits, mask([false, true]), floats([7, 8, 9])],
    build: (x, b, rows, y) => [
      damo.at(x, b),
      damo.at(x, rows),
      damo.at(x, rows, "::-1"),
      damo.at(x, ":", [true, false, true]),
      damo.setSubtensor(damo.at(x, b), y),
      damo.incSubtensor(damo.at(x, rows), 1),
      damo.grad(damo.sum(damo.sqr(damo.at(x, b))), x),
    ],
    want: [
      [1, 3, 5],
      [[4, 5, 6]],
      [[6, 5, 4]],
      [[1, 3], [4, 6]],
      [[7, 2, 8], [4, 9, 6]],
      [[1, 2, 3], [5, 6, 7]],
      [[2, 0, 6], [0, 10, 0]],
    ],
  },
  "a mask beside an ellipsis and a new axis": {
    inputs: [cube, mask([[true, false], [false, true]])],
    build: (c, b) => [
      damo.at(c, "...", b),
      damo.at(c, b, null),
      damo.at(c, 0, [true, true], -1),
    ],
    want: [[[1, 4], [5, 8]], [[[1, 2]], [[7, 8]]], [2, 4]],
  },
  "nonzero": {
    inputs: [floats([[0, 3], [2, 0], [1, 1]])],
    build: (x) => [
      ...damo.nonzero(x),
      damo.nonzeroMatrix(x),
      damo.flatnonzero(x),
      damo.nonzeroValues(x),
    ],
    want: [[0, 1, 2, 2], [1, 0, 0, 1], [[0, 1, 2, 2], [1, 0, 0, 1]], [
      1,
      2,
      4,
      5,
    ], [3, 2, 1, 1]],
  },
  "duplicates accumulate": {
    inputs: [floats([0, 0, 0]), whole([2, 0, 2])],
    build: (x, i) => damo.incSubtensor(damo.at(x, i), [1, 2, 3]),
    want: [2, 0, 4],
  },
  "take": {
    inputs: [m, whole([-1, 0]), whole([7, -4])],
    build: (x, i, far) => [
      damo.take(x, i),
      damo.take(x, i, 1),
      damo.take(x, far, null, "wrap"),
      damo.take(x, far, 1, "clip"),
    ],
    want: [[6, 1], [[3, 1], [6, 4]], [2, 3], [[3, 1], [6, 4]]],
  },
  "takeAlongAxis": {
    inputs: [m, whole([[2, 0], [1, -1]]), whole([[1, 0, 1]])],
    build: (x, i, j) => [
      damo.takeAlongAxis(x, i),
      damo.takeAlongAxis(x, j, 0),
      damo.setSubtensor(damo.takeAlongAxis(x, i), 0),
    ],
    want: [[[3, 1], [5, 6]], [[4, 2, 6]], [[0, 2, 0], [4, 0, 0]]],
  },
  "choose": {
    inputs: [whole([1, 0, 1]), v, whole([[5, 0, -1]])],
    build: (i, x, j) => [
      damo.choose(i, [x, damo.neg(x)]),
      damo.choose(j, damo.stack([x, damo.neg(x)]), "wrap"),
      damo.choose(j, damo.stack([x, damo.neg(x)]), "clip"),
    ],
    want: [[-3, 1, -2], [[-3, 1, -2]], [[-3, 1, 2]]],
  },
  "compress": {
    inputs: [m, whole([1, 0, 1])],
    build: (x, c) => [damo.compress(c, x, 1), x.compress([0, 1, 1])],
    want: [[[1, 3], [4, 6]], [2, 3]],
  },
  "permutations": {
    inputs: [m, whole([2, 0, 1])],
    build: (x, p) => [
      damo.permuteRowElements(x, p),
      damo.permuteRowElements(x, p, { inverse: true }),
      damo.inversePermutation(p),
    ],
    want: [[[3, 1, 2], [6, 4, 5]], [[2, 3, 1], [5, 6, 4]], [1, 2, 0]],
  },
  "flat positions": {
    inputs: [whole([0, 5]), whole([2, 3])],
    build: (i, s) => [
      ...damo.unravelIndex(i, [2, 3]),
      ...damo.unravelIndex(i, damo.specifyShape(s, [2]), "F"),
      damo.ravelMultiIndex([i, [4, -1]], [2, 3], ["wrap", "clip"]),
      damo.ravelMultiIndex([[1, 0], [2, 1]], [2, 3], "raise", "F"),
    ],
    want: [[0, 1], [0, 2], [0, 1], [0, 2], [2, 3], [5, 2]],
  },
  "repeat": {
    inputs: [m, whole([2, 0, 1]), whole(2), whole([2])],
    build: (x, r, n, one) => [
      damo.repeat(x, r, 1),
      damo.repeat(x, 2, 0),
      damo.repeat(x, n),
      damo.repeat(x, one, 1),
      damo.grad(damo.sum(damo.sqr(damo.repeat(x, r, 1))), x),
    ],
    want: [
      [[1, 1, 3], [4, 4, 6]],
      [[1, 2, 3], [1, 2, 3], [4, 5, 6], [4, 5, 6]],
      [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6],
      [[1, 1, 2, 2, 3, 3], [4, 4, 5, 5, 6, 6]],
      [[4, 0, 6], [16, 0, 12]],
    ],
  },
  "tile": {
    inputs: [v],
    build: (x) => [damo.tile(x, 2), damo.tile(x, [2, 1]), damo.tile(x, [0])],
    want: [[3, 1, 2, 3, 1, 2], [[3, 1, 2], [3, 1, 2]], []],
  },
  "roll": {
    inputs: [m, whole(-4)],
    build: (x, n) => [
      damo.roll(x, 1),
      damo.roll(x, n, 1),
      damo.roll(x, 2, 0),
    ],
    want: [[[6, 1, 2], [3, 4, 5]], [[2, 3, 1], [5, 6, 4]], [[1, 2, 3], [
      4,
      5,
      6,
    ]]],
  },
  "flip and rot90": {
    inputs: [m],
    build: (x) => [
      damo.flip(x),
      damo.flip(x, -1),
      damo.rot90(x),
      damo.rot90(x, 2),
      damo.rot90(x, -1),
    ],
    want: [
      [[6, 5, 4], [3, 2, 1]],
      [[3, 2, 1], [6, 5, 4]],
      [[3, 6], [2, 5], [1, 4]],
      [[6, 5, 4], [3, 2, 1]],
      [[4, 1], [5, 2], [6, 3]],
    ],
  },
  "pad": {
    inputs: [floats([1, 2, 4]), whole([[1, 2], [3, 5]]), whole(2)],
    build: (x, y, n) => [
      ...([
        "constant",
        "edge",
        "linear_ramp",
        "maximum",
        "mean",
        "median",
        "minimum",
        "reflect",
        "symmetric",
        "wrap",
      ] as const).map((mode) => damo.pad(x, [[2, 4]], { mode })),
      damo.pad(x, 1, { mode: "maximum", statLength: 2 }),
      damo.pad(y, [[1, 0], [0, 1]], { mode: "mean" }),
      damo.pad(y, 1, { value: 7 }),
      damo.pad(y, [0, [n, 0]], { mode: "reflect" }),
      damo.pad(y, [0, [3, 0]], { mode: "linear_ramp" }),
      damo.grad(damo.sum(damo.pad(x, 3, { mode: "wrap" })), x),
    ],
    want: [
      [0, 0, 1, 2, 4, 0, 0, 0, 0],
      [1, 1, 1, 2, 4, 4, 4, 4, 4],
      [0, 0.5, 1, 2, 4, 3, 2, 1, 0],
      [4, 4, 1, 2, 4, 4, 4, 4, 4],
      [7 / 3, 7 / 3, 1, 2, 4, 7 / 3, 7 / 3, 7 / 3, 7 / 3],
      [2, 2, 1, 2, 4, 2, 2, 2, 2],
      [1, 1, 1, 2, 4, 1, 1, 1, 1],
      [4, 2, 1, 2, 4, 2, 1, 2, 4],
      [2, 1, 1, 2, 4, 4, 2, 1, 1],
      [2, 4, 1, 2, 4, 1, 2, 4, 1],
      [2, 1, 2, 4, 4],
      [[2, 4, 3], [1, 2, 2], [3, 5, 4]],
      [[7, 7, 7, 7], [7, 1, 2, 7], [7, 3, 5, 7], [7, 7, 7, 7]],
      [[1, 2, 1, 2], [3, 5, 3, 5]],
      [[0, 0, 0, 1, 2], [0, 1, 2, 3, 5]],
      [3, 3, 3],
    ],
  },
  "grids": {
    inputs: [whole([1, 2])],
    build: (x) => [
      ...damo.mgrid("0:2", "1:6:2"),
      ...damo.ogrid("0:2", damo.slice(0, 2)),
      ...damo.meshgrid([x, [5, 6, 7]]),
      ...damo.meshgrid([x, [5, 6]], { indexing: "ij", sparse: true }),
    ],
    want: [
      [[0, 0, 0], [1, 1, 1]],
      [[1, 3, 5], [1, 3, 5]],
      [[0], [1]],
      [[0, 1]],
      [[1, 2], [1, 2], [1, 2]],
      [[5, 5], [6, 6], [7, 7]],
      [[1], [2]],
      [[5, 6]],
    ],
  },
  "evenly spaced": {
    inputs: [whole(5), whole(1), whole(0)],
    build: (five, one, zero) => [
      damo.linspace(0, 1, 5),
      damo.linspace(0, 1, 4, { endpoint: false }),
      damo.linspace(2, 3, 1),
      damo.bartlett(five),
      damo.bartlett(one),
      damo.bartlett(zero),
    ],
    want: [
      [0, 0.25, 0.5, 0.75, 1],
      [0, 0.25, 0.5, 0.75],
      [2],
      [
        0,
        0.5,
        1,
        0.5,
        0,
      ],
      [1],
      [],
    ],
  },
  "products": {
    inputs: [m, cube, v],
    build: (x, c, y) => [
      damo.tensordot(x, y, 1),
      damo.tensordot(c, c, [[1, 2], [2, 1]]),
      damo.tensordot(y, y, 0).shape,
      damo.batchedDot(c, c),
      damo.batchedDot(c, c.at(":", 0)),
      damo.batchedDot(x, x),
      damo.batchedTensordot(c, c, [[1, 2], [1, 2]]),
      damo.kron(x.at(":1"), [[1], [10]]),
    ],
    want: [
      [11, 29],
      [[29, 69], [69, 173]],
      [3, 3],
      [[[7, 10], [15, 22]], [[67, 78], [91, 106]]],
      [[5, 11], [61, 83]],
      [14, 77],
      [30, 174],
      [[1, 2, 3], [10, 20, 30]],
    ],
  },
  "statistics without NaN, and the median": {
    inputs: [floats([[1, NaN, 3], [NaN, NaN, NaN]]), m],
    build: (x, y) => [
      damo.nansum(x, { axis: 1 }),
      damo.nanmean(x, { axis: 1 }),
      damo.nanmax(x, { axis: 1 }),
      damo.nanmin(x, { axis: 0 }),
      damo.median(y),
      damo.median(y, { axis: 0 }),
      damo.median(x, { axis: 1, keepdims: true }),
    ],
    want: [[4, 0], [2, NaN], [3, NaN], [1, NaN, 3], 3.5, [2.5, 3.5, 4.5], [[
      NaN,
    ], [NaN]]],
  },
  "closeness and rounding": {
    inputs: [floats([1, Infinity, NaN, -2.5, 0.49999999999999994])],
    build: (x) => [
      damo.isclose(x, [1 + 1e-9, Infinity, NaN, 3, 0.5], { equalNan: true }),
      damo.allclose(x, x),
      damo.roundHalfAwayFromZero(x),
      damo.inRange(x, -2.5, 1, { openLow: true }),
    ],
    want: [[1, 1, 1, 0, 1], 0, [1, Infinity, NaN, -3, 0], [1, 0, 0, 0, 1]],
  },
  "logaddexp": {
    inputs: [floats([-Infinity, Infinity, 1000])],
    build: (x) => [
      damo.logaddexp(x, x).sub(Math.LN2),
      damo.grad(damo.sum(damo.logaddexp(x.at("2:"), 0)), x),
    ],
    want: [[-Infinity, Infinity, 1000], [0, 0, 1]],
  },
  "join along an axis that comes in": {
    inputs: [m, whole(0), whole(-1)],
    build: (x, i, j) => [
      damo.join(i, x, x),
      damo.join(j, x, x.at(":", ":1")),
      damo.grad(damo.sum(damo.sqr(damo.join(i, x, x))), x),
    ],
    want: [
      [[1, 2, 3], [4, 5, 6], [1, 2, 3], [4, 5, 6]],
      [[1, 2, 3, 1], [4, 5, 6, 4]],
      [[4, 8, 12], [16, 20, 24]],
    ],
  },
  "sort and split along an axis that comes in": {
    inputs: [floats([[3, 1], [2, 4]]), floats(0), whole(-1)],
    build: (x, i, j) => [
      damo.sort(x, i),
      damo.argsort(x, j),
      ...damo.split(x, [1, 1], j),
      damo.grad(damo.sum(damo.mul(damo.sort(x, i), [[1, 2], [3, 4]])), x),
    ],
    want: [[[2, 1], [3, 4]], [[1, 0], [0, 1]], [[3], [2]], [[1], [4]], [
      [3, 2],
      [
        1,
        4,
      ],
    ]],
  },
  "arrays beside each other": {
    inputs: [m, v],
    build: (x, y) => [
      damo.horizontalStack(x, x.at(":", ":1")),
      damo.verticalStack(x, y),
      damo.stackLists([[y.at(0), 1], [2, 3]]),
      damo.toOneHot([0, 2], 3),
      damo.prependScalarToEachRow(9, x),
      damo.rollaxis(x, 1),
    ],
    want: [
      [[1, 2, 3, 1], [4, 5, 6, 4]],
      [[1, 2, 3], [4, 5, 6], [3, 1, 2]],
      [[3, 1], [2, 3]],
      [[1, 0, 0], [0, 0, 1]],
      [[9, 1, 2, 3], [9, 4, 5, 6]],
      [[1, 4], [2, 5], [3, 6]],
    ],
  },
};

/** Values that are refused when a function runs. */
export const REFUSED: {
  readonly [name: string]: Pick<Case, "inputs" | "build">;
} = {
  "topk of more than there are": {
    inputs: [v, whole(4)],
    build: (x, k) => damo.topk(x, k),
  },
  "a known k of more than there are": {
    inputs: [v],
    build: (x) => damo.topk(x, 4),
  },
  "a negative number of times": {
    inputs: [v, whole([1, -1, 1])],
    build: (x, n) => damo.repeat(x, n),
  },
  "numbers of times for other elements": {
    inputs: [v, whole([1, 1])],
    build: (x, n) => damo.repeat(x, n),
  },
  "a negative element of bincount": {
    inputs: [whole([1, -1])],
    build: (x) => damo.bincount(x),
  },
  "a mask of another length": {
    inputs: [v, mask([true, false])],
    build: (x, b) => damo.at(x, b),
  },
  "a position beyond the end": {
    inputs: [v, whole([3])],
    build: (x, i) => damo.take(x, i),
  },
  "a choice that is not there": {
    inputs: [whole([2]), v.slice(0, 1)],
    build: (i, x) => damo.choose(i, [x, x]),
  },
  "a flat position beyond the end": {
    inputs: [whole([6])],
    build: (i) => damo.unravelIndex(i, [2, 3]),
  },
  "an axis that is not there": {
    inputs: [m, whole(2)],
    build: (x, axis) => damo.join(axis, x, x),
  },
  "other lengths along a cube's diagonal": {
    inputs: [floats([[[1, 2]], [[3, 4]]])],
    build: (x) => damo.fillDiagonal(x, 0),
  },
};
