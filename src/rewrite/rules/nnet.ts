/** Classifiers: softmax, its logarithm and the cross-entropy behind it become the ops that stay finite and share one softmax. */
import { isInteger } from "../../graph/dtype.ts";
import type { Apply, Variable } from "../../graph/variable.ts";
import { ancestors, remake, replace, toposort } from "../../graph/walk.ts";
import { argmax, type ArgParams } from "../../ops/reductions/argmax.ts";
import { broadcastAs } from "../../ops/shape/broadcast_to.ts";
import {
  crossentropyCategorical1Hot,
  crossentropyCategorical1HotGrad,
  crossentropySoftmax1Hot,
  crossentropySoftmax1HotGrad,
} from "../../ops/nnet/crossentropy.ts";
import { exp, log, mul, sub } from "../../ops/elementwise/elemwise.ts";
import { max, type ReduceParams, sum } from "../../ops/reductions/reduce.ts";
import {
  type AxisParams,
  logSoftmax,
  softmax,
  softmaxGrad,
} from "../../ops/nnet/softmax.ts";
import { logsumexp } from "../../ops/reductions/statistics.ts";
import { advancedSubtensor, subtensor } from "../../ops/indexing/subtensor.ts";
import { factors, product } from "./factors.ts";
import { conditions } from "../lazy.ts";
import { match, named, type Rule, rule, ruleAt } from "../pattern.ts";
import { fillValue, scalarLike } from "../values.ts";
import { readAt, written, writtenAt } from "./writing.ts";

/** What is made of softmax. */
export const nnet: readonly Rule[] = [
  rule(
    "log_softmax",
    [log, named("p", [softmax, "x"])],
    ({ p, x }) => logSoftmax(x, axisOf(p)),
  ),
  rule(
    "log_sum_exp",
    [log, named("s", [sum, [exp, "x"]])],
    ({ s, x }) => isShifted(x) ? null : logsumexp(x, { axis: axesOf(s) }),
  ),
  rule(
    "argmax_softmax",
    [argmax, named("p", [softmax, "x"])],
    ({ p, x }, y) =>
      axisOf(p).axis === (y.owner!.params as ArgParams).axis
        ? argmax(x, axisOf(p))
        : null,
  ),
  rule(
    "argmax_log_softmax",
    [argmax, named("p", [logSoftmax, "x"])],
    ({ p, x }, y) =>
      axisOf(p).axis === (y.owner!.params as ArgParams).axis
        ? argmax(x, axisOf(p))
        : null,
  ),
  rule("crossentropy_of_softmax", [
    crossentropyCategorical1Hot,
    named("p", [softmax, "x"]),
    "y",
  ], ({ p, x, y }) => alongRows(p) ? crossentropySoftmax1Hot(x, y)[0]! : null),
  rule(
    "crossentropy_of_softmax_grad",
    [softmaxGrad, [
      crossentropyCategorical1HotGrad,
      "g",
      named("p", [softmax, "x"]),
      "y",
    ], "p"],
    ({ g, p, y }, z) =>
      alongRows(z) && isInteger(y.dtype) && y.ndim === p.ndim - 1 &&
        g.ndim === y.ndim
        ? crossentropySoftmax1HotGrad(g, p, y)
        : null,
  ),
  ruleAt("log_softmax_grad", [softmaxGrad], {
    equation:
      "softmaxGrad(g / p, p) → g - p * sum(g, axis), where p = softmax(x, axis)",
  }, (v) => {
    const [g, p] = v.owner!.inputs as [Variable, Variable];
    const left = p.owner?.op === softmax.op ? timesDivisor(g, p) : null;
    return left && logGrad(broadcastAs(left, p), p);
  }),
  ruleAt("log_softmax_grad_at", [softmaxGrad], {
    equation:
      "softmaxGrad(inc(zeros[i], g / p[i]), p) → G - p * sum(G, axis), where p = softmax(x, axis), G = inc(zeros[i], g)",
  }, (v) => {
    const [G, p] = v.owner!.inputs as [Variable, Variable];
    const w = p.owner?.op === softmax.op ? written(G) : null;
    if (!w || w.set || fillValue(w.x) !== 0) return null;
    const g = factors(w.y).under.map((read) =>
      read.owner?.inputs[0] === p && isRead(read) &&
        readAt(read.owner) === writtenAt(w)
        ? timesDivisor(w.y, read)
        : null
    ).find((g) => g !== null);
    return g
      ? logGrad(remake(G.owner!, [w.x, g, ...w.rest]).outputs[0]!, p)
      : null;
  }),
  ruleAt("log_of_softmax_at", [log], {
    equation: "log(softmax(x)[i]) → logSoftmax(x)[i]",
  }, (v) => {
    const [read] = v.owner!.inputs as [Variable];
    if (!isRead(read)) return null;
    const [p, ...rest] = read.owner!.inputs as [Variable],
      x = match([softmax, "x"], p)?.x;
    return x
      ? remake(read.owner!, [logSoftmax(x, axisOf(p)), ...rest]).outputs[0]!
      : null;
  }),
  rule(
    "exp_log_softmax",
    [exp, named("p", [logSoftmax, "x"])],
    ({ p, x }) => softmax(x, axisOf(p)),
  ),
];

function axisOf(v: Variable): AxisParams {
  return v.owner!.params as AxisParams;
}

function axesOf(v: Variable): readonly number[] {
  return (v.owner!.params as ReduceParams).axes;
}

function isRead(v: Variable): boolean {
  return v.owner?.op === subtensor.op || v.owner?.op === advancedSubtensor.op;
}

/** v · d, for a product v that is divided by d. */
function timesDivisor(v: Variable, d: Variable): Variable | null {
  const { constant, over, under } = factors(v), at = under.indexOf(d);
  if (at < 0) return null;
  const above = over.length > 0 ? over : [scalarLike(1, v)];
  return product({ constant, over: above, under: under.toSpliced(at, 1) });
}

/** The gradient by x of the logarithm of p = softmax(x), where g came for it. */
function logGrad(g: Variable, p: Variable): Variable {
  return sub(g, mul(p, sum(g, { ...axisOf(p), keepdims: true })));
}

/** True for a function of rows along the last axis. */
function alongRows(v: Variable): boolean {
  return axisOf(v).axis === v.ndim - 1;
}

/** True for z - m where m is made from the largest z: such a sum needs no shift. */
function isShifted(x: Variable): boolean {
  if (x.owner?.op !== sub.op) return false;
  const [z, m] = x.owner.inputs;
  for (let from: Variable | undefined = m; from?.owner;) {
    const { op, inputs }: Apply = from.owner;
    if (op === max.op) return inputs[0] === z;
    from = inputs.find((v) => v.owner);
  }
  return false;
}

/**
 * A softmax of logits whose cross-entropy is computed too is that op's second
 * output, if both run under the same conditions and the class numbers do not
 * depend on it. In each round go those whose cross-entropy needs no other such
 * softmax; where all wait for each other, the first.
 */
export function shareSoftmax(
  outputs: readonly Variable[],
): readonly Variable[] {
  let now = outputs;
  for (let found = shareable(now); found.size > 0; found = shareable(now)) {
    now = replace(now, found);
  }
  return now;
}

/** Softmaxes, and what each is an output of as well. */
function shareable(
  outputs: readonly Variable[],
): ReadonlyMap<Variable, Variable> {
  const order = toposort(outputs);
  const losses = new Map(
    order.filter((node) => node.op === crossentropySoftmax1Hot.op)
      .map((node) => [node.inputs[0]!, node]),
  );
  if (losses.size === 0) return new Map();
  const runs = conditions(outputs, order);
  const twins = new Map<Variable, Apply>();
  for (const node of order) {
    const [p] = node.outputs, loss = losses.get(node.inputs[0]!);
    if (node.op !== softmax.op || !loss || !alongRows(p!)) continue;
    if (runs.get(loss) === runs.get(node)) twins.set(p!, loss);
  }
  const waits = new Set<Variable>(twins.keys());
  for (const node of twins.size > 0 ? order : []) {
    if (node.inputs.some((v) => waits.has(v))) {
      node.outputs.forEach((v) => waits.add(v));
    }
  }
  const free = [...twins].filter(([, loss]) => !waits.has(loss.outputs[0]!));
  const some = free.length > 0
    ? free
    : [...twins].filter(([p, { inputs: [, y] }]) => !ancestors([y!]).has(p))
      .slice(0, 1);
  return new Map(some.map(([p, loss]) => [p, loss.outputs[1]!]));
}
