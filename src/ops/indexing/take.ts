/** Elements chosen by arrays of positions: along an axis, or out of several arrays. */
import { describeOther } from "../../graph/describe_other.ts";
import { withDefaults } from "../../graph/options.ts";
import { isInteger } from "../../graph/dtype.ts";
import type { Index } from "../../graph/indexing.ts";
import { describeType } from "../../graph/type.ts";
import { Constant, Variable } from "../../graph/variable.ts";
import { at } from "./at.ts";
import { arange } from "../arange.ts";
import { assert } from "../debug.ts";
import { asVariable, type Operand } from "../define.ts";
import { dimshuffle, shapePadLeft } from "../shape/dimshuffle.ts";
import { cast, clip, mod, sub } from "../elementwise/elemwise.ts";
import { and_, ge, lt } from "../elementwise/elemwise_logic.ts";
import { stack } from "../shape/join.ts";
import { flatten } from "../shape/reshape.ts";
import { axisOf, lengthsOf } from "../shape/shape.ts";
import { argsort } from "../order/sort.ts";

/** What becomes of a position out of range: an error, the remainder, or the nearest that is in range. */
export type IndexMode = "raise" | "wrap" | "clip";

/** Integer positions as a variable. TypeError: they are none. */
export function positionsOf(name: string, x: Operand): Variable {
  const v = asVariable(x, "int64");
  if (isInteger(v.dtype)) return v;
  throw new TypeError(
    `Cannot apply ${name}: positions must be integers, got ${
      describeType(v.type)
    }`,
  );
}

/** Positions brought into 0 … n - 1. RangeError: one is out of range; where only the run knows, it is found then. */
export function boundedIndex(
  name: string,
  index: Variable,
  n: number | Variable,
  mode: IndexMode,
): Variable {
  const i = cast(index, "int64");
  switch (mode) {
    case "wrap":
      return mod(i, n);
    case "clip":
      return clip(i, 0, sub(asVariable(n, "int64"), 1));
    case "raise":
      if (index instanceof Constant && typeof n === "number") {
        const wrong = [...index.data.flat()].find((p) => p < 0 || p >= n);
        if (wrong === undefined) return i;
        throw new RangeError(
          `Cannot apply ${name}: index ${wrong} is out of range for length ${n}`,
        );
      }
      return assert(
        i,
        and_(ge(i, 0), lt(i, n)),
        `an index of ${name} is out of range`,
      );
    default:
      throw new TypeError(
        `Cannot apply ${name}: mode is ${
          describeOther(mode satisfies never)
        }; use "raise", "wrap" or "clip"`,
      );
  }
}

/**
 * The elements of x along an axis that integers of any rank name:
 * `x.at(":", index)` for axis 1; of x as one vector where no axis is given.
 * Negative positions count from the end; `mode` says what becomes of those out
 * of range.
 *
 * TypeError: positions are no integers. RangeError: no such axis, or a
 * position out of range in mode `raise`.
 *
 * ```ts
 * import { matrix, take } from "damo";
 * const x = matrix("x");
 * console.log(take(x, [0, -1], 1).ndim); // 2
 * ```
 */
export function take(
  x: Operand,
  index: Operand,
  axis?: number | null,
  mode: IndexMode = "raise",
): Variable {
  const given = asVariable(x),
    v = axis === undefined || axis === null ? flatten(given) : given;
  const along = axisOf("take", axis ?? 0, v.ndim),
    i = positionsOf("take", index);
  const bounded = mode === "raise"
    ? i
    : boundedIndex("take", i, lengthsOf(v)[along]!, mode);
  return at(v, ...Array<Index>(along).fill(":"), bounded);
}

/**
 * For each line of x along an axis (of all elements as one vector where that
 * is null) the elements at the positions in that line of `index`, which has
 * as many axes as x; the other axes broadcast. So `takeAlongAxis(x,
 * argsort(x))` is sorted. Changed by `setSubtensor` and `incSubtensor` like
 * `x.at(…)`.
 *
 * TypeError: other ranks, or positions that are no integers. RangeError: a
 * position is out of range.
 *
 * ```ts
 * import { argmax, expandDims, matrix, takeAlongAxis } from "damo";
 * const x = matrix("x"), best = expandDims(argmax(x, { axis: 1 }), 1);
 * const largest = takeAlongAxis(x, best, 1);
 * ```
 */
export function takeAlongAxis(
  x: Operand,
  index: Operand,
  axis: number | null = -1,
): Variable {
  const given = asVariable(x), v = axis === null ? flatten(given) : given;
  const along = axisOf("takeAlongAxis", axis ?? 0, v.ndim),
    i = positionsOf("takeAlongAxis", index);
  if (i.ndim !== v.ndim) {
    throw new TypeError(
      `Cannot apply takeAlongAxis: ${
        describeType(i.type)
      } does not have the axes of ${describeType(v.type)}`,
    );
  }
  return at(v, ...gridOf(lengthsOf(v)).with(along, i));
}

/** For each of several axes all its positions, as an array that broadcasts along the others. */
function gridOf(lengths: readonly (number | Variable)[]): Variable[] {
  return lengths.map((n, axis): Variable =>
    dimshuffle(arange(n), lengths.map((_, d) => d === axis ? 0 : "x"))
  );
}

/**
 * At each place the element there of one of several arrays: of
 * `choices[index]`. `choices` is a list of arrays of one shape, or those
 * stacked; all broadcast.
 *
 * TypeError: positions are no integers. RangeError: a position is out of range
 * in mode `raise` (negative ones are).
 *
 * ```ts
 * import { choose, ivector, vector } from "damo";
 * const i = ivector("i"), x = vector("x"), y = vector("y");
 * const z = choose(i, [x, y]);
 * ```
 */
export function choose(
  index: Operand,
  choices: Operand | readonly Operand[],
  mode: IndexMode = "raise",
): Variable {
  const listed = Array.isArray(choices) &&
    choices.some((c) => c instanceof Variable);
  const stacked = listed
      ? stack(choices as readonly Operand[])
      : asVariable(choices as Operand),
    i = positionsOf("choose", index);
  if (stacked.ndim === 0) {
    throw new TypeError("Cannot apply choose: there are no choices");
  }
  const bounded = boundedIndex("choose", i, lengthsOf(stacked)[0]!, mode);
  const ndim = Math.max(i.ndim, stacked.ndim - 1),
    lead = ndim - (stacked.ndim - 1);
  const wide = dimshuffle(stacked, [
    0,
    ...Array<"x">(lead).fill("x"),
    ...Array.from({ length: stacked.ndim - 1 }, (_, d) => d + 1),
  ]);
  return at(
    wide,
    shapePadLeft(bounded, ndim - i.ndim),
    ...gridOf(lengthsOf(wide).slice(1)),
  );
}

/**
 * Each row of x (along its last axis) in the order that a row of p gives:
 * r[i] = x[p[i]]; with `inverse` r[p[i]] = x[i]. The other axes broadcast.
 * TypeError: p holds no integers.
 */
export function permuteRowElements(
  x: Operand,
  p: Operand,
  options: { readonly inverse?: boolean } = {},
): Variable {
  const { inverse } = withDefaults("apply permuteRowElements", options, {
    inverse: false,
  });
  const v = asVariable(x), order = positionsOf("permuteRowElements", p);
  const ndim = Math.max(v.ndim, order.ndim);
  const i = inverse ? argsort(order) : order;
  return takeAlongAxis(
    shapePadLeft(v, ndim - v.ndim),
    shapePadLeft(i, ndim - i.ndim),
    -1,
  );
}

/** The permutation that undoes a permutation of 0 … n - 1. TypeError: no vector of integers. */
export function inversePermutation(p: Operand): Variable<1> {
  const v = positionsOf("inversePermutation", p);
  if (v.ndim !== 1) {
    throw new TypeError(
      `Cannot apply inversePermutation: expected a vector, got ${
        describeType(v.type)
      }`,
    );
  }
  return cast(argsort(v), v.dtype) as Variable<1>;
}
