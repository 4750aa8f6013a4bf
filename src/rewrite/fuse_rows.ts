/** Fusion of rows: what is computed element by element from rows that an application has reduced is stored in their place. */
import { derived } from "../graph/origin.ts";
import type { Apply, Variable } from "../graph/variable.ts";
import { ancestors, clientsOf, remake, toposort } from "../graph/walk.ts";
import { fuse } from "../ops/elementwise/fused.ts";
import { loopsOverRows } from "../ops/elementwise/fused_rows.ts";
import { MOST_INPUTS } from "./fuse.ts";
import { conditions } from "./lazy.ts";

/** Two applications that become one: what they need, and their results but that between them. */
interface Pair {
  readonly first: Apply;
  readonly second: Apply;
  readonly inputs: readonly Variable[];
  readonly outputs: readonly Variable[];
}

/**
 * The same results with applications over rows (softmax, cross-entropy) joined
 * to the only reader of one of their results, if both run under the same
 * condition and that reads each element where it would be written.
 */
export function fuseRows(outputs: readonly Variable[]): readonly Variable[] {
  const order = toposort(outputs), pairs = pairsIn(outputs, order);
  if (pairs.size === 0) return outputs;
  const now = new Map<Variable, Variable>(), done = new Set<Apply>();
  const resolve = (v: Variable) => now.get(v) ?? v;
  for (const root of order) {
    // A pair stands where the first of its results is needed.
    for (const stack = [root]; stack.length > 0;) {
      const node = stack.at(-1)!, pair = pairs.get(node);
      const missing = done.has(node)
        ? []
        : (pair ?? node).inputs.flatMap(({ owner }) =>
          owner && !done.has(owner) ? [owner] : []
        );
      if (missing.length > 0) {
        stack.push(...missing.reverse());
        continue;
      }
      stack.pop();
      if (done.has(node)) continue;
      done.add(node);
      if (pair) {
        const made = join(pair, resolve);
        pair.outputs.forEach((v, i) => now.set(v, made.outputs[i]!));
        done.add(pair.first).add(pair.second);
      } else if (node.inputs.some((v) => now.has(v))) {
        const made = remake(node, node.inputs.map(resolve));
        node.outputs.forEach((v, i) => now.set(v, made.outputs[i]!));
      }
    }
  }
  return outputs.map(resolve);
}

/**
 * The pairs of a graph, by both of their applications; none has a member of
 * another. Results of the first besides that between wait for what the second
 * needs: so that no pairs wait for each other, nothing that the second needs
 * may depend on such a result of this pair or of one before.
 */
function pairsIn(
  outputs: readonly Variable[],
  order: readonly Apply[],
): ReadonlyMap<Apply, Pair> {
  const clients = clientsOf(order), results = new Set(outputs);
  const runs = conditions(outputs), pairs = new Map<Apply, Pair>();
  const waiting = new Set<Variable>();
  for (const second of order) {
    for (const between of second.inputs) {
      const first = between.owner;
      if (
        !first || results.has(between) || pairs.has(first) ||
        clients.get(between)!.length > 1 || runs.get(first) !== runs.get(second)
      ) continue;
      const pair = pairOf(first, second, between);
      if (!pair) continue;
      const besides = first.outputs.filter((v) => v !== between);
      if (besides.length > 0) {
        const needed = ancestors(second.inputs.filter((v) => v !== between));
        if ([...waiting, ...besides].some((v) => needed.has(v))) continue;
        besides.forEach((v) => waiting.add(v));
      }
      pairs.set(first, pair).set(second, pair);
      break;
    }
  }
  return pairs;
}

function pairOf(
  first: Apply,
  second: Apply,
  between: Variable,
): Pair | null {
  const without = (list: readonly Variable[]) =>
    list.filter((v) => v !== between);
  const inputs = [
      ...new Set([...first.inputs, ...without(second.inputs)]),
    ],
    outputs = [...without(first.outputs), ...second.outputs];
  return inputs.length <= MOST_INPUTS && loopsOverRows({ inputs, outputs })
    ? { first, second, inputs, outputs }
    : null;
}

/** One application for both. */
function join(
  { second, inputs, outputs }: Pair,
  resolve: (v: Variable) => Variable,
): Apply {
  const made = derived(second.origin, () => fuse(inputs, outputs)[0]!.owner!);
  return remake(made, inputs.map(resolve));
}
