/** A process that compiles `count` kernels, calls them, and prints what it found: run by cache_test.ts. */
import { compileKernels, describeStatistics } from "../../src/build/cache.ts";
import type { Kernel } from "../../src/lower/program.ts";

/** A kernel that returns lo * i + hi. */
export function sampleKernel(
  i: number,
  body = "return (int)(KERNEL_by * lo + hi);",
): Kernel {
  return {
    name: `sample${i}`,
    headers: ["kernel.h"],
    text: `enum { KERNEL_by = ${i} };

int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  ${body}
}`,
  };
}

/** Calls a kernel without arguments. */
export function call(
  path: string,
  symbol: string,
  lo: number,
  hi: number,
): number {
  const { symbols } = Deno.dlopen(path, {
    kernel: {
      name: symbol,
      parameters: ["pointer", "pointer", "i64", "i64"],
      result: "i32",
    },
  });
  return symbols.kernel(null, null, BigInt(lo), BigInt(hi));
}

if (import.meta.main) {
  const count = Number(Deno.args[0]);
  const kernels = Array.from({ length: count }, (_, i) => sampleKernel(i));
  const values = compileKernels(kernels)
    .map(({ path, symbol }) => call(path, symbol, 10, 1));
  console.log(values.join());
  console.log(describeStatistics());
}
