/** Loops after rewriting: what is left of them, and what they refuse. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import "../../src/ops/methods.ts";
import { function as compile } from "../../src/compile.ts";
import { NDArray } from "../../src/graph/ndarray.ts";
import type { ScanParams } from "../../src/graph/scan_params.ts";
import type { Apply, Variable } from "../../src/graph/variable.ts";
import { toposort } from "../../src/graph/walk.ts";
import { scan } from "../../src/nested/scan.ts";
import { until } from "../../src/nested/step.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { zeros } from "../../src/ops/constructors.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  add,
  exp,
  mul,
  sigmoid,
  sqr,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import {
  dmatrix,
  dscalar,
  dvector,
  lscalar,
  lvector,
} from "../../src/ops/inputs.ts";
import { max, sum } from "../../src/ops/reductions/reduce.ts";
import { shapeAt } from "../../src/ops/shape/shape.ts";
import {
  bodyOf,
  compare,
  look,
  network,
  products,
  refuses,
  WEIGHTS,
} from "./scan_rules.ts";

Deno.test("a state of which the last value is wanted keeps two rows", () => {
  const h = network(dmatrix("x"), dvector("h0"));
  const { loops } = look([at(h, -1, "1:")]);
  assertEquals(loops.map((l) => l.params.states.map((s) => s.keep)), [[false]]);
  compare([at(h, -1)], { ...WEIGHTS, x: [5, 3], h0: [4] });
  const both = look([at(h, -1), at(h, 0)]).loops;
  assertEquals(both[0]!.params.states[0]!.keep, true);
});

Deno.test("what nothing needs leaves a loop: states that need each other, extras, inputs", () => {
  const x = dvector("x"), y = dvector("y"), a = dscalar("a");
  const [[, , s, e]] = scan(
    (x, y, p, q, s, a) => [add(q, y), mul(p, a), add(s, x), mul(s, 2), sqr(y)],
    {
      sequences: [x, y],
      outputsInfo: [a, a, a, null, null],
      nonSequences: a,
    },
  ) as unknown as [Variable[]];
  const { loops } = look([s!, e!]);
  const [{ params }] = loops as [Apply<ScanParams>];
  assertEquals([
    params.states.length,
    params.extras.length,
    params.sequences.length,
    params.nonSequences.length,
  ], [1, 1, 1, 0]);
  // The shorter sequence says how long the loop runs, even where no step reads it.
  compare([s!, e!], { x: [4], y: [3], a: [] }, { x: [2], y: [0], a: [] });
});

Deno.test("elementwise work on sequences and sums of their rows leave a loop with feedback", () => {
  const steps: ((x: Variable) => Variable)[] = [
    (x) => mul(exp(x), 2),
    (x) => sum(x),
    (x) => max(x, { axis: 0 }),
    (x) => mul(sqr(x), sum(mul(x, 3))),
  ];
  for (const step of steps) {
    const [h] = scan((x, h) => tanh(add(h, step(x))), {
      sequences: dmatrix("x"),
      outputsInfo: dvector("h0"),
    });
    const { loops } = look([h]);
    assertEquals(bodyOf(loops[0]!).map(({ op }) => op.name), ["add", "tanh"]);
    compare([h], { x: [5, 4], h0: [4] }, { x: [0, 4], h0: [4] });
  }
});

Deno.test("rows that no step reads are not worked on; sequences read backwards keep their order", () => {
  const x = dmatrix("x"), W = dmatrix("W"), n = lscalar("n");
  for (const goBackwards of [false, true]) {
    const [h] = scan(
      (next, last, h) => tanh(add(add(dot(next, W), dot(last, W)), h)),
      {
        sequences: { input: x, taps: [1, -1] },
        outputsInfo: dvector("h0"),
        nSteps: n,
        goBackwards,
      },
    );
    const { loops } = look([h]);
    assertEquals(products(bodyOf(loops[0]!)), 0);
    const rest = { W: [3, 4], h0: [4], x: [6, 3] };
    compare([h], { ...rest, n: 2 }, { ...rest, n: 4 }, { ...rest, n: 0 });
  }
});

Deno.test("a loop without feedback disappears", () => {
  const x = dmatrix("x"), W = dmatrix("W"), b = dvector("b");
  const [[y, same, fixed]] = scan(
    (x, b) => [sigmoid(add(dot(x, W), b)), x, b],
    { sequences: x, nonSequences: b },
  ) as unknown as [Variable[]];
  const all = [y!, same!, fixed!], { loops } = look(all);
  assertEquals(loops.length, 0);
  compare(all, { ...WEIGHTS, x: [5, 3] }, { ...WEIGHTS, x: [0, 3] });
  const [back] = scan((x) => tanh(x), { sequences: x, goBackwards: true });
  assertEquals(look([back]).loops.length, 0);
  compare([back], { x: [4, 2] });
});

Deno.test("what only a branch computes stays inside, and no step is computed that a loop may not reach", () => {
  const x = dmatrix("x"), W = dmatrix("W"), i = lvector("i");
  const [lazy] = scan(
    (x, i) => ifelse(gt(at(x, 0), 0), sum(at(W, i)), sum(x)),
    { sequences: [x, i] },
  );
  assertEquals(look([lazy]).loops.length, 1);
  const [[y, z]] = scan(
    (x) => [tanh(x), dot(x, W), until(gt(at(x, 0), 0))],
    { sequences: x },
  ) as unknown as [Variable[]];
  const { nodes, loops } = look([y!, z!]);
  // The product is one of the rows that there are when the loop has stopped.
  assertEquals(bodyOf(loops[0]!).map(({ op }) => op.name).sort(), [
    "gt",
    "subtensor",
    "tanh",
  ]);
  const [product] = nodes.filter(({ op }) => op.name === "dot");
  assert(toposort(product!.outputs).includes(loops[0]!));
  compare([y!, z!], { W: [3, 4], x: [5, 3] });
});

Deno.test("siblings of equally many steps become one loop, and equal states one", () => {
  const x = dmatrix("x"), h0 = dvector("h0"), U = dmatrix("U");
  const states = (f: (v: Variable) => Variable) =>
    scan((x, h) => tanh(add(x, dot(f(h), U))), {
      sequences: x,
      outputsInfo: h0,
    })[0];
  const a = states((h) => h),
    b = states((h) => mul(h, 2)),
    c = states((h) => h);
  const { loops } = look([a, b, c]);
  assertEquals(loops.map((l) => l.params.states.length), [2]);
  const [[p, q]] = scan(
    (x, p, q) => [tanh(add(x, mul(p, q))), tanh(add(x, mul(q, p)))],
    { sequences: x, outputsInfo: [h0, h0] },
  ) as unknown as [Variable[]];
  const one = look([p!, q!]).loops;
  assertEquals(one.map((l) => l.params.states.length), [1]);
  compare([a, b, c, p!, q!], { x: [3, 4], h0: [4], U: [4, 4] }, {
    x: [0, 4],
    h0: [4],
    U: [4, 4],
  });
  // One needs the other.
  const chain = scan((x, s) => add(mul(s, 2), x), {
    sequences: a,
    outputsInfo: h0,
  })[0];
  assertEquals(look([a, chain]).loops.length, 2);
});

Deno.test("one step is no loop, also where the number comes from a shape", () => {
  const x = dmatrix("x"), h0 = dvector("h0");
  const n = add(shapeAt(zeros([3, 4]), 0), -2);
  const [h] = scan((x, h) => tanh(add(x, h)), {
    sequences: x,
    outputsInfo: h0,
    nSteps: n,
  });
  assertEquals(look([h]).loops.length, 0);
  compare([h], { x: [2, 3], h0: [3] });
  assertThrows(() => compare([h], { x: [0, 3], h0: [3] }), RangeError);
});

Deno.test("rules about loops are counted, and can be left out by name", () => {
  const h = at(network(dmatrix("x"), dvector("h0")), -1);
  const names = look([h]).fired.filter((f) => f.phase === "loops").map((f) =>
    f.rule
  );
  assertEquals(names, ["scan_last", "scan_hoist", "scan_unused"]);
  const { loops } = look([h], ["scan_hoist", "scan_last"]);
  assertEquals(loops[0]!.params.states[0]!.keep, true);
  assertEquals(products(bodyOf(loops[0]!)), 2);
});

Deno.test("a rewritten loop refuses what it refused as written", () => {
  const x = dmatrix("x"), n = lscalar("n"), past = dmatrix("past");
  // A state that no step reads: its initial rows are still counted, and as long as its new values.
  const [unread] = scan((x) => tanh(x), {
    sequences: x,
    outputsInfo: { initial: past, taps: [-2] },
  });
  compare([unread], { x: [3, 2], past: [2, 2] });
  refuses([unread], { x: [3, 2], past: [1, 2] });
  const [known] = scan((x) => tanh(x), {
    sequences: x,
    outputsInfo: dvector("h0"),
  });
  compare([known], { x: [3, 2], h0: [2] });
  assertEquals(look([known]).loops.length, 0);
  // A sequence of which no row is read still has to be long enough.
  const [once] = scan((_x, h) => tanh(h), {
    sequences: { input: x, taps: [-1, 1] },
    outputsInfo: dvector("h0"),
    nSteps: 1,
  } as never);
  compare([once], { x: [3, 2], h0: [2] });
  refuses([once], { x: [2, 2], h0: [2] });
  assertEquals(look([once]).loops.length, 0);
  const [rows] = scan((x) => x, { sequences: x, nSteps: n });
  compare([rows], { x: [3, 2], n: 2 }, { x: [3, 2], n: 0 });
  refuses([rows], { x: [3, 2], n: 4 });
  assertEquals(look([rows]).loops.length, 0);
  // Where no step runs there is no last row.
  const [h] = scan((x, h) => tanh(add(x, h)), {
    sequences: x,
    outputsInfo: dvector("h0"),
  });
  const last = at(h, -1);
  assertEquals(look([last]).loops[0]!.params.states[0]!.keep, false);
  compare([last], { x: [1, 2], h0: [2] });
  refuses([last], { x: [0, 2], h0: [2] });
});

Deno.test("a loop of no steps takes lengths that no step could take, though its work was to run at once", () => {
  const x = dmatrix("x"), W = dmatrix("W"), b = dvector("b");
  const [y] = scan((x) => add(dot(x, W), b), { sequences: x });
  const run = compile([x, W, b], y, { mode: "cvm" });
  const zeros = (...shape: number[]) =>
    new NDArray(
      "float64",
      shape,
      new Float64Array(shape.reduce((a, b) => a * b)),
    );
  assertEquals(look([y]).loops.length, 0);
  assertEquals(run(zeros(0, 3), zeros(2, 4), zeros(4)).shape, [0, 4]);
  assertThrows(() => run(zeros(1, 3), zeros(2, 4), zeros(4)), RangeError);
  assertEquals(run(zeros(1, 2), zeros(2, 4), zeros(4)).shape, [1, 4]);
});

Deno.test("a number of steps that one of two loops was given is kept when they become one", () => {
  const x = dmatrix("x"), y = dmatrix("y"), h0 = dvector("h0");
  const sums = (rows: Variable, nSteps?: Variable) =>
    scan((x, h) => tanh(add(x, h)), {
      sequences: rows,
      outputsInfo: h0,
      nSteps,
    })[0];
  const both = [sums(x), sums(y, shapeAt(x, 0))];
  assertEquals(look(both).loops.length, 1);
  compare(both, { x: [2, 3], y: [4, 3], h0: [3] });
  refuses(both, { x: [3, 3], y: [2, 3], h0: [3] });
});
