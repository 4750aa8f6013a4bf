/** What comes nearest to an inverse and to a solution: by singular values. */
import { withDefaults } from "../../graph/options.ts";
import type { Dtype } from "../../graph/dtype.ts";
import { slice } from "../../graph/indexing.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { at } from "../indexing/at.ts";
import {
  asVariable,
  constant,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
} from "../define.ts";
import { expandDims, squeeze } from "../shape/dimshuffle.ts";
import { cast, mul, neg, sqr, sub } from "../elementwise/elemwise.ts";
import { and_, eq, gt, where } from "../elementwise/elemwise_logic.ts";
import { sum } from "../reductions/reduce.ts";
import { shapeAt } from "../shape/shape.ts";
import { dot } from "../products/dot.ts";
import {
  type Matrix,
  matrixPiece,
  overStacks,
  scalarPiece,
  vectorPiece,
} from "./matrix.ts";
import { sameRows } from "./right_side.ts";
import { singularValues } from "./singular.ts";
import { asFloats, lapackText, matricesOf, times, turn } from "./stack.ts";
import {
  singularScratch,
  singularSetup,
  singularText,
  svdvals,
} from "./svd.ts";
import { total } from "../elementwise/total.ts";

interface PinvParams {
  /** Smaller singular values than this times the largest count as 0; null: the rounding of the larger side. */
  readonly rcond: number | null;
}

/** One unit in the last place of 1. */
function epsilonOf(dtype: Dtype): number {
  return dtype === "float32" ? 2 ** -23 : 2 ** -52;
}

function pseudoinverse(x: Matrix, rcond: number): Matrix {
  const { u, s, vt } = singularValues(x),
    least = rcond * (s[0] ?? 0);
  const inverse = s.map((v) => v > least ? 1 / v : 0);
  return vt.transpose().map((v, _, j) => v * inverse[j]!).times(
    u.transpose(),
  );
}

const inverted: OpFunction<X, PinvParams> = defineOp<X, PinvParams>({
  name: "pinv",
  arity: 1,
  infer: ([x]) => {
    const { lead, m, n } = matricesOf("pinv", x);
    return { dtype: x.dtype, shape: [...lead, n, m] };
  },
  eval: ([x], { rcond }) =>
    overStacks("pinv", [x], (y) => [
      matrixPiece(
        pseudoinverse(
          y!,
          rcond ?? Math.max(y!.m, y!.n) * epsilonOf(x.dtype),
        ),
      ),
    ])[0]!,
  // Golub and Pereyra (1973), for matrices whose rank does not change.
  vjp: ({ inputs: [x], output: p }, g) => {
    const pt = turn(p), gt = turn(g);
    const left = times(gt, times(p, pt)), right = times(times(pt, p), gt);
    return [total(
      neg(times(times(pt, g), pt)),
      sub(left, times(x, times(p, left))),
      sub(right, times(times(right, p), x)),
    )];
  },
  jvp: ({ inputs: [x], output: p }, [t]) => {
    if (!t) return null;
    const pt = turn(p), tt = turn(t);
    const left = times(times(p, pt), tt), right = times(times(tt, pt), p);
    return total(
      neg(times(times(p, t), p)),
      sub(left, times(times(left, x), p)),
      sub(right, times(p, times(x, right))),
    );
  },
  c: (site) =>
    lapackText(site, (lead, { rcond }) => ({
      setup: `${singularSetup(lead, "S")}
const int inner = least;
const R limit = ${
        rcond === null
          ? `(m > n ? m : n) * ${epsilonOf(site.inputs[0]!.dtype)}`
          : String(rcond)
      };
const R one = 1, zero = 0;`,
      scratch: [...singularScratch("S"), ["R", "s", "least"]],
      // Rows of the result are columns of its transpose, u diag(1 / s) vt.
      each: `${singularText(lead, "S", "s")}
for (int64_t j = 0; j < least; j++) {
  const R factor = s[j] > limit * s[0] ? 1 / s[j] : 0;
  for (int64_t i = 0; i < m; i++) u[j * m + i] *= factor;
}
if (m && n) L(gemm)("N", "N", &height, &width, &inner, &one, u, &rows, vt, &right, &zero, Y, &rows, 1, 1);`,
    })),
  mayFail: true,
});

/** What counts as 0. */
export interface PinvOptions {
  /** Singular values smaller than this times the largest; the larger side times the unit of rounding unless given. */
  readonly rcond?: number;
}

function pinvOf(x: Operand, options: PinvOptions = {}): Variable {
  const { rcond } = withDefaults("apply pinv", options, { rcond: undefined });
  return inverted(asFloats([x])[0]!, { rcond: rcond ?? null });
}

/**
 * The pseudo-inverse of Moore and Penrose, of a matrix or of each of a stack.
 * Its derivatives hold where the rank does not change.
 *
 * TypeError: no matrix. RangeError: when it runs, where an element is not finite.
 */
export const pinv: {
  (x: Operand, options?: PinvOptions): Variable;
  readonly op: AnyOp;
} = Object.assign(pinvOf, { op: inverted.op });

/** `pinv` by its name in Theano. */
export const matrixPinv: typeof pinv = pinv;

/** What LAPACK takes for the smallest ratio that counts. */
function ratio(rcond: number, dtype: Dtype): number {
  return rcond <= 0 || rcond >= 1 ? epsilonOf(dtype) / 2 : rcond;
}

type Problem = [a: Operand, b: Operand, rcond: Operand];

const solved: OpFunction<Problem, void, 3> = defineOp<Problem, void, 3>({
  name: "lstsq",
  arity: 3,
  outputs: 3,
  infer: ([a, b, rcond], _, lengths) => {
    const left = matricesOf("lstsq", a), right = matricesOf("lstsq", b);
    if (
      left.lead.length + right.lead.length + rcond.shape.length > 0 ||
      a.dtype !== b.dtype || a.dtype !== rcond.dtype
    ) {
      throw new TypeError(
        `Cannot apply lstsq: expected two matrices and a scalar of one dtype, got axes ${a.shape.length}, ${b.shape.length} and ${rcond.shape.length} of ${a.dtype}, ${b.dtype} and ${rcond.dtype}`,
      );
    }
    sameRows("lstsq", left.m, right.m, lengths);
    const { dtype } = a;
    return [
      { dtype, shape: [left.n, right.n] },
      { dtype: "int64", shape: [] },
      { dtype, shape: [lengths.min(left.m, left.n)] },
    ];
  },
  eval: ([a, b, rcond]) =>
    overStacks("lstsq", [a, b], (x, y) => {
      const { s } = singularValues(x!), least = ratio(rcond.item(), a.dtype);
      const rank = s.filter((v) => v > least * s[0]!).length;
      return [
        matrixPiece(pseudoinverse(x!, least).times(y!)),
        scalarPiece(rank, "int64"),
        vectorPiece(s),
      ];
    }),
  // The solution is pinv(a) b.
  vjp: ({ inputs: [a, b] }, g, _, gs) => {
    const p = inverted(a, { rcond: null });
    return [
      total(
        g && inverted.op.vjp!(p.owner!, [times(g, turn(b))])[0],
        gs && svdvals.op.vjp!(svdvals(a).owner!, [gs])[0],
      ),
      g && times(turn(p), g),
      null,
    ];
  },
  jvp: ({ inputs: [a, b] }, [s, t]) => {
    const p = inverted(a, { rcond: null });
    const moved = s && inverted.op.jvp!(p.owner!, [s])[0];
    return [
      total(moved && times(moved, b), t && times(p, t)),
      null,
      s && svdvals.op.jvp!(svdvals(a).owner!, [s])[0]!,
    ];
  },
  c: (site) =>
    lapackText(site, () => ({
      setup: `
const int64_t m = x0_n0, n = x0_n1, k = x1_n1, least = m < n ? m : n, most = m > n ? m : n;
const int height = m, width = n, sides = k, rows = leading(m), tall = leading(most), asked = -1;
const R rcond = *x2;
R answer = 1;
int integers = 1, rank = 0, said = 0;
if (least) L(gelsd)(&height, &width, &sides, 0, &rows, 0, &tall, 0, &rcond, &rank, &answer, &asked, &integers, &said);
const int size = work_size(answer);`,
      scratch: [
        ["R", "a", "m * n"],
        ["R", "b", "most * k"],
        ["R", "work", "size"],
        ["int", "iwork", "integers"],
      ],
      each: `
int info = 0;
to_columns(a, X0, m, n, x0_s0, x0_s1);
for (int64_t j = 0; j < k; j++) {
  for (int64_t i = 0; i < most; i++) b[j * most + i] = i < m ? X1[i * x1_s0 + j * x1_s1] : 0;
}
int64_t bad = not_finite(a, m * n);
if (bad < 0) bad = not_finite(b, most * k);
if (bad >= 0) return refuse_matrix(ctx, LINALG_NOT_FINITE, bad, which);
if (least) L(gelsd)(&height, &width, &sides, a, &rows, b, &tall, y2, &rcond, &rank, work, &size, iwork, &info);
if (info) return refuse_matrix(ctx, LINALG_DIVERGED, info, which);
*y1 = rank;
for (int64_t i = 0; i < n; i++) {
  for (int64_t j = 0; j < k; j++) Y0[i * k + j] = least ? b[j * most + i] : 0;
}`,
    })),
  mayFail: true,
  connects: () => [
    [true, false, true],
    [true, false, false],
    [false, false, false],
  ],
});

/** What `lstsq` finds. */
export type LeastSquares = [
  solution: Variable,
  residuals: Variable,
  rank: Variable,
  singularValues: Variable,
];

function lstsqOf(
  a: Operand,
  b: Operand,
  rcond: Operand | null = null,
): LeastSquares {
  const [matrix, right] = asFloats([a, b]) as [Variable, Variable];
  const single = right.ndim === 1,
    y = single ? expandDims(right, 1) : right;
  if (matrix.ndim !== 2 || y.ndim !== 2) {
    throw new TypeError(
      `Cannot apply lstsq: expected a matrix and a vector or matrix, got ${matrix.ndim} and ${right.ndim} axes`,
    );
  }
  const [m, n] = [shapeAt(matrix, 0), shapeAt(matrix, 1)], { dtype } = matrix;
  const least = rcond === null
    ? mul(
      cast(where(gt(m, n), m, n), dtype),
      constant(epsilonOf(dtype), dtype),
    )
    : cast(asVariable(rcond), dtype);
  const [x, rank, s] = solved(matrix, y, least) as [
    Variable,
    Variable,
    Variable,
  ];
  // Those of an exact or an ambiguous solution are none.
  const count = mul(
    cast(and_(eq(rank, n), gt(m, n)), "int64"),
    shapeAt(y, 1),
  );
  const all = sum(sqr(sub(dot(matrix, x), y)), { axis: 0 });
  return [
    single ? squeeze(x, 1) : x,
    at(all, slice(0, count)),
    rank,
    s,
  ];
}

/**
 * The x with the smallest |a x - b|, and of those the smallest; the squared
 * lengths of what is left, one a column (none unless a has full rank and more
 * rows than columns); the rank, int64; the singular values. Singular values
 * smaller than `rcond` times the largest count as 0; unless it lies between 0
 * and 1 it is the unit of rounding.
 *
 * Derivatives hold for matrices whose rank does not change.
 *
 * TypeError: a is no matrix, b neither vector nor matrix, rcond no scalar. RangeError: numbers of
 * rows differ; when it runs, where an element is not finite.
 */
export const lstsq: {
  (a: Operand, b: Operand, rcond?: Operand | null): LeastSquares;
  readonly op: AnyOp;
} = Object.assign(lstsqOf, { op: solved.op });
