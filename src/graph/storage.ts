/** Where the value of a shared variable lives. */
import type { ArrayLike, Nested } from "./ndarray.ts";
import { array, NDArray } from "./ndarray.ts";
import type { Dtype } from "./dtype.ts";

/** A home for one value; see HostStorage, and src/run/storage.ts for the one that programs point to. */
export interface Storage {
  /** Of the value. */
  readonly dtype: Dtype;
  /** Of the value, now. */
  readonly shape: readonly number[];
  /** A copy, or with `borrow` a view that the next write detaches. */
  read(borrow: boolean): NDArray;
  /** Replaces the value by a copy of this one. TypeError: another rank, or a dtype that loses values. */
  write(value: NDArray | Nested | ArrayBufferView | ArrayLike): void;
}

/** A value in JavaScript's memory. */
export class HostStorage implements Storage {
  #value: NDArray;
  constructor(value: NDArray) {
    this.#value = value;
  }
  get dtype(): Dtype {
    return this.#value.dtype;
  }
  get shape(): readonly number[] {
    return this.#value.shape;
  }
  read(borrow: boolean): NDArray {
    return borrow ? this.#value : this.#value.copy();
  }
  write(value: NDArray | Nested | ArrayBufferView | ArrayLike): void {
    this.#value = admit(value, this.dtype, this.#value.ndim);
  }
}

/** A row-major copy of `value` in the dtype and rank of a storage. */
export function admit(
  value: NDArray | Nested | ArrayBufferView | ArrayLike,
  dtype: Dtype,
  ndim: number,
): NDArray {
  return conform(value, dtype, ndim).copy();
}

/** `value` as an array of this dtype and rank, without copy where it is one. TypeError: it has others. */
export function conform(
  value: NDArray | Nested | ArrayBufferView | ArrayLike,
  dtype: Dtype,
  ndim: number,
): NDArray {
  const typed = value instanceof NDArray || ArrayBuffer.isView(value);
  const made = array(value, typed ? {} : { dtype });
  if (made.ndim !== ndim) {
    throw new TypeError(
      `Cannot set the value: expected ${ndim} axes, got shape (${made.shape})`,
    );
  }
  if (made.dtype !== dtype) {
    throw new TypeError(
      `Cannot set the value: expected ${dtype}, got ${made.dtype}; convert it with value.astype("${dtype}")`,
    );
  }
  return made;
}
