/** Reductions over axes: folds of the elements. */
import { type Defaults, withDefaults } from "../../graph/options.ts";
import {
  allocate,
  type Dtype,
  DTYPES,
  isBig,
  isFloat,
  type TypedArray,
} from "../../graph/dtype.ts";
import type { Shaped } from "../../graph/length.ts";
import type { Combine, Expr, Loops } from "../../graph/loops.ts";
import { forEachOffset, NDArray, sizeOf } from "../../graph/ndarray.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { refuseSparse } from "../elementwise/broadcast.ts";
import { broadcastAs } from "../shape/broadcast_to.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
} from "../define.ts";
import { dimshuffle } from "../shape/dimshuffle.ts";
import { cast, div, mul, sub } from "../elementwise/elemwise.ts";
import { eq, where } from "../elementwise/elemwise_logic.ts";
import { castExpr } from "../elementwise/scalar.ts";
import { axisOf } from "../shape/shape.ts";
import { axesOfOperand, load, point, reduceLoops } from "../loop_nest.ts";

/** Which axes a reduction goes over: all unless given; negative counts from the end. */
export type Axis = number | readonly number[];

/** How to reduce. */
export interface ReduceOptions {
  /** All unless given. */
  readonly axis?: Axis;
  /** Reduced axes stay, with length 1. */
  readonly keepdims?: boolean;
}

/** How to sum or multiply. */
export interface SumOptions extends ReduceOptions {
  /** The dtype of the result: int64 or uint64 for integers and bools, else that of x, unless given. */
  readonly dtype?: Dtype;
}

/** The options of most reductions, */
export const REDUCE = {
  axis: undefined,
  keepdims: false,
} as const satisfies Defaults<ReduceOptions>;

/** and of those that add or multiply. */
export const SUM = { ...REDUCE, dtype: undefined } as const satisfies Defaults<
  SumOptions
>;

/** The parameters of a reduction: the axes in ascending order. */
export interface ReduceParams {
  /** The axes that go. */
  readonly axes: readonly number[];
  /** The dtype of the result where it is not the usual one. */
  readonly dtype?: Dtype;
}

/** The function of a reduction; without an axis the result has none. */
export interface Reduction<O extends ReduceOptions = ReduceOptions> {
  (x: Operand): Variable<0>;
  (x: Operand, options: O): Variable;
  /** What rules match on. */
  readonly op: AnyOp;
}

/** How one reduction differs from the next. */
interface Row {
  readonly combine: Combine;
  readonly dtype: (x: Dtype) => Dtype;
  /** The dtype in which it accumulates a result of this dtype; the same unless given. */
  readonly accumulator?: (result: Dtype) => Dtype;
  /** What an element contributes; itself unless given. */
  readonly contribution?: (x: Expr) => Expr;
  /** The result of no elements; absent where there is none. */
  readonly empty?: number;
  readonly eval: (a: number, x: number) => number;
  readonly bigint: (a: bigint, x: bigint) => bigint;
  readonly vjp?: (
    x: Variable,
    y: Variable,
    g: Variable,
    axes: readonly number[],
  ) => Variable;
  readonly jvp?: (
    x: Variable,
    y: Variable,
    t: Variable,
    axes: readonly number[],
  ) => Variable;
}

function reduction<O extends ReduceOptions>(
  name: string,
  defaults: Defaults<ReduceOptions>,
  row: Row,
): Reduction<O> {
  const resultOf = (x: Dtype, { dtype }: ReduceParams) => dtype ?? row.dtype(x);
  const accumulatorOf = (result: Dtype) => row.accumulator?.(result) ?? result;
  const reduce: OpFunction<X, ReduceParams> = defineOp<X, ReduceParams>({
    name,
    arity: 1,
    infer: ([x], params) => {
      refuseSparse(name, [x]);
      if (row.empty === undefined) refuseEmpty(name, x.shape, params.axes);
      return {
        dtype: resultOf(x.dtype, params),
        shape: x.shape.filter((_, axis) => !params.axes.includes(axis)),
      };
    },
    eval: ([x], params) => {
      if (row.empty === undefined) refuseEmpty(name, x.shape, params.axes);
      const result = resultOf(x.dtype, params);
      return foldElements(row, x.astype(accumulatorOf(result)), params.axes)
        .astype(result);
    },
    vjp: (
      { inputs: [x], output, params: { axes } },
      g,
    ) => [
      row.vjp && isFloat(output.dtype) ? row.vjp(x, output, g, axes) : null,
    ],
    jvp: ({ inputs: [x], output, params: { axes } }, [t]) =>
      t && row.jvp && isFloat(output.dtype)
        ? row.jvp(x, output, t, axes)
        : null,
    loops: ({ inputs: [x], outputs: [y], params }) => {
      const {
        contribution = (e: Expr) => castExpr(e, accumulatorOf(y!.dtype)),
      } = row;
      return reductionLoops(x!.shape.length, params.axes, (load) => ({
        combine: row.combine,
        value: contribution(load(x!.dtype)),
        dtype: accumulatorOf(y!.dtype),
        result: y!.dtype,
      }));
    },
  });
  const apply = (operand: Operand, given: ReduceOptions = {}): Variable => {
    const options: SumOptions = withDefaults(`apply ${name}`, given, defaults);
    const x = asVariable(operand),
      axes = axesOf(name, options.axis, x.ndim),
      usual = row.dtype(x.dtype);
    const dtype = options.dtype ?? usual;
    const y = axes.length
      ? reduce(x, dtype === usual ? { axes } : { axes, dtype })
      : cast(x, dtype);
    return options.keepdims ? restoreAxes(y, axes) : y;
  };
  return Object.assign(
    apply as { (x: Operand): Variable<0>; (x: Operand, options: O): Variable },
    { op: reduce.op },
  );
}

/** The axes meant by `axis`, ascending. RangeError: out of range, or named twice. */
export function axesOf(
  name: string,
  axis: Axis | undefined,
  ndim: number,
): number[] {
  if (axis === undefined) return [...Array(ndim).keys()];
  const axes = [axis].flat().map((a: number) => axisOf(name, a, ndim)).sort((
    a,
    b,
  ) => a - b);
  const twice = axes.find((a, i) => a === axes[i - 1]);
  if (twice !== undefined) {
    throw new RangeError(`Cannot apply ${name}: axis ${twice} is given twice`);
  }
  return axes;
}

/** RangeError: one of the axes has length 0. */
export function refuseEmpty(
  name: string,
  shape: Shaped["shape"],
  axes: readonly number[],
): void {
  const empty = axes.find((axis) => shape[axis] === 0);
  if (empty !== undefined) {
    throw new RangeError(`Cannot apply ${name}: axis ${empty} has length 0`);
  }
}

/** A reduced value with its axes back, of length 1. */
export function restoreAxes(y: Variable, axes: readonly number[]): Variable {
  if (axes.length === 0) return y;
  let from = 0;
  return dimshuffle(
    y,
    Array.from(
      { length: y.ndim + axes.length },
      (_, axis) => axes.includes(axis) ? "x" : from++,
    ),
  );
}

/** Loops that reduce some axes of input 0 and store the results. */
export function reductionLoops(
  ndim: number,
  axes: readonly number[],
  stage: (
    load: (dtype: Dtype) => Expr,
  ) => { combine: Combine; value: Expr; dtype: Dtype; result: Dtype },
): Loops {
  const every = [...Array(ndim).keys()],
    outer = every.filter((axis) => !axes.includes(axis));
  const { combine, value, dtype, result } = stage((dtype) =>
    load(0, every.map(point), dtype)
  );
  return reduceLoops({
    axes: axesOfOperand("input", 0, every),
    outer,
    reduce: { axes, combine, value, dtype },
    result: (found) => castExpr(found, result),
  });
}

/** For every point of the axes that stay: what `reduce` makes of the elements at `start + offsets[i]`. */
export function reduceElements(
  x: NDArray,
  axes: readonly number[],
  dtype: Dtype,
  reduce: (
    data: TypedArray,
    start: number,
    offsets: readonly number[],
  ) => number | bigint,
): NDArray {
  const kept = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
  const pick = (list: readonly number[], which: readonly number[]) =>
    which.map((axis) => list[axis]!);
  const offsets: number[] = [];
  forEachOffset(
    pick(x.shape, axes),
    pick(x.strides, axes),
    0,
    (at) => offsets.push(at),
  );
  const shape = pick(x.shape, kept), out = allocate(dtype, sizeOf(shape));
  let to = 0;
  forEachOffset(
    shape,
    pick(x.strides, kept),
    x.offset,
    (at) => (out[to++] = reduce(x.data, at, offsets)),
  );
  return new NDArray(dtype, shape, out);
}

function foldElements(
  { eval: combine, bigint, empty }: Row,
  x: NDArray,
  axes: readonly number[],
): NDArray {
  const round = x.dtype === "float32" ? Math.fround : (a: number) => a;
  return reduceElements(x, axes, x.dtype, (data, start, offsets) => {
    const first = empty === undefined ? 1 : 0;
    if (isBig(x.dtype)) {
      let a = first ? data[start + offsets[0]!] as bigint : BigInt(empty!);
      for (let i = first; i < offsets.length; i++) {
        a = bigint(a, data[start + offsets[i]!] as bigint);
      }
      return a;
    }
    let a = first ? data[start + offsets[0]!] as number : empty!;
    for (let i = first; i < offsets.length; i++) {
      a = round(combine(a, data[start + offsets[i]!] as number));
    }
    return a;
  });
}

/** The dtype of sums: integers and bools grow to 64 bits. */
export function summed(x: Dtype): Dtype {
  const { kind } = DTYPES[x];
  return kind === "float" ? x : kind === "uint" ? "uint64" : "int64";
}

/** Sums are accumulated in a wider dtype: one rounding is left. */
export function wider(result: Dtype): Dtype {
  return result === "float16"
    ? "float32"
    : result === "float32"
    ? "float64"
    : isFloat(result)
    ? result
    : summed(result);
}

/** The sum over axes, 0 of nothing. */
export const sum: Reduction<SumOptions> = reduction<SumOptions>("sum", SUM, {
  combine: "sum",
  dtype: summed,
  accumulator: wider,
  empty: 0,
  eval: (a, x) => a + x,
  bigint: (a, x) => a + x,
  vjp: (x, _, g, axes) => broadcastAs(restoreAxes(g, axes), x),
  jvp: (_x, _y, t, axes) => sum(t, { axis: axes }),
});

/** The product over axes, 1 of nothing. Its gradient is right where elements are 0. */
export const prod: Reduction<SumOptions> = reduction<SumOptions>("prod", SUM, {
  combine: "prod",
  dtype: summed,
  accumulator: wider,
  empty: 1,
  eval: (a, x) => a * x,
  bigint: (a, x) => BigInt.asIntN(64, a * x),
  vjp: (x, _, g, axes) => mul(restoreAxes(g, axes), productOfOthers(x, axes)),
  jvp: (x, _, t, axes) => sum(mul(t, productOfOthers(x, axes)), { axis: axes }),
});

/** For each element the product of all others along the axes. */
function productOfOthers(x: Variable, axis: readonly number[]): Variable {
  const isZero = eq(x, 0), zeros = sum(isZero, { axis, keepdims: true });
  const safe = where(isZero, 1, x),
    product = prod(safe, { axis, keepdims: true });
  return where(eq(sub(zeros, isZero), 0), div(product, safe), 0);
}

/** The product over axes of what is not 0, and 0 where nothing is. It passes no gradient where all is 0. */
export function prodWithoutZeros(
  x: Operand,
  options: SumOptions = {},
): Variable {
  const { dtype, ...axes } = withDefaults(
    "apply prodWithoutZeros",
    options,
    SUM,
  );
  const v = asVariable(x),
    product = prod(where(eq(v, 0), 1, v), { dtype, ...axes });
  return cast(where(any(v, axes), product, 0), product.dtype);
}

/** The largest element over axes; NaN if one is. Every element that is equal to it has the whole gradient. RangeError: nothing to reduce. */
export const max: Reduction = reduction<ReduceOptions>("max", REDUCE, {
  combine: "max",
  dtype: (x) => x,
  eval: (a, x) => x > a || x !== x ? x : a,
  bigint: (a, x) => x > a ? x : a,
  ...extremum(),
});

/** The smallest element over axes; see max. */
export const min: Reduction = reduction<ReduceOptions>("min", REDUCE, {
  combine: "min",
  dtype: (x) => x,
  eval: (a, x) => x < a || x !== x ? x : a,
  bigint: (a, x) => x < a ? x : a,
  ...extremum(),
});

function extremum(): Required<Pick<Row, "vjp" | "jvp">> {
  return {
    vjp: (x, y, g, axes) =>
      where(eq(x, restoreAxes(y, axes)), restoreAxes(g, axes), 0),
    jvp: (x, y, t, axes) =>
      sum(where(eq(x, restoreAxes(y, axes)), t, 0), { axis: axes }),
  };
}

/** True if any element over axes is not 0. */
export const any: Reduction = reduction<ReduceOptions>("any", REDUCE, {
  ...logical("or"),
  empty: 0,
  eval: (a, x) => a | x,
});

/** True if every element over axes is not 0. */
export const all: Reduction = reduction<ReduceOptions>("all", REDUCE, {
  ...logical("and"),
  empty: 1,
  eval: (a, x) => a & x,
});

function logical(combine: Combine): Omit<Row, "eval"> {
  return {
    combine,
    dtype: () => "bool",
    contribution: (x) => castExpr(x, "bool"),
    bigint: (a) => a,
  };
}
