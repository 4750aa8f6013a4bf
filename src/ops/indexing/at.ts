/** `x.at(…)`, and changing what it names: from how users write an index to the ops of subtensor.ts. */
import { describeOther } from "../../graph/describe_other.ts";
import { isInteger } from "../../graph/dtype.ts";
import {
  type Bound,
  type Index,
  type IndexedRank,
  Slice,
} from "../../graph/indexing.ts";
import { sliceBounds } from "../../graph/length.ts";
import { describeType } from "../../graph/type.ts";
import { Constant, Variable } from "../../graph/variable.ts";
import { isSmaller } from "../elementwise/broadcast.ts";
import { broadcastAs } from "../shape/broadcast_to.ts";
import { arange } from "../arange.ts";
import { asVariable, constant, type Operand } from "../define.ts";
import { add, cast, maximum, minimum, sub } from "../elementwise/elemwise.ts";
import { gt, lt, where } from "../elementwise/elemwise_logic.ts";
import { stack, vectorScalars } from "../shape/join.ts";
import { axesOfEntry, withoutMasks } from "./mask.ts";
import { type IndexParam, shiftInputs } from "./selection.ts";
import { shapeAt } from "../shape/shape.ts";
import {
  advancedSubtensor,
  elementsAt,
  increment,
  subtensor,
} from "./subtensor.ts";
import { Scalars } from "../shape/view.ts";

/**
 * The elements of x that an index names. For each axis: an integer (a number
 * or a 0-d Variable; the axis goes), a slice `"a:b:c"` or `slice(a, b, c)`,
 * `null` (a new axis of length 1), `"..."` (all axes that are not named), or
 * an integer array. Negative integers count from the end. A bool array stands
 * for as many axes as it has, and names the elements where it is true: as many
 * as there are when it runs.
 *
 * Integers and slices give a view; arrays copy, and several of them go
 * together as in NumPy: `p.at(arange(n), y)` is one element of each row.
 *
 * RangeError: an integer is out of range, found when the graph is built where
 * lengths are known, else when it runs. TypeError: more indices than axes, or
 * an index that is no integer.
 *
 * ```ts
 * import { matrix } from "damo";
 * const x = matrix("x");
 * console.log(x.at("1:", -1).ndim); // 1
 * ```
 */
export function at<
  R extends number = number,
  const I extends readonly Index[] = readonly Index[],
>(
  x: Variable<R> | Operand,
  ...index: I
): Variable<IndexedRank<R, I>> {
  const v = asVariable(x);
  return (partOfShape(v, index) ?? read(v, index)) as Variable<
    IndexedRank<R, I>
  >;
}

/** What was read from a vector of lengths, where those lengths themselves came back: what changes it must know. */
interface Reading {
  readonly x: Variable;
  readonly index: Index;
}

const readings = new WeakMap<Variable, Reading>();

function read(x: Variable, index: readonly Index[]): Variable {
  const scalars = new Scalars("at", 1),
    entries = withoutMasks(x, expandEllipsis(x, index));
  let axis = 0;
  const params = entries.map((e): IndexParam =>
    e === null ? { kind: "new" } : asParam(x, axis++, e, scalars)
  );
  return elementsAt(x, scalars.inputs, canonical(params));
}

/** The index with `"..."` written out. TypeError: more indices than axes. */
function expandEllipsis(x: Variable, index: readonly Index[]): Index[] {
  const used = index.reduce<number>((n, e) => n + axesOfEntry(e), 0);
  if (used > x.ndim) {
    throw new TypeError(
      `Cannot index ${
        describeType(x.type)
      }: ${used} indices for ${x.ndim} axes`,
    );
  }
  const open = index.indexOf("...");
  if (open < 0) return [...index];
  if (index.indexOf("...", open + 1) >= 0) {
    throw new TypeError(
      `Cannot index ${describeType(x.type)}: "..." stands twice`,
    );
  }
  return index.toSpliced(open, 1, ...Array<Index>(x.ndim - used).fill(":"));
}

/** Trailing axes that are taken whole need no entry. */
function canonical(index: readonly IndexParam[]): readonly IndexParam[] {
  const isWhole = (e: IndexParam) =>
    e.kind === "slice" && e.step === 1 && e.start === undefined &&
    e.stop === undefined;
  return index.slice(0, index.findLastIndex((e) => !isWhole(e)) + 1);
}

function asParam(
  x: Variable,
  axis: number,
  e: Exclude<Index, null>,
  scalars: Scalars,
): IndexParam {
  if (typeof e === "number" || typeof e === "bigint") {
    return { kind: "at", at: scalars.take(e) };
  }
  if (typeof e === "string") return sliceParam(x, axis, parseSlice(e), scalars);
  if (e instanceof Slice) return sliceParam(x, axis, e, scalars);
  const v = e instanceof Variable ? e : asVariable(e as Operand, "int64");
  if (!isInteger(v.dtype)) {
    throw new TypeError(
      `Cannot index ${
        describeType(x.type)
      } by ${v}: expected integers; convert it with .astype("int64")`,
    );
  }
  return v.ndim === 0
    ? { kind: "at", at: scalars.take(v) }
    : { kind: "rows", input: scalars.array(v) };
}

const SLICE = /^\s*(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?\s*)?$/;

function parseSlice(text: string): Slice {
  const parts = SLICE.exec(text);
  if (!parts) {
    throw new TypeError(
      `Cannot index by "${text}": expected a slice such as "1:", ":-1" or "::2", or "..."`,
    );
  }
  const [start, stop, step] = parts.slice(1).map((n) =>
    n === undefined ? null : Number(n)
  );
  return new Slice(start, stop, step);
}

function sliceParam(
  x: Variable,
  axis: number,
  { start, stop, step }: Slice,
  scalars: Scalars,
): IndexParam {
  const by = step instanceof Variable ? step.value : step ?? 1;
  if (typeof by !== "number") {
    const named = rowsOf(shapeAt(x, axis), start, stop, step as Variable);
    return { kind: "along", input: scalars.array(named) };
  }
  if (by === 0 || !Number.isInteger(by)) {
    throw new RangeError(`Cannot take a slice: its step is ${by}`);
  }
  const from = start ?? undefined, to = stop ?? undefined;
  const first = from === undefined ? from : scalars.take(from);
  return {
    kind: "slice",
    ...(first !== undefined && !(first === 0 && by > 0) && { start: first }),
    ...(to !== undefined && { stop: scalars.take(to) }),
    step: by,
  };
}

/** The elements of a slice whose step only the run will tell, as an index array. */
function rowsOf(
  n: Variable,
  start: Bound,
  stop: Bound,
  step: Variable,
): Variable {
  const up = gt(step, 0), end = where(up, n, sub(n, 1)), low = where(up, 0, -1);
  const clip = (i: number | Variable) => {
    const v = cast(asVariable(i, "int64"), "int64");
    return maximum(low, minimum(end, where(lt(v, 0), add(v, n), v)));
  };
  const first = start === null || start === undefined
    ? where(up, 0, end)
    : clip(start);
  const last = stop === null || stop === undefined
    ? where(up, n, -1)
    : clip(stop);
  return arange(first, last, cast(step, "int64"));
}

/** Of a vector made of lengths, as `x.shape` is: one or some of those lengths themselves. Null for all else. */
function partOfShape(x: Variable, index: readonly Index[]): Variable | null {
  const [e] = index;
  if (
    index.length !== 1 || x.dtype !== "int64" || x.ndim !== 1 ||
    x instanceof Constant
  ) return null;
  const lengths = vectorScalars(x);
  if (
    !lengths?.every((n) => typeof n === "number" || n.owner?.op === shapeAt.op)
  ) return null;
  if (typeof e === "number") {
    const i = e < 0 ? e + lengths.length : e, n = lengths[i];
    return n === undefined ? null : reading({ x, index: i }, n);
  }
  const part = typeof e === "string" && e !== "..." ? parseSlice(e) : e;
  if (
    !(part instanceof Slice) ||
    ![part.start, part.stop, part.step].every((b) =>
      typeof (b ?? 0) === "number"
    )
  ) return null;
  const [first, n] = sliceBounds(
    part.start as number ?? undefined,
    part.stop as number ?? undefined,
    part.step as number ?? 1,
    lengths.length,
  );
  if (n === 0) return null;
  const chosen = stack(
    Array.from(
      { length: n },
      (_, i) =>
        asVariable(lengths[first + i * (part.step as number ?? 1)]!, "int64"),
    ),
  );
  readings.set(chosen, { x, index: part });
  return chosen;
}

/** A length as what was read: itself, or again where it has been read elsewhere. */
function reading(from: Reading, n: number | Variable): Variable {
  const before = n instanceof Variable ? readings.get(n) : undefined;
  const other = before && (before.x !== from.x || before.index !== from.index);
  const made = typeof n === "number"
    ? constant(n, "int64")
    : other
    ? shapeAt(n.owner!.inputs[0]!, (n.owner!.params as { axis: number }).axis)
    : n;
  readings.set(made, from);
  return made;
}

/** What `x.at(…)` names, with x. TypeError: v is no such thing. */
function named(v: Variable) {
  const length = readings.get(v),
    owner = length
      ? read(length.x, [length.index]).owner
      : v instanceof Variable
      ? v.owner
      : null;
  if (owner?.op !== subtensor.op && owner?.op !== advancedSubtensor.op) {
    throw new TypeError(
      `Cannot change elements: expected x.at(…), got ${describeOther(v)}`,
    );
  }
  const [x, ...rest] = owner.inputs,
    index = shiftInputs(owner.params.index as IndexParam[], 1);
  return { x: x!, ...checkable(x!, rest, index) };
}

/** Integers that only the run can compare with the length of their axis become inputs, which kernels check. */
function checkable(
  x: Variable,
  rest: readonly Variable[],
  index: readonly IndexParam[],
) {
  const inputs = [...rest];
  let axis = 0;
  const checked = index.map((e): IndexParam => {
    const n = e.kind === "new" ? 1 : x.type.shape[axis++];
    if (e.kind !== "at" || typeof e.at !== "number" || typeof n === "number") {
      return e;
    }
    return {
      kind: "at",
      at: { input: 1 + inputs.push(constant(e.at, "int64")) },
    };
  });
  return { rest: inputs, index: checked };
}

function changed<R extends number>(
  v: Variable,
  y: Operand,
  set: boolean,
): Variable<R> {
  const { x, rest, index } = named(v), value = asVariable(y, x.dtype);
  const typed = cast(value, x.dtype);
  const full = isSmaller(typed.type, v.type) ? broadcastAs(typed, v) : typed;
  return increment(x, full, ...rest, { index, set }) as Variable<R>;
}

/**
 * x with the elements that `v = x.at(…)` names replaced by y, which is
 * converted to the dtype of x and broadcasts to the shape of v. Of an element
 * named twice by an index array the last value stays.
 *
 * TypeError: v was not made by `at`, or y has more axes than v.
 *
 * ```ts
 * import { setSubtensor, vector } from "damo";
 * const x = vector("x");
 * const y = setSubtensor(x.at("1:"), 0);
 * ```
 */
export function setSubtensor(v: Variable, y: Operand): Variable {
  return changed(v, y, true);
}

/** x with y added to the elements that `v = x.at(…)` names, as often as it names them; see `setSubtensor`. */
export function incSubtensor(v: Variable, y: Operand): Variable {
  return changed(v, y, false);
}
