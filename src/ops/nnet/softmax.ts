/** Softmax and what is computed together with it: each op is one pass of loops over rows. */
import { withDefaults } from "../../graph/options.ts";
import { allocate, type Dtype } from "../../graph/dtype.ts";
import type { Expr, Loops, Stage } from "../../graph/loops.ts";
import { forEachOffset, NDArray } from "../../graph/ndarray.ts";
import type { Type } from "../../graph/type.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
  type XY,
} from "../define.ts";
import { add, div, exp, log, mul, sub } from "../elementwise/elemwise.ts";
import { sum } from "../reductions/reduce.ts";
import { call, castExpr, floating } from "../elementwise/scalar.ts";
import { axisOf } from "../shape/shape.ts";
import { point } from "../loop_nest.ts";

/** The axis along which elements compete. */
export interface AxisParams {
  /** Counted from the start. */
  readonly axis: number;
}

/** A function of rows, along the last axis unless given. */
export interface RowFunction {
  (x: Operand, options?: { readonly axis?: number }): Variable;
  /** What rules match on. */
  readonly op: AnyOp;
}

/** Sub-expressions that stages of the loops share. */
interface RowSite {
  readonly load: (input: number, type: Type) => Expr;
  readonly stage: (stage: number) => Expr;
}

/** Loops over rows: reduce stages, then what is stored in each element. `dtype` is that of all intermediate values. */
function rowLoops(
  ndim: number,
  axis: number,
  dtype: Dtype,
  describe: (
    site: RowSite,
  ) => {
    readonly reduce: readonly (readonly ["max" | "sum", Expr])[];
    readonly store: Expr;
    readonly result: Dtype;
  },
): Loops {
  const every = [...Array(ndim).keys()],
    index = every.map(point);
  const { reduce, store, result } = describe({
    load: (input, type) =>
      castExpr({ kind: "load", input, index, dtype: type.dtype }, dtype),
    stage: (stage) => ({ kind: "stage", stage, dtype }),
  });
  return {
    axes: every.map((axis) => ({ of: "output", operand: 0, axis })),
    outer: every.filter((a) => a !== axis),
    stages: [
      ...reduce.map(([combine, value]): Stage => ({
        kind: "reduce",
        axes: [axis],
        combine,
        value,
        dtype,
      })),
      {
        kind: "store",
        axes: [axis],
        output: 0,
        index,
        value: castExpr(store, result),
      },
    ],
  };
}

/** The dtype that rows are computed in. */
function within(dtype: Dtype): Dtype {
  return dtype === "float16" ? "float32" : dtype;
}

/** Each row of `inputs` along `axis`, as plain numbers; what `f` makes of it is the row of the result. */
function mapRows(
  inputs: readonly NDArray[],
  axis: number,
  dtype: Dtype,
  f: (...rows: number[][]) => readonly number[],
): NDArray {
  const { shape } = inputs[0]!, n = shape[axis]!;
  const result = new NDArray(dtype, shape, allocate(dtype, inputs[0]!.size));
  const starts = [...inputs, result].map((x) => {
    const without = (list: readonly number[]) =>
        list.filter((_, a) => a !== axis),
      found: number[] = [];
    forEachOffset(
      without(shape),
      without(x.strides),
      x.offset,
      (at) => found.push(at),
    );
    return found;
  });
  for (let row = 0; row < starts[0]!.length; row++) {
    const rows = inputs.map((x, k) =>
      Array.from(
        { length: n },
        (_, i) => Number(x.data[starts[k]![row]! + i * x.strides[axis]!]),
      )
    );
    f(...rows).forEach((value, i) =>
      result.data[starts[inputs.length]![row]! + i * result.strides[axis]!] =
        value
    );
  }
  return result;
}

function softmaxOf(x: readonly number[]): number[] {
  const m = x.reduce((a, b) => Math.max(a, b), -Infinity),
    e = x.map((v) => Math.exp(v - m));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / total);
}

function logSoftmaxOf(x: readonly number[]): number[] {
  const m = x.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = Math.log(x.reduce((a, b) => a + Math.exp(b - m), 0));
  return x.map((v) => v - m - total);
}

/** The stages of softmax: the largest element, and the sum of exponentials below it. */
function softmaxStages(
  x: Expr,
  m: Expr,
): readonly (readonly ["max" | "sum", Expr])[] {
  return [["max", x], ["sum", call(exp, call(sub, x, m))]];
}

function rowFunction(op: OpFunction<X, AxisParams>): RowFunction {
  const { name } = op.op;
  return Object.assign(
    (operand: Operand, options: Partial<AxisParams> = {}) => {
      const { axis } = withDefaults(`apply ${name}`, options, { axis: -1 });
      const x = asVariable(operand);
      return op(x, { axis: axisOf(name, axis, x.ndim) });
    },
    { op: op.op },
  );
}

const softmaxOp: OpFunction<X, AxisParams> = defineOp<X, AxisParams>({
  name: "softmax",
  arity: 1,
  infer: ([x]) => ({ dtype: floating(x.dtype), shape: x.shape }),
  eval: ([x], { axis }) => mapRows([x], axis, floating(x.dtype), softmaxOf),
  vjp: ({ output, params }, g) => [softmaxGrad(g, output, params)],
  jvp: ({ output, params }, [t]) => t && softmaxGrad(t, output, params),
  loops: ({ inputs: [x], outputs: [y], params: { axis } }) =>
    rowLoops(x!.shape.length, axis, within(y!.dtype), ({ load, stage }) => ({
      reduce: softmaxStages(load(0, x!), stage(0)),
      store: call(div, call(exp, call(sub, load(0, x!), stage(0))), stage(1)),
      result: y!.dtype,
    })),
});

/** e^x / Σ e^x along an axis, without overflow. */
export const softmax: RowFunction = rowFunction(softmaxOp);

/** The gradient of softmax, whose result was y: (g - Σ g·y) · y. The Jacobian is symmetric, so that it is the R-op as well. */
export const softmaxGrad: OpFunction<XY, AxisParams> = defineOp<XY, AxisParams>(
  {
    name: "softmaxGrad",
    arity: 2,
    infer: ([, y]) => ({ dtype: y.dtype, shape: y.shape }),
    eval: ([g, y], { axis }) =>
      mapRows([g, y], axis, y.dtype, (g, y) => {
        const total = g!.reduce((a, v, i) => a + v * y![i]!, 0);
        return g!.map((v, i) => (v - total) * y![i]!);
      }),
    vjp: (
      { inputs: [g, y], params },
      c,
    ) => [softmaxGrad(c, y, params), towardsSoftmax(c, [g, y], params)],
    jvp: ({ inputs: [g, y], params }, [tg, ty]) => {
      const first = tg && softmaxGrad(tg, y, params);
      if (!ty) return first;
      const { axis } = params,
        total = (x: Variable) => sum(x, { axis, keepdims: true });
      const second = sub(
        mul(sub(g, total(mul(g, y))), ty),
        mul(y, total(mul(g, ty))),
      );
      return first ? add(first, second) : second;
    },
    loops: ({ inputs: [g, y], outputs: [out], params: { axis } }) =>
      rowLoops(
        y!.shape.length,
        axis,
        within(out!.dtype),
        ({ load, stage }) => ({
          reduce: [["sum", call(mul, load(0, g!), load(1, y!))]],
          store: call(mul, call(sub, load(0, g!), stage(0)), load(1, y!)),
          result: out!.dtype,
        }),
      ),
  },
);

/** The cotangent of y in (g - Σ g·y) · y. */
function towardsSoftmax(
  c: Variable,
  [g, y]: readonly [Variable, Variable],
  { axis }: AxisParams,
): Variable {
  const total = (x: Variable) => sum(x, { axis, keepdims: true });
  return sub(mul(c, sub(g, total(mul(g, y)))), mul(g, total(mul(c, y))));
}

const logSoftmaxOp: OpFunction<X, AxisParams> = defineOp<X, AxisParams>({
  name: "logSoftmax",
  arity: 1,
  infer: ([x]) => ({ dtype: floating(x.dtype), shape: x.shape }),
  eval: ([x], { axis }) => mapRows([x], axis, floating(x.dtype), logSoftmaxOf),
  vjp: (
    { output, params: { axis } },
    g,
  ) => [sub(g, mul(exp(output), sum(g, { axis, keepdims: true })))],
  jvp: ({ output, params: { axis } }, [t]) =>
    t && sub(t, sum(mul(exp(output), t), { axis, keepdims: true })),
  loops: ({ inputs: [x], outputs: [y], params: { axis } }) =>
    rowLoops(x!.shape.length, axis, within(y!.dtype), ({ load, stage }) => ({
      reduce: softmaxStages(load(0, x!), stage(0)),
      store: call(sub, call(sub, load(0, x!), stage(0)), call(log, stage(1))),
      result: y!.dtype,
    })),
});

/** log(softmax(x)) along an axis, finite where softmax underflows. */
export const logSoftmax: RowFunction = rowFunction(logSoftmaxOp);
