/** Random loops equal their unrolled twins: values, gradients, tangents, second derivatives. */
import { assert, assertEquals } from "@std/assert";
import type { NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { hessianVectorProduct } from "../../src/grad/hessian.ts";
import { Rop } from "../../src/grad/rop.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { probesOf, randomLoops, type Twins } from "./random_loops.ts";

/** Everything that is compared, of one of the twins; third derivatives only where asked for. */
function derived(
  twins: Twins,
  outputs: readonly Variable[],
  third: boolean,
): { readonly [what: string]: readonly Variable[] } {
  const { inputs } = twins,
    { cost, directions, along } = probesOf(twins, outputs);
  const options = { disconnectedInputs: "ignore" } as const;
  const slopes = (y: Variable<0>) => grad(y, inputs, options);
  const gradients = slopes(cost), products = slopes(along(gradients));
  return {
    values: outputs,
    gradients,
    tangents: Rop(outputs, inputs, directions),
    "Hessian-vector products": products,
    "Hessian-vector products, forwards": hessianVectorProduct(
      cost,
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
