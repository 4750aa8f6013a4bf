/** The short way into a VM: for a value that lies just as its input does, so that there is nothing to convert. */
import { type Dtype, DTYPES, type TypedArray } from "../graph/dtype.ts";
import { NDArray } from "../graph/ndarray.ts";
import type { Input } from "./input.ts";

/** The gate of an input whose layout is known. */
export class Gate {
  readonly #dtype: Dtype;
  readonly #shape: readonly number[];
  readonly #strides: readonly number[];
  /** Elements from the lowest to element (0, 0, …). */
  readonly #first: number;
  readonly #size: number;
  readonly #input: Input;
  readonly #home: TypedArray | null;
  /** The class of a typed array that is such a value by itself, or null. */
  readonly #bare: unknown;
  readonly #way: Way;
  readonly #number: "any" | "exact" | "whole" | "natural" | "none";
  /** The home of a number, as a pair of 32-bit integers. */
  readonly #halves: Int32Array | null;

  constructor(shape: readonly number[], input: Input) {
    const { dtype, home, fixed } = input, { size, rowMajor } = fixed!;
    const { kind, size: bytes, array } = DTYPES[dtype];
    this.#dtype = dtype;
    this.#shape = shape;
    this.#strides = fixed!.strides;
    this.#first = fixed!.first;
    this.#size = size;
    this.#input = input;
    this.#home = home;
    this.#bare = shape.length === 1 && rowMajor && dtype !== "bool"
      ? array
      : null;
    this.#way = home === null || size * bytes > COPIED_BYTES
      ? "lend"
      : size <= FEW
      ? FEW_OF[dtype] ?? "copy"
      : "copy";
    this.#number = shape.length > 0 || dtype === "bool"
      ? "none"
      : kind === "float"
      ? "any"
      : dtype === "int64"
      ? "whole"
      : dtype === "uint64"
      ? "natural"
      : "exact";
    this.#halves = this.#number === "whole" || this.#number === "natural"
      ? new Int32Array(home!.buffer, home!.byteOffset, 2)
      : null;
  }

  /** Takes a value in. False: it has another layout, or must be converted. */
  takes(value: unknown): boolean {
    if (typeof value === "number") return this.#takesNumber(value);
    if (typeof value !== "object" || value === null) return false;
    const { constructor } = value; // quicker to compare than instanceof
    if (constructor === NDArray) return this.#takesArray(value as NDArray);
    return constructor === this.#bare &&
      (value as TypedArray).length === this.#size &&
      this.#put(value as TypedArray, 0);
  }

  #takesNumber(value: number): boolean {
    const home = this.#home!;
    switch (this.#number) {
      case "none":
        return false;
      case "any": {
        home[0] = value;
        // What is finite must stay so: only such numbers differ from themselves by 0.
        const kept = home[0] as number;
        return kept - kept === 0 || value - value !== 0;
      }
      case "exact":
        home[0] = value;
        return home[0] === value;
      default: { // 64 bits; larger ones make a bigint
        const halves = this.#halves!, low = value | 0;
        if (low !== value || (low < 0 && this.#number === "natural")) {
          return false;
        }
        halves[0] = low;
        halves[1] = low >> 31;
        return true;
      }
    }
  }

  #takesArray({ dtype, shape, strides, offset, data }: NDArray): boolean {
    const wanted = this.#shape;
    if (dtype !== this.#dtype || shape.length !== wanted.length) return false;
    for (let axis = 0; axis < wanted.length; axis++) {
      const n = wanted[axis]!;
      if (shape[axis] !== n) return false;
      if (strides[axis] !== this.#strides[axis] && n !== 1) return false;
    }
    return this.#put(data, offset - this.#first);
  }

  /** Takes the elements of `data` from an index on, if it has so many: memory that is gone has none. */
  #put(data: TypedArray, from: number): boolean {
    const size = this.#size, home = this.#home!;
    if (from < 0 || data.length < from + size) return false;
    switch (this.#way) {
      case "floats": {
        const to = home as Float32Array, x = data as Float32Array;
        for (let i = 0; i < size; i++) to[i] = x[from + i]!;
        return true;
      }
      case "doubles": {
        const to = home as Float64Array, x = data as Float64Array;
        for (let i = 0; i < size; i++) to[i] = x[from + i]!;
        return true;
      }
      case "ints": {
        const to = home as Int32Array, x = data as Int32Array;
        for (let i = 0; i < size; i++) to[i] = x[from + i]!;
        return true;
      }
      case "longs": {
        const to = home as BigInt64Array, x = data as BigInt64Array;
        for (let i = 0; i < size; i++) to[i] = x[from + i]!;
        return true;
      }
      case "copy":
        home.set(data.subarray(from, from + size) as never);
        return true;
      case "lend":
        this.#input.lend(data, from + this.#first);
        return true;
    }
  }
}

/** How elements are taken; each loop sees one class of arrays only. */
type Way = "floats" | "doubles" | "ints" | "longs" | "copy" | "lend";

/** A loop over so few elements costs half of a call of `set`. */
const FEW = 32;

/** How few elements of a dtype are taken; those of others are copied. */
const FEW_OF: { readonly [dtype in Dtype]?: Way } = {
  float32: "floats",
  float64: "doubles",
  int32: "ints",
  int64: "longs",
};

/** To look at memory costs less than to copy more. A typed array of so many bytes lies outside of V8's heap and is never moved. */
const COPIED_BYTES = 256;
