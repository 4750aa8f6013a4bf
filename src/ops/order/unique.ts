/** The distinct elements of an array, or of its rows. */
import { withDefaults } from "../../graph/options.ts";
import { allocate, isFloat } from "../../graph/dtype.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { describeType } from "../../graph/type.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { at, setSubtensor } from "../indexing/at.ts";
import { lessText, typeText } from "../c_text.ts";
import { cumsum, diff } from "./cumulative.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
} from "../define.ts";
import { moveaxis } from "../shape/dimshuffle.ts";
import { mul, sub } from "../elementwise/elemwise.ts";
import { and_, invert, neq } from "../elementwise/elemwise_logic.ts";
import { join } from "../shape/join.ts";
import { SYMBOLIC } from "../shape/length_graph.ts";
import { flatnonzero } from "../indexing/nonzero.ts";
import { ones, zerosLike } from "../constructors.ts";
import { any } from "../reductions/reduce.ts";
import { flatten, reshape } from "../shape/reshape.ts";
import { axisOf, lengthsOf } from "../shape/shape.ts";
import { argsort, isLess, mergeSortText } from "./sort.ts";
import { take } from "../indexing/take.ts";

const rows: OpFunction<X> = defineOp<X>({
  name: "argsortRows",
  arity: 1,
  infer: ([x]) => {
    if (x.shape.length !== 2) {
      throw new TypeError(
        `Cannot apply argsortRows: expected a matrix, got ${
          describeType(x.type)
        }`,
      );
    }
    return { dtype: "int64", shape: [x.shape[0]!] };
  },
  eval: ([x]) => {
    const [n, m] = x.shape as [number, number], from = x.flat();
    const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => {
      for (let k = 0; k < m; k++) {
        const a = from[i * m + k]!, b = from[j * m + k]!;
        if (isLess(a, b)) return -1;
        if (isLess(b, a)) return 1;
      }
      return 0;
    });
    const out = allocate("int64", n);
    order.forEach((at, i) => out[i] = BigInt(at));
    return new NDArray("int64", [n], out);
  },
  vjp: () => [null],
  jvp: () => null,
  c: ({ inputs: [x] }) => {
    const { dtype } = x!, type = typeText(dtype);
    return {
      rowMajor: [0],
      functions: `
static int KERNEL_before(const ${type} *x, const ${type} *y, int64_t width) {
  for (int64_t i = 0; i < width; i++) {
    if (${lessText(dtype, "x[i]", "y[i]")}) return 1;
    if (${lessText(dtype, "y[i]", "x[i]")}) return 0;
  }
  return 0;
}
${
        mergeSortText(
          "int64_t",
          "KERNEL_before(data + x * width, data + y * width, width)",
          [`const ${type} *data`, "int64_t width"],
        )
      }`,
      body: `
const int code = ctx->reserve_scratch(ctx, 2 * x_n0 * sizeof(KERNEL_item));
if (code) return code;
KERNEL_item *const items = ctx->scratch;
for (int64_t i = 0; i < x_n0; i++) items[i] = i;
const KERNEL_item *sorted = KERNEL_sort(items, items + x_n0, x_n0, x, x_n1);
for (int64_t i = 0; i < x_n0; i++) y[i] = sorted[i];`,
    };
  },
  connects: () => [[false]],
});

function rowOrder(x: Operand): Variable<1> {
  return rows(x) as Variable<1>;
}

/** The positions, int64, that put the rows of a matrix in ascending order: by their first elements, then the second, … Stable. TypeError: no matrix. */
export const argsortRows: {
  (x: Operand): Variable<1>;
  readonly op: AnyOp;
} = Object.assign(rowOrder, { op: rows.op });

/** What is wanted of `unique` besides the elements. */
export interface UniqueOptions {
  /** Where each first stands. */
  readonly returnIndex?: boolean;
  /** For each element of x which of the distinct ones it is. */
  readonly returnInverse?: boolean;
  /** How often each stands there. */
  readonly returnCounts?: boolean;
  /** Slices of x along this axis are compared instead of elements. */
  readonly axis?: number | null;
}

/** One variable, or with any of the options an array. */
export type UniqueResult<O extends UniqueOptions> = O extends
  | { readonly returnIndex: true }
  | { readonly returnInverse: true }
  | { readonly returnCounts: true } ? Variable[]
  : Variable;

/**
 * The distinct elements in ascending order (of x as one vector, or the
 * distinct slices along an axis), then, as asked for, int64 vectors: the first
 * position of each, for each element of x the position of its like among the
 * distinct, and how often each stands in x. How many there are only the run
 * knows. NaN are alike.
 *
 * TypeError: x is a scalar and an axis is named. RangeError: no such axis.
 *
 * ```ts
 * import { function as compile, unique, vector } from "damo";
 * const x = vector("x"), [values, counts] = unique(x, { returnCounts: true });
 * const f = compile([x], [values!, counts!]);
 * console.log(f([2, 1, 2]).map((v) => v.toArray())); // [ [ 1, 2 ], [ 1, 2 ] ]
 * ```
 */
export function unique<const O extends UniqueOptions = UniqueOptions>(
  x: Operand,
  options: O = {} as O,
): UniqueResult<O> {
  const { axis, returnIndex, returnInverse, returnCounts } = withDefaults(
    "apply unique",
    options as UniqueOptions,
    {
      axis: null,
      returnIndex: false,
      returnInverse: false,
      returnCounts: false,
    },
  );
  const given = asVariable(x),
    v = axis === null ? flatten(given) : moveaxis(
      given,
      axisOf("unique", axis, given.ndim),
      0,
    );
  const order = v.ndim === 1 ? argsort(v) : argsortRows(asRows(v));
  const isFirst = firsts(take(v, order, 0)), positions = flatnonzero(isFirst);
  const index = take(order, positions), found = take(v, index, 0);
  const results = [axis === null ? found : moveaxis(found, 0, axis)];
  if (returnIndex) results.push(index);
  if (returnInverse) {
    const which = sub(cumsum(isFirst), 1);
    results.push(setSubtensor(at(zerosLike(order), order), which));
  }
  if (returnCounts) {
    results.push(
      diff(
        join(0, positions, reshape(asVariable(lengthsOf(v)[0]!, "int64"), [1])),
      ),
    );
  }
  return (results.length > 1 ? results : results[0]) as UniqueResult<O>;
}

/** All axes but the first made one. */
function asRows(x: Variable): Variable {
  return reshape(x, [
    lengthsOf(x)[0]!,
    lengthsOf(x).slice(1).map((n) => asVariable(n, "int64")).reduce((a, b) =>
      mul(a, b)
    ),
  ]);
}

/** Of sorted elements or rows, which differ from the one before. */
function firsts(sorted: Variable): Variable {
  const here = at(sorted, "1:"), last = at(sorted, ":-1");
  const differs = isFloat(sorted.dtype)
    ? and_(neq(here, last), invert(and_(neq(here, here), neq(last, last))))
    : neq(here, last);
  const rows = differs.ndim === 1 ? differs : any(differs, {
    axis: Array.from({ length: differs.ndim - 1 }, (_, i) => i + 1),
  });
  // One element, but none of nothing.
  const first = SYMBOLIC.min(1, lengthsOf(sorted)[0]!);
  return join(0, ones([first], "bool"), rows);
}
