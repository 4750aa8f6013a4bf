/** The two sides of libcvm name the same things in the same order. */
import { assertEquals } from "@std/assert";
import { CVM_SOURCES } from "../../ffi/csrc.ts";
import { KERNEL_CODES, STATUS } from "../../ffi/cvm.ts";
import { DTYPES } from "../../src/graph/dtype.ts";
import { BUILTINS, OPCODES } from "../../src/lower/program.ts";

const text = (file: string): string =>
  CVM_SOURCES[file]!.replace(/\/\*[\s\S]*?\*\//g, "");

/** The words of the braces that follow `before`. */
function words(file: string, before: RegExp): string[] {
  const [, inside] = new RegExp(before.source + "\\s*\\{([^}]*)\\}").exec(
    text(file),
  )!;
  return inside!.split(",").map((w) => w.trim()).filter((w) => w !== "");
}

Deno.test("OPCODES are those of cvm_opcodes.h", () => {
  const names = [...text("cvm_opcodes.h").matchAll(/^OP\((\w+)\)/gm)].map((m) =>
    m[1]
  );
  assertEquals(names, [...OPCODES]);
});

Deno.test("BUILTINS are those of builtin.c", () => {
  assertEquals(
    words("builtin.c", /const Kernel builtins\[\] =/),
    BUILTINS.map((name) => `${name}_kernel`),
  );
});

Deno.test("dtype codes and sizes are those of kernel.h and cvm.h", () => {
  const names = words("kernel.h", /\benum/);
  const sizes = words("cvm.h", /DTYPE_SIZES\[\] =/).map(Number);
  const rows = Object.entries(DTYPES);
  assertEquals(names, rows.map(([name]) => `DAMO_${name.toUpperCase()}`));
  assertEquals(rows.map(([, { code }]) => code), names.map((_, i) => i));
  assertEquals(rows.map(([, { size }]) => size), sizes);
});

Deno.test("error codes are those of kernel.h", () => {
  const codes = [...text("kernel.h").matchAll(/DAMO_(\w+) = (\d+)/g)].map((
    m,
  ) => [m[1], Number(m[2])]);
  assertEquals(codes, KERNEL_CODES.map((name, i) => [name, i]));
});

Deno.test("statuses are those of cvm.h", () => {
  const codes = [...text("cvm.h").matchAll(/CVM_(\w+) = (-?\d+)/g)].map((
    m,
  ) => [m[1], Number(m[2])]);
  assertEquals(codes, Object.entries(STATUS));
});
