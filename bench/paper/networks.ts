/** The networks of the paper's Figure 1, their data in the order of `limit/common.h`, and their training step as a user writes it. */
import * as damo from "damo";
import { Xorshift } from "./limit.ts";

/** Examples, pixels an example, and the step's length: as in `limit/mlp.c`. */
export const EXAMPLES = 600, INPUTS = 784, OUTPUTS = 10, RATE = 0.01;

/** The widths of a network's hidden layers: `logistic`, `mlp` (500), `deep` (3 x 1000), or `mlp300` for another width. */
export function hiddenOf(net: string): readonly number[] {
  if (net === "logistic") return [];
  if (net === "deep") return [1000, 1000, 1000];
  const width = net === "mlp" ? 500 : Number(/^mlp(\d+)$/.exec(net)?.[1]);
  if (!(width > 0)) {
    throw new RangeError(
      `Cannot build ${net}: there are logistic, mlp, deep, mlp<width>`,
    );
  }
  return [width];
}

/** The same network in the words of `limit/mlp.c`. */
export function archOf(net: string): string {
  const [width, ...more] = hiddenOf(net);
  return width === undefined
    ? "logreg"
    : `mlp${width}${more.length > 0 ? `x${1 + more.length}` : ""}`;
}

/** What one example costs: multiplications and additions, and the weights that a step reads twice and writes once. */
export function workOf(net: string): {
  readonly flops: number;
  readonly weights: number;
} {
  const sizes = [INPUTS, ...hiddenOf(net), OUTPUTS];
  const products = sizes.slice(1).map((width, k) => sizes[k]! * width);
  const weights = products.reduce((sum, n) => sum + n, 0);
  // The first layer needs no gradient of its input.
  return { flops: 2 * (3 * weights - products[0]!), weights };
}

/** How the step gets its minibatch: as arguments, by its number, or by a shared position that it moves on. */
export type Form = "explicit" | "index" | "position";

/** A training step; every `call` takes the next minibatch. */
export interface Step {
  /** One step through the checked or trusted call; its loss. */
  call(): number;
  /** The function itself: for `trustInput` and, in the form "position", `fn`. */
  readonly f: {
    trustInput: boolean;
    fn(nCalls?: number): unknown;
  };
}

/** Data and initial weights: the same bits as in C. */
export class Start {
  readonly #random = new Xorshift();
  /** The images. */
  readonly X: Float32Array;
  /** The labels. */
  readonly Y: Int32Array;
  /** A layer's weights and how many it has on each side. */
  readonly layers: readonly {
    readonly W: Float32Array;
    readonly rows: number;
    readonly width: number;
  }[];

  /** Draws all numbers for a network. */
  constructor(net: string) {
    const random = this.#random;
    this.X = Float32Array.from(
      { length: EXAMPLES * INPUTS },
      () => random.float(),
    );
    this.Y = Int32Array.from({ length: EXAMPLES }, () => random.next() % 10);
    const sizes = [INPUTS, ...hiddenOf(net), OUTPUTS];
    this.layers = sizes.slice(1).map((width, k) => {
      const rows = sizes[k]!;
      const r = Math.fround(Math.sqrt(Math.fround(6 / (rows + width))));
      const W = Float32Array.from(
        { length: rows * width },
        () => Math.fround(Math.fround(Math.fround(2 * random.float()) - 1) * r),
      );
      return { W, rows, width };
    });
  }
}

/** The training step of a network, with weights of its own. */
export function buildStep(
  net: string,
  batch: number,
  form: Form,
  start: Start,
  mode: damo.ModeOptions,
): Step {
  // An epoch is as many whole minibatches as there are.
  const batches = Math.floor(EXAMPLES / batch), whole = batches * batch;
  const data = damo.array(start.X, { shape: [EXAMPLES, INPUTS] });
  const classes = damo.array(start.Y);
  const layers = start.layers.map(({ W, rows, width }, k) => ({
    W: damo.shared(damo.array(W, { shape: [rows, width] }), {
      name: `W${k}`,
      shape: [rows, width],
    }),
    b: damo.shared(damo.array(new Float32Array(width)), {
      name: `b${k}`,
      shape: [width],
    }),
  }));
  const weights = layers.flatMap(({ W, b }) => [W, b]);
  const costOf = (x: damo.Variable<2>, y: damo.Variable<1>) => {
    const logits = layers.reduce<damo.Variable>((h, { W, b }, k) => {
      const z = h.dot(W).add(b);
      return k < layers.length - 1 ? z.tanh() : z;
    }, x);
    return damo.categoricalCrossentropy(damo.softmax(logits), y).mean();
  };
  const descend = (cost: damo.Variable<0>) => {
    const gradients = damo.grad(cost, weights);
    return weights.map((w, k) => [w, w.sub(gradients[k]!.mul(RATE))] as const);
  };
  const name = `${net}_${batch}`;
  let next = 0;
  const turn = () => {
    const at = next;
    next = (next + 1) % batches;
    return at;
  };
  if (form === "explicit") {
    const x = damo.matrix("x"), y = damo.ivector("y"), cost = costOf(x, y);
    const f = damo.function([x, y], cost, {
      updates: descend(cost),
      mode,
      name,
    });
    const minibatches = Array.from(
      { length: batches },
      (_, k) =>
        [data, classes].map((all) => all.slice(k * batch, (k + 1) * batch)) as [
          damo.NDArray,
          damo.NDArray,
        ],
    );
    const call = () => {
      const [inputs, targets] = minibatches[turn()]!;
      return f(inputs, targets);
    };
    return { f, call };
  }
  const images = damo.shared(data, {
    name: "images",
    shape: [EXAMPLES, INPUTS],
  });
  const labels = damo.shared(classes, { name: "labels", shape: [EXAMPLES] });
  const costAt = (from: damo.Variable, to: damo.Variable) => {
    const rows = damo.slice(from, to);
    return costOf(
      images.at(rows) as damo.Variable<2>,
      labels.at(rows) as damo.Variable<1>,
    );
  };
  if (form === "index") {
    const i = damo.lscalar("i");
    const cost = costAt(i.mul(batch), i.add(1).mul(batch));
    const f = damo.function([i], cost, { updates: descend(cost), mode, name });
    return { f, call: () => f(turn()) };
  }
  const at = damo.shared(damo.array(0, { dtype: "int64" }), { name: "at" });
  const cost = costAt(at, at.add(batch));
  const f = damo.function([], cost, {
    updates: [...descend(cost), [at, at.add(batch).mod(whole)] as const],
    mode,
    name,
  });
  return { f, call: () => f() };
}
