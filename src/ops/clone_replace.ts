/** cloneReplace: a graph again, with others in the place of some of its variables. */
import { variablesOf } from "../graph/arguments.ts";
import { withDefaults } from "../graph/options.ts";
import { describeType } from "../graph/type.ts";
import { Variable } from "../graph/variable.ts";
import { replace as replaceIn } from "../graph/walk.ts";
import { asVariable, type Operand } from "./define.ts";

/** What `cloneReplace` takes besides the graph. */
export interface CloneOptions {
  /** Pairs of a variable and what stands for it, all at once. */
  readonly replace?: Iterable<readonly [Variable, Operand]>;
  /** Refuses what has another dtype or rank than the variable that it stands for: true unless given. */
  readonly strict?: boolean;
}

/** One variable for one, a list for a list. */
export type Cloned<O> = O extends Variable ? O
  : { -readonly [i in keyof O]: O[i] };

/**
 * What computes `outputs`, with other variables in place of some: inputs, or
 * what is computed on the way. Parts that do not change are shared with the
 * graph given, which stays as it is.
 *
 * ```ts
 * import { cloneReplace, function as compile, scalar } from "damo";
 * const x = scalar("x"), y = x.mul(x).add(1);
 * const z = cloneReplace(y, { replace: [[x, x.add(2)]] });
 * console.log(compile([x], z)(1)); // 10
 * ```
 *
 * TypeError: a replacement has another dtype or rank. RangeError: its lengths
 * do not fit where it is put.
 */
export function cloneReplace<const O extends Variable | readonly Variable[]>(
  outputs: O,
  options: CloneOptions = {},
): Cloned<O> {
  const { replace, strict } = withDefaults("apply cloneReplace", options, {
    replace: [],
    strict: true,
  });
  const by = new Map<Variable, Variable>();
  for (const [from, to] of replace) {
    const made = asVariable(to, from.dtype);
    if (strict && (made.dtype !== from.dtype || made.ndim !== from.ndim)) {
      throw new TypeError(
        `Cannot put ${
          describeType(made.type)
        } in the place of ${from}: dtype and rank must be the same`,
      );
    }
    by.set(from, made);
  }
  const made = replaceIn(variablesOf("apply cloneReplace", outputs), by);
  return (outputs instanceof Variable ? made[0] : made) as Cloned<O>;
}
