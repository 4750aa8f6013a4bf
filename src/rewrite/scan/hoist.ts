/**
 * Work that needs only the sequences leaves the loop: elementwise work, sums,
 * views, lookups by the step's index, and dot(x[t], W), which becomes one
 * product over all steps. What then only hands rows through is no output of a loop.
 */
import { bodyResults } from "../../graph/scan_params.ts";
import {
  type Apply,
  Constant,
  mayFail,
  Variable,
} from "../../graph/variable.ts";
import { replace, toposort } from "../../graph/walk.ts";
import {
  asLength,
  type Loop,
  type LoopInput,
  type LoopSequence,
  type LoopState,
  stepsOf,
  usedOf,
} from "../../nested/loop.ts";
import { scanOp } from "../../nested/scan_op.ts";
import { at } from "../../ops/indexing/at.ts";
import { broadcastTo } from "../../ops/shape/broadcast_to.ts";
import { lengthsOf, shapeAt } from "../../ops/shape/shape.ts";
import { conditions } from "../lazy.ts";
import { isAsserted } from "../lengths.ts";
import { fillValue } from "../values.ts";
import { likeInitial, withInitialRows } from "./checks.ts";
import { type Along, lift, Lifting } from "./lift.ts";
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
  rowsRead,
} from "./loop_rules.ts";

/** Work over all steps at once. */
export const hoisting: readonly LoopRule[] = [
  loopRule(
    "scan_fed_back_unread",
    {
      equation: "a state that no step reads → an extra",
      licence: "exact",
    },
    withoutIdleTaps,
  ),
  loopRule(
    "scan_lengths",
    {
      equation: "shape(x[t]) in each step → shape(x)[1:]",
      licence: "exact",
    },
    withoutLengths,
  ),
  loopRule(
    "scan_invariant",
    {
      equation: "f(w) in each step → w' in each step, w' = f(w)",
      licence: "exact",
    },
    withoutInvariants,
  ),
  loopRule(
    "scan_rows",
    {
      equation: "scan(x[t] → x[t]) → x, scan(x[t] → W) → W for each step",
      licence: "exact",
    },
    withoutRows,
  ),
  loopRule(
    "scan_hoist",
    {
      equation: "scan(x[t] → f(dot(x[t], W))) → scan(y[t] → f(y[t])), y = x W",
    },
    hoisted,
  ),
];

function withoutIdleTaps(place: LoopPlace): Replacements | null {
  const { loop } = place;
  const used = usedOf(bodyResults(loop), loop.states.flatMap((s) => s.vars));
  const idle = loop.states.filter((s) =>
    s.keep && !s.vars.some((v) => used.has(v))
  );
  if (idle.length === 0) return null;
  const checked = likeInitial(loop, idle);
  if (!checked) return null;
  const { nexts, inputs } = checked;
  const extras = new Map(
    idle.map((s, i) => [s, { keep: true, value: nexts[i]! }] as const),
  );
  const n = asLength(stepsOf(loop)), steps = withInitialRows(n, idle);
  const made: Loop = {
    ...loop,
    nSteps: steps === n ? loop.nSteps : steps,
    states: loop.states.filter((s) => !extras.has(s)),
    extras: [...extras.values(), ...loop.extras],
    nonSequences: [...loop.nonSequences, ...inputs],
  };
  return insteadOf(
    place,
    made,
    entriesOf(loop).map((e) => extras.get(e as LoopState) ?? e),
  );
}

/** All rows of a sequence are equally long, and so are all values of a state. */
function withoutLengths(place: LoopPlace): Replacements | null {
  const { loop } = place, inputs: LoopInput[] = [];
  const rows = new Map<Variable, Variable>([
    ...loop.sequences.flatMap((s) => s.vars.map((v) => [v, s.value] as const)),
    ...loop.states.flatMap((s) => s.vars.map((v) => [v, s.initial] as const)),
  ]);
  const by = new Map<Variable, Variable>();
  for (
    const { op, inputs: [v], params, outputs } of toposort(bodyResults(loop))
  ) {
    const of = op === shapeAt.op ? rows.get(v!) : undefined;
    if (!of) continue;
    const { axis } = params as { readonly axis: number };
    const [n] = outputs as [Variable], inner = new Variable(n.type);
    inputs.push({ inner, value: shapeAt(of, axis + 1) });
    by.set(n, inner);
  }
  if (by.size === 0) return null;
  return insteadWith(place, by, {
    nonSequences: [...loop.nonSequences, ...inputs],
  });
}

/**
 * What is the same in each step, and safe to compute where no step runs, is
 * computed before the loop; or rules within the body would join it with what
 * changes. All else of this kind is computed at its first need.
 */
function withoutInvariants(place: LoopPlace): Replacements | null {
  const { loop } = place, results = bodyResults(loop);
  const order = toposort(results), runs = conditions(results, order);
  const outside = outsideOf(loop);
  const fixed = new Set<Variable>(outside.keys()), moved = new Set<Apply>();
  // Another look at what is there is no work, and rules want to see fills.
  const work = new Set<Variable>();
  for (const node of order) {
    const stays = runs.get(node) !== 0 || node.op.ordered || mayFail(node) ||
      node.op === scanOp || node.inputs.every((v) => v instanceof Constant);
    if (stays || !node.inputs.every((v) => isFixed(v, fixed))) continue;
    moved.add(node);
    const works = fillValue(node.outputs[0]!) === null &&
      (!node.op.views || node.inputs.some((v) => work.has(v)));
    for (const v of node.outputs) {
      fixed.add(v);
      if (works) work.add(v);
    }
  }
  const needed = new Set(results);
  for (const node of order) {
    if (!moved.has(node)) node.inputs.forEach((v) => needed.add(v));
  }
  const leaving = [...work].filter((v) => needed.has(v));
  if (leaving.length === 0) return null;
  const values = replace(leaving, outside);
  const inputs = leaving.map((v, i): LoopInput => ({
    inner: new Variable(v.type),
    value: values[i]!,
  }));
  const by = new Map(leaving.map((v, i) => [v, inputs[i]!.inner]));
  return insteadWith(place, by, {
    nonSequences: [...loop.nonSequences, ...inputs],
  });
}

function isFixed(v: Variable, fixed: ReadonlySet<Variable>): boolean {
  return v instanceof Constant || fixed.has(v);
}

/** The rows of a sequence that steps read, in the order of the steps. */
function inOrder(s: LoopSequence, tap: number, loop: Loop): Variable {
  const rows = rowsRead(s, tap, loop);
  return s.backwards ? at(rows, "::-1") : rows;
}

function withoutRows(place: LoopPlace): Replacements | null {
  const { node, loop } = place, first = loop.states.length;
  // A loop that may go without having run must have nothing else to refuse.
  const others = (s: LoopSequence | undefined) =>
    loop.sequences.filter((r) => r !== s && !isEnough(r, loop)).length;
  if (loop.until || isAsserted(stepsOf(loop))) return null;
  const outer = outsideOf(loop);
  const by = new Map<Variable, Variable>();
  loop.extras.forEach(({ keep, value }, i) => {
    const v = node.outputs[first + i]!;
    if (!keep || !isWanted(place, v)) return;
    const s = loop.sequences.find((s) => s.vars.includes(value));
    if (s && others(s) === 0) {
      by.set(v, inOrder(s, s.vars.indexOf(value), loop));
    }
    const fixed = value instanceof Constant ? value : outer.get(value);
    if (fixed && others(undefined) === 0) {
      const lengths = [stepsOf(loop), ...lengthsOf(fixed)];
      by.set(v, broadcastTo(fixed, lengths));
    }
  });
  return by;
}

function hoisted(place: LoopPlace): Replacements | null {
  const { loop } = place;
  if (loop.until) return null;
  const results = bodyResults(loop), order = toposort(results);
  const runs = conditions(results, order), lifting = new Lifting(loop);
  for (const node of order) {
    // What only a branch computes stays there: it may refuse what the branch never sees.
    if (runs.get(node) === 0) lifting.add(node);
  }
  const needed = new Set(results);
  for (const node of order) {
    if (!lifting.moves(node)) node.inputs.forEach((v) => needed.add(v));
  }
  // A view saves no work, but a loop that only hands it out can go.
  const handed = new Set(loop.extras.map((e) => e.value));
  const leaving = order.flatMap((node) =>
    lifting.moves(node) &&
      (lifting.works(node) || handed.has(node.outputs[0]!)) &&
      needed.has(node.outputs[0]!)
      ? [node.outputs[0]!]
      : []
  );
  if (leaving.length === 0) return null;

  const outside = new Map<Variable, Along>(), fixed = outsideOf(loop);
  const read = usedOf(leaving, loop.sequences.flatMap((s) => s.vars));
  for (const s of loop.sequences) {
    s.vars.forEach((v, tap) => {
      if (!read.has(v)) return;
      const value = rowsRead(s, tap, loop);
      outside.set(v, { value, backwards: s.backwards });
    });
  }
  const keep = (v: Variable) => replace([v], fixed)[0]!;
  for (const node of toposort(leaving, (v) => outside.has(v))) {
    if (!lifting.moves(node)) continue;
    outside.set(node.outputs[0]!, lift(node, outside, keep));
  }
  const sequences = leaving.map((v): LoopSequence => {
    const { value, backwards } = outside.get(v)!;
    return { value, backwards, taps: [0], vars: [new Variable(v.type)] };
  });
  const by = new Map(leaving.map((v, i) => [v, sequences[i]!.vars[0]!]));
  return insteadWith(place, by, {
    nSteps: asLength(stepsOf(loop)),
    sequences: [...loop.sequences, ...sequences],
  });
}
