/** The gradient of a softmax that was written out: one op, and none for the shift by the largest element. */
import type { Apply, Variable } from "../../graph/variable.ts";
import { add, mul, neg, sub } from "../../ops/elementwise/elemwise.ts";
import { eq, where } from "../../ops/elementwise/elemwise_logic.ts";
import {
  type AxisParams,
  softmax,
  softmaxGrad,
} from "../../ops/nnet/softmax.ts";
import { max, sum } from "../../ops/reductions/reduce.ts";
import { match, type Rule, ruleAt } from "../pattern.ts";
import { axisOfReduced, reducedAxis, repeated } from "../repeats.ts";
import { fillValue } from "../values.ts";

/** What differentiation made of formulas that `writtenSoftmax` has recognized. */
export const softmaxSlopes: readonly Rule[] = [
  ruleAt("softmax_grad_written_out", [mul, add], {
    equation:
      "g * p - sum(g * p, axis) * p → softmaxGrad(g, p), where p = softmax(x, axis)",
  }, gradWrittenOut),
  ruleAt("softmax_grad_of_shift", [add], {
    equation:
      "d + where(x = max(x, axis), -sum(d, axis), 0) → d, where d is a gradient by x through softmax(x, axis), which sums to zero",
  }, withoutShift),
];

function axisOf(v: Variable): AxisParams {
  return v.owner!.params as AxisParams;
}

/** A gradient of softmax: what came for p = softmax(x). */
interface Pulled {
  readonly g: Variable;
  readonly p: Variable;
}

/** The other factor of a product with p. */
function cofactor(v: Variable, p: Variable): Variable | null {
  if (v.owner?.op !== mul.op) return null;
  const [a, b] = v.owner.inputs as [Variable, Variable];
  return b === p ? a : a === p ? b : null;
}

/** g, for v = -sum(g * p, axis), repeated along it. */
function cotangent(v: Variable, p: Variable): Variable | null {
  const { axis } = axisOf(p), total = repeated(v, axis);
  const summed = total && negatedSum(total, axis);
  return summed && cofactor(summed, p);
}

/** u of -sum(u, axis) or sum(-u, axis). */
function negatedSum(v: Variable, axis: number): Variable | null {
  const outside = match([neg, "s"], v)?.s, total = outside ?? v;
  if (total.owner?.op !== sum.op || reducedAxis(total) !== axis) return null;
  const [u] = total.owner.inputs as [Variable];
  return outside ? u : match([neg, "u"], u)?.u ?? null;
}

/** The softmaxes that v is a product with. */
function softmaxesIn(v: Variable): readonly Variable[] {
  if (v.owner?.op !== mul.op) return [];
  return v.owner.inputs.filter((p) => p.owner?.op === softmax.op);
}

function gradWrittenOut(v: Variable): Variable | null {
  if (v.owner!.op === mul.op) {
    for (const p of softmaxesIn(v)) {
      const around = cofactor(v, p)!, parts = addends(around);
      for (const part of parts) {
        const g = cotangent(part, p);
        if (!g || !parts.includes(g)) continue;
        const made = softmaxGrad(g, p, axisOf(p));
        const rest = others(around, [g, part]);
        return rest ? add(made, mul(rest, p)) : made;
      }
    }
    return null;
  }
  const parts = addends(v);
  for (const part of parts) {
    for (const p of softmaxesIn(part)) {
      const g = cotangent(cofactor(part, p)!, p),
        mate = g && parts.find((u) => cofactor(u, p) === g);
      if (!mate) continue;
      const made = softmaxGrad(g, p, axisOf(p)),
        rest = others(v, [mate, part]);
      return rest ? add(made, rest) : made;
    }
  }
  return null;
}

/** What u + v is a gradient of softmax by: u = g * p, v = -sum(g * p) * p. */
function pulledBy(u: Variable, v: Variable): Pulled | null {
  for (const p of softmaxesIn(v)) {
    const g = cotangent(cofactor(v, p)!, p);
    if (g && cofactor(u, p) === g) return { g, p };
  }
  return null;
}

/** What max(x, axis) passes on to x: where(x = max(x, axis), -sum(u, axis), 0). */
interface Shift {
  readonly x: Variable;
  readonly axis: number;
  readonly u: Variable;
}

function withoutShift(v: Variable): Variable | null {
  const parts = addends(v), found = parts.map(shiftOf);
  const first = found.find((shift) => shift !== null);
  if (!first) return null;
  const { x, axis } = first;
  const shifts = parts.filter((_, i) =>
    found[i]?.x === x && found[i].axis === axis
  );
  const [a, b, more] = shifts.map((u) => shiftOf(u)!.u);
  if (more) return null;
  const slope = b ? slopeOfTwo(a!, b, parts) : slopeOf(a!, parts);
  return slope && slope.axis === axis && slope.x === x
    ? others(v, shifts)
    : null;
}

function shiftOf(v: Variable): Shift | null {
  const found = match([where, [eq, "x", "m"], "s", "zero"], v);
  if (!found || fillValue(found.zero) !== 0) return null;
  for (const [x, m] of [[found.x, found.m], [found.m, found.x]] as const) {
    const axis = axisOfReduced(m, max, x),
      total = axis === null ? null : repeated(found.s, axis),
      u = total && negatedSum(total, axis!);
    if (u) return { x, axis: axis!, u };
  }
  return null;
}

/** By what a gradient through softmax or logSoftmax is one: it sums to zero along the axis. */
interface Slope {
  readonly x: Variable;
  readonly axis: number;
}

function through(p: Variable): Slope | null {
  return p.owner?.op === softmax.op
    ? { x: p.owner.inputs[0]!, ...axisOf(p) }
    : null;
}

function slopeOf(d: Variable, parts: readonly Variable[]): Slope | null {
  if (!parts.includes(d)) return null;
  if (d.owner?.op === softmaxGrad.op) return through(d.owner.inputs[1]!);
  const [a, b] = d.owner?.inputs ?? [];
  if (d.owner?.op === sub.op) return slopeOfLog(a!, b!, true);
  return d.owner?.op === add.op
    ? slopeOfLog(a!, b!, false) ?? slopeOfLog(b!, a!, false)
    : null;
}

/** Where both terms of a gradient came to the shift by ways of their own. */
function slopeOfTwo(
  a: Variable,
  b: Variable,
  parts: readonly Variable[],
): Slope | null {
  const pulled = pulledBy(a, b) ?? pulledBy(b, a);
  if (pulled) {
    const { g, p } = pulled;
    const isWhole = (d: Variable) =>
      d.owner?.op === softmaxGrad.op && d.owner.inputs[0] === g &&
      d.owner.inputs[1] === p;
    return parts.some(isWhole) ? through(p) : null;
  }
  return parts.includes(a) && parts.includes(b)
    ? slopeOfLog(a, b, false) ?? slopeOfLog(b, a, false)
    : null;
}

/** That of g - sum(g, axis) * p, or of the two added where the second is negative already. */
function slopeOfLog(g: Variable, v: Variable, minus: boolean): Slope | null {
  for (const p of softmaxesIn(v)) {
    const { axis } = axisOf(p), total = repeated(cofactor(v, p)!, axis);
    const summed = total &&
      (minus ? match([sum, "u"], total)?.u : negatedSum(total, axis));
    const isAlong = !minus || total && reducedAxis(total) === axis;
    if (summed === g && isAlong) return through(p);
  }
  return null;
}

/** A sum is looked at through no more additions than this. */
const MOST_ADDENDS = 64;

/** What v is a sum of: itself, and the operands of every addition on the way. */
function addends(v: Variable): readonly Variable[] {
  const found = [v];
  for (let at = 0; at < found.length && found.length < MOST_ADDENDS; at++) {
    const node = found[at]!.owner;
    if (node?.op === add.op && isPlain(node)) found.push(...node.inputs);
  }
  return found;
}

/** v without some of its addends; null if nothing is left. */
function others(
  v: Variable,
  without: readonly Variable[],
): Variable | null {
  const left: Variable[] = [], todo = [v], gone = new Set(without);
  for (let u = todo.pop(); u; u = todo.pop()) {
    if (gone.delete(u)) continue;
    const whole = !addends(u).some((w) => gone.has(w));
    if (whole) left.push(u);
    else todo.push(...u.owner!.inputs.toReversed());
  }
  return left.reduce<Variable | null>((a, b) => a ? add(a, b) : b, null);
}

/** True where no operand is broadcast or converted. */
function isPlain({ inputs, outputs: [out] }: Apply): boolean {
  return inputs.every((u) => u.dtype === out!.dtype && u.ndim === out!.ndim);
}
