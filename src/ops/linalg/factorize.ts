/** Reference values: triangular factors, and what is solved with them. */
import { Matrix, refuse } from "./matrix.ts";

/** Rows exchanged so that x is L U, both in one matrix; L has ones on its diagonal. */
export interface Factors {
  readonly lu: Matrix;
  /** Row i was exchanged with this one, in order. */
  readonly pivots: readonly number[];
  /** The first column without a pivot, or -1. */
  readonly singular: number;
}

/** Gaussian elimination with the largest element of each column as its pivot. */
export function factorize(x: Matrix): Factors {
  const lu = x.copy(), { n } = lu, pivots: number[] = [];
  let singular = -1;
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) {
      if (Math.abs(lu.at(i, k)) > Math.abs(lu.at(best, k))) best = i;
    }
    pivots.push(best);
    lu.exchangeRows(k, best);
    const pivot = lu.at(k, k);
    if (pivot === 0) {
      if (singular < 0) singular = k;
      continue;
    }
    for (let i = k + 1; i < n; i++) {
      const factor = lu.at(i, k) / pivot;
      lu.set(i, k, factor);
      for (let j = k + 1; j < n; j++) {
        lu.set(i, j, lu.at(i, j) - factor * lu.at(k, j));
      }
    }
  }
  return { lu, pivots, singular };
}

/** The solution of a y = b. Refuses a singular a. */
export function solveBy(a: Matrix, b: Matrix): Matrix {
  const { lu, pivots, singular } = factorize(a);
  if (singular >= 0) refuse("singular", singular);
  const y = b.copy();
  pivots.forEach((p, k) => y.exchangeRows(k, p));
  return substitute(
    lu,
    substitute(lu, y, { lower: true, unit: true }),
    { lower: false, unit: false },
  );
}

/** Which triangle of a matrix counts, and whether ones stand for its diagonal. */
export interface Triangle {
  readonly lower: boolean;
  readonly unit: boolean;
}

/** The solution of t y = b, for the triangle of t. Refuses a zero on its diagonal. */
export function substitute(
  t: Matrix,
  b: Matrix,
  { lower, unit }: Triangle,
): Matrix {
  const y = b.copy(), { n } = t;
  if (!unit) {
    for (let i = 0; i < n; i++) if (t.at(i, i) === 0) refuse("singular", i);
  }
  for (let step = 0; step < n; step++) {
    const i = lower ? step : n - 1 - step;
    for (let j = 0; j < y.n; j++) {
      let sum = y.at(i, j);
      for (let k = lower ? 0 : i + 1; k < (lower ? i : n); k++) {
        sum -= t.at(i, k) * y.at(k, j);
      }
      y.set(i, j, unit ? sum : sum / t.at(i, i));
    }
  }
  return y;
}

/** The lower triangle whose product with its transpose has the lower triangle of x; the first row that refuses otherwise. */
export function choleskyFactor(x: Matrix): Matrix | number {
  const { n } = x, l = new Matrix(n, n);
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = x.at(i, j);
      for (let k = 0; k < j; k++) sum -= l.at(i, k) * l.at(j, k);
      if (i > j) l.set(i, j, sum / l.at(j, j));
      else if (sum > 0) l.set(j, j, Math.sqrt(sum));
      else return j;
    }
  }
  return l;
}

/** H = 1 - tau v vᵀ, with v[0] = 1, takes a vector to (beta, 0, …). */
export interface Reflector {
  readonly v: Float64Array;
  readonly tau: number;
  readonly beta: number;
}

/** The Euclidean length, without overflow on the way. */
export function lengthOf(x: Float64Array): number {
  const largest = x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  if (largest === 0) return 0;
  return largest * Math.sqrt(x.reduce((sum, v) => sum + (v / largest) ** 2, 0));
}

/** The reflector of a vector; its sign is LAPACK's. */
export function reflector(x: Float64Array): Reflector {
  const rest = lengthOf(x.subarray(1)), alpha = x[0]!, v = x.slice();
  v[0] = 1;
  if (rest === 0) return { v: v.fill(0, 1), tau: 0, beta: alpha };
  const size = Math.hypot(alpha, rest), beta = alpha >= 0 ? -size : size;
  for (let i = 1; i < v.length; i++) v[i]! /= alpha - beta;
  return { v, tau: (beta - alpha) / beta, beta };
}

/** Multiplies rows from … by a reflector, from the left. */
export function reflectRows(
  x: Matrix,
  from: number,
  { v, tau }: Reflector,
): void {
  for (let j = 0; j < x.n; j++) {
    let sum = 0;
    for (let i = 0; i < v.length; i++) sum += v[i]! * x.at(from + i, j);
    for (let i = 0; i < v.length; i++) {
      x.set(from + i, j, x.at(from + i, j) - tau * v[i]! * sum);
    }
  }
}

/** Multiplies columns from … by a reflector, from the right. */
export function reflectColumns(
  x: Matrix,
  from: number,
  { v, tau }: Reflector,
): void {
  for (let i = 0; i < x.m; i++) {
    let sum = 0;
    for (let j = 0; j < v.length; j++) sum += x.at(i, from + j) * v[j]!;
    for (let j = 0; j < v.length; j++) {
      x.set(i, from + j, x.at(i, from + j) - tau * sum * v[j]!);
    }
  }
}

/** Elements from … of a column. */
export function columnFrom(
  x: Matrix,
  column: number,
  from: number,
): Float64Array {
  return Float64Array.from(
    { length: x.m - from },
    (_, i) => x.at(from + i, column),
  );
}

/** x = q r by reflectors: q is square; `raw` has r and below it the reflectors, and `tau` theirs. */
export interface Orthogonal {
  readonly q: Matrix;
  readonly r: Matrix;
  readonly raw: Matrix;
  readonly tau: readonly number[];
}

/** An orthogonal matrix and an upper triangle whose product is x. */
export function orthogonalize(x: Matrix): Orthogonal {
  const { m, n } = x, r = x.copy(), q = Matrix.identity(m), raw = x.copy();
  const tau: number[] = [];
  for (let k = 0; k < Math.min(m, n); k++) {
    const h = reflector(columnFrom(r, k, k));
    reflectRows(r, k, h);
    reflectColumns(q, k, h);
    tau.push(h.tau);
    for (let i = k + 1; i < m; i++) {
      r.set(i, k, 0);
      raw.set(i, k, h.v[i - k]!);
    }
  }
  const packed = raw.map((v, i, j) => i <= j ? r.at(i, j) : v);
  return { q, r, raw: packed, tau };
}
