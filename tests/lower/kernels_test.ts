import { assert, assertEquals } from "@std/assert";
import {
  castElement,
  NDArray,
  rowMajor,
  sizeOf,
} from "../../src/graph/ndarray.ts";
import {
  allocate,
  type Dtype,
  DTYPES,
  isFloat,
} from "../../src/graph/dtype.ts";
import { dense } from "../../src/graph/type.ts";
import { Apply, Variable } from "../../src/graph/variable.ts";
import type { Combine, Expr, Loops } from "../../src/graph/loops.ts";
import {
  applied,
  axis,
  call,
  constant,
  load,
  of,
  stage,
} from "./interpreter.ts";
import { hasCompiler, type Options, type Refusal, run } from "./harness.ts";

const f = "float32", ignore = !hasCompiler();

function random(seed: number): () => number {
  let s = seed;
  return () => ((s = (s * 1103515245 + 12345) % 2147483648) / 2147483648);
}

/** Values in memory of `order` (a permutation of the axes, outermost first) with `gap` elements between rows. */
function values(
  dtype: Dtype,
  shape: readonly number[],
  next: () => number,
  { order = shape.map((_, i) => i), gap = 0, scale = 2 } = {},
): NDArray {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (const a of [...order].reverse()) {
    strides[a] = step;
    step = step * shape[a]! + (step === 1 ? gap : 0);
  }
  const data = allocate(dtype, step + 1);
  for (let i = 0; i < data.length; i++) {
    data[i] = castElement(
      isFloat(dtype) ? (next() - 0.5) * scale : Math.floor(next() * 7),
      dtype,
    );
  }
  return new NDArray(dtype, shape, data, strides);
}

function agree(
  got: NDArray,
  want: NDArray,
  tolerance: number,
  what: string,
): void {
  assertEquals(got.shape, want.shape);
  const a = got.flat(), b = want.flat();
  for (let i = 0; i < a.length; i++) {
    const x = Number(a[i]), y = Number(b[i]);
    const close = Object.is(x, y) || x === y ||
      Math.abs(x - y) <= tolerance * (1 + Math.abs(y));
    assert(close, `${what}: element ${i} is ${x}, expected ${y}`);
  }
}

interface Case {
  readonly name: string;
  readonly loops: Loops;
  readonly inputs: readonly NDArray[];
  readonly outputs: readonly (readonly [Dtype, readonly number[]])[];
}

function expectAgreement(
  { name, loops, inputs, outputs }: Case,
  options: Options = {},
  tolerance = 1e-5,
): NDArray[] {
  const node = applied(
    name,
    loops,
    inputs.map((x) => [x.dtype, x.shape]),
    outputs,
  );
  const want = node.op.eval(inputs, undefined);
  const got = run(node, inputs, outputs.map(([, s]) => s), options);
  assert(Array.isArray(got), `${name} refused`);
  got.forEach((y, i) => agree(y, want[i]!, tolerance, name));
  return got;
}

function elementwise(
  value: (...x: Expr[]) => Expr,
  inputs: readonly NDArray[],
  shape: readonly number[],
  dtype: Dtype,
): Case {
  const axes = shape.map((_, i) => i);
  const loads = inputs.map((x, i) =>
    load(
      i,
      x.dtype,
      ...axes.slice(shape.length - x.ndim).map((a, d) =>
        x.shape[d] === 1 && shape[a] !== 1 ? constant(0, "int64") : a
      ),
    )
  );
  return {
    name: "elementwise",
    inputs,
    outputs: [[dtype, shape]],
    loops: {
      axes: of("output", 0, ...axes),
      outer: axes,
      stages: [{
        kind: "store",
        axes: [],
        output: 0,
        index: axes.map(axis),
        value: value(...loads),
      }],
      inplace: [0],
    },
  };
}

function reduction(
  combine: Combine,
  x: NDArray,
  over: readonly number[],
  dtype: Dtype,
): Case {
  const kept = x.shape.map((_, i) => i).filter((i) => !over.includes(i));
  return {
    name: combine,
    inputs: [x],
    outputs: [[dtype, kept.map((a) => x.shape[a]!)]],
    loops: {
      axes: of("input", 0, ...x.shape.keys()),
      outer: kept,
      stages: [
        {
          kind: "reduce",
          axes: over,
          combine,
          value: load(0, x.dtype, ...x.shape.keys()),
          dtype,
        },
        {
          kind: "store",
          axes: [],
          output: 0,
          index: kept.map(axis),
          value: stage(0, dtype),
        },
      ],
    },
  };
}

function softmax(x: NDArray, along: number): Case {
  const rest = x.shape.map((_, i) => i).filter((i) => i !== along),
    at = load(0, f, ...x.shape.keys());
  const e = call("exp", f, call("sub", f, at, stage(0, f)));
  return {
    name: "softmax",
    inputs: [x],
    outputs: [[f, x.shape]],
    loops: {
      axes: of("input", 0, ...x.shape.keys()),
      outer: rest,
      stages: [
        { kind: "reduce", axes: [along], combine: "max", value: at, dtype: f },
        { kind: "reduce", axes: [along], combine: "sum", value: e, dtype: f },
        {
          kind: "store",
          axes: [along],
          output: 0,
          index: [...x.shape.keys()].map(axis),
          value: call("div", f, e, stage(1, f)),
        },
      ],
      inplace: [0],
    },
  };
}

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
