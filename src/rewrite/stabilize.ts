/** Stable forms: functions that keep their digits, or stay finite, where the expression written out would not. */
import type { Variable } from "../graph/variable.ts";
import {
  add,
  div,
  erf,
  erfc,
  exp,
  expm1,
  log,
  log1p,
  mul,
  neg,
  reciprocal,
  sigmoid,
  softplus,
  sub,
} from "../ops/elemwise.ts";
import { factors } from "./factors.ts";
import { match, type Rule, rule, ruleAt } from "./pattern.ts";

/** Logarithms, exponentials and what is made of them. */
export const stabilize: readonly Rule[] = [
  rule("log1p", [log, [add, 1, "x"]], ({ x }) => log1p(x)),
  rule("log1p_neg", [log, [sub, 1, "x"]], ({ x }) => log1p(neg(x))),
  rule("expm1", [add, [exp, "x"], -1], ({ x }) => expm1(x)),
  rule("neg_expm1", [sub, 1, [exp, "x"]], ({ x }) => neg(expm1(x))),
  rule("log1p_expm1", [log1p, [expm1, "x"]], ({ x }) => x),
  rule("softplus", [log1p, [exp, "x"]], ({ x }) => softplus(x)),
  rule("log_sigmoid", [log, [sigmoid, "x"]], ({ x }) => neg(softplus(neg(x)))),
  rule(
    "log1p_neg_sigmoid",
    [log1p, [neg, [sigmoid, "x"]]],
    ({ x }) => neg(softplus(x)),
  ),
  rule(
    "log_reciprocal",
    [log, [reciprocal, "x"]],
    ({ x }) => neg(log(x)),
    "may change NaN/inf",
  ),
  rule(
    "sigmoid",
    [reciprocal, [add, 1, [exp, "x"]]],
    ({ x }) => sigmoid(neg(x)),
  ),
  rule("one_minus_erf", [sub, 1, [erf, "x"]], ({ x }) => erfc(x)),
  rule("one_minus_erfc", [sub, 1, [erfc, "x"]], ({ x }) => erf(x)),
  rule("erf_minus_one", [add, [erf, "x"], -1], ({ x }) => neg(erfc(x))),
  ruleAt(
    "exp_over_one_plus_exp",
    [mul, div],
    {
      equation:
        "y * exp(x) / (1 + exp(x)), y * exp(x) * sigmoid(-x) → y * sigmoid(x)",
    },
    (z) => sigmoidInProduct(z),
  ),
];

/** A product with exp(x) and 1 + exp(x) below its line, or sigmoid(-x), has sigmoid(x). */
function sigmoidInProduct(z: Variable): Variable | null {
  const { constant, over, under } = factors(z);
  for (const [i, above] of over.entries()) {
    const x = match([exp, "x"], above)?.x;
    if (!x) continue;
    const partner = over.findIndex((v) => isSigmoidOfNegative(v, x));
    const below = under.findIndex((v) =>
      match([add, 1, [exp, "x"]], v)?.x === x
    );
    if (partner < 0 && below < 0) continue;
    const left = over.filter((_, k) => k !== i && k !== partner);
    const rest = under.filter((_, k) => partner >= 0 || k !== below);
    const product = [sigmoid(x), ...left].reduce((a, b) => mul(a, b));
    const whole = rest.reduce((a, b) => div(a, b), product);
    return constant === 1 ? whole : mul(whole, constant);
  }
  return null;
}

/** True for sigmoid(-x). */
function isSigmoidOfNegative(v: Variable, x: Variable): boolean {
  const y = match([sigmoid, "y"], v)?.y;
  return y !== undefined &&
    (match([neg, "x"], y)?.x === x || match([neg, "y"], x)?.y === y);
}
