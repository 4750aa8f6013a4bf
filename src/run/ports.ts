/** How values get into and out of a VM: what is known of each input and output before any call. */
import { type Dtype, DTYPES, type TypedArray } from "../graph/dtype.ts";
import { isRowMajor, NDArray, rowMajor, sizeOf } from "../graph/ndarray.ts";
import type { Program } from "../lower/program.ts";
import { isStatic, span } from "../lower/operands.ts";
import { Gate } from "./gate.ts";
import { type Header, memory } from "./header.ts";
import type { Delivery, Home } from "./image.ts";
import type { Slab } from "./result.ts";

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
  readonly dtype: Dtype;
  readonly array: typeof DTYPES[Dtype]["array"];
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly size: number;
  /** The value that the last run left, if it has no axes. */
  readonly number: TypedArray | null;
  /** Where a run leaves a small one, in bytes from the start of its room; else -1. */
  readonly at: number;
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

/** The gates of all inputs, or null if one has none. */
export function gatesOf(
  program: Program,
  inputs: readonly (Input | null)[],
): readonly Gate[] | null {
  const gates = inputs.flatMap((input) => {
    if (input === null || input.home === null || input.fixed === null) {
      return [];
    }
    const { dtype, shape } = program.slots[input.slot]!;
    return [new Gate(dtype, shape as readonly number[], input)];
  });
  return gates.length === inputs.length ? gates : null;
}

/** The outputs of a program; null for one whose lengths only the run will tell. */
export function outputsOf(
  program: Program,
  deliveries: readonly (Delivery | null)[],
  numbers: readonly TypedArray[],
): (Output | null)[] {
  return program.outputs.map((slot, i) => {
    const { dtype, shape: known } = program.slots[slot]!;
    if (known.includes(null)) return null;
    const shape = known as readonly number[], delivery = deliveries[i]!;
    const number = delivery !== null && delivery.number >= 0
      ? numbers[delivery.number]!
      : null;
    return {
      dtype,
      array: DTYPES[dtype].array,
      shape,
      strides: rowMajor(shape),
      size: sizeOf(shape),
      number,
      at: delivery !== null && number === null ? delivery.at : -1,
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

/** An output that a run left in the state, or in a slab from `at` on. */
export function delivered(
  output: Output,
  slab: Slab,
  at: number,
): NDArray | number {
  const { dtype, array, shape, strides, size, number } = output;
  if (number !== null) return asNumber(number[0]!);
  const from = at + output.at;
  // A class that the text names is made at once; one that is looked up goes through the runtime.
  const data = dtype === "float32"
    ? new Float32Array(slab.buffer, from, size)
    : new array(slab.buffer, from, size);
  return new NDArray(dtype, shape, data, strides, 0);
}

/** A 0-d value as it is returned. RangeError: an integer beyond 2^53. */
export function asNumber(x: number | bigint): number {
  if (typeof x === "number") return x;
  const n = Number(x);
  if (Number.isSafeInteger(n)) return n;
  throw new RangeError(
    `Cannot return ${x} as a number: it is beyond 2^53; ask for it as a vector, v.reshape([1])`,
  );
}
