/** The short way into a VM: for a value that lies just as its input does, so that there is nothing to convert. */
import {
  type Dtype,
  DTYPES,
  isBig,
  isFloat,
  type TypedArray,
} from "../graph/dtype.ts";
import { NDArray } from "../graph/ndarray.ts";
import type { Input } from "./ports.ts";

/** The gate of a small input whose layout is known. */
export class Gate {
  readonly #dtype: Dtype;
  readonly #shape: readonly number[];
  readonly #strides: readonly number[];
  /** Elements from the lowest to element (0, 0, …). */
  readonly #first: number;
  readonly #size: number;
  readonly #home: TypedArray;
  /** The same if it is copied in a loop. */
  readonly #few: Float32Array | null;
  /** The class of a typed array that is such a value by itself, or null. */
  readonly #bare: unknown;
  readonly #number: "any" | "exact" | "none";

  constructor(dtype: Dtype, shape: readonly number[], input: Input) {
    const { strides, rowMajor, offset } = input.fixed!, home = input.home!;
    this.#dtype = dtype;
    this.#shape = shape;
    this.#strides = strides;
    this.#first = offset / DTYPES[dtype].size;
    this.#size = home.length;
    this.#home = home;
    this.#few = home instanceof Float32Array && home.length <= FEW
      ? home
      : null;
    this.#bare = shape.length === 1 && rowMajor && dtype !== "bool"
      ? DTYPES[dtype].array
      : null;
    this.#number = shape.length > 0 || dtype === "bool" || isBig(dtype)
      ? "none"
      : isFloat(dtype)
      ? "any"
      : "exact";
  }

  /** Copies a value in. False: it has another layout, or must be converted. */
  takes(value: unknown): boolean {
    if (typeof value === "number") {
      if (this.#number === "none") return false;
      this.#home[0] = value;
      return this.#number === "any" || this.#home[0] === value;
    }
    if (typeof value !== "object" || value === null) return false;
    const { constructor } = value; // quicker to compare than instanceof
    return constructor === NDArray
      ? this.#takesArray(value as NDArray)
      : constructor === this.#bare && this.#put(value as TypedArray);
  }

  #takesArray({ dtype, shape, strides, offset, data }: NDArray): boolean {
    const wanted = this.#shape, size = this.#size;
    if (dtype !== this.#dtype || shape.length !== wanted.length) return false;
    for (let axis = 0; axis < wanted.length; axis++) {
      const n = wanted[axis]!;
      if (shape[axis] !== n) return false;
      if (strides[axis] !== this.#strides[axis] && n !== 1) return false;
    }
    const from = offset - this.#first;
    if (from === 0 && data.length === size) return this.#put(data);
    // Memory that is gone, or shorter than the array says, has too few elements.
    return data.length >= from + size &&
      this.#put(data.subarray(from, from + size) as TypedArray);
  }

  #put(data: TypedArray): boolean {
    if (data.length !== this.#size) return false;
    const few = this.#few;
    if (few === null) this.#home.set(data as never);
    else {
      for (let i = 0; i < few.length; i++) few[i] = data[i] as number;
    }
    return true;
  }
}

/** A loop over so few elements costs half of a call of `set`, if it only ever sees one class of arrays: that of most inputs. */
const FEW = 32;
