/** SHA-256 against node:crypto. */
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { sha256 } from "../../src/build/sha256.ts";

Deno.test("the digest is that of node:crypto, at every length of the padding", () => {
  for (const length of [...Array(200).keys(), 1000, 70000]) {
    const text = Array.from(
      { length },
      (_, i) => String.fromCharCode(32 + 7 * i % 300),
    ).join("");
    assertEquals(sha256(text), createHash("sha256").update(text).digest("hex"));
  }
});
