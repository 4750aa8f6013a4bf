/**
 * Reads files of /proc and /sys through the C library: Deno opens them only
 * where every permission is granted, and a warm start has none to run.
 */

const SYMBOLS = {
  fopen: {
    parameters: [
      "buffer", // const char *path
      "buffer", // const char *mode
    ],
    result: "pointer", // FILE *, NULL if it cannot be opened
  },
  fread: {
    parameters: [
      "buffer", // void *to
      "usize", //  size of an item
      "usize", //  items
      "pointer", // FILE *from
    ],
    result: "usize", // items read
  },
  fclose: { parameters: ["pointer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

let libc: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] | undefined;

/** The first 16 KiB of a file of the Linux kernel; "" where it is absent, and on other systems. */
export function readSystemFile(path: string): string {
  if (Deno.build.os !== "linux") return "";
  libc ??= Deno.dlopen("libc.so.6", SYMBOLS).symbols;
  const bytes = new TextEncoder();
  const file = libc.fopen(bytes.encode(`${path}\0`), bytes.encode("r\0"));
  if (file === null) return "";
  const content = new Uint8Array(16384);
  const length = libc.fread(content, 1n, BigInt(content.length), file);
  libc.fclose(file);
  return new TextDecoder().decode(content.subarray(0, Number(length)));
}
