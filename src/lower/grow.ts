/** Grows the tree: each region's units as items, GOSUBs before what needs a block, checks before what they test. */
import { lagOf, spanOf } from "../graph/scan_params.ts";
import { splitInputs } from "../nested/loop.ts";
import {
  countExtents,
  lastExtents,
  prefixExtents,
  stackExtents,
} from "./emit/builtins.ts";
import {
  builtin,
  copyDraft,
  guardDraft,
  Inputs,
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
} from "./flow.ts";
import { packed } from "./layout.ts";
import type { Turn } from "./order.ts";
import type { Together } from "./pairs.ts";
import type { Plans } from "./plans.ts";
import type { Cursor } from "./program.ts";
import { inside, type Placement, type Region } from "./regions.ts";
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
      { placement } = this.scene,
      slots = this.#slots,
      slotOf = (v: Value) => slots.slot(v);
    const region = placement.inner[unit.id]![0]!,
      container = at.region.container,
      cursors: Cursor[] = [];
    strictInputs(unit).forEach((v) => this.#ensure(v, at));

    // Non-sequences have their slots too, before those of the loop.
    const { nSteps, sequences, initial } = splitInputs(
      inputs.map(slotOf),
      params,
    );
    const count = slots.integer(container), steps = slots.integer(container);
    const lost = params.sequences.map((s) => spanOf(s.taps)[0]);
    this.#push(
      at.items,
      builtin("count", {
        inputs: [...(nSteps === undefined ? [] : [nSteps]), ...sequences],
        outputs: [count],
        extents: countExtents({ nSteps: params.nSteps, lost }),
        mayFail: true,
        node,
      }),
    );
    params.sequences.forEach((s, i) =>
      body.sequences[i]!.forEach((v, j) => {
        const start = s.taps[j]! + spanOf(s.taps)[1], base = sequences[i]!;
        cursors.push({
          slot: slots.row(v, region, base),
          base,
          start,
          stride: s.backwards ? -1 : 1,
          ring: 0,
          write: false,
        });
      })
    );
    const stacks = [...params.states, ...params.extras].map((s, i) => {
      const state = i < params.states.length ? params.states[i]! : null,
        lag = state ? lagOf(state.taps) : 0,
        ring = s.keep ? 0 : lag + 1;
      const result = body.results[i]!, shape = [null, ...result.shape];
      const base = slots.add({
        owner: container,
        kind: "temporary",
        dtype: result.dtype,
        shape,
        ...lie(shape),
        data: null,
        variable: node.outputs[i]!,
      });
      const given = new Inputs(
          [count, ...(state ? [initial[i]!] : [])],
          slotOf,
        ),
        row = body.rows[i]!.sources.map((n) => given.source(n));
      const extents = stackExtents({
        lag,
        ring,
        until: params.until !== null,
        initial: state ? 1 : null,
        row,
      });
      this.#push(
        at.items,
        builtin("stack", {
          inputs: given.slots,
          outputs: [base],
          extents,
          mayFail: true,
          node,
        }),
      );
      state?.taps.forEach((tap, j) =>
        cursors.push({
          slot: slots.row(body.states[i]![j]!, region, base),
          base,
          start: lag + tap,
          stride: 1,
          ring,
          write: false,
        })
      );
      return { base, lag, ring, result };
    });

    // The producer writes into the row where it can; a value that fills two rows is written once and copied once.
    const written = new Set<Value>(),
      copies: { readonly target: number; readonly value: Value }[] = [];
    for (const { base, lag, ring, result } of stacks) {
      const direct = !written.has(result) && this.#writesRow(result, region);
      written.add(result);
      const target = direct ? slots.row(result, region, base) : slots.add({
        owner: region,
        kind: "look",
        dtype: result.dtype,
        shape: result.shape,
        ...lie(result.shape),
        data: null,
        variable: result.variable,
        base,
      });
      if (!direct) copies.push({ target, value: result });
      cursors.push({
        slot: target,
        base,
        start: lag,
        stride: 1,
        ring,
        write: true,
      });
    }
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
        cursors,
        node,
      },
      body: items,
      region,
    });
    stacks.forEach(({ base, lag, ring }, i) => {
      const out = unit.outputs[i]!;
      if (!placement.used[out.id]) return;
      this.#stackOf.set(slotOf(out), base);
      const name = ring ? "last" : "prefix",
        extents = ring ? lastExtents({ lag, ring }) : prefixExtents(lag);
      this.#push(
        at.items,
        builtin(name, {
          inputs: [base, steps],
          outputs: [slotOf(out)],
          extents,
          mayFail: ring > 0 && i >= params.states.length,
          node,
        }),
      );
    });
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

function lie(
  shape: readonly (number | null)[],
): { readonly strides: readonly (number | null)[] } {
  return { strides: packed(shape).strides };
}
