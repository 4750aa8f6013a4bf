/** Ways through a graph; all iterative, so that depth has no limit. */
import { Apply, SharedVariable, type Variable } from "./variable.ts";
import { derived } from "./origin.ts";

/** The applications that `outputs` need, inputs first; `stop` ends the walk at a variable. */
export function toposort(
  outputs: readonly Variable[],
  stop: (v: Variable) => boolean = () => false,
): Apply[] {
  const order: Apply[] = [], seen = new Set<Apply>();
  /** Applications on the way, and for each which of its inputs is next. */
  const stack: Apply[] = [], next: number[] = [];
  const enter = (v: Variable) => {
    if (!v.owner || seen.has(v.owner) || stop(v)) return;
    seen.add(v.owner);
    stack.push(v.owner);
    next.push(0);
  };
  for (const output of outputs) {
    enter(output);
    while (stack.length) {
      const top = stack.length - 1, node = stack[top]!, i = next[top]!++;
      if (i < node.inputs.length) enter(node.inputs[i]!);
      else {
        order.push(node);
        stack.pop();
        next.pop();
      }
    }
  }
  return order;
}

/** Every variable that `outputs` depend on, themselves included, inputs first. */
export function ancestors(outputs: readonly Variable[]): Set<Variable> {
  const seen = new Set<Variable>();
  for (const node of toposort(outputs)) {
    node.inputs.forEach((v) => seen.add(v));
    node.outputs.forEach((v) => seen.add(v));
  }
  outputs.forEach((v) => seen.add(v));
  return seen;
}

/** Variables without an owner that `outputs` depend on, in creation order. */
export function leaves(outputs: readonly Variable[]): Variable[] {
  return [...ancestors(outputs)].filter((v) => v.owner === null).sort((a, b) =>
    a.id - b.id
  );
}

/** The shared variables that `outputs` depend on, in creation order. */
export function sharedVariables(
  outputs: readonly Variable[],
): SharedVariable[] {
  return leaves(outputs).filter((v) => v instanceof SharedVariable);
}

/** For each variable, how often an application of the graph uses it; a result of the graph counts once more. */
export function countClients(
  outputs: readonly Variable[],
  nodes: Iterable<Apply> = toposort(outputs),
): Map<Variable, number> {
  const count = new Map<Variable, number>();
  const add = (v: Variable) => count.set(v, (count.get(v) ?? 0) + 1);
  outputs.forEach(add);
  for (const node of nodes) node.inputs.forEach(add);
  return count;
}

/** The applications of a graph that use each variable, each once, in the order of `nodes`. */
export function clientsOf(nodes: Iterable<Apply>): Map<Variable, Apply[]> {
  const clients = new Map<Variable, Apply[]>();
  for (const node of nodes) {
    for (const v of new Set(node.inputs)) {
      const list = clients.get(v);
      if (list) list.push(node);
      else clients.set(v, [node]);
    }
  }
  return clients;
}

/** `outputs` with variables replaced: nodes above a replacement are made anew, all others are shared. */
export function replace(
  outputs: readonly Variable[],
  by: ReadonlyMap<Variable, Variable>,
): Variable[] {
  const now = new Map<Variable, Variable>(by);
  const resolve = (v: Variable) => now.get(v) ?? v;
  for (const node of toposort(outputs, (v) => by.has(v))) {
    if (!node.inputs.some((v) => now.has(v))) continue;
    const made = remake(node, node.inputs.map(resolve));
    node.outputs.forEach((v, i) => by.has(v) || now.set(v, made.outputs[i]!));
  }
  return outputs.map(resolve);
}

/** The same application to other inputs, with the origin of the first. */
export function remake(node: Apply, inputs: readonly Variable[]): Apply {
  return derived(node.origin, () => new Apply(node.op, inputs, node.params));
}
