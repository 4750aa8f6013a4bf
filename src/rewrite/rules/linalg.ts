/** Linear algebra: no inverse where a system is solved, no elimination where the matrix is a triangle, no determinant where its logarithm is wanted. */
import type { Variable } from "../../graph/variable.ts";
import { transpose } from "../../ops/shape/dimshuffle.ts";
import { dot } from "../../ops/products/dot.ts";
import { abs, log } from "../../ops/elementwise/elemwise.ts";
import { lt, where } from "../../ops/elementwise/elemwise_logic.ts";
import { cholesky } from "../../ops/linalg/cholesky.ts";
import { det, inv, slogdet, solve } from "../../ops/linalg/solve.ts";
import { solveTriangular } from "../../ops/linalg/triangular.ts";
import { prod } from "../../ops/reductions/reduce.ts";
import { diagonal } from "../../ops/shape/diagonal.ts";
import { transposeOf } from "../axes.ts";
import { match, type Rule, ruleAt, type Surroundings } from "../pattern.ts";

/** Where a matrix is known to be a triangle, and whether its transpose is meant. */
interface Triangle {
  readonly of: Variable;
  readonly lower: boolean;
  readonly turned: boolean;
}

/** Systems, inverses and determinants. */
export const linalg: readonly Rule[] = [
  ruleAt(
    "inverse_of_transpose",
    [inv],
    { equation: "inv(transpose(x)) → transpose(inv(x))" },
    (y) => {
      const x = transposeOf(y.owner!.inputs[0]!);
      return x && transpose(inv(x));
    },
  ),
  ruleAt(
    "inverse_to_solve",
    [dot],
    {
      equation:
        "inv(A) · b → solve(A, b), b · inv(A) → transpose(solve(transpose(A), transpose(b))), where nothing else needs the inverse",
    },
    (y, { clients }) => {
      const [a, b] = y.owner!.inputs as [Variable, Variable];
      const left = inverted(a, clients);
      if (left && b.dtype === a.dtype && b.ndim <= 2) return solve(left, b);
      const right = inverted(b, clients);
      if (!right || a.dtype !== b.dtype || a.ndim > 2) return null;
      const x = solve(transpose(right), a.ndim === 1 ? a : transpose(a));
      return a.ndim === 1 ? x : transpose(x);
    },
  ),
  ruleAt(
    "solve_of_triangle",
    [solve],
    {
      equation:
        "solve(cholesky(x), b) → solveTriangular(cholesky(x), b), and of its transpose",
      // Elimination spreads a NaN of b to elements that do not depend on it.
      licence: "may change NaN/inf",
    },
    (y) => {
      const [a, b] = y.owner!.inputs as [Variable, Variable];
      const t = triangle(a);
      return t && solveTriangular(t.of, b, {
        lower: t.lower,
        trans: t.turned ? "T" : "N",
      });
    },
  ),
  ruleAt(
    "det_of_transpose",
    [det],
    { equation: "det(transpose(x)) → det(x)" },
    (y) => {
      const x = transposeOf(y.owner!.inputs[0]!);
      return x && det(x);
    },
  ),
  ruleAt(
    "det_of_triangle",
    [det],
    { equation: "det(cholesky(x)) → prod(diagonal(cholesky(x)))" },
    (y) => {
      const x = y.owner!.inputs[0]!;
      return triangle(x) && prod(diagonal(x, 0, -2, -1), { axis: -1 });
    },
  ),
];

/** Logarithms of determinants, which would overflow. */
export const logDeterminants: readonly Rule[] = [
  ruleAt(
    "log_abs_det",
    [log],
    { equation: "log(abs(det(x))) → slogdet(x)[1]" },
    (y) => {
      const x = match([log, [abs, [det, "x"]]], y)?.x;
      return x ? slogdet(x)[1] : null;
    },
  ),
  ruleAt(
    "log_det",
    [log],
    {
      equation: "log(det(x)) → where(sign < 0, NaN, s), [sign, s] = slogdet(x)",
    },
    (y) => {
      const x = match([log, [det, "x"]], y)?.x;
      if (!x) return null;
      const [sign, size] = slogdet(x);
      return where(lt(sign, 0), NaN, size);
    },
  ),
];

/** The matrix of which v, or its transpose, is the inverse, if nothing else needs that. */
function inverted(
  v: Variable,
  clients: Surroundings["clients"],
): Variable | null {
  const turned = transposeOf(v), x = match([inv, "x"], turned ?? v)?.x;
  if (!x || x.ndim !== 2) return null;
  if (clients(v) > 1 || turned && clients(turned) > 1) return null;
  return turned ? transpose(x) : x;
}

function triangle(v: Variable): Triangle | null {
  const x = transposeOf(v), of = x ?? v;
  if (of.owner?.op !== cholesky.op) return null;
  const { lower } = of.owner.params as { readonly lower: boolean };
  return { of, lower, turned: x !== null };
}
