/** Positions along axes: grids of them, evenly spaced numbers, windows. */
import { describeOther } from "../../graph/describe_other.ts";
import { checkList } from "../../graph/arguments.ts";
import { withDefaults } from "../../graph/options.ts";
import { config } from "../../graph/config.ts";
import { type Dtype, isFloat, promote } from "../../graph/dtype.ts";
import { Slice } from "../../graph/indexing.ts";
import type { Variable } from "../../graph/variable.ts";
import { broadcastTo } from "./broadcast_to.ts";
import { arange } from "../arange.ts";
import { asVariable, asVariables, type Operand } from "../define.ts";
import { dimshuffle } from "./dimshuffle.ts";
import { add, cast, div, maximum, mul, sub } from "../elementwise/elemwise.ts";
import { eq, gt, le, where } from "../elementwise/elemwise_logic.ts";
import { flatten } from "./reshape.ts";
import { lengthsOf } from "./shape.ts";

/** From where to where, and by how much: `slice(0, 5)`, or "0:5:2". */
export type GridRange = string | Slice;

const RANGE = /^\s*(-?[\d.]+)?\s*:\s*(-?[\d.]+)\s*(?::\s*(-?[\d.]+)?\s*)?$/;

/** The numbers of a range. TypeError: it has no end. */
function numbersOf(name: string, range: GridRange): Variable<1> {
  const parts = typeof range === "string"
    ? RANGE.exec(range)?.slice(1)
    : range instanceof Slice
    ? [range.start, range.stop, range.step]
    : [];
  const [start, stop, step] = (parts ?? []).map((p) =>
    typeof p === "string" ? Number(p) : p
  );
  if (stop === undefined || stop === null) {
    throw new TypeError(
      `Cannot apply ${name}: expected ranges such as "0:5" or slice(0, 5, 2), got ${
        describeOther(range)
      }`,
    );
  }
  return arange(start ?? 0, stop, step ?? 1);
}

/** Vectors along an axis of their own each, broadcasting along the others. */
function opened(vectors: readonly Variable[]): Variable[] {
  return vectors.map((v, axis) =>
    dimshuffle(v, vectors.map((_, d) => d === axis ? 0 : "x"))
  );
}

function openGrid(name: string, ranges: readonly GridRange[]): Variable[] {
  return opened(ranges.map((range) => numbersOf(name, range)));
}

/** Arrays that broadcast, in the shape that they broadcast to. */
function filled(grid: readonly Variable[]): Variable[] {
  const lengths = grid.map((g, axis) => lengthsOf(g)[axis]!);
  return grid.map((g) => broadcastTo(g, lengths));
}

/**
 * For each range an array of its numbers along an axis of its own, of length 1
 * along the others. TypeError: a range has no end.
 */
export function ogrid(...ranges: readonly GridRange[]): Variable[] {
  return openGrid("ogrid", ranges);
}

/**
 * The same in full: for each axis an array that holds at every point of the
 * grid the number there.
 *
 * ```ts
 * import { function as compile, mgrid } from "damo";
 * const [i] = mgrid("0:2", "0:3");
 * console.log(compile([], i!)().toArray()); // [ [ 0, 0, 0 ], [ 1, 1, 1 ] ]
 * ```
 */
export function mgrid(...ranges: readonly GridRange[]): Variable[] {
  return filled(openGrid("mgrid", ranges));
}

/** How `meshgrid` lays axes. */
export interface MeshgridOptions {
  /** `xy` (unless given) exchanges the first two axes, `ij` does not. */
  readonly indexing?: "xy" | "ij";
  /** Leaves axes that an array does not depend on at length 1. */
  readonly sparse?: boolean;
}

/** For each vector an array that holds at every point of the grid of all the element there. */
export function meshgrid(
  vectors: readonly Operand[],
  options: MeshgridOptions = {},
): Variable[] {
  const { indexing, sparse } = withDefaults("apply meshgrid", options, {
    indexing: "xy",
    sparse: false,
  });
  const flat = checkList("apply meshgrid", vectors, "vectors")
      .map((v) => flatten(v)),
    swaps = indexing === "xy" && flat.length > 1;
  const exchange = <T>(list: readonly T[]): T[] =>
    swaps ? [list[1]!, list[0]!, ...list.slice(2)] : [...list];
  const grid = opened(exchange(flat));
  return exchange(sparse ? grid : filled(grid));
}

/** How numbers are spaced. */
export interface LinspaceOptions {
  /** Whether `stop` is the last of them; true unless given. */
  readonly endpoint?: boolean;
  /** Of the result: a float unless given. */
  readonly dtype?: Dtype;
}

/** `num` numbers from start to stop at equal distances. TypeError: an end has axes. RangeError: `num` is no length. */
export function linspace(
  start: Operand,
  stop: Operand,
  num = 50,
  options: LinspaceOptions = {},
): Variable<1> {
  const { dtype, endpoint } = withDefaults("apply linspace", options, {
    dtype: undefined,
    endpoint: true,
  });
  const ends = asVariables([start, stop]),
    common = ends.map((v) => v.dtype).reduce(promote);
  const made = isFloat(common) ? common : config.floatX;
  const [low, high] = ends.map((v) => cast(v, made)) as [Variable, Variable];
  if (low.ndim > 0 || high.ndim > 0) {
    throw new TypeError(
      `Cannot apply linspace: expected scalars, got ${low} and ${high}`,
    );
  }
  if (!Number.isInteger(num) || num < 0) {
    throw new RangeError(`Cannot apply linspace: num is ${num}`);
  }
  const steps = Math.max(1, endpoint ? num - 1 : num),
    i = arange(0, num, 1, made);
  const y = add(low, mul(i, div(sub(high, low), steps)));
  const whole = endpoint && num > 1 ? where(eq(i, num - 1), high, y) : y;
  return cast(whole, dtype ?? made) as Variable<1>;
}

/** Bartlett's window of m points: a triangle from 0 over 1 to 0, in floatX; 1 for one point. TypeError: m has axes. */
export function bartlett(m: number | Variable): Variable<1> {
  const n = cast(asVariable(m, "int64"), "int64");
  if (n.ndim > 0) {
    throw new TypeError(`Cannot apply bartlett: expected a scalar, got ${n}`);
  }
  const i = cast(arange(maximum(n, 0)), config.floatX),
    last = cast(sub(n, 1), config.floatX);
  const rising = div(mul(2, i), last);
  const window = where(le(i, div(last, 2)), rising, sub(2, rising));
  return where(gt(n, 1), window, 1) as Variable<1>;
}
