/** Arrays in files: NumPy's .npy and .npz, and the IDX files of MNIST. */
import { describeOther } from "../graph/describe_other.ts";
import {
  allocate,
  type Dtype,
  DTYPES,
  type TypedArray,
} from "../graph/dtype.ts";
import { NDArray, sizeOf } from "../graph/ndarray.ts";
import { unzip, zip, zlib } from "./zip.ts";

/** Writes an array as NumPy's `save` does. */
export function saveNpy(path: string | URL, array: NDArray): void {
  writeWhole(path, encodeNpy(array));
}

/**
 * Reads what NumPy's `save` wrote.
 *
 * @throws TypeError: it is no .npy file, or its dtype has no counterpart here.
 * @throws RangeError: it is truncated.
 */
export function loadNpy(path: string | URL): NDArray {
  return named(path, () => decodeNpy(Deno.readFileSync(path)));
}

/**
 * Writes named arrays as NumPy's `savez` does. A file that is there is replaced
 * at once: a stop on the way leaves it as it was.
 */
export function saveNpz(
  path: string | URL,
  arrays: Readonly<Record<string, NDArray>>,
): void {
  if (typeof arrays !== "object" || arrays === null) {
    throw new TypeError(
      `Cannot write arrays: expected them by name, as { W: array(…) }, got ${
        describeOther(arrays)
      }`,
    );
  }
  const files = Object.entries(arrays).map((
    [name, array],
  ) => [`${name}.npy`, encodeNpy(array)]);
  writeWhole(path, zip(Object.fromEntries(files)));
}

/** Writes beside the file and renames: nobody ever reads half of it. */
function writeWhole(path: string | URL, bytes: Uint8Array): void {
  checkPath(path);
  const suffix = `.${Deno.pid}.part`;
  const beside = path instanceof URL
    ? new URL(path.href + suffix)
    : path + suffix;
  try {
    Deno.writeFileSync(beside, bytes);
    Deno.renameSync(beside, path);
  } catch (error) {
    try {
      Deno.removeSync(beside);
    } catch {
      // It was never made.
    }
    throw error;
  }
}

/**
 * Reads what NumPy's `savez` or `savez_compressed` wrote.
 *
 * @throws TypeError: it is no .npz file, or a dtype has no counterpart here.
 * @throws RangeError: it is damaged.
 */
export function loadNpz(path: string | URL): Record<string, NDArray> {
  return named(path, () => {
    const files = Object.entries(unzip(Deno.readFileSync(path)));
    return Object.fromEntries(
      files.map((
        [name, bytes],
      ) => [name.replace(/\.npy$/, ""), decodeNpy(bytes)]),
    );
  });
}

/**
 * Reads an IDX file, gzipped or not. `train-images-idx3-ubyte` also finds
 * `train-images-idx3-ubyte.gz`.
 *
 * @throws TypeError: it is no IDX file.
 * @throws RangeError: it is truncated.
 */
export function loadIdx(path: string | URL): NDArray {
  return named(path, () => decodeIdx(readPacked(path)));
}

/** The file, or the one beside it that is packed. */
function readPacked(path: string | URL): Uint8Array {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    try {
      return Deno.readFileSync(
        path instanceof URL ? new URL(`${path}.gz`) : `${path}.gz`,
      );
    } catch {
      throw error;
    }
  }
}

/** TypeError: it is no path. */
function checkPath(path: string | URL): void {
  if (typeof path === "string" || path instanceof URL) return;
  throw new TypeError(
    `Cannot open a file: expected a path or a URL, got ${describeOther(path)}`,
  );
}

/** Errors name the file. */
function named<T>(path: string | URL, read: () => T): T {
  checkPath(path);
  try {
    return read();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      error.message += ` (in ${path instanceof URL ? path.pathname : path})`;
    }
    throw error;
  }
}

const MAGIC = "\x93NUMPY";

/** NumPy's letters of a dtype, without the byte order. */
const LETTERS: { readonly [dtype in Dtype]: string } = {
  bool: "b1",
  int8: "i1",
  int16: "i2",
  int32: "i4",
  int64: "i8",
  uint8: "u1",
  uint16: "u2",
  uint32: "u4",
  uint64: "u8",
  float16: "f2",
  float32: "f4",
  float64: "f8",
};

/** The bytes of a .npy file (version 1.0 of the format, row-major). */
export function encodeNpy(array: NDArray): Uint8Array<ArrayBuffer> {
  if (!(array instanceof NDArray)) {
    throw new TypeError(
      "Cannot write an array: expected an NDArray, such as array(…) or getValue() of a shared variable",
    );
  }
  const { dtype, shape } = array;
  const order = DTYPES[dtype].size === 1 ? "|" : "<";
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '${order}${
    LETTERS[dtype]
  }', 'fortran_order': False, 'shape': (${axes}), }`;
  const start = Math.ceil((MAGIC.length + 4 + header.length + 1) / 64) * 64;
  const text = header.padEnd(start - MAGIC.length - 5) + "\n";
  const data = array.flat();
  const out = new Uint8Array(start + data.byteLength);
  out.set(latin1(MAGIC));
  out.set([1, 0, text.length & 255, text.length >> 8], MAGIC.length);
  out.set(latin1(text), MAGIC.length + 4);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return out;
}

/**
 * The array in the bytes of a .npy file, in memory of its own.
 *
 * @throws TypeError: it is no .npy file, or its dtype has no counterpart here.
 * @throws RangeError: it is truncated.
 */
export function decodeNpy(bytes: Uint8Array): NDArray {
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC || bytes.length < 12) {
    throw new TypeError("Cannot read an array: it is no .npy file");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [length, from] = bytes[6] === 1
    ? [view.getUint16(8, true), 10]
    : [view.getUint32(8, true), 12];
  const header = new TextDecoder().decode(bytes.subarray(from, from + length));
  const field = (name: string, value: string) =>
    new RegExp(`'${name}': *${value}`).exec(header)?.[1];
  const descr = field("descr", "'([^']*)'") ??
    /'descr': *(\[.*?\])/.exec(header)?.[1] ?? "";
  const axes = field("shape", "\\(([^)]*)\\)");
  const dtype = Object.entries(LETTERS).find(([, letters]) =>
    letters === descr.slice(1)
  )?.[0];
  if (dtype === undefined || axes === undefined) {
    throw new TypeError(
      `Cannot read an array: dtype ${descr || "unknown"} has no counterpart`,
    );
  }
  const shape = axes.split(",").filter((axis) => axis.trim() !== "").map(
    Number,
  );
  const data = elements(bytes.subarray(from + length), {
    dtype: dtype as Dtype,
    count: sizeOf(shape),
    littleEndian: descr[0] !== ">",
  });
  return field("fortran_order", "(True|False)") === "True"
    ? new NDArray(dtype as Dtype, shape, data, columnMajor(shape))
    : new NDArray(dtype as Dtype, shape, data);
}

/** The type codes of IDX files. */
const IDX_DTYPES: Readonly<Record<number, Dtype>> = {
  0x08: "uint8",
  0x09: "int8",
  0x0b: "int16",
  0x0c: "int32",
  0x0d: "float32",
  0x0e: "float64",
};

/**
 * The array in the bytes of an IDX file, gzipped or not: two zeros, a type
 * code, the number of axes, their lengths, and the elements, all big-endian.
 *
 * @throws TypeError: it is no IDX file.
 * @throws RangeError: it is truncated.
 */
export function decodeIdx(bytes: Uint8Array): NDArray {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = zlib().gunzipSync(bytes);
  const dtype = IDX_DTYPES[bytes[2] ?? 0], ndim = bytes[3] ?? 0;
  if (
    bytes[0] !== 0 || bytes[1] !== 0 || !dtype || bytes.length < 4 + 4 * ndim
  ) {
    throw new TypeError("Cannot read an array: it is no IDX file");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const shape = Array.from(
    { length: ndim },
    (_, axis) => view.getUint32(4 + 4 * axis),
  );
  const data = elements(bytes.subarray(4 + 4 * ndim), {
    dtype,
    count: sizeOf(shape),
    littleEndian: false,
  });
  return new NDArray(dtype, shape, data);
}

interface Layout {
  readonly dtype: Dtype;
  readonly count: number;
  readonly littleEndian: boolean;
}

/** A copy of the first elements of `bytes`, in this machine's byte order (little-endian wherever Deno runs). */
function elements(
  bytes: Uint8Array,
  { dtype, count, littleEndian }: Layout,
): TypedArray {
  const { size, array } = DTYPES[dtype];
  if (bytes.length < count * size) {
    throw new RangeError(
      `Cannot read an array: ${count} elements of ${dtype} take ${
        count * size
      } bytes, got ${bytes.length}`,
    );
  }
  const own = new Uint8Array(bytes.subarray(0, count * size));
  if (size > 1 && !littleEndian) {
    for (let at = 0; at < own.length; at += size) {
      own.subarray(at, at + size).reverse();
    }
  }
  return count === 0 ? allocate(dtype, 0) : new array(own.buffer);
}

function columnMajor(shape: readonly number[]): number[] {
  let step = 1;
  return shape.map((length) => {
    const stride = step;
    step *= length;
    return stride;
  });
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
