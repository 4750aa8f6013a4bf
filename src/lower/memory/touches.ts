/** Which slots each part of the tree touches, needs before it sets them, and sets for sure. */
import { IntSet } from "./int_set.ts";
import type { Region } from "../order/regions.ts";
import type { Item, Tree } from "../tree/tree.ts";

/** Of an item or a list. */
export interface Summary {
  /** Everything it reads or writes that outlives it. */
  readonly touched: IntSet;
  /** What must be there before. */
  readonly needed: IntSet;
  /** What is there afterwards whatever way it took. */
  readonly set: IntSet;
}

const NONE: Summary = {
  touched: IntSet.empty,
  needed: IntSet.empty,
  set: IntSet.empty,
};

/** Summaries of a tree in which slot s looks into `reach[s]` (itself included). */
export class Touches {
  readonly #lists = new Map<readonly Item[], Summary>();
  readonly #blocks = new Map<Region, IntSet>();
  readonly #owned: ReadonlyMap<Region, IntSet>;
  constructor(
    readonly tree: Tree,
    readonly reach: readonly IntSet[],
    owners: readonly (Region | null)[],
  ) {
    this.#owned = ownedWithin(owners);
    for (const [block, items] of tree.blocks) {
      this.#blocks.set(
        block,
        this.list(items).touched.minus(this.owned(block)),
      );
    }
  }

  /** Slots of a container and of all containers in it. */
  owned(container: Region): IntSet {
    return this.#owned.get(container) ?? IntSet.empty;
  }

  /** What the slots may look into, they themselves included. */
  reached(slots: readonly number[]): IntSet {
    let all = IntSet.empty;
    for (const s of slots) all = all.union(this.reach[s]!);
    return all;
  }

  item(item: Item): Summary {
    switch (item.kind) {
      case "compute":
      case "thunk": {
        const needed = this.reached(item.ins);
        return {
          touched: needed.union(this.reached(item.outs)),
          needed,
          set: IntSet.of(item.outs),
        };
      }
      case "bind":
        return {
          touched: this.reached([item.out, item.from]),
          needed: this.reach[item.from]!,
          set: IntSet.of([item.out]),
        };
      case "if": {
        const yes = this.list(item.yes),
          no = this.list(item.no),
          cond = this.reach[item.cond]!;
        return {
          touched: yes.touched.union(no.touched).union(cond),
          needed: yes.needed.union(no.needed).union(cond),
          set: yes.set.intersect(no.set),
        };
      }
      case "loop": {
        const { count, steps, cursors } = item.loop;
        const outside = this.list(item.body).touched.minus(
          this.owned(item.region),
        );
        const needed = outside.union(
          this.reached([count, ...cursors.map((c) => c.base)]),
        );
        return { touched: needed.with(steps), needed, set: IntSet.of([steps]) };
      }
      case "gosub": {
        // It may run, or have run: it sets nothing for sure, and what it set before may be wanted.
        const touched = this.#blocks.get(item.block)!;
        return { touched, needed: touched, set: IntSet.empty };
      }
      case "swap":
        return {
          touched: this.reached([item.storage, item.slot]),
          needed: this.reach[item.slot]!,
          set: IntSet.empty,
        };
      case "free":
        return NONE;
      default:
        return item satisfies never;
    }
  }

  list(items: readonly Item[]): Summary {
    const known = this.#lists.get(items);
    if (known) return known;
    let { touched, needed, set } = NONE;
    for (let i = items.length - 1; i >= 0; i--) {
      const one = this.item(items[i]!);
      touched = touched.union(one.touched);
      needed = needed.minus(one.set).union(one.needed);
      set = set.union(one.set);
    }
    const summary = { touched, needed, set };
    this.#lists.set(items, summary);
    return summary;
  }
}

function ownedWithin(owners: readonly (Region | null)[]): Map<Region, IntSet> {
  const exact = new Map<Region, number[]>(), owned = new Map<Region, IntSet>();
  owners.forEach((owner, slot) =>
    owner && (exact.get(owner) ?? exact.set(owner, []).get(owner)!).push(slot)
  );
  const deepest = [...exact.keys()].sort((a, b) => b.depth - a.depth);
  for (const [container, slots] of exact) {
    owned.set(container, IntSet.of(slots));
  }
  for (const container of deepest) {
    const mine = IntSet.of(exact.get(container)!);
    for (let r = container.parent; r; r = r.parent) {
      if (r.container === r) {
        owned.set(r, (owned.get(r) ?? IntSet.empty).union(mine));
      }
    }
  }
  return owned;
}
