/** Lengths without their variables, and views and reductions that merge or do nothing. */
import { type Apply, Constant, Variable } from "../graph/variable.ts";
import { remake } from "../graph/walk.ts";
import { constant } from "../ops/define.ts";
import { dimshuffle, type Pattern as AxisOrder } from "../ops/dimshuffle.ts";
import { cast, mul, neg } from "../ops/elemwise.ts";
import { lengthFrom } from "../ops/length_graph.ts";
import { max, min, prod, type ReduceParams, sum } from "../ops/reduce.ts";
import { reshape } from "../ops/reshape.ts";
import { shapeAt } from "../ops/shape.ts";
import { specifyShape } from "../ops/specify_shape.ts";
import { isLengthOf } from "./lengths.ts";
import { type Rule, ruleAt } from "./pattern.ts";
import { fillValue } from "./values.ts";

/** Lengths, axes and shapes. */
export const layout: readonly Rule[] = [
  ruleAt(
    "shape_of",
    [shapeAt],
    {
      equation: "shapeAt(f(x), i) → a graph of x's lengths",
      licence: "exact",
    },
    lengthThrough,
  ),
  ruleAt(
    "dimshuffle_same",
    [dimshuffle],
    { equation: "dimshuffle(x, [0, 1]) → x", licence: "exact" },
    (v) => {
      const x = v.owner!.inputs[0]!, order = orderOf(v);
      return order.length === x.ndim && order.every((axis, i) => axis === i)
        ? x
        : null;
    },
  ),
  ruleAt(
    "dimshuffle_dimshuffle",
    [dimshuffle],
    {
      equation: "dimshuffle(dimshuffle(x, p), q) → dimshuffle(x, p ∘ q)",
      licence: "exact",
    },
    (v) => {
      const y = v.owner!.inputs[0]!;
      if (y.owner?.op !== dimshuffle.op) return null;
      const inner = orderOf(y);
      const order = orderOf(v).map((axis) => axis === "x" ? "x" : inner[axis]!);
      return dimshuffle(y.owner.inputs[0]!, order);
    },
  ),
  ruleAt(
    "reshape_reshape",
    [reshape],
    { equation: "reshape(reshape(x, s), t) → reshape(x, t)", licence: "exact" },
    (v) => {
      const [y, ...lengths] = v.owner!.inputs as [Variable];
      return y.owner?.op === reshape.op
        ? remake(v.owner!, [y.owner.inputs[0]!, ...lengths]).outputs[0]!
        : null;
    },
  ),
  ruleAt(
    "reshape_same",
    [reshape],
    { equation: "reshape(x, shape(x)) → x", licence: "exact" },
    (v) => sameLengths(v) ? v.owner!.inputs[0]! : null,
  ),
  ruleAt(
    "specify_known",
    [specifyShape],
    {
      equation: "specifyShape(x, s) → x, where types say s already",
      licence: "exact",
    },
    (v) => {
      const [x, ...lengths] = v.owner!.inputs as [Variable];
      const known = x.type.shape.every((n, i) =>
        n === v.type.shape[i] && typeof n === "number"
      );
      return known && lengths.length === 0 ? x : null;
    },
  ),
  ruleAt(
    "reduce_nothing",
    [sum, prod, max, min],
    { equation: "sum over axes of length 1 → dimshuffle(x)" },
    (v) => {
      const x = v.owner!.inputs[0]!, { axes } = reduceParams(v.owner!);
      if (axes.some((axis) => x.type.shape[axis] !== 1)) return null;
      const kept = [...x.type.shape.keys()].filter((i) => !axes.includes(i));
      return cast(dimshuffle(x, kept), v.dtype);
    },
  ),
  ruleAt(
    "reduce_reduce",
    [sum, prod, max, min],
    { equation: "sum(sum(x, axes), more) → sum(x, both)" },
    (v) => {
      const y = v.owner!.inputs[0]!, inner = y.owner;
      if (!inner || inner.op !== v.owner!.op || y.dtype !== v.dtype) {
        return null;
      }
      const x = inner.inputs[0]!, first = reduceParams(inner).axes;
      const left = [...x.type.shape.keys()].filter((i) => !first.includes(i));
      const then = reduceParams(v.owner!).axes.map((axis) => left[axis]!);
      const axis = [...first, ...then];
      const op = inner.op;
      if (op === max.op) return max(x, { axis });
      if (op === min.op) return min(x, { axis });
      return (op === sum.op ? sum : prod)(x, { axis, dtype: v.dtype });
    },
  ),
  ruleAt(
    "sum_scaled",
    [sum],
    { equation: "sum(2 * x) → 2 * sum(x), sum(-x) → -sum(x)" },
    (v) => {
      const y = v.owner!.inputs[0]!,
        node = y.owner,
        { axes } = reduceParams(v.owner!);
      if (y.dtype !== v.dtype) return null;
      if (node?.op === neg.op) return neg(sum(node.inputs[0]!, { axis: axes }));
      if (node?.op !== mul.op) return null;
      const [a, b] = node.inputs as [Variable, Variable];
      const [scale, x] = a.ndim === 0 ? [a, b] : [b, a];
      if (scale.ndim !== 0 || scale.dtype !== v.dtype || x.dtype !== v.dtype) {
        return null;
      }
      return mul(scale, sum(x, { axis: axes }));
    },
  ),
];

function orderOf(v: Variable): AxisOrder {
  return (v.owner!.params as { readonly pattern: AxisOrder }).pattern;
}

function reduceParams(node: Apply): ReduceParams {
  return node.params as ReduceParams;
}

/** One step towards the inputs: the driver takes the next. */
function lengthThrough(v: Variable): Variable | null {
  const { axis } = v.owner!.params as { readonly axis: number };
  const found = lengthFrom(v.owner!.inputs[0]!, axis);
  if (typeof found === "number") return constant(found, "int64");
  return found instanceof Variable ? cast(found, "int64") : null;
}

/** True if a reshape keeps all lengths; one may be left open, because the number of elements decides it. */
function sameLengths(v: Variable): boolean {
  const node = v.owner!, x = node.inputs[0]!;
  if (x.ndim !== v.ndim) return false;
  const { shape } = node.params as {
    readonly shape: readonly (number | { readonly input: number })[];
  };
  const open = shape.filter((n, axis) => {
    const known = x.type.shape[axis]!;
    if (typeof n === "number") return n !== known;
    const length = node.inputs[n.input]!;
    if (length instanceof Constant) return fillValue(length) !== known;
    return !isLengthOf(length, x, axis);
  });
  return open.length === 0 || (open.length === 1 && open[0] === -1);
}
