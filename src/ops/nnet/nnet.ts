/** Activations and losses that are graphs of other ops. */
import { withDefaults } from "../../graph/options.ts";
import { isInteger } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { crossentropyCategorical1Hot } from "./crossentropy.ts";
import { asVariable, asVariables, type Operand } from "../define.ts";
import {
  abs,
  add,
  cast,
  clip,
  div,
  expm1,
  log,
  log1p,
  minimum,
  mul,
  neg,
  rectify,
  sign,
  softplus,
  sub,
} from "../elementwise/elemwise.ts";
import { gt, lt, where } from "../elementwise/elemwise_logic.ts";
import { sum } from "../reductions/reduce.ts";
import { floating } from "../elementwise/scalar.ts";

/** max(x, 0), or with `alpha` x·alpha below 0. At 0 the gradient is the mean of both slopes. */
export function relu(
  x: Operand,
  options: { readonly alpha?: Operand } = {},
): Variable {
  const { alpha } = withDefaults("apply relu", options, { alpha: 0 });
  const v = asVariable(x), above = rectify(v);
  return alpha === 0 ? above : sub(above, mul(alpha, rectify(neg(v))));
}

/** x above 0, alpha·(e^x - 1) below. */
export function elu(
  x: Operand,
  options: { readonly alpha?: Operand } = {},
): Variable {
  const { alpha } = withDefaults("apply elu", options, { alpha: 1 });
  const v = asVariable(x);
  // The exponential of the branch that is not taken must not overflow: its gradient would be 0 times infinity.
  return where(gt(v, 0), v, mul(alpha, expm1(minimum(v, 0))));
}

/** Scaled elu, which keeps mean 0 and variance 1 (Klambauer et al. 2017). */
export function selu(x: Operand): Variable {
  return mul(1.0507009873554805, elu(x, { alpha: 1.6732632423543772 }));
}

/** x / (1 + |x|), a float. */
export function softsign(x: Operand): Variable {
  const given = asVariable(x), v = cast(given, floating(given.dtype));
  return div(v, add(1, abs(v)));
}

/** The logistic function by three straight lines: 0.2·x + 0.5 within [0, 1]. */
export function hardSigmoid(x: Operand): Variable {
  return clip(add(mul(asVariable(x), 0.2), 0.5), 0, 1);
}

/** The logistic function by a quotient and straight lines, within 0.01 of it; a float. */
export function ultraFastSigmoid(x: Operand): Variable {
  const given = asVariable(x), v = cast(given, floating(given.dtype));
  const half = mul(0.5, abs(v));
  const tanh = where(
    lt(half, 1.7),
    div(mul(1.5, half), add(1, half)),
    where(
      lt(half, 3),
      add(0.935409070603099, mul(0.0458812946797165, sub(half, 1.7))),
      0.99505475368673,
    ),
  );
  return mul(0.5, add(1, mul(sign(v), tanh)));
}

/**
 * The cross-entropy of rows of probabilities `p`, along the last axis, against
 * `y`: class numbers (integers with one axis less), or rows of probabilities.
 */
export function categoricalCrossentropy(p: Operand, y: Operand): Variable {
  const [probabilities, target] = [asVariable(p), asVariable(y)];
  if (isInteger(target.dtype) && target.ndim === probabilities.ndim - 1) {
    return crossentropyCategorical1Hot(probabilities, target);
  }
  if (target.ndim !== probabilities.ndim) {
    throw new TypeError(
      `Cannot apply categoricalCrossentropy: expected integers with ${
        probabilities.ndim - 1
      } axes or probabilities with ${probabilities.ndim}, got ${target}`,
    );
  }
  return neg(sum(mul(target, log(probabilities)), { axis: -1 }));
}

/** -(y log p + (1 - y) log(1 - p)), elementwise. */
export function binaryCrossentropy(p: Operand, y: Operand): Variable {
  const [probability, target] = asVariables([p, y]) as [Variable, Variable];
  return neg(
    add(
      mul(target, log(probability)),
      mul(sub(1, target), log1p(neg(probability))),
    ),
  );
}

/** binaryCrossentropy(sigmoid(x), y), finite for x of any size: softplus(x) - x·y. */
export function sigmoidBinaryCrossentropy(x: Operand, y: Operand): Variable {
  const [logit, target] = asVariables([x, y]) as [Variable, Variable];
  return sub(softplus(logit), mul(logit, target));
}
