/** Rules of the user's own: a mode that includes one tries it wherever rules are tried. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as damo from "damo";

/** sin² x + cos² x → 1 */
const pythagoras = damo.rewriteRule(
  "pythagoras",
  [damo.add, [damo.sqr, [damo.sin, "x"]], [damo.sqr, [damo.cos, "x"]]],
  ({ x }) => damo.onesLike(x),
);

const squares = (x: damo.Variable) => x.sin().sqr().add(x.cos().sqr());

for (const linker of ["cvm", "c", "reference"] as const) {
  Deno.test(`a mode that includes a rule applies it: ${linker}`, () => {
    const x = damo.dvector("x"), mode = new damo.Mode({ linker });
    const f = damo.function([x], squares(x).mul(x), {
      mode: mode.including(pythagoras),
    });
    assertEquals(f([0.1, 2]).toArray(), [0.1, 2]);
    assert(f.explain().includes("/pythagoras: once"), f.explain());
    const without = damo.function([x], squares(x).mul(x), {
      mode: mode.including(pythagoras).excluding("pythagoras"),
    });
    assert(!without.explain().includes("pythagoras"));
  });
}

Deno.test("a rule of one's own works in the body of a loop, and on what other rules made", () => {
  const xs = damo.dmatrix("xs");
  const mode = new damo.Mode({ including: [pythagoras] });
  const [ys] = damo.scan((x, sum) => sum!.add(squares(x!)), {
    sequences: [xs],
    outputsInfo: [damo.zeros([2], "float64")],
  });
  const f = damo.function([xs], ys as damo.Variable, { mode });
  assertEquals(f([[1, 2], [3, 4]]).toArray(), [[1, 1], [2, 2]]);
  assert(f.explain().includes("/pythagoras"), f.explain());
  const x = damo.dvector("x"), seen: string[] = [];
  const late = damo.rewriteRuleAt(
    "late",
    [damo.log1p],
    { equation: "log1p(x) is noticed" },
    (y) => (seen.push(y.owner!.op.name), null),
  );
  damo.function([x], damo.log(x.add(1)), { mode: mode.including(late) });
  assert(seen.length > 0, "log1p is what stabilization makes");
});

Deno.test("a rule of one's own that changes a type is not taken, one that never rests is named, a name must be free", () => {
  const x = damo.dvector("x"), y = damo.tanh(x);
  const wrong = damo.rewriteRule("wrong", [damo.tanh, "x"], ({ x }) => x.sum());
  const f = damo.function([x], y, {
    mode: new damo.Mode().including(wrong),
  });
  assertEquals(f([0]).toArray(), [0]);
  const grow = damo.rewriteRule(
    "grow",
    [damo.tanh, "x"],
    ({ x }) => damo.tanh(x.add(1)),
  );
  assertThrows(
    () => damo.function([x], y, { mode: new damo.Mode().including(grow) }),
    damo.RewriteError,
    "grow",
  );
  const taken = damo.rewriteRule("log1p", [damo.tanh, "x"], () => null);
  assertThrows(
    () => damo.function([x], y, { mode: new damo.Mode().including(taken) }),
    TypeError,
    "Cannot include rule log1p",
  );
});
