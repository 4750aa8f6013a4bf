/** Reads what a function is given: inputs and storages, with the lengths and names that must agree. */
import type { FunctionGraph } from "../graph/function_graph.ts";
import type { SharedVariable, Variable } from "../graph/variable.ts";
import type { Check, Value } from "./flow.ts";
import { packed, strided } from "./layout.ts";
import type { Reader } from "./read.ts";
import { type ArraySignature, sharedOf, type Signature } from "./signature.ts";

interface Boundary {
  readonly inputs: readonly Value[];
  readonly shared: readonly (readonly [SharedVariable, Value])[];
  readonly checks: readonly Check[];
}

/** The leaves of a graph. RangeError where a length is not what the type says, or equal names have different lengths. */
export function readBoundary(graph: FunctionGraph, signature: Signature, reader: Reader): Boundary {
  const leaf = (variable: Variable, { shape, strides }: ArraySignature, kind: "input" | "shared") =>
    reader.value({
      variable,
      frame: reader.top,
      leaf: kind,
      lengths: shape,
      ...(strides ? strided(shape, strides) : packed(shape)),
    });
  const inputs = graph.inputs.map((v, i) => leaf(v, signature.inputs[i]!, "input"));
  const shared = sharedOf(graph).map((v, i) => [v, leaf(v, signature.shared[i]!, "shared")] as const);
  return { inputs, shared, checks: checkNames([...inputs, ...shared.map(([, x]) => x)]) };
}

/** Equal names are equal lengths; those known only at run time are left to it. */
function checkNames(values: readonly Value[]): Check[] {
  const first = new Map<string, { readonly value: Value; readonly axis: number }>(), checks: Check[] = [];
  for (const value of values) {
    value.variable.type.shape.forEach((dim, axis) => {
      const n = value.shape[axis]!;
      if (typeof dim === "number" && n !== null && n !== dim) {
        throw new RangeError(`Cannot call the function: axis ${axis} of ${value.variable} has length ${n}, not ${dim}`);
      }
      if (typeof dim !== "string") return;
      const known = first.get(dim);
      if (!known) return void first.set(dim, { value, axis });
      const m = known.value.shape[known.axis]!;
      if (m === null || n === null) checks.push({ x: known, y: { value, axis }, axis });
      else if (m !== n) {
        throw new RangeError(
          `Cannot call the function: axis ${known.axis} of ${known.value.variable} has length ${m}, axis ${axis} of ${value.variable} has length ${n}, and both are named ${dim}`,
        );
      }
    });
  }
  return checks;
}
