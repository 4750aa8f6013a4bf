/** Element types: their sizes, arrays and C names, how two of them combine, and how an element is converted. */

/** Every element type; float16 is for storage. */
export type Dtype =
  | "bool"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "float16"
  | "float32"
  | "float64";

/** The arrays that hold them; bool is one byte. */
export type TypedArray =
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Float16Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

type Kind = "bool" | "int" | "uint" | "float";

interface ArrayConstructor {
  new (length: number): TypedArray;
  new (buffer: ArrayBuffer, offset?: number, length?: number): TypedArray;
}

/** What the rest of Damo asks about a dtype. */
export interface DtypeInfo {
  readonly kind: Kind;
  /** Bytes of an element. */
  readonly size: number;
  /** The C type of an element in memory. */
  readonly c: string;
  /** The suffix of its functions in csrc/vector_math.h. */
  readonly suffix: string;
  /** Its number in csrc/kernel.h and in Array headers. */
  readonly code: number;
  readonly array: ArrayConstructor;
}

/** The table of element types, in the order of promotion. */
export const DTYPES: { readonly [dtype in Dtype]: DtypeInfo } = {
  bool: row("bool", 1, "uint8_t", "bool", 0, Uint8Array),
  int8: row("int", 1, "int8_t", "i8", 1, Int8Array),
  int16: row("int", 2, "int16_t", "i16", 2, Int16Array),
  int32: row("int", 4, "int32_t", "i32", 3, Int32Array),
  int64: row("int", 8, "int64_t", "i64", 4, BigInt64Array),
  uint8: row("uint", 1, "uint8_t", "u8", 5, Uint8Array),
  uint16: row("uint", 2, "uint16_t", "u16", 6, Uint16Array),
  uint32: row("uint", 4, "uint32_t", "u32", 7, Uint32Array),
  uint64: row("uint", 8, "uint64_t", "u64", 8, BigUint64Array),
  float16: row("float", 2, "_Float16", "f16", 9, Float16Array),
  float32: row("float", 4, "float", "f32", 10, Float32Array),
  float64: row("float", 8, "double", "f64", 11, Float64Array),
};

function row(
  kind: Kind,
  size: number,
  c: string,
  suffix: string,
  code: number,
  array: unknown,
): DtypeInfo {
  return { kind, size, c, suffix, code, array: array as ArrayConstructor };
}

/** Every dtype's name. */
export const DTYPE_NAMES = Object.keys(DTYPES) as readonly Dtype[];

/** The dtype as it is. TypeError: there is none of that name. */
export function checkDtype(dtype: Dtype): Dtype {
  if (Object.hasOwn(DTYPES, dtype)) return dtype;
  throw new TypeError(
    `Cannot use dtype ${dtype}: there are ${DTYPE_NAMES.join(", ")}`,
  );
}

/** True for float16, float32 and float64. */
export function isFloat(dtype: Dtype): boolean {
  return DTYPES[dtype].kind === "float";
}

/** True for signed and unsigned integers; bool is none. */
export function isInteger(dtype: Dtype): boolean {
  const { kind } = DTYPES[dtype];
  return kind === "int" || kind === "uint";
}

/** True where an element is a bigint in JavaScript. */
export function isBig(dtype: Dtype): dtype is "int64" | "uint64" {
  return dtype === "int64" || dtype === "uint64";
}

/** An array of `length` zeros. */
export function allocate(dtype: Dtype, length: number): TypedArray {
  return new DTYPES[checkDtype(dtype)].array(length);
}

/** The dtype of a typed array (Uint8Array is uint8, Uint8ClampedArray too), or null. */
export function dtypeOf(data: unknown): Dtype | null {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Uint8Array) return "uint8";
  if (data instanceof Uint8ClampedArray) return "uint8";
  if (data instanceof Int8Array) return "int8";
  if (data instanceof Int16Array) return "int16";
  if (data instanceof Uint16Array) return "uint16";
  if (data instanceof Uint32Array) return "uint32";
  if (data instanceof BigUint64Array) return "uint64";
  if (data instanceof Float16Array) return "float16";
  return null;
}

/**
 * The dtype of an operation on both: NumPy's rule, except that an integer or
 * bool never widens a float (int64 with float32 is float32).
 */
export function promote(x: Dtype, y: Dtype): Dtype {
  if (x === y || y === "bool") return x;
  if (x === "bool") return y;
  const a = DTYPES[x], b = DTYPES[y];
  if (a.kind === "float" || b.kind === "float") {
    if (a.kind !== "float") return y;
    if (b.kind !== "float") return x;
    return a.size >= b.size ? x : y;
  }
  if (a.kind === b.kind) return a.size >= b.size ? x : y;
  const [signed, unsigned] = a.kind === "int" ? [x, y] : [y, x];
  const bytes = Math.max(DTYPES[signed].size, 2 * DTYPES[unsigned].size);
  return bytes > 8 ? "float64" : (`int${8 * bytes}` as Dtype);
}

/** True if every value of `from` is a value of `to`, or `to` is a float and `from` is not. */
export function castsSafely(from: Dtype, to: Dtype): boolean {
  if (from === to || from === "bool") return true;
  const a = DTYPES[from], b = DTYPES[to];
  if (b.kind === "float") return a.kind !== "float" || b.size >= a.size;
  if (a.kind === b.kind) return b.size >= a.size;
  return a.kind === "uint" && b.kind === "int" && b.size > a.size;
}

/** One element in the form its dtype holds: wrapped, truncated or rounded as a C cast would, NaN to integer gives 0. */
export function castElement(x: number | bigint, dtype: Dtype): number | bigint {
  if (dtype === "bool") return x == 0 ? 0 : 1;
  if (isFloat(dtype)) return Number(x);
  if (isBig(dtype)) {
    const i = typeof x === "bigint"
      ? x
      : Number.isFinite(x)
      ? BigInt(Math.trunc(x))
      : 0n;
    return dtype === "int64" ? BigInt.asIntN(64, i) : BigInt.asUintN(64, i);
  }
  return typeof x === "bigint"
    ? Number(BigInt.asIntN(32, x))
    : Number.isFinite(x)
    ? Math.trunc(x)
    : 0;
}
