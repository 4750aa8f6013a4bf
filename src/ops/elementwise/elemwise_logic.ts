/** Elementwise comparisons, tests, logic on bools and bits, and choice: one row is the whole op. */
import { withDefaults } from "../../graph/options.ts";
import { config } from "../../graph/config.ts";
import { type Dtype, isFloat } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { asVariables, type Operand, type X, type XY } from "../define.ts";
import { abs, add, cast, mul, sub } from "./elemwise.ts";
import {
  type Binary,
  binary,
  promoted,
  type Row,
  type Ternary,
  ternary,
  type Unary,
  unary,
} from "./scalar.ts";

/** x < y, bool. */
export const lt: Binary = binary("lt", comparison("<", (x, y) => x < y));

/** x ≤ y, bool. */
export const le: Binary = binary("le", comparison("<=", (x, y) => x <= y));

/** x > y, bool. */
export const gt: Binary = binary("gt", comparison(">", (x, y) => x > y));

/** x ≥ y, bool. */
export const ge: Binary = binary("ge", comparison(">=", (x, y) => x >= y));

/** x = y, bool; NaN equals nothing. */
export const eq: Binary = binary("eq", {
  ...comparison("==", (x, y) => x === y),
  commutative: true,
});

/** x ≠ y, bool. */
export const neq: Binary = binary("neq", {
  ...comparison("!=", (x, y) => x !== y),
  commutative: true,
});

/** True where x is NaN. */
export const isnan: Unary = unary(
  "isnan",
  test(Number.isNaN, (x) => `(${x} != ${x})`, false),
);

/** True where x is ∞ or -∞. */
export const isinf: Unary = unary(
  "isinf",
  test(
    (x) => Math.abs(x) === Infinity,
    (x) => `((${x} == ${x}) & (${x} - ${x} != 0))`,
    false,
  ),
);

/** True where x is neither infinite nor NaN. */
export const isfinite: Unary = unary(
  "isfinite",
  test(Number.isFinite, (x) => `(${x} - ${x} == 0)`, true),
);

/** x and y: of truth values or of bits. TypeError: a float. */
export const and_: Binary = binary(
  "and",
  bitwise("and", "&", (x, y) => x & y, (x, y) => x & y),
);

/** x or y: of truth values or of bits. TypeError: a float. */
export const or_: Binary = binary(
  "or",
  bitwise("or", "|", (x, y) => x | y, (x, y) => x | y),
);

/** Either x or y: of truth values or of bits. TypeError: a float. */
export const xor: Binary = binary(
  "xor",
  bitwise("xor", "^", (x, y) => x ^ y, (x, y) => x ^ y),
);

/** not x: of truth values or of bits. TypeError: a float. */
export const invert: Unary = unary("invert", {
  dtype: bits("invert"),
  eval: (x) => x === 0,
  int: (x) => ~x,
  bigint: (x) => ~x,
  c: ([x], dtype) => dtype === "bool" ? `(${x} == 0)` : `(~${x})`,
});

/** x where c is not 0, else y: both are computed; see ifelse for a lazy choice. */
export const where: Ternary = ternary("where", {
  dtype: (_, x, y) => promoted(x, y),
  operands: (result) => ["bool", result, result],
  eval: (c, x, y) => c ? x : y,
  bigint: (c, x, y) => c ? x : y,
  c: ([c, x, y]) => `(${c} ? ${x} : ${y})`,
  partials: ([c]) => [null, (t) => where(c, t, 0), (t) => where(c, 0, t)],
  length: (_, c, x, y) => typeof c === "number" ? (c ? x : y) : null,
});

/** where, under Theano's name. */
export const switch_: Ternary = where;

/** Whether x lies between two bounds, which belong to the range unless they are open. */
export function inRange(
  x: Operand,
  low: Operand,
  high: Operand,
  options: { readonly openLow?: boolean; readonly openHigh?: boolean } = {},
): Variable {
  const { openLow, openHigh } = withDefaults("apply inRange", options, {
    openLow: false,
    openHigh: false,
  });
  return and_(
    (openLow ? lt : le)(low, x),
    (openHigh ? lt : le)(x, high),
  );
}

/** When numbers count as close. */
export interface CloseOptions {
  /** Of the size of the second operand, 1e-5 unless given. */
  readonly rtol?: number;
  /** Besides that, 1e-8 unless given. */
  readonly atol?: number;
  /** NaN are close to each other. */
  readonly equalNan?: boolean;
}

/** |x - y| ≤ atol + rtol |y|, elementwise; infinities are close to themselves only. */
export function isclose(
  x: Operand,
  y: Operand,
  options: CloseOptions = {},
): Variable {
  const { rtol, atol, equalNan } = withDefaults("apply isclose", options, {
    rtol: 1e-5,
    atol: 1e-8,
    equalNan: false,
  });
  const [a, b] = asVariables([x, y]).map((v) =>
    isFloat(v.dtype) ? v : cast(v, config.floatX)
  ) as [Variable, Variable];
  const isNear = le(abs(sub(a, b)), add(atol, mul(rtol, abs(b))));
  const close = or_(eq(a, b), and_(isNear, isfinite(b)));
  return equalNan ? or_(close, and_(isnan(a), isnan(b))) : close;
}

function comparison(
  symbol: string,
  compare: (x: number | bigint, y: number | bigint) => boolean,
): Row<XY> {
  return {
    dtype: () => "bool",
    operands: (_, x, y) => [promoted(x!, y!), promoted(x!, y!)],
    eval: compare,
    bigint: compare,
    c: ([x, y]) => `(${x} ${symbol} ${y})`,
  };
}

/** A question to floats; for integers the answer is always the same. */
function test(
  holds: (x: number) => boolean,
  c: (x: string) => string,
  integers: boolean,
): Row<X> {
  return {
    dtype: () => "bool",
    operands: (_, x) => [x!],
    eval: holds,
    bigint: () => integers,
    c: ([x], dtype) => isFloat(dtype) ? c(x) : integers ? "1" : "0",
  };
}

function bitwise(
  name: string,
  symbol: string,
  numbers: (x: number, y: number) => number,
  bigints: (x: bigint, y: bigint) => bigint,
): Row<XY> {
  return {
    dtype: bits(name),
    eval: numbers,
    bigint: bigints,
    c: ([x, y]) => `(${x} ${symbol} ${y})`,
    commutative: true,
  };
}

function bits(name: string): (...inputs: Dtype[]) => Dtype {
  return (...inputs) => {
    const dtype = promoted(...inputs);
    if (isFloat(dtype)) {
      throw new TypeError(
        `Cannot apply ${name}: expected bool or integers, got ${
          inputs.join(" and ")
        }`,
      );
    }
    return dtype;
  };
}
