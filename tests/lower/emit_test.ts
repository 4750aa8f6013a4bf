/**
 * The text of kernels, as it is read in a debugger: `DAMO_GOLDEN=1 deno test`
 * writes tests/golden anew.
 */
import { assert, assertEquals } from "@std/assert";
import type { Dtype } from "../../src/graph/dtype.ts";
import { rowMajor } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { type Apply, Variable } from "../../src/graph/variable.ts";
import { implement, implementPair } from "../../src/lower/emit/implement.ts";
import type { Layout } from "../../src/lower/emit/implementation.ts";
import { FIXED_TARGET, type Target } from "../../src/lower/target.ts";
import { argmax } from "../../src/ops/reductions/argmax.ts";
import { at, incSubtensor } from "../../src/ops/indexing/at.ts";
import { crossentropySoftmax1Hot } from "../../src/ops/nnet/crossentropy.ts";
import { pooled, spreadMaxima } from "../../src/ops/images/pool_ops.ts";
import type { PoolParams } from "../../src/ops/images/pool_windows.ts";
import { transpose } from "../../src/ops/shape/dimshuffle.ts";
import { dot, dotAdd } from "../../src/ops/products/dot.ts";
import {
  add,
  cast,
  exp,
  intDiv,
  mul,
  sigmoid,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { lt, where } from "../../src/ops/elementwise/elemwise_logic.ts";
import { fuse } from "../../src/ops/elementwise/fused.ts";
import { join } from "../../src/ops/shape/join.ts";
import { max, sum } from "../../src/ops/reductions/reduce.ts";
import { softmax } from "../../src/ops/nnet/softmax.ts";

const GOLDEN = new URL("../golden/", import.meta.url);
const OWN: Target = { ...FIXED_TARGET, blas: false };

function input(dtype: Dtype, ...shape: (number | null)[]): Variable {
  return new Variable(dense(dtype, shape));
}

function float(...shape: (number | null)[]): Variable {
  return input("float32", ...shape);
}

/** Row-major, with lengths that types leave open unknown. */
function layout({ type: { dtype, shape } }: Variable): Layout {
  const lengths = shape.map((d) => typeof d === "number" ? d : null);
  const strides = lengths.map((_, axis) => {
    const inner = lengths.slice(axis + 1);
    return inner.some((d) => d === null)
      ? null
      : inner.reduce<number>((a, b) => a * b!, 1);
  });
  return { dtype, shape: lengths, strides };
}

function transposed(l: Layout): Layout {
  return {
    ...l,
    strides: rowMajor([...l.shape as number[]].reverse()).reverse(),
  };
}

interface Sample {
  readonly y: Variable;
  readonly inplace?: number;
  readonly target?: Target;
  /** Inputs that lie in column order. */
  readonly columns?: readonly number[];
}

/** Kernels whose text is kept, by name of file. */
function samples(): { readonly [name: string]: Sample } {
  const x = float(60, 500),
    b = float(500),
    labels = input("int32", 60),
    alpha = float();
  return {
    tanh_contiguous: { y: tanh(x) },
    tanh_in_place: { y: tanh(x), inplace: 0 },
    tanh_unknown_lengths: { y: tanh(float(null, null)) },
    add_bias: { y: add(x, b) },
    add_transposed: { y: add(x, x), columns: [1] },
    fused_in_place: { y: fused(float(60, 500), float(500)), inplace: 0 },
    where_bool: { y: where(lt(x, 0), x, 0) },
    int_div: { y: intDiv(input("int64", 100), input("int64", 100)) },
    cast_float16: { y: cast(input("float16", 100), "float32") },
    cast_to_int: { y: cast(x, "int32") },
    sum_all: { y: sum(x) },
    sum_rows: { y: sum(x, { axis: 1 }) },
    sum_columns: { y: sum(x, { axis: 0 }) },
    max_short_rows: { y: max(float(60, 10), { axis: 1 }) },
    argmax_rows: { y: argmax(x, { axis: 1 }) },
    softmax_short: { y: softmax(float(60, 10)) },
    softmax_long: { y: softmax(x) },
    crossentropy: { y: crossentropySoftmax1Hot(float(60, 10), labels)[0]! },
    max_pool: { y: pooled(float(20, 24, 24), POOL) },
    max_pool_gradient: {
      y: spreadMaxima(
        float(20, 24, 24),
        float(20, 12, 12),
        float(20, 12, 12),
        POOL,
      ),
    },
    take_rows: { y: at(x, input("int64", 32)) },
    increment_rows: {
      y: incSubtensor(at(x, input("int64", 32)), float(32, 500)),
      inplace: 0,
    },
    join_columns: { y: join(1, x, float(60, 20)) },
    gemm_bias: { y: dotAdd(b, alpha, float(200, 784), float(784, 500)) },
    gemm_update: {
      y: dotAdd(float(784, 500), alpha, float(784, 200), float(200, 500)),
      inplace: 0,
      columns: [2],
    },
    gemm_few_columns: {
      y: dotAdd(float(10), alpha, float(60, 784), float(784, 10)),
    },
    gemm_few_terms: {
      y: dotAdd(float(784, 10), alpha, float(784, 10), float(10, 10)),
      inplace: 0,
      columns: [2],
    },
    gemv_transposed: {
      y: dotAdd(float(784), alpha, float(784, 500), float(500)),
    },
    gemv_few_columns: {
      y: dotAdd(float(10), alpha, float(784), float(784, 10)),
    },
    gemv_few_columns_apart: {
      y: dotAdd(float(10), alpha, float(784), float(784, 10)),
      columns: [3],
    },
    ger_few_rows: {
      y: dotAdd(float(10, 784), alpha, float(10, 1), float(1, 784)),
      inplace: 0,
    },
    softmax_one_row: { y: softmax(float(1, 10)) },
    gemv_bias: { y: dotAdd(b, alpha, float(784), float(784, 500)) },
    ger_update: {
      y: dotAdd(float(784, 500), alpha, float(784, 1), float(1, 500)),
      inplace: 0,
    },
    gemm_parts: { y: dotAdd(b, alpha, float(10, 784), float(784, 500)) },
    dot_own: { y: dot(float(60, 784), float(784, 500)), target: OWN },
    dot_blocks: {
      y: dot(float(300, 1000), float(1000, 700)),
      target: OWN,
      columns: [0],
    },
    dot_own_transposed: {
      y: dot(float(60, 500), float(500, 784)),
      target: OWN,
      columns: [1],
    },
  };
}

const POOL: PoolParams = {
  window: [2, 2],
  stride: [2, 2],
  pad: [0, 0],
  ignoreBorder: true,
  mode: "max",
};

function fused(x: Variable, b: Variable): Variable {
  return fuse([x, b], [mul(sigmoid(add(x, b)), exp(x))])[0]!;
}

function textOf(
  { y, inplace = -1, target = FIXED_TARGET, columns = [] }: Sample,
): string {
  const node: Apply = y.owner!;
  const layouts = [...node.inputs, ...node.outputs].map((v, i) =>
    columns.includes(i) ? transposed(layout(v)) : layout(v)
  );
  const plan = implement(node, layouts, inplace, target)!;
  const part = ({ kernel, extents }: (typeof plan.steps)[number]) =>
    `${kernel.text}/* extents: ${JSON.stringify(extents)} */\n`;
  return [...plan.checks, ...plan.steps].map(part).join("\n");
}

for (const [name, sample] of Object.entries(samples())) {
  Deno.test(`golden text: ${name}`, () => {
    const file = new URL(`${name}.c`, GOLDEN), text = textOf(sample);
    if (Deno.env.get("DAMO_GOLDEN")) Deno.writeTextFileSync(file, text);
    assertEquals(text, Deno.readTextFileSync(file));
  });
}

/** A product with `batch` rows, and the update of its matrix. */
function pairText(batch: number): string {
  const x = float(batch, 784), d = float(batch, 500), W = float(784, 500);
  const product = dot(d, transpose(W)).owner!,
    update = dotAdd(W, float(), transpose(x), d).owner!;
  const of = ({ inputs, outputs }: Apply, columns: number) =>
    [...inputs, ...outputs].map((v, i) =>
      i === columns ? transposed(layout(v)) : layout(v)
    );
  const { step } = implementPair({
    product: { node: product, layouts: of(product, 1), operands: [0, 1, 5] },
    update: {
      node: update,
      layouts: of(update, 2),
      operands: [1, 2, 3, 0, 4],
    },
    matrix: [1, 0],
    inputs: 4,
    inplace: 1,
  }, FIXED_TARGET)!;
  return `${step.kernel.text}/* extents: ${JSON.stringify(step.extents)} */\n`;
}

for (const [name, batch] of [["pair_vector", 1], ["pair_rows", 3]] as const) {
  Deno.test(`golden text: ${name}`, () => {
    const file = new URL(`${name}.c`, GOLDEN), text = pairText(batch);
    if (Deno.env.get("DAMO_GOLDEN")) Deno.writeTextFileSync(file, text);
    assertEquals(text, Deno.readTextFileSync(file));
  });
}

Deno.test("kernels of other lengths have the same text", () => {
  const text = (...shape: number[]) =>
    textOf({ y: tanh(float(...shape)) }).split("/* extents")[0];
  assertEquals(text(60, 500), text(7000));
  assertEquals(text(60, 500), text(3, 4, 5));
  const rows = (m: number, n: number) =>
    textOf({ y: sum(float(m, n), { axis: 1 }) }).split("/* extents")[0];
  assertEquals(rows(60, 500), rows(5, 17));
  assert(rows(60, 10) !== rows(60, 11));
});

Deno.test("an op without loops has no plan", () => {
  const node = tanh(float(3)).owner!;
  const bare = {
    ...node,
    op: { ...node.op, loops: undefined },
  } as unknown as Apply;
  assertEquals(
    implement(bare, [layout(float(3)), layout(float(3))], -1, FIXED_TARGET),
    null,
  );
});
