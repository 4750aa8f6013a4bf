/** The same axes in another order, with axes of length 1 put in or left out. */
import { describeOther } from "../../graph/describe_other.ts";
import { describeType } from "../../graph/type.ts";
import type { AnyOp, Variable, ViewMap } from "../../graph/variable.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
} from "../define.ts";
import { axisOf } from "./shape.ts";
import { look } from "./view.ts";

/** For each axis of the result the axis of x that it was, or "x" for a new one of length 1. */
export type Pattern = readonly (number | "x")[];

interface DimshuffleParams {
  readonly pattern: Pattern;
}

function shuffled<T>(pattern: Pattern, shape: readonly T[]): (T | 1)[] {
  return pattern.map((axis) => axis === "x" ? 1 : shape[axis]!);
}

function shuffleView(pattern: Pattern, ndim: number): ViewMap {
  const from = Array.from({ length: ndim }, (_, axis) => pattern.indexOf(axis));
  return {
    kind: "affine",
    start: from.map(() => 0),
    step: from.map(() => 1),
    from: from.map((to) => to < 0 ? null : to),
    checked: from.map(() => false),
  };
}

const shuffle: OpFunction<X, DimshuffleParams> = defineOp<X, DimshuffleParams>({
  name: "dimshuffle",
  arity: 1,
  infer: ([x], { pattern }) => {
    x.type.shape.forEach((d, axis) => {
      if (d === 1 || pattern.includes(axis)) return;
      throw new TypeError(
        `Cannot drop axis ${axis} of ${
          describeType(x.type)
        }: its length is not known to be 1; say so with specifyShape`,
      );
    });
    return { dtype: x.dtype, shape: shuffled(pattern, x.shape) };
  },
  eval: ([x], { pattern }) =>
    look([x], shuffleView(pattern, x.ndim), shuffled(pattern, x.shape)),
  vjp: (
    { inputs: [x], params: { pattern } },
    g,
  ) => [dimshuffle(g, inverse(pattern, x.ndim))],
  jvp: ({ params }, [t]) => t && shuffle(t, params),
  views: [0],
  view: ({ inputs: [x], params }) =>
    shuffleView(params.pattern, x!.shape.length),
});

/** The pattern that undoes `pattern`; axes that it dropped come back with length 1. */
export function inverse(pattern: Pattern, ndim: number): Pattern {
  return Array.from({ length: ndim }, (_, axis) => {
    const at = pattern.indexOf(axis);
    return at < 0 ? "x" : at;
  });
}

function shuffleAxes<const P extends Pattern>(
  x: Operand,
  pattern: P,
): Variable<P["length"]> {
  const v = asVariable(x);
  if (!Array.isArray(pattern)) {
    throw new TypeError(
      `Cannot apply dimshuffle: a pattern is a list such as [1, "x", 0], got ${
        describeOther(pattern)
      }`,
    );
  }
  const axes = pattern.map((axis) =>
    axis === "x" ? axis : axisOf("dimshuffle", axis, v.ndim)
  );
  axes.forEach((axis, i) => {
    if (axis !== "x" && axes.indexOf(axis) < i) {
      throw new RangeError(
        `Cannot apply dimshuffle: axis ${axis} stands twice in [${pattern}]`,
      );
    }
  });
  return shuffle(v, { pattern: axes }) as Variable<P["length"]>;
}

/**
 * The axes of x in the order of `pattern`, with a new axis of length 1 at each
 * "x"; an axis that is not named is dropped. A view.
 *
 * TypeError when a dropped axis is not known to have length 1.
 */
export const dimshuffle: {
  <const P extends readonly (number | "x")[]>(
    x: Operand,
    pattern: P,
  ): Variable<P["length"]>;
  readonly op: AnyOp;
} = Object.assign(shuffleAxes, { op: shuffle.op });

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** The axes in the order of `axes`, or reversed. A view. RangeError unless each axis is named once. */
export function transpose<R extends number = number>(
  x: Variable<R> | Operand,
  axes?: readonly number[],
): Variable<R> {
  const v = asVariable(x), order = axes ?? range(v.ndim).reverse();
  if (order.length !== v.ndim) {
    throw new RangeError(
      `Cannot apply transpose: [${order}] does not name the ${v.ndim} axes of ${
        describeType(v.type)
      }`,
    );
  }
  return dimshuffle(v, order) as Variable<R>;
}

/** Two axes exchanged. A view. */
export function swapaxes<R extends number = number>(
  x: Variable<R> | Operand,
  a: number,
  b: number,
): Variable<R> {
  const v = asVariable(x),
    i = axisOf("swapaxes", a, v.ndim),
    j = axisOf("swapaxes", b, v.ndim);
  return transpose(
    v,
    range(v.ndim).map((axis) => axis === i ? j : axis === j ? i : axis),
  ) as Variable<R>;
}

/** Axes moved from places `source` to places `destination`, the others kept in order. A view. */
export function moveaxis<R extends number = number>(
  x: Variable<R> | Operand,
  source: number | readonly number[],
  destination: number | readonly number[],
): Variable<R> {
  const v = asVariable(x);
  const from = [source].flat().map((axis) => axisOf("moveaxis", axis, v.ndim));
  const to = [destination].flat().map((axis) =>
    axisOf("moveaxis", axis, v.ndim)
  );
  if (from.length !== to.length || new Set(to).size < to.length) {
    throw new RangeError(
      `Cannot apply moveaxis: axes [${from}] cannot go to [${to}]`,
    );
  }
  const rest = range(v.ndim).filter((axis) => !from.includes(axis));
  return transpose(
    v,
    range(v.ndim).map((axis) =>
      to.includes(axis) ? from[to.indexOf(axis)]! : rest.shift()!
    ),
  ) as Variable<R>;
}

/**
 * Without the axes of length 1: all that the type knows, or those of `axis`.
 * A view. TypeError when one of them is not known to have length 1.
 */
export function squeeze(
  x: Operand,
  axis?: number | readonly number[],
): Variable {
  const v = asVariable(x);
  const dropped = axis === undefined
    ? range(v.ndim).filter((i) => v.type.shape[i] === 1)
    : [axis].flat().map((i) => axisOf("squeeze", i, v.ndim));
  return dropped.length
    ? dimshuffle(v, range(v.ndim).filter((i) => !dropped.includes(i)))
    : v;
}

/** New axes of length 1 at places `axis` of the result. A view. */
export function expandDims(
  x: Operand,
  axis: number | readonly number[],
): Variable {
  const v = asVariable(x),
    places = [axis].flat(),
    ndim = v.ndim + places.length;
  const made = places.map((i) => axisOf("expandDims", i, ndim));
  if (new Set(made).size < made.length) {
    throw new RangeError(
      `Cannot apply expandDims: an axis stands twice in [${places}]`,
    );
  }
  const rest = range(v.ndim);
  return dimshuffle(
    v,
    range(ndim).map((i) => made.includes(i) ? "x" : rest.shift()!),
  );
}

/** With `n` new axes of length 1 in front. A view. */
export function shapePadLeft(x: Operand, n = 1): Variable {
  const v = asVariable(x);
  return dimshuffle(v, [...newAxes("shapePadLeft", n), ...range(v.ndim)]);
}

/** With `n` new axes of length 1 at the end. A view. */
export function shapePadRight(x: Operand, n = 1): Variable {
  const v = asVariable(x);
  return dimshuffle(v, [...range(v.ndim), ...newAxes("shapePadRight", n)]);
}

function newAxes(name: string, n: number): "x"[] {
  if (Number.isInteger(n) && n >= 0) return Array<"x">(n).fill("x");
  throw new RangeError(
    `Cannot apply ${name}: expected a number of new axes, got ${
      describeOther(n)
    }`,
  );
}

/** x with at least one axis. */
export function atleast1d(x: Operand): Variable {
  const v = asVariable(x);
  return v.ndim ? v : expandDims(v, 0);
}

/** x with at least two axes, new ones in front. */
export function atleast2d(x: Operand): Variable {
  const v = asVariable(x);
  return v.ndim < 2 ? shapePadLeft(v, 2 - v.ndim) : v;
}

/** x with at least three axes, as NumPy places them: (n,) becomes (1, n, 1), and (m, n) becomes (m, n, 1). */
export function atleast3d(x: Operand): Variable {
  const v = atleast2d(x);
  return v.ndim < 3 ? expandDims(v, 2) : v;
}
