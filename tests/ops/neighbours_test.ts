/** Neighbourhoods of images: the modes, the way back, refusals. */
import { assertEquals, assertThrows } from "@std/assert";
import { array } from "../../src/graph/ndarray.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { tensor } from "../../src/ops/inputs.ts";
import {
  diagonalSubtensor,
  images2neibs,
  neibs2images,
} from "../../src/ops/images/neighbours.ts";

const run = (y: Variable) => evaluate([y])[0]!.toArray();
const row = (...xs: number[]) => new Constant(array([[[xs]]]));

Deno.test("neighbourhoods in every mode", () => {
  const x = row(1, 2, 3, 4);
  assertEquals(run(images2neibs(x, [1, 2])), [[1, 2], [3, 4]]);
  assertEquals(run(images2neibs(x, [1, 2], [1, 1])), [[1, 2], [2, 3], [3, 4]]);
  assertEquals(
    run(images2neibs(row(1, 2, 3), [1, 2], null, "ignore_borders")),
    [[1, 2]],
  );
  assertEquals(
    run(images2neibs(row(1, 2, 3), [1, 3], [1, 1], "wrap_centered")),
    [[3, 1, 2], [1, 2, 3], [2, 3, 1]],
  );
  assertEquals(
    run(images2neibs(row(1, 2, 3), [1, 3], [1, 1], "half")),
    [[0, 1, 2], [1, 2, 3], [2, 3, 0]],
  );
  assertEquals(
    run(images2neibs(row(1, 2), [1, 2], [1, 1], "full")),
    [[0, 1], [1, 2], [2, 0]],
  );
});

Deno.test("images come back", () => {
  const x = new Constant(
    array([[[[1, 2, 3, 4], [5, 6, 7, 8]], [[9, 10, 11, 12], [
      13,
      14,
      15,
      16,
    ]]]]),
  );
  assertEquals(
    run(neibs2images(images2neibs(x, [2, 2]), [2, 2], [1, 2, 2, 4])),
    x.data.toArray(),
  );
  assertEquals(
    run(
      neibs2images(
        images2neibs(row(1, 2, 3), [1, 2], null, "ignore_borders"),
        [1, 2],
        [1, 1, 1, 3],
        "ignore_borders",
      ),
    ),
    [[[[1, 2, 0]]]],
  );
});

Deno.test("diagonals of two axes", () => {
  const x = new Constant(array([[1, 2], [3, 4], [5, 6]]));
  assertEquals(run(diagonalSubtensor(x, 0, 1)), [[3, 2], [5, 4]]);
  assertThrows(
    () => diagonalSubtensor(x, 1, 0),
    RangeError,
    "axes 1 and 0 have lengths 2 and 3",
  );
});

Deno.test("neighbourhoods that do not fit are refused", () => {
  const x = tensor("float32", [1, 1, 5, 5]);
  assertThrows(
    () => images2neibs(x, [2, 2]),
    RangeError,
    "neighbourhoods of length 2 at steps of 2 do not fit an axis of length 5",
  );
  assertThrows(() => images2neibs(x, [6, 1]), RangeError, "length 6");
  assertThrows(
    () => images2neibs(x, [2, 1], null, "wrap_centered"),
    RangeError,
    "wrap_centered",
  );
  assertThrows(
    () => images2neibs(tensor("float32", [5, 5]), [2, 2]),
    TypeError,
    "expected 4 axes",
  );
});
