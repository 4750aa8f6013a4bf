/** Special functions as elementwise ops: gamma, error and Bessel functions with their relatives. */
import type { Variable } from "../../graph/variable.ts";
import {
  asVariable,
  type Operand,
  type X,
  type XY,
  type XYZ,
} from "../define.ts";
import {
  add,
  cast,
  div,
  exp,
  expm1,
  log,
  log1p,
  mul,
  neg,
  sin,
  sqr,
  sub,
} from "./elemwise.ts";
import { eq, where } from "./elemwise_logic.ts";
import {
  type Binary,
  binary,
  calls,
  floating,
  type Row,
  type Ternary,
  ternary,
  type Unary,
  unary,
} from "./scalar.ts";
import * as bessel from "./special_bessel.ts";
import * as errors from "./special_error.ts";
import * as gammas from "./special_gamma.ts";
import * as incomplete from "./special_incomplete.ts";
import * as inverses from "./special_inverse.ts";

/** The part of a row that every function of csrc/special_math.h shares. */
function special<A extends readonly Operand[] = X>(
  name: string,
  f: Row<A>["eval"],
): Pick<Row<A>, "dtype" | "eval" | "c"> {
  return { dtype: floating, eval: f, c: calls(`special_${name}`) };
}

/** Γ(x): (x - 1)! for whole numbers; NaN at negative whole numbers. Within 8 ulp for |x| up to 170. */
export const gamma: Unary = unary("gamma", {
  ...special("gamma", gammas.gamma),
  partials: ([x], y) => [mul(y, psi(x))],
});

/** log |Γ(x)|; infinite at 0 and at negative whole numbers. Within 10 ulp for x > 0, below 0 within 10 ulp of the larger of |x| and 1. */
export const gammaln: Unary = unary("gammaln", {
  ...special("gammaln", gammas.gammaln),
  partials: ([x]) => [psi(x)],
});

/** The derivative of log |Γ(x)|; NaN at negative whole numbers. Within 10 ulp for x > 0, below 0 within 10 ulp of |π / tan(πx)| where that is larger. */
export const psi: Unary = unary("psi", {
  ...special("digamma", gammas.digamma),
  partials: ([x]) => [triGamma(x)],
});

/** psi, under its other name. */
export const digamma: Unary = psi;

/** The second derivative of log |Γ(x)|; infinite at 0 and negative whole numbers. Within 5 ulp. */
export const triGamma: Unary = unary("triGamma", {
  ...special("trigamma", gammas.trigamma),
  partials: ([x]) => [polygamma(2, x)],
});

/** The derivative of order n + 1 of log |Γ(x)|: psi for n = 0. NaN for x < 0 from n = 2 on. Within 48 ulp for n up to 10. No gradient flows to n. */
export const polygamma: Binary = binary("polygamma", {
  ...special<XY>("polygamma", gammas.polygamma),
  partials: ([n, x]) => [null, polygamma(add(n, 1), x)],
  connects: [[false], [true]],
});

/** e^x² erfc(x): what is left of erfc in its right tail. Within 8 ulp. */
export const erfcx: Unary = unary("erfcx", {
  ...special("erfcx", errors.erfcx),
  partials: ([x], y) => [sub(mul(mul(2, x), y), 2 / Math.sqrt(Math.PI))],
});

/** The inverse of erf; NaN outside [-1, 1]. Within 4 ulp. */
export const erfinv: Unary = unary("erfinv", {
  ...special("erfinv", errors.erfinv),
  partials: (_, y) => [mul(Math.sqrt(Math.PI) / 2, exp(sqr(y)))],
});

/** The inverse of erfc; NaN outside [0, 2]. Within 4 ulp. */
export const erfcinv: Unary = unary("erfcinv", {
  ...special("erfcinv", errors.erfcinv),
  partials: (_, y) => [mul(-Math.sqrt(Math.PI) / 2, exp(sqr(y)))],
});

/** The Bessel function of the first kind, order 0. Within 8 ulp of the larger of its value and √(2 / (π |x|)), for |x| up to 1000. */
export const j0: Unary = unary("j0", {
  ...special("j0", bessel.j0),
  partials: ([x]) => [neg(j1(x))],
});

/** The Bessel function of the first kind, order 1. Within 8 ulp of the larger of its value and √(2 / (π |x|)), for |x| up to 1000. */
export const j1: Unary = unary("j1", {
  ...special("j1", bessel.j1),
  partials: ([x]) => [mul(0.5, sub(j0(x), jv(2, x)))],
});

/** The Bessel function of the first kind of real order v; NaN for x < 0 unless v is whole. Within 128 ulp of the larger of its value and √(2 / (π x)), for orders up to 30 and x up to 1000. No gradient flows to v. */
export const jv: Binary = binary("jv", {
  ...special<XY>("jv", bessel.jv),
  partials: (
    [v, x],
  ) => [null, mul(0.5, sub(jv(sub(v, 1), x), jv(add(v, 1), x)))],
  connects: [[false], [true]],
});

/** The modified Bessel function of the first kind, order 0. Within 6 ulp. */
export const i0: Unary = unary("i0", {
  ...special("i0", bessel.i0),
  partials: ([x]) => [i1(x)],
});

/** The modified Bessel function of the first kind, order 1. Within 6 ulp. */
export const i1: Unary = unary("i1", {
  ...special("i1", bessel.i1),
  partials: ([x]) => [mul(0.5, add(i0(x), iv(2, x)))],
});

/** The modified Bessel function of the first kind of real order v; NaN for x < 0 unless v is whole. Within 64 ulp for orders up to 30. No gradient flows to v. */
export const iv: Binary = binary("iv", {
  ...special<XY>("iv", bessel.iv),
  partials: (
    [v, x],
  ) => [null, mul(0.5, add(iv(sub(v, 1), x), iv(add(v, 1), x)))],
  connects: [[false], [true]],
});

/** The part of Γ(a) = ∫ t^(a-1) e^-t dt that comes from t below x. NaN for negative a or x. Within 16 ulp, times 1 + |log y| for a result y, for a from 0.001 to 1000. No gradient flows to a. */
export const gammainc: Binary = binary("gammainc", {
  ...special<XY>("gammainc", incomplete.gammainc),
  partials: ([a, x]) => [null, gammaDensity(a, x)],
  connects: [[false], [true]],
});

/** The part of Γ(a) that comes from t above x: 1 - `gammainc`, with all digits. NaN for negative a or x. Within 16 ulp, times 1 + |log y| for a result y, for a from 0.001 to 1000. No gradient flows to a. */
export const gammaincc: Binary = binary("gammaincc", {
  ...special<XY>("gammaincc", incomplete.gammaincc),
  partials: ([a, x]) => [null, neg(gammaDensity(a, x))],
  connects: [[false], [true]],
});

/** x^(a - 1) e^-x / Γ(a). */
function gammaDensity(a: Variable, x: Variable): Variable {
  return exp(sub(sub(xlogy0(sub(a, 1), x), x), gammaln(a)));
}

/** The integral over t from 0 to x of t^(a-1) (1 - t)^(b-1), of that to 1. NaN unless a and b are positive and x is from 0 to 1. Within 16 ulp, times 1 + |log y| for a result y; of 1 for x beyond (a + 1) / (a + b + 2); for a and b from 0.01 to 1000. No gradient flows to a and b. */
export const betainc: Ternary = ternary("betainc", {
  ...special<XYZ>("betainc", incomplete.betainc),
  partials: ([a, b, x]) => [null, null, betaDensity(a, b, x)],
  connects: [[false], [false], [true]],
});

/** x^(a - 1) (1 - x)^(b - 1) / B(a, b). */
function betaDensity(a: Variable, b: Variable, x: Variable): Variable {
  const powers = add(xlogy0(sub(a, 1), x), xlog1py0(sub(b, 1), neg(x)));
  return exp(sub(powers, betaln(a, b)));
}

/** The x below which a part p of Γ(a) lies: the inverse of `gammainc` in its second operand. NaN unless a is positive and p is from 0 to 1. Within 32 ulp, times 1 + 1 / a, for a from 0.01 to 1000. No gradient flows to a. */
export const gammaincinv: Binary = binary("gammaincinv", {
  ...special<XY>("gammaincinv", inverses.gammaincinv),
  partials: ([a], x) => [null, (t) => div(t, gammaDensity(a, x))],
  connects: [[false], [true]],
});

/** The x above which a part q of Γ(a) lies: the inverse of `gammaincc` in its second operand, for tails that `gammaincinv` cannot name. NaN unless a is positive and q is from 0 to 1. Within 32 ulp, times 1 + 1 / a, for a from 0.01 to 1000. No gradient flows to a. */
export const gammainccinv: Binary = binary("gammainccinv", {
  ...special<XY>("gammainccinv", inverses.gammainccinv),
  partials: ([a], x) => [null, (t) => neg(div(t, gammaDensity(a, x)))],
  connects: [[false], [true]],
});

/** The x below which a part p of the beta function's integral lies: the inverse of `betainc` in its third operand. NaN unless a and b are positive and p is from 0 to 1. Within 48 ulp, times 1 + 1 / a, for a and b from 0.03 to 1000. No gradient flows to a and b. */
export const betaincinv: Ternary = ternary("betaincinv", {
  ...special<XYZ>("betaincinv", inverses.betaincinv),
  partials: ([a, b], x) => [
    null,
    null,
    (t) => div(t, betaDensity(a, b, x)),
  ],
  connects: [[false], [false], [true]],
});

/** log |Γ(a) Γ(b) / Γ(a + b)|. Within 8 ulp of the larger of itself and 1, for positive a and b. */
export const betaln: Binary = binary("betaln", {
  ...special<XY>("betaln", gammas.betaln),
  partials: ([a, b]) => {
    const both = psi(add(a, b));
    return [sub(psi(a), both), sub(psi(b), both)];
  },
  commutative: true,
});

/** Γ(a) Γ(b) / Γ(a + b), for positive a and b. Within 8 ulp, times 1 + |log y| for a result y. */
export const beta: Binary = binary("beta", {
  ...special<XY>("beta", gammas.beta),
  partials: ([a, b], y) => {
    const both = psi(add(a, b));
    return [mul(y, sub(psi(a), both)), mul(y, sub(psi(b), both))];
  },
  commutative: true,
});

/** How likely a number of the chi-square distribution with k degrees of freedom exceeds x. Within 16 ulp, times 1 + |log y| for a result y, for k from 0.002 to 2000. No gradient flows to k. */
export function chi2sf(x: Operand, k: Operand): Variable {
  return gammaincc(mul(0.5, asFloat(k)), mul(0.5, asFloat(x)));
}

/** The part of Γ(k) below x, not divided by Γ(k). Within 16 ulp, times 1 + |log p| for a part p of the whole, for k up to 100. */
export function gammal(k: Operand, x: Operand): Variable {
  return mul(gammainc(k, x), gamma(k));
}

/** The part of Γ(k) above x, not divided by Γ(k). Within 16 ulp, times 1 + |log p| for a part p of the whole, for k up to 100. */
export function gammau(k: Operand, x: Operand): Variable {
  return mul(gammaincc(k, x), gamma(k));
}

/** Γ(n + 1), n! for whole numbers. Within 8 ulp for those up to 170. */
export function factorial(n: Operand): Variable {
  return gamma(add(asFloat(n), 1));
}

/** x log x; 0 at 0. Within 2 ulp. */
export const xlogx: Unary = unary("xlogx", {
  dtype: floating,
  eval: (x) => x === 0 ? 0 : x * Math.log(x),
  c: ([x], dtype) => `(${x} == 0 ? 0 : ${x} * ${calls("log")([x], dtype)})`,
  partials: ([x]) => [add(1, log(x))],
});

/** x log y; 0 where x is 0. Within 2 ulp. */
export const xlogy0: Binary = binary("xlogy0", {
  dtype: floating,
  eval: (x, y) => x === 0 ? 0 : x * Math.log(y),
  c: ([x, y], dtype) => `(${x} == 0 ? 0 : ${x} * ${calls("log")([y], dtype)})`,
  partials: ([x, y]) => [(t) => mul(t, log(y)), (t) => div(mul(t, x), y)],
});

/** x log(1 + y); 0 where x is 0. Within 2 ulp. */
export const xlog1py0: Binary = binary("xlog1py0", {
  dtype: floating,
  eval: (x, y) => x === 0 ? 0 : x * Math.log1p(y),
  c: ([x, y], dtype) =>
    `(${x} == 0 ? 0 : ${x} * ${calls("log1p")([y], dtype)})`,
  partials: (
    [x, y],
  ) => [(t) => mul(t, log1p(y)), (t) => div(mul(t, x), add(1, y))],
});

/** log(1 - e^x) for x < 0, accurate at both ends. Within 2 ulp. Maechler, "Accurately computing log(1 - exp(-|a|))" (2012). */
export const log1mexp: Unary = unary("log1mexp", {
  dtype: floating,
  eval: (x) =>
    x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x)),
  c: ([x], dtype) => {
    const f = (name: string, arg: string) => calls(name)([arg], dtype),
      half = dtype === "float64" ? `${Math.LN2}` : `${Math.LN2}f`;
    return `(${x} > -${half} ? ${f("log", `-${f("expm1", x)}`)} : ${
      f("log1p", `-${f("exp", x)}`)
    })`;
  },
  partials: ([x]) => [(t) => neg(div(t, expm1(neg(x))))],
});

/** log(x / (1 - x)): the inverse of `sigmoid`. Within 2 ulp of the larger of itself and 1. */
export function logit(x: Operand): Variable {
  const v = asFloat(x);
  return sub(log(v), log1p(neg(v)));
}

/** sin(πx) / (πx); 1 at 0. Within 2 ulp of 1. */
export function sinc(x: Operand): Variable {
  const v = asFloat(x), angle = mul(Math.PI, where(eq(v, 0), 1, v));
  return where(eq(v, 0), 1, div(sin(angle), angle));
}

/** x as a float: integers become floatX. */
function asFloat(x: Operand): Variable {
  const v = asVariable(x);
  return cast(v, floating(v.dtype));
}
