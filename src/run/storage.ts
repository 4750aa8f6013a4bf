/** Storage in C memory: one Array that every program using a shared variable points to. */
import type { Cvm } from "../../ffi/cvm.ts";
import { type Dtype, DTYPES } from "../graph/dtype.ts";
import {
  type ArrayLike,
  isRowMajor,
  NDArray,
  type Nested,
  rowMajor,
  sizeOf,
} from "../graph/ndarray.ts";
import { admit, type Storage } from "../graph/storage.ts";
import type { SharedVariable } from "../graph/variable.ts";
import { endEpoch } from "./epoch.ts";
import { Header } from "./header.ts";
import { resultData } from "./result.ts";
import type { Owned } from "./turns.ts";

/**
 * A value that programs read and write. A VM that writes it calls `detach`
 * first; one that lets JavaScript run meanwhile owns it. What a call does with
 * it asks `open` once, when the call begins; what a user does, each time.
 */
export class CStorage implements Owned, Storage {
  readonly dtype: Dtype;
  readonly ndim: number;
  last: Promise<void> | null = null;
  /** Nothing may use it any more. */
  freed = false;
  /** Another number once the lengths or strides are others. */
  layout = 0;
  /** A function that updates it was lowered: how it lies is decided. */
  settled = false;
  #owners = 0;
  #lengths = "";
  /** Strides for values of just these lengths; all others lie row-major. */
  #arranged: {
    readonly shape: readonly number[];
    readonly strides: readonly number[];
  } | null = null;
  readonly #cvm: Cvm;
  readonly #header: Header;
  readonly #address: bigint;
  #borrowed: NDArray | null = null;

  constructor(cvm: Cvm, value: NDArray) {
    this.dtype = value.dtype;
    this.ndim = value.ndim;
    this.#cvm = cvm;
    const address = this.#address = cvm.symbols.cvm_storage_new(
      DTYPES[value.dtype].code,
      value.ndim,
    );
    if (address === 0n) {
      throw new RangeError("Cannot make a storage: no memory");
    }
    this.#header = new Header(address, value.dtype, value.ndim);
    cvm.watch(this, () => cvm.symbols.cvm_storage_free(address, cvm.heap));
    this.#store(value);
  }

  /** Where C finds it. RangeError: it was freed. */
  get address(): bigint {
    this.#alive("use");
    return this.#address;
  }

  get owners(): number {
    return this.#owners;
  }

  set owners(calls: number) {
    this.#owners = calls;
    endEpoch();
  }

  /** RangeError: a call in flight owns it, or it was freed. */
  open(verb: string): void {
    if (this.#owners > 0) {
      throw new RangeError(
        `Cannot ${verb} a shared variable: a function in flight owns it; await its result first`,
      );
    }
    this.#alive(verb);
  }

  #alive(verb: string): void {
    if (this.freed) {
      throw new RangeError(
        `Cannot ${verb} a shared variable: its storage was freed`,
      );
    }
  }

  get shape(): readonly number[] {
    this.#alive("read");
    return this.#header.shape;
  }

  get strides(): readonly number[] {
    this.#alive("read");
    return this.#header.strides;
  }

  /** A copy, or with `borrow` a view without copy where the layout is row-major. RangeError: a call in flight owns it. */
  read(borrow: boolean): NDArray {
    this.open("read");
    const header = this.#header;
    if (borrow && this.#borrowed !== null) return this.#borrowed;
    if (borrow && isRowMajor(header.shape, header.strides)) {
      endEpoch();
      return this.#borrowed = guard(header.view());
    }
    return this.#copy();
  }

  #copy(): NDArray {
    const shape = this.shape;
    const copy = new NDArray(
      this.dtype,
      shape,
      resultData(this.dtype, sizeOf(shape)),
    );
    this.#cvm.symbols.cvm_read(this.#address, copy.data);
    return copy;
  }

  /** Replaces the value by a copy of this one. RangeError: a call in flight owns it. */
  write(value: NDArray | Nested | ArrayBufferView | ArrayLike): void {
    this.open("write");
    this.#store(admit(value, this.dtype, this.ndim));
  }

  /**
   * Lays the value out with other strides, no two elements in one place, and
   * so all values of its lengths that are written later; no kernel may run on
   * it meanwhile. RangeError, with the old layout kept: there is no memory.
   */
  arrange(strides: readonly number[]): void {
    const shape = this.shape, before = this.#arranged, value = this.#copy();
    this.#arranged = isRowMajor(shape, strides) ? null : { shape, strides };
    try {
      this.#store(value);
    } catch (error) {
      this.#arranged = before;
      throw error;
    }
  }

  /** A view was borrowed, and the value has not changed since. */
  get borrowed(): boolean {
    return this.#borrowed !== null;
  }

  /** True for a value that lies in the memory of a borrowed view. */
  lends(value: NDArray): boolean {
    return this.#borrowed !== null &&
      raw(this.#borrowed).buffer === value.data.buffer;
  }

  /** Ends views that were borrowed: the value is about to change. */
  detach(): void {
    if (this.#borrowed === null) return;
    raw(this.#borrowed).buffer.transfer(0);
    this.#borrowed = null;
  }

  /** Looks at the lengths, which a write or a program may have changed. */
  noteLayout(): void {
    const lengths = `${this.#header.shape};${this.#header.strides}`;
    if (lengths === this.#lengths) return;
    this.#lengths = lengths;
    this.layout++;
    endEpoch();
  }

  /** Gives the memory back. No VM that uses it may run afterwards. */
  free(): void {
    if (this.freed) return;
    this.open("free");
    this.detach();
    this.#cvm.forget(this);
    this.#cvm.symbols.cvm_storage_free(this.#address, this.#cvm.heap);
    this.freed = true;
    endEpoch();
  }

  #store(value: NDArray): void {
    this.detach();
    const { symbols, heap } = this.#cvm,
      { shape } = value,
      own = this.#arranged;
    const fits = own !== null &&
      shape.every((n, axis) => n === own.shape[axis]);
    const layout = BigInt64Array.from(
      [...shape, ...fits ? own.strides : rowMajor(shape)],
      BigInt,
    );
    if (
      symbols.cvm_storage_write(this.#address, heap, layout, value.flat()) !== 0
    ) {
      throw new RangeError(
        `Cannot write a shared variable: no memory for shape (${value.shape})`,
      );
    }
    this.noteLayout();
  }
}

/** The storage of a shared variable in C memory; it moves there at the first call. */
export function storageOf(shared: SharedVariable, cvm: Cvm): CStorage {
  if (shared.storage instanceof CStorage) return shared.storage;
  const storage = new CStorage(cvm, shared.storage.read(true));
  shared.storage = storage;
  return storage;
}

const RAW: unique symbol = Symbol("data");
type Guarded = NDArray & { readonly [RAW]: NDArray["data"] };

/** The same array, whose data refuses to be read after it was detached. */
function guard(array: NDArray): NDArray {
  const { data } = array;
  return Object.defineProperties(array, {
    [RAW]: { value: data },
    data: {
      get() {
        if (data.buffer.detached) {
          throw new RangeError(
            "Cannot read a borrowed value: its shared variable was written since; call getValue() for a copy",
          );
        }
        return data;
      },
    },
  });
}

function raw(array: NDArray): NDArray["data"] {
  return (array as Guarded)[RAW];
}
