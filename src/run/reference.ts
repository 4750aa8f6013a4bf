/** The linker `reference`: each op's own `eval`, in TypeScript; what every other linker is compared with. */
import { type FunctionGraph, results } from "../graph/function_graph.ts";
import { lengthValue, type NDArray } from "../graph/ndarray.ts";
import type { Apply, Variable } from "../graph/variable.ts";
import { shaped, SharedVariable } from "../graph/variable.ts";
import { type Shaped, STATIC } from "../graph/length.ts";
import { sharedVariables } from "../graph/walk.ts";
import { evaluate, evaluateNode } from "../ops/evaluate.ts";
import { asResult, type Engine } from "./compiled.ts";
import { explaining } from "./errors.ts";

/** An engine that interprets `graph`. */
export function interpret(graph: FunctionGraph): Engine {
  const wanted = results(graph), shared = sharedVariables(wanted);
  const outputs = graph.outputs.length;
  const once = (values: readonly NDArray[]): readonly NDArray[] => {
    const known = new Map<Variable, NDArray>(
      graph.inputs.map((v, i) => [v, values[i]!]),
    );
    for (const s of shared) known.set(s, s.storage.read(true));
    checkNames([...graph.inputs, ...shared], known);
    const computed = evaluate(wanted, known, compute).map((v) => v.copy());
    graph.updates.forEach(([s], i) => s.setValue(computed[outputs + i]!));
    return computed.slice(0, outputs);
  };
  return {
    call(values, calls) {
      let last: readonly NDArray[] = [];
      for (let i = 0; i < calls; i++) last = once(values);
      return last.map(asResult);
    },
    notes: () => ["interpreted in TypeScript"],
    free: () => {},
  };
}

/** An op's own value, for lengths that its type rule admits. */
function compute(
  node: Apply,
  inputs: readonly NDArray[],
): readonly NDArray[] {
  return explaining(node, inputs, () => {
    checkLengths(node, inputs);
    return evaluateNode(node, inputs);
  });
}

/** Lengths that types do not know: an axis that happens to have length 1 broadcasts no more than any other. */
function checkLengths(node: Apply, inputs: readonly NDArray[]): void {
  const operands = inputs.map((x, i): Shaped => ({
    ...shaped(node.inputs[i]!),
    shape: x.shape,
    value: lengthValue(x),
  }));
  node.op.infer(operands, node.params, STATIC);
}

/** Equal names of lengths are equal lengths. RangeError naming both. */
export function checkNames(
  variables: readonly Variable[],
  values: ReadonlyMap<Variable, { readonly shape: readonly number[] }>,
): void {
  const seen = new Map<
    string,
    { readonly length: number; readonly where: string }
  >();
  for (const v of variables) {
    v.type.shape.forEach((name, axis) => {
      if (typeof name !== "string") return;
      const length = values.get(v)!.shape[axis]!,
        where = `axis ${axis} of ${
          v instanceof SharedVariable ? "shared " : ""
        }${v.name ?? "an unnamed variable"}`;
      const before = seen.get(name);
      if (before && before.length !== length) {
        throw new RangeError(
          `Cannot call: ${name} is ${before.length} for ${before.where} and ${length} for ${where}`,
        );
      }
      seen.set(name, { length, where });
    });
  }
}
