/** An LSTM layer, gate by gate as it stands in textbooks; the compiler joins the products. */
import * as damo from "damo";

/** What a gate reads its input and the state by. */
export interface Gate {
  readonly W: damo.SharedVariable;
  readonly U: damo.SharedVariable;
  readonly b: damo.SharedVariable;
}

/** The four gates of a layer. */
export type Gates = Readonly<
  Record<"input" | "forget" | "output" | "cell", Gate>
>;

/** Gates for `inputs` numbers and `units` units; a new layer forgets little. */
export function lstmGates(
  rng: damo.RandomState,
  inputs: number,
  units: number,
): Gates {
  const weight = (rows: number, name: string) => {
    const r = Math.sqrt(6 / (rows + units));
    return damo.shared(rng.uniform(-r, r, [rows, units]), { name });
  };
  const gate = (name: string, bias: number): Gate => ({
    W: weight(inputs, `W_${name}`),
    U: weight(units, `U_${name}`),
    b: damo.shared(damo.full([units], bias), { name: `b_${name}` }),
  });
  return {
    input: gate("input", 0),
    forget: gate("forget", 1),
    output: gate("output", 0),
    cell: gate("cell", 0),
  };
}

/** The weights of all gates. */
export function weightsOf(gates: Gates): damo.SharedVariable[] {
  return Object.values(gates).flatMap(({ W, U, b }) => [W, U, b]);
}

/** One step: the next output and cell, for one input or a row of them each. */
export function lstmStep(
  { input, forget, output, cell }: Gates,
  x: damo.Variable,
  h: damo.Variable,
  c: damo.Variable,
): readonly [h: damo.Variable, c: damo.Variable] {
  const open = ({ W, U, b }: Gate) => x.dot(W).add(h.dot(U)).add(b);
  const i = open(input).sigmoid();
  const f = open(forget).sigmoid();
  const o = open(output).sigmoid();
  const next = f.mul(c).add(i.mul(open(cell).tanh()));
  return [o.mul(next.tanh()), next];
}

/** All steps over `x`, [steps, inputs] or [steps, streams, inputs]: every output and cell. */
export function lstm(
  gates: Gates,
  x: damo.Variable,
  h0: damo.Variable,
  c0: damo.Variable,
): readonly [h: damo.Variable, c: damo.Variable] {
  const [[h, c]] = damo.scan((x, h, c) => lstmStep(gates, x, h, c), {
    sequences: x,
    outputsInfo: [h0, c0],
  });
  return [h!, c!];
}
