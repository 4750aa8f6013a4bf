/** Opening: graphs that were used as ops give way to their nodes. */
import type { Variable } from "../graph/variable.ts";
import { remake, toposort } from "../graph/walk.ts";
import {
  graphOp,
  type GraphParams,
  openGraph,
} from "../nested/op_from_graph.ts";
import { rewriteBodies } from "./bodies.ts";

/** `outputs` without the graphs that `isOpened` names, in loops too; recursion is as deep as they are nested. */
export function openGraphs(
  outputs: readonly Variable[],
  isOpened: (params: GraphParams) => boolean = () => true,
): readonly Variable[] {
  const open = (results: readonly Variable[]): readonly Variable[] => {
    const now = new Map<Variable, Variable>();
    const resolve = (v: Variable) => now.get(v) ?? v;
    for (const node of toposort(results)) {
      const inputs = node.inputs.map(resolve),
        opened = node.op === graphOp && isOpened(node.params);
      if (!opened && !node.inputs.some((v) => now.has(v))) continue;
      const made = opened
        ? openGraph(node, inputs)
        : remake(node, inputs).outputs;
      node.outputs.forEach((v, i) => now.set(v, made[i]!));
    }
    return results.map(resolve);
  };
  // Bodies first: what is nested in a graph is open when the graph is.
  return open(rewriteBodies(outputs, (body) => openGraphs(body, isOpened)));
}
