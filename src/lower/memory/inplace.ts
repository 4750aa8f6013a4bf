/** Which temporaries are overwritten: decided after the order is fixed, so that no node ever moves or runs for it. */
import type { Computation, Flow, Value } from "../flow.ts";
import { viewed } from "../flow.ts";
import { IntSet } from "./int_set.ts";
import { type Ownership, placeFrees } from "./liveness.ts";
import type { Plans } from "../plans.ts";
import { inside, type Placement, type Region } from "../order/regions.ts";
import type { Tree } from "../tree/tree.ts";
import type { UpdatePlan } from "../order/updates.ts";

/** What each slot may look into, and what is written over what. */
export interface Aliasing extends Ownership {
  /** By unit: the input that output 0 is written over. */
  readonly inplace: ReadonlyMap<number, number>;
}

/** What the earlier stages decided. */
export interface InplaceScene {
  readonly flow: Flow;
  readonly placement: Placement;
  readonly plans: Plans;
  readonly tree: Tree;
  /** Updates in place. */
  readonly updates: UpdatePlan["inplace"];
  /** False: every unit gets buffers of its own. */
  readonly allowed: boolean;
}

/** A buffer is overwritten where nothing that is live behind may look into it. */
export function decideInplace(scene: InplaceScene): Aliasing {
  const { tree, updates } = scene,
    fixed = new Map([...updates].map(([unit, { input }]) => [unit, input]));
  const plain = alias(scene, fixed, null), before = { tree, ...plain };
  if (!scene.allowed) return { ...before, inplace: fixed };
  const decided = alias(scene, fixed, {
    behind: placeFrees(before).behind,
    owners: plain.owners,
  });
  return { tree, ...decided };
}

/** What pass one found: slots live behind each unit, and who owns them. */
interface Known {
  readonly behind: ReadonlyMap<number, IntSet>;
  readonly owners: readonly (Region | null)[];
}

/** Roots of all slots, in the order of data; with `known`, units write over dead operands on the way. */
function alias(
  scene: InplaceScene,
  fixed: ReadonlyMap<number, number>,
  known: Known | null,
): Omit<Aliasing, "tree"> {
  const { flow, placement, plans, tree } = scene,
    { slots, slotOf, stackOf } = tree;
  const own: IntSet[] = slots.map((_, slot) => IntSet.of([slot])),
    inplace = new Map(fixed);
  const barred = new Set(tree.swapped);
  /** Temporaries of each container that nothing of another one was written over. */
  const ours = new Map<Region, IntSet>();
  if (known) {
    slots.forEach(({ kind }, slot) => {
      const owner = known.owners[slot];
      if (kind !== "temporary" || !owner) return;
      ours.set(owner, (ours.get(owner) ?? IntSet.empty).with(slot));
    });
  }
  // What was written over what: by root where that is one buffer; else, behind a choice, in sets that may be as large as nesting is deep.
  const writers: (IntSet | undefined)[] = [];
  let overwritten = IntSet.empty, broad = IntSet.empty;
  const of = (v: Value): number => slotOf[v.id]!;
  const rootsOf = (slot: number): IntSet => {
    let s = slot;
    while (slots[s]!.base >= 0) s = slots[s]!.base;
    return own[s]!;
  };

  const overwritable = (unit: Computation, k: number): boolean => {
    const x = of(unit.inputs[k]!),
      live = known!.behind.get(unit.id)!,
      container = placement.home[unit.id]!.container;
    const mine = rootsOf(x);
    if (live.has(x) || mine.meets(live)) return false;
    if (!mine.isIn(ours.get(container) ?? IntSet.empty)) return false;
    for (const r of mine.intersect(overwritten)) {
      if (writers[r]!.meets(live)) return false;
    }
    for (const y of broad.intersect(live)) {
      if (rootsOf(y).meets(mine)) return false;
    }
    return unit.inputs.every((v, i) =>
      i === k ||
      (of(v) === x
        ? plans.candidates(unit).includes(i)
        : !rootsOf(of(v)).meets(mine))
    );
  };

  const compute = (unit: Computation): IntSet | null => {
    const base = viewed(unit),
      y = of(unit.outputs[0]!),
      over = fixed.get(unit.id);
    if (base) return rootsOf(of(base));
    if (over !== undefined) return rootsOf(of(unit.inputs[over]!));
    if (!known || barred.has(y) || slots[y]!.base >= 0) return null;
    const k = plans.candidates(unit).find((k) => overwritable(unit, k));
    if (k === undefined) return null;
    inplace.set(unit.id, k);
    const roots = rootsOf(of(unit.inputs[k]!)),
      { container } = placement.home[unit.id]!;
    if (roots.isBroad) broad = broad.with(y);
    else {
      for (const r of roots) writers[r] = (writers[r] ?? IntSet.empty).with(y);
      overwritten = overwritten.union(roots);
    }
    if (known.owners[y] !== container) {
      ours.set(container, ours.get(container)!.minus(roots));
    }
    return roots;
  };

  for (const unit of flow.units) {
    if (!placement.home[unit.id]) continue;
    if (unit.kind === "compute") {
      const roots = compute(unit);
      if (roots) own[of(unit.outputs[0]!)] = roots;
      continue;
    }
    unit.outputs.forEach((o, i) => {
      if (!placement.used[o.id]) return;
      own[of(o)] = unit.kind === "scan"
        ? own[stackOf.get(of(o))!]!
        : rootsOf(of(unit.yes[i]!)).union(rootsOf(of(unit.no[i]!)));
    });
  }
  const roots = slots.map((_, slot) => rootsOf(slot)),
    owns = slots.map((s, slot) =>
      s.kind === "temporary" && own[slot]!.has(slot)
    );
  return { owners: withEscapes(scene, roots), owns, roots, inplace };
}

/** A private buffer of a block into which the block's output may look belongs to the caller. */
function withEscapes(
  { flow, placement, tree }: InplaceScene,
  roots: readonly IntSet[],
): (Region | null)[] {
  const owners = tree.slots.map((s) => s.owner);
  for (const block of placement.blocks) {
    const head = flow.units[block.units[block.units.length - 1]!]!;
    for (const o of head.outputs) {
      const slot = tree.slotOf[o.id];
      if (slot === undefined) continue;
      const caller = owners[slot]!;
      for (const r of roots[slot]!) {
        const owner = owners[r];
        if (owner && owner !== caller && inside(owner, caller)) {
          owners[r] = caller;
        }
      }
    }
  }
  return owners;
}
