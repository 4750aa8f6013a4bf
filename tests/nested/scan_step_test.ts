/** How a loop's step sees what it is given. */
import { assertEquals } from "@std/assert";
import { array } from "../../src/graph/ndarray.ts";
import { grad } from "../../src/grad/grad.ts";
import { scan } from "../../src/nested/scan.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { arange } from "../../src/ops/arange.ts";
import { mul, sqr } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { dvector } from "../../src/ops/inputs.ts";
import { shapeAt } from "../../src/ops/shape/shape.ts";
import type { Variable } from "../../src/graph/variable.ts";

Deno.test("a step may differentiate one non-sequence by another: a Jacobian, row by row", () => {
  const x = dvector("x"), y = mul(2, sqr(x));
  const [jacobian] = scan(
    (i, y, x) => grad(at(y!, i!) as Variable<0>, x!),
    {
      sequences: arange(shapeAt(y, 0)),
      nonSequences: [y, x],
      strict: true,
    },
  );
  const value = array([1, 2, 3], { dtype: "float64" });
  assertEquals(
    evaluate([jacobian as Variable], new Map([[x, value]]))[0]!.toArray(),
    [[4, 0, 0], [0, 8, 0], [0, 0, 12]],
  );
});
