/** Statistics over axes: graphs of reductions. */
import { withDefaults } from "../../graph/options.ts";
import { config } from "../../graph/config.ts";
import { type Dtype, isFloat } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { asVariable, type Operand } from "../define.ts";
import {
  abs,
  add,
  cast,
  div,
  exp,
  intDiv,
  log,
  mul,
  pow,
  sqr,
  sqrt,
  sub,
} from "../elementwise/elemwise.ts";
import {
  type CloseOptions,
  invert,
  isclose,
  isfinite,
  isnan,
  neq,
  where,
} from "../elementwise/elemwise_logic.ts";
import { moveaxis } from "../shape/dimshuffle.ts";
import { sort } from "../order/sort.ts";
import { at } from "../indexing/at.ts";
import {
  all,
  axesOf,
  type Axis,
  max,
  min,
  prod,
  REDUCE,
  type ReduceOptions,
  restoreAxes,
  SUM,
  sum,
  type SumOptions,
} from "./reduce.ts";
import { productOf } from "../shape/length_graph.ts";
import { flatten } from "../shape/reshape.ts";
import { lengthsOf, shapeAt } from "../shape/shape.ts";

/** How many elements of x one of a reduction over `axis` is made of. */
function countOf(x: Variable, axis?: Axis): number | Variable {
  const lengths = lengthsOf(x);
  return productOf(axesOf("mean", axis, x.ndim).map((a) => lengths[a]!));
}

function meanDtype(x: Variable, dtype?: Dtype): Dtype {
  return dtype ?? (isFloat(x.dtype) ? x.dtype : config.floatX);
}

/** The arithmetic mean over axes, a float; NaN of nothing. */
export function mean(x: Operand): Variable<0>;
/** The same over some axes. */
export function mean(x: Operand, options: SumOptions): Variable;
export function mean(x: Operand, given: SumOptions = {}): Variable {
  const options = withDefaults("apply mean", given, SUM);
  const v = asVariable(x),
    dtype = meanDtype(v, options.dtype),
    // A sum of float16 leaves its range where the mean does not.
    sums = dtype === "float16" ? "float32" : dtype,
    count = countOf(v, options.axis);
  const y = div(
    sum(v, { ...options, dtype: sums }),
    typeof count === "number" ? count : cast(count, sums),
  );
  return sums === dtype ? y : cast(y, dtype);
}

/** How var_ and std estimate. */
export interface VarOptions extends ReduceOptions {
  /** Degrees of freedom taken from the count: 0 unless given. */
  readonly ddof?: number;
}

/** The mean squared distance from the mean over axes. */
export function var_(x: Operand): Variable<0>;
/** The same over some axes. */
export function var_(x: Operand, options: VarOptions): Variable;
export function var_(
  x: Operand,
  given: VarOptions = {},
): Variable {
  return variance("var", x, given);
}

function variance(name: string, x: Operand, given: VarOptions): Variable {
  const { ddof, ...options } = withDefaults(`apply ${name}`, given, {
    ...REDUCE,
    ddof: 0,
  });
  const v = asVariable(x),
    dtype = meanDtype(v),
    count = countOf(v, options.axis);
  const squares = sum(
    sqr(sub(v, mean(v, { axis: options.axis, keepdims: true }))),
    options,
  );
  return div(
    squares,
    typeof count === "number" ? count - ddof : cast(sub(count, ddof), dtype),
  );
}

/** The square root of the variance over axes. */
export function std(x: Operand): Variable<0>;
/** The same over some axes. */
export function std(x: Operand, options: VarOptions): Variable;
export function std(x: Operand, options: VarOptions = {}): Variable {
  return sqrt(variance("std", x, options));
}

/** Which norm of vectors. */
export interface VectorNormOptions extends ReduceOptions {
  /** The exponent, 2 unless given; Infinity the largest, -Infinity the smallest size, 0 how many are not 0. */
  readonly ord?: number;
}

/** The norm of all elements as one vector, or of those along axes: (Σ |x|^ord)^(1/ord). */
export function vectorNorm(
  x: Operand,
  given: VectorNormOptions = {},
): Variable {
  const { ord, ...options } = withDefaults("apply vectorNorm", given, {
    ord: 2,
    ...REDUCE,
  });
  const v = asVariable(x);
  switch (ord) {
    case 0:
      return cast(sum(neq(v, 0), options), meanDtype(v));
    case 1:
      return sum(abs(v), options);
    case 2:
      return sqrt(sum(sqr(v), options));
    case Infinity:
      return max(abs(v), options);
    case -Infinity:
      return min(abs(v), options);
    default:
      return pow(sum(pow(abs(v), ord), options), 1 / ord);
  }
}

/** max - min over axes. */
export function ptp(x: Operand): Variable<0>;
/** The same over some axes. */
export function ptp(x: Operand, options: ReduceOptions): Variable;
export function ptp(x: Operand, given: ReduceOptions = {}): Variable {
  const v = asVariable(x), options = withDefaults("apply ptp", given, REDUCE);
  return sub(max(v, options), min(v, options));
}

/** How to find what lies in the middle. */
export interface MedianOptions {
  /** All axes as one vector unless given. */
  readonly axis?: number;
  /** The axis stays, with length 1. */
  readonly keepdims?: boolean;
}

/** The element in the middle of all, or the mean of the two there, a float; NaN if one is, and of nothing. */
export function median(x: Operand): Variable<0>;
/** The same along an axis. */
export function median(x: Operand, options: MedianOptions): Variable;
export function median(
  x: Operand,
  options: MedianOptions = {},
): Variable {
  const { axis, keepdims } = withDefaults(
    "apply median",
    options,
    REDUCE,
  );
  const given = asVariable(x),
    v = axis === undefined ? flatten(given) : moveaxis(given, axis, -1);
  const ordered = sort(cast(v, meanDtype(v)));
  const n = shapeAt(ordered, -1),
    high = intDiv(n, 2),
    low = intDiv(sub(n, 1), 2);
  const place = (i: Operand) => at(ordered, "...", asVariable(i));
  // NaN stands last.
  const last = place(sub(n, 1)),
    y = where(isnan(last), last, mul(0.5, add(place(low), place(high))));
  return keepdims ? restoreAxes(y, axesOf("median", axis, given.ndim)) : y;
}

/** The sum over axes of what is not NaN. */
export function nansum(x: Operand, options: SumOptions = {}): Variable {
  return sum(withoutNan(x, 0), withDefaults("apply nansum", options, SUM));
}

/** The product over axes of what is not NaN. */
export function nanprod(x: Operand, options: SumOptions = {}): Variable {
  return prod(withoutNan(x, 1), withDefaults("apply nanprod", options, SUM));
}

/** The mean over axes of what is not NaN; NaN where that is nothing. */
export function nanmean(x: Operand, given: ReduceOptions = {}): Variable {
  const v = asVariable(x),
    options = withDefaults("apply nanmean", given, REDUCE);
  return div(
    nansum(v, { ...options, dtype: meanDtype(v) }),
    cast(sum(invert(isnan(v)), options), meanDtype(v)),
  );
}

/** The largest element over axes that is not NaN; NaN where there is none. */
export function nanmax(x: Operand, options: ReduceOptions = {}): Variable {
  return extremeOf(
    max,
    -Infinity,
    x,
    withDefaults("apply nanmax", options, REDUCE),
  );
}

/** The smallest element over axes that is not NaN; NaN where there is none. */
export function nanmin(x: Operand, options: ReduceOptions = {}): Variable {
  return extremeOf(
    min,
    Infinity,
    x,
    withDefaults("apply nanmin", options, REDUCE),
  );
}

function withoutNan(x: Operand, instead: number): Variable {
  const v = asVariable(x);
  return isFloat(v.dtype) ? where(isnan(v), instead, v) : v;
}

function extremeOf(
  f: typeof max,
  least: number,
  x: Operand,
  options: ReduceOptions,
): Variable {
  const v = asVariable(x);
  return isFloat(v.dtype)
    ? where(all(isnan(v), options), NaN, f(withoutNan(v, least), options))
    : f(v, options);
}

/** True if all elements are close; see `isclose`. */
export function allclose(
  x: Operand,
  y: Operand,
  options: CloseOptions = {},
): Variable<0> {
  return all(isclose(x, y, options));
}

/** log Σ e^x over axes, without overflow: m + log Σ e^(x - m) with m = max(x), or 0 where that is infinite. */
export function logsumexp(x: Operand): Variable<0>;
/** The same over some axes. */
export function logsumexp(x: Operand, options: ReduceOptions): Variable;
export function logsumexp(
  x: Operand,
  options: ReduceOptions = {},
): Variable {
  const { axis, keepdims } = withDefaults("apply logsumexp", options, REDUCE);
  const v = asVariable(x), axes = axesOf("logsumexp", axis, v.ndim);
  const largest = max(v, { axis: axes }),
    m = where(isfinite(largest), largest, 0);
  const y = add(m, log(sum(exp(sub(v, restoreAxes(m, axes))), { axis: axes })));
  return keepdims ? restoreAxes(y, axes) : y;
}
