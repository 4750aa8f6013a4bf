/**
 * Inverses of the incomplete gamma and beta functions, for doubles.
 *
 * The logarithm of a part below x is concave in u = log x, and in
 * u = log(x / (1 - x)) for beta: both are distributions with log-concave
 * densities. So Newton's steps in u never pass the root, but for the first.
 * Logarithms bring it near, where nothing underflows; last steps compare the
 * parts themselves.
 * csrc/special_math.h is printed from these files (src/tools/special_header.ts):
 * what stands here is TypeScript that is nearly C. Functions are of numbers
 * alone, `for` counts with whole numbers that no quotient is made of, and of
 * the library there is only `Math`.
 */
import { betaln, gammaln1p, logLess, stirling } from "./special_gamma.ts";
import {
  betaBelow,
  betaFactor,
  betaFraction,
  gammaFactor,
  gammaFraction,
  gammainc,
  gammaincc,
  gammaSeries,
} from "./special_incomplete.ts";

/** log(x^a e^-x / Γ(a + 1)), for x = e^u. */
function logGammaFactor(a: number, x: number, u: number): number {
  if (a < 20) return a * u - x - gammaln1p(a);
  return a * logLess((x - a) / a, x / a) - stirling(a) -
    0.5 * Math.log(2 * Math.PI * a);
}

/** log(part / wanted), to the last digit where they are near. */
function logRatio(part: number, wanted: number): number {
  const off = (part - wanted) / wanted;
  return Math.abs(off) < 0.5 ? Math.log1p(off) : Math.log(part / wanted);
}

/** The x below which a part p of Γ(a) lies, for p of at most a half. It starts from x^a / Γ(a + 1), which is no less than the part below x. */
function gammaBelowInverse(a: number, p: number): number {
  const wanted = Math.log(p);
  let u = (wanted + gammaln1p(a)) / a;
  if (u < -746) return 0;
  for (let k = 0; k < 100; k++) {
    const x = Math.exp(u), series = gammaSeries(a, x);
    const off = logGammaFactor(a, x, u) + Math.log(series) - wanted;
    const step = off * series / a;
    u -= step;
    if (Math.abs(step) < 1e-9 / (1 + a)) break;
  }
  let x = Math.exp(u);
  for (let k = 0; k < 2; k++) {
    const part = gammainc(a, x);
    if (!(part > 1e-290)) break;
    x -= x * (logRatio(part, p) * gammaSeries(a, x) / a);
  }
  return x;
}

/** The x above which a part q of Γ(a) lies, for q of at most a half. It starts above it: Boucheron, Lugosi and Massart, Concentration Inequalities (2013), 2.4. */
function gammaAboveInverse(a: number, q: number): number {
  const wanted = Math.log(q);
  let u = Math.log(a + Math.sqrt(-2 * a * wanted) - wanted);
  for (let k = 0; k < 100; k++) {
    const x = Math.exp(u);
    let off = 0, slope = 0;
    if (x < a + 1) {
      const part = gammaincc(a, x);
      off = logRatio(part, q);
      slope = part / a / gammaFactor(a, x);
    } else {
      const fraction = gammaFraction(a, x);
      off = logGammaFactor(a, x, u) + Math.log(a * fraction) - wanted;
      slope = fraction;
    }
    const step = off * slope;
    u += step;
    if (u < -746) return 0;
    if (Math.abs(step) < 1e-9 / (1 + a)) break;
  }
  let x = Math.exp(u);
  for (let k = 0; k < 2; k++) {
    const part = gammaincc(a, x);
    if (!(part > 1e-290)) break;
    x += x * (logRatio(part, q) * part / a / gammaFactor(a, x));
  }
  return x;
}

/** The x below which a part p of Γ(a) lies. NaN unless a is positive and p is from 0 to 1. */
export function gammaincinv(a: number, p: number): number {
  if (!(a > 0 && p >= 0 && p <= 1)) return NaN;
  if (p === 0) return 0;
  if (p === 1) return Infinity;
  return p <= 0.5 ? gammaBelowInverse(a, p) : gammaAboveInverse(a, 1 - p);
}

/** The x above which a part q of Γ(a) lies. NaN unless a is positive and q is from 0 to 1. */
export function gammainccinv(a: number, q: number): number {
  if (!(a > 0 && q >= 0 && q <= 1)) return NaN;
  if (q === 0) return Infinity;
  if (q === 1) return 0;
  return q <= 0.5 ? gammaAboveInverse(a, q) : gammaBelowInverse(a, 1 - q);
}

/** The x below which a part p of B(a, b) lies, for p of at most a half; 1 - x if `above` is 1. */
function betaBelowInverse(
  a: number,
  b: number,
  p: number,
  above: number,
): number {
  const wanted = Math.log(p), whole = betaln(a, b);
  let u = (wanted + Math.log(a) + whole) / a;
  if (u > 0) u = 0;
  for (let k = 0; k < 200; k++) {
    if (u < -746) return above;
    const x = 1 / (1 + Math.exp(-u)), y = 1 / (1 + Math.exp(u));
    let off = 0, slope = 0;
    if (x < (a + 1) / (a + b + 2)) {
      const fraction = betaFraction(a, b, x, y);
      const logX = u < -30 ? u : Math.log(x),
        logY = u > 30 ? -u : x < 0.5 ? Math.log1p(-x) : Math.log(y);
      off = a * logX + b * logY - whole + Math.log(fraction) - wanted;
      slope = fraction;
    } else {
      const part = betaBelow(a, b, x, y);
      off = logRatio(part, p);
      slope = part / betaFactor(a, b, x, y);
    }
    const step = off * slope;
    u -= step;
    if (Math.abs(step) < 1e-9 / (1 + a + b)) break;
  }
  let x = 1 / (1 + Math.exp(-u)), y = 1 / (1 + Math.exp(u));
  for (let k = 0; k < 2; k++) {
    const part = betaBelow(a, b, x, y);
    if (!(part > 1e-290 && y > 0)) break;
    const step = x * y * (logRatio(part, p) * part / betaFactor(a, b, x, y));
    x -= step;
    y += step;
    if (x < y) y = 1 - x;
    else x = 1 - y;
  }
  return above === 1 ? y : x;
}

/** The x below which a part p of B(a, b) lies. NaN unless a and b are positive and p is from 0 to 1. */
export function betaincinv(a: number, b: number, p: number): number {
  if (!(a > 0 && b > 0 && p >= 0 && p <= 1)) return NaN;
  if (p === 0 || p === 1) return p;
  return p <= 0.5
    ? betaBelowInverse(a, b, p, 0)
    : betaBelowInverse(b, a, 1 - p, 1);
}
