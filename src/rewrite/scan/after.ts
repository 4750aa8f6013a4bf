/**
 * Work that no later step needs leaves the loop behind it: a product of what
 * each step has with a weight, and what is computed of that elementwise, is
 * one product over the rows of all steps.
 */
import { bodyResults } from "../../graph/scan_params.ts";
import { type Apply, Constant, type Variable } from "../../graph/variable.ts";
import { clientsOf, replace, toposort } from "../../graph/walk.ts";
import type { Loop } from "../../nested/loop.ts";
import { dot } from "../../ops/products/dot.ts";
import { conditions } from "../lazy.ts";
import { type Along, canLift, isSafe, lift } from "./lift.ts";
import {
  entriesOf,
  handingOut,
  isWanted,
  keptBy,
  type LoopEntry,
  type LoopPlace,
  type LoopRule,
  loopRule,
  outsideOf,
  type Replacements,
  valueOf,
} from "./loop_rules.ts";
import { varying } from "./terms.ts";

/** Work after the loop. */
export const following: readonly LoopRule[] = [
  loopRule(
    "scan_after",
    {
      equation:
        "scan(… → y[t] = f(dot(h[t], W))) → y = f(dot(h, W)) over the rows of all steps, if no step needs y",
    },
    afterwards,
  ),
];

function afterwards(place: LoopPlace): Replacements | null {
  const { node, loop } = place, first = loop.states.length;
  const late = lateOf(loop);
  const leaving = loop.extras.filter((e, i) =>
    e.keep && late.has(e.value.owner!) &&
    isWanted(place, node.outputs[first + i]!)
  );
  if (leaving.length === 0) return null;
  const order = toposort(leaving.map((e) => e.value))
    .filter((node) => late.has(node));
  const made = new Set(order.flatMap((node) => node.outputs));
  const varies = varying(loop, bodyResults(loop));
  const moving = new Set(
    order.flatMap((node) => node.inputs)
      .filter((v) => varies.has(v) && !made.has(v)),
  );
  const { output, rows } = handingOut(
    { ...loop, extras: loop.extras.filter((e) => !leaving.includes(e)) },
    moving,
  );
  const along = new Map(
    [...moving].map((v): [Variable, Along] => [
      v,
      { value: rows(v), backwards: false },
    ]),
  );
  const outer = outsideOf(loop);
  const fixed = (v: Variable) => replace([v], outer)[0]!;
  order.forEach((n) => along.set(n.outputs[0]!, lift(n, along, fixed)));
  const left = new Set<LoopEntry>(leaving);
  return new Map(
    entriesOf(loop).map((e, i) => [
      node.outputs[i]!,
      left.has(e) ? along.get(valueOf(e))!.value : output(e),
    ]),
  );
}

/**
 * What can run behind the loop: products with what is the same in each step,
 * and all between them and the rows that the loop hands out. Of what else
 * they take, all rows are there anyway.
 */
function lateOf(loop: Loop): ReadonlySet<Apply> {
  const results = bodyResults(loop), clients = clientsOf(toposort(results));
  const able = ableOf(loop, results), kept = new Set(keptBy(loop));
  const needed = new Set([
    ...loop.states.map((s) => s.next),
    ...loop.extras.filter((e) => !e.keep).map((e) => e.value),
    ...(loop.until ? [loop.until] : []),
  ]);
  // What stays because a step reads it may have been why another was to leave.
  for (;;) {
    const late = new Set<Apply>(), after = new Set<Variable>();
    for (const [node, moving] of able) {
      const [y] = node.outputs as [Variable];
      const rest = moving.filter((v) => !after.has(v));
      const isProduct = node.op === dot.op &&
        node.inputs.some((v) => v.ndim === 2 && !moving.includes(v));
      const pays = isProduct || rest.length < moving.length;
      if (needed.has(y) || !pays) continue;
      if (!isProduct && !rest.every((v) => kept.has(v))) continue;
      late.add(node);
      after.add(y);
    }
    const before = needed.size;
    for (const node of [...late].reverse()) {
      const [y] = node.outputs as [Variable];
      if (clients.get(y)?.every((reader) => late.has(reader)) ?? true) continue;
      late.delete(node);
      needed.add(y);
    }
    if (needed.size === before) return late;
  }
}

/** What could run over all steps at once, inputs first, with those of its inputs that change from step to step. */
function ableOf(
  loop: Loop,
  results: readonly Variable[],
): ReadonlyMap<Apply, readonly Variable[]> {
  const runs = conditions(results), varies = varying(loop, results);
  const fixed = new Set(loop.nonSequences.map((s) => s.inner));
  const isFixed = (v: Variable) => v instanceof Constant || fixed.has(v);
  const able = new Map<Apply, readonly Variable[]>();
  for (const node of toposort(results)) {
    const { op, inputs, outputs: [y, ...more] } = node;
    if (!y || more.length || op.ordered || runs.get(node) !== 0) continue;
    const moving = inputs.map((v) => varies.has(v));
    if (!inputs.every((v, i) => moving[i] || isFixed(v))) continue;
    if (!moving.includes(true)) {
      if (isSafe(node)) fixed.add(y);
    } else if (canLift(node, moving)) {
      able.set(node, inputs.filter((_, i) => moving[i]));
    }
  }
  return able;
}
