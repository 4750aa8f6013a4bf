/** What lengths and constants decide is computed while lowering, where that gives the bits that a kernel would. */
import { allocate, isInteger } from "../../graph/dtype.ts";
import { NDArray, sizeOf } from "../../graph/ndarray.ts";
import { type Apply, mayFail, siteOf } from "../../graph/variable.ts";
import { postorder } from "../emit/access.ts";
import { callsFunction } from "../emit/expression.ts";
import type { Value } from "../flow.ts";
import type { Inference } from "./infer.ts";

/** Elements that a result may have. */
const MOST = 64;

/** The values of an application's outputs; null where only a call will tell. */
export function fold(
  node: Apply,
  inputs: readonly Value[],
  { lengths, scalars, checks, guards, refusal }: Inference,
): readonly NDArray[] | null {
  if (checks.length > 0 || guards.length > 0 || refusal) return null;
  if (node.op.ordered || mayFail(node)) return null;
  const [scalar] = scalars, [v] = node.outputs;
  if (
    typeof scalar === "number" && node.outputs.length === 1 && v!.ndim === 0 &&
    isInteger(v!.dtype)
  ) {
    const data = allocate(v!.dtype, 1);
    data[0] = typeof data[0] === "bigint" ? BigInt(scalar) : scalar;
    return [new NDArray(v!.dtype, [], data)];
  }
  const small = lengths.every((ns) =>
    ns.every((n) => typeof n === "number") &&
    sizeOf(ns as readonly number[]) <= MOST
  );
  const known = small && inputs.length > 0 &&
    inputs.every((x) => x.data !== null) && isExact(node);
  return known ? node.op.eval(inputs.map((x) => x.data!), node.params) : null;
}

/** A view, or elementwise arithmetic that is rounded in one way only. */
function isExact(node: Apply): boolean {
  if (node.op.view) return true;
  const stages = node.op.loops?.(siteOf(node)).stages;
  return stages?.every((s) =>
    s.kind === "store" && !postorder(s.value).some(callsFunction)
  ) ?? false;
}
