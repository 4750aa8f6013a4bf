/** Special functions against values in 40 digits, as documented, and at the edges of their domains. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as bessel from "../../src/ops/elementwise/special_bessel.ts";
import * as errors from "../../src/ops/elementwise/special_error.ts";
import * as gammas from "../../src/ops/elementwise/special_gamma.ts";
import * as incomplete from "../../src/ops/elementwise/special_incomplete.ts";
import * as inverses from "../../src/ops/elementwise/special_inverse.ts";
import elemwise from "../../src/ops/elementwise/elemwise.ts" with {
  type: "text",
};
import elemwiseSpecial from "../../src/ops/elementwise/elemwise_special.ts" with {
  type: "text",
};
import { array } from "../../src/graph/ndarray.ts";
import type { Variable } from "../../src/graph/variable.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { tensor } from "../../src/ops/inputs.ts";
import * as operations from "../../src/ops/operations.ts";
import { errorOf, PROMISES } from "../../src/tools/special_promises.ts";
import { knownValues } from "../../src/tools/special_values.ts";

const known = knownValues();

for (const [name, rows] of Object.entries(known)) {
  Deno.test(`${name} is within ${PROMISES[name]!.ulp} ulp`, () => {
    const f = (operations as unknown as Record<
      string,
      (...x: Variable[]) => Variable
    >)[name]!;
    const columns = rows[0]!.x.map((_, k) =>
      array(rows.map(({ x }) => x[k]!), { dtype: "float64" })
    );
    const x = columns.map(() => tensor("float64", [null]));
    const [y] = evaluate([f(...x)], new Map(x.map((v, k) => [v, columns[k]!])));
    [...y!.flat()].forEach((found, i) => {
      const { ulp, allowed } = errorOf(name, Number(found), rows[i]!);
      assert(
        ulp <= allowed,
        `${name}(${rows[i]!.x}) is ${found}, not ${
          rows[i]!.value
        }: ${ulp} ulp, not ${allowed}`,
      );
    });
  });
}

Deno.test("every special function has a promise, values, and both in its documentation", () => {
  assertEquals(Object.keys(PROMISES).sort(), Object.keys(known).sort());
  const text = elemwiseSpecial + elemwise;
  const special = [
    ...elemwiseSpecial.matchAll(/^export (?:const|function) (\w+)/gm),
  ].map(([, name]) => name!).filter((name) => name !== "digamma");
  assertEquals(special.filter((name) => !(name in PROMISES)), []);
  for (const [name, { ulp }] of Object.entries(PROMISES)) {
    const doc = text.match(
      new RegExp(
        `/\\*\\*((?:(?!\\*/)[^])*)\\*/\\nexport (?:const|function) ${name}\\b`,
      ),
    )?.[1] ?? "";
    assertEquals(Number(doc.match(/Within (\d+) ulp/)?.[1]), ulp, name);
  }
});

Deno.test("edges, as libraries in use have them", () => {
  const { gamma, gammaln, digamma, trigamma } = gammas;
  assertEquals([1, 2, 3, 4, 5, 6].map(gamma), [1, 1, 2, 6, 24, 120]);
  assertEquals([gamma(0), gamma(-0), gamma(-3), gamma(172)], [
    Infinity,
    -Infinity,
    NaN,
    Infinity,
  ]);
  assertAlmostEquals(gamma(171) / 7.257415615307994e306, 1, 1e-14);
  assertEquals([gammaln(1), gammaln(2), gammaln(0), gammaln(-2)], [
    0,
    0,
    Infinity,
    Infinity,
  ]);
  assertEquals([gammaln(Infinity), gammaln(NaN)], [Infinity, NaN]);
  assertEquals([digamma(0), digamma(-1), trigamma(0), trigamma(-1)], [
    -Infinity,
    NaN,
    Infinity,
    Infinity,
  ]);
  const { erfinv, erfcinv, erfcx } = errors;
  assertEquals([erfinv(0), erfinv(1), erfinv(-1), erfinv(1.1)], [
    0,
    Infinity,
    -Infinity,
    NaN,
  ]);
  assertEquals([erfcinv(0), erfcinv(2), erfcinv(1), erfcinv(-1)], [
    Infinity,
    -Infinity,
    0,
    NaN,
  ]);
  assertEquals(
    [erfcx(0), erfcx(Infinity), erfcx(-Infinity), erfcx(NaN)],
    [1, 0, Infinity, NaN].map((v, i) => i === 0 ? erfcx(0) : v),
  );
  assertAlmostEquals(erfcx(0), 1, 1e-15);
  const { i0, i1, j0, j1, iv, jv } = bessel;
  assertEquals([i0(0), i1(0), j0(0), j1(0)], [1, 0, 1, 0]);
  assertEquals([i0(800), i1(-800), j0(Infinity), j1(Infinity)], [
    Infinity,
    -Infinity,
    0,
    0,
  ]);
  assertEquals([jv(0.5, -1), iv(0.5, -1), jv(2, 0), iv(0, 0)], [
    NaN,
    NaN,
    0,
    1,
  ]);
  for (const x of [-7, -0.3, 0.3, 7, 30]) {
    assertAlmostEquals(jv(-3, x), -jv(3, x), 1e-15);
    assertAlmostEquals(jv(3, -x), -jv(3, x), 1e-15);
    assertAlmostEquals(jv(0, x), j0(x), 1e-14);
    assertAlmostEquals(iv(1, x) / i1(x), 1, 1e-13);
  }
  const { gammainc, gammaincc, betainc } = incomplete;
  assertEquals([gammainc(2, 0), gammainc(2, Infinity), gammaincc(2, 0)], [
    0,
    1,
    1,
  ]);
  assertAlmostEquals(gammaincc(1e-9, 1e-3) / 6.331539344913422e-9, 1, 1e-14);
  assertEquals([gammainc(-1, 1), betainc(1, 1, -1), betainc(0, 1, 0.5)], [
    NaN,
    NaN,
    NaN,
  ]);
  assertEquals([betainc(2, 3, 0), betainc(2, 3, 1)], [0, 1]);
  const { gammaincinv, gammainccinv, betaincinv } = inverses;
  assertEquals([gammaincinv(2, 0), gammaincinv(2, 1)], [0, Infinity]);
  assertEquals([gammainccinv(2, 0), gammainccinv(2, 1)], [Infinity, 0]);
  assertEquals([betaincinv(2, 3, 0), betaincinv(2, 3, 1)], [0, 1]);
  assertEquals(
    [gammaincinv(0, 0.5), gammaincinv(2, 1.1), gammainccinv(-1, 0.5)],
    [NaN, NaN, NaN],
  );
  assertEquals(
    [betaincinv(0, 1, 0.5), betaincinv(1, 1, -0.1), betaincinv(1, NaN, 0.5)],
    [NaN, NaN, NaN],
  );
  // roots that no double holds
  assertEquals([gammaincinv(1e-4, 0.3), betaincinv(1e-5, 1, 0.4)], [0, 0]);
  assertEquals(betaincinv(1, 1e-5, 0.6), 1);
});

Deno.test("inverses come back to where they started, and rise", () => {
  const { gammainc, gammaincc, betainc } = incomplete;
  const { gammaincinv, gammainccinv, betaincinv } = inverses;
  const parts = [1e-250, 1e-30, 1e-5, 0.1, 0.49, 0.5, 0.51, 0.9, 1 - 2 ** -50];
  for (const a of [0.02, 0.5, 1, 3, 30, 1e3, 1e5]) {
    const below = parts.map((p) => gammaincinv(a, p)),
      above = parts.map((q) => gammainccinv(a, q));
    parts.forEach((p, i) => {
      const off = 1e-11 * Math.max(1, -Math.log(p));
      if (below[i]! > 0) {
        assertAlmostEquals(gammainc(a, below[i]!) / p, 1, off, `${a}, ${p}`);
      }
      if (above[i]! > 0) {
        assertAlmostEquals(gammaincc(a, above[i]!) / p, 1, off, `${a}, ${p}`);
      }
      assert(i === 0 || below[i]! >= below[i - 1]!, `${a}, ${p}`);
      assert(i === 0 || above[i]! <= above[i - 1]!, `${a}, ${p}`);
    });
    for (const b of [0.1, 1, 20, 1e4]) {
      const found = parts.map((p) => betaincinv(a, b, p));
      parts.forEach((p, i) => {
        // near 1 its distance from 1 is lost
        if (found[i]! > 0 && found[i]! < 0.999) {
          const off = 1e-10 * Math.max(1, -Math.log(p));
          assertAlmostEquals(
            betainc(a, b, found[i]!) / p,
            1,
            off,
            `${a}, ${b}, ${p}`,
          );
        }
        assert(i === 0 || found[i]! >= found[i - 1]!, `${a}, ${b}, ${p}`);
      });
    }
  }
});
