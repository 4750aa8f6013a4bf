/** A graph rewritten, compared with what it was, and how to look at it. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { isFloat } from "../../src/graph/dtype.ts";
import type { FunctionGraph } from "../../src/graph/function_graph.ts";
import { results } from "../../src/graph/function_graph.ts";
import { NDArray, sizeOf } from "../../src/graph/ndarray.ts";
import {
  type Apply,
  SharedVariable,
  type Variable,
} from "../../src/graph/variable.ts";
import { leaves, toposort } from "../../src/graph/walk.ts";
import { grad } from "../../src/grad/grad.ts";
import { shared, zeros } from "../../src/ops/constructors.ts";
import { mul, sub } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { tensor } from "../../src/ops/inputs.ts";
import { paramsKey } from "../../src/rewrite/merge.ts";
import { optimize } from "../../src/rewrite/optimize.ts";

/** A float64 input of unknown lengths. */
export const matrix = (name: string) => tensor("float64", [null, null], name);
/** A float64 input of unknown length. */
export const vector = (name: string) => tensor("float64", [null], name);
/** A float64 number. */
export const scalar = (name: string) => tensor("float64", [], name);

/** Shared float64 zeros. */
export function weights(name: string, ...dims: number[]): SharedVariable {
  return shared(zeros(dims, "float64"), { name });
}

/** One step of gradient descent. */
export function descent(
  inputs: readonly Variable[],
  cost: Variable<0>,
  params: readonly SharedVariable[],
  rate: Variable | number,
): FunctionGraph {
  const gradients = grad(cost, params);
  return {
    inputs,
    outputs: [cost],
    updates: params.map((w, i) => [w, sub(w, mul(gradients[i]!, rate))]),
  };
}

/** The rewritten graph's applications, after comparing its values with those of the graph as built. */
export function rewritten(
  graph: FunctionGraph,
  dims: Readonly<Record<string, readonly number[]>> = {},
): Apply[] {
  const { graph: made } = optimize(graph, { optimizer: "fast_run" });
  let seed = 0.5;
  const next = () => (seed = (seed + 0.6180339887498949) % 1) - 0.5;
  const values = new Map(
    leaves(results(graph)).filter((v) => !("data" in v)).map((v) => {
      const lengths = v instanceof SharedVariable
        ? v.storage.shape
        : dims[v.name!] ??
          v.type.shape.map((n) => typeof n === "number" ? n : 3);
      const data = Float64Array.from(
        { length: sizeOf(lengths) },
        (_, i) => isFloat(v.dtype) ? next() : i % 3,
      );
      return [v, new NDArray("float64", lengths, data).astype(v.dtype)];
    }),
  );
  const before = evaluate(results(graph), values),
    after = evaluate(results(made), values);
  before.forEach((a, i) => {
    assertEquals(after[i]!.shape, a.shape);
    const x = a.flat(), y = after[i]!.flat();
    x.forEach((_: number | bigint, k: number) =>
      assertAlmostEquals(
        Number(y[k]),
        Number(x[k]),
        1e-9 * Math.max(1, Math.abs(Number(x[k]))),
      )
    );
  });
  const nodes = toposort(results(made));
  assertEquals(
    new Set(nodes.map(keyOf)).size,
    nodes.length,
    "no application is there twice",
  );
  return nodes;
}

function keyOf({ op, inputs, params }: Apply): string {
  return `${op.name}(${inputs.map((v) => v.id)})${paramsKey(params)}`;
}

/** How many applications are of that op, inside fused ones too. */
export function count(nodes: readonly Apply[], name: string): number {
  return opened(nodes).filter((node) => node.op.name === name).length;
}

/** The applications inside fused ones too. */
export function opened(nodes: readonly Apply[]): Apply[] {
  return nodes.flatMap((node) =>
    node.op.name === "fused" ? toposort(node.params.graph.outputs) : [node]
  );
}
