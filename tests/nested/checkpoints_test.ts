/** Loops that keep few states give what loops that keep all of them give. */
import { assertEquals, assertThrows } from "@std/assert";
import "../../src/ops/methods.ts";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { scanCheckpoints } from "../../src/nested/checkpoints.ts";
import { scan } from "../../src/nested/scan.ts";
import { until } from "../../src/nested/step.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { constant, shared, zeros } from "../../src/ops/constructors.ts";
import { dot } from "../../src/ops/products/dot.ts";
import { add, mul, tanh } from "../../src/ops/elementwise/elemwise.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { dmatrix, dvector, lscalar, tensor } from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { weights } from "./random_loops.ts";

const x = dmatrix("x"), h0 = dvector("h0"), U = dmatrix("U");
const step = (x: Variable, h: Variable, U: Variable) => tanh(add(x, dot(h, U)));
const loop = { sequences: x, outputsInfo: h0, nonSequences: U };

function given(n: number): Map<Variable, NDArray> {
  return new Map<Variable, NDArray>([
    [x, weights([n, 3], 1)],
    [h0, weights([3], 2)],
    [U, weights([3, 3], 3)],
  ]);
}

function close(a: NDArray, b: NDArray): void {
  assertEquals(a.shape, b.shape);
  const y = b.flat();
  const far = [...a.flat()].filter((v, i) =>
    Math.abs(Number(v) - Number(y[i])) > 1e-12
  );
  assertEquals(far, []);
}

Deno.test("the states after every so many steps, and after the last one", () => {
  const [all] = scan(step, loop);
  for (const n of [0, 1, 4, 5, 6, 10, 11]) {
    for (const saveEvery of [1, 5, 20]) {
      const [some] = scanCheckpoints(step, { ...loop, saveEvery });
      const [rows, saved] = evaluate([all, some], given(n)) as [
        NDArray,
        NDArray,
      ];
      const blocks = Math.ceil(n / saveEvery);
      assertEquals(saved.shape, [blocks, 3]);
      const wanted = Array.from(
        { length: blocks },
        (_, k) =>
          (rows.toArray() as number[][])[Math.min(n, (k + 1) * saveEvery) - 1]!,
      );
      assertEquals(saved.toArray(), wanted);
    }
  }
});

Deno.test("their gradients are those of the whole loop, and so are second ones", () => {
  const [all] = scan(step, loop),
    slopes = (h: Variable) => {
      const first = grad(sum(mul(at(h, -1), at(h, -1))) as Variable<0>, [
        x,
        h0,
        U,
      ]);
      const along = sum(mul(first[2]!, first[2]!)) as Variable<0>;
      return [...first, ...grad(along, [x, h0, U])];
    };
  for (const [n, saveEvery] of [[7, 3], [6, 3], [1, 3], [2, 1]] as const) {
    const [some] = scanCheckpoints(step, { ...loop, saveEvery });
    const wanted = evaluate(slopes(all), given(n));
    evaluate(slopes(some), given(n)).forEach((y, i) => close(y, wanted[i]!));
  }
});

Deno.test("steps that are counted, several sequences and outputs, shared variables that steps change", () => {
  const n = lscalar("n"),
    seen = shared(array([0, 0, 0], { dtype: "float64" }), { name: "seen" });
  const [[a, b], updates] = scanCheckpoints(
    (x, y, p, q) => [
      add(p, x),
      [mul(add(q, y), 0.5)],
      new Map([[seen, add(seen, x)]]),
    ],
    {
      sequences: [x, mul(x, 2)],
      outputsInfo: [h0, zeros([3], "float64")],
      nSteps: n,
      saveEvery: 4,
    },
  ) as unknown as [Variable[], Map<unknown, Variable>];
  const values = given(9).set(n, array(6, { dtype: "int64" }));
  const [, saved, total] = evaluate([a!, b!, updates.get(seen)!], values);
  assertEquals(saved!.shape, [2, 3]);
  const rows = values.get(x)!.toArray() as number[][];
  const sums = [0, 1, 2].map((i) =>
    rows.slice(0, 6).reduce((s, r) => s + r[i]!, 0)
  );
  close(total!, array(Float64Array.from(sums)));
  // Fewer rows than steps are refused, as scan refuses them.
  assertThrows(
    () => evaluate([a!], given(5).set(n, array(6, { dtype: "int64" }))),
    RangeError,
  );
});

Deno.test("known lengths that are a multiple need no padding; padding can be forgone", () => {
  const known = tensor("float64", [6, 3], "x");
  for (
    const [sequences, padding] of [[known, true], [x, false]] as const
  ) {
    const [h] = scanCheckpoints(step, {
      ...loop,
      sequences,
      saveEvery: 3,
      padding,
    });
    const values = given(6);
    const [all] = scan(step, loop);
    const [rows, saved] = evaluate(
      [at(all, "2::3"), h],
      values.set(known, values.get(x)!),
    );
    close(saved!, rows!);
  }
  const [h] = scanCheckpoints(step, { ...loop, saveEvery: 3, padding: false });
  assertThrows(() => evaluate([h], given(7)), RangeError);
});

Deno.test("what checkpoints cannot do is refused", () => {
  const make = (options: object, f: unknown = step) => () =>
    scanCheckpoints(f as typeof step, { ...loop, ...options } as typeof loop);
  assertThrows(
    make({ saveEvery: 0 }),
    RangeError,
    "saveEvery must be a positive integer, got 0",
  );
  assertThrows(
    make({ sequences: { input: x, taps: [-1, 0] } }),
    TypeError,
    "sequence 0 has taps",
  );
  assertThrows(
    make({ outputsInfo: { initial: x, taps: [-2] } }),
    TypeError,
    "output 0 has taps",
  );
  assertThrows(
    make({ outputsInfo: [null] }),
    TypeError,
    "output 0 has no initial value",
  );
  assertThrows(
    make({}, (x: Variable, h: Variable) => [
      add(x, h),
      until(gt(sum(h), constant(1))),
    ]),
    TypeError,
    "until",
  );
  assertThrows(
    () => scanCheckpoints((h) => h, { outputsInfo: h0 }),
    TypeError,
    "nSteps must say how many steps",
  );
});
