/** The functions that are methods of a Variable; attached when this module is loaded, which is the only work at import. */
import { Variable } from "../graph/variable.ts";
import { argmax, argmin } from "./reductions/argmax.ts";
import { at } from "./indexing/at.ts";
import { broadcastTo } from "./shape/broadcast_to.ts";
import {
  dimshuffle,
  expandDims,
  squeeze,
  swapaxes,
  transpose,
} from "./shape/dimshuffle.ts";
import { cumprod, cumsum, diff } from "./order/cumulative.ts";
import type { Operand } from "./define.ts";
import { diagonal, trace } from "./shape/diagonal.ts";
import { dot } from "./products/dot.ts";
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
} from "./elementwise/elemwise.ts";
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
} from "./elementwise/elemwise_logic.ts";
import { relu } from "./nnet/nnet.ts";
import { compress, nonzero, nonzeroValues } from "./indexing/nonzero.ts";
import { repeat } from "./shape/repeat.ts";
import { searchsorted } from "./order/search.ts";
import { argsort, sort } from "./order/sort.ts";
import { choose, take } from "./indexing/take.ts";
import { all, any, max, min, prod, sum } from "./reductions/reduce.ts";
import { flatten, reshape } from "./shape/reshape.ts";
import { shape, size } from "./shape/shape.ts";
import { logSoftmax, softmax } from "./nnet/softmax.ts";
import { specifyShape } from "./shape/specify_shape.ts";
import { norm } from "./linalg/norm.ts";
import { logsumexp, mean, ptp, std, var_ } from "./reductions/statistics.ts";

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
