/** What functions compute and refuse at a call: strides, indices, lengths, branches and loops; under every linker. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertThrows,
} from "@std/assert";
import * as damo from "damo";
import { MODES } from "./linkers.ts";

/** The line of this file that an error names. */
function namesThisFile(error: Error): void {
  assertMatch(error.message, /programs_test\.ts:\d+:\d+/);
}

for (const [called, mode] of MODES) {
  const test = (name: string, body: () => void) =>
    Deno.test(`${called}: ${name}`, body);

  test("takes strides as they are, however many lengths have come", () => {
    const x = damo.vector("x"), m = damo.matrix("m");
    const f = damo.function([x], x.add(1), { mode }),
      g = damo.function([m], m.add(1), { mode });
    const data = Float32Array.from({ length: 20 }, (_, i) => i);
    for (const n of [2, 3, 4, 5, 2, 6, 0]) {
      const up = Array.from({ length: n }, (_, i) => 2 * i + 1);
      const every = { data, shape: [n], stride: [2], offset: 0 },
        backwards = { data, shape: [n], stride: [-2], offset: 2 * (n - 1) };
      assertEquals(f(every).toArray(), up);
      if (n > 0) assertEquals(f(backwards).toArray(), [...up].reverse());
      assertEquals(f(data.slice(0, n)).toArray(), up.map((_, i) => i + 1));
      const columns = { data, shape: [n, 2], stride: [1, 10], offset: 0 };
      assertEquals(g(columns).toArray(), up.map((_, i) => [i + 1, i + 11]));
      assertEquals(
        g(damo.array(up.map((_, i) => [i, 9]), { shape: [n, 2] })).toArray(),
        up.map((_, i) => [i + 1, 10]),
      );
    }
  });

  test("axes that lie in another order are summed whole, whatever their lengths", () => {
    const x = damo.tensor("float32", [null, 2, 3], "x");
    const f = damo.function([x], [
      x.transpose([2, 1, 0]).sum(),
      x.transpose([1, 0, 2]).exp().sum({ axis: 0 }),
    ], { mode });
    for (const n of [1, 2, 3, 4, 5]) {
      const [total, rows] = f(
        damo.array(new Float32Array(6 * n).fill(0), { shape: [n, 2, 3] }),
      );
      assertEquals(rows.toArray(), Array(n).fill([2, 2, 2]));
      assertEquals(total, 0);
      const ones = damo.array(new Float32Array(6 * n).fill(1), {
        shape: [n, 2, 3],
      });
      assertEquals(f(ones)[0], 6 * n);
    }
  });

  test("an index is checked against every array that it picks from", () => {
    const x = damo.matrix("x"), y = damo.matrix("y"), i = damo.lvector("i");
    const picked = (m: damo.Variable<2>) => m.at(i).sum();
    const f = damo.function([x, y, i], [picked(x), picked(y)], { mode });
    const ones = (n: number) =>
      damo.array(new Float32Array(n), { shape: [n, 1] });
    for (const n of [4, 5, 6, 7]) { // in the end lengths are symbolic
      assertEquals(f(ones(n), ones(n + 1), [n - 1]), [0, 0]);
      assertThrows(() => f(ones(n + 1), ones(n), [n]), RangeError, "range");
    }
  });

  test("a minibatch out of a shared data set follows its length", () => {
    const data = damo.shared(
      damo.array(Float32Array.from({ length: 50 }, (_, i) => i), {
        shape: [10, 5],
      }),
    );
    const i = damo.lscalar("i");
    const f = damo.function(
      [i],
      data.at(damo.slice(i.mul(4), i.add(1).mul(4))).sum({ axis: 1 }),
      { mode },
    );
    assertEquals(f(0).toArray(), [10, 35, 60, 85]);
    assertEquals(f(1).toArray(), [110, 135, 160, 185]);
    assertEquals(f(2).toArray(), [210, 235]); // the end of the data
    assertEquals(f(3).toArray(), []);
    assertEquals(f(1).toArray(), [110, 135, 160, 185]);
  });

  test("a failure in the middle of a call leaves shared variables as they were", () => {
    const x = damo.matrix("x"), y = damo.ivector("y");
    const W = damo.shared(damo.zeros([3, 4]), { name: "W" }),
      b = damo.shared(damo.zeros([4]), { name: "b" });
    const count = damo.shared(0, { name: "count" });
    const cost = damo.categoricalCrossentropy(damo.softmax(x.dot(W).add(b)), y)
      .mean();
    const [gW, gb] = damo.grad(cost, [W, b]);
    const f = damo.function([x, y], cost, {
      mode,
      updates: [[W, W.sub(gW.mul(0.01))], [b, b.sub(gb.mul(0.01))], [
        count,
        count.add(1),
      ]],
    });
    const images = [[1, 2, 3], [4, 5, 6]];
    assertAlmostEquals(f(images, [0, 3]), Math.log(4), 1e-6);
    const before = [W, b, count].map((v) => v.getValue().toArray());
    const error = assertThrows(() => f(images, [0, 4]), RangeError);
    assertMatch(error.message, /4 is out of range for axis \d of length 4/);
    namesThisFile(error);
    assertEquals([W, b, count].map((v) => v.getValue().toArray()), before);
    assert(f(images, [0, 3]) < Math.log(4));
    assertEquals(count.getValue().item(), 2);
  });

  test("lengths that differ at the call name axis, lengths and line", () => {
    const x = damo.vector("x"),
      y = damo.vector("y"),
      f = damo.function([x, y], x.add(y), { mode });
    const error = assertThrows(() => f([1, 2], [1, 2, 3]), RangeError);
    assertMatch(error.message, /axis 0 .*2.*3/);
    namesThisFile(error);
    // An unknown length that happens to be 1 does not broadcast.
    assertThrows(() => f([1, 2], [1]), RangeError);
    assertEquals(f([1, 2], [1, 2]).toArray(), [2, 4]);
  });

  test("names of lengths are checked", () => {
    const x = damo.tensor("float32", ["n", 2], "x"),
      y = damo.tensor("float32", ["n"], "y");
    const f = damo.function([x, y], x.sum({ axis: 1 }).add(y), { mode });
    assertEquals(f([[1, 2]], [3]).toArray(), [6]);
    const error = assertThrows(() => f([[1, 2]], [3, 4]), RangeError);
    assertMatch(error.message, /n/);
    assertThrows(() => f([[1, 2, 3]], [3]), RangeError, "x");
  });

  test("ifelse computes only the branch that is wanted", () => {
    const c = damo.scalar("c"), x = damo.vector("x"), i = damo.lscalar("i");
    const f = damo.function(
      [c, x, i],
      damo.ifelse(c.gt(0), x.at(i) as damo.Variable<0>, x.sum()),
      { mode },
    );
    assertEquals(f(1, [1, 2, 3], 2), 3);
    assertEquals(f(-1, [1, 2, 3], 99), 6); // the index is never used
    assertThrows(() => f(1, [1, 2, 3], 99), RangeError);
  });

  test("scan runs with two states, sequences and symbolic steps", () => {
    const xs = damo.vector("xs"), n = damo.lscalar("n"), a = damo.scalar("a");
    const [outs] = damo.scan((x, s, f) => [s!.mul(a).add(x!), f!.add(1)], {
      sequences: xs,
      outputsInfo: [0, { initial: 10 }],
      nSteps: n,
    });
    const f = damo.function([xs, n, a], outs as damo.Variable[], { mode });
    const [s, t] = f([1, 2, 3, 4], 3, 2) as damo.NDArray[];
    assertEquals(s!.toArray(), [1, 4, 11]);
    assertEquals(t!.toArray(), [11, 12, 13]);
    assertEquals((f([1], 0, 2) as damo.NDArray[]).map((v) => v.toArray()), [
      [],
      [],
    ]);
    assertThrows(() => f([1, 2], 3, 1), RangeError);
  });

  test("sequences of all lengths have one program, though their product with the weights stands before the loop", () => {
    const x = damo.matrix("x"), W = damo.shared([[1, 2], [3, 4]]);
    const [states] = damo.scan(
      (row, h) => (row as damo.Variable<1>).dot(W).add(h!),
      { sequences: [x], outputsInfo: [[0, 0]] },
    );
    const f = damo.function([x], states as damo.Variable<2>, { mode });
    assertEquals(f([[1, 0]]).toArray(), [[1, 2]]);
    assertEquals(f([[1, 0], [0, 1]]).toArray(), [[1, 2], [4, 6]]);
    const none = damo.array(new Float32Array(), { shape: [0, 2] });
    assertEquals(f(none).shape, [0, 2]);
    assert(!f.explain().includes("program 2: "), f.explain());
  });

  test("scan refuses an initial value with fewer rows than its taps reach back", () => {
    const x = damo.matrix("x"), n = damo.lscalar("n");
    const [rows] = damo.scan(
      (before, last) => before!.add(last!),
      { outputsInfo: [{ initial: x, taps: [-2, -1] }], nSteps: n },
    );
    const f = damo.function([x, n], rows as damo.Variable, { mode });
    assertEquals(f([[1], [2]], 2).toArray(), [[3], [5]]);
    for (const steps of [1, 0]) {
      namesThisFile(assertThrows(() => f([[1]], steps), RangeError));
    }
  });
}
