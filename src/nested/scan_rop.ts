/** The R-op of a loop: one loop that carries each state together with its tangent. */
import { isFloat } from "../graph/dtype.ts";
import type { ScanExtra, ScanParams } from "../graph/scan_params.ts";
import { dense } from "../graph/type.ts";
import { type Apply, Variable } from "../graph/variable.ts";
import { push } from "../grad/rop.ts";
import { zeros, zerosLike } from "../ops/constructors.ts";
import { lengthsOf } from "../ops/shape/shape.ts";
import { reachOf } from "./body.ts";
import {
  applyLoop,
  bodyVariables,
  type Loop,
  loopOf,
  type LoopState,
  splitInputs,
  withoutIdleStates,
  withOwnBody,
} from "./loop.ts";

/** The tangents of the outputs of a loop from those of its inputs. */
export function pushScan(
  node: Apply<ScanParams>,
  ts: readonly (Variable | null)[],
): (Variable | null)[] {
  const loop = loopOf(node), given = splitInputs(ts, node.params);
  const tangents = new Map<Variable, Variable>();
  /** Variables for the tangents of variables of the body. */
  const beside = (vars: readonly Variable[], { dtype }: Variable) =>
    vars.map((v) => {
      const t = new Variable(dense(dtype, v.type.shape));
      tangents.set(v, t);
      return t;
    });
  const sequences = loop.sequences.flatMap((s, i) => {
    const value = given.sequences[i];
    return value && isFloat(s.value.dtype)
      ? [{ ...s, value, vars: beside(s.vars, value) }]
      : [];
  });
  const nonSequences = loop.nonSequences.flatMap(({ inner }, i) => {
    const value = given.nonSequences[i];
    return value ? [{ value, inner: beside([inner], value)[0]! }] : [];
  });
  const moving = movingStates(loop, given.initial, new Set(tangents.keys()));
  const vars = loop.states.map((s) =>
    moving.has(s) ? beside(s.vars, s.next) : []
  );

  const nexts = push(loop.states.map((s) => s.next), tangents);
  const values = push(loop.extras.map((e) => e.value), tangents);
  const states = loop.states.flatMap((s, i): LoopState[] =>
    moving.has(s)
      ? [{
        ...s,
        vars: vars[i]!,
        next: nexts[i] ?? zerosLike(s.next),
        initial: given.initial[i] ??
          zeros(lengthsOf(s.initial), s.initial.dtype),
      }]
      : []
  );
  const extras = loop.extras.map((e, i): ScanExtra | null => {
    const value = values[i];
    return value && isFloat(e.value.dtype) ? { ...e, value } : null;
  });
  const wanted = extras.filter((e) => e !== null);
  if (states.length + wanted.length === 0) return node.outputs.map(() => null);
  const run = withoutIdleStates({
    ...loop,
    sequences: [...loop.sequences, ...sequences],
    states: [...loop.states, ...states],
    extras: wanted,
    nonSequences: [...loop.nonSequences, ...nonSequences],
  }, new Set(states));
  const made = applyLoop(node.op, withOwnBody(run));
  const first = run.states.length - states.length;
  let state = first, extra = 0;
  return [
    ...loop.states.map((s) => moving.has(s) ? made.states[state++]! : null),
    ...extras.map((e) => e ? made.extras[extra++]! : null),
  ];
}

/** The states that have tangents: from their initial values, or from what their steps read. */
function movingStates(
  loop: Loop,
  initial: readonly (Variable | null)[],
  reached: Set<Variable>,
): ReadonlySet<LoopState> {
  const { states } = loop, moving = new Set<LoopState>();
  const reach = reachOf(states.map((s) => s.next), bodyVariables(loop));
  for (let before = -1; before < moving.size;) {
    before = moving.size;
    states.forEach((s, i) => {
      if (!isFloat(s.next.dtype) || moving.has(s)) return;
      if (!initial[i] && !reach[i]!.values().some((v) => reached.has(v))) {
        return;
      }
      moving.add(s);
      s.vars.forEach((v) => reached.add(v));
    });
  }
  return moving;
}
