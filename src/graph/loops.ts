/**
 * Loops: what a regular op computes, as an index space, expressions and
 * stores. The one language between ops and the emitter.
 *
 * Axes are numbered. `outer` axes are independent of each other: the emitter
 * orders, splits and collapses them. For every point of the outer axes the
 * stages run in order; a stage may have inner axes of its own.
 *
 *   softmax over the last axis of a matrix:
 *     outer [0], inner axis 1
 *     0: reduce max over [1] of x[i0, i1]
 *     1: reduce sum over [1] of exp(x[i0, i1] - stage 0)
 *     2: store y[i0, i1] = exp(x[i0, i1] - stage 0) / stage 1, over [1]
 */
import type { Dtype } from "./dtype.ts";
import type { ScalarOp } from "./variable.ts";

/** A scalar that a kernel computes. */
export type Expr =
  /** The position along an axis, int64. */
  | { readonly kind: "axis"; readonly axis: number }
  /** The length of an axis, int64. */
  | { readonly kind: "length"; readonly axis: number }
  /** An element of an input. An index that is an axis and nothing else walks the whole of the input's axis; a part of it is a sum: start + axis. */
  | {
    readonly kind: "load";
    readonly input: number;
    readonly index: readonly Expr[];
    readonly dtype: Dtype;
    /** What stands beyond the ends of the input; where absent, no index lies there. */
    readonly outside?: number;
  }
  /** What an earlier reduce stage found for this outer point. */
  | { readonly kind: "stage"; readonly stage: number; readonly dtype: Dtype }
  | {
    readonly kind: "constant";
    readonly value: number | bigint;
    readonly dtype: Dtype;
  }
  /** A scalar function; `bool` is 0 or 1. */
  | {
    readonly kind: "call";
    readonly name: string;
    readonly scalar: ScalarOp;
    readonly args: readonly Expr[];
    readonly dtype: Dtype;
  };

/** How a reduction combines. argmax and argmin give the first position along its one axis, int64; a NaN wins. max and min propagate NaN. */
export type Combine =
  | "sum"
  | "prod"
  | "max"
  | "min"
  | "argmax"
  | "argmin"
  | "and"
  | "or";

/** One step at every point of the outer axes. */
export type Stage =
  | {
    readonly kind: "reduce";
    readonly axes: readonly number[];
    readonly combine: Combine;
    readonly value: Expr;
    /** The dtype of the accumulator. */
    readonly dtype: Dtype;
  }
  | {
    readonly kind: "store";
    /** Axes that this store loops over, besides the outer ones. */
    readonly axes: readonly number[];
    readonly output: number;
    /** See load. */
    readonly index: readonly Expr[];
    readonly value: Expr;
    /** Adds to what is there instead of replacing it. */
    readonly accumulate?: boolean;
    /** The copy of input `over` into output `over`'s memory: left out when the output is written in place of that input. */
    readonly copies?: number;
  };

/** Whose length an axis of the loops has: that of an axis of an input or of an output, or one that the op's parameters say. */
export type LoopAxis =
  | {
    readonly of: "input" | "output";
    readonly operand: number;
    readonly axis: number;
  }
  | { readonly of: "params"; readonly length: number };

/** The length of an axis, for operands of these shapes. */
export function lengthOfAxis<N>(
  a: LoopAxis,
  inputs: readonly { readonly shape: readonly N[] }[],
  outputs: readonly { readonly shape: readonly N[] }[],
): N | number {
  return a.of === "params"
    ? a.length
    : (a.of === "input" ? inputs : outputs)[a.operand]!.shape[a.axis]!;
}

/** A loop nest. */
export interface Loops {
  /** By number. */
  readonly axes: readonly LoopAxis[];
  /** Axes that are independent of each other. */
  readonly outer: readonly number[];
  /** What happens at each point of the outer axes, in order. */
  readonly stages: readonly Stage[];
  /** Inputs that output 0 may overwrite: same shape, and every element read before or as it is written. */
  readonly inplace?: readonly number[];
  /** Integer inputs whose elements index an axis of length `axis`: checked before anything is written; negative counts from the end. */
  readonly checks?: readonly {
    readonly input: number;
    readonly of: "input" | "output";
    readonly operand: number;
    readonly axis: number;
  }[];
}
