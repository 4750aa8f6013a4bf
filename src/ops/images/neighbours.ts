/** Neighbourhoods of images as rows of a matrix, and images made of them again. */
import { describeType } from "../../graph/type.ts";
import type { Variable } from "../../graph/variable.ts";
import { at } from "../indexing/at.ts";
import { arange } from "../arange.ts";
import { asVariable, type Operand } from "../define.ts";
import { dimshuffle, moveaxis } from "../shape/dimshuffle.ts";
import { add, mod, mul, sub } from "../elementwise/elemwise.ts";
import { eq, ge } from "../elementwise/elemwise_logic.ts";
import {
  productOf,
  SYMBOLIC,
  type SymbolicLength,
} from "../shape/length_graph.ts";
import { assert } from "../debug.ts";
import { pad } from "../shape/pad.ts";
import { asLengths, reshape, type ShapeLike } from "../shape/reshape.ts";
import { axisOf, lengthsOf } from "../shape/shape.ts";

/** Which neighbourhoods there are: whole ones that cover the image; whole ones, with what is left over ignored; around every element, at the edges with those of the other side; or with zeros beyond the edges, as many as keep lengths, or as let a neighbourhood overlap the image by one element. */
export type NeighbourMode =
  | "valid"
  | "ignore_borders"
  | "wrap_centered"
  | "half"
  | "full";

const MODES = ["valid", "ignore_borders", "wrap_centered", "half", "full"];

/** Neighbourhoods along one axis. */
interface Along {
  /** How many. */
  readonly count: SymbolicLength;
  /** Zeros in front of the axis and behind it. */
  readonly border: SymbolicLength;
  /** For each neighbourhood and each of its elements, where that is in the axis with its border. */
  readonly positions: Variable;
}

/** The axis of length n. RangeError, or an error when it runs: neighbourhoods do not fit. */
function along(
  mode: NeighbourMode,
  n: SymbolicLength,
  size: SymbolicLength,
  step: SymbolicLength,
): Along {
  const { add: plus, sub: less, mul: by, floorDiv } = SYMBOLIC;
  const rest = (a: SymbolicLength, b: SymbolicLength) =>
    less(a, by(floorDiv(a, b), b));
  const half = floorDiv(size, 2),
    reach = less(size, 1),
    odd = rest(size, 2);
  const span = {
    valid: less(n, size),
    ignore_borders: less(n, size),
    wrap_centered: less(n, 1),
    half: less(n, odd),
    full: plus(less(n, 2), size),
  }[mode];
  const fits: (readonly [test: SymbolicLength, is: number])[] = [
    ...mode === "ignore_borders" || mode === "wrap_centered"
      ? []
      : [[rest(span, step), 0] as const],
    ...mode === "wrap_centered" ? [[odd, 1] as const] : [],
  ];
  const wrong = () =>
    `Cannot apply images2neibs: in mode ${mode} neighbourhoods of length ${size} at steps of ${step} do not fit an axis of length ${n}`;
  if (
    fits.some(([test, is]) => typeof test === "number" && test !== is) ||
    (typeof n === "number" && typeof size === "number" && n < size)
  ) throw new RangeError(wrong());
  const count = plus(floorDiv(span, step), 1);
  const starts = [
    ...fits.filter(([test]) => typeof test !== "number")
      .map(([test, is]) => eq(test, is)),
    ...typeof n === "number" && typeof size === "number" ? [] : [ge(n, size)],
  ].reduce(
    (v, condition) => assert(v, condition, wrong()),
    mul(arange(count), step),
  );
  const every = add(
    dimshuffle(starts, [0, "x"]),
    dimshuffle(arange(size), ["x", 0]),
  );
  return {
    count,
    border: mode === "half" ? half : mode === "full" ? reach : 0,
    positions: mode === "wrap_centered" ? mod(sub(every, half), n) : every,
  };
}

function pair(
  name: string,
  given: ShapeLike,
): [SymbolicLength, SymbolicLength] {
  const lengths = asLengths(name, given);
  if (
    lengths.length !== 2 || lengths.some((n) => typeof n === "number" && n < 1)
  ) {
    throw new RangeError(
      `Cannot apply ${name}: expected two lengths above 0, got ${
        lengths.join(", ")
      }`,
    );
  }
  return lengths as [SymbolicLength, SymbolicLength];
}

/**
 * Neighbourhoods of `neibShape` rows and columns of images (batch, channels,
 * rows, columns), each as one row of a matrix, in the order of the images'
 * axes; from one to the next `neibStep` rows and columns, its own unless given.
 *
 * TypeError: no four axes, or no such mode. RangeError: neighbourhoods do not
 * fit, where lengths are known; else AssertionError when it runs.
 *
 * ```ts
 * import { function as compile, images2neibs, tensor4 } from "damo";
 * const x = tensor4("x"), f = compile([x], images2neibs(x, [1, 2]));
 * console.log(f([[[[1, 2, 3, 4]]]]).toArray()); // [ [ 1, 2 ], [ 3, 4 ] ]
 * ```
 */
export function images2neibs(
  x: Operand,
  neibShape: ShapeLike,
  neibStep: ShapeLike | null = null,
  mode: NeighbourMode = "valid",
): Variable<2> {
  const v = asVariable(x);
  if (v.ndim !== 4 || !MODES.includes(mode)) {
    throw new TypeError(
      `Cannot apply images2neibs: expected 4 axes and one of the modes ${
        MODES.join(", ")
      }, got ${describeType(v.type)} and ${mode}`,
    );
  }
  const sizes = pair("images2neibs", neibShape),
    steps = neibStep === null ? sizes : pair("images2neibs", neibStep);
  const lengths: SymbolicLength[] = lengthsOf(v);
  const [rows, columns] = [0, 1].map((d) =>
    along(mode, lengths[2 + d]!, sizes[d]!, steps[d]!)
  ) as [Along, Along];
  const padded = pad(v, [0, 0, rows.border, columns.border]);
  const all = at(
    padded,
    ":",
    ":",
    dimshuffle(rows.positions, [0, "x", 1, "x"]),
    dimshuffle(columns.positions, ["x", 0, "x", 1]),
  );
  return reshape(all, [
    productOf([lengths[0]!, lengths[1]!, rows.count, columns.count]),
    productOf(sizes),
  ]) as Variable<2>;
}

/**
 * Images of `originalShape` made of neighbourhoods that lie side by side:
 * undoes images2neibs with steps of `neibShape`. What mode "ignore_borders"
 * left out is 0.
 *
 * TypeError: no matrix. RangeError: another mode, or lengths that do not fit.
 */
export function neibs2images(
  neibs: Operand,
  neibShape: ShapeLike,
  originalShape: ShapeLike,
  mode: NeighbourMode = "valid",
): Variable<4> {
  const v = asVariable(neibs),
    sizes = pair("neibs2images", neibShape),
    shape = asLengths("neibs2images", originalShape);
  if (v.ndim !== 2 || shape.length !== 4) {
    throw new TypeError(
      `Cannot apply neibs2images: expected a matrix and 4 lengths, got ${
        describeType(v.type)
      } and ${shape.length}`,
    );
  }
  if (mode !== "valid" && mode !== "ignore_borders") {
    throw new RangeError(
      `Cannot apply neibs2images: mode is ${mode}; expected valid or ignore_borders`,
    );
  }
  const { mul, sub, floorDiv } = SYMBOLIC;
  const counts = [0, 1].map((d) => floorDiv(shape[2 + d]!, sizes[d]!));
  const tiles = reshape(v, [
    shape[0]!,
    shape[1]!,
    counts[0]!,
    counts[1]!,
    sizes[0],
    sizes[1],
  ]);
  const covered = counts.map((c, d) => mul(c, sizes[d]!));
  const image = reshape(dimshuffle(tiles, [0, 1, 2, 4, 3, 5]), [
    shape[0]!,
    shape[1]!,
    ...(mode === "valid" ? shape.slice(2) : covered),
  ]);
  return (mode === "valid" ? image : pad(image, [
    0,
    0,
    ...covered.map((n, d) => [0, sub(shape[2 + d]!, n)] as const),
  ])) as Variable<4>;
}

/**
 * For position p along axis0 and q along axis1: the element at p + n - 1 - q
 * along axis0 and q along axis1, where n is the length of axis1. What
 * summed over axis1 gives the third dimension of a convolution.
 *
 * RangeError: no such axes, or axis0 is shorter than axis1.
 */
export function diagonalSubtensor(
  x: Operand,
  axis0: number,
  axis1: number,
): Variable {
  const v = asVariable(x),
    a = axisOf("diagonalSubtensor", axis0, v.ndim),
    b = axisOf("diagonalSubtensor", axis1, v.ndim);
  const [n, m] = [lengthsOf(v)[a]!, lengthsOf(v)[b]!] as [
    SymbolicLength,
    SymbolicLength,
  ];
  if (a === b || (typeof n === "number" && typeof m === "number" && n < m)) {
    throw new RangeError(
      `Cannot apply diagonalSubtensor: axes ${a} and ${b} have lengths ${n} and ${m}; expected two axes, the first at least as long as the second`,
    );
  }
  const q = arange(m), count = SYMBOLIC.add(SYMBOLIC.sub(n, m), 1);
  const p = sub(
    add(dimshuffle(arange(count), [0, "x"]), SYMBOLIC.sub(m, 1)),
    dimshuffle(q, ["x", 0]),
  );
  const first = moveaxis(v, [a, b], [0, 1]);
  return moveaxis(at(first, p, dimshuffle(q, ["x", 0])), [0, 1], [a, b]);
}
