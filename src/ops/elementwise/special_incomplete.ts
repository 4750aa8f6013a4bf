/**
 * The incomplete gamma and beta functions, for doubles.
 * csrc/special_math.h is printed from these files (src/tools/special_header.ts):
 * what stands here is TypeScript that is nearly C. Functions are of numbers
 * alone, `for` counts with whole numbers that no quotient is made of, and of
 * the library there is only `Math`.
 */
import { gamma, gammalnPositive, stirling } from "./special_gamma.ts";

/** x^a e^-x / Γ(a + 1). */
function gammaFactor(a: number, x: number): number {
  if (a < 20) {
    return x > 800 ? 0 : Math.pow(x, a) * Math.exp(-x) / gamma(a + 1);
  }
  const off = (x - a) / a;
  const log = Math.abs(off) < 0.5 ? Math.log1p(off) : Math.log(x / a);
  return Math.exp(a * (log - off) - stirling(a)) /
    Math.sqrt(2 * Math.PI * a);
}

/** The sum of x^k / ((a + 1) … (a + k)): DLMF 8.11.4. */
function gammaSeries(a: number, x: number): number {
  let term = 1, sum = 1;
  for (let k = 1; k < 100000; k++) {
    term *= x / (a + k);
    sum += term;
    if (term < 1e-17 * sum) break;
  }
  return sum;
}

/** The continued fraction of Γ(a, x) e^x x^-a, DLMF 8.9.2, from the front: Lentz, Applied Optics 15 (1976). */
function gammaFraction(a: number, x: number): number {
  let b = x + 1 - a, c = 1e300, d = 1 / b, product = d;
  for (let k = 1; k < 100000; k++) {
    const numerator = k * (a - k);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    product *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return product;
}

/** The part of Γ(a) below x, of the whole: DLMF 8.2.4. NaN for negative a or x. */
export function gammainc(a: number, x: number): number {
  if (!(a >= 0 && x >= 0)) return NaN;
  if (x === 0) return a > 0 ? 0 : NaN;
  if (a === 0 || x === Infinity) return 1;
  if (x < a + 1) return gammaFactor(a, x) * gammaSeries(a, x);
  return 1 - gammaFactor(a, x) * a * gammaFraction(a, x);
}

/** The part of Γ(a) above x, of the whole. */
export function gammaincc(a: number, x: number): number {
  if (!(a >= 0 && x >= 0)) return NaN;
  if (x === 0) return a > 0 ? 1 : NaN;
  if (a === 0 || x === Infinity) return 0;
  if (x < a + 1) return 1 - gammaFactor(a, x) * gammaSeries(a, x);
  return gammaFactor(a, x) * a * gammaFraction(a, x);
}

/** The continued fraction of the incomplete beta function: DLMF 8.17.22. */
function betaFraction(a: number, b: number, x: number): number {
  let c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / d;
  let product = d;
  for (let k = 1; k < 10000; k++) {
    const even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    product *= c * d;
    const odd = -(a + k) * (a + b + k) * x /
      ((a + 2 * k) * (a + 2 * k + 1));
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    product *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return product;
}

/** The regularised incomplete beta function; NaN unless a and b are positive and x is from 0 to 1. */
export function betainc(a: number, b: number, x: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return NaN;
  if (x === 0 || x === 1) return x;
  const factor = Math.exp(
    a * Math.log(x) + b * Math.log1p(-x) +
      (gammalnPositive(a + b) - gammalnPositive(a) - gammalnPositive(b)),
  );
  return x < (a + 1) / (a + b + 2)
    ? factor * betaFraction(a, b, x) / a
    : 1 - factor * betaFraction(b, a, 1 - x) / b;
}
