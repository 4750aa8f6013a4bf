/** Grows the tree: each region's units as items, GOSUBs before what needs a block, checks before what they test. */
import { lagOf, spanOf } from "../../graph/scan_params.ts";
import { splitInputs } from "../../nested/loop.ts";
import {
  copyDraft,
  guardDraft,
  kernelDraft,
  keyOf,
  sameDraft,
} from "./drafts.ts";
import {
  type Choice,
  type Computation,
  type Flow,
  type Repeat,
  strictInputs,
  type Value,
} from "../flow.ts";
import { packed } from "../layout.ts";
import {
  countDraft,
  resultDraft,
  type Stack,
  stackDraft,
} from "./loop_drafts.ts";
import type { Turn } from "../order/order.ts";
import type { Together } from "../order/pairs.ts";
import type { Plans } from "../plans.ts";
import type { Cursor } from "../program.ts";
import { inside, type Placement, type Region } from "../order/regions.ts";
import { Slots } from "./slots.ts";
import type { Draft, Item, Tree } from "./tree.ts";

/** What has surely run at a point of a region: blocks and checks. */
interface Done {
  readonly here: Set<Region | string>;
  readonly around: Done | null;
}

function isDone(what: Region | string, done: Done): boolean {
  for (let d: Done | null = done; d; d = d.around) {
    if (d.here.has(what)) return true;
  }
  return false;
}

function within(around: Done | null): Done {
  return { here: new Set(), around };
}

/** What the earlier stages decided. */
export interface Scene {
  readonly flow: Flow;
  readonly placement: Placement;
  readonly plans: Plans;
  readonly turns: readonly Turn[];
  /** Units that write a storage in place. */
  readonly inplace: ReadonlyMap<number, unknown>;
}

/** The tree of a program, without FREE. */
export function growTree(scene: Scene): Tree {
  return new Grower(scene).tree();
}

class Grower {
  readonly #slots: Slots;
  readonly #stackOf = new Map<number, number>();
  constructor(readonly scene: Scene) {
    this.#slots = new Slots(scene.flow, scene.placement, scene.inplace);
  }

  tree(): Tree {
    const { flow, placement, turns, inplace } = this.scene,
      done = within(null),
      main: Item[] = [];
    for (const check of flow.checks) {
      this.#push(
        main,
        sameDraft(check, null, (v) => this.#slots.slot(v)),
      );
    }
    for (const turn of turns) {
      const spot = { region: placement.top, done, items: main };
      this.#unit(turn.unit, { ...spot, ...turn });
    }
    const swaps = flow.updates.filter((u) =>
      !inplace.has(u.value.unit) || u.value.index > 0
    );
    const outputs = flow.outputs.map((v) => this.#slots.slot(v));
    for (const { storage, value } of swaps) {
      main.push({
        kind: "swap",
        storage: this.#slots.slot(storage),
        slot: this.#slots.slot(value),
      });
    }
    // Callers first: a loop's rows have their slots before the blocks in its body are grown.
    const grown = [...placement.blocks].reverse().map((b) =>
      [b, this.#region(b, within(null))] as const
    );
    const blocks = new Map(grown.reverse());
    return {
      top: placement.top,
      main,
      blocks,
      slots: this.#slots.all,
      slotOf: this.#slots.of,
      outputs,
      swapped: swaps.map((u) => this.#slots.slot(u.value)),
      stackOf: this.#stackOf,
    };
  }

  #region(region: Region, done: Done): Item[] {
    const items: Item[] = [];
    for (const unit of region.units) {
      this.#unit(unit, { region, done, items, part: "all" });
    }
    return items;
  }

  #push(items: Item[], draft: Draft): void {
    items.push({
      kind: "thunk",
      draft,
      ins: draft.inputs,
      outs: draft.outputs,
    });
  }

  /** A GOSUB before the first use of what a block computes. */
  #ensure(v: Value, at: Spot): void {
    const home = v.unit < 0 ? null : this.scene.placement.home[v.unit]!;
    if (
      home?.kind !== "block" || inside(at.region, home) || isDone(home, at.done)
    ) return;
    at.done.here.add(home);
    at.items.push({ kind: "gosub", block: home });
  }

  #unit(id: number, at: Spot): void {
    const unit = this.scene.flow.units[id]!;
    switch (unit.kind) {
      case "compute":
        return this.#compute(unit, at);
      case "ifelse":
        return this.#choice(unit, at);
      case "scan":
        return this.#loop(unit, at);
      default:
        unit satisfies never;
    }
  }

  #compute(unit: Computation, at: Spot): void {
    const slotOf = (v: Value) => this.#slots.slot(v),
      { plans } = this.scene,
      both = at.with ? [unit, at.with.update] : [unit];
    for (const { needs } of both) needs.forEach((v) => this.#ensure(v, at));
    if (at.part !== "rest") {
      const checks = [
        ...unit.guards.map((g) => guardDraft(g, slotOf)),
        ...unit.checks.map((c) => sameDraft(c, unit.node, slotOf)),
        ...(plans.of(unit)?.checks ?? []).map((c) =>
          kernelDraft(unit, c, { slotOf, inplace: -1 })
        ),
      ];
      for (const draft of checks) {
        const key = keyOf(draft);
        if (isDone(key, at.done)) continue;
        at.done.here.add(key);
        this.#push(at.items, draft);
      }
    }
    if (at.part !== "checks") {
      at.items.push({
        kind: "compute",
        unit,
        with: at.with ?? null,
        ins: both.flatMap((u) => u.needs.map(slotOf)),
        outs: both.flatMap((u) => u.outputs.map(slotOf)),
      });
    }
  }

  #choice(unit: Choice, at: Spot): void {
    const { placement } = this.scene, [yes, no] = placement.inner[unit.id]!;
    this.#ensure(unit.cond, at);
    const branch = (region: Region, values: readonly Value[]): Item[] => {
      const done = within(at.done), items = this.#region(region, done);
      unit.outputs.forEach((o, i) => {
        if (!placement.used[o.id]) return;
        this.#ensure(values[i]!, {
          region,
          done,
          items,
          part: "all",
        });
        items.push({
          kind: "bind",
          out: this.#slots.slot(o),
          from: this.#slots.slot(values[i]!),
        });
      });
      return items;
    };
    at.items.push({
      kind: "if",
      cond: this.#slots.slot(unit.cond),
      yes: branch(yes!, unit.yes),
      no: branch(no!, unit.no),
    });
  }

  #loop(unit: Repeat, at: Spot): void {
    const { node, params, body, inputs } = unit,
      slots = this.#slots,
      slotOf = (v: Value) => slots.slot(v);
    const region = this.scene.placement.inner[unit.id]![0]!,
      container = at.region.container;
    strictInputs(unit).forEach((v) => this.#ensure(v, at));
    const given = splitInputs(inputs.map(slotOf), params),
      count = slots.integer(container),
      steps = slots.integer(container);
    this.#push(at.items, countDraft(unit, given, count));

    const cursors = params.sequences.flatMap((s, i) =>
      body.sequences[i]!.map((v, j): Cursor => {
        const base = given.sequences[i]!;
        return {
          slot: slots.row(v, region, base),
          base,
          start: s.taps[j]! + spanOf(s.taps)[1],
          stride: s.backwards ? -1 : 1,
          ring: 0,
          write: false,
        };
      })
    );
    const stacks = body.results.map((result, i): Stack => {
      const state = params.states[i],
        keep = (state ?? params.extras[i - params.states.length]!).keep,
        lag = state ? lagOf(state.taps) : 0,
        shape = [null, ...result.shape];
      const base = slots.add({
        owner: container,
        kind: "temporary",
        dtype: result.dtype,
        shape,
        strides: packed(shape).strides,
        data: null,
        variable: node.outputs[i]!,
      });
      const stack = { base, lag, ring: keep ? 0 : lag + 1 };
      this.#push(
        at.items,
        stackDraft(unit, i, {
          stack,
          count,
          initial: given.initial[i] ?? null,
          slotOf,
        }),
      );
      state?.taps.forEach((tap, j) =>
        cursors.push({
          slot: slots.row(body.states[i]![j]!, region, base),
          base,
          start: lag + tap,
          stride: 1,
          ring: stack.ring,
          write: false,
        })
      );
      return stack;
    });

    const { rows, copies } = this.#written(unit, stacks, region);
    const done = within(at.done),
      items = this.#region(region, done),
      inner: Spot = { region, done, items, part: "all" };
    for (const { target, value } of copies) {
      this.#ensure(value, inner);
      this.#push(
        items,
        copyDraft(slotOf(value), target, { node, reserves: false }),
      );
    }
    if (body.until) this.#ensure(body.until, inner);
    at.items.push({
      kind: "loop",
      loop: {
        count,
        steps,
        stop: body.until ? slotOf(body.until) : -1,
        cursors: [...cursors, ...rows],
        node,
      },
      body: items,
      region,
    });
    stacks.forEach((stack, i) => {
      const out = unit.outputs[i]!;
      if (!this.scene.placement.used[out.id]) return;
      this.#stackOf.set(slotOf(out), stack.base);
      this.#push(
        at.items,
        resultDraft(unit, i, { stack, steps, out: slotOf(out) }),
      );
    });
  }

  /** The rows that a step writes: the producer does where it can; a value that fills two rows is written once and copied once. */
  #written({ body }: Repeat, stacks: readonly Stack[], region: Region): {
    readonly rows: readonly Cursor[];
    readonly copies: readonly {
      readonly target: number;
      readonly value: Value;
    }[];
  } {
    const copies: { target: number; value: Value }[] = [];
    const rows = stacks.map(({ base, lag, ring }, i): Cursor => {
      const value = body.results[i]!,
        direct = body.results.indexOf(value) === i &&
          this.#writesRow(value, region);
      const target = direct
        ? this.#slots.row(value, region, base)
        : this.#slots.look(
          { ...value, strides: packed(value.shape).strides },
          region,
          base,
        );
      if (!direct) copies.push({ target, value });
      return { slot: target, base, start: lag, stride: 1, ring, write: true };
    });
    return { rows, copies };
  }

  /** Whether a value is computed in the body itself, into memory of its own. */
  #writesRow(v: Value, body: Region): boolean {
    const unit = this.scene.flow.units[v.unit];
    if (
      unit?.kind !== "compute" || unit.view ||
      this.scene.placement.home[unit.id] !== body
    ) return false;
    return !v.shape.includes(null) || !this.scene.plans.onHost(unit);
  }
}

/** Where items go. */
interface Spot {
  readonly region: Region;
  readonly done: Done;
  readonly items: Item[];
  readonly part: Turn["part"];
  readonly with?: Together;
}
