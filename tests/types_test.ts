/** Ranks in types: what the compiler infers, and what it refuses. Each line is checked by `deno check`. */
import { assertEquals, assertThrows } from "@std/assert";
import { dense } from "../src/graph/type.ts";
import { SharedVariable, Variable } from "../src/graph/variable.ts";
import { HostStorage } from "../src/graph/storage.ts";
import { array } from "../src/graph/ndarray.ts";
import "../src/ops/methods.ts";

function variable<R extends number>(ndim: R): Variable<R> {
  return new Variable<R>(dense("float32", Array<null>(ndim).fill(null)));
}

/** Refuses, when checked, a variable whose static rank is not R; also compares the rank it has. */
function rank<R extends number>(
  ndim: R,
): <S extends number>(
  v: Variable<S> & (S extends R ? R extends S ? unknown : never : never),
) => void {
  return (v) => assertEquals<number>(v.ndim, ndim);
}

const x = variable(2), y = variable(1), s = variable(0), cube = variable(3);

Deno.test("elementwise methods keep the larger rank", () => {
  rank(2)(x.add(y));
  rank(2)(y.add(x));
  rank(2)(x.mul(0.5));
  rank(2)(s.sub(x));
  rank(0)(s.div(s));
  rank(3)(cube.lt(x));
  rank(2)(x.exp().sigmoid().clip(0, 1).astype("int8"));
  // @ts-expect-error: the rank is 2
  void (() => rank(1)(y.add(x)));
});

Deno.test("reductions without an axis have no axes", () => {
  rank(0)(x.sum());
  rank(0)(x.mean());
  rank(2)(x.max({ axis: 1, keepdims: true }));
  const some: Variable = x.sum({ axis: 0 });
  assertEquals(some.ndim, 1);
  // @ts-expect-error: keepdims keeps both axes
  void (() => rank(0)(x.sum({ keepdims: true })));
});

Deno.test("products", () => {
  rank(2)(x.dot(x));
  rank(1)(x.dot(y));
  rank(1)(y.dot(x));
  rank(0)(y.dot(y));
  rank(2)(s.dot(x));
  // @ts-expect-error: a vector with a vector has no axes
  void (() => rank(1)(y.dot(y)));
});

Deno.test("shapes", () => {
  rank(2)(x.T);
  rank(1)(x.shape);
  rank(0)(x.size);
  rank(3)(x.reshape([2, 3, -1]));
  rank(1)(x.flatten());
  rank(3)(x.dimshuffle([0, "x", 1]));
  rank(1)(x.at(0));
  rank(2)(x.at("1:"));
  rank(3)(x.at(null));
  rank(0)(x.at(0, -1));
  // @ts-expect-error: one axis is left
  void (() => rank(2)(x.at(0)));
});

Deno.test("a known rank stands for an unknown one, not the other way round", () => {
  const any: Variable = x;
  assertEquals(any.ndim, 2);
  const shared = new SharedVariable<2>(
    dense("float32", [null, null]),
    new HostStorage(array([[1]])),
  );
  const anyShared: SharedVariable = shared;
  assertEquals(anyShared.ndim, 2);
  // @ts-expect-error: a matrix is no vector
  const wrong: Variable<1> = x;
  assertEquals(wrong.ndim as number, 2);
  rank(2)(shared.add(1));
});

Deno.test("what is no operand is refused", () => {
  // @ts-expect-error: a string is no operand
  void (() => x.add("1"));
  // @ts-expect-error: no such dtype
  void (() => x.astype("float128"));
  assertThrows(() => (x as unknown as number) * 2, TypeError, "write a.add(b)");
});
