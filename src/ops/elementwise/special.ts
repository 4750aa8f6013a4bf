/** Scalar functions that Math lacks: the values elementwise ops are defined by, in double precision. */

/** The nearest integer; halves go to the even one. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x), rest = x - down;
  if (rest < 0.5) return down;
  return rest > 0.5 || down % 2 !== 0 ? (down === -1 ? -0 : down + 1) : down;
}

/** The nearest integer; halves go away from 0. */
export function roundHalfAway(x: number): number {
  const down = Math.trunc(x);
  return Math.abs(x - down) >= 0.5 ? down + Math.sign(x) : down;
}

/** The remainder with the sign of y; NaN for y = 0 and for infinite x. */
export function floorMod(x: number, y: number): number {
  const r = x % y;
  if (r === 0) return y < 0 || Object.is(y, -0) ? -0 : 0;
  return (r < 0) !== (y < 0) ? r + y : r;
}

/** The floor of the exact quotient; x / y for y = 0. */
export function floorQuotient(x: number, y: number): number {
  if (y === 0) return x / y;
  const r = x % y, q = (x - r) / y - (r !== 0 && (r < 0) !== (y < 0) ? 1 : 0);
  const whole = Math.floor(q);
  if (q === 0) return x / y < 0 || Object.is(x / y, -0) ? -0 : 0;
  return q - whole > 0.5 ? whole + 1 : whole;
}

/** The remainder of integers of up to 32 bits; 0 for y = 0. */
export function intMod(x: number, y: number): number {
  return y === 0 ? 0 : floorMod(x, y) + 0;
}

/** The floored quotient of integers of up to 32 bits; 0 for y = 0. */
export function intFloorDiv(x: number, y: number): number {
  return y === 0 ? 0 : Math.floor(x / y);
}

/** The remainder of bigints with the sign of y; 0 for y = 0. */
export function bigMod(x: bigint, y: bigint): bigint {
  if (y === 0n) return 0n;
  const r = x % y;
  return r !== 0n && (r < 0n) !== (y < 0n) ? r + y : r;
}

/** The floored quotient of bigints; 0 for y = 0. */
export function bigFloorDiv(x: bigint, y: bigint): bigint {
  return y === 0n ? 0n : (x - bigMod(x, y)) / y;
}

/** x ** y as C has it: 1 for x = 1, and for x = -1 with an infinite y. */
export function floatPow(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
}

/** x ** n modulo 2^32; a negative n gives the integer part of the reciprocal power. */
export function intPow(x: number, n: number): number {
  if (n < 0) return reciprocalPower(x, n % 2 === 0);
  let y = 1;
  for (let factor = x; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) y = Math.imul(y, factor);
    factor = Math.imul(factor, factor);
  }
  return y;
}

/** x ** n modulo 2^64; a negative n gives the integer part of the reciprocal power. */
export function bigPow(x: bigint, n: bigint): bigint {
  if (n < 0n) return BigInt(reciprocalPower(Number(x), n % 2n === 0n));
  let y = 1n;
  for (let factor = x; n > 0n; n >>= 1n) {
    if (n & 1n) y = BigInt.asIntN(64, y * factor);
    factor = BigInt.asIntN(64, factor * factor);
  }
  return y;
}

function reciprocalPower(x: number, even: boolean): number {
  return x === 1 ? 1 : x === -1 ? (even ? 1 : -1) : 0;
}

/** 1 / (1 + e^-x); the exponential never overflows. */
export function logistic(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

/** log(1 + e^x); the exponential never overflows. */
export function logOnePlusExp(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** The error function: 2/√π e^-x² Σ 2^n x^(2n+1) / (1·3·…·(2n+1)) near zero, 1 - erfc beyond. Abramowitz and Stegun 7.1.6. */
export function errorFunction(x: number): number {
  if (!(Math.abs(x) < 2)) {
    return x > 0
      ? 1 - complementaryErrorFunction(x)
      : complementaryErrorFunction(-x) - 1;
  }
  let term = x, total = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n++) {
    term *= 2 * x * x / (2 * n + 1);
    total += term;
  }
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * total;
}

/** 1 - erf(x), to full relative precision in the right tail, by a continued fraction. Abramowitz and Stegun 7.1.14. */
export function complementaryErrorFunction(x: number): number {
  if (x < 1) return 1 - errorFunction(x);
  if (!(x < 28)) return x > 0 ? 0 : x;
  let tail = x;
  for (let n = 20 + Math.ceil(300 / (x * x)); n > 0; n--) {
    tail = x + n / 2 / tail;
  }
  const head = Math.fround(x);
  return Math.exp(-head * head) * Math.exp((head - x) * (head + x)) /
    (Math.sqrt(Math.PI) * tail);
}
