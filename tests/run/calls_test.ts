/** Call after call: the short way in and out of a program does what the long one does. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  array,
  assert as assertOp,
  dscalar,
  function as compile,
  In,
  iscalar,
  lscalar,
  matrix,
  Mode,
  NDArray,
  scalar,
  shared,
  tensor,
  vector,
  zeros,
} from "damo";
import { type Dtype, DTYPES } from "../../src/graph/dtype.ts";
import { VmEngine } from "../../src/run/engine.ts";
import { runtime } from "../../src/run/runtime.ts";
import { specify } from "../../src/run/spec.ts";
import type { CStorage } from "../../src/run/storage.ts";

const f32 = (...x: number[]) => new Float32Array(x);

Deno.test("what a call brings may change its form from call to call", () => {
  const x = vector("x"), f = compile([x], x.mul(2));
  const base = f32(9, 1, 2, 3, 9, 4, 9);
  const forms = [
    array(f32(1, 2, 3)),
    f32(1, 2, 3),
    [1, 2, 3],
    array(base).slice(1, 4),
    base.subarray(1, 4),
    new NDArray("float32", [3], f32(3, 2, 1), [-1], 2),
    new NDArray("float32", [3], f32(1, 0, 2, 0, 3), [2]),
    array(new Int16Array([1, 2, 3])),
    { data: f32(1, 2, 3), shape: [3] },
  ];
  for (let k = 0; k < 3; k++) {
    for (const form of forms) {
      assertEquals(f(form).toArray(), [2, 4, 6]);
      assertEquals(f(form).toArray(), [2, 4, 6]);
      assertEquals(f.fn().toArray(), [2, 4, 6]);
    }
  }
  assertEquals(f(f32(5)).toArray(), [10]);
  assertThrows(() => f(f32(1), f32(1)), TypeError, "1 arguments, got 2");
  assertThrows(() => f(), TypeError, "x");
  assertThrows(() => f(array(new Float64Array(1))), TypeError, "float64");
  assertThrows(() => f(array(f32(1), { shape: [1, 1] })), TypeError, "1 axes");
  assertEquals(f(f32(5)).toArray(), [10]);
});

Deno.test("few and many elements of every dtype, and a part of an array", () => {
  for (const dtype of Object.keys(DTYPES) as Dtype[]) {
    for (const n of [1, 3, 32, 33]) {
      const x = tensor(dtype, [n], "x"), f = compile([x], x.mul(1));
      const whole = array(Array.from({ length: 3 * n }, (_, i) => i % 2), {
        dtype,
      });
      for (const k of [0, 2, 1, 1]) {
        const part = whole.slice(k * n, (k + 1) * n);
        assertEquals(f(part).toArray(), part.toArray(), `${n} of ${dtype}`);
      }
    }
  }
});

Deno.test("memory that is gone is refused, in the short way too", () => {
  const x = tensor("float32", [3], "x"), f = compile([x], x.mul(2));
  const value = f32(1, 2, 3), held = array(value);
  assertEquals(f(held).toArray(), [2, 4, 6]);
  assertEquals(f(value).toArray(), [2, 4, 6]);
  value.buffer.transfer(0);
  assertThrows(() => f(value), RangeError, "length 3");
  assertThrows(() => f(held), RangeError, "beyond its memory of 0 elements");
  const short = new NDArray("float32", [3], f32(1, 2, 3), [2]);
  assertThrows(() => f(short), RangeError, "beyond its memory of 3 elements");
});

Deno.test("numbers: each dtype takes those that it holds", () => {
  const cases = [
    [scalar("x"), [1, 0.5, -0, NaN, Infinity, 3e38], []],
    [dscalar("x"), [1, 0.1, -0, NaN], []],
    [iscalar("x"), [1, -5, 0], [0.5, 2 ** 31, NaN]],
    [lscalar("x"), [1, -(2 ** 40)], [0.5]],
    [tensor("uint8", [], "x"), [0, 255], [256, -1, 1.5]],
    [tensor("bool", [], "x"), [0, 1], [2]],
  ] as const;
  for (const [x, good, bad] of cases) {
    const f = compile([x], x.reshape([1]));
    const bits = (v: number) => f(v).toArray()[0];
    const expected = good.map(bits);
    for (let k = 0; k < 3; k++) {
      assertEquals(good.map(bits), expected);
      for (const v of bad) assertThrows(() => f(v), TypeError, "x");
    }
  }
});

Deno.test("inputs that refuse to round, or are strict, do so in every call", () => {
  const x = scalar("x");
  const exact = compile([x], x.mul(2), { allowInputDowncast: false }),
    strict = compile([new In(x, { strict: true })], x.mul(2));
  for (let call = 0; call < 3; call++) {
    assertEquals(exact(0.5), 1);
    assertThrows(() => exact(0.1), TypeError, "expected float32");
    assertEquals(strict(array(0.5)), 1);
    assertThrows(() => strict(0.5), TypeError, "it is strict");
  }
});

Deno.test("results belong to the caller: no later call writes them", () => {
  const x = vector("x"), c = scalar("c");
  const f = compile([x, c], [x.add(c), x.sum(), x.mul(c)]);
  const value = array(f32(1, 2, 3));
  const all = Array.from({ length: 5000 }, (_, k) => f(value, k));
  all.forEach(([sum, total, product], k) => {
    assertEquals([...sum.data], [1 + k, 2 + k, 3 + k]);
    assertEquals(total, 6);
    assertEquals([...product.data], [k, 2 * k, 3 * k]);
    (sum.data as Float32Array).fill(0);
    assertEquals([...product.data], [k, 2 * k, 3 * k]);
  });
});

Deno.test("a result whose memory was transferred does not harm those that follow", () => {
  const x = vector("x"), f = compile([x], x.add(1));
  const first = f(f32(1, 2));
  first.data.buffer.transfer(0);
  for (let k = 0; k < 3; k++) assertEquals(f(f32(1, 2)).toArray(), [2, 3]);
});

Deno.test("many small outputs, more than a run delivers, and a large one", () => {
  const x = vector("x");
  const outputs = Array.from({ length: 30 }, (_, k) => x.add(k));
  const f = compile([x], [...outputs, x.reshape([1, 200]).add(zeros([9, 1]))]);
  const value = array(new Float32Array(200).fill(0.5));
  for (let k = 0; k < 3; k++) {
    const found = f(value);
    outputs.forEach((_, k) => assertEquals(found[k]!.data[199], 0.5 + k));
    assertEquals(found[30]!.shape, [9, 200]);
  }
});

Deno.test("a call that fails says why, and the next one runs", () => {
  const total = shared(0, { name: "total" }), x = scalar("x");
  const f = compile([x], assertOp(x.mul(2), x.gt(0)), {
    updates: [[total, total.add(x)]],
  });
  for (let k = 1; k <= 3; k++) {
    assertEquals(f(k), 2 * k);
    assertThrows(() => f(-1));
    assertThrows(() => f.fn());
    assertEquals(f(k), 2 * k);
    assertEquals(f.fn(), 2 * k);
  }
  assertEquals(total.getValue().item(), 3 * (1 + 2 + 3));
});

Deno.test("a borrowed value as argument: the call that writes its storage reads the old one", () => {
  const s = shared(f32(1, 2, 3)), x = vector("x");
  const f = compile([x], x.sum(), { updates: [[s, s.add(x)]] });
  for (let k = 1; k <= 4; k *= 2) {
    assertEquals(f(s.getValue({ borrow: true })), 6 * k);
  }
  assertEquals(s.getValue().toArray(), [8, 16, 24]);
});

Deno.test("a large borrowed value is read as it was, though its storage is written first", () => {
  const n = 5000, x = vector("x"), ones = () => new Float32Array(n).fill(1);
  const s = shared(ones()), t = shared(ones());
  const f = compile([x], x.sum(), {
    updates: [[s, s.mul(3)], [t, t.add(x)]],
  });
  for (let k = 1; k <= 9; k *= 3) {
    const view = s.getValue({ borrow: true });
    assertEquals(f(k < 9 ? view : view.slice(0)), k * n);
  }
  assertEquals(t.getValue().data[n - 1], 1 + 1 + 3 + 9);
});

Deno.test("what comes between two calls is seen by the next, in every linker", async () => {
  for (const mode of ["cvm", "cvm_nogc", "c"] as const) {
    const w = shared([1, 2], { name: "w" }), x = scalar("x");
    const f = compile([x], w.sum(), { updates: [[w, w.add(x)]], mode });
    const warm = () => [f(1), f(1)];
    assertEquals(warm(), [3, 5]);
    // A view is lent: it ends, whoever writes.
    const view = w.getValue({ borrow: true });
    assertEquals(view.toArray(), [3, 4]);
    assertEquals(warm(), [7, 9]);
    assertThrows(() => view.toArray(), RangeError, "written since");
    // Other lengths, and another value of the same.
    w.setValue([1, 2, 3]);
    assertEquals(warm(), [6, 9]);
    w.setValue([0, 0, 0]);
    assertEquals(warm(), [0, 3]);
    // Another function has it in flight; then this one.
    const other = compile([x], x, { updates: [[w, w.mul(x)]], mode });
    const flight = other.async(0);
    assertThrows(() => f(1), RangeError, "in flight");
    await flight;
    assertEquals(warm(), [0, 3]);
    const own = f.async(1);
    assertThrows(() => f(1), RangeError, "in flight");
    assertEquals(await own, 6);
    assertEquals(warm(), [9, 12]);
    other.free();
    assertEquals(warm(), [15, 18]);
    // Its memory is gone.
    (w.storage as CStorage).free();
    assertThrows(() => f(1), RangeError, "its storage was freed");
    f.free();
  }
});

Deno.test("a workspace that runs on another thread, or was freed, runs no call", async () => {
  const x = vector("x"), value = array([1, 2, 3]);
  const { graph } = specify([x], x.add(1), {});
  const engine = new VmEngine(graph, new Mode(), runtime()!);
  const call = () => (engine.call([value], 1) as NDArray).toArray();
  assertEquals([call(), call()], [[2, 3, 4], [2, 3, 4]]);
  const { vm } = engine.current!, flight = vm.runAsync(100_000);
  assertEquals(vm.repeat([value]), null);
  assertThrows(call, RangeError, "in flight");
  await flight;
  assertEquals(call(), [2, 3, 4]);
  engine.free();
  assertEquals(vm.repeat([value]), null);
});

Deno.test("large values are looked at, wherever they lie from call to call", () => {
  const x = matrix("x"), f = compile([x], [x.sum(), x.at(0, 0)]);
  const data = Float32Array.from({ length: 3000 }, (_, i) => i % 50);
  const all = array(data, { shape: [30, 100] });
  const check = (value: NDArray) => {
    const flat = value.flat() as Float32Array;
    assertEquals(f(value), [flat.reduce((a, b) => a + b), flat[0]!]);
  };
  for (let k = 0; k < 3; k++) {
    for (let i = 0; i < 27; i++) check(all.slice(i, i + 3));
    check(all.slice(0, 3).copy());
    check(array(new Float32Array(300).fill(k), { shape: [3, 100] }));
    data[k] = 77; // no copy is kept
    check(all.slice(0, 2)); // another program
    check(all.slice(0, 3));
    assertEquals(f.fn(2), f(all.slice(0, 3)));
  }
  const moved = all.slice(3, 6);
  check(moved);
  data.buffer.transfer();
  assertThrows(() => f(moved), RangeError, "transferred");
  check(array(new Float32Array(300), { shape: [3, 100] }));
});

Deno.test("numbers are whole where integers of 64 bits are wanted", () => {
  const i = tensor("int64", [], "i"), u = tensor("uint64", [], "u");
  const f = compile([i, u], [i.reshape([1]), u.reshape([1])]);
  const both = (a: number | bigint, b: number | bigint) =>
    f(a, b).map((v) => v.data[0]);
  for (
    const [a, b] of [[1, 2], [-5, 0], [-0, 7], [2 ** 31, 2 ** 32 + 1], [
      -(2 ** 31),
      2 ** 31 - 1,
    ], [2 ** 53 - 1, 5]] as const
  ) {
    assertEquals(both(a, b), [BigInt(a), BigInt(b)]);
  }
  assertEquals(both(-(2n ** 63n), 2n ** 63n), [
    -(2n ** 63n),
    2n ** 63n,
  ]);
  assertThrows(() => f(0.5, 1), TypeError, "input i");
  assertThrows(() => f(NaN, 1), TypeError, "input i");
  assertThrows(() => f(1, -1), TypeError, "input u");
});

Deno.test("lengths of one name are compared at every call", () => {
  const x = tensor("float32", ["n"], "x"), y = tensor("float32", ["n"], "y");
  const s = shared(f32(1, 1), { name: "s" });
  const f = compile([x, y], [x.sum(), y.sum(), s.sum()]);
  for (let k = 0; k < 3; k++) {
    for (const n of [2, 3, 4, 5, 2]) {
      const value = new Float32Array(n).fill(1);
      assertEquals(f(value, value), [n, n, 2]);
      assertThrows(
        () => f(value, new Float32Array(n + 1)),
        RangeError,
        "n is",
      );
    }
  }
});

Deno.test("trusted calls and freed functions", () => {
  const x = vector("x"), f = compile([x], x.add(1), { trustInput: true });
  const value = array(f32(1));
  for (let k = 0; k < 3; k++) assertEquals(f(value).toArray(), [2]);
  f.free();
  assertThrows(() => f(value), Error, "was freed");
  assertThrows(() => f.fn(), Error, "was freed");
});

Deno.test("calls leave no memory behind", () => {
  const x = vector("x"), f = compile([x], [x.add(1), x.sum()]);
  const value = array(new Float32Array(100));
  const run = () => {
    for (let k = 0; k < 40_000; k++) f(value);
  };
  run(), run();
  const before = Deno.memoryUsage().rss;
  for (let k = 0; k < 5; k++) run();
  const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
  assert(grown < 40, `${grown} MiB after 200,000 calls of 400 bytes each`);
});
