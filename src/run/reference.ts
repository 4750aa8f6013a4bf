/** The linker `reference`: each op's own `eval`, in TypeScript; what every other linker is compared with. */
import { type FunctionGraph, results } from "../graph/function_graph.ts";
import type { NDArray } from "../graph/ndarray.ts";
import { SharedVariable, type Variable } from "../graph/variable.ts";
import { sharedVariables } from "../graph/walk.ts";
import { evaluate } from "../ops/evaluate.ts";
import { asResult, asTheyAre, type Engine, givenOf } from "./compiled.ts";
import { checkTypes } from "./convert.ts";
import { computeNode } from "./evaluation.ts";

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
    const computed = evaluate(wanted, known, computeNode).map((v) => v.copy());
    graph.updates.forEach(([s], i) => s.setValue(computed[outputs + i]!));
    return computed.slice(0, outputs);
  };
  return {
    call(args, calls, admit = asTheyAre) {
      const values = admit(args);
      checkTypes(graph.inputs, values);
      let last: readonly NDArray[] = [];
      for (let i = 0; i < calls; i++) last = once(values);
      return givenOf(last.map(asResult));
    },
    // deno-lint-ignore require-await
    async callAsync(values, calls) {
      return this.call(values, calls);
    },
    exportable() {
      throw new RangeError(
        "Cannot export a function that is interpreted: compile it for linker cvm or c",
      );
    },
    notes: () => ["interpreted in TypeScript"],
    free: () => {},
  };
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
