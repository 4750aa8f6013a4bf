/** Truth values, bits and choices: operands that decide, repeat or undo each other. */
import { isFloat } from "../graph/dtype.ts";
import { div, maximum, mul } from "../ops/elementwise/elemwise.ts";
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
} from "../ops/elementwise/elemwise_logic.ts";
import { match, type Rule, rule, ruleAt } from "./pattern.ts";
import { filled, fillValue, isNatural } from "./values.ts";

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
