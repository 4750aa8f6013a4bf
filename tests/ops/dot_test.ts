/** dot, dotAdd and outer against NumPy: ranks, dtypes, errors. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { array } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { constant, zeros } from "../../src/ops/constructors.ts";
import { transpose } from "../../src/ops/shape/dimshuffle.ts";
import { dot, dotAdd, outer } from "../../src/ops/products/dot.ts";
import { mul } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import {
  imatrix,
  ivector,
  matrix,
  scalar,
  tensor,
  vector,
} from "../../src/ops/inputs.ts";
import { verifyGrad } from "../../src/grad/verify.ts";
import { spread } from "./values.ts";

const A = constant([[1, 2, 3], [4, 5, 6]]),
  v = constant([1, -1, 2]),
  w = constant([10, 1]);

function run(y: Variable) {
  return evaluate([y])[0]!.toArray();
}

Deno.test("dot of vectors and matrices", () => {
  assertEquals(run(dot(v, v)), 6);
  assertEquals(run(dot(A, v)), [5, 11]);
  assertEquals(run(dot(w, A)), [14, 25, 36]);
  assertEquals(run(dot(A, transpose(A))), [[14, 32], [32, 77]]);
  assertEquals(dot(2, A).owner!.op, mul.op);
});

Deno.test("integers wrap in their dtype; what is mixed is promoted", () => {
  assertEquals(
    run(dot(constant(Uint8Array.of(200, 3)), constant(Uint8Array.of(2, 1)))),
    (400 + 3) & 255,
  );
  assertEquals(
    run(
      dot(constant(Int32Array.of(2 ** 30, 1)), constant(Int32Array.of(4, 7))),
    ),
    7,
  );
  assertEquals(
    run(
      dot(
        constant(BigInt64Array.of(2n ** 40n)),
        constant(BigInt64Array.of(2n)),
      ),
    ),
    2 ** 41,
  );
  assertEquals(
    run(
      dot(
        constant([true, false], { dtype: "bool" }),
        constant([true, true], { dtype: "bool" }),
      ),
    ),
    1,
  );
  assertEquals(dot(imatrix(), vector()).dtype, "float32");
  assertEquals(dot(ivector(), imatrix()).dtype, "int32");
});

Deno.test("inner lengths and ranks are checked when the graph is built, where they are known", () => {
  assertThrows(
    () => dot(zeros([2, 3]), zeros([4, 5])),
    RangeError,
    "Cannot apply dot: inner lengths are 3 and 4",
  );
  assertThrows(
    () => dot(zeros([2, 3, 4]), zeros([3, 4])),
    RangeError,
    "Cannot apply dot: inner lengths are 4 and 3",
  );
  const x = vector("x");
  assertThrows(
    () => evaluate([dot(x, v)], new Map([[x, array([1])]])),
    RangeError,
    "inner lengths are 1 and 3",
  );
  assertEquals(
    dot(tensor("float32", ["n", 3]), tensor("float32", [3, 1])).type.shape,
    ["n", 1],
  );
});

Deno.test("more axes: the last of x against the last but one of y", () => {
  const lengths: readonly (readonly [number[], number[]])[] = [
    [[2, 5, 3], [3, 4]],
    [[2, 5, 3], [3]],
    [[3], [2, 3, 4]],
    [[5, 3], [2, 3, 4]],
    [[2, 2, 3], [2, 3, 2]],
    [[0, 2, 3], [3, 4]],
  ];
  for (const [m, n] of lengths) {
    const [a, b] = [spread(m), spread(n, { seed: 2 })];
    const [x, y] = [a, b].map((v) =>
      tensor("float64", v.shape.map(() => null))
    ) as [Variable, Variable];
    const xs = a.flat(), ys = b.flat(), k = m.at(-1)!;
    const columns = n.at(-1)!, wide = n.length > 1 ? columns : 1;
    const [got] = evaluate([dot(x, y)], new Map([[x, a], [y, b]]));
    const rest = n.length > 1 ? [...n.slice(0, -2), columns] : [];
    assertEquals(got!.shape, [...m.slice(0, -1), ...rest]);
    got!.flat().forEach((z, at) => {
      const of = ys.length / k, row = Math.floor(at / of), column = at % of;
      const first = Math.floor(column / wide) * k * wide + column % wide;
      let sum = 0;
      for (let l = 0; l < k; l++) {
        sum += Number(xs[row * k + l]) * Number(ys[first + l * wide]);
      }
      assertAlmostEquals(Number(z), sum, 1e-13 * Math.abs(sum));
    });
    if (a.size > 0) verifyGrad(dot, [a, b]);
  }
});

Deno.test("dotAdd adds a scaled product", () => {
  assertEquals(run(dotAdd(w, constant(2), A, v)), [20, 23]);
  assertEquals(run(dotAdd(constant([1, 2]), constant(-1), A, transpose(A))), [[
    -13,
    -30,
  ], [-31, -75]]);
  assertThrows(
    () => dotAdd(matrix(), scalar(), A, v),
    TypeError,
    "Cannot apply dotAdd: operands are float32 (?, ?)",
  );
  assertThrows(
    () => dotAdd(zeros([3]), scalar(), A, v),
    RangeError,
    "axis 0 of the first operand has length 3, of the product 2",
  );
});

Deno.test("dotAdd is as long as what it adds to, where types do not know the product", () => {
  const { shape } = dotAdd(zeros([3, 4]), scalar(), matrix(), matrix()).type;
  assertEquals(shape, [3, 4]);
});

Deno.test("dotAdd may write in the memory of its first operand only where that has the full shape", () => {
  const inplace = (y: Variable) => {
    const { op, inputs, outputs, params } = y.owner!;
    return op.loops!({
      inputs: inputs.map((v) => v.type),
      outputs: outputs.map((v) => v.type),
      params,
    }).inplace;
  };
  assertEquals(inplace(dotAdd(matrix(), scalar(), matrix(), matrix())), [0]);
  assertEquals(
    inplace(dotAdd(vector(), scalar(), matrix(), matrix())),
    undefined,
  );
});

Deno.test("outer flattens its operands", () => {
  assertEquals(run(outer(w, v)), [[10, -10, 20], [1, -1, 2]]);
  assertEquals(outer(A, 3).type.shape, [6, 1]);
});
