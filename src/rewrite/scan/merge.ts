/** Loops that run side by side become one, and in one loop equal states and equal extras become one. */
import type { Variable } from "../../graph/variable.ts";
import { toposort } from "../../graph/walk.ts";
import {
  applyLoop,
  type Loop,
  loopOf,
  stepsOf,
  usedOf,
  withOwnBody,
} from "../../nested/loop.ts";
import { scanOp } from "../../nested/scan_op.ts";
import { applyRules, session } from "../driver.ts";
import { conditions } from "../lazy.ts";
import { lengthKey } from "../lengths.ts";
import {
  entriesOf,
  insteadOf,
  isUnordered,
  isWanted,
  type LoopPlace,
  type LoopRule,
  loopRule,
  type Replacements,
  resultsOf,
  valueOf,
  withBody,
} from "./loop_rules.ts";

/** One loop for what runs in step. */
export const merging: readonly LoopRule[] = [
  loopRule(
    "scan_siblings",
    {
      equation:
        "scan(f) and scan(g) of equally many steps → scan(f, g), if neither needs the other",
      licence: "exact",
    },
    withSibling,
  ),
  loopRule(
    "scan_equal_states",
    {
      equation:
        "states with equal initial values and equal updates, equal extras → one",
      licence: "exact",
    },
    withoutTwins,
  ),
];

function withSibling(place: LoopPlace): Replacements | null {
  const { node, loop, loops, results } = place;
  const before = loops.slice(0, loops.indexOf(node)).filter((a) =>
    !a.params.until
  );
  if (loop.until || before.length === 0 || !isUnordered(loop)) return null;
  const key = lengthKey(stepsOf(loop)), runs = conditions(results);
  const needed = new Set(toposort(node.inputs));
  const sibling = before.find((a) =>
    !needed.has(a) && runs.get(a) === runs.get(node) &&
    lengthKey(stepsOf(loopOf(a))) === key && isUnordered(a.params)
  );
  if (!sibling) return null;
  // They may share a body: of one application made anew both have the variables.
  const first = loopOf(sibling), second = withOwnBody(loop);
  const both: Loop = {
    // A number that one of them was given is to be met by all sequences.
    nSteps: first.nSteps ?? second.nSteps,
    sequences: [...first.sequences, ...second.sequences],
    states: [...first.states, ...second.states],
    extras: [...first.extras, ...second.extras],
    nonSequences: [...first.nonSequences, ...second.nonSequences],
    until: null,
  };
  const made = applyLoop(scanOp, both);
  const n = first.states.length, m = first.extras.length;
  const parts = [
    [...made.states.slice(0, n), ...made.extras.slice(0, m)],
    [...made.states.slice(n), ...made.extras.slice(m)],
  ];
  return new Map(
    [sibling, node].flatMap(({ outputs }, k) =>
      outputs.map((v, i) => [v, parts[k]![i]!] as const)
    ),
  );
}

/** For each state the first that is always equal to it: they start alike, and where all that seem equal are, their updates are too. */
function firstOfEach(loop: Loop): readonly number[] {
  const { states } = loop;
  let classes = states.map((s, i) =>
    states.findIndex((r, j) =>
      j <= i && r.initial === s.initial && r.taps.join() === s.taps.join() &&
      r.next.dtype === s.next.dtype
    )
  );
  for (;;) {
    const by = new Map(
      states.flatMap((s, i) =>
        classes[i] === i
          ? []
          : s.vars.map((v, k) => [v, states[classes[i]!]!.vars[k]!] as const)
      ),
    );
    if (by.size === 0) return classes;
    const nexts = merged(withBody(loop, by).states.map((s) => s.next));
    const finer = states.map((_, i) =>
      states.findIndex((_, j) =>
        classes[j] === classes[i] && nexts[j] === nexts[i]
      )
    );
    if (finer.every((first, i) => first === classes[i])) return classes;
    classes = finer;
  }
}

/** Equal variables become one. */
function merged(results: readonly Variable[]): readonly Variable[] {
  return applyRules("merge", [], results, session());
}

function withoutTwins(place: LoopPlace): Replacements | null {
  const { node, loop } = place, { states } = loop, first = firstOfEach(loop);
  const used = usedOf(resultsOf(loop), states.flatMap((s) => s.vars));
  const by = new Map(
    states.flatMap((s, i) =>
      first[i] !== i && s.vars.some((v) => used.has(v))
        ? s.vars.map((v, k) => [v, states[first[i]!]!.vars[k]!] as const)
        : []
    ),
  );
  const made = withBody(loop, by),
    entries = entriesOf(made),
    n = states.length;
  const values = merged(entries.map(valueOf));
  // An extra with the value of a kept state is that state; of equal entries the first stays.
  const twin = entries.map((e, i) => {
    const same = entries.findIndex((f, j) =>
      f.keep === e.keep &&
      (i < n
        ? j < n && first[j] === first[i]
        : values[j] === values[i] && (j >= n || e.keep))
    );
    return same < 0 ? i : same;
  });
  const moved = twin.some((j, i) => j < i && isWanted(place, node.outputs[i]!));
  if (by.size === 0 && !moved) return null;
  return insteadOf(place, made, twin.map((j) => entries[j]!));
}
