/** The ops of pooling: what windows keep, and what they hand back. */
import { castElement, isBig, isFloat } from "../../graph/dtype.ts";
import type { Length, Lengths, Shaped } from "../../graph/length.ts";
import type { NDArray } from "../../graph/ndarray.ts";
import { describeType } from "../../graph/type.ts";
import type { Variable } from "../../graph/variable.ts";
import {
  defineOp,
  type Operand,
  type OpFunction,
  type X,
  type XYZ,
} from "../define.ts";
import { div, maximum } from "../elementwise/elemwise.ts";
import { eq, where } from "../elementwise/elemwise_logic.ts";
import {
  countOf,
  elementLoops,
  handBack,
  lowest,
  perWindow,
  type PoolParams,
  sumsOf,
  windowLoops,
  windowsOf,
} from "./pool_windows.ts";
import { wider } from "../reductions/reduce.ts";
import { call, castExpr } from "../elementwise/scalar.ts";
import { lengthsOf } from "../shape/shape.ts";
import {
  type Scalar,
  scalarItem,
  Scalars,
  scalarValue,
} from "../shape/view.ts";
import type { SymbolicLength } from "../shape/length_graph.ts";
import { load, point } from "../loop_nest.ts";

/** What windows keep. */
export const pooled: OpFunction<X, PoolParams> = defineOp<X, PoolParams>({
  name: "pool",
  arity: 1,
  infer: ([x], params, lengths) => ({
    dtype: x.dtype,
    shape: windowsOf(x.shape, params, lengths),
  }),
  eval: ([x], params) => {
    const data = x.flat();
    const sum = (at: readonly number[]) =>
      isBig(x.dtype)
        ? at.reduce((s, p) => s + (data[p] as bigint), 0n)
        : at.reduce((s, p) => s + (data[p] as number), 0);
    const largest = (at: readonly number[]) =>
      at.reduce<number | bigint>((m, p) => {
        const v = data[p]!;
        return v > m || v !== v ? v : m;
      }, isBig(x.dtype) ? BigInt(lowest(x.dtype)) : lowest(x.dtype));
    return perWindow(x, params, (at, count) => {
      const y = params.mode === "max" ? largest(at) : sum(at);
      return castElement(
        params.mode.startsWith("average") ? (y as number) / count : y,
        x.dtype,
      );
    });
  },
  vjp: ({ inputs: [x], output, params }, g) => [
    !isFloat(x.dtype)
      ? null
      : params.mode === "max"
      ? spreadMaxima(x, output, g, params)
      : spread(g, lengthsOf(x).slice(-params.window.length), params),
  ],
  jvp: ({ inputs: [x], output, params }, [t]) =>
    !t || !isFloat(x.dtype)
      ? null
      : params.mode === "max"
      ? gathered(x, output, t, params)
      : pooled(t, params),
  loops: ({ inputs: [x], params }) => {
    const { dtype } = x!, sums = sumsOf(params, dtype);
    return windowLoops(x!.shape.length, params, dtype, (at, places, axes) => ({
      combine: params.mode === "max" ? "max" : "sum",
      value: castExpr(
        load(0, at, dtype, params.mode === "max" ? lowest(dtype) : 0),
        sums,
      ),
      dtype: sums,
      count: countOf(
        params,
        places,
        (d) => ({ kind: "length", axis: axes.length(d) }),
      ),
    }));
  },
});

interface SpreadParams extends PoolParams {
  /** Of the last axes. */
  readonly lengths: readonly Scalar[];
}

/** What windows that sum hand back to their elements: of each its share. Inputs are the gradient, and lengths that only a graph knows. */
export const shares: OpFunction<Operand[], SpreadParams> = defineOp<
  Operand[],
  SpreadParams
>({
  name: "poolShares",
  arity: -1,
  infer: (inputs, params, lengths) => {
    const g = inputs[0]!,
      space = params.lengths.map((p) => scalarValue(p, inputs)),
      places = windowsOf(space, params, lengths);
    g.shape.slice(-space.length).forEach((n, d) =>
      lengths.same(n, places[d]!, (n, m) =>
        new RangeError(
          `Cannot apply averagePoolGrad: along axis ${
            d - space.length
          } the gradient has length ${n}, and there are ${m} windows`,
        ))
    );
    return {
      dtype: g.dtype,
      shape: [...g.shape.slice(0, -space.length), ...space],
    };
  },
  eval: (inputs, params) => {
    const [g] = inputs as [NDArray],
      space = params.lengths.map((p) => scalarItem(p, inputs)),
      shape = [...g.shape.slice(0, -space.length), ...space];
    const data = g.flat() as Float64Array;
    return handBack(g.dtype, shape, params, (k, _, count) => data[k]! / count);
  },
  vjp: ({ inputs: [, ...rest], params: { lengths: _, ...params } }, g) => [
    pooled(g, params),
    ...rest.map(() => null),
  ],
  jvp: ({ inputs: [, ...rest], params }, [t]) =>
    t ? shares(t, ...rest, params) : null,
  loops: ({ inputs: [g], params }) =>
    elementLoops(g!.shape.length, params, g!.dtype, (_, at, places, axes) => {
      const share = castExpr(load(0, at, g!.dtype, 0), wider(g!.dtype)),
        count = countOf(
          params,
          places,
          (d) => ({ kind: "length", axis: axes.length(d) }),
        );
      // Beyond the last window the count may be 0, and so is the share.
      return count
        ? call(div, share, castExpr(call(maximum, count, 1), wider(g!.dtype)))
        : share;
    }),
  connects: ({ lengths }) => [
    [true],
    ...lengths.filter((p) => typeof p !== "number").map(() => [false]),
  ],
});

/** `shares` with lengths that a graph may compute. */
export function spread(
  g: Variable,
  lengths: readonly SymbolicLength[],
  params: PoolParams,
): Variable {
  const scalars = new Scalars("averagePoolGrad", 1),
    taken = lengths.map((n) => scalars.take(n));
  return shares(g, ...scalars.inputs, { ...params, lengths: taken });
}

/** The type rule of what goes with maxima: y has an element for each window of x, and v the shape of x or of y. */
function checkMaxima(
  name: string,
  [x, y, v]: readonly Shaped[],
  { params, like, lengths }: {
    readonly params: PoolParams;
    readonly like: "x" | "y";
    readonly lengths: Lengths;
  },
): void {
  if ([y!, v!].some((o) => o.shape.length !== x!.shape.length)) {
    throw new TypeError(
      `Cannot apply ${name}: operands are ${
        [x!, y!, v!].map((o) => describeType(o.type)).join(", ")
      }`,
    );
  }
  const windows = windowsOf(x!.shape, params, lengths);
  const check = (have: readonly Length[], want: readonly Length[]) =>
    have.forEach((n, axis) =>
      lengths.same(n, want[axis]!, (n, m) =>
        new RangeError(
          `Cannot apply ${name}: axis ${axis} has length ${n}, expected ${m}`,
        ))
    );
  check(y!.shape, windows);
  check(v!.shape, like === "y" ? windows : x!.shape);
}

/** What windows that keep their largest element hand back: to each that is equal to it, the whole. Inputs are the array, its maxima and the gradient. */
export const spreadMaxima: OpFunction<XYZ, PoolParams> = defineOp<
  XYZ,
  PoolParams
>({
  name: "maxPoolGrad",
  arity: 3,
  infer: ([x, y, g], params, lengths) => {
    checkMaxima("maxPoolGrad", [x, y, g], { params, like: "y", lengths });
    return { dtype: x.dtype, shape: x.shape };
  },
  eval: ([x, y, g], params) => {
    const [a, m, b] = [x, y, g].map((v) => v.flat()) as Float64Array[];
    return handBack(
      x.dtype,
      x.shape,
      params,
      (k, p) => a![p] === m![k] ? b![k]! : 0,
    );
  },
  vjp: ({ inputs: [x, y], params }, g) => [
    null,
    null,
    gathered(x, y, g, params),
  ],
  jvp: ({ inputs: [x, y], params }, [, , t]) =>
    t ? spreadMaxima(x, y, t, params) : null,
  loops: ({ inputs: [x], params }) => {
    const { dtype } = x!;
    return elementLoops(x!.shape.length, params, dtype, (self, at) =>
      call(
        where,
        call(eq, load(0, self, dtype), load(1, at, dtype, 0)),
        load(2, at, dtype, 0),
        { kind: "constant", value: 0, dtype },
      ));
  },
});

/** The elements of t where windows of x have their maxima y, summed for each window. */
export const gathered: OpFunction<XYZ, PoolParams> = defineOp<XYZ, PoolParams>({
  name: "maxPoolGradGrad",
  arity: 3,
  infer: ([x, y, t], params, lengths) => {
    checkMaxima("maxPoolGradGrad", [x, y, t], {
      params,
      like: "x",
      lengths,
    });
    return { dtype: x.dtype, shape: y.shape };
  },
  eval: ([x, y, t], params) => {
    const [a, m, b] = [x, y, t].map((v) => v.flat()) as Float64Array[];
    return perWindow(
      x,
      params,
      (at, _, k) => at.reduce((s, p) => a![p] === m![k] ? s + b![p]! : s, 0),
    );
  },
  vjp: ({ inputs: [x, y], params }, g) => [
    null,
    null,
    spreadMaxima(x, y, g, params),
  ],
  jvp: ({ inputs: [x, y], params }, [, , t]) =>
    t ? gathered(x, y, t, params) : null,
  loops: ({ inputs: [x], params }) => {
    const { dtype } = x!, sums = wider(dtype), ndim = x!.shape.length;
    return windowLoops(ndim, params, dtype, (at) => ({
      combine: "sum",
      value: castExpr(
        call(
          where,
          call(
            eq,
            load(0, at, dtype, 0),
            load(1, Array.from({ length: ndim }, (_, a) => point(a)), dtype),
          ),
          load(2, at, dtype, 0),
          { kind: "constant", value: 0, dtype },
        ),
        sums,
      ),
      dtype: sums,
    }));
  },
});
