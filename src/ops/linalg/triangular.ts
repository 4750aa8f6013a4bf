/** Systems of linear equations whose matrix is a triangle. */
import { withDefaults } from "../../graph/options.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { defineOp, type Operand, type OpFunction, type XY } from "../define.ts";
import { tril, triu } from "../shape/diagonal.ts";
import { neg } from "../elementwise/elemwise.ts";
import { substitute } from "./factorize.ts";
import { matrixPiece, overStacks } from "./matrix.ts";
import { asColumns, solutionType } from "./right_side.ts";
import { lapackText, times, turn } from "./stack.ts";
import { total } from "../elementwise/total.ts";

interface TriangularParams {
  readonly lower: boolean;
  /** The transpose of the triangle is meant. */
  readonly trans: boolean;
  /** Ones stand for the diagonal. */
  readonly unit: boolean;
}

/** The part of a cotangent that belongs to the triangle. */
function inTriangle(g: Variable, { lower, unit }: TriangularParams): Variable {
  const k = unit ? 1 : 0;
  return lower ? tril(g, -k) : triu(g, k);
}

const solved: OpFunction<XY, TriangularParams> = defineOp<XY, TriangularParams>(
  {
    name: "solveTriangular",
    arity: 2,
    infer: ([a, b], _, lengths) =>
      solutionType("solveTriangular", a, b, lengths),
    eval: ([a, b], { lower, trans, unit }) =>
      overStacks("solveTriangular", [a, b], (t, y) => [
        matrixPiece(
          substitute(trans ? t!.transpose() : t!, y!, {
            lower: lower !== trans,
            unit,
          }),
        ),
      ])[0]!,
    vjp: ({ inputs: [a], output, params }, g) => {
      const b = solved(a, g, { ...params, trans: !params.trans });
      const outer = params.trans
        ? times(output, turn(b))
        : times(b, turn(output));
      return [inTriangle(neg(outer), params), b];
    },
    jvp: ({ inputs: [a], output, params }, [s, t]) => {
      const moved = s && inTriangle(s, params);
      const right = total(
        t,
        moved && neg(times(params.trans ? turn(moved) : moved, output)),
      );
      return right && solved(a, right, params);
    },
    c: (site) =>
      lapackText(site, (lead, { lower, trans, unit }) => {
        const [down, right] = [`x0_s${lead}`, `x0_s${lead + 1}`];
        return {
          setup: `
const int64_t n = x0_n${lead}, k = x1_n${lead + 1};
const int rows = leading(n), columns = leading(k), order = n, sides = k;
const int direct = ${right} == 1 && ${down} >= n && ${down} > 0;`,
          scratch: [["R", "a", "direct ? 0 : n * n"]],
          // Rows are columns to LAPACK: it sees the transposes of all three.
          each: `
for (int64_t i = 0; i < n; i++) {
  if (${
            unit
              ? "0"
              : `X0[i * (${down} + ${right})] == 0`
          }) return refuse_matrix(ctx, LINALG_SINGULAR, i, which);
  for (int64_t j = 0; j < k; j++) Y[i * k + j] = X1[i * x1_s${lead} + j * x1_s${
            lead + 1
          }];
}
if (!direct) to_columns(a, X0, n, n, ${right}, ${down});
const R *const t = direct ? X0 : a;
const int step = direct ? (int)${down} : rows;
const R one = 1;
if (n && k) L(trsm)("R", "${lower ? "U" : "L"}", "${trans ? "T" : "N"}", "${
            unit ? "U" : "N"
          }", &sides, &order, &one, t, &step, Y, &columns, 1, 1, 1, 1);`,
        };
      }),
    mayFail: true,
  },
);

/** Which triangle, and how it is meant. */
export interface TriangularOptions {
  /** The lower triangle counts, not the upper one (the default, as in SciPy). */
  readonly lower?: boolean;
  /** Solve with the transpose of the triangle: 0 or "N" no, 1 or "T" yes. */
  readonly trans?: 0 | 1 | "N" | "T";
  /** Ones stand for the diagonal, which is not read. */
  readonly unitDiagonal?: boolean;
}

function solveBy(
  a: Operand,
  b: Operand,
  options: TriangularOptions = {},
): Variable {
  const { lower, trans, unitDiagonal } = withDefaults(
    "apply solveTriangular",
    options,
    { lower: false, trans: 0, unitDiagonal: false },
  );
  const params = {
    lower,
    trans: trans === 1 || trans === "T",
    unit: unitDiagonal,
  };
  return asColumns(a, b, (t, y) => solved(t, y, params));
}

/**
 * The solution x of a x = b, where of a only one triangle counts; b is a
 * vector or has a column for each system. Axes in front are stacks.
 *
 * TypeError: a is no matrix. RangeError: it is not square or b has another
 * length; when it runs, where a diagonal element is 0.
 *
 * ```ts
 * import { function as compile, matrix, solveTriangular, vector } from "damo";
 * const a = matrix("a"), b = vector("b");
 * const f = compile([a, b], solveTriangular(a, b, { lower: true }));
 * console.log(f([[2, 0], [1, 4]], [2, 9]).toArray()); // [ 1, 2 ]
 * ```
 */
export const solveTriangular: {
  (a: Operand, b: Operand, options?: TriangularOptions): Variable;
  readonly op: AnyOp;
} = Object.assign(solveBy, { op: solved.op });

/** `solveTriangular` of the lower triangle. */
export function solveLowerTriangular(a: Operand, b: Operand): Variable {
  return solveTriangular(a, b, { lower: true });
}

/** `solveTriangular` of the upper triangle. */
export function solveUpperTriangular(a: Operand, b: Operand): Variable {
  return solveTriangular(a, b, { lower: false });
}
