/** The program as a tree: calls in order, branches and loops with their own lists, blocks beside them. */
import type { NDArray } from "../../graph/ndarray.ts";
import type { Apply } from "../../graph/variable.ts";
import type { Computation, Value } from "../flow.ts";
import type { Extent, Implementation } from "../emit/implementation.ts";
import type { Together } from "../order/pairs.ts";
import type { Builtin, Loop, Slot } from "../program.ts";
import type { Region } from "../order/regions.ts";

/** A call of a kernel whose tables have no slot yet. */
export interface Draft {
  readonly run: { readonly kind: "compiled"; readonly plan: Implementation } | {
    readonly kind: "builtin";
    readonly name: Builtin;
  } | { readonly kind: "host"; readonly refusal?: Error };
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly extents: readonly Extent[];
  /** The slots whose headers extents read. */
  readonly headers: readonly number[];
  /** Position among inputs of what output 0 overwrites, or -1. */
  readonly inplace: number;
  readonly mayFail: boolean;
  readonly node: Apply | null;
}

/** A piece of the tree; numbers are slots. */
export type Item =
  /** What a unit does once its checks have passed: its thunks are made when it is known what is in place. */
  | {
    readonly kind: "compute";
    readonly unit: Computation;
    /** What its kernel does besides. */
    readonly with: Together | null;
    readonly ins: readonly number[];
    readonly outs: readonly number[];
  }
  | {
    readonly kind: "thunk";
    readonly draft: Draft;
    readonly ins: readonly number[];
    readonly outs: readonly number[];
  }
  | { readonly kind: "bind"; readonly out: number; readonly from: number }
  | {
    readonly kind: "if";
    readonly cond: number;
    readonly yes: readonly Item[];
    readonly no: readonly Item[];
  }
  | {
    readonly kind: "loop";
    readonly loop: Omit<Loop, "body">;
    readonly body: readonly Item[];
    readonly region: Region;
  }
  | { readonly kind: "gosub"; readonly block: Region }
  | { readonly kind: "free"; readonly slot: number }
  | { readonly kind: "swap"; readonly storage: number; readonly slot: number };

/** A place for a value, before it is known what frees it and what it shares a buffer with. */
export interface SlotDraft
  extends Pick<Slot, "kind" | "dtype" | "shape" | "strides" | "variable"> {
  /** What owns it: its buffer and its flag of being in use end with this. null: what outlives the program. */
  readonly owner: Region | null;
  readonly data: NDArray | null;
  /** The slot whose rows it stands for, or -1. */
  readonly base: number;
}

/** Everything but FREE, and but what is written in place. */
export interface Tree {
  readonly top: Region;
  readonly main: readonly Item[];
  readonly blocks: ReadonlyMap<Region, readonly Item[]>;
  readonly slots: readonly SlotDraft[];
  /** By value; undefined for what has no place. */
  readonly slotOf: readonly (number | undefined)[];
  /** Slots of results, and of new values that SWAP exchanges. */
  readonly outputs: readonly number[];
  readonly swapped: readonly number[];
  /** The stack or ring that a loop's output looks into. */
  readonly stackOf: ReadonlyMap<number, number>;
}

/** The slot of a value that has one. */
export function placeOf(tree: Pick<Tree, "slotOf">, v: Value): number {
  return tree.slotOf[v.id]!;
}
