/** Asks type rules for lengths while lowering. */
import type { Inferred, Length, Shaped } from "../../graph/length.ts";
import type { Apply, Variable } from "../../graph/variable.ts";
import type { GuardedLength, Value } from "../flow.ts";
import type { Reader } from "./read.ts";
import { affineLengths, type LengthReader } from "./shapes.ts";

/** What a type rule said with lengths. */
export interface Inference {
  readonly lengths: readonly (readonly Length[])[];
  readonly scalars: readonly Length[];
  readonly checks: readonly (readonly [Length, Length])[];
  readonly guards: readonly GuardedLength[];
  /** The lengths do not fit. */
  readonly refusal?: Error;
}

/** What the type rule of `node` says for these inputs; a refusal is kept, for the unit may never run. */
export function infer(
  node: Apply,
  inputs: readonly Value[],
  { scalars: graph, assumed }: Pick<Reader, "scalars" | "assumed">,
): Inference {
  const checks: [Length, Length][] = [], guards: GuardedLength[] = [];
  const scalarsOnly = node.outputs.every((v) => v.ndim === 0);
  let which = 0;
  const reader: LengthReader = {
    compute: (form) => scalarsOnly ? null : graph.compute(form),
    check: (a, b) => void checks.push([a, b]),
    assume: (length, likely) => {
      const at = which++,
        made = assumed.find((a) => a.node === node && a.which === at);
      const expected = made ? made.length : likely;
      if (expected !== null) {
        guards.push({
          length: graph.value(length),
          expected,
          node,
          which: at,
        });
      }
      return expected;
    },
  };
  const rule = () =>
    node.op.infer(
      inputs.map((x, i) => shapedAt(x, node.inputs[i]!)),
      node.params,
      affineLengths(reader),
    );
  let inferred: readonly Inferred[], refusal: Error | undefined;
  try {
    inferred = at(node, inputs, rule);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    refusal = error;
    inferred = node.outputs.map(({ dtype, type }) => ({
      dtype,
      shape: type.shape,
    }));
  }
  const lengths = node.outputs.map((v, i) =>
    v.type.shape.map((d, axis): Length => {
      const n = inferred[i]!.shape[axis]!;
      return typeof n === "string" || n === null
        ? (typeof d === "number" ? d : null)
        : n;
    })
  );
  const scalars = inferred.map((o) => o.value ?? null);
  return refusal
    ? { lengths, scalars, checks: [], guards: [], refusal }
    : { lengths, scalars, checks, guards };
}

/** What a type rule sees of a value; types are those the graph was built with. */
function shapedAt(x: Value, { type }: Variable): Shaped {
  return { type, dtype: x.dtype, shape: x.lengths, value: x.scalar };
}

/** `run`, its errors with the shapes and the user's line. */
export function at<T>(node: Apply, inputs: readonly Value[], run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) {
      throw error;
    }
    const shapes = inputs.map((x) =>
      `(${x.shape.map((n) => n ?? "?").join(", ")}${
        x.shape.length === 1 ? "," : ""
      })`
    );
    const Kind = error instanceof RangeError ? RangeError : TypeError;
    const name = error.message.includes(node.op.name)
      ? ""
      : ` in ${node.op.name}`;
    throw new Kind(
      `${error.message}${name}; shapes ${
        shapes.join(" and ")
      }; made at ${node.origin.line}`,
      { cause: error },
    );
  }
}
