/** The functions that are methods of a Variable; attached when this module is loaded, which is the only work at import. */
import { Variable } from "../graph/variable.ts";
import { argmax, argmin } from "./argmax.ts";
import { at } from "./at.ts";
import { broadcastTo } from "./broadcast_to.ts";
import {
  dimshuffle,
  expandDims,
  squeeze,
  swapaxes,
  transpose,
} from "./dimshuffle.ts";
import { cumprod, cumsum, diff } from "./cumulative.ts";
import type { Operand } from "./define.ts";
import { diagonal, trace } from "./diagonal.ts";
import { dot } from "./dot.ts";
import {
  abs,
  add,
  arccos,
  arccosh,
  arcsin,
  arcsinh,
  arctan,
  arctanh,
  cast,
  ceil,
  clip,
  cos,
  cosh,
  deg2rad,
  div,
  erf,
  erfc,
  exp,
  exp2,
  expm1,
  floor,
  floorDiv,
  intDiv,
  log,
  log10,
  log1p,
  log2,
  maximum,
  minimum,
  mod,
  mul,
  neg,
  pow,
  rad2deg,
  reciprocal,
  round,
  second,
  sigmoid,
  sign,
  sin,
  sinh,
  softplus,
  sqr,
  sqrt,
  sub,
  tan,
  tanh,
  trunc,
} from "./elemwise.ts";
import {
  and_,
  eq,
  ge,
  gt,
  invert,
  isfinite,
  isinf,
  isnan,
  le,
  lt,
  neq,
  or_,
  xor,
} from "./elemwise_logic.ts";
import { relu } from "./nnet.ts";
import { compress, nonzero, nonzeroValues } from "./nonzero.ts";
import { repeat } from "./repeat.ts";
import { searchsorted } from "./search.ts";
import { argsort, sort } from "./sort.ts";
import { choose, take } from "./take.ts";
import { all, any, max, min, prod, sum } from "./reduce.ts";
import { flatten, reshape } from "./reshape.ts";
import { shape, size } from "./shape.ts";
import { logSoftmax, softmax } from "./softmax.ts";
import { specifyShape } from "./specify_shape.ts";
import { norm } from "./linalg/norm.ts";
import { logsumexp, mean, ptp, std, var_ } from "./statistics.ts";

/** compress has the condition first, as in NumPy. */
function compressOf(
  x: Variable,
  condition: Operand,
  axis?: number | null,
): Variable {
  return compress(condition, x, axis);
}

/** A method's name and its function, whose first operand is the variable. */
export const METHODS: {
  readonly [name: string]: (...args: never[]) => unknown;
} = {
  abs,
  add,
  arccos,
  arccosh,
  arcsin,
  arcsinh,
  arctan,
  arctanh,
  ceil,
  clip,
  cos,
  cosh,
  deg2rad,
  div,
  erf,
  erfc,
  exp,
  exp2,
  expm1,
  floor,
  floorDiv,
  intDiv,
  log,
  log10,
  log1p,
  log2,
  maximum,
  minimum,
  mod,
  mul,
  neg,
  pow,
  rad2deg,
  reciprocal,
  round,
  sigmoid,
  sign,
  sin,
  sinh,
  softplus,
  sqr,
  sqrt,
  sub,
  tan,
  tanh,
  trunc,
  astype: cast,
  fill: second,
  and_,
  eq,
  ge,
  gt,
  invert,
  isfinite,
  isinf,
  isnan,
  le,
  lt,
  neq,
  or_,
  xor,
  relu,
  softmax,
  logSoftmax,
  all,
  any,
  argmax,
  argmin,
  logsumexp,
  max,
  mean,
  min,
  norm,
  prod,
  ptp,
  std,
  sum,
  var: var_,
  argsort,
  at,
  broadcastTo,
  choose,
  compress: compressOf,
  cumprod,
  cumsum,
  diagonal,
  diff,
  dimshuffle,
  dot,
  expandDims,
  flatten,
  nonzero,
  nonzeroValues,
  repeat,
  reshape,
  searchsorted,
  sort,
  specifyShape,
  squeeze,
  swapaxes,
  take,
  trace,
  transpose,
};

/** What reads like a property. */
export const GETTERS: { readonly [name: string]: (x: Variable) => unknown } = {
  T: transpose,
  shape,
  size,
};

for (const [name, f] of Object.entries(METHODS)) {
  const apply = f as (x: Variable, ...rest: unknown[]) => unknown;
  Object.defineProperty(Variable.prototype, name, {
    value(this: Variable, ...rest: unknown[]) {
      return apply(this, ...rest);
    },
  });
}
for (const [name, f] of Object.entries(GETTERS)) {
  Object.defineProperty(Variable.prototype, name, {
    get(this: Variable) {
      return f(this);
    },
  });
}
