/** libcvm and BLAS, opened once a process, at the first function that needs them. */
import { Cvm } from "../../ffi/cvm.ts";
import { CVM_OPTIONS, CVM_SOURCES } from "../../ffi/csrc.ts";
import { findBlas } from "../../ffi/openblas.ts";
import type { Located } from "../build/cache.ts";
import { openKernels, openLibrary } from "../build/open.ts";
import { MissingCompilerError } from "../build/toolchain.ts";
import { config } from "../graph/config.ts";
import type { Kernel } from "../lower/program.ts";

export { MissingLibraryError } from "../../ffi/library.ts";

/** The machine that programs run on. */
export interface Runtime {
  readonly cvm: Cvm;
  /** The address of a kernel, which is compiled if it is in no cache. */
  readonly kernel: (kernel: Kernel) => bigint;
  /** Compiles those that are in no cache, together. */
  readonly prepare: (kernels: readonly Kernel[]) => void;
}

let opened: Runtime | null | undefined;

/** The runtime, or null where there is no C compiler and nothing compiled: one line has said so. */
export function runtime(): Runtime | null {
  if (opened === undefined) {
    try {
      opened = open();
    } catch (error) {
      if (!(error instanceof MissingCompilerError)) throw error;
      console.warn(
        `${error.message}; until then functions are interpreted in TypeScript, slowly`,
      );
      opened = null;
    }
  }
  return opened;
}

function open(): Runtime {
  const blas = findBlas(config.blas);
  const cvm = openLibrary("cvm", CVM_SOURCES, {
    ...CVM_OPTIONS,
    open: (path) => new Cvm(path, { blas }),
  });
  const addresses = new Map<string, bigint>();
  const load = ({ path, symbol }: Located) => cvm.load(path, symbol);
  const prepare = (kernels: readonly Kernel[]) => {
    const unknown = new Map(
      kernels.filter((k) => !addresses.has(k.text)).map((k) => [k.text, k]),
    );
    const found = openKernels([...unknown.values()], load);
    [...unknown.keys()].forEach((text, i) => addresses.set(text, found[i]!));
  };
  const kernel = (k: Kernel) => {
    if (!addresses.has(k.text)) prepare([k]);
    return addresses.get(k.text)!;
  };
  return { cvm, kernel, prepare };
}
