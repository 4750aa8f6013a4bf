/** Graphs used as ops: values, types, derivatives of their own and overridden, nesting, and that nothing of them is left when compiled. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import "../../src/ops/methods.ts";
import { results } from "../../src/graph/function_graph.ts";
import { array, type NDArray, type Nested } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { Variable } from "../../src/graph/variable.ts";
import { toposort } from "../../src/graph/walk.ts";
import { DisconnectedInputError, grad } from "../../src/grad/grad.ts";
import { Rop } from "../../src/grad/rop.ts";
import { verifyGrad } from "../../src/grad/verify.ts";
import { OpFromGraph } from "../../src/nested/op_from_graph.ts";
import { scan } from "../../src/nested/scan.ts";
import { shared } from "../../src/ops/constructors.ts";
import { mul, tanh } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { dot } from "../../src/ops/products/dot.ts";
import { optimize } from "../../src/rewrite/optimize.ts";

function variable(shape: readonly (number | null)[], name?: string): Variable {
  return new Variable(dense("float64", shape), null, 0, name);
}

function values(
  outputs: readonly Variable[],
  given: readonly (readonly [Variable, Nested])[],
): unknown[] {
  const known = new Map(
    given.map((
      [v, x],
    ): [Variable, NDArray] => [v, array(x, { dtype: v.dtype })]),
  );
  const direct = evaluate(outputs, known).map((x) => x.toArray());
  // Every optimizer gives the same, and leaves no graph used as an op.
  for (const optimizer of ["fast_run", "fast_compile", "none"] as const) {
    const graph = { inputs: given.map(([v]) => v), outputs, updates: [] };
    const made = results(optimize(graph, { optimizer }).graph);
    assert(toposort(made).every(({ op }) => op.name !== "opFromGraph"));
    assertEquals(evaluate(made, known).map((x) => x.toArray()), direct);
  }
  return direct;
}

for (const inline of [false, true]) {
  const named = `inline: ${inline}`;

  Deno.test(`a graph is applied to other operands (${named})`, () => {
    const a = variable([null]), b = variable([]);
    const f = OpFromGraph([a, b], [a.mul(b), a.sum()], { inline });
    const x = variable([null]), [y, s] = f(x.add(1), 3);
    assertEquals(values([y!, s!], [[x, [1, 2]]]), [[6, 9], 5]);
  });

  Deno.test(`derivatives go through (${named})`, () => {
    const a = variable([null]), b = variable([null]);
    const f = OpFromGraph([a, b], tanh(a.mul(b)), { inline });
    const points = [[0.3, -1, 2], [1, 0.5, 0.2]].map((x) =>
      array(x, { dtype: "float64" })
    );
    verifyGrad((x, y) => f(x!, y!), points);
    // An operand that is computed from another one is not walked twice.
    const x = variable([]), g = OpFromGraph([a, b], a.mul(b).sum(), { inline });
    const one = x.reshape([1]), cost = g(one, one.mul(2));
    assertEquals(
      values([grad(cost.sum(), x), grad(grad(cost.sum(), x), x)], [[x, 3]]),
      [12, 4],
    );
    assertEquals(values([Rop(cost, x, 1)], [[x, 3]]), [12]);
  });

  Deno.test(`derivatives may be overridden (${named})`, () => {
    const a = variable([]), b = variable([]);
    const f = OpFromGraph([a, b], a.mul(b), {
      inline,
      gradOverrides: (
        [x, y],
        [z],
        [g],
      ) => [mul(g!, x!.add(y!).add(z!)), "default"],
      ropOverrides: (_inputs, [z], [t]) => [mul(t!, z!)],
    });
    const x = variable([]), y = variable([]), z = f(x, y);
    assertEquals(
      values([z, grad(z, x), grad(z, y), Rop(z, x, 1)], [[x, 2], [y, 5]]),
      [10, 17, 2, 10],
    );
    const cut = OpFromGraph([a, b], a.mul(b), {
      inline,
      gradOverrides: (_i, _o, [g]) => [g!, null],
    });
    assertThrows(() => grad(cut(x, y), y), DisconnectedInputError);
    const several = OpFromGraph([a], [a.mul(2), a.mul(3)], {
      inline,
      gradOverrides: (_i, _o, [g, h]) => [g!.sub(h!)],
    });
    // The cotangent of a result that nothing uses is zero.
    assertEquals(values([grad(several(x)[0]!, x)], [[x, 2]]), [1]);
  });

  Deno.test(`shared variables keep their meaning, graphs nest, and loops hold them (${named})`, () => {
    const w = shared(array(2, { dtype: "float64" })), a = variable([]);
    const inner = OpFromGraph([a], a.mul(w), { inline }),
      outer = OpFromGraph([a], inner(inner(a)).add(1), { inline: !inline });
    const x = variable([]), y = outer(x);
    assertEquals(values([y, grad(y, x), grad(y, w)], [[x, 3]]), [13, 4, 12]);
    const [h] = scan((h) => inner(h), { outputsInfo: [x], nSteps: 3 });
    const last = h.at(-1);
    assertEquals(values([h, grad(last, x)], [[x, 1]]), [[2, 4, 8], 8]);
  });
}

Deno.test("types: an operand of length 1 is one row among others; lengths are checked", () => {
  const a = variable([null, null]), b = variable([null, 3]);
  const f = OpFromGraph([a, b], dot(a, b));
  const row = variable([1, null]), any = variable([null, null]);
  const y = f(row, any);
  assertEquals(y.type.shape, [null, 3]);
  assertEquals(values([y], [[row, [[1, 2]]], [any, [[1, 0, 1], [0, 1, 1]]]]), [[
    [1, 2, 3],
  ]]);
  assertThrows(() => f(a, variable([2, 4])), RangeError);
  assertThrows(() => f(variable([2, 2]), variable([3, 3])), RangeError);
});

Deno.test("what is no graph of its inputs, or no operand for it, is refused", () => {
  const a = variable([]), b = variable([], "b");
  assertThrows(() => OpFromGraph([a], a.add(b)), TypeError, "need b");
  assertThrows(() => OpFromGraph([a, a], a), TypeError, "twice");
  const f = OpFromGraph([a], a.add(1), { name: "plusOne" });
  assertThrows(
    () => f(a, b),
    TypeError,
    "Cannot apply plusOne: expected 1 operands",
  );
  assertThrows(() => f(variable([2])), TypeError, "Cannot apply plusOne");
  assertThrows(
    () => OpFromGraph([a], a.add(1), { gradOverrides: () => [] }),
    TypeError,
    "expected 1 values, got 0",
  );
});
