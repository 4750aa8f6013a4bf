/** einsum: every way in which letters meet, against sums written out, and what is refused. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import "../../src/ops/methods.ts";
import { array, type NDArray, sizeOf } from "../../src/graph/ndarray.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { verifyGrad } from "../../src/grad/verify.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { einsum } from "../../src/ops/products/einsum.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { spread } from "./values.ts";

const LENGTHS: Record<string, number> = { i: 2, j: 3, k: 4, l: 5, b: 2, c: 3 };

/** The sum over all letters, one product at a time. */
function writtenOut(
  inputs: readonly string[],
  output: string,
  xs: readonly NDArray[],
): number[] {
  const letters = [...new Set(inputs.join(""))];
  const shape = [...output].map((l) => LENGTHS[l]!),
    result = new Array<number>(sizeOf(shape)).fill(0);
  const at = new Map<string, number>();
  const place = (text: string) =>
    [...text].reduce((n, l) => n * LENGTHS[l]! + at.get(l)!, 0);
  const flat = xs.map((x) => x.flat());
  const walk = (k: number) => {
    if (k === letters.length) {
      result[place(output)]! += inputs.reduce(
        (p, t, i) => p * Number(flat[i]![place(t)]!),
        1,
      );
      return;
    }
    for (let n = 0; n < LENGTHS[letters[k]!]!; n++) {
      at.set(letters[k]!, n);
      walk(k + 1);
    }
  };
  walk(0);
  return result;
}

/** Subscripts, and the letters of the result where they are implicit. */
const FORMS: readonly (readonly [string, string?])[] = [
  ["ij,jk->ik"],
  ["ij,jk", "ik"],
  ["ij,kj->ki"],
  ["bij,bjk->bik"],
  ["ij,ij->"],
  ["ij,ij->ij"],
  ["i,j->ji"],
  ["ii"],
  ["ii->i"],
  ["bii->b"],
  ["ijk->ki"],
  ["ij->"],
  ["ij,jk,kl->il"],
  ["ij,ik,il->jkl"],
  ["bijk,bkl,l->bj"],
  ["ij,bc->ib"],
  ["bik,ckj->bcij"],
  ["ijj,jk->ik"],
  ["i,->i"],
  ["ab,ba->".replaceAll("a", "j").replaceAll("b", "k")],
];

for (const [subscripts, implicit] of FORMS) {
  Deno.test(`einsum ${subscripts} is its sum written out`, () => {
    const [left, right = implicit ?? ""] = subscripts.split("->") as [
      string,
      string?,
    ];
    const inputs = left.split(",");
    const xs = inputs.map((t, i) =>
      spread([...t].map((l) => LENGTHS[l]!), { low: -1, high: 1, seed: i + 1 })
    );
    const y = einsum(subscripts, ...xs), found = evaluate([y])[0]!;
    assertEquals(found.shape, [...right].map((l) => LENGTHS[l]!));
    const wanted = writtenOut(inputs, right, xs);
    found.flat().forEach((x, i) =>
      assertAlmostEquals(Number(x), wanted[i]!, 1e-12)
    );
  });
}

Deno.test("... are all other axes, aligned at the last one", () => {
  const x = spread([2, 3, 4]), y = spread([2, 5, 4], { seed: 2 });
  const [found, wanted] = evaluate([
    einsum("...ij,...kj->...ik", x, y),
    einsum("bij,bkj->bik", x, y),
  ]);
  assertEquals(found!.toArray(), wanted!.toArray());
  const v = spread([4], { seed: 3 });
  assertEquals(
    evaluate([einsum("...,...", x, v)])[0]!.toArray(),
    evaluate([new Constant(x).mul(new Constant(v))])[0]!.toArray(),
  );
});

Deno.test("einsum has the gradients of its products", () => {
  const xs = [[2, 3], [3, 4], [2, 4]].map((shape, i) =>
    spread(shape, { low: -1, high: 1, seed: i + 1 })
  );
  verifyGrad((x, y, z) => einsum("ij,jk,ik->i", x!, y!, z!), xs);
  const x = new Constant(array([[1, 2], [3, 4]], { dtype: "float64" }));
  const trace = einsum("ii", x) as Variable<0>;
  assertEquals(evaluate([grad(sum(trace) as Variable<0>, x)])[0]!.toArray(), [
    [1, 0],
    [0, 1],
  ]);
});

Deno.test("einsum refuses what does not fit, with the subscripts", () => {
  const x = spread([2, 3]), start = 'Cannot apply einsum "';
  const refused = (
    subscripts: string,
    xs: readonly NDArray[],
    why: string,
  ) => assertThrows(() => einsum(subscripts, ...xs), TypeError, why);
  refused("ij,jk", [x], `${start}ij,jk": it names 2 operands, got 1`);
  refused("ijk", [x], "operand 0 has 2 axes, and 3 letters");
  refused("ij->ik", [x], "no operand has k");
  refused("ij->ii", [x], "the result has a letter twice");
  refused("i1", [x], "expected letters");
  refused("...i->i", [x], "the result has no ..., and an operand has");
  assertThrows(() => einsum("ij,jk->ik", x, x), RangeError);
});
