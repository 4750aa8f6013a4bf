/** `f.async`: beside the event loop, in order, with shared variables that belong to the call meanwhile. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as damo from "damo";

const MODES = ["cvm", "cvm_nogc", "c"] as const;

/** A call that takes a while: `n` steps of a loop. */
function slow(mode: damo.ModeOptions["linker"]) {
  const n = damo.lscalar("n"), total = damo.shared(0, { name: "total" });
  const [last] = damo.scan((s: damo.Variable) => s.mul(0.999).add(1).tanh(), {
    outputsInfo: [damo.constant(0, { dtype: "float32" })],
    nSteps: n,
  });
  const f = damo.function([n], (last as damo.Variable<1>).at(-1), {
    mode,
    name: "slow",
    updates: [[total, total.add(n.astype("float32"))]],
  });
  return { f, total };
}

for (const mode of MODES) {
  const test = (name: string, body: () => Promise<void>) =>
    Deno.test(`${mode}: ${name}`, body);

  test("the event loop goes on, and the result is that of a call", async () => {
    const { f, total } = slow(mode), n = 400_000;
    const expected = f(n);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const found = await f.async(n);
    const seen = ticks;
    clearInterval(timer);
    assertEquals(found, expected);
    assertEquals(total.getValue().item(), 2 * n);
    assert(seen > 0, "no timer ticked during the call");
    f.free();
  });

  test("calls run in order, and arguments are copied", async () => {
    const x = damo.vector("x"), last = damo.shared([0, 0], { name: "last" });
    const f = damo.function([x], last.mul(1), { mode, updates: [[last, x]] });
    const value = new Float32Array(2), results: Promise<damo.NDArray>[] = [];
    for (let i = 1; i <= 20; i++) {
      value.fill(i);
      results.push(f.async(value));
    }
    const found = (await Promise.all(results)).map((r) => r.toArray());
    assertEquals(found, Array.from({ length: 20 }, (_, i) => [i, i]));
    assertEquals(last.getValue().toArray(), [20, 20]);
    f.free();
  });

  test("shared variables belong to the calls in flight, until the last has ended", async () => {
    const W = damo.shared([1, 2], { name: "W" }), x = damo.vector("x");
    const grow = damo.function([x], W.sum(), {
        mode,
        name: "grow",
        updates: [[W, W.add(x)]],
      }),
      total = damo.function([], W.sum(), { mode, name: "total" }),
      other = damo.function([x], x.sum(), { mode, name: "other" });
    const order: string[] = [];
    const calls = [
      grow.async([1, 1]).then((v) => order.push(`grow ${v}`)),
      total.async().then((v) => order.push(`total ${v}`)),
      grow.async([2, 2]).then((v) => order.push(`grow ${v}`)),
    ];
    assertThrows(
      () => W.getValue(),
      RangeError,
      "Cannot read a shared variable: a function in flight owns it; await its result first",
    );
    assertThrows(() => W.setValue([0, 0]), RangeError, "in flight");
    assertThrows(
      () => grow([1, 1]),
      RangeError,
      "Cannot call grow: a call of it is in flight; await its result first, or call grow.async",
    );
    assertThrows(() => total(), RangeError, "in flight");
    assertThrows(() => grow.fn(2), RangeError, "in flight");
    assertEquals(other([3, 4]), 7); // uses nothing of theirs
    await Promise.all(calls);
    assertEquals(order, ["grow 3", "total 5", "grow 5"]);
    assertEquals(W.getValue().toArray(), [4, 5]);
    assertEquals(total(), 9);
    for (const f of [grow, total, other]) f.free();
  });

  test("what a waiting call uses belongs to it already, and at no moment to nobody", async () => {
    const { f, total } = slow(mode), later = damo.shared(1);
    const g = damo.function([], total.add(later), { mode });
    const both = Promise.all([f.async(100_000), g.async()]);
    assertThrows(() => later.setValue(5), RangeError, "in flight");
    let over = false, moments = 0;
    both.finally(() => over = true);
    for (let free = false; !free;) {
      await (moments++ % 100 ? null : new Promise((r) => setTimeout(r)));
      try {
        later.getValue();
        free = true;
      } catch (error) {
        assert(`${error}`.includes("in flight"));
      }
    }
    for (let i = 0; i < 10; i++) await null; // the results are on their way
    assert(over, "nobody owned it between two calls");
    assertEquals((await both)[1], 100_001);
    assertEquals(later.getValue().item(), 1);
    f.free();
    g.free();
  });

  test("between two calls nobody else has the shared variables", async () => {
    const { f, total } = slow(mode);
    const [first, second] = [f.async(1), f.async(400_000)];
    await first;
    assertThrows(() => total.getValue(), RangeError, "in flight");
    await second;
    assertEquals(total.getValue().item(), 400_001);
    f.free();
  });

  test("a failure rejects, leaves shared variables as before, and later calls run", async () => {
    const W = damo.shared([1, 2], { name: "W" }), i = damo.lscalar("i");
    const f = damo.function([i], W.at(i), {
      mode,
      updates: [[W, W.add(1)]],
    });
    const [bad, good] = await Promise.allSettled([f.async(5), f.async(1)]);
    assert(bad.status === "rejected" && bad.reason instanceof RangeError);
    assert(bad.reason.message.includes("index 5 is out of range"));
    assert(good.status === "fulfilled");
    assertEquals(Number(good.value), 2);
    assertEquals(W.getValue().toArray(), [2, 3]);
    await assertRejects(() => f.async("one" as never), TypeError);
    await assertRejects(() => f.async(), TypeError, "missing");
    assertEquals(f(0), 2);
    f.free();
  });

  test("free lets calls in flight end", async () => {
    const { f, total } = slow(mode);
    const calls = [f.async(10_000), f.async(10)];
    f.free();
    await assertRejects(() => f.async(1), Error, "freed");
    assertThrows(() => f(1), Error, "freed");
    assertEquals((await Promise.all(calls)).length, 2);
    assertEquals(total.getValue().item(), 10_010);
    f.free();
  });
}

Deno.test("ops that only TypeScript can evaluate run in their turn, on the event loop", async () => {
  const seen: number[] = [];
  const watched = damo.defineOp<[x: damo.Operand]>({
    name: "watched",
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) => {
      seen.push(Number(x.item()));
      if (seen.length === 3) throw new Error("mine");
      return x.copy();
    },
  });
  const x = damo.scalar("x"), W = damo.shared(1, { name: "W" });
  const f = damo.function([x], W.mul(1), {
    updates: [[W, watched(W.add(x)) as damo.Variable<0>]],
  });
  const calls = await Promise.allSettled([1, 2, 3, 4].map((v) => f.async(v)));
  assertEquals(seen, [2, 4, 7, 8]);
  assertEquals(
    calls.map((c) =>
      c.status === "fulfilled" ? c.value : c.reason.message.split("\n")[0]
    ),
    [1, 2, "mine", 4],
  );
  assertEquals(W.getValue().item(), 8);
  f.free();
});

Deno.test("an op that is evaluated in a call cannot start another that uses the same", async () => {
  const W = damo.shared(1, { name: "W" }),
    get = damo.function([], W.mul(1), { name: "get" });
  const asked: Promise<number>[] = [];
  const curious = damo.defineOp<[x: damo.Operand]>({
    name: "curious",
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) => {
      assertThrows(() => get(), RangeError, "in flight");
      asked.push(get.async());
      return x.copy();
    },
  });
  const f = damo.function([], W.mul(1), {
    updates: [[W, curious(W.add(1)) as damo.Variable<0>]],
  });
  assertEquals(f(), 1);
  await assertRejects(() => asked[0]!, RangeError, "a call that is not over");
  const found = f.async(), before = get.async();
  assertEquals([await found, await before], [2, 3]);
  assertEquals(await asked[1], 3); // behind those that waited before it
  for (const g of [f, get]) g.free();
});

Deno.test("updates that change lengths, lengths that no program is for, and other linkers", async () => {
  const x = damo.vector("x"), all = damo.shared([0, 0], { name: "all" });
  for (
    const mode of [{ linker: "cvm" }, { linker: "c" }, {
      linker: "reference",
    }] as const
  ) {
    all.setValue([0, 0]);
    const f = damo.function([x], all.sum(), {
      mode,
      updates: [[all, damo.join(0, all, x) as damo.Variable<1>]],
    });
    const found = await Promise.all([[1], [2, 3], [4]].map((v) => f.async(v)));
    assertEquals(found, [0, 1, 6]);
    assertEquals(all.getValue().toArray(), [0, 0, 1, 2, 3, 4]);
    f.free();
  }
  const y = damo.matrix("y");
  const g = damo.function([y], y.add(1), { mode: new damo.DebugMode() });
  assertEquals((await g.async([[1]])).toArray(), [[2]]);
  g.free();
});
