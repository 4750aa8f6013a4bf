/** Cheaper forms of what is left: squares, roots, powers, exponentials, and products that sum nothing. */
import { isFloat } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { dot } from "../../ops/products/dot.ts";
import {
  add,
  exp,
  mul,
  neg,
  pow,
  reciprocal,
  sigmoid,
  sqr,
  sqrt,
  sub,
} from "../../ops/elementwise/elemwise.ts";
import {
  match,
  type Rule,
  rule,
  ruleAt,
  type Surroundings,
} from "../pattern.ts";
import { fillValue, isNatural } from "../values.ts";

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
  ruleAt("pow_integer", [pow], {
    equation: "pow(x, 6) → sqr(x) * sqr(sqr(x)), for whole exponents up to 64",
  }, (y) => {
    const [x, by] = y.owner!.inputs as [Variable, Variable];
    const n = fillValue(by);
    if (n === null || !isFloat(x.dtype) || !Number.isInteger(n)) return null;
    if (Math.abs(n) > MOST_EXPONENT || Math.abs(n) < 5) return null;
    return n > 0 ? power(x, n) : reciprocal(power(x, -n));
  }),
  ruleAt("exp_mul_exp", [mul], {
    equation: "exp(x) * exp(y) → exp(x + y), where nothing else needs either",
  }, (z, around) => {
    const [a, b] = z.owner!.inputs.map((e) => exponent(e, around));
    return a && b && a !== b ? exp(add(a, b)) : null;
  }),
  // keeps the digits of what is near 0
  ruleAt("one_minus_sigmoid", [sub], {
    equation:
      "1 - sigmoid(x) → sigmoid(-x), where nothing else needs sigmoid(x)",
  }, (y, around) => {
    const x = match([sub, 1, [sigmoid, "x"]], y)?.x;
    return x && around.clients(y.owner!.inputs[1]!) === 1
      ? sigmoid(neg(x))
      : null;
  }),
  ruleAt("dot_outer", [dot], {
    equation: "x · y → x * y, where the axis that is summed has length 1",
  }, (z) => {
    const [x, y] = z.owner!.inputs as [Variable, Variable];
    const single = x.ndim === 2 && y.ndim === 2 && x.type.shape[1] === 1 &&
      y.type.shape[0] === 1;
    return single ? mul(x, y) : null;
  }),
];

/** Larger powers are left to the function, which is as fast then and keeps more digits. */
const MOST_EXPONENT = 64;

/** x to the n-th, by squares: n is at least 1. */
function power(x: Variable, n: number): Variable {
  const half = n > 1 ? power(x, Math.floor(n / 2)) : x;
  if (n === 1) return x;
  return n % 2 ? mul(sqr(half), x) : sqr(half);
}

/** x of an exp(x) that is used once. */
function exponent(e: Variable, around: Surroundings): Variable | null {
  return around.clients(e) === 1 ? match([exp, "x"], e)?.x ?? null : null;
}

/** The square root of the base of y, if y has this exponent. */
function rootOf(y: Variable, exponent: number): Variable | null {
  const [x, by] = y.owner!.inputs as [Variable, Variable];
  return fillValue(by) === exponent && isNatural(x) ? sqrt(x) : null;
}
