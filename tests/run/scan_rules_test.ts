/** Loops after rewriting: what is left of them, and that they give what they gave before. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import "../../src/ops/methods.ts";
import { function as compile } from "../../src/compile.ts";
import { NDArray } from "../../src/graph/ndarray.ts";
import { bodyResults, type ScanParams } from "../../src/graph/scan_params.ts";
import {
  type Apply,
  Constant,
  type Variable,
} from "../../src/graph/variable.ts";
import { leaves, toposort } from "../../src/graph/walk.ts";
import { grad, Lop } from "../../src/grad/grad.ts";
import { Rop } from "../../src/grad/rop.ts";
import { reduce } from "../../src/nested/fold.ts";
import { scan } from "../../src/nested/scan.ts";
import { until } from "../../src/nested/step.ts";
import { at, incSubtensor } from "../../src/ops/indexing/at.ts";
import { zeros } from "../../src/ops/constructors.ts";
import { dimshuffle, transpose } from "../../src/ops/shape/dimshuffle.ts";
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
import { evaluate } from "../../src/ops/evaluate.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import {
  dmatrix,
  dscalar,
  dtensor3,
  dvector,
  lmatrix,
  lscalar,
  lvector,
  tensor,
} from "../../src/ops/inputs.ts";
import { max, sum } from "../../src/ops/reductions/reduce.ts";
import { reshape } from "../../src/ops/shape/reshape.ts";
import { shapeAt } from "../../src/ops/shape/shape.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { Mode } from "../../src/run/mode.ts";
import { EXAMPLES, valueOf } from "../nested/examples.ts";
import { rng } from "../lower/random.ts";
import { randomLoops, weights } from "../nested/random_loops.ts";

/** The graph of `outputs` after rewriting. */
function look(outputs: readonly Variable[], excluded: readonly string[] = []) {
  const inputs = leaves(outputs).filter((v) => !(v instanceof Constant));
  const { graph, fired } = optimize({ inputs, outputs, updates: [] }, {
    optimizer: "fast_run",

    excluded: ["fuse", ...excluded],
  });
  const nodes = toposort(graph.outputs);
  return {
    inputs,
    outputs: graph.outputs,
    nodes,
    loops: loopsOf(nodes),
    fired,
  };
}

function loopsOf(nodes: readonly Apply[]): Apply<ScanParams>[] {
  return nodes.filter((node) => node.op.name === "scan");
}

/** The products among the nodes; dotAdd is one. */
function products(nodes: readonly Apply[]): number {
  return nodes.filter(({ op }) => op.name === "dot" || op.name === "dotAdd")
    .length;
}

function bodyOf({ params }: Apply<ScanParams>): Apply[] {
  return toposort(bodyResults(params));
}

/** Values of inputs, by their names: T and the lengths of rows are the same everywhere. */
function valuesOf(
  inputs: readonly Variable[],
  lengths: Readonly<Record<string, readonly number[] | number>>,
): NDArray[] {
  return inputs.map((v, i) => {
    const given = lengths[v.name!];
    assert(given !== undefined, `no lengths for ${v}`);
    if (typeof given === "number") {
      return new NDArray("int64", [], BigInt64Array.of(BigInt(given)));
    }
    const x = weights(given, i + 1);
    if (v.dtype === "float64") return x;
    const whole = BigInt64Array.from(
      x.flat() as Float64Array,
      (y) => BigInt(Math.floor(Math.abs(y) * 2) % 3),
    );
    return new NDArray("int64", given, whole);
  });
}

/** Compares values before and after, by the reference and by compiled code. */
function compare(
  outputs: readonly Variable[],
  ...lengths: Readonly<Record<string, readonly number[] | number>>[]
): void {
  const { inputs, outputs: made } = look(outputs);
  const run = compile([...inputs], [...outputs], {
    mode: new Mode({ linker: "cvm" }),
  });
  for (const given of lengths) {
    const values = valuesOf(inputs, given);
    const by = new Map(inputs.map((v, i) => [v, values[i]!]));
    const wanted = evaluate(outputs, by);
    close(evaluate(made, by), wanted);
    const found = (run as (...x: NDArray[]) => (NDArray | number)[])(...values);
    close(
      found.map((y) =>
        y instanceof NDArray
          ? y
          : new NDArray("float64", [], Float64Array.of(y))
      ),
      wanted,
    );
  }
}

function close(found: readonly NDArray[], wanted: readonly NDArray[]): void {
  wanted.forEach((y, i) => {
    assertEquals(found[i]!.shape, y.shape);
    const x = found[i]!.flat(), z = y.flat();
    z.forEach((v, k) =>
      assertAlmostEquals(
        Number(x[k]),
        Number(v),
        1e-9 * Math.max(1, Math.abs(Number(v))),
      )
    );
  });
}

/** A recurrent network over `x`: its states. */
function network(x: Variable, h0: Variable): Variable {
  const W = dmatrix("W"), U = dmatrix("U"), b = dvector("b");
  const [h] = scan(
    (x, h) => tanh(add(add(dot(x, W), dot(h, U)), b)),
    { sequences: x, outputsInfo: h0 },
  );
  return h;
}

const WEIGHTS = { W: [3, 4], U: [4, 4], b: [4] };

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

Deno.test("dot(x[t], W) is one product over all steps: vectors and batches", () => {
  const vectors = network(dmatrix("x"), dvector("h0"));
  const batches = network(dtensor3("x"), dmatrix("h0"));
  for (const h of [vectors, batches]) {
    const { loops, nodes } = look([h]);
    assertEquals(loops.length, 1);
    assertEquals([products(nodes), products(bodyOf(loops[0]!))], [1, 1]);
  }
  compare([vectors], { ...WEIGHTS, x: [5, 3], h0: [4] }, {
    ...WEIGHTS,
    x: [0, 3],
    h0: [4],
  });
  compare([batches], { ...WEIGHTS, x: [5, 2, 3], h0: [2, 4] }, {
    ...WEIGHTS,
    x: [0, 2, 3],
    h0: [2, 4],
  });
});

Deno.test("work before a product leaves with it: elementwise, views, reshape, lookup, the other side", () => {
  const W = dmatrix("W"), E = dmatrix("E");
  const steps: [Variable, (x: Variable) => Variable][] = [
    [dmatrix("x"), (x) => dot(tanh(mul(x, 2)), W)],
    [dmatrix("x"), (x) => dot(transpose(W), x)],
    [dtensor3("xt"), (x) => sum(dot(transpose(x), W), { axis: 0 })],
    [dtensor3("xt"), (x) => sum(dot(transpose(W), x), { axis: 1 })],
    [
      dtensor3("xt"),
      (x) => sum(dot(reshape(x, [-1, 3]), W), { axis: 0 }),
    ],
    [lvector("i"), (i) => dot(at(E, i), W)],
    [lmatrix("ij"), (i) => sum(dot(at(E, i), W), { axis: 0 })],
  ];
  for (const [x, step] of steps) {
    const [h] = scan((x, h) => tanh(add(step(x), h)), {
      sequences: x,
      outputsInfo: dvector("h0"),
    });
    const { loops, nodes } = look([h]);
    assertEquals([products(nodes), products(bodyOf(loops[0]!))], [1, 0]);
    const rest = { W: [3, 4], U: [4, 4], E: [3, 3], h0: [4] };
    compare([h], {
      ...rest,
      x: [5, 3],
      xt: [5, 3, 2],
      i: [5],
      ij: [5, 2],
    }, { ...rest, x: [0, 3], xt: [0, 3, 2], i: [0], ij: [0, 2] });
  }
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

Deno.test("the gradient of weights is one product over all steps", () => {
  for (
    const [x, h0, shape, start] of [
      [dmatrix("x"), dvector("h0"), [3], [4]],
      [dtensor3("x"), dmatrix("h0"), [2, 3], [2, 4]],
    ] as const
  ) {
    const h = network(x, h0), cost = sum(sqr(at(h, -1))) as Variable<0>;
    const wrt = leaves([h]).filter((v) => "WUb".includes(v.name ?? "?"));
    const gradients = grad(cost, wrt);
    const { loops, nodes } = look(gradients);
    assertEquals(loops.length, 2);
    // x W before the loops; [x, h]ᵀ d after them.
    assertEquals(products(nodes), 2);
    assertEquals(loops.map((l) => products(bodyOf(l))), [1, 1]);
    assertEquals(loops[1]!.params.states.length, 1);
    compare([cost, ...gradients], {
      ...WEIGHTS,
      x: [5, ...shape],
      h0: [...start],
    }, { ...WEIGHTS, x: [1, ...shape], h0: [...start] });
  }
});

Deno.test("weight gradients leave the loop whatever types know of lengths", () => {
  for (const [wide, h0] of [[null, 4], [4, null], [4, 4]] as const) {
    const x = dmatrix("x"), b = dvector("b");
    const U = tensor("float64", [wide, wide], "U");
    const [h] = scan((x, h) => tanh(add(add(x, dot(h, U)), b)), {
      sequences: x,
      outputsInfo: tensor("float64", [h0], "h0"),
    });
    const slopes = grad(sum(sqr(h)) as Variable<0>, [U, b]);
    const { loops } = look(slopes);
    assertEquals(loops.map((l) => l.params.states.length), [1, 1]);
    compare(slopes, { ...WEIGHTS, x: [5, 4], h0: [4] });
  }
});

Deno.test("the gates of a cell, each with its own weights, are one product before the loop and one in each step", () => {
  for (
    const [x, start] of [
      [dmatrix("x"), dvector],
      [dtensor3("x"), dmatrix],
    ] as const
  ) {
    const parts = [..."ifoc"].map((k) =>
        [dmatrix(`W${k}`), dmatrix(`U${k}`), dvector(`b${k}`)] as const
      ),
      weights = parts.flat();
    const [[h]] = scan((x, h, c) => {
      const [i, f, o, g] = parts.map(([W, U, b]) =>
        add(add(dot(x, W), dot(h, U)), b)
      );
      const next = add(mul(sigmoid(f!), c), mul(sigmoid(i!), tanh(g!)));
      return [mul(sigmoid(o!), tanh(next)), next];
    }, {
      sequences: x,
      outputsInfo: [start("h0"), start("c0")],
    }) as unknown as [
      Variable[],
    ];
    const lengths = Object.fromEntries(
      weights.map((v) => [
        v.name!,
        v.ndim === 1 ? [4] : v.name!.startsWith("W") ? [3, 4] : [4, 4],
      ]),
    );
    const batch = x.ndim === 3 ? [2] : [];
    const forth = look([h!]);
    assertEquals([
      products(forth.nodes),
      products(bodyOf(forth.loops[0]!)),
    ], [1, 1]);
    const slopes = grad(sum(sqr(h!)) as Variable<0>, weights);
    const both = look([h!, ...slopes]);
    assertEquals(both.loops.map((l) => products(bodyOf(l))), [1, 1]);
    assertEquals(both.loops[1]!.params.states.length, 2);
    // x W and, for the way back, h U of all steps; the gradients of all weights.
    assertEquals(products(both.nodes), 3);
    const some = look([slopes[0]!, slopes[1]!, slopes[3]!, slopes[7]!]);
    assertEquals(some.loops.map((l) => products(bodyOf(l))), [1, 1]);
    compare([slopes[0]!, slopes[1]!, slopes[3]!, slopes[7]!], {
      ...lengths,
      x: [5, ...batch, 3],
      h0: [...batch, 4],
      c0: [...batch, 4],
    });
    compare([h!, ...slopes], {
      ...lengths,
      x: [5, ...batch, 3],
      h0: [...batch, 4],
      c0: [...batch, 4],
    });
    compare([h!], {
      ...lengths,
      x: [0, ...batch, 3],
      h0: [...batch, 4],
      c0: [...batch, 4],
    });
  }
});

Deno.test("what no later step needs is computed of all steps behind the loop", () => {
  const x = dtensor3("x"), h0 = dmatrix("h0"), b = dvector("c");
  const W = dmatrix("W"), U = dmatrix("U"), V = dmatrix("V");
  const [[h, y, both]] = scan((x, h) => {
    const next = tanh(add(dot(x, W), dot(h, U)));
    const y = add(dot(next, V), b), z = dot(h, V);
    return [next, sigmoid(y), mul(z, sum(z))];
  }, { sequences: x, outputsInfo: [h0, null, null] }) as unknown as [
    Variable[],
  ];
  const lengths = {
    W: [3, 4],
    U: [4, 4],
    V: [4, 2],
    c: [2],
    x: [5, 2, 3],
    h0: [2, 4],
  };
  const made = look([h!, y!, both!]);
  assertEquals(made.loops.map((l) => products(bodyOf(l))), [1]);
  compare([h!, y!, both!], lengths, { ...lengths, x: [0, 2, 3] });
  // The input's gradient.
  const slopes = grad(sum(sqr(h!)) as Variable<0>, [x, W, U]);
  const back = look(slopes);
  assertEquals(back.loops.map((l) => products(bodyOf(l))), [1, 1]);
  assertEquals(back.loops[1]!.params.extras.length, 1);
  compare(slopes, lengths, { ...lengths, x: [0, 2, 3] });
  const { loops } = look([h!, y!], ["scan_after"]);
  assertEquals(loops.map((l) => products(bodyOf(l))), [2]);
});

Deno.test("what gates send back is one product, and what they refuse is refused still", () => {
  const a = dmatrix("a"), b = dmatrix("b");
  const W = dmatrix("W"), V = dmatrix("V"), h0 = dvector("h0");
  const [h] = scan(
    (a, b, h) =>
      add(dot(mul(a, sum(h)), transpose(W)), dot(mul(b, sum(h)), transpose(V))),
    { sequences: [a, b], outputsInfo: h0 },
  );
  assertEquals(look([h]).loops.map((l) => products(bodyOf(l))), [1]);
  assertEquals(
    look([h], ["scan_join_sums"]).loops.map((l) => products(bodyOf(l))),
    [2],
  );
  const lengths = { a: [5, 3], b: [5, 2], W: [4, 3], V: [4, 2], h0: [4] };
  compare([h], lengths, { ...lengths, a: [0, 3], b: [0, 2] });
  // Together they are as long as the weights.
  refuses([h], { ...lengths, a: [5, 2], b: [5, 3] });
});

Deno.test("an accumulated product has its initial value where no step runs", () => {
  const a = dmatrix("a"), b = dmatrix("b");
  const [total] = reduce(
    (a, b, s) => add(s, dot(dimshuffle(a, [0, "x"]), dimshuffle(b, ["x", 0]))),
    [a, b],
    dmatrix("start"),
  );
  assertEquals(look([total]).loops.flatMap((l) => l.params.states), []);
  compare([total], { a: [4, 2], b: [4, 3], start: [2, 3] }, {
    a: [0, 2],
    b: [0, 3],
    start: [2, 3],
  });
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

Deno.test("Lop of Rop on a network is two loops, with four products in the first as written and two by default", () => {
  const x = dmatrix("x"), v = dmatrix("v");
  const h = network(x, dvector("h0"));
  const U = leaves([h]).find(({ name }) => name === "U")!;
  const back = [Lop(h, U, Rop(h, U, v))];
  const counts = (...excluded: string[]) => {
    const { loops, nodes } = look(back, excluded);
    return [loops.map((l) => products(bodyOf(l))), products(nodes)];
  };
  // x W, h U, h v and the tangent's U; backwards one; the gradient of U over all steps.
  assertEquals(counts("scan_hoist", "scan_join_products"), [[4, 1], 1]);
  // x W leaves, and h U and h v become one.
  assertEquals(counts("scan_join_products"), [[3, 1], 2]);
  assertEquals(counts(), [[2, 1], 2]);
  compare(back, { ...WEIGHTS, x: [4, 3], h0: [4], v: [4, 4] }, {
    ...WEIGHTS,
    x: [0, 3],
    h0: [4],
    v: [4, 4],
  });
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

Deno.test("a gradient by index is one addition to the rows of all steps", () => {
  const E = dmatrix("E"), i = lvector("i"), ij = lmatrix("ij");
  for (
    const [index, row] of [
      [i, (e: Variable) => e],
      [ij, (e: Variable) => sum(e, { axis: 0 })],
    ] as const
  ) {
    const [h] = scan((i, h) => tanh(add(row(at(E, i)), h)), {
      sequences: index,
      outputsInfo: dvector("h0"),
    });
    const slopes = grad(sum(sqr(h)) as Variable<0>, [E]);
    const { loops, nodes } = look(slopes);
    assertEquals(
      loops.flatMap(bodyOf).filter(({ op }) => op.name === "incSubtensor"),
      [],
    );
    assertEquals(
      nodes.filter(({ op }) => op.name === "incSubtensor").length,
      1,
    );
    const rest = { E: [3, 4], h0: [4] };
    compare(slopes, { ...rest, i: [5], ij: [5, 2] }, {
      ...rest,
      i: [0],
      ij: [0, 2],
    });
  }
});

Deno.test("so is what is added to rows that it broadcasts to", () => {
  const table = dmatrix("E"), i = lvector("i"), ij = lmatrix("ij");
  const y = dvector("y"), rows = dmatrix("rows");
  const column = tensor("float64", [null, 1], "column");
  const cases: [Variable, Variable | number][] = [
    [i, y],
    [i, column],
    [i, rows],
    [i, 2],
    [ij, y],
    [ij, rows],
    [ij, column],
  ];
  for (const [index, value] of cases) {
    const [made] = typeof value === "number"
      ? reduce((i, e) => incSubtensor(at(e, i), value), index, table)
      : reduce((i, y, e) => incSubtensor(at(e, i), y), [index, value], table);
    const { loops, nodes } = look([made]);
    assertEquals(loops.flatMap((l) => l.params.states), []);
    assertEquals(
      nodes.filter(({ op }) => op.name === "incSubtensor").length,
      1,
    );
    const lengths = (n: number) => ({
      E: [3, 4],
      i: [n],
      ij: [n, 2],
      y: [n],
      rows: [n, 4],
      column: [n, 1],
    });
    compare([made], lengths(5), lengths(0));
  }
});

Deno.test("what is left of a sum with a product leaves the loop too", () => {
  const x = dmatrix("x"), U = dmatrix("U"), b = dvector("b");
  const [h] = scan((x, h) => tanh(add(add(x, dot(h, U)), b)), {
    sequences: x,
    outputsInfo: dvector("h0"),
  });
  const { loops } = look([h]);
  assertEquals(bodyOf(loops[0]!).map(({ op }) => op.name), ["dotAdd", "tanh"]);
  assertEquals(loops[0]!.params.sequences.length, 1);
  compare([h], { ...WEIGHTS, x: [5, 4], h0: [4] });
});

/** Values that a loop refuses must be refused by what stands instead of it, and no others. */
function refuses(
  outputs: readonly Variable[],
  given: Readonly<Record<string, readonly number[] | number>>,
): void {
  assertThrows(() => compare(outputs, given), RangeError);
  const { inputs, outputs: made } = look(outputs),
    values = valuesOf(inputs, given);
  const by = new Map(inputs.map((v, i) => [v, values[i]!]));
  assertThrows(() => evaluate(made, by), RangeError);
  const run = compile([...inputs], [...outputs], { mode: "cvm" });
  assertThrows(
    () => (run as (...x: NDArray[]) => unknown)(...values),
    RangeError,
  );
}

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

Deno.test("all example loops keep their values", () => {
  for (const make of Object.values(EXAMPLES)) {
    const { inputs, outputs, updates = new Map(), calls } = make();
    const graph = { inputs, outputs, updates: [...updates] };
    const { graph: made } = optimize(graph, {
      optimizer: "fast_run",
    });
    for (const [given] of calls) {
      const by = new Map(inputs.map((v, i) => [v, valueOf(v, given[i]!)]));
      close(evaluate(made.outputs, by), evaluate(outputs, by));
    }
  }
});

/** A cell of random gates, some of which read a state that another one has changed, and something that it hands out. */
function randomCell(seed: number) {
  const random = rng(seed), batch = random(2) ? [2] : [];
  const matrices = (name: string, n: number) =>
    Array.from({ length: n }, (_, k) => dmatrix(`${name}${k}`));
  const n = 2 + random(3), W = matrices("W", n), U = matrices("U", n);
  const b = U.map((_, k) => dvector(`b${k}`)), V = dmatrix("V");
  const x = batch.length ? dtensor3("x") : dmatrix("x");
  const h0 = batch.length ? dmatrix("h0") : dvector("h0");
  const [[h, y]] = scan((x, h) => {
    const gates: Variable[] = [];
    for (let k = 0; k < n; k++) {
      const read = k > 0 && random(3) === 0 ? mul(h, gates[k - 1]!) : h;
      const open = add(add(dot(x, W[k]!), dot(read, U[k]!)), b[k]!);
      gates.push(random(2) ? tanh(open) : sigmoid(open));
    }
    const next = gates.reduce((a, g) => random(2) ? mul(a, g) : add(a, g));
    return [tanh(add(next, h)), sigmoid(dot(random(2) ? next : h, V))];
  }, { sequences: x, outputsInfo: [h0, null] }) as unknown as [Variable[]];
  const lengths = Object.fromEntries([
    ...W.map((v) => [v.name!, [3, 4]]),
    ...U.map((v) => [v.name!, [4, 4]]),
    ...b.map((v) => [v.name!, [4]]),
    ["V", [4, 2]],
    ["x", [random(4) ? 3 : 0, ...batch, 3]],
    ["h0", [...batch, 4]],
  ]) as Record<string, number[]>;
  const wrt = [x, h0, V, ...W, ...U, ...b].filter(() => random(4) > 0);
  return { outputs: [h!, y!], wrt, lengths };
}

Deno.test("random cells and their gradients keep their values", () => {
  const fired = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const { outputs, wrt, lengths } = randomCell(seed);
    const cost = outputs.map((v): Variable => sum(sqr(v)))
      .reduce((a, b) => add(a, b)) as Variable<0>;
    const all = [...outputs, ...grad(cost, wrt)];
    const { inputs, outputs: made, fired: rules } = look(all);
    rules.forEach(({ rule }) => fired.add(rule));
    const values = valuesOf(inputs, lengths);
    const by = new Map(inputs.map((v, i) => [v, values[i]!]));
    try {
      close(evaluate(made, by), evaluate(all, by));
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  for (const rule of ["products", "sums"]) {
    assert(fired.has(`scan_join_${rule}`));
  }
  for (const rule of ["sum", "after"]) assert(fired.has(`scan_${rule}`));
});

Deno.test("random loops, their gradients and tangents keep their values", () => {
  for (let seed = 0; seed < 60; seed++) {
    const { inputs, values, loops } = randomLoops(seed);
    const by = new Map(inputs.map((v, i) => [v, values[i]!]));
    const cost = loops.map((y): Variable => sum(sqr(y))).reduce((a, b) =>
      add(a, b)
    ) as Variable<0>;
    const slopes = grad(cost, inputs, { disconnectedInputs: "ignore" });
    const all = [...loops, ...slopes, ...Rop(loops, inputs, [...inputs])];
    // Where no step runs there is no last row.
    const rows = evaluate(loops, by).map((y) => y.ndim > 1 ? y.shape[0]! : 0);
    const more = loops.filter((_, i) => rows[i]! > 0).map((y) => at(y, -1));
    for (const outputs of [all, more]) {
      const { graph } = optimize({ inputs, outputs, updates: [] }, {
        optimizer: "fast_run",
      });
      try {
        close(evaluate(graph.outputs, by), evaluate(outputs, by));
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  }
});
