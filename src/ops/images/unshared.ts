/** Convolutions in which every element of the result has filters of its own: patches of the image, and batched products. */
import type { Variable } from "../../graph/variable.ts";
import { at, incSubtensor } from "../indexing/at.ts";
import {
  borders,
  divided,
  type Geometry,
  perGroup,
  united,
} from "./conv_geometry.ts";
import { arange } from "../arange.ts";
import { zeros } from "../constructors.ts";
import { flip } from "./correlate.ts";
import { dimshuffle } from "../shape/dimshuffle.ts";
import { add, mul } from "../elementwise/elemwise.ts";
import { slice } from "../../graph/indexing.ts";
import {
  productOf,
  SYMBOLIC,
  type SymbolicLength,
} from "../shape/length_graph.ts";
import { pad } from "../shape/pad.ts";
import { batchedDot } from "../products/products.ts";
import { reshape } from "../shape/reshape.ts";
import { lengthsOf } from "../shape/shape.ts";

const range = (n: number, from = 0) =>
  Array.from({ length: n }, (_, i) => from + i);

/** Where each patch of a padded image lies: for axis d, an array over the axes of the result, then those of a filter. */
function patches(
  { n, stride, dilation }: Geometry,
  lengths: readonly SymbolicLength[],
  taps: readonly SymbolicLength[],
): Variable[] {
  return range(n).map((d) => {
    const along = (m: SymbolicLength, step: number, axis: number) =>
      dimshuffle(
        mul(arange(m), step),
        range(2 * n).map((a) => a === axis ? 0 : "x"),
      );
    return add(
      along(lengths[d]!, stride[d]!, d),
      along(taps[d]!, dilation[d]!, n + d),
    );
  });
}

/** Axes of an array taken in another order, runs of them made one. */
function grouped(x: Variable, runs: readonly (readonly number[])[]): Variable {
  const lengths = lengthsOf(x);
  return reshape(
    dimshuffle(x, runs.flat()),
    runs.map((run) => productOf(run.map((axis) => lengths[axis]!))),
  );
}

/** Patches as matrices: (group and place, batch, channel and tap). */
function patchMatrices(
  g: Geometry,
  x: Variable,
  lengths: readonly SymbolicLength[],
  taps: readonly SymbolicLength[],
): Variable {
  const { n } = g,
    padded = pad(x, [[0, 0], [0, 0], ...borders(g, taps)]),
    all = at(padded, ":", ":", ...patches(g, lengths, taps));
  return grouped(divided(g, all, 1, "channels"), [
    [1, ...range(n, 3)],
    [0],
    [2, ...range(n, 3 + n)],
  ]);
}

/** Filters as matrices: (group and place, channel and tap, filter). */
function filterMatrices(g: Geometry, w: Variable): Variable {
  const { n } = g, read = g.flip ? flip(w, n) : w;
  return grouped(divided(g, read, 0, "filters"), [
    [0, ...range(n, 2)],
    range(n + 1, 2 + n),
    [1],
  ]);
}

/** A gradient as matrices: (group and place, batch, filter). */
function resultMatrices(g: Geometry, v: Variable): Variable {
  return grouped(divided(g, v, 1, "filters"), [
    [1, ...range(g.n, 3)],
    [0],
    [2],
  ]);
}

/** conv of an image with filters (filters, places …, channels, taps …). */
export function unsharedConv(
  g: Geometry,
  x: Variable,
  w: Variable,
  lengths: readonly SymbolicLength[],
): Variable {
  const { n } = g, taps = lengthsOf(w).slice(-n);
  const y = batchedDot(
    patchMatrices(g, x, lengths, taps),
    filterMatrices(g, w),
  );
  const whole = reshape(y, [
    g.groups,
    ...lengths,
    lengthsOf(x)[0]!,
    perGroup(g, lengthsOf(w)[0]!, "filters"),
  ]);
  return united(
    dimshuffle(whole, [1 + n, 0, 2 + n, ...range(n, 1)]),
    1,
  );
}

/** Its gradient with respect to an image of these lengths. */
export function unsharedImage(
  g: Geometry,
  v: Variable,
  w: Variable,
  image: readonly SymbolicLength[],
): Variable {
  const { n } = g,
    lengths = lengthsOf(v).slice(2),
    taps = lengthsOf(w).slice(-n),
    channels = lengthsOf(w).at(-n - 1)!,
    batch = lengthsOf(v)[0]!;
  const parts = batchedDot(
    resultMatrices(g, v),
    dimshuffle(filterMatrices(g, w), [0, 2, 1]),
  );
  const whole = united(
    dimshuffle(
      reshape(parts, [g.groups, ...lengths, batch, channels, ...taps]),
      [1 + n, 0, 2 + n, ...range(n, 1), ...range(n, 3 + n)],
    ),
    1,
  );
  const { add, mul } = SYMBOLIC, sides = borders(g, taps);
  const padded = zeros([
    batch,
    mul(channels, g.groups),
    ...image.map((m, d) => add(add(m, sides[d]![0]), sides[d]![1])),
  ], v.dtype);
  const all = incSubtensor(
    at(padded, ":", ":", ...patches(g, lengths, taps)),
    whole,
  );
  return at(
    all,
    ":",
    ":",
    ...image.map((m, d) => slice(sides[d]![0], add(m, sides[d]![0]))),
  );
}

/** Its gradient with respect to filters of these lengths. */
export function unsharedFilters(
  g: Geometry,
  x: Variable,
  v: Variable,
  taps: readonly SymbolicLength[],
): Variable {
  const { n } = g, lengths = lengthsOf(v).slice(2);
  const parts = batchedDot(
    dimshuffle(resultMatrices(g, v), [0, 2, 1]),
    patchMatrices(g, x, lengths, taps),
  );
  const whole = reshape(parts, [
    g.groups,
    ...lengths,
    perGroup(g, lengthsOf(v)[1]!, "filters"),
    perGroup(g, lengthsOf(x)[1]!, "channels"),
    ...taps,
  ]);
  const gw = united(
    dimshuffle(whole, [0, 1 + n, ...range(n, 1), ...range(n + 1, 2 + n)]),
    0,
  );
  return g.flip ? flip(gw, n) : gw;
}
