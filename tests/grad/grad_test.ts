/** Reverse mode: values, tuples, connections, and what is refused. */
import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { toposort } from "../../src/graph/walk.ts";
import {
  DISCONNECTED,
  DisconnectedInputError,
  grad,
  Lop,
  MissingRuleError,
} from "../../src/grad/grad.ts";
import {
  considerConstant,
  disconnectedGrad,
  gradClip,
  gradScale,
  zeroGrad,
} from "../../src/grad/identities.ts";
import { shared } from "../../src/ops/constructors.ts";
import { defineOp, type X } from "../../src/ops/define.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  add,
  cast,
  exp,
  floor,
  mul,
  sqr,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import {
  dmatrix,
  dscalar,
  dvector,
  ivector,
  tensor,
} from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";

const doubles = (x: number[]) => array(x, { dtype: "float64" });

function value(y: Variable, ...given: [Variable, NDArray][]) {
  return evaluate([y], new Map(given))[0]!;
}

Deno.test("grad of a product, by one variable and by a tuple", () => {
  const x = dvector("x"), w = dvector("w");
  const cost = sum(mul(sqr(x), w));
  const one: Variable<1> = grad(cost, x);
  const [gx, gw]: readonly [Variable<1>, Variable<1>] = grad(cost, [x, w]);
  const at: [Variable, NDArray][] = [[x, doubles([1, 2])], [
    w,
    doubles([3, 4]),
  ]];
  assertEquals(value(one, ...at).toArray(), [6, 16]);
  assertEquals(value(gx, ...at).toArray(), [6, 16]);
  assertEquals(value(gw, ...at).toArray(), [1, 4]);
});

Deno.test("grad adds what comes by several paths", () => {
  const x = dscalar("x");
  const y = mul(x, x);
  assertEquals(
    value(grad(add(y, mul(y, x)), x) as Variable, [
      x,
      array(3, { dtype: "float64" }),
    ]).item(),
    6 + 27,
  );
});

Deno.test("grad refuses a cost with axes, at compile time and when built", () => {
  const x = dvector("x");
  // @ts-expect-error: the rank is known to be 1
  assertThrows(() => grad(x, x), TypeError, "the cost has 1 axes");
  const unknown: Variable = x;
  assertThrows(() => grad(unknown, x), TypeError, "the cost has 1 axes");
  assertThrows(() => grad(null, x), TypeError, "neither a cost nor knownGrads");
  for (const wrt of [3, undefined, [x, undefined]]) {
    assertThrows(
      () => grad(sum(x), wrt as never),
      TypeError,
      "expected a Variable or a list of them, got",
    );
  }
});

Deno.test("unconnected variables raise, warn or give what is asked for", () => {
  const x = dvector("x"), other = dvector("other"), cost = sum(x);
  assertThrows(
    () => grad(cost, other),
    DisconnectedInputError,
    "no differentiable path",
  );
  const ignore = { disconnectedInputs: "ignore" } as const;
  const zero = grad(cost, other, ignore);
  assertEquals(value(zero, [other, doubles([1, 2])]).toArray(), [0, 0]);
  assertStrictEquals(
    grad(cost, other, { ...ignore, returnDisconnected: "none" }),
    null,
  );
  assertStrictEquals(
    grad(cost, other, { ...ignore, returnDisconnected: "disconnected" }),
    DISCONNECTED,
  );
});

Deno.test("integers get zeros in floatX, and pass gradients to nothing", () => {
  const i = ivector("i"), x = dvector("x");
  const through = sum(mul(cast(i, "float64"), x));
  const g = grad(through, i);
  assertEquals(g.dtype, "float32");
  assertEquals(
    value(g, [i, array([1, 2], { dtype: "int32" })], [x, doubles([5, 6])])
      .toArray(),
    [5, 6],
  );
  const stopped = grad(sum(cast(add(i, 1), "float64")), i);
  assertEquals(
    value(stopped, [i, array([1, 2], { dtype: "int32" })]).toArray(),
    [0, 0],
  );
  assertEquals(value(grad(sum(floor(x)), x), [x, doubles([1.5])]).toArray(), [
    0,
  ]);
});

Deno.test("considerConstant stops the gradient; knownGrads replaces it", () => {
  const x = dvector("x"), y = sqr(x), cost = sum(mul(y, x));
  const at: [Variable, NDArray] = [x, doubles([3])];
  assertEquals(value(grad(cost, x), at).toArray(), [27]);
  assertEquals(value(grad(cost, x, { considerConstant: [y] }), at).toArray(), [
    9,
  ]);
  assertEquals(
    value(grad(cost, x, { knownGrads: [[y, doubles([10])]] }), at).toArray(),
    [60 + 9],
  );
  assertEquals(
    value(grad(null, x, { knownGrads: new Map([[y, doubles([10])]]) }), at)
      .toArray(),
    [60],
  );
});

Deno.test("identities change the gradient and not the value", () => {
  const x = dvector("x"), at: [Variable, NDArray] = [x, doubles([3])];
  const through = (f: (x: Variable) => Variable) => {
    const y = f(x);
    assertEquals(value(y, at).toArray(), [3]);
    return value(grad(sum(mul(y, x)), x), at).toArray();
  };
  assertEquals(through(considerConstant), [3]);
  assertEquals(through(zeroGrad), [3]);
  assertEquals(through(disconnectedGrad), [3]);
  assertThrows(
    () => gradClip(x, "low" as unknown as number, 1),
    TypeError,
    'low is "low", expected a number',
  );
  assertEquals(through((v) => gradClip(v, -1, 1)), [3 + 1]);
  assertEquals(through((v) => gradScale(v, 10)), [3 + 30]);
  assertThrows(() => grad(sum(disconnectedGrad(x)), x), DisconnectedInputError);
  assertEquals(value(grad(sum(considerConstant(x)), x), at).toArray(), [0]);
});

Deno.test("Lop multiplies with the Jacobian from the left", () => {
  const w = dmatrix("w"), x = dvector("x"), v = dvector("v");
  const y = dot(w, x);
  const [gw, gx] = Lop(y, [w, x], v);
  const at: [Variable, NDArray][] = [
    [w, array([[1, 2], [3, 4]], { dtype: "float64" })],
    [x, doubles([5, 6])],
    [v, doubles([1, 10])],
  ];
  assertEquals(value(gw, ...at).toArray(), [[5, 6], [50, 60]]);
  assertEquals(value(gx, ...at).toArray(), [31, 42]);
  assertThrows(
    () => Lop([y, x], x, [v]),
    TypeError,
    "2 results need as many evalPoints",
  );
});

Deno.test("an op without a gradient is named, but only where it is in the way", () => {
  const opaque = defineOp<X>({
    name: "opaque",
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) => x,
  });
  const x = dvector("x"), w = dvector("w");
  assertThrows(
    () => grad(sum(opaque(x)), x),
    MissingRuleError,
    "Cannot differentiate opaque",
  );
  grad(sum(mul(opaque(x), w)), w);
});

Deno.test("gradients carry the origin of what they derive from", () => {
  const x = dvector("x"), y = tanh(x), cost = sum(y);
  const known = new Set(toposort([cost]).map((node) => node.origin));
  const made = toposort([grad(cost, x)]).filter((node) =>
    !toposort([cost]).includes(node)
  );
  assert(made.some((node) => node.origin === y.owner!.origin));
  assert(made.every((node) => known.has(node.origin)));
});

Deno.test("a gradient through 20,000 applications needs no deep stack", () => {
  const x = dscalar("x");
  let y: Variable = x;
  for (let i = 0; i < 20_000; i++) y = add(y, x);
  const g = grad(y, x);
  assertEquals(
    value(g as Variable, [x, array(1, { dtype: "float64" })]).item(),
    20_001,
  );
});

Deno.test("gradients have the dtype and lengths of their variable", () => {
  const W = shared(array([[1, 2], [3, 4]], { dtype: "float64" }), {
    name: "W",
  });
  const x = tensor("float32", [null, 2], "x");
  const g = grad(sum(exp(dot(x, W))), [W, x]);
  assertEquals(g.map((v) => v.dtype), ["float64", "float32"]);
  const at: [Variable, NDArray] = [x, array([[0, 0], [0, 0], [0, 0]])];
  assertEquals(g.map((v) => value(v, at).shape), [[2, 2], [3, 2]]);
});

Deno.test("an integer cost has gradient zero, by itself too", () => {
  const x = dvector("x"), cost = sum(gt(x, 0));
  const g = grad(cost, cost);
  assertEquals([g.dtype, g.ndim], ["float32", 0]);
  assertEquals(value(g as Variable, [x, array([1, 2, 3])]).item(), 0);
});
