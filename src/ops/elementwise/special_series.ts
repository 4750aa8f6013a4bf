/**
 * What special functions of doubles share: Chebyshev series, and the circle in units of π.
 * csrc/special_math.h is printed from these files (src/tools/special_header.ts):
 * what stands here is TypeScript that is nearly C. Functions are of numbers
 * alone, `for` counts with whole numbers that no quotient is made of, and of
 * the library there is only `Math`.
 */

/** The sum of c_k T_k(t): Clenshaw, MTAC 9 (1955). */
export function chebyshev(t: number, c: readonly number[], n: number): number {
  let above = 0, next = 0;
  for (let k = n - 1; k > 0; k--) {
    const here = 2 * t * above - next + c[k]!;
    next = above;
    above = here;
  }
  return t * above - next + c[0]!;
}

/** sin(πx): zero exactly at whole numbers. */
export function sinPi(x: number): number {
  const r = x - 2 * Math.floor(0.5 * x + 0.5);
  const near = r > 0.5 ? 1 - r : r < -0.5 ? -1 - r : r;
  return Math.sin(Math.PI * near);
}

/** cos(πx). */
export function cosPi(x: number): number {
  const r = Math.abs(x - 2 * Math.floor(0.5 * x + 0.5));
  return Math.sin(Math.PI * (0.5 - r));
}
