/** Windows over the last axes of an array: how many there are, loops over them, and their elements in values. */
import { allocate, type Dtype, DTYPES, isFloat } from "../../graph/dtype.ts";
import { type Length, type Lengths, STATIC } from "../../graph/length.ts";
import type { Expr, LoopAxis, Loops } from "../../graph/loops.ts";
import { NDArray, sizeOf } from "../../graph/ndarray.ts";
import { unravel } from "./correlate.ts";
import {
  add,
  div,
  intDiv,
  maximum,
  minimum,
  mul,
  sub,
} from "../elementwise/elemwise.ts";
import { lt, where } from "../elementwise/elemwise_logic.ts";
import { wider } from "../reductions/reduce.ts";
import { call, castExpr } from "../elementwise/scalar.ts";
import { axesOfOperand, point, reduceLoops } from "../loop_nest.ts";

/** What is kept of a window. */
export type PoolMode = "max" | "sum" | "average_inc_pad" | "average_exc_pad";

/** Windows over the last axes. */
export interface PoolParams {
  /** The lengths of a window. */
  readonly window: readonly number[];
  /** Elements from one window to the next. */
  readonly stride: readonly number[];
  /** Elements in front of and behind each axis. */
  readonly pad: readonly number[];
  /** Windows that would reach beyond the end are left out. */
  readonly ignoreBorder: boolean;
  /** What is kept. */
  readonly mode: PoolMode;
}

/** How many windows lie along each of the last axes. */
export function windowsOf(
  shape: readonly Length[],
  { window, stride, pad, ignoreBorder }: PoolParams,
  { add, sub, floorDiv, max }: Lengths,
): Length[] {
  const n = window.length;
  return shape.map((length, axis) => {
    const d = axis - shape.length + n;
    if (d < 0) return length;
    const w = window[d]!, s = stride[d]!, room = add(length, 2 * pad[d]!);
    if (ignoreBorder) return max(0, add(floorDiv(sub(room, w), s), 1));
    return s >= w
      ? add(floorDiv(sub(room, 1), s), 1)
      : add(max(0, add(floorDiv(sub(room, 1 + w), s), 1)), 1);
  });
}

/** Axes of loops: those of the array in front of windows; then, for each axis of a window, its place, its element and the array's length. */
interface Axes {
  readonly lead: readonly number[];
  readonly place: (d: number) => number;
  readonly inner: (d: number) => number;
  readonly length: (d: number) => number;
}

function axesOf(ndim: number, n: number): Axes {
  const lead = Array.from({ length: ndim - n }, (_, axis) => axis);
  return {
    lead,
    place: (d) => ndim - n + d,
    inner: (d) => ndim + d,
    length: (d) => ndim + n + d,
  };
}

/** The element `inner` of the window at `place`. */
function element(
  place: Expr,
  inner: Expr,
  { stride, pad }: PoolParams,
  d: number,
): Expr {
  const at = call(add, mulBy(place, stride[d]!), inner);
  return pad[d] === 0 ? at : call(sub, at, pad[d]!);
}

function mulBy(e: Expr, by: number): Expr {
  return by === 1 ? e : call(mul, e, by);
}

/** What divides the sum of the window at `places`, or null for nothing. */
export function countOf(
  params: PoolParams,
  places: readonly Expr[],
  length: (d: number) => Expr,
): Expr | null {
  const { mode, window, stride, pad, ignoreBorder } = params;
  if (mode !== "average_inc_pad" && mode !== "average_exc_pad") return null;
  const sides = window.map((w, d): Expr | number => {
    const p = pad[d]!;
    if (ignoreBorder && (mode === "average_inc_pad" || p === 0)) return w;
    const from = mulBy(places[d]!, stride[d]!), past = call(add, from, w);
    const end = call(
      minimum,
      past,
      call(add, length(d), mode === "average_inc_pad" ? 2 * p : p),
    );
    return call(
      sub,
      end,
      mode === "average_inc_pad" || p === 0 ? from : call(maximum, from, p),
    );
  });
  const known = sides.filter((s) => typeof s === "number")
    .reduce((a, b) => a * b, 1);
  return sides.filter((s) => typeof s !== "number").reduce<Expr>(
    (a, b) => call(mul, a, b),
    { kind: "constant", value: known, dtype: "int64" },
  );
}

/** Less than every number. */
export function lowest(dtype: Dtype): number {
  const { kind, size } = DTYPES[dtype];
  return isFloat(dtype)
    ? -Infinity
    : kind === "int"
    ? -(2 ** (8 * size - 1))
    : 0;
}

export function sumsOf({ mode }: PoolParams, dtype: Dtype): Dtype {
  return mode === "max" ? dtype : isFloat(dtype) ? wider(dtype) : dtype;
}

export function windowLoops(
  ndim: number,
  params: PoolParams,
  result: Dtype,
  stage: (
    at: readonly Expr[],
    places: readonly Expr[],
    axes: Axes,
  ) => {
    combine: "sum" | "max";
    value: Expr;
    dtype: Dtype;
    count?: Expr | null;
  },
): Loops {
  const { window } = params, axes = axesOf(ndim, window.length);
  const { lead, place, inner } = axes,
    outer = Array.from({ length: ndim }, (_, axis) => axis);
  const at = [
    ...lead.map(point),
    ...window.map((_, d) =>
      element(point(place(d)), point(inner(d)), params, d)
    ),
  ];
  const { combine, value, dtype, count } = stage(
    at,
    window.map((_, d) => point(place(d))),
    axes,
  );
  return reduceLoops({
    axes: [
      ...axesOfOperand("output", 0, outer),
      ...window.map((n): LoopAxis => ({ of: "params", length: n })),
      ...axesOfOperand("input", 0, outer.slice(lead.length)),
    ],
    outer,
    reduce: { axes: window.map((_, d) => inner(d)), combine, value, dtype },
    result: (found) =>
      castExpr(
        count ? call(div, found, castExpr(count, dtype)) : found,
        result,
      ),
  });
}

/** The windows that hold each element: place = (element + pad) / stride - back, for back below window / stride. */
export function elementLoops(
  ndim: number,
  params: PoolParams,
  result: Dtype,
  stage: (
    self: readonly Expr[],
    at: readonly Expr[],
    places: readonly Expr[],
    axes: Axes,
  ) => Expr,
): Loops {
  const { window, stride, pad } = params, axes = axesOf(ndim, window.length);
  const { lead, place, inner } = axes, sums = wider(result);
  const outer = Array.from({ length: ndim }, (_, axis) => axis);
  const shifted = window.map((_, d) =>
    pad[d] === 0 ? point(place(d)) : call(add, point(place(d)), pad[d]!)
  );
  const places = window.map((_, d) =>
    call(
      sub,
      stride[d] === 1 ? shifted[d]! : call(intDiv, shifted[d]!, stride[d]!),
      point(inner(d)),
    )
  );
  const value = stage(
    outer.map(point),
    [...lead.map(point), ...places],
    places,
    axes,
  );
  const zero: Expr = { kind: "constant", value: 0, dtype: sums };
  const inside = window.reduce<Expr>((e, w, d) => {
    // The last of the windows that may hold an element need not.
    if (w % stride[d]! === 0) return e;
    const at = call(sub, shifted[d]!, mulBy(places[d]!, stride[d]!));
    return call(where, call(lt, at, w), e, zero);
  }, castExpr(value, sums));
  return reduceLoops({
    axes: [
      ...axesOfOperand("output", 0, outer),
      ...window.map((w, d): LoopAxis => ({
        of: "params",
        length: Math.ceil(w / stride[d]!),
      })),
      ...axesOfOperand("output", 0, outer.slice(lead.length)),
    ],
    outer,
    reduce: {
      axes: window.map((_, d) => inner(d)),
      combine: "sum",
      value: inside,
      dtype: sums,
    },
    result: (found) => castExpr(found, result),
  });
}

/** For each window the elements of the last axes that it sees, and what divides its sum. */
function views(
  shape: readonly number[],
  params: PoolParams,
): { readonly at: readonly number[]; readonly count: number }[] {
  const { window, stride, pad, mode } = params, n = window.length;
  const space = shape.slice(-n),
    places = windowsOf(space, params, STATIC) as number[];
  return Array.from({ length: sizeOf(places) }, (_, k) => {
    const from = unravel(k, places).map((i, d) => i * stride[d]! - pad[d]!);
    const at: number[] = [];
    for (let e = 0; e < sizeOf(window); e++) {
      const p = unravel(e, window).map((i, d) => from[d]! + i);
      if (p.every((i, d) => i >= 0 && i < space[d]!)) {
        at.push(p.reduce((sum, i, d) => sum * space[d]! + i, 0));
      }
    }
    const padded = from.reduce(
      (c, i, d) => c * (Math.min(i + window[d]!, space[d]! + pad[d]!) - i),
      1,
    );
    const count = mode === "average_inc_pad"
      ? padded
      : mode === "average_exc_pad"
      ? at.length
      : 1;
    return { at, count };
  });
}

/** What of each window of every array along the axes in front: `f` gives one element. */
export function perWindow(
  x: NDArray,
  params: PoolParams,
  f: (
    at: readonly number[],
    count: number,
    window: number,
  ) => number | bigint,
): NDArray {
  const n = params.window.length,
    seen = views(x.shape, params),
    shape = windowsOf(x.shape, params, STATIC) as number[];
  const out = allocate(x.dtype, sizeOf(shape)),
    each = sizeOf(x.shape.slice(-n));
  let to = 0;
  for (let base = 0; base < x.size; base += Math.max(1, each)) {
    for (const { at, count } of seen) {
      out[to] = f(at.map((p) => base + p), count, to);
      to++;
    }
  }
  return new NDArray(x.dtype, shape, out);
}

/** Adds to the elements of every window what `f` says of them. */
export function handBack(
  dtype: Dtype,
  shape: readonly number[],
  params: PoolParams,
  f: (window: number, element: number, count: number) => number,
): NDArray {
  const sums = new Float64Array(sizeOf(shape)), seen = views(shape, params);
  const each = sizeOf(shape.slice(-params.window.length));
  let k = 0;
  for (let base = 0; base < sums.length; base += Math.max(1, each)) {
    for (const { at, count } of seen) {
      for (const p of at) sums[base + p]! += f(k, base + p, count);
      k++;
    }
  }
  const out = allocate(dtype, sums.length);
  out.set(sums as never);
  return new NDArray(dtype, shape, out);
}
