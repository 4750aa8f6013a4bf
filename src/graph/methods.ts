/** The methods of a Variable: their types and what each does; src/ops/methods.ts attaches them. */
import type { Dtype } from "./dtype.ts";
import type { Index, IndexedRank } from "./indexing.ts";
import type { ArrayLike, NDArray, Nested } from "./ndarray.ts";
import type { Variable } from "./variable.ts";

/** A plain number: it takes the dtype of the other operand. */
export type Scalar = number | bigint | boolean;

/** An array that becomes a constant of the graph. */
export type Values = NDArray | ArrayBufferView | ArrayLike | readonly Nested[];

/** A tuple of N elements: arithmetic on ranks is done with these. */
export type Axes<N extends number, T extends 0[] = []> = T["length"] extends N
  ? T
  : Axes<N, [...T, 0]>;

/** The rank of what two operands broadcast to; unknown if either is. */
export type Max<A extends number, S extends number> = number extends A ? number
  : number extends S ? number
  : Axes<A> extends [...Axes<S>, ...0[]] ? A
  : S;

/** The rank of dot: the last axis of one is summed against the last but one of the other. */
export type DotRank<A extends number, S extends number> = number extends A
  ? number
  : number extends S ? number
  : A extends 0 ? S
  : S extends 0 ? A
  : [...Axes<A>, ...Axes<S>] extends [0, 0, ...infer T] ? T["length"]
  : number;

/** A binary operation with broadcasting. */
export interface BinaryMethod {
  <A extends number, S extends number = 0>(
    this: Variable<A>,
    y: Variable<S> | Scalar,
  ): Variable<Max<A, S>>;
  (this: Variable, y: Values): Variable;
}

/** A reduction: over every axis unless told otherwise. */
export interface ReduceMethod<O> {
  (this: Variable): Variable<0>;
  (
    this: Variable,
    options: O & { readonly keepdims?: false; readonly axis?: undefined },
  ): Variable<0>;
  <A extends number>(
    this: Variable<A>,
    options: O & { readonly keepdims: true },
  ): Variable<A>;
  (this: Variable, options: O): Variable;
}

/** The axes that a reduction goes over, and whether they stay with length 1. */
export interface AxisOption {
  /** All unless given. */
  readonly axis?: number | readonly number[];
  /** Reduced axes stay, with length 1. */
  readonly keepdims?: boolean;
}

/** What a Variable of rank R can do. Each method is the function of the same name with the variable as its first operand. */
export interface Methods<R extends number> {
  /** {@linkcode add}: x + y. */
  readonly add: BinaryMethod;
  /** {@linkcode sub}: x - y. */
  readonly sub: BinaryMethod;
  /** {@linkcode mul}: x · y, elementwise. */
  readonly mul: BinaryMethod;
  /** {@linkcode div}: x / y, a float. */
  readonly div: BinaryMethod;
  /** {@linkcode intDiv}: the floor of x / y. */
  readonly intDiv: BinaryMethod;
  /** {@linkcode floorDiv}: the floor of x / y. */
  readonly floorDiv: BinaryMethod;
  /** {@linkcode mod}: the remainder, with the sign of y. */
  readonly mod: BinaryMethod;
  /** {@linkcode pow}: x to the power y. */
  readonly pow: BinaryMethod;
  /** {@linkcode maximum}: the larger of both. */
  readonly maximum: BinaryMethod;
  /** {@linkcode minimum}: the smaller of both. */
  readonly minimum: BinaryMethod;
  /** {@linkcode lt}: x < y, bool. */
  readonly lt: BinaryMethod;
  /** {@linkcode le}: x ≤ y, bool. */
  readonly le: BinaryMethod;
  /** {@linkcode gt}: x > y, bool. */
  readonly gt: BinaryMethod;
  /** {@linkcode ge}: x ≥ y, bool. */
  readonly ge: BinaryMethod;
  /** {@linkcode eq}: x = y, bool. */
  readonly eq: BinaryMethod;
  /** {@linkcode neq}: x ≠ y, bool. */
  readonly neq: BinaryMethod;
  /** {@linkcode and_}: x and y, of bools or bits. */
  readonly and_: BinaryMethod;
  /** {@linkcode or_}: x or y, of bools or bits. */
  readonly or_: BinaryMethod;
  /** {@linkcode xor}: either x or y, of bools or bits. */
  readonly xor: BinaryMethod;
  /** {@linkcode invert}: not x, of bools or bits. */
  invert(): Variable<R>;
  /** {@linkcode second}: y in the shape of x. */
  fill(y: Variable | Scalar): Variable<R>;
  /** {@linkcode clip}: low where x is below it, high where x is above it, else x. */
  clip(low: Variable<0> | Scalar, high: Variable<0> | Scalar): Variable<R>;
  /** {@linkcode cast}: x in another dtype. */
  astype(dtype: Dtype): Variable<R>;

  /** {@linkcode neg}: -x. */
  neg(): Variable<R>;
  /** {@linkcode abs}: |x|. */
  abs(): Variable<R>;
  /** {@linkcode sign}: -1, 0 or 1. */
  sign(): Variable<R>;
  /** {@linkcode sqr}: x². */
  sqr(): Variable<R>;
  /** {@linkcode sqrt}: √x. */
  sqrt(): Variable<R>;
  /** {@linkcode reciprocal}: 1 / x. */
  reciprocal(): Variable<R>;
  /** {@linkcode exp}: e^x. */
  exp(): Variable<R>;
  /** {@linkcode exp2}: 2^x. */
  exp2(): Variable<R>;
  /** {@linkcode expm1}: e^x - 1. */
  expm1(): Variable<R>;
  /** {@linkcode log}: the natural logarithm. */
  log(): Variable<R>;
  /** {@linkcode log2}: the logarithm to base 2. */
  log2(): Variable<R>;
  /** {@linkcode log10}: the logarithm to base 10. */
  log10(): Variable<R>;
  /** {@linkcode log1p}: log(1 + x). */
  log1p(): Variable<R>;
  /** {@linkcode sin}. */
  sin(): Variable<R>;
  /** {@linkcode cos}. */
  cos(): Variable<R>;
  /** {@linkcode tan}. */
  tan(): Variable<R>;
  /** {@linkcode arcsin}. */
  arcsin(): Variable<R>;
  /** {@linkcode arccos}. */
  arccos(): Variable<R>;
  /** {@linkcode arctan}. */
  arctan(): Variable<R>;
  /** {@linkcode sinh}. */
  sinh(): Variable<R>;
  /** {@linkcode cosh}. */
  cosh(): Variable<R>;
  /** {@linkcode tanh}. */
  tanh(): Variable<R>;
  /** {@linkcode arcsinh}. */
  arcsinh(): Variable<R>;
  /** {@linkcode arccosh}. */
  arccosh(): Variable<R>;
  /** {@linkcode arctanh}. */
  arctanh(): Variable<R>;
  /** {@linkcode deg2rad}: x · π / 180. */
  deg2rad(): Variable<R>;
  /** {@linkcode rad2deg}: x · 180 / π. */
  rad2deg(): Variable<R>;
  /** {@linkcode ceil}: the smallest whole number not below x. */
  ceil(): Variable<R>;
  /** {@linkcode floor}: the largest whole number not above x. */
  floor(): Variable<R>;
  /** {@linkcode trunc}: x without its fraction. */
  trunc(): Variable<R>;
  /** {@linkcode round}: the nearest whole number, halves to the even one. */
  round(): Variable<R>;
  /** {@linkcode sigmoid}: 1 / (1 + e^-x). */
  sigmoid(): Variable<R>;
  /** {@linkcode softplus}: log(1 + e^x). */
  softplus(): Variable<R>;
  /** {@linkcode relu}: max(x, 0), or with alpha x·alpha below 0. */
  relu(options?: { readonly alpha?: number | Variable<0> }): Variable<R>;
  /** {@linkcode erf}: the error function. */
  erf(): Variable<R>;
  /** {@linkcode erfc}: 1 - erf(x). */
  erfc(): Variable<R>;
  /** {@linkcode isnan}: true where x is NaN. */
  isnan(): Variable<R>;
  /** {@linkcode isinf}: true where x is infinite. */
  isinf(): Variable<R>;
  /** {@linkcode isfinite}: true where x is neither. */
  isfinite(): Variable<R>;
  /** {@linkcode softmax}: e^x / Σ e^x along an axis, the last unless given. */
  softmax(options?: { readonly axis?: number }): Variable<R>;
  /** {@linkcode logSoftmax}: log(softmax(x)). */
  logSoftmax(options?: { readonly axis?: number }): Variable<R>;

  /** {@linkcode sum}. */
  readonly sum: ReduceMethod<AxisOption & { readonly dtype?: Dtype }>;
  /** {@linkcode prod}: the product. */
  readonly prod: ReduceMethod<AxisOption & { readonly dtype?: Dtype }>;
  /** {@linkcode mean}: the arithmetic mean. */
  readonly mean: ReduceMethod<AxisOption & { readonly dtype?: Dtype }>;
  /** {@linkcode var_}: the variance. */
  readonly var: ReduceMethod<AxisOption & { readonly ddof?: number }>;
  /** {@linkcode std}: the standard deviation. */
  readonly std: ReduceMethod<AxisOption & { readonly ddof?: number }>;
  /** {@linkcode max}: the largest element. */
  readonly max: ReduceMethod<AxisOption>;
  /** {@linkcode min}: the smallest element. */
  readonly min: ReduceMethod<AxisOption>;
  /** {@linkcode argmax}: the position of the largest element, int64. */
  readonly argmax: ReduceMethod<AxisOption>;
  /** {@linkcode argmin}: the position of the smallest element, int64. */
  readonly argmin: ReduceMethod<AxisOption>;
  /** {@linkcode any}: true if an element is not 0. */
  readonly any: ReduceMethod<AxisOption>;
  /** {@linkcode all}: true if no element is 0. */
  readonly all: ReduceMethod<AxisOption>;
  /** {@linkcode norm}: the root of the sum of squares, or another norm of vectors or matrices. */
  readonly norm: ReduceMethod<
    AxisOption & { readonly ord?: number | "fro" | "nuc" }
  >;
  /** {@linkcode logsumexp}: log Σ e^x. */
  readonly logsumexp: ReduceMethod<AxisOption>;
  /** {@linkcode ptp}: max - min. */
  readonly ptp: ReduceMethod<AxisOption>;

  /** {@linkcode dot}: the matrix product. */
  dot<A extends number, S extends number>(
    this: Variable<A>,
    y: Variable<S>,
  ): Variable<DotRank<A, S>>;
  /** The product with an array. */
  dot(this: Variable, y: Values): Variable;
  /** {@linkcode at}: the elements at an index. */
  at<A extends number, const I extends readonly Index[]>(
    this: Variable<A>,
    ...index: I
  ): Variable<IndexedRank<A, I>>;
  /** {@linkcode reshape}: the same elements in another shape. */
  reshape<const L extends readonly (number | Variable)[]>(
    shape: L,
  ): Variable<L["length"]>;
  /** The same, to a shape that is computed. */
  reshape(shape: Variable): Variable;
  /** {@linkcode flatten}: one axis, or the last axes made one until `ndim` are left. */
  flatten<const N extends number = 1>(ndim?: N): Variable<N>;
  /** {@linkcode dimshuffle}: axes in another order, "x" for a new one of length 1. */
  dimshuffle<const P extends readonly (number | "x")[]>(
    pattern: P,
  ): Variable<P["length"]>;
  /** {@linkcode transpose}: axes in reverse, or in the order given. */
  transpose(axes?: readonly number[]): Variable<R>;
  /** {@linkcode swapaxes}: two axes exchanged. */
  swapaxes(a: number, b: number): Variable<R>;
  /** {@linkcode squeeze}: without axes of length 1. */
  squeeze(axis?: number | readonly number[]): Variable;
  /** {@linkcode expandDims}: with new axes of length 1. */
  expandDims(axis: number | readonly number[]): Variable;
  /** {@linkcode broadcastTo}: repeated to a shape. */
  broadcastTo<const L extends readonly (number | Variable)[]>(
    shape: L,
  ): Variable<L["length"]>;
  /** The same, to a shape that is computed. */
  broadcastTo(shape: Variable): Variable;
  /** {@linkcode specifyShape}: with lengths that types know and the run checks. */
  specifyShape(
    shape: readonly (number | Variable | string | null)[] | Variable,
  ): Variable<R>;

  /** {@linkcode sort}: the elements in ascending order along an axis, the last unless given. */
  sort(
    axis?: number | Variable<0> | null,
    options?: { readonly descending?: boolean },
  ): Variable;
  /** {@linkcode argsort}: the positions that sort. */
  argsort(
    axis?: number | Variable<0> | null,
    options?: { readonly descending?: boolean },
  ): Variable;
  /** {@linkcode cumsum}: running sums. */
  cumsum(axis?: number | null): Variable;
  /** {@linkcode cumprod}: running products. */
  cumprod(axis?: number | null): Variable;
  /** {@linkcode diff}: differences of neighbours. */
  diff(n?: number, axis?: number): Variable<R>;
  /** {@linkcode searchsorted}: where values keep the order of this vector. */
  searchsorted(
    v: Variable | Scalar | Values,
    options?: {
      readonly side?: "left" | "right";
      readonly sorter?: Variable | Values;
    },
  ): Variable;
  /** {@linkcode take}: the elements that integers name, along an axis. */
  take(
    index: Variable | Scalar | Values,
    axis?: number | null,
    mode?: "raise" | "wrap" | "clip",
  ): Variable;
  /** {@linkcode choose}: at each place the element of one of several arrays, of which this is the number. */
  choose(
    choices: Variable | Values | readonly (Variable | Scalar)[],
    mode?: "raise" | "wrap" | "clip",
  ): Variable;
  /** {@linkcode compress}: the elements along an axis where a condition holds. */
  compress(condition: Variable | Values, axis?: number | null): Variable;
  /** {@linkcode nonzero}: the positions of what is not 0, a vector for each axis. */
  nonzero(): Variable<1>[];
  /** {@linkcode nonzeroValues}: what is not 0, a vector. */
  nonzeroValues(): Variable<1>;
  /** {@linkcode repeat}: each element repeated in its place. */
  repeat(repeats: Variable | Scalar | Values, axis?: number | null): Variable;
  /** {@linkcode diagonal}: the elements on a diagonal of two axes. */
  diagonal(offset?: number, axis1?: number, axis2?: number): Variable;
  /** {@linkcode trace}: the sum of a diagonal. */
  trace(offset?: number, axis1?: number, axis2?: number): Variable;

  /** {@linkcode transpose}: axes in reverse. */
  readonly T: Variable<R>;
  /** {@linkcode shape}: the lengths, an int64 vector; never computes x. */
  readonly shape: Variable<1>;
  /** {@linkcode size}: the number of elements, int64; never computes x. */
  readonly size: Variable<0>;
}
