/** Products of loops after rewriting: those of all steps at once, before a loop or behind it. */
import { assertEquals } from "@std/assert";
import "../../src/ops/methods.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { leaves } from "../../src/graph/walk.ts";
import { grad, Lop } from "../../src/grad/grad.ts";
import { Rop } from "../../src/grad/rop.ts";
import { reduce } from "../../src/nested/fold.ts";
import { scan } from "../../src/nested/scan.ts";
import { at, incSubtensor } from "../../src/ops/indexing/at.ts";
import { dimshuffle, transpose } from "../../src/ops/shape/dimshuffle.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  add,
  mul,
  sigmoid,
  sqr,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import {
  dmatrix,
  dtensor3,
  dvector,
  lmatrix,
  lvector,
  tensor,
} from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { reshape } from "../../src/ops/shape/reshape.ts";
import {
  bodyOf,
  compare,
  look,
  network,
  products,
  refuses,
  WEIGHTS,
} from "./scan_rules.ts";

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
