/** ifelse: laziness, several values, gradients; and evaluate, which is lazy where ifelse is. */
import { assertEquals, assertThrows } from "@std/assert";
import { array } from "../../src/graph/ndarray.ts";
import type { Apply, Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { assert } from "../../src/ops/debug.ts";
import { add, exp, mul, neg } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate, evaluateNode } from "../../src/ops/evaluate.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import { dscalar, dvector, lscalar, vector } from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";

const c = lscalar("c"),
  x = dvector("x"),
  given = (value: number) =>
    new Map<Variable, ReturnType<typeof array>>([[
      c,
      array(value, { dtype: "int64" }),
    ], [x, array(Float64Array.of(1, 2))]]);

Deno.test("only the branch taken is computed", () => {
  const never = assert(exp(x), 0, "not this one"),
    y = ifelse(c, mul(x, 2), never);
  assertEquals(evaluate([y], given(1))[0]!.toArray(), [2, 4]);
  assertThrows(
    () => evaluate([y], given(0)),
    RangeError,
    "Cannot pass an assertion: not this one",
  );
  const nested = ifelse(c, x, ifelse(c, never, neg(x)));
  assertEquals(evaluate([nested], given(0))[0]!.toArray(), [-1, -2]);
});

Deno.test("several values share the condition", () => {
  const [a, b] = ifelse(c, [x, 1], [neg(x), 2]);
  assertEquals(evaluate([a!, b!], given(0)).map((v) => v.toArray()), [
    [-1, -2],
    2,
  ]);
  assertEquals(a!.owner, b!.owner);
  assertThrows(
    () => ifelse(c, [x], [x, x]),
    TypeError,
    "the branches have 1 and 2 values",
  );
});

Deno.test("branches are promoted, lengths that differ are open", () => {
  const y = ifelse(c, vector(), dvector());
  assertEquals([y.dtype, y.type.shape], ["float64", [null]]);
  assertEquals(
    ifelse(c, [1, 2].map((v) => add(dscalar(), v)), [3, 4]).map((v) =>
      v.type.shape
    ),
    [[], []],
  );
  assertThrows(
    () => ifelse(c, x, 1),
    TypeError,
    "Cannot apply ifelse: value 0 is float64 (?,) or float64 ()",
  );
  assertThrows(
    () => ifelse(x, 1, 2),
    TypeError,
    "the condition must have no axes",
  );
});

Deno.test("the gradient of a branch is lazy too", () => {
  const z = dvector("z"),
    [gx, gz] = grad(sum(ifelse(c, mul(x, x), exp(z))), [x, z]);
  const values = given(1).set(z, array(Float64Array.of(0, 0)));
  assertEquals(evaluate([gx!, gz!], values).map((v) => v.toArray()), [[2, 4], [
    0,
    0,
  ]]);
  const computed: string[] = [];
  evaluate([gx!], values, (node: Apply, inputs) => {
    computed.push(node.op.name);
    return evaluateNode(node, inputs);
  });
  assertEquals(computed.includes("exp"), false);
});

Deno.test("evaluate takes given values for computed variables, and names what has none", () => {
  const y = exp(x);
  assertEquals(
    evaluate([add(y, 1)], new Map([[y, array(Float64Array.of(5))]]))[0]!
      .toArray(),
    [6],
  );
  assertThrows(
    () => evaluate([y]),
    TypeError,
    "Cannot evaluate: x float64 (?,) has no value",
  );
  let deep: Variable = x;
  for (let i = 0; i < 20000; i++) deep = neg(deep);
  assertEquals(evaluate([deep], given(0))[0]!.toArray(), [1, 2]);
});
