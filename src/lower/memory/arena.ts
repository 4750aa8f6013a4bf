/** Which temporaries share a buffer while nothing is freed: those that are never in use together. */
import type { Region } from "../order/regions.ts";
import type { Aliasing } from "./inplace.ts";
import type { IntSet } from "./int_set.ts";
import { bytesOf } from "../operands.ts";
import { Touches } from "./touches.ts";
import type { Item } from "../tree/tree.ts";

/** By slot: its buffer, or -1 for one of its own; and the bytes of each buffer. */
export interface Arena {
  readonly buffers: readonly number[];
  readonly bytes: readonly number[];
}

/** A stretch of positions in the program, both ends included. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Every slot is in use from its first touch to its last, in the order of the
 * text; throughout a loop if it outlives the loop's steps. What a block owns
 * is in use from the block's first GOSUB to its last. Slots of more than `most`
 * bytes have buffers of their own.
 */
export function planArena(aliasing: Aliasing, most: number): Arena {
  const { tree, owns } = aliasing, { slots } = tree;
  const spans = spansOf(aliasing),
    apart = new Set(tree.swapped),
    buffers = slots.map(() => -1),
    bytes: number[] = [];
  const sizes = slots.map(bytesOf);
  const shared = slots.flatMap((_, slot) => {
    const size = sizes[slot] ?? null;
    return owns[slot] && spans[slot] && !apart.has(slot) &&
        size !== null && size <= most
      ? [slot]
      : [];
  });
  const freeFrom: number[] = [];
  // First fit by first touch: the slot with the earliest start takes the smallest free buffer that holds it, else the largest.
  for (
    const slot of shared.sort((a, b) =>
      spans[a]!.from - spans[b]!.from || a - b
    )
  ) {
    const { from, to } = spans[slot]!, need = sizes[slot]!;
    let best = -1;
    for (let b = 0; b < bytes.length; b++) {
      if (freeFrom[b]! >= from) continue;
      const better = best < 0 ||
        (bytes[best]! < need
          ? bytes[b]! > bytes[best]!
          : bytes[b]! >= need && bytes[b]! < bytes[best]!);
      if (better) best = b;
    }
    if (best < 0) best = bytes.push(0) - 1;
    buffers[slot] = best;
    bytes[best] = Math.max(bytes[best]!, need);
    freeFrom[best] = to;
  }
  return { buffers, bytes };
}

/** When each slot's buffer is in use; undefined for one that is never touched. */
function spansOf(
  { tree, owners, owns, roots }: Aliasing,
): (Span | undefined)[] {
  const touches = new Touches(
      tree,
      roots.map((r, slot) => r.with(slot)),
      owners,
    ),
    spans: (Span | undefined)[] = [];
  const calls = new Map<Region, Span>();
  const widen = (old: Span | undefined, { from, to }: Span): Span =>
    old
      ? { from: Math.min(old.from, from), to: Math.max(old.to, to) }
      : { from, to };
  const touch = (set: IntSet, span: Span) => {
    for (const slot of set) {
      if (owns[slot]) spans[slot] = widen(spans[slot], span);
    }
  };
  let position = 0;
  const walk = (list: readonly Item[]): void => {
    for (const item of list) {
      const from = position++;
      if (item.kind === "if") {
        walk(item.yes);
        walk(item.no);
      } else if (item.kind === "loop") walk(item.body);
      const span = { from, to: position };
      if (item.kind === "gosub") {
        calls.set(item.block, widen(calls.get(item.block), span));
      }
      if (item.kind === "if") {
        touch(touches.reached([item.cond]), { from, to: from });
      } else touch(touches.item(item).touched, span);
      if (item.kind === "loop" && item.loop.stop >= 0) {
        touch(touches.reached([item.loop.stop]), span);
      }
    }
  };
  walk(tree.main);
  const end = position;
  // Callers first, so that a block's span is known when it calls others.
  for (const [block, list] of [...tree.blocks].reverse()) {
    const span = calls.get(block)!;
    for (const called of gosubs(list)) {
      calls.set(called, widen(calls.get(called), span));
    }
    touch(touches.owned(block), span);
  }
  touch(touches.reached(tree.outputs), { from: end, to: end });
  return spans;
}

/** The blocks that a list calls. */
function gosubs(list: readonly Item[]): Region[] {
  const found: Region[] = [], todo = [list];
  for (let items = todo.pop(); items; items = todo.pop()) {
    for (const item of items) {
      if (item.kind === "gosub") found.push(item.block);
      else if (item.kind === "if") todo.push(item.yes, item.no);
      else if (item.kind === "loop") todo.push(item.body);
    }
  }
  return found;
}
