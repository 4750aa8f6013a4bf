/** The slots of a program in the making: one for each value that something needs, and some for loops. */
import { allocate } from "../../graph/dtype.ts";
import { NDArray } from "../../graph/ndarray.ts";
import type { Flow, Value } from "../flow.ts";
import type { Placement, Region } from "../order/regions.ts";
import type { SlotDraft } from "./tree.ts";

/** The axes that an Array of csrc/kernel.h has room for. */
export const MAX_AXES = 8;

/** Gives out slots. */
export class Slots {
  readonly all: SlotDraft[] = [];
  readonly of: (number | undefined)[] = [];
  constructor(
    readonly flow: Flow,
    readonly placement: Placement,
    readonly inplace: ReadonlyMap<number, unknown>,
  ) {}

  /** The slot of a value, made at its first use. */
  slot(v: Value): number {
    return this.of[v.id] ??= this.add({
      ...this.#draft(v),
      dtype: v.dtype,
      shape: v.shape,
      strides: v.strides,
      data: v.data,
      variable: v.variable,
    });
  }

  /** The slot of a value that looks at rows of `base`, in the body that `owner` is. */
  row(v: Value, owner: Region, base: number): number {
    return this.of[v.id] = this.look(v, owner, base);
  }

  /** A slot that looks at rows of `base` of which a value is one, but not its own. */
  look(
    v: Pick<Value, "dtype" | "shape" | "strides" | "variable">,
    owner: Region,
    base: number,
  ): number {
    return this.add({
      owner,
      kind: "look",
      dtype: v.dtype,
      shape: v.shape,
      strides: v.strides,
      data: null,
      variable: v.variable,
      base,
    });
  }

  /** RangeError: more axes than an Array has room for. */
  add(draft: Omit<SlotDraft, "base"> & { readonly base?: number }): number {
    const { shape, variable } = draft;
    if (shape.length > MAX_AXES) {
      throw new RangeError(
        `Cannot compile ${
          variable ?? "a value"
        }: it has ${shape.length} axes, compiled programs have room for ${MAX_AXES}; join some by reshape, or use the linker "reference"`,
      );
    }
    return this.all.push({ base: -1, ...draft }) - 1;
  }

  /** A 0-d int64 of a container. */
  integer(owner: Region): number {
    return this.add({
      owner,
      kind: "temporary",
      dtype: "int64",
      shape: [],
      strides: [],
      data: null,
      variable: null,
    });
  }

  #draft(v: Value): Pick<SlotDraft, "owner" | "kind"> {
    if (v.leaf) {
      return { owner: null, kind: v.leaf === "row" ? "look" : v.leaf };
    }
    const unit = this.flow.units[v.unit]!, home = this.placement.home[unit.id]!;
    const escapes = home.kind === "block" &&
      home.units[home.units.length - 1] === unit.id;
    const owns = unit.kind === "compute" && !unit.view &&
      !(v.index === 0 && this.inplace.has(unit.id));
    return {
      owner: escapes ? home.parent!.container : home.container,
      kind: owns ? "temporary" : "look",
    };
  }
}

/** A constant int64 vector. */
export function table(words: readonly number[]): SlotDraft {
  const data = allocate("int64", words.length) as BigInt64Array<ArrayBuffer>;
  words.forEach((n, i) => data[i] = BigInt(n));
  return {
    owner: null,
    kind: "constant",
    dtype: "int64",
    shape: [words.length],
    strides: [1],
    data: new NDArray("int64", [words.length], data),
    variable: null,
    base: -1,
  };
}
