/** Constant folding: what depends on constants only is computed now. */
import { type Apply, Constant, type Variable } from "../../graph/variable.ts";
import { scanOp } from "../../nested/scan_op.ts";
import { constant } from "../../ops/define.ts";
import { type Rule, ruleAt } from "../pattern.ts";
import { knownSize } from "../values.ts";

/** A folded constant may have this many elements, or as many as what it is made of. */
const MOST_ELEMENTS = 1024;

/** Operands up to this many elements are folded whatever the op; larger ones where the work is linear in them. */
const MOST_WORK = 16384;

/** Computes applications to constants, unless that is much work or the op has effects, is lazy, loops, or refuses. */
export const fold: readonly Rule[] = [
  ruleAt(
    "fold_length",
    null,
    {
      equation: "an integer scalar that types know → constant",
      licence: "exact",
    },
    (v) =>
      typeof v.value === "number" && v.ndim === 0
        ? constant(v.value, v.dtype)
        : null,
  ),
  ruleAt(
    "fold_constants",
    null,
    { equation: "f(constants) → constant", licence: "exact" },
    (v) => {
      const node = v.owner!;
      if (!foldable(node)) return null;
      const inputs = node.inputs as readonly Constant[];
      const elements = inputs.reduce((n, c) => n + c.data.size, 0);
      const { scalar, views } = node.op, size = knownSize(v);
      if (elements > MOST_WORK && !scalar && !views) return null;
      if (size === null || size > Math.max(MOST_ELEMENTS, elements)) {
        return null;
      }
      return evaluated(node, v, inputs);
    },
  ),
];

function foldable({ op, inputs, params }: Apply): boolean {
  return inputs.length > 0 && inputs.every((v) => v instanceof Constant) &&
    !op.ordered && op !== scanOp && !op.lazyInputs?.(params).length;
}

/** The value of output `v`; null where the op refuses the values, which is for the run to say. */
function evaluated(
  node: Apply,
  v: Variable,
  inputs: readonly Constant[],
): Variable | null {
  try {
    const value = node.op.eval(
      inputs.map((c) => c.data),
      node.params,
    )[v.index]!;
    return new Constant(value.copy());
  } catch {
    return null;
  }
}
