/** Runs stopped at every instruction, and kernels that crash: what is left is always clean. */
import { assert, assertEquals } from "@std/assert";
import type { SharedVariable } from "../../src/graph/variable.ts";
import {
  countExtents,
  prefixExtents,
  stackExtents,
} from "../../src/lower/emit/builtins.ts";
import type { Vm } from "../../src/run/vm.ts";
import {
  ADD,
  Assembly,
  CHECKED,
  f32,
  kernel,
  share,
  TWICE,
} from "./assembly.ts";

const FULL = kernel("full", ["float", "uint8_t"], "  x1[0] = x0[0] > 40;");

/**
 * Everything at once. With t = 2x + 1 in a block, x = [1, 2], c = 1:
 * rows: s[t] = s[t-1] + x, from S1, until s[t][0] > 40; S1 ← its last row by
 * SWAP after a HOST and a branch; S2 ← 2 S2 + 1 in place.
 */
function everything(
  gc: boolean,
  [S1, S2]: readonly SharedVariable[],
): { a: Assembly; outputs: number[] } {
  const a = new Assembly();
  a.gc = gc;
  a.flags = 1;
  const free = (...slots: number[]) =>
    gc && slots.forEach((s) => a.emit("FREE", s));
  const vector = () => a.temporary("float32", [2]),
    look = () => a.look("float32", [2]);
  const c = a.input("bool", []), x = a.input("float32", [2]);
  const s1 = a.share(S1!), s2 = a.share(S2!);
  const t = vector(),
    branch = look(),
    u = vector(),
    v = vector(),
    hosted = vector(),
    checked = vector();
  const count = a.temporary("int64", []),
    steps = a.temporary("int64", []),
    stop = a.temporary("bool", []);
  const first = a.look("float32", [1, 2]),
    stack = a.temporary("float32", [null, 2]),
    rows = a.look("float32", [null, 2]);
  const before = look(),
    after = look(),
    last = look(),
    next = vector(),
    inplace = look();
  const twenty = a.constant(
    [[0], [0], [0], [0], [0], [0], [0], [0], [0], [0]],
    "float32",
  );

  a.emit("CLEAR", 0, 1);
  a.builtin(
    "count",
    [twenty],
    [count],
    countExtents({ nSteps: false, lost: [0] }),
  );
  a.builtin("view", [s1], [first], [0, -1, 1, -1, 2]);
  a.builtin(
    "stack",
    [count, first],
    [stack],
    stackExtents({ lag: 1, ring: 0, until: true, initial: 1, row: [2] }),
  );
  const gosubs: number[] = [];
  a.loop({
    count,
    steps,
    stop,
    cursors: [{ slot: before, base: stack }, {
      slot: after,
      base: stack,
      start: 1,
      write: true,
    }],
  }, () => {
    gosubs.push(a.emit("GOSUB", 0));
    a.call(ADD, [before, t], [after]);
    a.call(FULL, [after], [stop], { range: 1 });
  });
  free(stop, count);
  a.builtin("prefix", [stack, steps], [rows], prefixExtents(1));
  a.builtin("last", [stack, steps], [last], [1, 0]);
  free(steps);
  const test = a.emit("JUMP_UNLESS", c);
  gosubs.push(a.emit("GOSUB", 0));
  a.call(TWICE, [t], [u]);
  a.emit("BIND", branch, u);
  const over = a.emit("JUMP");
  a.land(test);
  a.call(TWICE, [x], [v]);
  a.emit("BIND", branch, v);
  a.land(over);
  a.host(
    ([b, l]) => f32([0, 1].map((i) => Number(b!.at(i)) + Number(l!.at(i)))),
    [branch, last],
    hosted,
  );
  free(t, u, v);
  a.call(CHECKED, [hosted], [checked]);
  free(hosted);
  a.call(ADD, [checked, x], [next]);
  free(checked);
  a.commit = a.call(TWICE, [s2], [inplace], { inplace: 0 });
  a.emit("SWAP", s1, next);
  a.emit("HALT");
  for (const pc of gosubs) a.land(pc);
  a.call(TWICE, [x], [t]);
  a.emit("RET", 0);
  return { a, outputs: [rows] };
}

const START = [[1, 1], [0, 5]];

function reset(shared: readonly SharedVariable[]): void {
  shared.forEach((s, i) => s.setValue(f32(START[i]!)));
}

function values(vm: Vm, shared: readonly SharedVariable[]): unknown {
  return [vm.output(0).toArray(), ...shared.map((s) => s.getValue().toArray())];
}

Deno.test("a stop at any instruction releases everything, leaves storages alone, and the next call is clean", () => {
  for (const gc of [true, false]) {
    for (const c of [1, 0]) {
      const shared = START.map((v) => share(v)),
        { a, outputs } = everything(gc, shared),
        vm = a.vm(outputs);
      vm.setNumber(0, c);
      vm.setInput(1, f32([1, 2]));
      assertEquals(vm.run(), null);
      const whole = values(vm, shared);
      const branch = c ? [7, 11] : [3, 5];
      assertEquals(whole, [
        Array.from({ length: 10 }, (_, i) => [4 + 3 * i, 6 + 5 * i]),
        [31 + branch[0]! + 1, 51 + branch[1]! + 2],
        [1, 11],
      ]);
      let stops = 0;
      for (let fuel = 0;; fuel++) {
        reset(shared);
        const stop = vm.step(1, fuel);
        if (stop === null) break;
        assertEquals(stop.kind, "stopped");
        stops++;
        const halt = a.code.findIndex(([op]) => op === "HALT"),
          { pc } = stop.site;
        if (pc > a.commit! && pc <= halt) {
          assertEquals(vm.step(0, -1), null);
        } else {
          vm.release();
          assertEquals(vm.live, 0);
          assertEquals(shared.map((s) => s.getValue().toArray()), START);
          assertEquals(vm.run(), null);
        }
        assertEquals(values(vm, shared), whole, `fuel ${fuel}`);
      }
      assert(stops > 50);
      reset(shared);
      for (let k = 0, paused = vm.step(1, 1); paused !== null; k++) {
        assert(k < 500);
        paused = vm.step(0, 1);
      }
      assertEquals(values(vm, shared), whole);
      assertEquals(vm.free(), 0);
    }
  }
});

Deno.test("a stack that grows: stopped early by its condition", () => {
  const shared = START.map((v) => share(v)),
    { a, outputs } = everything(true, shared),
    vm = a.vm(outputs);
  vm.setNumber(0, 0);
  for (const step of [0, 3, 20, 15, 3]) {
    reset(shared);
    vm.setInput(1, f32([step, -100]));
    assertEquals(vm.run(), null);
    const t = 2 * step + 1, n = Math.min(10, Math.floor(39 / t) + 1);
    assertEquals(vm.output(0).shape, [n, 2]);
    assertEquals(
      vm.output(0).toArray().map((r: number[]) => r[0]),
      Array.from({ length: n }, (_, i) => 1 + t * (i + 1)),
    );
  }
  vm.setInput(1, f32([60, 60]));
  reset(shared);
  const stop = vm.run();
  assert(stop?.kind === "failed");
  assertEquals([stop.code, vm.live], ["VALUE", 0]);
  assertEquals(shared.map((s) => s.getValue().toArray()), START);
  assertEquals(vm.free(), 0);
});

Deno.test("debug: a crash in a kernel is a Stop, and the VM stays usable", () => {
  const crash = kernel(
    "crash",
    ["float", "float"],
    "  if (x0[0] > 1) *(volatile int *)8 = 1;\n  x1[0] = x0[0];",
  );
  const divide = kernel(
    "divide",
    ["int32_t", "int32_t"],
    "  volatile int32_t d = x0[0];\n  x1[0] = 7 / d;",
  );
  const a = new Assembly();
  const x = a.input("float32", [1]),
    n = a.input("int32", [1]),
    t = a.temporary("float32", [1]),
    m = a.temporary("int32", [1]);
  a.call(crash, [x], [t]);
  a.call(divide, [n], [m]);
  const vm = a.vm([t, m], { debug: true });
  const run = (v: number, d: number) => {
    vm.setInput(0, f32([v]));
    vm.setInput(1, f32([d]).astype("int32"));
    const stop = vm.run();
    return stop?.kind === "crashed" ? [stop.signal, stop.site.pc] : stop;
  };
  for (let k = 0; k < 3; k++) {
    assertEquals(run(0, 1), null);
    assertEquals(run(2, 1), [Deno.build.os === "darwin" ? 10 : 11, 0]);
    assertEquals(vm.live, 0);
    if (Deno.build.arch === "x86_64") assertEquals(run(0, 0), [8, 1]);
  }
  assertEquals(vm.free(), 0);
  // V8's own traps still work: an access out of bounds in WebAssembly is a RuntimeError.
  const wasm = new WebAssembly.Module(
    // deno-fmt-ignore
    new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 5, 1, 1, 102, 0, 0, 10, 13, 1, 11, 0, 65, 128, 128, 128, 128, 7, 40, 2, 0, 11]),
  );
  const { f } = new WebAssembly.Instance(wasm).exports as { f: () => number };
  let trapped = false;
  try {
    f();
  } catch (error) {
    trapped = error instanceof WebAssembly.RuntimeError;
  }
  assert(trapped);
});

Deno.test("debug: fresh buffers are poisoned", () => {
  const nothing = kernel("nothing", ["float"], "");
  const a = new Assembly(), t = a.temporary("float32", [2]);
  a.call(nothing, [], [t]);
  const vm = a.vm([t], { debug: true });
  assertEquals(vm.run(), null);
  assertEquals(vm.output(0).toArray(), [NaN, NaN]);
  assertEquals(vm.free(), 0);
});
