/** An op of a user's own is what it says it is: its name means nothing to the compiler. */
import { assertEquals, assertThrows } from "@std/assert";
import * as damo from "damo";

type X = [x: damo.Variable];

for (const linker of ["reference", "cvm", "cvm_nogc"] as const) {
  for (const name of ["scan", "ifelse", "fused", "shapeAt", "identity"]) {
    Deno.test(`${linker}: an op that is called ${name} is no other for it`, () => {
      const passed = damo.defineOp<X>({
        name,
        arity: 1,
        infer: ([x]) => x,
        eval: ([x]) => x.copy(),
      });
      const x = damo.vector("x"), y = passed(x.add(1)).mul(2);
      const f = damo.function([x], y, { mode: new damo.Mode({ linker }) });
      assertEquals(f([1, 2]).toArray(), [4, 6]);
    });
  }

  Deno.test(`${linker}: a view that may refuse what it passes on is asked`, () => {
    const positive = damo.defineOp<X>({
      name: "positive",
      arity: 1,
      infer: ([x]) => x,
      eval: ([x]) => {
        if (x.flat().some((e) => Number(e) <= 0)) {
          throw new RangeError("Cannot pass what is not positive");
        }
        return x;
      },
      views: [0],
      view: () => ({
        kind: "affine",
        start: [0],
        step: [1],
        from: [0],
        checked: [false],
      }),
      mayFail: true,
    });
    const x = damo.vector("x");
    const f = damo.function([x], positive(x).mul(2), {
      mode: new damo.Mode({ linker }),
    });
    assertEquals(f([1, 2]).toArray(), [2, 4]);
    assertThrows(() => f([1, -2]), RangeError, "not positive");
    assertEquals(f([3]).toArray(), [6]);
  });
}
