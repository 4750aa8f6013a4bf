/** Elementwise kernels and reductions against values: every layout, length, split and dtype. */
import { assertEquals } from "@std/assert";
import { NDArray, rowMajor } from "../../src/graph/ndarray.ts";
import { type Dtype, DTYPES } from "../../src/graph/dtype.ts";
import { applied, call, constant } from "./interpreter.ts";
import { run } from "./harness.ts";
import {
  type Case,
  elementwise,
  expectAgreement,
  ignore,
  random,
  reduction,
  softmax,
  values,
} from "./kernel_cases.ts";

const f = "float32";

function permutations(n: number): number[][] {
  return n === 0 ? [[]] : permutations(n - 1).flatMap((p) =>
    Array.from(
      { length: n },
      (_, i) => [...p.slice(0, i), n - 1, ...p.slice(i)],
    )
  );
}

Deno.test({
  name: "elementwise kernels agree for every layout, length and split",
  ignore,
}, () => {
  const next = random(1);
  const shapes = [
    [],
    [1],
    [7],
    [0],
    [100],
    [3, 40],
    [40, 3],
    [2, 3, 21],
    [1, 17],
    [4, 1, 19],
    [0, 5],
  ];
  for (const shape of shapes) {
    for (const order of permutations(shape.length)) {
      const x = values(f, shape, next, { order, gap: order.length }),
        y = values(f, shape, next);
      const sum = elementwise(
        (a, b) => call("tanh", f, call("add", f, a, b!)),
        [x, y],
        shape,
        f,
      );
      expectAgreement(sum);
      expectAgreement(sum, { parts: 3 });
      const copied = x.copy();
      expectAgreement({ ...sum, inputs: [copied, y] }, {}, 1e-6);
      const want = run(
        applied("tanh", sum.loops, [[f, shape], [f, shape]], sum.outputs),
        [x, y],
        [shape],
      ) as NDArray[];
      const got = run(
        applied("tanh", sum.loops, [[f, shape], [f, shape]], sum.outputs),
        [copied, y],
        [shape],
        { inplace: 0 },
      ) as NDArray[];
      assertEquals(got[0]!.flat().slice(), want[0]!.flat().slice());
    }
  }
});

Deno.test({ name: "elementwise kernels broadcast", ignore }, () => {
  const next = random(2), shape = [5, 33];
  for (const other of [[], [33], [1, 33], [5, 1], [1, 1], [1]]) {
    const x = values(f, shape, next), b = values(f, other, next);
    expectAgreement(
      elementwise(
        (a, b) => call("sub", f, call("sqr", f, a), b!),
        [x, b],
        shape,
        f,
      ),
      { parts: 2 },
    );
  }
});

Deno.test({ name: "kernels compute in every dtype", ignore }, () => {
  const next = random(3);
  for (const dtype of Object.keys(DTYPES) as Dtype[]) {
    if (dtype === "bool") continue;
    const x = values(dtype, [37], next, { scale: 100 }),
      y = values(dtype, [37], next, { scale: 100 });
    const tolerance = dtype === "float16" ? 2e-3 : 1e-6;
    expectAgreement(
      elementwise(
        (a, b) =>
          call("add", dtype, call("mul", dtype, a, b!), constant(3, dtype)),
        [x, y],
        [37],
        dtype,
      ),
      {},
      tolerance,
    );
    expectAgreement(
      elementwise((a, b) => call("lt", "bool", a, b!), [x, y], [37], "bool"),
    );
    expectAgreement(reduction("max", x, [0], dtype));
    expectAgreement(reduction("argmin", x, [0], "int64"));
  }
});

Deno.test({
  name: "lengths that only the run knows are read from headers",
  ignore,
}, () => {
  const next = random(4),
    x = values(f, [6, 29], next),
    b = values(f, [29], next);
  for (
    const known of [() => false, (a: number) => a === 0, (a: number) => a === 1]
  ) {
    expectAgreement(
      elementwise((a, b) => call("add", f, a, b!), [x, b], [6, 29], f),
      { known, parts: 2 },
    );
    expectAgreement(elementwise((a) => call("sqr", f, a), [x], [6, 29], f), {
      known,
      parts: 2,
    });
    for (const over of [[0], [1], [0, 1]]) {
      expectAgreement(reduction("sum", x, over, f), { known });
    }
    expectAgreement(softmax(x, 1), { known });
  }
});

Deno.test({
  name: "reductions agree over every subset of axes and layout",
  ignore,
}, () => {
  const next = random(5);
  for (const shape of [[37], [4, 50], [50, 4], [3, 5, 19], [0, 4], [4, 0]]) {
    for (const order of permutations(shape.length)) {
      const x = values(f, shape, next, { order, gap: 1 });
      for (let mask = 1; mask < 2 ** shape.length; mask++) {
        const over = shape.map((_, i) => i).filter((i) => mask >> i & 1);
        for (const combine of ["sum", "max"] as const) {
          expectAgreement(reduction(combine, x, over, f), { parts: 2 });
        }
        if (over.length === 1) {
          expectAgreement(reduction("argmax", x, over, "int64"), { parts: 2 });
        }
      }
    }
  }
});

Deno.test({
  name: "max, min and argmax propagate NaN, and the first of equals wins",
  ignore,
}, () => {
  const data = (at: number[], n: number) =>
    new NDArray(
      f,
      [n],
      Float32Array.from({ length: n }, (_, i) => at.includes(i) ? NaN : i % 5),
    );
  for (const n of [5, 16, 40, 77]) {
    for (const at of [[], [0], [n - 1], [2, 3]]) {
      const x = data(at, n);
      for (const combine of ["max", "min"] as const) {
        expectAgreement(reduction(combine, x, [0], f));
      }
      for (const combine of ["argmax", "argmin"] as const) {
        expectAgreement(reduction(combine, x, [0], "int64"));
      }
      const columns = new NDArray(
        f,
        [n, 3],
        Float32Array.from(
          { length: 3 * n },
          (_, i) => x.data[Math.floor(i / 3)] as number,
        ),
      );
      for (const combine of ["max", "min"] as const) {
        expectAgreement(reduction(combine, columns, [0], f));
      }
      expectAgreement(reduction("argmax", columns, [0], "int64"));
    }
  }
});

Deno.test(
  { name: "results do not depend on alignment, split or run", ignore },
  () => {
    const next = random(7), flat = values(f, [3000], next);
    const parts = [0, 1, 5].map((offset) => {
      const data = new Float32Array(3000 + offset);
      data.set(flat.flat() as Float32Array, offset);
      return new NDArray(f, [30, 100], data, rowMajor([30, 100]), offset);
    });
    const bits = (c: (x: NDArray) => Case) =>
      parts.flatMap((x) =>
        [1, 2, 7].map((parts) =>
          expectAgreement(c(x), { parts })[0]!.flat().slice()
        )
      );
    for (
      const c of [
        (x: NDArray) => reduction("sum", x, [1], f),
        (x: NDArray) => reduction("sum", x, [0], f),
        (x: NDArray) => softmax(x, 1),
        (x: NDArray) =>
          elementwise((a) => call("exp", f, a), [x], [30, 100], f),
      ]
    ) {
      const [first, ...rest] = bits(c);
      for (const other of rest) assertEquals(other, first);
    }
  },
);
