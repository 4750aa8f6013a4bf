/** Cross-entropy against class numbers: rows are along the last axis, and an integer says which element of a row is right. */
import { allocate, isInteger } from "../../graph/dtype.ts";
import type { Length, Lengths, Shaped } from "../../graph/length.ts";
import type { Expr, Loops, Stage } from "../../graph/loops.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { describeType, type Type } from "../../graph/type.ts";
import { defineOp, type OpFunction, type XY, type XYZ } from "../define.ts";
import {
  add,
  div,
  exp,
  log,
  mul,
  neg,
  second,
  sub,
} from "../elementwise/elemwise.ts";
import { eq, lt, where } from "../elementwise/elemwise_logic.ts";
import { restoreAxes, sum } from "../reductions/reduce.ts";
import { call, castExpr, floating } from "../elementwise/scalar.ts";
import { logSoftmax, softmax, softmaxGrad } from "./softmax.ts";
import { total } from "../elementwise/total.ts";
import { point } from "../loop_nest.ts";

/** The lengths of rows and their numbers y. TypeError: y holds no integers or lacks axes; RangeError: lengths differ. */
function rowShape(
  name: string,
  x: Shaped,
  y: Shaped,
  lengths: Lengths,
): Length[] {
  if (!isInteger(y.dtype) || y.shape.length !== x.shape.length - 1) {
    throw new TypeError(
      `Cannot apply ${name}: expected integers with ${
        x.shape.length - 1
      } axes beside ${describeType(x.type)}, got ${describeType(y.type)}`,
    );
  }
  return y.shape.map((n, axis) =>
    lengths.same(
      x.shape[axis]!,
      n,
      (a, b) =>
        new RangeError(
          `Cannot apply ${name}: axis ${axis} has lengths ${a} and ${b}`,
        ),
    )
  );
}

/** Class numbers counted from the start, as plain numbers. RangeError: out of range. */
function classes(name: string, y: NDArray, n: number): number[] {
  return [...y.flat()].map((value) => {
    const i = Number(value);
    if (i < -n || i >= n) {
      throw new RangeError(
        `Cannot apply ${name}: index ${i} is out of range for axis ${y.ndim} of length ${n}`,
      );
    }
    return i < 0 ? i + n : i;
  });
}

/** Expressions that the loops of this file share. */
interface Rows {
  /** Every axis of the rows. */
  readonly index: readonly Expr[];
  /** An element, or the row's number, of an input. */
  readonly load: (input: number, type: Type, index?: readonly Expr[]) => Expr;
  /** The class number of a row, counted from the start. */
  readonly label: (input: number, type: Type) => Expr;
}

function rowsOf(ndim: number): Rows {
  const index = axesBelow(ndim).map(point);
  const load: Rows["load"] = (input, { dtype, shape }, at = index) => ({
    kind: "load",
    input,
    index: at.slice(0, shape.length),
    dtype,
  });
  return {
    index,
    load,
    label: (input, type) => {
      const y = castExpr(load(input, type), "int64");
      return call(
        where,
        call(lt, y, 0),
        call(add, y, { kind: "length", axis: ndim - 1 }),
        y,
      );
    },
  };
}

function axesBelow(ndim: number): number[] {
  return [...Array(ndim).keys()];
}

/** Loops over rows of `operand`, and the elements of each; `checked` is the input whose class numbers are checked. */
function rowLoops(
  ndim: number,
  operand: number,
  stages: readonly Stage[],
  checked?: number,
): Loops {
  const axes = axesBelow(ndim);
  return {
    axes: axes.map((axis) => ({ of: "input", operand, axis })),
    outer: axes.slice(0, -1),
    stages,
    ...(checked !== undefined &&
      { checks: [{ input: checked, of: "input", operand, axis: ndim - 1 }] }),
  };
}

/** -log p[…, y]: the cross-entropy of probabilities against the class y of each row. RangeError: no such class. */
export const crossentropyCategorical1Hot: OpFunction<XY> = defineOp<XY>({
  name: "crossentropyCategorical1Hot",
  arity: 2,
  infer: ([p, y], _, lengths) => ({
    dtype: floating(p.dtype),
    shape: rowShape("crossentropyCategorical1Hot", p, y, lengths),
  }),
  eval: ([p, y]) => {
    const n = p.shape.at(-1)!,
      flat = p.flat(),
      out = allocate(floating(p.dtype), y.size);
    classes("crossentropyCategorical1Hot", y, n).forEach((label, row) =>
      out[row] = -Math.log(Number(flat[row * n + label]))
    );
    return new NDArray(floating(p.dtype), y.shape, out);
  },
  vjp: (
    { inputs: [p, y] },
    g,
  ) => [crossentropyCategorical1HotGrad(g, p, y), null],
  jvp: ({ inputs: [p, y], output }, [t]) =>
    t &&
    sum(mul(crossentropyCategorical1HotGrad(second(output, 1), p, y), t), {
      axis: -1,
    }),
  loops: ({ inputs: [p, y], outputs: [out] }) => {
    const { index, load, label } = rowsOf(p!.shape.length),
      row = index.slice(0, -1);
    const chosen = castExpr(load(0, p!, [...row, label(1, y!)]), out!.dtype);
    return rowLoops(index.length, 0, [{
      kind: "store",
      axes: [],
      output: 0,
      index: row,
      value: call(neg, call(log, chosen)),
    }], 1);
  },
  mayFail: true,
  connects: () => [[true], [false]],
});

/** The gradient of crossentropyCategorical1Hot by p: -g / p at the class, 0 elsewhere. */
export const crossentropyCategorical1HotGrad: OpFunction<XYZ> = defineOp<XYZ>({
  name: "crossentropyCategorical1HotGrad",
  arity: 3,
  infer: ([, p]) => ({ dtype: floating(p.dtype), shape: p.shape }),
  eval: ([g, p, y]) => mapLabels([g, y], p, (g, p, hit) => hit ? -g / p : 0),
  vjp: ({ inputs: [g, p, y], output }, c) => [
    sum(mul(c, crossentropyCategorical1HotGrad(second(g, 1), p, y)), {
      axis: -1,
    }),
    neg(div(mul(c, output), p)),
    null,
  ],
  jvp: ({ inputs: [, p, y], output }, [tg, tp]) =>
    total(
      tg && crossentropyCategorical1HotGrad(tg, p, y),
      tp && neg(div(mul(tp, output), p)),
    ),
  loops: ({ inputs: [g, p, y], outputs: [out] }) => {
    const { index, load, label } = rowsOf(p!.shape.length), dtype = out!.dtype;
    const slope = call(
      neg,
      call(div, castExpr(load(0, g!), dtype), castExpr(load(1, p!), dtype)),
    );
    return rowLoops(index.length, 1, [
      {
        kind: "store",
        axes: [index.length - 1],
        output: 0,
        index,
        value: call(where, call(eq, index.at(-1)!, label(2, y!)), slope, {
          kind: "constant",
          value: 0,
          dtype,
        }),
      },
    ]);
  },
  connects: () => [[true], [true], [false]],
});

/**
 * The loss of each row, logsumexp(x) - x[…, y], and softmax(x): finite for
 * logits of any size. RangeError: no such class.
 */
export const crossentropySoftmax1Hot: OpFunction<XY, void, 2> = defineOp<
  XY,
  void,
  2
>({
  name: "crossentropySoftmax1Hot",
  arity: 2,
  outputs: 2,
  infer: ([x, y], _, lengths) => {
    const rows = rowShape("crossentropySoftmax1Hot", x, y, lengths),
      dtype = floating(x.dtype);
    return [{ dtype, shape: rows }, {
      dtype,
      shape: [...rows, x.shape.at(-1)!],
    }];
  },
  eval: ([x, y]) => {
    const dtype = floating(x.dtype),
      n = x.shape.at(-1)!,
      axis = { axis: x.ndim - 1 };
    const logs = logSoftmax.op.eval([x.astype("float64")], axis)[0]!.data,
      out = allocate(dtype, y.size);
    classes("crossentropySoftmax1Hot", y, n).forEach((label, row) =>
      out[row] = -logs[row * n + label]!
    );
    return [new NDArray(dtype, y.shape, out), softmax.op.eval([x], axis)[0]!];
  },
  vjp: ({ inputs: [, y], outputs: [, p] }, gLoss, gSoftmax) => [
    total(
      gLoss! && crossentropySoftmax1HotGrad(gLoss!, p!, y),
      gSoftmax! && softmaxGrad(gSoftmax!, p!, { axis: p!.ndim - 1 }),
    ),
    null,
  ],
  jvp: ({ inputs: [, y], outputs: [loss, p] }, [t]) => [
    t &&
    sum(mul(crossentropySoftmax1HotGrad(second(loss!, 1), p!, y), t), {
      axis: -1,
    }),
    t && softmaxGrad(t, p!, { axis: p!.ndim - 1 }),
  ],
  loops: ({ inputs: [x, y], outputs: [loss] }) => {
    const { index, load, label } = rowsOf(x!.shape.length),
      row = index.slice(0, -1),
      axes = [index.length - 1];
    const result = loss!.dtype,
      dtype = result === "float16" ? "float32" : result;
    const largest: Expr = { kind: "stage", stage: 0, dtype },
      total: Expr = { kind: "stage", stage: 1, dtype };
    const below = (e: Expr) => call(sub, castExpr(e, dtype), largest),
      element = load(0, x!);
    const chosen = load(0, x!, [...row, label(1, y!)]);
    return rowLoops(index.length, 0, [
      {
        kind: "reduce",
        axes,
        combine: "max",
        value: castExpr(element, dtype),
        dtype,
      },
      {
        kind: "reduce",
        axes,
        combine: "sum",
        value: call(exp, below(element)),
        dtype,
      },
      {
        kind: "store",
        axes,
        output: 1,
        index,
        value: castExpr(call(div, call(exp, below(element)), total), result),
      },
      {
        kind: "store",
        axes: [],
        output: 0,
        index: row,
        value: castExpr(call(sub, call(log, total), below(chosen)), result),
      },
    ], 1);
  },
  mayFail: true,
  connects: () => [[true, true], [false, false]],
});

/** The gradient of crossentropySoftmax1Hot's loss by the logits: (p - onehot(y)) · g, with p = softmax(x). */
export const crossentropySoftmax1HotGrad: OpFunction<XYZ> = defineOp<XYZ>({
  name: "crossentropySoftmax1HotGrad",
  arity: 3,
  infer: ([, p]) => ({ dtype: floating(p.dtype), shape: p.shape }),
  eval: ([g, p, y]) =>
    mapLabels([g, y], p, (g, p, hit) => (p - (hit ? 1 : 0)) * g),
  vjp: ({ inputs: [g, p, y] }, c) => [
    sum(mul(c, crossentropySoftmax1HotGrad(second(g, 1), p, y)), { axis: -1 }),
    mul(c, restoreAxes(g, [p.ndim - 1])),
    null,
  ],
  jvp: ({ inputs: [g, p, y] }, [tg, tp]) =>
    total(
      tg && crossentropySoftmax1HotGrad(tg, p, y),
      tp && mul(tp, restoreAxes(g, [p.ndim - 1])),
    ),
  loops: ({ inputs: [g, p, y], outputs: [out] }) => {
    const { index, load, label } = rowsOf(p!.shape.length), dtype = out!.dtype;
    const onehot = castExpr(call(eq, index.at(-1)!, label(2, y!)), dtype);
    const value = call(
      mul,
      call(sub, castExpr(load(1, p!), dtype), onehot),
      castExpr(load(0, g!), dtype),
    );
    return {
      ...rowLoops(index.length, 1, [{
        kind: "store",
        axes: [index.length - 1],
        output: 0,
        index,
        value,
      }]),
      inplace: p!.dtype === dtype ? [1] : [],
    };
  },
  connects: () => [[true], [true], [false]],
});

/** f of the row's g, the element, and whether it is the one that the row's y names. */
function mapLabels(
  [g, y]: readonly [NDArray, NDArray],
  x: NDArray,
  f: (g: number, x: number, hit: boolean) => number,
): NDArray {
  const dtype = floating(x.dtype),
    n = x.shape.at(-1)!,
    flat = x.flat(),
    gs = g.flat(),
    out = allocate(dtype, x.size);
  [...y.flat()].forEach((label, row) => {
    const hit = Number(label) < 0 ? Number(label) + n : Number(label);
    for (let i = 0; i < n; i++) {
      out[row * n + i] = f(
        Number(gs[row]),
        Number(flat[row * n + i]),
        i === hit,
      );
    }
  });
  return new NDArray(dtype, x.shape, out);
}
