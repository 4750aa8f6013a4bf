/** Right sides of linear systems: a vector, or a column for each system. */
import type { Inferred, Length, Lengths, Shaped } from "../../graph/length.ts";
import type { Variable } from "../../graph/variable.ts";
import type { Operand } from "../define.ts";
import { expandDims, squeeze } from "../shape/dimshuffle.ts";
import {
  alignStacks,
  asFloats,
  matricesOf,
  sameLead,
  squaresOf,
} from "./stack.ts";

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

/** The length of both. RangeError: a matrix and its right side have other numbers of rows. */
export function sameRows(
  name: string,
  matrix: Length,
  right: Length,
  lengths: Lengths,
): Length {
  return lengths.same(
    matrix,
    right,
    (m, n) =>
      new RangeError(
        `Cannot apply ${name}: the matrix has ${m} rows, the right side ${n}`,
      ),
  );
}

/** The type of x in a x = b, for stacks of square matrices and of columns. TypeError: other ranks or dtypes. RangeError: lengths differ. */
export function solutionType(
  name: string,
  a: Shaped,
  b: Shaped,
  lengths: Lengths,
): Inferred {
  const { lead, n } = squaresOf(name, a, lengths), right = matricesOf(name, b);
  if (a.dtype !== b.dtype) {
    throw new TypeError(
      `Cannot apply ${name}: dtypes are ${a.dtype} and ${b.dtype}`,
    );
  }
  const rows = sameRows(name, n, right.m, lengths);
  return {
    dtype: a.dtype,
    shape: [...sameLead(name, lead, right.lead, lengths), rows, right.n],
  };
}
