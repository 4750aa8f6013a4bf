/** A request over other shared variables: what `copy({ swap })` compiles. */
import { results, withResults } from "../graph/function_graph.ts";
import { describeType } from "../graph/type.ts";
import { SharedVariable, type Variable } from "../graph/variable.ts";
import { ancestors, replace } from "../graph/walk.ts";
import { checkUpdates, nameOf, type Spec } from "./spec.ts";

/**
 * The same request over other shared variables. TypeError: one is not used, or
 * what takes its place has another type or is updated twice then.
 */
export function exchange(
  { graph, ...spec }: Spec,
  swap: Iterable<readonly [SharedVariable, SharedVariable]>,
): Spec {
  const by = new Map(swap), values = results(graph);
  const used = new Set<Variable>([
    ...ancestors(values),
    ...graph.updates.map(([s]) => s),
  ]);
  for (const [from, to] of by) {
    const what = `Cannot exchange ${nameOf(from)}`;
    if (!used.has(from)) {
      throw new TypeError(`${what}: the function does not use it`);
    }
    const [is, was] = [to, from].map((v) => describeType(v.type));
    if (!(to instanceof SharedVariable) || is !== was) {
      throw new TypeError(
        `${what}: it is a shared ${was}, ${nameOf(to)} is ${
          to instanceof SharedVariable ? "a shared " : ""
        }${is}`,
      );
    }
  }
  const now = withResults(graph, replace(values, by)),
    updates = now.updates.map(([s, v]) => [by.get(s) ?? s, v] as const);
  checkUpdates(updates);
  return { ...spec, graph: { ...now, updates } };
}
