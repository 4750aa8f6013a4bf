/** Loops compiled: the examples worked out by hand, and random loops with their derivatives, under every linker. */
import { assert, assertEquals } from "@std/assert";
import * as damo from "damo";
import { Constant } from "../../src/graph/variable.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { EXAMPLES, valueOf } from "../nested/examples.ts";
import { randomLoops, weights } from "../nested/random_loops.ts";
import { LINKERS } from "./linkers.ts";

type Loose = (...values: unknown[]) => (damo.NDArray | number)[];

function compiled(
  inputs: readonly damo.Variable[],
  outputs: readonly damo.Variable[],
  options: damo.FunctionOptions,
): Loose & { free(): void } {
  return damo.function([...inputs], [...outputs], {
    ...options,
    onUnusedInput: "ignore",
  }) as unknown as Loose & { free(): void };
}

for (const linker of LINKERS) {
  for (const [name, make] of Object.entries(EXAMPLES)) {
    Deno.test(`${linker}: ${name}`, () => {
      const { inputs, outputs, updates = new Map(), calls } = make();
      const f = compiled(inputs, outputs, { mode: linker, updates });
      for (const [given, wanted] of calls) {
        const found = f(...inputs.map((v, i) => valueOf(v, given[i]!)));
        assertEquals(
          found.map((y) => typeof y === "number" ? y : y.toArray()),
          [...wanted],
        );
      }
      f.free();
    });
  }
}

/** A few seeds that between them have every kind of tap, ends by `until`, last rows and loops inside. */
for (const seed of [0, 3, 5, 8, 11, 14, 21, 34]) {
  Deno.test(`random loops with derivatives, compiled (${seed})`, () => {
    const { inputs, values, loops } = randomLoops(seed);
    const cost = loops
      .map((y): damo.Variable => y.sqr().sum())
      .reduce((a, b) => a.add(b)) as damo.Variable<0>;
    const options = { disconnectedInputs: "ignore" } as const;
    const directions = values.map((x, i) => new Constant(weights(x.shape, i)));
    const outputs: damo.Variable[] = [
      ...loops,
      ...damo.grad(cost, inputs, options) as damo.Variable[],
      ...damo.Rop(loops, inputs, directions),
      ...damo.hessianVectorProduct(cost, inputs, directions, options),
    ];
    const wanted = evaluate(
      outputs,
      new Map(inputs.map((x, i) => [x, values[i]!])),
    );
    for (const linker of LINKERS.slice(1)) {
      const f = compiled(inputs, outputs, { mode: linker });
      f(...values).forEach((y, i) => {
        const want = wanted[i]!.flat();
        const got = typeof y === "number" ? [y] : y.flat();
        assertEquals(got.length, want.length);
        got.forEach((x, k) => {
          const gap = Math.abs(Number(x) - Number(want[k]));
          assert(
            gap <= 1e-10 * (1 + Math.abs(Number(want[k]))),
            `${linker}: output ${i} differs by ${gap}`,
          );
        });
      });
      f.free();
    }
  });
}
