/** `x.eval(…)`. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as damo from "damo";

Deno.test("eval takes inputs by name, or any variables in a Map", () => {
  const x = damo.scalar("x"), y = damo.vector("y"), s = x.add(1), z = y.mul(s);
  const number: number = s.eval({ x: 2 });
  assertEquals([number, s.eval({ x: 5 })], [3, 6]);
  assertEquals((z.eval({ x: 2, y: [1, 2] }) as damo.NDArray).toArray(), [3, 6]);
  const given = new Map<damo.Variable, number | number[]>([[s, 2], [y, [
    1,
    2,
  ]]]);
  assertEquals((z.eval(given) as damo.NDArray).toArray(), [2, 4]);
  assertEquals((damo.zeros([2]).eval() as damo.NDArray).toArray(), [0, 0]);
});

Deno.test("eval names what is missing or unknown", () => {
  const x = damo.scalar("x"), z = x.add(1);
  assertThrows(() => z.eval(), damo.MissingInputError);
  assertThrows(() => z.eval({ y: 1 }), TypeError, "there are x");
});

Deno.test("graphs used as ops are compiled away, under every linker", () => {
  const a = damo.vector("a"), b = damo.vector("b"), x = damo.vector("x");
  const f = damo.OpFromGraph([a, b], damo.tanh(a.mul(b)).sum());
  const [h] = damo.scan((s) => f(x, x.mul(s)), {
    outputsInfo: [damo.zeros([])],
    nSteps: 2,
  });
  const y = f(x, x.mul(2)).add(h.sum());
  for (const linker of ["reference", "cvm", "cvm_nogc", "c"] as const) {
    for (const optimizer of ["fast_run", "fast_compile", "none"] as const) {
      const g = damo.function([x], y, { mode: { linker, optimizer } });
      assertEquals(g([0, 0]), 0);
      assert(!g.explain().includes("opFromGraph"), g.explain());
      g.free();
    }
  }
});
