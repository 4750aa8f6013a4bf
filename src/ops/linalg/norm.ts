/** Norms of vectors and of matrices. */
import { withDefaults } from "../../graph/options.ts";
import type { Variable } from "../../graph/variable.ts";
import { asVariable, type Operand } from "../define.ts";
import { moveaxis } from "../shape/dimshuffle.ts";
import { abs } from "../elementwise/elemwise.ts";
import {
  axesOf,
  max,
  min,
  REDUCE,
  type ReduceOptions,
  restoreAxes,
  sum,
} from "../reductions/reduce.ts";
import { vectorNorm } from "../reductions/statistics.ts";
import { svdvals } from "./svd.ts";

/** Which norm, and over which axes. */
export interface NormOptions extends ReduceOptions {
  /**
   * Of vectors the exponent: (Σ |x|^ord)^(1/ord), Infinity the largest size,
   * -Infinity the smallest, 0 how many are not 0. Of matrices 1, Infinity (the
   * largest sum of sizes in a column, in a row), 2 (the largest singular
   * value), "nuc" (their sum) or "fro" (the root of all squares); -1,
   * -Infinity and -2 the smallest of each. Unless given it is the root of the
   * sum of all squares.
   */
  readonly ord?: number | "fro" | "nuc";
}

/** The root of the sum of all squares. */
export function norm(x: Operand): Variable<0>;
/**
 * Norms of vectors along one axis, or of matrices over two: over all axes
 * unless told otherwise, as NumPy has it.
 *
 * RangeError: no such norm, or no such axes.
 *
 * ```ts
 * import { function as compile, matrix, norm } from "damo";
 * const x = matrix("x"), f = compile([x], [norm(x), norm(x, { ord: 1 })]);
 * console.log(f([[3, 0], [0, 4]])); // [ 5, 4 ]
 * ```
 */
export function norm(x: Operand, options: NormOptions): Variable;
export function norm(
  x: Operand,
  options: NormOptions = {},
): Variable {
  const { axis, ord, keepdims } = withDefaults("apply norm", options, {
    ...REDUCE,
    ord: undefined,
  });
  const v = asVariable(x), axes = axesOf("norm", axis, v.ndim);
  if (ord === undefined) return vectorNorm(v, { axis: axes, keepdims });
  if (axes.length < 2 && typeof ord === "number") {
    return vectorNorm(v, { axis: axes, keepdims, ord });
  }
  if (axes.length !== 2) throw noNorm(ord, axes.length);
  const y = matrixNorm(
    v,
    ord,
    [axis ?? axes].flat().map((a) => a < 0 ? a + v.ndim : a) as [
      number,
      number,
    ],
  );
  return keepdims ? restoreAxes(y, axes) : y;
}

function noNorm(ord: unknown, axes: number): RangeError {
  return new RangeError(
    `Cannot apply norm: ord ${ord} of ${axes} axes; of one it is a number, of two 1, -1, 2, -2, Infinity, -Infinity, "fro" or "nuc"`,
  );
}

function matrixNorm(
  x: Variable,
  ord: number | "fro" | "nuc",
  [down, right]: readonly [number, number],
): Variable {
  const best = Number(ord) > 0 ? max : min;
  const ofSums = (over: number, rest: number) =>
    best(sum(abs(x), { axis: over }), {
      axis: rest > over ? rest - 1 : rest,
    });
  const ofSingular = () => svdvals(moveaxis(x, [down, right], [-2, -1]));
  switch (ord) {
    case 1:
    case -1:
      return ofSums(down, right);
    case Infinity:
    case -Infinity:
      return ofSums(right, down);
    case 2:
    case -2:
      return best(ofSingular(), { axis: -1 });
    case "nuc":
      return sum(ofSingular(), { axis: -1 });
    case "fro":
      return vectorNorm(x, { axis: [down, right] });
    default:
      throw noNorm(ord, 2);
  }
}
