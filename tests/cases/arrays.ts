/** Recorded arrays as values, and values compared with recorded arrays. */
import * as damo from "damo";
import { type RecordedArray, Skip } from "./case.ts";

type ArrayOf = new (buffer: ArrayBuffer) => damo.TypedArray;

const ELEMENTS: { readonly [dtype in damo.Dtype]: ArrayOf } = {
  bool: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float16: Float16Array,
  float32: Float32Array,
  float64: Float64Array,
};

const SPECIALS: { readonly [name: string]: number } = {
  NaN: NaN,
  Infinity: Infinity,
  "-Infinity": -Infinity,
  "-0": -0,
};

/** A recorded dtype as one of Damo's. Skip: it is complex, or no dtype of arrays. */
export function asDtype(name: string): damo.Dtype {
  if (name in ELEMENTS) return name as damo.Dtype;
  throw new Skip(
    name.startsWith("complex")
      ? "complex numbers are out of scope"
      : `damo has no dtype ${name}`,
  );
}

/** A recorded array as a value. Skip: it is sparse or complex. */
export function decode(
  { dtype, shape, data, sparse }: RecordedArray,
): damo.NDArray {
  if (sparse) throw new Skip("damo has no sparse matrices yet");
  const known = asDtype(dtype);
  if (typeof data !== "string") {
    const numbers = data.map((x) => typeof x === "string" ? SPECIALS[x]! : x);
    return damo.array({ data: numbers, shape }, { dtype: known });
  }
  const bytes = Uint8Array.fromBase64(data);
  return new damo.NDArray(known, [...shape], new ELEMENTS[known](bytes.buffer));
}

/** How close two floats must be: |x - y| ≤ atol + rtol·|y|. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** What float32 in the middle of a computation leaves of a tolerance. */
export function coarser({ rtol, atol }: Tolerance): Tolerance {
  return { rtol: Math.max(rtol, 1e-4), atol: Math.max(atol, 1e-5) };
}

/** What is wrong with a result, or null: lengths, then elements. Integers must be equal. */
export function difference(
  found: damo.NDArray | number,
  want: RecordedArray | damo.NDArray,
  { rtol, atol }: Tolerance,
): string | null {
  const expected = want instanceof damo.NDArray ? want : decode(want),
    shape = typeof found === "number" ? [] : found.shape;
  if (`${shape}` !== `${expected.shape}`) {
    return `shape (${shape}) instead of (${expected.shape})`;
  }
  const xs = typeof found === "number" ? [found] : found.flat(),
    ys = expected.flat(),
    exact = !expected.dtype.startsWith("float");
  let wrong = 0, first = "";
  for (let i = 0; i < ys.length; i++) {
    const x = xs[i]!, y = ys[i]!;
    if (exact ? x == y : near(Number(x), Number(y), rtol, atol)) continue;
    if (wrong++ === 0) first = `element ${i} is ${x}, not ${y}`;
  }
  return wrong === 0 ? null : `${first} (${wrong} of ${ys.length} differ)`;
}

function near(x: number, y: number, rtol: number, atol: number): boolean {
  if (x === y || (Number.isNaN(x) && Number.isNaN(y))) return true;
  return Number.isFinite(y) && Math.abs(x - y) <= atol + rtol * Math.abs(y);
}
