/** An input of a program: where it lies, and how values get there. */
import type { CvmSymbols } from "../../ffi/cvm.ts";
import { type Dtype, DTYPES, type TypedArray } from "../graph/dtype.ts";
import { isRowMajor, type NDArray, rowMajor } from "../graph/ndarray.ts";
import { isStatic, span } from "../lower/operands.ts";
import type { Slot } from "../lower/program.ts";
import { type Header, memory } from "./header.ts";
import { type Home, laidOut } from "./image.ts";

/** How an input lies in memory. */
export interface Place {
  readonly strides: readonly number[];
  readonly rowMajor: boolean;
  /** Elements from the lowest to element (0, 0, …). */
  readonly first: number;
  /** Elements from the lowest to the highest. */
  readonly size: number;
}

/** An input that the program reads. Its slot looks at its home, or at memory that it was lent. */
export class Input {
  readonly dtype: Dtype;
  readonly header: Header;
  /** Null where they follow from lengths that are read at run time: the layout is row-major then. */
  readonly strides: readonly number[] | null;
  /** Null where lengths are read at run time. */
  readonly fixed: Place | null;
  /** Where small values are copied to. */
  readonly home: TypedArray | null;
  readonly #slot: number;
  readonly #symbols: CvmSymbols;
  readonly #handle: bigint;
  /** The address that the slot has, in two halves: they make no bigint. */
  readonly #address: Int32Array;
  readonly #bytes: number;
  /** What the slot looks at, kept alive; null for its home. */
  #lent: TypedArray | null = null;
  /** The address of its first element. */
  #base = 0;

  constructor(
    slot: number,
    info: Slot,
    header: Header,
    home: Home | null,
    vm: { readonly symbols: CvmSymbols; readonly handle: bigint },
  ) {
    const { dtype, strides } = info;
    this.dtype = dtype;
    this.header = header;
    this.strides = strides.includes(null) ? null : strides as number[];
    this.fixed = isStatic(info) ? placeOf(info.shape, info.strides) : null;
    this.#slot = slot;
    this.#symbols = vm.symbols;
    this.#handle = vm.handle;
    this.#address = header.halves;
    this.#bytes = DTYPES[dtype].size;
    const before = (this.fixed?.first ?? 0) * this.#bytes;
    this.home = home && new DTYPES[dtype].array(
      memory(header.data - BigInt(before), home.bytes),
    );
  }

  /** Takes a value that fits the slot: a small one is copied, memory of a large one lent. `copied`: it must not be lent. */
  set(value: NDArray, copied: boolean): void {
    const { fixed, home } = this,
      place = fixed ??
        placeOf(value.shape, this.strides ?? rowMajor(value.shape));
    if (fixed === null) this.header.layOut(value.shape, place.strides);
    const data = place.rowMajor ? plain(value) : laidOut(value, place.strides);
    // A home begins where the elements do, or at element (0, 0, …) where it is not known where they begin.
    const fits = home !== null && (fixed !== null || place.first === 0);
    if (fits && data.length <= home.length) {
      this.takeBack();
      home.set(data as never);
    } else this.lend(copied ? data.slice() : data, place.first);
  }

  /**
   * The slot looks at `data`, where element (0, 0, …) has the index `at`, until
   * it is lent something else. The memory stays in its place as long as `data`
   * has its length, so that a second look at it needs no call into C.
   */
  lend(data: TypedArray, at: number): void {
    const address = this.#address, bytes = at * this.#bytes;
    if (data === this.#lent) {
      const to = this.#base + bytes;
      address[0] = to;
      address[1] = to / 2 ** 32;
      return;
    }
    this.#symbols.cvm_lend(this.#handle, this.#slot, data, bytes);
    this.#lent = data;
    this.#base = address[1]! * 2 ** 32 + (address[0]! >>> 0) - bytes;
  }

  /** The slot looks at its home again. */
  takeBack(): void {
    if (this.#lent === null) return;
    this.#lent = null;
    this.#symbols.cvm_lend(this.#handle, this.#slot, null, 0);
  }
}

/** How an array of these lengths and strides lies. */
function placeOf(
  shape: readonly number[],
  strides: readonly number[],
): Place {
  const [low, high] = span(shape, strides);
  return {
    strides,
    rowMajor: isRowMajor(shape, strides),
    first: 0 - low,
    size: high - low + 1,
  };
}

/** The elements in row-major order: what `flat` says, but quick where they are all of the data. */
function plain(value: NDArray): TypedArray {
  const { data, shape, strides, offset } = value;
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (strides[axis] !== step) return value.flat();
    step *= shape[axis]!;
  }
  return offset === 0 && step === data.length ? data : value.flat();
}
