/** Elements and whole arrays repeated, and axes rolled, reversed and turned. */
import { checkList } from "../../graph/arguments.ts";
import { isInteger } from "../../graph/dtype.ts";
import { slice } from "../../graph/indexing.ts";
import { describeType } from "../../graph/type.ts";
import { Variable } from "../../graph/variable.ts";
import { at } from "../indexing/at.ts";
import { broadcastTo } from "./broadcast_to.ts";
import { arange } from "../arange.ts";
import { cumsum } from "../order/cumulative.ts";
import { assert } from "../debug.ts";
import { asVariable, type Operand } from "../define.ts";
import {
  dimshuffle,
  expandDims,
  shapePadLeft,
  swapaxes,
} from "./dimshuffle.ts";
import { cast, mod, sub } from "../elementwise/elemwise.ts";
import { ge } from "../elementwise/elemwise_logic.ts";
import { join } from "./join.ts";
import { SYMBOLIC, type SymbolicLength } from "./length_graph.ts";
import { sum } from "../reductions/reduce.ts";
import { asLengths, flatten, reshape, type ShapeLike } from "./reshape.ts";
import { searchsorted } from "../order/search.ts";
import { axisOf, lengthsOf, shapeAt } from "./shape.ts";
import { specifyShape } from "./specify_shape.ts";
import { take } from "../indexing/take.ts";

/** A vector of numbers of times as a variable; its length is 1, or that of the axis. */
function timesOf(times: Variable, x: Variable, axis: number): Variable {
  if (times.ndim > 1 || !(isInteger(times.dtype) || times.dtype === "bool")) {
    throw new TypeError(
      `Cannot apply repeat: expected integers without or with one axis, got ${
        describeType(times.type)
      }`,
    );
  }
  const checked = assert(
    cast(times, "int64"),
    ge(times, 0),
    "an element is to be repeated a negative number of times",
  );
  const n = lengthsOf(x)[axis]!;
  return times.ndim === 0
    ? checked
    : times.type.shape[0] === 1
    ? broadcastTo(checked, [n])
    : specifyShape(checked, [n]);
}

/**
 * Each element repeated in its place along an axis, or of x as one vector
 * where there is none: all as often, or each as a vector says. How long the
 * result then is only the run knows.
 *
 * TypeError: numbers of times that are no integers. RangeError: there are not
 * as many of them as elements, or one is negative.
 *
 * ```ts
 * import { function as compile, repeat, vector } from "damo";
 * const x = vector("x"), f = compile([x], repeat(x, [2, 0, 1]));
 * console.log(f([1, 2, 3]).toArray()); // [ 1, 1, 3 ]
 * ```
 */
export function repeat(
  x: Operand,
  repeats: Operand,
  axis?: number | null,
): Variable {
  const given = asVariable(x),
    v = axis === undefined || axis === null ? flatten(given) : given,
    along = axisOf("repeat", axis ?? 0, v.ndim);
  if (typeof repeats === "number") {
    if (Number.isInteger(repeats) && repeats >= 0) {
      return repeatAll(v, repeats, along);
    }
    throw new RangeError(`Cannot repeat elements ${repeats} times`);
  }
  const times = timesOf(asVariable(repeats, "int64"), v, along);
  if (times.ndim === 0) return repeatAll(v, times, along);
  const ends = cumsum(times);
  return take(
    v,
    searchsorted(ends, arange(sum(times)), { side: "right" }),
    along,
  );
}

/** A new axis behind the old one, made one with it. */
function repeatAll(x: Variable, times: SymbolicLength, axis: number): Variable {
  const lengths: readonly SymbolicLength[] = lengthsOf(x);
  const wide = broadcastTo(
    expandDims(x, axis + 1),
    [...lengths.slice(0, axis + 1), times, ...lengths.slice(axis + 1)],
  );
  return reshape(
    wide,
    lengths.with(axis, SYMBOLIC.mul(lengths[axis]!, times)),
  );
}

/**
 * x repeated as a whole along each axis: `reps` says how often, for the last
 * axes where it names fewer; where it names more, x gets new axes in front.
 * RangeError: a number of times is negative.
 */
export function tile(x: Operand, reps: number | ShapeLike): Variable {
  const v = asVariable(x),
    named =
      typeof reps === "number" || (reps instanceof Variable && reps.ndim === 0)
        ? [reps]
        : asLengths("tile", reps as ShapeLike);
  const ndim = Math.max(v.ndim, named.length);
  const times = [
      ...Array<SymbolicLength>(ndim - named.length).fill(1),
      ...named,
    ],
    wide = shapePadLeft(v, ndim - v.ndim),
    lengths = lengthsOf(wide);
  const apart = dimshuffle(
    wide,
    times.flatMap((_, axis) => ["x" as const, axis]),
  );
  return reshape(
    broadcastTo(apart, times.flatMap((n, axis) => [n, lengths[axis]!])),
    times.map((n, axis) => SYMBOLIC.mul(n, lengths[axis]!)),
  );
}

/**
 * The elements moved `shift` places along an axis, or along x as one vector
 * where there is none; what leaves at the end comes back at the start.
 */
export function roll(
  x: Operand,
  shift: number | Variable,
  axis?: number | null,
): Variable {
  const v = asVariable(x);
  if (axis === undefined || axis === null) {
    return v.ndim === 1
      ? roll(v, shift, 0)
      : reshape(roll(flatten(v), shift, 0), lengthsOf(v));
  }
  const along = axisOf("roll", axis, v.ndim),
    lead = Array<string>(along).fill(":");
  const by = mod(cast(asVariable(shift, "int64"), "int64"), shapeAt(v, along)),
    rest = sub(shapeAt(v, along), by);
  return join(
    along,
    at(v, ...lead, slice(rest)),
    at(v, ...lead, slice(null, rest)),
  );
}

/** The elements in reverse along these axes, all unless given. A view. */
export function flip(x: Operand, axis?: number | readonly number[]): Variable {
  const v = asVariable(x),
    axes = axis === undefined
      ? null
      : [axis].flat().map((a) => axisOf("flip", a, v.ndim));
  return at(
    v,
    ...v.type.shape.map((_, a) =>
      axes === null || axes.includes(a) ? "::-1" : ":"
    ),
  );
}

/** x turned by k quarter circles in the plane of two axes, from the first towards the second. A view. RangeError: both axes are one. */
export function rot90(
  x: Operand,
  k = 1,
  axes: readonly [number, number] = [0, 1],
): Variable {
  const v = asVariable(x),
    [a, b] = checkList("apply rot90", axes, "two axes").map((axis) =>
      axisOf("rot90", axis, v.ndim)
    ) as [
      number,
      number,
    ];
  if (a === b || !Number.isInteger(k)) {
    throw new RangeError(
      `Cannot apply rot90: k is ${k}, axes are ${a} and ${b}`,
    );
  }
  switch (((k % 4) + 4) % 4) {
    case 1:
      return swapaxes(flip(v, b), a, b);
    case 2:
      return flip(v, [a, b]);
    case 3:
      return flip(swapaxes(v, a, b), b);
    default:
      return v;
  }
}
