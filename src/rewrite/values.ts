/** What rules ask of values: is a variable one number everywhere, and which; and numbers as variables. */
import { isFloat } from "../graph/dtype.ts";
import { type NDArray, sizeOf } from "../graph/ndarray.ts";
import { type AnyOp, Constant, Variable } from "../graph/variable.ts";
import { broadcastTo } from "../ops/shape/broadcast_to.ts";
import { constant } from "../ops/define.ts";
import { dimshuffle } from "../ops/shape/dimshuffle.ts";
import {
  abs,
  add,
  cast,
  cosh,
  exp,
  mul,
  second,
  sigmoid,
  sqr,
} from "../ops/elementwise/elemwise.ts";
import { cholesky } from "../ops/linalg/cholesky.ts";
import { diagonal, type DiagonalParams } from "../ops/shape/diagonal.ts";
import { lengthFrom } from "../ops/shape/length_graph.ts";
import { sum } from "../ops/reductions/reduce.ts";
import { reshape } from "../ops/shape/reshape.ts";
import { shapeAt } from "../ops/shape/shape.ts";
import { softmax } from "../ops/nnet/softmax.ts";
import { specifyShape } from "../ops/shape/specify_shape.ts";

/** Constants up to this many elements are looked at. */
const MOST_ELEMENTS = 4096;

/** Ops whose elements are those of their first input. */
const SAME_ELEMENTS: readonly { readonly op: AnyOp }[] = [
  broadcastTo,
  dimshuffle,
  reshape,
  specifyShape,
];

/** The number that every element of `v` is, through fills, casts and views of constants; null where that is not known. */
export function fillValue(v: Variable): number | null {
  const casts: Variable[] = [];
  let at = v;
  while (!(at instanceof Constant)) {
    const { owner } = at;
    if (!owner) return null;
    if (owner.op === cast.op) casts.push(at);
    const from = owner.op === second.op
      ? 1
      : owner.op === cast.op || SAME_ELEMENTS.some((f) => f.op === owner.op)
      ? 0
      : null;
    if (from === null) return null;
    at = owner.inputs[from]!;
  }
  let value = uniform(at.data);
  for (const to of casts.reverse()) {
    if (value !== null) value = Number(constant(value, to.dtype).data.data[0]);
  }
  return value;
}

const uniforms = new WeakMap<NDArray, number | null>();

/** The one number that an array holds everywhere; null if there is none, or if 2^53 is passed. */
function uniform(a: NDArray): number | null {
  const before = uniforms.get(a);
  if (before !== undefined) return before;
  const value = findUniform(a);
  uniforms.set(a, value);
  return value;
}

function findUniform(a: NDArray): number | null {
  if (a.size === 0 || a.size > MOST_ELEMENTS) return null;
  const [first, ...rest] = a.flat();
  if (rest.some((x) => !Object.is(x, first))) return null;
  const value = Number(first);
  return typeof first === "bigint" && !Number.isSafeInteger(value)
    ? null
    : value;
}

/** `value` in the dtype of `like`, 0-d. */
export function scalarLike(value: number, like: Variable): Constant<0> {
  return constant(value, like.dtype);
}

/**
 * `value` in the dtype and shape of `like`, which is about to be replaced: the
 * lengths are those of its operands, since a length of `like` itself would
 * wait for what waits for it.
 */
export function filled(value: number, like: Variable): Variable {
  const lengths = like.type.shape.map((_, axis) => {
    const n = lengthFrom(like, axis);
    return typeof n === "number" || n instanceof Variable
      ? n
      : shapeAt(like, axis);
  });
  const made = scalarLike(value, like);
  return lengths.length ? broadcastTo(made, lengths) : made;
}

/** True if a number, computed in float64, stands for itself in the dtype of `like`: no fraction or large integer is lost. */
export function representable(value: number, like: Variable): boolean {
  return isFloat(like.dtype) ? true : Number.isSafeInteger(value) &&
    Number(constant(value, like.dtype).data.data[0]) === value;
}

/** The number of elements, where types know it. */
export function knownSize(v: Variable): number | null {
  const { shape } = v.type;
  return shape.every((n) => typeof n === "number")
    ? sizeOf(shape as readonly number[])
    : null;
}

/** How deep `isNatural` looks into sums. */
const DEPTH = 4;

/** True for what is never negative, nor a negative zero. */
export function isNatural(x: Variable, depth = DEPTH): boolean {
  const node = x.owner, value = fillValue(x);
  if (value !== null) return value > 0 || Object.is(value, 0);
  if (!node || depth === 0) return false;
  if ([add, mul, sum].some((f) => f.op === node.op)) {
    return node.inputs.every((v) => isNatural(v, depth - 1));
  }
  // A factor of Cholesky's has positive numbers on its diagonal.
  if (node.op === diagonal.op && node.inputs[0]!.owner?.op === cholesky.op) {
    return (node.params as DiagonalParams).offset === 0;
  }
  return isFloat(x.dtype)
    ? [sqr, abs, exp, sigmoid, cosh, softmax].some((f) => f.op === node.op)
    : node.op === shapeAt.op;
}
