/** Random loops, compiled and rewritten, equal their unrolled twins: values, tangents, and derivatives up to the third. */
import { assert, assertEquals } from "@std/assert";
import "../../src/ops/methods.ts";
import type { NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { hessianVectorProduct } from "../../src/grad/hessian.ts";
import { Rop } from "../../src/grad/rop.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { listOf } from "../../src/run/compiled.ts";
import { compileAll, VmEngine } from "../../src/run/engine.ts";
import { Mode } from "../../src/run/mode.ts";
import { runtime } from "../../src/run/runtime.ts";
import { probesOf, randomLoops, type Twins } from "../nested/random_loops.ts";

const SEEDS = 40, TOLERANCE = 1e-10;
/** Every so many programs are differentiated three times. */
const THIRD = 4;

/** All that is compared of one of the twins, as outputs of one function. */
function derived(
  twins: Twins,
  outputs: readonly Variable[],
  thrice: boolean,
): readonly Variable[] {
  const { inputs } = twins,
    { cost, directions, along } = probesOf(twins, outputs);
  const options = { disconnectedInputs: "ignore" } as const;
  const first = grad(cost, inputs, options);
  const second = hessianVectorProduct(
    cost,
    inputs,
    directions,
    options,
  );
  const third = thrice ? grad(along(second), inputs, options) : [];
  return [
    ...outputs,
    ...Rop(outputs, inputs, directions),
    ...first,
    ...second,
    ...third,
  ];
}

Deno.test("compiled random loops equal their unrolled twins", () => {
  const machine = runtime()!, mode = new Mode({ linker: "cvm" });
  const all = Array.from({ length: SEEDS }, (_, seed) => {
    const twins = randomLoops(1000 + seed), { inputs } = twins;
    const outputs = derived(twins, twins.loops, seed % THIRD === 0);
    const graph = { inputs, outputs, updates: [] };
    const engine = new VmEngine(optimize(graph, mode).graph, mode, machine);
    return { seed: 1000 + seed, twins, engine };
  });
  compileAll(
    all.map(({ engine, twins }) => [engine, [twins.values]] as const),
    machine,
  );
  for (const { seed, twins, engine } of all) {
    const { inputs, values, unrolled } = twins;
    const found = listOf(engine.call(values, 1));
    const given = new Map(inputs.map((x, i) => [x, values[i]!]));
    evaluate(derived(twins, unrolled, seed % THIRD === 0), given).forEach(
      (y, i) => {
        const x = found[i]!;
        if (typeof x !== "number") assertEquals(x.shape, y.shape);
        const d = gap(typeof x === "number" ? [x] : x.flat(), y);
        assert(d < TOLERANCE, `seed ${seed}: value ${i} differs by ${d}`);
      },
    );
    engine.free();
  }
});

/** The largest difference, relative where values are large. */
function gap(x: ArrayLike<number | bigint>, y: NDArray): number {
  return [...y.flat()].reduce<number>((worst, v, i) => {
    const d = Math.abs(Number(x[i]) - Number(v)) / (1 + Math.abs(Number(v)));
    return Math.max(worst, Number.isNaN(d) ? Infinity : d);
  }, 0);
}
