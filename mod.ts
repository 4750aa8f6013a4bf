/**
 * Damo: a symbolic tensor compiler. A script builds a graph of symbolic
 * variables; Damo differentiates and rewrites it, emits C, compiles what it
 * has never seen, keeps it on disk, and a C virtual machine runs it.
 *
 * ```ts
 * import * as damo from "damo";
 * const x = damo.matrix("x"), w = damo.shared(damo.ones([3]), { name: "w" });
 * const cost = damo.sqr(x.dot(w)).mean();
 * const train = damo.function([x], cost, { updates: [[w, w.sub(damo.grad(cost, w).mul(0.01))]] });
 * console.log(train([[1, 2, 3], [4, 5, 6]])); // 130.5
 * ```
 *
 * @module
 */
import "./src/ops/methods.ts";
import { applyFlags } from "./src/run/flags.ts";

applyFlags();

// Values and types.
export { type Config, config } from "./src/graph/config.ts";
export type { Dtype, TypedArray } from "./src/graph/dtype.ts";
export {
  array,
  type ArrayLike,
  NDArray,
  type Nested,
} from "./src/graph/ndarray.ts";
export type { DenseType, Dim, SparseType, Type } from "./src/graph/type.ts";
export {
  Apply,
  Constant,
  type Op,
  SharedVariable,
  Variable,
} from "./src/graph/variable.ts";
export { type Index, Slice, slice } from "./src/graph/indexing.ts";
export { RandomState } from "./src/ops/random_state.ts";
export * from "./src/ops/inputs.ts";
export {
  alloc,
  arange,
  asTensor,
  constant,
  eye,
  full,
  fullLike,
  ones,
  onesLike,
  shared,
  type SharedOptions,
  zeros,
  zerosLike,
} from "./src/ops/constructors.ts";

// Operations.
export {
  abs,
  add,
  arccos,
  arccosh,
  arcsin,
  arcsinh,
  arctan,
  arctan2,
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
  identity,
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
} from "./src/ops/elemwise.ts";
export {
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
  switch_,
  where,
  xor,
} from "./src/ops/elemwise_logic.ts";
export { all, any, max, min, prod, sum } from "./src/ops/reduce.ts";
export { argmax, argmin, maxAndArgmax } from "./src/ops/argmax.ts";
export {
  logsumexp,
  mean,
  norm,
  ptp,
  std,
  var_,
} from "./src/ops/statistics.ts";
export {
  atleast1d,
  atleast2d,
  atleast3d,
  dimshuffle,
  expandDims,
  moveaxis,
  shapePadLeft,
  shapePadRight,
  squeeze,
  swapaxes,
  transpose,
} from "./src/ops/dimshuffle.ts";
export { shape, shapeAt, size } from "./src/ops/shape.ts";
export { flatten, reshape } from "./src/ops/reshape.ts";
export { broadcastTo } from "./src/ops/broadcast_to.ts";
export { specifyShape, unbroadcast } from "./src/ops/specify_shape.ts";
export { at, incSubtensor, setSubtensor, take } from "./src/ops/at.ts";
export { concatenate, join, split, stack } from "./src/ops/join.ts";
export { dot, outer } from "./src/ops/dot.ts";
export { logSoftmax, softmax } from "./src/ops/softmax.ts";
export {
  binaryCrossentropy,
  categoricalCrossentropy,
  elu,
  hardSigmoid,
  relu,
  selu,
  sigmoidBinaryCrossentropy,
  softsign,
} from "./src/ops/nnet.ts";
export { assert, print } from "./src/ops/debug.ts";
export { ifelse } from "./src/ops/ifelse.ts";
export { defineOp } from "./src/ops/define.ts";

// Differentiation.
export {
  DISCONNECTED,
  DisconnectedInputError,
  grad,
  Lop,
  MissingRuleError,
} from "./src/grad/grad.ts";
export { Rop } from "./src/grad/rop.ts";
export { verifyGrad } from "./src/grad/verify.ts";
export {
  considerConstant,
  disconnectedGrad,
  gradClip,
  gradScale,
  zeroGrad,
} from "./src/grad/identities.ts";

// Loops.
export { scan, until } from "./src/nested/scan.ts";

// Functions.
export { type FunctionOptions, function } from "./src/compile.ts";
export type {
  CompiledFunction,
  ResultOf,
  Results,
} from "./src/run/compiled.ts";
export { DebugMode, Mode, type ModeOptions } from "./src/run/mode.ts";
export {
  In,
  MissingInputError,
  type Outputs,
  UnusedInputError,
  type Update,
  type Value,
} from "./src/run/spec.ts";

// Tools.
export {
  loadIdx,
  loadNpy,
  loadNpz,
  saveNpy,
  saveNpz,
} from "./src/tools/files.ts";
export { progress } from "./src/tools/progress.ts";
export { statistics as kernelStatistics } from "./src/build/cache.ts";
