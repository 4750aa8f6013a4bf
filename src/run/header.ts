/** Array headers in C memory, as csrc/kernel.h lays them out. */
import { type Dtype, DTYPES } from "../graph/dtype.ts";
import { NDArray } from "../graph/ndarray.ts";
import { span } from "../lower/operands.ts";

/** Bytes of a header. */
export const HEADER_BYTES = 160;
const DATA = 0, SHAPE = 4, STRIDES = 12; // in words of 8 bytes

/** C memory as an ArrayBuffer; it must outlive the buffer. */
export function memory(address: bigint, bytes: number): ArrayBuffer {
  const pointer = bytes > 0 ? Deno.UnsafePointer.create(address) : null;
  return pointer === null
    ? new ArrayBuffer(0)
    : Deno.UnsafePointerView.getArrayBuffer(pointer, bytes);
}

/** One header: reads and writes what a kernel or builtin would. */
export class Header {
  readonly #words: BigInt64Array;
  constructor(
    readonly address: bigint,
    readonly dtype: Dtype,
    readonly ndim: number,
    within: ArrayBuffer = memory(address, HEADER_BYTES),
    offset = 0,
  ) {
    this.#words = new BigInt64Array(within, offset, HEADER_BYTES / 8);
  }

  /** The two halves of the address of element (0, 0, …): to compare them makes no bigint. */
  get halves(): Int32Array {
    return new Int32Array(this.#words.buffer, this.#words.byteOffset, 2);
  }

  /** The address of element (0, 0, …). */
  get data(): bigint {
    return this.#words[DATA]!;
  }

  get shape(): number[] {
    return Array.from(
      { length: this.ndim },
      (_, axis) => Number(this.#words[SHAPE + axis]!),
    );
  }

  get strides(): number[] {
    return Array.from(
      { length: this.ndim },
      (_, axis) => Number(this.#words[STRIDES + axis]!),
    );
  }

  /** Lengths and strides of a value that will be written. */
  layOut(shape: readonly number[], strides: readonly number[]): void {
    for (let axis = 0; axis < this.ndim; axis++) {
      this.#words[SHAPE + axis] = BigInt(shape[axis]!);
      this.#words[STRIDES + axis] = BigInt(strides[axis]!);
    }
  }

  /** Addresses of the elements: from the lowest byte to behind the highest; equal if there are none. */
  get bytes(): readonly [from: bigint, to: bigint] {
    const [low, high] = span(this.shape, this.strides),
      { size } = DTYPES[this.dtype];
    const from = this.data + BigInt(low * size);
    return [from, from + BigInt((high - low + 1) * size)];
  }

  /** The value without copy. It is valid as long as the memory is; `data.buffer.transfer(0)` ends it. */
  view(): NDArray {
    const { dtype, shape, strides, bytes: [from, to] } = this,
      [low] = span(shape, strides);
    const buffer = memory(from, Number(to - from));
    return new NDArray(
      dtype,
      shape,
      new DTYPES[dtype].array(buffer),
      strides,
      -low,
    );
  }
}
