/** Ops along an axis that only the run knows. */
import { isFloat, isInteger } from "../../graph/dtype.ts";
import { describeType } from "../../graph/type.ts";
import type { Variable } from "../../graph/variable.ts";
import { assert } from "../debug.ts";
import { cast } from "../elementwise/elemwise.ts";
import { and_, eq, ge, lt, or_ } from "../elementwise/elemwise_logic.ts";
import { ifelse } from "../ifelse.ts";
import { unbroadcast } from "../shape/specify_shape.ts";

/**
 * What `along` makes of the axis of `ndim` that a 0-d number names when it
 * runs: each axis is a branch of its own, and only one is computed. Types
 * forget lengths of 1, which may differ between branches.
 *
 * TypeError: the axis is no scalar, or there is none to name. RangeError: when it runs, there is no such axis.
 */
export function alongSome(
  name: string,
  axis: Variable,
  ndim: number,
  along: (axis: number) => Variable,
): Variable {
  if (axis.ndim > 0 || !(isInteger(axis.dtype) || isFloat(axis.dtype))) {
    throw new TypeError(
      `Cannot apply ${name}: the axis is ${describeType(axis.type)}`,
    );
  }
  if (ndim === 0) {
    throw new TypeError(
      `Cannot apply ${name} along an axis: the operand has none`,
    );
  }
  const asked = cast(axis, "int64"),
    known = assert(
      asked,
      and_(ge(asked, -ndim), lt(asked, ndim)),
      `the axis of ${name} is out of range`,
    );
  const all = Array.from({ length: ndim }, (_, d) => d);
  return all.map((d) => unbroadcast(along(d), ...all))
    .reduceRight((later, here, d) =>
      ifelse(or_(eq(known, d), eq(known, d - ndim)), here, later)
    );
}
