/** A graph with a boundary: what goes in, what comes out, what is updated. */
import type { SharedVariable, Variable } from "./variable.ts";

/** What a function computes. Shared variables and constants are found by walking. */
export interface FunctionGraph {
  readonly inputs: readonly Variable[];
  readonly outputs: readonly Variable[];
  readonly updates: readonly (readonly [SharedVariable, Variable])[];
}

/** Everything a graph must compute: outputs, then new values of updates. */
export function results(graph: FunctionGraph): readonly Variable[] {
  return [...graph.outputs, ...graph.updates.map(([, v]) => v)];
}

/** The same boundary over other results, given in the order of `results`. */
export function withResults(
  graph: FunctionGraph,
  values: readonly Variable[],
): FunctionGraph {
  const n = graph.outputs.length;
  return {
    inputs: graph.inputs,
    outputs: values.slice(0, n),
    updates: graph.updates.map(([s], i) => [s, values[n + i]!] as const),
  };
}
