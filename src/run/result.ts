/** Memory for results: V8's own, so that there is nothing to free, and cheap where they are small. */
import {
  allocate,
  type Dtype,
  DTYPES,
  type TypedArray,
} from "../graph/dtype.ts";

const SMALL = 1024, SLAB = 65536;
let slab: ArrayBuffer | null = null;
let at = 0;

/** Room for a result, which is written once: small ones are parts of a slab (13 ns instead of 200). */
export function resultData(dtype: Dtype, length: number): TypedArray {
  const info = DTYPES[dtype], bytes = length * info.size;
  if (bytes > SMALL) return allocate(dtype, length);
  if (slab === null || at + bytes > SLAB) {
    slab = new ArrayBuffer(SLAB);
    at = 0;
  }
  const data = new info.array(slab, at, length);
  at += (bytes + 7) & ~7;
  return data;
}
