/** What is known of the inputs and outputs of a VM before any call, and how small results leave it. */
import { type Dtype, DTYPES, type TypedArray } from "../graph/dtype.ts";
import { NDArray, rowMajor, sizeOf } from "../graph/ndarray.ts";
import type { Program } from "../lower/program.ts";
import { Gate } from "./gate.ts";
import type { Input } from "./input.ts";
import type { Delivery } from "./image.ts";
import type { Slab } from "./result.ts";

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

/** The gates of all inputs, or null if one has none. */
export function gatesOf(
  program: Program,
  inputs: readonly (Input | null)[],
): readonly Gate[] | null {
  const gates = inputs.flatMap((input, i) => {
    if (input === null || input.fixed === null || input.fixed.size === 0) {
      return [];
    }
    const { shape } = program.slots[program.inputs[i]!]!;
    return [new Gate(shape as readonly number[], input)];
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

/** The same for all outputs, each of which was left there. */
export function allDelivered(
  outputs: readonly (Output | null)[],
  slab: Slab,
  at: number,
): (NDArray | number)[] {
  return outputs.map((output) => delivered(output!, slab, at));
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
