/** Random graphs and their gradients keep their values under every optimizer. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { type FunctionGraph, results } from "../../src/graph/function_graph.ts";
import { NDArray, sizeOf } from "../../src/graph/ndarray.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import { leaves } from "../../src/graph/walk.ts";
import { grad } from "../../src/grad/grad.ts";
import { at, incSubtensor } from "../../src/ops/indexing/at.ts";
import { zerosLike } from "../../src/ops/constructors.ts";
import { dimshuffle, transpose } from "../../src/ops/shape/dimshuffle.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  add,
  cast,
  div,
  exp,
  log,
  maximum,
  mul,
  neg,
  sigmoid,
  softplus,
  sqr,
  sub,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { gt, where } from "../../src/ops/elementwise/elemwise_logic.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { tensor } from "../../src/ops/inputs.ts";
import { max, sum } from "../../src/ops/reductions/reduce.ts";
import { reshape } from "../../src/ops/shape/reshape.ts";
import { shapeAt } from "../../src/ops/shape/shape.ts";
import { logSoftmax, softmax } from "../../src/ops/nnet/softmax.ts";
import { mean } from "../../src/ops/reductions/statistics.ts";
import { randomGraph, type Rng, rng } from "../lower/random.ts";
import { optimize, type Strategy } from "../../src/rewrite/optimize.ts";

const UNARY = [
  neg,
  tanh,
  sigmoid,
  softplus,
  sqr,
  exp,
  (x: Variable) => log(add(1, sqr(x))),
  (x: Variable) => mul(x, 0.5),
  (x: Variable) => div(x, 4),
];
const BINARY = [
  add,
  sub,
  mul,
  maximum,
  (x: Variable, y: Variable) => div(x, add(1, sqr(y))),
  (x: Variable, y: Variable) => where(gt(x, 0), x, y),
];

/** Every value is small: nothing overflows, and rounding stays rounding. */
const SMALL = [tanh, sigmoid];

/** One more expression over those that are there; all matrices are square, so that nearly everything fits. */
function grow(pool: readonly Variable[], draw: Rng): Variable | null {
  const pick = () => pool[draw(pool.length)]!;
  const x = pick(), y = pick();
  switch (draw(14)) {
    case 0:
    case 1:
      return UNARY[draw(UNARY.length)]!(x);
    case 2:
    case 3:
    case 4:
      return BINARY[draw(BINARY.length)]!(x, y);
    case 5:
    case 6:
      return x.ndim && y.ndim ? SMALL[draw(2)]!(dot(x, y)) : null;
    case 7:
      return x.ndim
        ? [sum, mean, max][draw(3)]!(x, { axis: draw(x.ndim) })
        : null;
    case 8:
      return x.ndim === 2 ? transpose(x) : null;
    case 9:
      return x.ndim ? [softmax, logSoftmax][draw(2)]!(x) : null;
    case 10:
      return x.ndim === 2
        ? reshape(reshape(x, [-1]), [shapeAt(x, 0), -1])
        : null;
    case 11:
      return x.ndim ? at(x, ["1:", ":", "0:2"][draw(3)]!) : null;
    case 12:
      return x.ndim === 1
        ? mul(dimshuffle(x, [0, "x"]), dimshuffle(x, ["x", 0]))
        : null;
    default:
      return x.ndim ? incSubtensor(at(zerosLike(x), "1:"), at(x, "1:")) : null;
  }
}

/** A graph of about `size` expressions that all count in its cost. */
function differentiable(draw: Rng, size: number, known: boolean) {
  const n = known ? 3 : null;
  const inputs = [
    tensor("float64", [n, n], "x"),
    tensor("float64", [n, n], "y"),
    tensor("float64", [n], "v"),
    tensor("float64", [1, n], "row"),
    tensor("float64", [], "s"),
  ];
  const pool: Variable[] = [...inputs];
  while (pool.length < size) {
    try {
      const made = grow(pool, draw);
      if (made) pool.push(made.ndim === 0 ? made : tanh(made));
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof RangeError)) {
        throw error;
      }
    }
  }
  const cost = pool.slice(-4).map((v): Variable => mean(cast(v, "float64")))
    .reduce((a, b) => add(a, b)) as Variable<0>;
  const gradients = grad(cost, inputs, { disconnectedInputs: "ignore" });
  return { inputs, outputs: [cost, ...gradients], updates: [] };
}

/** Values of the inputs of a graph. */
function valuesOf(
  outputs: readonly Variable[],
  draw: Rng,
): ReadonlyMap<Variable, NDArray> {
  const inputs = leaves(outputs).filter((v) => !(v instanceof Constant));
  return new Map(inputs.map((v) => {
    const shape = v.type.shape.map((d) => typeof d === "number" ? d : 3);
    const data = Float64Array.from(
      { length: sizeOf(shape) },
      () => draw(1000) / 500 - 1,
    );
    return [v, new NDArray("float64", shape, data)];
  }));
}

/** False where a graph refuses values: lengths that types do not know may turn out to differ. */
function accepts(
  graph: FunctionGraph,
  values: ReadonlyMap<Variable, NDArray>,
): boolean {
  try {
    evaluate(results(graph), values);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Compares a graph with its rewritten form at some values. */
function compare(
  graph: FunctionGraph,
  optimizer: Strategy["optimizer"],
  values: ReadonlyMap<Variable, NDArray>,
  name: string,
): void {
  const { graph: made } = optimize(graph, { optimizer });
  const before = evaluate(results(graph), values),
    after = evaluate(results(made), values);
  before.forEach((a, i) => {
    assertEquals(
      [after[i]!.dtype, after[i]!.shape],
      [a.dtype, a.shape],
      `${name}, result ${i}`,
    );
    const x = a.flat(), y = after[i]!.flat();
    for (let k = 0; k < x.length; k++) {
      if (Object.is(x[k], y[k])) continue;
      assertAlmostEquals(
        Number(y[k]),
        Number(x[k]),
        1e-8 * Math.max(1, Math.abs(Number(x[k]))),
        `${name}, result ${i}`,
      );
    }
  });
}

for (const optimizer of ["fast_run", "fast_compile"] as const) {
  Deno.test(`random graphs and their gradients keep their values: ${optimizer}`, () => {
    let compared = 0;
    for (let seed = 1; seed <= 120; seed++) {
      const draw = rng(seed),
        graph = differentiable(draw, 8 + draw(25), seed % 2 === 0);
      const values = valuesOf(results(graph), draw);
      if (!accepts(graph, values)) continue;
      compared++;
      compare(graph, optimizer, values, `seed ${seed}`);
    }
    assert(compared > 60, `${compared} graphs were compared`);
  });

  Deno.test(`random graphs with branches, loops and updates keep their values: ${optimizer}`, () => {
    let compared = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const { graph, inputs } = randomGraph(seed, { failures: false }),
        given = inputs(rng(seed + 7));
      const values = new Map(graph.inputs.map((v, i) => [v, given[i]!]));
      if (!accepts(graph, values)) continue;
      compared++;
      compare(graph, optimizer, values, `seed ${seed}`);
    }
    assert(compared > 30, `${compared} graphs were compared`);
  });
}
