/** How accurate each special function is: what its documentation says, in numbers. */

import { gammaln } from "../ops/elementwise/special_gamma.ts";
import type { Known } from "./special_values.ts";

/** How far results may be from the value, in units of its last place. */
export interface Accuracy {
  /** In float64. */
  readonly ulp: number;
  /** In float32. */
  readonly ulp32: number;
  /** The last place is that of the larger of the value and this, where the value itself may vanish. */
  readonly scale?: (...x: number[]) => number;
  /** What `ulp` is multiplied by, where rounding of operands counts more. */
  readonly growth?: (value: number, ...x: number[]) => number;
}

/** Computed in float64 and rounded once. */
const ROUNDED = 0.51;

const one = () => 1;
const amplitude = (x: number) => Math.sqrt(2 / (Math.PI * Math.abs(x)));
const logarithm = (value: number) => 1 + Math.abs(Math.log(value));
const logarithmOfPart = (value: number, k: number) =>
  1 + Math.abs(Math.log(value) - gammaln(k));
const inverse = (_: number, a: number) => 1 + 1 / a;

/** By the name of the function. */
export const PROMISES: { readonly [name: string]: Accuracy } = {
  gamma: { ulp: 8, ulp32: ROUNDED },
  gammaln: {
    ulp: 10,
    ulp32: ROUNDED,
    scale: (x) => x > 0 ? 0 : Math.max(1, -x),
  },
  // Near a pole, the distance from it is what x says of it.
  psi: {
    ulp: 10,
    ulp32: ROUNDED,
    scale: (x) =>
      x > 0 ? 0 : Math.max(1, Math.abs(Math.PI / Math.tan(Math.PI * x))),
  },
  triGamma: { ulp: 5, ulp32: ROUNDED },
  polygamma: { ulp: 48, ulp32: ROUNDED },
  factorial: { ulp: 8, ulp32: ROUNDED },
  beta: { ulp: 8, ulp32: ROUNDED, growth: logarithm },
  betaln: { ulp: 8, ulp32: ROUNDED, scale: one },
  erfcx: { ulp: 8, ulp32: ROUNDED },
  erfinv: { ulp: 4, ulp32: ROUNDED },
  erfcinv: { ulp: 4, ulp32: ROUNDED },
  i0: { ulp: 6, ulp32: ROUNDED },
  i1: { ulp: 6, ulp32: ROUNDED },
  j0: { ulp: 8, ulp32: ROUNDED, scale: amplitude },
  j1: { ulp: 8, ulp32: ROUNDED, scale: amplitude },
  iv: { ulp: 64, ulp32: ROUNDED },
  jv: { ulp: 128, ulp32: ROUNDED, scale: (_, x) => amplitude(x) },
  gammainc: { ulp: 16, ulp32: ROUNDED, growth: logarithm },
  gammaincc: { ulp: 16, ulp32: ROUNDED, growth: logarithm },
  gammaincinv: { ulp: 32, ulp32: ROUNDED, growth: inverse },
  gammainccinv: { ulp: 32, ulp32: ROUNDED, growth: inverse },
  gammal: { ulp: 16, ulp32: 2, growth: logarithmOfPart },
  gammau: { ulp: 16, ulp32: 2, growth: logarithmOfPart },
  chi2sf: { ulp: 16, ulp32: ROUNDED, growth: logarithm },
  betainc: {
    ulp: 16,
    ulp32: ROUNDED,
    scale: (a, b, x) => x < (a! + 1) / (a! + b! + 2) ? 0 : 1,
    growth: logarithm,
  },
  betaincinv: { ulp: 48, ulp32: ROUNDED, growth: inverse },
  xlogx: { ulp: 2, ulp32: 2 },
  xlogy0: { ulp: 2, ulp32: 2 },
  xlog1py0: { ulp: 2, ulp32: 2 },
  log1mexp: { ulp: 2, ulp32: 2 },
  logit: { ulp: 2, ulp32: 2, scale: one },
  sinc: { ulp: 2, ulp32: 2, scale: one },
  logaddexp: { ulp: 2, ulp32: 2, scale: one },
};

/** How far a result is from the value, and how far it may be, in units of the last place. */
export interface Off {
  readonly ulp: number;
  readonly allowed: number;
}

/** What a result of float64 is off by. */
export function errorOf(
  name: string,
  found: number,
  { x, value, rest }: Known,
): Off {
  const { ulp, scale, growth } = PROMISES[name]!;
  const unit = lastPlace(Math.max(Math.abs(value), scale?.(...x) ?? 0), 52);
  const missing = rest * lastPlace(value, 52) / unit;
  return {
    ulp: Math.abs((found - value) / unit - missing),
    allowed: ulp * (growth?.(Math.abs(value), ...x) ?? 1),
  };
}

/** What a result of float32 is off by, where float64 gives `value`. */
export function narrowErrorOf(
  name: string,
  found: number,
  { x, value }: Pick<Known, "x" | "value">,
): Off {
  const { ulp32, scale } = PROMISES[name]!;
  const unit = lastPlace(Math.max(Math.abs(value), scale?.(...x) ?? 0), 23);
  return { ulp: Math.abs(found - value) / unit, allowed: ulp32 };
}

/** The last place of a number with so many bits behind the point. */
function lastPlace(x: number, bits: number): number {
  return 2 ** (Math.floor(Math.log2(Math.abs(x))) - bits);
}
