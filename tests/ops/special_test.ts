/** Special functions against values in 40 digits, at the edges of their domains, and their C against the file it is printed from. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as bessel from "../../src/ops/elementwise/special_bessel.ts";
import * as errors from "../../src/ops/elementwise/special_error.ts";
import * as gammas from "../../src/ops/elementwise/special_gamma.ts";
import * as incomplete from "../../src/ops/elementwise/special_incomplete.ts";
import { PROMISES } from "./special_promises.ts";
import { SPECIAL_VALUES } from "./special_values.ts";

const functions: Readonly<Record<string, (...x: number[]) => number>> = {
  ...bessel,
  ...errors,
  ...gammas,
  ...incomplete,
};

for (const [name, rows] of Object.entries(SPECIAL_VALUES)) {
  const { units, scale } = PROMISES[name]!;
  Deno.test(`${name} is within ${units} units in the last place`, () => {
    for (const [x, want] of rows) {
      const found = functions[name]!(...x),
        size = Math.max(Math.abs(want), scale?.(...x) ?? 0);
      const off = Math.abs(found - want) / size / 2 ** -52;
      assert(
        off <= units,
        `${name}(${x}) is ${found}, not ${want}: ${off} units`,
      );
    }
  });
}

Deno.test("every special function is tested", () => {
  assertEquals(
    Object.keys(PROMISES).sort(),
    Object.keys(SPECIAL_VALUES).sort(),
  );
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
  assertEquals([gammainc(-1, 1), betainc(1, 1, -1), betainc(0, 1, 0.5)], [
    NaN,
    NaN,
    NaN,
  ]);
  assertEquals([betainc(2, 3, 0), betainc(2, 3, 1)], [0, 1]);
});
