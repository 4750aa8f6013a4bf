/** Singular values and vectors. */
import { withDefaults } from "../../graph/options.ts";
import { slice } from "../../graph/indexing.ts";
import type { Length } from "../../graph/length.ts";
import type { NDArray } from "../../graph/ndarray.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { at } from "../indexing/at.ts";
import { eye } from "../constructors.ts";
import { defineOp, type Operand, type OpFunction, type X } from "../define.ts";
import { diagonal } from "../shape/diagonal.ts";
import { expandDims } from "../shape/dimshuffle.ts";
import { add, div, mul, sqr, sub } from "../elementwise/elemwise.ts";
import { sum } from "../reductions/reduce.ts";
import { lengthsOf } from "../shape/shape.ts";
import { expandRow, reciprocalGaps } from "./eigen.ts";
import { matrixPiece, overStacks, vectorPiece } from "./matrix.ts";
import { singularValues as singularOf } from "./singular.ts";
import {
  asFloats,
  lapackText,
  matricesOf,
  type Scratch,
  times,
  turn,
} from "./stack.ts";
import { total } from "../elementwise/total.ts";

interface SvdParams {
  /** Square matrices of vectors. */
  readonly full: boolean;
}

/** Lengths, and what LAPACK wants, for C that calls gesdd. */
export function singularSetup(lead: number, job: "N" | "S" | "A"): string {
  return `
const int64_t m = x_n${lead}, n = x_n${lead + 1}, least = m < n ? m : n;
const int height = m, width = n, rows = leading(m), asked = -1;
const int right = ${job === "A" ? "leading(n)" : "leading(least)"};
R answer = 1;
int said = 0;
if (least) L(gesdd)("${job}", &height, &width, 0, &rows, 0, 0, &rows, 0, &right, &answer, &asked, 0, &said, 1);
const int size = work_size(answer);`;
}

/** Its memory. */
export function singularScratch(job: "N" | "S" | "A"): Scratch[] {
  const [left, below] = job === "A" ? ["m", "n"] : ["least", "least"];
  return [
    ["R", "a", "m * n"],
    ...job === "N" ? [] : [
      ["R", "u", `m * ${left}`] as const,
      ["R", "vt", `${below} * n`] as const,
    ],
    ["R", "work", "size"],
    ["int", "iwork", "8 * least"],
  ];
}

/** Its call: singular values go to `values`. */
export function singularText(
  lead: number,
  job: "N" | "S" | "A",
  values: string,
): string {
  return `
int info = 0;
to_columns(a, X, m, n, x_s${lead}, x_s${lead + 1});
const int64_t bad = not_finite(a, m * n);
if (bad >= 0) return refuse_matrix(ctx, LINALG_NOT_FINITE, bad, which);
if (least) L(gesdd)("${job}", &height, &width, a, &rows, ${values}, ${
    job === "N" ? "0, &rows, 0, &right" : "u, &rows, vt, &right"
  }, work, &size, iwork, &info, 1);
if (info) return refuse_matrix(ctx, LINALG_DIVERGED, info, which);`;
}

/** Singular values, what all three make together, and the products of vectors. */
function invariants(
  _: readonly NDArray[],
  [u, s, vt]: readonly NDArray[],
): NDArray[] {
  const rest = overStacks("svd", [u!, expandRow(s!), vt!], (u, s, vt) => {
    const k = s!.n, v = vt!.transpose();
    return [
      matrixPiece(
        u!.columns(0, k).map((x, _, j) => x * s!.data[j]!).times(
          v.columns(0, k).transpose(),
        ),
      ),
      matrixPiece(u!.transpose().times(u!)),
      matrixPiece(vt!.times(v)),
    ];
  });
  return [s!, ...rest];
}

/** The first k columns. */
function columns(x: Variable, k: number | Variable): Variable {
  return at(x, "...", slice(0, k));
}

/** Refuses a derivative of vectors that x does not determine. */
function checkVectors({ type: { shape } }: Variable): void {
  const [m, n] = shape.slice(-2) as [Length, Length];
  if (m !== null && m === n) return;
  throw new RangeError(
    `Cannot differentiate svd: matrices are ${m ?? "?"} by ${
      n ?? "?"
    }, and vectors beyond those of singular values are not determined; use { fullMatrices: false }`,
  );
}

const decomposed: OpFunction<X, SvdParams, 3> = defineOp<X, SvdParams, 3>({
  name: "svd",
  arity: 1,
  outputs: 3,
  infer: ([x], { full }, lengths) => {
    const { lead, m, n } = matricesOf("svd", x), { dtype } = x;
    const k = lengths.min(m, n);
    return [
      { dtype, shape: [...lead, m, full ? m : k] },
      { dtype, shape: [...lead, k] },
      { dtype, shape: [...lead, full ? n : k, n] },
    ];
  },
  eval: ([x], { full }) =>
    overStacks("svd", [x], (x) => {
      const { u, s, vt } = singularOf(x!, full);
      return [matrixPiece(u), vectorPiece(s), matrixPiece(vt)];
    }),
  // Townsend (2016), "Differentiating the singular value decomposition".
  vjp: ({ inputs: [x], outputs, params: { full } }, gu, gs, gvt) => {
    if (full && (gu || gvt)) checkVectors(x);
    const s = outputs[1]!, k = lengthsOf(s).at(-1)!;
    const u = columns(outputs[0]!, k),
      v = columns(turn(outputs[2]!), k),
      vt = turn(v);
    const gaps = reciprocalGaps(sqr(s)), row = expandDims(s, -2);
    const both = (y: Variable) => add(y, turn(y));
    const fromU = gu && mul(both(mul(gaps, times(turn(u), gu))), row);
    const fromV = gvt &&
      mul(expandDims(s, -1), both(mul(gaps, times(vt, turn(gvt)))));
    const inner = total(
      fromU,
      fromV,
      gs && mul(
        expandDims(gs, -2),
        eye(k, undefined, 0, s.dtype),
      ),
    );
    // What lies outside of the spans of u and v.
    const outside = (w: Variable, g: Variable) =>
      div(sub(g, times(w, times(turn(w), g))), row);
    return [total(
      inner && times(times(u, inner), vt),
      gu && times(outside(u, gu), vt),
      gvt && times(u, turn(outside(v, turn(gvt)))),
    )];
  },
  jvp: ({ inputs: [x], outputs, params: { full } }, [t]) => {
    if (!t) return [null, null, null];
    if (full) checkVectors(x);
    const [u, s, vt] = outputs as [Variable, Variable, Variable];
    const row = expandDims(s, -2), column = expandDims(s, -1);
    const moved = times(times(turn(u), t), turn(vt)),
      gaps = reciprocalGaps(sqr(s));
    const du = add(mul(moved, row), mul(column, turn(moved))),
      dv = add(mul(column, moved), mul(turn(moved), row));
    const outside = (w: Variable, y: Variable) =>
      div(sub(y, times(w, times(turn(w), y))), row);
    const right = times(turn(t), u), left = times(t, turn(vt));
    return [
      add(times(u, mul(gaps, du)), outside(u, left)),
      diagonal(moved, 0, -2, -1),
      turn(add(times(turn(vt), mul(gaps, dv)), outside(turn(vt), right))),
    ];
  },
  c: (site) =>
    lapackText(site, (lead, { full }) => {
      const job = full ? "A" : "S";
      return {
        setup: singularSetup(lead, job),
        scratch: singularScratch(job),
        each: `${singularText(lead, job, "Y1")}
${
          full
            ? `
if (!least) {
  for (int64_t i = 0; i < m * m; i++) u[i] = i % (m + 1) == 0;
  for (int64_t i = 0; i < n * n; i++) vt[i] = i % (n + 1) == 0;
}`
            : ""
        }
to_rows(Y0, u, m, ${full ? "m" : "least"}, m);
to_rows(Y2, vt, ${full ? "n" : "least"}, n, right);`,
      };
    }),
  mayFail: true,
  invariants,
});

const valuesOnly: OpFunction<X> = defineOp<X>({
  name: "svdvals",
  arity: 1,
  infer: ([x], _, lengths) => {
    const { lead, m, n } = matricesOf("svd", x);
    return { dtype: x.dtype, shape: [...lead, lengths.min(m, n)] };
  },
  eval: ([x]) =>
    overStacks("svd", [x], (x) => [vectorPiece(singularOf(x!).s)])[0]!,
  vjp: ({ inputs: [x] }, g) => {
    const [u, , vt] = decomposed(x, { full: false });
    return [times(mul(u!, expandDims(g, -2)), vt!)];
  },
  jvp: ({ inputs: [x] }, [t]) => {
    if (!t) return null;
    const [u, , vt] = decomposed(x, { full: false });
    return sum(mul(u!, times(t, turn(vt!))), { axis: -2 });
  },
  c: (site) =>
    lapackText(site, (lead) => ({
      setup: singularSetup(lead, "N"),
      scratch: singularScratch("N"),
      each: singularText(lead, "N", "Y"),
    })),
  mayFail: true,
});

/** How to decompose. */
export interface SvdOptions {
  /** Square matrices of vectors, unless this is false: then only as many as there are singular values. */
  readonly fullMatrices?: boolean;
  /** False: only the singular values. */
  readonly computeUV?: boolean;
}

function svdOf(
  x: Operand,
  options: SvdOptions & { readonly computeUV: false },
): Variable;
function svdOf(
  x: Operand,
  options?: SvdOptions,
): [u: Variable, s: Variable, vt: Variable];
function svdOf(
  x: Operand,
  options: SvdOptions = {},
): Variable | [u: Variable, s: Variable, vt: Variable] {
  const { fullMatrices, computeUV } = withDefaults("apply svd", options, {
    fullMatrices: true,
    computeUV: true,
  });
  const v = asFloats([x])[0]!;
  return computeUV
    ? decomposed(v, { full: fullMatrices }) as [Variable, Variable, Variable]
    : valuesOnly(v);
}

/**
 * Orthogonal u and vt and descending singular values s with x = u diag(s) vt;
 * with `computeUV: false` only s. The sign of a pair of vectors is LAPACK's
 * choice. Derivatives of vectors belong to values that differ, and need
 * `fullMatrices: false` unless x is known to be square. Axes in front are
 * stacks.
 *
 * TypeError: no matrix. RangeError: when it runs, where an element is not finite.
 *
 * ```ts
 * import { function as compile, matrix, svd } from "damo";
 * const x = matrix("x"), s = svd(x, { computeUV: false });
 * console.log(compile([x], s)([[3, 0], [0, 4]]).toArray()); // [ 4, 3 ]
 * ```
 */
export const svd: {
  (x: Operand, options: SvdOptions & { readonly computeUV: false }): Variable;
  (
    x: Operand,
    options?: SvdOptions,
  ): [u: Variable, s: Variable, vt: Variable];
  readonly op: AnyOp;
} = Object.assign(svdOf, { op: decomposed.op });

/** The singular values, descending: `svd` with `computeUV: false`. */
export const svdvals: { (x: Operand): Variable; readonly op: AnyOp } = Object
  .assign((x: Operand) => valuesOnly(asFloats([x])[0]!), {
    op: valuesOnly.op,
  });
