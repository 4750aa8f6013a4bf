/** Softmax and its logarithm as formulas: the ops that compute them in one pass, and stay finite. */
import type { Variable } from "../../graph/variable.ts";
import { remake } from "../../graph/walk.ts";
import {
  add,
  div,
  exp,
  log,
  mul,
  neg,
  sub,
} from "../../ops/elementwise/elemwise.ts";
import { isfinite, where } from "../../ops/elementwise/elemwise_logic.ts";
import {
  type AxisParams,
  logSoftmax,
  softmax,
} from "../../ops/nnet/softmax.ts";
import { max, sum } from "../../ops/reductions/reduce.ts";
import { broadcastTo } from "../../ops/shape/broadcast_to.ts";
import { dimshuffle } from "../../ops/shape/dimshuffle.ts";
import { sameSpace } from "../axes.ts";
import { match, type Rule, ruleAt } from "../pattern.ts";
import { axisOfReduced, reducedAxis, repeated } from "../repeats.ts";

/**
 * With `softmaxSlopes` they run before all others, on the graph as it was written: p = e / s, with
 * e = exp(x) and s its sums, has the gradient (g / s - Σ (g p / s)) e, which is
 * `softmaxGrad(g, p)` once s is divided out.
 */
export const writtenSoftmax: readonly Rule[] = [
  ruleAt("softmax_written_out", [div], {
    equation: "exp(x) / sum(exp(x), axis) → softmax(x, axis)",
  }, writtenOut),
  ruleAt("log_softmax_written_out", [sub], {
    equation: "x - log(sum(exp(x), axis)) → logSoftmax(x, axis)",
  }, logWrittenOut),
  ruleAt("softmax_shifted", [softmax, logSoftmax], {
    equation: "softmax(x - max(x, axis), axis) → softmax(x, axis)",
  }, (y) => {
    const [z] = y.owner!.inputs as [Variable], { axis } = axisOf(y);
    const x = unshifted(z, axis);
    return x && remake(y.owner!, [x]).outputs[0]!;
  }),
  ruleAt("softmax_in_product", [mul], {
    equation:
      "y / sum(exp(x), axis) * exp(x) → y * softmax(x, axis), also where the quotient is a term, is negated, or is summed along the axis",
  }, (y) => {
    const [a, b] = y.owner!.inputs as [Variable, Variable];
    return inProduct(a, b) ?? inProduct(b, a);
  }),
];

function axisOf(v: Variable): AxisParams {
  return v.owner!.params as AxisParams;
}

function writtenOut(v: Variable): Variable | null {
  const [e, s] = v.owner!.inputs as [Variable, Variable];
  const x = match([exp, "x"], e)?.x, axis = x && axisOfReduced(s, sum, e);
  return typeof axis === "number" ? softmax(x!, { axis }) : null;
}

/** Also with the sum written as `logsumexp` does: m + log(sum(exp(x - m))). */
function logWrittenOut(v: Variable): Variable | null {
  const [x, l] = v.owner!.inputs as [Variable, Variable];
  const sums = match([log, "sums"], l)?.sums,
    e = sums && exponentials(sums, x),
    axis = e ? axisOfReduced(sums, sum, e) : null;
  if (axis !== null) return logSoftmax(x, { axis });
  for (let axis = 0; axis < x.ndim; axis++) {
    const total = repeated(l, axis);
    if (total && isLogSum(total, x, axis)) return logSoftmax(x, { axis });
  }
  return null;
}

/** exp(x), if `sums` repeats sums of it. */
function exponentials(sums: Variable, x: Variable): Variable | null {
  const [inner = sums] = sums.owner?.op === dimshuffle.op
    ? sums.owner.inputs
    : [];
  const e = inner.owner?.op === sum.op ? inner.owner.inputs[0]! : null;
  return e && match([exp, "x"], e)?.x === x ? e : null;
}

/** True for log(sum(exp(x), axis)) and m + log(sum(exp(x - m), axis)). */
function isLogSum(v: Variable, x: Variable, axis: number): boolean {
  const parts = v.owner?.op === add.op ? v.owner.inputs : [v],
    l = parts.find((u) => u.owner?.op === log.op),
    m = parts.find((u) => u !== l);
  const total = l?.owner?.inputs[0],
    z = total && match([sum, [exp, "z"]], total)?.z;
  if (!z || reducedAxis(total!) !== axis) return false;
  return m
    ? match([sub, "x", "m"], z)?.x === x &&
      repeated(z.owner!.inputs[1]!, axis) === m
    : z === x;
}

/** x of a z = x - m, where m repeats the largest x along the axis, or that where it is finite. */
function unshifted(z: Variable, axis: number): Variable | null {
  const [x, m] = z.owner?.op === sub.op ? z.owner.inputs : [];
  const largest = m && repeated(m, axis);
  const plain = largest &&
    (match([where, [isfinite, "m"], "m", 0], largest)?.m ?? largest);
  return plain?.owner?.op === max.op && plain.owner.inputs[0] === x &&
      reducedAxis(plain) === axis
    ? x!
    : null;
}

/** How deep a rule looks for a quotient. */
const DEPTH = 8;

/** u · e, for an e = exp(x) that is divided in u by its sum along an axis: softmax(x) in its place. */
function inProduct(u: Variable, e: Variable): Variable | null {
  const x = match([exp, "x"], e)?.x;
  if (!x || u.dtype !== e.dtype) return null;
  for (let axis = 0; axis < x.ndim; axis++) {
    const left = undivided(u, { e, axis, whole: true }, DEPTH);
    if (left) return mul(left, softmax(x, { axis }));
  }
  return null;
}

/** Where a quotient stands: among values of e's rank, or among those that a reduction along the axis has left. */
interface Place {
  readonly e: Variable;
  readonly axis: number;
  readonly whole: boolean;
}

/** v times the sum of e along the axis, without a division; null where v is not divided by that. */
function undivided(v: Variable, at: Place, depth: number): Variable | null {
  const node = v.owner;
  if (!node || depth === 0) return null;
  const [a, b] = node.inputs as [Variable, Variable];
  const inside = (x: Variable, whole = at.whole) => {
    if (x.ndim !== at.e.ndim - (whole ? 0 : 1)) return null;
    const left = undivided(x, { ...at, whole }, depth - 1);
    // Outside of a sum or a product, what is left must be no larger.
    return left && sameSpace(left, x) && left.dtype === x.dtype ? left : null;
  };
  const remade = (x: Variable | null, rest: readonly Variable[] = []) =>
    x && remake(node, [x, ...rest]).outputs[0]!;
  switch (node.op) {
    case div.op:
      return isTotal(b, at) ? a : remade(inside(a), [b]);
    case mul.op: {
      const left = inside(a);
      if (left) return remade(left, [b]);
      const right = inside(b);
      return right && remade(a, [right]);
    }
    case add.op:
    case sub.op: {
      const left = inside(a), right = left && inside(b);
      return right && remade(left, [right]);
    }
    case neg.op:
      return remade(inside(a));
    case broadcastTo.op:
      return remade(
        inside(a) ?? (at.axis === 0 && at.whole ? inside(a, false) : null),
        node.inputs.slice(1),
      );
    case dimshuffle.op:
      return at.whole && repeated(v, at.axis) === a
        ? remade(inside(a, false))
        : null;
    case sum.op:
      return !at.whole && reducedAxis(v) === at.axis
        ? remade(inside(a, true))
        : null;
    default:
      return null;
  }
}

/** True for the sum of e along the axis, repeated where that stands among whole values. */
function isTotal(v: Variable, { e, axis, whole }: Place): boolean {
  const total = whole ? repeated(v, axis) : v;
  return total?.owner?.op === sum.op && total.owner.inputs[0] === e &&
    reducedAxis(total) === axis;
}
