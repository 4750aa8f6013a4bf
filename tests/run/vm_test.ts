/** Programs written by hand: calls, inputs and outputs, storage, control flow. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { array, NDArray } from "../../src/graph/ndarray.ts";
import { copyExtents, guardExtents } from "../../src/lower/emit/builtins.ts";
import { storageOf } from "../../src/run/storage.ts";
import {
  accumulate,
  ADD,
  assemble,
  Assembly,
  CHECKED,
  cvm,
  f32,
  share,
  TWICE,
} from "./assembly.ts";

Deno.test("CALL: kernels run, constants and inputs are seen, buffers are reused", () => {
  const a = new Assembly();
  const x = a.input("float32", [3]), one = a.constant([1, 2, 3], "float32");
  const t = a.temporary("float32", [3]), y = a.temporary("float32", [3]);
  a.call(ADD, [x, one], [t]);
  a.call(TWICE, [t], [y]);
  a.emit("FREE", t);
  const vm = a.vm([y]);
  for (const k of [0, 5]) {
    vm.setInput(0, f32([k, k, k]));
    assertEquals(vm.run(), null);
    assertEquals(vm.output(0).toArray(), [2 * k + 3, 2 * k + 5, 2 * k + 7]);
  }
  assertEquals(vm.live, 1);
  vm.release();
  assertEquals(vm.live, 0);
  assertEquals(vm.free(), 0);
});

Deno.test("inputs: small ones are copied, large ones lent, in any layout that the slot says", () => {
  for (const n of [3, 100]) {
    for (const strides of [[n, 1], [1, n], [-n, 1], [n + 2, 1]]) {
      const a = new Assembly();
      const x = a.input("float32", [n, n], strides),
        y = a.temporary("float32", [n, n]);
      a.builtin("copy", [x], [y], copyExtents({ reserves: false }));
      const vm = a.vm([y]);
      const flat = f32(Array.from({ length: n * n }, (_, i) => i)).reshape([
        n,
        n,
      ]);
      const turned = new NDArray("float32", [n, n], flat.data, [1, n]),
        upside = new NDArray(
          "float32",
          [n, n],
          flat.data,
          [-n, 1],
          n * (n - 1),
        );
      for (const value of [flat, turned, upside]) {
        vm.setInput(0, value);
        assertEquals(vm.run(), null);
        assertEquals(vm.output(0).toArray(), value.toArray());
        vm.finish();
      }
      assertEquals(vm.free(), 0);
    }
  }
});

Deno.test("inputs of unknown lengths: a small value after a large one", () => {
  const a = new Assembly();
  const x = a.input("int64", [null]), y = a.temporary("int64", [null]);
  a.builtin("copy", [x], [y], copyExtents({ reserves: true }));
  const vm = a.vm([y]);
  for (const n of [5000, 2, 0, 6000, 1]) {
    const value = array(Array.from({ length: n }, (_, i) => i), {
      dtype: "int64",
    });
    vm.setInput(0, value);
    assertEquals(vm.run(), null);
    assertEquals(vm.output(0).data, value.data);
  }
  assertEquals(vm.free(), 0);
});

Deno.test("0-d outputs are numbers, and an input that nothing needs is skipped", () => {
  const a = new Assembly();
  const x = a.input("float32", []), y = a.temporary("float32", []);
  a.inputs.push(-1);
  a.call(TWICE, [x], [y]);
  const vm = a.vm([y, x]);
  vm.setNumber(0, 4);
  vm.setInput(1, f32(1));
  vm.run();
  assertEquals([vm.number(0), vm.number(1)], [9, 4]);
  vm.free();
});

Deno.test("results are never written again", () => {
  const a = new Assembly();
  const x = a.input("float32", [null]), y = a.temporary("float32", [null]);
  a.builtin("copy", [x], [y], copyExtents({ reserves: true }));
  const vm = a.vm([y]), results: NDArray[] = [];
  for (let k = 0; k < 300; k++) {
    vm.setInput(0, f32(Array(100 + k).fill(k)));
    vm.run();
    results.push(vm.output(0));
  }
  results.forEach((r, k) =>
    assert(r.data.every((v) => v === k) && r.size === 100 + k)
  );
  vm.free();
});

Deno.test("CALL_PARALLEL splits a range, and reports the first part that fails", () => {
  const a = new Assembly();
  const x = a.input("float32", [1000]), y = a.temporary("float32", [1000]);
  a.call(CHECKED, [x], [y], { parallel: true });
  const vm = a.vm([y], { threads: 3 });
  const value = f32(Array.from({ length: 1000 }, (_, i) => i % 100));
  for (let k = 0; k < 200; k++) {
    vm.setInput(0, value);
    assertEquals(vm.run(), null);
    assertEquals(vm.output(0).data, value.data);
  }
  const bad = value.copy();
  bad.data[900] = 900;
  bad.data[400] = 400;
  vm.setInput(0, bad);
  const stop = vm.run();
  assert(stop?.kind === "failed");
  assertEquals([stop.code, stop.index], ["VALUE", 400]);
  assertEquals(vm.live, 0);
  vm.setInput(0, value);
  assertEquals(vm.run(), null);
  vm.free();
});

Deno.test("in place: the output is written in the memory of an input", () => {
  const a = new Assembly();
  const x = a.input("float32", [2]),
    t = a.temporary("float32", [2]),
    y = a.look("float32", [2]);
  a.call(TWICE, [x], [t]);
  a.call(TWICE, [t], [y], { inplace: 0 });
  const vm = a.vm([y]);
  vm.setInput(0, f32([1, 2]));
  vm.run();
  assertEquals(vm.output(0).toArray(), [7, 11]);
  assertEquals(vm.live, 1);
  vm.free();
});

Deno.test("SWAP: every VM that uses a storage sees it; nCalls repeat it", () => {
  const s = share([0, 0]), a = accumulate(s), b = accumulate(s);
  const vm = a.vm([a.old]), other = b.vm([b.old]);
  vm.setInput(0, f32([1, 2]));
  other.setInput(0, f32([10, 10]));
  assertEquals(vm.run(3), null);
  assertEquals(vm.done, 3);
  assertEquals(vm.output(0).toArray(), [2, 4]);
  assertEquals(s.getValue().toArray(), [3, 6]);
  assertEquals(other.run(), null);
  assertEquals(other.output(0).toArray(), [3, 6]);
  assertEquals(s.getValue().toArray(), [13, 16]);
  s.setValue(f32([5, 5]));
  vm.run();
  assertEquals(s.getValue().toArray(), [6, 7]);
  assertEquals([vm.live, other.live], [1, 1]);
  vm.release();
  assertEquals(s.getValue().toArray(), [6, 7]);
  assertEquals([vm.free(), other.free()], [0, 0]);
});

Deno.test("SWAP: the storage takes the lengths of the new value, and the slot keeps its own", () => {
  const s = share([1, 2, 3]), a = new Assembly();
  const S = a.share(s),
    x = a.input("float32", [2]),
    next = a.temporary("float32", [2]);
  a.call(TWICE, [x], [next]);
  a.commit = a.emit("SWAP", S, next);
  const vm = a.vm([]);
  vm.setInput(0, f32([1, 1]));
  for (let k = 0; k < 3; k++) {
    vm.run();
    assertEquals(s.getValue().toArray(), [3, 3]);
    s.setValue(f32([1, 2, 3, 4]));
  }
  vm.free();
});

Deno.test("in place on a storage", () => {
  const s = share([1, 2]), a = new Assembly();
  const S = a.share(s), y = a.look("float32", [2]);
  a.commit = a.call(TWICE, [S], [y], { inplace: 0 });
  const vm = a.vm([]), borrowed = s.getValue({ borrow: true });
  assertEquals(borrowed.toArray(), [1, 2]);
  vm.run(2);
  assertThrows(() => borrowed.toArray(), RangeError, "getValue()");
  assertEquals(s.getValue().toArray(), [7, 11]);
  assertEquals(vm.free(), 0);
});

Deno.test("a failure leaves the state of the last whole call, and says where", () => {
  const s = share([90, 0]), a = new Assembly();
  const x = a.input("float32", [2]),
    S = a.share(s),
    sum = a.temporary("float32", [2]),
    next = a.temporary("float32", [2]);
  a.call(ADD, [S, x], [sum]);
  a.call(CHECKED, [sum], [next]);
  a.commit = a.emit("SWAP", S, next);
  const vm = a.vm([]);
  vm.setInput(0, f32([4, 1]));
  const stop = vm.run(10);
  assert(stop?.kind === "failed");
  assertEquals([stop.code, stop.index, stop.length, stop.site.pc], [
    "VALUE",
    102,
    100,
    1,
  ]);
  assertEquals(stop.site.thunk, a.thunks[1]);
  assertEquals([vm.done, vm.live], [2, 0]);
  assertEquals(s.getValue().toArray(), [98, 2]);
  s.setValue(f32([0, 0]));
  assertEquals(vm.run(10), null);
  assertEquals(s.getValue().toArray(), [40, 10]);
  assertEquals(vm.free(), 0);
});

Deno.test("a guard stops before anything is written, so that another program takes the calls that are left", () => {
  const s = share([0, 0]), a = new Assembly();
  const x = a.input("float32", [2]),
    S = a.share(s),
    next = a.temporary("float32", [2]),
    n = a.input("int64", []);
  a.builtin("guard", [n], [], guardExtents(7));
  a.call(ADD, [S, x], [next]);
  a.commit = a.emit("SWAP", S, next);
  const vm = a.vm([]);
  vm.setInput(0, f32([1, 1]));
  vm.setNumber(1, 7n);
  assertEquals(vm.run(2), null);
  vm.setNumber(1, 8n);
  const stop = vm.run(3);
  assert(stop?.kind === "failed");
  assertEquals([stop.code, stop.index, vm.done], ["GUARD", 8, 0]);
  assertEquals(s.getValue().toArray(), [2, 2]);
  vm.free();
});

/** if (c) y = 2x + 1 else y = x + x, with t = 2x + 1 shared by both branches as a block of its own. */
function lazy(): { a: Assembly; y: number } {
  const a = new Assembly();
  const c = a.input("bool", []), x = a.input("float32", [2]);
  const t = a.temporary("float32", [2]),
    u = a.temporary("float32", [2]),
    v = a.temporary("float32", [2]),
    y = a.look("float32", [2]);
  a.flags = 1;
  a.emit("CLEAR", 0, 1);
  const test = a.emit("JUMP_UNLESS", c);
  const first = a.emit("GOSUB", 0), again = a.emit("GOSUB", 0);
  a.call(TWICE, [t], [u]);
  a.emit("FREE", t);
  a.emit("BIND", y, u);
  const over = a.emit("JUMP");
  a.land(test);
  const second = a.emit("GOSUB", 0);
  a.call(ADD, [t, x], [v]);
  a.emit("FREE", t);
  a.emit("BIND", y, v);
  a.land(over);
  a.emit("HALT");
  for (const pc of [first, again, second]) a.land(pc);
  a.call(TWICE, [x], [t]);
  a.emit("RET", 0);
  return { a, y };
}

Deno.test("JUMP_UNLESS, GOSUB, RET: one branch runs, a block runs once", () => {
  const { a, y } = lazy(), vm = a.vm([y]);
  vm.setInput(1, f32([1, 2]));
  for (const c of [1, 0, 1]) {
    vm.setNumber(0, c);
    assertEquals(vm.run(2), null);
    assertEquals(vm.output(0).toArray(), c ? [7, 11] : [4, 7]);
  }
  vm.release();
  vm.setNumber(0, 1);
  // CLEAR, JUMP_UNLESS, GOSUB, CALL, RET, GOSUB, CALL, FREE, BIND, JUMP, HALT
  assertEquals(vm.step(1, 10)?.kind, "stopped");
  assertEquals(vm.step(0, 1), null);
  assertEquals(vm.free(), 0);
});

Deno.test("a failure inside a block names the place it was called from", () => {
  const a = new Assembly();
  const x = a.input("float32", [1]), t = a.temporary("float32", [1]);
  a.flags = 1;
  a.emit("CLEAR", 0, 1);
  const call = a.emit("GOSUB", 0);
  a.emit("HALT");
  a.land(call);
  a.call(CHECKED, [x], [t]);
  a.emit("RET", 0);
  const vm = a.vm([t]);
  vm.setInput(0, f32([200]));
  const stop = vm.run();
  assert(stop?.kind === "failed");
  assertEquals([stop.site.pc, stop.site.loops.length], [3, 0]);
  vm.free();
});

Deno.test("a program that was freed, or whose storage was, refuses to run", () => {
  const s = share([0, 0]), a = accumulate(s), vm = a.vm([]);
  const program = a.program([]);
  storageOf(s, cvm()).free();
  assertThrows(() => vm.run(), RangeError, "its storage was freed");
  assertThrows(() => s.getValue(), RangeError, "its storage was freed");
  assertThrows(() => assemble(program), RangeError, "its storage was freed");
  vm.free();
  assertThrows(() => vm.run(), RangeError, "it was freed");
});
