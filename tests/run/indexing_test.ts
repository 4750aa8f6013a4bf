/** Indices whose bounds only the run knows: C against the interpreter. */
import { assertEquals } from "@std/assert";
import { function as compile } from "../../src/compile.ts";
import { slice } from "../../src/graph/indexing.ts";
import { array, NDArray } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { at, setSubtensor } from "../../src/ops/indexing/at.ts";
import { zeros } from "../../src/ops/constructors.ts";
import { dtensor3, lscalar, lvector, tensor } from "../../src/ops/inputs.ts";
import { maximum } from "../../src/ops/elementwise/elemwise.ts";
import { join } from "../../src/ops/shape/join.ts";
import { reshape } from "../../src/ops/shape/reshape.ts";
import "../../src/ops/methods.ts";

/** The same results by both linkers, whatever the lengths of x. */
function check(
  inputs: readonly Variable[],
  output: Variable,
  ...rest: readonly NDArray[]
): void {
  const compiled = (linker: "cvm" | "reference") =>
    compile(inputs, output, { mode: linker, onUnusedInput: "ignore" });
  const f = compiled("cvm"), reference = compiled("reference");
  for (const shape of [[2, 3, 4], [3, 3, 2], [2, 5, 3], [4, 3, 5]]) {
    const data = Float64Array.from(
      { length: shape[0]! * shape[1]! * shape[2]! },
      (_, i) => i,
    );
    const x = new NDArray("float64", shape, data);
    assertEquals(f(x, ...rest).toArray(), reference(x, ...rest).toArray());
  }
  f.free();
}

const x = dtensor3("x"), n = lscalar("n"), rows = lvector("rows");
const two = array(2, { dtype: "int64" });

Deno.test("a number put into the first rows of an array stays in them", () => {
  check([x, n], setSubtensor(x.at(slice(null, n)), 7), two);
  check([x, n], setSubtensor(x.at(":", slice(null, n)), 7), two);
  check([x, n], setSubtensor(x.at(":", ":", slice(null, n)), 7), two);
});

Deno.test("rows by an array beside a part of an axis", () => {
  const picked = array([1, 0, 1], { dtype: "int64" });
  check([x, rows, n], at(x, rows, slice(null, n)), picked, two);
  check(
    [x, rows, n],
    setSubtensor(at(x, rows, slice(null, n)), 7),
    picked,
    two,
  );
});

Deno.test("a shape that only the run knows may leave a length open", () => {
  const shape = tensor("int64", [2], "shape");
  const open = array([2, -1], { dtype: "int64" });
  check([x, shape], reshape(x.at(slice(0, 2)), shape), open);
});

Deno.test("what is behind the end of rows that only the run counts is nothing", () => {
  const m = maximum(n, 0), first = zeros([m, 2], "float64");
  check([x, n], join(0, at(first, slice(m, m)), at(x, 0, ":", ":2")), two);
});
