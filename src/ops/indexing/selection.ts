/** The language of indices: which elements of an array they name, as a shape, as expressions for a kernel, and as offsets into values. */
import type { Length, Lengths, Shaped } from "../../graph/length.ts";
import type { Expr } from "../../graph/loops.ts";
import {
  forEachOffset,
  type NDArray,
  rowMajor,
  sizeOf,
} from "../../graph/ndarray.ts";
import type { Type } from "../../graph/type.ts";
import type { ViewMap } from "../../graph/variable.ts";
import {
  alignedStrides,
  broadcastShape,
  valueShape,
} from "../elementwise/broadcast.ts";
import { add, maximum, minimum, mul } from "../elementwise/elemwise.ts";
import { lt, where } from "../elementwise/elemwise_logic.ts";
import { call } from "../elementwise/scalar.ts";
import {
  checkedIndex,
  indexError,
  look,
  type Scalar,
  scalarValue,
} from "../shape/view.ts";
import { point } from "../loop_nest.ts";

/** What an axis of the operand is indexed by; axes after the last entry are taken whole. */
export type IndexParam =
  /** One element; the axis goes. */
  | { readonly kind: "at"; readonly at: Scalar }
  | {
    readonly kind: "slice";
    readonly start?: Scalar;
    readonly stop?: Scalar;
    readonly step: number;
  }
  /** No axis of the operand: a new one of length 1. */
  | { readonly kind: "new" }
  /** The elements that integer array `input` names; several such arrays broadcast together. */
  | { readonly kind: "rows"; readonly input: number }
  /** The elements that integer vector `input` names, along an axis of its own: a slice whose step only the run knows. */
  | { readonly kind: "along"; readonly input: number };

/** Parameters of an op that indexes input 0. */
export interface SelectionParams {
  readonly index: readonly IndexParam[];
}

type Entry = Exclude<IndexParam, { readonly kind: "new" }>;

/** Where the axes go. */
interface Placement {
  /** For each axis of the operand its entry, and the axis of the result that follows it: of rows the first, -1 for none. */
  readonly axes: readonly { readonly entry: Entry; readonly to: number }[];
  /** The axes of the result that index arrays make together. */
  readonly joint: { readonly at: number; readonly ndim: number };
  readonly ndim: number;
}

/** True for an entry that an integer array says. */
export function isArrayEntry(
  e: IndexParam,
): e is Extract<IndexParam, { readonly input: number }> {
  return e.kind === "rows" || e.kind === "along";
}

const WHOLE: IndexParam = { kind: "slice", step: 1 };

/** Axes go where NumPy puts them: index arrays stay together in their place, or go first where others stand between them. */
function place(
  index: readonly IndexParam[],
  ranks: readonly number[],
): Placement {
  const used = index.filter((e) => e.kind !== "new").length;
  const entries = [
    ...index,
    ...Array<IndexParam>(ranks[0]! - used).fill(WHOLE),
  ];
  const rows = entries.filter((e) => e.kind === "rows");
  const ndim = Math.max(0, ...rows.map((e) => ranks[e.input]!));
  const arrays = entries.flatMap((e, i) =>
    e.kind === "rows" || (e.kind === "at" && rows.length) ? [i] : []
  );
  const together = arrays.every((i, k) => i === arrays[0]! + k);
  const axes: { entry: Entry; to: number }[] = [];
  let next = together ? 0 : ndim, at = together ? -1 : 0;
  for (const entry of entries) {
    if (entry.kind === "new") next++;
    else if (entry.kind === "at") axes.push({ entry, to: -1 });
    else if (entry.kind === "rows") {
      if (at < 0) [at, next] = [next, next + ndim];
      axes.push({ entry, to: at });
    } else axes.push({ entry, to: next++ });
  }
  return { axes, joint: { at, ndim }, ndim: next };
}

/** The same index of an op that has `by` inputs more before those that the index names. */
export function shiftInputs(
  index: readonly IndexParam[],
  by: number,
): IndexParam[] {
  const shift = (p: Scalar): Scalar =>
    typeof p === "number" ? p : { input: p.input + by };
  return index.map((e) => {
    switch (e.kind) {
      case "new":
        return e;
      case "rows":
      case "along":
        return { kind: e.kind, input: e.input + by };
      case "at":
        return { kind: "at", at: shift(e.at) };
      case "slice":
        return {
          kind: "slice",
          ...(e.start !== undefined && { start: shift(e.start) }),
          ...(e.stop !== undefined && { stop: shift(e.stop) }),
          step: e.step,
        };
      default:
        return e satisfies never;
    }
  });
}

/** The shape of the elements that an index names. RangeError: an integer is known to be out of range. */
export function selectedShape(
  inputs: readonly Shaped[],
  index: readonly IndexParam[],
  lengths: Lengths,
): Length[] {
  const x = inputs[0]!,
    { axes, joint, ndim } = place(index, inputs.map((x) => x.shape.length));
  const shape: Length[] = Array(ndim).fill(1), arrays: Shaped[] = [];
  axes.forEach(({ entry, to }, axis) => {
    const n = x.shape[axis]!;
    if (entry.kind === "rows") arrays.push(inputs[entry.input]!);
    else if (entry.kind === "along") shape[to] = inputs[entry.input]!.shape[0]!;
    else if (entry.kind === "at") {
      const i = scalarValue(entry.at, inputs);
      if (
        typeof i === "number" && typeof n === "number" && (i < -n || i >= n)
      ) throw indexError(i, axis, n);
    } else {shape[to] = lengths.slice(
        bound(entry.start, inputs),
        bound(entry.stop, inputs),
        entry.step,
        n,
      );}
  });
  broadcastShape("at", arrays, lengths).forEach((n, i) =>
    shape[joint.at + i] = n
  );
  return shape;
}

function bound(
  p: Scalar | undefined,
  inputs: readonly Shaped[],
): Length | undefined {
  return p === undefined ? undefined : scalarValue(p, inputs);
}

/** Where the result of an index without arrays looks. */
export function selectionView(
  index: readonly IndexParam[],
  ndim: number,
): ViewMap {
  return viewOf(place(index, [ndim]).axes);
}

/** Where the element looks that an index names, its arrays left out. */
function viewOf(axes: Placement["axes"]): ViewMap {
  const start = (e: Entry): Scalar =>
    e.kind === "at"
      ? e.at
      : e.kind === "slice"
      ? e.start ?? (e.step > 0 ? 0 : -1)
      : 0;
  return {
    kind: "affine",
    start: axes.map(({ entry }) => start(entry)),
    step: axes.map(({ entry }) => entry.kind === "slice" ? entry.step : 1),
    from: axes.map(({ entry, to }) => entry.kind === "slice" ? to : null),
    checked: axes.map(({ entry }) => entry.kind === "at"),
  };
}

/** The axes of a nest, by number: of the result's axis, and one that is as long as the operand's axis. */
export interface NestAxes {
  readonly result: (axis: number) => number;
  readonly operand: (axis: number) => number;
}

/** For each axis of the operand the position of the element that belongs to a point of the result. */
export function positions(
  inputs: readonly Type[],
  index: readonly IndexParam[],
  nest: NestAxes,
): Expr[] {
  const { axes, joint } = place(index, inputs.map((x) => x.shape.length));
  return axes.map(({ entry, to }, axis): Expr => {
    const n: Expr = { kind: "length", axis: nest.operand(axis) };
    switch (entry.kind) {
      case "at":
        return typeof entry.at === "number" && entry.at < 0
          ? call(add, n, entry.at)
          : scalarExpr(entry.at, inputs);
      case "rows": {
        const { shape, dtype } = inputs[entry.input]!,
          first = joint.at + joint.ndim - shape.length;
        const at = shape.map((d, i): Expr =>
          d === 1 ? integer(0) : point(nest.result(first + i))
        );
        return { kind: "load", input: entry.input, index: at, dtype };
      }
      case "along":
        return {
          kind: "load",
          input: entry.input,
          index: [point(nest.result(to))],
          dtype: inputs[entry.input]!.dtype,
        };
      case "slice": {
        const along = point(nest.result(to));
        const start = firstOf(entry.start, entry.step, n, inputs),
          steps = entry.step === 1 ? along : call(mul, along, entry.step);
        const whole = entry.start === undefined && entry.stop === undefined;
        return start || !whole ? call(add, start ?? 0, steps) : steps;
      }
      default:
        return entry satisfies never;
    }
  });
}

function integer(value: number): Expr {
  return { kind: "constant", value, dtype: "int64" };
}

function scalarExpr(p: Scalar, inputs: readonly Type[]): Expr {
  return typeof p === "number" ? integer(p) : {
    kind: "load",
    input: p.input,
    index: [],
    dtype: inputs[p.input]!.dtype,
  };
}

/** The first element of a slice that has any, or null for 0: clipped only where that can leave elements. */
function firstOf(
  start: Scalar | undefined,
  step: number,
  n: Expr,
  inputs: readonly Type[],
): Expr | null {
  if (start === undefined) return step > 0 ? null : call(add, n, -1);
  if (typeof start === "number" && start >= 0 && step > 0) {
    return start === 0 ? null : integer(start);
  }
  const given = scalarExpr(start, inputs);
  const from = typeof start !== "number"
    ? call(where, call(lt, given, 0), call(add, given, n), given)
    : start < 0
    ? call(add, n, start)
    : given;
  return step > 0
    ? call(maximum, from, 0)
    : call(minimum, from, call(add, n, -1));
}

/** Offsets into the data of `inputs[0]` of the elements that an index names, in row-major order of `shape`. RangeError: out of range. */
export function selectedOffsets(
  inputs: readonly NDArray[],
  index: readonly IndexParam[],
  shape: readonly number[],
): number[] {
  const { axes, joint } = place(index, inputs.map((x) => x.ndim));
  const seen = look(inputs, viewOf(axes), shape), offsets: number[] = [];
  forEachOffset(shape, seen.strides, seen.offset, (at) => offsets.push(at));
  const arrays = axes.flatMap(({ entry, to }, axis) =>
    isArrayEntry(entry)
      ? [{ axis, to, joins: entry.kind === "rows", rows: inputs[entry.input]! }]
      : []
  );
  const joined = arrays.filter((a) => a.joins);
  const groups = arrays.filter((a) => !a.joins)
    .map((a) => ({ at: a.to, arrays: [a] }));
  if (joined.length) groups.push({ at: joint.at, arrays: joined });
  for (const { at, arrays } of groups) {
    const rows = rowOffsets(inputs[0]!, arrays), strides = shape.map(() => 0);
    rowMajor(rows.shape).forEach((step, i) => strides[at + i] = step);
    let to = 0;
    forEachOffset(shape, strides, 0, (i) => offsets[to++]! += rows.offsets[i]!);
  }
  return offsets;
}

/** What index arrays add to an offset, at each point of their joint shape. */
function rowOffsets(
  x: NDArray,
  arrays: readonly { readonly axis: number; readonly rows: NDArray }[],
): { readonly shape: readonly number[]; readonly offsets: readonly number[] } {
  const shape = valueShape("at", arrays.map((a) => a.rows));
  const offsets = Array<number>(sizeOf(shape)).fill(0);
  for (const { axis, rows } of arrays) {
    const strides = alignedStrides(rows, shape.length);
    let to = 0;
    forEachOffset(shape, strides, rows.offset, (at) => {
      const i = checkedIndex(Number(rows.data[at]), axis, x.shape[axis]!);
      offsets[to++]! += x.strides[axis]! * i;
    });
  }
  return { shape, offsets };
}
