/** Reductions: chains of them, axes that move or have length 1, and factors that every term has. */
import { isFloat } from "../../graph/dtype.ts";
import { Apply, type Variable } from "../../graph/variable.ts";
import { dimshuffle } from "../../ops/shape/dimshuffle.ts";
import {
  add,
  cast,
  div,
  log,
  maximum,
  minimum,
  mul,
  neg,
} from "../../ops/elementwise/elemwise.ts";
import { join } from "../../ops/shape/join.ts";
import {
  all,
  any,
  max,
  min,
  prod,
  type ReduceParams,
  type Reduction,
  sum,
} from "../../ops/reductions/reduce.ts";
import { reshape } from "../../ops/shape/reshape.ts";
import { orderOf } from "../axes.ts";
import { type Rule, ruleAt } from "../pattern.ts";
import { isNatural } from "../values.ts";

/** Joined parts of length 1 up to this many are reduced one by one. */
const MOST_PARTS = 16;

/** What combines elements in any order: rules about axes hold for all of them. */
const REDUCTIONS: readonly Reduction[] = [sum, prod, max, min, any, all];

/** True for an application of one of them. */
export function isReduction({ op }: Apply): boolean {
  return REDUCTIONS.some((f) => f.op === op);
}

/** What adds, multiplies and compares two at a time. */
const PAIRWISE = new Map([
  [sum.op, add],
  [prod.op, mul],
  [max.op, maximum],
  [min.op, minimum],
]);

/** Sums, products, extremes. */
export const reductions: readonly Rule[] = [
  ruleAt(
    "reduce_nothing",
    [sum, prod, max, min],
    { equation: "sum over axes of length 1 → dimshuffle(x)" },
    (v) => {
      const x = v.owner!.inputs[0]!, axes = axesOf(v);
      if (axes.some((axis) => x.type.shape[axis] !== 1)) return null;
      const kept = [...x.type.shape.keys()].filter((i) => !axes.includes(i));
      return cast(dimshuffle(x, kept), v.dtype);
    },
  ),
  ruleAt(
    "reduce_reduce",
    REDUCTIONS,
    { equation: "sum(sum(x, axes), more) → sum(x, both)" },
    (v) => {
      const y = v.owner!.inputs[0]!, inner = y.owner;
      if (!inner || inner.op !== v.owner!.op || y.dtype !== v.dtype) {
        return null;
      }
      const x = inner.inputs[0]!, first = axesOf(y);
      const left = [...x.type.shape.keys()].filter((i) => !first.includes(i));
      const then = axesOf(v).map((axis) => left[axis]!);
      return reduced(inner, x, [...first, ...then].sort((a, b) => a - b));
    },
  ),
  ruleAt(
    "sum_scaled",
    [sum],
    {
      equation:
        "sum(2 * x) → 2 * sum(x), sum(x / y) → sum(x) / y, sum(-x) → -sum(x), for what is the same along the axes",
    },
    sumScaled,
  ),
  ruleAt(
    "reduce_dimshuffle",
    REDUCTIONS,
    { equation: "sum(dimshuffle(x, [1, 0]), 0) → sum(x, 1)" },
    (v) => {
      const y = v.owner!.inputs[0]!, order = orderOf(y), gone = axesOf(v);
      if (!order) return null;
      const x = y.owner!.inputs[0]!;
      const kept = order.filter((_, axis) => !gone.includes(axis));
      // Axes that the view drops have length 1.
      const axes = [...x.type.shape.keys()].filter((axis) =>
        !kept.includes(axis)
      );
      const left = [...x.type.shape.keys()].filter((axis) =>
        !axes.includes(axis)
      );
      return dimshuffle(
        reduced(v.owner!, x, axes),
        kept.map((axis) => axis === "x" ? "x" : left.indexOf(axis)),
      );
    },
  ),
  ruleAt(
    "reduce_reshape",
    REDUCTIONS,
    { equation: "sum(reshape(x, s)) → sum(x), over everything" },
    (v) => {
      const y = v.owner!.inputs[0]!;
      if (y.owner?.op !== reshape.op || v.ndim > 0) return null;
      const x = y.owner.inputs[0]!;
      return reduced(v.owner!, x, [...x.type.shape.keys()]);
    },
  ),
  ruleAt(
    "reduce_join",
    [sum, prod, max, min],
    { equation: "sum(join(0, x, y), 0) → x + y, for parts of length 1" },
    (v) => {
      const y = v.owner!.inputs[0]!, [axis, ...more] = axesOf(v);
      if (y.owner?.op !== join.op || more.length > 0) return null;
      const { inputs, params } = y.owner;
      const single = params.axis === axis && inputs.length <= MOST_PARTS &&
        inputs.every((x) => x.type.shape[axis!] === 1);
      if (!single) return null;
      const both = PAIRWISE.get(v.owner!.op)!;
      return inputs.map((x) => {
        const kept = [...x.type.shape.keys()].filter((i) => i !== axis);
        return cast(dimshuffle(x, kept), v.dtype);
      }).reduce((a, b) => both(a, b));
    },
  ),
  ruleAt(
    "max_neg",
    [max, min],
    { equation: "max(-x) → -min(x)" },
    (v) => {
      const y = v.owner!.inputs[0]!, other = v.owner!.op === max.op ? min : max;
      return y.owner?.op === neg.op && isFloat(y.dtype)
        ? neg(other(y.owner.inputs[0]!, { axis: axesOf(v) }))
        : null;
    },
  ),
  ruleAt(
    "log_prod",
    [log],
    { equation: "log(prod(x)) → sum(log(x)), where x is not negative" },
    (v) => {
      const p = v.owner!.inputs[0]!;
      if (p.owner?.op !== prod.op || !isFloat(p.dtype)) return null;
      const x = p.owner.inputs[0]!;
      return isNatural(x) ? sum(log(x), { axis: axesOf(p) }) : null;
    },
  ),
];

/** The axes that a reduction goes over. */
function axesOf(v: Variable): readonly number[] {
  return (v.owner!.params as ReduceParams).axes;
}

/** The same reduction of `x` over `axes`, in ascending order. */
export function reduced(
  { op, params }: Apply,
  x: Variable,
  axes: readonly number[],
): Variable {
  return new Apply(op, [x], { ...params, axes }).outputs[0]!;
}

function sumScaled(v: Variable): Variable | null {
  const y = v.owner!.inputs[0]!, node = y.owner, axes = axesOf(v);
  if (!node || y.dtype !== v.dtype) return null;
  if (node.op === neg.op) return neg(reduced(v.owner!, node.inputs[0]!, axes));
  if (node.op !== mul.op && node.op !== div.op) return null;
  const [a, b] = node.inputs as [Variable, Variable];
  if (a.dtype !== y.dtype || b.dtype !== y.dtype) return null;
  const full = (x: Variable) =>
    x.ndim === y.ndim &&
    axes.every((i) => x.type.shape[i] !== 1 || y.type.shape[i] === 1);
  if (full(a) && isSame(b, y, axes)) {
    const s = reduced(v.owner!, a, axes), factor = without(b, y, axes);
    return node.op === mul.op ? mul(factor, s) : div(s, factor);
  }
  return node.op === mul.op && full(b) && isSame(a, y, axes)
    ? mul(without(a, y, axes), reduced(v.owner!, b, axes))
    : null;
}

/** True if `x` has one value along these axes of `y`, which it broadcasts to, where y has more. */
function isSame(x: Variable, y: Variable, axes: readonly number[]): boolean {
  const lead = y.ndim - x.ndim;
  return axes.length > 0 &&
    axes.every((i) => i < lead || x.type.shape[i - lead] === 1);
}

/** `x` without these axes of what it broadcasts to. */
function without(x: Variable, y: Variable, axes: readonly number[]): Variable {
  const lead = y.ndim - x.ndim;
  const kept = [...x.type.shape.keys()].filter((i) => !axes.includes(i + lead));
  return kept.length === x.ndim ? x : dimshuffle(x, kept);
}
