/** The order of the top region: what may fail, and what reads a storage, runs before what writes it. */
import { type Flow, strictInputs, type Value } from "./flow.ts";
import type { Plans } from "./plans.ts";
import type { Placement } from "./regions.ts";
import type { UpdatePlan } from "./updates.ts";

/** A unit's turn; `part` is "checks" where only its tests run, "rest" where they have run already. */
export interface Turn {
  readonly unit: number;
  readonly part: "all" | "checks" | "rest";
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
        turns: turnsOf({ placement, plans, flow, writes, left, storages }),
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
  const before = new Map<number, number[]>();
  for (const [id, { update }] of left) {
    const reads = (other: number) =>
      strictInputs(flow.units[other]!).some((v) =>
        storages[v.id]?.has(update.storage)
      );
    before.set(
      id,
      [...left.keys()].filter((other) => other !== id && reads(other)),
    );
  }
  return before;
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
  readonly left: UpdatePlan["inplace"];
  readonly storages: UpdatePlan["storages"];
}

function turnsOf(
  { placement, plans, flow, writes, left, storages }: Scene,
): Turn[] {
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
  const entries: { at: number; rank: number; turn: Turn }[] = [];
  for (const unit of placement.top.units) {
    if (!left.has(unit)) {
      entries.push({ at: unit, rank: -2, turn: { unit, part: "all" } });
    } else if (hasChecks(plans, flow, unit)) {
      entries.push({ at: unit, rank: -1, turn: { unit, part: "checks" } });
    }
  }
  let after = lastRisk;
  writes.forEach((unit, rank) => {
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

function hasChecks(plans: Plans, flow: Flow, id: number): boolean {
  const unit = flow.units[id]!;
  return unit.kind === "compute" && plans.hasChecks(unit);
}

function isRisky(plans: Plans, unit: Flow["units"][number]): boolean {
  return plans.mayFail(unit) ||
    (unit.kind === "compute" && plans.hasChecks(unit));
}
