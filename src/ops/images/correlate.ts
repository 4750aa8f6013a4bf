/** Sums of products of an array and a window that moves over it: what convolutions and their gradients are. */
import { allocate } from "../../graph/dtype.ts";
import type { Length, Shaped } from "../../graph/length.ts";
import type { Expr, Loops } from "../../graph/loops.ts";
import { NDArray, sizeOf } from "../../graph/ndarray.ts";
import { describeType } from "../../graph/type.ts";
import type { Variable } from "../../graph/variable.ts";
import { at, setSubtensor } from "../indexing/at.ts";
import { zeros } from "../constructors.ts";
import { defineOp, type Operand, type OpFunction } from "../define.ts";
import { dimshuffle } from "../shape/dimshuffle.ts";
import { innerProduct } from "../products/dot.ts";
import { add, mul, sub } from "../elementwise/elemwise.ts";
import { SYMBOLIC, type SymbolicLength } from "../shape/length_graph.ts";
import { call, castExpr } from "../elementwise/scalar.ts";
import { lengthsOf } from "../shape/shape.ts";
import {
  type Scalar,
  scalarItem,
  Scalars,
  scalarValue,
} from "../shape/view.ts";
import { axesOfOperand, load, point, reduceLoops } from "../loop_nest.ts";
import { total } from "../elementwise/total.ts";

/** How a window moves. */
export interface Steps {
  /** Elements from one place of the window to the next, for each axis. */
  readonly stride: readonly number[];
  /** Elements from one tap of the window to the next. */
  readonly dilation: readonly number[];
}

/** Parameters of `correlation`. */
interface CorrelateParams extends Steps {
  /** Zeros in front of each axis. */
  readonly before: readonly Scalar[];
  /** The lengths of the result. */
  readonly lengths: readonly Scalar[];
}

/** The same with lengths that a graph may compute. */
export interface Places extends Steps {
  /** Zeros in front of each axis; negative where elements are left out. */
  readonly before: readonly SymbolicLength[];
  /** The lengths of the result: zeros behind the array are as many as it takes. */
  readonly lengths: readonly SymbolicLength[];
}

/** Axes in front of those that the window moves over: batch, groups if there are any, channels. */
function leadOf(ndim: number, { stride }: Steps): number {
  return ndim - stride.length;
}

function resultShape(
  inputs: readonly Shaped[],
  { before, lengths, dilation }: CorrelateParams,
  same: (
    a: Length,
    b: Length,
    error: (a: Length, b: Length) => Error,
  ) => Length,
): Length[] {
  const [x, w] = inputs as [Shaped, Shaped],
    n = before.length,
    lead = x.shape.length - n;
  if (
    (lead !== 2 && lead !== 3) || w.shape.length !== lead + n ||
    x.dtype !== w.dtype || x.dtype === "bool"
  ) {
    throw new TypeError(
      `Cannot apply conv${n}d: expected numbers of one dtype with ${
        2 + n
      } axes, or one more for groups, got ${describeType(x.type)} and ${
        describeType(w.type)
      }`,
    );
  }
  const mismatch = (what: string) => (a: Length, b: Length) =>
    new RangeError(
      `Cannot apply conv${n}d: ${what} are ${a} in the image and ${b} in the filters`,
    );
  if (lead === 3) same(x.shape[1]!, w.shape[0]!, mismatch("groups"));
  same(
    x.shape[lead - 1]!,
    w.shape[lead - 1]!,
    mismatch(lead === 3 ? "channels of a group" : "channels"),
  );
  const result = lengths.map((p, d) => {
    const length = scalarValue(p, inputs);
    if (typeof length === "number" && length <= 0) {
      throw new RangeError(
        `Cannot apply conv${n}d: along axis ${d + 2} a filter of length ${
          w.shape[lead + d]
        } with dilation ${dilation[d]} does not fit into an image of length ${
          x.shape[lead + d]
        } and its border; use a smaller filter or a wider borderMode`,
      );
    }
    return length;
  });
  return [
    ...x.shape.slice(0, lead - 1),
    w.shape[lead - 2]!,
    ...result,
  ];
}

/**
 * y[b, g, o, i] = sum over c and k of x[b, g, c, i·stride + k·dilation - before]
 * · w[g, o, c, k], where i and k have an axis for each that the window moves
 * over, and x is 0 beyond its ends; without groups g is absent. Inputs are x, w, and what of `before` and
 * `lengths` only a graph knows.
 */
export const correlation: OpFunction<Operand[], CorrelateParams> = defineOp<
  Operand[],
  CorrelateParams
>({
  name: "correlate",
  arity: -1,
  infer: (inputs, params, lengths) => ({
    dtype: inputs[0]!.dtype,
    shape: resultShape(inputs, params, lengths.same),
  }),
  eval: (inputs, params) => {
    const [x, w] = inputs as [NDArray, NDArray];
    const before = params.before.map((p) => scalarItem(p, inputs)),
      lengths = params.lengths.map((p) => scalarItem(p, inputs));
    return slide(x, w, { ...params, before, lengths });
  },
  vjp: ({ inputs: [x, w, ...rest], params }, g) => {
    const places = placesOf([x!, w!, ...rest], params),
      lead = leadOf(x!.ndim, params);
    return [
      imageOf(g, w!, { ...places, lengths: lengthsOf(x!).slice(lead) }),
      filtersOf(x!, g, { ...places, lengths: lengthsOf(w!).slice(lead) }),
      ...rest.map(() => null),
    ];
  },
  jvp: ({ inputs: [x, w, ...rest], params }, [s, t]) =>
    total(
      s && correlation(s, w!, ...rest, params),
      t && correlation(x!, t, ...rest, params),
    ),
  loops: ({ inputs: [x], params }) =>
    loopsOf(x!.dtype, leadOf(x!.shape.length, params), params),
  connects: ({ before, lengths }) => [
    [true],
    [true],
    ...[...before, ...lengths].filter((p) => typeof p !== "number").map(() => [
      false,
    ]),
  ],
});

/** `correlation` with lengths that a graph may compute. */
export function correlate(x: Variable, w: Variable, places: Places): Variable {
  const scalars = new Scalars("conv", 2),
    take = (ns: readonly SymbolicLength[]) => ns.map((n) => scalars.take(n));
  const before = take(places.before), lengths = take(places.lengths);
  const { stride, dilation } = places;
  return correlation(x, w, ...scalars.inputs, {
    stride,
    dilation,
    before,
    lengths,
  });
}

function placesOf(
  inputs: readonly Variable[],
  { before, lengths, ...steps }: CorrelateParams,
): Places {
  const of = (p: Scalar) => typeof p === "number" ? p : inputs[p.input]!;
  return { ...steps, before: before.map(of), lengths: lengths.map(of) };
}

/** What a change of the result means for the array: `lengths` are the array's. */
export function imageOf(g: Variable, w: Variable, places: Places): Variable {
  const { stride, dilation, before, lengths } = places,
    { add, sub, mul } = SYMBOLIC;
  const first = leadOf(w.ndim, places),
    taps = lengthsOf(w).slice(first),
    behind = taps.map((k, d) => sub(mul(sub(k, 1), dilation[d]!), before[d]!));
  const n = stride.length, lead = [...Array(first).keys()];
  const space = Array.from({ length: n }, (_, d) => first + d);
  const spread = stride.every((s) => s === 1) ? g : setSubtensor(
    at(
      zeros(
        lengthsOf(g).map((length, axis) =>
          axis < first
            ? length
            : add(mul(sub(length, 1), stride[axis - first]!), 1)
        ),
        g.dtype,
      ),
      ...lead.map(() => ":"),
      ...stride.map((s) => `::${s}`),
    ),
    g,
  );
  return correlate(
    spread,
    flip(dimshuffle(w, [...ORDERS[first]!.swapped, ...space]), n),
    {
      stride: stride.map(() => 1),
      dilation,
      before: behind,
      lengths,
    },
  );
}

/** What a change of the result means for the window: `lengths` are the window's. */
export function filtersOf(x: Variable, g: Variable, places: Places): Variable {
  const { stride, dilation, before, lengths } = places;
  const lead = leadOf(x.ndim, places), space = stride.map((_, d) => lead + d);
  const { reversed, turned } = ORDERS[lead]!;
  const y = correlate(
    dimshuffle(x, [...reversed, ...space]),
    dimshuffle(g, [...turned, ...space]),
    { stride: dilation, dilation: stride, before, lengths },
  );
  return dimshuffle(y, [...turned, ...space]);
}

/** Orders of the axes in front, by how many they are: the last two swapped, all reversed, the first behind the others. */
const ORDERS: {
  readonly [lead: number]: {
    readonly [name in "swapped" | "reversed" | "turned"]: readonly number[];
  };
} = {
  2: { swapped: [1, 0], reversed: [1, 0], turned: [1, 0] },
  3: { swapped: [0, 2, 1], reversed: [2, 1, 0], turned: [1, 2, 0] },
};

/** The last n axes from their ends. A view. */
export function flip(w: Variable, n: number): Variable {
  const index = Array.from(
    { length: w.ndim },
    (_, axis) => axis < w.ndim - n ? ":" : "::-1",
  );
  return at(w, ...index);
}

function loopsOf(
  dtype: NDArray["dtype"],
  lead: number,
  { stride, dilation, before }: CorrelateParams,
): Loops {
  const n = stride.length, sums = dtype === "float16" ? "float32" : dtype;
  const outer = Array.from({ length: lead + n }, (_, a) => a),
    front = outer.slice(0, lead - 1),
    o = lead - 1,
    c = lead + n,
    taps = stride.map((_, d) => c + 1 + d);
  const position = (d: number): Expr => {
    const tap = call(
      add,
      times(lead + d, stride[d]!),
      times(taps[d]!, dilation[d]!),
    );
    const p = before[d]!;
    return p === 0 ? tap : call(
      sub,
      tap,
      typeof p === "number" ? p : load(p.input, [], "int64"),
    );
  };
  const x = load(
    0,
    [...front.map(point), point(c), ...taps.map((_, d) => position(d))],
    dtype,
    0,
  );
  const w = load(1, [...front.slice(1), o, c, ...taps].map(point), dtype);
  return reduceLoops({
    axes: [
      ...axesOfOperand("output", 0, outer),
      ...axesOfOperand("input", 0, [lead - 1]),
      ...axesOfOperand("input", 1, outer.slice(lead)),
    ],
    outer,
    reduce: {
      axes: [c, ...taps],
      combine: "sum",
      value: call(mul, castExpr(x, sums), castExpr(w, sums)),
      dtype: sums,
    },
    result: (found) => castExpr(found, dtype),
  });
}

function times(axis: number, step: number): Expr {
  const e = point(axis);
  return step === 1 ? e : call(mul, e, step);
}

/** The sums of values, those of floats in double precision. */
function slide(
  x: NDArray,
  w: NDArray,
  { stride, dilation, before, lengths }: Steps & {
    readonly before: readonly number[];
    readonly lengths: readonly number[];
  },
): NDArray {
  const lead = leadOf(x.ndim, { stride, dilation }),
    image = x.shape.slice(lead),
    taps = w.shape.slice(lead);
  const batch = x.shape[0]!,
    groups = lead === 3 ? x.shape[1]! : 1,
    channels = x.shape[lead - 1]!,
    filters = w.shape[lead - 2]!;
  const within = sizeOf(image), window = sizeOf(taps), places = sizeOf(lengths);
  const pairs = Array.from({ length: places }, (_, place) => {
    const i = unravel(place, lengths), from: number[] = [], by: number[] = [];
    for (let tap = 0; tap < window; tap++) {
      const at = unravel(tap, taps).map((k, d) =>
        i[d]! * stride[d]! + k * dilation[d]! - before[d]!
      );
      if (at.some((p, d) => p < 0 || p >= image[d]!)) continue;
      from.push(at.reduce((sum, p, d) => sum * image[d]! + p, 0));
      by.push(tap);
    }
    return [from, by] as const;
  });
  const shape = [...x.shape.slice(0, lead - 1), filters, ...lengths],
    out = allocate(x.dtype, sizeOf(shape)),
    a = x.flat(),
    f = w.flat();
  let to = 0;
  for (let b = 0; b < batch; b++) {
    for (let g = 0; g < groups; g++) {
      for (let o = 0; o < filters; o++) {
        const image = (b * groups + g) * channels * within,
          filter = (g * filters + o) * channels * window;
        for (const [from, by] of pairs) {
          const n = from.length, c = (l: number) => Math.floor(l / n);
          out[to++] = innerProduct(
            x.dtype,
            n * channels,
            (l) => a[image + c(l) * within + from[l % n]!]!,
            (l) => f[filter + c(l) * window + by[l % n]!]!,
          );
        }
      }
    }
  }
  return new NDArray(x.dtype, shape, out);
}

/** The position along each axis of an element in row-major order. */
export function unravel(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (const n of shape.toReversed()) {
    index.unshift(flat % n);
    flat = Math.floor(flat / n);
  }
  return index;
}
