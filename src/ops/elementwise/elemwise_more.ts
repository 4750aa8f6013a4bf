/** Elementwise functions that are graphs of others, and second names. */
import { isFloat } from "../../graph/dtype.ts";
import { type Defaults, withDefaults } from "../../graph/options.ts";
import type { Variable } from "../../graph/variable.ts";
import { asVariable, asVariables, type Operand } from "../define.ts";
import {
  add,
  cast,
  div,
  intDiv,
  maximum,
  minimum,
  mod,
  pow,
  roundHalfAwayFromZero,
  roundHalfToEven,
  second,
  sign,
  sqr,
} from "./elemwise.ts";
import { eq, isnan, neq, where } from "./elemwise_logic.ts";
import { xlog1py0, xlogy0 } from "./elemwise_special.ts";
import type { Binary, Unary } from "./scalar.ts";

/** div, which of integers too is the whole quotient. */
export const trueDiv: Binary = div;

/** pow, under NumPy's name. */
export const power: Binary = pow;

/** sqr, under NumPy's name. */
export const square: Unary = sqr;

/** sign, under Theano's name. */
export const sgn: Unary = sign;

/** second, under Theano's name: y in the shape of x. */
export const fill: Binary = second;

/** xlogy0, under SciPy's name. */
export const xlogy: Binary = xlogy0;

/** xlog1py0, under SciPy's name. */
export const xlog1py: Binary = xlog1py0;

/** The least whole number that is no less than x / y. */
export function ceilIntdiv(x: Operand, y: Operand): Variable {
  const [a, b] = asVariables([x, y]) as [Variable, Variable];
  const floor = intDiv(a, b);
  return add(floor, cast(neq(mod(a, b), 0), floor.dtype));
}

/**
 * The floor of x / y, and the remainder.
 *
 * ```ts
 * import { divmod, function as compile, lscalar } from "damo";
 * const x = lscalar("x");
 * console.log(compile([x], divmod(x, 5))(-7)); // [ -2, 3 ]
 * ```
 */
export function divmod(
  x: Operand,
  y: Operand,
): [quotient: Variable, remainder: Variable] {
  return [intDiv(x, y), mod(x, y)];
}

/** How `iround` treats halves. */
export interface RoundOptions {
  /** Whole numbers that halves become: the even ones (as Theano has it by default), or those farther from 0. */
  readonly mode?: "half_to_even" | "half_away_from_zero";
}

/** The nearest whole number, as int64. */
export function iround(x: Operand, options: RoundOptions = {}): Variable {
  const { mode } = withDefaults<RoundOptions, Defaults<RoundOptions>>(
    "apply iround",
    options,
    { mode: "half_to_even" },
  );
  const round = mode === "half_to_even"
    ? roundHalfToEven
    : roundHalfAwayFromZero;
  return cast(round(x), "int64");
}

/** True for ∞. */
export function isposinf(x: Operand): Variable {
  return infinite(x, Infinity);
}

/** True for -∞. */
export function isneginf(x: Operand): Variable {
  return infinite(x, -Infinity);
}

function infinite(x: Operand, value: number): Variable {
  const v = asVariable(x);
  return isFloat(v.dtype) ? eq(v, value) : neq(v, v);
}

/** What stands for values that are no finite numbers. */
export interface NanToNumOptions {
  /** For NaN; 0 unless given. */
  readonly nan?: Operand;
  /** For ∞; the largest number of the dtype unless given. */
  readonly posinf?: Operand;
  /** For -∞; the smallest number of the dtype unless given. */
  readonly neginf?: Operand;
}

/** The largest finite numbers. */
const LARGEST: { readonly [dtype: string]: number } = {
  float16: 65504,
  float32: 3.4028234663852886e38,
  float64: Number.MAX_VALUE,
};

/** x with finite numbers in the place of NaN and infinities; integers stay. Its gradient there is 0. */
export function nanToNum(
  x: Operand,
  options: NanToNumOptions = {},
): Variable {
  const v = asVariable(x), largest = LARGEST[v.dtype];
  const { nan, posinf, neginf } = withDefaults("apply nanToNum", options, {
    nan: 0 as Operand,
    posinf: largest as Operand | undefined,
    neginf: largest && -largest as Operand | undefined,
  });
  if (largest === undefined) return v;
  const as = (y: Operand | undefined) => cast(asVariable(y!, v.dtype), v.dtype);
  return where(
    isnan(v),
    as(nan),
    where(
      isposinf(v),
      as(posinf),
      where(isneginf(v), as(neginf), v),
    ),
  );
}

/** The smallest of some operands, elementwise. RangeError: none is given. */
export function smallest(...operands: readonly Operand[]): Variable {
  return extreme("smallest", minimum, operands);
}

/** The largest of some operands, elementwise. RangeError: none is given. */
export function largest(...operands: readonly Operand[]): Variable {
  return extreme("largest", maximum, operands);
}

function extreme(
  name: string,
  f: Binary,
  operands: readonly Operand[],
): Variable {
  if (operands.length === 0) {
    throw new RangeError(`Cannot apply ${name}: no operand is given`);
  }
  return asVariables(operands).reduce((a, b) => f(a, b));
}
