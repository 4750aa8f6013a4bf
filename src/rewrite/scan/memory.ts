/** Loops that hold no more than is read: unused parts go, states of which the last value is wanted take two rows, one step is no loop. */
import { type Apply, Constant, type Variable } from "../../graph/variable.ts";
import { bodyResults, lagOf, spanOf } from "../../graph/scan_params.ts";
import { replace } from "../../graph/walk.ts";
import {
  asLength,
  bodyVariables,
  type Loop,
  type LoopState,
  stepsOf,
  usedOf,
  withoutIdleStates,
} from "../../nested/loop.ts";
import { at } from "../../ops/indexing/at.ts";
import { assert } from "../../ops/debug.ts";
import { expandDims } from "../../ops/shape/dimshuffle.ts";
import { gt } from "../../ops/elementwise/elemwise_logic.ts";
import { specifyShape } from "../../ops/shape/specify_shape.ts";
import type { SelectionParams } from "../../ops/indexing/selection.ts";
import { elementsAt, subtensor } from "../../ops/indexing/subtensor.ts";
import {
  entriesOf,
  insteadOf,
  insteadWith,
  isEnough,
  isWanted,
  type LoopPlace,
  type LoopRule,
  loopRule,
  outsideOf,
  type Replacements,
} from "./loop_rules.ts";
import { likeInitial, withInitialRows, withRows } from "./checks.ts";

/** What nobody reads, and what is there twice. */
export const unused: readonly LoopRule[] = [
  loopRule(
    "scan_unused",
    {
      equation: "scan without the states, extras and inputs that nothing needs",
      licence: "exact",
    },
    withoutUnused,
  ),
  loopRule(
    "scan_duplicate_inputs",
    {
      equation: "scan(x, x, W, W) → scan(x, W)",
      licence: "exact",
    },
    withoutDuplicates,
  ),
  loopRule(
    "scan_constants",
    {
      equation: "a constant handed to each step → part of the step",
      licence: "exact",
    },
    withConstants,
  ),
];

/** Loops of one step, and loops of which the last step is wanted. */
export const short: readonly LoopRule[] = [
  loopRule(
    "scan_once",
    { equation: "scan of one step → the step", licence: "exact" },
    onlyStep,
  ),
  loopRule(
    "scan_last",
    {
      equation: "scan(…)[-1] → the last value of a scan that keeps no others",
      licence: "exact",
    },
    onlyLast,
  ),
];

function withoutUnused(place: LoopPlace): Replacements | null {
  const { node, loop } = place, n = loop.states.length;
  const wanted = (i: number) => isWanted(place, node.outputs[i]!);
  const less = withoutIdleStates(
    { ...loop, extras: loop.extras.filter((_, i) => wanted(n + i)) },
    new Set(loop.states.filter((_, i) => wanted(i))),
  );
  const states = new Map<LoopState, LoopState>(less.states.map((s) => {
    const kept = !s.keep || wanted(loop.states.indexOf(s));
    return [s, kept ? s : { ...s, keep: false }];
  }));
  const used = usedOf(bodyResults(less), bodyVariables(loop));
  const sequences = loop.sequences.filter((s) =>
    s.vars.some((v) => used.has(v)) || !isEnough(s, loop)
  );
  const nonSequences = loop.nonSequences.filter((s) => used.has(s.inner));
  const same = less.extras.length === loop.extras.length &&
    loop.states.every((s) => states.get(s) === s) &&
    sequences.length === loop.sequences.length &&
    nonSequences.length === loop.nonSequences.length;
  if (same) return null;
  const made: Loop = {
    ...less,
    states: [...states.values()],
    nSteps: sequences.length < loop.sequences.length
      ? asLength(stepsOf(loop))
      : loop.nSteps,
    sequences,
    nonSequences,
  };
  return insteadOf(
    place,
    made,
    entriesOf(loop).map((e, i) =>
      wanted(i) ? states.get(e as LoopState) ?? e : null
    ),
  );
}

function withoutDuplicates(place: LoopPlace): Replacements | null {
  const { loop } = place, by = new Map<Variable, Variable>();
  const sequences = loop.sequences.filter((s, i) => {
    const first = loop.sequences.slice(0, i).find((r) =>
      r.value === s.value && r.backwards === s.backwards &&
      r.taps.join() === s.taps.join()
    );
    first?.vars.forEach((v, k) => by.set(s.vars[k]!, v));
    return !first;
  });
  const nonSequences = loop.nonSequences.filter((s, i) => {
    const first = loop.nonSequences.slice(0, i).find((r) =>
      r.value === s.value
    );
    if (first) by.set(s.inner, first.inner);
    return !first;
  });
  if (by.size === 0) return null;
  return insteadWith(place, by, { sequences, nonSequences });
}

function withConstants(place: LoopPlace): Replacements | null {
  const constants = new Map(
    [...outsideOf(place.loop)].filter(([, v]) => v instanceof Constant),
  );
  return constants.size === 0 ? null : insteadWith(place, constants, {
    nonSequences: place.loop.nonSequences
      .filter((s) => !constants.has(s.inner)),
  });
}

function onlyStep({ node, loop }: LoopPlace): Replacements | null {
  const checked = stepsOf(loop) === 1 ? likeInitial(loop, loop.states) : null;
  if (!checked) return null;
  const values = new Map<Variable, Variable>([
    ...loop.sequences.flatMap(({ value, taps, backwards, vars }) =>
      vars.map((v, k) => {
        const row = spanOf(taps)[1] + taps[k]!;
        return [v, at(value, backwards ? -1 - row : row)] as const;
      })
    ),
    ...loop.states.flatMap(({ initial, taps, vars }) =>
      vars.map((v, k) => [v, at(initial, lagOf(taps) + taps[k]!)] as const)
    ),
    ...[...loop.nonSequences, ...checked.inputs].map((s) =>
      [s.inner, s.value] as const
    ),
  ]);
  const entries = entriesOf(loop), extras = loop.extras.map((e) => e.value);
  const made = replace([...checked.nexts, ...extras], values);
  return new Map(
    node.outputs.map((v, i) => {
      const y = withAllRows(made[i]!, loop);
      return [v, asKnown(entries[i]!.keep ? expandDims(y, 0) : y, v)];
    }),
  );
}

/** `x`, refused where a loop of one step would be for want of rows. */
function withAllRows(x: Variable, loop: Loop): Variable {
  const short = loop.sequences.filter((s) => !isEnough(s, loop));
  return short.reduce(
    (x, { value, taps }) => {
      const n = 1 + spanOf(taps)[0];
      const message = `a sequence of a scan of 1 step has fewer than ${n} rows`;
      return withRows(x, { value, n, message });
    },
    withInitialRows(x, loop.states),
  );
}

/** `x` with the lengths that the type of `like` knows. */
function asKnown(x: Variable, like: Variable): Variable {
  const lengths = like.type.shape.map((n) => typeof n === "number" ? n : null);
  return lengths.every((n, axis) => n === null || x.type.shape[axis] === n)
    ? x
    : specifyShape(x, lengths);
}

function onlyLast(place: LoopPlace): Replacements | null {
  const { node, loop } = place, entries = entriesOf(loop);
  const last = entries.map((e, i) => {
    const v = node.outputs[i]!, readers = place.clients(v);
    return e.keep && !place.isResult(v) && readers.length > 0 &&
      readers.every((reader) => readsLast(reader, v, loop));
  });
  if (!last.includes(true)) return null;
  const n = loop.states.length;
  const made: Loop = {
    ...loop,
    states: loop.states.map((s, i) => last[i] ? { ...s, keep: false } : s),
    extras: loop.extras.map((e, i) => last[n + i] ? { ...e, keep: false } : e),
  };
  const by = insteadOf(place, made, entriesOf(made));
  node.outputs.forEach((v, i) => {
    if (!last[i]) return;
    const made = by.get(v)!, row = i < n ? withSomeSteps(made, loop) : made;
    by.delete(v);
    for (const { inputs, params, outputs } of place.clients(v)) {
      const rest = (params as SelectionParams).index.slice(1);
      by.set(
        outputs[0]!,
        rest.length ? elementsAt(row, inputs.slice(1), rest) : row,
      );
    }
  });
  return by;
}

/** The last row of a state, refused where no step runs: it would be the initial value. */
function withSomeSteps(last: Variable, loop: Loop): Variable {
  const n = stepsOf(loop);
  return typeof n === "number" && n > 0
    ? last
    : assert(last, gt(n, 0), "a scan of no steps has no last row");
}

/** True if `reader` takes the last row of `v`, an output of the loop. */
function readsLast(
  reader: Apply,
  v: Variable,
  loop: Loop,
): boolean {
  if (reader.op !== subtensor.op || reader.inputs.indexOf(v, 1) >= 0) {
    return false;
  }
  const [first] = (reader.params as SelectionParams).index;
  if (first?.kind !== "at") return false;
  if (first.at === -1) return true;
  const n = loop.until ? null : stepsOf(loop);
  return typeof n === "number" && n > 0 && first.at === n - 1;
}
