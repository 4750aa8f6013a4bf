/** Programs as one C function: what the tests of all linkers do not show. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as damo from "damo";
import { emitProgram } from "../../src/lower/emit_program.ts";
import {
  accumulate,
  assemble,
  Assembly,
  f32,
  share,
  TWICE,
} from "./assembly.ts";

/** The message without the lines of this file, which differ. */
function refusal(run: () => unknown): string {
  const { message } = assertThrows(run, RangeError);
  return message.replace(/linked_test\.ts:\d+:\d+/g, "here");
}

Deno.test("errors name op, values, the user's line and the step of the loop, as under cvm", () => {
  const messages = (["cvm", "c"] as const).map((mode) => {
    const next = damo.lvector("next"), first = damo.lscalar("first");
    const [visited] = damo.scan((at) => next.at(at as damo.Variable<0>), {
      outputsInfo: [first],
      nSteps: 3,
    });
    const f = damo.function(
      [next, first],
      (visited as damo.Variable<1>).sum(),
      {
        mode,
      },
    );
    assertEquals(f([1, 0], 0), 2);
    const texts = [[1, 7], [-3, 0]].map((to) => refusal(() => f(to, 0)));
    assertEquals(f([1, 1], 0), 3);
    f.free();
    return texts;
  });
  assertEquals(messages[1], messages[0]);
  assert(messages[0]![0]!.includes("in step 2 of the scan at "));
});

Deno.test("what does not fit is refused when it is reached, and not before", () => {
  const x = damo.vector("x"), y = damo.vector("y"), c = damo.bscalar("c");
  const f = damo.function([c, x, y], damo.ifelse(c, x.add(y).sum(), x.sum()), {
    mode: "c",
  });
  assertEquals(f(0, [1, 2], [1, 2, 3]), 3);
  assertThrows(() => f(1, [1, 2], [1, 2, 3]), RangeError, "add");
  assertEquals(f(1, [1, 2], [1, 2]), 6);
  f.free();
});

Deno.test("ranges are split over threads, to the same bits", () => {
  const x = damo.matrix("x"), y = x.tanh().mul(x).sum({ axis: 1 });
  const value = new damo.RandomState(2).normal(0, 1, [3000, 300]);
  const [one, two, cvm] = [
    { linker: "c", openmp: 1 },
    { linker: "c", openmp: 3 },
    { linker: "cvm", openmp: 3 },
  ].map((mode) => {
    const f = damo.function([x], y, { mode: mode as damo.ModeOptions });
    const found = f(value);
    f.free();
    return found;
  });
  assertEquals(one!.data, cvm!.data);
  assertEquals(two!.data, cvm!.data);
});

Deno.test("an op without C is refused by its name", () => {
  const x = damo.vector("x");
  const f = damo.function([x], damo.print(x).sum(), { mode: "c" });
  assertThrows(
    () => f([1]),
    RangeError,
    "Cannot compile for linker c: print has no C, made at ",
  );
});

Deno.test("calls repeat in C; an interrupt stops between them, and a failure leaves the last whole one", async () => {
  const s = share([0, 0]), a = accumulate(s);
  a.emit("HALT");
  const program = a.program([a.old]),
    vm = assemble(program, { linked: emitProgram(program, "accumulate") });
  vm.setInput(0, f32([1, 2]));
  assertEquals(vm.run(3), null);
  assertEquals(vm.output(0).toArray(), [2, 4]);
  assertEquals(s.getValue().toArray(), [3, 6]);
  assertThrows(() => vm.step(1, 4), RangeError, "one C function");
  s.setValue([0, 0]);
  const running = vm.runAsync(2_000_000_000);
  await new Promise((resolve) => setTimeout(resolve, 5));
  vm.interrupt();
  assertEquals((await running)?.kind, "interrupted");
  assertEquals(s.getValue().toArray()[0], Math.min(vm.done, 2 ** 24));
  assertEquals(vm.free(), 0);
});

Deno.test("an interrupt stops within a loop, and every buffer comes back", async () => {
  const a = new Assembly();
  const x = a.input("float32", [2]),
    n = a.input("int64", []),
    steps = a.temporary("int64", []),
    t = a.temporary("float32", [2]);
  a.loop({ count: n, steps, cursors: [] }, () => a.call(TWICE, [x], [t]));
  a.emit("HALT");
  const program = a.program([t]),
    vm = assemble(program, { linked: emitProgram(program, "long") });
  vm.setInput(0, f32([1, 2]));
  vm.setNumber(1, 2n ** 60n);
  const running = vm.runAsync();
  await new Promise((resolve) => setTimeout(resolve, 5));
  vm.interrupt();
  const stop = await running;
  assert(stop?.kind === "interrupted");
  assert(stop.site.loops[0]!.steps > 0);
  assertEquals(vm.live, 0);
  vm.setNumber(1, 3n);
  assertEquals(vm.run(), null);
  assertEquals(vm.output(0).toArray(), [3, 5]);
  assertEquals(vm.free(), 0);
});
