/** Values: strided arrays over typed arrays. */
import { describeOther } from "./describe_other.ts";
import { withDefaults } from "./options.ts";
import {
  allocate,
  castElement,
  type Dtype,
  dtypeOf,
  type TypedArray,
} from "./dtype.ts";

/** Numbers in nested arrays, as users write small values. */
export type Nested = number | bigint | boolean | readonly Nested[];

/** Anything that lays an array out over a typed array. Strides count elements. */
export interface ArrayLike {
  /** The elements; a DataView is none. */
  readonly data: ArrayBufferView | readonly number[];
  /** The length of each axis. */
  readonly shape: readonly number[];
  /** How many elements to the next along each axis; row-major unless given. */
  readonly stride?: readonly number[];
  /** Where the first element is; 0 unless given. */
  readonly offset?: number;
}

/**
 * An array of one dtype: element (i, j, …) is `data[offset + i * strides[0] + j * strides[1] + …]`.
 *
 * ```ts
 * import { array } from "damo";
 * const x = array([[1, 2], [3, 4]]);
 * console.log(x.shape, x.slice(1, 2).toArray()); // [ 2, 2 ] [ [ 3, 4 ] ]
 * ```
 */
export class NDArray {
  /** A view of `data`; nothing is checked or copied. */
  constructor(
    readonly dtype: Dtype,
    readonly shape: readonly number[],
    readonly data: TypedArray,
    readonly strides: readonly number[] = rowMajor(shape),
    readonly offset = 0,
  ) {}

  /** The number of axes. */
  get ndim(): number {
    return this.shape.length;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** True if the elements lie in row-major order without gaps. */
  get contiguous(): boolean {
    return isRowMajor(this.shape, this.strides);
  }

  /** Rows `start` to `stop` of the first axis, without copy; negative counts from the end, as in Array.slice. */
  slice(start = 0, stop?: number): NDArray {
    if (this.ndim === 0) {
      throw new TypeError("Cannot slice: the array has no axis");
    }
    const n = this.shape[0]!;
    const clip = (i: number) => Math.max(0, Math.min(n, i < 0 ? i + n : i));
    const from = clip(start), to = Math.max(from, clip(stop ?? n));
    return new NDArray(
      this.dtype,
      [to - from, ...this.shape.slice(1)],
      this.data,
      this.strides,
      this.offset + from * this.strides[0]!,
    );
  }

  /** The elements in row-major order in one typed array: `data` itself where it is just that. */
  flat(): TypedArray {
    const { size } = this;
    if (this.contiguous) {
      return this.offset === 0 && this.data.length === size
        ? this.data
        : this.data.subarray(this.offset, this.offset + size) as TypedArray;
    }
    const out = allocate(this.dtype, size);
    let to = 0;
    forEachOffset(
      this.shape,
      this.strides,
      this.offset,
      (i) => (out[to++] = this.data[i]!),
    );
    return out;
  }

  /** The same values, row-major, in memory of their own. */
  copy(): NDArray {
    const flat = this.flat();
    return new NDArray(
      this.dtype,
      this.shape,
      flat.buffer === this.data.buffer ? flat.slice() as TypedArray : flat,
    );
  }

  /** The same elements under another shape; a view where the elements lie in row-major order. */
  reshape(shape: readonly number[]): NDArray {
    if (sizeOf(shape) !== this.size) {
      throw new RangeError(
        `Cannot reshape: shape (${this.shape}) holds ${this.size} elements, (${shape}) ${
          sizeOf(shape)
        }`,
      );
    }
    return this.contiguous
      ? new NDArray(this.dtype, shape, this.data, rowMajor(shape), this.offset)
      : new NDArray(this.dtype, shape, this.flat());
  }

  /** The values in another dtype: float to int truncates, out of range wraps. */
  astype(dtype: Dtype): NDArray {
    if (dtype === this.dtype) return this;
    const from = this.flat(), to = allocate(dtype, from.length);
    for (let i = 0; i < from.length; i++) to[i] = castElement(from[i]!, dtype);
    return new NDArray(dtype, this.shape, to);
  }

  /** The element at `index`; a bigint for 64-bit integers. */
  at(...index: number[]): number | bigint {
    if (index.length !== this.ndim) {
      throw new TypeError(
        `Cannot read an element: the array has ${this.ndim} axes, got ${index.length} indices`,
      );
    }
    let at = this.offset;
    index.forEach((i, axis) => {
      const n = this.shape[axis]!;
      if (i < -n || i >= n) {
        throw new RangeError(
          `Cannot read an element: index ${i} is out of range for axis ${axis} of length ${n}`,
        );
      }
      at += (i < 0 ? i + n : i) * this.strides[axis]!;
    });
    return this.data[at]!;
  }

  /** The element of an array that holds just one, as a number. RangeError beyond 2^53. */
  item(): number {
    if (this.size !== 1) {
      throw new TypeError(
        `Cannot take the item: the array has ${this.size} elements`,
      );
    }
    const x = this.data[this.offset]!;
    if (typeof x === "bigint" && !Number.isSafeInteger(Number(x))) {
      throw new RangeError(
        `Cannot represent ${x} as a number: keep it in a vector (reshape to (1,)) and read its bigint`,
      );
    }
    return Number(x);
  }

  /** Nested arrays of numbers (bigints where 2^53 is passed); a number for no axes. */
  // deno-lint-ignore no-explicit-any
  toArray(): any {
    const nest = (axis: number, at: number): unknown => {
      if (axis === this.ndim) {
        const x = this.data[at]!;
        return typeof x === "bigint" && Number.isSafeInteger(Number(x))
          ? Number(x)
          : x;
      }
      return Array.from(
        { length: this.shape[axis]! },
        (_, i) => nest(axis + 1, at + i * this.strides[axis]!),
      );
    };
    return nest(0, this.offset);
  }

  /** Dtype, shape and the first elements. */
  toString(): string {
    return `${this.dtype} (${this.shape.join(", ")}${
      this.ndim === 1 ? "," : ""
    }) ${preview(this)}`;
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return `NDArray ${this}`;
  }
}

/** The elements, shortened to about six an axis. */
function preview(a: NDArray): string {
  const nest = (axis: number, at: number): string => {
    if (axis === a.ndim) {
      return String(
        typeof a.data[at] === "number"
          ? Number((a.data[at] as number).toPrecision(6))
          : a.data[at],
      );
    }
    const n = a.shape[axis]!,
      shown = n > 8 ? [0, 1, 2, -1, n - 2, n - 1] : [...Array(n).keys()];
    return `[${
      shown.map((i) => i < 0 ? "…" : nest(axis + 1, at + i * a.strides[axis]!))
        .join(", ")
    }]`;
  };
  return nest(0, a.offset);
}

/** Row-major strides, in elements. */
export function rowMajor(shape: readonly number[]): number[] {
  const strides = Array<number>(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis]!;
  }
  return strides;
}

/** True if these strides are row-major; axes of length 1 do not matter, nor any where nothing is stored. */
export function isRowMajor(
  shape: readonly number[],
  strides: readonly number[],
): boolean {
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    const n = shape[axis]!;
    if (n === 0) return true;
    if (n !== 1 && strides[axis] !== step) return sizeOf(shape) === 0;
    step *= n;
  }
  return true;
}

/** The number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}

/** Calls `visit` with the offset of every element in row-major order. */
export function forEachOffset(
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  visit: (offset: number) => void,
): void {
  const size = sizeOf(shape),
    ndim = shape.length,
    index = new Array<number>(ndim).fill(0);
  for (let n = 0, at = offset; n < size; n++) {
    visit(at);
    for (let axis = ndim - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
}

/**
 * An array of nested numbers or of a typed array.
 *
 * The dtype is the typed array's own; for numbers it is `dtype`, or float32
 * unless given (integers too: say `{ dtype: "int32" }` for labels).
 *
 * ```ts
 * import { array } from "damo";
 * array([[1, 2, 3], [4, 5, 6]]);
 * array(new Float64Array(6), { shape: [2, 3] });
 * ```
 */
export function array(
  value: Nested | ArrayBufferView | ArrayLike | NDArray,
  options: {
    readonly shape?: readonly number[];
    readonly dtype?: Dtype;
  } = {},
): NDArray {
  const { dtype, shape } = withDefaults("make an array", options, {
    dtype: undefined,
    shape: undefined,
  });
  const made = asArray(value, dtype);
  return shape ? made.reshape(shape) : made;
}

function asArray(
  value: Nested | ArrayBufferView | ArrayLike | NDArray,
  dtype?: Dtype,
): NDArray {
  if (value instanceof NDArray) return dtype ? value.astype(dtype) : value;
  const own = dtypeOf(value);
  if (own) {
    const data = value instanceof Uint8ClampedArray
      ? new Uint8Array(
        value.buffer as ArrayBuffer,
        value.byteOffset,
        value.length,
      )
      : value as TypedArray;
    const made = new NDArray(own, [data.length], data);
    return dtype ? made.astype(dtype) : made;
  }
  if (isArrayLike(value)) return fromArrayLike(value, dtype);
  return fromNested(value as Nested, dtype);
}

/** True for `{ data, shape }`. */
export function isArrayLike(x: unknown): x is ArrayLike {
  return typeof x === "object" && x !== null && "data" in x &&
    Array.isArray((x as ArrayLike).shape);
}

function fromArrayLike(
  { data, shape, stride, offset = 0 }: ArrayLike,
  dtype?: Dtype,
): NDArray {
  const flat = Array.isArray(data)
    ? fromNested(data, dtype)
    : asArray(data as ArrayBufferView, undefined);
  const made = new NDArray(
    flat.dtype,
    [...shape],
    flat.data,
    stride ? [...stride] : rowMajor(shape),
    offset,
  );
  const last = offset +
    shape.reduce((sum, n, i) => sum + Math.max(0, n - 1) * made.strides[i]!, 0);
  if (made.size > 0 && (last >= flat.data.length || last < 0 || offset < 0)) {
    throw new RangeError(
      `Cannot lay out shape (${shape}) from offset ${offset}: the data has ${flat.data.length} elements`,
    );
  }
  return dtype ? made.astype(dtype) : made;
}

function fromNested(value: Nested, dtype: Dtype = "float32"): NDArray {
  const shape: number[] = [];
  for (let v = value; Array.isArray(v); v = v[0]!) {
    shape.push(v.length);
    if (v.length === 0) break;
  }
  const data = allocate(dtype, sizeOf(shape));
  let to = 0;
  const fill = (v: Nested, axis: number) => {
    if (axis === shape.length) {
      if (Array.isArray(v)) {
        throw new TypeError(
          `Cannot make an array: rows have different depths at axis ${axis}`,
        );
      }
      const x = typeof v === "boolean" ? Number(v) : v;
      if (typeof x !== "number" && typeof x !== "bigint") {
        throw new TypeError(
          `Cannot make an array: expected numbers, got ${describeOther(x)}`,
        );
      }
      data[to++] = castElement(x, dtype);
      return;
    }
    if (!Array.isArray(v)) {
      throw new TypeError(
        `Cannot make an array: rows have different depths at axis ${axis}`,
      );
    }
    if (v.length !== shape[axis]) {
      throw new RangeError(
        `Cannot make an array: rows of axis ${axis} have lengths ${
          shape[axis]
        } and ${v.length}`,
      );
    }
    for (const item of v) fill(item, axis + 1);
  };
  fill(value, 0);
  return new NDArray(dtype, shape, data);
}
