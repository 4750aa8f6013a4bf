/** A training step compiles to few kernels: at most twelve for a signature. */
import { assert } from "@std/assert";
import type { FunctionGraph } from "../../src/graph/function_graph.ts";
import { slice } from "../../src/graph/indexing.ts";
import { NDArray } from "../../src/graph/ndarray.ts";
import type { SharedVariable, Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { lower } from "../../src/lower/lower.ts";
import type { Program } from "../../src/lower/program.ts";
import { noHistory, observe, sharedOf } from "../../src/lower/signature.ts";
import { FIXED_TARGET, type Target } from "../../src/lower/target.ts";
import { shared, zeros } from "../../src/ops/constructors.ts";
import {
  add,
  mod,
  mul,
  sub,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { tensor } from "../../src/ops/inputs.ts";
import { categoricalCrossentropy } from "../../src/ops/nnet/nnet.ts";
import { softmax } from "../../src/ops/nnet/softmax.ts";
import { dot } from "../../src/ops/products/dot.ts";
import { mean } from "../../src/ops/reductions/statistics.ts";
import { optimize } from "../../src/rewrite/optimize.ts";

const MOST = 12, EXAMPLES = 600, SIZES = [784, 500, 10] as const;

/** How the step gets its minibatch. */
type Form = "explicit" | "index" | "position";

const parameter = (name: string, ...dims: number[]): SharedVariable =>
  shared(zeros(dims, "float32"), { name, shape: dims });

/** A step of gradient descent on 784-500-10, and its arguments. */
function stepOf(
  form: Form,
  batch: number,
): { readonly graph: FunctionGraph; readonly given: readonly NDArray[] } {
  const [pixels, hidden, classes] = SIZES;
  const W = parameter("W", pixels, hidden),
    b = parameter("b", hidden),
    V = parameter("V", hidden, classes),
    c = parameter("c", classes);
  const weights = [W, b, V, c];
  const images = parameter("images", EXAMPLES, pixels),
    labels = shared(zeros([EXAMPLES], "int32"), { shape: [EXAMPLES] });
  const position = shared(zeros([], "int64"), { name: "at" }),
    i = tensor("int64", [], "i"),
    x = tensor("float32", [null, null], "x"),
    y = tensor("int32", [null], "y");
  const [from, to] = form === "index"
    ? [mul(i, batch), mul(add(i, 1), batch)]
    : [position, add(position, batch)];
  const rows = slice(from, to),
    [data, answers] = form === "explicit"
      ? [x, y]
      : [at(images, rows), at(labels, rows)];
  const h = tanh(add(dot(data, W), b)), p = softmax(add(dot(h, V), c));
  const cost = mean(categoricalCrossentropy(p, answers)) as Variable<0>,
    gradients = grad(cost, weights);
  const graph: FunctionGraph = {
    inputs: form === "explicit" ? [x, y] : form === "index" ? [i] : [],
    outputs: [cost],
    updates: [
      ...weights.map((w, k) => [w, sub(w, mul(gradients[k]!, 0.01))] as const),
      ...(form === "position"
        ? [[position, mod(add(position, batch), EXAMPLES)] as const]
        : []),
    ],
  };
  const given = form === "explicit"
    ? [
      new NDArray(
        "float32",
        [batch, pixels],
        new Float32Array(batch * pixels),
      ),
      new NDArray("int32", [batch], new Int32Array(batch)),
    ]
    : form === "index"
    ? [new NDArray("int64", [], new BigInt64Array(1))]
    : [];
  return { graph, given };
}

/** The program of a step, whose matrices lie as they are arranged for products. */
function programOf(form: Form, batch: number, target: Target): Program {
  const { graph: written, given } = stepOf(form, batch);
  const { graph } = optimize(written, { optimizer: "fast_run" });
  const arrays = [
    ...given,
    ...sharedOf(graph).map((s) => {
      const value = s.getValue();
      return {
        dtype: s.dtype,
        shape: value.shape,
        strides: STRIDES[s.name!] ?? value.strides,
      };
    }),
  ];
  const [, signature] = observe(noHistory(graph), arrays, given.length);
  return lower(graph, signature, { gc: true }, target);
}

/** In elements: rows, or columns, that begin at cache lines. */
const STRIDES: Record<string, readonly number[]> = { W: [528, 1], V: [1, 512] };

for (const blas of [true, false]) {
  for (const form of ["explicit", "index", "position"] as const) {
    Deno.test(`a step of an MLP has at most ${MOST} kernels: ${form}, ${blas ? "with a BLAS" : "without"}`, () => {
      for (const batch of [1, 7, 10, 33, 60, 200]) {
        const { thunks } = programOf(form, batch, { ...FIXED_TARGET, blas });
        const kernels = thunks.flatMap(({ run }) =>
          run.kind === "compiled" ? [run.kernel] : []
        );
        const texts = new Set(kernels.map((k) => k.text));
        assert(
          texts.size <= MOST,
          `${texts.size} kernels for batches of ${batch}: ${
            kernels.map((k) => k.name)
          }`,
        );
      }
    });
  }
}
