/** Classifiers: softmax, its logarithm and the cross-entropy behind it become the ops that stay finite and share one softmax. */
import { isInteger } from "../graph/dtype.ts";
import type { Apply, Variable } from "../graph/variable.ts";
import { ancestors, replace, toposort } from "../graph/walk.ts";
import { argmax, type ArgParams } from "../ops/reductions/argmax.ts";
import { broadcastAs } from "../ops/shape/broadcast_to.ts";
import {
  crossentropyCategorical1Hot,
  crossentropyCategorical1HotGrad,
  crossentropySoftmax1Hot,
  crossentropySoftmax1HotGrad,
} from "../ops/nnet/crossentropy.ts";
import { div, exp, log, mul, sub } from "../ops/elementwise/elemwise.ts";
import { dimshuffle } from "../ops/shape/dimshuffle.ts";
import {
  max,
  type ReduceParams,
  restoreAxes,
  sum,
} from "../ops/reductions/reduce.ts";
import {
  type AxisParams,
  logSoftmax,
  softmax,
  softmaxGrad,
} from "../ops/nnet/softmax.ts";
import { logsumexp } from "../ops/reductions/statistics.ts";
import { conditions } from "./lazy.ts";
import { paramsKey } from "./merge.ts";
import { match, named, type Rule, rule, ruleAt } from "./pattern.ts";

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
  ruleAt("softmax_written_out", [div], {
    equation: "exp(x) / sum(exp(x), axis) → softmax(x, axis)",
  }, writtenOut),
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
  rule(
    "log_softmax_grad",
    [softmaxGrad, [div, "g", named("p", [softmax, "x"])], "p"],
    ({ g, p }, z) =>
      sub(g, mul(p, sum(broadcastAs(g, p), { ...axisOf(z), keepdims: true }))),
  ),
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

/** The softmax that e / s is, where s is the sum of e = exp(x) along one axis, repeated along it. */
function writtenOut(v: Variable): Variable | null {
  const [e, s] = v.owner!.inputs as [Variable, Variable];
  const x = match([exp, "x"], e)?.x;
  const isRepeated = s.owner?.op === dimshuffle.op;
  const total = isRepeated ? s.owner!.inputs[0]! : s;
  if (!x || total.owner?.op !== sum.op) return null;
  if (total.owner.inputs[0] !== e) return null;
  const [axis, more] = axesOf(total);
  if (axis === undefined || more !== undefined) return null;
  const wanted = restoreAxes(total, [axis]).owner!.params;
  const aligned = isRepeated
    ? paramsKey(s.owner!.params) === paramsKey(wanted)
    : axis === 0;
  return aligned ? softmax(x, { axis }) : null;
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
  const runs = conditions(outputs);
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
