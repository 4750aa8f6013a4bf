/** A planned loop nest: all that the text of a kernel depends on. */
import { type Dtype, DTYPES } from "../../graph/dtype.ts";
import type { Combine, Expr } from "../../graph/loops.ts";
import type { Form } from "./access.ts";
import type { Extent } from "./implementation.ts";

/** Lengths up to this are written into the text; others are read from the extents. */
export const LITERAL = 16;

/** Steps between vectors' elements, and elements side by side, up to which a kernel is written for their number. */
export const FEW = 4;

/** An integer of a kernel: written in its text, or the extent of that name. */
export type Amount = number | { readonly extent: string };

/** How an access moves through an operand: the sum of its terms, in elements. */
export interface Access {
  readonly operand: number;
  /** Plain axes; strides of 0 are left out. */
  readonly steps: readonly { readonly axis: number; readonly stride: Amount }[];
  /** Where it starts. */
  readonly offset: Amount;
  /** Positions that must be computed; `wrap` is the length that a negative one counts from, or null. */
  readonly jumps: readonly {
    readonly index: Expr;
    readonly stride: Amount;
    readonly wrap: Amount | null;
  }[];
  /** Positions that may lie beyond [0, length): `outside` stands there. */
  readonly guards: readonly { readonly index: Expr; readonly length: Amount }[];
  readonly outside: number;
  /** Its positions along each of the operand's axes, by loops of the nest: see Walk. */
  readonly forms: readonly Form[] | null;
}

/** An access that moves along axes, with nothing to compute or to test. */
export function plain(
  operand: number,
  steps: Access["steps"],
  offset: Amount = 0,
): Access {
  const nothing = { jumps: [], guards: [], outside: 0, forms: null };
  return { operand, steps, offset, ...nothing };
}

/** True for an access that moves along axes, with nothing to compute or to test. */
export function isPlain({ jumps, guards }: Access): boolean {
  return jumps.length === 0 && guards.length === 0;
}

/** One operand as the kernel sees it. */
export interface NestOperand {
  readonly name: string;
  readonly dtype: Dtype;
  /** The operand whose memory this one is (in place), or its own position. */
  readonly memory: number;
}

/** One loop. */
export interface NestAxis {
  readonly name: string;
  readonly length: Amount;
}

/** A stage whose axes are loops of its own, outermost first; the last is vectorised in row form. */
export type NestStage =
  | {
    readonly kind: "reduce";
    readonly axes: readonly number[];
    readonly combine: Combine;
    readonly value: Expr;
    readonly dtype: Dtype;
  }
  | {
    readonly kind: "store";
    readonly axes: readonly number[];
    readonly access: Access;
    readonly value: Expr;
    readonly accumulate: boolean;
    /** Iterations of the innermost loop write different elements. */
    readonly independent: boolean;
  }
  /** Refuses a value outside of [-length, length). */
  | {
    readonly kind: "check";
    readonly axes: readonly number[];
    readonly value: Expr;
    readonly length: Amount;
    readonly axis: number;
  };

/** A stage that reduces. */
export type Reduce = NestStage & { readonly kind: "reduce" };

/** A stage that stores. */
export type Store = NestStage & { readonly kind: "store" };

/** A planned loop nest: all that the text of a kernel depends on, and the integers that bind it. */
export interface Nest {
  readonly name: string;
  /** Inputs, then outputs. */
  readonly operands: readonly NestOperand[];
  readonly inputs: number;
  readonly axes: readonly NestAxis[];
  /** Loops around all stages, outermost first. */
  readonly outer: readonly number[];
  /** Short axes inside of these, whose few positions are written out. */
  readonly written: readonly number[];
  /** Column form: the last outer axis is cut into tiles, and every stage runs over a tile in its innermost loop. */
  readonly tile: boolean;
  readonly stages: readonly NestStage[];
  readonly loads: ReadonlyMap<Expr, Access>;
  /** Axes of the Loops as loops of the nest; those of length 1 are absent. */
  readonly position: ReadonlyMap<number, number>;
  readonly lengths: ReadonlyMap<number, Amount>;
  /** Names and values of the integers that the kernel reads. */
  readonly extents: readonly {
    readonly name: string;
    readonly value: Extent;
  }[];
  /** The outermost loop runs over [lo, hi), a part of extents[0]. */
  readonly splits: boolean;
}

/** The dtype that a kernel computes in for values stored as `dtype`. */
export function computed(dtype: Dtype): Dtype {
  return dtype === "float16" ? "float32" : dtype;
}

/** The C type of a value while it is computed. */
export function typeName(dtype: Dtype): string {
  return DTYPES[computed(dtype)].c;
}

/** The stride of an access along an axis of the nest. */
export function strideOf(access: Access, axis: number): Amount {
  return access.steps.find((s) => s.axis === axis)?.stride ?? 0;
}

/** The value of an integer of the kernel. */
export function valueOf(nest: Nest, a: Amount): Extent {
  return typeof a === "number"
    ? a
    : nest.extents.find((e) => e.name === a.extent)!.value;
}
