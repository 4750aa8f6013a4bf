/** Random graphs of real ops under every linker, with and without rewriting, in several layouts and lengths, with updates from call to call. */
import { assert, assertEquals } from "@std/assert";
import "../../src/ops/methods.ts";
import type { NDArray } from "../../src/graph/ndarray.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import {
  asResult,
  asTheyAre,
  type Engine,
  listOf,
} from "../../src/run/compiled.ts";
import { compileAll, VmEngine } from "../../src/run/engine.ts";
import { DebugMode, Mode } from "../../src/run/mode.ts";
import { interpret } from "../../src/run/reference.ts";
import { runtime } from "../../src/run/runtime.ts";
import { storageOf } from "../../src/run/storage.ts";
import { type Expected, expectedOf } from "../lower/oracle.ts";
import {
  anyStrides,
  type RandomGraph,
  randomGraph,
  rng,
} from "../lower/random.ts";
import { scattered } from "../ops/values.ts";

const GRAPHS = 240;
/** How often each call runs the program. */
const TIMES = [1, 3, 1, 2];
/** Every so many graphs run under DebugMode too. */
const DEBUGGED = 5;
/** Every so many graphs find their shared variables laid out in some other way. */
const LAID = 2;
/** Every so many graphs run as one C function too, which compiles all kernels of each program anew. */
const LINKED = 5;

const LINKERS = ["cvm", "cvm_nogc"] as const;

/** What a call gave, as texts that are equal for equal bits: results (or why there are none), and shared variables behind it. */
type Outcome = readonly string[];

/** A graph, the values of its calls, and engines that shall agree. */
interface Subject {
  readonly seed: number;
  readonly made: RandomGraph;
  readonly calls: readonly (readonly NDArray[])[];
  readonly start: readonly NDArray[];
  readonly optimizer: Mode["optimizer"];
  readonly engines: readonly (readonly [name: string, VmEngine])[];
}

function subject(seed: number): Subject {
  const made = randomGraph(seed), random = rng(seed + 7), machine = runtime()!;
  const lay = (x: NDArray, k: number) => k % 2 && x.ndim > 0 ? scattered(x) : x;
  const engine = (mode: Mode) =>
    new VmEngine(optimize(made.graph, mode).graph, mode, machine);
  const optimizer = seed % 2 ? "fast_run" : "none";
  for (const s of seed % LAID ? [] : made.shared) {
    const strides = anyStrides(random, s.storage.shape);
    if (strides) storageOf(s, machine.cvm).arrange(strides);
  }
  return {
    seed,
    made,
    optimizer,
    // The lengths of the second call are often new, and so is the layout.
    calls: Array.from(
      { length: TIMES.length },
      (_, k) => made.inputs(random).map((x) => lay(x, k)),
    ),
    start: made.shared.map((s) => s.getValue()),
    engines: [
      ...LINKERS.map((linker) =>
        [linker, engine(new Mode({ linker, optimizer }))] as const
      ),
      ...seed % DEBUGGED
        ? []
        : [["DebugMode", engine(new DebugMode({ optimizer }))] as const],
      ...seed % LINKED
        ? []
        : [["c", engine(new Mode({ linker: "c", optimizer }))] as const],
    ],
  };
}

/** All calls one after the other, from the same shared values. */
function outcomes(
  { made, calls, start }: Subject,
  engine: Pick<Engine, "call">,
): Outcome[] {
  made.shared.forEach((s, i) => s.setValue(start[i]!));
  return calls.map((values, k) => {
    const results = () => listOf(engine.call(values, TIMES[k]!)).map(textOf);
    return [
      ...orRefusal(results),
      ...made.shared.map((s) => textOf(s.getValue())),
    ];
  });
}

const REFUSED = "RangeError";

function orRefusal(run: () => string[]): string[] {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RangeError) || isHost(error)) throw error;
    return [REFUSED];
  }
}

/** Linker c takes no graph with an op that only TypeScript can evaluate. */
function isHost(error: unknown): boolean {
  return /^Cannot compile for linker c: (check|assert) /.test(
    (error as Error).message,
  );
}

function textOf(x: NDArray | number): string {
  return typeof x === "number"
    ? `${x}`
    : `${x.dtype} (${x.shape}) ${x.flat().join()}`;
}

/** The evaluator; of a loop it computes what programs of the optimizer compute. */
function oracle(
  { graph, shared }: RandomGraph,
  optimizer: Mode["optimizer"],
): Pick<Engine, "call"> {
  const extent = optimizer === "none" ? "all outputs" : "needed outputs";
  return {
    call(values, times) {
      let outputs: Expected["outputs"] = [];
      for (let n = 0; n < times; n++) {
        const given = new Map(shared.map((s) => [s, s.getValue()]));
        const expected = expectedOf(graph, asTheyAre(values), given, extent);
        graph.updates.forEach(([s], i) =>
          s.setValue(expected.updates[i]!.copy())
        );
        outputs = expected.outputs;
      }
      return outputs.map(asResult);
    },
  };
}

/** What is wrong with the outcomes; null for nothing. */
function problem(
  found: readonly Outcome[],
  expected: readonly Outcome[],
): string | null {
  for (let k = 0; k < found.length; k++) {
    const texts = found[k]!, wanted = expected[k]!;
    const i = texts.findIndex((t, i) => t !== wanted[i]);
    if (i >= 0) {
      return `call ${k}, value ${i}: ${texts[i]} instead of ${wanted[i]}`;
    }
  }
  return null;
}

/** The calls before the first that is refused: the interpreter computes every output of a scan, and may refuse one that nothing needs. */
function untilRefused(outcomes: readonly Outcome[]): readonly Outcome[] {
  const end = outcomes.findIndex(([first]) => first === REFUSED);
  return end < 0 ? outcomes : outcomes.slice(0, end);
}

Deno.test("random graphs give the same under every linker, optimizer, layout and length", () => {
  const subjects = Array.from({ length: GRAPHS }, (_, i) => subject(i + 1));
  compileAll(
    subjects.flatMap(({ engines, calls }) =>
      // Programs with and without FREE call the same kernels.
      engines.filter(([name]) => name !== "cvm_nogc")
        .map(([, engine]) => [engine, calls] as const)
    ),
    runtime()!,
  );
  const wrong: string[] = [];
  let refused = 0, linked = 0;
  for (const s of subjects) {
    const expected = outcomes(s, oracle(s.made, s.optimizer));
    refused += expected.filter(([first]) => first === REFUSED).length;
    const compare = (
      name: string,
      engine: Engine,
      counts: (all: readonly Outcome[]) => readonly Outcome[] = (all) => all,
    ) => {
      try {
        const found = problem(counts(outcomes(s, engine)), expected);
        if (name === "c") linked++;
        if (found) wrong.push(`seed ${s.seed}, ${name}, ${found}`);
      } catch (error) {
        if (name === "c" && isHost(error)) return engine.free();
        const [line] = (error as Error).message.split("\n");
        wrong.push(`seed ${s.seed}, ${name}: ${line}`);
      }
      engine.free();
    };
    compare("reference", interpret(s.made.graph), untilRefused);
    for (const [name, engine] of s.engines) compare(name, engine);
  }
  assertEquals(wrong, []);
  assert(linked > GRAPHS / LINKED / 3, `${linked} graphs ran as C functions`);
  // Enough refuse to test that. What only a length is wanted of is not computed, and refuses nothing.
  assert(
    refused > GRAPHS / 10 && refused < GRAPHS * TIMES.length / 2,
    `${refused} calls were refused`,
  );
});
