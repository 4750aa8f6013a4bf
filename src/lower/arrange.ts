/** How shared variables lie in memory: decided for a whole function, from all that it does with each; and the values that lie like them. */
import { type FunctionGraph, results } from "../graph/function_graph.ts";
import type { Loops } from "../graph/loops.ts";
import {
  type Apply,
  SharedVariable,
  siteOf,
  type Variable,
} from "../graph/variable.ts";
import { toposort } from "../graph/walk.ts";
import type { Value } from "./flow.ts";
import { layoutOfMatrix, type MatrixLayout } from "./emit/products/products.ts";
import type { Target } from "./target.ts";

/** A shared variable that is better laid out otherwise, and a line that says why. */
export interface Arrangement {
  readonly shared: SharedVariable;
  /** In elements. */
  readonly strides: readonly number[];
  readonly note: string;
}

/** What a function does with a shared variable. */
interface Uses {
  /** It is a factor of a product. */
  multiplied: boolean;
  /** It is read in a way that wants rows, or that nothing is known of. */
  read: boolean;
}

/**
 * The shared variables, among those that a function updates and `shapes` has
 * lengths for, that it would rather have by columns: matrices that products
 * read (`layoutOfMatrix` is the rule) and nothing reads otherwise, and those
 * that their updates are computed from element by element.
 */
export function arrangementsOf(
  graph: FunctionGraph,
  shapes: ReadonlyMap<SharedVariable, readonly number[]>,
  target: Target,
): Arrangement[] {
  const updates = new Map(graph.updates),
    open = (s: Variable): s is SharedVariable =>
      s instanceof SharedVariable && shapes.has(s) && updates.has(s);
  const best = new Map<SharedVariable, MatrixLayout>();
  for (const s of updates.keys()) {
    const found = open(s) && s.ndim === 2 &&
      layoutOfMatrix(shapes.get(s)!, s.dtype, target);
    if (found) best.set(s, found);
  }
  if (best.size === 0) return [];
  const uses = usesOf(graph), found = new Map<SharedVariable, Arrangement>();
  const arrange = (
    shared: SharedVariable,
    { strides, note }: MatrixLayout,
  ) => {
    if (found.has(shared) || uses.get(shared)?.read) return;
    found.set(shared, {
      shared,
      strides,
      note: `layout of ${shared.name ?? shared}: ${note}`,
    });
  };
  for (const [shared, value] of updates) {
    const layout = best.get(shared);
    if (!layout || !uses.get(shared)?.multiplied) continue;
    arrange(shared, layout);
    if (!found.has(shared)) continue;
    for (const v of akin(value)) {
      const like = open(v) && v.dtype === shared.dtype &&
        shapes.get(v)!.join() === shapes.get(shared)!.join();
      if (!like) continue;
      const note = `like ${shared.name ?? shared}`;
      arrange(v, { strides: layout.strides, note });
    }
  }
  return [...found.values()];
}

/** The values that best lie like a storage that is not row-major: what becomes its value, and what that is computed from element by element. No results: they are read row by row. */
export function valuesLike(
  { outputs, updates }: FunctionGraph,
  shared: readonly (readonly [SharedVariable, Value])[],
): ReadonlyMap<Variable, Value> {
  const like = new Map<Variable, Value>(), values = new Map(updates);
  for (const [s, storage] of shared) {
    const value = values.get(s);
    if (storage.rowMajor || !value) continue;
    for (const v of akin(value)) if (!like.has(v)) like.set(v, storage);
  }
  for (const v of outputs) like.delete(v);
  return like;
}

/** A value, and the operands that it might be written over, and so on down. */
function akin(value: Variable): Set<Variable> {
  const found = new Set([value]);
  for (const { owner } of found) {
    for (const k of owner ? overwritable(owner) : []) {
      found.add(owner!.inputs[k]!);
    }
  }
  return found;
}

/** Operands that lie best as the result does: each element is read where it is written. */
function overwritable(node: Apply): readonly number[] {
  return loopsOf(node)?.inplace ?? [];
}

function loopsOf(node: Apply): Loops | null {
  return node.op.loops?.(siteOf(node)) ?? null;
}

function usesOf(graph: FunctionGraph): Map<SharedVariable, Uses> {
  const uses = new Map<SharedVariable, Uses>(),
    turned = new Map<Variable, SharedVariable>();
  const storage = (v: Variable) =>
    v instanceof SharedVariable ? v : turned.get(v);
  for (const node of toposort(results(graph))) {
    const loops = node.inputs.some(storage) ? loopsOf(node) : null;
    node.inputs.forEach((v, k) => {
      const s = storage(v);
      if (!s) return;
      const found = uses.get(s) ?? { multiplied: false, read: false };
      uses.set(s, found);
      if (isTurn(node)) turned.set(node.outputs[0]!, s);
      else if (loops && isFactor(loops, k)) found.multiplied = true;
      else if (!(v === s && loops?.inplace?.includes(k))) found.read = true;
    });
  }
  for (const v of results(graph)) {
    const s = turned.get(v);
    if (s) uses.get(s)!.read = true;
  }
  return uses;
}

/** Whether a node is a transposition: every axis goes on as a whole. */
function isTurn(node: Apply): boolean {
  const map = node.op.view?.(siteOf(node));
  return map?.kind === "affine" &&
    map.from.length === node.outputs[0]!.ndim &&
    map.from.every((to) => to !== null) &&
    map.start.every((s) => s === 0) && map.step.every((s) => s === 1);
}

/** Whether an operand is a factor of a sum of products. */
function isFactor({ stages: [first] }: Loops, operand: number): boolean {
  return first?.kind === "reduce" && first.combine === "sum" &&
    first.value.kind === "call" && first.value.name === "mul" &&
    first.value.args.every((x) => x.kind === "load") &&
    first.value.args.some((x) => x.kind === "load" && x.input === operand);
}
