/** Reference values: singular values and vectors, by rotations of pairs of columns until all are orthogonal. */
import { columnFrom, lengthOf, orthogonalize } from "./factorize.ts";
import { checkFinite, Matrix, refuse } from "./matrix.ts";

/** x = u diag(s) vt; s is descending, u and vt are square where all of them is wanted. */
export interface Singular {
  readonly u: Matrix;
  readonly s: Float64Array;
  readonly vt: Matrix;
}

const EPSILON = 2 ** -52;
const MOST_SWEEPS = 60;

/** The singular value decomposition of any matrix. */
export function singularValues(x: Matrix, full = false): Singular {
  checkFinite(x);
  if (x.m < x.n) {
    const { u, s, vt } = singularValues(x.transpose(), full);
    return { u: vt.transpose(), s, vt: u.transpose() };
  }
  const { m, n } = x, w = x.copy(), v = Matrix.identity(n);
  let moved = true;
  for (let sweep = 0; moved; sweep++) {
    if (sweep > MOST_SWEEPS) refuse("diverged", sweep);
    moved = false;
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) moved = rotate(w, v, i, j) || moved;
    }
  }
  const sizes = Float64Array.from(
    { length: n },
    (_, j) => lengthOf(columnFrom(w, j, 0)),
  );
  const order = [...sizes.keys()].sort((i, j) => sizes[j]! - sizes[i]!);
  const s = Float64Array.from(order, (i) => sizes[i]!);
  const rank = s.findIndex((size) => size === 0),
    known = rank < 0 ? n : rank;
  const some = Matrix.of(m, known, (i, j) => w.at(i, order[j]!) / s[j]!);
  return {
    u: complete(some, full ? m : n),
    s,
    vt: Matrix.of(n, n, (i, j) => v.at(j, order[i]!)),
  };
}

/** Makes columns i and j of w orthogonal; false if they are. */
function rotate(w: Matrix, v: Matrix, i: number, j: number): boolean {
  let a = 0, b = 0, c = 0;
  for (let k = 0; k < w.m; k++) {
    const x = w.at(k, i), y = w.at(k, j);
    a += x * x, b += y * y, c += x * y;
  }
  if (Math.abs(c) <= EPSILON * Math.sqrt(a) * Math.sqrt(b) || c === 0) {
    return false;
  }
  const half = (b - a) / (2 * c),
    t = (half < 0 ? -1 : 1) / (Math.abs(half) + Math.hypot(1, half));
  const cosine = 1 / Math.hypot(1, t), sine = cosine * t;
  for (const x of [w, v]) {
    for (let k = 0; k < x.m; k++) {
      const p = x.at(k, i), q = x.at(k, j);
      x.set(k, i, cosine * p - sine * q);
      x.set(k, j, sine * p + cosine * q);
    }
  }
  return true;
}

/** Orthonormal columns, and others that make them so many. */
function complete(some: Matrix, columns: number): Matrix {
  if (some.n === columns) return some;
  const { q } = orthogonalize(some);
  return Matrix.of(
    some.m,
    columns,
    (i, j) => j < some.n ? some.at(i, j) : q.at(i, j),
  );
}
