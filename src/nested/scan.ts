/** Building a loop from a step written in TypeScript. */
import { describeOther } from "../graph/describe_other.ts";
import { type Defaults, type Filled, withDefaults } from "../graph/options.ts";
import { isInteger } from "../graph/dtype.ts";
import { spanOf } from "../graph/scan_params.ts";
import { dense } from "../graph/type.ts";
import { Constant, SharedVariable, Variable } from "../graph/variable.ts";
import { replace } from "../graph/walk.ts";
import { asVariable, type Operand } from "../ops/define.ts";
import { expandDims } from "../ops/shape/dimshuffle.ts";
import { cast } from "../ops/elementwise/elemwise.ts";
import {
  applyLoop,
  type Loop,
  type LoopInput,
  type LoopSequence,
} from "./loop.ts";
import { scanOp } from "./scan_op.ts";
import {
  asSequence,
  asState,
  checkState,
  listOf,
  type OutputInfo,
  readStep,
  type Scanned,
  type Sequence,
  settleNumbers,
  type StateInput,
  type Step,
  type StepResult,
} from "./step.ts";

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
  /** For messages. */
  readonly name?: string;
  /** Refuses a step that uses variables from outside which were not passed. */
  readonly strict?: boolean;
}

/** Every option, and what holds unless it is given. */
export const SCAN = {
  sequences: [],
  outputsInfo: [],
  nonSequences: [],
  nSteps: undefined,
  truncateGradient: -1,
  goBackwards: false,
  name: undefined,
  strict: false,
} as const satisfies Defaults<ScanOptions>;

/** New values of shared variables after a loop, to be handed to `function`. */
export type ScanUpdates = Map<SharedVariable, Variable>;

/**
 * Runs `step` in a loop. Its arguments are the taps of each sequence, the
 * taps of each output that is fed back, then the non-sequences; what else it
 * uses from outside is found. Each output has a leading axis over the steps.
 * A plain number as initial value takes the dtype that the step gives it;
 * while the step is built it is floatX, so a counter that indexes starts from
 * `constant(0, { dtype: "int64" })`.
 *
 * Returns the outputs (one Variable if the step returns one, else a list)
 * and the updates of shared variables, to be handed to `function`: those that
 * the step returned, and the default updates of those that it uses.
 *
 * ```ts
 * import { function as compile, scan, scalar } from "damo";
 * const x = scalar("x");
 * const [powers] = scan((p) => p.mul(x), { outputsInfo: [1], nSteps: 4 });
 * console.log(compile([x], powers)(2).toArray()); // [ 2, 4, 8, 16 ]
 * ```
 *
 * TypeError: a state's new value is of another type than its initial one;
 * neither sequences nor nSteps say how long to run; the step of a strict loop
 * uses what was not passed. RangeError: lengths that types know do not fit.
 */
export function scan<const R extends StepResult>(
  step: Step<R>,
  options: ScanOptions = {},
): [outputs: Scanned<R>, updates: ScanUpdates] {
  const given = withDefaults("build scan", options, SCAN);
  return named(given, () => build(step, given, true)) as LoopResult<R>;
}

/** `scan` without the leading axes: of each output only the last row. */
export function scanLast<const R extends StepResult>(
  step: Step<R>,
  options: ScanOptions,
): [outputs: Scanned<R>, updates: ScanUpdates] {
  const given = withDefaults("build scan", options, SCAN);
  return named(given, () => build(step, given, false)) as LoopResult<R>;
}

type Given = Filled<ScanOptions, typeof SCAN>;

type LoopResult<R> = [outputs: Scanned<R>, updates: ScanUpdates];

/** Puts the name of a loop into what is said of it. */
function named<T>({ name }: Given, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (name && error instanceof Error) {
      error.message = error.message.replace(
        /^Cannot build scan:/,
        `Cannot build scan "${name}":`,
      );
    }
    throw error;
  }
}

function build(
  step: Step,
  options: Given,
  keep: boolean,
): [outputs: Variable | Variable[], updates: ScanUpdates] {
  if (typeof step !== "function") {
    throw new TypeError(
      `Cannot build scan: the step is ${
        describeOther(step)
      }, expected a function of Variables`,
    );
  }
  const sequences = listOf<Sequence>(options.sequences).map((s, i) =>
    asSequence(s, i, options.goBackwards)
  );
  const nSteps = asSteps(options.nSteps, sequences);
  const infos = listOf<OutputInfo>(options.outputsInfo);
  const given = infos.flatMap((info, i) =>
    info === null || info === undefined ? [] : [asState(info, i)]
  );
  const handed = listOf<Operand>(options.nonSequences).map((value) => {
    const v = asVariable(value);
    return { value: v, inner: innerOf(v) };
  });

  const start = new Variable(dense("bool", [])).id;
  const made = readStep((step as (...args: Variable[]) => StepResult)(
    ...sequences.flatMap((s) => s.vars),
    ...given.flatMap((s) => s.vars),
    // Non-sequences themselves, so that the step may differentiate one by another.
    ...handed.map((h) => h.value),
  ));
  const { length } = made.values;
  if (infos.length && infos.length !== length) {
    throw new TypeError(
      `Cannot build scan: outputsInfo has ${infos.length} entries, the step returned ${length} outputs`,
    );
  }
  const feeds = new Set(given.map((s) => s.index));
  const plain = made.values.filter((_, i) => !feeds.has(i));
  const [states, settled] = settleNumbers(given, [
    ...given.map((s) => made.values[s.index]!),
    ...plain,
    ...(made.until ? [made.until] : []),
    ...made.updates.values(),
  ]);
  const local = [...sequences, ...states].flatMap((s) => s.vars);
  const shared = sharedStates(
    [...made.updates.keys()],
    settled,
    { local, start },
  );

  const body = close([
    ...settled.slice(0, settled.length - made.updates.size),
    ...shared.map((s) => s.next),
  ], {
    local: [...local, ...shared.map((s) => s.inner)],
    start,
    known: new Map([
      ...handed.map((h) => [h.value, h.inner] as const),
      ...shared.map((s) => [s.shared, s.inner] as const),
    ]),
    strict: options.strict,
  });

  const n = states.length, m = n + plain.length;
  states.forEach((s, i) => checkState(s, body.results[i]!));
  const { truncateGradient } = options;
  const loop: Loop = {
    nSteps,
    sequences,
    states: [
      ...states.map(({ initial, taps, vars }, i) => ({
        initial,
        taps,
        keep,
        vars,
        next: body.results[i]!,
      })),
      ...shared.map((s, i) => ({
        initial: expandDims(s.shared, 0),
        taps: [-1],
        keep: false,
        vars: [s.inner],
        next: body.results[body.results.length - shared.length + i]!,
      })),
    ],
    extras: body.results.slice(n, m).map((value) => ({ keep, value })),
    nonSequences: [...handed, ...body.found],
    until: made.until && body.results[m]!,
    ...(truncateGradient >= 0 && { truncate: truncateGradient }),
  };
  const outputs = applyLoop(scanOp, loop);
  return [
    arranged(outputs, states, made),
    new Map(shared.map((s, i) => [s.shared, outputs.states[n + i]!])),
  ];
}

/** The outputs in the order in which the step returned them. */
function arranged(
  { states, extras }: {
    readonly states: readonly Variable[];
    readonly extras: readonly Variable[];
  },
  given: readonly StateInput[],
  { values, single }: { readonly values: readonly unknown[]; single: boolean },
): Variable | Variable[] {
  const rest = extras.values();
  const list = values.map((_, i) => {
    const state = given.findIndex((s) => s.index === i);
    return state < 0 ? rest.next().value! : states[state]!;
  });
  return single ? list[0]! : list;
}

/** The number of steps. TypeError: nothing says it. RangeError: it cannot be. */
export function asSteps(
  nSteps: number | Variable | undefined,
  sequences: readonly Pick<LoopSequence, "value" | "taps">[],
): Variable | null {
  if (nSteps === undefined) {
    if (sequences.length > 0) return null;
    throw new TypeError(
      "Cannot build scan: it has no sequences, so nSteps must say how many steps to run",
    );
  }
  const n = asVariable(nSteps, "int64"), { value } = n;
  if (n.ndim > 0 || !isInteger(n.dtype)) {
    throw new TypeError(
      `Cannot build scan: nSteps must be an integer, got ${
        typeof nSteps === "number" ? nSteps : n
      }`,
    );
  }
  if (typeof value !== "number") return cast(n, "int64");
  if (value < 0) throw new RangeError(`Cannot build scan: nSteps is ${value}`);
  sequences.forEach(({ value: x, taps }, i) => {
    const [rows] = x.type.shape, enough = Number(rows) - spanOf(taps)[0];
    if (typeof rows !== "number" || enough >= value) return;
    throw new RangeError(
      `Cannot build scan of ${value} steps: sequence ${i}, ${x}, is enough for ${
        Math.max(0, enough)
      }`,
    );
  });
  return cast(n, "int64");
}

/** A variable of the body of the same type; unknown and named lengths stay open. */
function innerOf(v: Variable): Variable {
  return new Variable(v.type, null, 0, v.name);
}

/** A shared variable that the steps change. */
interface SharedState {
  readonly shared: SharedVariable;
  readonly inner: Variable;
  readonly next: Variable;
}

/** The shared variables that the step updates, and those it uses that have default updates. */
function sharedStates(
  updated: readonly SharedVariable[],
  results: readonly Variable[],
  { local, start }: {
    readonly local: readonly Variable[];
    readonly start: number;
  },
): SharedState[] {
  const nexts = new Map(
    updated.map((s, i) =>
      [s, results[results.length - updated.length + i]!] as const
    ),
  );
  for (let before = -1; before < nexts.size;) {
    before = nexts.size;
    for (
      const v of outerVariables([...results, ...nexts.values()], local, start)
    ) {
      if (v instanceof SharedVariable && v.defaultUpdate && !nexts.has(v)) {
        nexts.set(v, v.defaultUpdate);
      }
    }
  }
  const states = [...nexts].map(([shared, next]) => ({
    shared,
    inner: innerOf(shared),
    next,
  }));
  // An update may have been written before the step: it belongs into the loop all the same.
  const inside = replace(
    states.map((s) => s.next),
    new Map(states.map((s) => [s.shared, s.inner])),
  );
  return states.map((s, i) => ({ ...s, next: inside[i]! }));
}

/** A body that uses nothing from outside but its own variables: those that stand for what it found there come besides. */
function close(
  results: readonly Variable[],
  { local, start, known, strict }: {
    readonly local: readonly Variable[];
    readonly start: number;
    /** What the body has variables for already. */
    readonly known: ReadonlyMap<Variable, Variable>;
    readonly strict: boolean;
  },
): { readonly results: readonly Variable[]; readonly found: LoopInput[] } {
  const outer = outerVariables(results, local, start)
    .filter((v) => !known.has(v));
  if (strict && outer.length) {
    throw new TypeError(
      `Cannot build scan: strict is set and the step uses ${
        outer.map(String).join(", ")
      }, not among nonSequences`,
    );
  }
  const found = outer.map((value) => ({ value, inner: innerOf(value) }));
  const by = new Map([
    ...known,
    ...found.map((f) => [f.value, f.inner] as const),
  ]);
  return { results: replace(results, by), found };
}

/** The variables from outside that the body uses first: made before `start` by a node, or by none. */
function outerVariables(
  results: readonly Variable[],
  local: readonly Variable[],
  start: number,
): Variable[] {
  const found = new Set<Variable>(),
    seen = new Set<Variable>(local),
    todo = [...results].reverse();
  for (let v = todo.pop(); v; v = todo.pop()) {
    if (seen.has(v) || v instanceof Constant) continue;
    seen.add(v);
    if (!v.owner || v.owner.id < start) found.add(v);
    else todo.push(...v.owner.inputs);
  }
  return [...found].sort((a, b) => a.id - b.id);
}
