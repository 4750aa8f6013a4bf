/** What the op `scan` holds: its body, and which value goes where in each step. Lowering turns it into a backward jump. */
import type { Variable } from "./variable.ts";

/** A sequence: at step t the body sees row t + tap - min(taps, 0) … for each tap; from the end if `backwards`. */
export interface ScanSequence {
  readonly taps: readonly number[];
  readonly backwards: boolean;
  /** The body's variables, one a tap. */
  readonly vars: readonly Variable[];
}

/** A value fed back. The outer initial value has a leading axis of at least -min(taps) rows, the oldest first. */
export interface ScanState {
  /** All negative. */
  readonly taps: readonly number[];
  /** All steps are wanted; else only the last one, and the output has no leading axis. */
  readonly keep: boolean;
  readonly vars: readonly Variable[];
  readonly next: Variable;
}

/** An output that is not fed back. */
export interface ScanExtra {
  readonly keep: boolean;
  readonly value: Variable;
}

/**
 * Inputs of the application: the number of steps if `nSteps`, the sequences,
 * the initial values of the states, the non-sequences. Outputs: the states,
 * then the extras. The body may use its own variables, those of
 * `nonSequences`, and constants; nothing else from outside.
 */
export interface ScanParams {
  readonly nSteps: boolean;
  readonly sequences: readonly ScanSequence[];
  readonly states: readonly ScanState[];
  readonly extras: readonly ScanExtra[];
  readonly nonSequences: readonly Variable[];
  readonly until: Variable | null;
  /** The steps that a gradient goes back at most; all unless given. */
  readonly truncate?: number;
}

/** The part of a loop's parameters that its body computes. */
export type BodyParams = Pick<ScanParams, "states" | "extras" | "until">;

/** What the body computes: next states, extras, and the condition to stop. */
export function bodyResults(p: BodyParams): Variable[] {
  return [
    ...p.states.map((s) => s.next),
    ...p.extras.map((e) => e.value),
    ...(p.until ? [p.until] : []),
  ];
}

/** The same loop where the body computes others, in the order of `bodyResults`. */
export function withBodyResults<P extends BodyParams>(
  p: P,
  results: readonly Variable[],
): P {
  const states = p.states.length, extras = states + p.extras.length;
  return {
    ...p,
    states: p.states.map((s, i) => ({ ...s, next: results[i]! })),
    extras: p.extras.map((e, i) => ({ ...e, value: results[states + i]! })),
    until: p.until && results[extras]!,
  };
}

/** How many past rows a state needs. */
export function lagOf(taps: readonly number[]): number {
  return -Math.min(...taps);
}

/** How many rows of a sequence its taps use up, and the row that tap 0 reads at step 0. */
export function spanOf(
  taps: readonly number[],
): readonly [lost: number, first: number] {
  const low = Math.min(0, ...taps);
  return [Math.max(0, ...taps) - low, -low];
}
