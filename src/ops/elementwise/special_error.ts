/**
 * Relatives of the error function, for doubles.
 * csrc/special_math.h is printed from these files (src/tools/special_header.ts):
 * what stands here is TypeScript that is nearly C. Functions are of numbers
 * alone, `for` counts with whole numbers that no quotient is made of, and of
 * the library there is only `Math`.
 */
import { chebyshev } from "./special_series.ts";
import { ERFCINV, ERFCX, ERFINV } from "./special_tables.ts";

/** e^x² for |x| < 27: the square is taken apart, since its rounding counts. */
function expSquare(x: number): number {
  const head = Math.fround(x);
  return Math.exp(head * head) * Math.exp((x - head) * (x + head));
}

/** e^x² erfc x for x ≥ 0: Shepherd and Laframboise, Mathematics of Computation 36 (1981). */
function erfcxPositive(x: number): number {
  if (x > 1e8) return 0.5641895835477563 / x;
  return chebyshev((x - 3.75) / (x + 3.75), ERFCX, ERFCX.length) / (1 + 2 * x);
}

/** e^x² erfc x. */
export function erfcx(x: number): number {
  if (x >= 0) return erfcxPositive(x);
  if (x < -26.7) return Infinity;
  return 2 * expSquare(x) - erfcxPositive(-x);
}

function erfinvNear(x: number): number {
  return x * chebyshev(8 * x * x - 1, ERFINV, ERFINV.length);
}

/** The x of which erfc x is y, for y from 0 to 1: two steps of Newton on log erfc. */
function erfcinvPositive(y: number): number {
  if (y === 0) return Infinity;
  if (y > 0.5) return erfinvNear(1 - y);
  const square = -Math.log(y), s = Math.sqrt(square);
  let x = s *
    chebyshev(
      1.7172894128015346 / s - 1.0626747960876473,
      ERFCINV,
      ERFCINV.length,
    );
  for (let k = 0; k < 2; k++) {
    const e = erfcxPositive(x);
    x += (Math.log(e) + (s - x) * (s + x)) * e * 0.886226925452758;
  }
  return x;
}

/** The inverse of erfc; NaN outside [0, 2]. */
export function erfcinv(y: number): number {
  if (!(y >= 0 && y <= 2)) return NaN;
  return y <= 1 ? erfcinvPositive(y) : -erfcinvPositive(2 - y);
}

/** The inverse of erf; NaN outside [-1, 1]. */
export function erfinv(x: number): number {
  if (!(Math.abs(x) <= 1)) return NaN;
  if (Math.abs(x) < 0.5) return erfinvNear(x);
  return x > 0 ? erfcinvPositive(1 - x) : -erfcinvPositive(1 + x);
}
