/** Every operation, flat: what mod.ts exports, and what formulas may call. */
export {
  beta,
  betainc,
  betaincinv,
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
  gammainccinv,
  gammaincinv,
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
} from "./elementwise/elemwise_special.ts";
export {
  ceilIntdiv,
  divmod,
  fill,
  iround,
  isneginf,
  isposinf,
  largest,
  nanToNum,
  type NanToNumOptions,
  power,
  type RoundOptions,
  sgn,
  smallest,
  square,
  trueDiv,
  xlog1py,
  xlogy,
} from "./elementwise/elemwise_more.ts";
export {
  type Cloned,
  type CloneOptions,
  cloneReplace,
} from "./clone_replace.ts";
export {
  type BinomialOptions,
  type ChoiceOptions,
  type DrawOptions,
  type DrawSize,
  type MultinomialOptions,
  type NormalOptions,
  type UniformOptions,
} from "./random/draws.ts";
export { dropout } from "./random/dropout.ts";
export { RandomStreams } from "./random/random_streams.ts";
export { arange } from "./arange.ts";
export {
  alloc,
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
} from "./constructors.ts";
export type { Binary, Ternary, Unary } from "./elementwise/scalar.ts";
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
} from "./elementwise/elemwise.ts";
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
} from "./elementwise/elemwise_logic.ts";
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
} from "./reductions/reduce.ts";
export {
  argmax,
  argmin,
  type ArgReduction,
  maxAndArgmax,
} from "./reductions/argmax.ts";
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
} from "./reductions/statistics.ts";
export { cov, type CovOptions } from "./reductions/covariance.ts";
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
} from "./shape/dimshuffle.ts";
export { shape, shapeAt, size } from "./shape/shape.ts";
export {
  flatten,
  type RankOf,
  reshape,
  type ShapeLike,
} from "./shape/reshape.ts";
export { broadcastTo } from "./shape/broadcast_to.ts";
export { specifyShape, unbroadcast } from "./shape/specify_shape.ts";
export { at, incSubtensor, setSubtensor } from "./indexing/at.ts";
export {
  choose,
  type IndexMode,
  inversePermutation,
  permuteRowElements,
  take,
  takeAlongAxis,
} from "./indexing/take.ts";
export {
  type AxisOrder,
  compress,
  flatnonzero,
  nonzero,
  nonzeroMatrix,
  nonzeroValues,
  ravelMultiIndex,
  unravelIndex,
} from "./indexing/nonzero.ts";
export { concatenate, join, split, stack } from "./shape/join.ts";
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
} from "./shape/stacks.ts";
export {
  pad,
  type PadCount,
  type PadMode,
  type PadOptions,
  type PadWidth,
} from "./shape/pad.ts";
export { flip, repeat, roll, rot90, tile } from "./shape/repeat.ts";
export {
  allocDiag,
  diag,
  diagonal,
  extractDiag,
  fillDiagonal,
  fillDiagonalOffset,
  identityLike,
  trace,
  tri,
  tril,
  triu,
} from "./shape/diagonal.ts";
export {
  bartlett,
  type GridRange,
  linspace,
  type LinspaceOptions,
  meshgrid,
  type MeshgridOptions,
  mgrid,
  ogrid,
} from "./shape/grids.ts";
export {
  argsort,
  argtopk,
  sort,
  type Sorting,
  type SortOptions,
  topk,
  topkAndArgtopk,
  type TopkOptions,
} from "./order/sort.ts";
export {
  argsortRows,
  unique,
  type UniqueOptions,
  type UniqueResult,
} from "./order/unique.ts";
export {
  bincount,
  type BincountOptions,
  histogram,
  type HistogramOptions,
  type SearchOptions,
  searchsorted,
  type Side,
} from "./order/search.ts";
export {
  cumprod,
  cumsum,
  type Cumulative,
  diff,
  recurrence,
} from "./order/cumulative.ts";
export { dot, outer } from "./products/dot.ts";
export { einsum } from "./products/einsum.ts";
export {
  batchedDot,
  batchedTensordot,
  kron,
  tensordot,
  type TensordotAxes,
} from "./products/products.ts";
export { logSoftmax, type RowFunction, softmax } from "./nnet/softmax.ts";
export {
  crossentropyCategorical1Hot,
  crossentropySoftmax1Hot,
} from "./nnet/crossentropy.ts";
export {
  confusionMatrix,
  crossentropySoftmax1HotWithBias,
  crossentropySoftmaxMaxAndArgmax1Hot,
  hSoftmax,
  type HSoftmaxOptions,
  type HSoftmaxWeights,
  softmaxWithBias,
} from "./nnet/classes.ts";
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
} from "./nnet/nnet.ts";
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
} from "./images/conv.ts";
export type { BorderMode, ConvOptions } from "./images/conv_geometry.ts";
export {
  bilinearUpsampling,
  causalConv1d,
  type CausalOptions,
  separableConv2d,
  separableConv3d,
  type SeparableOptions,
} from "./images/conv_graphs.ts";
export {
  averagePoolGrad,
  maxPool2dSameSize,
  maxPoolGrad,
  maxPoolGradGrad,
  pool,
  pool2d,
  pool3d,
  type PoolOptions,
} from "./images/pool.ts";
export type { PoolMode } from "./images/pool_windows.ts";
export {
  diagonalSubtensor,
  images2neibs,
  neibs2images,
  type NeighbourMode,
} from "./images/neighbours.ts";
export {
  batchNormalizationTest,
  batchNormalizationTrain,
  type BatchNormalized,
  type BatchNormAxes,
  type BatchNormOptions,
  type BatchNormTrainOptions,
} from "./nnet/batch_norm.ts";
export {
  type BlockOperands,
  sparseBlockDot,
  sparseBlockGemv,
  sparseBlockOuter,
} from "./products/block_sparse.ts";
export { assert, print } from "./debug.ts";
export { type Ifelse, ifelse } from "./ifelse.ts";
export {
  type FftNorm,
  irfft,
  type IrfftOptions,
  rfft,
  type RfftOptions,
} from "./fft/fft.ts";
export { cholesky, type CholeskyOptions } from "./linalg/cholesky.ts";
export {
  eig,
  eigh,
  eigvalsh,
  type EigvalshOptions,
  type Uplo,
} from "./linalg/eigen.ts";
export { expm } from "./linalg/expm.ts";
export {
  type LeastSquares,
  lstsq,
  matrixPinv,
  pinv,
  type PinvOptions,
} from "./linalg/least_squares.ts";
export { norm, type NormOptions } from "./linalg/norm.ts";
export {
  matmul,
  matrixDot,
  matrixPower,
  spectralRadiusBound,
  tensorinv,
  tensorsolve,
} from "./linalg/products.ts";
export { qr, type QrMode } from "./linalg/qr.ts";
export {
  det,
  inv,
  logdet,
  matrixInverse,
  slogdet,
  solve,
  type SolveOptions,
  type Structure,
} from "./linalg/solve.ts";
export { svd, type SvdOptions, svdvals } from "./linalg/svd.ts";
export {
  solveLowerTriangular,
  solveTriangular,
  solveUpperTriangular,
  type TriangularOptions,
} from "./linalg/triangular.ts";
