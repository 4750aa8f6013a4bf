/** What rules ask of axes: in which order a view has them, and which of them broadcasting repeats. */
import type { Variable } from "../graph/variable.ts";
import { dimshuffle, type Pattern } from "../ops/shape/dimshuffle.ts";

/** The axes of what `x` is a view of, in the order of its own; null for what is no such view. */
export function orderOf(x: Variable): Pattern | null {
  return x.owner?.op === dimshuffle.op
    ? (x.owner.params as { readonly pattern: Pattern }).pattern
    : null;
}

/** The matrix that `x` is written as the transpose of; null for others. */
export function transposeOf(x: Variable): Variable | null {
  const of = orderOf(x)?.join() === "1,0" ? x.owner!.inputs[0]! : null;
  return of?.ndim === 2 ? of : null;
}

/** True if both have the same axes, as far as broadcasting sees them. */
export function sameSpace(a: Variable, b: Variable): boolean {
  return a.ndim === b.ndim &&
    a.type.shape.every((n, axis) => (n === 1) === (b.type.shape[axis] === 1));
}

/** True if `x`, which broadcasts to `v`, has an axis for each of its axes and none that is repeated. */
export function covers(x: Variable, v: Variable): boolean {
  return x.ndim === v.ndim &&
    x.type.shape.every((n, axis) => n !== 1 || v.type.shape[axis] === 1);
}
