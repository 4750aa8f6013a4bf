/** Programs that let JavaScript run meanwhile: HOST pauses, and runs on another thread. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import { accumulate, ADD, Assembly, f32, share, TWICE } from "./assembly.ts";

Deno.test("HOST: eval gets views that end with it, its result is copied, and calls go on", () => {
  const seen: NDArray[] = [], s = share([1, 1]), a = new Assembly();
  const x = a.input("float32", [2]),
    S = a.share(s),
    t = a.temporary("float32", [2]),
    next = a.temporary("float32", [2]);
  a.host(
    ([x, S]) => {
      seen.push(x!);
      return f32([0, 1].map((i) => Number(x!.at(i)) + Number(S!.at(i))));
    },
    [x, S],
    t,
  );
  a.call(TWICE, [t], [next]);
  a.emit("FREE", t);
  a.commit = a.emit("SWAP", S, next);
  const vm = a.vm([]);
  vm.setInput(0, f32([1, 2]));
  assertEquals(vm.run(3), null);
  assertEquals(s.getValue().toArray(), [29, 43]);
  assertEquals(seen.map((v) => v.data.length), [0, 0, 0]);
  assertEquals(vm.free(), 0);
});

Deno.test("HOST: an exception passes through, and the next call is clean", () => {
  let fails = true;
  const s = share([1, 1]), a = new Assembly();
  const x = a.input("float32", [2]),
    S = a.share(s),
    t = a.temporary("float32", [2]),
    next = a.temporary("float32", [2]);
  a.call(ADD, [x, S], [t]);
  a.host(
    ([t]) => {
      assertThrows(() => s.getValue(), RangeError, "in flight");
      assertThrows(() => vm.run(), RangeError, "in flight");
      if (fails) throw new Error("mine");
      return t!.copy();
    },
    [t],
    next,
  );
  a.commit = a.emit("SWAP", S, next);
  const vm = a.vm([]);
  vm.setInput(0, f32([1, 2]));
  assertThrows(() => vm.run(), Error, "mine");
  assertEquals(vm.live, 0);
  assertEquals(s.getValue().toArray(), [1, 1]);
  fails = false;
  assertEquals(vm.run(2), null);
  assertEquals(s.getValue().toArray(), [3, 5]);
  assertEquals(vm.free(), 0);
});

Deno.test("HOST: results of another dtype or shape are refused; unknown lengths are taken", () => {
  const results: Record<string, NDArray> = {
    dtype: array([1, 2]).astype("float64"),
    shape: f32([1, 2, 3]),
    good: f32([1, 2]),
  };
  const run = (which: string, shape: readonly (number | null)[]) => {
    const a = new Assembly(), t = a.temporary("float32", shape);
    a.host(() => results[which]!, [], t);
    const vm = a.vm([t]);
    try {
      vm.run(2);
      return vm.output(0).toArray();
    } finally {
      vm.free();
    }
  };
  assertThrows(
    () => run("dtype", [2]),
    TypeError,
    "expected float32 of 1 axes, got float64 of 1",
  );
  assertThrows(
    () => run("shape", [2]),
    RangeError,
    "expected shape (2), got (3)",
  );
  assertEquals(run("good", [2]), [1, 2]);
  assertEquals(run("shape", [null]), [1, 2, 3]);
});

Deno.test("runAsync: the event loop goes on, storages are busy, HOST pauses, interrupt stops between calls", async () => {
  const s = share([0, 0]), a = accumulate(s), vm = a.vm([]);
  vm.setInput(0, f32([1, 1]));
  const running = vm.runAsync(2_000_000_000);
  assertThrows(() => s.getValue(), RangeError, "in flight");
  assertThrows(() => s.setValue(f32([1, 1])), RangeError, "in flight");
  assertThrows(() => vm.run(), RangeError, "in flight");
  assertThrows(() => vm.free(), RangeError, "in flight");
  await new Promise((resolve) => setTimeout(resolve, 5));
  vm.interrupt();
  assertEquals((await running)?.kind, "interrupted");
  assert(vm.done > 0);
  assertEquals(
    s.getValue().toArray(),
    Array(2).fill(Math.min(vm.done, 2 ** 24)),
  );
  assertEquals(vm.free(), 0);

  const b = new Assembly(),
    x = b.input("float32", [1]),
    t = b.temporary("float32", [1]);
  b.host(([x]) => x!.copy(), [x], t);
  const paused = b.vm([t]);
  paused.setInput(0, f32([3]));
  assertEquals(await paused.runAsync(3), null);
  assertEquals(paused.output(0).toArray(), [3]);
  paused.free();
});
