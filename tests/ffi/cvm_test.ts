/** What libcvm opens: kernels and BLAS, threads, a heap with a limit. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { CVM_OPTIONS, CVM_SOURCES } from "../../ffi/csrc.ts";
import { Cvm } from "../../ffi/cvm.ts";
import { findBlas } from "../../ffi/openblas.ts";
import { buildLibrary, compileKernels } from "../../src/build/cache.ts";
import { array } from "../../src/graph/ndarray.ts";
import { CStorage } from "../../src/run/storage.ts";

const library = () => buildLibrary("cvm", CVM_SOURCES, CVM_OPTIONS);

Deno.test("load: what is not there is an error that says why", () => {
  const cvm = new Cvm(library());
  assertThrows(
    () => cvm.load("/nowhere.so", "f"),
    Error,
    "Cannot load f from /nowhere.so: ",
  );
  assertThrows(
    () => cvm.load(library(), "no_such_symbol"),
    Error,
    "it has no such symbol",
  );
  assert(cvm.load(library(), "cvm_run") !== 0n);
  cvm.close();
});

Deno.test("load: a library that flushes denormals when it is opened does not change JavaScript", () => {
  const cvm = new Cvm(library());
  const path = buildLibrary("flush", {
    "flush.c": "float f(float x) { return x; }\n",
  }, { flags: ["-ffast-math"] });
  cvm.load(path, "f");
  assertEquals([5e-324].map((x) => x * 2)[0], 1e-323);
  cvm.close();
});

Deno.test("BLAS: kernels find its functions in their context", () => {
  const blas = findBlas();
  if (blas === null) return;
  const cvm = new Cvm(library(), { blas });
  const [k] = compileKernels([{
    name: "gemm",
    text:
      `int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {
  (void)lo, (void)hi;
  if (!ctx->blas || !ctx->blas->sgemm) return DAMO_ASSERT;
  ctx->blas->sgemm(101, 111, 111, 2, 2, 2, 1, args[0]->data, 2, args[0]->data, 2, 0, args[1]->data, 2);
  return 0;
}
`,
    headers: ["kernel.h"],
  }]);
  // Two slots, one thunk, CALL and HALT: the image as csrc/image.c reads it.
  const slot = (home: number) => [0, 10, 2, home, -1, 2, 2, 2, 1];
  const address = cvm.load(k!.path, k!.symbol);
  const words = [
    2,
    2,
    0,
    1,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    0,
    128,
    2,
    0,
    ...slot(0),
    ...slot(64),
    address,
    2,
    0,
    1,
    -1,
    1,
    -1,
    -1,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const contents = new Uint8Array(128);
  new Float32Array(contents.buffer).set([1, 2, 3, 4]);
  const vm = cvm.symbols.cvm_new(
    BigInt64Array.from(words, BigInt),
    contents,
    cvm.heap,
    0n,
    cvm.blas,
  );
  assertEquals(cvm.symbols.cvm_run(vm, 1, 0n, 0), 0);
  const result = new Float32Array(4);
  cvm.symbols.cvm_read(cvm.symbols.cvm_headers(vm) + 160n, result);
  assertEquals([...result], [7, 10, 15, 22]);
  assertEquals(cvm.symbols.cvm_free(vm), 0);
  cvm.close();
  assertThrows(
    () => new Cvm(library(), { blas: { path: blas.path, prefix: "no_" } }),
    Error,
    "it has no no_cblas_sgemm",
  );
});

Deno.test("threads are made once for each number; one thread is none", () => {
  const cvm = new Cvm(library());
  assertEquals(cvm.threads(1), 0n);
  const two = cvm.threads(2);
  assert(two !== 0n);
  assertEquals(cvm.threads(2), two);
  cvm.close();
});

Deno.test("a heap that keeps nothing serves like one that keeps all", () => {
  for (const keep of [0, 2 ** 30]) {
    const cvm = new Cvm(library(), { keep });
    const value = array(new Float32Array(1 << 20)),
      first = new CStorage(cvm, value);
    const { data } = first.read(true);
    data[0] = 1;
    first.free();
    const second = new CStorage(cvm, value);
    assertEquals(second.read(false).data[0], 0);
    second.free();
    cvm.close();
  }
});
