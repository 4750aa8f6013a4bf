/**
 * Lengths of axes, and arithmetic on them. A type rule is written once over
 * this arithmetic and answers three questions: with the static lengths of a
 * graph, what is the type; with the lengths of a call, what is the shape; with
 * symbolic scalars, which graph computes the shape.
 */
import { type Dtype, isFloat } from "./dtype.ts";
import type { NDArray } from "./ndarray.ts";
import type { Type } from "./type.ts";

/** A number, a name ("equal names are equal lengths"), null for unknown, or what another arithmetic makes of it. */
export type Length = number | string | null | object;

/** What a type rule sees of an operand. */
export interface Shaped {
  /** The static type: an axis broadcasts only where this says 1. */
  readonly type: Type;
  /** Of its elements. */
  readonly dtype: Dtype;
  /** The length of each axis. */
  readonly shape: readonly Length[];
  /** The value of a 0-d integer where it serves as a length, else null. */
  readonly value: Length;
}

/** What a type rule says of an output. */
export interface Inferred {
  /** Dense unless given. */
  readonly kind?: Type["kind"];
  /** Of a sparse matrix. */
  readonly format?: "csr" | "csc";
  /** Of its elements. */
  readonly dtype: Dtype;
  /** The length of each axis. */
  readonly shape: readonly Length[];
  /** The value of a 0-d integer where it may serve as a length. */
  readonly value?: Length;
}

/** Arithmetic on lengths. Every function of a null is null, but for products with 0. */
export interface Lengths {
  /** a + b. */
  add(a: Length, b: Length): Length;
  /** a - b. */
  sub(a: Length, b: Length): Length;
  /** a b. */
  mul(a: Length, b: Length): Length;
  /** Rounded towards minus infinity. */
  floorDiv(a: Length, b: Length): Length;
  /** The smaller. */
  min(a: Length, b: Length): Length;
  /** The larger. */
  max(a: Length, b: Length): Length;
  /**
   * How many elements a slice takes of an axis of length n, by NumPy's rules
   * (bounds count from the end if negative, and are clipped); `undefined` is
   * an absent bound; step is not 0.
   */
  slice(
    start: Length | undefined,
    stop: Length | undefined,
    step: number,
    n: Length,
  ): Length;
  /** Of two lengths that must be equal: the better known. Throws what `error` makes if they are known to differ. */
  same(a: Length, b: Length, error: (a: Length, b: Length) => Error): Length;
}

function arithmetic(f: (a: number, b: number) => number) {
  return (a: Length, b: Length): Length =>
    typeof a === "number" && typeof b === "number" ? f(a, b) : null;
}

/** The arithmetic of types: numbers, names and unknowns. */
export const STATIC: Lengths = {
  add: (a, b) => b === 0 ? a : a === 0 ? b : arithmetic((x, y) => x + y)(a, b),
  sub: (a, b) =>
    b === 0 ? a : a !== null && a === b ? 0 : arithmetic((x, y) => x - y)(a, b),
  mul: (a, b) =>
    b === 1
      ? a
      : a === 1
      ? b
      : a === 0 || b === 0
      ? 0
      : arithmetic((x, y) => x * y)(a, b),
  floorDiv: (a, b) =>
    b === 1
      ? a
      : b === 0
      ? null
      : arithmetic((x, y) => Math.floor(x / y))(a, b),
  min: (a, b) => a !== null && a === b ? a : arithmetic(Math.min)(a, b),
  max: (a, b) => a !== null && a === b ? a : arithmetic(Math.max)(a, b),
  slice(start, stop, step, n) {
    if (start === undefined && stop === undefined && Math.abs(step) === 1) {
      return n;
    }
    const known = (bound: Length | undefined): bound is number | undefined =>
      bound === undefined || typeof bound === "number";
    return typeof n === "number" && known(start) && known(stop)
      ? sliceLength(start, stop, step, n)
      : null;
  },
  same(a, b, error) {
    if (typeof a === "number" && typeof b === "number" && a !== b) {
      throw error(a, b);
    }
    return typeof a === "number" || b === null
      ? a
      : typeof b === "number" || a === null
      ? b
      : a;
  },
};

/** The first element and the number of elements of a slice of an axis of length n. */
export function sliceBounds(
  start: number | undefined,
  stop: number | undefined,
  step: number,
  n: number,
): [first: number, length: number] {
  const [low, high] = step > 0 ? [0, n] : [-1, n - 1];
  const clip = (i: number) => Math.max(low, Math.min(high, i < 0 ? i + n : i));
  const first = start === undefined ? (step > 0 ? low : high) : clip(start);
  const last = stop === undefined ? (step > 0 ? high : low) : clip(stop);
  return [first, Math.max(0, Math.ceil((last - first) / step))];
}

function sliceLength(
  start: number | undefined,
  stop: number | undefined,
  step: number,
  n: number,
): number {
  return sliceBounds(start, stop, step, n)[1];
}

/** The value of a 0-d integer or bool where it may serve as a length: exact as a number; else null. */
export function lengthValue(value: NDArray): number | null {
  if (value.ndim > 0 || isFloat(value.dtype)) return null;
  const n = Number(value.data[value.offset]);
  return Number.isSafeInteger(n) ? n : null;
}
