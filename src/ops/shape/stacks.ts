/** Arrays laid beside each other, and what types know of axes of length 1. */
import { checkList } from "../../graph/arguments.ts";
import type { Dtype } from "../../graph/dtype.ts";
import { config } from "../../graph/config.ts";
import type { Variable } from "../../graph/variable.ts";
import { broadcastTo } from "./broadcast_to.ts";
import { arange } from "../arange.ts";
import { asVariable, type Operand } from "../define.ts";
import { atleast1d, atleast2d, expandDims, moveaxis } from "./dimshuffle.ts";
import { cast } from "../elementwise/elemwise.ts";
import { eq } from "../elementwise/elemwise_logic.ts";
import { boundedIndex, positionsOf } from "../indexing/take.ts";
import { join, stack } from "./join.ts";
import { axisOf, lengthsOf } from "./shape.ts";
import { specifyShape, unbroadcast } from "./specify_shape.ts";

/** Matrices side by side, vectors end to end. */
export function horizontalStack(...xs: readonly Operand[]): Variable {
  const vs = xs.map(atleast1d);
  return join(vs[0]?.ndim === 1 ? 0 : 1, ...vs);
}

/** Matrices, and vectors as their rows, one below the other. */
export function verticalStack(...xs: readonly Operand[]): Variable {
  return join(0, ...xs.map(atleast2d));
}

/** Scalars, or arrays of one shape, in nested lists. */
export type Lists = Operand | readonly Lists[];

/** What nested lists hold, with an axis in front for each level. */
export function stackLists(lists: Lists): Variable {
  return Array.isArray(lists)
    ? stack((lists as readonly Lists[]).map(stackLists))
    : asVariable(lists as Operand);
}

/** x with a new axis of length 1 at place `axis` of the result: `expandDims` of one axis. */
export function shapePadAxis(x: Operand, axis: number): Variable {
  return expandDims(x, axis);
}

/** Axis `axis` moved to stand before what is axis `start`, as in NumPy; the first unless given. A view. */
export function rollaxis<R extends number = number>(
  x: Variable<R> | Operand,
  axis: number,
  start = 0,
): Variable<R> {
  const v = asVariable(x), from = axisOf("rollaxis", axis, v.ndim);
  const before = start === v.ndim ? start : axisOf("rollaxis", start, v.ndim);
  return moveaxis(v, from, before > from ? before - 1 : before) as Variable<R>;
}

/** x, of which types know that these axes have length 1, so that they broadcast; checked when it runs. A view. */
export function addBroadcast<R extends number = number>(
  x: Variable<R> | Operand,
  ...axes: number[]
): Variable<R> {
  const v = asVariable(x),
    ones = axes.map((axis) => axisOf("addBroadcast", axis, v.ndim));
  return specifyShape(
    v,
    v.type.shape.map((_, axis) => ones.includes(axis) ? 1 : null),
  ) as Variable<R>;
}

/** x, of which types know for each axis whether its length is 1: checked where they did not, forgotten where they shall not. TypeError: not a word for each axis. */
export function patternBroadcast<R extends number = number>(
  x: Variable<R> | Operand,
  pattern: readonly boolean[],
): Variable<R> {
  const v = asVariable(x);
  checkList("apply patternBroadcast", pattern, "booleans");
  if (pattern.length !== v.ndim) {
    throw new TypeError(
      `Cannot apply patternBroadcast: ${pattern.length} words for ${v}`,
    );
  }
  const where = (one: boolean) =>
    pattern.flatMap((p, axis) => p === one ? [axis] : []);
  return unbroadcast(
    addBroadcast(v, ...where(true)),
    ...where(false),
  ) as Variable<R>;
}

/**
 * For each integer a row with 1 at its place and 0 elsewhere, in floatX unless
 * a dtype is given.
 *
 * TypeError: y holds no integers. RangeError: one is not from 0 to classes - 1;
 * where only the run knows, it is found then.
 */
export function toOneHot(
  y: Operand,
  classes: number | Variable,
  dtype: Dtype = config.floatX,
): Variable {
  const v = boundedIndex(
    "toOneHot",
    positionsOf("toOneHot", y),
    classes,
    "raise",
  );
  return cast(eq(expandDims(v, v.ndim), arange(classes)), dtype);
}

/** A matrix with one more column in front, which holds `value`. */
export function prependScalarToEachRow(
  value: Operand,
  x: Operand,
): Variable<2> {
  const v = asVariable(x), column = cast(asVariable(value, v.dtype), v.dtype);
  return join(1, broadcastTo(column, [lengthsOf(v)[0]!, 1]), v) as Variable<2>;
}
