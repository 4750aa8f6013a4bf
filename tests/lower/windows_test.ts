/** Sums over windows in register tiles, against the op's own values: lanes of columns and of sums, copies with borders and strides, parts for threads, other machines. */
import { assert, assertEquals } from "@std/assert";
import type { Dtype } from "../../src/graph/dtype.ts";
import { NDArray, rowMajor, sizeOf } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { Apply, Variable } from "../../src/graph/variable.ts";
import { implement } from "../../src/lower/emit/implement.ts";
import { FIXED_TARGET, type Target } from "../../src/lower/target.ts";
import { correlation } from "../../src/ops/images/correlate.ts";
import { spread } from "../ops/values.ts";
import { hasCompiler, layoutOf, run } from "./harness.ts";

const ignore = !hasCompiler();
const SMALL: Target = { ...FIXED_TARGET, vector: 32, registers: 16 };

/** Image, filters, stride, dilation, zeros in front, lengths of the result. */
type Case = readonly [
  x: readonly number[],
  w: readonly number[],
  stride: readonly number[],
  dilation: readonly number[],
  before: readonly number[],
  lengths: readonly number[],
];

const CASES: Readonly<Record<string, Case>> = {
  "whole images": [[3, 3, 20, 21], [8, 3, 5, 4], [1, 1], [1, 1], [0, 0], [
    16,
    18,
  ]],
  "a border": [[3, 5, 9, 21], [7, 5, 3, 3], [1, 1], [1, 1], [1, 2], [10, 24]],
  "a negative border": [[3, 5, 9, 21], [7, 5, 3, 3], [1, 1], [1, 1], [
    -1,
    -2,
  ], [6, 17]],
  "strides": [[3, 4, 19, 25], [6, 4, 3, 4], [2, 3], [1, 1], [1, 1], [9, 8]],
  "strides and dilation": [[2, 4, 19, 33], [6, 4, 3, 4], [2, 2], [1, 3], [
    1,
    2,
  ], [9, 14]],
  "groups": [[2, 3, 4, 12, 13], [3, 5, 4, 3, 3], [1, 1], [1, 1], [1, 1], [
    12,
    13,
  ]],
  "filters of one element": [[3, 16, 9, 9], [10, 16, 1, 1], [1, 1], [1, 1], [
    0,
    0,
  ], [9, 9]],
  "filters of one element, a border": [
    [3, 16, 9, 9],
    [10, 16, 1, 1],
    [1, 1],
    [1, 1],
    [1, 0],
    [11, 10],
  ],
  "one image, one filter": [[1, 9, 40, 40], [1, 9, 3, 3], [1, 1], [1, 1], [
    1,
    1,
  ], [40, 40]],
  "short rows": [[5, 8, 7, 7], [9, 8, 3, 3], [1, 1], [1, 1], [1, 1], [7, 7]],
  "volumes": [[2, 3, 8, 9, 10], [4, 3, 3, 2, 3], [1, 2, 1], [2, 1, 1], [
    1,
    0,
    1,
  ], [6, 4, 10]],
  "series": [[4, 5, 100], [6, 5, 7], [1], [2], [3], [94]],
  "as a gradient of filters": [
    [3, 8, 20, 21],
    [5, 8, 16, 17],
    [1, 1],
    [
      1,
      1,
    ],
    [0, 0],
    [5, 5],
  ],
  "as a gradient of filters with a border": [
    [3, 8, 20, 21],
    [5, 8, 20, 20],
    [1, 1],
    [1, 1],
    [1, 2],
    [3, 5],
  ],
  "as a gradient of filters with strides": [
    [3, 8, 20, 33],
    [5, 8, 9, 15],
    [1, 1],
    [2, 2],
    [1, 0],
    [4, 4],
  ],
};

function nodeOf([x, w, stride, dilation, before, lengths]: Case, dtype: Dtype) {
  return new Apply(
    correlation.op,
    [x, w].map((shape) => new Variable(dense(dtype, shape))),
    { stride, dilation, before, lengths },
  );
}

/** Checks values against those of the op: each term rounds once, by half an ulp of a sum of terms that is no larger than that of their sizes. */
function agree(found: NDArray, node: Apply, inputs: readonly NDArray[]): void {
  const value = (operands: readonly NDArray[]) =>
    node.op.eval(operands, node.params)[0]!;
  const size = (x: NDArray) =>
    new NDArray(
      "float64",
      x.shape,
      Float64Array.from(x.flat() as Float64Array, (v) => Math.abs(v)),
    );
  const wanted = value(inputs),
    sizes = value(inputs.map(size)).flat(),
    a = found.flat(),
    b = wanted.flat();
  const w = inputs[1]!.shape,
    terms = sizeOf(w) / w[w.length - node.params.stride.length - 2]!,
    unit = found.dtype === "float32" ? 2 ** -24 : 2 ** -53;
  assertEquals(found.shape, wanted.shape);
  for (let i = 0; i < a.length; i++) {
    assert(
      Math.abs(Number(a[i]) - Number(b[i])) <= terms * unit * Number(sizes[i]),
      `element ${i} is ${a[i]}, expected ${b[i]}`,
    );
  }
}

for (const [name, what] of Object.entries(CASES)) {
  Deno.test({
    name: `windows: ${name}`,
    ignore,
    fn() {
      for (const dtype of ["float32", "float64"] as const) {
        const [x, w] = what.slice(0, 2).map((shape, i) =>
          spread(shape, { low: -1, high: 1, seed: i + 1, dtype })
        ) as [NDArray, NDArray];
        const node = nodeOf(what, dtype),
          wanted = node.op.eval([x, w], node.params)[0]!;
        for (const target of [FIXED_TARGET, SMALL]) {
          const { note } = implement(
            node,
            [x, w, wanted].map((v) => layoutOf(v)),
            -1,
            target,
          )!;
          assertEquals(note, "correlate: own register tiles, windows");
          const bits = [1, 3].map((parts) => {
            const got = run(node, [x, w], [wanted.shape], { target, parts });
            assert(Array.isArray(got), "refused");
            agree(got[0]!, node, [x, w]);
            return [...got[0]!.flat()];
          });
          assertEquals(bits[0], bits[1], "parts give the same bits");
        }
      }
    },
  });
}

Deno.test({
  name:
    "windows: factors that lie in other orders, and filters from their ends",
  ignore,
  fn() {
    const what = CASES["a border"]!, dtype = "float32";
    const plain = what.slice(0, 2).map((shape, i) =>
      spread(shape, { low: -1, high: 1, seed: i + 1, dtype })
    ) as [NDArray, NDArray];
    const turned = (v: NDArray) => {
      const [a, b, c, d] = v.shape as [number, number, number, number];
      const out = new Float32Array(v.size);
      const strides = [c * d, a * c * d, d, 1];
      const made = new NDArray(dtype, [a, b, c, d], out, strides);
      v.flat().forEach((n, e) => {
        const i = Math.floor(e / (b * c * d)), j = Math.floor(e / (c * d)) % b;
        out[i * strides[0]! + j * strides[1]! + e % (c * d)] = Number(n);
      });
      return made;
    };
    const reversed = (v: NDArray) => {
      const strides = [...rowMajor(v.shape)];
      const offset = (v.shape[2]! - 1) * strides[2]! +
        (v.shape[3]! - 1) * strides[3]!;
      return new NDArray(
        dtype,
        v.shape,
        v.flat(),
        [strides[0]!, strides[1]!, -strides[2]!, -strides[3]!],
        offset,
      );
    };
    const inputs = [turned(plain[0]), reversed(plain[1])],
      node = nodeOf(what, dtype),
      wanted = node.op.eval(inputs, node.params)[0]!;
    const got = run(node, inputs, [wanted.shape]);
    assert(Array.isArray(got), "refused");
    agree(got[0]!, node, inputs);
  },
});

Deno.test({
  name: "windows: what is small, or has unknown lengths, is left to loops",
  ignore,
  fn() {
    const node = nodeOf(
      [[1, 2, 5, 5], [3, 2, 2, 2], [1, 1], [1, 1], [1, 1], [6, 6]],
      "float32",
    );
    const inputs = node.inputs.map((v, i) =>
      spread(v.type.shape as number[], {
        low: -1,
        high: 1,
        seed: i + 1,
        dtype: "float32",
      })
    );
    const wanted = node.op.eval(inputs, node.params)[0]!;
    for (const known of [() => true, () => false]) {
      const got = run(node, inputs, [wanted.shape], { known });
      assert(Array.isArray(got), "refused");
      agree(got[0]!, node, inputs);
    }
  },
});
