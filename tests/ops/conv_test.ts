/** Convolutions: values by a direct sum, gradients as transposes, groups, filters of their own for each place, refusals. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import {
  conv2d,
  conv2dGradWrtInputs,
  conv2dGradWrtWeights,
  conv2dTranspose,
  conv3d,
  conv3dGradWrtInputs,
  conv3dGradWrtWeights,
} from "../../src/ops/images/conv.ts";
import type { ConvOptions } from "../../src/ops/images/conv_geometry.ts";
import {
  bilinearUpsampling,
  causalConv1d,
  separableConv2d,
} from "../../src/ops/images/conv_graphs.ts";
import { mul } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { tensor, tensor4 } from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { grad } from "../../src/grad/grad.ts";
import { broadcastTo } from "../../src/ops/shape/broadcast_to.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { spread } from "./values.ts";

function value(y: Variable): NDArray {
  return evaluate([y])[0]!;
}

function random(shape: readonly number[], seed: number): Constant {
  return new Constant(spread(shape, { low: -1, high: 1, seed }));
}

function inner(x: Variable, y: Variable): number {
  return value(sum(mul(x, y))).item();
}

/** Every way to convolve that has an effect of its own: lengths of image and filters, options. */
const CASES: readonly (readonly [
  image: readonly number[],
  filters: readonly number[],
  options: ConvOptions,
])[] = [
  [[2, 3, 5, 6], [4, 3, 2, 3], {}],
  [[2, 3, 5, 6], [4, 3, 2, 3], { filterFlip: false }],
  [[2, 3, 5, 6], [4, 3, 2, 3], { borderMode: "full" }],
  [[2, 3, 5, 6], [4, 3, 3, 2], { borderMode: "half", subsample: [2, 3] }],
  [[2, 3, 5, 6], [4, 3, 3, 2], { borderMode: 1, filterDilation: [2, 1] }],
  [[1, 2, 7, 6], [3, 2, 2, 3], {
    borderMode: [[2, 1], 0],
    subsample: [3, 2],
    filterDilation: [2, 2],
  }],
  [[2, 4, 5, 5], [6, 2, 3, 3], {
    numGroups: 2,
    borderMode: [1, 2],
    subsample: [2, 1],
  }],
  [[2, 3, 4, 5], [3, 1, 2, 2], { numGroups: 3 }],
];

/** The sum that defines a convolution, of two-dimensional images without groups. */
function direct(x: NDArray, w: NDArray, options: ConvOptions): number[] {
  const { borderMode = "valid", subsample = [1, 1] } = options,
    { filterDilation = [1, 1], filterFlip = true, numGroups = 1 } = options;
  const [batch, , h, v] = x.shape as [number, number, number, number],
    [filters, channels, k, l] = w.shape as [number, number, number, number];
  const sides = [k, l].map((n, d): readonly [number, number] => {
    const reach = (n - 1) * filterDilation[d]!;
    if (borderMode === "valid") return [0, 0];
    if (borderMode === "full") return [reach, reach];
    if (borderMode === "half") {
      return [Math.floor((reach + 1) / 2), Math.floor((reach + 1) / 2)];
    }
    const side = typeof borderMode === "number" ? borderMode : borderMode[d]!;
    return typeof side === "number" ? [side, side] : side;
  });
  const lengths = [h, v].map((n, d) =>
    Math.floor(
      (n + sides[d]![0] + sides[d]![1] - ([k, l][d]! - 1) * filterDilation[d]! -
        1) / subsample[d]!,
    ) + 1
  );
  const X = x.toArray() as number[][][][], W = w.toArray() as number[][][][];
  const out: number[] = [];
  for (let b = 0; b < batch; b++) {
    for (let o = 0; o < filters; o++) {
      const group = Math.floor(o / (filters / numGroups));
      for (let i = 0; i < lengths[0]!; i++) {
        for (let j = 0; j < lengths[1]!; j++) {
          let total = 0;
          for (let c = 0; c < channels; c++) {
            for (let p = 0; p < k; p++) {
              for (let q = 0; q < l; q++) {
                const at = i * subsample[0]! + p * filterDilation[0]! -
                    sides[0]![0],
                  to = j * subsample[1]! + q * filterDilation[1]! -
                    sides[1]![0];
                const f = filterFlip
                  ? W[o]![c]![k - 1 - p]![l - 1 - q]!
                  : W[o]![c]![p]![q]!;
                total += (X[b]![group * channels + c]![at]?.[to] ?? 0) * f;
              }
            }
          }
          out.push(total);
        }
      }
    }
  }
  return out;
}

CASES.forEach(([image, filters, options]) =>
  Deno.test(`conv2d is its sum, and its gradients its transposes: ${image} by ${filters}, ${JSON.stringify(options)}`, () => {
    const x = random(image, 1), w = random(filters, 2);
    const y = conv2d(x, w, options), found = value(y);
    const wanted = direct(x.data, w.data, options);
    assertEquals(found.size, wanted.length);
    [...found.flat()].forEach((n, i) =>
      assertAlmostEquals(Number(n), wanted[i]!, 1e-12)
    );
    const g = random(found.shape, 3), through = inner(y, g);
    const gx = conv2dGradWrtInputs(g, w, image, options),
      gw = conv2dGradWrtWeights(x, g, filters, options);
    assertEquals(value(gx).shape, image);
    assertEquals(value(gw).shape, filters);
    assertAlmostEquals(inner(gx, x), through, 1e-10);
    assertAlmostEquals(inner(gw, w), through, 1e-10);
    const [hx, hw] = grad(sum(mul(y, g)), [x, w]);
    assertEquals(value(hx).toArray(), value(gx).toArray());
    assertEquals(value(hw).toArray(), value(gw).toArray());
  })
);

Deno.test("conv3d and its gradients are transposes", () => {
  const options: ConvOptions = {
    borderMode: [1, 0, [1, 2]],
    subsample: [1, 2, 1],
    numGroups: 2,
  };
  const x = random([2, 4, 3, 4, 3], 1), w = random([2, 2, 2, 3, 2], 2);
  const y = conv3d(x, w, options), g = random(value(y).shape, 3);
  const through = inner(y, g);
  assertAlmostEquals(
    inner(conv3dGradWrtInputs(g, w, x.data.shape, options), x),
    through,
    1e-10,
  );
  assertAlmostEquals(
    inner(conv3dGradWrtWeights(x, g, w.data.shape, options), w),
    through,
    1e-10,
  );
});

Deno.test("lengths that follow from the others may be left open", () => {
  const lengthsOf = (v: Variable) => value(v).shape;
  const follow: ConvOptions[] = [
    {},
    { borderMode: "full" },
    { borderMode: [1, [0, 2]], filterDilation: [2, 1] },
    { borderMode: "half" },
  ];
  for (const options of follow) {
    const x = random([2, 3, 7, 6], 1), w = random([4, 3, 3, 3], 2);
    const g = random(lengthsOf(conv2d(x, w, options)), 3);
    assertEquals(
      lengthsOf(conv2dGradWrtInputs(g, w, null, options)),
      [2, 3, 7, 6],
    );
    if (options.borderMode === "half") {
      assertThrows(
        () => conv2dGradWrtWeights(x, g, [], options),
        RangeError,
        "half",
      );
    } else {
      assertEquals(
        lengthsOf(conv2dGradWrtWeights(x, g, [], options)),
        [4, 3, 3, 3],
      );
    }
  }
  const x = random([1, 1, 4, 4], 1), w = random([1, 1, 2, 2], 2);
  const subsample = [1, 2], g = random([1, 1, 3, 2], 3);
  assertThrows(
    () => conv2dGradWrtInputs(g, w, [null, null], { subsample }),
    RangeError,
    "must be given",
  );
  assertEquals(
    lengthsOf(conv2dGradWrtWeights(x, g, [null, 2], { subsample })),
    [1, 1, 2, 2],
  );
});

Deno.test("filters for each place that are all the same convolve as shared ones do", () => {
  const options: ConvOptions = {
    borderMode: [1, [0, 2]],
    subsample: [2, 1],
    filterDilation: [1, 2],
    numGroups: 2,
  };
  const x = random([2, 4, 5, 6], 1), w = random([6, 2, 3, 2], 2);
  const shared = conv2d(x, w, options),
    [, , rows, columns] = value(shared).shape;
  const own = broadcastTo(at(w, ":", null, null), [
    6,
    rows!,
    columns!,
    2,
    3,
    2,
  ]);
  const unshared = { ...options, unshared: true },
    y = conv2d(x, own, unshared),
    g = random(value(shared).shape, 3);
  const close = (a: Variable, b: Variable) => {
    const [u, v] = [value(a), value(b)];
    assertEquals(u.shape, v.shape);
    const wanted = v.flat();
    u.flat().forEach((n, i) =>
      assertAlmostEquals(Number(n), Number(wanted[i]), 1e-12)
    );
  };
  close(y, shared);
  close(
    conv2dGradWrtInputs(g, own, [2, 4, 5, 6], unshared),
    conv2dGradWrtInputs(g, w, [2, 4, 5, 6], options),
  );
  close(
    sum(conv2dGradWrtWeights(x, g, [3, 2], unshared), { axis: [1, 2] }),
    conv2dGradWrtWeights(x, g, [3, 2], options),
  );
});

Deno.test("a transposed convolution writes filters", () => {
  const x = new Constant(array([[[[1, 10]]]]));
  const w = new Constant(array([[[[1, 2]]]]));
  assertEquals(
    value(conv2dTranspose(x, w, [1, 1, 1, 4], {
      inputDilation: [1, 2],
      filterFlip: false,
    })).toArray(),
    [[[[1, 2, 10, 20]]]],
  );
});

Deno.test("separable, causal and finer", () => {
  const x = random([1, 2, 4, 4], 1),
    depth = random([4, 1, 2, 2], 2),
    point = random([3, 4, 1, 1], 3);
  assertEquals(
    value(separableConv2d(x, depth, point, 2)).toArray(),
    value(conv2d(conv2d(x, depth, { numGroups: 2 }), point)).toArray(),
  );
  const series = new Constant(array([[[1, 2, 3, 4]]]));
  const taps = new Constant(array([[[1, 10]]]));
  assertEquals(
    value(causalConv1d(series, taps, { filterDilation: 2 })).toArray(),
    [[[1, 2, 13, 24]]],
  );
  assertEquals(
    value(bilinearUpsampling(new Constant(array([[[[0, 4], [0, 4]]]])), 2))
      .toArray(),
    [[[[0, 2, 4, 4], [0, 2, 4, 4], [0, 2, 4, 4], [0, 2, 4, 4]]]],
  );
});

Deno.test("what cannot be convolved is refused with its values", () => {
  const x = tensor4("x"), w = tensor4("w");
  const sized = (shape: number[]) => tensor("float32", shape);
  const cases: readonly (readonly [() => unknown, ErrorConstructor, string])[] =
    [
      [
        () => conv2d(sized([3, 4]), w),
        TypeError,
        "expected 4 and 4 axes, got float32 (3, 4)",
      ],
      [
        () => conv2d(sized([1, 3, 5, 5]), sized([2, 4, 3, 3])),
        RangeError,
        "the image has 3 channels, filters have 4",
      ],
      [
        () => conv2d(sized([1, 3, 5, 5]), sized([2, 3, 6, 3])),
        RangeError,
        "a filter of length 6",
      ],
      [
        () =>
          conv2d(sized([1, 3, 5, 5]), sized([2, 1, 3, 3]), { numGroups: 2 }),
        RangeError,
        "the image has 3 channels, filters have 1 in each of 2 groups",
      ],
      [
        () => conv2d(x, w, { subsample: [0, 1] }),
        RangeError,
        "subsample is 0, 1",
      ],
      [
        () => conv2d(x, w, { borderMode: [1, -1] }),
        RangeError,
        "borderMode is [1,-1]",
      ],
      [
        () => conv2d(x, w, { borderMode: "same" as "half" }),
        TypeError,
        "borderMode is same",
      ],
      [
        () =>
          conv2dGradWrtInputs(sized([1, 2, 5, 5]), sized([2, 3, 3, 3]), [
            null,
            null,
            6,
            6,
          ]),
        RangeError,
        "the gradient has length 5 along axis 2, and the convolution of that image gives 4",
      ],
      [
        () =>
          conv2dGradWrtInputs(x, w, [null, null, null, 6], {
            subsample: [2, 1],
          }),
        RangeError,
        "the last 2 lengths of inputShape must be given",
      ],
    ];
  for (const [make, kind, message] of cases) {
    assertThrows(make, kind as never, message);
  }
  assert(x.ndim === 4);
});
