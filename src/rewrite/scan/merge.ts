/** Loops that run side by side become one, and in one loop equal states and equal extras become one. */
import type { ScanParams } from "../../graph/scan_params.ts";
import { bodyResults } from "../../graph/scan_params.ts";
import type { Apply } from "../../graph/variable.ts";
import {
  applyLoop,
  type Loop,
  loopOf,
  stepsOf,
  usedOf,
  withOwnBody,
} from "../../nested/loop.ts";
import { scanOp } from "../../nested/scan_op.ts";
import { merge } from "../driver.ts";
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
    withSiblings,
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

/** Loops of a graph that run equally many steps under the same conditions, inputs first. */
type InStep = ReadonlyMap<Apply, readonly Apply<ScanParams>[]>;

const inStep = new WeakMap<LoopPlace["loops"], InStep>();

/** For each loop of the graph that may have siblings all that run in step with it. */
function loopsInStep({ loops, condition }: LoopPlace): InStep {
  const known = inStep.get(loops);
  if (known) return known;
  const groups = new Map<string, Apply<ScanParams>[]>();
  for (const node of loops) {
    if (node.params.until || !isUnordered(node.params)) continue;
    const key = `${condition(node)}: ${lengthKey(stepsOf(loopOf(node)))}`;
    const group = groups.get(key);
    if (group) group.push(node);
    else groups.set(key, [node]);
  }
  const made = new Map(
    [...groups.values()].flatMap((g) => g.map((node) => [node, g] as const)),
  );
  inStep.set(loops, made);
  return made;
}

/** The loop with all later ones that run in step with it, and of which none needs another. */
function withSiblings(place: LoopPlace): Replacements | null {
  const { node, loop } = place, group = loopsInStep(place).get(node) ?? [];
  const all = [node];
  for (const a of group.slice(group.indexOf(node) + 1)) {
    if (!all.some((b) => place.needs(a, b))) all.push(a);
  }
  if (all.length === 1) return null;
  // They may share a body: of one application made anew all have the variables.
  const parts = all.map((a, i) => i === 0 ? loop : withOwnBody(loopOf(a)));
  const together: Loop = {
    // A number that one of them was given is to be met by all sequences.
    nSteps: parts.find((p) => p.nSteps)?.nSteps ?? null,
    sequences: parts.flatMap((p) => p.sequences),
    states: parts.flatMap((p) => p.states),
    extras: parts.flatMap((p) => p.extras),
    nonSequences: parts.flatMap((p) => p.nonSequences),
    until: null,
  };
  const made = applyLoop(scanOp, together);
  let state = 0, extra = 0;
  return new Map(all.flatMap(({ outputs }, i) => {
    const { states, extras } = parts[i]!;
    const own = [
      ...made.states.slice(state, state += states.length),
      ...made.extras.slice(extra, extra += extras.length),
    ];
    return outputs.map((v, k) => [v, own[k]!] as const);
  }));
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
    const nexts = merge(withBody(loop, by).states.map((s) => s.next));
    const finer = states.map((_, i) =>
      states.findIndex((_, j) =>
        classes[j] === classes[i] && nexts[j] === nexts[i]
      )
    );
    if (finer.every((first, i) => first === classes[i])) return classes;
    classes = finer;
  }
}

function withoutTwins(place: LoopPlace): Replacements | null {
  const { node, loop } = place, { states } = loop, first = firstOfEach(loop);
  const used = usedOf(bodyResults(loop), states.flatMap((s) => s.vars));
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
  const values = merge(entries.map(valueOf));
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
