/** Graphs of convolutions: separable, causal, and the finer grid between the elements of an image. */
import { withDefaults } from "../../graph/options.ts";
import { describeType } from "../../graph/type.ts";
import type { Variable } from "../../graph/variable.ts";
import { conv2d, conv2dGradWrtInputs, conv3d } from "./conv.ts";
import type { ConvOptions } from "./conv_geometry.ts";
import { asVariable, type Operand } from "../define.ts";
import { dimshuffle, expandDims, squeeze } from "../shape/dimshuffle.ts";
import { at } from "../indexing/at.ts";
import { cast } from "../elementwise/elemwise.ts";
import { join } from "../shape/join.ts";
import { SYMBOLIC, type SymbolicLength } from "../shape/length_graph.ts";
import { reshape } from "../shape/reshape.ts";
import { floating } from "../elementwise/scalar.ts";
import { lengthsOf } from "../shape/shape.ts";
import { array } from "../../graph/ndarray.ts";

/** How to convolve each channel by itself. */
export type SeparableOptions = Omit<
  ConvOptions,
  "numGroups" | "unshared" | "filterShape" | "inputShape"
>;

/**
 * Each channel of an image is convolved with filters of its own
 * (`depthwise`: numChannels · multiplier filters of one channel), and what
 * comes of it is mixed by `pointwise` filters of one row and column.
 */
export function separableConv2d(
  x: Operand,
  depthwise: Operand,
  pointwise: Operand,
  numChannels: number,
  options: SeparableOptions = {},
): Variable<4> {
  return conv2d(
    conv2d(x, depthwise, { ...options, numGroups: numChannels }),
    pointwise,
  );
}

/** separableConv2d of volumes. */
export function separableConv3d(
  x: Operand,
  depthwise: Operand,
  pointwise: Operand,
  numChannels: number,
  options: SeparableOptions = {},
): Variable<5> {
  return conv3d(
    conv3d(x, depthwise, { ...options, numGroups: numChannels }),
    pointwise,
  );
}

/** How to convolve sequences. */
export interface CausalOptions {
  /** See ConvOptions; for the one axis there is. */
  readonly subsample?: number;
  /** See ConvOptions. */
  readonly filterFlip?: boolean;
  /** See ConvOptions; for the one axis there is. */
  readonly filterDilation?: number;
  /** See ConvOptions. */
  readonly numGroups?: number;
}

/**
 * Convolution of sequences (batch, channels, time) with filters (filters,
 * channels, time): each element depends on those up to it. TypeError: other
 * numbers of axes, or filters of a length that types do not know.
 */
export function causalConv1d(
  x: Operand,
  filters: Operand,
  options: CausalOptions = {},
): Variable<3> {
  const { subsample, filterFlip, filterDilation, numGroups } = withDefaults(
    "apply causalConv1d",
    options,
    { subsample: 1, filterFlip: true, filterDilation: 1, numGroups: 1 },
  );
  const [v, w] = [asVariable(x), asVariable(filters)] as [Variable, Variable],
    taps = w.type.shape[2];
  if (v.ndim !== 3 || w.ndim !== 3 || typeof taps !== "number") {
    throw new TypeError(
      `Cannot apply causalConv1d: expected 3 axes each, and filters of known length, got ${
        describeType(v.type)
      } and ${describeType(w.type)}; use specifyShape`,
    );
  }
  const y = conv2d(expandDims(v, 3), expandDims(w, 3), {
    borderMode: [[(taps - 1) * filterDilation, 0], 0],
    subsample: [subsample, 1],
    filterDilation: [filterDilation, 1],
    filterFlip,
    numGroups,
  });
  return squeeze(y, [3]) as Variable<3>;
}

/**
 * Images (batch, channels, rows, columns) with `ratio` times as many rows and
 * columns, linear between the elements and flat beyond the outermost. RangeError: `ratio` is no whole number above 0.
 */
export function bilinearUpsampling(x: Operand, ratio: number): Variable<4> {
  const given = asVariable(x), v = cast(given, floating(given.dtype));
  if (v.ndim !== 4) {
    throw new TypeError(
      `Cannot apply bilinearUpsampling: expected 4 axes, got ${
        describeType(v.type)
      }`,
    );
  }
  if (!Number.isInteger(ratio) || ratio < 1) {
    throw new RangeError(
      `Cannot apply bilinearUpsampling: ratio is ${ratio}; expected a whole number above 0`,
    );
  }
  const [batch, channels, rows, columns] = lengthsOf(v) as [
    SymbolicLength,
    SymbolicLength,
    SymbolicLength,
    SymbolicLength,
  ];
  const { mul, add } = SYMBOLIC;
  const images = mul(batch, channels);
  const flat = reshape(v, [images, 1, rows, columns]);
  const edges = (y: Variable, axis: number) => {
    const whole = Array<string>(axis).fill(":");
    return join(
      axis,
      at(y, ...whole, ":1"),
      y,
      at(y, ...whole, "-1:"),
    );
  };
  const bordered = edges(edges(flat, 2), 3);
  const rising = Array.from({ length: ratio }, (_, i) => (i + 1) / ratio);
  const kernel = cast(
    asVariable(array([...rising, ...rising.slice(0, -1).reverse()])),
    v.dtype,
  );
  const pad = 2 * ratio - Math.floor((ratio - 1) / 2) - 1;
  const tall = conv2dGradWrtInputs(
    bordered,
    dimshuffle(kernel, ["x", "x", 0, "x"]),
    [images, 1, mul(rows, ratio), add(columns, 2)],
    { borderMode: [pad, 0], subsample: [ratio, 1] },
  );
  const wide = conv2dGradWrtInputs(
    tall,
    dimshuffle(kernel, ["x", "x", "x", 0]),
    [images, 1, mul(rows, ratio), mul(columns, ratio)],
    { borderMode: [0, pad], subsample: [1, ratio] },
  );
  return reshape(wide, [
    batch,
    channels,
    mul(rows, ratio),
    mul(columns, ratio),
  ]) as Variable<4>;
}
