/** What explain() and memory say of updates: one kernel in the storage, and only the rows that are used. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as damo from "damo";

Deno.test("W -= rate * x.T · d is one kernel in W's own memory", () => {
  const x = damo.dmatrix("x"), d = damo.dmatrix("d");
  const W = damo.shared(damo.zeros([4, 3], "float64"), { name: "W" });
  const f = damo.function([x, d], null, {
    updates: [[W, W.sub(x.T.dot(d).mul(0.5))]],
  });
  f([[1, 2, 3, 4]], [[2, 4, 6]]);
  assertEquals(W.getValue().toArray(), [
    [-1, -2, -3],
    [-2, -4, -6],
    [-3, -6, -9],
    [-4, -8, -12],
  ]);
  assertMatch(f.explain(), /blas\/dot_add: once/);
  assertMatch(f.explain(), /update of W: in place/);
});

Deno.test("an embedding's update writes the rows that were read, in its own memory", () => {
  const rows = damo.lvector("rows");
  const E = damo.shared(damo.ones([5, 2], "float64"), { name: "E" });
  const cost = E.at(rows).sqr().sum() as damo.Variable<0>;
  const f = damo.function([rows], cost, {
    updates: [[E, E.sub(damo.grad(cost, E).mul(0.25))]],
  });
  assertEquals(f(damo.array([1, 3, 3], { dtype: "int64" })), 6);
  assertEquals(E.getValue().toArray(), [
    [1, 1],
    [0.5, 0.5],
    [1, 1],
    [0, 0],
    [1, 1],
  ]);
  assertMatch(f.explain(), /increment_of_zeros_added: once/);
  assertMatch(f.explain(), /update of E: in place/);
});

Deno.test("a sum of squares is one kernel", () => {
  const x = damo.dmatrix("x"), f = damo.function([x], x.sqr().sum());
  assertEquals(f([[1, 2], [3, 4]]), 30);
  assert(f.explain().includes("fuse/sqr+sum: once"), f.explain());
});
