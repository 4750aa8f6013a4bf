/** The recorded operations on images, in terms of the public API: convolutions, pooling, neighbourhoods, batch normalisation, products with blocks. */
import * as damo from "damo";
import { type Attrs, Skip } from "./case.ts";
import type { Vocabulary } from "./vocabulary.ts";

type Variable = damo.Variable;

/** Convolutions; the recorded steps have no name of their own for one that reads filters as they stand. */
function conv(
  f: typeof damo.conv2d | typeof damo.conv3d,
): Vocabulary[string] {
  return ([x, w], attrs) =>
    f(x!, w!, {
      ...optionsOf(attrs),
      ...shapeOf("inputShape", attrs.imshp),
      ...shapeOf("filterShape", attrs.kshp),
    });
}

function gradInputs(
  f: typeof damo.conv2dGradWrtInputs | typeof damo.conv3dGradWrtInputs,
): Vocabulary[string] {
  return ([w, g, ...shape], attrs) =>
    f(g!, w!, lengthsOf(shape), {
      ...optionsOf(attrs),
      ...shapeOf("filterShape", attrs.kshp),
    });
}

function gradWeights(
  f: typeof damo.conv2dGradWrtWeights | typeof damo.conv3dGradWrtWeights,
): Vocabulary[string] {
  return ([x, g, ...shape], attrs) =>
    f(x!, g!, lengthsOf(shape), {
      ...optionsOf(attrs),
      ...shapeOf("inputShape", attrs.imshp),
    });
}

function optionsOf(attrs: Attrs): damo.ConvOptions {
  const { border_mode, subsample, filter_dilation, num_groups } = attrs;
  return {
    borderMode: border_mode as damo.BorderMode,
    subsample: subsample as number[],
    filterDilation: filter_dilation as number[],
    numGroups: num_groups as number,
    filterFlip: attrs.filter_flip as boolean ?? false,
    unshared: attrs.unshared as boolean ?? false,
  };
}

function shapeOf(name: "inputShape" | "filterShape", shape: unknown) {
  return shape ? { [name]: shape as (number | null)[] } : {};
}

/** Lengths that came as one vector, or one by one. */
function lengthsOf(shape: readonly Variable[]): damo.PartialShape {
  const [first] = shape;
  return shape.length === 1 && first!.ndim === 1 ? first! : shape;
}

function numbers(v: Variable): number[] {
  if (v instanceof damo.Constant) return [...v.data.flat()].map(Number);
  throw new Skip("the lengths of a window are numbers in damo");
}

function poolOptions(
  [stride, pad]: readonly Variable[],
  { ignore_border, mode }: Attrs,
): damo.PoolOptions {
  return {
    stride: numbers(stride!),
    pad: numbers(pad!),
    ignoreBorder: ignore_border as boolean,
    mode: mode as damo.PoolMode,
  };
}

export const WINDOWS: Vocabulary = {
  average_pool_grad: ([x, g, window, ...rest], attrs) =>
    damo.averagePoolGrad(x!, g!, numbers(window!), poolOptions(rest, attrs)),
  batch_norm_inference: ([x, scale, bias, mean, variance, epsilon], { axes }) =>
    damo.batchNormalizationTest(x!, scale!, bias!, mean!, variance!, {
      axes: axes as number[],
      epsilon: epsilon!,
    }),
  batch_norm_train: (
    [x, scale, bias, epsilon, factor, mean, variance],
    attrs,
  ) => {
    const made = damo.batchNormalizationTrain(x!, scale!, bias!, {
      axes: attrs.axes as number[],
      epsilon: epsilon!,
      ...(factor && { runningAverageFactor: factor }),
      ...(mean && { runningMean: mean }),
      ...(variance && { runningVar: variance }),
    });
    return [
      made.output,
      made.mean,
      made.invstd,
      ...made.runningMean ? [made.runningMean] : [],
      ...made.runningVar ? [made.runningVar] : [],
    ];
  },
  conv2d: conv(damo.conv2d),
  conv2d_grad_inputs: gradInputs(damo.conv2dGradWrtInputs),
  conv2d_grad_weights: gradWeights(damo.conv2dGradWrtWeights),
  conv3d: conv(damo.conv3d),
  conv3d_grad_inputs: gradInputs(damo.conv3dGradWrtInputs),
  conv3d_grad_weights: gradWeights(damo.conv3dGradWrtWeights),
  corr3dmm: conv(damo.conv3d),
  corr3dmm_grad_inputs: gradInputs(damo.conv3dGradWrtInputs),
  corr3dmm_grad_weights: gradWeights(damo.conv3dGradWrtWeights),
  corrmm: conv(damo.conv2d),
  corrmm_grad_inputs: gradInputs(damo.conv2dGradWrtInputs),
  corrmm_grad_weights: gradWeights(damo.conv2dGradWrtWeights),
  diagonal_subtensor: ([x, a, b]) =>
    damo.diagonalSubtensor(x!, numbers(a!)[0]!, numbers(b!)[0]!),
  images2neibs: ([x, shape, step], { mode }) =>
    damo.images2neibs(x!, shape!, step!, mode as damo.NeighbourMode),
  max_pool_grad: ([x, y, g, window, ...rest], attrs) => {
    const { mode: _, ...options } = poolOptions(rest, attrs);
    return damo.maxPoolGrad(x!, y!, g!, numbers(window!), options);
  },
  max_pool_grad_grad: ([x, y, t, window, ...rest], attrs) => {
    const { mode: _, ...options } = poolOptions(rest, attrs);
    return damo.maxPoolGradGrad(x!, y!, t!, numbers(window!), options);
  },
  pool: ([x, window, ...rest], attrs) =>
    damo.pool(x!, numbers(window!), poolOptions(rest, attrs)),
  sparse_block_gemv: ([o, W, h, from, to]) =>
    damo.sparseBlockGemv(o!, W!, h!, from!, to!),
  sparse_block_outer: ([o, x, y, from, to, alpha]) =>
    damo.sparseBlockOuter(
      o!,
      alpha ? alpha.mul(x!) : x!,
      y!,
      from!,
      to!,
    ),
  ultra_fast_sigmoid: ([x]) => damo.ultraFastSigmoid(x!),
};
