/** The header of special functions is what its sources say. */
import { assertEquals } from "@std/assert";
import {
  SPECIAL_SOURCES,
  specialHeader,
} from "../../src/tools/special_header.ts";

Deno.test("csrc/special_math.h is printed from src/ops/elementwise/special_*.ts", () => {
  const root = new URL("../../", import.meta.url);
  const sources = SPECIAL_SOURCES.map((name) =>
    Deno.readTextFileSync(new URL(name, root))
  );
  const header = Deno.readTextFileSync(new URL("csrc/special_math.h", root));
  assertEquals(specialHeader(sources), header, "run deno task special");
});
