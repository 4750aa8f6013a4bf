/** Laziness: under which conditions each application runs, so that a rewrite joins only those that run together. */
import type { Apply, Variable } from "../graph/variable.ts";
import { toposort } from "../graph/walk.ts";

/** The condition that is always met. */
const ALWAYS = 0;

/**
 * A number for each application that `outputs` need: equal numbers, equal
 * conditions. 0 is for what always runs; any other stands for branches of
 * choices of which one must be taken.
 */
export function conditions(
  outputs: readonly Variable[],
  order: readonly Apply[] = toposort(outputs),
): ReadonlyMap<Apply, number> {
  const numbers = new Map<string, number>();
  const numberOf = (key: string): number => {
    const known = numbers.get(key) ?? numbers.size + 1;
    numbers.set(key, known);
    return known;
  };
  const needed = new Map<Apply, Set<number>>();
  const need = (v: Variable, condition: number) => {
    if (!v.owner) return;
    const before = needed.get(v.owner);
    if (before) before.add(condition);
    else needed.set(v.owner, new Set([condition]));
  };
  outputs.forEach((v) => need(v, ALWAYS));
  const found = new Map<Apply, number>();
  for (const node of order.toReversed()) {
    const all = [...needed.get(node)!].sort((a, b) => a - b);
    const own = all.length === 1 || all[0] === ALWAYS
      ? all[0]!
      : numberOf(`any of ${all}`);
    found.set(node, own);
    const lazy = new Set(node.op.lazyInputs?.(node.params) ?? []);
    node.inputs.forEach((v, i) =>
      need(v, lazy.has(i) ? numberOf(`input ${i} of ${node.id}`) : own)
    );
  }
  return found;
}
