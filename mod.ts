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
  type GraphFunction,
  type GraphGradient,
  type GraphRop,
  OpFromGraph,
  type OpFromGraphOptions,
} from "./src/nested/op_from_graph.ts";
export { type DrawShape, RandomState } from "./src/ops/random/random_state.ts";
export * from "./src/ops/inputs.ts";

// Operations.
export * from "./src/ops/operations.ts";
export { expr } from "./src/ops/expr.ts";
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
export { call as scalarCall } from "./src/ops/elementwise/scalar.ts";

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
export type { ExportOptions } from "./src/run/export/export_c.ts";
export type {
  Argument,
  CompiledFunction,
  CopyOptions,
  ResultOf,
  Results,
} from "./src/run/compiled.ts";
export { DebugError } from "./src/run/debug.ts";
export { DebugMode, Mode, type ModeOptions } from "./src/run/mode.ts";
export { In } from "./src/run/in.ts";
export {
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
