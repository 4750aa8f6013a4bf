/** Calls of the builtins around a loop: how often it runs, the rows that it fills, and what of them is its result. */
import { spanOf } from "../../graph/scan_params.ts";
import {
  countExtents,
  lastExtents,
  prefixExtents,
  stackExtents,
} from "../emit/builtins.ts";
import { builtin, Inputs } from "./drafts.ts";
import type { Repeat, Value } from "../flow.ts";
import type { Draft } from "./tree.ts";

/** The rows of a result while its loop runs. */
export interface Stack {
  /** Its slot. */
  readonly base: number;
  /** Rows before the first step. */
  readonly lag: number;
  /** How many rows there are where only the last ones are wanted; 0: all. */
  readonly ring: number;
}

/** How many steps a loop runs, from the slots of their number and of its sequences. */
export function countDraft(
  { node, params }: Repeat,
  { nSteps, sequences }: {
    readonly nSteps: number | undefined;
    readonly sequences: readonly number[];
  },
  count: number,
): Draft {
  return builtin("count", {
    inputs: [...(nSteps === undefined ? [] : [nSteps]), ...sequences],
    outputs: [count],
    extents: countExtents({
      nSteps: params.nSteps,
      lost: params.sequences.map((s) => spanOf(s.taps)[0]),
    }),
    mayFail: true,
    node,
  });
}

/** The rows of result i; those before the first step are copied from `initial`, where that is a slot. */
export function stackDraft(
  { node, params, body }: Repeat,
  i: number,
  { stack, count, initial, slotOf }: {
    readonly stack: Stack;
    readonly count: number;
    readonly initial: number | null;
    readonly slotOf: (v: Value) => number;
  },
): Draft {
  const { base, lag, ring } = stack;
  const given = new Inputs(
      [count, ...(initial === null ? [] : [initial])],
      slotOf,
    ),
    row = body.rows[i]!.sources.map((n) => given.source(n));
  return builtin("stack", {
    inputs: given.slots,
    outputs: [base],
    extents: stackExtents({
      lag,
      ring,
      until: params.until !== null,
      initial: initial === null ? null : 1,
      row,
    }),
    mayFail: true,
    node,
  });
}

/** What becomes of the rows: those that were computed, or the last. An extra that no step has computed has none. */
export function resultDraft(
  { node, params }: Repeat,
  i: number,
  { stack: { base, lag, ring }, steps, out }: {
    readonly stack: Stack;
    readonly steps: number;
    readonly out: number;
  },
): Draft {
  return builtin(ring ? "last" : "prefix", {
    inputs: [base, steps],
    outputs: [out],
    extents: ring ? lastExtents({ lag, ring }) : prefixExtents(lag),
    mayFail: ring > 0 && i >= params.states.length,
    node,
  });
}
