import { assert, assertEquals } from "@std/assert";
import { allocate, type Dtype, isFloat } from "../../src/graph/dtype.ts";
import type { Expr, Loops } from "../../src/graph/loops.ts";
import { castElement, NDArray } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { Apply, Variable } from "../../src/graph/variable.ts";
import { implement } from "../../src/lower/emit/implement.ts";
import { FIXED_TARGET, type Target } from "../../src/lower/target.ts";
import { dot, dotAdd } from "../../src/ops/products/dot.ts";
import { add, tanh } from "../../src/ops/elementwise/elemwise.ts";
import { call } from "../../src/ops/elementwise/scalar.ts";
import {
  hasBlas,
  hasCompiler,
  layoutOf,
  type Options,
  poisoned,
  run,
} from "./harness.ts";

const ignore = !hasCompiler(), OWN: Target = { ...FIXED_TARGET, blas: false };

function random(seed: number): () => number {
  let s = seed;
  return () => ((s = (s * 1103515245 + 12345) % 2147483648) / 2147483648);
}

type Form = "rows" | "columns" | "padded" | "strided" | "reversed";

/** Values whose memory has this form. */
function values(
  dtype: Dtype,
  shape: readonly number[],
  next: () => number,
  form: Form = "rows",
): NDArray {
  const [m, n] = shape.length === 2
    ? shape as [number, number]
    : [1, shape[0] ?? 1];
  const pair = {
    rows: [n, 1],
    columns: [1, m],
    padded: [n + 3, 1],
    strided: [2 * n + 3, 2],
    reversed: [n, -1],
  }[form];
  const strides = shape.length === 2
    ? pair
    : shape.length === 1
    ? [form === "columns" ? 1 : pair[1]!]
    : [];
  const offset = form === "reversed" ? Math.max(0, n - 1) : 0;
  const data = allocate(
    dtype,
    1 + offset +
      shape.reduce(
        (sum, d, i) => sum + Math.max(0, d - 1) * Math.abs(strides[i]!),
        0,
      ),
  );
  for (let i = 0; i < data.length; i++) {
    data[i] = castElement(
      isFloat(dtype) ? next() - 0.5 : Math.floor(next() * 9) - 4,
      dtype,
    );
  }
  return new NDArray(dtype, shape, data, strides, offset);
}

function variable(x: NDArray): Variable {
  return new Variable(dense(x.dtype, x.shape));
}

function expectProduct(
  node: Apply,
  inputs: readonly NDArray[],
  options: Options = {},
  tolerance = 1e-5,
): NDArray {
  const want = node.op.eval(inputs, node.params)[0]!;
  const got = run(node, inputs, [want.shape], options);
  assert(Array.isArray(got), `${node.op.name} refused`);
  const [a, b] = [got[0]!.flat(), want.flat()];
  assertEquals(got[0]!.shape, want.shape);
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    assert(
      Math.abs(x - y) <= tolerance * (1 + Math.abs(y)),
      `${node.op.name} (${
        inputs.map((v) => v.shape)
      }): element ${i} is ${x}, expected ${y}`,
    );
  }
  return got[0]!;
}

const SHAPES: readonly (readonly [number, number, number])[] = [
  [5, 7, 9],
  [1, 20, 30],
  [20, 30, 1],
  [1, 40, 1],
  [20, 1, 30],
  [17, 33, 65],
  [10, 100, 40],
  [0, 3, 4],
  [3, 0, 4],
  [3, 4, 0],
  [60, 50, 10],
  [3, 1, 50],
  [10, 1, 37],
];
const FORMS: readonly Form[] = [
  "rows",
  "columns",
  "padded",
  "strided",
  "reversed",
];

for (const target of [FIXED_TARGET, OWN]) {
  const which = target.blas ? "BLAS" : "own loops";
  const ignore = target.blas ? !hasBlas() : !hasCompiler();
  Deno.test({
    name: `dot of matrices agrees with eval in every layout: ${which}`,
    ignore,
  }, () => {
    const next = random(1);
    for (const dtype of ["float32", "float64"] as const) {
      for (const [m, k, n] of SHAPES) {
        for (const left of FORMS) {
          for (const right of dtype === "float32" ? FORMS : [left]) {
            const x = values(dtype, [m, k], next, left),
              y = values(dtype, [k, n], next, right);
            expectProduct(dot(variable(x), variable(y)).owner!, [x, y], {
              target,
              parts: 2,
            });
          }
        }
      }
    }
  });

  Deno.test(
    { name: `dot of vectors agrees with eval: ${which}`, ignore },
    () => {
      const next = random(2);
      for (
        const [m, k] of [[30, 40], [1, 9], [9, 1], [0, 5], [5, 0], [
          100,
          17,
        ]] as const
      ) {
        for (const form of FORMS) {
          for (const along of ["rows", "strided", "reversed"] as const) {
            const a = values("float32", [m, k], next, form),
              x = values("float32", [k], next, along),
              z = values("float32", [m], next, along);
            expectProduct(dot(variable(a), variable(x)).owner!, [a, x], {
              target,
            });
            expectProduct(dot(variable(z), variable(a)).owner!, [z, a], {
              target,
            });
            expectProduct(dot(variable(x), variable(x)).owner!, [x, x], {
              target,
            });
          }
        }
      }
    },
  );

  Deno.test({
    name: `dotAdd adds in place, onto a copy and onto a bias: ${which}`,
    ignore,
  }, () => {
    const next = random(3),
      alpha = new NDArray("float32", [], Float32Array.of(-0.25));
    for (const [m, k, n] of SHAPES) {
      for (const left of ["rows", "columns", "strided"] as const) {
        const x = values("float32", [m, k], next, left),
          y = values("float32", [k, n], next);
        for (const c of [[m, n], [n], [1, n], [m, 1], []]) {
          const added = values("float32", c, next);
          const node = dotAdd(
            variable(added),
            variable(alpha),
            variable(x),
            variable(y),
          ).owner!;
          const apart = expectProduct(node, [added, alpha, x, y], {
            target,
            parts: 2,
          });
          if (c.length < 2 || c[0] !== m || c[1] !== n) continue;
          const over = run(node, [added.copy(), alpha, x, y], [[m, n]], {
            target,
            inplace: 0,
          });
          assertEquals((over as NDArray[])[0]!.flat(), apart.flat());
        }
      }
      const a = values("float32", [m, k], next),
        v = values("float32", [k], next),
        c = values("float32", [m], next);
      expectProduct(
        dotAdd(variable(c), variable(alpha), variable(a), variable(v)).owner!,
        [c, alpha, a, v],
        { target },
      );
    }
  });
}

Deno.test(
  {
    name: "a few columns that lie one behind the other, of every number",
    ignore,
  },
  () => {
    const next = random(6),
      alpha = new NDArray("float32", [], Float32Array.of(0.5));
    for (const vector of [16, 32, 64]) {
      const target = { ...OWN, vector, registers: vector === 64 ? 32 : 16 };
      for (let n = 2; n <= 16; n++) {
        const k = 17 + 5 * n, m = 1 + n % 4;
        const x = values("float32", [m, k], next),
          y = values("float32", [k, n], next, "columns"),
          b = values("float32", [n], next);
        const args = [b, alpha, x, y], [c, a, u, v] = args.map(variable);
        expectProduct(dotAdd(c!, a!, u!, v!).owner!, args, { target });
      }
    }
  },
);

Deno.test(
  { name: "dot of integers wraps, and of bools is or of ands", ignore },
  () => {
    const next = random(4);
    for (const dtype of ["int8", "int32", "uint16", "int64"] as const) {
      const x = values(dtype, [5, 30], next), y = values(dtype, [30, 6], next);
      expectProduct(dot(variable(x), variable(y)).owner!, [x, y], { parts: 2 });
    }
    const x = values("float16", [5, 30], next),
      y = values("float16", [30, 6], next);
    expectProduct(dot(variable(x), variable(y)).owner!, [x, y], {}, 1e-2);
  },
);

Deno.test(
  { name: "products take lengths that only the run knows", ignore: !hasBlas() },
  () => {
    const next = random(5),
      x = values("float32", [6, 20], next),
      y = values("float32", [20, 30], next);
    for (const target of [FIXED_TARGET, OWN]) {
      for (const known of [() => false, (a: number) => a === 1]) {
        expectProduct(dot(variable(x), variable(y)).owner!, [x, y], {
          target,
          known,
        });
        expectProduct(
          dot(
            variable(
              new NDArray(
                "float32",
                [20],
                x.data.slice(0, 20) as Float32Array<ArrayBuffer>,
              ),
            ),
            variable(y),
          ).owner!,
          [x.slice(0, 1).reshape([20]), y],
          { target, known },
        );
      }
    }
  },
);

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

Deno.test("a product is not written over one of its factors", () => {
  const a = poisoned("float32", [4, 4]),
    x = variable(a),
    alpha = variable(poisoned("float32", []));
  const layouts = [a, poisoned("float32", []), a, a, a].map((v) => layoutOf(v));
  assertEquals(
    implement(
      dotAdd(x, alpha, x, variable(a)).owner!,
      layouts,
      0,
      FIXED_TARGET,
    ),
    null,
  );
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
