/** The C text of libcvm, which travels with the library wherever it is imported from. */
import builtinC from "../csrc/builtin.c" with { type: "text" };
import crashC from "../csrc/crash.c" with { type: "text" };
import cvmC from "../csrc/cvm.c" with { type: "text" };
import cvmH from "../csrc/cvm.h" with { type: "text" };
import imageC from "../csrc/image.c" with { type: "text" };
import kernelH from "../csrc/kernel.h" with { type: "text" };
import lapackH from "../csrc/lapack.h" with { type: "text" };
import loadC from "../csrc/load.c" with { type: "text" };
import opcodesH from "../csrc/cvm_opcodes.h" with { type: "text" };
import platformH from "../csrc/platform.h" with { type: "text" };
import poolC from "../csrc/pool.c" with { type: "text" };
import stepsH from "../csrc/steps.h" with { type: "text" };
import threadsC from "../csrc/threads.c" with { type: "text" };

/** Every file of libcvm, by name. */
export const CVM_SOURCES: Readonly<Record<string, string>> = {
  "builtin.c": builtinC,
  "crash.c": crashC,
  "cvm.c": cvmC,
  "cvm.h": cvmH,
  "cvm_opcodes.h": opcodesH,
  "image.c": imageC,
  "kernel.h": kernelH,
  "lapack.h": lapackH,
  "load.c": loadC,
  "platform.h": platformH,
  "pool.c": poolC,
  "steps.h": stepsH,
  "threads.c": threadsC,
};

/** How libcvm is compiled, in two halves of about the same work: what every instruction passes through, and the rest. */
export const CVM_OPTIONS: {
  readonly units: readonly {
    readonly files: readonly string[];
    readonly flags: readonly string[];
  }[];
  readonly flags: readonly string[];
} = {
  units: [
    { files: ["cvm.c", "pool.c"], flags: ["-O2", "-fno-tree-vectorize"] },
    {
      files: ["builtin.c", "crash.c", "image.c", "load.c", "threads.c"],
      flags: ["-Og"],
    },
  ],
  // For dladdr.
  flags: ["-D_GNU_SOURCE", "-pthread", "-ldl"],
};
