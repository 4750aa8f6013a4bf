/** Operands and parameters of the ops that are not elementwise. */
import type { Dtype } from "../../src/graph/dtype.ts";
import { NDArray } from "../../src/graph/ndarray.ts";
import {
  type IndexParam,
  isArrayEntry,
  shiftInputs,
} from "../../src/ops/indexing/selection.ts";
import { pooled } from "../../src/ops/images/pool_ops.ts";
import type { PoolParams } from "../../src/ops/images/pool_windows.ts";
import { scattered, spread } from "./values.ts";

const labels = new NDArray("int32", [3], Int32Array.of(1, 0, -1));
const probabilities = spread([3, 4], { low: 0.1, high: 0.9 });

function scalarOf(value: number): NDArray {
  return new NDArray("int64", [], BigInt64Array.of(BigInt(value)));
}

const rows = new NDArray("int32", [2], Int32Array.of(-1, 0));

/** Indices into an array of shape (4, 3, 5): what they name as inputs, the index, the shape that it gives. */
const SELECTIONS: readonly (readonly [
  rest: readonly NDArray[],
  index: readonly IndexParam[],
  dims: readonly number[],
])[] = [
  [[], [], [4, 3, 5]],
  [[], [{ kind: "at", at: -1 }], [3, 5]],
  [[], [{ kind: "slice", start: 1, step: 2 }, { kind: "new" }, {
    kind: "slice",
    stop: -1,
    step: 1,
  }], [2, 1, 2, 5]],
  [[], [{ kind: "slice", step: -1 }, {
    kind: "slice",
    start: -9,
    stop: 2,
    step: 1,
  }, { kind: "slice", start: 9, step: -2 }], [4, 2, 3]],
  [[], [{ kind: "slice", start: 3, stop: 1, step: 1 }], [0, 3, 5]],
  [[scalarOf(-2), scalarOf(-4), scalarOf(9)], [
    { kind: "at", at: { input: 1 } },
    { kind: "slice", step: 1 },
    { kind: "slice", start: { input: 2 }, stop: { input: 3 }, step: 1 },
  ], [3, 4]],
  [[scalarOf(9)], [{ kind: "slice", start: { input: 1 }, step: -1 }], [
    4,
    3,
    5,
  ]],
  [[rows], [{ kind: "rows", input: 1 }], [2, 3, 5]],
  [[rows.reshape([1, 2])], [{ kind: "slice", step: 2 }, {
    kind: "rows",
    input: 1,
  }], [2, 1, 2, 5]],
  [[rows], [{ kind: "at", at: 1 }, { kind: "slice", step: 1 }, {
    kind: "rows",
    input: 1,
  }], [2, 3]],
  [[rows, new NDArray("int64", [2, 1], BigInt64Array.of(0n, 3n))], [
    { kind: "slice", step: 1 },
    { kind: "rows", input: 1 },
    { kind: "rows", input: 2 },
  ], [4, 2, 2]],
  [[rows], [
    { kind: "at", at: 1 },
    { kind: "slice", step: 1 },
    { kind: "along", input: 1 },
  ], [3, 2]],
];

function vectorOf(numbers: readonly number[]): NDArray {
  return new NDArray("float64", [numbers.length], Float64Array.from(numbers));
}

const withZeros = vectorOf([2, -1, 0, 3, 0, 5, 1, 4]).reshape([4, 2]);
const withNaN = vectorOf([3, NaN, 1, -Infinity, NaN, 2, Infinity]);

/** Random matrices plus this times the identity. */
function matrices(
  shape: readonly number[],
  shift: number,
  dtype: Dtype = "float64",
  seed = 1,
): NDArray {
  const x = spread(shape, { low: -1, high: 1, seed }), made = x.copy();
  const [m, n] = shape.slice(-2) as [number, number];
  for (let at = 0; at < made.size; at++) {
    const i = Math.floor(at / n) % m, j = at % n;
    if (i === j) made.data[at] = Number(made.data[at]) + shift;
  }
  return made.astype(dtype);
}

/** Square ones: nothing, a number, a matrix, stacks, other dtypes. */
function squares(shift: number): NDArray[] {
  return [
    matrices([0, 0], shift),
    matrices([1, 1], shift),
    matrices([4, 4], shift),
    matrices([2, 3, 3], shift),
    matrices([2, 0, 3, 3], shift),
    matrices([2, 1, 2, 2], shift),
    matrices([3, 3], shift, "float32"),
  ];
}

/** Operands of ops on square matrices with eigenvalues that are far apart. */
function apart(): NDArray[] {
  return [3, 2].map((n) => {
    const x = matrices([n, n], 0);
    const data = Float64Array.from(
      x.flat() as Float64Array,
      (v, at) => 0.2 * v + (at % (n + 1) === 0 ? 1 + at : 0),
    );
    return new NDArray("float64", [n, n], data);
  });
}

/** Distinct numbers in no order. */
function shuffled(shape: readonly number[]): NDArray {
  const n = shape.reduce((a, b) => a * b, 1);
  return vectorOf(Array.from({ length: n }, (_, i) => (i * 37 + 11) % 101))
    .reshape(shape);
}

function pairsOf(...positions: readonly number[]): NDArray {
  return new NDArray(
    "int32",
    [2, positions.length / 2],
    Int32Array.from(positions),
  );
}

/** Numbers of which no two are near each other, in no order. */
function distinct(shape: readonly number[]): NDArray {
  return shuffled(shape);
}

/** Generators in various states. */
function states(rows: number): NDArray {
  const words = Int32Array.from(
    { length: 6 * rows },
    (_, i) => 1 + (i * 715827881) % 2147462577,
  );
  return new NDArray("int32", [rows, 6], words);
}

interface Samples {
  readonly [op: string]:
    readonly (readonly [inputs: readonly NDArray[], params?: unknown])[];
}

const CORRELATIONS: Samples[string] = [
  // Lengths, stride, dilation, zeros in front, lengths of the result.
  ...([
    [[2, 1, 3, 5, 6], [1, 4, 3, 2, 3], [1, 1], [1, 1], [0, 0], [4, 4]],
    [[2, 3, 5, 6], [4, 3, 2, 3], [1, 2], [2, 1], [0, 1], [3, 3]],
    [[2, 3, 7], [4, 3, 3], [2], [1], [1], [4]],
    [[2, 2, 3, 5, 6], [2, 2, 3, 3, 2], [2, 1], [1, 2], [1, 2], [3, 7]],
    [[1, 1, 2, 4, 4], [1, 1, 2, 3, 3], [1, 3], [2, 1], [3, -1], [4, 1]],
    [[2, 1, 2, 9], [1, 3, 2, 4], [2], [2], [1], [3]],
    [[1, 2, 1, 3, 4, 5], [2, 2, 1, 2, 2, 2], [1, 2, 1], [1, 1, 2], [0, 1, 1], [
      2,
      2,
      5,
    ]],
    // An image that lies wholly outside of some windows.
    [[1, 1, 1, 2, 2], [1, 1, 1, 1, 2], [1, 1], [1, 1], [3, 0], [8, 1]],
  ] as const).flatMap(([x, w, stride, dilation, before, lengths]) =>
    [
      {},
      { dtype: "float32" as const },
      ...(x.length > 5 ? [] : [{
        dtype: "int32" as const,
        high: 9,
      }, { dtype: "float16" as const }]),
    ].map((options) =>
      [[spread(x, options), spread(w, { ...options, seed: 2 })], {
        stride,
        dilation,
        before,
        lengths,
      }] as const
    )
  ),
  [[scattered(spread([2, 1, 3, 5, 6])), scattered(spread([1, 4, 3, 2, 3]))], {
    stride: [1, 1],
    dilation: [1, 1],
    before: [1, 1],
    lengths: [6, 6],
  }],
  [
    [
      spread([2, 1, 3, 5, 6]),
      spread([1, 4, 3, 2, 3]),
      scalarOf(1),
      scalarOf(5),
    ],
    {
      stride: [1, 1],
      dilation: [1, 1],
      before: [{ input: 2 }, 2],
      lengths: [{ input: 3 }, 7],
    },
  ],
];

const POOLS: readonly (readonly [readonly number[], PoolParams])[] = [
  ...(["max", "sum", "average_inc_pad", "average_exc_pad"] as const).flatMap((
    mode,
  ) => [
    [[2, 5, 7], {
      window: [2, 3],
      stride: [2, 3],
      pad: [0, 0],
      ignoreBorder: true,
      mode,
    }] as const,
    [[2, 5, 7], {
      window: [3, 2],
      stride: [2, 1],
      pad: [2, 1],
      ignoreBorder: true,
      mode,
    }] as const,
    [[5, 8], {
      window: [2, 3],
      stride: [3, 2],
      pad: [0, 0],
      ignoreBorder: false,
      mode,
    }] as const,
    [[1, 2, 4, 5, 3], {
      window: [2, 3, 2],
      stride: [1, 2, 2],
      pad: [0, 0, 0],
      ignoreBorder: false,
      mode,
    }] as const,
    [[9], {
      window: [4],
      stride: [3],
      pad: [3],
      ignoreBorder: true,
      mode,
    }] as const,
    // Strides that divide the lengths: those axes are split.
    [[3, 6, 40], {
      window: [2, 2],
      stride: [2, 2],
      pad: [0, 0],
      ignoreBorder: true,
      mode,
    }] as const,
    [[2, 6, 36], {
      window: [3, 3],
      stride: [2, 2],
      pad: [2, 2],
      ignoreBorder: true,
      mode,
    }] as const,
    [[2, 5, 36], {
      window: [2, 4],
      stride: [2, 3],
      pad: [0, 0],
      ignoreBorder: false,
      mode,
    }] as const,
  ]),
];

const MAXIMA = POOLS.filter(([, { mode }]) => mode === "max").map((
  [shape, params],
) => {
  const x = distinct(shape);
  return [x, pooled.op.eval([x], params)[0]!, params] as const;
});

function pooledShape(
  shape: readonly number[],
  params: PoolParams,
): readonly number[] {
  return pooled.op.eval([distinct(shape)], params)[0]!.shape;
}

/** Operands and parameters of ops that are not elementwise. */
export const SAMPLES: Samples = {
  cast: ([
    "bool",
    "int8",
    "int64",
    "uint16",
    "float16",
    "float32",
    "float64",
  ] as const).flatMap((to) =>
    (["bool", "int32", "int64", "float32", "float64"] as const).map((dtype) =>
      [[spread([2, 3], { low: 0, high: 9, dtype })], { dtype: to }] as const
    )
  ),
  ...Object.fromEntries(
    ["sum", "prod", "max", "min", "any", "all"].map((name) => [name, [
      ...[[0], [1], [0, 2], [0, 1, 2]].map((axes) =>
        [[spread([2, 3, 2])], { axes }] as const
      ),
      [[scattered(spread([2, 3, 4]))], { axes: [1] }] as const,
      ...(["bool", "int8", "uint8", "int64", "float16", "float32"] as const)
        .map((dtype) => [[spread([3, 4], { dtype })], { axes: [1] }] as const),
      [[spread([3, 0])], { axes: [0] }] as const,
    ]]),
  ),
  ...Object.fromEntries(
    ["argmax", "argmin"].map((name) => [name, [
      [[spread([5])], { axis: 0 }] as const,
      [[spread([3, 4])], { axis: 0 }] as const,
      [[scattered(spread([3, 4], { dtype: "int64", high: 50 }))], {
        axis: 1,
      }] as const,
    ]]),
  ),
  ...Object.fromEntries(
    ["softmax", "logSoftmax"].map((name) => [name, [
      [[spread([3, 4])], { axis: 1 }] as const,
      [[scattered(spread([3, 4]))], { axis: 0 }] as const,
      [[spread([5], { dtype: "float32" })], { axis: 0 }] as const,
      [[spread([2, 3, 2], { dtype: "int32" })], { axis: 1 }] as const,
    ]]),
  ),
  softmaxGrad: [[[spread([3, 4]), spread([3, 4], { seed: 5 })], { axis: 1 }], [[
    spread([3, 4]),
    spread([3, 4], { seed: 5 }),
  ], { axis: 0 }]],
  crossentropyCategorical1Hot: [[[probabilities, labels]], [[
    probabilities.astype("float32"),
    labels.astype("int64"),
  ]]],
  crossentropyCategorical1HotGrad: [[[spread([3]), probabilities, labels]]],
  crossentropySoftmax1Hot: [[[spread([3, 4]), labels]], [[
    spread([4]),
    labels.slice(0, 1).reshape([]),
  ]]],
  crossentropySoftmax1HotGrad: [[[spread([3]), probabilities, labels]]],
  dimshuffle: [[[spread([2, 3])], { pattern: [1, "x", 0] }], [
    [spread([1, 3])],
    { pattern: [1] },
  ]],
  reshape: [[[spread([2, 3])], { shape: [3, -1] }], [[
    scattered(spread([2, 3])),
  ], { shape: [6] }]],
  broadcastTo: [[[spread([1, 3])], { shape: [4, 2, 3] }], [[spread([])], {
    shape: [2],
  }]],
  specifyShape: [[[spread([2, 3])], { shape: [2, null] }]],
  unbroadcast: [[[spread([1, 3])], { axes: [0] }]],
  shapeAt: [[[spread([2, 3])], { axis: 1 }]],
  ...Object.fromEntries(
    ["subtensor", "advancedSubtensor"].map((
      name,
    ) => [
      name,
      SELECTIONS.filter(([, index]) =>
        index.some(isArrayEntry) === (name !== "subtensor")
      )
        .map(([rest, index]) =>
          [[spread([4, 3, 5]), ...rest], { index }] as const
        ),
    ]),
  ),
  incSubtensor: [true, false].flatMap((set) =>
    SELECTIONS.map(([rest, index, dims]) =>
      [[spread([4, 3, 5]), spread(dims, { seed: 9 }), ...rest], {
        index: shiftInputs(index, 1),
        set,
      }] as const
    )
  ),
  join: [
    [[spread([2, 3]), spread([2, 1], { seed: 2 }), spread([2, 0])], {
      axis: 1,
    }],
    [[scattered(spread([2, 3])), spread([1, 3], { seed: 2 })], { axis: 0 }],
    [
      ["int64", "int64"].map((dtype) =>
        spread([2], { dtype: dtype as Dtype, high: 90 })
      ),
      { axis: 0 },
    ],
  ],
  ...Object.fromEntries(
    ["cumsum", "cumprod"].map((name) => [name, [
      [[spread([4])], { axis: 0 }] as const,
      [[spread([2, 3, 2], { low: -2, high: 2 })], { axis: 1 }] as const,
      [[withZeros], { axis: 0 }] as const,
      [[scattered(spread([3, 4]))], { axis: 1 }] as const,
      [[spread([0, 2])], { axis: 0 }] as const,
      ...(["bool", "int8", "uint8", "int64", "float16", "float32"] as const)
        .map((dtype) => [[spread([3, 4], { dtype })], { axis: 1 }] as const),
    ]]),
  ),
  recurrence: [
    [[spread([5]), spread([5], { seed: 2 })], { axis: 0 }],
    [[withZeros, spread([4, 2], { seed: 2 })], { axis: 0 }],
    [
      [
        spread([2, 4], { dtype: "float32" }),
        spread([2, 4], { dtype: "float32", seed: 3 }),
      ],
      { axis: 1 },
    ],
  ],
  ...Object.fromEntries(
    ["sort", "argsort"].map((name) => [
      name,
      [false, true].flatMap((descending) => [
        [[shuffled([7])], { axis: 0, descending }] as const,
        [[shuffled([40])], { axis: 0, descending }] as const,
        [[shuffled([3, 14, 2])], { axis: 1, descending }] as const,
        [[scattered(shuffled([5, 4]))], { axis: 0, descending }] as const,
        [[spread([0, 3])], { axis: 0, descending }] as const,
        ...(["bool", "int8", "uint16", "int64", "float16"] as const)
          .map((dtype) =>
            [[shuffled([30]).astype(dtype)], { axis: 0, descending }] as const
          ),
        ...(name === "sort"
          ? []
          : [[[withNaN], { axis: 0, descending }] as const]),
      ]),
    ]),
  ),
  argsortRows: [
    [[shuffled([9, 1])]],
    [[
      new NDArray(
        "int32",
        [30, 2],
        Int32Array.from({ length: 60 }, (_, i) => (i * 7) % 5),
      ),
    ]],
    [[scattered(shuffled([6, 3]))]],
    [[spread([0, 3])]],
  ],
  searchsorted: (["left", "right"] as const).flatMap((side) => [
    [[
      vectorOf([1, 2, 2, 3, NaN]),
      vectorOf([2, 0, 5, NaN, 3, 2.5]).reshape([2, 3]),
    ], { side }] as const,
    [[vectorOf([]), vectorOf([1])], { side }] as const,
    [[
      scattered(vectorOf([3, 1, 2, 0, 5])).astype("int16"),
      vectorOf([2, 4, 1]).astype("int16"),
    ], { side }] as const,
  ]),
  flatnonzero: [
    [[vectorOf([0, 3, 0, 0, 1, 2]).reshape([2, 3]), scalarOf(3)]],
    [[scattered(vectorOf([1, 0, 0, 1]).reshape([2, 2])), scalarOf(2)]],
    [[vectorOf([0, 1, 1]).astype("bool"), scalarOf(2)]],
    [[vectorOf([0, 0]), scalarOf(0)]],
  ],
  diagonal: [0, 1, -1, 9].flatMap((offset) => [
    [[spread([3, 3])], { offset }] as const,
    [[spread([2, 4, 3])], { offset }] as const,
    [[scattered(spread([2, 5]))], { offset }] as const,
  ]),
  batchedDot: [
    [[spread([2, 3, 4]), spread([2, 4, 5], { seed: 2 })]],
    [[scattered(spread([2, 3, 4])), scattered(spread([2, 4, 1], { seed: 2 }))]],
    [[spread([2, 3, 0]), spread([2, 0, 2])]],
    ...(["bool", "int8", "int64", "float16", "float32"] as const).map((dtype) =>
      [[
        spread([2, 2, 3], { dtype, high: 90 }),
        spread([2, 3, 2], { dtype, high: 90, seed: 2 }),
      ]] as const
    ),
  ],
  dot: [
    [[spread([3]), spread([3], { seed: 2 })]],
    [[spread([2, 3]), spread([3], { seed: 2 })]],
    [[spread([2]), spread([2, 3], { seed: 2 })]],
    [[spread([2, 3]), spread([3, 4], { seed: 2 })]],
    [[scattered(spread([2, 3])), scattered(spread([3, 4], { seed: 2 }))]],
    [[spread([2, 0]), spread([0, 4])]],
    ...([
      "bool",
      "int8",
      "uint8",
      "int32",
      "uint32",
      "int64",
      "float16",
      "float32",
    ] as const).map((dtype) =>
      [[
        spread([2, 3], { dtype, high: 90 }),
        spread([3, 2], { dtype, high: 90, seed: 2 }),
      ]] as const
    ),
  ],
  dotAdd: [
    [[spread([2, 4]), spread([]), spread([2, 3]), spread([3, 4], { seed: 2 })]],
    [[spread([4]), spread([]), spread([2, 3]), spread([3, 4], { seed: 2 })]],
    [[spread([2, 1]), spread([]), spread([2, 3]), spread([3, 4], { seed: 2 })]],
    [[spread([2]), spread([]), spread([2, 3]), spread([3], { seed: 2 })]],
  ],
  cholesky: squares(5).flatMap((x) => [
    [[x], { lower: true, onError: "raise" }] as const,
    [[x], { lower: false, onError: "nan" }] as const,
  ]),
  ...Object.fromEntries(
    ["inv", "det", "slogdet", "expm"].map((name) => [
      name,
      squares(3).map((x) => [[x]] as const),
    ]),
  ),
  solve: [
    ...squares(3).map((x) =>
      [[
        x,
        matrices([...x.shape.slice(0, -1), 2], 0, x.dtype, 5),
      ]] as const
    ),
    [[matrices([3, 3], 3), matrices([3, 0], 0)]],
  ],
  solveTriangular: [true, false].flatMap((lower) =>
    [true, false].flatMap((trans) =>
      [true, false].flatMap((unit) =>
        squares(3).map((x) =>
          [
            [x, matrices([...x.shape.slice(0, -1), 2], 0, x.dtype, 5)],
            { lower, trans, unit },
          ] as const
        )
      )
    )
  ),
  ...Object.fromEntries(
    ["eigh", "eigvalsh"].map((name) => [
      name,
      [...squares(0), ...apart()].flatMap((x) => [
        [[x], { lower: true }] as const,
        [[x], { lower: false }] as const,
      ]),
    ]),
  ),
  eig: [
    matrices([0, 0], 1),
    matrices([1, 1], 1),
    ...apart(),
    apart()[0]!.astype("float32"),
    apart()[0]!.reshape([1, 3, 3]),
  ].map((x) => [[x]] as const),
  qr: [
    [4, 4],
    [5, 3],
    [2, 4, 2],
    [3, 0],
    [0, 0],
    [1, 1],
  ].flatMap((shape) => [
    [[matrices(shape, 1.5)], { complete: false }] as const,
  ]),
  svd: [[4, 4], [5, 3], [3, 5], [2, 4, 3], [1, 1]].map((shape) =>
    [[matrices(shape, 1.5)], { full: false }] as const
  ),
  svdvals: [[4, 4], [5, 3], [3, 5], [2, 3, 4], [0, 2], [1, 1]].map((shape) =>
    [[matrices(shape, 1.5)]] as const
  ),
  pinv: [
    ...[[4, 4], [5, 3], [3, 5], [2, 3, 2], [0, 2], [2, 0]].map((shape) =>
      [[matrices(shape, 1.5)], { rcond: null }] as const
    ),
    [[matrices([4, 2], 1, "float32")], { rcond: 0.01 }],
  ],
  lstsq: [
    ...[[4, 4], [5, 3], [3, 5]].map((shape) =>
      [[
        matrices(shape, 1.5),
        matrices([shape[0]!, 2], 0, "float64", 3),
        spread([], { low: 1e-12, high: 1e-12 }),
      ]] as const
    ),
  ],
  rfft: [
    [[spread([2, 6])], { axes: 1 }],
    [[spread([1, 7])], { axes: 1 }],
    [[spread([1, 1])], { axes: 1 }],
    [[scattered(spread([2, 4, 5]))], { axes: 2 }],
    [[spread([2, 3, 4])], { axes: 1 }],
    [[spread([2, 3, 2, 8])], { axes: 3 }],
    [[spread([1, 30])], { axes: 1 }],
    [[spread([1, 67])], { axes: 1 }],
    [[spread([3, 16], { dtype: "float32" })], { axes: 1 }],
  ],
  irfft: [
    [[spread([2, 4, 2]), scalarOf(6)], { axes: 1 }],
    [[spread([2, 4, 2]), scalarOf(7)], { axes: 1 }],
    [[spread([1, 1, 2]), scalarOf(1)], { axes: 1 }],
    [[scattered(spread([2, 4, 3, 2])), scalarOf(5)], { axes: 2 }],
    [[spread([2, 3, 3, 2]), scalarOf(4)], { axes: 1 }],
    [[spread([1, 36, 2]), scalarOf(71)], { axes: 1 }],
    [[spread([1, 9, 2], { dtype: "float32" }), scalarOf(16)], { axes: 1 }],
  ],
  arange: [
    [[spread([]), spread([], { seed: 2 }), scalarOf(5)]],
    [[scalarOf(-3), scalarOf(2), scalarOf(4)]],
    [[scalarOf(0), scalarOf(1), scalarOf(0)]],
  ],
  ifelse: [0, 1].map((c) =>
    [[
      scalarOf(c),
      spread([2, 3]),
      spread([2]),
      spread([2, 3], { seed: 2 }),
      spread([2], { seed: 3 }),
    ], { half: 2 }] as const
  ),
  polygamma: (["float32", "float64", "int32"] as const).map((dtype) =>
    [[
      vectorOf([0, 1, 2, 3]).astype(dtype),
      spread([3, 4], { low: 0.5, high: 9, dtype: "float64" }),
    ]] as const
  ),
  draw: (["float16", "float32", "float64"] as const).flatMap((dtype) => [
    [[states(3)], { shape: [], dtype }] as const,
    [[states(1)], { shape: [2, 3], dtype }] as const,
    [[scattered(states(3))], { shape: [5, 2], dtype }] as const,
    [[states(100)], { shape: [70], dtype }] as const,
    [[states(100), scalarOf(301)], { shape: [{ input: 1 }], dtype }] as const,
    [[states(2), scalarOf(0)], { shape: [4, { input: 1 }], dtype }] as const,
  ]),
  picks: (["float32", "float64"] as const).flatMap((dtype) => [
    [[
      scattered(probabilities).astype(dtype),
      spread([3, 4], { low: 0, high: 1, seed: 3 }),
    ]] as const,
    [[
      vectorOf([0, 0.3, 0, 0.3]).reshape([1, 4]).astype(dtype),
      vectorOf([0.9, 0.1, 0.5]).reshape([1, 3]),
    ]] as const,
  ]),
  assert: [[[spread([2, 3]), spread([2], { dtype: "bool" })], {
    message: "positive",
  }]],
  correlate: CORRELATIONS,
  pool: POOLS.map(([shape, params]) => [[distinct(shape)], params] as const),
  poolShares: POOLS.filter(([, { mode }]) => mode !== "max").map((
    [shape, params],
  ) =>
    [[spread(pooledShape(shape, params), { low: -1, high: 1 })], {
      ...params,
      lengths: shape.slice(-params.window.length),
    }] as const
  ),
  maxPoolGrad: MAXIMA.map(([x, y, params]) =>
    [[x, y, spread(y.shape, { low: -1, high: 1, seed: 4 })], params] as const
  ),
  maxPoolGradGrad: MAXIMA.map(([x, y, params]) =>
    [[x, y, spread(x.shape, { low: -1, high: 1, seed: 4 })], params] as const
  ),
  sparseBlockGemv: (["float64", "float32"] as const).map((dtype) =>
    [[
      spread([2, 3, 4], { dtype }),
      spread([5, 6, 3, 4], { dtype, seed: 2 }),
      spread([2, 2, 3], { dtype, seed: 3 }),
      pairsOf(1, 4, 0, -1),
      pairsOf(2, 0, 5, 3, 3, -6).reshape([2, 3]),
    ]] as const
  ),
  sparseBlockOuter: (["float64", "float32"] as const).map((dtype) =>
    [[
      spread([5, 6, 3, 4], { dtype }),
      spread([2, 2, 3], { dtype, seed: 2 }),
      spread([2, 3, 4], { dtype, seed: 3 }),
      pairsOf(1, 4, 0, -1),
      pairsOf(2, 0, 5, 3, 3, -6).reshape([2, 3]),
    ]] as const
  ),
};
