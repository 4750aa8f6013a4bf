/** How values get into and out of a VM: what is known of each input and output before any call. */
import {
  allocate,
  type Dtype,
  DTYPES,
  type TypedArray,
} from "../graph/dtype.ts";
import {
  isRowMajor,
  type NDArray,
  rowMajor,
  sizeOf,
} from "../graph/ndarray.ts";
import type { Program } from "../lower/program.ts";
import { type Header, memory, span } from "./header.ts";
import { type Home, isStatic } from "./image.ts";

/** An input that the program reads. */
export interface Input {
  readonly slot: number;
  readonly header: Header;
  /** Null where they follow from lengths that are read at run time: the layout is row-major then. */
  readonly strides: readonly number[] | null;
  /** Null where lengths are read at run time. */
  readonly fixed: Place | null;
  /** Where small values are copied to. */
  readonly home: TypedArray | null;
}

/** How an input lies in memory. */
export interface Place {
  readonly strides: readonly number[];
  readonly rowMajor: boolean;
  /** Bytes from the lowest element to element (0, 0, …). */
  readonly offset: number;
}

/** How an array of these lengths and strides lies. */
export function placeOf(
  dtype: Dtype,
  shape: readonly number[],
  strides: readonly number[],
): Place {
  return {
    strides,
    rowMajor: isRowMajor(shape, strides),
    offset: 0 - DTYPES[dtype].size * span(shape, strides)[0],
  };
}

/** An output whose lengths are known. */
export interface Output {
  readonly address: bigint;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly size: number;
  /** Room for one element. */
  readonly scalar: TypedArray;
  /** Where a small output is; null for one that may lie anywhere, in any order. */
  readonly window: Window | null;
}

/** Bytes up to which an output is read through a window. */
const SMALL = 1024;

/** Row-major elements in C memory, looked at anew only when they have moved: a call into C costs more than to copy a few. */
export class Window {
  readonly #header: Header;
  readonly #halves: Int32Array;
  readonly #size: number;
  #low = 0;
  #high = 0;
  #elements: TypedArray | null = null;

  constructor(header: Header, size: number) {
    this.#header = header;
    this.#halves = header.halves;
    this.#size = size;
  }

  /** The elements where they are now. Valid until the next run. */
  get elements(): TypedArray {
    const low = this.#halves[0]!, high = this.#halves[1]!;
    if (
      this.#elements === null || low !== this.#low || high !== this.#high
    ) {
      const { data, dtype } = this.#header, info = DTYPES[dtype];
      this.#elements = new info.array(memory(data, this.#size * info.size));
      this.#low = low;
      this.#high = high;
    }
    return this.#elements;
  }
}

/** The inputs of a program; null for one that nothing needs. */
export function inputsOf(
  program: Program,
  headers: readonly Header[],
  homes: readonly (Home | null)[],
): (Input | null)[] {
  return program.inputs.map((slot) => {
    if (slot < 0) return null;
    const header = headers[slot]!,
      home = homes[slot]!,
      info = program.slots[slot]!;
    const fixed = isStatic(info)
      ? placeOf(info.dtype, info.shape, info.strides)
      : null;
    const start = header.data - BigInt(fixed?.offset ?? 0);
    return {
      slot,
      header,
      strides: info.strides.includes(null)
        ? null
        : info.strides as readonly number[],
      fixed,
      home: home &&
        new DTYPES[info.dtype].array(memory(start, home.bytes)),
    };
  });
}

/** The outputs of a program; null for one whose lengths only the run will tell. */
export function outputsOf(
  program: Program,
  headers: readonly Header[],
): (Output | null)[] {
  return program.outputs.map((slot) => {
    const { dtype, shape: known, strides, kind } = program.slots[slot]!;
    if (known.includes(null)) return null;
    const shape = known as readonly number[], size = sizeOf(shape);
    const small = size > 0 && size * DTYPES[dtype].size <= SMALL;
    return {
      address: headers[slot]!.address,
      dtype,
      shape,
      strides: rowMajor(shape),
      size,
      scalar: allocate(dtype, 1),
      window: kind === "temporary" && small &&
          isRowMajor(shape, strides as readonly number[])
        ? new Window(headers[slot]!, size)
        : null,
    };
  });
}

/** The elements in row-major order: what `flat` says, but quick where they are all of the data. */
export function plain(value: NDArray): TypedArray {
  const { data, shape, strides, offset } = value;
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (strides[axis] !== step) return value.flat();
    step *= shape[axis]!;
  }
  return offset === 0 && step === data.length ? data : value.flat();
}
