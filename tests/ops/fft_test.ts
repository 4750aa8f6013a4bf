/** Fourier transforms: values by their definition, there and back, gradients, refusals. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import "../../src/ops/methods.ts";
import type { NDArray } from "../../src/graph/ndarray.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import { verifyGrad } from "../../src/grad/verify.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { irfft, rfft } from "../../src/ops/fft/fft.ts";
import { spread } from "./values.ts";

function valueOf(v: Variable): NDArray {
  return evaluate([v])[0]!;
}

function assertClose(found: Variable, want: NDArray, tolerance = 1e-12): void {
  const made = valueOf(found);
  assertEquals(made.shape, want.shape);
  made.flat().forEach((x, i) =>
    assertAlmostEquals(Number(x), Number(want.flat()[i]), tolerance)
  );
}

Deno.test("rfft is its definition, for all kinds of lengths", () => {
  for (const n of [1, 2, 3, 4, 5, 6, 8, 12, 15, 67, 128]) {
    const x = spread([1, n], { low: -1, high: 1 }), y = valueOf(rfft(x));
    assertEquals(y.shape, [1, Math.floor(n / 2) + 1, 2]);
    for (let k = 0; k < y.shape[1]!; k++) {
      let re = 0, im = 0;
      for (let j = 0; j < n; j++) {
        const angle = -2 * Math.PI * (j * k % n) / n;
        re += Number(x.at(0, j)) * Math.cos(angle);
        im += Number(x.at(0, j)) * Math.sin(angle);
      }
      assertAlmostEquals(Number(y.at(0, k, 0)), re, 1e-12);
      assertAlmostEquals(Number(y.at(0, k, 1)), im, 1e-12);
    }
  }
});

Deno.test("irfft takes rfft back, over one axis or more", () => {
  for (const shape of [[2, 6], [1, 7], [2, 3, 4], [2, 4, 5], [1, 2, 3, 5]]) {
    const x = spread(shape), isOdd = shape.at(-1)! % 2 === 1;
    assertClose(irfft(rfft(x), { isOdd }), x);
    assertClose(
      irfft(rfft(x, { norm: "ortho" }), { norm: "ortho", isOdd }),
      x,
    );
    const size = shape.slice(1).reduce((a, b) => a * b, 1);
    assertClose(
      irfft(rfft(x, { norm: "no_norm" }), { norm: "no_norm", isOdd }).div(size),
      x,
    );
  }
});

Deno.test("lengths cut and fill", () => {
  const x = spread([2, 5]);
  const part = new Constant(x).at(":", ":3");
  assertClose(rfft(x, { s: [3] }), valueOf(rfft(part)));
  const wide = valueOf(rfft(x, { s: [8] }));
  assertEquals(wide.shape, [2, 5, 2]);
  assertClose(irfft(wide, { s: [8] }).at(":", ":5"), x);
  const spectrum = spread([1, 4, 2]);
  assertEquals(valueOf(irfft(spectrum, { s: [4] })).shape, [1, 4]);
  assertEquals(valueOf(irfft(spectrum, { s: [9] })).shape, [1, 9]);
});

Deno.test("gradients", () => {
  for (const norm of [null, "ortho", "no_norm"] as const) {
    verifyGrad((x) => rfft(x, { norm }), [spread([2, 6])]);
    verifyGrad((x) => rfft(x, { norm }), [spread([1, 3, 5])]);
    verifyGrad((x) => irfft(x, { norm }), [spread([2, 4, 2])]);
    verifyGrad((x) => irfft(x, { norm, isOdd: true }), [spread([1, 3, 3, 2])]);
  }
});

Deno.test("refused", () => {
  const x = spread([2, 4]), y = spread([2, 3, 2]);
  for (const norm of [123, "forward"] as never[]) {
    assertThrows(() => rfft(x, { norm }), RangeError, "no norm is called");
    assertThrows(() => irfft(y, { norm }), RangeError, "no norm is called");
  }
  assertThrows(
    () => irfft(y, { isOdd: 123 as never }),
    RangeError,
    "isOdd is 123",
  );
  assertThrows(() => rfft(spread([4])), TypeError, "expandDims makes a batch");
  assertThrows(() => irfft(x), TypeError, "expected at least 3 axes");
  assertThrows(
    () => irfft(spread([2, 3, 3])),
    RangeError,
    "the last axis holds real and imaginary parts, its length is 3",
  );
});
