/** The network of the paper's Figure 2, its text in the order of `limit/rnn.c`, and its training step as a user writes it. */
import * as damo from "damo";
import { Xorshift } from "./limit.ts";

/** Sequences, elements a sequence, and the step's length: as in `limit/rnn.c`. */
export const SEQUENCES = 50, LENGTH = 100, RATE = 0.01;

/** A training step, and a way back to where it began. */
export interface Training extends damo.CompiledFunction<damo.Variable<0>> {
  /** Gives shared variables the values that they began with. */
  readonly restart: () => void;
}

/**
 * A training step for `n` symbols and `n` sigmoid units: an index in, a
 * softmax out, backpropagation through a whole sequence; each call takes the
 * next one. Text, position and last state are shared.
 */
export function buildStep(
  n: number,
  mode: damo.ModeOptions = {},
): Training {
  const { weights, text } = draw(n);
  const named = (name: string, data: Float32Array, shape: readonly number[]) =>
    damo.shared(damo.array(data, { shape }), { name, shape });
  const [Wx, Wh, Wo] = [
    named("Wx", weights[0], [n, n]),
    named("Wh", weights[1], [n, n]),
    named("Wo", weights[2], [n, n]),
  ];
  const [bh, bo, start] = [
    named("bh", new Float32Array(n), [n]),
    named("bo", new Float32Array(n), [n]),
    named("start", new Float32Array(n), [n]),
  ];
  const symbols = damo.shared(damo.array(text), { name: "text" });
  const at = damo.shared(damo.array(0, { dtype: "int64" }), { name: "at" });

  const x = symbols.at(damo.slice(at, at.add(LENGTH)));
  const y = symbols.at(damo.slice(at.add(1), at.add(LENGTH + 1)));
  const [h] = damo.scan(
    (symbol, h) => damo.sigmoid(Wx.at(symbol).add(h.dot(Wh)).add(bh)),
    { sequences: x, outputsInfo: start },
  );
  const p = damo.softmax(h.dot(Wo).add(bo));
  const cost = damo.categoricalCrossentropy(p, y as damo.Variable<1>).sum();
  const parameters = [Wx, Wh, Wo, bh, bo];
  const gradients = damo.grad(cost, parameters);
  const step = damo.function([], cost, {
    updates: [
      ...parameters.map((w, k) => [w, w.sub(gradients[k]!.mul(RATE))] as const),
      [start, h.at(-1)] as const,
      [at, at.add(LENGTH).mod(SEQUENCES * LENGTH)] as const,
    ],
    mode,
    name: `rnn_${n}`,
  });
  const state = [...parameters, start, at],
    first = state.map((s) => s.getValue());
  const restart = () => state.forEach((s, k) => s.setValue(first[k]!));
  return Object.assign(step, { restart });
}

/** Starting weights and text: the same bits as in C. */
function draw(n: number) {
  const random = new Xorshift();
  const weights = [0, 1, 2].map(() => new Float32Array(n * n)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let i = 0; i < n * n; i++) {
    for (const w of weights) {
      w[i] = Math.fround(random.float() - 0.5) * Math.fround(0.2);
    }
  }
  const text = new Int32Array(SEQUENCES * LENGTH + 1);
  for (let i = 1; i < text.length; i++) {
    text[i] = (text[i - 1]! * 3 + random.next() % 3) % n;
  }
  return { weights, text };
}
