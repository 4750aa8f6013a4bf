/** Fills: a value repeated to a shape sinks below elementwise ops and sums, and vanishes where others give the shape. */
import type { Apply, Variable } from "../../graph/variable.ts";
import { remake } from "../../graph/walk.ts";
import { broadcastAs, broadcastTo } from "../../ops/shape/broadcast_to.ts";
import { asVariable } from "../../ops/define.ts";
import { dimshuffle } from "../../ops/shape/dimshuffle.ts";
import { cast, mul, second } from "../../ops/elementwise/elemwise.ts";
import { type ReduceParams, sum } from "../../ops/reductions/reduce.ts";
import type { ShapeParams } from "../../ops/shape/reshape.ts";
import { lengthsOf } from "../../ops/shape/shape.ts";
import { covers } from "../axes.ts";
import { mayReplace } from "../driver.ts";
import { isLengthOf } from "../lengths.ts";
import { type Rule, ruleAt } from "../pattern.ts";

/** What moves a value that is repeated. */
export const fills: readonly Rule[] = [
  ruleAt(
    "second_to_broadcast",
    [second],
    { equation: "second(x, y) → broadcastTo(y, shape(x))", licence: "exact" },
    (v) => {
      const [x, y] = v.owner!.inputs as [Variable, Variable];
      const grows = y.ndim < v.ndim ||
        y.type.shape.some((n, axis) => n === 1 && v.type.shape[axis] !== 1);
      if (!grows) return y;
      return covers(x, v) ? broadcastAs(y, x) : null;
    },
  ),
  ruleAt(
    "broadcast_same",
    [broadcastTo],
    {
      equation: "broadcastTo(x, shape(x)) → x",
      licence: "exact",
    },
    (v) => {
      const x = v.owner!.inputs[0]!;
      return covers(x, v) ? x : null;
    },
  ),
  ruleAt(
    "broadcast_broadcast",
    [broadcastTo],
    {
      equation:
        "broadcastTo(broadcastTo(x, s), t) → broadcastTo(x, t), if t keeps the lengths that s gives",
      licence: "exact",
    },
    (v) => {
      const [y, ...lengths] = v.owner!.inputs as [Variable];
      return y.owner?.op === broadcastTo.op && keepsLengths(y.owner, v.owner!)
        ? remake(v.owner!, [y.owner.inputs[0]!, ...lengths]).outputs[0]!
        : null;
    },
  ),
  ruleAt(
    "fill_cut",
    null,
    {
      equation: "x + broadcastTo(y, shape(x)) → x + y",
      licence: "exact",
    },
    fillCut,
  ),
  ruleAt(
    "fill_lift",
    null,
    {
      equation: "exp(broadcastTo(x, s)) → broadcastTo(exp(x), s)",
      licence: "exact",
    },
    fillLift,
  ),
  ruleAt(
    "sum_of_fill",
    [sum],
    { equation: "sum(broadcastTo(x, [n])) → x * n" },
    sumOfFill,
  ),
];

/** True if a second fill cannot contradict a first: wherever that repeats, both name the same length. */
function keepsLengths(first: Apply, second: Apply): boolean {
  const [from, through] = [first.inputs[0]!, first.outputs[0]!];
  const given = lengthsIn(first),
    wanted = lengthsIn(second),
    lead = wanted.length - given.length;
  return given.every((n, axis) => {
    const own = from.type.shape[axis - given.length + from.ndim];
    return through.type.shape[axis] === 1 || (own !== undefined && own !== 1) ||
      n === wanted[axis + lead];
  });
}

/** The lengths that a fill is given. */
function lengthsIn({ inputs, params }: Apply): (number | Variable)[] {
  return (params as ShapeParams).shape.map((n) =>
    typeof n === "number" ? n : inputs[n.input]!
  );
}

/** The value that a fill repeats, or `v` itself. */
function source(v: Variable): Variable {
  const node = v.owner;
  if (node?.op === broadcastTo.op) return node.inputs[0]!;
  return node?.op === second.op ? node.inputs[1]! : v;
}

function isElementwise(node: Apply): boolean {
  return node.op.scalar !== undefined && node.op !== second.op;
}

function fillCut(v: Variable): Variable | null {
  const node = v.owner!;
  if (!isElementwise(node) || node.inputs.length < 2) return null;
  for (const [i, x] of node.inputs.entries()) {
    const others = node.inputs.filter((_, k) => k !== i);
    if (source(x) === x || !haveLengths(others, x)) continue;
    const made = remake(node, node.inputs.with(i, source(x))).outputs[0]!;
    if (mayReplace(v, made)) return made;
  }
  return null;
}

/** True if the others have the lengths that a fill gives: without it nothing is left uncompared. */
function haveLengths(others: readonly Variable[], fill: Variable): boolean {
  const node = fill.owner!, from = source(fill);
  if (node.op !== broadcastTo.op) return true;
  return lengthsIn(node).every((n, axis) => {
    const own = from.type.shape[axis - fill.ndim + from.ndim];
    if (typeof n === "number" || (own !== undefined && own !== 1)) return true;
    return others.some((x) => {
      const at = axis - fill.ndim + x.ndim;
      return at >= 0 && x.type.shape[at] !== 1 && isLengthOf(n, x, at);
    });
  });
}

function fillLift(v: Variable): Variable | null {
  const node = v.owner!;
  if (!isElementwise(node)) return null;
  const fill = node.inputs.find((x) => source(x) !== x && covers(x, v));
  if (!fill) return null;
  const small = remake(node, node.inputs.map(source)).outputs[0]!;
  return covers(small, v) ? null : refill(fill.owner!, small);
}

/** `x` repeated to the shape that a fill makes. */
function refill(fill: Apply, x: Variable): Variable | null {
  const inputs = fill.op === second.op
    ? [fill.inputs[0]!, x]
    : [x, ...fill.inputs.slice(1)];
  return remake(fill, inputs).outputs[0]!;
}

/** Sums over axes that only a fill gave: the value times their lengths. */
function sumOfFill(v: Variable): Variable | null {
  const node = v.owner!, { axes } = node.params as ReduceParams;
  const fill = node.inputs[0]!, x = source(fill);
  if (x === fill || fill.owner!.op !== broadcastTo.op) return null;
  const lead = fill.ndim - x.ndim;
  const repeated = (axis: number) =>
    axis < lead ||
    (x.type.shape[axis - lead] === 1 && fill.type.shape[axis] !== 1);
  const gone = axes.filter(repeated);
  if (gone.length < axes.length || gone.length === 0) return null;
  const lengths = lengthsOf(fill);
  const count = gone.map((axis) => asVariable(lengths[axis]!, "int64"))
    .reduce((a, b) => mul(a, b));
  const kept = [...x.type.shape.keys()].filter((i) => !axes.includes(i + lead));
  const slim = kept.length === x.ndim ? x : dimshuffle(x, kept);
  const small = mul(cast(slim, v.dtype), cast(count, v.dtype));
  const rest = fill.type.shape.map((_, axis) => axis)
    .filter((axis) => !axes.includes(axis));
  return rest.length === 0
    ? small
    : broadcastTo(small, rest.map((axis) => lengths[axis]!));
}
