/** What loops hold in memory when they are run and differentiated. */
import { assert, assertEquals } from "@std/assert";
import "../../src/ops/methods.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { scanCheckpoints } from "../../src/nested/checkpoints.ts";
import { scan } from "../../src/nested/scan.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { dot } from "../../src/ops/products/dot.ts";
import { add, tanh } from "../../src/ops/elementwise/elemwise.ts";
import { dmatrix, dvector } from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { listOf } from "../../src/run/compiled.ts";
import { VmEngine } from "../../src/run/engine.ts";
import { Mode } from "../../src/run/mode.ts";
import { runtime } from "../../src/run/runtime.ts";
import { weights } from "../nested/random_loops.ts";

const STEPS = 625, WIDTH = 8;

/** Rows of WIDTH numbers that the temporaries of a call hold, which all stay when nothing is freed; and its results. */
function held(h: Variable, inputs: readonly Variable[]): [number, number[]] {
  const mode = new Mode({ linker: "cvm_nogc" });
  const outputs = grad(sum(at(h, -1)) as Variable<0>, inputs.slice(1));
  const { graph } = optimize({ inputs, outputs, updates: [] }, mode);
  const engine = new VmEngine(graph, mode, runtime()!);
  const values = [[STEPS, WIDTH], [WIDTH], [WIDTH, WIDTH]]
    .map((shape, i) => weights(shape, i));
  const found = listOf(engine.call(values, 1));
  const { program, vm } = engine.current!;
  const elements = program.slots.reduce(
    (n, { kind }, i) => kind === "temporary" ? n + vm.slots.read(i).size : n,
    0,
  );
  engine.free();
  return [
    elements / WIDTH,
    found.flatMap((y) =>
      typeof y === "number" ? [y] : [...y.flat()].map(Number)
    ),
  ];
}

Deno.test("a gradient by checkpoints holds the states of few steps", () => {
  const x = dmatrix("x"), h0 = dvector("h0"), U = dmatrix("U");
  const step = (x: Variable, h: Variable, U: Variable) =>
    tanh(add(x, dot(h, U)));
  const loop = { sequences: x, outputsInfo: h0, nonSequences: U };
  const inputs = [x, h0, U];
  const [all] = scan(step, loop);
  const [some] = scanCheckpoints(step, {
    ...loop,
    saveEvery: 25,
    padding: false,
  });
  const [most, wanted] = held(all, inputs);
  const [few, found] = held(some, inputs);
  found.forEach((y, i) =>
    assert(Math.abs(y - wanted[i]!) < 1e-12 * (1 + Math.abs(wanted[i]!)))
  );
  assertEquals(found.length, wanted.length);
  assert(most > 2 * STEPS, `${most} rows in the whole loop`);
  // States and cotangents of 25 blocks, of 25 steps, and the sums of the weights' gradient.
  assert(few < 10 * 25, `${few} rows with checkpoints`);
});
