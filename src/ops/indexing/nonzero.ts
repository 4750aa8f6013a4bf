/** Where elements are not 0: positions whose number only the run knows; and positions in an array as one number. */
import { describeOther } from "../../graph/describe_other.ts";
import { checkList } from "../../graph/arguments.ts";
import { allocate, isInteger } from "../../graph/dtype.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { describeType } from "../../graph/type.ts";
import { type AnyOp, Variable } from "../../graph/variable.ts";
import { sizeText } from "../c_text.ts";
import {
  asVariable,
  constant,
  defineOp,
  type Operand,
  type OpFunction,
} from "../define.ts";
import { add, cast, intDiv, mod, mul } from "../elementwise/elemwise.ts";
import { neq } from "../elementwise/elemwise_logic.ts";
import { stack } from "../shape/join.ts";
import { sum } from "../reductions/reduce.ts";
import { asLengths, flatten, type ShapeLike } from "../shape/reshape.ts";
import { lengthsOf } from "../shape/shape.ts";
import { boundedIndex, type IndexMode, positionsOf, take } from "./take.ts";

type Counted = [x: Operand, count: Operand];

/** The positions, in row-major order, of the `count` elements that are not 0. */
const found: OpFunction<Counted> = defineOp<Counted>({
  name: "flatnonzero",
  arity: 2,
  infer: ([, count]) => {
    if (count.shape.length > 0 || !isInteger(count.dtype)) {
      throw new TypeError(
        `Cannot apply flatnonzero: the count is ${describeType(count.type)}`,
      );
    }
    return { dtype: "int64", shape: [count.value] };
  },
  eval: ([x, count]) => {
    const out = allocate("int64", count.item()) as BigInt64Array,
      from = x.flat();
    for (let i = 0, k = 0; i < from.length && k < out.length; i++) {
      if (from[i] != 0) out[k++] = BigInt(i);
    }
    return new NDArray(
      "int64",
      [out.length],
      out as BigInt64Array<ArrayBuffer>,
    );
  },
  vjp: () => [null, null],
  jvp: () => null,
  c: ({ inputs: [x] }) => ({
    rowMajor: [0],
    body: `
const int64_t size = ${sizeText("x0", x!)}, count = y_n0;
for (int64_t i = 0, k = 0; i < size && k < count; i++) {
  if (x0[i] != 0) y[k++] = i;
}`,
  }),
  connects: () => [[false], [false]],
});

function flatPositions(x: Operand): Variable<1> {
  const isSet = neq(flatten(x), 0);
  return found(isSet, sum(isSet)) as Variable<1>;
}

/** The positions of elements that are not 0 in x as one vector, int64: as many as there are when it runs. */
export const flatnonzero: {
  (x: Operand): Variable<1>;
  readonly op: AnyOp;
} = Object.assign(flatPositions, { op: found.op });

/**
 * The positions of elements that are not 0: for each axis of x an int64
 * vector, so that `x.at(...nonzero(x))` is these elements. How many there are
 * only the run knows.
 *
 * TypeError: x has no axis.
 *
 * ```ts
 * import { function as compile, matrix, nonzero } from "damo";
 * const x = matrix("x"), f = compile([x], nonzero(x));
 * console.log(f([[0, 1], [2, 0]]).map((i) => i.toArray())); // [ [ 0, 1 ], [ 1, 0 ] ]
 * ```
 */
export function nonzero(x: Operand): Variable<1>[] {
  const v = asVariable(x);
  if (v.ndim === 0) {
    throw new TypeError(
      `Cannot apply nonzero: expected an axis, got ${describeType(v.type)}`,
    );
  }
  return unraveled(flatnonzero(v), lengthsOf(v)) as Variable<1>[];
}

/** nonzero as one matrix, a row for each axis. */
export function nonzeroMatrix(x: Operand): Variable<2> {
  return stack(nonzero(x)) as Variable<2>;
}

/** The elements that are not 0, as a vector. */
export function nonzeroValues(x: Operand): Variable<1> {
  return take(x, flatnonzero(x)) as Variable<1>;
}

/** The elements along an axis (of x as one vector where there is none) where a vector of conditions is not 0. */
export function compress(
  condition: Operand,
  x: Operand,
  axis?: number | null,
): Variable {
  return take(x, flatnonzero(condition), axis);
}

/** In which order axes are counted: the last one fastest, as memory is (C), or the first one (F). */
export type AxisOrder = "C" | "F";

/** The lengths of a shape. TypeError: they are no integers. */
function wholeLengths(name: string, shape: ShapeLike): (number | Variable)[] {
  const lengths = asLengths(name, shape);
  const wrong = lengths.findIndex((n) =>
    !(n instanceof Variable ? isInteger(n.dtype) : Number.isInteger(n))
  );
  if (wrong < 0) return lengths;
  throw new TypeError(
    `Cannot apply ${name}: ${describeOther(lengths[wrong])} is not a length`,
  );
}

/** Positions in an array of these lengths, the last axis fastest, as one position for each axis. */
function unraveled(
  flat: Variable,
  lengths: readonly (number | Variable)[],
): Variable[] {
  const places: Variable[] = [];
  let rest = flat;
  for (const n of lengths.slice(1).reverse()) {
    places.unshift(mod(rest, n));
    rest = intDiv(rest, n);
  }
  return [rest, ...places];
}

/**
 * Positions in an array of a shape, counted as one number, as a position for
 * each axis, int64.
 *
 * TypeError: positions are no integers, or the rank of the shape is unknown.
 * RangeError: when it runs, a position is out of range.
 */
export function unravelIndex(
  index: Operand,
  shape: ShapeLike,
  order: AxisOrder = "C",
): Variable[] {
  const lengths = wholeLengths("unravelIndex", shape),
    size = lengths.reduce<Variable>(
      (a, n) => mul(a, cast(asVariable(n, "int64"), "int64")),
      constant(1, "int64"),
    );
  const flat = boundedIndex(
    "unravelIndex",
    positionsOf("unravelIndex", index),
    size,
    "raise",
  );
  return order === "C"
    ? unraveled(flat, lengths)
    : unraveled(flat, lengths.toReversed()).reverse();
}

/**
 * A position for each axis of an array of a shape as one number, int64.
 * `mode` says what becomes of those out of range, for all axes or each.
 *
 * TypeError: positions are no integers, or not one for each axis. RangeError:
 * when it runs, a position is out of range in mode `raise` (negative ones are).
 */
export function ravelMultiIndex(
  index: readonly Operand[],
  shape: ShapeLike,
  mode: IndexMode | readonly IndexMode[] = "raise",
  order: AxisOrder = "C",
): Variable {
  const lengths = wholeLengths("ravelMultiIndex", shape);
  checkList("apply ravelMultiIndex", index, "positions, one for each axis");
  if (
    lengths.length !== index.length ||
    (typeof mode !== "string" && mode.length !== index.length)
  ) {
    throw new TypeError(
      `Cannot apply ravelMultiIndex: ${index.length} positions for ${lengths.length} axes`,
    );
  }
  const places = index.map((i, axis) =>
    boundedIndex(
      "ravelMultiIndex",
      positionsOf("ravelMultiIndex", i),
      lengths[axis]!,
      typeof mode === "string" ? mode : mode[axis]!,
    )
  );
  const [all, sizes] = order === "C"
    ? [places, lengths]
    : [places.toReversed(), lengths.toReversed()];
  return all.reduce((flat, i, axis) => add(mul(flat, sizes[axis]!), i));
}
