/**
 * A language model of the paper's kind, over characters: an embedding, a
 * recurrent layer of sigmoids, a softmax. Trains on Moby Dick or a file,
 * says how perplexed it is by text that it has not seen, and writes some.
 *
 *   deno run -A examples/rnn_lm.ts [--text FILE] [--epochs N] [--hidden N] [--streams N] [--length N]
 *                                  [--rate R] [--seed N] [--save FILE] [--resume] [--quick]
 *
 * After each epoch everything is saved; `--resume` goes on from there, to the
 * bit as if training had never stopped.
 */
import * as damo from "damo";
import { adam } from "./adam.ts";
import { loadText } from "./text.ts";
import { attempt, optionsOf, refuse } from "./options.ts";
import { draw, showKernels } from "./results.ts";

const args = optionsOf({
  text: "",
  epochs: 5,
  hidden: 256,
  streams: 32,
  length: 50,
  rate: 0.003,
  seed: 1,
  save: "rnn_lm.npz",
  resume: false,
  quick: false,
});
const { epochs, streams, length, rate } = args;
const hidden = args.quick ? 64 : args.hidden;
const embedded = 32;

const limit = args.quick ? 40_000 : Infinity;
const text = attempt(() => loadText(streams, { file: args.text, limit }));
const { symbols } = text;
const batches = batchesOf(text.train);
if (batches === 0 || batchesOf(text.heldOut) === 0) {
  refuse(`the text is too short for ${streams} streams of ${length}`);
}

/** As many as fit, each with the symbols that follow it. */
function batchesOf(part: damo.NDArray): number {
  return Math.floor((part.shape[0]! - 1) / length);
}

// Weights; a saved one if there is one.
const rng = new damo.RandomState(args.seed);
const saved = args.resume ? attempt(() => damo.loadNpz(args.save)) : {};
const alphabet = damo.array(
  Int32Array.from(symbols, (c) => c.codePointAt(0)!),
);
if (args.resume) {
  const before = saved["alphabet"]?.toArray().join();
  if (before !== alphabet.toArray().join()) {
    refuse(`${args.save} was trained on another text`);
  }
  const units = saved["bh"]!.shape[0];
  if (units !== hidden) {
    refuse(`${args.save} has ${units} hidden units, not ${hidden}`);
  }
}
function weight(name: string, rows: number, columns: number) {
  const r = Math.sqrt(6 / (rows + columns));
  return damo.shared(rng.uniform(-r, r, [rows, columns]), { name });
}
const E = weight("E", symbols.length, embedded);
const Wx = weight("Wx", embedded, hidden);
const Wh = weight("Wh", hidden, hidden);
const Wo = weight("Wo", hidden, symbols.length);
const bh = damo.shared(damo.zeros([hidden]), { name: "bh" });
const bo = damo.shared(damo.zeros([symbols.length]), { name: "bo" });
const weights = [E, Wx, Wh, Wo, bh, bo];

/** The state after `symbol`: of one stream, or of several. */
function next(symbol: damo.Variable, h: damo.Variable): damo.Variable {
  return damo.sigmoid(E.at(symbol).dot(Wx).add(h.dot(Wh)).add(bh));
}

// The network, on minibatches [length, streams] that follow each other: it
// starts each from the state in which it left the one before.
const x = damo.imatrix("x"), y = damo.imatrix("y"), h0 = damo.matrix("h0");
const [h] = damo.scan(next, { sequences: x, outputsInfo: h0 });
const p = damo.softmax(h.reshape([-1, hidden]).dot(Wo).add(bo));
const cost = damo.categoricalCrossentropy(p, y.flatten()).mean();
const { updates, state } = adam(cost, weights, { rate, clip: 1 });

// One step on minibatch i of the shared text.
const i = damo.lscalar("i"), from = i.mul(length);
const here = damo.slice(from, from.add(length));
const after = damo.slice(from.add(1), from.add(length + 1));
const start = damo.shared(damo.zeros([streams, hidden]), { name: "start" });
const rest = start.getValue(); // at the beginning of a text
function over(part: damo.NDArray, more: readonly damo.Update[] = []) {
  const all = damo.shared(part, { name: "text" });
  return damo.function([i], cost, {
    updates: [...more, [start, h.at(-1)]],
    givens: [[x, all.at(here)], [y, all.at(after)], [h0, start]],
  });
}
const step = over(text.train, updates), test = over(text.heldOut);

// Writing: u chooses each symbol from what the network expects behind the last one.
const u = damo.vector("u"), first = damo.lscalar("first");
const [[written]] = damo.scan((u, symbol, h) => {
  const state = next(symbol, h);
  const p = damo.softmax(state.dot(Wo).add(bo));
  const drawn = damo.cumsum(p).lt(u).sum();
  return [damo.minimum(drawn, symbols.length - 1), state];
}, { sequences: u, outputsInfo: [first, damo.zeros([hidden])] });
const write = damo.function([u, first], written);

/** How perplexed the network is by a symbol of the text that is held out. */
function heldOutPerplexity(): number {
  start.setValue(rest);
  const batches = batchesOf(text.heldOut);
  let sum = 0;
  for (let k = 0; k < batches; k++) sum += test(k);
  return Math.exp(sum / batches);
}

// Training; what is saved is all that it needs to go on, and its curve so far.
const kept = [...weights, ...state];
kept.forEach((w) => saved[w.name!] && w.setValue(saved[w.name!]!));
const curve: number[][] = saved["curve"]?.toArray() ?? [];
const heldOut: number[] = saved["held_out"]?.toArray() ?? [heldOutPerplexity()];
const done = heldOut.length - 1;
if (done >= epochs) {
  refuse(
    `${args.save} has seen ${done} epochs: say --epochs ${done + 1} or more`,
  );
}
const bar = damo.progress((epochs - done) * batches * streams * length, {
  unit: "characters",
});
for (let epoch = done + 1; epoch <= epochs; epoch++) {
  start.setValue(rest);
  let sum = 0, some = 0;
  const size = Math.ceil(batches / 40); // 40 points an epoch are a curve
  for (let k = 1; k <= batches; k++) {
    const loss = step(k - 1);
    sum += loss;
    some += loss;
    if (k % size === 0) {
      curve.push([epoch - 1 + k / batches, Math.exp(some / size)]);
      some = 0;
    }
    bar.step({ perplexity: Math.exp(sum / k) }, streams * length);
  }
  heldOut.push(heldOutPerplexity());
  const seen = Math.exp(sum / batches).toFixed(2);
  bar.note(
    `epoch ${epoch}: perplexity ${seen}, held out ${
      heldOut.at(-1)!.toFixed(2)
    }`,
  );
  // Whole or not at all: a stop leaves what the epoch before has saved.
  damo.saveNpz(`${args.save}.part`, {
    ...Object.fromEntries(kept.map((w) => [w.name!, w.getValue()])),
    alphabet,
    curve: damo.array(curve, { dtype: "float64" }),
    held_out: damo.array(heldOut, { dtype: "float64" }),
  });
  Deno.renameSync(`${args.save}.part`, args.save);
}
bar.end();

console.log(`weights: ${args.save}`);
console.log(`learning curve: ${await drawCurve()}`);
const numbers = write(
  new damo.RandomState(args.seed).uniform(0, 1, [400]),
  Math.max(0, symbols.indexOf("\n")),
);
const sample = (numbers.toArray() as number[]).map((k) => symbols[k]).join("");
console.log(`what it writes:\n${sample.trim().replace(/^/gm, "  ")}`);
console.log(`held-out perplexity ${heldOut.at(-1)!.toFixed(3)}`);
showKernels();

/** Draws the picture next to the weights; says where it is, or why it is not. */
function drawCurve(): Promise<string> {
  const path = `${args.save.replace(/\.npz$/, "")}.svg`;
  const training = "the text it learns from", test = "text that is held out";
  const points = [
    ...curve.map(([epoch, perplexity]) => ({
      epoch,
      perplexity,
      name: training,
    })),
    ...heldOut.slice(1).map((perplexity, k) => ({
      epoch: k + 1,
      perplexity,
      name: test,
    })),
  ];
  const legend = { [training]: "#4269d0", [test]: "#d97706" };
  return draw(path, (Plot) => ({
    title: "A recurrent language model over characters",
    subtitle: `perplexity; ${hidden} sigmoid units, ${symbols.length} symbols`,
    legend,
    panels: [{
      width: 520,
      height: 300,
      marginLeft: 40,
      marginBottom: 36,
      x: { label: "epoch", domain: [0, epochs], ticks: Math.min(epochs, 10) },
      y: {
        label: null,
        type: "log",
        grid: true,
        ticks: 6,
        tickFormat: "~r",
      },
      marks: [
        Plot.lineY(points.filter(({ name }) => name === training), {
          x: "epoch",
          y: "perplexity",
          stroke: "name",
        }),
        Plot.lineY(points.filter(({ name }) => name === test), {
          x: "epoch",
          y: "perplexity",
          stroke: "name",
          marker: true,
        }),
      ],
    }],
  }));
}
