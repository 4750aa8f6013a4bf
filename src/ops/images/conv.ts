/** Convolutions of images and volumes, and their gradients as functions of their own. */
import { withDefaults } from "../../graph/options.ts";
import { promote } from "../../graph/dtype.ts";
import { config } from "../../graph/config.ts";
import type { Length } from "../../graph/length.ts";
import { describeType } from "../../graph/type.ts";
import type { Variable } from "../../graph/variable.ts";
import {
  correlate,
  filtersOf,
  flip,
  imageOf,
  type Places,
} from "./correlate.ts";
import {
  borders,
  CONV_DEFAULTS,
  type ConvOptions,
  divided,
  type Geometry,
  geometry,
  imageLengths,
  resultLengths,
  tapLengths,
  united,
} from "./conv_geometry.ts";
import { asVariables, type Operand } from "../define.ts";
import { cast } from "../elementwise/elemwise.ts";
import { SYMBOLIC, type SymbolicLength } from "../shape/length_graph.ts";
import { asLengths, type ShapeLike } from "../shape/reshape.ts";
import { lengthsOf } from "../shape/shape.ts";
import { specifyShape } from "../shape/specify_shape.ts";
import { unsharedConv, unsharedFilters, unsharedImage } from "./unshared.ts";

function placesOf(
  g: Geometry,
  taps: readonly SymbolicLength[],
  lengths: readonly SymbolicLength[],
): Places {
  return {
    stride: g.stride,
    dilation: g.dilation,
    before: borders(g, taps).map(([before]) => before),
    lengths,
  };
}

/** Operands in one dtype of numbers, with what is said of their shapes. */
function operands(
  g: Geometry,
  given: readonly [Operand, Operand],
  ranks: readonly [number, number],
  shapes: readonly (ConvOptions["inputShape"])[],
): [Variable, Variable] {
  const both = asVariables(given) as [Variable, Variable];
  if (
    both.some((v, i) => v.ndim !== ranks[i] || v.type.kind !== "dense")
  ) {
    throw new TypeError(
      `Cannot apply ${g.name}: expected ${ranks[0]} and ${ranks[1]} axes, got ${
        describeType(both[0].type)
      } and ${describeType(both[1].type)}`,
    );
  }
  const promoted = promote(both[0].dtype, both[1].dtype),
    dtype = promoted === "bool" ? config.floatX : promoted;
  return both.map((v, i) => {
    const shape = shapes[i],
      known = shape && specifyShape(v, shape);
    return cast(known ?? v, dtype);
  }) as [Variable, Variable];
}

/** An axis of x as groups and what each has, where there are groups. */
function inGroups(
  g: Geometry,
  x: Variable,
  axis: number,
  what: string,
): Variable {
  return g.groups === 1 ? x : divided(g, x, axis, what);
}

function outOfGroups(g: Geometry, x: Variable, axis: number): Variable {
  return g.groups === 1 ? x : united(x, axis);
}

function asRead(g: Geometry, w: Variable): Variable {
  return g.flip ? flip(w, g.n) : w;
}

/** RangeError: the channels of the image are not those of the filters, as far as types know. */
function checkChannels(g: Geometry, image: Length, filters: Length): void {
  const own = SYMBOLIC.mul(filters, g.groups);
  if (
    typeof image === "number" && typeof own === "number" && image !== own
  ) {
    throw new RangeError(
      `Cannot apply ${g.name}: the image has ${image} channels, filters have ${filters} in each of ${g.groups} groups`,
    );
  }
}

function conv(
  g: Geometry,
  x: Operand,
  w: Operand,
  { inputShape, filterShape }: ConvOptions,
): Variable {
  const { n } = g, wide = n + 2 + (g.unshared ? n : 0);
  const [image, filters] = operands(g, [x, w], [n + 2, wide], [
    inputShape,
    filterShape,
  ]);
  const taps: SymbolicLength[] = lengthsOf(filters).slice(-n),
    lengths = resultLengths(g, lengthsOf(image).slice(2), taps);
  checkChannels(g, image.type.shape[1]!, filters.type.shape.at(-n - 1)!);
  if (g.unshared) return unsharedConv(g, image, filters, lengths);
  const y = correlate(
    inGroups(g, image, 1, "channels"),
    inGroups(g, asRead(g, filters), 0, "filters"),
    placesOf(g, taps, lengths),
  );
  return outOfGroups(g, y, 1);
}

/** A shape of which some lengths are left open, or all are. */
export type PartialShape = readonly (number | Variable | null)[] | Variable;

/** The last n lengths of a shape; one that is left open is what `follows` from the other lengths where the step is 1. RangeError: a step is larger, or nothing follows. */
function spatial(
  g: Geometry,
  what: string,
  shape: PartialShape | null,
  follows: readonly (SymbolicLength | null)[],
): SymbolicLength[] {
  const all = shape === null || Array.isArray(shape)
    ? (shape ?? []) as readonly (SymbolicLength | null)[]
    : asLengths(g.name, shape as ShapeLike);
  const last = follows.map((n, d) =>
    all[all.length - g.n + d] ?? (g.stride[d] === 1 ? n : null)
  );
  if (last.includes(null)) {
    throw new RangeError(
      `Cannot apply ${g.name}: the last ${g.n} lengths of ${what} must be given, got (${
        all.join(", ")
      }) with steps of ${g.stride.join(", ")} and the border ${
        JSON.stringify(g.border)
      }`,
    );
  }
  return last as SymbolicLength[];
}

/** g where the result of a convolution must have these lengths. */
function checkedResult(
  geometry: Geometry,
  v: Variable,
  lengths: readonly SymbolicLength[],
): Variable {
  lengths.forEach((n, d) => {
    const have = v.type.shape[d + 2];
    if (typeof n === "number" && typeof have === "number" && n !== have) {
      throw new RangeError(
        `Cannot apply ${geometry.name}: the gradient has length ${have} along axis ${
          d + 2
        }, and the convolution of that image gives ${n}`,
      );
    }
  });
  return specifyShape(v, [null, null, ...lengths]);
}

function gradInputs(
  g: Geometry,
  outputGrad: Operand,
  w: Operand,
  inputShape: PartialShape | null,
  { filterShape }: ConvOptions,
): Variable {
  const { n } = g, wide = n + 2 + (g.unshared ? n : 0);
  const [given, filters] = operands(g, [outputGrad, w], [n + 2, wide], [
    undefined,
    filterShape,
  ]);
  const taps: SymbolicLength[] = lengthsOf(filters).slice(-n),
    follows = imageLengths(g, lengthsOf(given).slice(2), taps),
    image = spatial(g, "inputShape", inputShape, follows);
  const v = checkedResult(g, given, resultLengths(g, image, taps));
  if (g.unshared) return unsharedImage(g, v, filters, image);
  return outOfGroups(
    g,
    imageOf(
      inGroups(g, v, 1, "filters"),
      inGroups(g, asRead(g, filters), 0, "filters"),
      placesOf(g, taps, image),
    ),
    1,
  );
}

function gradWeights(
  g: Geometry,
  x: Operand,
  outputGrad: Operand,
  filterShape: PartialShape | null,
  { inputShape }: ConvOptions,
): Variable {
  const { n } = g;
  const [image, given] = operands(g, [x, outputGrad], [n + 2, n + 2], [
    inputShape,
    undefined,
  ]);
  const lengths: SymbolicLength[] = lengthsOf(image).slice(2),
    follows = tapLengths(g, lengths, lengthsOf(given).slice(2)),
    taps = spatial(g, "filterShape", filterShape, follows);
  const v = checkedResult(g, given, resultLengths(g, lengths, taps));
  if (g.unshared) return unsharedFilters(g, image, v, taps);
  const gw = filtersOf(
    inGroups(g, image, 1, "channels"),
    inGroups(g, v, 1, "filters"),
    placesOf(g, taps, taps),
  );
  return asRead(g, outOfGroups(g, gw, 0));
}

/**
 * Convolution of images (batch, channels, rows, columns) with filters
 * (filters, channels, rows, columns): (batch, filters, rows, columns).
 *
 * TypeError: other numbers of axes. RangeError: channels that do not fit the
 * groups and filters, a filter that is larger than the image and its border.
 *
 * ```ts
 * import { conv2d, function as compile, tensor4 } from "damo";
 * const x = tensor4("x"), w = tensor4("w");
 * const f = compile([x, w], conv2d(x, w, { borderMode: "full" }));
 * console.log(f([[[[1, 2]]]], [[[[1, 1]]]]).toArray()); // [ [ [ [ 1, 3, 2 ] ] ] ]
 * ```
 */
export function conv2d(
  x: Operand,
  filters: Operand,
  options: ConvOptions = {},
): Variable<4> {
  return conv(
    geometry("conv2d", 2, options),
    x,
    filters,
    options,
  ) as Variable<4>;
}

/** conv2d of volumes, which have one axis more. */
export function conv3d(
  x: Operand,
  filters: Operand,
  options: ConvOptions = {},
): Variable<5> {
  return conv(
    geometry("conv3d", 3, options),
    x,
    filters,
    options,
  ) as Variable<5>;
}

/**
 * The gradient of conv2d with respect to its image, from that of its result:
 * what each element of the result hands back through the filters. Of
 * `inputShape` the lengths of rows and columns must be given where the step is
 * not 1; else they follow, and may be left open.
 *
 * TypeError: other numbers of axes. RangeError: `outputGrad` is not of the
 * lengths that a convolution of such an image has.
 */
export function conv2dGradWrtInputs(
  outputGrad: Operand,
  filters: Operand,
  inputShape: PartialShape | null,
  options: ConvOptions = {},
): Variable<4> {
  return gradInputs(
    geometry("conv2dGradWrtInputs", 2, options),
    outputGrad,
    filters,
    inputShape,
    options,
  ) as Variable<4>;
}

/** conv2dGradWrtInputs of volumes. */
export function conv3dGradWrtInputs(
  outputGrad: Operand,
  filters: Operand,
  inputShape: PartialShape | null,
  options: ConvOptions = {},
): Variable<5> {
  return gradInputs(
    geometry("conv3dGradWrtInputs", 3, options),
    outputGrad,
    filters,
    inputShape,
    options,
  ) as Variable<5>;
}

/** The gradient of conv2d with respect to its filters, whose rows and columns `filterShape` must give where the step is not 1, or the border "half". See conv2dGradWrtInputs. */
export function conv2dGradWrtWeights(
  x: Operand,
  outputGrad: Operand,
  filterShape: PartialShape | null,
  options: ConvOptions = {},
): Variable {
  return gradWeights(
    geometry("conv2dGradWrtWeights", 2, options),
    x,
    outputGrad,
    filterShape,
    options,
  );
}

/** conv2dGradWrtWeights of volumes. */
export function conv3dGradWrtWeights(
  x: Operand,
  outputGrad: Operand,
  filterShape: PartialShape | null,
  options: ConvOptions = {},
): Variable {
  return gradWeights(
    geometry("conv3dGradWrtWeights", 3, options),
    x,
    outputGrad,
    filterShape,
    options,
  );
}

/** How to convolve the other way round. */
export interface ConvTransposeOptions
  extends Omit<ConvOptions, "subsample" | "inputShape"> {
  /** Elements of the result from one element of the input to the next; 1 unless given. */
  readonly inputDilation?: readonly number[];
}

/**
 * The transposed convolution: each element of `x` writes its multiple of a
 * filter to a result of the lengths `outputShape`. The filters' first axis is
 * the channels of `x`, their second those of the result.
 */
export function conv2dTranspose(
  x: Operand,
  filters: Operand,
  outputShape: PartialShape,
  options: ConvTransposeOptions = {},
): Variable<4> {
  const { subsample: _, inputShape: __, ...common } = CONV_DEFAULTS;
  const { inputDilation, ...rest } = withDefaults(
    "apply conv2dTranspose",
    options,
    { inputDilation: undefined, ...common },
  );
  return conv2dGradWrtInputs(x, filters, outputShape, {
    ...rest,
    subsample: inputDilation,
  });
}
