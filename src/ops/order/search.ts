/** Searching in sorted vectors, and counting what falls where. */
import { describeOther } from "../../graph/describe_other.ts";
import { withDefaults } from "../../graph/options.ts";
import { allocate, isFloat, isInteger, promote } from "../../graph/dtype.ts";
import { config } from "../../graph/config.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { describeType } from "../../graph/type.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { at, incSubtensor } from "../indexing/at.ts";
import { lessText, sizeText } from "../c_text.ts";
import { zeros } from "../constructors.ts";
import { diff } from "./cumulative.ts";
import { assert } from "../debug.ts";
import {
  asVariable,
  asVariables,
  defineOp,
  type Operand,
  type OpFunction,
  type XY,
} from "../define.ts";
import { add, cast, div, maximum, sub } from "../elementwise/elemwise.ts";
import { and_, eq, ge, le, where } from "../elementwise/elemwise_logic.ts";
import { linspace } from "../shape/grids.ts";
import { join } from "../shape/join.ts";
import { SYMBOLIC } from "../shape/length_graph.ts";
import { max, min, sum } from "../reductions/reduce.ts";
import { flatten } from "../shape/reshape.ts";
import { lengthsOf } from "../shape/shape.ts";
import { isLess } from "./sort.ts";
import { take } from "../indexing/take.ts";

/** Which of several possible places is meant: the first, or the one behind the last. */
export type Side = "left" | "right";

interface SearchParams {
  readonly side: Side;
}

const places: OpFunction<XY, SearchParams> = defineOp<XY, SearchParams>({
  name: "searchsorted",
  arity: 2,
  infer: ([x, v]) => {
    if (x.shape.length !== 1 || x.dtype !== v.dtype) {
      throw new TypeError(
        `Cannot apply searchsorted: expected a sorted vector and values of its dtype, got ${
          describeType(x.type)
        } and ${describeType(v.type)}`,
      );
    }
    return { dtype: "int64", shape: v.shape };
  },
  eval: ([x, v], { side }) => {
    const sorted = x.flat(), out = allocate("int64", v.size), n = sorted.length;
    const isBehind: (at: number | bigint, value: number | bigint) => boolean =
      side === "left" ? isLess : (at, value) => !isLess(value, at);
    let low = 0, high = n, last: number | bigint | null = null;
    v.flat().forEach((value: number | bigint, i: number) => {
      if (last === null || isBehind(last, value)) high = n;
      else [low, high] = [0, Math.min(high + 1, n)];
      last = value;
      while (low < high) {
        const middle = low + ((high - low) >> 1);
        if (isBehind(sorted[middle]!, value)) low = middle + 1;
        else high = middle;
      }
      out[i] = BigInt(low);
    });
    return new NDArray("int64", v.shape, out);
  },
  vjp: () => [null, null],
  jvp: () => null,
  // Where one search ended bounds the next, as in NumPy: ascending values cost less, and vectors that are not sorted give what it gives.
  c: ({ inputs: [x, v], params: { side } }) => {
    const { dtype } = x!;
    const isBehind = (at: string, value: string) =>
      side === "left"
        ? lessText(dtype, at, value)
        : `!${lessText(dtype, value, at)}`;
    return {
      rowMajor: [1],
      body: `
const int64_t size = ${sizeText("x1", v!)};
int64_t low = 0, high = x0_n0;
for (int64_t i = 0; i < size; i++) {
  if (i == 0 || ${isBehind("x1[i - 1]", "x1[i]")}) {
    high = x0_n0;
  } else {
    low = 0;
    if (high < x0_n0) high++;
  }
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (${isBehind("x0[middle * x0_s0]", "x1[i]")}) low = middle + 1;
    else high = middle;
  }
  y[i] = low;
}`,
    };
  },
  connects: () => [[false], [false]],
});

/** How to search. */
export interface SearchOptions {
  /** `left` is the first place that keeps the order, unless `right` is given: the last. */
  readonly side?: Side;
  /** The positions that put x in order, as from `argsort`, where it is not. */
  readonly sorter?: Operand;
}

function search(
  x: Operand,
  v: Operand,
  options: SearchOptions = {},
): Variable {
  const { side, sorter } = withDefaults("apply searchsorted", options, {
    side: "left",
    sorter: undefined,
  });
  if (side !== "left" && side !== "right") {
    throw new TypeError(
      `Cannot apply searchsorted: side is ${
        describeOther(side)
      }; use "left" or "right"`,
    );
  }
  const [given, values] = asVariables([x, v]) as [Variable, Variable],
    dtype = promote(given.dtype, values.dtype);
  const order = sorter === undefined ? null : asVariable(sorter, "int64");
  if (order && (order.ndim !== 1 || !isInteger(order.dtype))) {
    throw new TypeError(
      `Cannot apply searchsorted: the sorter is ${describeType(order.type)}`,
    );
  }
  const sorted = order ? take(given, order, 0) : given;
  return places(cast(sorted, dtype), cast(values, dtype), { side });
}

/**
 * For each value v the place in a sorted vector x where it would keep the
 * order, int64.
 *
 * TypeError: x is no vector, or the sorter no vector of integers.
 *
 * ```ts
 * import { function as compile, searchsorted, vector } from "damo";
 * const x = vector("x"), f = compile([x], searchsorted(x, [2, 9]));
 * console.log(f([1, 2, 3]).toArray()); // [ 1, 3 ]
 * ```
 */
export const searchsorted: {
  (x: Operand, v: Operand, options?: SearchOptions): Variable;
  readonly op: AnyOp;
} = Object.assign(search, { op: places.op });

/** How to count. */
export interface BincountOptions {
  /** What each element counts, 1 unless given. */
  readonly weights?: Operand;
  /** The least length of the result. */
  readonly minlength?: number | Variable;
}

/**
 * How often each of 0, 1, … stands in a vector of integers, int64; with
 * weights their sums. As long as its largest element needs.
 *
 * TypeError: no vector of integers, or weights of another rank. RangeError:
 * when it runs, an element is negative.
 */
export function bincount(
  x: Operand,
  options: BincountOptions = {},
): Variable<1> {
  const { weights, minlength } = withDefaults("apply bincount", options, {
    weights: undefined,
    minlength: 0,
  });
  const v = asVariable(x, "int64");
  if (v.ndim !== 1 || (!isInteger(v.dtype) && v.dtype !== "bool")) {
    throw new TypeError(
      `Cannot apply bincount: expected a vector of integers, got ${
        describeType(v.type)
      }`,
    );
  }
  const i = cast(v, "int64"), all = join(0, i, asVariable([-1], "int64"));
  const checked = assert(
    i,
    ge(i, 0),
    "an element of bincount is negative",
  );
  const n = maximum(
    add(max(all), 1),
    cast(asVariable(minlength, "int64"), "int64"),
  );
  return counts(checked, n as Variable<0>, weights);
}

/** Sums of weights, or of ones, by position. */
function counts(
  i: Variable,
  n: number | Variable,
  weights?: Operand,
): Variable<1> {
  const w = weights === undefined ? null : asVariable(weights);
  if (w && w.ndim !== i.ndim) {
    throw new TypeError(
      `Cannot count: weights are ${describeType(w.type)} for ${
        describeType(i.type)
      }`,
    );
  }
  const blank = zeros([n], w?.dtype ?? "int64");
  return incSubtensor(at(blank, i), w ?? 1) as Variable<1>;
}

/** How to make a histogram. */
export interface HistogramOptions {
  /** How many bins of equal width, 10 unless given; or their edges, ascending. */
  readonly bins?: number | Operand;
  /** From where to where bins of equal width go: the smallest and the largest element unless given. */
  readonly range?: readonly [low: number, high: number];
  /** What each element counts, 1 unless given. */
  readonly weights?: Operand;
  /** Densities, whose integral is 1, instead of counts. */
  readonly density?: boolean;
}

/**
 * How many elements fall between edges, and the edges: a bin holds its lower
 * edge, and the last one its upper one too.
 *
 * RangeError: fewer than one bin.
 */
export function histogram(
  x: Operand,
  options: HistogramOptions = {},
): [counts: Variable<1>, edges: Variable<1>] {
  const { bins, range, weights, density } = withDefaults(
    "apply histogram",
    options,
    { bins: 10, range: undefined, weights: undefined, density: false },
  );
  const v = flatten(x),
    edges = typeof bins === "number"
      ? equalEdges(v, bins, range)
      : asVariable(bins);
  const n = SYMBOLIC.sub(lengthsOf(edges)[0]!, 1);
  const low = at(edges, 0),
    high = at(edges, -1),
    isInside = and_(ge(v, low), le(v, high));
  const bin = where(
    eq(v, high),
    SYMBOLIC.sub(n, 1),
    sub(searchsorted(edges, v, { side: "right" }), 1),
  );
  const weight = weights === undefined
    ? cast(isInside, "int64")
    : where(isInside, flatten(weights), 0);
  const found = counts(where(isInside, bin, 0), n, weight);
  const shown = density ? div(div(found, diff(edges)), sum(found)) : found;
  return [shown as Variable<1>, edges as Variable<1>];
}

/** Edges of bins of equal width; of no width at all, a half to each side. */
function equalEdges(
  x: Variable,
  bins: number,
  range?: readonly [low: number, high: number],
): Variable {
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(
      `Cannot apply histogram: bins is ${bins}; expected a whole number above 0, or edges`,
    );
  }
  const dtype = isFloat(x.dtype) ? x.dtype : config.floatX;
  const [low, high] = (range ?? [min(x), max(x)]).map((end) =>
    cast(asVariable(end, dtype), dtype)
  ) as [Variable, Variable];
  const half = where(eq(low, high), 0.5, 0);
  return linspace(sub(low, half), add(high, half), bins + 1);
}
