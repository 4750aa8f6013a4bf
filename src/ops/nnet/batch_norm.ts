/** Batch normalisation: by the mean and variance of a batch, or by given ones. */
import { withDefaults } from "../../graph/options.ts";
import { describeType } from "../../graph/type.ts";
import type { Variable } from "../../graph/variable.ts";
import { asVariable, type Operand } from "../define.ts";
import { dimshuffle } from "../shape/dimshuffle.ts";
import {
  add,
  cast,
  div,
  mul,
  reciprocal,
  sqr,
  sqrt,
  sub,
} from "../elementwise/elemwise.ts";
import { axesOf } from "../reductions/reduce.ts";
import { floating } from "../elementwise/scalar.ts";
import { lengthsOf } from "../shape/shape.ts";
import { addBroadcast } from "../shape/stacks.ts";
import { mean } from "../reductions/statistics.ts";

/** Which axes are normalised over: the batch (first) axis; all but the second, the channels; or these. */
export type BatchNormAxes = "per-activation" | "spatial" | readonly number[];

/** How to normalise. */
export interface BatchNormOptions {
  /** "per-activation" unless given. */
  readonly axes?: BatchNormAxes;
  /** Added to variances, 1e-4 unless given. */
  readonly epsilon?: Operand;
}

const BATCH_NORM = { axes: "per-activation", epsilon: 1e-4 } as const;

/** How to normalise, and what is kept of earlier batches. */
export interface BatchNormTrainOptions extends BatchNormOptions {
  /** The weight of this batch in the running mean and variance, 0.1 unless given. */
  readonly runningAverageFactor?: Operand;
  /** The running mean so far. */
  readonly runningMean?: Operand;
  /** The running variance so far. */
  readonly runningVar?: Operand;
}

/** A batch normalised, and what it was normalised with; running values where they were given. */
export interface BatchNormalized {
  /** gamma (x - mean) / sqrt(variance + epsilon) + beta. */
  readonly output: Variable;
  /** Of the batch; normalised axes have length 1. */
  readonly mean: Variable;
  /** 1 / sqrt(variance + epsilon). */
  readonly invstd: Variable;
  /** The running mean, with this batch. */
  readonly runningMean?: Variable;
  /** The running variance, with the unbiased variance of this batch. */
  readonly runningVar?: Variable;
}

function normalizedAxes(
  name: string,
  axes: BatchNormAxes,
  ndim: number,
): number[] {
  if (axes === "per-activation") return [0];
  if (axes === "spatial") {
    return Array.from({ length: ndim }, (_, axis) => axis)
      .filter((axis) => axis !== 1);
  }
  return axesOf(name, axes, ndim);
}

/** A parameter with a length of 1 along the axes that are normalised, which it may also leave out. */
function parameter(
  name: string,
  value: Operand,
  x: Variable,
  axes: readonly number[],
): Variable {
  const v = asVariable(value, x.dtype);
  if (v.ndim === x.ndim) return addBroadcast(v, ...axes);
  if (v.ndim !== x.ndim - axes.length) {
    throw new TypeError(
      `Cannot apply ${name}: expected a parameter of ${x.ndim} or ${
        x.ndim - axes.length
      } axes, got ${describeType(v.type)}`,
    );
  }
  let from = 0;
  return dimshuffle(
    v,
    x.type.shape.map((_, axis) => axes.includes(axis) ? "x" : from++),
  );
}

function floats(x: Operand): Variable {
  const v = asVariable(x);
  return cast(v, floating(v.dtype));
}

/**
 * x normalised over `axes` by the mean and variance that it has there, then
 * scaled by `gamma` and moved by `beta`, which have an element for each that
 * is left (or length 1 along the others).
 *
 * TypeError: a parameter of another number of axes. RangeError: no such axis.
 *
 * ```ts
 * import { batchNormalizationTrain, matrix, vector } from "damo";
 * const x = matrix("x"), gamma = vector("gamma"), beta = vector("beta");
 * console.log(batchNormalizationTrain(x, gamma, beta).output.ndim); // 2
 * ```
 */
export function batchNormalizationTrain(
  x: Operand,
  gamma: Operand,
  beta: Operand,
  options: BatchNormTrainOptions = {},
): BatchNormalized {
  const name = "batchNormalizationTrain";
  const { axes, epsilon, runningAverageFactor, runningMean, runningVar } =
    withDefaults(`apply ${name}`, options, {
      ...BATCH_NORM,
      runningAverageFactor: 0.1,
      runningMean: undefined,
      runningVar: undefined,
    });
  const v = floats(x),
    axis = normalizedAxes(name, axes, v.ndim);
  const own = (p: Operand) => parameter(name, p, v, axis);
  const center = mean(v, { axis, keepdims: true }), apart = sub(v, center);
  const variance = mean(sqr(apart), { axis, keepdims: true }),
    invstd = reciprocal(sqrt(add(variance, epsilon)));
  const output = add(mul(apart, mul(own(gamma), invstd)), own(beta));
  const running = (before: Operand, now: Variable) =>
    add(
      mul(own(before), sub(1, runningAverageFactor)),
      mul(now, runningAverageFactor),
    );
  const count = cast(
    axis.map((a) => asVariable(lengthsOf(v)[a]!, "int64"))
      .reduce((a, b) => mul(a, b)),
    v.dtype,
  );
  return {
    output,
    mean: center,
    invstd,
    ...(runningMean !== undefined &&
      { runningMean: running(runningMean, center) }),
    ...(runningVar !== undefined && {
      runningVar: running(
        runningVar,
        mul(variance, div(count, sub(count, 1))),
      ),
    }),
  };
}

/** x normalised by a given mean and variance: gamma (x - mean) / sqrt(variance + epsilon) + beta. See batchNormalizationTrain. */
export function batchNormalizationTest(
  x: Operand,
  gamma: Operand,
  beta: Operand,
  mean: Operand,
  variance: Operand,
  options: BatchNormOptions = {},
): Variable {
  const name = "batchNormalizationTest";
  const { axes, epsilon } = withDefaults(`apply ${name}`, options, BATCH_NORM);
  const v = floats(x),
    axis = normalizedAxes(name, axes, v.ndim);
  const own = (p: Operand) => parameter(name, p, v, axis);
  const invstd = reciprocal(sqrt(add(own(variance), epsilon)));
  return add(mul(sub(v, own(mean)), mul(own(gamma), invstd)), own(beta));
}
