/** Systems of linear equations, inverses and determinants: what Gaussian elimination gives. */
import { withDefaults } from "../../graph/options.ts";
import type { AnyOp, CText, LoopSite, Variable } from "../../graph/variable.ts";
import {
  defineOp,
  type Operand,
  type OpFunction,
  type X,
  type XY,
} from "../define.ts";
import { expandDims } from "../shape/dimshuffle.ts";
import { mul, neg } from "../elementwise/elemwise.ts";
import { sum } from "../reductions/reduce.ts";
import { factorize, solveBy } from "./factorize.ts";
import { Matrix, matrixPiece, overStacks, scalarPiece } from "./matrix.ts";
import { asColumns, solutionType } from "./right_side.ts";
import {
  asFloats,
  lapackText,
  type Scratch,
  squareSetup,
  squaresOf,
  times,
  turn,
} from "./stack.ts";
import { solveTriangular } from "./triangular.ts";
import { total } from "../elementwise/total.ts";

/** Memory for factors. */
const FACTORS: readonly Scratch[] = [
  ["R", "a", "n * n"],
  ["int", "pivots", "n"],
];

/** C that makes `a` and `pivots` the factors of the matrix at hand; `info` - 1 is the first column without a pivot. */
function factorText(name: "x" | "x0", lead: number): string {
  return `int info = 0;
to_columns(a, ${name.toUpperCase()}, n, n, ${name}_s${lead}, ${name}_s${
    lead + 1
  });
L(getrf)(&order, &order, a, &rows, pivots, &info);`;
}

const solved: OpFunction<XY> = defineOp<XY>({
  name: "solve",
  arity: 2,
  infer: ([a, b], _, lengths) => solutionType("solve", a, b, lengths),
  eval: ([a, b]) =>
    overStacks("solve", [a, b], (a, b) => [matrixPiece(solveBy(a!, b!))])[0]!,
  vjp: ({ inputs: [a], output }, g) => {
    const b = solved(turn(a), g);
    return [neg(times(b, turn(output))), b];
  },
  jvp: ({ inputs: [a], output }, [s, t]) => {
    const right = total(t, s && neg(times(s, output)));
    return right && solved(a, right);
  },
  c: (site) =>
    lapackText(site, (lead) => ({
      setup: `
const int64_t n = x0_n${lead}, k = x1_n${lead + 1};
const int order = n, sides = k, rows = leading(n);`,
      scratch: [...FACTORS, ["R", "b", "n * k"]],
      each: `
${factorText("x0", lead)}
if (info > 0) return refuse_matrix(ctx, LINALG_SINGULAR, info - 1, which);
to_columns(b, X1, n, k, x1_s${lead}, x1_s${lead + 1});
L(getrs)("N", &order, &sides, a, &rows, pivots, b, &rows, &info, 1);
to_rows(Y, b, n, k, n);`,
    })),
  mayFail: true,
});

/** What is known of the matrix of a system; Theano's names are understood too. */
export type Structure =
  | "general"
  | "symmetric"
  | "lowerTriangular"
  | "upperTriangular"
  | "lower_triangular"
  | "upper_triangular";

/** How to solve. */
export interface SolveOptions {
  /** "general" unless given; of a triangle the other one is not read. */
  readonly structure?: Structure;
}

function solveSystems(
  a: Operand,
  b: Operand,
  options: SolveOptions = {},
): Variable {
  const { structure } = withDefaults("apply solve", options, {
    structure: "general",
  });
  switch (structure) {
    case "lowerTriangular":
    case "lower_triangular":
      return solveTriangular(a, b, { lower: true });
    case "upperTriangular":
    case "upper_triangular":
      return solveTriangular(a, b, { lower: false });
    case "general":
    case "symmetric":
      return asColumns(a, b, (a, b) => solved(a, b));
    default:
      throw new RangeError(
        `Cannot apply solve: no structure is called ${structure satisfies never}; use general, symmetric, lowerTriangular or upperTriangular`,
      );
  }
}

/**
 * The solution x of a x = b; b is a vector or has a column for each system.
 * Axes in front are stacks.
 *
 * TypeError: a is no matrix. RangeError: it is not square or b has another
 * length; when it runs, where a is singular.
 *
 * ```ts
 * import { function as compile, matrix, solve, vector } from "damo";
 * const a = matrix("a"), b = vector("b");
 * const f = compile([a, b], solve(a, b));
 * console.log(f([[2, 0], [0, 4]], [2, 8]).toArray()); // [ 1, 2 ]
 * ```
 */
export const solve: {
  (a: Operand, b: Operand, options?: SolveOptions): Variable;
  readonly op: AnyOp;
} = Object.assign(solveSystems, { op: solved.op });

const inverted: OpFunction<X> = defineOp<X>({
  name: "inv",
  arity: 1,
  infer: ([x], _, lengths) => {
    const { lead, n } = squaresOf("inv", x, lengths);
    return { dtype: x.dtype, shape: [...lead, n, n] };
  },
  eval: ([x]) =>
    overStacks("inv", [x], (x) => [
      matrixPiece(solveBy(x!, Matrix.identity(x!.n))),
    ])[0]!,
  vjp: ({ output }, g) => {
    const turned = turn(output);
    return [neg(times(times(turned, g), turned))];
  },
  jvp: ({ output }, [t]) => t && neg(times(times(output, t), output)),
  c: (site) =>
    lapackText(site, (lead) => ({
      setup: squareSetup(lead),
      scratch: [...FACTORS, ["R", "b", "n * n"]],
      each: `
${factorText("x", lead)}
if (info > 0) return refuse_matrix(ctx, LINALG_SINGULAR, info - 1, which);
for (int64_t i = 0; i < n * n; i++) b[i] = i % (n + 1) == 0;
L(getrs)("N", &order, &order, a, &rows, pivots, b, &rows, &info, 1);
to_rows(Y, b, n, n, n);`,
    })),
  mayFail: true,
});

function inverse(x: Operand): Variable {
  return inverted(asFloats([x])[0]!);
}

/**
 * The inverse of a matrix, or of each of a stack. To solve a system, `solve`
 * is faster and more exact.
 *
 * TypeError: no matrix. RangeError: not square; when it runs, where it is
 * singular.
 */
export const inv: { (x: Operand): Variable; readonly op: AnyOp } = Object
  .assign(inverse, { op: inverted.op });

/** `inv` by its name in Theano. */
export const matrixInverse: { (x: Operand): Variable; readonly op: AnyOp } =
  inv;

/** C for what is a product over the diagonal of the factors; `start` and `factor` make it, `finish` writes it. */
function determinantText(
  site: LoopSite,
  { start, factor, finish }: {
    readonly start: string;
    readonly factor: string;
    readonly finish: string;
  },
): CText {
  return lapackText(site, (lead) => ({
    setup: squareSetup(lead),
    scratch: FACTORS,
    each: `
${factorText("x", lead)}
${start}
for (int64_t i = 0; i < n; i++) {
  const R pivot = a[i * (n + 1)];
  const int turned = pivots[i] != i + 1;
  ${factor}
}
${finish}`,
  }));
}

const determinant: OpFunction<X> = defineOp<X>({
  name: "det",
  arity: 1,
  infer: ([x], _, lengths) => ({
    dtype: x.dtype,
    shape: squaresOf("det", x, lengths).lead,
  }),
  eval: ([x]) =>
    overStacks("det", [x], (x) => {
      const { lu, pivots } = factorize(x!);
      return [
        scalarPiece(
          pivots.reduce(
            (d, p, i) => (p === i ? d : -d) * lu.at(i, i),
            1,
          ),
        ),
      ];
    })[0]!,
  vjp: ({ inputs: [x], output }, g) => [
    mul(expandDims(mul(g, output), [-2, -1]), turn(inverted(x))),
  ],
  jvp: ({ inputs: [x], output }, [t]) =>
    t && mul(output, traceOfProduct(inverted(x), t)),
  c: (site) =>
    determinantText(site, {
      start: "R product = 1;",
      factor: "product *= turned ? -pivot : pivot;",
      finish: "*Y = product;",
    }),
});

/** The trace of x y. */
function traceOfProduct(x: Variable, y: Variable): Variable {
  return sum(mul(turn(x), y), { axis: [-2, -1] });
}

/**
 * The determinant of a matrix, or of each of a stack. Its derivatives need an
 * inverse, so they refuse a singular matrix.
 *
 * TypeError: no matrix. RangeError: not square.
 */
export const det: { (x: Operand): Variable; readonly op: AnyOp } = Object
  .assign((x: Operand) => determinant(asFloats([x])[0]!), {
    op: determinant.op,
  });

const signAndLog: OpFunction<X, void, 2> = defineOp<X, void, 2>({
  name: "slogdet",
  arity: 1,
  outputs: 2,
  infer: ([x], _, lengths) => {
    const { lead: shape } = squaresOf("slogdet", x, lengths);
    return [{ dtype: x.dtype, shape }, { dtype: x.dtype, shape }];
  },
  eval: ([x]) =>
    overStacks("slogdet", [x], (x) => {
      const { lu, pivots } = factorize(x!);
      let sign = 1, log = 0;
      pivots.forEach((p, i) => {
        const pivot = lu.at(i, i);
        sign *= Math.sign(pivot) * (p === i ? 1 : -1);
        log += Math.log(Math.abs(pivot));
      });
      return [scalarPiece(sign), scalarPiece(log)];
    }),
  // The sign is constant wherever there are derivatives.
  vjp: ({ inputs: [x] }, _, g) => [
    g ? mul(expandDims(g, [-2, -1]), turn(inverted(x))) : null,
  ],
  jvp: ({ inputs: [x] }, [t]) => [null, t && traceOfProduct(inverted(x), t)],
  c: (site) =>
    determinantText(site, {
      start: "R sign = 1, size = 0;",
      factor:
        "sign *= ((pivot > 0) - (pivot < 0)) * (turned ? -1 : 1);\nif (pivot != pivot) sign = pivot;\nsize += log(pivot < 0 ? -pivot : pivot);",
      finish: "*Y0 = sign;\n*Y1 = size;",
    }),
  connects: () => [[false, true]],
});

/**
 * The sign of the determinant and the logarithm of its size, which do not
 * overflow: 0 and -Infinity of a singular matrix.
 *
 * TypeError: no matrix. RangeError: not square.
 *
 * ```ts
 * import { function as compile, matrix, slogdet } from "damo";
 * const x = matrix("x"), [sign, log] = slogdet(x);
 * const f = compile([x], [sign, log]);
 * console.log(f([[0, 1], [1, 0]])); // [ -1, 0 ]
 * ```
 */
export const slogdet: {
  (x: Operand): [sign: Variable, logarithm: Variable];
  readonly op: AnyOp;
} = Object.assign(
  (x: Operand) =>
    signAndLog(asFloats([x])[0]!) as [sign: Variable, logarithm: Variable],
  { op: signAndLog.op },
);

/** The logarithm of the size of the determinant: the second of `slogdet`. */
export function logdet(x: Operand): Variable {
  return slogdet(x)[1];
}
