/** Graphs inside graphs: the body of a loop, or a graph used as an op, is rewritten like any other. */
import { derived } from "../graph/origin.ts";
import {
  bodyResults,
  type ScanParams,
  withBodyResults,
} from "../graph/scan_params.ts";
import { Apply, type Variable } from "../graph/variable.ts";
import { remake, toposort } from "../graph/walk.ts";
import { graphOp, type GraphParams } from "../nested/op_from_graph.ts";
import { scanOp } from "../nested/scan_op.ts";

/** Rewrites what a graph computes. */
export type Rewrite = (results: readonly Variable[]) => readonly Variable[];

/** `outputs` with the graphs inside them rewritten; recursion is as deep as they are nested. */
export function rewriteBodies(
  outputs: readonly Variable[],
  rewrite: Rewrite,
): readonly Variable[] {
  const now = new Map<Variable, Variable>();
  const resolve = (v: Variable) => now.get(v) ?? v;
  for (const node of toposort(outputs)) {
    const inputs = node.inputs.map(resolve);
    const params = node.op === scanOp
      ? rewriteBody(node.params, rewrite)
      : node.op === graphOp
      ? rewriteGraph(node.params, rewrite)
      : node.params;
    if (params === node.params && !node.inputs.some((v) => now.has(v))) {
      continue;
    }
    const made = params === node.params
      ? remake(node, inputs)
      : derived(node.origin, () => new Apply(node.op, inputs, params));
    node.outputs.forEach((v, i) => now.set(v, made.outputs[i]!));
  }
  return outputs.map(resolve);
}

/** The same graph, better computed; the parameters themselves if nothing is better. */
function rewriteGraph(p: GraphParams, rewrite: Rewrite): GraphParams {
  const { inputs, outputs: before } = p.graph, outputs = rewrite(before);
  return outputs.every((v, i) => v === before[i])
    ? p
    : { ...p, graph: { inputs, outputs } };
}

/** The same loop with a better body; the parameters themselves if nothing is better. */
function rewriteBody(p: ScanParams, rewrite: Rewrite): ScanParams {
  const before = bodyResults(p), after = rewrite(before);
  return after.every((v, i) => v === before[i]) ? p : withBodyResults(p, after);
}
