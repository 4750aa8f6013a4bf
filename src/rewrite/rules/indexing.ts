/** Indices that take everything, one of several parts, or less than what is computed for them. */
import { Constant, type Variable } from "../../graph/variable.ts";
import { slice } from "../../graph/indexing.ts";
import { arange } from "../../ops/arange.ts";
import { at } from "../../ops/indexing/at.ts";
import { dimshuffle } from "../../ops/shape/dimshuffle.ts";
import { join } from "../../ops/shape/join.ts";
import {
  shapeGraph,
  SYMBOLIC,
  type SymbolicLength,
} from "../../ops/shape/length_graph.ts";
import type { SelectionParams } from "../../ops/indexing/selection.ts";
import { advancedSubtensor, subtensor } from "../../ops/indexing/subtensor.ts";
import type { Scalar } from "../../ops/shape/view.ts";
import { isWhole, lifting } from "./lifting.ts";
import { isEnoughFor, isLengthOf, lengthKey, sameLength } from "../lengths.ts";
import { type Rule, ruleAt } from "../pattern.ts";
import { fillValue } from "../values.ts";

/** Reading and changing elements. */
export const indexing: readonly Rule[] = [
  ruleAt(
    "index_all",
    [subtensor],
    { equation: "x[:] → x", licence: "exact" },
    (v) => {
      const { index } = v.owner!.params as SelectionParams;
      const x = v.owner!.inputs[0]!;
      const whole = index.every((e, axis) => {
        if (e.kind !== "slice" || e.step !== 1) return false;
        const n = x.type.shape[axis];
        return (e.start === undefined || e.start === 0) &&
          (e.stop === undefined ||
            (typeof e.stop === "number"
              ? typeof n === "number" && e.stop >= n
              : isLengthOf(v.owner!.inputs[e.stop.input]!, x, axis)));
      });
      return whole ? x : null;
    },
  ),
  ruleAt(
    "index_one",
    [subtensor],
    {
      equation: "x[0] → x without that axis, if it has length 1",
      licence: "exact",
    },
    (v) => {
      const { index } = v.owner!.params as SelectionParams;
      const x = v.owner!.inputs[0]!;
      const single = index.every((e, axis) =>
        isWhole(e) ||
        x.type.shape[axis] === 1 && e.kind === "at" &&
          (e.at === 0 || e.at === -1)
      );
      if (!single) return null;
      return dimshuffle(
        x,
        [...x.type.shape.keys()].filter((axis) =>
          !index[axis] || isWhole(index[axis])
        ),
      );
    },
  ),
  ruleAt(
    "slice_of_join",
    [subtensor],
    {
      equation: "join(x, y)[len(x):] → y, join(x, y)[:len(x)] → x",
      licence: "exact",
    },
    sliceOfJoin,
  ),
  ruleAt(
    "index_of_join",
    [subtensor],
    {
      equation: "join(x, y)[0] → x[0], where types know the lengths",
      licence: "exact",
    },
    indexOfJoin,
  ),
  ruleAt(
    "index_arange",
    [advancedSubtensor],
    {
      equation:
        "x[arange(n)] → x[:n], x[arange(2, 5)] → x[2:5], where x is known to be long enough",
      licence: "exact",
    },
    indexByRange,
  ),
  ...lifting,
];

/** A slice instead of the rows that it would take, where no row can lie beyond the end: that would be refused. */
function indexByRange(v: Variable): Variable | null {
  const [x, ...rest] = v.owner!.inputs as [Variable, ...Variable[]];
  const { index } = v.owner!.params as SelectionParams;
  const axis = index.findIndex((e) => e.kind === "rows"), e = index[axis];
  if (e?.kind !== "rows" || !index.every((f) => f === e || isWhole(f))) {
    return null;
  }
  const range = rangeOf(rest[e.input - 1]!);
  if (!range || !isEnoughFor(range.n, shapeGraph(x, axis), range.start)) {
    return null;
  }
  const stop = SYMBOLIC.add(range.start, range.n) as SymbolicLength;
  return at(x, ...index.map((f) => f === e ? slice(range.start, stop) : ":"));
}

/** Constants up to this many elements are looked at. */
const MOST_ELEMENTS = 4096;

/** The range of natural numbers, one after the other, that an array of integers is. */
export function rangeOf(
  rows: Variable,
): { readonly start: number; readonly n: SymbolicLength } | null {
  if (rows instanceof Constant && rows.ndim === 1) {
    const { data } = rows;
    if (data.size === 0 || data.size > MOST_ELEMENTS) return null;
    const numbers = [...data.flat()].map(Number), start = numbers[0]!;
    return start >= 0 && numbers.every((k, i) => k === start + i)
      ? { start, n: data.size }
      : null;
  }
  if (rows.owner?.op !== arange.op) return null;
  const [start, step, n] = rows.owner.inputs.map((u) => fillValue(u) ?? u);
  return typeof start === "number" && start >= 0 && step === 1
    ? { start, n: n! }
    : null;
}

/** A join of more arrays is left alone: where each begins is a sum over all before it. */
const MOST_PARTS = 64;

const borders = new WeakMap<Variable, readonly string[]>();

/** Where the parts of joined rows begin, and where the last ends: keys of lengths. */
function bordersOf(joined: Variable): readonly string[] {
  let keys = borders.get(joined);
  if (!keys) {
    const ends: SymbolicLength[] = [0];
    for (const part of joined.owner!.inputs) {
      ends.push(
        SYMBOLIC.add(ends.at(-1)!, shapeGraph(part, 0)) as SymbolicLength,
      );
    }
    borders.set(joined, keys = ends.map(lengthKey));
  }
  return keys;
}

/** The one array that a slice of joined rows takes whole. */
function sliceOfJoin(v: Variable): Variable | null {
  const [x, ...rest] = v.owner!.inputs as [Variable, ...Variable[]];
  const { index } = v.owner!.params as SelectionParams, [e] = index;
  if (x.owner?.op !== join.op || index.length !== 1) return null;
  const { axis } = x.owner.params as { readonly axis: number };
  if (axis !== 0 || e!.kind !== "slice" || e!.step !== 1) return null;
  const parts = x.owner.inputs;
  if (parts.length > MOST_PARTS) return null;
  const keys = bordersOf(x);
  const bound = (p: Scalar | undefined, none: string) =>
    p === undefined
      ? none
      : lengthKey(typeof p === "number" ? p : rest[p.input - 1]!);
  const from = bound(e!.start, keys[0]!), to = bound(e!.stop, keys.at(-1)!);
  const found = parts.findIndex((_, i) =>
    from === keys[i] && to === keys[i + 1]
  );
  // What joins refuse, parts of other lengths along the other axes, must not get lost.
  const part = parts[found];
  return part && parts.every((p) => haveSameRows(p, part)) ? part : null;
}

/** True if two arrays are known to have equal lengths along all axes but the first. */
function haveSameRows(a: Variable, b: Variable): boolean {
  return a === b ||
    a.type.shape.every((_, axis) =>
      axis === 0 || sameLength(shapeGraph(a, axis), shapeGraph(b, axis))
    );
}

/** One row of the one array among joined ones that has it. */
function indexOfJoin(v: Variable): Variable | null {
  const [x] = v.owner!.inputs as [Variable], joined = x.owner;
  const [e, ...more] = (v.owner!.params as SelectionParams).index;
  if (joined?.op !== join.op || joined.params.axis !== 0) return null;
  if (e?.kind !== "at" || typeof e.at !== "number" || e.at < 0) return null;
  let row = e.at;
  for (const part of joined.inputs) {
    const n = part.type.shape[0];
    if (typeof n !== "number") return null;
    if (row < n) {
      if (!joined.inputs.every((p) => haveSameRows(p, part))) return null;
      const [, ...rest] = v.owner!.inputs;
      return subtensor(part, ...rest, {
        index: [{ kind: "at", at: row }, ...more],
      });
    }
    row -= n;
  }
  return null;
}
