/** Loops written by hand: cursors into sequences, stacks and rings, growth, pauses and nesting. */
import { assert, assertEquals } from "@std/assert";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import {
  copyExtents,
  countExtents,
  lastExtents,
  prefixExtents,
  stackExtents,
} from "../../src/lower/emit/builtins.ts";
import { ADD, Assembly, CHECKED, f32, kernel } from "./assembly.ts";

interface Form {
  /** Rows of the ring, or 0: all steps are kept. */
  readonly ring?: number;
  readonly backwards?: boolean;
  /** The state reads t - lag. */
  readonly lag?: number;
  /** Stop once the first element of the state exceeds this. */
  readonly limit?: number;
  readonly host?: boolean;
  readonly gc?: boolean;
  readonly nSteps?: boolean;
}

const OVER = kernel(
  "over",
  ["float", "float", "uint8_t"],
  "  x2[0] = x0[0] > x1[0];",
);

/** s[t] = s[t - lag] + x[t], kept or only the last. Inputs: x (rows of 2), the first states, nSteps if asked for. */
function sum(
  {
    ring = 0,
    backwards = false,
    lag = 1,
    limit,
    host = false,
    gc = true,
    nSteps = false,
  }: Form,
): { a: Assembly; output: number } {
  const a = new Assembly(), until = limit !== undefined;
  a.gc = gc;
  const x = a.input("float32", [null, 2]),
    initial = a.input("float32", [null, 2]);
  const n = nSteps ? [a.input("int64", [])] : [];
  const count = a.temporary("int64", []),
    steps = a.temporary("int64", []),
    stack = a.temporary("float32", [null, 2]);
  const row = a.look("float32", [2]),
    before = a.look("float32", [2]),
    after = a.look("float32", [2]);
  const stop = until ? a.temporary("bool", []) : -1;
  const output = a.look("float32", ring ? [2] : [null, 2]);
  a.builtin("count", [...n, x], [count], countExtents({ nSteps, lost: [0] }));
  a.builtin(
    "stack",
    [count, initial],
    [stack],
    stackExtents({
      lag,
      ring,
      until,
      initial: 1,
      row: [{ input: 1, axis: 1 }],
    }),
  );
  const bound = a.constant([limit ?? 0], "float32");
  a.loop({
    count,
    steps,
    stop,
    cursors: [
      { slot: row, base: x, stride: backwards ? -1 : 1 },
      { slot: before, base: stack, start: 0, ring },
      { slot: after, base: stack, start: lag, ring, write: true },
    ],
  }, () => {
    if (host) {
      a.host(
        ([b, r]) =>
          f32([
            b!.at(0) as number + (r!.at(0) as number),
            b!.at(1) as number + (r!.at(1) as number),
          ]),
        [before, row],
        after,
      );
    } else a.call(ADD, [before, row], [after]);
    if (until) a.call(OVER, [after, bound], [stop], { range: 1 });
  });
  if (until && gc) a.emit("FREE", stop);
  if (ring) {
    a.builtin("last", [stack, steps], [output], lastExtents({ lag, ring }));
  } else a.builtin("prefix", [stack, steps], [output], prefixExtents(lag));
  if (gc) { for (const slot of [count, steps]) a.emit("FREE", slot); }
  return { a, output };
}

/** What the loop means. */
function expected(
  x: number[][],
  initial: number[][],
  { lag = 1, backwards = false, limit = Infinity, ring = 0 }: Form,
): unknown {
  const rows = initial.slice(0, lag).map((r) => [...r]);
  for (const r of backwards ? [...x].reverse() : x) {
    const b = rows[rows.length - lag]!;
    rows.push([b[0]! + r[0]!, b[1]! + r[1]!]);
    if (rows.at(-1)![0]! > limit) break;
  }
  return ring ? rows.at(-1) : rows.slice(lag);
}

const values = (n: number) =>
  Array.from({ length: n }, (_, i) => [i + 1, 10 - i]);
const matrix = (rows: number[][]): NDArray =>
  rows.length ? f32(rows) : f32([]).reshape([0, 2]);

Deno.test("a loop gives what its recurrence says: kept or ring, forwards or backwards, any lag, stopped early or not", () => {
  const initial = [[1, 0], [0, 2], [5, 5]];
  for (const gc of [true, false]) {
    for (const backwards of [false, true]) {
      for (const lag of [1, 2, 3]) {
        for (const ring of [0, lag + 1]) {
          for (const limit of [undefined, 30]) {
            for (const host of [false, true]) {
              const form: Form = {
                ring,
                backwards,
                lag,
                host,
                gc,
                ...(limit !== undefined && { limit }),
              };
              const { a, output } = sum(form), vm = a.vm([output]);
              for (const n of [1, 0, 2, 7, 40, 3]) {
                const x = values(n);
                vm.setInput(0, matrix(x));
                vm.setInput(1, f32(initial));
                assertEquals(vm.run(2), null);
                assertEquals(
                  vm.output(0).toArray(),
                  expected(x, initial, form),
                  JSON.stringify({ ...form, n }),
                );
                if (gc) {
                  assertEquals(vm.live, 1);
                  vm.release();
                  assertEquals(vm.live, 0);
                }
              }
              assertEquals(vm.free(), 0);
            }
          }
        }
      }
    }
  }
});

Deno.test("warm calls allocate nothing: buffers stay what they were", () => {
  const { a, output } = sum({ gc: false, limit: 1e9 }), vm = a.vm([output]);
  vm.setInput(0, matrix(values(50)));
  vm.setInput(1, f32([[0, 0]]));
  vm.run();
  const live = vm.live, first = vm.output(0).toArray();
  for (let k = 0; k < 5; k++) vm.run(3);
  assertEquals([vm.live, vm.output(0).toArray()], [live, first]);
  vm.free();
});

Deno.test("a sequence may have any strides", () => {
  const a = new Assembly();
  const x = a.input("float32", [3, 2], [1, 3]),
    steps = a.temporary("int64", []);
  const row = a.look("float32", [2]),
    copies = a.temporary("float32", [null, 2]),
    to = a.look("float32", [2]);
  const count = a.temporary("int64", []);
  a.builtin("count", [x], [count], countExtents({ nSteps: false, lost: [0] }));
  a.builtin(
    "stack",
    [count],
    [copies],
    stackExtents({ lag: 0, ring: 0, until: false, initial: null, row: [2] }),
  );
  a.loop({
    count,
    steps,
    cursors: [{ slot: row, base: x, stride: -1 }, {
      slot: to,
      base: copies,
      write: true,
    }],
  }, () => {
    a.builtin("copy", [row], [to], copyExtents({ reserves: false }));
  });
  const vm = a.vm([copies]);
  vm.setInput(0, f32([[1, 2], [3, 4], [5, 6]]));
  assertEquals(vm.run(), null);
  assertEquals(vm.output(0).toArray(), [[5, 6], [3, 4], [1, 2]]);
  vm.free();
});

Deno.test("a loop inside a loop: the inner one enters anew at every outer step", () => {
  // y[i] = the sum of row i of x, of shape (3, 4, 1)
  const a = new Assembly();
  const x = a.input("float32", [null, null, 1]);
  const n = a.temporary("int64", []),
    m = a.temporary("int64", []),
    steps = a.temporary("int64", []),
    inner = a.temporary("int64", []);
  const row = a.look("float32", [null, 1]),
    item = a.look("float32", [1]),
    out = a.temporary("float32", [null, 1]),
    to = a.look("float32", [1]);
  const ring = a.temporary("float32", [null, 1]),
    before = a.look("float32", [1]),
    after = a.look("float32", [1]),
    last = a.look("float32", [1]);
  const zero = a.constant([[0]], "float32");
  a.builtin("count", [x], [n], countExtents({ nSteps: false, lost: [0] }));
  a.builtin(
    "stack",
    [n],
    [out],
    stackExtents({ lag: 0, ring: 0, until: false, initial: null, row: [1] }),
  );
  a.loop({
    count: n,
    steps,
    cursors: [{ slot: row, base: x }, { slot: to, base: out, write: true }],
  }, () => {
    a.builtin("count", [row], [m], countExtents({ nSteps: false, lost: [0] }));
    a.builtin(
      "stack",
      [m, zero],
      [ring],
      stackExtents({ lag: 1, ring: 2, until: false, initial: 1, row: [1] }),
    );
    a.loop({
      count: m,
      steps: inner,
      cursors: [{ slot: item, base: row }, {
        slot: before,
        base: ring,
        ring: 2,
      }, { slot: after, base: ring, start: 1, ring: 2, write: true }],
    }, () => {
      a.call(ADD, [before, item], [after]);
    });
    a.builtin("last", [ring, inner], [last], lastExtents({ lag: 1, ring: 2 }));
    a.call(CHECKED, [last], [to]);
  });
  const vm = a.vm([out]);
  for (const rows of [[[1, 2, 3], [4, 5, 6]], [[1], [2], [3]], [[]]]) {
    vm.setInput(0, array(rows).reshape([rows.length, rows[0]!.length, 1]));
    assertEquals(vm.run(), null);
    assertEquals(
      vm.output(0).toArray(),
      rows.map((r) => [(r as number[]).reduce((s, v) => s + v, 0)]),
    );
  }
  vm.setInput(0, array([[1, 2], [3, 4], [50, 60]]).reshape([3, 2, 1]));
  const stop = vm.run();
  assert(stop?.kind === "failed");
  assertEquals(stop.site.loops.map((l) => [a.loops.indexOf(l.loop), l.steps]), [
    [0, 2],
  ]);
  assertEquals(vm.live, 0);
  assertEquals(vm.free(), 0);
});

Deno.test("a stack of an early stop never grows beyond the steps there may be", () => {
  const { a, output } = sum({ limit: 1e9, nSteps: true }), vm = a.vm([output]);
  const x = values(100);
  vm.setInput(0, matrix(x));
  vm.setInput(1, f32([[0, 0]]));
  for (const n of [1, 2, 3, 99, 100]) {
    vm.setNumber(2, BigInt(n));
    vm.release();
    assertEquals(vm.run(), null);
    assertEquals(vm.output(0).toArray(), expected(x.slice(0, n), [[0, 0]], {}));
  }
  assertEquals(vm.free(), 0);
});

Deno.test("a long loop is interrupted between two steps", async () => {
  const a = new Assembly();
  const n = a.constant(2 ** 40, "int64"), steps = a.temporary("int64", []);
  a.loop({ count: n, steps, cursors: [] }, () => {});
  const vm = a.vm([steps]);
  const running = vm.runAsync();
  await new Promise((resolve) => setTimeout(resolve, 5));
  vm.interrupt();
  const stop = await running;
  assert(stop?.kind === "interrupted");
  assert(stop.site.loops[0]!.steps > 0);
  assertEquals([vm.done, vm.live], [0, 0]);
  assertEquals(vm.free(), 0);
});
