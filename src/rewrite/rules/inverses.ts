/** Functions that undo each other, and signs that pass through odd and even functions. */
import type { Unary } from "../../ops/elementwise/scalar.ts";
import {
  arccosh,
  arcsin,
  arcsinh,
  arctan,
  arctanh,
  cos,
  cosh,
  deg2rad,
  erf,
  exp2,
  expm1,
  log,
  log1p,
  log2,
  mul,
  neg,
  rad2deg,
  sin,
  sinh,
  sqrt,
  tan,
  tanh,
} from "../../ops/elementwise/elemwise.ts";
import { type Licence, type Rule, rule } from "../pattern.ts";

/** f(g(x)) → x; where g is not defined, or f overflows, a licence says so. */
function undone(
  f: Unary,
  g: Unary,
  licence: Licence = "value-safe",
): Rule {
  return rule(
    `${f.op.name}_${g.op.name}`,
    [f, [g, "x"]],
    ({ x }) => x,
    licence,
  );
}

/** Pairs, and signs outwards: equal work is seen as equal. */
export const inverses: readonly Rule[] = [
  undone(deg2rad, rad2deg),
  undone(rad2deg, deg2rad),
  undone(sinh, arcsinh),
  undone(arcsinh, sinh),
  undone(arctanh, tanh),
  undone(tanh, arctanh, "may change NaN/inf"),
  undone(cosh, arccosh, "may change NaN/inf"),
  undone(sin, arcsin, "may change NaN/inf"),
  undone(tan, arctan),
  undone(log2, exp2),
  undone(exp2, log2, "may change NaN/inf"),
  undone(expm1, log1p, "may change NaN/inf"),
  rule("log_sqrt", [log, [sqrt, "x"]], ({ x }) => mul(0.5, log(x))),
  ...[sin, tan, arcsin, arctan, sinh, tanh, arcsinh, arctanh, erf].map((f) =>
    rule(`${f.op.name}_neg`, [f, [neg, "x"]], ({ x }) => neg(f(x)))
  ),
  ...[cos, cosh].map((f) =>
    rule(`${f.op.name}_neg`, [f, [neg, "x"]], ({ x }) => f(x))
  ),
];
