/** Recorded arrays as values, and values compared with recorded arrays. */
import * as damo from "damo";
import { decodeBase64 } from "../../deps/encoding.ts";
import { type RecordedArray, Skip } from "./case.ts";

const CONSTRUCTORS = {
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
} as const satisfies { readonly [dtype in damo.Dtype]: unknown };
