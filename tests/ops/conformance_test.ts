/** Every op agrees with itself: types with values, tangents with finite differences, cotangents with tangents. */
import { assert, assertEquals } from "@std/assert";
import { isFloat } from "../../src/graph/dtype.ts";
import { type Shaped, STATIC } from "../../src/graph/length.ts";
import { NDArray } from "../../src/graph/ndarray.ts";
import { dense, fits } from "../../src/graph/type.ts";
import { type Apply, Variable } from "../../src/graph/variable.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import {
  applySample,
  exportedOps,
  type Sample,
  samplesOf,
  scattered,
  spread,
} from "./conformance.ts";

/** Values a sample takes when its float64 operands move by `step` along `directions`. */
function moved(
  { op, params, inputs }: Sample,
  directions: readonly (NDArray | null)[],
  step: number,
): readonly NDArray[] {
  return op.eval(
    inputs.map((x, k) => {
      const d = directions[k]?.flat();
      return d
        ? new NDArray(
          x.dtype,
          x.shape,
          Float64Array.from(
            x.flat() as Float64Array,
            (v, i) => v + step * (d[i] as number),
          ),
        )
        : x;
    }),
    params,
  );
}

function inner(x: NDArray, y: NDArray): number {
  const other = numbers(y);
  return numbers(x).reduce((sum, v, i) => sum + v * other[i]!, 0);
}

function assertClose(
  found: readonly number[],
  wanted: readonly number[],
  tolerance: number,
  what: string,
): void {
  assertEquals(found.length, wanted.length, what);
  found.forEach((x, i) => {
    const y = wanted[i]!;
    assert(
      Math.abs(x - y) <= tolerance * (1 + Math.abs(y)),
      `${what}: ${found.join(", ")} is not ${wanted.join(", ")}`,
    );
  });
}

function numbers(x: NDArray): number[] {
  return [...x.flat()].map(Number);
}

/** Operands that a small step takes out of what the op is defined for: an array and its maxima. */
const STEADY: { readonly [op: string]: readonly number[] } = {
  maxPoolGrad: [0, 1],
  maxPoolGradGrad: [0, 1],
};

/** Checks both derivatives of an application at one point. */
function checkDerivatives(sample: Sample, node: Apply): void {
  const { op, inputs } = sample, connects = op.connects?.(sample.params);
  const directions = inputs.map((x, k) =>
    isFloat(x.dtype) && !STEADY[op.name]?.includes(k) &&
      connects?.[k]?.includes(true) !== false
      ? spread(x.shape, { low: -1, high: 1, seed: k + 7 })
      : null
  );
  if (directions.every((d) => d === null)) return;
  const values = new Map(node.inputs.map((v, k) => [v, inputs[k]!]));
  const ts = directions.map((d, k) => {
    const t = d && new Variable(node.inputs[k]!.type);
    if (t) values.set(t, d);
    return t;
  });
  const step = 1e-6,
    above = moved(sample, directions, step),
    below = moved(sample, directions, -step);
  const tangents = op.jvp!(node, ts),
    gs = node.outputs.map((y) =>
      isFloat(y.dtype) ? new Variable(y.type) : null
    );
  let through = 0;
  node.outputs.forEach((y, o) => {
    if (!isFloat(y.dtype)) {
      return assertEquals(tangents[o], null, "the tangent of integers");
    }
    const slope = numbers(above[o]!).map((v, i) =>
      (v - numbers(below[o]!)[i]!) / (2 * step)
    );
    const t = tangents[o] ? evaluate([tangents[o]!], values)[0]! : null;
    if (t) assertEquals(t.shape, above[o]!.shape, "the shape of the tangent");
    assertClose(
      t ? numbers(t) : slope.map(() => 0),
      slope,
      1e-5,
      "jvp against finite differences",
    );
    const g = spread(above[o]!.shape, { low: -1, high: 1, seed: o + 3 });
    values.set(gs[o]!, g);
    if (t) through += inner(g, t);
  });
  if (gs.every((g) => g === null)) return;
  let back = 0;
  op.vjp!(node, gs).forEach((g, k) => {
    if (!g || !directions[k]) return;
    const [value] = evaluate([g], values);
    assertEquals(value!.shape, inputs[k]!.shape, `the shape of cotangent ${k}`);
    back += inner(value!, directions[k]!);
  });
  assertClose([back], [through], 1e-9, "vjp against jvp");
}

/** Checks that the type rule, over known and over unknown lengths, says what the values are. */
function checkTypes(sample: Sample, values: readonly NDArray[]): void {
  const { op, params, inputs } = sample;
  for (const known of [true, false]) {
    applySample(sample, known).outputs.forEach((v, o) => {
      const { dtype, shape } = values[o]!;
      assertEquals(v.dtype, dtype, "dtype");
      assert(
        fits(dense(dtype, shape), v.type),
        `${v} does not fit values of shape (${shape})`,
      );
    });
  }
  const seen = applySample(sample, false).inputs.map(
    ({ type, dtype }, k): Shaped => {
      const { shape, size } = inputs[k]!,
        counts = shape.length === 0 && !isFloat(dtype);
      return {
        type,
        dtype,
        shape,
        value: counts && size ? inputs[k]!.item() : null,
      };
    },
  );
  op.infer(seen, params, STATIC).forEach(({ shape }, o) =>
    assertEquals(shape, values[o]!.shape, "shape of a call")
  );
}

const ops = exportedOps();

Deno.test("every exported op has samples", () => {
  // print writes when it is evaluated: it has a test of its own.
  assertEquals(
    ops.filter((op) => samplesOf(op).length === 0).map((op) => op.name),
    ["print"],
  );
});

for (const op of ops) {
  const samples = samplesOf(op);
  Deno.test(`${op.name}: types agree with values`, () => {
    for (const sample of samples) {
      checkTypes(sample, op.eval(sample.inputs, sample.params));
    }
  });

  Deno.test(`${op.name}: values do not depend on memory order`, () => {
    for (const { inputs, params } of samples) {
      const here = op.eval(inputs, params),
        there = op.eval(inputs.map(scattered), params);
      here.forEach((x, o) => assertEquals(numbers(there[o]!), numbers(x)));
    }
  });

  if (op.name === "fused") continue;
  Deno.test(`${op.name}: derivatives agree with values`, () => {
    assert(
      op.vjp && op.jvp,
      "a missing derivative is a decision to write down here",
    );
    for (const sample of samples) {
      // Differences of narrower floats are mostly rounding.
      const { outputs } = applySample(sample);
      if (
        [...sample.inputs, ...outputs].some((x) =>
          isFloat(x.dtype) && x.dtype !== "float64"
        )
      ) continue;
      for (const known of [true, false]) {
        checkDerivatives(sample, applySample(sample, known));
      }
    }
  });
}
