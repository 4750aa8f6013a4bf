/** An LSTM as a user writes it: what the rules about loops make of its products, and that it computes the same. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as damo from "damo";
import {
  type Gates,
  lstm,
  lstmGates,
  lstmStep,
  weightsOf,
} from "../../examples/lstm_layer.ts";
import { bodyResults, type ScanParams } from "../../src/graph/scan_params.ts";
import type { Apply } from "../../src/graph/variable.ts";
import { toposort } from "../../src/graph/walk.ts";
import { optimize } from "../../src/rewrite/optimize.ts";

const INPUTS = 5, UNITS = 3;

function layer() {
  const gates = lstmGates(new damo.RandomState(1), INPUTS, UNITS);
  const x = damo.tensor3("x"), h0 = damo.matrix("h0"), c0 = damo.matrix("c0");
  const [h, c] = lstm(gates, x, h0, c0);
  return { gates, x, h0, c0, h, c };
}

/** Products among the nodes; dotAdd is one. */
function products(nodes: readonly Apply[]): Apply[] {
  return nodes.filter(({ op }) => op.name === "dot" || op.name === "dotAdd");
}

/** The graph of `outputs` after rewriting, and its loops. */
function look(outputs: readonly damo.Variable[], inputs: damo.Variable[]) {
  const { graph } = optimize({ inputs, outputs, updates: [] }, {
    optimizer: "fast_run",
    excluded: ["fuse"],
  });
  const nodes = toposort(graph.outputs);
  const loops = nodes.filter(({ op }) => op.name === "scan");
  const bodies = loops.map(({ params }) =>
    toposort(bodyResults(params as ScanParams))
  );
  return { outputs: graph.outputs, nodes, loops, bodies };
}

Deno.test("the input products of all gates are one before the loop, those of the state one a step", () => {
  const { gates, x, h0, c0, h } = layer();
  const inputs = [x, h0, c0, ...weightsOf(gates)];
  const { nodes, loops, bodies } = look([h], inputs);
  assertEquals(loops.length, 1);
  assertEquals(products(bodies[0]!).length, 1);
  const before = products(nodes);
  assertEquals(before.length, 1);
  assert(toposort(loops[0]!.outputs).includes(before[0]!));
  const weights = toposort([before[0]!.inputs[1]!]).flatMap((n) => n.inputs);
  for (const { W } of Object.values(gates)) assert(weights.includes(W));
});

Deno.test("the gradients of all weights are one product over all steps, after the loop", () => {
  const { gates, x, h0, c0, h } = layer(), weights = weightsOf(gates);
  const gradients = damo.grad(h.sqr().sum() as damo.Variable<0>, weights);
  const { outputs, nodes, loops, bodies } = look(
    gradients,
    [x, h0, c0, ...weights],
  );
  // What a step of the loop back multiplies is the gradients by its state, all gates together.
  assertEquals(bodies.map((body) => products(body).length), [1, 1]);
  const [, back] = loops;
  const after = products(nodes).filter((node) =>
    toposort(node.inputs).includes(back!)
  );
  assertEquals(after.length, 1);
  outputs.forEach((g, k) => {
    const made = toposort([g]);
    assert(made.includes(back!));
    assertEquals(made.includes(after[0]!), weights[k]!.ndim === 2);
  });
  // The others: the inputs' before the loop, and the gates of all steps once more.
  assertEquals(products(nodes).length, 3);
});

Deno.test("what the inputs get is one product over all steps, after the loop", () => {
  const gates = lstmGates(new damo.RandomState(1), INPUTS, UNITS);
  const E = damo.matrix("E"), i = damo.imatrix("i");
  const h0 = damo.matrix("h0"), c0 = damo.matrix("c0");
  const [h] = lstm(gates, E.at(i) as damo.Variable, h0, c0);
  const weights = weightsOf(gates);
  const gradients = damo.grad(h.sqr().sum() as damo.Variable<0>, [
    E,
    ...weights,
  ]);
  const { outputs, nodes, loops, bodies } = look(
    gradients,
    [i, E, h0, c0, ...weights],
  );
  assertEquals(bodies.map((body) => products(body).length), [1, 1]);
  // All that the loop back hands out is the gradients of the gates.
  assertEquals((loops[1]!.params as ScanParams).extras.length, 1);
  assertEquals(
    (loops[1]!.params as ScanParams).states.some(({ keep }) => keep),
    false,
  );
  const [after] = products(toposort([outputs[0]!])).filter((node) =>
    toposort(node.inputs).includes(loops[1]!)
  );
  const read = toposort([after!.inputs[1]!]).flatMap((n) => n.inputs);
  for (const { W } of Object.values(gates)) assert(read.includes(W));
  assertEquals(products(nodes).length, 4);
});

/** The same layer without a loop. */
function unrolled(
  gates: Gates,
  x: damo.Variable,
  steps: number,
  h: damo.Variable,
  c: damo.Variable,
): damo.Variable {
  const all: damo.Variable[] = [];
  for (let t = 0; t < steps; t++) {
    [h, c] = lstmStep(gates, x.at(t), h, c);
    all.push(h);
  }
  return damo.stack(all);
}

Deno.test("an LSTM and its gradients equal those of the unrolled layer", () => {
  const { gates, x, h0, c0, h } = layer();
  const weights = weightsOf(gates), rng = new damo.RandomState(2);
  const values = [[4, 2, INPUTS], [2, UNITS], [2, UNITS]].map((shape) =>
    rng.uniform(-1, 1, shape)
  ) as [damo.NDArray, damo.NDArray, damo.NDArray];
  const run = (h: damo.Variable) => {
    const cost = h.sqr().sum() as damo.Variable<0>;
    const all = [h, ...damo.grad(cost, [x, ...weights])];
    return damo.function([x, h0, c0], all)(...values) as damo.NDArray[];
  };
  const looped = run(h), wanted = run(unrolled(gates, x, 4, h0, c0));
  looped.forEach((found, k) => {
    assertEquals(found.shape, wanted[k]!.shape);
    const expected = wanted[k]!.flat();
    // Sums of 8 float32 terms in another order.
    found.flat().forEach((v, i) =>
      assertAlmostEquals(Number(v), Number(expected[i]), 2e-6)
    );
  });
});
