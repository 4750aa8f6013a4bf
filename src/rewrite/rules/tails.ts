/** Logarithms of what is nearly 0 or nearly 1: another formula on each side of a bound. */
import type { Variable } from "../../graph/variable.ts";
import {
  add,
  div,
  erfc,
  exp,
  expm1,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  reciprocal,
  sqr,
  sub,
} from "../../ops/elementwise/elemwise.ts";
import { gt, where } from "../../ops/elementwise/elemwise_logic.ts";
import { erfcx } from "../../ops/elementwise/elemwise_special.ts";
import { factors, product, without } from "./factors.ts";
import { match, type Rule, rule, ruleAt } from "../pattern.ts";
import { fillValue } from "../values.ts";

/** Above it log(1 - e^x) is taken from expm1, below it from log1p (Mächler, Accurately computing log(1 - exp(-|a|)), 2012). */
const HALF = -Math.LN2;

/** log(1 - e^x) keeps its digits wherever x is negative. */
export const log1mexp: readonly Rule[] = [
  rule(
    "log1p_neg_exp",
    [log1p, [neg, [exp, "x"]]],
    ({ x }) => isClipped(x, HALF) ? null : logOneMinusExp(x),
  ),
  rule(
    "log_neg_expm1",
    [log, [neg, [expm1, "x"]]],
    ({ x }) => isClipped(x, HALF) ? null : logOneMinusExp(x),
  ),
];

function logOneMinusExp(x: Variable): Variable {
  return where(
    gt(x, HALF),
    log(neg(expm1(maximum(x, HALF)))),
    log1p(neg(exp(minimum(x, HALF)))),
  );
}

/** Where the asymptotic series has more digits than erfc, which vanishes at 27 in float64 and at 10 in float32. */
const FAR = { float32: 9, float64: 25 } as const;

/** log(erfc(x)) stays finite where erfc underflows. */
export const logErfc: readonly Rule[] = [
  rule("log_erfc", [log, [erfc, "x"]], ({ x }) => {
    const { dtype } = x;
    if (dtype !== "float32" && dtype !== "float64") return null;
    const far = FAR[dtype];
    return isClipped(x, far)
      ? null
      : where(gt(x, far), logErfcFar(x), log(erfc(minimum(x, far))));
  }),
];

/** Where e^-x² and erfc(x) vanish together, their quotient does not: the gradient of log(erfc(x)). */
export const logErfcGrad: readonly Rule[] = [
  ruleAt(
    "log_erfc_grad",
    [mul, div],
    { equation: "y * exp(-sqr(x)) / erfc(x) → y / erfcx(x)" },
    (z) => {
      const { constant, over, under } = factors(z);
      for (const below of under) {
        const x = match([erfc, "x"], below)?.x;
        const above = x && over.find((v) => isGaussian(v, x));
        if (!above) continue;
        return product({
          constant,
          over: [...without(over, [above]), reciprocal(erfcx(x))],
          under: without(under, [below]),
        });
      }
      return null;
    },
  ),
];

/** True for exp(-x²). */
function isGaussian(v: Variable, x: Variable): boolean {
  const y = match([exp, [neg, [sqr, "y"]]], v)?.y;
  return y !== undefined && (y === x || match([neg, "y"], x)?.y === y);
}

/** -x² - log(x √π) + log(1 - r + 3r² - 15r³), r = 1 / 2x² (Abramowitz and Stegun 7.1.23). */
function logErfcFar(x: Variable): Variable {
  const r = reciprocal(mul(2, sqr(x)));
  const series = mul(neg(r), sub(1, mul(mul(3, r), sub(1, mul(5, r)))));
  const leading = log(mul(x, Math.sqrt(Math.PI)));
  return add(neg(add(sqr(x), leading)), log1p(series));
}

/** True on the side of a bound that has its formula already. */
function isClipped(x: Variable, bound: number): boolean {
  const node = x.owner;
  if (node?.op !== minimum.op && node?.op !== maximum.op) return false;
  const at = fillValue(node.inputs[1]!);
  return at !== null && Math.abs(at - bound) < 1e-6;
}
