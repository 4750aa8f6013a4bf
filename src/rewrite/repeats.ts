/** What is one number along an axis: results of reductions, and the views that repeat them. */
import type { Variable } from "../graph/variable.ts";
import type { max, ReduceParams, sum } from "../ops/reductions/reduce.ts";
import { broadcastTo } from "../ops/shape/broadcast_to.ts";
import { orderOf } from "./axes.ts";

/** The one axis that a reduction runs along. */
export function reducedAxis(v: Variable): number | null {
  const { axes } = v.owner!.params as ReduceParams;
  return axes.length === 1 ? axes[0]! : null;
}

/** What v repeats along an axis, if it is one number for all of it: behind the views that restore a reduced axis. */
export function repeated(v: Variable, axis: number): Variable | null {
  let at = v;
  if (at.owner?.op === broadcastTo.op) at = at.owner.inputs[0]!;
  const order = orderOf(at);
  if (!order) return axis === 0 ? at : null;
  const from = at.owner!.inputs[0]!;
  return order.length === from.ndim + 1 &&
      order.every((of, i) => of === (i === axis ? "x" : i < axis ? i : i - 1))
    ? from
    : null;
}

/** The axis along which v repeats what f reduces x to. */
export function axisOfReduced(
  v: Variable,
  f: typeof sum | typeof max,
  x: Variable,
): number | null {
  for (let axis = 0; axis < x.ndim; axis++) {
    const total = repeated(v, axis);
    if (
      total?.owner?.op === f.op && total.owner.inputs[0] === x &&
      reducedAxis(total) === axis
    ) return axis;
  }
  return null;
}
