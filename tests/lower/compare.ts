/** Compares programs of random graphs, run by the strict machine, with what the graphs mean. */
import type { FunctionGraph } from "../../src/graph/function_graph.ts";
import { isRowMajor, type NDArray } from "../../src/graph/ndarray.ts";
import type { Apply, SharedVariable } from "../../src/graph/variable.ts";
import { mayFail } from "../../src/graph/variable.ts";
import type {
  Extent,
  Layout,
  Plan,
} from "../../src/lower/emit/implementation.ts";
import { lower } from "../../src/lower/lower.ts";
import type { Program } from "../../src/lower/program.ts";
import {
  type History,
  type Laid,
  missed,
  noHistory,
  observe,
  sharedOf,
  type Signature,
} from "../../src/lower/signature.ts";
import { FIXED_TARGET } from "../../src/lower/target.ts";
import { Broken, equal, Failure, Machine, Missed } from "./machine.ts";
import { type Expected, expectedOf } from "./oracle.ts";
import { anyStrides, randomGraph, rng } from "./random.ts";

/** A way to lower. */
export interface LowerMode {
  readonly gc: boolean;
  readonly inplace: boolean;
  /** Lengths are known when a program is made. */
  readonly known: boolean;
  /** Bytes of intermediates that are not freed. */
  readonly kept: number;
}

/** The ways that tests lower. */
export const MODES: readonly LowerMode[] = [
  { gc: true, inplace: true, known: true, kept: 0 },
  { gc: true, inplace: true, known: false, kept: 0 },
  { gc: false, inplace: true, known: true, kept: 0 },
  { gc: true, inplace: false, known: false, kept: 0 },
  { gc: true, inplace: true, known: true, kept: 16 },
];

/** One kernel for each op, whose text says which extents it expects; none for ops in `hosts`. */
export function fakeImplement(hosts: ReadonlySet<Apply>) {
  return (node: Apply, layouts: readonly Layout[]): Plan | null => {
    if (hosts.has(node)) return null;
    const extents: Extent[] = layouts.flatMap((l, arg) =>
      l.shape.length
        ? [
          l.shape.reduce<number | null>(
            (n, d) => n === null || d === null ? null : n * d,
            1,
          ) ??
            { arg, from: 0, to: l.shape.length },
        ]
        : []
    );
    const kernel = {
      name: node.op.name,
      text: JSON.stringify(extents),
      headers: [],
    };
    const risky = mayFail(node),
      check = { kernel, extents, splits: false, outputs: [], mayFail: true };
    const checked = risky && node.op.name === "increment";
    return {
      checks: checked ? [check] : [],
      steps: [{ kernel, extents, splits: false, mayFail: risky && !checked }],
    };
  };
}

/** What was in the programs so far: a test that sees none of something tests nothing. */
export const stats = {
  calls: 0,
  stopped: 0,
  failed: 0,
  loops: 0,
  blocks: 0,
  inplace: 0,
  swaps: 0,
  updates: 0,
  hosts: 0,
  laid: 0,
  laidInplace: 0,
  laidSwaps: 0,
  guards: 0,
  dynamic: 0,
};

/** A machine, unless lowering refuses the lengths. */
function made(make: () => Machine): Machine | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** `lower`; lengths that are sure not to fit are a failure of the call. */
function lowered(...args: Parameters<typeof lower>): Program {
  try {
    return lower(...args);
  } catch (error) {
    throw error instanceof RangeError ? new Failure(error.message) : error;
  }
}

/** How a random graph is tried. */
export interface TryOptions {
  /** Stops in a call. */
  readonly points?: number;
  readonly size?: number;
  /** Breaks the program, to see that it is noticed. */
  readonly change?: (program: Program) => Program;
}

/** Calls a random graph several times, with stops at sampled pcs, and compares with the oracle. */
export function tryGraph(
  seed: number,
  mode: LowerMode,
  { points = 4, size = 1, change = (p) => p }: TryOptions = {},
): void {
  const { graph, shared, hosts, inputs } = randomGraph(seed, { size }),
    random = rng(seed + 7);
  const order = sharedOf(graph),
    lies = order.map((s) => {
      const { shape } = s.storage;
      return { shape, strides: anyStrides(random, shape) };
    }),
    values = new Map<SharedVariable, NDArray>(
      shared.map((s) => [s, s.getValue()]),
    );
  // A storage lies otherwise only where its value has the lengths that this was chosen for.
  const laid = (s: SharedVariable, i: number): Laid => {
    const value = values.get(s)!, { shape, strides } = lies[i]!;
    return strides === null || shape.join() !== value.shape.join()
      ? value
      : { dtype: value.dtype, shape, strides };
  };
  let history: History = noHistory(graph);
  for (let n = 0; n < 3; n++) {
    const given = inputs(random);
    const machine = (): Machine => {
      const arrays = [...given, ...order.map(laid)];
      const [next, signature] = observe(history, arrays, given.length);
      history = next;
      stats.laid += signature.shared.filter((a) => a.strides !== null).length;
      const program = lowered(
        graph,
        mode.known ? signature : opened(signature),
        { ...mode, implement: fakeImplement(hosts) },
        FIXED_TARGET,
      );
      return new Machine(
        change(program),
        program.shared.map(([s]) => values.get(s)!),
      );
    };
    const expect = (): Expected | null => {
      try {
        return expectedOf(graph, given, values);
      } catch (error) {
        if (error instanceof RangeError) return null;
        throw error;
      }
    };
    const call = (m: Machine, stopAt?: number): Machine => {
      stats.calls++;
      const expected = expect();
      try {
        const outputs = m.run({
          inputs: given,
          stopAt,
          paused: () => stats.hosts++,
        });
        if (!expected) {
          throw new Broken("the oracle failed, the program did not");
        }
        compare(m, { outputs, expected, graph, values });
        return m;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (error instanceof Missed) {
          history = missed(
            history,
            m.program.guards.find((g) =>
              g.node === error.node && g.which === error.which
            )!,
            error.length,
          );
          return call(machine(), stopAt);
        }
        stats.failed++;
        if (stopAt === undefined && expected) {
          throw new Broken(`it failed, the oracle did not: ${error.message}`);
        }
        m.program.shared.forEach(([s], i) =>
          equal(m.shared()[i]!, values.get(s)!) ||
          raise(`a failed call changed ${s}`)
        );
        return m;
      }
    };
    const first = made(machine);
    if (!first) {
      if (expect()) raise("it was refused, and the oracle computes it");
      continue;
    }
    const before = new Map(values),
      used = call(first),
      { code, thunks, loops } = used.program;
    stats.loops += loops.length;
    stats.blocks += code.filter(([op]) => op === "RET").length;
    stats.inplace += thunks.filter((t) => t.inplace >= 0).length;
    stats.swaps += code.filter(([op]) => op === "SWAP").length;
    const isLaid = (slot: number) => {
      const { kind, shape, strides } = used.program.slots[slot]!;
      return kind === "shared" && !shape.includes(null) &&
        !isRowMajor(shape as number[], strides as number[]);
    };
    stats.laidInplace += thunks.filter((t) =>
      t.inplace >= 0 && isLaid(t.inputs[t.inplace]!)
    ).length;
    stats.laidSwaps += code.filter(([op, a]) => op === "SWAP" && isLaid(a))
      .length;
    stats.updates += used.program.notes.filter((n) =>
      n.endsWith("in place")
    ).length;
    stats.guards += used.program.guards.length;
    stats.dynamic +=
      thunks.filter((t) => t.run.kind === "builtin" && t.run.name === "reserve")
        .length;
    const length = used.executed,
      every = Math.max(1, Math.floor(length / points));
    if (n > 1) continue;
    // The same workspace is stopped at some pcs; a stop behind the first write lets the call go on.
    before.forEach((v, s) => values.set(s, v));
    let again = made(machine);
    for (let k = random(every); again && k < length; k += every) {
      stats.stopped++;
      again = call(again, k);
      const now = again.shared(),
        kept = again.program.shared.every(([s], i) =>
          equal(now[i]!, values.get(s)!)
        );
      if (!kept || again.program.resizes) again = made(machine);
    }
  }
}

function opened(signature: Signature): Signature {
  const open = <T extends { readonly shape: readonly (number | null)[] }>(
    a: T,
  ): T => ({
    ...a,
    shape: a.shape.map((n, axis) =>
      a.shape.length === 2 && axis === 0 ? null : n
    ),
  });
  return {
    ...signature,
    inputs: signature.inputs.map(open),
    shared: signature.shared.map(open),
  };
}

interface Outcome {
  readonly outputs: readonly NDArray[];
  readonly expected: Expected;
  readonly graph: ReturnType<typeof randomGraph>["graph"];
  readonly values: Map<SharedVariable, NDArray>;
}

function compare(
  m: Machine,
  { outputs, expected, graph, values }: Outcome,
): void {
  outputs.forEach((y, i) =>
    equal(y, expected.outputs[i]!) ||
    raise(`output ${i} is ${y}, not ${expected.outputs[i]}`)
  );
  graph.updates.forEach(([s], i) => values.set(s, expected.updates[i]!.copy()));
  m.program.shared.forEach(([s], i) =>
    equal(m.shared()[i]!, values.get(s)!) ||
    raise(`${s} is ${m.shared()[i]}, not ${values.get(s)}`)
  );
  const lowered = new Set(
    [...m.program.thunks, ...m.program.loops].map((t) => t.node),
  );
  for (const node of new Set([...m.counts.keys(), ...expected.counts.keys()])) {
    const ran = m.counts.get(node) ?? 0,
      want = expected.counts.get(node) ?? 0;
    // What is known while lowering is not in the program: lengths, and what constants decide.
    const isKnown = ran === 0 && !lowered.has(node);
    const isOurs = want === 0 && !isOf(graph, node);
    if (ran !== want && !isKnown && !isOurs) {
      raise(`${node.op.name} ran ${ran} times, not ${want}`);
    }
  }
}

const members = new WeakMap<object, Set<Apply>>();

/** Whether a node is the graph's own, and not made by lowering. */
function isOf(graph: Outcome["graph"], node: Apply): boolean {
  let own = members.get(graph);
  if (!own) {
    members.set(graph, own = new Set());
    const todo = [...graph.outputs, ...graph.updates.map(([, v]) => v)];
    for (let v = todo.pop(); v; v = todo.pop()) {
      if (!v.owner || own.has(v.owner)) continue;
      own.add(v.owner);
      todo.push(...v.owner.inputs);
      const p = v.owner.params;
      if (v.owner.op.name === "scan") {
        todo.push(...[
          ...p.states.map((s: { next: never }) => s.next),
          ...p.extras.map((e: { value: never }) => e.value),
          ...(p.until ? [p.until] : []),
        ]);
      }
    }
  }
  return own.has(node);
}

function raise(text: string): never {
  throw new Broken(text);
}

/** The program of a graph for values of its inputs. */
export function programFor(
  graph: FunctionGraph,
  given: readonly NDArray[],
  options: Partial<LowerMode> & { readonly hosts?: ReadonlySet<Apply> } = {},
): Program {
  const arrays = [...given, ...sharedOf(graph).map((s) => s.getValue())],
    [, signature] = observe(noHistory(graph), arrays, given.length);
  const { known = true, gc = true, inplace = true, kept = 0, hosts } = options;
  return lower(graph, known ? signature : opened(signature), {
    gc,
    inplace,
    kept,
    implement: fakeImplement(hosts ?? new Set()),
  }, FIXED_TARGET);
}

/** Runs a graph twice in every mode and compares with the oracle; the outputs of the first call. */
export function check(
  graph: FunctionGraph,
  given: readonly NDArray[],
): readonly NDArray[] {
  let first: readonly NDArray[] = [];
  for (const mode of MODES) {
    const program = programFor(graph, given, mode),
      values = new Map(sharedOf(graph).map((s) => [s, s.getValue()]));
    const machine = new Machine(
      program,
      program.shared.map(([s]) => values.get(s)!),
    );
    for (let n = 0; n < 2; n++) {
      const expected = expectedOf(graph, given, values),
        outputs = machine.run({ inputs: given });
      compare(machine, { outputs, expected, graph, values });
      if (n === 0) first = outputs;
    }
  }
  return first;
}
