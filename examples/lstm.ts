/**
 * An LSTM that learns to continue text, character by character: the layer of
 * `lstm_layer.ts` between an embedding and a softmax.
 *
 *   deno run -A examples/lstm.ts [--text FILE] [--epochs N] [--units N] [--rate R] [--seed N] [--quick]
 */
import * as damo from "damo";
import { adam } from "./adam.ts";
import { lstm, lstmGates, lstmStep, weightsOf } from "./lstm_layer.ts";
import { loadText } from "./text.ts";
import { attempt, optionsOf, refuse } from "./options.ts";
import { showKernels } from "./results.ts";

const args = optionsOf({
  text: "",
  epochs: 3,
  units: 128,
  rate: 0.003,
  seed: 1,
  quick: false,
});
const epochs = args.quick ? 1 : args.epochs;
const units = args.quick ? 32 : args.units;
const streams = 32, length = 50, embedded = 32;

const limit = args.quick ? 30_000 : Infinity;
const { symbols, train, heldOut } = attempt(() =>
  loadText(streams, { file: args.text, limit })
);
const batchesOf = (part: damo.NDArray) =>
  Math.floor((part.shape[0]! - 1) / length);
if (batchesOf(heldOut) === 0) {
  refuse(`the text is too short for ${streams} streams of ${length}`);
}

// Embedding, layer, softmax.
const rng = new damo.RandomState(args.seed);
const E = damo.shared(rng.uniform(-0.3, 0.3, [symbols.length, embedded]), {
  name: "E",
});
const gates = lstmGates(rng, embedded, units);
const W = damo.shared(rng.uniform(-0.1, 0.1, [units, symbols.length]), {
  name: "W",
});
const b = damo.shared(damo.zeros([symbols.length]), { name: "b" });
const weights = [E, ...weightsOf(gates), W, b];
const guess = (h: damo.Variable) => damo.softmax(h.dot(W).add(b));

// Minibatches [length, streams] follow each other: the state goes from one to the next.
const [h0, c0] = ["h0", "c0"].map((name) =>
  damo.shared(damo.zeros([streams, units]), { name })
) as [damo.SharedVariable, damo.SharedVariable];
const x = damo.imatrix("x"), y = damo.imatrix("y");
const [h, c] = lstm(gates, E.at(x), h0, c0);
const cost = damo.categoricalCrossentropy(
  guess(h.reshape([-1, units])),
  y.flatten(),
).mean();
const { updates } = adam(cost, weights, { rate: args.rate, clip: 1 });

const i = damo.lscalar("i"), from = i.mul(length), to = from.add(length);
function over(part: damo.NDArray, more: readonly damo.Update[] = []) {
  const all = damo.shared(part, { name: "text" });
  return damo.function([i], cost, {
    updates: [...more, [h0, h.at(-1)], [c0, c.at(-1)]],
    givens: [
      [x, all.at(damo.slice(from, to))],
      [y, all.at(damo.slice(from.add(1), to.add(1)))],
    ],
  });
}
const step = over(train, updates), test = over(heldOut);

/** Runs all minibatches of a part, from states of zeros; the perplexity. */
const rest = h0.getValue();
function perplexity(
  run: (i: number) => number,
  batches: number,
  show?: (perplexity: number) => void,
): number {
  h0.setValue(rest);
  c0.setValue(rest);
  let sum = 0;
  for (let k = 0; k < batches; k++) {
    sum += run(k);
    show?.(Math.exp(sum / (k + 1)));
  }
  return Math.exp(sum / batches);
}

const batches = batchesOf(train);
const bar = damo.progress(epochs * batches * streams * length, {
  unit: "characters",
});
let held = NaN;
for (let epoch = 1; epoch <= epochs; epoch++) {
  const seen = perplexity(
    step,
    batches,
    (perplexity) => bar.step({ perplexity }, streams * length),
  );
  held = perplexity(test, batchesOf(heldOut));
  bar.note(
    `epoch ${epoch}: perplexity ${seen.toFixed(2)}, held out ${
      held.toFixed(2)
    }`,
  );
}
bar.end();

// Writing: each symbol is drawn by u from what the network expects behind the last one.
const u = damo.vector("u"), nothing = damo.zeros([units]);
const newline = damo.array(Math.max(0, symbols.indexOf("\n")), {
  dtype: "int64",
});
const [[written]] = damo.scan((u, symbol, h, c) => {
  const next = lstmStep(gates, E.at(symbol), h, c);
  const drawn = damo.cumsum(guess(next[0])).lt(u).sum();
  return [damo.minimum(drawn, symbols.length - 1), ...next];
}, {
  sequences: u,
  outputsInfo: [newline, nothing, nothing],
});
const write = damo.function([u], written);
const numbers = write(rng.uniform(0, 1, [300])).toArray() as number[];
const sample = numbers.map((k) => symbols[k]).join("").trim();
console.log(`what it writes:\n${sample.replace(/^/gm, "  ")}`);
console.log(`held-out perplexity ${held.toFixed(3)}`);
showKernels();
