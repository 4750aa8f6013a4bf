/** A stop before every instruction that may still fail: shared variables are as before, nothing leaks, and the next call is right. */
import { assert, assertEquals } from "@std/assert";
import type * as damo from "damo";
import { optimize } from "../../src/rewrite/optimize.ts";
import { listOf } from "../../src/run/compiled.ts";
import { VmEngine } from "../../src/run/engine.ts";
import { Mode } from "../../src/run/mode.ts";
import { interpret } from "../../src/run/reference.ts";
import { runtime } from "../../src/run/runtime.ts";
import { specify } from "../../src/run/spec.ts";
import { EXAMPLES } from "./examples.ts";

for (const { name, build } of EXAMPLES) {
  for (const linker of ["cvm", "cvm_nogc"] as const) {
    Deno.test(`${linker}: ${name} stops cleanly before every instruction`, () => {
      const mode = new Mode({ linker });
      const made = build(),
        spec = specify(made.inputs, made.outputs, { updates: made.updates! });
      const { graph } = optimize(spec.graph, mode);
      const twin = build(),
        twinSpec = specify(twin.inputs, twin.outputs, {
          updates: twin.updates!,
        });
      const reference = interpret(twinSpec.graph);
      const engine = new VmEngine(graph, mode, runtime()!);
      const state = () => made.shared.map((s) => s.getValue().toArray());
      const check = () => {
        const found = listOf(engine.call(made.values, 1));
        const expected = listOf(reference.call(twin.values, 1));
        found.forEach((v, i) => close(v, expected[i]!));
        made.shared.forEach((s, i) =>
          close(s.getValue(), twin.shared[i]!.getValue())
        );
      };
      check();
      const { vm, program } = engine.current!;
      let stops = 0;
      for (let fuel = 0;; fuel++) {
        const before = state();
        made.values.forEach((v, i) => vm.setInput(i, v));
        const stop = vm.step(1, fuel);
        if (stop === null) break; // the whole call: bring the twin to the same place
        assertEquals(stop.kind, "stopped");
        if (stop.site.pc >= program.commit) {
          assertEquals(vm.step(0, -1), null);
          break;
        }
        vm.release();
        stops++;
        assertEquals(state(), before);
        assertEquals(vm.live, 0);
      }
      vm.finish();
      reference.call(twin.values, 1);
      check();
      assert(stops >= 4, `only ${stops} stops`);
      engine.free();
    });
  }
}

function close(a: damo.NDArray | number, b: damo.NDArray | number): void {
  const flat = (v: damo.NDArray | number) =>
    typeof v === "number" ? [v] : Array.from(v.flat(), Number);
  const x = flat(a), y = flat(b);
  assertEquals(x.length, y.length);
  x.forEach((v, i) =>
    assert(
      Math.abs(v - y[i]!) <= 1e-5 * Math.max(1, Math.abs(y[i]!)),
      `${v} is not ${y[i]}`,
    )
  );
}
