/**
 * Trains a network of the paper's on handwritten digits.
 *
 *   deno task train [--model logistic|mlp|deep] [--epochs N] [--batch N] [--rate R] [--seed N]
 *                   [--data DIR] [--save FILE] [--quick]
 */
import * as damo from "damo";
import { loadDigits } from "./digits.ts";
import { attempt, optionsOf, refuse } from "./options.ts";
import { draw, showKernels } from "./results.ts";

const HIDDEN = { logistic: [], mlp: [500], deep: [1000, 1000, 1000] } as const;

const args = optionsOf({
  model: "mlp",
  epochs: 10,
  batch: 60,
  rate: 0.1,
  seed: 1,
  data: "",
  save: "weights.npz",
  quick: false,
});
const hidden = HIDDEN[args.model as keyof typeof HIDDEN] ??
  refuse(`--model is one of ${Object.keys(HIDDEN).join(", ")}`);
const epochs = args.quick ? 1 : args.epochs;
const { batch, rate } = args;

// Data lives in shared variables: a call passes only the number of a minibatch.
const rng = new damo.RandomState(args.seed);
const { train, test } = attempt(() => loadDigits(rng, args.data));
const images = damo.shared(train.images, { name: "images" });
const labels = damo.shared(train.labels, { name: "labels" });
const batches = Math.floor(train.labels.shape[0]! / batch);
if (batches === 0) {
  refuse(
    `a batch of ${batch} is more than the ${train.labels.shape[0]} digits`,
  );
}

// The network.
const x = damo.matrix("x"), y = damo.ivector("y");
const sizes = [784, ...hidden, 10];
const layers = sizes.slice(1).map((width, i) => {
  const r = Math.sqrt(6 / (sizes[i]! + width));
  const W = rng.uniform(-r, r, [sizes[i]!, width]);
  return {
    W: damo.shared(W, { name: `W${i}` }),
    b: damo.shared(damo.zeros([width]), { name: `b${i}` }),
  };
});
const logits = layers.reduce<damo.Variable>((h, { W, b }, i) => {
  const z = h.dot(W).add(b);
  return i < layers.length - 1 ? z.tanh() : z;
}, x);
const p = damo.softmax(logits);
const cost = damo.categoricalCrossentropy(p, y).mean();

// One step of stochastic gradient descent on minibatch i.
const i = damo.lscalar("i");
const weights = layers.flatMap(({ W, b }) => [W, b]);
const gradients = damo.grad(cost, weights);
const rows = damo.slice(i.mul(batch), i.add(1).mul(batch));
const step = damo.function([i], cost, {
  updates: weights.map((w, k) => [w, w.sub(gradients[k]!.mul(rate))] as const),
  givens: [[x, images.at(rows)], [y, labels.at(rows)]],
});
const accuracy = damo.function(
  [x, y],
  damo.argmax(p, { axis: 1 }).eq(y).mean(),
);

const losses: { epoch: number; loss: number }[] = [];
const accuracies = [
  { epoch: 0, accuracy: accuracy(test.images, test.labels) },
];
const bar = damo.progress(epochs * batches * batch, { unit: "examples" });
for (let epoch = 1; epoch <= epochs; epoch++) {
  let sum = 0;
  for (let k = 0; k < batches; k++) {
    const loss = step(k);
    losses.push({ epoch: epoch - 1 + (k + 1) / batches, loss });
    sum += loss;
    bar.step({ loss: sum / (k + 1) }, batch);
  }
  const loss = (sum / batches).toFixed(4);
  const right = accuracy(test.images, test.labels);
  accuracies.push({ epoch, accuracy: right });
  bar.note(`epoch ${epoch}: loss ${loss}, accuracy ${right.toFixed(3)}`);
}
bar.end();

damo.saveNpz(
  args.save,
  Object.fromEntries(weights.map((w) => [w.name!, w.getValue()])),
);
console.log(`weights: ${args.save}`);
console.log(`learning curve: ${await drawCurve()}`);
console.log(`test accuracy ${accuracies.at(-1)!.accuracy.toFixed(3)}`);
showKernels();

/** Draws the picture next to the weights; says where it is, or why it is not. */
function drawCurve(): Promise<string> {
  const path = `${args.save.replace(/\.npz$/, "")}.svg`;
  // A point is the mean of some minibatches: 200 points are a curve.
  const size = Math.ceil(losses.length / 200);
  const curve = losses.filter((_, k) => (k + 1) % size === 0).map(
    ({ epoch }, k) => {
      const some = losses.slice(k * size, (k + 1) * size);
      return {
        epoch,
        loss: some.reduce((sum, { loss }) => sum + loss, 0) / size,
      };
    },
  );
  const x = {
    label: "epoch",
    domain: [0, epochs],
    ticks: Math.min(epochs, 10),
  };
  const shared = {
    width: 420,
    height: 260,
    marginLeft: 48,
    marginBottom: 36,
    x,
  };
  return draw(path, (Plot) => ({
    title: `Training ${args.model} on handwritten digits`,
    subtitle: `${
      sizes.join(" - ")
    } units, minibatches of ${batch}, rate ${rate}`,
    panels: [{
      ...shared,
      title: "loss on the digits it learns from",
      y: { label: null, grid: true, zero: true, nice: true },
      marks: [
        Plot.ruleY([0]),
        Plot.lineY(curve, { x: "epoch", y: "loss", stroke: "#4269d0" }),
      ],
    }, {
      ...shared,
      title: "unseen digits that it names rightly",
      y: { label: null, grid: true, domain: [0, 1], tickFormat: "%" },
      marks: [
        Plot.ruleY([0]),
        Plot.lineY(accuracies, {
          x: "epoch",
          y: "accuracy",
          stroke: "#d97706",
          marker: true,
        }),
      ],
    }],
  }));
}
