/** Special functions as compiled: as accurate as promised. */
import { assert } from "@std/assert";
import { worstOf } from "../../src/tools/accuracy.ts";
import { knownValues } from "../../src/tools/special_values.ts";

for (const [name, known] of Object.entries(knownValues())) {
  Deno.test(`${name}, compiled, keeps its promise`, () => {
    for (const dtype of ["float64", "float32"] as const) {
      const { part, ulp, x } = worstOf(name, known, dtype);
      assert(part <= 1, `${dtype} ${name}(${x}) is off by ${ulp} ulp`);
    }
  });
}
