/**
 * Bessel functions of real order and argument, for doubles.
 * csrc/special_math.h is printed from these files (src/tools/special_header.ts):
 * what stands here is TypeScript that is nearly C. Functions are of numbers
 * alone, `for` counts with whole numbers that no quotient is made of, and of
 * the library there is only `Math`.
 */
import { gamma, gammaln } from "./special_gamma.ts";
import { chebyshev, cosPi, sinPi } from "./special_series.ts";
import { I0, I1, J0, J1, P0, P1, Q0, Q1 } from "./special_tables.ts";

/** The sum of q^k / (k! (v + 1) … (v + k)) over k from 0 on. */
function besselSeries(v: number, q: number): number {
  let term = 1, sum = 1;
  for (let k = 1; k < 5000; k++) {
    term *= q / (k * (v + k));
    sum += term;
    if (Math.abs(term) < 1e-17 * Math.abs(sum) && k + v > 0) break;
  }
  return sum;
}

/** The modified Bessel function of order 0: DLMF 10.25.2, beyond 8 by a fit. */
export function i0(x: number): number {
  const y = Math.abs(x);
  if (y <= 8) return besselSeries(0, 0.25 * y * y);
  if (y > 714) return Infinity;
  const e = Math.exp(0.5 * y);
  return e * (chebyshev(16 / y - 1, I0, I0.length) / Math.sqrt(y)) * e;
}

/** The modified Bessel function of order 1. */
export function i1(x: number): number {
  const y = Math.abs(x);
  if (y <= 8) return 0.5 * x * besselSeries(1, 0.25 * y * y);
  if (y > 714) return x > 0 ? Infinity : -Infinity;
  const e = Math.exp(0.5 * y),
    size = e * (chebyshev(16 / y - 1, I1, I1.length) / Math.sqrt(y)) * e;
  return x > 0 ? size : -size;
}

/** The Bessel function of order 0: the series to 2, a fit to 8, then P and Q of DLMF 10.17.3. */
export function j0(x: number): number {
  const y = Math.abs(x);
  if (y < 2) return besselSeries(0, -0.25 * y * y);
  if (y <= 8) return chebyshev(y * y * 0.03125 - 1, J0, J0.length);
  if (y === Infinity) return 0;
  const z = 8 / y, t = 2 * z * z - 1, c = Math.cos(y), s = Math.sin(y);
  const p = chebyshev(t, P0, P0.length), q = z * chebyshev(t, Q0, Q0.length);
  return (p * (c + s) - q * (s - c)) / Math.sqrt(Math.PI * y);
}

/** The Bessel function of order 1. */
export function j1(x: number): number {
  const y = Math.abs(x);
  if (y <= 8) return x * chebyshev(y * y * 0.03125 - 1, J1, J1.length);
  if (y === Infinity) return 0;
  const z = 8 / y, t = 2 * z * z - 1, c = Math.cos(y), s = Math.sin(y);
  const p = chebyshev(t, P1, P1.length), q = z * chebyshev(t, Q1, Q1.length);
  const size = (p * (s - c) + q * (s + c)) / Math.sqrt(Math.PI * y);
  return x > 0 ? size : -size;
}

/** (x / 2)^v / Γ(v + 1), where a power of x comes before a series. */
function besselFactor(v: number, x: number): number {
  return v < 100
    ? Math.pow(0.5 * x, v) / gamma(v + 1)
    : Math.exp(v * Math.log(0.5 * x) - gammaln(v + 1));
}

/** The modified Bessel function of order v ≥ 0, or of an order that is no whole number, for x > 0: DLMF 10.25.2 and 10.40.1. */
function ivPositive(v: number, x: number): number {
  if (x < 25 || x < 0.5 * v * v) {
    return besselFactor(v, x) * besselSeries(v, 0.25 * x * x);
  }
  if (x > 714) return Infinity;
  let term = 1, sum = 1;
  for (let k = 1; k < 100; k++) {
    term *= ((2 * k - 1) * (2 * k - 1) - 4 * v * v) / (8 * k * x);
    sum += term;
    if (Math.abs(term) < 1e-17 * Math.abs(sum)) break;
  }
  const e = Math.exp(0.5 * x);
  return e * (sum / Math.sqrt(2 * Math.PI * x)) * e;
}

/** The modified Bessel function of real order; NaN for x < 0 unless the order is whole. */
export function iv(v: number, x: number): number {
  if (v !== v || x !== x) return NaN;
  const whole = v === Math.floor(v), order = whole ? Math.abs(v) : v;
  if (x === 0) return order === 0 ? 1 : order > 0 ? 0 : Infinity;
  if (x > 0) return ivPositive(order, x);
  if (!whole) return NaN;
  const size = ivPositive(order, -x);
  return order === 2 * Math.floor(0.5 * order) ? size : -size;
}

/** The expansion of J_v far beyond the order: DLMF 10.17.3. */
function jvFar(v: number, x: number): number {
  let term = 1, p = 1, q = 0;
  for (let k = 1; k < 100; k++) {
    term *= (4 * v * v - (2 * k - 1) * (2 * k - 1)) / (8 * k * x);
    // Signs go + + - -, p and q in turn.
    const turn = k % 4;
    if (turn === 1) q += term;
    else if (turn === 2) p -= term;
    else if (turn === 3) q -= term;
    else p += term;
    if (Math.abs(term) < 1e-17) break;
  }
  const phase = 0.5 * v + 0.25, c = cosPi(phase), s = sinPi(phase);
  const sine = Math.sin(x), cosine = Math.cos(x);
  return Math.sqrt(2 / (Math.PI * x)) *
    (p * (cosine * c + sine * s) - q * (sine * c - cosine * s));
}

/** J_v between: Miller's algorithm, downwards from far above order and argument, normalised by DLMF 10.23.15. */
function jvBetween(v: number, x: number): number {
  const n = Math.floor(v), part = v - n;
  const top = 2 *
    Math.ceil(
      0.5 * (x > n ? x : n) + 20 + 0.5 * Math.sqrt(40 * (x > n ? x : n)),
    );
  // Orders of thousands would take millions of steps.
  if (top > 1e6) return NaN;
  let above = 0, here = 1e-250, weight = 1, sum = 0, found = 0;
  for (let k = top; k > n || k > 0; k--) {
    // `here` is of order part + k, and `weight` in proportion to Γ(part + k / 2) / (k / 2)!.
    if (k > 0 && k % 2 === 0) {
      sum += (part + k) * weight * here;
      if (k > 2) weight *= 0.5 * k / (part + 0.5 * k - 1);
    }
    if (k === n) found = here;
    const below = 2 * (part + k) / x * here - above;
    above = here;
    here = below;
    if (k === 1) {
      // Of order part: the weights so far become what they should be.
      sum = gamma(part + 1) * (sum / weight + here);
    }
    if (Math.abs(here) > 1e250) {
      above *= 1e-250;
      here *= 1e-250;
      sum *= 1e-250;
      found *= 1e-250;
    }
  }
  if (n <= 0) found = here;
  return found / sum * Math.pow(0.5 * x, part);
}

function jvPositive(v: number, x: number): number {
  if (x === Infinity) return 0;
  if (0.25 * x * x <= Math.abs(v) + 1) {
    return besselFactor(v, x) * besselSeries(v, -0.25 * x * x);
  }
  return x > 25 && x > 0.5 * v * v ? jvFar(v, x) : jvBetween(v, x);
}

/** The Bessel function of real order; NaN for x < 0 unless the order is whole, and where both exceed a million. */
export function jv(v: number, x: number): number {
  if (v !== v || x !== x) return NaN;
  const whole = v === Math.floor(v), order = whole ? Math.abs(v) : v;
  if (x === 0) return order === 0 ? 1 : order > 0 ? 0 : Infinity;
  if (x < 0 && !whole) return NaN;
  const size = jvPositive(order, Math.abs(x)),
    odd = whole && order !== 2 * Math.floor(0.5 * order);
  return odd && (x < 0) !== (v < 0) ? -size : size;
}
