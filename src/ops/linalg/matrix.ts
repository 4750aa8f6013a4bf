/** Matrices of values, in double precision: what the reference values of linear algebra are computed with. */
import { allocate, type Dtype } from "../../graph/dtype.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { type Refusal, refusalError } from "./refusal.ts";

/** m rows of n numbers, row by row. */
export class Matrix {
  /** Zeros unless there are elements. */
  constructor(
    readonly m: number,
    readonly n: number,
    readonly data: Float64Array = new Float64Array(m * n),
  ) {}

  /** Ones on the diagonal. */
  static identity(m: number, n = m): Matrix {
    return Matrix.of(m, n, (i, j) => i === j ? 1 : 0);
  }

  /** By row and column. */
  static of(m: number, n: number, f: (i: number, j: number) => number): Matrix {
    const made = new Matrix(m, n);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) made.data[i * n + j] = f(i, j);
    }
    return made;
  }

  at(i: number, j: number): number {
    return this.data[i * this.n + j]!;
  }

  set(i: number, j: number, value: number): void {
    this.data[i * this.n + j] = value;
  }

  copy(): Matrix {
    return new Matrix(this.m, this.n, this.data.slice());
  }

  map(f: (value: number, i: number, j: number) => number): Matrix {
    return Matrix.of(this.m, this.n, (i, j) => f(this.at(i, j), i, j));
  }

  transpose(): Matrix {
    return Matrix.of(this.n, this.m, (i, j) => this.at(j, i));
  }

  /** Columns from … to - 1. */
  columns(from: number, to: number): Matrix {
    return Matrix.of(this.m, to - from, (i, j) => this.at(i, from + j));
  }

  /** The product. */
  times(other: Matrix): Matrix {
    return Matrix.of(this.m, other.n, (i, j) => {
      let sum = 0;
      for (let k = 0; k < this.n; k++) sum += this.at(i, k) * other.at(k, j);
      return sum;
    });
  }

  exchangeRows(i: number, j: number): void {
    if (i === j) return;
    const { n, data } = this, row = data.slice(i * n, (i + 1) * n);
    data.copyWithin(i * n, j * n, (j + 1) * n);
    data.set(row, j * n);
  }
}

/** Thrown while one matrix is worked on. */
export class Refused extends Error {
  constructor(readonly refusal: Omit<Refusal, "which">) {
    super(refusal.reason);
  }
}

/** Refuses the matrix at hand. */
export function refuse(reason: Refusal["reason"], index = 0): never {
  throw new Refused({ reason, index });
}

/** Refuses what is NaN or infinite: iterations would not end. */
export function checkFinite({ data }: Matrix): void {
  const at = data.findIndex((x) => !Number.isFinite(x));
  if (at >= 0) refuse("notFinite", at);
}

/** A result for each matrix of a stack: its elements, and the shape that one has. */
export interface Piece {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  /** That of the operands unless given. */
  readonly dtype?: Dtype;
}

/** A scalar for each matrix. */
export function scalarPiece(value: number, dtype?: Dtype): Piece {
  return { shape: [], data: [value], ...(dtype && { dtype }) };
}

/** A vector for each matrix. */
export function vectorPiece(data: ArrayLike<number>): Piece {
  return { shape: [data.length], data };
}

/** A matrix for each matrix. */
export function matrixPiece({ m, n, data }: Matrix): Piece {
  return { shape: [m, n], data };
}

/**
 * Applies `f` to the matrices at each position of stacks, and stacks what it
 * gives. RangeError: it refuses one.
 */
export function overStacks(
  name: string,
  inputs: readonly NDArray[],
  f: (...matrices: Matrix[]) => readonly Piece[],
): NDArray[] {
  const lead = inputs[0]!.shape.slice(0, -2),
    count = lead.reduce((a, b) => a * b, 1);
  const flat = inputs.map((x) => x.flat()), { dtype } = inputs[0]!;
  const matrix = (k: number, which: number) => {
    const [m, n] = inputs[k]!.shape.slice(-2) as [number, number];
    return Matrix.of(
      m,
      n,
      (i, j) => Number(flat[k]![(which * m + i) * n + j]),
    );
  };
  // What an empty stack gives has the shapes that zeros would have.
  const blank = () =>
    inputs.map((x) => {
      const [m, n] = x.shape.slice(-2) as [number, number];
      return Matrix.identity(m, n);
    });
  let results: NDArray[] | null = null;
  const stack = (pieces: readonly Piece[]) =>
    pieces.map((p) => {
      const shape = [...lead, ...p.shape],
        size = shape.reduce((a, b) => a * b, 1),
        d = p.dtype ?? dtype;
      return new NDArray(d, shape, allocate(d, size));
    });
  for (let which = 0; which < count; which++) {
    const pieces = refusing(
      name,
      which,
      () => f(...inputs.map((_, k) => matrix(k, which))),
    );
    results ??= stack(pieces);
    pieces.forEach((p, o) => {
      const { data } = results![o]!, size = p.data.length;
      for (let i = 0; i < size; i++) {
        data[which * size + i] = typeof data[0] === "bigint"
          ? BigInt(p.data[i]!)
          : p.data[i]!;
      }
    });
  }
  return results ?? stack(f(...blank()));
}

function refusing<T>(name: string, which: number, f: () => T): T {
  try {
    return f();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw refusalError(name, { ...error.refusal, which });
  }
}
