/** Recorded loops, graphs used as ops, and lazy choices, by the public API. */
import * as damo from "damo";
import { applyAll, type Graph, note, variable } from "./build.ts";
import { asDtype } from "./arrays.ts";
import type { Attrs, InnerGraph, RecordedNode } from "./case.ts";

/** One of the node's inputs, read at some places of each step. */
interface Tapped {
  readonly in: number;
  readonly taps: readonly number[];
}

/** A lazy choice between `n_outs` values. */
export function choose(
  [condition, ...values]: readonly damo.Variable[],
  { n_outs }: Attrs,
): damo.Variable[] {
  const n = n_outs as number;
  return damo.ifelse(condition!, values.slice(0, n), values.slice(n));
}

/** Applies a graph as an op. */
export function nested(graph: Graph, node: RecordedNode): void {
  const inner = node.attrs!.inner as unknown as InnerGraph & {
    readonly argTypes: readonly string[];
  };
  const args = inner.argTypes.map((type) => {
    const [dtype, ones] = type.split(":") as [string, string];
    return damo.tensor(
      asDtype(dtype),
      [...ones].map((one) => one === "1" ? 1 : null),
    );
  });
  const body: Graph = { ...graph, variables: new Map(graph.variables) };
  inner.args.forEach((id, i) => body.variables.set(id, args[i]!));
  applyAll(body, inner.nodes);
  graph.coarse ||= body.coarse;
  const f = damo.OpFromGraph(
    args,
    inner.outputs.map((id) => variable(body, id)),
    { inline: node.attrs!.inline as boolean },
  );
  const made = f(...node.inputs.map((id) => variable(graph, id)));
  node.outputs.forEach((id, i) => {
    if (id === null) return;
    graph.variables.set(id, made[i]!);
    note(graph, node, i, made[i]!);
  });
}

/** Builds a loop; its step applies the recorded inner nodes. */
export function loop(graph: Graph, node: RecordedNode): void {
  const attrs = node.attrs!, inner = attrs.inner as unknown as InnerGraph;
  const outer = node.inputs.map((id) => graph.variables.get(id) ?? null);
  const infos = attrs.outputs_info as unknown as (Tapped | null)[];
  const steps = attrs.n_steps as unknown as { in: number } | null;
  const step = (...args: damo.Variable[]): damo.StepResult => {
    const body: Graph = { ...graph, variables: new Map(graph.variables) };
    inner.args.forEach((id, i) => body.variables.set(id, args[i]!));
    applyAll(body, inner.nodes);
    graph.coarse ||= body.coarse;
    return [
      inner.outputs.map((id) => variable(body, id)),
      new Map(
        inner.updates.map(([id, next]) =>
          [
            variable(graph, id) as damo.SharedVariable,
            variable(body, next),
          ] as const
        ),
      ),
      ...(inner.until ? [damo.until(variable(body, inner.until))] : []),
    ];
  };
  const [made, updates] = damo.scan(step, {
    sequences: (attrs.sequences as unknown as Tapped[]).map((s) => ({
      input: outer[s.in]!,
      taps: s.taps,
    })),
    outputsInfo: infos.map((info) =>
      info && { initial: outer[info.in]!, taps: info.taps }
    ),
    nonSequences: (attrs.non_sequences as number[]).map((i) => outer[i]!),
    ...(steps && { nSteps: outer[steps.in]! }),
    goBackwards: attrs.go_backwards as boolean,
    truncateGradient: attrs.truncate_gradient as number,
    strict: attrs.strict as boolean | undefined ?? false,
  });
  const results = made instanceof damo.Variable ? [made] : made;
  node.outputs.forEach((id, i) => {
    if (id === null) return;
    graph.variables.set(id, results[i]!);
    note(graph, node, i, results[i]!);
  });
  for (const [shared, id] of node.updateOutputs ?? []) {
    graph.variables.set(
      id,
      updates.get(variable(graph, shared) as damo.SharedVariable)!,
    );
  }
}
