/** Random graphs of real ops under every linker, with and without rewriting, in several layouts and lengths, with updates from call to call. */
import { assert, assertEquals } from "@std/assert";
import "../../src/ops/methods.ts";
import type { NDArray } from "../../src/graph/ndarray.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import type { Engine } from "../../src/run/compiled.ts";
import { compileAll, VmEngine } from "../../src/run/engine.ts";
import { DebugMode, Mode, type ModeOptions } from "../../src/run/mode.ts";
import { interpret } from "../../src/run/reference.ts";
import { runtime } from "../../src/run/runtime.ts";
import { type RandomGraph, randomGraph, rng } from "../lower/random.ts";
import { scattered } from "../ops/values.ts";

const GRAPHS = 120;
const CALLS = 5;
/** Every so many graphs run under DebugMode too. */
const DEBUGGED = 4;

const LINKERS = ["cvm", "cvm_nogc"] as const;

/** What a call gave: results and shared variables behind it. */
interface Outcome {
  readonly outputs: readonly (NDArray | number)[] | string;
  readonly shared: readonly NDArray[];
}

/** A graph, the values of its calls, and engines that shall agree. */
interface Subject {
  readonly seed: number;
  readonly made: RandomGraph;
  readonly calls: readonly (readonly NDArray[])[];
  readonly start: readonly NDArray[];
  readonly engines: readonly (readonly [name: string, VmEngine])[];
}

function subject(seed: number): Subject {
  const made = randomGraph(seed), random = rng(seed + 7), machine = runtime()!;
  const lay = (x: NDArray, k: number) => k % 2 && x.ndim > 0 ? scattered(x) : x;
  const engine = (mode: Mode) =>
    new VmEngine(optimize(made.graph, mode).graph, mode, machine);
  const modes = (["fast_run", "none"] as const).flatMap((optimizer) =>
    LINKERS.map((linker): ModeOptions => ({ linker, optimizer }))
  );
  return {
    seed,
    made,
    // The lengths of the second call are often new, and so is the layout.
    calls: Array.from({ length: CALLS }, (_, k) => made.inputs(random).map((x) => lay(x, k))),
    start: made.shared.map((s) => s.getValue()),
    engines: [
      ...modes.map((m) => [`${m.linker} ${m.optimizer}`, engine(new Mode(m))] as const),
      ...seed % DEBUGGED ? [] : [["DebugMode", engine(new DebugMode())] as const],
    ],
  };
}

/** All calls one after the other, from the same shared values. */
function outcomes({ made, calls, start }: Subject, engine: Engine): Outcome[] {
  made.shared.forEach((s, i) => s.setValue(start[i]!));
  return calls.map((values) => {
    let outputs: Outcome["outputs"];
    try {
      outputs = engine.call(values, 1);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      outputs = "RangeError";
    }
    return { outputs, shared: made.shared.map((s) => s.getValue()) };
  });
}

/** A text that is equal for equal bits, but for the sign of zero. */
function textOf(x: NDArray | number): string {
  return typeof x === "number"
    ? `${x}`
    : `${x.dtype} (${x.shape}) ${Array.from(x.flat(), (v) => `${v}`)}`;
}

function textsOf({ outputs, shared }: Outcome): string[] {
  return [
    ...typeof outputs === "string" ? [outputs] : outputs.map(textOf),
    ...shared.map(textOf),
  ];
}

Deno.test("random graphs give the same under every linker, optimizer, layout and length", () => {
  const subjects = Array.from({ length: GRAPHS }, (_, i) => subject(i + 1));
  compileAll(subjects.flatMap(({ engines, calls }) =>
    engines.map(([, engine]) => [engine, calls] as const)
  ), runtime()!);
  let failed = 0;
  const wrong: string[] = [];
  for (const s of subjects) {
    const expected = outcomes(s, interpret(s.made.graph)).map(textsOf);
    failed += expected.filter(([first]) => first === "RangeError").length;
    for (const [name, engine] of s.engines) {
      try {
        const found = outcomes(s, engine).map(textsOf);
        const k = found.findIndex((texts, k) => texts.join("\n") !== expected[k]!.join("\n"));
        if (k >= 0) {
          const i = found[k]!.findIndex((t, i) => t !== expected[k]![i]);
          wrong.push(`seed ${s.seed}, ${name}, call ${k}, value ${i}: ${found[k]![i]} instead of ${expected[k]![i]}`);
        }
      } catch (error) {
        wrong.push(`seed ${s.seed}, ${name}: ${(error as Error).message.split("\n")[0]}`);
      }
      engine.free();
    }
  }
  assertEquals(wrong, []);
  assert(failed > GRAPHS / 10 && failed < GRAPHS * CALLS / 2, `${failed} calls failed`);
});
