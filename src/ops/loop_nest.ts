/** What loops of ops are made of: points, elements, and the nest that reduces and stores. */
import type { Dtype } from "../graph/dtype.ts";
import type { Expr, LoopAxis, Loops, Stage } from "../graph/loops.ts";

/** The position along an axis. */
export function point(axis: number): Expr {
  return { kind: "axis", axis };
}

/** The element of an input at an index; beyond its ends stands `outside`, if given. */
export function load(
  input: number,
  index: readonly Expr[],
  dtype: Dtype,
  outside?: number,
): Expr {
  return {
    kind: "load",
    input,
    index,
    dtype,
    ...(outside !== undefined && { outside }),
  };
}

/** The axes of an operand, as axes of loops. */
export function axesOfOperand(
  of: "input" | "output",
  operand: number,
  axes: readonly number[],
): LoopAxis[] {
  return axes.map((axis) => ({ of, operand, axis }));
}

/** Loops that reduce at each point of the outer axes, and store there what `result` makes of what they found. */
export function reduceLoops(
  { axes, outer, reduce, result }: {
    readonly axes: readonly LoopAxis[];
    readonly outer: readonly number[];
    readonly reduce: Omit<Extract<Stage, { kind: "reduce" }>, "kind">;
    readonly result: (found: Expr) => Expr;
  },
): Loops {
  return {
    axes,
    outer,
    stages: [
      { kind: "reduce", ...reduce },
      {
        kind: "store",
        axes: [],
        output: 0,
        index: outer.map(point),
        value: result({ kind: "stage", stage: 0, dtype: reduce.dtype }),
      },
    ],
  };
}
