/** Threads: large kernels split, small ones do not, and results have the same bits whatever their number. */
import { assert, assertEquals } from "@std/assert";
import * as damo from "damo";
import { optimize } from "../../src/rewrite/optimize.ts";
import { listOf } from "../../src/run/compiled.ts";
import { VmEngine } from "../../src/run/engine.ts";
import { runtime } from "../../src/run/runtime.ts";
import { specify } from "../../src/run/spec.ts";

const { Mode, RandomState } = damo;
const rng = new RandomState(5);

/** What one call gives with so many threads, and the instructions that it ran. */
function run(
  build: (x: damo.Variable) => damo.Variable,
  value: damo.NDArray,
  threads: number,
): { readonly result: unknown; readonly code: readonly string[] } {
  const x = damo.tensor(value.dtype, value.shape.map(() => null)),
    mode = new Mode({ openmp: threads }),
    { graph } = specify([x], [build(x)], {});
  const engine = new VmEngine(optimize(graph, mode).graph, mode, runtime()!);
  const [found] = listOf(engine.call([value], 1)),
    code = engine.current!.program.code.map(([op]) => op);
  engine.free();
  return { result: found, code };
}

const LARGE = rng.uniform(-1, 1, [300_007]);
const REDUCTIONS: Record<string, (x: damo.Variable) => damo.Variable> = {
  sum: damo.sum,
  mean: damo.mean,
  max: damo.max,
  min: damo.min,
  prod: (x) => damo.prod(damo.add(1, damo.mul(x, 1e-3))),
  norm: (x) => damo.sqrt(damo.sum(damo.sqr(x))),
  dot: (x) => damo.dot(x, x),
};

for (const [name, build] of Object.entries(REDUCTIONS)) {
  Deno.test(`${name} of everything splits, with the same bits for 1, 2, 3 and 7 threads`, () => {
    const alone = run(build, LARGE, 1);
    assert(!alone.code.includes("CALL_PARALLEL"));
    for (const threads of [2, 3, 7]) {
      const { result, code } = run(build, LARGE, threads);
      assertEquals(result, alone.result);
      assert(code.includes("CALL_PARALLEL"), `${threads}: ${code}`);
    }
  });
}

for (const rows of [1, 10, 60, 200]) {
  Deno.test(`a product of ${rows} rows splits, with the same bits for 1, 2, 3 and 7 threads`, () => {
    const build = (x: damo.Variable) =>
      damo.dot(
        damo.reshape(damo.at(x, `0:${rows * 500}`), [rows, 500]),
        damo.reshape(damo.at(x, "0:150000"), [500, 300]),
      );
    const alone = run(build, LARGE, 1);
    for (const threads of [2, 3, 7]) {
      const { result, code } = run(build, LARGE, threads);
      assertEquals(result, alone.result);
      assert(code.includes("CALL_PARALLEL"), `${threads}: ${code}`);
    }
  });
}

for (
  const [name, build] of Object.entries({
    "of 100 rows by a matrix of 160 KB": (x: damo.Variable) =>
      damo.dot(
        damo.reshape(damo.at(x, "0:20000"), [100, 200]),
        damo.reshape(damo.at(x, "0:40000"), [200, 200]),
      ),
    "of the columns of such matrices": (x: damo.Variable) =>
      damo.dot(
        damo.transpose(damo.reshape(damo.at(x, "0:20000"), [100, 200])),
        damo.at(damo.reshape(damo.at(x, "0:20000"), [100, 200]), "::-1"),
      ),
    "of a matrix by a vector": (x: damo.Variable) =>
      damo.dot(
        damo.reshape(damo.at(x, "0:150000"), [500, 300]),
        damo.at(x, "7:307"),
      ),
  })
) {
  Deno.test(`a product ${name} splits, with the same bits for 1, 2, 3 and 7 threads`, () => {
    const alone = run(build, LARGE, 1);
    for (const threads of [2, 3, 7]) {
      const { result, code } = run(build, LARGE, threads);
      assertEquals(result, alone.result);
      assert(code.includes("CALL_PARALLEL"), `${threads}: ${code}`);
    }
  });
}

Deno.test("the sum of a product's parts is too short to split", () => {
  const { code } = run(
    (x) =>
      damo.dot(
        damo.at(x, "7:407"),
        damo.reshape(damo.at(x, "0:160000"), [400, 400]),
      ),
    LARGE,
    2,
  );
  assertEquals(code.filter((op) => op === "CALL_PARALLEL").length, 1);
});

Deno.test("reductions in parts are right at the lengths where parts begin and end", () => {
  const sizes = [16384, 16385, 16384 * 2, 16384 * 64 - 1, 16384 * 64 + 65];
  for (const size of sizes) {
    const value = new damo.NDArray(
      "float32",
      [size],
      Float32Array.from({ length: size }, (_, i) => i % 7),
    );
    const whole = Math.floor(size / 7) * 21,
      rest = [0, 0, 1, 3, 6, 10, 15][size % 7]!;
    assertEquals(run(damo.sum, value, 2).result, Math.fround(whole + rest));
    value.data[size - 1] = 9;
    assertEquals(run(damo.max, value, 2).result, 9);
    value.data[size - 1] = NaN;
    assertEquals(run(damo.max, value, 2).result, NaN);
  }
});

Deno.test("a part of a matrix that does not lie in a row comes apart by its rows", () => {
  const value = rng.uniform(0, 1, [400, 500]);
  const build = (x: damo.Variable) =>
    damo.sum(damo.at(x, "::2", "3:490"), { dtype: "float64" });
  let expected = 0;
  for (let i = 0; i < 400; i += 2) {
    for (let j = 3; j < 490; j++) expected += value.data[i * 500 + j] as number;
  }
  const found = run(build, value, 2).result as number;
  assert(Math.abs(found - expected) < 1e-9 * expected);
});

Deno.test("a kernel splits from its bytes or its functions on, and not below", () => {
  const code = (build: (x: damo.Variable) => damo.Variable, size: number) =>
    run(build, rng.uniform(0, 1, [size]), 2).code;
  assert(code((x) => damo.add(x, 1), 65536).includes("CALL_PARALLEL"));
  assert(!code((x) => damo.add(x, 1), 65535).includes("CALL_PARALLEL"));
  assert(code((x) => damo.exp(x), 32768).includes("CALL_PARALLEL"));
  assert(!code((x) => damo.exp(x), 8192).includes("CALL_PARALLEL"));
});

Deno.test("0 threads are as many as there are processors", () => {
  const { code } = run((x) => damo.exp(x), LARGE, 0);
  assertEquals(
    code.includes("CALL_PARALLEL"),
    navigator.hardwareConcurrency > 1,
  );
});
