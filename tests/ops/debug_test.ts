/** print and assert: values that pass through. */
import { assert as ok, assertEquals, assertThrows } from "@std/assert";
import { array } from "../../src/graph/ndarray.ts";
import { grad } from "../../src/grad/grad.ts";
import { assert, print } from "../../src/ops/debug.ts";
import { mul } from "../../src/ops/elementwise/elemwise.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { dvector } from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";

const x = dvector("x"), values = new Map([[x, array(Float64Array.of(1, 2))]]);

Deno.test("print writes the value and returns it", () => {
  const { log } = console, lines: string[] = [];
  console.log = (line: string) => lines.push(line);
  try {
    assertEquals(
      evaluate([print(x, { message: "now" }), print(x)], values).map((v) =>
        v.toArray()
      ),
      [[1, 2], [1, 2]],
    );
  } finally {
    console.log = log;
  }
  assertEquals(lines, ["now float64 (2,) [1, 2]", "x float64 (2,) [1, 2]"]);
  ok(print.op.ordered);
});

Deno.test("assert returns the value, or throws its message", () => {
  assertEquals(
    evaluate([assert(x, gt(x, 0), "x must be positive")], values)[0]!.toArray(),
    [1, 2],
  );
  assertThrows(
    () => evaluate([assert(x, gt(x, 1), "x must exceed 1")], values),
    RangeError,
    "Cannot pass an assertion: x must exceed 1",
  );
});

Deno.test("gradients pass through", () => {
  const y = assert(x, gt(x, 0));
  assertEquals(evaluate([grad(sum(mul(y, y)), x)], values)[0]!.toArray(), [
    2,
    4,
  ]);
});
