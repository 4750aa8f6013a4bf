/**
 * Backpropagation through time: the gradient of a loop is a loop that runs
 * backwards over the stored states.
 *
 * With s[t] = f(s[t - k], x[t], w), the cotangent of s[t] is what comes from
 * outside plus, for each tap -k, what step t + k sent back. The backward loop
 * carries that as a state with the same tap, sums the gradient of w in a
 * state, and keeps one row of gradient for each step of x.
 */
import { isFloat } from "../graph/dtype.ts";
import { slice } from "../graph/indexing.ts";
import {
  lagOf,
  type ScanExtra,
  type ScanParams,
  spanOf,
} from "../graph/scan_params.ts";
import { dense } from "../graph/type.ts";
import { type Apply, Variable } from "../graph/variable.ts";
import { pull } from "../grad/grad.ts";
import { at, incSubtensor } from "../ops/indexing/at.ts";
import { zeros, zerosLike } from "../ops/constructors.ts";
import { expandDims } from "../ops/shape/dimshuffle.ts";
import { add } from "../ops/elementwise/elemwise.ts";
import { ge, where } from "../ops/elementwise/elemwise_logic.ts";
import { join } from "../ops/shape/join.ts";
import { SYMBOLIC, type SymbolicLength } from "../ops/shape/length_graph.ts";
import { lengthsOf } from "../ops/shape/shape.ts";
import { reachOf } from "./body.ts";
import {
  kept,
  reading,
  resultsOf,
  reversed,
  type Run,
  store,
} from "./history.ts";
import {
  applyLoop,
  asLength,
  bodyVariables,
  type Loop,
  loopOf,
  type LoopSequence,
  type LoopState,
  rowsOf,
  withOwnBody,
} from "./loop.ts";

type Gradients = (Variable | null)[];

/** The cotangents of the inputs of a loop from those of its outputs. */
export function pullScan(
  node: Apply<ScanParams>,
  gs: readonly (Variable | null)[],
): Gradients {
  const loop = loopOf(node), step = pullStep(loop, gs);
  if (!step) return node.inputs.map(() => null);
  const stored = store(node, loop, step.by), n = stored.steps;
  const run: Run = { n, back: stepsBack(loop, n), whole: isWhole(loop) };

  const pending = loop.states.map((s, i) => carry(s, step, gs[i]!));
  const last = loop.extras.map((e, i) => {
    const g = gs[loop.states.length + i];
    return g && !e.keep ? once(g) : null;
  });
  const sums = loop.nonSequences.map(({ inner, value }) => {
    const g = step.by.get(inner);
    return g ? summed(g, value) : null;
  });
  const rows = loop.sequences.map((s) =>
    s.vars.map((v): ScanExtra | null => {
      const value = step.by.get(v);
      return value ? { keep: true, value } : null;
    })
  );

  const by = new Map(stored.by), outside: LoopSequence[] = [];
  step.totals.forEach((total, i) => {
    if (!total) return;
    const state = i < loop.states.length;
    const parts = state
      ? pending[i]!.map((p) => p.vars[0]!)
      : last[i - loop.states.length]?.vars.slice() ?? [];
    if (gs[i] && kept(loop, i)) {
      const v = new Variable(total.type);
      outside.push(reading(gs[i], [v]));
      parts.push(v);
    }
    by.set(total, parts.reduce((a, b) => add(a, b)));
  });

  const states = [...pending.flat(), ...present(last), ...present(sums)];
  const made = applyLoop(
    node.op,
    withOwnBody({
      nSteps: asLength(run.back),
      sequences: [
        ...loop.sequences.flatMap((s) => reversed(s, stored.used, run)),
        ...stored.sequences,
        ...outside,
      ],
      states,
      extras: rows.flatMap(present),
      nonSequences: loop.nonSequences.filter((s) => stored.used.has(s.inner)),
      until: null,
      truncate: loop.truncate,
    }, by),
  );
  const after = new Map<unknown, Variable>([
    ...states.map((s, i) => [s, made.states[i]!] as const),
    ...rows.flatMap(present).map((e, i) => [e, made.extras[i]!] as const),
  ]);
  const find = (made: unknown) => after.get(made) ?? null;
  return [
    ...(loop.nSteps ? [null] : []),
    ...loop.sequences.map((s, i) => spread(s, rows[i]!.map(find), run)),
    ...loop.states.map((s, i) => initialGradient(s, pending[i]!, find, run)),
    ...sums.map(find),
  ];
}

/** One step, differentiated. */
interface StepGradient {
  /** Stands for the whole cotangent of a result of the body; null where none arrives. */
  readonly totals: readonly (Variable | null)[];
  /** What variables of the body get, in terms of those. */
  readonly by: ReadonlyMap<Variable, Variable>;
}

/** Null if no gradient enters the loop. */
function pullStep(
  loop: Loop,
  gs: readonly (Variable | null)[],
): StepGradient | null {
  const { states } = loop, results = resultsOf(loop);
  const reach = reachOf(results, bodyVariables(loop));
  const active = new Set(results.keys().filter((i) => gs[i]));
  for (let before = -1; before < active.size;) {
    before = active.size;
    states.forEach((s, i) => {
      const read = isFloat(s.next.dtype) &&
        active.values().some((r) => s.vars.some((v) => reach[r]!.has(v)));
      if (read) active.add(i);
    });
  }
  const wrt = [
    ...[...loop.sequences, ...states].flatMap((s) =>
      s.vars.filter((v) => isFloat(v.dtype))
    ),
    ...loop.nonSequences.map((s) => s.inner),
  ];
  while (active.size) {
    const totals = results.map((y, i) =>
      active.has(i) ? new Variable(y.type) : null
    );
    const by = new Map(
      pull(results, totals, wrt).flatMap((g, i) => g ? [[wrt[i]!, g]] : []),
    );
    const idle = [...active].filter((i) =>
      !gs[i] && !states[i]!.vars.some((v) => by.has(v))
    );
    if (idle.length === 0) return { totals, by };
    idle.forEach((i) => active.delete(i));
  }
  return null;
}

/** What later steps sent back to a state, one for each tap; the cotangent of a last row starts the first. */
function carry(
  s: LoopState,
  { by }: StepGradient,
  g: Variable | null,
): LoopState[] {
  const last = s.keep ? null : g;
  const sent = s.vars.filter((v) => by.has(v));
  if (sent.length === 0 && last) sent.push(s.vars[0]!);
  return sent.map((v, i): LoopState => {
    const lag = -s.taps[s.vars.indexOf(v)]!, { dtype } = s.next;
    const p = new Variable(dense(dtype, v.type.shape));
    const row = lengthsOf(s.initial).slice(1);
    const start = i === 0 && last ? expandDims(last, 0) : null;
    const rest = start ? lag - 1 : lag;
    const none = rest > 0 ? zeros([rest, ...row], dtype) : null;
    return {
      taps: [-lag],
      keep: lag > 1,
      vars: [p],
      next: by.get(v) ?? zerosLike(p),
      initial: start && none ? join(0, start, none) : (start ?? none)!,
    };
  });
}

/** A cotangent that the first step back gets, and no other. */
function once(g: Variable): LoopState {
  const p = new Variable(g.type);
  return {
    taps: [-1],
    keep: false,
    vars: [p],
    next: zerosLike(p),
    initial: expandDims(g, 0),
  };
}

/** The sum over the steps of what a value from outside gets. */
function summed(g: Variable, value: Variable): LoopState {
  const sum = new Variable(dense(g.dtype, value.type.shape));
  return {
    taps: [-1],
    keep: false,
    vars: [sum],
    next: add(sum, g),
    initial: expandDims(zerosLike(value, g.dtype), 0),
  };
}

/** The gradient of a sequence from the rows that its taps got, the last step first; rows that no step read get zeros. */
function spread(
  { value, taps, backwards }: LoopSequence,
  rows: Gradients,
  { n, back, whole }: Run,
): Variable | null {
  const { add, sub } = SYMBOLIC, start = spanOf(taps)[1];
  return rows.reduce((sum, g, i) => {
    if (!g) return sum;
    const all = back === n && taps.length === 1 &&
      (whole ? taps[0] === 0 : n === rowsOf(value));
    const ordered = backwards ? g : at(g, "::-1");
    if (all) return ordered;
    const skipped = start + taps[i]!;
    const from = backwards
      ? sub(sub(rowsOf(value), n), skipped)
      : add(sub(n, back), skipped);
    const to = add(from, back);
    const part = slice(from, to);
    return incSubtensor(at(sum ?? zerosLike(value), part), ordered);
  }, null as Variable | null);
}

/** The gradient of the rows that a state starts from: what is still on its way back when the steps are done. */
function initialGradient(
  { initial, taps }: LoopState,
  pending: readonly LoopState[],
  find: (s: LoopState) => Variable | null,
  { n, back }: Run,
): Variable | null {
  const all = lagOf(taps);
  const sum = pending.reduce((sum, p) => {
    const lag = lagOf(p.taps), sent = find(p)!;
    const rows = lag === 1
      ? expandDims(sent, 0)
      : at(at(join(0, p.initial, sent), slice(-lag)), "::-1");
    if (!sum && initial.type.shape[0] === lag) return rows;
    const part = slice(all - lag, all);
    return incSubtensor(at(sum ?? zerosLike(initial), part), rows);
  }, null as Variable | null);
  if (!sum || back === n) return sum;
  return where(ge(asLength(back), asLength(n)), sum, zerosLike(sum));
}

function stepsBack({ truncate }: Loop, n: SymbolicLength): SymbolicLength {
  return truncate === undefined ? n : SYMBOLIC.min(n, truncate);
}

function isWhole(loop: Loop): boolean {
  return !loop.nSteps && !loop.until && loop.sequences.length === 1;
}

function present<T>(list: readonly (T | null)[]): T[] {
  return list.filter((x) => x !== null);
}
