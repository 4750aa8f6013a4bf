/** Broadcasting: the shape rule, what it means for gradients and loops, and values computed element by element. */
import { allocate, type Dtype, type TypedArray } from "../../graph/dtype.ts";
import type { Length, Lengths, Shaped } from "../../graph/length.ts";
import type { Expr, Loops, Stage } from "../../graph/loops.ts";
import { NDArray, sizeOf } from "../../graph/ndarray.ts";
import type { Type } from "../../graph/type.ts";
import type { LoopSite, Variable } from "../../graph/variable.ts";
import { sum } from "../reductions/reduce.ts";
import { dimshuffle } from "../shape/dimshuffle.ts";
import { point } from "../loop_nest.ts";

/** The position in `x` of axis `axis` of `ndim`, right-aligned; negative where x has no such axis. */
function aligned(
  x: { readonly length: number },
  axis: number,
  ndim: number,
): number {
  return axis - ndim + x.length;
}

/** An axis repeats where the type lacks it or says that its length is 1. */
function repeats(type: Type, axis: number, ndim: number): boolean {
  const at = aligned(type.shape, axis, ndim);
  return at < 0 || type.shape[at] === 1;
}

/**
 * The lengths of an elementwise result: axes are aligned at the right, and an
 * axis broadcasts only where its type says 1. RangeError: two lengths are known
 * to differ. TypeError: an operand is sparse.
 */
export function broadcastShape(
  name: string,
  inputs: readonly Shaped[],
  lengths: Lengths,
): Length[] {
  refuseSparse(name, inputs);
  const ndim = Math.max(0, ...inputs.map((x) => x.shape.length));
  return Array.from({ length: ndim }, (_, axis) => {
    const wide = inputs.filter((x) => !repeats(x.type, axis, ndim));
    if (wide.length === 0) return 1;
    return wide.map((x): Length => x.shape[aligned(x.shape, axis, ndim)]!)
      .reduce((a, b) =>
        lengths.same(a, b, (a, b) => mismatch(name, axis, a, b))
      );
  });
}

/** TypeError: an operand is sparse. */
export function refuseSparse(name: string, inputs: readonly Shaped[]): void {
  for (const { type } of inputs) {
    if (type.kind === "sparse") {
      throw new TypeError(
        `Cannot apply ${name}: an operand is a ${type.format} matrix; use the functions of sparse`,
      );
    }
  }
}

function mismatch(
  name: string,
  axis: number,
  a: Length,
  b: Length,
): RangeError {
  const remedy = a === 1 || b === 1
    ? "; an axis broadcasts only where its type says 1: say so with specifyShape or { shape }"
    : "";
  return new RangeError(
    `Cannot apply ${name}: axis ${axis} has lengths ${a} and ${b}${remedy}`,
  );
}

/** The transpose of broadcasting: sums `g` over the axes along which `x` was repeated. */
export function sumToLike(g: Variable, x: Variable): Variable {
  const extra = g.ndim - x.ndim;
  const axis = [...g.type.shape.keys()].filter((i) =>
    i < extra || (x.type.shape[i - extra] === 1 && g.type.shape[i] !== 1)
  );
  if (axis.length === 0) return g;
  const kept = [...g.type.shape.keys()].filter((i) => !axis.includes(i));
  const small = sum(g, { axis });
  if (kept.length === x.ndim) return small;
  return dimshuffle(
    small,
    x.type.shape.map((_, i) =>
      kept.includes(i + extra) ? kept.indexOf(i + extra) : "x"
    ),
  );
}

/** True if a value of type `type` repeats along an axis of `like`. */
export function isSmaller(type: Type, like: Type): boolean {
  const ndim = like.shape.length;
  return like.shape.some((d, axis) => d !== 1 && repeats(type, axis, ndim)) ||
    type.shape.length < ndim;
}

/** The element of input `input`, of type `type`, that belongs to a point of an index space of `ndim` axes. */
export function loadAligned(input: number, type: Type, output: Type): Expr {
  const ndim = output.shape.length, extra = ndim - type.shape.length;
  const index = type.shape.map((d, i): Expr =>
    d === 1 && output.shape[i + extra] !== 1
      ? { kind: "constant", value: 0, dtype: "int64" }
      : point(i + extra)
  );
  return { kind: "load", input, index, dtype: type.dtype };
}

/** Loops over every element of the outputs, which have one shape; `values` says what is stored in each. */
export function elementLoops(
  { inputs, outputs }: LoopSite,
  values: (loads: readonly Expr[]) => readonly Expr[],
): Loops {
  const out = outputs[0]!, axes = [...out.shape.keys()];
  const loads = inputs.map((type, i) => loadAligned(i, type, out));
  return {
    axes: axes.map((axis) => ({ of: "output", operand: 0, axis })),
    outer: axes,
    // Output 0 last: it may lie over an operand that the others read.
    stages: values(loads).map((value, output): Stage => ({
      kind: "store",
      axes: [],
      output,
      index: axes.map(point),
      value,
    })).reverse(),
    inplace: [...inputs.keys()].filter((i) => overwrites(inputs[i]!, out)),
  };
}

/** True if every element of an input of this type is read just where the output's is written. */
export function overwrites(type: Type, out: Type): boolean {
  return type.dtype === out.dtype && type.shape.length === out.shape.length &&
    type.shape.every((d, axis) => d !== 1 || out.shape[axis] === 1);
}

/** What an element may be computed from. */
export type ElementFunction = (...x: never[]) => number | bigint | boolean;

/** f at every element of one to three arrays, broadcast; bigints where an array holds them. */
export function mapElements(
  name: string,
  f: ElementFunction,
  inputs: readonly NDArray[],
  dtype: Dtype,
): NDArray {
  const shape = valueShape(name, inputs),
    size = sizeOf(shape),
    out = allocate(dtype, size);
  const store = dtype === "bool" ? (...x: never[]) => f(...x) ? 1 : 0 : f;
  const flat = inputs.every((x) =>
    x.size === 1 || (x.size === size && x.contiguous)
  );
  const loop = flat ? [size] : shape;
  const steps = inputs.map((x) =>
    flat ? [x.size === 1 ? 0 : 1] : alignedStrides(x, shape.length)
  );
  const at = inputs.map((x) => x.offset),
    last = loop.length - 1,
    row = loop[last] ?? 1;
  const index = new Array<number>(loop.length).fill(0);
  for (let to = 0; to < size; to += row) {
    mapRow(
      store,
      inputs.map((x) => x.data),
      at,
      steps.map((s) => s[last] ?? 0),
      { out, to, n: row },
    );
    for (let axis = last - 1; axis >= 0; axis--) {
      steps.forEach((s, k) => at[k]! += s[axis]!);
      if (++index[axis]! < loop[axis]!) break;
      steps.forEach((s, k) => at[k]! -= s[axis]! * loop[axis]!);
      index[axis] = 0;
    }
  }
  return new NDArray(dtype, shape, out);
}

/** The elements of the result that one pass fills. */
interface Span {
  readonly out: TypedArray;
  readonly to: number;
  readonly n: number;
}

function mapRow(
  f: ElementFunction,
  data: readonly TypedArray[],
  at: readonly number[],
  steps: readonly number[],
  { out, to, n }: Span,
): void {
  const call = f as (...x: (number | bigint)[]) => number;
  const [x, y, z] = data as [TypedArray, TypedArray, TypedArray],
    [i, j, k] = at as [number, number, number];
  const [p, q, r] = steps as [number, number, number];
  switch (data.length) {
    case 1:
      for (let e = 0; e < n; e++) out[to + e] = call(x[i + e * p]!);
      break;
    case 2:
      for (let e = 0; e < n; e++) {
        out[to + e] = call(x[i + e * p]!, y[j + e * q]!);
      }
      break;
    case 3:
      for (let e = 0; e < n; e++) {
        out[to + e] = call(x[i + e * p]!, y[j + e * q]!, z[k + e * r]!);
      }
      break;
  }
}

/** The shape of values broadcast together. RangeError: two lengths differ and neither is 1. */
export function valueShape(name: string, inputs: readonly NDArray[]): number[] {
  const ndim = Math.max(0, ...inputs.map((x) => x.ndim));
  return Array.from({ length: ndim }, (_, axis) => {
    const wide = inputs.map((x) => x.shape[aligned(x.shape, axis, ndim)] ?? 1)
      .filter((n) => n !== 1);
    const other = wide.find((n) => n !== wide[0]);
    if (other !== undefined) throw mismatch(name, axis, wide[0]!, other);
    return wide[0] ?? 1;
  });
}

/** Strides of `x` in an index space of `ndim` axes: 0 along those it is repeated on. */
export function alignedStrides(x: NDArray, ndim: number): number[] {
  return Array.from({ length: ndim }, (_, axis) => {
    const at = aligned(x.shape, axis, ndim);
    return at < 0 || x.shape[at] === 1 ? 0 : x.strides[at]!;
  });
}
