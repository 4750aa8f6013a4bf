/** Kernels of several stages, and those that pick elements by index, against values; C statements. */
import { assertEquals } from "@std/assert";
import { NDArray, sizeOf } from "../../src/graph/ndarray.ts";
import { allocate, castElement } from "../../src/graph/dtype.ts";
import { dense } from "../../src/graph/type.ts";
import { Apply, Variable } from "../../src/graph/variable.ts";
import { applied, axis, call, constant, load, of } from "./interpreter.ts";
import { type Refusal, run } from "./harness.ts";
import {
  agree,
  type Case,
  elementwise,
  expectAgreement,
  ignore,
  random,
  softmax,
  values,
} from "./kernel_cases.ts";

const f = "float32";

Deno.test({ name: "a row's stages share its loop", ignore }, () => {
  const next = random(6);
  for (
    const shape of [[5, 10], [3, 16], [4, 17], [2, 100], [1, 1], [0, 3], [
      600,
      3,
    ]]
  ) {
    for (const along of [0, 1]) {
      expectAgreement(softmax(values(f, shape, next, { scale: 20 }), along), {
        parts: 2,
      });
      expectAgreement(
        softmax(values(f, shape, next, { order: [1, 0] }), along),
      );
    }
  }
});

function take(x: NDArray, index: NDArray): Case {
  return {
    name: "take",
    inputs: [x, index],
    outputs: [[f, [index.size, x.shape[1]!]]],
    loops: {
      axes: [...of("input", 1, 0), ...of("input", 0, 1)],
      outer: [0, 1],
      stages: [{
        kind: "store",
        axes: [],
        output: 0,
        index: [axis(0), axis(1)],
        value: load(0, f, load(1, index.dtype, 0), 1),
      }],
      checks: [{ input: 1, of: "input", operand: 0, axis: 0 }],
    },
  };
}

function increment(x: NDArray, index: NDArray, y: NDArray): Case {
  return {
    name: "increment",
    inputs: [x, index, y],
    outputs: [[f, x.shape]],
    loops: {
      axes: [
        ...of("output", 0, 0, 1),
        ...of("input", 1, 0),
        ...of("input", 2, 1),
      ],
      outer: [],
      stages: [
        {
          kind: "store",
          axes: [0, 1],
          output: 0,
          index: [axis(0), axis(1)],
          value: load(0, f, 0, 1),
          copies: 0,
        },
        {
          kind: "store",
          axes: [2, 3],
          output: 0,
          index: [load(1, index.dtype, 2), axis(3)],
          value: load(2, f, 2, 3),
          accumulate: true,
        },
      ],
      inplace: [0],
      checks: [{ input: 1, of: "output", operand: 0, axis: 0 }],
    },
  };
}

Deno.test({
  name:
    "gathers and scatters take computed positions, negative ones from the end",
  ignore,
}, () => {
  const next = random(8),
    x = values(f, [6, 21], next),
    y = values(f, [4, 21], next);
  for (const dtype of ["int64", "int32", "uint8"] as const) {
    const index = new NDArray(dtype, [4], allocate(dtype, 4));
    [5, dtype === "uint8" ? 3 : -6, 0, 5].forEach((v, i) =>
      index.data[i] = castElement(v, dtype)
    );
    expectAgreement(take(x, index), { parts: 2 });
    expectAgreement(increment(x, index, y));
    const inplace = run(
      applied("increment", increment(x, index, y).loops, [[f, [6, 21]], [
        dtype,
        [4],
      ], [f, [4, 21]]], [[f, [6, 21]]]),
      [x.copy(), index, y],
      [[6, 21]],
      { inplace: 0 },
    ) as NDArray[];
    agree(
      inplace[0]!,
      expectAgreement(increment(x, index, y))[0]!,
      0,
      "in place",
    );
  }
});

Deno.test({
  name: "an index out of range is refused before anything is written",
  ignore,
}, () => {
  const x = values(f, [6, 5], random(9));
  for (const bad of [6, -7]) {
    const index = new NDArray("int32", [3], Int32Array.of(1, bad, 2));
    const { loops, inputs, outputs } = take(x, index);
    const got = run(
      applied("take", loops, inputs.map((v) => [v.dtype, v.shape]), outputs),
      inputs,
      [[3, 5]],
    ) as Refusal;
    assertEquals(got, { code: 1, index: bad, length: 6, axis: 0 });
  }
});

Deno.test(
  { name: "a value that is used twice is computed once", ignore },
  () => {
    const next = random(10), x = values(f, [50], next);
    expectAgreement(elementwise(
      (a) => {
        let e = a;
        for (let i = 0; i < 12; i++) {
          e = call("mul", f, call("add", f, e, e), constant(0.5, f));
        }
        return e;
      },
      [x],
      [50],
      f,
    ));
  },
);

Deno.test(
  { name: "positions and lengths may be used as values", ignore },
  () => {
    const x = values("int64", [4, 9], random(11));
    const sum = elementwise(
      (a) =>
        call(
          "add",
          "int64",
          call("mul", "int64", axis(0), { kind: "length", axis: 1 }),
          call("add", "int64", axis(1), a),
        ),
      [x],
      [4, 9],
      "int64",
    );
    expectAgreement(sum, { parts: 2 });
    assertEquals(sizeOf([4, 9]), 36);
  },
);

Deno.test(
  { name: "C statements name operands, lengths and strides", ignore },
  () => {
    const x = values(f, [3, 4], random(12), { order: [1, 0] });
    const op = {
      name: "trace",
      arity: 1,
      outputs: 1,
      infer: () => [{ dtype: f, shape: [] } as const],
      eval: () => [],
      c: () => ({
        functions: `
static float KERNEL_twice(float x) {
  return x + x;
}`,
        body: `
float sum = 0;
for (int64_t i = 0; i < x_n0 && i < x_n1; i++) sum += x[i * (x_s0 + x_s1)];
y[0] = KERNEL_twice(sum);`,
      }),
    };
    const node = new Apply(op, [new Variable(dense(f, [3, 4]))], undefined);
    const want = Math.fround(
      Math.fround(Number(x.at(0, 0)) + Number(x.at(1, 1))) + Number(x.at(2, 2)),
    );
    for (const v of [x, x.copy()]) {
      const known = v.contiguous ? () => false : undefined;
      const [y] = run(node, [v], [[]], {
        ...(known && { known }),
      }) as NDArray[];
      assertEquals(y!.item(), 2 * want);
    }
  },
);
