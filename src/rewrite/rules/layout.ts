/** Lengths without their variables, and views that merge or do nothing. */
import { Constant, Variable } from "../../graph/variable.ts";
import { remake } from "../../graph/walk.ts";
import { constant } from "../../ops/define.ts";
import { dimshuffle } from "../../ops/shape/dimshuffle.ts";
import { cast } from "../../ops/elementwise/elemwise.ts";
import { join } from "../../ops/shape/join.ts";
import { lengthFrom } from "../../ops/shape/length_graph.ts";
import { reshape } from "../../ops/shape/reshape.ts";
import { shapeAt } from "../../ops/shape/shape.ts";
import { specifyShape } from "../../ops/shape/specify_shape.ts";
import { orderOf } from "../axes.ts";
import { isLengthOf } from "../lengths.ts";
import { type Rule, ruleAt } from "../pattern.ts";
import { fillValue } from "../values.ts";

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
      const x = v.owner!.inputs[0]!, order = orderOf(v)!;
      // An axis of length 1 may go and come back.
      const stays = (axis: number | "x", i: number) =>
        axis === i || axis === "x" && x.type.shape[i] === 1;
      return order.length === x.ndim && order.every(stays) ? x : null;
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
      const y = v.owner!.inputs[0]!, inner = orderOf(y);
      if (!inner) return null;
      const order = orderOf(v)!
        .map((axis) => axis === "x" ? "x" : inner[axis]!);
      return dimshuffle(y.owner!.inputs[0]!, order);
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
    "reshape_dimshuffle",
    [reshape],
    {
      equation: "reshape(dimshuffle(x, [0, x, 1]), s) → reshape(x, s)",
      licence: "exact",
    },
    (v) => {
      const [y, ...lengths] = v.owner!.inputs as [Variable];
      const order = orderOf(y)?.filter((axis) => axis !== "x");
      if (!order) return null;
      const [x] = y.owner!.inputs as [Variable];
      const kept = order.length === x.ndim &&
        order.every((axis, i) => axis === i);
      return kept ? remake(v.owner!, [x, ...lengths]).outputs[0]! : null;
    },
  ),
  ruleAt(
    "reshape_lift",
    null,
    {
      equation: "exp(reshape(x, s)) → reshape(exp(x), s)",
      licence: "exact",
    },
    (v, around) => {
      const { op, inputs: [y, ...more] } = v.owner!, from = y?.owner;
      const unary = op.scalar !== undefined && more.length === 0;
      if (!unary || from?.op !== reshape.op || around.clients(y!) > 1) {
        return null;
      }
      const [x, ...lengths] = from.inputs as [Variable];
      const made = remake(v.owner!, [x]).outputs[0]!;
      return remake(from, [made, ...lengths]).outputs[0]!;
    },
  ),
  ruleAt(
    "join_one",
    [join],
    { equation: "join(x) → x", licence: "exact" },
    (v) => v.owner!.inputs.length === 1 ? v.owner!.inputs[0]! : null,
  ),
  ruleAt(
    "join_empty",
    [join],
    {
      equation: "join(x, y) → x, where y has no elements along the axis",
      licence: "exact",
    },
    (v) => {
      const { inputs, params } = v.owner!;
      const parts = inputs.filter((x) => x.type.shape[params.axis] !== 0);
      return parts.length > 0 && parts.length < inputs.length
        ? join(params.axis, ...parts)
        : null;
    },
  ),
];

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
