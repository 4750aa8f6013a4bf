/** A loop with what goes in beside what the body sees of it: the form in which loops are built, cut down and derived from. */
import type { Length, Lengths, Shaped } from "../graph/length.ts";
import {
  bodyResults,
  type ScanExtra,
  type ScanParams,
  type ScanSequence,
  type ScanState,
  spanOf,
  withBodyResults,
} from "../graph/scan_params.ts";
import { Apply, type Op, Variable } from "../graph/variable.ts";
import { replace, toposort } from "../graph/walk.ts";
import { asVariable } from "../ops/define.ts";
import { SYMBOLIC, type SymbolicLength } from "../ops/shape/length_graph.ts";
import { shapeAt } from "../ops/shape/shape.ts";

/** A sequence and its value. */
export interface LoopSequence extends ScanSequence {
  readonly value: Variable;
}

/** A state and the rows that it starts from. */
export interface LoopState extends ScanState {
  readonly initial: Variable;
}

/** A value from outside, and the body's variable for it. */
export interface LoopInput {
  readonly value: Variable;
  readonly inner: Variable;
}

/** A loop. */
export interface Loop {
  /** The number of steps; null if the sequences say. */
  readonly nSteps: Variable | null;
  readonly sequences: readonly LoopSequence[];
  readonly states: readonly LoopState[];
  readonly extras: readonly ScanExtra[];
  readonly nonSequences: readonly LoopInput[];
  readonly until: Variable | null;
  readonly truncate?: number;
}

/** The outputs of an application of `scan`. */
export interface LoopOutputs {
  readonly states: readonly Variable[];
  readonly extras: readonly Variable[];
}

/** The inputs of an application, by what they are for. */
export function splitInputs<T>(inputs: readonly T[], p: ScanParams): {
  readonly nSteps: T | undefined;
  readonly sequences: readonly T[];
  readonly initial: readonly T[];
  readonly nonSequences: readonly T[];
} {
  let from = 0;
  const take = (n: number) => inputs.slice(from, from += n);
  const [nSteps] = take(p.nSteps ? 1 : 0);
  return {
    nSteps,
    sequences: take(p.sequences.length),
    initial: take(p.states.length),
    nonSequences: take(p.nonSequences.length),
  };
}

/** The loop of an application. */
export function loopOf({ inputs, params: p }: Apply<ScanParams>): Loop {
  const { nSteps, sequences, initial, nonSequences } = splitInputs(inputs, p);
  return {
    nSteps: nSteps ?? null,
    sequences: p.sequences.map((s, i) => ({ ...s, value: sequences[i]! })),
    states: p.states.map((s, i) => ({ ...s, initial: initial[i]! })),
    extras: p.extras,
    nonSequences: p.nonSequences.map((inner, i) => ({
      inner,
      value: nonSequences[i]!,
    })),
    until: p.until,
    truncate: p.truncate,
  };
}

/** Applies `op`, which is `scan`, to a loop. */
export function applyLoop(op: Op<ScanParams>, loop: Loop): LoopOutputs {
  const { outputs } = new Apply(op, [
    ...(loop.nSteps ? [loop.nSteps] : []),
    ...loop.sequences.map((s) => s.value),
    ...loop.states.map((s) => s.initial),
    ...loop.nonSequences.map((s) => s.value),
  ], {
    nSteps: loop.nSteps !== null,
    sequences: loop.sequences.map(({ taps, backwards, vars }) => ({
      taps,
      backwards,
      vars,
    })),
    states: loop.states.map(({ taps, keep, vars, next }) => ({
      taps,
      keep,
      vars,
      next,
    })),
    extras: loop.extras,
    nonSequences: loop.nonSequences.map((s) => s.inner),
    until: loop.until,
    ...(loop.truncate !== undefined && { truncate: loop.truncate }),
  });
  const n = loop.states.length;
  return { states: outputs.slice(0, n), extras: outputs.slice(n) };
}

/** The variables of the body. */
export function bodyVariables(loop: Loop): Variable[] {
  return [
    ...loop.sequences.flatMap((s) => s.vars),
    ...loop.states.flatMap((s) => s.vars),
    ...loop.nonSequences.map((s) => s.inner),
  ];
}

/** The same loop over variables of its own, with `by` put in for others: no two loops share a body. */
export function withOwnBody(
  loop: Loop,
  by: ReadonlyMap<Variable, Variable> = new Map(),
): Loop {
  const fresh = new Map(
    bodyVariables(loop).map((v) =>
      [v, new Variable(v.type, null, 0, v.name)] as const
    ),
  );
  const own = (v: Variable) => fresh.get(v)!;
  // What is put in may itself speak of the variables.
  const made = replace(replace(bodyResults(loop), by), fresh);
  return withBodyResults({
    ...loop,
    sequences: loop.sequences.map((s) => ({ ...s, vars: s.vars.map(own) })),
    states: loop.states.map((s) => ({ ...s, vars: s.vars.map(own) })),
    nonSequences: loop.nonSequences.map((s) => ({
      ...s,
      inner: own(s.inner),
    })),
  }, made);
}

/** Which of `candidates` a graph uses; it is not followed behind them. */
export function usedOf(
  outputs: readonly Variable[],
  candidates: Iterable<Variable>,
): Set<Variable> {
  const stops = new Set(candidates), seen = new Set(outputs);
  for (const node of toposort(outputs, (v) => stops.has(v))) {
    node.inputs.forEach((v) => seen.add(v));
  }
  return new Set([...stops].filter((v) => seen.has(v)));
}

/** The loop without states that neither the wanted ones, nor an extra, nor the end of the loop depend on. */
export function withoutIdleStates(
  loop: Loop,
  wanted: ReadonlySet<LoopState>,
): Loop {
  const needed = new Set(wanted), vars = loop.states.flatMap((s) => s.vars);
  for (let before = -1; before < needed.size;) {
    before = needed.size;
    const used = usedOf([
      ...[...needed].map((s) => s.next),
      ...loop.extras.map((e) => e.value),
      ...(loop.until ? [loop.until] : []),
    ], vars);
    for (const s of loop.states) {
      if (s.vars.some((v) => used.has(v))) needed.add(s);
    }
  }
  return { ...loop, states: loop.states.filter((s) => needed.has(s)) };
}

/** How many steps a loop runs that nothing stops, in any arithmetic. */
export function countLength(
  p: Pick<ScanParams, "sequences">,
  nSteps: Length | undefined,
  sequences: readonly Pick<Shaped, "shape">[],
  lengths: Lengths,
): Length {
  if (nSteps !== undefined) return nSteps;
  return p.sequences
    .map((s, i) =>
      lengths.max(0, lengths.sub(sequences[i]!.shape[0]!, spanOf(s.taps)[0]))
    )
    .reduce((a, b) => lengths.min(a, b));
}

/** The same as a graph. */
export function stepsOf(loop: Loop): SymbolicLength {
  const { nSteps } = loop;
  if (nSteps) return typeof nSteps.value === "number" ? nSteps.value : nSteps;
  const rows = loop.sequences.map(({ value }) => ({ shape: [rowsOf(value)] }));
  return countLength(loop, undefined, rows, SYMBOLIC) as SymbolicLength;
}

/** The length of the first axis. */
export function rowsOf(x: Variable): SymbolicLength {
  const n = x.type.shape[0]!;
  return typeof n === "number" ? n : shapeAt(x, 0);
}

/** A length as an operand. */
export function asLength(n: SymbolicLength): Variable {
  return asVariable(n, "int64");
}
