/** Gradients compared with finite differences. */
import { describeOther } from "../graph/describe_other.ts";
import { checkList } from "../graph/arguments.ts";
import { withDefaults } from "../graph/options.ts";
import { isFloat } from "../graph/dtype.ts";
import { NDArray } from "../graph/ndarray.ts";
import { dense } from "../graph/type.ts";
import { Constant, Variable } from "../graph/variable.ts";
import { mul } from "../ops/elementwise/elemwise.ts";
import { evaluate } from "../ops/evaluate.ts";
import { sum } from "../ops/reductions/reduce.ts";
import { grad } from "./grad.ts";

/** How `verifyGrad` compares. */
export interface VerifyOptions {
  /** Half the distance of the two points of a difference; 1e-5 for float64 and 1e-2 for float32 unless given. */
  readonly eps?: number;
  /** A difference this small passes; 1e-5 for float64 and 1e-2 for float32 unless given. */
  readonly absTol?: number;
  /** So does one this small beside the larger of both values; the same unless given. */
  readonly relTol?: number;
  /** Numbers between 0 and 1, for the projection; a fixed sequence unless given. */
  readonly rng?: () => number;
}

/** A gradient differs from what finite differences say. */
export class GradientError extends Error {
  /** The class, for messages. */
  override readonly name = "GradientError";
}

/**
 * Compares the gradient of `fun` at `points` with central differences of the
 * reference evaluation: that of a random projection of its result, by every
 * element of every float point. Integer points stay as they are.
 *
 * GradientError: they differ; the message names the point, the element and
 * both values.
 */
export function verifyGrad(
  fun: (...xs: Variable[]) => Variable,
  points: readonly NDArray[],
  options: VerifyOptions = {},
): void {
  if (typeof fun !== "function") {
    throw new TypeError(
      `Cannot verify a gradient: expected a function of Variables, got ${
        describeOther(fun)
      }`,
    );
  }
  for (const p of checkList("verify a gradient", points, "NDArrays")) {
    if (p instanceof NDArray) continue;
    throw new TypeError(
      `Cannot verify a gradient: a point is ${
        describeOther(p)
      }, expected an NDArray such as array([1, 2])`,
    );
  }
  const exact = points.every((p) => p.dtype === "float64" || !isFloat(p.dtype));
  const usual = exact ? 1e-5 : 1e-2;
  const { eps, absTol, relTol, rng = sequence() } = withDefaults(
    "verify a gradient",
    options,
    { eps: usual, absTol: usual, relTol: usual, rng: undefined },
  );
  const xs = points.map((p, i) =>
    new Variable(dense(p.dtype, p.shape), null, 0, `point ${i}`)
  );
  const y = fun(...xs), values = new Map(xs.map((x, i) => [x, points[i]!]));
  const cost = sum(mul(y, new Constant(projection(y, values, rng))));
  const floats = xs.filter((x) => isFloat(x.dtype));
  const gradients = evaluate(
    grad(cost, floats, { disconnectedInputs: "ignore" }),
    values,
  );
  const at = (x: Variable, p: NDArray) =>
    evaluate([cost], new Map(values).set(x, p))[0]!.item();
  floats.forEach((x, k) => {
    const point = values.get(x)!, found = gradients[k]!.flat();
    for (let i = 0; i < point.size; i++) {
      const [high, low] = [eps, -eps].map((step) => moved(point, i, step)) as [
        NDArray,
        NDArray,
      ];
      const width = Number(high.data[i]) - Number(low.data[i]);
      const wanted = (at(x, high) - at(x, low)) / width;
      const got = Number(found[i]), gap = Math.abs(got - wanted);
      const size = Math.max(Math.abs(got), Math.abs(wanted));
      if (gap <= absTol || gap <= relTol * size) continue;
      throw new GradientError(
        `Cannot verify the gradient by ${x.name}, element ${i}: it is ${got}, differences give ${wanted}`,
      );
    }
  });
}

/** Weights between 0.5 and 1.5: none of them hides an element. */
function projection(
  y: Variable,
  values: ReadonlyMap<Variable, NDArray>,
  rng: () => number,
): NDArray {
  const { shape, size } = evaluate([y], values)[0]!;
  const data = Float64Array.from({ length: size }, () => rng() + 0.5);
  return new NDArray("float64", shape, data)
    .astype(isFloat(y.dtype) ? y.dtype : "float64");
}

/** A copy of a point with one element moved. */
function moved(point: NDArray, i: number, step: number): NDArray {
  const made = point.copy();
  made.data[i] = Number(made.data[i]) + step;
  return made;
}

/** Numbers between 0 and 1 that look random: multiples of the golden ratio. */
function sequence(): () => number {
  let at = 0;
  return () => at = (at + 0.6180339887498949) % 1;
}
