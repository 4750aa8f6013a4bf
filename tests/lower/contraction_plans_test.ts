/** Which code a product gets, and what is computed beside it. */
import { assert, assertEquals } from "@std/assert";
import type { Expr, Loops } from "../../src/graph/loops.ts";
import { NDArray } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { Apply } from "../../src/graph/variable.ts";
import { implement } from "../../src/lower/emit/implement.ts";
import { FIXED_TARGET, type Target } from "../../src/lower/target.ts";
import { dot, dotAdd } from "../../src/ops/products/dot.ts";
import { add, tanh } from "../../src/ops/elementwise/elemwise.ts";
import { call } from "../../src/ops/elementwise/scalar.ts";
import { layoutOf, poisoned } from "./harness.ts";
import { expectProduct, OWN, values, variable } from "./contraction_cases.ts";
import { ignore, random } from "./kernel_cases.ts";

Deno.test("the lengths choose a BLAS, register tiles or loops, and the plan says so", () => {
  const note = (x: readonly number[], y: readonly number[], target: Target) => {
    const a = poisoned("float32", x),
      b = poisoned("float32", y),
      node = dot(variable(a), variable(b)).owner!;
    const z = poisoned("float32", [...x.slice(0, -1), ...y.slice(1)]);
    return implement(node, [a, b, z].map((v) => layoutOf(v)), -1, target)!;
  };
  assertEquals(
    note([65, 784], [784, 500], FIXED_TARGET).note,
    "dot: sgemm in 2 ranges of columns, many rows",
  );
  assertEquals(
    note([70, 70], [70, 90], FIXED_TARGET).note,
    "dot: sgemm, many rows",
  );
  assertEquals(
    note([60, 784], [784, 500], FIXED_TARGET).note,
    "dot: own register tiles, few rows",
  );
  assertEquals(
    note([60, 784], [784, 1024], FIXED_TARGET).note,
    "dot: sgemm in 8 ranges of columns, many rows",
  );
  assertEquals(
    note([1, 784], [784, 500], FIXED_TARGET).note,
    "dot: own loops, few rows, in 4 parts of the inner axis",
  );
  assertEquals(note([1, 200], [200, 500], FIXED_TARGET).note, "dot: own loops");
  assertEquals(
    note([784, 500], [500], FIXED_TARGET).note,
    "dot: own register tiles, few rows",
  );
  assertEquals(
    note([100, 200], [200, 200], FIXED_TARGET).note,
    "dot: sgemm in 2 ranges of columns, many rows",
  );
  assertEquals(note([784, 1], [1, 500], FIXED_TARGET).note, undefined);
  assertEquals(
    note([10, 784], [784, 500], FIXED_TARGET).note,
    "dot: own register tiles, few rows, in 4 parts of the inner axis",
  );
  assertEquals(
    note([10, 200], [200, 500], FIXED_TARGET).note,
    "dot: own register tiles, few rows",
  );
  assertEquals(
    note([60, 784], [784, 10], FIXED_TARGET).note,
    "dot: own register tiles, few columns",
  );
  assertEquals(
    note([784, 10], [10, 500], FIXED_TARGET).note,
    "dot: own register tiles, few terms",
  );
  assertEquals(
    note([70, 784], [784, 500], OWN).note,
    "dot: own register tiles, no BLAS",
  );
  assertEquals(
    note([300, 1000], [1000, 700], OWN).note,
    "dot: own blocks, no BLAS",
  );
  assert(
    !note([60, 784], [784, 500], OWN).steps[0]!.kernel.text.includes("blas"),
  );
});

Deno.test({
  name: "products with few columns agree with eval, for every split",
  ignore,
}, () => {
  const next = random(8),
    alpha = new NDArray("float32", [], Float32Array.of(-0.5));
  const small: Target = { ...FIXED_TARGET, vector: 16, registers: 16 };
  for (const target of [FIXED_TARGET, small]) {
    for (const n of [2, 3, 5, 8, 10, 15, 16]) {
      for (const [m, k] of [[1, 37], [3, 20], [23, 9], [47, 1], [40, 0]]) {
        for (const left of ["rows", "columns"] as const) {
          const x = values("float32", [m!, k!], next, left),
            y = values("float32", [k!, n], next),
            c = values("float32", [m!, n], next);
          const node = dotAdd(
            variable(c),
            variable(alpha),
            variable(x),
            variable(y),
          ).owner!;
          const whole = expectProduct(node, [c, alpha, x, y], { target });
          const parts = expectProduct(node, [c, alpha, x, y], {
            target,
            parts: 3,
          });
          assertEquals(parts.flat(), whole.flat());
        }
      }
    }
  }
  const x = values("float64", [30, 11], next),
    y = values("float64", [11, 10], next, "padded");
  expectProduct(dot(variable(x), variable(y)).owner!, [x, y], { parts: 2 });
});

Deno.test({
  name:
    "register tiles give the same bits for every split, and fit other machines",
  ignore,
}, () => {
  const next = random(6),
    narrow: Target = { ...OWN, vector: 32, registers: 16 };
  for (const target of [OWN, narrow]) {
    for (const [m, k, n] of [[13, 40, 100], [6, 3, 64], [1, 20, 17]] as const) {
      for (const right of ["rows", "columns"] as const) {
        const x = values("float32", [m, k], next),
          y = values("float32", [k, n], next, right),
          node = dot(variable(x), variable(y)).owner!;
        const [first, ...rest] = [1, 2, 7, 30].map((parts) =>
          expectProduct(node, [x, y], { target, parts }).flat()
        );
        for (const other of rest) assertEquals(other, first);
      }
    }
  }
});

Deno.test({
  name:
    "large products run in blocks: they agree with eval in every layout, with the same bits for every split and block",
  ignore,
}, () => {
  const next = random(9),
    alpha = new NDArray("float32", [], Float32Array.of(-0.5));
  // 16 terms a block; and on a machine with fewer registers, 64.
  const small: Target = { ...OWN, caches: [4096, 65536, 1 << 20] };
  const narrow: Target = { ...small, vector: 32, registers: 16 };
  const planned = (node: Apply, inputs: readonly NDArray[], target: Target) =>
    implement(
      node,
      [
        ...inputs,
        poisoned(inputs[0]!.dtype, node.outputs[0]!.type.shape as number[]),
      ]
        .map((v) => layoutOf(v)),
      -1,
      target,
    )!.note;
  const sizes = [[193, 85, 101], [131, 129, 64]] as const;
  for (const [m, k, n] of sizes) {
    for (const form of ["rows", "columns"] as const) {
      const x = values("float32", [m, k], next, form),
        y = values("float32", [k, n], next, form),
        node = dot(variable(x), variable(y)).owner!;
      assertEquals(planned(node, [x, y], small), "dot: own blocks, no BLAS");
      const [first, ...rest] = [1, 3].map((parts) =>
        expectProduct(node, [x, y], { target: small, parts }).flat()
      );
      // In rows, the machines differ in their blocks alone: terms are added in one order.
      const machines = form === "rows" ? [narrow, OWN] : [];
      for (const target of machines) {
        rest.push(expectProduct(node, [x, y], { target, parts: 2 }).flat());
      }
      for (const other of rest) assertEquals(other, first);
    }
    const c = values("float32", [m, n], next),
      x = values("float64", [m, k], next, "columns"),
      y = values("float64", [k, n], next);
    expectProduct(
      dot(variable(x), variable(y)).owner!,
      [x, y],
      { target: small, parts: 2 },
      1e-12,
    );
    const [u, v] = [
      values("float32", [m, k], next, "columns"),
      values("float32", [k, n], next),
    ];
    expectProduct(
      dotAdd(variable(c), variable(alpha), variable(u), variable(v)).owner!,
      [c, alpha, u, v],
      { target: small, parts: 2, inplace: 0 },
    );
  }
});

Deno.test({
  name:
    "products of few rows in parts of the inner axis agree with eval, with the same bits for every split",
  ignore,
}, () => {
  const next = random(10),
    alpha = new NDArray("float32", [], Float32Array.of(-0.5));
  for (const dtype of ["float32", "float64"] as const) {
    // Parts of equal length, a short last one, and as many as there may be.
    for (const [m, k, n] of [[1, 512, 256], [10, 301, 250], [7, 4096, 40]]) {
      for (const form of ["rows", "padded"] as const) {
        const x = values(dtype, [m!, k!], next, form),
          y = values(dtype, [k!, n!], next, form),
          c = values(dtype, [n!], next),
          scale = dtype === "float32"
            ? alpha
            : new NDArray(dtype, [], Float64Array.of(-0.5));
        const node = dotAdd(
          variable(c),
          variable(scale),
          variable(x),
          variable(y),
        ).owner!;
        const tolerance = dtype === "float32" ? 1e-4 : 1e-12,
          inputs = [c, scale, x, y];
        const [first, ...rest] = [1, 2, 3, 16].map((parts) =>
          expectProduct(node, inputs, { parts }, tolerance).flat()
        );
        for (const other of rest) assertEquals(other, first);
        const plan = implement(
          node,
          [...inputs, poisoned(dtype, [m!, n!])].map((v) => layoutOf(v)),
          -1,
          FIXED_TARGET,
        )!;
        assertEquals(plan.steps.length, 2);
      }
    }
  }
});

Deno.test({
  name: "what is stored of a product may be any expression of it",
  ignore,
}, () => {
  const next = random(7),
    x = values("float32", [12, 30], next),
    y = values("float32", [30, 50], next),
    b = values("float32", [50], next);
  const { loops, infer } = dot(variable(x), variable(y)).owner!.op,
    sites = [x, y].map((v) => variable(v).type);
  const plain = loops!({
    inputs: sites,
    outputs: [dense("float32", [12, 50])],
    params: undefined,
  });
  const [sum, store] = plain.stages as [
    typeof plain.stages[0],
    typeof plain.stages[0] & { kind: "store" },
  ];
  const bias: Expr = {
    kind: "load",
    input: 2,
    index: [{ kind: "axis", axis: 1 }],
    dtype: "float32",
  };
  const fused: Loops = {
    ...plain,
    stages: [sum!, {
      ...store!,
      value: call(tanh, call(add, store!.value, bias)),
    }],
  };
  const op = {
    name: "tanh_dot",
    arity: 3,
    outputs: 1,
    infer: (
      inputs: Parameters<typeof infer>[0],
      params: unknown,
      lengths: Parameters<typeof infer>[2],
    ) => infer(inputs.slice(0, 2), params as void, lengths),
    eval: ([x, y, b]: readonly NDArray[]) => {
      const z = add.op.eval(
        [dot.op.eval([x!, y!], undefined)[0]!, b!],
        undefined,
      )[0]!;
      return [tanh.op.eval([z], undefined)[0]!];
    },
    loops: () => fused,
  };
  const node = new Apply(op, [x, y, b].map(variable), undefined);
  for (const target of [FIXED_TARGET, OWN]) {
    expectProduct(node, [x, y, b], { target, parts: 3 });
  }
});
