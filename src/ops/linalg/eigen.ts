/** Eigenvalues and eigenvectors. */
import { withDefaults } from "../../graph/options.ts";
import type { NDArray } from "../../graph/ndarray.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { eye } from "../constructors.ts";
import { defineOp, type Operand, type OpFunction, type X } from "../define.ts";
import { diagonal } from "../shape/diagonal.ts";
import { expandDims } from "../shape/dimshuffle.ts";
import { div, mul, sub } from "../elementwise/elemwise.ts";
import { eq, where } from "../elementwise/elemwise_logic.ts";
import { sum } from "../reductions/reduce.ts";
import { lengthsOf } from "../shape/shape.ts";
import { cholesky, folded, mirrored } from "./cholesky.ts";
import { type Matrix, matrixPiece, overStacks, vectorPiece } from "./matrix.ts";
import { solve } from "./solve.ts";
import { realSpectrum, type Spectrum, symmetricSpectrum } from "./spectrum.ts";
import {
  alignStacks,
  asFloats,
  lapackText,
  type Scratch,
  squaresOf,
  times,
  turn,
} from "./stack.ts";
import { solveTriangular } from "./triangular.ts";
import { total } from "../elementwise/total.ts";

interface TriangleParams {
  readonly lower: boolean;
}

/** A vector for each matrix, as a matrix of one row: it scales columns. */
function row(x: Variable): Variable {
  return expandDims(x, -2);
}

/** Zeros, with the elements of vectors on the diagonals. */
function onDiagonals(w: Variable): Variable {
  return mul(row(w), eye(lengthsOf(w).at(-1)!, undefined, 0, w.dtype));
}

/** 1 / (w_j - w_i) in row i and column j; 0 where both are equal, and what is symmetric in them stays right. */
export function reciprocalGaps(w: Variable): Variable {
  const gaps = sub(row(w), expandDims(w, -1)), same = eq(gaps, 0);
  return where(same, 0, div(1, where(same, 1, gaps)));
}

/** The symmetric matrix that one triangle of x tells. */
function symmetric(x: Matrix, lower: boolean): Matrix {
  return x.map((_, i, j) =>
    i > j === lower || i === j ? x.at(i, j) : x.at(j, i)
  );
}

/** C that makes `a` the symmetric matrix of one triangle, and then, with "V", of its vectors; eigenvalues go to `values`. Refuses what is not finite. */
function symmetricText(
  lead: number,
  job: "V" | "N",
  { lower, values }: TriangleParams & { readonly values: string },
): string {
  const [down, right] = [`x_s${lead}`, `x_s${lead + 1}`];
  return `
for (int64_t i = 0; i < n; i++) {
  for (int64_t j = 0; j <= i; j++) {
    const R element = X[${lower ? "i" : "j"} * ${down} + ${
    lower ? "j" : "i"
  } * ${right}];
    a[i * n + j] = a[j * n + i] = element;
  }
}
const int64_t bad = not_finite(a, n * n);
if (bad >= 0) return refuse_matrix(ctx, LINALG_NOT_FINITE, bad, which);
int info = 0;
if (n) L(syevd)("${job}", "${
    lower ? "L" : "U"
  }", &order, a, &rows, ${values}, work, &size, iwork, &integers, &info, 1, 1);
if (info) return refuse_matrix(ctx, LINALG_DIVERGED, info, which);`;
}

/** What LAPACK wants for symmetric matrices; the first letter says whether vectors are wanted. */
function symmetricSetup(lead: number, job: "V" | "N", lower: boolean): string {
  return `
const int64_t n = x_n${lead};
const int order = n, rows = leading(n), asked = -1;
R answer = 1;
int integers = 1, said = 0;
L(syevd)("${job}", "${
    lower ? "L" : "U"
  }", &order, 0, &rows, 0, &answer, &asked, &integers, &asked, &said, 1, 1);
const int size = work_size(answer);`;
}

const SYMMETRIC_SCRATCH: readonly Scratch[] = [
  ["R", "a", "n * n"],
  ["R", "work", "size"],
  ["int", "iwork", "integers"],
];

/** The columns of v times the elements of w, times the rows of u. */
function scaled(v: Matrix, w: ArrayLike<number>, u: Matrix): Matrix {
  return v.map((x, _, j) => x * w[j]!).times(u);
}

/** Eigenvalues, what values and vectors make together, and the products of vectors: no signs are left, nor the choice among equal values. */
function symmetricInvariants(
  _: readonly NDArray[],
  [w, v]: readonly NDArray[],
): NDArray[] {
  const rest = overStacks("eigh", [v!, expandRow(w!)], (v, w) => [
    matrixPiece(scaled(v!, w!.data, v!.transpose())),
    matrixPiece(v!.transpose().times(v!)),
  ]);
  return [w!, ...rest];
}

/** A stack of vectors as one of matrices of one row. */
export function expandRow(w: NDArray): NDArray {
  return w.reshape([...w.shape.slice(0, -1), 1, w.shape.at(-1)!]);
}

const symmetricEigen: OpFunction<X, TriangleParams, 2> = defineOp<
  X,
  TriangleParams,
  2
>({
  name: "eigh",
  arity: 1,
  outputs: 2,
  infer: ([x], _, lengths) => {
    const { lead, n } = squaresOf("eigh", x, lengths), { dtype } = x;
    return [{ dtype, shape: [...lead, n] }, { dtype, shape: [...lead, n, n] }];
  },
  eval: ([x], { lower }) =>
    overStacks(
      "eigh",
      [x],
      (x) => pieces(symmetricSpectrum(symmetric(x!, lower))),
    ),
  vjp: ({ outputs: [w, v], params: { lower } }, gw, gv) => {
    const inner = total(
      gw && onDiagonals(gw),
      gv && mul(reciprocalGaps(w!), times(turn(v!), gv)),
    );
    return [inner && folded(times(times(v!, inner), turn(v!)), lower)];
  },
  jvp: ({ outputs: [w, v], params: { lower } }, [t]) => {
    if (!t) return [null, null];
    const moved = times(times(turn(v!), mirrored(t, lower)), v!);
    return [
      diagonal(moved, 0, -2, -1),
      times(v!, mul(reciprocalGaps(w!), moved)),
    ];
  },
  c: (site) =>
    lapackText(site, (lead, { lower }) => ({
      setup: symmetricSetup(lead, "V", lower),
      scratch: SYMMETRIC_SCRATCH,
      each: `${symmetricText(lead, "V", { lower, values: "Y0" })}
to_rows(Y1, a, n, n, n);`,
    })),
  mayFail: true,
  invariants: symmetricInvariants,
});

function pieces({ values, vectors }: Spectrum) {
  return [vectorPiece(values), matrixPiece(vectors)];
}

const symmetricValues: OpFunction<X, TriangleParams> = defineOp<
  X,
  TriangleParams
>({
  name: "eigvalsh",
  arity: 1,
  infer: ([x], _, lengths) => {
    const { lead, n } = squaresOf("eigvalsh", x, lengths);
    return { dtype: x.dtype, shape: [...lead, n] };
  },
  eval: ([x], { lower }) =>
    overStacks("eigvalsh", [x], (x) => [
      vectorPiece(symmetricSpectrum(symmetric(x!, lower)).values),
    ])[0]!,
  vjp: ({ inputs: [x], params }, g) => {
    const [, v] = symmetricEigen(x, params);
    return [folded(times(mul(v!, row(g)), turn(v!)), params.lower)];
  },
  jvp: ({ inputs: [x], params }, [t]) => {
    if (!t) return null;
    const [, v] = symmetricEigen(x, params);
    return sum(mul(v!, times(mirrored(t, params.lower), v!)), { axis: -2 });
  },
  c: (site) =>
    lapackText(site, (lead, { lower }) => ({
      setup: symmetricSetup(lead, "N", lower),
      scratch: SYMMETRIC_SCRATCH,
      each: symmetricText(lead, "N", { lower, values: "Y" }),
    })),
  mayFail: true,
});

/** The triangle of a symmetric matrix that counts. */
export type Uplo = "L" | "U";

function lowerOf(name: string, uplo: Uplo): TriangleParams {
  if (uplo === "L" || uplo === "U") return { lower: uplo === "L" };
  throw new RangeError(
    `Cannot apply ${name}: no triangle is called ${uplo satisfies never}; use "L" or "U"`,
  );
}

function eighOf(
  x: Operand,
  uplo: Uplo = "L",
): [values: Variable, vectors: Variable] {
  return symmetricEigen(asFloats([x])[0]!, lowerOf("eigh", uplo)) as [
    Variable,
    Variable,
  ];
}

/**
 * The eigenvalues of a symmetric matrix, ascending, and a column for each
 * with its eigenvector, of length 1. Only the lower triangle is read, or the
 * upper one for "U", and gets the gradient. The sign of a vector is LAPACK's
 * choice. Gradients of vectors belong to values that differ. Axes in front
 * are stacks.
 *
 * TypeError: no matrix. RangeError: not square; when it runs, where an element
 * is not finite.
 *
 * ```ts
 * import { eigh, function as compile, matrix } from "damo";
 * const x = matrix("x"), [w, v] = eigh(x), f = compile([x], [w, v]);
 * console.log(f([[2, 0], [0, 1]])[0].toArray()); // [ 1, 2 ]
 * ```
 */
export const eigh: {
  (x: Operand, uplo?: Uplo): [values: Variable, vectors: Variable];
  readonly op: AnyOp;
} = Object.assign(eighOf, { op: symmetricEigen.op });

/** Which triangles count. */
export interface EigvalshOptions {
  /** The lower ones, unless this is false. */
  readonly lower?: boolean;
}

function eigvalshOf(
  a: Operand,
  b: Operand | null = null,
  options: EigvalshOptions = {},
): Variable {
  const { lower } = withDefaults("apply eigvalsh", options, { lower: true });
  if (b === null) return symmetricValues(asFloats([a])[0]!, { lower });
  const [x, y] = alignStacks(...asFloats([a, b]) as [Variable, Variable]);
  // a v = w b v with b = l lᵀ is (l⁻¹ a l⁻ᵀ) (lᵀ v) = w (lᵀ v).
  const l = cholesky(lower ? y : turn(y));
  const left = (z: Variable) => solveTriangular(l, z, { lower: true });
  return symmetricValues(left(turn(left(mirrored(x, lower)))), { lower: true });
}

/**
 * The eigenvalues of a symmetric matrix, ascending; with a positive definite
 * b those of the pair, w in a v = w b v. Only the lower triangles are read, and get the
 * gradient, or the upper ones. Axes in front are stacks.
 *
 * TypeError: no matrices. RangeError: not square; when it runs, where b is not
 * positive definite or an element is not finite.
 */
export const eigvalsh: {
  (a: Operand, b?: Operand | null, options?: EigvalshOptions): Variable;
  readonly op: AnyOp;
} = Object.assign(eigvalshOf, { op: symmetricValues.op });

/** Ascending eigenvalues; x, with how far x v is from v w added; the lengths of vectors. */
function generalInvariants(
  [x]: readonly NDArray[],
  [w, v]: readonly NDArray[],
): NDArray[] {
  return overStacks("eig", [x!, expandRow(w!), v!], (x, w, v) => [
    vectorPiece(w!.data.slice().sort()),
    matrixPiece(
      x!.times(v!).map((xv, i, j) =>
        x!.at(i, j) + (xv - v!.at(i, j) * w!.data[j]!)
      ),
    ),
    vectorPiece(
      Float64Array.from(
        { length: v!.n },
        (_, j) => v!.transpose().times(v!).at(j, j),
      ),
    ),
  ]);
}

/** Takes from each column its part along the column of v, which has length 1. */
function across(v: Variable, g: Variable): Variable {
  return sub(g, mul(v, sum(mul(v, g), { axis: -2, keepdims: true })));
}

const generalEigen: OpFunction<X, void, 2> = defineOp<X, void, 2>({
  name: "eig",
  arity: 1,
  outputs: 2,
  infer: ([x], _, lengths) => {
    const { lead, n } = squaresOf("eig", x, lengths), { dtype } = x;
    return [{ dtype, shape: [...lead, n] }, { dtype, shape: [...lead, n, n] }];
  },
  eval: ([x]) => overStacks("eig", [x], (x) => pieces(realSpectrum(x!))),
  vjp: ({ outputs: [w, v] }, gw, gv) => {
    const inner = total(
      gw && onDiagonals(gw),
      gv && mul(reciprocalGaps(w!), times(turn(v!), across(v!, gv))),
    );
    return [inner && solve(turn(v!), times(inner, turn(v!)))];
  },
  jvp: ({ outputs: [w, v] }, [t]) => {
    if (!t) return [null, null];
    const moved = solve(v!, times(t, v!));
    return [
      diagonal(moved, 0, -2, -1),
      across(v!, times(v!, mul(reciprocalGaps(w!), moved))),
    ];
  },
  c: (site) =>
    lapackText(site, (lead) => ({
      setup: `
const int64_t n = x_n${lead};
const int order = n, rows = leading(n), asked = -1;
R answer = 1;
int said = 0;
L(geev)("N", "V", &order, 0, &rows, 0, 0, 0, &rows, 0, &rows, &answer, &asked, &said, 1, 1);
const int size = work_size(answer);`,
      scratch: [
        ["R", "a", "n * n"],
        ["R", "vectors", "n * n"],
        ["R", "imaginary", "n"],
        ["R", "work", "size"],
      ],
      each: `
int info = 0;
to_columns(a, X, n, n, x_s${lead}, x_s${lead + 1});
const int64_t bad = not_finite(a, n * n);
if (bad >= 0) return refuse_matrix(ctx, LINALG_NOT_FINITE, bad, which);
if (n) L(geev)("N", "V", &order, a, &rows, Y0, imaginary, 0, &rows, vectors, &rows, work, &size, &info, 1, 1);
if (info) return refuse_matrix(ctx, LINALG_DIVERGED, info, which);
for (int64_t i = 0; i < n; i++) {
  if (imaginary[i] != 0) return refuse_matrix(ctx, LINALG_COMPLEX, i, which);
}
to_rows(Y1, vectors, n, n, n);`,
    })),
  mayFail: true,
  invariants: generalInvariants,
});

/**
 * The eigenvalues of any square matrix, in no order, and a column for each
 * with its eigenvector, of length 1. There are no complex numbers: a matrix
 * with complex eigenvalues is refused. Axes in front are stacks.
 *
 * TypeError: no matrix. RangeError: not square; when it runs, where an
 * eigenvalue is complex or an element is not finite.
 */
export const eig: {
  (x: Operand): [values: Variable, vectors: Variable];
  readonly op: AnyOp;
} = Object.assign(
  (x: Operand) =>
    generalEigen(asFloats([x])[0]!) as [values: Variable, vectors: Variable],
  { op: generalEigen.op },
);
