/** Truth values, bits and choices: operands that decide, repeat or undo each other. */
import { isFloat } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { add, div, maximum, mul } from "../../ops/elementwise/elemwise.ts";
import {
  and_,
  ge,
  gt,
  invert,
  le,
  lt,
  or_,
  where,
  xor,
} from "../../ops/elementwise/elemwise_logic.ts";
import { ifelse } from "../../ops/ifelse.ts";
import { match, type Rule, rule, ruleAt } from "../pattern.ts";
import { filled, fillValue, isNatural } from "../values.ts";

/** What is exact for all bits, and choices that nothing is left to choose of. */
export const logic: readonly Rule[] = [
  ruleAt(
    "and_true",
    [and_],
    { equation: "x and true → x, where x is a truth value", licence: "exact" },
    (y) => y.dtype === "bool" ? match([and_, "x", 1], y)?.x ?? null : null,
  ),
  rule("and_zero", [and_, "x", 0], (_, y) => filled(0, y), "exact"),
  rule("and_self", [and_, "x", "x"], ({ x }) => x, "exact"),
  rule("or_zero", [or_, "x", 0], ({ x }) => x, "exact"),
  ruleAt(
    "or_true",
    [or_],
    { equation: "x or true → true, for truth values", licence: "exact" },
    (y) => y.dtype === "bool" && match([or_, "x", 1], y) ? filled(1, y) : null,
  ),
  rule("or_self", [or_, "x", "x"], ({ x }) => x, "exact"),
  rule("xor_zero", [xor, "x", 0], ({ x }) => x, "exact"),
  rule("xor_self", [xor, "x", "x"], (_, y) => filled(0, y), "exact"),
  rule("invert_invert", [invert, [invert, "x"]], ({ x }) => x, "exact"),
  rule(
    "where_not",
    [where, [invert, "c"], "x", "y"],
    ({ c, x, y }) => c.dtype === "bool" ? where(c, y, x) : null,
    "exact",
  ),
  rule(
    "where_where",
    [where, "c", [where, "c", "x", "y"], "z"],
    ({ c, x, z }) => where(c, x, z),
    "exact",
  ),
  rule(
    "where_else_where",
    [where, "c", "x", [where, "c", "y", "z"]],
    ({ c, x, z }) => where(c, x, z),
    "exact",
  ),
  rule(
    "add_where_same",
    [add, [where, "c", "x", 0], [where, "c", "y", 0]],
    ({ c, x, y }, z) =>
      x.dtype === z.dtype && y.dtype === z.dtype
        ? where(c, add(x, y), 0)
        : null,
  ),
  rule(
    "add_where_opposite",
    [add, [where, "c", "x", 0], [where, "c", 0, "y"]],
    ({ c, x, y }) => where(c, x, y),
  ),
  ruleAt(
    "ifelse_ifelse",
    [ifelse],
    {
      equation:
        "ifelse(c, ifelse(c, x, y), z) → ifelse(c, x, z), and in the other branch",
      licence: "exact",
    },
    ifelseInside,
  ),
  ruleAt(
    "natural_maximum",
    [maximum],
    {
      equation: "maximum(x, 0) → x, where x is not negative",
      licence: "exact",
    },
    (y) => {
      const x = match([maximum, "x", 0], y)?.x;
      return x && isNatural(x) ? x : null;
    },
  ),
  ruleAt(
    "natural_below_zero",
    [lt, gt, ge, le],
    {
      equation: "n < 0 → false, n >= 0 → true, for lengths and sums of them",
      licence: "exact",
    },
    (y) => {
      const { op, inputs: [a, b] } = y.owner!;
      const [n, zero] = op === lt.op || op === ge.op ? [a!, b!] : [b!, a!];
      return fillValue(zero) === 0 && !isFloat(n.dtype) && isNatural(n)
        ? filled(op === lt.op || op === gt.op ? 0 : 1, y)
        : null;
    },
  ),
];

/** A branch that asks again what is known there. */
function ifelseInside(v: Variable): Variable | null {
  const [c, ...values] = v.owner!.inputs as [Variable, ...Variable[]];
  const half = values.length / 2;
  const known = (branch: 0 | 1) => {
    const x = values[v.index + branch * half]!, inner = x.owner;
    if (inner?.op !== ifelse.op || inner.inputs[0] !== c) return x;
    const same = (inner.inputs.length - 1) / 2;
    return inner.inputs[1 + x.index + branch * same]!;
  };
  const x = known(0), y = known(1);
  return x === values[v.index] && y === values[v.index + half]
    ? null
    : ifelse(c, x, y);
}

/** A factor goes into a choice between something and 0, so that 0 · ∞ cannot arise: the gradient of what was not chosen stays 0. */
export const sinking: readonly Rule[] = [
  rule(
    "mul_where_zero",
    [mul, "x", [where, "c", 0, "y"]],
    ({ c, x, y }) => where(c, 0, mul(x, y)),
    "may change NaN/inf",
  ),
  rule(
    "mul_where_else_zero",
    [mul, "x", [where, "c", "y", 0]],
    ({ c, x, y }) => where(c, mul(x, y), 0),
    "may change NaN/inf",
  ),
  rule(
    "where_zero_div",
    [div, [where, "c", 0, "y"], "x"],
    ({ c, x, y }) => where(c, 0, div(y, x)),
    "may change NaN/inf",
  ),
  rule(
    "where_else_zero_div",
    [div, [where, "c", "y", 0], "x"],
    ({ c, x, y }) => where(c, div(y, x), 0),
    "may change NaN/inf",
  ),
];
