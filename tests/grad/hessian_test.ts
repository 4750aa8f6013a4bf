/** Products with the Hessian. */
import { assertEquals, assertThrows } from "@std/assert";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { hessianVectorProduct } from "../../src/grad/hessian.ts";
import { defineOp, type X } from "../../src/ops/define.ts";
import { mul, sqr } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { dvector } from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";

Deno.test("hessianVectorProduct by one variable and by several", () => {
  const x = dvector("x"), y = dvector("y"), v = dvector("v"), w = dvector("w");
  const doubles = (x: number[]) => array(x, { dtype: "float64" });
  const values = new Map<Variable, NDArray>([
    [x, doubles([1, 2])],
    [y, doubles([3, 4])],
    [v, doubles([1, 10])],
    [w, doubles([0, 1])],
  ]);
  // x²y: the blocks of the Hessian are 2y, 2x and 0.
  const cost = sum(mul(sqr(x), y));
  const one: Variable<1> = hessianVectorProduct(cost, x, v);
  const [a, b] = hessianVectorProduct(cost, [x, y], [v, w]);
  assertEquals(evaluate([one, a, b], values).map((r) => r.toArray()), [
    [6, 80],
    [6, 80 + 4],
    [2, 40],
  ]);
  assertEquals(
    evaluate([hessianVectorProduct(sum(x), x, v)], values)[0]!.toArray(),
    [0, 0],
  );
  assertThrows(
    () => hessianVectorProduct(cost, [x, y], [v]),
    TypeError,
    "2 variables need as many vectors",
  );
});

Deno.test("an op without an R-op is multiplied by going back twice", () => {
  const cube = defineOp<X>({
    name: "cube",
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) => {
      const data = Float64Array.from(x.flat() as Float64Array, (v) => v ** 3);
      return array(data, { shape: x.shape });
    },
    vjp: ({ inputs: [x] }, g) => [mul(g, mul(3, sqr(x)))],
  });
  const wave = defineOp<X>({
    name: "wave",
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) => x,
    vjp: ({ inputs: [x] }, g) => [mul(g, cube(x))],
  });
  const x = dvector("x"), v = dvector("v");
  const product = hessianVectorProduct(sum(wave(x)), x, v);
  const doubles = (x: number[]) => array(x, { dtype: "float64" });
  const values = new Map([[x, doubles([1, 2])], [v, doubles([1, 10])]]);
  assertEquals(evaluate([product], values)[0]!.toArray(), [3, 120]);
});
