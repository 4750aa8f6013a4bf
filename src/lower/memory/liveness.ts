/** Where slots die: backwards through each container's lists, a FREE behind the last use of every buffer. */
import { IntSet } from "./int_set.ts";
import type { Region } from "../order/regions.ts";
import { Touches } from "./touches.ts";
import type { Item, Tree } from "../tree/tree.ts";

/** At most so many FREEs stand at the head of one branch; more stand behind the join, or programs would grow with the square of nesting. */
const MOST_AT_HEAD = 8;

/** The tree with FREEs, and what is live behind each unit that computes. */
export interface Lifetimes {
  readonly main: readonly Item[];
  readonly blocks: ReadonlyMap<Region, readonly Item[]>;
  /** By unit. */
  readonly behind: ReadonlyMap<number, IntSet>;
}

/** A tree and what is known of its slots. */
export interface Ownership {
  readonly tree: Tree;
  /** By slot: who owns it; null for what outlives the program. */
  readonly owners: readonly (Region | null)[];
  /** By slot: whether it owns a buffer. */
  readonly owns: readonly boolean[];
  /** By slot: the slots whose buffers it may look into. */
  readonly roots: readonly IntSet[];
}

/** A live slot keeps every buffer that it may look into. Inside loops nothing is freed: their buffers are freed behind them. */
export function placeFrees(
  { tree, owners, owns, roots }: Ownership,
): Lifetimes {
  const reach = roots.map((r, slot) => r.with(slot)),
    touches = new Touches(tree, reach, owners);
  const buffers = IntSet.of(owns.flatMap((o, slot) => o ? [slot] : [])),
    behind = new Map<number, IntSet>();
  const own = new Map<Region, IntSet>();
  owners.forEach((owner, slot) =>
    owner && owns[slot] &&
    own.set(owner, (own.get(owner) ?? IntSet.empty).with(slot))
  );
  const frees = (slots: Iterable<number>): Item[] =>
    [...slots].map((slot) => ({ kind: "free", slot }));

  /** The list with FREEs, and what is live at its head. */
  function walk(
    list: readonly Item[],
    end: IntSet,
    container: Region,
  ): [readonly Item[], IntSet] {
    const mine = own.get(container) ?? IntSet.empty, backwards: Item[] = [];
    let live = end;
    for (let n = list.length - 1; n >= 0; n--) {
      const item = list[n]!;
      if (item.kind === "if") {
        const [made, head, after] = choose(item, live, container, mine);
        backwards.push(...frees(after), made);
        live = head;
        continue;
      }
      if (item.kind === "compute") {
        behind.set(item.unit.id, live);
        if (item.with) behind.set(item.with.update.id, live);
      }
      const { touched, needed, set } = touches.item(item);
      let dead = touched.intersect(mine).minus(live);
      if (item.kind === "loop") {
        walk(
          item.body,
          item.loop.stop < 0 ? IntSet.empty : reach[item.loop.stop]!,
          item.region,
        );
        dead = dead.union(touches.owned(item.region).intersect(buffers));
      }
      backwards.push(...frees(dead), item);
      live = live.minus(set).union(needed);
    }
    return [backwards.reverse(), live];
  }

  /** What dies on one branch only is freed at the head of the other, or behind the join. */
  function choose(
    item: Item & { readonly kind: "if" },
    live: IntSet,
    container: Region,
    mine: IntSet,
  ): [Item, IntSet, IntSet] {
    const yes = touches.list(item.yes),
      no = touches.list(item.no),
      { cond } = item;
    const lone = (a: IntSet, b: IntSet) =>
      a.minus(b).minus(live).intersect(mine);
    const late = (dying: IntSet) =>
      [...dying].length > MOST_AT_HEAD ? dying : IntSet.empty;
    const after = late(lone(yes.needed, no.needed)).union(
      late(lone(no.needed, yes.needed)),
    );
    const end = live.union(after),
      [yesItems, yesLive] = walk(item.yes, end, container),
      [noItems, noLive] = walk(item.no, end, container);
    const heads = (other: IntSet, here: IntSet, touched: IntSet) =>
      other.minus(here).intersect(mine).minus(touched);
    const used = reach[cond]!.intersect(mine).minus(end);
    const head = (other: IntSet, here: IntSet, touched: IntSet) =>
      frees(heads(other, here, touched).union(used.minus(here).minus(touched)));
    const made: Item = {
      ...item,
      yes: [...head(noLive, yesLive, yes.touched), ...yesItems],
      no: [...head(yesLive, noLive, no.touched), ...noItems],
    };
    return [made, yesLive.union(noLive).union(reach[cond]!), after];
  }

  const kept = touches.reached([...tree.outputs, ...tree.swapped]),
    blocks = new Map<Region, readonly Item[]>();
  const [main] = walk(tree.main, kept, tree.top);
  for (const [block, list] of tree.blocks) {
    const [items] = walk(list, IntSet.empty, block);
    blocks.set(block, inLoop(block) ? list : items);
  }
  return { main, blocks, behind };
}

function inLoop(region: Region): boolean {
  for (let r: Region | null = region; r; r = r.parent) {
    if (r.kind === "body") return true;
  }
  return false;
}
