/** Reads what a function is given: inputs and storages, with the lengths and names that must agree. */
import type { FunctionGraph } from "../../graph/function_graph.ts";
import type { Length } from "../../graph/length.ts";
import type { Dim } from "../../graph/type.ts";
import type { SharedVariable, Variable } from "../../graph/variable.ts";
import type { Check, Value } from "../flow.ts";
import { packed, strided } from "../layout.ts";
import type { Reader } from "./read.ts";
import { type ArraySignature, sharedOf, type Signature } from "../signature.ts";

interface Boundary {
  readonly inputs: readonly Value[];
  readonly shared: readonly (readonly [SharedVariable, Value])[];
  readonly checks: readonly Check[];
}

/** The leaves of a graph. RangeError where a length is not what the type says, or equal names have different lengths. */
export function readBoundary(
  graph: FunctionGraph,
  signature: Signature,
  reader: Reader,
): Boundary {
  const named = new Map<string, Axis>(), checks: Check[] = [];
  const leaf = (
    variable: Variable,
    { shape, strides }: ArraySignature,
    kind: "input" | "shared",
  ): Value => {
    const lie = strides ? strided(shape, strides) : packed(shape),
      dims = variable.type.shape;
    const lengths = shape.map((n, axis) =>
      checkDim(variable, axis, n) ??
        known(named.get(String(dims[axis])), dims[axis]!)
    );
    const value = reader.value({
      variable,
      frame: reader.top,
      leaf: kind,
      lengths,
      ...lie,
    });
    dims.forEach((dim, axis) => {
      if (typeof dim !== "string") return;
      const first = named.get(dim), here = { value, axis };
      if (!first) return void named.set(dim, here);
      const m = first.value.shape[first.axis]!, n = shape[axis]!;
      if (m === null || n === null) checks.push({ x: first, y: here, axis });
      else if (m !== n) {
        throw new RangeError(
          `Cannot call the function: ${say(first)} has length ${m}, ${
            say(here)
          } has length ${n}, and both are named ${dim}`,
        );
      }
    });
    return value;
  };
  const inputs = graph.inputs.map((v, i) =>
    leaf(v, signature.inputs[i]!, "input")
  );
  const shared = sharedOf(graph).map((v, i) =>
    [v, leaf(v, signature.shared[i]!, "shared")] as const
  );
  return { inputs, shared, checks };
}

interface Axis {
  readonly value: Value;
  readonly axis: number;
}

/** The length of a call; RangeError if the type says another. */
function checkDim(
  variable: Variable,
  axis: number,
  n: number | null,
): number | null {
  const dim = variable.type.shape[axis];
  if (typeof dim !== "number" || n === null || n === dim) return n;
  throw new RangeError(
    `Cannot call the function: axis ${axis} of ${variable} has length ${n}, not ${dim}`,
  );
}

/** The unknown length that an axis of the same name has: that both are equal is tested before anything else. */
function known(first: Axis | undefined, dim: Dim): Length {
  return typeof dim === "string" && first?.value.shape[first.axis] === null
    ? first.value.lengths[first.axis]!
    : null;
}

function say({ value, axis }: Axis): string {
  return `axis ${axis} of ${value.variable}`;
}
