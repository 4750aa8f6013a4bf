/** RandomStreams: the bits of the ancestor's streams, under every linker; states, updates, loops and gradients. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import * as damo from "damo";
import { LINKERS } from "./linkers.ts";

/** What two calls of a function without inputs give, under each linker. */
function twice(
  make: (rng: damo.RandomStreams) => damo.Variable,
  seed: number | readonly number[] = 12345,
): number[][] {
  const all = LINKERS.map((linker) => {
    const f = damo.function([], make(new damo.RandomStreams(seed)), {
      mode: linker,
    });
    const calls = [f(), f()].map((y) =>
      [...(y as damo.NDArray).flat()].map(Number)
    );
    f.free();
    return calls;
  });
  for (const calls of all) {
    calls.forEach((y, i) =>
      y.forEach((x, k) => assertAlmostEquals(x, all[0]![i]![k]!, 1e-5))
    );
  }
  return all[0]!;
}

function near(found: readonly number[], want: readonly number[], room = 1e-13) {
  want.forEach((x, i) => assertAlmostEquals(found[i]!, x, room));
}

/** Floats in double precision, as the values below were computed. */
function inDouble(name: string, test: () => void): void {
  Deno.test(name, () => {
    const { floatX } = damo.config;
    damo.config.floatX = "float64";
    try {
      test();
    } finally {
      damo.config.floatX = floatX;
    }
  });
}

inDouble("uniform float64 is the ancestor's, bit for bit", () => {
  const [first, second] = twice((rng) => rng.uniform([3, 5]));
  assertEquals(first!.slice(0, 4), [
    0.7353244530968368,
    0.2585685825906694,
    0.6142074400559068,
    0.9489980279468,
  ]);
  assertEquals(second!.slice(0, 3), [
    0.9151237849146128,
    0.8137051924131811,
    0.8509745532646775,
  ]);
});

inDouble("uniform float32 is the ancestor's, bit for bit", () => {
  const [first] = twice((rng) => rng.uniform([3, 5], { dtype: "float32" }));
  assertEquals(first!.slice(0, 4), [
    0.7353243827819824,
    0.25856855511665344,
    0.61420738697052,
    0.948997974395752,
  ]);
});

inDouble("six words seed; two draws are two streams", () => {
  const [first] = twice((rng) => rng.uniform([2, 2]), [1, 2, 3, 4, 5, 6]);
  assertEquals(first, [
    0.0037538395263254642,
    0.8410847620107234,
    0.9649228709749877,
    0.4834645017981529,
  ]);
  const [both] = twice((rng) => damo.join(0, rng.uniform(3), rng.uniform(3)));
  assertEquals(both, [
    0.7353244530968368,
    0.2585685825906694,
    0.6940806899219751,
    0.5180770065635443,
    0.47852187464013696,
    0.34987151669338346,
  ]);
});

inDouble("a length that only the run knows draws from 15,360 streams", () => {
  for (const linker of LINKERS) {
    const n = damo.lscalar("n"), rng = new damo.RandomStreams();
    const f = damo.function([n], rng.uniform([n, 3]), { mode: linker });
    assertEquals([...(f(4) as damo.NDArray).data].slice(0, 3), [
      0.7353244530968368,
      0.2585685825906694,
      0.6940806899219751,
    ]);
    assertEquals((f(0) as damo.NDArray).shape, [0, 3]);
    assertEquals((f(2) as damo.NDArray).shape, [2, 3]);
    assertThrows(() => f(-1), RangeError);
    f.free();
  }
});

inDouble("normal and truncatedNormal are the ancestor's to rounding", () => {
  near(twice((rng) => rng.normal([3, 3]))[1]!, [
    0.9857535505483317,
    -0.15747380028613717,
    1.383372943509446,
  ]);
  near(
    twice((rng) =>
      rng.normal([2, 3], { avg: 1, std: 2, dtype: "float32" })
    )[0]!,
    [1.2021753787994385, -2.287083864212036, 2.4208567142486572],
    1e-6,
  );
  const [first, second] = twice((rng) => rng.truncatedNormal(30), 3);
  near(first!, [-1.587069403881338, 0.6641845514278744, -0.01581505416136309]);
  const sum = (x: number[]) => x.reduce((a, b) => a + b);
  near(
    [sum(first!), sum(second!)],
    [-5.841722432098341, 0.6389574087686577],
    1e-9,
  );
});

inDouble("moments and bounds of the distributions", () => {
  const moments = (x: readonly number[]) => {
    const mean = x.reduce((a, b) => a + b) / x.length;
    const square = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length;
    return [mean, Math.sqrt(square)];
  };
  const draw = (make: (rng: damo.RandomStreams) => damo.Variable) =>
    twice(make)[0]!;
  // 40,000 numbers: the mean is within four of its standard deviations.
  near(moments(draw((r) => r.uniform(40000, { low: -1, high: 2 }))), [
    0.5,
    Math.sqrt(9 / 12),
  ], 0.02);
  near(
    moments(draw((r) => r.normal(40000, { avg: 3, std: 0.5 }))),
    [3, 0.5],
    0.01,
  );
  const cut = draw((r) => r.truncatedNormal(40000, { avg: 1 }));
  near(moments(cut), [1, 1], 0.02);
  assert(cut.every((x) => Math.abs(x - 1) <= 2 / 0.8796));
  near(moments(draw((r) => r.binomial(40000, { n: 5, p: 0.3 }))), [
    1.5,
    Math.sqrt(5 * 0.21),
  ], 0.03);
});

const P = damo.array(
  [[.1, .2, .3, .4], [.25, .25, .25, .25], [.7, .1, .1, .1]],
  {
    dtype: "float64",
  },
);

inDouble("binomial, multinomial and choice are the ancestor's", () => {
  assertEquals(
    twice((rng) => rng.binomial([4, 4], { p: 0.3 }))[0]!.slice(0, 8),
    [
      ...[0, 1, 0, 0, 1, 0, 0, 1],
    ],
  );
  assertEquals(
    twice((rng) => rng.multinomial(P, { n: 5 })).map((x) => x.slice(0, 8)),
    [[0, 0, 3, 2, 1, 3, 0, 1], [0, 0, 1, 4, 0, 0, 1, 4]],
  );
  assertEquals(
    twice((rng) => rng.choice(3, { p: P, replace: false })).map((x) =>
      x.slice(0, 8)
    ),
    [[3, 2, 1, 1, 2, 0, 0, 3], [3, 2, 0, 3, 2, 1, 0, 1]],
  );
});

inDouble("choice and permutation give every position its due", () => {
  const sorted = (x: number[]) => x.toSorted((a, b) => a - b);
  const all = Array.from({ length: 50 }, (_, i) => i);
  const [first, second] = twice((rng) => rng.permutation(50));
  assertEquals([sorted(first!), sorted(second!)], [all, all]);
  assertNotEquals(first, second);
  const rows = damo.array([[1, 10], [2, 20], [3, 30]], { dtype: "float64" });
  const [mixed] = twice((rng) => rng.permutation(rows));
  assertEquals(sorted(mixed!), [1, 2, 3, 10, 20, 30]);
  assertEquals(
    sorted(twice((r) => r.choice([5, 10], { a: 50, replace: false }))[0]!),
    all,
  );
  const counts = [0, 0, 0];
  const p = damo.array([0.5, 0, 0.5], { dtype: "float64" });
  twice((r) => r.choice(4000, { p }))[0]!.forEach((i) => counts[i]!++);
  assertEquals(counts[1], 0);
  near([counts[0]!, counts[2]!], [2000, 2000], 130);
});

Deno.test("a function draws anew at each call, and all that use a state see it move", () => {
  const rng = new damo.RandomStreams(7), u = rng.uniform(2);
  const f = damo.function([], u), g = damo.function([], u);
  const still = damo.function([], u, { noDefaultUpdates: true });
  const all = [f(), g(), still(), still(), f()].map((y) =>
    `${(y as damo.NDArray).data}`
  );
  assertEquals(new Set(all).size, 3);
  assertEquals(all[2], all[3]);
  assertEquals(all[3], all[4]);
  const zero = damo.function([], u.add(u).sub(u.mul(2)).sum());
  assertEquals(zero(), 0);
  rng.seed();
  assertEquals(`${(f() as damo.NDArray).data}`, all[0]);
  rng.seed(8);
  assertNotEquals(`${(f() as damo.NDArray).data}`, all[0]);
  for (const h of [f, g, still, zero]) h.free();
});

Deno.test("updates are what a function may be told instead", () => {
  const rng = new damo.RandomStreams(7), u = rng.uniform(2);
  const f = damo.function([], u, {
    updates: rng.updates(),
    noDefaultUpdates: true,
  });
  const g = damo.function([], new damo.RandomStreams(7).uniform(2));
  for (let i = 0; i < 3; i++) {
    assertEquals((f() as damo.NDArray).data, (g() as damo.NDArray).data);
  }
  f.free(), g.free();
});

Deno.test("fn(n) draws n times, a loop draws at each step, and both move the state", () => {
  const draws = (linker: typeof LINKERS[number]) => {
    const rng = new damo.RandomStreams(5);
    const [sums, updates] = damo.scan(
      (h) => h.add(rng.uniform(2)),
      { outputsInfo: [damo.zeros([2])], nSteps: 3 },
    );
    assertEquals(updates.size, 1);
    const f = damo.function([], sums, { updates, mode: linker });
    const first = [...(f() as damo.NDArray).data];
    f.fn(2);
    const second = [...(f() as damo.NDArray).data];
    f.free();
    return [...first, ...second];
  };
  const alone = damo.function([], new damo.RandomStreams(5).uniform(2));
  const numbers = Array.from(
    { length: 12 },
    () => [...(alone() as damo.NDArray).data].map(Number),
  );
  alone.free();
  const sums = (from: number) => {
    const [a, b] = [0, 1].map((k) => {
      let h = 0;
      return [0, 1, 2].map((t) => h = Math.fround(h + numbers[from + t]![k]!));
    });
    return a!.flatMap((x, t) => [x, b![t]!]);
  };
  for (const linker of LINKERS) {
    assertEquals(draws(linker), [...sums(0), ...sums(9)]);
  }
});

Deno.test("gradients pass low, high, avg and std, and end at what is drawn", () => {
  const a = damo.scalar("a"), rng = new damo.RandomStreams(1);
  const y = rng.normal(4, { avg: a, std: 2 }).sum();
  const [g] = damo.grad(y, [a]);
  const f = damo.function([], g);
  assertEquals(f(), 4);
  f.free();
  const hits = rng.binomial(4, { p: a, dtype: "float32" }).sum();
  const h = damo.function([], damo.grad(hits, [a])[0]);
  assertEquals(h(), 0);
  h.free();
});

Deno.test("dropout keeps the mean", () => {
  const x = damo.vector("x"), rng = new damo.RandomStreams(1);
  const f = damo.function([x], damo.dropout(x, 0.25, { rng }));
  const y = [...(f(new Float32Array(8000).fill(3)) as damo.NDArray).data].map(
    Number,
  );
  assertEquals([...new Set(y)].toSorted(), [0, 4]);
  near([y.filter((v) => v === 0).length], [2000], 160);
  f.free();
});

Deno.test("what cannot be drawn is refused, with the values", () => {
  const rng = new damo.RandomStreams(1);
  assertThrows(
    () => new damo.RandomStreams(0),
    RangeError,
    "Cannot seed with 0",
  );
  assertThrows(
    () => new damo.RandomStreams([1, 2, 3]),
    TypeError,
    "a list of 3",
  );
  assertThrows(() => new damo.RandomStreams([0, 0, 0, 1, 1, 1]), RangeError);
  assertThrows(() => rng.uniform([2, -1]), RangeError, "-1 is not a length");
  assertThrows(() => rng.uniform(2, { nStreams: 0 }), RangeError, "0 streams");
  assertThrows(() => rng.uniform(2, { dtype: "int32" }), TypeError, "int32");
  assertThrows(
    () => rng.uniform(2, { low: damo.matrix("low") }),
    TypeError,
    "give the whole size",
  );
  assertThrows(() => rng.choice(2, {}), TypeError);
  assertThrows(
    () => rng.choice(5, { p: P, replace: false }),
    RangeError,
    "5 of 4",
  );
  assertThrows(() => rng.multinomial(damo.vector("p")), TypeError, "matrix");
  assertThrows(() => damo.dropout(1, 1, { rng }), RangeError, "rate 1");
});
