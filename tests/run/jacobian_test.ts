/** Whole Jacobians as compiled: rows that do not depend on each other are one product, and no loop. */
import { assert, assertEquals } from "@std/assert";
import "../../src/ops/methods.ts";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { hessian, jacobian } from "../../src/nested/jacobian.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { pow, sqr, tanh } from "../../src/ops/elementwise/elemwise.ts";
import { dmatrix, dvector } from "../../src/ops/inputs.ts";
import { dot } from "../../src/ops/products/dot.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { VmEngine } from "../../src/run/engine.ts";
import { Mode } from "../../src/run/mode.ts";
import { runtime } from "../../src/run/runtime.ts";

const x = dvector("x"), W = dmatrix("W"), wx = dot(W, x) as Variable<1>;
const VALUES = new Map<Variable, NDArray>([
  [x, array([0.1, -0.2, 0.3], { dtype: "float64" })],
  [W, array([[1, 2, 3], [4, 5, 6]], { dtype: "float64" })],
]);

const DERIVATIVES: Record<string, readonly [Variable, readonly Variable[]]> = {
  "the Jacobian of x²": [jacobian(sqr(x) as Variable<1>, x), [x]],
  "the Jacobian of a layer": [jacobian(tanh(wx) as Variable<1>, x), [x, W]],
  "the Hessian of a layer": [
    hessian(sum(pow(tanh(wx), 3)) as Variable<0>, x),
    [x, W],
  ],
};

for (const [name, [y, inputs]] of Object.entries(DERIVATIVES)) {
  Deno.test({
    name: `${name} runs no loop`,
    ignore: runtime() === null,
    fn() {
      const mode = new Mode();
      const { graph } = optimize({ inputs, outputs: [y], updates: [] }, mode);
      const engine = new VmEngine(graph, mode, runtime()!);
      const found = engine.call(inputs.map((v) => VALUES.get(v)!), 1);
      assertEquals(engine.current!.program.loops.length, 0);
      const expected = evaluate([y], VALUES)[0]!.flat();
      assertEquals((found as NDArray).shape[1], 3);
      (found as NDArray).flat().forEach((z, i) =>
        assert(Math.abs(Number(z) - Number(expected[i]!)) < 1e-12)
      );
      engine.free();
    },
  });
}
