/** Building a loop from a step written in TypeScript. */
import { dense, describeType } from "../graph/type.ts";
import {
  lagOf,
  type ScanParams,
  type ScanSequence,
  type ScanState,
} from "../graph/scan_params.ts";
import {
  Apply,
  Constant,
  type SharedVariable,
  Variable,
} from "../graph/variable.ts";
import { replace } from "../graph/walk.ts";
import { asVariable, type Operand } from "../ops/define.ts";
import { expandDims } from "../ops/dimshuffle.ts";
import { scanOp } from "./scan_op.ts";

/** The condition that ends a loop: made by `until` and returned by the step. */
export class Until {
  /** Made by `until`. */
  constructor(/** A 0-d bool. */ readonly condition: Variable) {}
}

/** Ends the loop after the step that makes `condition` (a 0-d bool) true; that step is kept. */
export function until(condition: Variable): Until {
  return new Until(condition);
}

/** A sequence, or one read at several places of each step. */
export type Sequence = Operand | {
  readonly input: Operand;
  readonly taps: readonly number[];
};

/** What an output starts from: null if it is not fed back. */
export type OutputInfo = Operand | {
  readonly initial: Operand;
  readonly taps?: readonly number[];
} | null;

/** What a step returns: values, new values of shared variables, and `until(…)`, in any nesting. */
export type StepResult =
  | Operand
  | Until
  | ReadonlyMap<SharedVariable, Operand>
  | readonly StepResult[];

/** What `scan` takes besides the step. */
export interface ScanOptions {
  /** What the steps go through, along the first axis. */
  readonly sequences?: Sequence | readonly Sequence[];
  /** What each output starts from; null for one that is not fed back. */
  readonly outputsInfo?: OutputInfo | readonly OutputInfo[];
  /** Handed to every step as they are. */
  readonly nonSequences?: Operand | readonly Operand[];
  /** As many steps as this; else as the shortest sequence allows. */
  readonly nSteps?: number | Variable;
  /** Steps that a gradient goes back at most; -1 for all. */
  readonly truncateGradient?: number;
  /** Reads the sequences from their ends. */
  readonly goBackwards?: boolean;
  /** For messages and profiles. */
  readonly name?: string;
  /** Refuses a step that uses variables from outside which were not passed. */
  readonly strict?: boolean;
}

/**
 * Runs `step` in a loop. Its arguments are the taps of each sequence, the
 * taps of each output that is fed back, then the non-sequences. Each output
 * has a leading axis over the steps.
 *
 * Returns the outputs (one Variable if the step returns one, else an array)
 * and the updates of shared variables, to be handed to `function`.
 *
 * ```ts
 * import { function as compile, scan, scalar } from "damo";
 * const x = scalar("x");
 * const [powers] = scan((p) => p.mul(x), { outputsInfo: [1], nSteps: 4 });
 * console.log(compile([x], powers)(2).toArray()); // [ 2, 4, 8, 16 ]
 * ```
 *
 * Throws TypeError when a state's new value is of another type than its
 * initial one, and when neither sequences nor nSteps say how long to run.
 */
export function scan(
  step: (...args: Variable[]) => StepResult,
  options: ScanOptions = {},
): [outputs: Variable | Variable[], updates: Map<SharedVariable, Variable>] {
  const backwards = options.goBackwards ?? false;
  const sequences = listOf(options.sequences).map((s) =>
    asSequence(s, backwards)
  );
  const infos = listOf<OutputInfo>(options.outputsInfo);
  const states = infos.flatMap((info, i) =>
    info === null ? [] : [asState(info, i)]
  );
  const given = listOf<Operand>(options.nonSequences).map((x) => asVariable(x));
  if (sequences.length === 0 && options.nSteps === undefined) {
    throw new TypeError(
      "Cannot build scan: it has no sequences, so nSteps must say how many steps to run",
    );
  }
  const inner = given.map(innerOf), start = new Variable(dense("bool", [])).id;
  const made = readStep(step(
    ...sequences.flatMap((s) => s.spec.vars),
    ...states.flatMap((s) => s.vars),
    ...given, // themselves, so that the step may differentiate one by another
  ));
  if (infos.length && infos.length !== made.values.length) {
    throw new TypeError(
      `Cannot build scan: outputsInfo has ${infos.length} entries, the step returned ${made.values.length} outputs`,
    );
  }
  const isState = made.values.map((_, i) => (infos[i] ?? null) !== null);
  const sharedStates = [...made.updates].map(([s, next]) => ({
    shared: s,
    v: innerOf(s),
    next: asVariable(next, s.dtype),
  }));

  // Close the body: what was made before the step, and what no node made, comes in from outside.
  const results = [
    ...made.values,
    ...sharedStates.map((s) => s.next),
    ...(made.until ? [made.until] : []),
  ];
  const known = new Map<Variable, Variable>([
    ...given.map((v, i) => [v, inner[i]!] as const),
    ...sharedStates.map((s) => [s.shared, s.v] as const),
  ]);
  const own = new Set<Variable>([
    ...sequences.flatMap((s) => s.spec.vars),
    ...states.flatMap((s) => s.vars),
    ...inner,
    ...sharedStates.map((s) => s.v),
  ]);
  const outer = outerVariables(results, own, start).filter((v) =>
    !known.has(v)
  );
  if (options.strict && outer.length) {
    throw new TypeError(
      `Cannot build scan: strict is set and the step uses ${
        outer.map((v) => String(v)).join(", ")
      }, not among nonSequences`,
    );
  }
  const closed = outer.map(innerOf);
  const body = replace(
    results,
    new Map([...known, ...outer.map((v, i) => [v, closed[i]!] as const)]),
  );

  const values = body.slice(0, made.values.length);
  const nexts = values.filter((_, i) => isState[i]);
  states.forEach((s, i) => checkState(s, nexts[i]!));
  const params: ScanParams = {
    nSteps: options.nSteps !== undefined,
    sequences: sequences.map((s) => s.spec),
    states: [
      ...states.map((s, i): ScanState => ({
        taps: s.taps,
        keep: true,
        vars: s.vars,
        next: nexts[i]!,
      })),
      ...sharedStates.map((s, i): ScanState => ({
        taps: [-1],
        keep: false,
        vars: [s.v],
        next: body[made.values.length + i]!,
      })),
    ],
    extras: values.filter((_, i) => !isState[i]).map((value) => ({
      keep: true,
      value,
    })),
    nonSequences: [...inner, ...closed],
    until: made.until ? body[body.length - 1]! : null,
  };
  const node = new Apply(scanOp, [
    ...(options.nSteps !== undefined
      ? [asVariable(options.nSteps, "int64")]
      : []),
    ...sequences.map((s) => s.value),
    ...states.map((s) => s.initial),
    ...sharedStates.map((s) => expandDims(s.shared, 0)),
    ...given,
    ...outer,
  ], params);
  let state = 0, extra = params.states.length;
  const outputs = made.values.map((_, i) =>
    node.outputs[isState[i] ? state++ : extra++]!
  );
  const updates = new Map(
    sharedStates.map((s, i) =>
      [s.shared, node.outputs[states.length + i]!] as const
    ),
  );
  return [made.single ? outputs[0]! : outputs, updates];
}

function listOf<T>(x: T | readonly T[] | undefined): readonly T[] {
  return x === undefined ? [] : Array.isArray(x) ? x : [x as T];
}

/** A variable of the body of the same type; unknown and named lengths stay open. */
function innerOf(v: Variable): Variable {
  return new Variable(v.type, null, 0, v.name);
}

function asSequence(
  s: Sequence,
  backwards: boolean,
): { value: Variable; spec: ScanSequence } {
  const tapped = typeof s === "object" && s !== null && "taps" in s;
  const value = asVariable(tapped ? s.input : s as Operand),
    taps = tapped ? s.taps : [0];
  if (value.ndim === 0) {
    throw new TypeError(
      `Cannot build scan: a sequence must have at least one axis, got ${value}`,
    );
  }
  const row = dense(value.dtype, value.type.shape.slice(1));
  return {
    value,
    spec: {
      taps,
      backwards,
      vars: taps.map((k) =>
        new Variable(
          row,
          null,
          0,
          value.name && `${value.name}[t${k ? (k > 0 ? "+" : "") + k : ""}]`,
        )
      ),
    },
  };
}

interface StateInput {
  readonly index: number;
  readonly initial: Variable;
  readonly taps: readonly number[];
  readonly vars: readonly Variable[];
}

function asState(info: Exclude<OutputInfo, null>, index: number): StateInput {
  const record = typeof info === "object" && "initial" in info;
  const taps = (record ? info.taps : undefined) ?? [-1],
    value = asVariable(record ? info.initial : info as Operand);
  if (
    taps.length === 0 || taps.some((k) => k >= 0 || !Number.isInteger(k)) ||
    new Set(taps).size < taps.length
  ) {
    throw new TypeError(
      `Cannot build scan: taps of output ${index} must be distinct negative integers, got [${taps}]`,
    );
  }
  const stacked = lagOf(taps) > 1;
  if (stacked && value.ndim === 0) {
    throw new TypeError(
      `Cannot build scan: output ${index} has taps [${taps}], so its initial value needs a leading axis of ${
        lagOf(taps)
      } rows`,
    );
  }
  const initial = stacked ? value : expandDims(value, 0);
  // Only lengths of 1 are promised: the loop may start from a row whose length types know better than the step's.
  const row = dense(
    value.dtype,
    initial.type.shape.slice(1).map((d) => d === 1 ? 1 : null),
  );
  return {
    index,
    initial,
    taps,
    vars: taps.map((k) =>
      new Variable(row, null, 0, value.name && `${value.name}[t${k}]`)
    ),
  };
}

function checkState(s: StateInput, next: Variable): void {
  const want = s.vars[0]!;
  const ok = next.dtype === want.dtype && next.ndim === want.ndim &&
    next.type.shape.every((d, i) => (d === 1) === (want.type.shape[i] === 1));
  if (ok) return;
  throw new TypeError(
    `Cannot build scan: output ${s.index} starts as ${
      describeType(want.type)
    } but the step returns ${describeType(next.type)}` +
      (next.owner ? ` (made at ${next.owner.origin.line})` : "") +
      (next.dtype !== want.dtype
        ? `; convert one with .astype("${want.dtype}")`
        : "; lengths of 1 must agree too (broadcastTo or specifyShape)"),
  );
}

function readStep(
  result: StepResult,
): {
  values: Variable[];
  updates: Map<SharedVariable, Operand>;
  until: Variable | null;
  single: boolean;
} {
  const values: Variable[] = [], updates = new Map<SharedVariable, Operand>();
  let until: Variable | null = null;
  const read = (r: StepResult): void => {
    if (r instanceof Until) until = r.condition;
    else if (r instanceof Map) r.forEach((v, s) => updates.set(s, v));
    else if (Array.isArray(r)) r.forEach(read);
    else values.push(asVariable(r as Operand));
  };
  read(result);
  // `x`, `[x, updates]` and `[x, until(c)]` are one output; `[x]` asks for a list.
  const single = values.length === 1 &&
    (!Array.isArray(result) ||
      (result.length > 1 && !Array.isArray(result[0])));
  return { values, updates, until, single };
}

/** The variables from outside that the body uses first: made before `start` by a node, or by none. */
function outerVariables(
  results: readonly Variable[],
  own: ReadonlySet<Variable>,
  start: number,
): Variable[] {
  const found = new Set<Variable>(),
    seen = new Set<Variable>(),
    todo = [...results].reverse();
  for (let v = todo.pop(); v; v = todo.pop()) {
    if (seen.has(v) || own.has(v) || v instanceof Constant) continue;
    seen.add(v);
    if (!v.owner || v.owner.id < start) found.add(v);
    else todo.push(...v.owner.inputs);
  }
  return [...found].sort((a, b) => a.id - b.id);
}
