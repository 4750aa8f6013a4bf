/** Cheaper forms of what is left: squares, roots and powers, and positions that a monotone function keeps. */
import { isFloat } from "../graph/dtype.ts";
import type { Variable } from "../graph/variable.ts";
import {
  abs,
  add,
  cosh,
  exp,
  mul,
  pow,
  reciprocal,
  sigmoid,
  sqr,
  sqrt,
} from "../ops/elemwise.ts";
import { sum } from "../ops/reduce.ts";
import { type Rule, rule, ruleAt } from "./pattern.ts";
import { fillValue } from "./values.ts";

/** Powers with known exponents. */
export const specialize: readonly Rule[] = [
  rule("mul_self", [mul, "x", "x"], ({ x }) => sqr(x), "exact"),
  rule("pow_two", [pow, "x", 2], ({ x }) => sqr(x)),
  rule("pow_three", [pow, "x", 3], ({ x }) => mul(sqr(x), x)),
  rule("pow_four", [pow, "x", 4], ({ x }) => sqr(sqr(x))),
  rule(
    "pow_minus_one",
    [pow, "x", -1],
    ({ x }) => isFloat(x.dtype) ? reciprocal(x) : null,
  ),
  rule(
    "pow_minus_two",
    [pow, "x", -2],
    ({ x }) => isFloat(x.dtype) ? reciprocal(sqr(x)) : null,
  ),
  ruleAt("pow_half", [pow], {
    equation: "pow(x, 0.5) → sqrt(x), where x is not negative",
  }, (y) => rootOf(y, 0.5)),
  ruleAt("pow_minus_half", [pow], {
    equation: "pow(x, -0.5) → 1 / sqrt(x), where x is not negative",
  }, (y) => {
    const root = rootOf(y, -0.5);
    return root && reciprocal(root);
  }),
  rule(
    "pow_half_any",
    [pow, "x", 0.5],
    ({ x }) => sqrt(x),
    "may change NaN/inf",
  ),
];

/** The square root of the base of y, if y has this exponent. */
function rootOf(y: Variable, exponent: number): Variable | null {
  const [x, by] = y.owner!.inputs as [Variable, Variable];
  return fillValue(by) === exponent && isNatural(x) ? sqrt(x) : null;
}

/** How deep `isNatural` looks into sums. */
const DEPTH = 4;

/** True for what is never negative, nor a negative zero. */
function isNatural(x: Variable, depth = DEPTH): boolean {
  const node = x.owner, value = fillValue(x);
  if (value !== null) return value > 0 || Object.is(value, 0);
  if (!node || depth === 0) return false;
  if (node.op === add.op || node.op === mul.op || node.op === sum.op) {
    return node.inputs.every((v) => isNatural(v, depth - 1));
  }
  return [sqr, abs, exp, sigmoid, cosh].some((f) => f.op === node.op);
}
