/** What a step of a loop does besides its kernels: nothing. It stays in C, no buffer is taken, and rows that are kept are written where they stay. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import "../../src/ops/methods.ts";
import { function as compile } from "../../src/compile.ts";
import type { NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import type { Program } from "../../src/lower/program.ts";
import { scan } from "../../src/nested/scan.ts";
import { until } from "../../src/nested/step.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  add,
  mul,
  sqr,
  sub,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { gt, lt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { titleOf } from "../../src/ops/elementwise/fused.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import { dmatrix, dvector, lscalar } from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { VmEngine } from "../../src/run/engine.ts";
import { Mode } from "../../src/run/mode.ts";
import { runtime } from "../../src/run/runtime.ts";
import { weights } from "../nested/random_loops.ts";

const x = dmatrix("x"), h0 = dvector("h0"), U = dmatrix("U");
const INPUTS = [x, h0, U] as const;

/** The states of a network over x. */
function network(): Variable {
  return scan((x, h) => tanh(add(x, dot(h, U))), {
    sequences: x,
    outputsInfo: h0,
  })[0];
}

const slopes = () => grad(sum(sqr(network())) as Variable<0>, [U, h0]);

const PROGRAMS: { readonly [name: string]: () => readonly Variable[] } = {
  "kept states": () => [network()],
  "last states": () => [at(network(), -1)],
  "gradients": slopes,
  "gradients of gradients": () =>
    grad(sum(sqr(slopes()[0]!)) as Variable<0>, [U, h0]),
  "taps, two states and an extra": () =>
    scan(
      (a, b, p, q) => [tanh(add(add(a, b), p)), mul(add(q, p), 0.5), sqr(p)],
      {
        sequences: { input: x, taps: [-1, 0] },
        outputsInfo: [h0, h0, null],
      },
    )[0] as unknown as Variable[],
  "choices": () => [
    scan(
      (x, h) => ifelse(gt(sum(x), 0), tanh(add(h, x)), dot(sub(h, x), U)),
      { sequences: x, outputsInfo: h0 },
    )[0],
  ],
  "loops in loops": () => [
    scan((x, h) => {
      const [inner] = scan((u, s) => tanh(add(mul(s, u), x)), {
        sequences: U,
        outputsInfo: h,
      });
      return at(inner, -1);
    }, { sequences: x, outputsInfo: h0 })[0],
  ],
};

function values(n: number) {
  return [[n, 4], [4], [4, 4]].map((shape, i) => weights(shape, i + 1));
}

/** An engine for outputs, and their graph. */
function engineOf(
  outputs: readonly Variable[],
  options: ConstructorParameters<typeof Mode>[0],
): VmEngine {
  const mode = new Mode(options);
  const graph = { inputs: [...INPUTS], outputs, updates: [] };
  return new VmEngine(optimize(graph, mode).graph, mode, runtime()!);
}

/** Buffers that a call for `n` steps takes. */
function taken(engine: VmEngine, n: number): number {
  const given = values(n);
  engine.call(given, 1);
  const before = engine.current!.vm.taken;
  engine.call(given, 1);
  return engine.current!.vm.taken - before;
}

for (const [name, make] of Object.entries(PROGRAMS)) {
  Deno.test(`a step takes no buffer: ${name}`, () => {
    for (const linker of ["cvm", "cvm_nogc", "c"] as const) {
      const engine = engineOf(make(), { linker });
      // Axes that took three lengths are symbolic from then on: one program for all.
      for (const n of [2, 3, 4]) engine.call(values(n), 1);
      const [few, many] = [8, 64].map((n) => taken(engine, n));
      const { code } = engine.current!.program;
      assertEquals(code.filter(([op]) => op === "HOST"), []);
      assertEquals([linker, many], [linker, few]);
      if (linker === "cvm_nogc") assertEquals(few, 0);
      engine.free();
    }
  });
}

Deno.test("a loop that may end early takes buffers as often as its stacks double", () => {
  const [h] = scan((x, h) => {
    const next = tanh(add(x, h));
    return [next, until(lt(sum(next), -1e9))];
  }, { sequences: x, outputsInfo: h0 }) as unknown as [Variable];
  const engine = engineOf([h].flat(), { linker: "cvm" });
  for (const n of [2, 3, 4]) engine.call(values(n), 1);
  // One row, then 2, 4, … up to the 4,097 that there are.
  assert(taken(engine, 4096) <= 13);
  engine.free();
});

/** The names of what runs in each loop. */
function bodies({ code, thunks }: Program): string[][] {
  const found: string[][] = [], open: string[][] = [];
  for (const [op, a] of code) {
    if (op === "ENTER") open.push([]);
    else if (op === "STEP") found.push(open.pop()!);
    else if (op.startsWith("CALL")) {
      const { run, node } = thunks[a]!;
      const name = run.kind === "builtin" ? run.name : titleOf(node!);
      open.at(-1)?.push(name);
    }
  }
  return found;
}

Deno.test("kept states are written straight into the rows of their output", () => {
  for (const linker of ["cvm", "cvm_nogc"] as const) {
    const engine = engineOf([network()], { linker });
    engine.call(values(5), 1);
    const { program, vm } = engine.current!;
    // One kernel for the product and tanh writes the row.
    assertEquals(bodies(program), [["dotAdd+tanh"]]);
    const [loop] = program.loops, [output] = program.outputs;
    const row = loop!.cursors.find((c) => c.write)!;
    const producer = program.thunks.find((t) => t.outputs.includes(row.slot))!;
    assertEquals(producer.run.kind, "compiled");
    // The output is a look into the stack that the rows lie in: nothing moves behind the loop.
    assertEquals(program.slots[output!]!.kind, "look");
    const [from, to] = vm.slots.where(row.base),
      [first] = vm.slots.where(output!);
    assert(from <= first && first < to);
    engine.free();
  }
});

Deno.test("a state of which the last value is wanted lies in two rows, whatever the number of steps", () => {
  const engine = engineOf([at(network(), -1)], { linker: "cvm_nogc" });
  for (const n of [3, 50]) {
    engine.call(values(n), 1);
    const { program, vm } = engine.current!, [loop] = program.loops;
    const state = loop!.cursors.filter((c) => c.ring);
    assertEquals(state.map((c) => [c.ring, c.write]), [[2, false], [2, true]]);
    assertEquals(vm.slots.read(state[0]!.base).shape, [2, 4]);
  }
  engine.free();
});

Deno.test("what is the same in each step is computed once, at the first step, and never where no step runs", () => {
  const i = lscalar("i");
  const [h] = scan((x, h) => tanh(add(add(x, h), dot(at(U, i), U))), {
    sequences: x,
    outputsInfo: h0,
  });
  for (const linker of ["cvm", "cvm_nogc", "c"] as const) {
    const f = compile([...INPUTS, i], h, { mode: linker });
    const call = (n: number, i: number) => {
      const [x, h0, U] = values(n);
      return (f as (...v: unknown[]) => NDArray)(x, h0, U, i);
    };
    assertEquals(call(0, 99).shape, [0, 4]);
    assertThrows(() => call(1, 99), RangeError);
    assertEquals(call(3, 1).shape, [3, 4]);
    f.free();
  }
  const engine = engineOf([
    scan((x, h) => tanh(add(mul(x, h), dot(h0, tanh(U)))), {
      sequences: x,
      outputsInfo: h0,
    })[0],
  ], { linker: "cvm" });
  engine.call(values(5), 1);
  const [body] = bodies(engine.current!.program);
  assertEquals(body!.filter((name) => /dot/i.test(name)), []);
  engine.free();
});

Deno.test("a state that is an output too, and equal states, are computed once and copied once", () => {
  const [[a, b]] = scan((x, p, q) => {
    const next = tanh(add(x, p));
    return [next, add(q, next)];
  }, { sequences: x, outputsInfo: [h0, h0] }) as unknown as [Variable[]];
  const engine = engineOf([a!, b!], { linker: "cvm" });
  engine.call(values(5), 1);
  const [body] = bodies(engine.current!.program);
  assertEquals(body!.filter((name) => name === "copy"), []);
  engine.free();
});
