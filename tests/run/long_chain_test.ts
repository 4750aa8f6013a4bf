/** Depth has no limit: a chain of 100,000 functions is compiled and runs under every linker. */
import { assertAlmostEquals } from "@std/assert";
import * as damo from "damo";
import { PHASES } from "../../src/rewrite/phases.ts";

const LENGTH = 100_000;

/** Rules are tried at such a chain in tests/rewrite/scale_test.ts; here it is only cut into kernels. */
const ONLY_FUSED = PHASES.map(({ name }) => name).filter((n) => n !== "fuse");

Deno.test("a chain of 100,000 functions under every linker", async (t) => {
  const x = damo.dvector("x");
  let y: damo.Variable = x, wanted = 0.25;
  for (let i = 0; i < LENGTH; i++) {
    y = i % 2 ? y.tanh() : y.add(0.5);
    wanted = i % 2 ? Math.tanh(wanted) : wanted + 0.5;
  }
  for (const linker of ["cvm", "c", "reference"] as const) {
    await t.step(linker, () => {
      const mode = new damo.Mode({ linker }).excluding(...ONLY_FUSED);
      const f = damo.function([x], y, { mode });
      for (const value of f([0.25, 0.25]).toArray() as number[]) {
        assertAlmostEquals(value, wanted, 1e-12);
      }
    });
  }
});
