/** Products and powers of matrices, and arrays of more axes taken as matrices. */
import { checkList } from "../../graph/arguments.ts";
import { promote } from "../../graph/dtype.ts";
import { describeType } from "../../graph/type.ts";
import type { Variable } from "../../graph/variable.ts";
import { broadcastTo } from "../shape/broadcast_to.ts";
import { eye } from "../constructors.ts";
import { asVariable, asVariables, type Operand } from "../define.ts";
import { trace } from "../shape/diagonal.ts";
import { expandDims, moveaxis, squeeze } from "../shape/dimshuffle.ts";
import { dot } from "../products/dot.ts";
import { cast, pow } from "../elementwise/elemwise.ts";
import { productOf } from "../shape/length_graph.ts";
import { reshape } from "../shape/reshape.ts";
import { axisOf, lengthsOf } from "../shape/shape.ts";
import { inv, solve } from "./solve.ts";
import { alignStacks, asFloats, times } from "./stack.ts";

/**
 * The products of the matrices of two stacks: axes in front of the last two
 * broadcast; a vector is a row on the left, a column on the right.
 *
 * TypeError: an operand is a scalar. RangeError: lengths differ.
 *
 * ```ts
 * import { matmul, tensor3 } from "damo";
 * const x = tensor3("x"), y = tensor3("y");
 * console.log(matmul(x, y).ndim); // 3
 * ```
 */
export function matmul(x: Operand, y: Operand): Variable {
  const made = asVariables([x, y]),
    dtype = made.map((v) => v.dtype).reduce(promote);
  const [a, b] = made.map((v) => cast(v, dtype)) as [Variable, Variable];
  if (a.ndim === 0 || b.ndim === 0) {
    throw new TypeError(
      `Cannot apply matmul: operands are ${describeType(a.type)} and ${
        describeType(b.type)
      }; write mul`,
    );
  }
  if (a.ndim <= 2 && b.ndim <= 2) return dot(a, b);
  const z = times(...alignStacks(
    a.ndim === 1 ? expandDims(a, 0) : a,
    b.ndim === 1 ? expandDims(b, 1) : b,
  ));
  return a.ndim === 1 ? squeeze(z, -2) : b.ndim === 1 ? squeeze(z, -1) : z;
}

/** The product of any number of matrices, from the left. TypeError: there is none. */
export function matrixDot(...factors: readonly Operand[]): Variable {
  if (factors.length === 0) {
    throw new TypeError("Cannot apply matrixDot: there are no operands");
  }
  return factors.slice(1).reduce<Variable>(
    (product, y) => dot(product, y),
    asVariable(factors[0]!),
  );
}

/**
 * A square matrix, or each of a stack, to a whole power by repeated squaring;
 * of its inverse where the power is negative.
 *
 * TypeError: no matrix. RangeError: the power is not whole, or the matrix not square.
 */
export function matrixPower(x: Operand, power: number): Variable {
  const v = asVariable(x);
  if (v.ndim < 2) {
    throw new TypeError(
      `Cannot apply matrixPower: expected a matrix or a stack of them, got ${
        describeType(v.type)
      }`,
    );
  }
  const [m, n] = v.type.shape.slice(-2);
  if (typeof m === "number" && typeof n === "number" && m !== n) {
    throw new RangeError(
      `Cannot apply matrixPower: matrices are ${m} by ${n}, expected square ones`,
    );
  }
  if (!Number.isInteger(power)) {
    throw new RangeError(`Cannot apply matrixPower: the power is ${power}`);
  }
  if (power === 0) {
    const lengths = lengthsOf(v);
    return broadcastTo(
      eye(lengths.at(-1)!, undefined, 0, v.dtype),
      lengths,
    ) as Variable;
  }
  let square = power < 0 ? inv(v) : v, product: Variable | null = null;
  for (let left = Math.abs(power);;) {
    if (left % 2 === 1) product = product ? times(product, square) : square;
    left = Math.floor(left / 2);
    if (left === 0) return product!;
    square = times(square, square);
  }
}

/**
 * An upper bound of the largest size of an eigenvalue of a symmetric matrix:
 * trace(x^p)^(1/p) with p = 2^log2Exponent, the closer the larger p.
 *
 * TypeError: no matrix. RangeError: `log2Exponent` is not whole and positive, or the matrix not square.
 */
export function spectralRadiusBound(
  x: Operand,
  log2Exponent: number,
): Variable {
  if (!Number.isInteger(log2Exponent) || log2Exponent < 1) {
    throw new RangeError(
      `Cannot apply spectralRadiusBound: log2Exponent is ${log2Exponent}, expected a positive whole number`,
    );
  }
  const power = 2 ** log2Exponent;
  return pow(
    trace(matrixPower(asFloats([x])[0]!, power), 0, -2, -1),
    1 / power,
  );
}

/**
 * The inverse under tensordot: with the first `ind` axes of x as rows of a
 * matrix, that matrix's inverse; its axes are the other ones of x, then those.
 *
 * RangeError: `ind` is not positive; when it is computed, where the products of
 * lengths differ or the matrix is singular.
 */
export function tensorinv(x: Operand, ind = 2): Variable {
  const v = asFloats([x])[0]!;
  if (!Number.isInteger(ind) || ind <= 0 || ind > v.ndim) {
    throw new RangeError(
      `Cannot apply tensorinv: ind is ${ind}, of ${v.ndim} axes`,
    );
  }
  const lengths = lengthsOf(v),
    rows = lengths.slice(0, ind),
    columns = lengths.slice(ind);
  const matrix = reshape(v, [productOf(rows), productOf(columns)]);
  return reshape(inv(matrix), [...columns, ...rows]) as Variable;
}

/**
 * The x with tensordot(a, x, x.ndim) = b. `axes` of a go to its end beforehand.
 *
 * RangeError: no such axes; when it is computed, where products of lengths
 * differ or the equations have no single solution.
 */
export function tensorsolve(
  a: Operand,
  b: Operand,
  axes: readonly number[] | null = null,
): Variable {
  const [given, right] = asFloats([a, b]) as [Variable, Variable];
  const moved = checkList("apply tensorsolve", axes ?? [], "axes").map((axis) =>
    axisOf("tensorsolve", axis, given.ndim)
  );
  const v = moved.length
    ? moveaxis(given, moved, moved.map((_, i) => i - moved.length))
    : given;
  const shape = lengthsOf(v).slice(right.ndim), n = productOf(shape);
  const x = solve(
    reshape(v, [productOf(lengthsOf(right)), n]),
    reshape(right, [productOf(lengthsOf(right))]),
  );
  return reshape(x, shape) as Variable;
}
