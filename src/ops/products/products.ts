/** Products over other axes than those of dot: tensors, batches, Kronecker's. */
import { allocate, promote } from "../../graph/dtype.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { describeType } from "../../graph/type.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import {
  asVariables,
  defineOp,
  type Operand,
  type OpFunction,
  type XY,
} from "../define.ts";
import {
  dimshuffle,
  expandDims,
  squeeze,
  transpose,
} from "../shape/dimshuffle.ts";
import { dot, innerProduct } from "./dot.ts";
import { cast, mul } from "../elementwise/elemwise.ts";
import {
  productOf,
  SYMBOLIC,
  type SymbolicLength,
} from "../shape/length_graph.ts";
import { reshape } from "../shape/reshape.ts";
import { call, castExpr } from "../elementwise/scalar.ts";
import { axisOf, lengthsOf } from "../shape/shape.ts";
import { axesOfOperand, load, point, reduceLoops } from "../loop_nest.ts";
import { total } from "../elementwise/total.ts";

/** Both in the dtype that they promote to. */
function together(x: Operand, y: Operand): [Variable, Variable] {
  const [a, b] = asVariables([x, y]) as [Variable, Variable],
    dtype = promote(a.dtype, b.dtype);
  return [cast(a, dtype), cast(b, dtype)];
}

/** Products of the matrices of two stacks: the rule over (b, m, k) and (b, k, n). */
const batched: OpFunction<XY> = defineOp<XY>({
  name: "batchedDot",
  arity: 2,
  infer: ([x, y], _, lengths) => {
    if (
      x.shape.length !== 3 || y.shape.length !== 3 || x.dtype !== y.dtype
    ) {
      throw new TypeError(
        `Cannot apply batchedDot: operands are ${describeType(x.type)} and ${
          describeType(y.type)
        }`,
      );
    }
    const same = (i: number, j: number, what: string) =>
      lengths.same(
        x.shape[i]!,
        y.shape[j]!,
        (a, b) =>
          new RangeError(
            `Cannot apply batchedDot: ${what} are ${a} and ${b}`,
          ),
      );
    same(2, 1, "inner lengths");
    return {
      dtype: x.dtype,
      shape: [same(0, 0, "numbers of matrices"), x.shape[1]!, y.shape[2]!],
    };
  },
  eval: ([x, y]) => {
    const [count, m, k] = x.shape as [number, number, number], n = y.shape[2]!;
    if (y.shape[0] !== count || y.shape[1] !== k) {
      throw new RangeError(
        `Cannot apply batchedDot: shapes are (${x.shape}) and (${y.shape})`,
      );
    }
    const a = x.flat(), b = y.flat(), out = allocate(x.dtype, count * m * n);
    for (let c = 0, to = 0; c < count; c++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          out[to++] = innerProduct(
            x.dtype,
            k,
            (l) => a[(c * m + i) * k + l]!,
            (l) => b[(c * k + l) * n + j]!,
          );
        }
      }
    }
    return new NDArray(x.dtype, [count, m, n], out);
  },
  vjp: ({ inputs: [x, y] }, g) => [
    batched(g, transpose(y, [0, 2, 1])),
    batched(transpose(x, [0, 2, 1]), g),
  ],
  jvp: ({ inputs: [x, y] }, [s, t]) =>
    total(s && batched(s, y), t && batched(x, t)),
  loops: ({ outputs: [z] }) => {
    const { dtype } = z!, sums = dtype === "float16" ? "float32" : dtype;
    const factor = (input: number, axes: readonly number[]) =>
      castExpr(load(input, axes.map(point), dtype), sums);
    return reduceLoops({
      axes: [
        ...axesOfOperand("output", 0, [0, 1, 2]),
        ...axesOfOperand("input", 0, [2]),
      ],
      outer: [0, 1, 2],
      reduce: {
        axes: [3],
        combine: dtype === "bool" ? "or" : "sum",
        value: call(mul, factor(0, [0, 1, 3]), factor(1, [0, 3, 2])),
        dtype: sums,
      },
      result: (sum) => castExpr(sum, dtype),
    });
  },
});

function batchedProduct(x: Operand, y: Operand): Variable {
  const [a, b] = together(x, y);
  if (a.ndim === 0 || b.ndim === 0) {
    throw new TypeError(
      `Cannot apply batchedDot: expected an axis of products, got ${
        describeType(a.type)
      } and ${describeType(b.type)}`,
    );
  }
  if (a.ndim === 1 || b.ndim === 1) {
    const ndim = Math.max(a.ndim, b.ndim),
      wide = (v: Variable) =>
        v.ndim === 1
          ? dimshuffle(v, [0, ...Array<"x">(ndim - 1).fill("x")])
          : v;
    return mul(wide(a), wide(b));
  }
  if (a.ndim > 3 || b.ndim > 3) {
    return batchedTensordot(a, b, [[a.ndim - 1], [Math.max(1, b.ndim - 2)]]);
  }
  const z = batched(
    a.ndim === 2 ? expandDims(a, 1) : a,
    b.ndim === 2 ? expandDims(b, 2) : b,
  );
  const left = [...a.ndim === 2 ? [1] : [], ...b.ndim === 2 ? [2] : []];
  return left.length ? squeeze(z, left) : z;
}

/**
 * For each position along the first axis the product of what x and y have
 * there: of vectors, matrices or both as in `dot`, over the last axis of x and
 * the last but one of y where they have more.
 *
 * TypeError: an operand has no axis. RangeError: lengths differ.
 *
 * ```ts
 * import { batchedDot, tensor3 } from "damo";
 * const x = tensor3("x"), y = tensor3("y");
 * console.log(batchedDot(x, y).ndim); // 3
 * ```
 */
export const batchedDot: {
  (x: Operand, y: Operand): Variable;
  readonly op: AnyOp;
} = Object.assign(batchedProduct, { op: batched.op });

/** Which axes a product sums over: the last of x and the first of y, that many; or these of x, and these of y. */
export type TensordotAxes =
  | number
  | readonly [x: number | readonly number[], y: number | readonly number[]];

/** Axes of x and y that are summed over, in pairs; `lead` axes are no part of it. */
function pairs(
  name: string,
  [x, y]: readonly [Variable, Variable],
  axes: TensordotAxes,
  lead: number,
): [number[], number[]] {
  const named: [number[], number[]] = typeof axes === "number"
    ? [
      Array.from({ length: axes }, (_, i) => x.ndim - axes + i),
      Array.from({ length: axes }, (_, i) => lead + i),
    ]
    : [[axes[0]].flat(), [axes[1]].flat()];
  const [a, b] = [x, y].map((v, i) =>
    named[i]!.map((axis) => axisOf(name, axis, v.ndim))
  ) as [number[], number[]];
  if (
    a.length !== b.length || new Set(a).size < a.length ||
    new Set(b).size < b.length || [...a, ...b].some((axis) => axis < lead)
  ) {
    throw new RangeError(
      `Cannot apply ${name}: axes (${a}) of ${
        describeType(x.type)
      } and (${b}) of ${describeType(y.type)}`,
    );
  }
  return [a, b];
}

/** x with these axes, then the first `lead` of all, then the others, the summed ones made one: behind the others, or before them. */
function asMatrices(
  x: Variable,
  summed: readonly number[],
  lead: number,
  last: boolean,
): { readonly matrices: Variable; readonly kept: readonly SymbolicLength[] } {
  const lengths = lengthsOf(x),
    first = Array.from({ length: lead }, (_, axis) => axis);
  const rest = lengths.map((_, axis) => axis)
    .filter((axis) => axis >= lead && !summed.includes(axis));
  const pick = (axes: readonly number[]) => axes.map((axis) => lengths[axis]!);
  const groups = last ? [rest, summed] : [summed, rest];
  return {
    matrices: reshape(transpose(x, [...first, ...groups.flat()]), [
      ...pick(first),
      ...groups.map((axes) => productOf(pick(axes))),
    ]),
    kept: pick(rest),
  };
}

/**
 * The product summed over pairs of axes of x and y, with the axes of x that
 * are left, then those of y.
 *
 * RangeError: no such axes, or lengths of a pair differ.
 *
 * ```ts
 * import { tensor3, tensordot } from "damo";
 * const x = tensor3("x"), y = tensor3("y");
 * console.log(tensordot(x, y, [[1, 2], [2, 1]]).ndim); // 2
 * ```
 */
export function tensordot(
  x: Operand,
  y: Operand,
  axes: TensordotAxes = 2,
): Variable {
  const [a, b] = together(x, y),
    [over, with_] = pairs("tensordot", [a, b], axes, 0);
  const left = asMatrices(a, over, 0, true),
    right = asMatrices(b, with_, 0, false);
  return reshape(dot(left.matrices, right.matrices), [
    ...left.kept,
    ...right.kept,
  ]);
}

/** tensordot of what x and y have at each position along their first axes; `axes` count that one. */
export function batchedTensordot(
  x: Operand,
  y: Operand,
  axes: TensordotAxes = 2,
): Variable {
  const [a, b] = together(x, y),
    [over, with_] = pairs("batchedTensordot", [a, b], axes, 1);
  const left = asMatrices(a, over, 1, true),
    right = asMatrices(b, with_, 1, false);
  return reshape(batched(left.matrices, right.matrices), [
    lengthsOf(a)[0]!,
    ...left.kept,
    ...right.kept,
  ]);
}

/** Kronecker's product: y once for every element of x, times that. Axes are aligned at the right. */
export function kron(x: Operand, y: Operand): Variable {
  const [a, b] = together(x, y), ndim = Math.max(a.ndim, b.ndim);
  const wide = (v: Variable, own: (axis: number) => (number | "x")[]) =>
    dimshuffle(
      v,
      Array.from({ length: ndim }, (_, d) => own(d - ndim + v.ndim)).flat(),
    );
  const all = mul(
    wide(a, (d) => [d < 0 ? "x" : d, "x"]),
    wide(b, (d) => ["x", d < 0 ? "x" : d]),
  );
  const length = (v: Variable, axis: number): SymbolicLength =>
    lengthsOf(v)[axis - ndim + v.ndim] ?? 1;
  return reshape(
    all,
    Array.from(
      { length: ndim },
      (_, axis) => SYMBOLIC.mul(length(a, axis), length(b, axis)),
    ),
  );
}
