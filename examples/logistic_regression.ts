/** The tutorial of the README: logistic regression, on random numbers. */
import * as damo from "damo";
const { matrix, ivector, shared, grad } = damo;

const rng = new damo.RandomState(1);
const images = rng.uniform(0, 1, [600, 784]),
  labels = rng.integers(0, 10, [600]);

const x = matrix("x"), y = ivector("y"); // float32 by default (floatX)
const W = shared(damo.zeros([784, 10]), { name: "W" });
const b = shared(damo.zeros([10]), { name: "b" });
const p = damo.softmax(x.dot(W).add(b));
const cost = damo.categoricalCrossentropy(p, y).mean();
const [gW, gb] = grad(cost, [W, b]);
const train = damo.function([x, y], cost, {
  updates: [[W, W.sub(gW.mul(0.1))], [b, b.sub(gb.mul(0.1))]],
});
for (let i = 0; i < 600; i += 60) {
  console.log(train(images.slice(i, i + 60), labels.slice(i, i + 60))); // a number
}
