/** What `scan` is given, read and checked: sequences, initial values, and what the step returns. */
import { describeOther } from "../graph/describe_other.ts";
import { withDefaults } from "../graph/options.ts";
import { isFloat } from "../graph/dtype.ts";
import { lagOf } from "../graph/scan_params.ts";
import { dense, describeType } from "../graph/type.ts";
import { SharedVariable, Variable } from "../graph/variable.ts";
import { replace } from "../graph/walk.ts";
import { asVariable, constant, type Operand } from "../ops/define.ts";
import { cast } from "../ops/elementwise/elemwise.ts";
import { expandDims } from "../ops/shape/dimshuffle.ts";
import type { LoopSequence } from "./loop.ts";

/** The condition that ends a loop: made by `until` and returned by the step. */
export class Until {
  /** Made by `until`. */
  constructor(/** A 0-d bool. */ readonly condition: Variable) {}
}

/** Ends the loop after the step that makes `condition` true; that step is kept. TypeError: the condition has axes. */
export function until(condition: Variable): Until {
  if (!(condition instanceof Variable)) {
    throw new TypeError(
      `Cannot end a loop by ${
        describeOther(condition)
      }: the condition must be a Variable without axes`,
    );
  }
  if (condition.ndim > 0) {
    throw new TypeError(
      `Cannot end a loop by ${condition}: the condition must have no axes; take its all() or any()`,
    );
  }
  // Programs look at one byte of it.
  return new Until(cast(condition, "bool"));
}

/** A sequence, or one read at several places of each step. */
export type Sequence = Operand | {
  readonly input: Operand;
  readonly taps?: readonly number[];
};

/** What an output starts from: null if it is not fed back. */
export type OutputInfo = Operand | {
  readonly initial: Operand;
  readonly taps?: readonly number[];
} | null;

/** New values of shared variables. */
export type StepUpdates = ReadonlyMap<SharedVariable, Operand>;

/** What a step returns: values, new values of shared variables, and `until(…)`, in any nesting. */
export type StepResult = Operand | Until | StepUpdates | readonly StepResult[];

/**
 * The body of a loop: its parameters are the taps of each sequence, the taps
 * of each output that is fed back, then the non-sequences.
 */
export type Step<R extends StepResult = StepResult> = (
  // Written out, so that TypeScript does not take a parameter for absent.
  a: Variable,
  b: Variable,
  c: Variable,
  d: Variable,
  e: Variable,
  f: Variable,
  g: Variable,
  h: Variable,
  ...more: Variable[]
) => R;

/** What a step returns besides its values. */
export type StepEffect = Until | StepUpdates;

/** A variable for each value in a list, whatever its nesting. */
export type Outputs<T extends readonly unknown[]> = T extends
  readonly [infer H, ...infer Rest] ? H extends StepEffect ? Outputs<Rest>
  : H extends readonly unknown[] ? [...Outputs<H>, ...Outputs<Rest>]
  : [Variable, ...Outputs<Rest>]
  : T extends readonly [] ? []
  : Variable[];

/** The outputs of a loop: one variable if the step returns one value, else a list. */
export type Scanned<R> = R extends readonly [infer A, StepEffect]
  ? ScannedValues<A>
  : R extends readonly [infer A, StepEffect, StepEffect] ? ScannedValues<A>
  : R extends readonly [StepEffect, infer A] ? ScannedValues<A>
  : ScannedValues<R>;

/** The same for a result without effects. */
export type ScannedValues<A> = A extends readonly unknown[] ? Outputs<A>
  : A extends StepEffect ? []
  : Variable;

/** A step's results, sorted. */
export interface StepValues {
  readonly values: readonly Variable[];
  readonly updates: ReadonlyMap<SharedVariable, Variable>;
  readonly until: Variable | null;
  /** One value that was not in a list of its own. */
  readonly single: boolean;
}

/** One or several, as a list; nothing is none. */
export function listOf<T>(
  x: T | readonly T[] | null | undefined,
): readonly T[] {
  return x === undefined || x === null ? [] : Array.isArray(x) ? x : [x as T];
}

/** Sorts what a step returned. TypeError: it is nothing that a graph can hold. */
export function readStep(result: StepResult): StepValues {
  const values: Variable[] = [], updates = new Map<SharedVariable, Variable>();
  let until: Variable | null = null;
  const read = (r: StepResult): void => {
    if (r instanceof Until) until = r.condition;
    else if (r instanceof Map) {
      (r as StepUpdates).forEach((v, s) => updates.set(s, updated(s, v)));
    } else if (Array.isArray(r)) r.forEach(read);
    else values.push(asVariable(r as Operand));
  };
  read(result);
  // `x`, `[x, updates]` and `[x, until(c)]` are one output; `[x]` and `[[x], updates]` ask for a list.
  const direct = Array.isArray(result) && result.length > 1 &&
    result.some((r: StepResult) => !isEffect(r) && !Array.isArray(r));
  const single = values.length === 1 && (!Array.isArray(result) || direct);
  return { values, updates, until, single };
}

function isEffect(r: StepResult): boolean {
  return r instanceof Until || r instanceof Map;
}

function updated(s: SharedVariable, next: Operand): Variable {
  if (!(s instanceof SharedVariable)) {
    throw new TypeError(
      `Cannot build scan: an update is of ${
        describeOther(s)
      }, expected a shared variable`,
    );
  }
  const v = asVariable(next, s.dtype);
  if (v.dtype === s.dtype && v.ndim === s.ndim) return v;
  throw new TypeError(
    `Cannot build scan: the update of ${s} is ${describeType(v.type)}` +
      madeAt(v),
  );
}

/** A sequence with variables for its taps. TypeError: it has no axes, or its taps are no integers. */
export function asSequence(
  s: Sequence,
  index: number,
  backwards: boolean,
): LoopSequence {
  const { input, taps } = typeof s === "object" && s !== null && "input" in s
    ? withDefaults(`build scan: sequence ${index}`, s, {
      input: undefined,
      taps: [0],
    })
    : { input: s as Operand, taps: [0] };
  const value = asVariable(input as Operand);
  if (value.ndim === 0) {
    throw new TypeError(
      `Cannot build scan: sequence ${index}, ${value}, has no axis to go along`,
    );
  }
  if (taps.length === 0 || !taps.every(Number.isInteger)) {
    throw new TypeError(
      `Cannot build scan: taps of sequence ${index} must be integers, got [${taps}]`,
    );
  }
  const row = dense(value.dtype, value.type.shape.slice(1));
  return {
    value,
    taps,
    backwards,
    vars: taps.map((k) => new Variable(row, null, 0, tapName(value.name, k))),
  };
}

function tapName(name: string | undefined, k: number): string | undefined {
  return name && `${name}[t${k > 0 ? "+" : ""}${k || ""}]`;
}

/** An initial value with variables for its taps. */
export interface StateInput {
  /** The output that it belongs to. */
  readonly index: number;
  /** A plain number: it takes the dtype that the step gives it. */
  readonly number: number | bigint | boolean | null;
  /** As it was given. */
  readonly value: Variable;
  /** With a leading axis for the past rows. */
  readonly initial: Variable;
  readonly taps: readonly number[];
  readonly vars: readonly Variable[];
}

/** TypeError: taps that are no past. RangeError: fewer rows than they reach back. */
export function asState(
  info: Exclude<OutputInfo, null>,
  index: number,
): StateInput {
  const { initial, taps } = typeof info === "object" && "initial" in info
    ? withDefaults(`build scan: output ${index}`, info, {
      initial: undefined,
      taps: [-1],
    })
    : { initial: info as Operand, taps: [-1] };
  const given = initial as Operand,
    value = asVariable(given),
    lag = lagOf(taps);
  if (
    taps.length === 0 || taps.some((k) => k >= 0 || !Number.isInteger(k)) ||
    new Set(taps).size < taps.length
  ) {
    throw new TypeError(
      `Cannot build scan: taps of output ${index} must be distinct negative integers, got [${taps}]`,
    );
  }
  const rows = value.type.shape[0];
  if (lag > 1 && rows === undefined) {
    throw new TypeError(
      `Cannot build scan: output ${index} has taps [${taps}], so its initial value needs a leading axis of ${lag} rows, got ${value}`,
    );
  }
  if (lag > 1 && typeof rows === "number" && rows < lag) {
    throw new RangeError(
      `Cannot build scan: output ${index} has taps [${taps}], so its initial value needs ${lag} rows, got ${rows}`,
    );
  }
  const state = {
    index,
    number: isPlain(given) ? given : null,
    value,
    initial: lag > 1 ? value : expandDims(value, 0),
    taps,
  };
  return { ...state, vars: stateVariables(state) };
}

function isPlain(x: unknown): x is number | bigint | boolean {
  return ["number", "bigint", "boolean"].includes(typeof x);
}

function stateVariables(
  { index, number, value, initial, taps }: Omit<StateInput, "vars">,
): Variable[] {
  const row = dense(
    initial.dtype,
    initial.type.shape.slice(1).map((d) => typeof d === "number" ? d : null),
  );
  const name = number === null ? value.name : `output ${index}`;
  return taps.map((k) => new Variable(row, null, 0, tapName(name, k)));
}

/** Gives plain numbers that states start from the dtype that the step gives them; `results` has the new values of the states first. */
export function settleNumbers(
  states: readonly StateInput[],
  results: readonly Variable[],
): [states: readonly StateInput[], results: readonly Variable[]] {
  let now: readonly StateInput[] = states, made = results;
  // A round may widen what another state gets.
  for (let round = 0; round <= states.length; round++) {
    const by = new Map<Variable, Variable>();
    now = now.map((s, i) => {
      const { dtype } = made[i]!, whole = Number.isInteger(Number(s.number));
      const fits = whole || isFloat(dtype);
      if (s.number === null || dtype === s.value.dtype || !fits) return s;
      const value = constant(s.number, dtype);
      const wider = { ...s, value, initial: expandDims(value, 0) };
      const vars = stateVariables(wider);
      s.vars.forEach((v, k) => by.set(v, vars[k]!));
      return { ...wider, vars };
    });
    if (by.size === 0) break;
    made = replace(made, by);
  }
  return [now, made];
}

/** TypeError or RangeError: the step's value cannot take the place of the one before. */
export function checkState(s: StateInput, next: Variable): void {
  const want = s.vars[0]!, start = s.initial.type.shape.slice(1);
  const ones = next.ndim === want.ndim &&
    next.type.shape.every((d, i) => (d === 1) === (start[i] === 1));
  const lengths = ones &&
    next.type.shape.every((d, i) =>
      typeof d !== "number" || typeof start[i] !== "number" || d === start[i]
    );
  if (next.dtype === want.dtype && lengths) return;
  const remedy = next.dtype !== want.dtype
    ? `; convert one with .astype("${want.dtype}") or .astype("${next.dtype}")`
    : next.ndim === want.ndim && !ones
    ? "; an axis must have length 1 in both types or in neither: say so with specifyShape, or repeat it with broadcastTo"
    : "";
  const message =
    `Cannot build scan: output ${s.index}${
      s.value.name ? ` (${s.value.name})` : ""
    } starts as ${
      describeType(dense(want.dtype, start))
    } but the step returns ${describeType(next.type)}` + madeAt(next) + remedy;
  throw next.dtype === want.dtype && ones
    ? new RangeError(message)
    : new TypeError(message);
}

function madeAt(v: Variable): string {
  return v.owner ? `, made at ${v.owner.origin.line}` : "";
}
