/** Random loops equal their unrolled twins: values, gradients, tangents, second derivatives. */
import { assert, assertEquals } from "@std/assert";
import type { NDArray } from "../../src/graph/ndarray.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { hessianVectorProduct } from "../../src/grad/hessian.ts";
import { Rop } from "../../src/grad/rop.ts";
import { constant } from "../../src/ops/constructors.ts";
import { add, mul } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { randomLoops, type Twins, weights } from "./random_loops.ts";

/** Everything that is compared, of one of the twins; third derivatives only where asked for. */
function derived(
  { inputs, values }: Twins,
  outputs: readonly Variable[],
  third: boolean,
): { readonly [what: string]: readonly Variable[] } {
  const given = new Map(inputs.map((x, i) => [x, values[i]!]));
  const shapes = evaluate(outputs, given).map((y) => y.shape);
  const cost = outputs
    .map((y, i): Variable =>
      sum(mul(mul(y, y), new Constant(weights(shapes[i]!, i))))
    )
    .reduce((a, b) => add(a, b), constant(0, { dtype: "float64" }));
  const directions = values.map((x, i) =>
    new Constant(weights(x.shape, 9 + i))
  );
  const options = { disconnectedInputs: "ignore" } as const;
  const slopes = (y: Variable) => grad(y as Variable<0>, inputs, options);
  const along = (gs: readonly Variable[]) =>
    gs.map((g, i): Variable => sum(mul(g, directions[i]!)))
      .reduce((a, b) => add(a, b));
  const gradients = slopes(cost), products = slopes(along(gradients));
  return {
    values: outputs,
    gradients,
    tangents: Rop(outputs, inputs, directions),
    "Hessian-vector products": products,
    "Hessian-vector products, forwards": hessianVectorProduct(
      cost as Variable<0>,
      inputs,
      directions,
      options,
    ),
    "third derivatives": third ? slopes(along(products)) : [],
  };
}

/** The largest difference, relative where values are large. */
function gap(a: NDArray, b: NDArray): number {
  assertEquals(a.shape, b.shape);
  const y = b.flat();
  return [...a.flat()].reduce<number>((worst, v, i) => {
    const d = Math.abs(Number(v) - Number(y[i])) / (1 + Math.abs(Number(y[i])));
    return Math.max(worst, Number.isNaN(d) ? Infinity : d);
  }, 0);
}

function compare(seed: number): void {
  const twins = randomLoops(seed), third = seed % 10 === 0;
  const given = new Map(twins.inputs.map((x, i) => [x, twins.values[i]!]));
  const found = derived(twins, twins.loops, third);
  const wanted = derived(twins, twins.unrolled, third);
  for (const [what, list] of Object.entries(found)) {
    const values = evaluate(list, given);
    evaluate(wanted[what]!, given).forEach((y, i) => {
      const d = gap(values[i]!, y);
      assert(d < 1e-10, `seed ${seed}: ${what} ${i} differs by ${d}`);
    });
  }
}

for (let block = 0; block < 8; block++) {
  Deno.test(`random loops equal their unrolled twins (${block})`, () => {
    for (let seed = 50 * block; seed < 50 * (block + 1); seed++) compare(seed);
  });
}
