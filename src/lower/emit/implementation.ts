/** What the emitter returns for one application: kernels, and the integers that bind them to this call. */
import type { Dtype } from "../../graph/dtype.ts";
import type { Length } from "../../graph/length.ts";
import type { Kernel } from "../program.ts";

/** How an operand lies in memory; null where only the run will tell (then it is row-major). */
export interface Layout {
  readonly dtype: Dtype;
  readonly shape: readonly (number | null)[];
  /** In elements. */
  readonly strides: readonly (number | null)[];
  /** What a 0-d integer holds, where that is known. */
  readonly scalar?: Length;
}

/** An integer that a kernel needs: known now, or read from the header of argument `arg` of the application (inputs, then outputs). */
export type Extent =
  | number
  /** The product of lengths of axes from .. to-1. */
  | { readonly arg: number; readonly from: number; readonly to: number }
  | { readonly arg: number; readonly stride: number };

/** One kernel, bound. */
export interface Implementation {
  readonly kernel: Kernel;
  readonly extents: readonly Extent[];
  /** Whether extents[0] is the length of a range that may be split among threads; else it is called with (0, 1). */
  readonly splits: boolean;
  /** How many operations of vectors it takes to compute, in elements; where it is known. */
  readonly work?: number;
  /** Positions of the application's inputs and outputs among the kernel's arguments; all, in order, if absent. */
  readonly inputs?: readonly number[];
  readonly outputs?: readonly number[];
  /** What it does with the plan's parts: they are its one output, or an input behind the others. */
  readonly parts?: "written" | "read";
  readonly mayFail: boolean;
}

/** How an application is computed. */
export interface Plan {
  /** Kernels that test its inputs; they write nothing and run before the first write to shared storage. */
  readonly checks: readonly Implementation[];
  /** Kernels that compute it, in order. */
  readonly steps: readonly Implementation[];
  /** A vector that one step leaves to the next. */
  readonly parts?: { readonly dtype: Dtype; readonly length: number };
  /** A line for explain(), where there was a choice. */
  readonly note?: string;
}
