/**
 * A training step of an LSTM as a user writes it (examples/lstm_layer.ts), and
 * PyTorch's LSTM on the CPU where PyTorch is present: one thread, sequences of
 * 100 elements, all gradients, gradient descent.
 *
 *   deno run -A bench/micro/lstm.ts [--quick]
 */
import * as damo from "damo";
import { lstm, lstmGates, weightsOf } from "../../examples/lstm_layer.ts";
import { Xorshift } from "../paper/limit.ts";
import { rateOf } from "../paper/measure.ts";
import { findPeers, measurePeer } from "../peers/peers.ts";

/** Units, which are those of the input too, and sequences side by side. */
const CELLS = ["128x1", "128x32", "512x32"];
const LENGTH = 100, RATE = 1e-3, CHECKED = 5;
const QUICK = Deno.args.includes("--quick");

/** The step; its loss is the mean square of all outputs. */
function buildStep(units: number, streams: number) {
  const random = new Xorshift();
  const draw = (...shape: number[]) =>
    damo.array(
      Float32Array.from(
        { length: shape.reduce((a, b) => a * b) },
        () => Math.fround(random.float() - 0.5) * Math.fround(0.2),
      ),
      { shape },
    );
  const gates = lstmGates(new damo.RandomState(1), units, units);
  for (const { W, U, b } of Object.values(gates)) {
    W.setValue(draw(units, units));
    U.setValue(draw(units, units));
    b.setValue(draw(units));
  }
  const x = damo.shared(draw(LENGTH, streams, units), { name: "x" });
  const zeros = damo.zeros([streams, units]);
  const [h] = lstm(gates, x, zeros, zeros);
  const cost = h.sqr().mean(), weights = weightsOf(gates);
  const gradients = damo.grad(cost, weights);
  return damo.function([], cost, {
    updates: weights.map((w, k) =>
      [w, w.sub(gradients[k]!.mul(RATE))] as const
    ),
    mode: { linker: "cvm_nogc", openmp: 1 },
  });
}

const { found } = findPeers();
for (const cell of CELLS) {
  const [units, streams] = cell.split("x").map(Number) as [number, number];
  const step = buildStep(units, streams), budget = QUICK ? 100 : 1000;
  let sum = 0;
  for (let k = 0; k < CHECKED; k++) sum += step();
  const rate = rateOf((n) => void step.fn(n), LENGTH * streams, budget);
  const options = { threads: 1, budget, rounds: 1 };
  const [torch] = found.includes("torch")
    ? measurePeer("lstm", "torch", [cell], options) ?? []
    : [];
  const same = torch && Math.abs(torch.loss * CHECKED / sum - 1) < 1e-3;
  console.log(JSON.stringify({
    name: `LSTM of ${units}, ${streams} side by side`,
    Damo: Math.round(rate),
    PyTorch: torch ? Math.round(torch.value) : "n/a",
    ratio: !torch ? "n/a" : same ? (rate / torch.value).toFixed(2) : "void",
    unit: "elements/s",
  }));
  step.free();
}
