/** The order of the top region: what may fail, and what reads a storage, runs before what writes it. */
import {
  type Computation,
  type Flow,
  strictInputs,
  type Value,
} from "../flow.ts";
import type { Together } from "./pairs.ts";
import type { Plans } from "../plans.ts";
import type { Placement } from "./regions.ts";
import type { UpdatePlan } from "./updates.ts";

/** A unit's turn; `part` is "checks" where only its tests run, "rest" where they have run already. */
export interface Turn {
  readonly unit: number;
  readonly part: "all" | "checks" | "rest";
  /** The update that its kernel writes as well. */
  readonly with?: Together;
}

/** The turns of the top region, and which storages are written in place. */
export interface Order {
  readonly turns: readonly Turn[];
  readonly inplace: UpdatePlan["inplace"];
  readonly notes: readonly string[];
}

/** Orders the top region. Updates that read each other's storages in a circle cannot all be in place: the first gets a second buffer. */
export function orderTop(
  placement: Placement,
  plans: Plans,
  { flow, inplace, storages }: UpdatePlan,
): Order {
  const left = new Map(inplace), notes: string[] = [];
  for (;;) {
    const before = readersFirst(flow, left, storages),
      writes = arrange([...left.keys()].sort((a, b) => a - b), before);
    if (writes.length === left.size) {
      return {
        turns: turnsOf({
          placement,
          plans,
          flow,
          writes,
          before,
          left,
          storages,
        }),
        inplace: left,
        notes,
      };
    }
    const stuck = [...left.keys()].filter((id) => !writes.includes(id)).sort((
      a,
      b,
    ) => a - b)[0]!;
    const { storage } = left.get(stuck)!.update;
    notes.push(
      `update of ${
        storage.variable.name ?? storage.variable
      }: second buffer, then exchanged, because another update in place reads it`,
    );
    left.delete(stuck);
  }
}

/** For each unit that writes a storage, the other such units that read that storage. */
function readersFirst(
  flow: Flow,
  left: UpdatePlan["inplace"],
  storages: UpdatePlan["storages"],
): Map<number, number[]> {
  const readers = new Map<Value, Set<number>>();
  for (const id of left.keys()) {
    for (const v of strictInputs(flow.units[id]!)) {
      storages[v.id]?.forEach((s) =>
        readers.set(s, (readers.get(s) ?? new Set()).add(id))
      );
    }
  }
  return new Map(
    [...left].map(([id, { update }]) => [
      id,
      [...readers.get(update.storage) ?? []].filter((other) => other !== id),
    ]),
  );
}

/** As many of `ids` as can follow what comes before them. */
function arrange(
  ids: readonly number[],
  before: ReadonlyMap<number, readonly number[]>,
): number[] {
  const done = new Set<number>();
  for (let more = true; more;) {
    more = false;
    for (const id of ids) {
      if (done.has(id) || !before.get(id)!.every((b) => done.has(b))) continue;
      done.add(id);
      more = true;
    }
  }
  return [...done];
}

interface Scene {
  readonly placement: Placement;
  readonly plans: Plans;
  readonly flow: Flow;
  readonly writes: readonly number[];
  readonly before: ReadonlyMap<number, readonly number[]>;
  readonly left: UpdatePlan["inplace"];
  readonly storages: UpdatePlan["storages"];
}

function turnsOf(scene: Scene): Turn[] {
  const { placement, plans, flow, writes, left, storages } = scene;
  const lastRead = new Map<Value, number>();
  let lastRisk = -1;
  for (const unit of flow.units) {
    const region = placement.home[unit.id];
    if (!region) continue;
    const at = region.kind === "top" ? unit.id : region.latest,
      write = left.get(unit.id);
    const risky = write
      ? unit.kind === "compute" && plans.hasChecks(unit)
      : isRisky(plans, unit);
    if (risky) lastRisk = Math.max(lastRisk, at);
    if (write) continue; // among themselves they are arranged
    for (const v of strictInputs(unit)) {
      storages[v.id]?.forEach((s) =>
        lastRead.set(s, Math.max(lastRead.get(s) ?? -1, at))
      );
    }
  }
  const { pairs, early } = pairsOf(scene, lastRead, lastRisk),
    joined = new Set([...pairs.values()].map((p) => p.update.id));
  const entries: { at: number; rank: number; turn: Turn }[] = [];
  for (const unit of placement.top.units) {
    if (joined.has(unit)) continue;
    if (!left.has(unit)) {
      const pair = pairs.get(unit), before = early.get(unit);
      entries.push({
        at: before ?? unit,
        rank: before === undefined ? -2 : -3,
        turn: { unit, part: "all", ...(pair && { with: pair }) },
      });
    } else if (hasChecks(plans, flow, unit)) {
      entries.push({ at: unit, rank: -1, turn: { unit, part: "checks" } });
    }
  }
  let after = lastRisk;
  writes.forEach((unit, rank) => {
    if (joined.has(unit)) return;
    const { storage } = left.get(unit)!.update;
    after = Math.max(after, unit, lastRead.get(storage) ?? -1);
    entries.push({
      at: after,
      rank,
      turn: { unit, part: hasChecks(plans, flow, unit) ? "rest" : "all" },
    });
  });
  return entries.sort((a, b) => a.at - b.at || a.rank - b.rank).map((e) =>
    e.turn
  );
}

/** What shares a kernel. */
interface Pairs {
  /** By unit, the update that its kernel writes as well. */
  readonly pairs: Map<number, Together>;
  /** Views that an update needs, by unit: before which unit they stand. */
  readonly early: Map<number, number>;
}

/**
 * An update is written by the unit that is the only one to read its storage
 * last, if all else that it needs is there by then, and nothing behind may
 * fail.
 */
function pairsOf(
  scene: Scene,
  lastRead: ReadonlyMap<Value, number>,
  lastRisk: number,
): Pairs {
  const { placement, plans, flow, writes, before, left, storages } = scene;
  const pairs = new Map<number, Together>(), early = new Map<number, number>();
  for (const id of writes) {
    const { update: { storage }, input } = left.get(id)!,
      update = flow.units[id] as Computation,
      at = lastRead.get(storage) ?? -1,
      product = flow.units[at];
    if (
      product?.kind !== "compute" || placement.home[at] !== placement.top ||
      lastRisk >= at || pairs.has(at) || before.get(id)!.length > 0
    ) continue;
    const reads = product.inputs.flatMap((v, i) =>
        storages[v.id]?.has(storage) ? [i] : []
      ),
      views = viewsBetween(scene, at, update);
    if (reads.length !== 1 || !views) continue;
    const pair = plans.together({
      product,
      update,
      storage: input,
      matrix: reads[0]!,
    });
    if (!pair) continue;
    pairs.set(at, pair);
    for (const view of views) {
      early.set(view, Math.min(at, early.get(view) ?? at));
    }
  }
  return { pairs, early };
}

/** The views behind unit `at` of what is there before it that an update needs; null if it needs anything else from there. */
function viewsBetween(
  { placement, plans, flow }: Scene,
  at: number,
  update: Computation,
): ReadonlySet<number> | null {
  const views = new Set<number>(), todo = [...update.needs];
  for (let v = todo.pop(); v; v = todo.pop()) {
    if (v.unit < 0 || views.has(v.unit)) continue;
    const unit = flow.units[v.unit]!;
    if (placement.home[unit.id] !== placement.top) return null;
    if (unit.id < at) continue;
    const moves = unit.kind === "compute" && unit.view &&
      !isRisky(plans, unit);
    if (!moves) return null;
    views.add(unit.id);
    todo.push(...unit.needs);
  }
  return views;
}

function hasChecks(plans: Plans, flow: Flow, id: number): boolean {
  const unit = flow.units[id]!;
  return unit.kind === "compute" && plans.hasChecks(unit);
}

function isRisky(plans: Plans, unit: Flow["units"][number]): boolean {
  return plans.mayFail(unit) ||
    (unit.kind === "compute" && plans.hasChecks(unit));
}
