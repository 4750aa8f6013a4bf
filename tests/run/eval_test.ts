/** `x.eval(…)`. */
import { assertEquals, assertThrows } from "@std/assert";
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
