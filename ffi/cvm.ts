/** libcvm: its symbols, and what a process opens once: kernels, BLAS, threads and the heap that VMs share. */
import type { Blas } from "./openblas.ts";

const SYMBOLS = {
  cvm_load: {
    parameters: [
      "buffer", // const char *path
      "buffer", // const char *symbol
      "buffer", // char *message
      "i32", // int32_t size
    ],
    result: "usize", // void *; 0 with the reason in message
  },
  cvm_blas: {
    parameters: [
      "buffer", // const char *path
      "buffer", // const char *prefix
      "buffer", // char *message
      "i32", // int32_t size
    ],
    result: "usize", // Blas *; 0 with the reason in message
  },
  cvm_heap_new: {
    parameters: ["f64"], // double limit
    result: "usize", // Pool *
  },
  cvm_heap_free: {
    parameters: ["usize"], // Pool *heap
    result: "void",
  },
  cvm_threads_new: {
    parameters: ["i32"], // int32_t n
    result: "usize", // Threads *
  },
  cvm_threads_free: {
    parameters: ["usize"], // Threads *threads
    result: "void",
  },
  cvm_new: {
    parameters: [
      "buffer", // const int64_t *image
      "buffer", // const void *home
      "usize", // Pool *heap
      "usize", // Threads *threads
      "usize", // const Blas *blas
    ],
    result: "usize", // Vm *; 0 if there is no memory
  },
  cvm_free: {
    parameters: ["usize"], // Vm *vm
    result: "i32", // buffers that were lost: 0
  },
  cvm_run: {
    parameters: [
      "usize", // Vm *vm
      "i32", // int32_t calls
      "usize", // char *room
      "i32", // int32_t at
    ],
    result: "i32", // a status
  },
  cvm_run_async: {
    name: "cvm_run",
    parameters: [
      "usize", // Vm *vm
      "i32", // int32_t calls
      "usize", // char *room
      "i32", // int32_t at
    ],
    result: "i32", // a status
    nonblocking: true,
  },
  cvm_step: {
    parameters: [
      "usize", // Vm *vm
      "i32", // int32_t calls
      "i32", // int32_t fuel
    ],
    result: "i32", // a status
  },
  cvm_release: {
    parameters: ["usize"], // Vm *vm
    result: "void",
  },
  cvm_debug: {
    parameters: [
      "usize", // Vm *vm
      "i32", // int32_t on
    ],
    result: "void",
  },
  cvm_headers: {
    parameters: ["usize"], // Vm *vm
    result: "usize", // Array *
  },
  cvm_state: {
    parameters: ["usize"], // Vm *vm
    result: "usize", // State *
  },
  cvm_lend: {
    parameters: [
      "usize", // Vm *vm
      "i32", // int32_t slot
      "buffer", // void *data
      "f64", // double offset, in bytes
    ],
    result: "void",
  },
  cvm_reserve: {
    parameters: [
      "usize", // Vm *vm
      "i32", // int32_t slot
    ],
    result: "i32", // 0 or DAMO_MEMORY
  },
  cvm_read: {
    parameters: [
      "usize", // const Array *from
      "buffer", // void *to
    ],
    result: "void",
  },
  cvm_write: {
    parameters: [
      "usize", // Array *to
      "buffer", // const void *from
    ],
    result: "void",
  },
  cvm_storage_new: {
    parameters: [
      "i32", // int32_t dtype
      "i32", // int32_t ndim
    ],
    result: "usize", // Array *
  },
  cvm_storage_write: {
    parameters: [
      "usize", // Array *storage
      "usize", // Pool *heap
      "buffer", // const int64_t *layout
      "buffer", // const void *from
    ],
    result: "i32", // 0 or DAMO_MEMORY
  },
  cvm_storage_free: {
    parameters: [
      "usize", // Array *storage
      "usize", // Pool *heap
    ],
    result: "void",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of libcvm. */
export type CvmSymbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** What cvm_run returns besides 0 and the codes of csrc/kernel.h; csrc/cvm.h says what each means. */
export const STATUS = {
  DONE: 0,
  HOST: -1,
  STOPPED: -2,
  INTERRUPTED: -3,
  CRASHED: -4,
} as const;

/** The codes of a kernel that refuses, in the order of csrc/kernel.h. */
export const KERNEL_CODES = [
  "OK",
  "INDEX",
  "MEMORY",
  "SHAPE",
  "ASSERT",
  "GUARD",
  "LINALG",
  "VALUE",
] as const;

/** Why a kernel refused. */
export type KernelCode = typeof KERNEL_CODES[number];

/** What a process chooses once. */
export interface CvmOptions {
  /** The BLAS that kernels call, set to one thread: libcvm splits kernels itself. */
  readonly blas?: Pick<Blas, "path" | "prefix"> | null;
  /** Bytes of free buffers that are kept for later calls; 1 GiB unless given. */
  readonly keep?: number;
}

/** libcvm, opened. */
export class Cvm {
  readonly symbols: CvmSymbols;
  /** The heap of storages and large buffers. */
  readonly heap: bigint;
  /** The table of BLAS functions, 0 where there is none. */
  readonly blas: bigint;
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #threads = new Map<number, bigint>();
  readonly #registry = new FinalizationRegistry<() => void>((free) => {
    if (!this.#closed) free();
  });
  #closed = false;

  /** Opens the library at `path`. Error: it or BLAS cannot be opened. */
  constructor(
    path: string,
    { blas = null, keep = 2 ** 30 }: CvmOptions = {},
  ) {
    this.#library = Deno.dlopen(path, SYMBOLS);
    this.symbols = this.#library.symbols;
    this.heap = this.symbols.cvm_heap_new(keep);
    this.blas = blas === null ? 0n : found(
      `open BLAS ${blas.path}`,
      (message) =>
        this.symbols.cvm_blas(
          text(blas.path),
          text(blas.prefix),
          message,
          message.length,
        ),
    );
  }

  /** The address of a symbol of the library at `path`, which stays open. Error: there is none. */
  load(path: string, symbol: string): bigint {
    return found(
      `load ${symbol} from ${path}`,
      (message) =>
        this.symbols.cvm_load(
          text(path),
          text(symbol),
          message,
          message.length,
        ),
    );
  }

  /** Threads that split a range n ways; 0 for n = 1. */
  threads(n: number): bigint {
    if (n <= 1) return 0n;
    let threads = this.#threads.get(n);
    if (threads === undefined) {
      threads = this.symbols.cvm_threads_new(n);
      this.#threads.set(n, threads);
    }
    return threads;
  }

  /** Calls `free` when `owner` is collected, unless it was forgotten before. `free` must not refer to `owner`. */
  watch(owner: object, free: () => void): void {
    this.#registry.register(owner, free, owner);
  }

  /** `owner` has been freed. */
  forget(owner: object): void {
    this.#registry.unregister(owner);
  }

  /** Ends the threads and closes the library. Every VM and storage must have been freed. */
  close(): void {
    this.#closed = true;
    for (const threads of this.#threads.values()) {
      this.symbols.cvm_threads_free(threads);
    }
    this.symbols.cvm_heap_free(this.heap);
    this.#library.close();
  }
}

function text(s: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(s + "\0");
}

function found(
  what: string,
  look: (message: Uint8Array<ArrayBuffer>) => bigint,
): bigint {
  const message = new Uint8Array(512), address = look(message);
  if (address === 0n) {
    throw new Error(
      `Cannot ${what}: ${
        new TextDecoder().decode(message.subarray(0, message.indexOf(0)))
      }`,
    );
  }
  return address;
}
