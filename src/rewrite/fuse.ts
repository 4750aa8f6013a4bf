/** Fusion: elementwise applications over one index space become one, so that each operand is read once. */
import {
  type AnyOp,
  type Apply,
  Constant,
  type Variable,
} from "../graph/variable.ts";
import { clientsOf, remake, toposort } from "../graph/walk.ts";
import { derived } from "../graph/origin.ts";
import {
  abs,
  add,
  cast,
  maximum,
  minimum,
  mul,
  neg,
  sqr,
  sub,
} from "../ops/elementwise/elemwise.ts";
import {
  eq,
  ge,
  gt,
  le,
  lt,
  neq,
  where,
} from "../ops/elementwise/elemwise_logic.ts";
import { fuse } from "../ops/elementwise/fused.ts";
import { sameSpace } from "./axes.ts";
import { conditions } from "./lazy.ts";

/** Operands that one kernel may have, and applications that one may be made of. */
export const MOST_INPUTS = 32;
const MOST_NODES = 100;

/** Functions that may be computed again for every element that broadcasting makes of theirs. */
const CHEAP: readonly { readonly op: AnyOp }[] = [
  add,
  sub,
  mul,
  neg,
  abs,
  sqr,
  cast,
  maximum,
  minimum,
  where,
  lt,
  le,
  gt,
  ge,
  eq,
  neq,
];

/** What is computed together: applications, and what they need from outside. */
interface Group {
  readonly nodes: Set<Apply>;
  readonly inputs: Set<Variable>;
  /** The result with the largest index space. */
  readonly like: Variable;
  readonly elementwise: boolean;
  /** When it runs: see `conditions`. */
  readonly condition: number;
}

/**
 * The same results with elementwise applications grouped. A group has one
 * index space; every value is computed once; a value that others need too is
 * one of its outputs. Linear in the graph.
 *
 * No path may leave a group and come back. So, walking from the results to the
 * leaves, each application gets a stage no lower than its clients have. All of
 * a group share one, and it is higher than that of any client outside: a path
 * that leaves the group never rises to it again.
 */
export function fuseElementwise(
  given: readonly Variable[],
): readonly Variable[] {
  const outputs = repeatNumbers(given);
  const order = toposort(outputs), clients = clientsOf(order);
  const results = new Set(outputs), runs = conditions(outputs, order);
  const group = new Map<Apply, Group>(), stage = new Map<Apply, number>();
  for (const node of order.toReversed()) {
    const readers = node.outputs.flatMap((v) => clients.get(v) ?? []);
    const last = Math.max(-1, ...readers.map((c) => stage.get(c)!));
    const late = new Set(
      readers.filter((c) => stage.get(c) === last).map((c) => group.get(c)!),
    );
    const only = readers.every((c) => late.has(group.get(c)!)) &&
      late.size === 1 && !results.has(node.outputs[0]!);
    const single = alone(node, runs.get(node)!);
    const joined = single.elementwise ? joinGroups(single, late, only) : null;
    const made = joined ?? single;
    stage.set(node, joined || !made.elementwise ? last : last + 1);
    for (const member of made.nodes) group.set(member, made);
  }
  return rebuild(outputs, order, { group, stage, clients });
}

/**
 * The same results, where a number that is one step from leaves, and that
 * others need as well, is computed again by each elementwise application that
 * reads it: that costs less than a kernel to wait for.
 */
function repeatNumbers(
  outputs: readonly Variable[],
): readonly Variable[] {
  const order = toposort(outputs), clients = clientsOf(order);
  const results = new Set(outputs), now = new Map<Variable, Variable>();
  const repeated = new Set(
    order.filter((node) =>
      isCheap(node) && node.inputs.every((x) => x.owner === null)
    ).flatMap(({ outputs }) => outputs).filter((v) =>
      v.ndim === 0 &&
      (results.has(v) || !clients.get(v)!.every(isElementwise))
    ),
  );
  for (const node of order) {
    const again = (v: Variable) =>
      isElementwise(node) && repeated.has(v)
        ? remake(v.owner!, v.owner!.inputs).outputs[0]!
        : now.get(v) ?? v;
    const inputs = node.inputs.map(again);
    if (inputs.every((v, i) => v === node.inputs[i])) continue;
    const made = remake(node, inputs);
    node.outputs.forEach((v, i) => now.set(v, made.outputs[i]!));
  }
  return outputs.map((v) => now.get(v) ?? v);
}

/** True for an application that computes each element by itself. */
export function isElementwise({ op, outputs }: Apply): boolean {
  return op.scalar !== undefined && !op.ordered && !op.mayFail &&
    outputs.length === 1 && outputs[0]!.type.kind === "dense";
}

function alone(node: Apply, condition: number): Group {
  return {
    nodes: new Set([node]),
    inputs: new Set(operands(node)),
    like: node.outputs[0]!,
    elementwise: isElementwise(node),
    condition,
  };
}

/** True for an elementwise application that may be computed again. */
function isCheap(node: Apply): boolean {
  return isElementwise(node) && CHEAP.some((f) => f.op === node.op);
}

/** What a kernel would load: constants of one element are part of its text. */
export function operands(node: Apply): Variable[] {
  return node.inputs.filter((v) =>
    !(v instanceof Constant && v.data.size === 1)
  );
}

/** The groups of the latest clients made one with that of a single application, or null where they may not be. */
function joinGroups(
  { nodes: own, inputs: operands, like: y, condition }: Group,
  groups: ReadonlySet<Group>,
  only: boolean,
): Group | null {
  const [first, ...others] = groups, all = [...groups], [node] = own;
  const together = all.every((g) => g.elementwise && g.condition === condition);
  if (!first || !together) return null;
  const same = all.every((g) => sameSpace(g.like, y));
  const repeated = only && isCheap(node!);
  if (!same && !repeated) return null;
  const size = all.reduce((n, g) => n + g.nodes.size, 1);
  const inputs = new Set(all.flatMap((g) => [...g.inputs]));
  inputs.delete(y);
  operands.forEach((v) => inputs.add(v));
  if (size > MOST_NODES || inputs.size > MOST_INPUTS) return null;
  const nodes = new Set([
    ...first.nodes,
    ...others.flatMap((g) => [...g.nodes]),
    ...own,
  ]);
  return { ...first, nodes, inputs };
}

interface Grouping {
  readonly group: ReadonlyMap<Apply, Group>;
  readonly stage: ReadonlyMap<Apply, number>;
  readonly clients: ReadonlyMap<Variable, readonly Apply[]>;
}

/** Groups in the order of falling stages, and in each stage those that no group feeds first: so inputs come before what needs them. */
function rebuild(
  outputs: readonly Variable[],
  order: readonly Apply[],
  { group, stage, clients }: Grouping,
): readonly Variable[] {
  const groups = [...new Set(order.map((node) => group.get(node)!))];
  const stageOf = (g: Group) => stage.get([...g.nodes][0]!)!;
  groups.sort((a, b) =>
    stageOf(b) - stageOf(a) || Number(a.elementwise) - Number(b.elementwise)
  );
  const now = new Map<Variable, Variable>(), results = new Set(outputs);
  const resolve = (v: Variable) => now.get(v) ?? v;
  const put = (before: readonly Variable[], made: Apply) =>
    before.forEach((v, i) => now.set(v, made.outputs[i]!));
  for (const g of groups) {
    const nodes = [...g.nodes].sort((a, b) => a.id - b.id);
    const [node] = nodes as [Apply];
    if (nodes.length === 1) {
      if (!node.inputs.some((v) => now.has(v))) continue;
      put(node.outputs, remake(node, node.inputs.map(resolve)));
      continue;
    }
    const inputs = [...g.inputs];
    const wanted = nodes.map((n) => n.outputs[0]!).filter((v) =>
      results.has(v) || clients.get(v)!.some((c) => !g.nodes.has(c))
    );
    const { origin } = nodes[nodes.length - 1]!;
    const made = derived(origin, () => fuse(inputs, wanted)[0]!.owner!);
    put(wanted, remake(made, inputs.map(resolve)));
  }
  return outputs.map(resolve);
}
