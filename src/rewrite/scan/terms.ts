/** What rules ask of a body: the terms of its sums, what changes from step to step, and what is behind checks of lengths. */
import type { Variable } from "../../graph/variable.ts";
import { toposort } from "../../graph/walk.ts";
import type { Loop } from "../../nested/loop.ts";
import { add, neg, sub } from "../../ops/elementwise/elemwise.ts";
import { specifyShape } from "../../ops/shape/specify_shape.ts";
import { sameSpace } from "../axes.ts";

/** What is added, or taken away. */
export interface Term {
  readonly value: Variable;
  readonly negative: boolean;
}

/**
 * The terms of `root`, from left to right, each as large as it. Sums on the
 * way that something else reads are terms themselves; the root alone if it is
 * no sum.
 */
export function termsOf(
  root: Term,
  clients: ReadonlyMap<Variable, number>,
): Term[] {
  const like = root.value, found: Term[] = [], todo = [root];
  for (let t = todo.pop(); t; t = todo.pop()) {
    const { value, negative } = t, { op, inputs = [] } = value.owner ?? {};
    const opens = (value === like || clients.get(value) === 1) &&
      inputs.every((v) => isAsLarge(v, like));
    const [x, y] = inputs as [Variable, Variable];
    if (opens && (op === add.op || op === sub.op)) {
      todo.push({ value: y, negative: negative !== (op === sub.op) });
      todo.push({ value: x, negative });
    } else if (opens && op === neg.op) {
      todo.push({ value: x, negative: !negative });
    } else found.push(t);
  }
  return found;
}

/** True if `v` has the dtype of `like`, and its shape without broadcasting. */
export function isAsLarge(v: Variable, like: Variable): boolean {
  return v.dtype === like.dtype && sameSpace(v, like);
}

/** What `v` only says lengths of, in numbers; `v` itself if it is more than that. */
export function unsaid(v: Variable): Variable {
  const { op, inputs = [] } = v.owner ?? {};
  return op === specifyShape.op && inputs.length === 1 ? inputs[0]! : v;
}

/** `v`, and what it only says or checks the lengths of. */
export function behind(v: Variable): readonly Variable[] {
  const found = [v];
  for (let x = v; x.owner?.op === specifyShape.op;) {
    found.push(x = x.owner.inputs[0]!);
  }
  return found;
}

/** The variables of a body that change from step to step. */
export function varying(
  loop: Loop,
  results: readonly Variable[],
): ReadonlySet<Variable> {
  const changes = new Set(
    [...loop.sequences, ...loop.states].flatMap((s) => s.vars),
  );
  for (const node of toposort(results)) {
    if (node.inputs.some((v) => changes.has(v))) {
      node.outputs.forEach((v) => changes.add(v));
    }
  }
  return changes;
}
