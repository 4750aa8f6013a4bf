/** Tables: what stands where, and that no line is too long. */
import { assert, assertEquals } from "@std/assert";
import { renderTable } from "../../src/tools/table.ts";

const ROWS = [
  ["net", "cvm", "trust"],
  ["logistic/1", "1.25 M", "2 M"],
  ["mlp/60", "98.1 k", "101 k"],
];

Deno.test("names stand left, numbers right", () => {
  assertEquals(renderTable(ROWS, { width: 80, header: true }), [
    "net            cvm  trust",
    "─────────────────────────",
    "logistic/1  1.25 M    2 M",
    "mlp/60      98.1 k  101 k",
  ]);
});

Deno.test("a table that is too wide is split and repeats its names", () => {
  assertEquals(renderTable(ROWS, { width: 18 }), [
    "net            cvm",
    "logistic/1  1.25 M",
    "mlp/60      98.1 k",
    "",
    "net         trust",
    "logistic/1    2 M",
    "mlp/60      101 k",
  ]);
});

Deno.test("a long name wraps, and its numbers stand beside the last line", () => {
  const rows = [["memory after 10^6 calls minus after 10^5", "0.25", "MiB"]];
  assertEquals(renderTable(rows, { width: 40 }), [
    "memory after 10^6 calls minus",
    "after 10^5                     0.25  MiB",
  ]);
});

Deno.test("no line is longer than the terminal, from 20 columns on", () => {
  const rows = [
    ["a name of many words that goes on and on", "12.5", "13.5", "examples/s"],
    ["unbreakable".repeat(6), "1", "2", "s"],
    [],
  ];
  for (let width = 20; width < 120; width++) {
    for (const line of renderTable(rows, { width, header: true })) {
      assert(line.length <= width, `${width}: ${line}`);
    }
  }
});
