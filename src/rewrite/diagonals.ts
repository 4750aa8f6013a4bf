/** Matrices that are zero beside their diagonal, and diagonals of matrices: vectors do their work. */
import { slice } from "../graph/indexing.ts";
import { Constant, type Variable } from "../graph/variable.ts";
import {
  abs,
  cast,
  div,
  log,
  mul,
  reciprocal,
  sign,
} from "../ops/elementwise/elemwise.ts";
import { eq } from "../ops/elementwise/elemwise_logic.ts";
import { at } from "../ops/indexing/at.ts";
import type { SelectionParams } from "../ops/indexing/selection.ts";
import { advancedSubtensor } from "../ops/indexing/subtensor.ts";
import { det, inv, slogdet, solve } from "../ops/linalg/solve.ts";
import { dot } from "../ops/products/dot.ts";
import { prod, sum } from "../ops/reductions/reduce.ts";
import {
  allocDiag,
  diagonal,
  type DiagonalParams,
} from "../ops/shape/diagonal.ts";
import { dimshuffle, expandDims, transpose } from "../ops/shape/dimshuffle.ts";
import {
  shapeGraph,
  SYMBOLIC,
  type SymbolicLength,
} from "../ops/shape/length_graph.ts";
import { broadcastTo } from "../ops/shape/broadcast_to.ts";
import { orderOf } from "./axes.ts";
import { rangeOf } from "./rules/indexing.ts";
import { isEnoughFor, sameLength } from "./lengths.ts";
import { match, type Rule, ruleAt, type Surroundings } from "./pattern.ts";
import { fillValue, scalarLike } from "./values.ts";
import { written } from "./rules/writing.ts";

/** Products, systems and diagonals. */
export const diagonals: readonly Rule[] = [
  ruleAt("dot_diagonal", [dot], {
    equation:
      "dot(diag(d), x) → d * x by rows, dot(x, diag(d)) → x * d by columns, dot(x, eye(n)) → x",
    // A NaN of x times a zero beside the diagonal is a NaN.
    licence: "may change NaN/inf",
  }, (z) => {
    const [x, y] = z.owner!.inputs as [Variable, Variable];
    const left = diagonalMatrix(x), right = diagonalMatrix(y);
    if (left && y.ndim <= 2) {
      if (left === ONES) {
        return sameLengths(x, 1, y, 0) ? cast(y, z.dtype) : null;
      }
      return mul(y.ndim === 1 ? left : expandDims(left, 1), y);
    }
    if (!right || x.ndim > 2) return null;
    if (right !== ONES) return mul(x, right);
    return sameLengths(x, x.ndim - 1, y, 0) ? cast(x, z.dtype) : null;
  }),
  ruleAt("inverse_of_diagonal", [inv], {
    equation: "inv(diag(d)) → diag(1 / d)",
    // A zero on the diagonal is refused on the left.
    licence: "may change NaN/inf",
  }, (y) => {
    const d = diagonalMatrix(y.owner!.inputs[0]!);
    return d && d !== ONES ? allocDiag(reciprocal(d)) : null;
  }),
  ruleAt("solve_of_diagonal", [solve], {
    equation: "solve(diag(d), b) → b / d by rows",
    licence: "may change NaN/inf",
  }, (y) => {
    const [x, b] = y.owner!.inputs as [Variable, Variable];
    const d = diagonalMatrix(x);
    if (!d || d === ONES || b.ndim > 2) return null;
    return div(b, b.ndim === 1 ? d : expandDims(d, 1));
  }),
  ruleAt("diagonal_of_diagonal", [diagonal], {
    equation: "diagonal(diag(d)) → d",
    licence: "exact",
  }, (y) => {
    const [x] = y.owner!.inputs as [Variable];
    const { offset } = y.owner!.params as DiagonalParams;
    const d = offset === 0 ? diagonalMatrix(x) : null;
    return d === ONES
      ? broadcastTo(scalarLike(1, x), [shapeGraph(x, 0)])
      : d && cast(d, y.dtype);
  }),
  ruleAt("diagonal_of_dot", [diagonal], {
    equation:
      "diagonal(dot(x, y)) → sum(x * transpose(y), 1), where nothing else reads the product",
  }, diagonalOfDot),
  ruleAt("index_diagonal", [advancedSubtensor], {
    equation:
      "x[arange(n), arange(n)] → diagonal(x[:n, :n]), where x is known to be large enough",
    licence: "exact",
  }, indexOfDiagonal),
];

/** Determinants: late, when those behind a logarithm have become `slogdet`. */
export const determinantsOfDiagonals: readonly Rule[] = [
  ruleAt("det_of_diagonal", [det], {
    equation: "det(diag(d)) → prod(d)",
  }, (y) => {
    const d = diagonalMatrix(y.owner!.inputs[0]!);
    return d && d !== ONES ? prod(d, { dtype: y.dtype }) : null;
  }),
  ruleAt("slogdet_of_diagonal", [slogdet], {
    equation: "slogdet(diag(d)) → prod(sign(d)), sum(log(abs(d)))",
  }, (y) => {
    const d = diagonalMatrix(y.owner!.inputs[0]!);
    if (!d || d === ONES) return null;
    return y.index === 0 ? prod(sign(d)) : sum(log(abs(d)));
  }),
];

/** The diagonal of an identity matrix. */
const ONES = "ones";

/** The vector on the diagonal of a square matrix that is zero beside it. */
function diagonalMatrix(x: Variable): Variable | typeof ONES | null {
  if (x.ndim !== 2) return null;
  if (isIdentity(x)) return ONES;
  const w = written(x);
  if (!w?.set || fillValue(w.x) !== 0 || w.y.ndim !== 1) return null;
  const [rows, columns] = w.rest;
  const range = w.rest.length === 2 && rows === columns ? rangeOf(rows!) : null;
  if (range?.start !== 0 || w.index.length !== 2) return null;
  const isWhole = [0, 1].every((axis) =>
    sameLength(range.n, shapeGraph(w.x, axis))
  );
  return isWhole && (w.y.type.shape[0] !== 1 || range.n === 1)
    ? cast(w.y, x.dtype)
    : null;
}

/** Constants up to this many elements are looked at. */
const MOST_ELEMENTS = 4096;

function isIdentity(x: Variable): boolean {
  if (x instanceof Constant) {
    const [n, m] = x.data.shape as [number, number];
    return n > 1 && n === m && n * m <= MOST_ELEMENTS &&
      [...x.data.flat()].every((value, i) =>
        Number(value) === (i % (n + 1) === 0 ? 1 : 0)
      );
  }
  const inner = match([cast, "v"], x)?.v ?? x,
    found = match([eq, [dimshuffle, "range"], [dimshuffle, "range"]], inner);
  const sides = found ? inner.owner!.inputs : [];
  const axes = sides.map((v) => orderOf(v)!.join());
  return found !== null && rangeOf(found.range)?.start === 0 &&
    axes.includes("0,x") && axes.includes("x,0");
}

function sameLengths(x: Variable, i: number, y: Variable, j: number): boolean {
  return sameLength(shapeGraph(x, i), shapeGraph(y, j));
}

function diagonalOfDot(v: Variable, around: Surroundings): Variable | null {
  const [product] = v.owner!.inputs as [Variable];
  const { offset } = v.owner!.params as DiagonalParams;
  const [x, y] = product.owner?.op === dot.op ? product.owner.inputs : [];
  const whole = x?.ndim === 2 && y?.ndim === 2 && offset === 0 &&
    around.clients(product) === 1 && x.dtype === y.dtype;
  if (!whole) return null;
  const n = SYMBOLIC.min(shapeGraph(x, 0), shapeGraph(y, 1)) as SymbolicLength;
  const rows = (u: Variable) =>
    sameLength(n, shapeGraph(u, 0)) ? u : at(u, slice(0, n));
  return sum(mul(rows(x), rows(transpose(y))), { axis: 1 });
}

function indexOfDiagonal(v: Variable): Variable | null {
  const [x, rows, columns] = v.owner!.inputs as [Variable, Variable, Variable];
  const { index } = v.owner!.params as SelectionParams;
  const whole = x.ndim === 2 && rows === columns && index.length === 2 &&
    index.every((e) => e.kind === "rows");
  const range = whole ? rangeOf(rows) : null;
  if (!range) return null;
  const fits = [0, 1].every((axis) =>
    isEnoughFor(range.n, shapeGraph(x, axis), range.start)
  );
  if (!fits) return null;
  const stop = SYMBOLIC.add(range.start, range.n) as SymbolicLength;
  return diagonal(at(x, slice(range.start, stop), slice(range.start, stop)));
}
