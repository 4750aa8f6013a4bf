/** Elementwise arithmetic, exponentials, trigonometry and rounding: one row is the whole op. */
import {
  castsSafely,
  checkDtype,
  type Dtype,
  DTYPES,
  isFloat,
} from "../../graph/dtype.ts";
import type { Length, Lengths } from "../../graph/length.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { elementLoops } from "./broadcast.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
} from "../define.ts";
import { eq, ge, gt, le, lt, where } from "./elemwise_logic.ts";
import {
  type Binary,
  binary,
  calls,
  castExpr,
  castScalar,
  floating,
  inferElementwise,
  numeric,
  operator,
  promoted,
  type Row,
  type Ternary,
  ternary,
  type Unary,
  unary,
  wrapped,
} from "./scalar.ts";
import {
  bigFloorDiv,
  bigMod,
  bigPow,
  complementaryErrorFunction,
  errorFunction,
  floatPow,
  floorMod,
  floorQuotient,
  intFloorDiv,
  intMod,
  intPow,
  logistic,
  logOnePlusExp,
  roundHalfAway,
  roundHalfEven,
} from "./special.ts";

/** x + y; bools: x or y. */
export const add: Binary = binary("add", {
  dtype: promoted,
  eval: (x, y) => x + y,
  bigint: (x, y) => x + y,
  c: operator("+", "|"),
  partials: () => [1, 1],
  length: (lengths, x, y) => lengths.add(x, y),
  commutative: true,
});

/** x - y. TypeError: both are bool. */
export const sub: Binary = binary("sub", {
  dtype: signed("sub"),
  eval: (x, y) => x - y,
  bigint: (x, y) => x - y,
  c: operator("-"),
  partials: () => [1, -1],
  length: (lengths, x, y) => lengths.sub(x, y),
});

/** x · y; bools: x and y. */
export const mul: Binary = binary("mul", {
  dtype: promoted,
  eval: (x, y) => x * y,
  int: Math.imul,
  bigint: (x, y) => x * y,
  c: operator("*", "&"),
  partials: ([x, y]) => [y, x],
  length: (lengths, x, y) => lengths.mul(x, y),
  commutative: true,
});

/** x / y, a float: integers give floatX. */
export const div: Binary = binary("div", {
  dtype: floating,
  eval: (x, y) => x / y,
  c: ([x, y]) => `(${x} / ${y})`,
  partials: ([, y], z) => [(t) => div(t, y), (t) => neg(div(mul(t, z), y))],
});

/** The floor of x / y, in the dtype of both; integers give 0 for y = 0. Its gradient is 0. */
export const intDiv: Binary = binary("intDiv", {
  dtype: numeric,
  eval: floorQuotient,
  int: intFloorDiv,
  bigint: bigFloorDiv,
  c: calls("floor_div"),
  partials: () => [null, null],
  length: (lengths, x, y) => lengths.floorDiv(x, y),
});

/** intDiv, under NumPy's name. */
export const floorDiv: Binary = intDiv;

/** The remainder x - y ⌊x / y⌋, with the sign of y; integers give 0 for y = 0. */
export const mod: Binary = binary("mod", {
  dtype: numeric,
  eval: floorMod,
  int: intMod,
  bigint: bigMod,
  c: calls("mod"),
  partials: ([x, y]) => [1, (t) => neg(mul(t, intDiv(x, y)))],
});

/** x to the power y; a negative power of an integer gives the integer part. */
export const pow: Binary = binary("pow", {
  dtype: numeric,
  eval: floatPow,
  int: intPow,
  bigint: bigPow,
  c: calls("pow"),
  partials: ([x, y], z) => [
    (t) => mul(t, where(eq(y, 0), 0, mul(y, pow(x, sub(y, 1))))),
    (t) => mul(t, mul(z, log(where(eq(x, 0), 1, x)))),
  ],
});

/** -x. TypeError: x is bool. */
export const neg: Unary = unary("neg", {
  dtype: signed("neg"),
  eval: (x) => -x,
  bigint: (x) => -x,
  c: ([x], dtype) =>
    isFloat(dtype) ? `(-${x})` : wrapped(dtype, (cast) => `0u - ${cast(x)}`),
  partials: () => [-1],
  length: (lengths, x) => lengths.sub(0, x),
});

/** |x|; its gradient at 0 is 0. */
export const abs: Unary = unary("abs", {
  dtype: promoted,
  eval: Math.abs,
  bigint: (x) => x < 0n ? -x : x,
  c: ([x], dtype) =>
    isFloat(dtype)
      ? calls("abs")([x], dtype)
      : DTYPES[dtype].kind === "int"
      ? `(${x} < 0 ? ${wrapped(dtype, (cast) => `0u - ${cast(x)}`)} : ${x})`
      : x,
  partials: ([x]) => [sign(x)],
});

/** -1, 0 or 1; 0 at both zeros. */
export const sign: Unary = unary("sign", {
  dtype: numeric,
  eval: (x) => x > 0 ? 1 : x < 0 ? -1 : x === 0 ? 0 : x,
  bigint: (x) => x > 0n ? 1n : x < 0n ? -1n : 0n,
  c: ([x], dtype) =>
    isFloat(dtype) ? calls("sign")([x], dtype) : `((${x} > 0) - (${x} < 0))`,
  partials: () => [null],
});

/** x². */
export const sqr: Unary = unary("sqr", {
  dtype: numeric,
  eval: (x) => x * x,
  int: (x) => Math.imul(x, x),
  bigint: (x) => x * x,
  c: ([x], dtype) => operator("*")([x, x], dtype),
  partials: ([x]) => [mul(2, x)],
});

/** √x; NaN below 0. */
export const sqrt: Unary = unary("sqrt", {
  dtype: floating,
  eval: Math.sqrt,
  c: calls("sqrt"),
  partials: (_, y) => [(t) => div(t, mul(2, y))],
});

/** 1 / x, a float. */
export const reciprocal: Unary = unary("reciprocal", {
  dtype: floating,
  eval: (x) => 1 / x,
  c: ([x]) => `(1 / ${x})`,
  partials: (_, y) => [neg(sqr(y))],
});

/** e^x. */
export const exp: Unary = unary("exp", {
  dtype: floating,
  eval: Math.exp,
  c: calls("exp"),
  partials: (_, y) => [y],
});

/** 2^x. */
export const exp2: Unary = unary("exp2", {
  dtype: floating,
  eval: (x) => 2 ** x,
  c: calls("exp2"),
  partials: (_, y) => [mul(y, Math.LN2)],
});

/** e^x - 1, accurate near 0. */
export const expm1: Unary = unary("expm1", {
  dtype: floating,
  eval: Math.expm1,
  c: calls("expm1"),
  partials: ([x]) => [exp(x)],
});

/** The natural logarithm; -∞ at 0, NaN below. */
export const log: Unary = unary("log", {
  dtype: floating,
  eval: Math.log,
  c: calls("log"),
  partials: ([x]) => [(t) => div(t, x)],
});

/** The logarithm to base 2. */
export const log2: Unary = unary("log2", {
  dtype: floating,
  eval: Math.log2,
  c: calls("log2"),
  partials: ([x]) => [(t) => div(t, mul(x, Math.LN2))],
});

/** The logarithm to base 10. */
export const log10: Unary = unary("log10", {
  dtype: floating,
  eval: Math.log10,
  c: calls("log10"),
  partials: ([x]) => [(t) => div(t, mul(x, Math.LN10))],
});

/** log(1 + x), accurate near 0. */
export const log1p: Unary = unary("log1p", {
  dtype: floating,
  eval: Math.log1p,
  c: calls("log1p"),
  partials: ([x]) => [(t) => div(t, add(1, x))],
});

/** The sine of x radians. */
export const sin: Unary = unary("sin", {
  dtype: floating,
  eval: Math.sin,
  c: calls("sin"),
  partials: ([x]) => [cos(x)],
});

/** The cosine of x radians. */
export const cos: Unary = unary("cos", {
  dtype: floating,
  eval: Math.cos,
  c: calls("cos"),
  partials: ([x]) => [neg(sin(x))],
});

/** The tangent of x radians. */
export const tan: Unary = unary("tan", {
  dtype: floating,
  eval: Math.tan,
  c: calls("tan"),
  partials: (_, y) => [add(1, sqr(y))],
});

/** The angle in [-π/2, π/2] whose sine is x; NaN outside [-1, 1]. */
export const arcsin: Unary = unary("arcsin", {
  dtype: floating,
  eval: Math.asin,
  c: calls("asin"),
  partials: ([x]) => [(t) => div(t, sqrt(sub(1, sqr(x))))],
});

/** The angle in [0, π] whose cosine is x; NaN outside [-1, 1]. */
export const arccos: Unary = unary("arccos", {
  dtype: floating,
  eval: Math.acos,
  c: calls("acos"),
  partials: ([x]) => [(t) => neg(div(t, sqrt(sub(1, sqr(x)))))],
});

/** The angle in (-π/2, π/2) whose tangent is x. */
export const arctan: Unary = unary("arctan", {
  dtype: floating,
  eval: Math.atan,
  c: calls("atan"),
  partials: ([x]) => [(t) => div(t, add(1, sqr(x)))],
});

/** The angle of the point (y, x), in (-π, π]; the first operand is y. */
export const arctan2: Binary = binary("arctan2", {
  dtype: floating,
  eval: Math.atan2,
  c: calls("atan2"),
  partials: ([y, x]) => [
    (t) => div(mul(t, x), add(sqr(x), sqr(y))),
    (t) => neg(div(mul(t, y), add(sqr(x), sqr(y)))),
  ],
});

/** The hyperbolic sine. */
export const sinh: Unary = unary("sinh", {
  dtype: floating,
  eval: Math.sinh,
  c: calls("sinh"),
  partials: ([x]) => [cosh(x)],
});

/** The hyperbolic cosine. */
export const cosh: Unary = unary("cosh", {
  dtype: floating,
  eval: Math.cosh,
  c: calls("cosh"),
  partials: ([x]) => [sinh(x)],
});

/** The hyperbolic tangent. */
export const tanh: Unary = unary("tanh", {
  dtype: floating,
  eval: Math.tanh,
  c: calls("tanh"),
  partials: (_, y) => [sub(1, sqr(y))],
});

/** The inverse of sinh. */
export const arcsinh: Unary = unary("arcsinh", {
  dtype: floating,
  eval: Math.asinh,
  c: calls("asinh"),
  partials: ([x]) => [(t) => div(t, sqrt(add(1, sqr(x))))],
});

/** The inverse of cosh; NaN below 1. */
export const arccosh: Unary = unary("arccosh", {
  dtype: floating,
  eval: Math.acosh,
  c: calls("acosh"),
  partials: ([x]) => [(t) => div(t, sqrt(sub(sqr(x), 1)))],
});

/** The inverse of tanh; NaN outside [-1, 1]. */
export const arctanh: Unary = unary("arctanh", {
  dtype: floating,
  eval: Math.atanh,
  c: calls("atanh"),
  partials: ([x]) => [(t) => div(t, sub(1, sqr(x)))],
});

/** x · π / 180. */
export const deg2rad: Unary = unary("deg2rad", {
  dtype: floating,
  eval: (x) => x * (Math.PI / 180),
  c: ([x], dtype) => `(${x} * ${literal(Math.PI / 180, dtype)})`,
  partials: () => [Math.PI / 180],
});

/** x · 180 / π. */
export const rad2deg: Unary = unary("rad2deg", {
  dtype: floating,
  eval: (x) => x * (180 / Math.PI),
  c: ([x], dtype) => `(${x} * ${literal(180 / Math.PI, dtype)})`,
  partials: () => [180 / Math.PI],
});

/** The smallest whole number not below x. Its gradient is 0. */
export const ceil: Unary = unary("ceil", whole("ceil", Math.ceil));

/** The largest whole number not above x. Its gradient is 0. */
export const floor: Unary = unary("floor", whole("floor", Math.floor));

/** x without its fraction. Its gradient is 0. */
export const trunc: Unary = unary("trunc", whole("trunc", Math.trunc));

/** The nearest whole number, halves to the even one. Its gradient is 0. */
export const round: Unary = unary("round", whole("rint", roundHalfEven));

/** round, under a name that says its rule. */
export const roundHalfToEven: Unary = round;

/** The nearest whole number, halves away from 0, in the dtype of x. Its gradient is 0. */
export const roundHalfAwayFromZero: Unary = unary("roundHalfAwayFromZero", {
  ...whole("trunc", roundHalfAway),
  c: ([x], dtype) => {
    if (!isFloat(dtype)) return x;
    const f = (name: string, ...args: string[]) => calls(name)(args, dtype),
      down = f("trunc", x);
    return `(${f("abs", `${x} - ${down}`)} >= ${
      literal(0.5, dtype)
    } ? ${down} + ${f("copysign", "1", x)} : ${down})`;
  },
});

/** log(e^x + e^y), without overflow. Within 2 ulp of the larger of itself and 1. */
export const logaddexp: Binary = binary("logaddexp", {
  dtype: floating,
  eval: (x, y) =>
    x === y
      ? x + Math.LN2
      : Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y))),
  c: ([x, y], dtype) => {
    const f = (name: string, arg: string) => calls(name)([arg], dtype),
      rest = f("log1p", f("exp", `-${f("abs", `${x} - ${y}`)}`));
    return `(${x} == ${y} ? ${x} + ${
      literal(Math.LN2, dtype)
    } : (${x} > ${y} ? ${x} : ${y}) + ${rest})`;
  },
  partials: ([x, y]) => [sigmoid(sub(x, y)), sigmoid(sub(y, x))],
  commutative: true,
});

/** The larger of both; NaN if either is. At ties the whole gradient goes to x. */
export const maximum: Binary = binary("maximum", {
  dtype: promoted,
  eval: (x, y) => x >= y || x !== x ? x : y,
  bigint: (x, y) => x > y ? x : y,
  c: ([x, y], dtype) =>
    isFloat(dtype)
      ? calls("maximum")([x, y], dtype)
      : `(${x} > ${y} ? ${x} : ${y})`,
  partials: (
    [x, y],
  ) => [(t) => where(ge(x, y), t, 0), (t) => where(ge(x, y), 0, t)],
  length: (lengths, x, y) => lengths.max(x, y),
});

/** The smaller of both; NaN if either is. At ties the whole gradient goes to x. */
export const minimum: Binary = binary("minimum", {
  dtype: promoted,
  eval: (x, y) => x <= y || x !== x ? x : y,
  bigint: (x, y) => x < y ? x : y,
  c: ([x, y], dtype) =>
    isFloat(dtype)
      ? calls("minimum")([x, y], dtype)
      : `(${x} < ${y} ? ${x} : ${y})`,
  partials: (
    [x, y],
  ) => [(t) => where(le(x, y), t, 0), (t) => where(le(x, y), 0, t)],
  length: (lengths, x, y) => lengths.min(x, y),
});

/** low where x is below it, high where x is above it, else x. */
export const clip: Ternary = ternary("clip", {
  dtype: promoted,
  eval: (x, low, high) => x < low ? low : x > high ? high : x,
  bigint: (x, low, high) => x < low ? low : x > high ? high : x,
  c: ([x, low, high]) =>
    `(${x} < ${low} ? ${low} : ${x} > ${high} ? ${high} : ${x})`,
  partials: ([x, low, high]) => [
    (t) => where(lt(x, low), 0, where(gt(x, high), 0, t)),
    (t) => where(lt(x, low), t, 0),
    (t) => where(lt(x, low), 0, where(gt(x, high), t, 0)),
  ],
});

/** The logistic function 1 / (1 + e^-x). */
export const sigmoid: Unary = unary("sigmoid", {
  dtype: floating,
  eval: logistic,
  c: calls("sigmoid"),
  partials: (_, y) => [mul(y, sub(1, y))],
});

/** log(1 + e^x). */
export const softplus: Unary = unary("softplus", {
  dtype: floating,
  eval: logOnePlusExp,
  c: calls("softplus"),
  partials: ([x]) => [sigmoid(x)],
});

/** max(x, 0). At 0, where both sides meet, the gradient is 1/2. */
export const rectify: Unary = unary("relu", {
  dtype: numeric,
  eval: (x) => x >= 0 || x !== x ? x : 0,
  bigint: (x) => x > 0n ? x : 0n,
  c: ([x], dtype) =>
    isFloat(dtype)
      ? calls("maximum")([x, "0"], dtype)
      : `(${x} > 0 ? ${x} : 0)`,
  partials: ([x]) => [mul(0.5, add(1, sign(x)))],
});

/** The error function. */
export const erf: Unary = unary("erf", {
  dtype: floating,
  eval: errorFunction,
  c: calls("erf"),
  partials: ([x]) => [mul(2 / Math.sqrt(Math.PI), exp(neg(sqr(x))))],
});

/** 1 - erf(x), accurate where that is small. */
export const erfc: Unary = unary("erfc", {
  dtype: floating,
  eval: complementaryErrorFunction,
  c: calls("erfc"),
  partials: ([x]) => [mul(-2 / Math.sqrt(Math.PI), exp(neg(sqr(x))))],
});

/** x, as a value of its own. */
export const identity: Unary = unary("identity", {
  dtype: promoted,
  eval: (x) => x,
  bigint: (x) => x,
  c: ([x]) => x,
  partials: () => [1],
  length: (_, x) => x,
});

/** y in the shape of x: the fill of Theano. */
export const second: Binary = binary("second", {
  dtype: (_, y) => y,
  operands: (y, x) => [x, y],
  eval: (_, y) => y,
  bigint: (_, y) => y,
  c: ([, y]) => y,
  partials: () => [null, 1],
  length: (_lengths, _x, y) => y,
  connects: [[false], [true]],
});

interface CastParams {
  readonly dtype: Dtype;
}

const castTo: OpFunction<X, CastParams> = defineOp<X, CastParams>({
  name: "cast",
  arity: 1,
  infer: (inputs, { dtype }, lengths) =>
    inferElementwise(
      "cast",
      { dtype: () => dtype, length: kept(inputs[0].dtype, dtype) },
      inputs,
      lengths,
    ),
  eval: ([x], { dtype }) => x.astype(dtype),
  vjp: ({ params: { dtype } }, g) => [isFloat(dtype) ? g : null],
  jvp: ({ params: { dtype } }, [t]) =>
    t && isFloat(dtype) ? cast(t, dtype) : null,
  loops: (site) =>
    elementLoops(site, ([x]) => [castExpr(x!, site.params.dtype)]),
  scalar: castScalar(),
});

/**
 * x in another dtype, itself where it has that already: float to integer
 * truncates and wraps, NaN becomes 0.
 */
export const cast:
  & ((x: Operand, dtype: Dtype) => Variable)
  & { readonly op: AnyOp } = Object.assign(
    (x: Operand, dtype: Dtype): Variable => {
      const v = asVariable(x);
      return v.dtype === dtype ? v : castTo(v, { dtype: checkDtype(dtype) });
    },
    { op: castTo.op },
  );

/** The value of a 0-d integer survives a conversion that cannot wrap. */
function kept(from: Dtype, to: Dtype): (lengths: Lengths, x: Length) => Length {
  return (_, x) => typeof x === "number" || castsSafely(from, to) ? x : null;
}

/** The dtype of both; bools have no negatives. */
function signed(name: string): (...inputs: Dtype[]) => Dtype {
  return (...inputs) => {
    const dtype = promoted(...inputs);
    if (dtype === "bool") {
      throw new TypeError(
        `Cannot apply ${name}: bool has no negatives; use xor or invert, or astype first`,
      );
    }
    return dtype;
  };
}

/** A function that leaves integers as they are. */
function whole(name: string, f: (x: number) => number): Row<X> {
  return {
    dtype: promoted,
    eval: f,
    bigint: (x) => x,
    c: ([x], dtype) => isFloat(dtype) ? calls(name)([x], dtype) : x,
    partials: () => [null],
  };
}

function literal(x: number, dtype: Dtype): string {
  return dtype === "float64" ? `${x}` : `${x}f`;
}
