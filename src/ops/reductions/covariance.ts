/** Covariances between variables that matrices hold by rows. */
import { isInteger } from "../../graph/dtype.ts";
import { withDefaults } from "../../graph/options.ts";
import type { Variable } from "../../graph/variable.ts";
import { asVariable, type Operand } from "../define.ts";
import { cast, div, maximum, mul, sub } from "../elementwise/elemwise.ts";
import { floating } from "../elementwise/scalar.ts";
import { dot } from "../products/dot.ts";
import { atleast2d, transpose } from "../shape/dimshuffle.ts";
import { join } from "../shape/join.ts";
import { shapeAt } from "../shape/shape.ts";
import { sum } from "./reduce.ts";

/** What `cov` takes besides the observations, as NumPy does. */
export interface CovOptions {
  /** More variables, in the form of the first. */
  readonly y?: Operand;
  /** Rows are variables and columns observations; else the other way. True unless given. */
  readonly rowvar?: boolean;
  /** Divides by the number of observations instead of one less. */
  readonly bias?: boolean;
  /** What is subtracted from the number of observations, whatever `bias` says. */
  readonly ddof?: number;
  /** How often each observation occurs: integers. */
  readonly fweights?: Operand;
  /** How much each observation counts. */
  readonly aweights?: Operand;
}

/**
 * The matrix of covariances between the rows of x, whose columns are
 * observations. TypeError: more than two axes, or `fweights` that are no integers.
 *
 * ```ts
 * import { cov, function as compile, matrix } from "damo";
 * const x = matrix("x");
 * console.log(compile([x], cov(x))([[0, 1, 2], [2, 1, 0]]).toArray()); // [ [ 1, -1 ], [ -1, 1 ] ]
 * ```
 */
export function cov(x: Operand, options: CovOptions = {}): Variable<2> {
  const { y, rowvar, bias, fweights, aweights, ddof: given } = withDefaults(
    "apply cov",
    options,
    {
      rowvar: true,
      bias: false,
      y: undefined,
      ddof: undefined,
      fweights: undefined,
      aweights: undefined,
    },
  );
  const ddof = given ?? (bias ? 0 : 1);
  const parts = (y === undefined ? [x] : [x, y]).map((part) => {
    const v = asVariable(part);
    if (v.ndim > 2) {
      throw new TypeError(
        `Cannot apply cov: expected at most 2 axes, got ${v.ndim}`,
      );
    }
    const m = atleast2d(cast(v, floating(v.dtype)));
    return rowvar || v.ndim < 2 ? m : transpose(m);
  });
  const m = parts.length > 1 ? join(0, ...parts) : parts[0]!;
  const f = fweights === undefined ? null : asVariable(fweights);
  if (f && !isInteger(f.dtype)) {
    throw new TypeError(
      `Cannot apply cov: fweights are ${f.dtype}; expected integers, as in cast(fweights, "int64")`,
    );
  }
  const counts = f && cast(f, m.dtype),
    weights = aweights === undefined
      ? null
      : cast(asVariable(aweights), m.dtype);
  const w = counts && weights ? mul(counts, weights) : counts ?? weights;
  const total = w ? sum(w) : cast(shapeAt(m, 1), m.dtype);
  const lost = weights && ddof !== 0
    ? mul(ddof, div(sum(mul(w!, weights)), total))
    : ddof;
  const mean = div(
    sum(w ? mul(m, w) : m, { axis: 1, keepdims: true }),
    total,
  );
  const off = sub(m, mean), weighted = w ? mul(off, w) : off;
  // As NumPy has it: too few observations give infinities, with no sign from below 0.
  return div(
    dot(off, transpose(weighted)),
    maximum(sub(total, lost), 0),
  ) as Variable<2>;
}
