/** The integer tables that libcvm's own kernels take; their C side, with the same words, is csrc/builtin.c. */
import type { ViewMap } from "../../graph/variable.ts";
import type { Extent } from "./implementation.ts";

/** A length that a builtin needs: known now, the value of integer scalar `input`, or the length of an axis of `input`. */
export type LengthSource =
  | number
  | { readonly input: number }
  | { readonly input: number; readonly axis: number };

/** Two words: (-1, n), (input, -1) or (input, axis). */
function source(length: LengthSource): [number, number] {
  if (typeof length === "number") return [-1, length];
  return [length.input, "axis" in length ? length.axis : -1];
}

/**
 * `view`: inputs are the operand, then the integer scalars that starts and
 * lengths name (`{ input: 0 }` is the operand itself). `lengths` has one entry
 * for each axis of the output. Fails with DAMO_INDEX (axis of the operand, the
 * index as given, the length) on a checked start out of range, with DAMO_SHAPE
 * where a reshape holds another number of elements.
 */
export function viewExtents(
  map: ViewMap,
  lengths: readonly LengthSource[],
): number[] {
  const out = lengths.flatMap(source);
  if (map.kind === "reshape") return [0, ...out];
  const axes = map.start.flatMap((start, axis) => [
    ...source(start),
    map.step[axis]!,
    map.from[axis] ?? -1,
    Number(map.checked[axis]!),
  ]);
  return [1, ...out, ...axes];
}

/** `copy`: one input. `reserves`: the output takes the input's lengths, row-major, and a buffer for them. */
export function copyExtents(
  { reserves }: { readonly reserves: boolean },
): number[] {
  return [Number(reserves)];
}

/** `length`: one input; the output is an int64 scalar. */
export function lengthExtents(axis: number): number[] {
  return [axis];
}

/** `extents`: inputs are the arguments that entries name; the output is an int64 vector as long as `entries`. */
export function headerExtents(entries: readonly Extent[]): number[] {
  const words = entries.flatMap((e) => {
    if (typeof e === "number") return [0, -1, e, 0];
    return "stride" in e ? [2, e.arg, e.stride, 0] : [1, e.arg, e.from, e.to];
  });
  return [entries.length, ...words];
}

/**
 * `reserve`: inputs are what `lengths` names; the output becomes a row-major
 * array of these lengths with a buffer of its own. Fails with DAMO_VALUE on a
 * negative length, with DAMO_MEMORY where there is no room.
 */
export function reserveExtents(lengths: readonly LengthSource[]): number[] {
  return lengths.flatMap(source);
}

/** `guard`: one integer scalar, no output. Fails with DAMO_GUARD (axis: `which`, index: the value found) unless it is `value`. */
export function guardExtents(value: number, which = 0): number[] {
  return [value, which];
}

/** `same`: inputs are what x and y name, no output. Fails with DAMO_SHAPE (axis, x as index, y as length) unless both are equal. */
export function sameExtents(
  { x, y, axis }: {
    readonly x: LengthSource;
    readonly y: LengthSource;
    readonly axis: number;
  },
): number[] {
  return [...source(x), ...source(y), axis];
}

/**
 * `count`: inputs are the integer scalar nSteps if `nSteps`, then the
 * sequences; `lost` has the rows that the taps of each use up (spanOf in
 * src/graph/scan_params.ts). The output is an int64 scalar. Fails with
 * DAMO_VALUE on a negative nSteps, with DAMO_SHAPE (axis: which sequence,
 * index: nSteps, length: the steps it has) on a short sequence.
 */
export function countExtents(
  { nSteps, lost }: {
    readonly nSteps: boolean;
    readonly lost: readonly number[];
  },
): number[] {
  return [Number(nSteps), lost.length, ...lost];
}

/** The rows of one output of a loop. */
export interface StackOptions {
  /** Rows before the first step: -min(taps) of a state, 0 of an extra. */
  readonly lag: number;
  /** Rows of a ring, or 0 if all are kept. */
  readonly ring: number;
  /** The loop may stop early: the stack starts with one row and STEP doubles it. */
  readonly until: boolean;
  /** The position of the initial value (at least `lag` rows, the oldest first) among the inputs, or null. */
  readonly initial: number | null;
  /** The lengths of a row. */
  readonly row: readonly LengthSource[];
}

/**
 * `stack`: inputs are the steps (what `count` gave), then what the options
 * name. The output becomes rows with a buffer of its own, the first `lag`
 * copied from the initial value. Fails with DAMO_SHAPE where the initial value
 * has too few rows (axis 0) or rows of other lengths, with DAMO_VALUE and
 * DAMO_MEMORY as `reserve` does.
 */
export function stackExtents(
  { lag, ring, until, initial, row }: StackOptions,
): number[] {
  return [lag, ring, Number(until), initial ?? -1, ...row.flatMap(source)];
}

/** `prefix`: inputs are a stack and the steps done; the output is a view of rows lag … lag + steps - 1. */
export function prefixExtents(lag: number): number[] {
  return [lag];
}

/**
 * `last`: inputs are a ring (or a stack: ring 0) and the steps done; the output
 * is a view of the last row. Fails with DAMO_INDEX where there is none.
 */
export function lastExtents(
  { lag, ring }: { readonly lag: number; readonly ring: number },
): number[] {
  return [lag, ring];
}
