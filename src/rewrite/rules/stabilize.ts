/** Stable forms: functions that keep their digits, or stay finite, where the expression written out would not. */
import type { Variable } from "../../graph/variable.ts";
import {
  add,
  div,
  erf,
  erfc,
  exp,
  expm1,
  log,
  log1p,
  logaddexp,
  mul,
  neg,
  reciprocal,
  sigmoid,
  softplus,
  sub,
} from "../../ops/elementwise/elemwise.ts";
import { log1mexp, logErfc, logErfcGrad } from "./tails.ts";
import { type Factors, factors, product, without } from "./factors.ts";
import { match, type Rule, rule, ruleAt } from "../pattern.ts";

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
  rule(
    "logaddexp",
    [log, [add, [exp, "x"], [exp, "y"]]],
    ({ x, y }, z) =>
      x.dtype === z.dtype && y.dtype === z.dtype ? logaddexp(x, y) : null,
  ),
  rule("logaddexp_zero", [logaddexp, "x", 0], ({ x }) => softplus(x)),
  ...log1mexp,
  ...logErfc,
  ...logErfcGrad,
  rule("one_plus_erf", [add, 1, [erf, "x"]], ({ x }) => erfc(neg(x))),
  rule("erfc_minus_one", [add, [erfc, "x"], -1], ({ x }) => neg(erf(x))),
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
    sigmoidInProduct,
  ),
  rule(
    "over_one_plus_exp",
    [div, "y", [add, 1, [exp, "x"]]],
    ({ x, y }, z) => x.dtype === z.dtype ? mul(y, sigmoid(neg(x))) : null,
  ),
  ruleAt(
    "sigmoid_odds",
    [mul, div],
    {
      equation:
        "(a / p + b / q) * p * q → a * q + b * p, where p = sigmoid(x), q = 1 - p",
    },
    oddsInProduct,
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
    return product({ constant, over: [sigmoid(x), ...left], under: rest });
  }
  return null;
}

/** True for sigmoid(-x). */
function isSigmoidOfNegative(v: Variable, x: Variable): boolean {
  const y = match([sigmoid, "y"], v)?.y;
  return y !== undefined &&
    (match([neg, "x"], y)?.x === x || match([neg, "y"], x)?.y === y);
}

/**
 * A product of p = sigmoid(x), q = 1 - p and a quotient by p or q, or a sum of
 * such quotients: the gradient of log p and log q. What stays depends on x, so
 * that a NaN is not lost.
 */
function oddsInProduct(z: Variable): Variable | null {
  const { constant, over, under } = factors(z);
  const q = over.find((v) => match([sub, 1, [sigmoid, "x"]], v) !== null);
  const p = q && over.find((v) => v === q.owner!.inputs[1]);
  if (!p || !q) return null;
  const quotient = withOdds(
    { constant, over: without(over, [p, q]), under },
    p,
    q,
  );
  if (quotient) return quotient;
  const sum = over.find((v) =>
    v.owner?.op === add.op || v.owner?.op === sub.op && v !== q
  );
  if (!sum) return null;
  const [a, b] = sum.owner!.inputs.map((v) => withOdds(factors(v), p, q));
  if (!a || !b) return null;
  const both = sum.owner!.op === add.op ? add(a, b) : sub(a, b);
  return product({
    constant,
    over: [both, ...without(over, [p, q, sum])],
    under,
  });
}

/** f · p · q without a division, for a product f that is divided by p or q. */
function withOdds(f: Factors, p: Variable, q: Variable): Variable | null {
  for (const [below, stays] of [[p, q], [q, p]] as const) {
    if (!f.under.includes(below)) continue;
    return product({
      ...f,
      over: [stays, ...f.over],
      under: without(f.under, [below]),
    });
  }
  return null;
}
