/** The slots of a program in use, as values: read, written, and looked into. */
import type { Cvm } from "../../ffi/cvm.ts";
import { NDArray, rowMajor, sizeOf } from "../graph/ndarray.ts";
import type { Program } from "../lower/program.ts";
import { Header, HEADER_BYTES, memory } from "./header.ts";
import { resultData } from "./result.ts";
import type { CStorage } from "./storage.ts";

/** The slots of the VM behind a handle. */
export class Slots {
  /** One for each slot; a shared slot's is that of its storage. */
  readonly headers: readonly Header[];
  readonly #program: Program;
  readonly #cvm: Cvm;
  readonly #handle: bigint;

  /** `storages` are those of `program.shared`, in order. */
  constructor(
    program: Program,
    cvm: Cvm,
    handle: bigint,
    storages: readonly CStorage[],
  ) {
    this.#program = program;
    this.#cvm = cvm;
    this.#handle = handle;
    const base = cvm.symbols.cvm_headers(handle),
      within = memory(base, program.slots.length * HEADER_BYTES);
    const shared = new Map(
      program.shared.map(([, slot], i) => [slot, storages[i]!]),
    );
    this.headers = program.slots.map(({ dtype, shape }, i) => {
      const storage = shared.get(i), at = i * HEADER_BYTES;
      return storage
        ? new Header(storage.address, dtype, shape.length)
        : new Header(base + BigInt(at), dtype, shape.length, within, at);
    });
  }

  /** The value of a slot that is set, row-major, in memory of its own. */
  read(slot: number): NDArray {
    const { address, dtype, shape } = this.headers[slot]!,
      data = resultData(dtype, sizeOf(shape));
    this.#cvm.symbols.cvm_read(address, data);
    return new NDArray(dtype, shape, data);
  }

  /** Where the elements of a slot lie: addresses from the lowest byte to behind the highest; equal if there are none. */
  where(slot: number): readonly [from: bigint, to: bigint] {
    return this.headers[slot]!.bytes;
  }

  /** Calls `use` with views of slots, without copy; they are detached when it returns. */
  borrow<T>(
    slots: readonly number[],
    use: (values: readonly NDArray[]) => T,
  ): T {
    const views = slots.map((slot) => this.headers[slot]!.view()),
      buffers = views.map((v) => v.data.buffer);
    try {
      return use(views);
    } finally {
      for (const buffer of buffers) buffer.transfer(0);
    }
  }

  /** Writes a slot as a kernel would. TypeError: another dtype or rank. RangeError: other lengths, or no memory. */
  write(slot: number, value: NDArray): void {
    const { dtype, shape: known, kind } = this.#program.slots[slot]!,
      header = this.headers[slot]!;
    if (value.dtype !== dtype || value.ndim !== known.length) {
      throw new TypeError(
        `Cannot write a value: expected ${dtype} of ${known.length} axes, got ${value.dtype} of ${value.ndim}`,
      );
    }
    const shape = kind === "temporary" ? known : header.shape;
    if (shape.some((n, axis) => n !== null && n !== value.shape[axis])) {
      throw new RangeError(
        `Cannot write a value: expected shape (${
          shape.map((n) => n ?? "?")
        }), got (${value.shape})`,
      );
    }
    if (shape.includes(null)) {
      header.layOut(value.shape, rowMajor(value.shape));
      if (this.#cvm.symbols.cvm_reserve(this.#handle, slot) !== 0) {
        throw new RangeError(
          `Cannot write a value: no memory for shape (${value.shape})`,
        );
      }
    }
    this.#cvm.symbols.cvm_write(header.address, value.flat());
  }
}
