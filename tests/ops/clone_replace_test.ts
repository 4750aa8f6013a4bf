/** cloneReplace: inputs, inner variables and several at once; the graph given stays. */
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import "../../src/ops/methods.ts";
import { dense } from "../../src/graph/type.ts";
import { Variable } from "../../src/graph/variable.ts";
import { cloneReplace } from "../../src/ops/clone_replace.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { array } from "../../src/graph/ndarray.ts";

const scalar = () => new Variable(dense("float64", []));

Deno.test("variables are replaced at once, wherever they stand", () => {
  const x = scalar(), y = scalar(), s = x.add(y), z = s.mul(x);
  const values = new Map([[x, array(2, { dtype: "float64" })], [
    y,
    array(5, { dtype: "float64" }),
  ]]);
  const value = (v: Variable) => evaluate([v], values)[0]!.item();
  assertEquals(value(cloneReplace(z, { replace: [[x, y], [y, x]] })), 35);
  assertEquals(value(cloneReplace(z, { replace: new Map([[s, x]]) })), 4);
  assertEquals(value(cloneReplace(z, { replace: [[x, 10]] })), 150);
  const [a, b] = cloneReplace([z, y], { replace: [[s, y]] });
  assertEquals([value(a), value(b), value(z)], [10, 5, 14]);
  assertStrictEquals(cloneReplace(z), z);
});

Deno.test("a replacement of another type is refused, unless asked for", () => {
  const x = scalar(), z = x.add(1), v = new Variable(dense("float64", [3]));
  assertThrows(
    () => cloneReplace(z, { replace: [[x, v]] }),
    TypeError,
    "the same",
  );
  assertEquals(
    cloneReplace(z, { replace: [[x, v]], strict: false }).type.shape,
    [3],
  );
});
