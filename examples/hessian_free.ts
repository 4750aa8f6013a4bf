/**
 * Hessian-free optimization (Martens 2010) of an autoencoder of handwritten
 * digits, 784-200-50-200-784, next to gradient descent at three rates, all
 * given the same number of passes over the data.
 *
 *   deno run -A examples/hessian_free.ts [--passes N] [--batch N] [--seed N] [--data DIR]
 *                                        [--save FILE] [--quick]
 *
 * A whole step is one function: the gradient, conjugate gradient as a scan
 * that ends when it gains little, and the damping by Levenberg and Marquardt.
 * A pass is every image going through the network once, in whatever direction.
 */
import * as damo from "damo";
import { loadDigits } from "./digits.ts";
import { attempt, optionsOf, refuse } from "./options.ts";
import { draw, showKernels } from "./results.ts";

const args = optionsOf({
  passes: 150,
  batch: 500,
  seed: 1,
  data: "",
  save: "hessian_free.svg",
  quick: false,
});
const passes = args.quick ? 20 : args.passes;
const batch = args.quick ? 100 : args.batch;

const { train, test } = attempt(() =>
  loadDigits(new damo.RandomState(args.seed), args.data)
);
const pixels = args.quick ? train.images.slice(0, 500) : train.images;
const count = pixels.shape[0]!, batches = Math.floor(count / batch);
if (batches === 0) refuse(`a batch of ${batch} is more than ${count} digits`);
const images = damo.shared(pixels, { name: "images" });
const unseen = damo.shared(test.images, { name: "unseen" });

/** The rows of minibatch i. */
function minibatch(i: damo.Variable, size: number): damo.Variable<2> {
  const rows = damo.slice(i.mul(size), i.add(1).mul(size));
  return images.at(rows) as damo.Variable<2>;
}

const SIZES = [784, 200, 50, 200, 784];

/** Weights that are the same for every contestant. */
function freshWeights(): damo.SharedVariable[] {
  const rng = new damo.RandomState(args.seed);
  return SIZES.slice(1).flatMap((width, k) => {
    const r = 4 * Math.sqrt(6 / (SIZES[k]! + width));
    const W = rng.uniform(-r, r, [SIZES[k]!, width]);
    return [
      damo.shared(W, { name: `W${k}` }),
      damo.shared(damo.zeros([width]), { name: `b${k}` }),
    ];
  });
}

/** What the network says of each pixel, before the last sigmoid; the code is linear. */
function logits(
  x: damo.Variable,
  weights: readonly damo.Variable[],
): damo.Variable {
  return SIZES.slice(1).reduce((h, _, k) => {
    const z = h.dot(weights[2 * k]!).add(weights[2 * k + 1]!);
    return k === 1 || k === 3 ? z : z.sigmoid();
  }, x);
}

/** Cross-entropy of an image: what is minimized. */
function lossOf(
  x: damo.Variable,
  weights: readonly damo.Variable[],
): damo.Variable<0> {
  const z = logits(x, weights);
  return z.softplus().sub(x.mul(z)).sum({ axis: 1 }).mean() as damo.Variable<0>;
}

/** Squared error of an image: what is shown. */
function errorOf(
  x: damo.Variable,
  weights: readonly damo.Variable[],
): damo.Variable {
  return logits(x, weights).sigmoid().sub(x).sqr().sum({ axis: 1 }).mean();
}

// Vectors of all weights are lists with one variable each.
type Vector = readonly damo.Variable[];
const plus = (x: Vector, y: Vector, a: damo.Variable | number = 1): Vector =>
  x.map((each, k) => each.add(y[k]!.mul(a)));
const inner = (x: Vector, y: Vector): damo.Variable =>
  x.map((each, k) => each.mul(y[k]!).sum()).reduce((s, each) => s.add(each));

/** Conjugate gradient ends where a step gains less than this share of all that was gained, or here. */
const LITTLE = 1e-2, LONGEST = 20;

/** A step of an optimizer; returns how many images went through the network, and what else it shows. */
type Step = () => { readonly images: number; readonly damping?: number };

/** The Hessian-free optimizer. */
function hessianFree(weights: readonly damo.SharedVariable[]): Step {
  const like = (name: string) =>
    weights.map((w) =>
      damo.shared(damo.zeros(w.getValue().shape), { name: `${name}.${w.name}` })
    );
  const start = like("start"); // the last solution, shorter
  const damping = damo.shared(10, { name: "damping", dtype: "float32" });

  const i = damo.lscalar("i"), x = minibatch(i, batch);
  const gradient = damo.grad(lossOf(images, weights), weights);

  // G v = Jᵀ H J v + damping v, where J is of the logits and H that of the loss by them.
  const z = logits(x, weights), p = z.sigmoid();
  const curvature = p.mul(damo.sub(1, p)).div(batch);
  const times = (v: Vector): Vector => {
    const Jv = damo.Rop(z, weights, v);
    return plus(damo.Lop(z, weights, curvature.mul(Jv)), v, damping);
  };

  // Conjugate gradient for G d = -gradient.
  const n = weights.length;
  const residual = plus(gradient, times(start)).map((each) => each.neg());
  const value = inner(start, plus(gradient, residual, -1)).mul(0.5);
  const [path] = damo.scan((...state: damo.Variable[]) => {
    const part = (k: number) => state.slice(k * n, (k + 1) * n);
    const d = part(0), r = part(1), v = part(2);
    const [rr, value] = state.slice(3 * n) as [damo.Variable, damo.Variable];
    const Gv = times(v), a = rr.div(inner(v, Gv));
    const left = plus(r, Gv, a.neg()), next = inner(left, left);
    const gain = a.mul(rr).mul(0.5), reached = value.sub(gain);
    return [
      [
        ...plus(d, v, a),
        ...left,
        ...plus(left, v, next.div(rr)),
        next,
        reached,
      ],
      damo.until(gain.lt(reached.neg().mul(LITTLE))),
    ];
  }, {
    outputsInfo: [
      ...start,
      ...residual,
      ...residual,
      inner(residual, residual),
      value,
    ],
    nSteps: LONGEST,
    name: "conjugate gradient",
  });
  const d = (path as damo.Variable[]).slice(0, n).map((each) => each.at(-1));
  const promised = path.at(-1)!.at(-1), taken = path[0]!.shape.at(0);

  // What the step does to the loss, beside what the model promised, sets the damping.
  const gained = lossOf(x, plus(weights, d)).sub(lossOf(x, weights));
  const ratio = gained.div(promised);
  const factor = damo.where(
    ratio.lt(0.25),
    1.5,
    damo.where(ratio.gt(0.75), 2 / 3, 1),
  );
  const good = gained.lt(0);
  const step = damo.function([i], { taken, ratio, damping }, {
    updates: [
      ...weights.map((w, k) => [w, damo.where(good, w.add(d[k]!), w)] as const),
      ...start.map((s, k) => [s, damo.where(good, d[k]!.mul(0.9), 0)] as const),
      [damping, damping.mul(factor)],
    ],
    name: "hessian_free",
  });
  let k = 0;
  return () => {
    const { taken, damping } = step(k++ % batches);
    // The gradient; a product for the start and one a step; the loss twice.
    return { images: count + (taken + 3) * batch, damping };
  };
}

/** Gradient descent on minibatches of 60: a step is an epoch, and so a pass. */
function gradientDescent(
  weights: readonly damo.SharedVariable[],
  rate: number,
): Step {
  const size = Math.min(60, batch), i = damo.lscalar("i");
  const gradients = damo.grad(lossOf(minibatch(i, size), weights), weights);
  const step = damo.function([i], null, {
    updates: weights.map((w, k) =>
      [w, w.sub(gradients[k]!.mul(rate))] as const
    ),
    name: "gradient_descent",
  });
  const steps = Math.floor(count / size);
  return () => {
    for (let k = 0; k < steps; k++) step(k);
    return { images: steps * size };
  };
}

interface Point {
  readonly name: string;
  readonly passes: number;
  readonly loss: number;
  readonly error: number;
}

/** Runs a contestant until its passes are used up. */
function run(
  name: string,
  make: (weights: readonly damo.SharedVariable[]) => Step,
): Point[] {
  const weights = freshWeights(), step = make(weights);
  const measure = damo.function([], {
    loss: lossOf(images, weights),
    error: errorOf(unseen, weights),
  });
  const points: Point[] = [{ name, passes: 0, ...measure() }];
  const bar = damo.progress(passes * count, { label: name, unit: "images" });
  for (let done = 0;;) {
    const { images, ...more } = step();
    done += images;
    if (done > passes * count) break; // this step was one too many
    const { loss, error } = measure();
    points.push({ name, passes: done / count, loss, error });
    bar.step({ loss, ...more }, images);
  }
  bar.end();
  return points;
}

const RATES = [0.01, 0.03, 0.1];
const curves = [
  run("Hessian-free", hessianFree),
  ...RATES.map((rate) =>
    run(`descent, rate ${rate}`, (weights) => gradientDescent(weights, rate))
  ),
];
console.log(`picture: ${await drawCurves()}`);
for (const curve of curves) {
  const { name, loss, error } = curve.at(-1)!;
  console.log(
    `${name}: loss ${loss.toFixed(2)}, squared error ${error.toFixed(2)}`,
  );
}
showKernels();

/** Draws the picture; says where it is, or why it is not. */
function drawCurves(): Promise<string> {
  const colors = ["#e0641e", "#9cc3f5", "#5b9bea", "#1b4f9c"];
  const panel = {
    width: 420,
    height: 280,
    marginLeft: 44,
    marginBottom: 36,
    x: { label: "passes over the data", domain: [0, passes] },
  };
  return draw(args.save, (Plot) => {
    const lines = (y: "loss" | "error") => ({
      y: { label: null, type: "log", grid: true, ticks: 6, tickFormat: "~r" },
      // What the first steps do is no news.
      marks: curves.map((curve) =>
        Plot.lineY(curve.filter(({ passes: at }) => at >= passes / 50), {
          x: "passes",
          y,
          stroke: "name",
          strokeWidth: 2,
        })
      ),
    });
    return {
      title: "An autoencoder of digits: Hessian-free and gradient descent",
      subtitle: `${
        SIZES.join(" - ")
      } units, ${count} digits; minibatches of 60`,
      legend: Object.fromEntries(
        curves.map(([first], k) => [first!.name, colors[k]!]),
      ),
      panels: [
        {
          ...panel,
          title: "cross-entropy of a digit it learns from",
          ...lines("loss"),
        },
        {
          ...panel,
          title: "squared error of an unseen digit",
          ...lines("error"),
        },
      ],
    };
  });
}
