/** Canonical form: what has no effect goes, signs and constant factors move outwards, fills sink below elementwise ops. */
import { type Dtype, DTYPES, isFloat } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { GRADIENT_IDENTITIES } from "../../grad/identities.ts";
import {
  abs,
  add,
  cast,
  div,
  exp,
  identity,
  intDiv,
  log,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  reciprocal,
  sign,
  sqr,
  sqrt,
  sub,
} from "../../ops/elementwise/elemwise.ts";
import {
  eq,
  ge,
  gt,
  le,
  lt,
  neq,
  where,
} from "../../ops/elementwise/elemwise_logic.ts";
import { assert } from "../../ops/debug.ts";
import { ifelse } from "../../ops/ifelse.ts";
import {
  type Applies,
  type Bindings,
  named,
  type Pattern,
  type Rule,
  rule,
  ruleAt,
} from "../pattern.ts";
import { filled, fillValue, isNatural } from "../values.ts";

/** Operations that leave their operand as it is. */
export const useless: readonly Rule[] = [
  rule("add_zero", [add, "x", 0], ({ x }) => x),
  rule("sub_zero", [sub, "x", 0], ({ x }) => x, "exact"),
  rule("zero_sub", [sub, 0, "x"], ({ x }) => neg(x)),
  rule("mul_one", [mul, "x", 1], ({ x }) => x, "exact"),
  rule("div_one", [div, "x", 1], ({ x }) => x, "exact"),
  rule("one_div", [div, 1, "x"], ({ x }) => reciprocal(x), "exact"),
  rule("reciprocal_reciprocal", [reciprocal, [reciprocal, "x"]], ({ x }) => x),
  rule("pow_one", [pow, "x", 1], ({ x }) => x, "exact"),
  rule("pow_zero", [pow, "x", 0], (_, y) => filled(1, y), "exact"),
  rule(
    "int_div_one",
    [intDiv, "x", 1],
    ({ x }) => isFloat(x.dtype) ? null : x,
    "exact",
  ),
  rule("one_pow", [pow, 1, "x"], (_, y) => filled(1, y), "exact"),
  rule("neg_neg", [neg, [neg, "x"]], ({ x }) => x, "exact"),
  rule("abs_abs", [abs, named("y", [abs, "x"])], ({ y }) => y, "exact"),
  rule("abs_neg", [abs, [neg, "x"]], ({ x }) => abs(x), "exact"),
  ruleAt(
    "abs_natural",
    [abs],
    { equation: "abs(x) → x, where x is not negative", licence: "exact" },
    (y) => isNatural(y.owner!.inputs[0]!) ? y.owner!.inputs[0]! : null,
  ),
  rule("sqr_neg", [sqr, [neg, "x"]], ({ x }) => sqr(x), "exact"),
  rule("sqr_abs", [sqr, [abs, "x"]], ({ x }) => sqr(x), "exact"),
  rule("maximum_self", [maximum, "x", "x"], ({ x }) => x, "exact"),
  rule("minimum_self", [minimum, "x", "x"], ({ x }) => x, "exact"),
  rule(
    "where_true",
    [where, 1, "x", "y"],
    ({ x }, z) => cast(x, z.dtype),
    "exact",
  ),
  rule(
    "where_false",
    [where, 0, "x", "y"],
    ({ y }, z) => cast(y, z.dtype),
    "exact",
  ),
  rule("where_same", [where, "c", "x", "x"], ({ x }) => x, "exact"),
  ruleAt("where_fills", [where], {
    equation: "where(c, 2, 2) → broadcastTo(2)",
    licence: "exact",
  }, (z) => {
    const [, x, y] = z.owner!.inputs.map(fillValue);
    return typeof x === "number" && Object.is(x, y) ? filled(x, z) : null;
  }),
  rule("identity", [identity, "x"], ({ x }) => x, "exact"),
  ruleAt(
    "gradient_identities",
    GRADIENT_IDENTITIES,
    { equation: "considerConstant(x), gradClip(x), … → x", licence: "exact" },
    (y) => y.owner!.inputs[0]!,
  ),
  ruleAt(
    "ifelse_known",
    [ifelse],
    { equation: "ifelse(true, x, y) → x", licence: "exact" },
    (v) => {
      const [condition, ...branches] = v.owner!.inputs as [Variable];
      const value = fillValue(condition);
      if (value === null || condition.ndim > 0) return null;
      return branches[v.index + (value === 0 ? branches.length / 2 : 0)]!;
    },
  ),
  rule(
    "assert_true",
    [assert, "x", 1],
    ({ x }) => x,
    "exact",
  ),
  ruleAt(
    "cast_cast",
    [cast],
    {
      equation: "cast(cast(x)) → cast(x), if the inner one loses nothing",
      licence: "exact",
    },
    (y) => {
      const inner = y.owner!.inputs[0]!, { owner } = inner;
      if (owner?.op !== cast.op) return null;
      const x = owner.inputs[0]!;
      return embeds(x.dtype, inner.dtype) ? cast(x, y.dtype) : null;
    },
  ),
];

/** Operands that cancel: exact for integers, and for floats where NaN and infinity do not matter. */
export const cancelling: readonly Rule[] = [
  ...exactForIntegers("sub_self", [sub, "x", "x"], (_, y) => filled(0, y)),
  ...exactForIntegers("mul_zero", [mul, "x", 0], (_, y) => filled(0, y)),
  ...exactForIntegers("add_sub", [sub, [add, "x", "y"], "y"], ({ x }) => x),
  ...exactForIntegers("sub_add", [add, [sub, "x", "y"], "y"], ({ x }) => x),
  rule(
    "mul_div",
    [div, [mul, "x", "y"], "y"],
    ({ x }) => x,
    "may change NaN/inf",
  ),
  rule(
    "div_mul",
    [mul, [div, "x", "y"], "y"],
    ({ x }) => x,
    "may change NaN/inf",
  ),
  rule(
    "div_abs",
    [div, "x", [abs, "x"]],
    ({ x }) => sign(x),
    "may change NaN/inf",
  ),
  rule(
    "div_self",
    [div, "x", "x"],
    (_, y) => filled(1, y),
    "may change NaN/inf",
  ),
  rule("zero_div", [div, 0, "x"], (_, y) => filled(0, y), "may change NaN/inf"),
  rule(
    "eq_self",
    [eq, "x", "x"],
    ({ x }, y) => isFloat(x.dtype) ? null : filled(1, y),
    "exact",
  ),
  rule(
    "le_self",
    [le, "x", "x"],
    ({ x }, y) => isFloat(x.dtype) ? null : filled(1, y),
    "exact",
  ),
  rule(
    "ge_self",
    [ge, "x", "x"],
    ({ x }, y) => isFloat(x.dtype) ? null : filled(1, y),
    "exact",
  ),
  rule("lt_self", [lt, "x", "x"], (_, y) => filled(0, y), "exact"),
  rule("gt_self", [gt, "x", "x"], (_, y) => filled(0, y), "exact"),
  rule(
    "neq_self",
    [neq, "x", "x"],
    ({ x }, y) => isFloat(x.dtype) ? null : filled(0, y),
    "exact",
  ),
  rule("log_exp", [log, [exp, "x"]], ({ x }) => x),
  rule("exp_log", [exp, [log, "x"]], ({ x }) => x, "may change NaN/inf"),
  rule("sqrt_sqr", [sqrt, [sqr, "x"]], ({ x }) => abs(x)),
  rule("sqr_sqrt", [sqr, [sqrt, "x"]], ({ x }) => x, "may change NaN/inf"),
];

/** Signs move outwards, where they cancel or become a subtraction. */
export const signs: readonly Rule[] = [
  rule("mul_minus_one", [mul, "x", -1], ({ x }) => neg(x), "exact"),
  rule("add_neg", [add, "x", [neg, "y"]], ({ x, y }) => sub(x, y)),
  rule("sub_neg", [sub, "x", [neg, "y"]], ({ x, y }) => add(x, y)),
  rule("neg_sub", [neg, [sub, "x", "y"]], ({ x, y }) => sub(y, x)),
  rule("sub_of_neg", [sub, [neg, "x"], "y"], ({ x, y }) => neg(add(x, y))),
];

/** The rule as it is for integers, and apart for floats, where it may hide a NaN. */
function exactForIntegers<const P extends readonly [Applies, ...Pattern[]]>(
  name: string,
  lhs: P,
  rhs: (bound: Bindings<P>, root: Variable) => Variable | null,
): readonly Rule[] {
  const only = (floats: boolean) => (bound: Bindings<P>, root: Variable) =>
    isFloat(root.dtype) === floats ? rhs(bound, root) : null;
  return [
    rule(name, lhs, only(false), "exact"),
    rule(`${name}_float`, lhs, only(true), "may change NaN/inf"),
  ];
}

/** True if `to` holds every value of `from`. */
function embeds(from: Dtype, to: Dtype): boolean {
  if (from === to || from === "bool") return true;
  const a = DTYPES[from], b = DTYPES[to];
  if (a.kind === b.kind) return b.size >= a.size;
  if (b.kind === "float") {
    return a.kind !== "float" && a.size <= (b.size === 8 ? 4 : b.size / 2);
  }
  return a.kind === "uint" && b.kind === "int" && b.size > a.size;
}
