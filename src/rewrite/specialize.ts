/** Cheaper forms of what is left: squares, roots and powers, and positions that a monotone function keeps. */
import { isFloat } from "../graph/dtype.ts";
import type { Variable } from "../graph/variable.ts";
import {
  abs,
  cosh,
  exp,
  mul,
  pow,
  reciprocal,
  sigmoid,
  sqr,
  sqrt,
} from "../ops/elemwise.ts";
import { type Rule, rule } from "./pattern.ts";

/** Powers with known exponents. */
export const specialize: readonly Rule[] = [
  rule("mul_self", [mul, "x", "x"], ({ x }) => sqr(x), "exact"),
  rule("pow_two", [pow, "x", 2], ({ x }) => sqr(x)),
  rule("pow_three", [pow, "x", 3], ({ x }) => mul(sqr(x), x)),
  rule("pow_four", [pow, "x", 4], ({ x }) => sqr(sqr(x))),
  rule("pow_minus_one", [pow, "x", -1], ({ x }) => isFloat(x.dtype) ? reciprocal(x) : null),
  rule("pow_minus_two", [pow, "x", -2], ({ x }) => isFloat(x.dtype) ? reciprocal(sqr(x)) : null),
  rule("pow_half", [pow, "x", 0.5], ({ x }) => isNatural(x) ? sqrt(x) : null),
  rule("pow_minus_half", [pow, "x", -0.5], ({ x }) => isNatural(x) ? reciprocal(sqrt(x)) : null),
  rule("pow_half_any", [pow, "x", 0.5], ({ x }) => sqrt(x), "may change NaN/inf"),
];

/** True for what is never negative, nor a negative zero. */
function isNatural(x: Variable): boolean {
  const op = x.owner?.op;
  return [sqr, abs, exp, sigmoid, cosh].some((f) => f.op === op);
}
