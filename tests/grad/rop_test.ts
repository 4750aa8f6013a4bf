/** Forward mode: values, missing rules, and agreement with reverse mode. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { Lop, MissingRuleError } from "../../src/grad/grad.ts";
import { Rop } from "../../src/grad/rop.ts";
import { defineOp, type X } from "../../src/ops/define.ts";
import { dot } from "../../src/ops/products/dot.ts";
import { mul, sigmoid, sqr } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { dmatrix, dvector } from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";

const doubles = (x: readonly (number | readonly number[])[]) =>
  array(x, { dtype: "float64" });

Deno.test("Rop multiplies with the Jacobian from the right", () => {
  const x = dvector("x"), v = dvector("v");
  const y: Variable<1> = Rop(sqr(x) as Variable<1>, x, v);
  assertEquals(
    evaluate([y], new Map([[x, doubles([1, 2])], [v, doubles([1, 10])]]))[0]!
      .toArray(),
    [2, 40],
  );
});

Deno.test("Rop of several results by several variables; what no tangent reaches is zero", () => {
  const x = dvector("x"), w = dvector("w"), other = dvector("other");
  const found = Rop([mul(x, w), sqr(other)], [x, w], [[1, 1], [2, 3]]);
  const values = evaluate(
    found,
    new Map([[x, doubles([1, 2])], [w, doubles([3, 4])], [
      other,
      doubles([1]),
    ]]),
  );
  assertEquals(values.map((v) => v.toArray()), [[3 + 2, 4 + 6], [0]]);
  assertThrows(
    () => Rop(x, [x, w], [[1]]),
    TypeError,
    "2 variables need as many evalPoints",
  );
});

Deno.test("an op without an R-op is named", () => {
  const opaque = defineOp<X>({
    name: "opaque",
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) => x,
    vjp: (_, g) => [g],
  });
  const x = dvector("x");
  assertThrows(
    () => Rop(opaque(x), x, x),
    MissingRuleError,
    "Cannot apply Rop to opaque",
  );
});

Deno.test("u · (J v) is (u · J) · v", () => {
  const w = dmatrix("w"), x = dvector("x"), u = dvector("u"), v = dvector("v");
  const y = sigmoid(dot(w, sqr(x)));
  const forward = sum(mul(u, Rop(y, x, v))),
    reverse = sum(mul(Lop(y, x, u), v));
  const [a, b] = evaluate(
    [forward, reverse],
    new Map<Variable, NDArray>([
      [w, doubles([[0.1, -0.2], [0.3, 0.4]])],
      [x, doubles([1, 2])],
      [u, doubles([3, -1])],
      [v, doubles([0.5, 2])],
    ]),
  );
  assertAlmostEquals(a!.item(), b!.item(), 1e-12);
});
