/** Reference values: eigenvalues and eigenvectors, by the iterations that LAPACK has for small matrices. */
import {
  columnFrom,
  lengthOf,
  reflectColumns,
  reflector,
  reflectRows,
} from "./factorize.ts";
import { checkFinite, Matrix, refuse } from "./matrix.ts";

/** Eigenvalues, and a column for each. */
export interface Spectrum {
  readonly values: Float64Array;
  readonly vectors: Matrix;
}

const EPSILON = 2 ** -53;

/** Steps for each eigenvalue before an iteration counts as lost. */
const MOST_STEPS = 30;

/** c and s such that (c s; -s c) takes (f, g) to (r, 0). */
function rotation(f: number, g: number): [c: number, s: number, r: number] {
  if (g === 0) return [1, 0, f];
  if (f === 0) return [0, Math.sign(g), Math.abs(g)];
  const size = Math.hypot(f, g), r = f < 0 ? -size : size;
  return [Math.abs(f) / size, g / r, r];
}

/** Columns i and j become c i - s j and s i + c j. */
function rotateColumns(
  x: Matrix,
  [i, j]: readonly [number, number],
  c: number,
  s: number,
): void {
  for (let k = 0; k < x.m; k++) {
    const a = x.at(k, i), b = x.at(k, j);
    x.set(k, i, c * a - s * b);
    x.set(k, j, s * a + c * b);
  }
}

/** Of a symmetric matrix: ascending eigenvalues and orthonormal vectors, by a tridiagonal form and implicit shifts. */
export function symmetricSpectrum(x: Matrix): Spectrum {
  checkFinite(x);
  const { n } = x, a = x.copy(), z = Matrix.identity(n);
  for (let k = 0; k < n - 1; k++) {
    const h = reflector(columnFrom(a, k, k + 1));
    reflectRows(a, k + 1, h);
    reflectColumns(a, k + 1, h);
    reflectColumns(z, k + 1, h);
  }
  const d = Float64Array.from({ length: n }, (_, i) => a.at(i, i));
  const e = Float64Array.from(
    { length: Math.max(0, n - 1) },
    (_, i) => a.at(i + 1, i),
  );
  diagonalize(d, e, z);
  const order = [...d.keys()].sort((i, j) => d[i]! - d[j]!);
  return {
    values: Float64Array.from(order, (i) => d[i]!),
    vectors: Matrix.of(n, n, (i, j) => z.at(i, order[j]!)),
  };
}

/** Takes a tridiagonal matrix (diagonal d, beside it e) to its eigenvalues in d; the columns of z follow. */
function diagonalize(d: Float64Array, e: Float64Array, z: Matrix): void {
  const n = d.length;
  let left = MOST_STEPS * n;
  for (let first = 0; first < n;) {
    let last = first;
    while (last < n - 1 && !isSmall(d, e, last)) last++;
    if (last < n - 1) e[last] = 0;
    const next = last + 1;
    // The end with the smaller elements converges first.
    const downwards = Math.abs(d[last]!) >= Math.abs(d[first]!);
    const step = downwards ? 1 : -1, end = downwards ? last : first;
    const beside = (i: number) => downwards ? i : i - 1;
    for (let l = downwards ? first : last; (end - l) * step >= 0;) {
      let m = l;
      while (m !== end && !isSmall(d, e, beside(m))) m += step;
      if (m !== end) e[beside(m)] = 0;
      if (m === l) {
        l += step;
        continue;
      }
      if (m === l + step) {
        diagonalizePair(d, e, z, Math.min(l, m));
        l += 2 * step;
        continue;
      }
      if (left-- === 0) refuse("diverged", l);
      sweep(d, e, z, { l, m, step, beside });
    }
    first = next;
  }
}

function isSmall(d: Float64Array, e: Float64Array, i: number): boolean {
  const size = Math.sqrt(Math.abs(d[i]!)) * Math.sqrt(Math.abs(d[i + 1]!));
  return Math.abs(e[i]!) <= EPSILON * size || Math.abs(e[i]!) < 1e-150;
}

/** One sweep of rotations from m back to l. */
function sweep(
  d: Float64Array,
  e: Float64Array,
  z: Matrix,
  { l, m, step, beside }: {
    readonly l: number;
    readonly m: number;
    readonly step: number;
    readonly beside: (i: number) => number;
  },
): void {
  const here = e[beside(l)]!;
  const half = (d[l + step]! - d[l]!) / (2 * here), root = Math.hypot(half, 1);
  let g = d[m]! - d[l]! + here / (half + (half < 0 ? -root : root));
  let s = 1, c = 1, p = 0;
  for (let i = m - step;; i -= step) {
    const f = s * e[beside(i)]!, b = c * e[beside(i)]!;
    let r: number;
    [c, s, r] = rotation(g, f);
    if (i !== m - step) e[beside(i + step)] = r;
    g = d[i + step]! - p;
    r = (d[i]! - g) * s + 2 * c * b;
    p = s * r;
    d[i + step] = g + p;
    g = c * r - b;
    rotateColumns(z, [i, i + step], c, s);
    if (i === l) break;
  }
  d[l]! -= p;
  e[beside(l)] = g;
}

/** The eigenvalues of rows i and i + 1, the larger in size first. */
function diagonalizePair(
  d: Float64Array,
  e: Float64Array,
  z: Matrix,
  i: number,
): void {
  const a = d[i]!, b = e[i]!, c = d[i + 1]!, sum = a + c, difference = a - c;
  const root = Math.hypot(difference, 2 * b);
  const [large, small] = Math.abs(a) > Math.abs(c) ? [a, c] : [c, a];
  const one = sum < 0 ? (sum - root) / 2 : (sum + root) / 2;
  const two = sum === 0 ? -root / 2 : (large / one) * small - (b / one) * b;
  const sign = sum < 0 ? -1 : 1, other = difference >= 0 ? 1 : -1;
  const cs = difference + other * root;
  let c1: number, s1: number;
  if (Math.abs(cs) > Math.abs(2 * b)) {
    const t = (-2 * b) / cs;
    s1 = 1 / Math.sqrt(1 + t * t);
    c1 = t * s1;
  } else if (b === 0) {
    [c1, s1] = [1, 0];
  } else {
    const t = -cs / (2 * b);
    c1 = 1 / Math.sqrt(1 + t * t);
    s1 = t * c1;
  }
  if (sign === other) [c1, s1] = [-s1, c1];
  d[i] = one;
  d[i + 1] = two;
  e[i] = 0;
  rotateColumns(z, [i, i + 1], c1, -s1);
}

/** Of any matrix whose eigenvalues are real: they, and vectors of length 1. Refuses complex ones. */
export function realSpectrum(x: Matrix): Spectrum {
  checkFinite(x);
  const { n } = x, h = x.copy(), z = Matrix.identity(n);
  for (let k = 0; k < n - 2; k++) {
    const made = reflector(columnFrom(h, k, k + 1));
    reflectRows(h, k + 1, made);
    reflectColumns(h, k + 1, made);
    reflectColumns(z, k + 1, made);
    for (let i = k + 2; i < n; i++) h.set(i, k, 0);
  }
  for (let last = n - 1; last >= 0;) last = deflate(h, z, last);
  const values = Float64Array.from({ length: n }, (_, i) => h.at(i, i));
  const inner = new Matrix(n, n);
  for (let k = 0; k < n; k++) backSubstitute(h, inner, k);
  const vectors = z.times(inner);
  for (let k = 0; k < n; k++) {
    const size = lengthOf(columnFrom(vectors, k, 0));
    for (let i = 0; i < n; i++) vectors.set(i, k, vectors.at(i, k) / size);
  }
  return { values, vectors };
}

/** Iterates until an eigenvalue, or two, stand alone at the end of rows … last; returns the row before them. */
function deflate(h: Matrix, z: Matrix, last: number): number {
  for (let step = 0; step <= MOST_STEPS * h.n; step++) {
    let first = last;
    while (first > 0 && !isNegligible(h, first)) first--;
    if (first > 0) h.set(first, first - 1, 0);
    if (first === last) return last - 1;
    if (first === last - 1) {
      triangulatePair(h, z, first);
      return first - 1;
    }
    const shifts = step % 20 === 10
      ? exceptional(h, first)
      : step % 20 === 19
      ? exceptional(h, last - 1)
      : shiftsOf(h, last);
    chase(h, z, { first, last, shifts });
  }
  return refuse("diverged", last);
}

function isNegligible(h: Matrix, k: number): boolean {
  const below = Math.abs(h.at(k, k - 1)),
    size = Math.abs(h.at(k - 1, k - 1)) + Math.abs(h.at(k, k));
  return below <= EPSILON * size || below < 1e-290;
}

/** Two shifts: their real parts, and the imaginary part of the first. */
type Shifts = readonly [one: number, two: number, imaginary: number];

/** Both eigenvalues of the last two rows, or the real one nearer to the last element twice. */
function shiftsOf(h: Matrix, i: number): Shifts {
  const a = h.at(i - 1, i - 1), d = h.at(i, i);
  const middle = (a + d) / 2,
    det = (a - middle) * (d - middle) - h.at(i - 1, i) * h.at(i, i - 1);
  const root = Math.sqrt(Math.abs(det));
  if (det >= 0) return [middle, middle, root];
  const near = Math.abs(middle + root - d) <= Math.abs(middle - root - d)
    ? middle + root
    : middle - root;
  return [near, near, 0];
}

function exceptional(h: Matrix, k: number): Shifts {
  const s = 0.75 * Math.abs(h.at(k + 1, k)), middle = s + h.at(k, k);
  return [middle, middle, Math.sqrt(0.4375) * s];
}

/** One double step: a bulge of three rows runs from where it may start to the last row. */
function chase(
  h: Matrix,
  z: Matrix,
  { first, last, shifts: [one, two, imaginary] }: {
    readonly first: number;
    readonly last: number;
    readonly shifts: Shifts;
  },
): void {
  let m = last - 2, v: Float64Array;
  for (;; m--) {
    const a = h.at(m, m), below = h.at(m + 1, m);
    const size = Math.abs(a - two) + Math.abs(imaginary) + Math.abs(below),
      scaled = below / size;
    v = Float64Array.of(
      scaled * h.at(m, m + 1) + (a - one) * ((a - two) / size) +
        imaginary * (imaginary / size),
      scaled * (a + h.at(m + 1, m + 1) - one - two),
      scaled * h.at(m + 2, m + 1),
    );
    if (m === first) break;
    const [x, y, w] = v.map(Math.abs) as unknown as [number, number, number];
    const around = Math.abs(h.at(m - 1, m - 1)) + Math.abs(a) +
      Math.abs(h.at(m + 1, m + 1));
    if (Math.abs(h.at(m, m - 1)) * (y + w) <= EPSILON * x * around) break;
  }
  for (let k = m; k < last; k++) {
    const rows = Math.min(3, last - k + 1);
    if (k > m) {
      v = Float64Array.from({ length: rows }, (_, i) => h.at(k + i, k - 1));
    }
    const made = reflector(v.subarray(0, rows));
    reflectRows(h, k, made);
    reflectColumns(h, k, made);
    reflectColumns(z, k, made);
    if (k > m) { for (let i = 1; i < rows; i++) h.set(k + i, k - 1, 0); }
  }
}

/** Makes rows i and i + 1 a triangle. */
function triangulatePair(h: Matrix, z: Matrix, i: number): void {
  const a = h.at(i, i), b = h.at(i, i + 1), c = h.at(i + 1, i);
  const p = (a - h.at(i + 1, i + 1)) / 2, under = p * p + b * c;
  if (under < 0) refuse("complex", i);
  const w = p + (p < 0 ? -Math.sqrt(under) : Math.sqrt(under));
  const size = Math.hypot(c, w), cs = w / size, sn = c / size;
  rotateColumns(h, [i, i + 1], cs, -sn);
  rotateColumns(z, [i, i + 1], cs, -sn);
  for (let j = 0; j < h.n; j++) {
    const x = h.at(i, j), y = h.at(i + 1, j);
    h.set(i, j, cs * x + sn * y);
    h.set(i + 1, j, cs * y - sn * x);
  }
  h.set(i + 1, i, 0);
}

/** Column k of `out`: the eigenvector of the triangle t for its element (k, k). */
function backSubstitute(t: Matrix, out: Matrix, k: number): void {
  const value = t.at(k, k);
  out.set(k, k, 1);
  for (let i = k - 1; i >= 0; i--) {
    let sum = 0;
    for (let j = i + 1; j <= k; j++) sum -= t.at(i, j) * out.at(j, k);
    const apart = t.at(i, i) - value,
      least = Math.max(EPSILON * Math.abs(value), 1e-290);
    out.set(i, k, sum / (Math.abs(apart) < least ? least : apart));
  }
}
