/** Adam, by Kingma and Ba (2015), with clipped gradients: updates for `function`. */
import * as damo from "damo";

/** How long a step is, and how long all gradients together may be. */
export interface AdamOptions {
  readonly rate: number;
  readonly clip: number;
}

/** Updates, and the shared variables besides the weights that they move on. */
export interface Adam {
  readonly updates: readonly damo.Update[];
  readonly state: readonly damo.SharedVariable[];
}

/** Decay of the means of gradients and of their squares, and what keeps a division finite. */
const BETA1 = 0.9, BETA2 = 0.999, EPSILON = 1e-8;

/** One step down `cost`. */
export function adam(
  cost: damo.Variable<0>,
  weights: readonly damo.SharedVariable[],
  { rate, clip }: AdamOptions,
): Adam {
  const gradients = damo.grad(cost, weights);
  const norm = gradients.map((g) => g.sqr().sum())
    .reduce((sum, square) => sum.add(square)).sqrt();
  const scale = damo.minimum(1, damo.div(clip, norm));

  const step = damo.shared(0, { name: "adam.step" }), now = step.add(1);
  const bias = damo.sub(1, damo.pow(BETA2, now)).sqrt()
    .div(damo.sub(1, damo.pow(BETA1, now)));
  const state: damo.SharedVariable[] = [step];
  const updates: damo.Update[] = [[step, now]];
  weights.forEach((w, k) => {
    const g = gradients[k]!.mul(scale), { shape } = w.getValue();
    const m = damo.shared(damo.zeros(shape), { name: `${w.name}.m` });
    const v = damo.shared(damo.zeros(shape), { name: `${w.name}.v` });
    const mean = m.mul(BETA1).add(g.mul(1 - BETA1));
    const square = v.mul(BETA2).add(g.sqr().mul(1 - BETA2));
    const move = mean.div(square.sqrt().add(EPSILON)).mul(bias).mul(rate);
    state.push(m, v);
    updates.push([m, mean], [v, square], [w, w.sub(move)]);
  });
  return { updates, state };
}
