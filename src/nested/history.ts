/** What a loop that runs backwards reads of the one that it goes back over: its sequences, states and outputs, last row first. */
import { slice } from "../graph/indexing.ts";
import { lagOf, type ScanParams, spanOf } from "../graph/scan_params.ts";
import { type Apply, Variable } from "../graph/variable.ts";
import { at } from "../ops/indexing/at.ts";
import { join } from "../ops/shape/join.ts";
import { SYMBOLIC, type SymbolicLength } from "../ops/shape/length_graph.ts";
import {
  applyLoop,
  bodyVariables,
  type Loop,
  type LoopSequence,
  rowsOf,
  stepsOf,
  usedOf,
  withoutIdleStates,
  withOwnBody,
} from "./loop.ts";

/** The lengths of the run that is gone back. */
export interface Run {
  readonly n: SymbolicLength;
  /** The steps that the gradient goes back. */
  readonly back: SymbolicLength;
  /** The one sequence says how many steps there are: it has no rows to spare. */
  readonly whole: boolean;
}

/** What a step computes: new states, then extras. */
export function resultsOf(loop: Loop): Variable[] {
  return [
    ...loop.states.map((s) => s.next),
    ...loop.extras.map((e) => e.value),
  ];
}

/** True for an output that has all its rows. */
export function kept(loop: Loop, i: number): boolean {
  const { states, extras } = loop;
  return i < states.length ? states[i]!.keep : extras[i - states.length]!.keep;
}

/** What the backward loop reads of the forward one. */
export interface Stored {
  readonly steps: SymbolicLength;
  readonly sequences: readonly LoopSequence[];
  /** Results of the body that are read instead of being computed again. */
  readonly by: ReadonlyMap<Variable, Variable>;
  /** The variables of the body that are still needed. */
  readonly used: ReadonlySet<Variable>;
}

/** Decides what is read for the values of `by`, and runs the loop again for states of which only the last row was kept. */
export function store(
  node: Apply<ScanParams>,
  loop: Loop,
  by: ReadonlyMap<Variable, Variable>,
): Stored {
  const { states } = loop, results = resultsOf(loop), found = [...by.values()];
  const needed = new Set(states.keys().filter((i) => states[i]!.keep));
  const readable = () =>
    results.filter((y, i) =>
      y.owner && (i < states.length ? needed.has(i) : kept(loop, i))
    );
  const variables = bodyVariables(loop);
  const first = usedOf(found, [...variables, ...readable()]);
  states.forEach((s, i) => s.vars.some((v) => first.has(v)) && needed.add(i));
  const used = usedOf(found, [...variables, ...readable()]);

  const outputs = keptOutputs(node, loop, needed);
  const sequences: LoopSequence[] = [], rows = new Map<Variable, Variable>();
  results.forEach((y, i) => {
    const read = used.has(y) && !rows.has(y) && outputs.has(i) && y.owner;
    const now = read ? new Variable(y.type) : null;
    if (now) rows.set(y, now);
    const s = states[i], past = s?.vars.filter((v) => used.has(v)) ?? [];
    if (past.length === 0) {
      if (now) sequences.push(reading(outputs.get(i)!, [now]));
      return;
    }
    const before = at(s!.initial, slice(0, lagOf(s!.taps)));
    sequences.push({
      value: join(0, before, outputs.get(i)!),
      taps: [
        ...past.map((v) => -s!.taps[s!.vars.indexOf(v)]!),
        ...(now ? [0] : []),
      ],
      backwards: true,
      vars: now ? [...past, now] : past,
    });
  });
  const steps = loop.until
    ? rowsOf(outputs.values().next().value!)
    : stepsOf(loop);
  return { steps, sequences, by: rows, used };
}

/** All rows of the results that have them, and of the `needed` states; of some result in any case if only the run says how many. */
function keptOutputs(
  node: Apply<ScanParams>,
  loop: Loop,
  needed: ReadonlySet<number>,
): ReadonlyMap<number, Variable> {
  const { states, extras } = loop;
  const found = new Map(
    node.outputs.entries().filter(([i]) => kept(loop, i)),
  );
  const missing = new Set([...needed].filter((i) => !found.has(i)));
  const unknown = loop.until !== null && found.size === 0;
  if (unknown && states.length) missing.add(0);
  if (missing.size === 0 && !unknown) return found;
  const again = {
    ...loop,
    states: states.map((s, i) => ({ ...s, keep: missing.has(i) })),
    extras: missing.size ? [] : [{ ...extras[0]!, keep: true }],
  };
  const wanted = again.states.filter((s) => s.keep);
  const run = withoutIdleStates(again, new Set(wanted));
  const made = applyLoop(node.op, withOwnBody(run));
  if (missing.size === 0) found.set(states.length, made.extras[0]!);
  missing.forEach((i) =>
    found.set(i, made.states[run.states.indexOf(again.states[i]!)]!)
  );
  return found;
}

/** The rows of a kept output, last one first. */
export function reading(
  value: Variable,
  vars: readonly Variable[],
): LoopSequence {
  return { value, taps: [0], backwards: true, vars };
}

/** A sequence as the backward loop reads it: the rows of the run, in the other direction. */
export function reversed(
  { value, taps, backwards, vars }: LoopSequence,
  used: ReadonlySet<Variable>,
  { n, whole }: Run,
): LoopSequence[] {
  const kept = vars.filter((v) => used.has(v));
  if (kept.length === 0) return [];
  const now = kept.map((v) => -taps[vars.indexOf(v)]!);
  const end = SYMBOLIC.add(n, spanOf(taps)[1] - Math.min(0, ...now));
  const rows = rowsOf(value);
  const all = rows === end || (whole && kept.length === vars.length);
  const part = backwards ? slice(SYMBOLIC.sub(rows, end)) : slice(0, end);
  return [{
    value: all ? value : at(value, part),
    taps: now,
    backwards: !backwards,
    vars: kept,
  }];
}
