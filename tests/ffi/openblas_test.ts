/** The search for a BLAS. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { findBlas, isOldCore } from "../../ffi/openblas.ts";
import { MissingLibraryError, openLibrary } from "../../ffi/library.ts";
import { readSystemFile } from "../../ffi/libc.ts";

const blas = findBlas();

Deno.test({
  name:
    "an OpenBLAS that is found runs one thread, on kernels as wide as the processor",
  ignore: blas === null,
  fn() {
    assertEquals(blas!.threads, 1);
    assert(blas!.config.includes("OpenBLAS") || blas!.config === "");
    const named = Deno.env.get("OPENBLAS_CORETYPE");
    if (named === undefined) assert(!isOldCore(blas!.core), blas!.core);
    assertEquals(Deno.env.get("OPENBLAS_CORETYPE"), named);
    assertEquals(findBlas(), blas);
    assertEquals(findBlas(blas!.path)!.core, blas!.core);
  },
});

Deno.test("none means none", () => assertEquals(findBlas("none"), null));

Deno.test("a named BLAS that is none is refused with the reason", () => {
  assertThrows(
    () => findBlas("/no/such/lib.so"),
    MissingLibraryError,
    "Cannot use the BLAS /no/such/lib.so: cannot open",
  );
  if (Deno.build.os === "linux") {
    assertThrows(
      () => findBlas("libc.so.6"),
      MissingLibraryError,
      "it has no cblas_sgemm",
    );
  }
});

Deno.test("a library is found among candidates; otherwise all are named", () => {
  const symbols = { abs: { parameters: ["i32"], result: "i32" } } as const;
  const remedy = "install one";
  if (Deno.build.os === "linux") {
    const found = openLibrary({
      name: "C",
      candidates: ["libnope.so", "libc.so.6"],
      symbols,
      remedy,
    });
    assertEquals([found.path, found.symbols.abs(-3)], ["libc.so.6", 3]);
  }
  const { message } = assertThrows(
    () =>
      openLibrary({
        name: "C",
        candidates: ["libnope.so", "/nope.so"],
        symbols,
        remedy,
      }),
    MissingLibraryError,
    "Cannot load C: tried libnope.so (",
  );
  assert(message.includes("/nope.so (") && message.endsWith("; install one"));
});

Deno.test("files of the system are read where Deno may not", () => {
  assertEquals(readSystemFile("/no/such/file"), "");
  if (Deno.build.os === "linux") {
    assert(readSystemFile("/proc/cpuinfo").includes("processor"));
  }
});
