/** Batch normalisation, products with blocks and the quick sigmoid: values worked out by hand. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { array } from "../../src/graph/ndarray.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import {
  batchNormalizationTest,
  batchNormalizationTrain,
} from "../../src/ops/nnet/batch_norm.ts";
import { sparseBlockDot } from "../../src/ops/products/block_sparse.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { matrix, tensor3, vector } from "../../src/ops/inputs.ts";
import { ultraFastSigmoid } from "../../src/ops/nnet/nnet.ts";

const run = (y: Variable) => evaluate([y])[0]!.toArray();
const of = (x: Parameters<typeof array>[0]) => new Constant(array(x));

Deno.test("a batch has mean 0 and variance 1; running values follow it", () => {
  const made = batchNormalizationTrain(
    of([[1, 0], [3, 8]]),
    of([1, 2]),
    of([0, 5]),
    { epsilon: 0, runningMean: of([0, 0]), runningVar: of([1, 1]) },
  );
  assertEquals(run(made.output), [[-1, 3], [1, 7]]);
  assertEquals(run(made.mean), [[2, 4]]);
  assertEquals(run(made.invstd), [[1, 0.25]]);
  const close = (v: Variable, wanted: number[]) =>
    (run(v) as number[][])[0]!.forEach((n, i) =>
      assertAlmostEquals(n, wanted[i]!, 1e-6)
    );
  close(made.runningMean!, [0.2, 0.4]);
  close(made.runningVar!, [0.9 + 0.2, 0.9 + 3.2]);
});

Deno.test("given means and variances are used; parameters may keep the axes", () => {
  const y = batchNormalizationTest(
    of([[[1, 3]], [[5, 7]]]),
    of([[[2]]]),
    of([1]),
    of([3]),
    of([4]),
    { axes: "spatial", epsilon: 0 },
  );
  assertEquals(run(y), [[[-1, 1]], [[3, 5]]]);
  assertThrows(
    () => batchNormalizationTrain(tensor3("x"), vector("g"), vector("b")),
    TypeError,
    "expected a parameter of 3 or 2 axes",
  );
});

Deno.test("chosen blocks are multiplied; without a batch too", () => {
  const W = of([[[[1]], [[2]]], [[[3]], [[4]]]]), b = of([[10], [20]]);
  const from = new Constant(array([[1]], { dtype: "int64" })),
    to = new Constant(array([[0, 1]], { dtype: "int64" }));
  assertEquals(run(sparseBlockDot(W, of([[[5]]]), from, b, to)), [[[25], [
    40,
  ]]]);
  assertEquals(
    run(
      sparseBlockDot(
        W,
        of([[5]]),
        new Constant(array([1], { dtype: "int64" })),
        b,
        new Constant(array([0, 1], { dtype: "int64" })),
      ),
    ),
    [[25], [40]],
  );
  assertThrows(
    () => sparseBlockDot(W, matrix("h"), from, b, to),
    TypeError,
    "h has 2 axes",
  );
});

Deno.test("the quick sigmoid is odd around a half and near the slow one", () => {
  for (const x of [-8, -4, -1, -0.1, 0, 0.1, 1, 4, 8]) {
    const [y, z] = [x, -x].map((v) => run(ultraFastSigmoid(v)) as number);
    assertAlmostEquals(y! + z!, 1, 1e-6);
    assertAlmostEquals(y!, 1 / (1 + Math.exp(-x)), 0.02);
  }
});
