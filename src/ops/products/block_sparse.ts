/** Products with a few blocks of a large matrix, named by index. */
import {
  allocate,
  castElement,
  isFloat,
  isInteger,
  promote,
} from "../../graph/dtype.ts";
import type { Shaped } from "../../graph/length.ts";
import type { Expr, Loops } from "../../graph/loops.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { describeType } from "../../graph/type.ts";
import type { LoopSite, Variable } from "../../graph/variable.ts";
import { at } from "../indexing/at.ts";
import { zerosLike } from "../constructors.ts";
import {
  asVariable,
  asVariables,
  defineOp,
  type Each,
  type Operand,
  type OpFunction,
  type Rules,
} from "../define.ts";
import { dimshuffle, expandDims, squeeze } from "../shape/dimshuffle.ts";
import { add, cast, mul } from "../elementwise/elemwise.ts";
import { call } from "../elementwise/scalar.ts";
import { total } from "../elementwise/total.ts";
import { axesOfOperand, load, point, reduceLoops } from "../loop_nest.ts";
import { checkedIndex } from "../shape/view.ts";

/** An array that is added to, two factors, and for each the blocks that it goes with. */
export type BlockOperands = [
  o: Operand,
  x: Operand,
  y: Operand,
  xIdx: Operand,
  yIdx: Operand,
];

/** Floats of one dtype with so many axes, and integers for indices. */
function check(
  name: string,
  inputs: readonly Shaped[],
  ranks: readonly number[],
): void {
  const [first] = inputs;
  const fits = inputs.every((v, i) =>
    v.shape.length === (ranks[i] ?? 2) &&
    (i < 3
      ? isFloat(v.dtype) && v.dtype === first!.dtype
      : isInteger(v.dtype)) &&
    v.dtype !== "float16"
  );
  if (!fits) {
    throw new TypeError(
      `Cannot apply ${name}: expected three floats of one dtype with ${
        ranks.join(", ")
      } axes and two arrays of integers with 2, got ${
        inputs.map((v) => describeType(v.type)).join(", ")
      }`,
    );
  }
}

/** An axis of an operand, and another of the same length. */
type SameLength = readonly [x: number, i: number, y: number, j: number];

/** What the ops on blocks differ in; what is added is linear in either factor. */
interface BlockRules {
  readonly name: string;
  /** The numbers of axes of the array and the factors. */
  readonly ranks: readonly [number, number, number];
  readonly same: readonly SameLength[];
  readonly eval: Rules<BlockOperands, void>["eval"];
  /** Cotangents of the factors. */
  readonly factors: (
    inputs: Each<BlockOperands, Variable>,
    g: Variable,
  ) => readonly [x: Variable, y: Variable];
  /** They may overwrite the array. */
  readonly loops: (site: LoopSite) => Loops;
  /** The operand whose first two axes the indices name. */
  readonly blocks: 0 | 1;
}

type Five = [Expr, Expr, Expr, Expr, Expr];

/** Declares an op that adds products of blocks to its first operand. */
function blockOp(
  { name, ranks, same, eval: value, factors, loops, blocks }: BlockRules,
): OpFunction<BlockOperands> {
  const op: OpFunction<BlockOperands> = defineOp<BlockOperands>({
    name,
    arity: 5,
    infer: (inputs, _, lengths) => {
      check(name, inputs, ranks);
      for (const [x, i, y, j] of same) {
        lengths.same(
          inputs[x]!.shape[i]!,
          inputs[y]!.shape[j]!,
          (n, m) =>
            new RangeError(
              `Cannot apply ${name}: axis ${i} of operand ${x} has length ${n}, axis ${j} of operand ${y} ${m}`,
            ),
        );
      }
      return { dtype: inputs[0].dtype, shape: inputs[0].shape };
    },
    eval: value,
    vjp: ({ inputs }, g) => [g, ...factors(inputs, g), null, null],
    jvp: ({ inputs: [o, x, y, xIdx, yIdx] }, [s, t, u]) => {
      const zero = zerosLike(o);
      return total(
        s,
        t && op(zero, t, y, xIdx, yIdx),
        u && op(zero, x, u, xIdx, yIdx),
      );
    },
    loops: (site) => ({
      ...loops(site),
      inplace: [0],
      checks: [3, 4].map((input, axis) => ({
        input,
        of: "input",
        operand: blocks,
        axis,
      })),
    }),
    mayFail: true,
    connects: () => [[true], [true], [true], [false], [false]],
  });
  return op;
}

/** Where a block is, by value. */
function blocks(idx: NDArray, count: number): (i: number) => number {
  const data = idx.flat();
  return (i) => checkedIndex(Number(data[i]), 0, count);
}

/**
 * o[b, k] + sum over q of h[b, q] · W[inputIdx[b, q], outputIdx[b, k]]: for
 * each of a batch the chosen blocks of a matrix of blocks, times those of h
 * that go with them.
 *
 * TypeError: operands that are no floats of one dtype with 3, 4 and 3 axes,
 * and two matrices of integers. RangeError: lengths that differ, or an index
 * out of range.
 */
export const sparseBlockGemv: OpFunction<BlockOperands> = blockOp({
  name: "sparseBlockGemv",
  ranks: [3, 4, 3],
  same: [
    [0, 0, 2, 0],
    [0, 0, 3, 0],
    [0, 0, 4, 0],
    [0, 1, 4, 1],
    [0, 2, 1, 3],
    [2, 1, 3, 1],
    [2, 2, 1, 2],
  ],
  blocks: 1,
  eval: ([o, W, h, inputIdx, outputIdx]) => {
    const [batch, k, n] = o.shape as [number, number, number],
      [rows, columns, m] = W.shape as [number, number, number],
      q = h.shape[1]!;
    const [a, w, x] = [o, W, h].map((v) => v.flat()) as Float64Array[],
      from = blocks(inputIdx, rows),
      to = blocks(outputIdx, columns);
    const out = allocate(o.dtype, o.size);
    for (let e = 0; e < out.length; e++) {
      const j = e % n, block = Math.floor(e / n), b = Math.floor(block / k);
      let sum = a![e]!;
      for (let p = 0; p < q; p++) {
        const start = (from(b * q + p) * columns + to(block)) * m;
        for (let i = 0; i < m; i++) {
          sum += x![(b * q + p) * m + i]! * w![(start + i) * n + j]!;
        }
      }
      out[e] = castElement(sum, o.dtype);
    }
    return new NDArray(o.dtype, [batch, k, n], out);
  },
  factors: ([, W, h, inputIdx, outputIdx], g) => [
    sparseBlockOuter(zerosLike(W), h, g, inputIdx, outputIdx),
    sparseBlockGemv(
      zerosLike(h),
      dimshuffle(W, [1, 0, 3, 2]),
      g,
      outputIdx,
      inputIdx,
    ),
  ],
  loops: ({ inputs: [o, , , inputIdx, outputIdx] }) => {
    const { dtype } = o!,
      outer = [0, 1, 2],
      [b, k, j, q, i] = [0, 1, 2, 3, 4].map(point) as Five;
    const from = load(3, [b, q], inputIdx!.dtype),
      to = load(4, [b, k], outputIdx!.dtype);
    return reduceLoops({
      axes: [
        ...axesOfOperand("input", 0, outer),
        ...axesOfOperand("input", 2, [1, 2]),
      ],
      outer,
      reduce: {
        axes: [3, 4],
        combine: "sum",
        value: call(
          mul,
          load(2, [b, q, i], dtype),
          load(1, [from, to, i, j], dtype),
        ),
        dtype,
      },
      result: (sum) => call(add, load(0, [b, k, j], dtype), sum),
    });
  },
});

/**
 * o with the products of every element of x[b, i] and of y[b, j] added to its
 * block (xIdx[b, i], yIdx[b, j]), for all b. See sparseBlockGemv, whose
 * gradient it is.
 */
export const sparseBlockOuter: OpFunction<BlockOperands> = blockOp({
  name: "sparseBlockOuter",
  ranks: [4, 3, 3],
  same: [
    [1, 0, 2, 0],
    [1, 0, 3, 0],
    [1, 1, 3, 1],
    [1, 2, 0, 2],
    [2, 0, 4, 0],
    [2, 1, 4, 1],
    [2, 2, 0, 3],
  ],
  blocks: 0,
  eval: ([o, x, y, xIdx, yIdx]) => {
    const [rows, columns, m, n] = o.shape as [number, number, number, number],
      [batch, left] = x.shape as [number, number],
      right = y.shape[1]!;
    const out = o.copy(),
      [u, v] = [x, y].map((a) => a.flat()) as Float64Array[],
      row = blocks(xIdx, rows),
      column = blocks(yIdx, columns);
    for (let b = 0; b < batch; b++) {
      for (let i = b * left; i < (b + 1) * left; i++) {
        for (let j = b * right; j < (b + 1) * right; j++) {
          const start = (row(i) * columns + column(j)) * m * n;
          for (let e = 0; e < m * n; e++) {
            const to = start + e;
            out.data[to] = castElement(
              (out.data[to] as number) +
                u![i * m + Math.floor(e / n)]! * v![j * n + e % n]!,
              o.dtype,
            );
          }
        }
      }
    }
    return out;
  },
  factors: ([, x, y, xIdx, yIdx], g) => [
    sparseBlockGemv(
      zerosLike(x),
      dimshuffle(g, [1, 0, 3, 2]),
      y,
      yIdx,
      xIdx,
    ),
    sparseBlockGemv(zerosLike(y), g, x, xIdx, yIdx),
  ],
  loops: ({ inputs: [o, , , xIdx, yIdx] }) => {
    const { dtype } = o!,
      all = [0, 1, 2, 3],
      [b, i, j, m, n] = [4, 5, 6, 7, 8].map(point) as Five;
    const row = load(3, [b, i], xIdx!.dtype),
      column = load(4, [b, j], yIdx!.dtype);
    return {
      axes: [
        ...axesOfOperand("input", 0, all),
        ...axesOfOperand("input", 1, [0, 1]),
        ...axesOfOperand("input", 2, [1]),
        ...axesOfOperand("input", 1, [2]),
        ...axesOfOperand("input", 2, [2]),
      ],
      outer: [],
      stages: [
        {
          kind: "store",
          axes: all,
          output: 0,
          index: all.map(point),
          value: load(0, all.map(point), dtype),
          copies: 0,
        },
        {
          kind: "store",
          axes: [4, 5, 6, 7, 8],
          output: 0,
          index: [row, column, m, n],
          value: call(
            mul,
            load(1, [b, i, m], dtype),
            load(2, [b, j, n], dtype),
          ),
          accumulate: true,
        },
      ],
    };
  },
});

/**
 * For each of a batch: the chosen blocks `outputIdx` of the biases b, and the
 * blocks of h, which `inputIdx` counts among all, times the blocks of W that
 * lead from these to those. Without a batch, h is a matrix and the indices are vectors.
 *
 * TypeError: other numbers of axes. RangeError: lengths that differ, or an
 * index out of range.
 */
export function sparseBlockDot(
  W: Operand,
  h: Operand,
  inputIdx: Operand,
  b: Operand,
  outputIdx: Operand,
): Variable {
  const [w, x, bias] = asVariables([W, h, b]) as [Variable, Variable, Variable],
    [from, to] = [asVariable(inputIdx), asVariable(outputIdx)];
  if (x.ndim - 1 !== from.ndim || from.ndim !== to.ndim) {
    throw new TypeError(
      `Cannot apply sparseBlockDot: h has ${x.ndim} axes, the indices ${from.ndim} and ${to.ndim}; expected one less`,
    );
  }
  const dtype = [x, bias].reduce((d, v) => promote(d, v.dtype), w.dtype);
  const single = x.ndim === 2,
    many = (v: Variable) => single ? expandDims(v, 0) : v;
  const start = at(cast(bias, dtype), many(to));
  const y = sparseBlockGemv(
    start,
    cast(w, dtype),
    many(cast(x, dtype)),
    many(from),
    many(to),
  );
  return single ? squeeze(y, [0]) : y;
}
