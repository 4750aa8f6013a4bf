/** Factors in memory, and products that must agree with values. */
import { assert, assertEquals } from "@std/assert";
import {
  allocate,
  castElement,
  type Dtype,
  isFloat,
} from "../../src/graph/dtype.ts";
import { NDArray } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { type Apply, Variable } from "../../src/graph/variable.ts";
import { FIXED_TARGET, type Target } from "../../src/lower/target.ts";
import { type Options, run } from "./harness.ts";

/** A machine without a BLAS. */
export const OWN: Target = { ...FIXED_TARGET, blas: false };

export type Form = "rows" | "columns" | "padded" | "strided" | "reversed";

/** Values whose memory has this form. */
export function values(
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

export function variable(x: NDArray): Variable {
  return new Variable(dense(x.dtype, x.shape));
}

export function expectProduct(
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
