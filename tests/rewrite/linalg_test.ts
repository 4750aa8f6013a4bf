/** Linear algebra, tails and ranges after rewriting: what is not computed, and what stays finite. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { array } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { leaves, toposort } from "../../src/graph/walk.ts";
import { grad } from "../../src/grad/grad.ts";
import { abs, erfc, log, sqrt } from "../../src/ops/elementwise/elemwise.ts";
import { arange } from "../../src/ops/arange.ts";
import { gt, where } from "../../src/ops/elementwise/elemwise_logic.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { tensor } from "../../src/ops/inputs.ts";
import { det, inv, logdet, solve } from "../../src/ops/linalg/solve.ts";
import { dot } from "../../src/ops/products/dot.ts";
import { dimshuffle } from "../../src/ops/shape/dimshuffle.ts";
import { diag, trace } from "../../src/ops/shape/diagonal.ts";
import { sinking } from "../../src/rewrite/rules/logic.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { matrix, vector } from "./rewritten.ts";

function optimized(...outputs: Variable[]): readonly Variable[] {
  const graph = { inputs: leaves(outputs), outputs, updates: [] };
  return optimize(graph, { optimizer: "fast_run" }).graph.outputs;
}

function names(outputs: readonly Variable[]): string[] {
  return toposort(outputs).map(({ op }) => op.name);
}

Deno.test("no inverse is formed where systems are solved, and log(det) does not overflow", () => {
  const A = matrix("A"), b = vector("b");
  assert(names(optimized(dot(inv(A), b))).includes("solve"));
  assert(!names(optimized(dot(inv(A), b))).includes("inv"));
  assert(!names(optimized(dot(inv(A), b), inv(A))).includes("solve"));
  const [log10] = optimized(log(det(A)));
  const large = array([[1e200, 0], [0, 1e200]], { dtype: "float64" });
  const [value] = evaluate([log10!], new Map([[A, large]]));
  assertAlmostEquals(Number(value!.item()), 400 * Math.LN10, 1e-9);
});

Deno.test("two axes in another order are a transpose of what has two axes only", () => {
  const x = tensor("float64", [3, 3, 1], "x"), [y] = optimized(det(turned(x)));
  const values = array([[[2], [1], [0]], [[0], [3], [0]], [[1], [0], [1]]], {
    dtype: "float64",
  });
  assertAlmostEquals(
    Number(evaluate([y!], new Map([[x, values]]))[0]!.item()),
    6,
    1e-12,
  );
  optimized(inv(turned(x)), dot(turned(x), matrix("A")));
});

/** Its first two axes the other way round, without the third. */
function turned(x: Variable): Variable {
  return dimshuffle(x, [1, 0]);
}

Deno.test("the gradient of log(erfc(x)) is finite where erfc(x) vanishes", () => {
  const x = tensor("float64", [], "x") as Variable<0>;
  const [slope] = optimized(grad(log(erfc(x)) as Variable<0>, x));
  const [value] = evaluate([slope!], new Map([[x, array(40)]]));
  // -2x - 1/x + O(x^-3) (Abramowitz and Stegun 7.1.23)
  assertAlmostEquals(Number(value!.item()), -80 - 1 / 40, 1e-4);
});

Deno.test("rows that a range names are a slice, unless they might lie beyond the end", () => {
  const x = tensor("float64", [5, 2], "x"), n = tensor("int64", [], "n");
  assert(!names(optimized(at(x, arange(3)))).includes("advancedSubtensor"));
  assert(names(optimized(at(x, arange(n)))).includes("advancedSubtensor"));
});

Deno.test("gradients of what a choice leaves out are 0 where a mode includes the rules that sink factors", () => {
  const x = tensor("float64", [], "x") as Variable<0>;
  const slope = grad(where(gt(x, 0), sqrt(x), 0) as Variable<0>, x);
  const at0 = (included: readonly string[]) => {
    const graph = { inputs: [x], outputs: [slope], updates: [] };
    const made = optimize(graph, { optimizer: "fast_run", included });
    const values = new Map([[x, array(0, { dtype: "float64" })]]);
    return evaluate(made.graph.outputs, values)[0]!.item();
  };
  assertEquals(at0([]), NaN);
  assertEquals(at0(sinking.map(({ name }) => name)), 0);
});

Deno.test("diagonals are vectors: traces, determinants and their logarithms make no matrix", () => {
  const d = tensor("float64", [null], "d"), x = tensor("float64", [4, 4], "x");
  for (
    const y of [trace(diag(d)), det(diag(d)), logdet(diag(d)), trace(dot(x, x))]
  ) {
    const found = names(optimized(y));
    for (const op of ["incSubtensor", "det", "slogdet", "dot"]) {
      assert(!found.includes(op), found.join());
    }
  }
  const long = optimized(log(abs(det(diag(d)))));
  const values = new Map([[
    d,
    array(Array(400).fill(1e-3), { dtype: "float64" }),
  ]]);
  assertAlmostEquals(
    Number(evaluate(long, values)[0]!.item()),
    400 * Math.log(1e-3),
    1e-9,
  );
});

Deno.test("products with diagonal matrices scale rows and columns where a mode includes that", () => {
  const d = tensor("float64", [4], "d"), x = tensor("float64", [4, 4], "x");
  for (const y of [dot(diag(d), x), dot(x, diag(d)), solve(diag(d), x)]) {
    const graph = { inputs: [d, x], outputs: [y], updates: [] };
    const included = ["dot_diagonal", "solve_of_diagonal"];
    const made = optimize(graph, { optimizer: "fast_run", included });
    const found = names(made.graph.outputs);
    assert(!found.includes("incSubtensor"), found.join());
  }
});
