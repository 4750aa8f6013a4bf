/** Dropout: elements that a network trains without. */
import { describeOther } from "../../graph/describe_other.ts";
import { withDefaults } from "../../graph/options.ts";
import type { Variable } from "../../graph/variable.ts";
import { asVariable, type Operand } from "../define.ts";
import { div, mul } from "../elementwise/elemwise.ts";
import { lengthsOf } from "../shape/shape.ts";
import { RandomStreams } from "./random_streams.ts";

/**
 * x with each element 0 with probability `rate` and the others grown, so that
 * the mean stays: what a network trains with. RangeError: the rate is not from 0 up to 1.
 */
export function dropout(
  x: Operand,
  rate: number,
  options: { readonly rng: RandomStreams },
): Variable {
  const { rng } = withDefaults("apply dropout", options, { rng: undefined });
  if (!(rng instanceof RandomStreams)) {
    throw new TypeError(
      `Cannot apply dropout: rng is ${
        describeOther(rng)
      }, expected new RandomStreams(seed)`,
    );
  }
  if (typeof rate !== "number" || !(rate >= 0 && rate < 1)) {
    throw new RangeError(
      `Cannot drop out elements at the rate ${
        describeOther(rate)
      }: expected a number from 0 up to 1`,
    );
  }
  const v = asVariable(x),
    kept = rng.binomial(lengthsOf(v), { p: 1 - rate, dtype: v.dtype });
  return mul(v, div(kept, 1 - rate));
}
