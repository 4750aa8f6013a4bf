/** Diagonals: looked at, filled, made into matrices; and triangles. */
import { checkWhole } from "../../graph/arguments.ts";
import { withDefaults } from "../../graph/options.ts";
import { type Dtype, promote } from "../../graph/dtype.ts";
import { config } from "../../graph/config.ts";
import { type Length, type Lengths, STATIC } from "../../graph/length.ts";
import { describeType } from "../../graph/type.ts";
import type { AnyOp, Variable, ViewMap } from "../../graph/variable.ts";
import { at, incSubtensor, setSubtensor } from "../indexing/at.ts";
import { eye, zeros, zerosLike } from "../constructors.ts";
import { arange } from "../arange.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
} from "../define.ts";
import { expandDims, moveaxis } from "./dimshuffle.ts";
import { add, cast } from "../elementwise/elemwise.ts";
import { ge, where } from "../elementwise/elemwise_logic.ts";
import { SYMBOLIC } from "./length_graph.ts";
import { sum, type SumOptions } from "../reductions/reduce.ts";
import { axisOf, lengthsOf } from "./shape.ts";
import { specifyShape } from "./specify_shape.ts";
import { look } from "./view.ts";

/** Which diagonal. */
export interface DiagonalParams {
  /** Counted upwards from the main one. */
  readonly offset: number;
}

/** The number of elements of a diagonal. */
function diagonalLength(
  n: Length,
  m: Length,
  offset: number,
  { sub, min, max }: Lengths,
): Length {
  const rows = sub(n, Math.max(0, -offset)),
    columns = sub(m, Math.max(0, offset));
  return max(0, min(rows, columns));
}

/** Along the diagonal of the last two axes. */
function diagonalView(ndim: number, offset: number): ViewMap {
  const lead = Array.from({ length: ndim - 2 }, (_, axis) => axis);
  return {
    kind: "affine",
    start: [...lead.map(() => 0), Math.max(0, -offset), Math.max(0, offset)],
    step: Array(ndim).fill(1),
    from: [...lead, ndim - 2, ndim - 2],
    checked: Array(ndim).fill(false),
  };
}

const extracted: OpFunction<X, DiagonalParams> = defineOp<X, DiagonalParams>({
  name: "diagonal",
  arity: 1,
  infer: ([x], { offset }, lengths) => ({
    dtype: x.dtype,
    shape: [
      ...x.shape.slice(0, -2),
      diagonalLength(x.shape.at(-2)!, x.shape.at(-1)!, offset, lengths),
    ],
  }),
  eval: ([x], { offset }) => {
    const [n, m] = x.shape.slice(-2) as [number, number];
    return look([x], diagonalView(x.ndim, offset), [
      ...x.shape.slice(0, -2),
      diagonalLength(n, m, offset, STATIC) as number,
    ]);
  },
  vjp: ({ inputs: [x], params: { offset } }, g) => [
    incSubtensor(elementsOnDiagonal(zerosLike(x), offset), g),
  ],
  jvp: ({ params }, [t]) => t && extracted(t, params),
  views: [0],
  view: ({ inputs: [x], params }) =>
    diagonalView(x!.shape.length, params.offset),
});

/** The elements on a diagonal of the last two axes, as an index that can be changed. */
function elementsOnDiagonal(
  x: Variable,
  offset: number | Variable,
): Variable {
  const { sub, max, min } = SYMBOLIC, lengths = lengthsOf(x);
  const down = max(0, sub(0, offset)), right = max(0, offset);
  const n = max(
    0,
    min(sub(lengths.at(-2)!, down), sub(lengths.at(-1)!, right)),
  ) as number | Variable;
  const i = arange(n);
  return at(
    x,
    ...Array<string>(x.ndim - 2).fill(":"),
    add(i, down as number | Variable),
    add(i, right as number | Variable),
  );
}

function diagonalOf(
  x: Operand,
  offset = 0,
  axis1 = 0,
  axis2 = 1,
): Variable {
  const v = asVariable(x);
  if (v.ndim < 2) {
    throw new TypeError(
      `Cannot apply diagonal: expected at least 2 axes, got ${
        describeType(v.type)
      }`,
    );
  }
  const a = axisOf("diagonal", axis1, v.ndim),
    b = axisOf("diagonal", axis2, v.ndim);
  if (a === b) {
    throw new RangeError(`Cannot apply diagonal: both axes are ${a}`);
  }
  checkWhole("apply diagonal", offset, "the offset");
  return extracted(moveaxis(v, [a, b], [-2, -1]), { offset });
}

/**
 * The elements of two axes whose positions differ by `offset` (that of axis2
 * less that of axis1), along a new last axis. A view.
 *
 * TypeError: fewer than two axes. RangeError: no such axis, or both are one.
 *
 * ```ts
 * import { diagonal, function as compile, matrix } from "damo";
 * const x = matrix("x");
 * console.log(compile([x], diagonal(x, 1))([[1, 2], [3, 4]]).toArray()); // [ 2 ]
 * ```
 */
export const diagonal: {
  (x: Operand, offset?: number, axis1?: number, axis2?: number): Variable;
  readonly op: AnyOp;
} = Object.assign(diagonalOf, { op: extracted.op });

/** diagonal, under Theano's name. */
export const extractDiag: typeof diagonal = diagonal;

/** The identity matrix in the shape and dtype of a matrix x. TypeError: x is no matrix. */
export function identityLike(x: Operand): Variable<2> {
  const v = asVariable(x);
  if (v.ndim !== 2) {
    throw new TypeError(
      `Cannot apply identityLike: expected a matrix, got ${
        describeType(v.type)
      }`,
    );
  }
  const [n, m] = lengthsOf(v);
  return eye(n!, m!, 0, v.dtype);
}

/** Zeros but for x, whose last axis lies on a diagonal of two new axes: what `diagonal` takes apart. TypeError: x is a scalar. RangeError: no such axis. */
export function allocDiag(
  x: Operand,
  offset = 0,
  axis1 = 0,
  axis2 = 1,
): Variable {
  const v = asVariable(x), ndim = v.ndim + 1;
  if (v.ndim === 0) {
    throw new TypeError(
      `Cannot apply allocDiag: expected at least 1 axis, got ${
        describeType(v.type)
      }`,
    );
  }
  const a = axisOf("allocDiag", axis1, ndim),
    b = axisOf("allocDiag", axis2, ndim);
  if (a === b) {
    throw new RangeError(`Cannot apply allocDiag: both axes are ${a}`);
  }
  checkWhole("apply allocDiag", offset, "the offset");
  const lengths = lengthsOf(v),
    side = SYMBOLIC.add(lengths.at(-1)!, Math.abs(offset));
  const blank = zeros([...lengths.slice(0, -1), side, side], v.dtype);
  return moveaxis(
    setSubtensor(elementsOnDiagonal(blank, offset), v),
    [-2, -1],
    [a, b],
  );
}

/** Of a vector the matrix with it on diagonal k; of anything larger its diagonal k. TypeError: x is a scalar. */
export function diag(x: Operand, k = 0): Variable {
  const v = asVariable(x);
  return v.ndim === 1 ? allocDiag(v, k) : diagonal(v, k);
}

/** The sum of a diagonal, see there. */
export function trace(
  x: Operand,
  offset = 0,
  axis1 = 0,
  axis2 = 1,
  options: Pick<SumOptions, "dtype"> = {},
): Variable {
  const { dtype } = withDefaults("apply trace", options, { dtype: undefined });
  return sum(diagonal(x, offset, axis1, axis2), { axis: -1, dtype });
}

/** A scalar in the dtype of x. TypeError: it has axes, or x cannot hold its dtype. */
function filling(name: string, x: Variable, value: Operand): Variable {
  const v = asVariable(value, x.dtype);
  if (v.ndim > 0 || promote(x.dtype, v.dtype) !== x.dtype) {
    throw new TypeError(
      `Cannot apply ${name}: expected a scalar that ${x.dtype} holds, got ${
        describeType(v.type)
      }`,
    );
  }
  return cast(v, x.dtype);
}

/**
 * x with `value` at all positions that are the same along every axis. A tall
 * matrix is filled down to its last column.
 *
 * TypeError: fewer than two axes, or `value` is no scalar that x can hold.
 * RangeError: more than two axes, of other lengths.
 */
export function fillDiagonal(x: Operand, value: Operand): Variable {
  const v = asVariable(x), filled = filling("fillDiagonal", v, value);
  if (v.ndim < 2) {
    throw new TypeError(
      `Cannot apply fillDiagonal: expected at least 2 axes, got ${
        describeType(v.type)
      }`,
    );
  }
  if (v.ndim === 2) return setSubtensor(elementsOnDiagonal(v, 0), filled);
  const n = lengthsOf(v)[0]!, i = arange(n);
  const cube = specifyShape(v, v.type.shape.map(() => n));
  return setSubtensor(at(cube, ...v.type.shape.map(() => i)), filled);
}

/** A matrix with `value` on the diagonal that lies `offset` above the main one. TypeError: no matrix, or `value` is no scalar that x can hold. */
export function fillDiagonalOffset(
  x: Operand,
  value: Operand,
  offset: number | Variable,
): Variable {
  const v = asVariable(x), filled = filling("fillDiagonalOffset", v, value);
  if (v.ndim !== 2) {
    throw new TypeError(
      `Cannot apply fillDiagonalOffset: expected a matrix, got ${
        describeType(v.type)
      }`,
    );
  }
  return setSubtensor(elementsOnDiagonal(v, offset), filled);
}

/** Where a matrix of n rows and m columns is on or below diagonal k. */
function lower(
  n: number | Variable,
  m: number | Variable,
  k: number | Variable,
): Variable {
  return ge(
    add(expandDims(arange(n), 1), k),
    expandDims(arange(m), 0),
  );
}

/** A matrix of n rows and m columns with ones on and below diagonal k. */
export function tri(
  n: number | Variable,
  m: number | Variable = n,
  k: number | Variable = 0,
  dtype: Dtype = config.floatX,
): Variable<2> {
  return cast(lower(n, m, k), dtype) as Variable<2>;
}

/** The last two axes of x. TypeError: there are fewer. */
function matrixLengths(
  name: string,
  x: Variable,
): [number | Variable, number | Variable] {
  if (x.ndim < 2) {
    throw new TypeError(
      `Cannot apply ${name}: expected at least 2 axes, got ${
        describeType(x.type)
      }`,
    );
  }
  return lengthsOf(x).slice(-2) as [number | Variable, number | Variable];
}

/** x with zeros above diagonal k of its last two axes. TypeError: fewer than two axes. */
export function tril(x: Operand, k: number | Variable = 0): Variable {
  const v = asVariable(x), [n, m] = matrixLengths("tril", v);
  return where(lower(n, m, k), v, 0);
}

/** x with zeros below diagonal k of its last two axes. TypeError: fewer than two axes. */
export function triu(x: Operand, k: number | Variable = 0): Variable {
  const v = asVariable(x), [n, m] = matrixLengths("triu", v);
  return where(lower(n, m, SYMBOLIC.sub(k, 1)), 0, v);
}
