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
export type { Storage } from "./src/graph/storage.ts";
export {
  type AnyOp,
  Apply,
  Constant,
  type CText,
  type Evaluated,
  type Facts,
  type Given,
  type LoopSite,
  type Op,
  type ScalarOp,
  SharedVariable,
  Variable,
  type ViewMap,
} from "./src/graph/variable.ts";
export type { Origin } from "./src/graph/origin.ts";
export type * from "./src/graph/methods.ts";
export type { Inferred, Length, Lengths, Shaped } from "./src/graph/length.ts";
export type {
  Combine,
  Expr,
  LoopAxis,
  Loops,
  Stage,
} from "./src/graph/loops.ts";
export {
  type AxesAfter,
  type AxesLeft,
  type Bound,
  type Index,
  type IndexedRank,
  Slice,
  slice,
  type Tail,
} from "./src/graph/indexing.ts";
export {
  beta,
  betainc,
  betaln,
  chi2sf,
  digamma,
  erfcinv,
  erfcx,
  erfinv,
  factorial,
  gamma,
  gammainc,
  gammaincc,
  gammal,
  gammaln,
  gammau,
  i0,
  i1,
  iv,
  j0,
  j1,
  jv,
  log1mexp,
  logit,
  polygamma,
  psi,
  sinc,
  triGamma,
  xlog1py0,
  xlogx,
  xlogy0,
} from "./src/ops/elemwise_special.ts";
export {
  type Cloned,
  type CloneOptions,
  cloneReplace,
} from "./src/ops/clone_replace.ts";
export {
  type GraphFunction,
  type GraphGradient,
  type GraphRop,
  OpFromGraph,
  type OpFromGraphOptions,
} from "./src/nested/op_from_graph.ts";
export { type DrawShape, RandomState } from "./src/ops/random_state.ts";
export {
  type BinomialOptions,
  type ChoiceOptions,
  type DrawOptions,
  type DrawSize,
  dropout,
  type MultinomialOptions,
  type NormalOptions,
  RandomStreams,
  type UniformOptions,
} from "./src/ops/random_streams.ts";
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
  type Value,
  zeros,
  zerosLike,
} from "./src/ops/constructors.ts";

// Operations.
export type { Binary, Ternary, Unary } from "./src/ops/scalar.ts";
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
  logaddexp,
  maximum,
  minimum,
  mod,
  mul,
  neg,
  pow,
  rad2deg,
  reciprocal,
  round,
  roundHalfAwayFromZero,
  roundHalfToEven,
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
  type CloseOptions,
  eq,
  ge,
  gt,
  inRange,
  invert,
  isclose,
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
export {
  all,
  any,
  type Axis,
  max,
  min,
  prod,
  prodWithoutZeros,
  type ReduceOptions,
  type Reduction,
  sum,
  type SumOptions,
} from "./src/ops/reduce.ts";
export {
  argmax,
  argmin,
  type ArgReduction,
  maxAndArgmax,
} from "./src/ops/argmax.ts";
export {
  allclose,
  logsumexp,
  mean,
  median,
  type MedianOptions,
  nanmax,
  nanmean,
  nanmin,
  nanprod,
  nansum,
  ptp,
  std,
  var_,
  var_ as var,
  type VarOptions,
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
export {
  flatten,
  type RankOf,
  reshape,
  type ShapeLike,
} from "./src/ops/reshape.ts";
export { broadcastTo } from "./src/ops/broadcast_to.ts";
export { specifyShape, unbroadcast } from "./src/ops/specify_shape.ts";
export { at, incSubtensor, setSubtensor } from "./src/ops/at.ts";
export {
  choose,
  type IndexMode,
  inversePermutation,
  permuteRowElements,
  take,
  takeAlongAxis,
} from "./src/ops/take.ts";
export {
  type AxisOrder,
  compress,
  flatnonzero,
  nonzero,
  nonzeroMatrix,
  nonzeroValues,
  ravelMultiIndex,
  unravelIndex,
} from "./src/ops/nonzero.ts";
export { concatenate, join, split, stack } from "./src/ops/join.ts";
export {
  addBroadcast,
  horizontalStack,
  type Lists,
  patternBroadcast,
  prependScalarToEachRow,
  rollaxis,
  shapePadAxis,
  stackLists,
  toOneHot,
  verticalStack,
} from "./src/ops/stacks.ts";
export {
  pad,
  type PadCount,
  type PadMode,
  type PadOptions,
  type PadWidth,
} from "./src/ops/pad.ts";
export { flip, repeat, roll, rot90, tile } from "./src/ops/repeat.ts";
export {
  allocDiag,
  diag,
  diagonal,
  fillDiagonal,
  fillDiagonalOffset,
  trace,
  tri,
  tril,
  triu,
} from "./src/ops/diagonal.ts";
export {
  bartlett,
  type GridRange,
  linspace,
  type LinspaceOptions,
  meshgrid,
  type MeshgridOptions,
  mgrid,
  ogrid,
} from "./src/ops/grids.ts";
export {
  argsort,
  argtopk,
  sort,
  type Sorting,
  type SortOptions,
  topk,
  topkAndArgtopk,
  type TopkOptions,
} from "./src/ops/sort.ts";
export {
  argsortRows,
  unique,
  type UniqueOptions,
  type UniqueResult,
} from "./src/ops/unique.ts";
export {
  bincount,
  type BincountOptions,
  histogram,
  type HistogramOptions,
  type SearchOptions,
  searchsorted,
  type Side,
} from "./src/ops/search.ts";
export {
  cumprod,
  cumsum,
  type Cumulative,
  diff,
  recurrence,
} from "./src/ops/cumulative.ts";
export { dot, outer } from "./src/ops/dot.ts";
export {
  batchedDot,
  batchedTensordot,
  kron,
  tensordot,
  type TensordotAxes,
} from "./src/ops/products.ts";
export { logSoftmax, type RowFunction, softmax } from "./src/ops/softmax.ts";
export {
  binaryCrossentropy,
  categoricalCrossentropy,
  elu,
  hardSigmoid,
  relu,
  selu,
  sigmoidBinaryCrossentropy,
  softsign,
  ultraFastSigmoid,
} from "./src/ops/nnet.ts";
export {
  conv2d,
  conv2dGradWrtInputs,
  conv2dGradWrtWeights,
  conv2dTranspose,
  conv3d,
  conv3dGradWrtInputs,
  conv3dGradWrtWeights,
  type ConvTransposeOptions,
  type PartialShape,
} from "./src/ops/conv.ts";
export type { BorderMode, ConvOptions } from "./src/ops/conv_geometry.ts";
export {
  bilinearUpsampling,
  causalConv1d,
  type CausalOptions,
  separableConv2d,
  separableConv3d,
  type SeparableOptions,
} from "./src/ops/conv_graphs.ts";
export {
  averagePoolGrad,
  maxPool2dSameSize,
  maxPoolGrad,
  maxPoolGradGrad,
  pool,
  pool2d,
  pool3d,
  type PoolOptions,
} from "./src/ops/pool.ts";
export type { PoolMode } from "./src/ops/pool_windows.ts";
export {
  diagonalSubtensor,
  images2neibs,
  neibs2images,
  type NeighbourMode,
} from "./src/ops/neighbours.ts";
export {
  batchNormalizationTest,
  batchNormalizationTrain,
  type BatchNormalized,
  type BatchNormAxes,
  type BatchNormOptions,
  type BatchNormTrainOptions,
} from "./src/ops/batch_norm.ts";
export {
  type BlockOperands,
  sparseBlockDot,
  sparseBlockGemv,
  sparseBlockOuter,
} from "./src/ops/block_sparse.ts";
export { assert, print } from "./src/ops/debug.ts";
export { type Ifelse, ifelse } from "./src/ops/ifelse.ts";
export {
  type Cotangents,
  defineOp,
  type Each,
  type OneOrMore,
  type Operand,
  type OpFunction,
  type Rules,
  type Site,
  type X,
  type XY,
  type XYZ,
} from "./src/ops/define.ts";

// Differentiation.
export {
  DISCONNECTED,
  DisconnectedInputError,
  grad,
  type Gradient,
  type Gradients,
  type GradOptions,
  Lop,
  MissingRuleError,
  type PartialGradients,
  type PullbackOptions,
  type ScalarRank,
  type ZeroOptions,
} from "./src/grad/grad.ts";
export { Rop, type Tangents } from "./src/grad/rop.ts";
export { hessianVectorProduct } from "./src/grad/hessian.ts";
export {
  GradientError,
  verifyGrad,
  type VerifyOptions,
} from "./src/grad/verify.ts";
export {
  considerConstant,
  disconnectedGrad,
  gradClip,
  gradScale,
  zeroGrad,
} from "./src/grad/identities.ts";

// Loops.
export { scan, type ScanOptions, type ScanUpdates } from "./src/nested/scan.ts";
export {
  type CheckpointOptions,
  scanCheckpoints,
} from "./src/nested/checkpoints.ts";
export {
  foldl,
  type FoldOptions,
  foldr,
  map,
  type MapOptions,
  reduce,
  type ReduceStepOptions,
} from "./src/nested/fold.ts";
export {
  type OutputInfo,
  type Outputs as StepOutputs,
  type Scanned,
  type ScannedValues,
  type Sequence,
  type Step,
  type StepEffect,
  type StepResult,
  type StepUpdates,
  Until,
  until,
} from "./src/nested/step.ts";

// Fourier transforms.
export {
  type FftNorm,
  irfft,
  type IrfftOptions,
  rfft,
  type RfftOptions,
} from "./src/ops/fft.ts";

// Linear algebra.
export { cholesky, type CholeskyOptions } from "./src/ops/linalg/cholesky.ts";
export {
  eig,
  eigh,
  eigvalsh,
  type EigvalshOptions,
  type Uplo,
} from "./src/ops/linalg/eigen.ts";
export { expm } from "./src/ops/linalg/expm.ts";
export {
  type LeastSquares,
  lstsq,
  matrixPinv,
  pinv,
  type PinvOptions,
} from "./src/ops/linalg/least_squares.ts";
export { norm, type NormOptions } from "./src/ops/linalg/norm.ts";
export {
  matmul,
  matrixDot,
  matrixPower,
  spectralRadiusBound,
  tensorinv,
  tensorsolve,
} from "./src/ops/linalg/products.ts";
export { qr, type QrMode } from "./src/ops/linalg/qr.ts";
export {
  det,
  inv,
  logdet,
  matrixInverse,
  slogdet,
  solve,
  type SolveOptions,
  type Structure,
} from "./src/ops/linalg/solve.ts";
export { svd, type SvdOptions, svdvals } from "./src/ops/linalg/svd.ts";
export {
  solveLowerTriangular,
  solveTriangular,
  solveUpperTriangular,
  type TriangularOptions,
} from "./src/ops/linalg/triangular.ts";

// Whole Jacobians.
export {
  type Hessian,
  hessian,
  type Jacobian,
  jacobian,
  type Jacobians,
  type JointRank,
} from "./src/nested/jacobian.ts";

// Rewriting: rules of one's own, for `Mode.including`.
export {
  type Applies,
  type Bindings,
  type Licence,
  type Named,
  named,
  type Names,
  type Pattern as RulePattern,
  type Rule as RewriteRule,
  rule as rewriteRule,
  ruleAt as rewriteRuleAt,
  type RuleOptions,
  type Surroundings,
} from "./src/rewrite/pattern.ts";
export { RewriteError } from "./src/rewrite/driver.ts";

// Functions.
export { function, type FunctionOptions } from "./src/compile.ts";
export type { ExportOptions } from "./src/run/export_c.ts";
export type {
  Argument,
  CompiledFunction,
  CopyOptions,
  ResultOf,
  Results,
} from "./src/run/compiled.ts";
export { DebugError } from "./src/run/debug.ts";
export { DebugMode, Mode, type ModeOptions } from "./src/run/mode.ts";
export {
  In,
  MissingInputError,
  type Outputs,
  type SpecOptions,
  UnusedInputError,
  type Update,
} from "./src/run/spec.ts";

import "./src/eval.ts";

// Tools.
export { describeConfig } from "./src/run/flags.ts";
export {
  loadIdx,
  loadNpy,
  loadNpz,
  saveNpy,
  saveNpz,
} from "./src/tools/files.ts";
export {
  type Panel,
  type Picture,
  plot,
  type PlotLibrary,
  type PlotMark,
  type PlotName,
} from "./src/tools/plot.ts";
export {
  type Progress,
  progress,
  type ProgressOptions,
  type ProgressOutput,
} from "./src/tools/progress.ts";
export {
  CompileError,
  statistics as kernelStatistics,
} from "./src/build/cache.ts";
export { CacheError } from "./src/build/store.ts";
export { MissingCompilerError } from "./src/build/toolchain.ts";
export { MissingLibraryError } from "./src/run/runtime.ts";
