/**
 * The gamma function and its derivatives, for doubles.
 * csrc/special_math.h is printed from these files (src/tools/special_header.ts):
 * what stands here is TypeScript that is nearly C. Functions are of numbers
 * alone, `for` counts with whole numbers that no quotient is made of, and of
 * the library there is only `Math`.
 */
import { chebyshev, cosPi, sinPi } from "./special_series.ts";
import {
  DIGAMMA,
  GAMMA,
  LGAMMA_MIDDLE,
  LGAMMA_NEAR,
} from "./special_tables.ts";

/** log Γ(x) less its leading part for x from 8 on: Stirling's series, DLMF 5.11.1. */
export function stirling(x: number): number {
  const u = 1 / x, w = u * u;
  let sum = -0.029550653594771242;
  sum = sum * w + 0.00641025641025641;
  sum = sum * w - 0.0019175269175269176;
  sum = sum * w + 0.0008417508417508417;
  sum = sum * w - 0.0005952380952380953;
  sum = sum * w + 0.0007936507936507937;
  sum = sum * w - 0.002777777777777778;
  sum = sum * w + 0.08333333333333333;
  return sum * u;
}

/** log Γ(x) for x > 0. */
export function gammalnPositive(x: number): number {
  if (x < 1) {
    return (x - 1) * x * chebyshev(x - 1, LGAMMA_NEAR, LGAMMA_NEAR.length) -
      Math.log(x);
  }
  if (x < 3) {
    return (x - 1) * (x - 2) *
      chebyshev(x - 2, LGAMMA_NEAR, LGAMMA_NEAR.length);
  }
  if (x < 8) {
    return chebyshev((x - 5.5) * 0.4, LGAMMA_MIDDLE, LGAMMA_MIDDLE.length);
  }
  return (x - 0.5) * (Math.log(x) - 1) + 0.4189385332046727 + stirling(x);
}

/** log |Γ(x)|; infinite at 0 and negative whole numbers. Below 0 by reflection, DLMF 5.5.3. */
export function gammaln(x: number): number {
  if (x > 0) return gammalnPositive(x);
  if (x === Math.floor(x)) return Infinity;
  return -Math.log(Math.abs(sinPi(x)) / Math.PI) - gammalnPositive(1 - x);
}

/** log Γ(a + 1) for a > 0: a keeps its digits where it is small. */
export function gammaln1p(a: number): number {
  if (a < 1) {
    return a * (a - 1) * chebyshev(a - 1, LGAMMA_NEAR, LGAMMA_NEAR.length);
  }
  return gammalnPositive(a + 1);
}

/** log(1 + x) - x for a y = 1 + x > 0; it vanishes at x = 0 as -x² / 2 does: the series of artanh(x / (2 + x)), DLMF 4.6.4. */
export function logLess(x: number, y: number): number {
  if (!(Math.abs(x) < 0.4)) return Math.log(y) - x;
  const r = x / (2 + x), square = r * r;
  let power = 1, sum = 0;
  for (let k = 3; k < 60; k += 2) {
    const term = power / k;
    sum += term;
    power *= square;
    if (term < 1e-18) break;
  }
  return r * (2 * square * sum - x);
}

/** log |Γ(a) Γ(b) / Γ(a + b)|. Large positive ones by Stirling, so that logarithms of Γ do not cancel. */
export function betaln(a: number, b: number): number {
  if (!(a > 0 && b > 0)) return gammaln(a) + gammaln(b) - gammaln(a + b);
  const small = a < b ? a : b, large = a < b ? b : a, sum = a + b;
  if (large === Infinity) return -Infinity;
  if (large < 8) {
    return gammalnPositive(small) + Math.log(gamma(large) / gamma(sum));
  }
  const rest = stirling(large) - stirling(sum), part = small / large;
  if (small < 8) {
    return gammalnPositive(small) + rest - large * logLess(part, 1 + part) +
      0.5 * Math.log1p(part) - small * Math.log(sum);
  }
  return 0.9189385332046727 + stirling(small) + rest +
    (small - 0.5) * Math.log(small / sum) - large * Math.log1p(part) -
    0.5 * Math.log(large);
}

/** Γ(x) for x > 0: from the interval [2, 3] by x Γ(x) = Γ(x + 1), from 10 on by Stirling. */
function gammaPositive(x: number): number {
  if (x > 172) return Infinity;
  if (x >= 10) {
    const root = Math.pow(x, 0.5 * x - 0.25);
    return 2.5066282746310007 * root * Math.exp(-x) * root *
      Math.exp(stirling(x));
  }
  let up = 1, down = 1, y = x;
  while (y >= 3) {
    y -= 1;
    up *= y;
  }
  while (y < 2) {
    down *= y;
    y += 1;
  }
  return up * chebyshev(2 * y - 5, GAMMA, GAMMA.length) / down;
}

/** Γ(x); NaN at negative whole numbers, infinite at 0. */
export function gamma(x: number): number {
  if (x > 0) return gammaPositive(x);
  if (x === 0) return 1 / x;
  if (x === Math.floor(x)) return NaN;
  return -Math.PI / (x * sinPi(x) * gammaPositive(-x));
}

/** Γ(a) Γ(b) / Γ(a + b), for positive a and b; else by logarithms, without its sign. */
export function beta(a: number, b: number): number {
  const large = a < b ? b : a, small = a < b ? a : b;
  return small > 1e-300 && large < 8
    ? gamma(small) * (gamma(large) / gamma(a + b))
    : Math.exp(betaln(a, b));
}

/** The derivative of log Γ for x > 0: DLMF 5.5.2 and 5.11.2; near its root by the distance from it. */
function digammaPositive(x: number): number {
  if (x < 1) return digammaNear(x + 1) - 1 / x;
  if (x <= 2) return digammaNear(x);
  let sum = 0, y = x;
  while (y < 10) {
    sum += 1 / y;
    y += 1;
  }
  const w = 1 / (y * y);
  let tail = 0.08333333333333333;
  tail = tail * w - 0.021092796092796094;
  tail = tail * w + 0.007575757575757576;
  tail = tail * w - 0.004166666666666667;
  tail = tail * w + 0.003968253968253968;
  tail = tail * w - 0.008333333333333333;
  tail = tail * w + 0.08333333333333333;
  return Math.log(y) - 0.5 / y - tail * w - sum;
}

function digammaNear(x: number): number {
  return (x - 1.4616321449683622 - 9.549995429965697e-17) *
    chebyshev(2 * x - 3, DIGAMMA, DIGAMMA.length);
}

/** The derivative of log |Γ|; NaN at negative whole numbers, infinite at 0. */
export function digamma(x: number): number {
  if (x > 0) return digammaPositive(x);
  if (x === 0) return -1 / x;
  if (x === Math.floor(x)) return NaN;
  return digammaPositive(1 - x) - Math.PI * cosPi(x) / sinPi(x);
}

/** The sum of (x + k)^-s over k from 0 on, for s > 1 and x > 0: Euler and Maclaurin, DLMF 25.11.5 and 2.10.1. */
function hurwitz(s: number, x: number): number {
  let sum = 0, y = x;
  while (y < 10 + s) {
    const term = Math.pow(y, -s);
    sum += term;
    y += 1;
    if (term < 1e-18 * sum) return sum;
  }
  const w = 1 / (y * y), power = Math.pow(y, -s);
  // The coefficients are B_2k / (2k)!.
  let term = power / y * s, tail = 0.08333333333333333 * term;
  term *= (s + 1) * (s + 2) * w;
  tail -= 0.001388888888888889 * term;
  term *= (s + 3) * (s + 4) * w;
  tail += 3.306878306878307e-5 * term;
  term *= (s + 5) * (s + 6) * w;
  tail -= 8.267195767195768e-7 * term;
  term *= (s + 7) * (s + 8) * w;
  tail += 2.08767569878681e-8 * term;
  term *= (s + 9) * (s + 10) * w;
  tail -= 5.284190138687493e-10 * term;
  term *= (s + 11) * (s + 12) * w;
  tail += 1.3382536530684679e-11 * term;
  return sum + (power * y / (s - 1) + 0.5 * power + tail);
}

/** The second derivative of log |Γ|; infinite at 0 and negative whole numbers. */
export function trigamma(x: number): number {
  if (x > 0) return hurwitz(2, x);
  if (x === Math.floor(x)) return Infinity;
  const sine = sinPi(x);
  return Math.PI * Math.PI / (sine * sine) - hurwitz(2, 1 - x);
}

/** The derivative of order n + 1 of log Γ: DLMF 5.15.2. NaN for an n that is no whole number, and for x < 0 from n = 2 on. */
export function polygamma(n: number, x: number): number {
  if (n !== Math.floor(n) || n < 0) return NaN;
  if (n === 0) return digamma(x);
  if (n === 1) return trigamma(x);
  if (!(x > 0)) return x === 0 ? Infinity : NaN;
  const size = gammaPositive(n + 1) * hurwitz(n + 1, x);
  return n === 2 * Math.floor(0.5 * n) ? -size : size;
}
