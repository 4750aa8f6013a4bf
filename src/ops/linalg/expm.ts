/** The exponential of a matrix. */
import { slice } from "../../graph/indexing.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { at } from "../indexing/at.ts";
import { typeText } from "../c_text.ts";
import { zerosLike } from "../constructors.ts";
import { defineOp, type Operand, type OpFunction, type X } from "../define.ts";
import { join } from "../shape/join.ts";
import { lengthsOf } from "../shape/shape.ts";
import { solveBy } from "./factorize.ts";
import { Matrix, matrixPiece, overStacks } from "./matrix.ts";
import { asFloats, lapackText, squaresOf, turn } from "./stack.ts";

/** Coefficients of the Padé approximant of degree 13. */
const PADE: readonly number[] = [
  ...[64764752532480000, 32382376266240000, 7771770303897600],
  ...[1187353796428800, 129060195264000, 10559470521600, 670442572800],
  ...[33522128640, 1323241920, 40840800, 960960, 16380, 182, 1],
];

/** The largest 1-norm for which it is exact in double precision. */
const MOST = 5.371920351148152;

/** The sum of matrices times numbers. */
function combine(
  ...terms: readonly (readonly [number, Matrix])[]
): Matrix {
  return terms[0]![1].map((_, i, j) =>
    terms.reduce((sum, [c, x]) => sum + c * x.at(i, j), 0)
  );
}

/** e^x by scaling and squaring: Higham (2005), "The scaling and squaring method for the matrix exponential revisited". */
function exponential(x: Matrix): Matrix {
  const { n } = x, one = Matrix.identity(n);
  let norm = 0;
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += Math.abs(x.at(i, j));
    norm = Math.max(norm, sum);
  }
  if (!Number.isFinite(norm)) return x.map(() => NaN);
  const squarings = norm > MOST ? Math.ceil(Math.log2(norm / MOST)) : 0;
  const a = x.map((v) => v / 2 ** squarings), b = PADE as number[];
  const a2 = a.times(a), a4 = a2.times(a2), a6 = a4.times(a2);
  const high = (k: number) =>
    a6.times(combine([b[k + 12]!, a6], [b[k + 10]!, a4], [b[k + 8]!, a2]));
  const low = (k: number) =>
    combine(
      [b[k + 6]!, a6],
      [b[k + 4]!, a4],
      [b[k + 2]!, a2],
      [b[k]!, one],
    );
  const u = a.times(combine([1, high(1)], [1, low(1)])),
    v = combine([1, high(0)], [1, low(0)]);
  let y = solveBy(combine([1, v], [-1, u]), combine([1, v], [1, u]));
  for (let i = 0; i < squarings; i++) y = y.times(y);
  return y;
}

const exponentiated: OpFunction<X> = defineOp<X>({
  name: "expm",
  arity: 1,
  infer: ([x], _, lengths) => {
    const { lead, n } = squaresOf("expm", x, lengths);
    return { dtype: x.dtype, shape: [...lead, n, n] };
  },
  eval: ([x]) =>
    overStacks("expm", [x], (x) => [matrixPiece(exponential(x!))])[0]!,
  vjp: ({ inputs: [x] }, g) => [along(turn(x), g)],
  jvp: ({ inputs: [x] }, [t]) => t && along(x, t),
  c: (site) => {
    const own = typeText(site.inputs[0]!.dtype);
    const sum = (k: number, from: number) =>
      [6, 4, 2].map((p) => `${PADE[k + from + p]}.0 * a${p}[i]`).join(" + ");
    const one = (k: number) => `${PADE[k]}.0 * (i % (n + 1) == 0)`;
    // The exponential of the transpose is the transpose: rows serve as columns.
    return lapackText(site, (lead) => ({
      dtype: "float64",
      setup: `
const int64_t n = x_n${lead}, size = n * n;
const int order = n, rows = leading(n);
const R plus = 1, none = 0;`,
      scratch: [
        ...["a", "a2", "a4", "a6", "u", "v", "w"].map((name) =>
          ["R", name, "n * n"] as const
        ),
        ["int", "pivots", "n"],
      ],
      each: `
#define TIMES(z, x, y) L(gemm)("N", "N", &order, &order, &order, &plus, x, &rows, y, &rows, &none, z, &rows, 1, 1)
R norm = 0;
for (int64_t i = 0; i < n; i++) {
  R sum = 0;
  for (int64_t j = 0; j < n; j++) {
    const R element = X[i * x_s${lead} + j * x_s${lead + 1}];
    a[i * n + j] = element;
    sum += element < 0 ? -element : element;
  }
  if (!(sum <= norm)) norm = sum;
}
if (!(norm - norm == 0)) {
  for (int64_t i = 0; i < size; i++) Y[i] = __builtin_nan("");
} else if (n) {
  int squarings = 0, info = 0;
  R scale = 1;
  for (; norm * scale > ${MOST}; squarings++) scale *= 0.5;
  for (int64_t i = 0; i < size; i++) a[i] *= scale;
  TIMES(a2, a, a);
  TIMES(a4, a2, a2);
  TIMES(a6, a4, a2);
  for (int64_t i = 0; i < size; i++) w[i] = ${sum(1, 6)};
  TIMES(v, a6, w);
  for (int64_t i = 0; i < size; i++) w[i] = v[i] + ${sum(1, 0)} + ${one(1)};
  TIMES(u, a, w);
  for (int64_t i = 0; i < size; i++) w[i] = ${sum(0, 6)};
  TIMES(v, a6, w);
  for (int64_t i = 0; i < size; i++) {
    const R even = v[i] + ${sum(0, 0)} + ${one(0)}, odd = u[i];
    v[i] = even - odd;
    u[i] = even + odd;
  }
  L(getrf)(&order, &order, v, &rows, pivots, &info);
  if (info > 0) return refuse_matrix(ctx, LINALG_SINGULAR, info - 1, which);
  L(getrs)("N", &order, &order, v, &rows, pivots, u, &rows, &info, 1);
  R *made = u, *next = v;
  for (; squarings > 0; squarings--) {
    TIMES(next, made, made);
    R *const old = made;
    made = next;
    next = old;
  }
  for (int64_t i = 0; i < size; i++) Y[i] = (${own})made[i];
}
#undef TIMES`,
    }));
  },
  mayFail: true,
});

/** The derivative at x along t: the upper right block of the exponential of (x t; 0 x). */
function along(x: Variable, t: Variable): Variable {
  const n = lengthsOf(x).at(-1)!, axis = x.ndim - 1;
  const block = join(
    axis - 1,
    join(axis, x, t),
    join(axis, zerosLike(x), x),
  );
  return at(exponentiated(block), "...", slice(0, n), slice(n));
}

/**
 * The exponential of a square matrix, or of each of a stack, by scaling and
 * squaring, in double precision.
 *
 * TypeError: no matrix. RangeError: not square.
 *
 * ```ts
 * import { expm, function as compile, matrix } from "damo";
 * const x = matrix("x"), f = compile([x], expm(x));
 * console.log(f([[0, 1], [0, 0]]).toArray()); // [ [ 1, 1 ], [ 0, 1 ] ]
 * ```
 */
export const expm: { (x: Operand): Variable; readonly op: AnyOp } = Object
  .assign((x: Operand) => exponentiated(asFloats([x])[0]!), {
    op: exponentiated.op,
  });
