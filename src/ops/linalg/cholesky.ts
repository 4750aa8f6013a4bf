/** Cholesky's factor of a positive definite matrix. */
import { withDefaults } from "../../graph/options.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { defineOp, type Operand, type OpFunction, type X } from "../define.ts";
import { tril, triu } from "../shape/diagonal.ts";
import { add, mul, sub } from "../elementwise/elemwise.ts";
import { isnan, where } from "../elementwise/elemwise_logic.ts";
import { any } from "../reductions/reduce.ts";
import { eye } from "../constructors.ts";
import { lengthsOf } from "../shape/shape.ts";
import { choleskyFactor } from "./factorize.ts";
import { Matrix, matrixPiece, overStacks, refuse } from "./matrix.ts";
import {
  asFloats,
  lapackText,
  squareSetup,
  squaresOf,
  times,
  turn,
} from "./stack.ts";
import { solveTriangular } from "./triangular.ts";

interface CholeskyParams {
  readonly lower: boolean;
  readonly onError: "raise" | "nan";
}

/** The lower triangle with half of the diagonal: Φ of Murray (2016), "Differentiation of the Cholesky decomposition". */
function halved(x: Variable): Variable {
  return sub(tril(x), mul(0.5, onDiagonal(x)));
}

/** x where rows and columns are the same, else 0. */
function onDiagonal(x: Variable): Variable {
  return mul(x, eye(lengthsOf(x).at(-1)!, undefined, 0, x.dtype));
}

/** L⁻ᵀ p L⁻¹. */
function between(l: Variable, p: Variable): Variable {
  const left = (y: Variable) =>
    solveTriangular(l, y, { lower: true, trans: "T" });
  return turn(left(turn(left(p))));
}

/** The symmetric matrix that one triangle tells. */
export function mirrored(x: Variable, lower: boolean): Variable {
  return lower
    ? add(tril(x), turn(tril(x, -1)))
    : add(triu(x), turn(triu(x, 1)));
}

/** What an op that reads one triangle of a symmetric matrix passes to its elements: both of a pair count for the one that is read. */
export function folded(g: Variable, lower: boolean): Variable {
  return lower
    ? add(tril(g), tril(turn(g), -1))
    : add(triu(g), triu(turn(g), 1));
}

const factor: OpFunction<X, CholeskyParams> = defineOp<X, CholeskyParams>({
  name: "cholesky",
  arity: 1,
  infer: ([x], _, lengths) => {
    const { lead, n } = squaresOf("cholesky", x, lengths);
    return { dtype: x.dtype, shape: [...lead, n, n] };
  },
  eval: ([x], { lower, onError }) =>
    overStacks("cholesky", [x], (x) => {
      const l = choleskyFactor(lower ? x! : x!.transpose());
      if (typeof l === "number") {
        if (onError === "raise") refuse("indefinite", l);
        return [matrixPiece(new Matrix(x!.n, x!.n).map(() => NaN))];
      }
      return [matrixPiece(lower ? l : l.transpose())];
    })[0]!,
  vjp: ({ output, params: { lower, onError } }, g) => {
    const nan = onError === "nan"
      ? any(isnan(output), { axis: [-2, -1], keepdims: true })
      : null;
    const sound = (v: Variable) => nan ? where(nan, 1, v) : v,
      towards = (v: Variable) => lower ? v : turn(v);
    const l = towards(sound(output));
    const s = between(l, halved(times(turn(l), towards(sound(g)))));
    const both = sub(add(s, turn(s)), onDiagonal(s)),
      made = lower ? tril(both) : triu(both);
    return [nan ? where(nan, NaN, made) : made];
  },
  jvp: ({ output, params: { lower } }, [t]) => {
    if (!t) return null;
    const l = lower ? output : turn(output);
    const left = (y: Variable) => solveTriangular(l, y, { lower: true });
    const middle = left(turn(left(mirrored(t, lower)))),
      moved = times(l, halved(middle));
    return lower ? moved : turn(moved);
  },
  c: (site) => ({
    // Rows are columns to LAPACK: a lower triangle is an upper one.
    ...lapackText(site, (lead, { lower, onError }) => ({
      setup: squareSetup(lead),
      scratch: [],
      each: `
int info = 0;
for (int64_t i = 0; i < n; i++) {
  for (int64_t j = 0; j < n; j++) {
    Y[i * n + j] = j ${lower ? "<=" : ">="} i ? X[i * x_s${lead} + j * x_s${
        lead + 1
      }] : 0;
  }
}
L(potrf)("${lower ? "U" : "L"}", &order, Y, &rows, &info, 1);
for (int64_t i = 0; i < n && !info; i++) {
  if (!(Y[i * (n + 1)] > 0)) info = i + 1;
}
if (info) {
  ${
        onError === "raise"
          ? "return refuse_matrix(ctx, LINALG_INDEFINITE, info - 1, which);"
          : 'for (int64_t i = 0; i < n * n; i++) Y[i] = __builtin_nan("");'
      }
}`,
    })),
    inplace: [0],
  }),
  mayFail: ({ onError }) => onError === "raise",
});

/** How to factor. */
export interface CholeskyOptions {
  /** The lower triangle is read and made, unless this is false. */
  readonly lower?: boolean;
  /** What happens where a matrix is not positive definite: an error unless this is "nan". */
  readonly onError?: "raise" | "nan";
}

function choleskyOf(
  x: Operand,
  options: CholeskyOptions = {},
): Variable {
  const { lower, onError } = withDefaults("apply cholesky", options, {
    lower: true,
    onError: "raise",
  });
  return factor(asFloats([x])[0]!, { lower, onError });
}

/**
 * The lower triangle L with L Lᵀ = x, or the upper one U with Uᵀ U = x; of x
 * only that triangle is read, and gets the gradient. Axes in front are stacks.
 *
 * TypeError: no matrix. RangeError: not square; when it runs, where x is not
 * positive definite.
 *
 * ```ts
 * import { cholesky, function as compile, matrix } from "damo";
 * const x = matrix("x"), f = compile([x], cholesky(x));
 * console.log(f([[4, 2], [2, 5]]).toArray()); // [ [ 2, 0 ], [ 1, 2 ] ]
 * ```
 */
export const cholesky: {
  (x: Operand, options?: CholeskyOptions): Variable;
  readonly op: AnyOp;
} = Object.assign(choleskyOf, { op: factor.op });
