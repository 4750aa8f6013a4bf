import { assert, assertEquals } from "@std/assert";
import { dense } from "../../src/graph/type.ts";
import { type Apply, Variable } from "../../src/graph/variable.ts";
import {
  fitsArray,
  missed,
  noHistory,
  observe,
  settle,
} from "../../src/lower/signature.ts";
import { exp } from "../../src/ops/elementwise/elemwise.ts";

const x = new Variable(dense("float32", [null, null]), null, 0, "x");
const graph = { inputs: [x], outputs: [exp(x)], updates: [] };
const of = (...shape: number[]) => ({ dtype: "float32", shape }) as const;

Deno.test("an axis that took three lengths is symbolic for good", () => {
  let history = noHistory(graph), signature;
  const shapes = [];
  for (const n of [60, 7, 60, 9, 60]) {
    [history, signature] = observe(history, [of(n, 5)], 1);
    shapes.push(signature.inputs[0]!.shape);
  }
  assertEquals(shapes, [[60, 5], [7, 5], [60, 5], [null, 5], [null, 5]]);
});

Deno.test("a full function settles: what ever changed is symbolic", () => {
  let history = noHistory(graph);
  [history] = observe(history, [of(60, 5)], 1);
  [history] = observe(history, [of(7, 5)], 1);
  const [, { inputs }] = observe(settle(history), [of(60, 5)], 1);
  assertEquals(inputs[0]!.shape, [null, 5]);
});

Deno.test("a signature fits arrays of its dtype, lengths and layout", () => {
  const [, { inputs: [signature] }] = observe(noHistory(graph), [of(3, 4)], 1);
  assert(fitsArray(signature!, of(3, 4)));
  assert(fitsArray(signature!, { ...of(3, 4), strides: [4, 1] }));
  assert(!fitsArray(signature!, { ...of(3, 4), strides: [1, 3] }));
  assert(!fitsArray(signature!, of(3, 5)));
  assert(!fitsArray(signature!, { dtype: "float64", shape: [3, 4] }));
  assert(fitsArray({ ...signature!, shape: [null, 4] }, of(8, 4)));
});

Deno.test("a guard that missed asks for the length it found, and after three for any", () => {
  const node = graph.outputs[0]!.owner as Apply,
    guard = { node, which: 0, length: 60 };
  let history = noHistory(graph);
  const assumed = () =>
    observe(history, [of(3, 4)], 1)[1].assumed.map((a) => a.length);
  assertEquals(assumed(), []);
  history = missed(history, guard, 17);
  assertEquals(assumed(), [17]);
  history = missed(history, { ...guard, length: 17 }, 60);
  assertEquals(assumed(), [60]);
  history = missed(history, guard, 5);
  assertEquals(assumed(), [null]);
});
