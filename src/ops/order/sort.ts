/** Sorting: values in order, the positions that put them in order, and the largest of them. */
import { withDefaults } from "../../graph/options.ts";
import { allocate, type Dtype } from "../../graph/dtype.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { type AnyOp, type CText, Variable } from "../../graph/variable.ts";
import { assert } from "../debug.ts";
import { at, incSubtensor } from "../indexing/at.ts";
import { slice } from "../../graph/indexing.ts";
import { alongText, lessText, typeText } from "../c_text.ts";
import { arange } from "../arange.ts";
import { zerosLike } from "../constructors.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
} from "../define.ts";
import { abs, cast, sub } from "../elementwise/elemwise.ts";
import { and_, gt, le, where } from "../elementwise/elemwise_logic.ts";
import { flatten } from "../shape/reshape.ts";
import { axisOf, shapeAt } from "../shape/shape.ts";
import { alongSome } from "../indexing/some_axis.ts";
import { takeAlongAxis } from "../indexing/take.ts";

interface SortParams {
  readonly axis: number;
  readonly descending: boolean;
}

/** How to sort. */
export interface SortOptions {
  /** The largest first. */
  readonly descending?: boolean;
}

/** Whether x stands before y: NaN is larger than all numbers. */
export function isLess(x: number | bigint, y: number | bigint): boolean {
  return x < y || (y !== y && x === x);
}

/** C of `KERNEL_sort`, a stable merge sort of `n` items with room for as many: it returns where they are in the end. `less` compares items x and y; `context` declares what it needs besides. */
export function mergeSortText(
  item: string,
  less: string,
  context: readonly string[] = [],
): string {
  const declared = context.map((c) => `, ${c}`).join(""),
    passed = context.map((c) => `, ${/\w+$/.exec(c)![0]}`).join("");
  return `
typedef ${item} KERNEL_item;
static inline __attribute__((always_inline)) int KERNEL_less(KERNEL_item x, KERNEL_item y${declared}) {
  return ${less};
}
static KERNEL_item *KERNEL_sort(KERNEL_item *x, KERNEL_item *spare, int64_t n${declared}) {
  enum { RUN = 12 };
  for (int64_t low = 0; low < n; low += RUN) {
    const int64_t high = low + RUN < n ? low + RUN : n;
    for (int64_t i = low + 1; i < high; i++) {
      const KERNEL_item moved = x[i];
      int64_t j = i;
      for (; j > low && KERNEL_less(moved, x[j - 1]${passed}); j--) x[j] = x[j - 1];
      x[j] = moved;
    }
  }
  for (int64_t span = RUN; span < n; span *= 2) {
    for (int64_t low = 0; low < n; low += 2 * span) {
      const int64_t middle = low + span < n ? low + span : n, high = low + 2 * span < n ? low + 2 * span : n;
      int64_t i = low, j = middle;
      for (int64_t k = low; k < high; k++) {
        const int right = i >= middle || (j < high && KERNEL_less(x[j], x[i]${passed}));
        spare[k] = right ? x[j++] : x[i++];
      }
    }
    KERNEL_item *const sorted = spare;
    spare = x;
    x = sorted;
  }
  return x;
}`;
}

/** Sorts along an axis; `read` makes an item of element i, `write` a result of an item. */
function sortText(
  name: string,
  { x, axis }: { readonly x: Variable["type"]; readonly axis: number },
  { item, less, read, write }: {
    readonly item: string;
    readonly less: string;
    readonly read: (element: string) => string;
    readonly write: (item: string) => string;
  },
): CText {
  return {
    rowMajor: [0],
    functions: mergeSortText(item, less),
    body: `
${alongText(name, x, axis)}
const int code = ctx->reserve_scratch(ctx, 2 * length * sizeof(KERNEL_item));
if (code) return code;
KERNEL_item *const items = ctx->scratch;
for (int64_t b = 0; b < before; b++) {
  for (int64_t a = 0; a < after; a++) {
    const int64_t start = b * length * after + a;
    for (int64_t i = 0; i < length; i++) items[i] = ${
      read(`${name}[start + i * after]`)
    };
    const KERNEL_item *sorted = KERNEL_sort(items, items + length, length);
    for (int64_t i = 0; i < length; i++) y[start + i * after] = ${
      write("sorted[i]")
    };
  }
}`,
  };
}

/** For each line along an axis, what `order` says of its elements by position. */
function alongAxis(
  x: NDArray,
  axis: number,
  dtype: Dtype,
  fill: (
    line: readonly (number | bigint)[],
    set: (i: number, value: number | bigint) => void,
  ) => void,
): NDArray {
  const from = x.flat(), out = allocate(dtype, x.size), n = x.shape[axis]!;
  const after = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1),
    before = n === 0 ? 0 : x.size / (n * after);
  for (let b = 0; b < before; b++) {
    for (let a = 0; a < after; a++) {
      const start = b * n * after + a;
      const line = Array.from(
        { length: n },
        (_, i) => from[start + i * after]!,
      );
      fill(line, (i, value) => out[start + i * after] = value);
    }
  }
  return new NDArray(dtype, x.shape, out);
}

/** Positions in order; equal elements keep theirs. */
function orderOf(
  line: readonly (number | bigint)[],
  descending: boolean,
): number[] {
  const sign = descending ? -1 : 1;
  return line.map((_, i) => i).sort((i, j) => {
    const x = line[i]!, y = line[j]!;
    return isLess(x, y) ? -sign : isLess(y, x) ? sign : 0;
  });
}

function before(dtype: Dtype, descending: boolean, key = ""): string {
  const [x, y] = [`x${key}`, `y${key}`];
  return descending ? lessText(dtype, y, x) : lessText(dtype, x, y);
}

const positions: OpFunction<X, SortParams> = defineOp<X, SortParams>({
  name: "argsort",
  arity: 1,
  infer: ([x]) => ({ dtype: "int64", shape: x.shape }),
  eval: ([x], { axis, descending }) =>
    alongAxis(
      x,
      axis,
      "int64",
      (line, set) =>
        orderOf(line, descending).forEach((at, i) => set(i, BigInt(at))),
    ),
  vjp: () => [null],
  jvp: () => null,
  c: ({ inputs: [x], params: { axis, descending } }) =>
    sortText("x", { x: x!, axis }, {
      item: `struct { ${typeText(x!.dtype)} key; int64_t at; }`,
      less: before(x!.dtype, descending, ".key"),
      read: (element) => `(KERNEL_item){${element}, i}`,
      write: (item) => `${item}.at`,
    }),
  connects: () => [[false]],
});

const sorted: OpFunction<X, SortParams> = defineOp<X, SortParams>({
  name: "sort",
  arity: 1,
  infer: ([x]) => ({ dtype: x.dtype, shape: x.shape }),
  eval: ([x], { axis, descending }) =>
    alongAxis(
      x,
      axis,
      x.dtype,
      (line, set) =>
        orderOf(line, descending).forEach((at, i) => set(i, line[at]!)),
    ),
  vjp: ({ inputs: [x], params }, g) => [
    incSubtensor(
      takeAlongAxis(zerosLike(x), positions(x, params), params.axis),
      g,
    ),
  ],
  jvp: ({ inputs: [x], params }, [t]) =>
    t && takeAlongAxis(t, positions(x, params), params.axis),
  c: ({ inputs: [x], params: { axis, descending } }) =>
    sortText("x", { x: x!, axis }, {
      item: typeText(x!.dtype),
      less: before(x!.dtype, descending),
      read: (element) => element,
      write: (item) => item,
    }),
});

/** What is sorted along an axis, and which: null is the elements as one vector. */
function lined(
  name: string,
  x: Operand,
  axis: number | null,
): [x: Variable, axis: number] {
  const v = asVariable(x);
  return axis === null ? [flatten(v), 0] : [v, axisOf(name, axis, v.ndim)];
}

/** A function along an axis: a number, one that only the run knows, or null for all axes as one vector. */
export interface Sorting {
  (
    x: Operand,
    axis?: number | Variable | null,
    options?: SortOptions,
  ): Variable;
  /** What rules match on. */
  readonly op: AnyOp;
}

function sorting(f: OpFunction<X, SortParams>, name: string): Sorting {
  const apply = (
    x: Operand,
    axis: number | Variable | null = -1,
    options: SortOptions = {},
  ): Variable => {
    const { descending } = withDefaults(`apply ${name}`, options, {
      descending: false,
    });
    if (axis instanceof Variable && typeof axis.value !== "number") {
      const v = asVariable(x);
      return alongSome(
        name,
        axis,
        v.ndim,
        (d) => f(v, { axis: d, descending }),
      );
    }
    const fixed = axis instanceof Variable ? axis.value as number : axis;
    const [v, along] = lined(name, x, fixed);
    return f(v, { axis: along, descending });
  };
  return Object.assign(apply, { op: f.op });
}

/**
 * The elements in ascending order along an axis, or of all axes as one vector
 * where that is null;
 * a 0-d Variable says it when it runs. The sort is stable, and NaN comes last (first where
 * `descending`). The gradient of an element goes where the element was.
 *
 * RangeError: no such axis.
 *
 * ```ts
 * import { function as compile, sort, vector } from "damo";
 * const x = vector("x");
 * console.log(compile([x], sort(x))([3, 1, 2]).toArray()); // [ 1, 2, 3 ]
 * ```
 */
export const sort: Sorting = sorting(sorted, "sort");

/** The positions, int64, that `sort` takes its elements from: `takeAlongAxis(x, argsort(x))` is sorted. See `sort`. */
export const argsort: Sorting = sorting(positions, "argsort");

const TOPK = { axis: -1, dtype: "int64" } as const;

/** How to select the largest elements. */
export interface TopkOptions {
  /** The axis, the last unless given; null for all axes as one vector. */
  readonly axis?: number | null;
  /** The dtype of positions, int64 unless given. */
  readonly dtype?: Dtype;
}

/**
 * The k largest elements along an axis, the largest first, and their
 * positions; the -k smallest, the smallest first, for a negative k. NaN is the
 * largest of all, and of equal elements the first come first.
 *
 * RangeError: k is 0, or there are fewer elements than that; where only the
 * run knows, it is found then.
 *
 * ```ts
 * import { function as compile, topkAndArgtopk, vector } from "damo";
 * const x = vector("x"), [values, positions] = topkAndArgtopk(x, 2);
 * const f = compile([x], [values, positions]);
 * console.log(f([3, 1, 2])[0].toArray()); // [ 3, 2 ]
 * ```
 */
export function topkAndArgtopk(
  x: Operand,
  k: number | Variable,
  options: TopkOptions = {},
): [values: Variable, positions: Variable] {
  const { axis, dtype } = withDefaults("apply topkAndArgtopk", options, TOPK);
  const [v, along] = lined("topk", x, axis), order = largest(v, k, along);
  return [takeAlongAxis(v, order, along), cast(order, dtype)];
}

/** The values of `topkAndArgtopk`. */
export function topk(
  x: Operand,
  k: number | Variable,
  options: { readonly axis?: number | null } = {},
): Variable {
  const { axis } = withDefaults("apply topk", options, { axis: TOPK.axis });
  return topkAndArgtopk(x, k, { axis })[0];
}

/** The positions of `topkAndArgtopk`. */
export function argtopk(
  x: Operand,
  k: number | Variable,
  options: TopkOptions = {},
): Variable {
  return topkAndArgtopk(
    x,
    k,
    withDefaults("apply argtopk", options, TOPK),
  )[1];
}

/** Positions of the k largest, or the -k smallest, along an axis. */
function largest(
  x: Variable,
  k: number | Variable,
  axis: number,
): Variable {
  const count = k instanceof Variable && typeof k.value === "number"
    ? k.value
    : k;
  const lead = Array<string>(axis).fill(":"), n = x.type.shape[axis];
  if (typeof count === "number") {
    if (
      !Number.isInteger(count) || count === 0 ||
      (typeof n === "number" && Math.abs(count) > n)
    ) {
      throw new RangeError(
        `Cannot apply topk: k is ${count}, axis ${axis} has length ${n ?? "?"}`,
      );
    }
    const order = positions(x, { axis, descending: count > 0 });
    const enough = typeof n === "number" ? order : assert(
      order,
      le(Math.abs(count), shapeAt(x, axis)),
      "k of topk exceeds the length of the axis",
    );
    return at(enough, ...lead, slice(0, Math.abs(count)));
  }
  const asked = cast(count, "int64"), size = abs(asked);
  const checked = assert(
    size,
    and_(gt(size, 0), le(size, shapeAt(x, axis))),
    "k of topk is 0 or exceeds the length of the axis",
  );
  // Counted from the end of the ascending order where k is positive.
  const i = arange(checked),
    order = positions(x, { axis, descending: false });
  return at(
    order,
    ...lead,
    where(gt(asked, 0), sub(-1, i), i),
  );
}
