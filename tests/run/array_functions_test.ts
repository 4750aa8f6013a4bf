/** Functions on arrays that are graphs of several ops: values as NumPy has them, by the interpreter and by C alone. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as damo from "damo";
import type { NDArray } from "../../src/graph/ndarray.ts";
import { type Case, CASES, REFUSED } from "./array_functions.ts";

type Variable = damo.Variable;

/** What a case gives under a linker, with lengths that types do not know. */
function results(
  { inputs, build }: Pick<Case, "inputs" | "build">,
  linker: "cvm" | "reference",
): unknown {
  const given = inputs.map((x) =>
    damo.tensor(x.dtype, x.shape.map((n) => n === 1 ? 1 : null))
  );
  const made = build(...given), outputs = [made].flat() as Variable[];
  const f = damo.function(given, outputs, {
    mode: linker,
    onUnusedInput: "ignore",
  });
  try {
    const found = f(...inputs).map((y) =>
      typeof y === "number" ? y : (y as NDArray).toArray()
    );
    if (linker === "cvm") {
      assert(!f.explain().includes("has no C"), f.explain());
    }
    return made instanceof damo.Variable ? found[0] : found;
  } finally {
    f.free();
  }
}

for (const linker of ["reference", "cvm"] as const) {
  for (const [name, made] of Object.entries(CASES)) {
    Deno.test(`${linker}: ${name}`, () => {
      assertEquals(results(made, linker), made.want);
    });
  }
}

for (const linker of ["reference", "cvm"] as const) {
  for (const [name, made] of Object.entries(REFUSED)) {
    Deno.test(`${linker}: refuses ${name}`, () => {
      assertThrows(() => results(made, linker), RangeError);
    });
  }
}

Deno.test("functions on arrays refuse what they cannot be applied to", () => {
  const x = damo.matrix("x"), s = damo.scalar("s");
  const refused: readonly (readonly [() => unknown, string])[] = [
    [() => damo.topk(x, 0), "Cannot apply topk: k is 0"],
    [() => damo.sort(x, 2), "Cannot apply sort: axis 2 is out of range"],
    [() => damo.searchsorted(x, x), "Cannot apply searchsorted: expected"],
    [
      () => damo.searchsorted(damo.vector(), 1, { sorter: damo.vector() }),
      "the sorter is float32",
    ],
    [() => damo.diff(x, -1), "Cannot apply diff: n is -1"],
    [() => damo.diagonal(s), "Cannot apply diagonal: expected at least 2 axes"],
    [() => damo.diagonal(x, 0, 1, -1), "both axes are 1"],
    [() => damo.fillDiagonal(x, x), "expected a scalar that float32 holds"],
    [
      () => damo.fillDiagonal(damo.imatrix(), damo.dscalar()),
      "expected a scalar that int32 holds",
    ],
    [() => damo.nonzero(s), "Cannot apply nonzero: expected an axis"],
    [() => damo.take(x, x), "positions must be integers"],
    [() => damo.take(x, [0], 3), "axis 3 is out of range for 2 axes"],
    [() => damo.repeat(x, x), "Cannot apply repeat: expected integers"],
    [() => damo.repeat(x, -1), "Cannot repeat elements -1 times"],
    [() => damo.tensordot(x, x, [[0], [0, 1]]), "Cannot apply tensordot: axes"],
    [() => damo.batchedDot(x, s), "expected an axis of products"],
    [() => damo.bincount(x), "Cannot apply bincount: expected a vector"],
    [
      () => damo.ravelMultiIndex([[0]], [2, 3]),
      "1 positions for 2 axes",
    ],
    [() => damo.mgrid("0:"), "Cannot apply mgrid: expected ranges"],
    [() => damo.linspace(0, 1, -1), "Cannot apply linspace: num is -1"],
  ];
  for (const [build, message] of refused) {
    assertThrows(build, Error, message);
  }
});

Deno.test("a thousand arrays are joined, whatever lengths they take", () => {
  const parts = Array.from({ length: 1000 }, () => damo.dvector());
  const f = damo.function(parts, damo.join(0, ...parts));
  for (const more of [0, 1, 2, 3]) {
    const values = parts.map((_, i) => Array(i % 3 + more).fill(i) as number[]);
    assertEquals(f(...values).toArray(), values.flat());
  }
});
