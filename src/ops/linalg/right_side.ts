/** Right sides of linear systems: a vector, or a column for each system. */
import type { Variable } from "../../graph/variable.ts";
import type { Operand } from "../define.ts";
import { expandDims, squeeze } from "../shape/dimshuffle.ts";
import { alignStacks, asFloats } from "./stack.ts";

/** Applies `f` to a stack of matrices and a stack of right sides with the same axes in front; of a vector it is a vector. */
export function asColumns(
  a: Operand,
  b: Operand,
  f: (a: Variable, b: Variable) => Variable,
): Variable {
  const [matrix, right] = asFloats([a, b]) as [Variable, Variable];
  if (right.ndim !== 1) return f(...alignStacks(matrix, right));
  return squeeze(f(...alignStacks(matrix, expandDims(right, 1))), -1);
}
