/**
 * The incomplete gamma and beta functions, for doubles.
 * csrc/special_math.h is printed from these files (src/tools/special_header.ts):
 * what stands here is TypeScript that is nearly C. Functions are of numbers
 * alone, `for` counts with whole numbers that no quotient is made of, and of
 * the library there is only `Math`.
 */
import { gamma, gammaln1p, logLess, stirling } from "./special_gamma.ts";

/** x^a e^-x / Γ(a + 1): from 20 on by Stirling, DLMF 5.11.1, around x = a. */
export function gammaFactor(a: number, x: number): number {
  if (a < 20) {
    return x > 800 ? 0 : Math.pow(x, a) * Math.exp(-x) / gamma(a + 1);
  }
  return Math.exp(a * logLess((x - a) / a, x / a) - stirling(a)) /
    Math.sqrt(2 * Math.PI * a);
}

/** The sum of x^k / ((a + 1) … (a + k)): DLMF 8.11.4. */
export function gammaSeries(a: number, x: number): number {
  let term = 1, sum = 1;
  for (let k = 1; k < 100000; k++) {
    term *= x / (a + k);
    sum += term;
    if (term < 1e-17 * sum) break;
  }
  return sum;
}

/** The continued fraction of Γ(a, x) e^x x^-a, DLMF 8.9.2, from the front: Lentz, Applied Optics 15 (1976). */
export function gammaFraction(a: number, x: number): number {
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

/** The part of Γ(a) above x for a and x of at most about 1, where it is small beside 1: DLMF 8.7.3. */
function gammaAboveSmall(a: number, x: number): number {
  let power = 1, sum = 0;
  for (let k = 1; k < 1000; k++) {
    power *= -x / k;
    const term = power / (a + k);
    sum += term;
    if (Math.abs(term) <= 1e-17 * Math.abs(sum)) break;
  }
  const log = a * Math.log(x) - gammaln1p(a);
  return -Math.expm1(log) - a * Math.exp(log) * sum;
}

/** The a below which the part above x is the smaller one, though x is below a + 1. */
function mostlyBelow(x: number): number {
  return x < 0.5 ? -0.4 / Math.log(x) : x < 1.1 ? 1.1 * x : 0;
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
  if (a < mostlyBelow(x)) return gammaAboveSmall(a, x);
  if (x < a + 1) return 1 - gammaFactor(a, x) * gammaSeries(a, x);
  return gammaFactor(a, x) * a * gammaFraction(a, x);
}

/** x^a y^b / B(a, b) for y = 1 - x: large arguments by Stirling, around x = a / (a + b). */
export function betaFactor(a: number, b: number, x: number, y: number): number {
  if (a < b) return betaFactorOrdered(a, b, x, y);
  return betaFactorOrdered(b, a, y, x);
}

function betaFactorOrdered(
  a: number,
  b: number,
  x: number,
  y: number,
): number {
  if (b < 8) {
    return Math.pow(x, a) * Math.pow(y, b) *
      (gamma(a + b) / gamma(a) / gamma(b));
  }
  const sum = a + b, off = a * y - b * x;
  if (a < 8) {
    return Math.pow(x * sum, a) * Math.exp(-x * sum) / gamma(a) *
      Math.exp(
        b * logLess(off / b, y * (sum / b)) + stirling(sum) - stirling(b),
      ) /
      Math.sqrt(1 + a / b);
  }
  return Math.sqrt(a / sum * b / (2 * Math.PI)) *
    Math.exp(
      a * logLess(-off / a, x * (sum / a)) +
        b * logLess(off / b, y * (sum / b)) +
        (stirling(sum) - stirling(a) - stirling(b)),
    );
}

/** What the part below x is beside x^a y^b / B(a, b): the fraction of Didonato and Morris, ACM TOMS 18 (1992), (9.1), which adds no numbers of opposite signs for x up to a / (a + b). */
export function betaFraction(
  a: number,
  b: number,
  x: number,
  y: number,
): number {
  const off = a * y - b * x + 1;
  let c = a * off / (a + 1), d = 0, product = c;
  for (let k = 1; k < 10000; k++) {
    const middle = a + 2 * k - 1, r = x / middle;
    const over = (a + k - 1) * (a + b + k - 1) * r * (k * (b - k) * r);
    const under = k + k * (b - k) * r +
      (a + k) * (off + k * (1 + y)) / (middle + 2);
    d = 1 / (over * d + under);
    c = under + over / c;
    product *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return 1 / product;
}

/** The part of B(a, b) below x, of the whole, for y = 1 - x. */
export function betaBelow(
  a: number,
  b: number,
  x: number,
  y: number,
): number {
  const factor = betaFactor(a, b, x, y);
  if (x < (a + 1) / (a + b + 2)) return factor * betaFraction(a, b, x, y);
  return 1 - factor * betaFraction(b, a, y, x);
}

/** The regularised incomplete beta function; NaN unless a and b are positive and x is from 0 to 1. */
export function betainc(a: number, b: number, x: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return NaN;
  if (x === 0 || x === 1) return x;
  return betaBelow(a, b, x, 1 - x);
}
