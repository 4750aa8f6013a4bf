/** RandomState: the generator's own numbers, ranges, distributions, and that a seed fixes them. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { config } from "../../src/graph/config.ts";
import { RandomState } from "../../src/ops/random/random_state.ts";

Deno.test("the first numbers of seed 12345 are those of L'Ecuyer's own program", () => {
  config.floatX = "float64";
  try {
    assertAlmostEquals(
      new RandomState(12345).uniform().item(),
      0.7353244530968368,
      1e-9,
    );
  } finally {
    config.floatX = "float32";
  }
});

Deno.test("what is no length is refused", () => {
  const rng = new RandomState(1);
  for (const draw of [rng.uniform, rng.normal]) {
    assertThrows(
      () => draw.call(rng, 0, 1, [2, -1]),
      RangeError,
      "Cannot draw numbers: -1 is not a length",
    );
  }
  assertThrows(
    () => rng.integers(0, 3, 1.5),
    RangeError,
    "1.5 is not a length",
  );
});

/** MRG31k3p in bigints, as the paper writes it. */
function reference(seed: number, n: number): number[] {
  const m1 = 2n ** 31n - 1n,
    m2 = 2n ** 31n - 21069n,
    x = [seed, seed, seed].map(BigInt),
    y = [...x];
  return Array.from({ length: n }, () => {
    x.unshift((2n ** 22n * x[1]! + 129n * x[2]!) % m1);
    y.unshift((2n ** 15n * y[0]! + 32769n * y[2]!) % m2);
    const z = x[0]! - y[0]!;
    return Number(z <= 0n ? z + m1 : z);
  });
}

Deno.test("the recurrences hold for many numbers and any seed", () => {
  for (const seed of [1, 7, 2147462578]) {
    const z = new RandomState(seed).integers(0, 2 ** 31 - 1, 5000);
    assertEquals([...z.data].map((v) => Number(v) + 1), reference(seed, 5000));
  }
});

Deno.test("uniform float32 is the upper 24 bits", () => {
  const u = new RandomState(3).uniform(0, 1, [4, 50]);
  assertEquals([u.dtype, u.shape], ["float32", [4, 50]]);
  assertEquals(
    [...u.data].map(Number),
    reference(3, 200).map((z) => (z >>> 7) / 2 ** 24),
  );
  const v = new RandomState(3).uniform(-2, 6, 1000).data as Float32Array;
  assert(v.every((x) => x >= -2 && x < 6));
});

Deno.test("one state goes on; equal seeds give equal values", () => {
  const a = new RandomState(5), b = new RandomState(5);
  assertEquals([...a.uniform(0, 1, 3).data, ...a.uniform(0, 1, 4).data], [
    ...b.uniform(0, 1, 7).data,
  ]);
  assert(a.uniform().item() !== a.uniform().item());
});

Deno.test("normal has its mean and deviation", () => {
  const x = [...new RandomState(11).normal(3, 2, 40001).data].map(Number),
    n = x.length;
  const mean = x.reduce((s, v) => s + v, 0) / n,
    deviation = Math.sqrt(x.reduce((s, v) => s + (v - mean) ** 2, 0) / n);
  assertAlmostEquals(mean, 3, 0.05);
  assertAlmostEquals(deviation, 2, 0.05);
  assertThrows(
    () => new RandomState(1).normal(0, -1),
    RangeError,
    "Cannot draw normal numbers: std is -1",
  );
});

Deno.test("integers cover their range evenly", () => {
  const x = new RandomState(2).integers(-3, 4, 70000),
    counts = new Map<number, number>();
  for (const v of x.data) {
    counts.set(Number(v), (counts.get(Number(v)) ?? 0) + 1);
  }
  assertEquals([x.dtype, [...counts.keys()].sort((a, b) => a - b)], ["int32", [
    -3,
    -2,
    -1,
    0,
    1,
    2,
    3,
  ]]);
  assert([...counts.values()].every((n) => Math.abs(n - 10000) < 400));
  assertEquals(new RandomState(2).integers(0, 5, [2], "int64").dtype, "int64");
  assertThrows(
    () => new RandomState(1).integers(3, 3),
    RangeError,
    "Cannot draw integers from 3 to 3",
  );
});

Deno.test("permutations hold each number once", () => {
  const p = new RandomState(4).permutation(100);
  assertEquals([...p.data].map(Number).sort((a, b) => a - b), [
    ...Array(100).keys(),
  ]);
  assert([...p.data].some((v, i) => Number(v) !== i));
  assertEquals([
    new RandomState(4).permutation(0).shape,
    new RandomState(4).permutation(1).toArray(),
  ], [[0], [0]]);
});

Deno.test("seeds outside of the recurrences' range are refused", () => {
  for (const seed of [0, -1, 0.5, 2147462579]) {
    assertThrows(
      () => new RandomState(seed),
      RangeError,
      `Cannot seed with ${seed}`,
    );
  }
});
