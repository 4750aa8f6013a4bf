/** Samples of every op of src/ops: what its values, types and derivatives are tested on, here and by whoever compiles it. */
import {
  allocate,
  type Dtype,
  DTYPE_NAMES,
  isFloat,
} from "../../src/graph/dtype.ts";
import {
  castElement,
  NDArray,
  rowMajor,
  sizeOf,
} from "../../src/graph/ndarray.ts";
import { dense, type Dim, type Type } from "../../src/graph/type.ts";
import { type AnyOp, Apply, Variable } from "../../src/graph/variable.ts";
import * as argmax from "../../src/ops/argmax.ts";
import * as broadcastTo from "../../src/ops/broadcast_to.ts";
import * as constructors from "../../src/ops/constructors.ts";
import * as crossentropy from "../../src/ops/crossentropy.ts";
import * as debug from "../../src/ops/debug.ts";
import * as dimshuffle from "../../src/ops/dimshuffle.ts";
import * as dot from "../../src/ops/dot.ts";
import * as elemwise from "../../src/ops/elemwise.ts";
import * as logic from "../../src/ops/elemwise_logic.ts";
import { fuse, fused } from "../../src/ops/fused.ts";
import * as ifelse from "../../src/ops/ifelse.ts";
import * as join from "../../src/ops/join.ts";
import * as reduce from "../../src/ops/reduce.ts";
import * as reshape from "../../src/ops/reshape.ts";
import { type IndexParam, shiftInputs } from "../../src/ops/selection.ts";
import * as shape from "../../src/ops/shape.ts";
import * as softmax from "../../src/ops/softmax.ts";
import * as specifyShape from "../../src/ops/specify_shape.ts";
import * as subtensor from "../../src/ops/subtensor.ts";

const MODULES = [
  argmax,
  broadcastTo,
  constructors,
  crossentropy,
  debug,
  dimshuffle,
  dot,
  elemwise,
  logic,
  { fused },
  ifelse,
  join,
  reduce,
  reshape,
  shape,
  softmax,
  specifyShape,
  subtensor,
];

/** One application of an op to values. */
export interface Sample {
  readonly op: AnyOp;
  readonly params: unknown;
  readonly inputs: readonly NDArray[];
}

/** Every op that the modules export, in the order of their names. */
export function exportedOps(): AnyOp[] {
  const found = new Map<string, AnyOp>();
  for (
    const exported of MODULES.flatMap((module) =>
      Object.values(module) as unknown[]
    )
  ) {
    if (typeof exported === "function" && "op" in exported) {
      const op = exported.op as AnyOp;
      found.set(op.name, op);
    }
  }
  return [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Values spread over an interval; integers are rounded. */
export function spread(
  dims: readonly number[],
  { low = 0.5, high = 2.5, seed = 1, dtype = "float64" as Dtype } = {},
): NDArray {
  const data = allocate(dtype, sizeOf(dims));
  for (let i = 0; i < data.length; i++) {
    const x = low +
      (high - low) * ((i + 1) * 0.6180339887 + seed * 0.3819660113) % 1 % 1;
    data[i] = castElement(isFloat(dtype) ? x : Math.round(x), dtype);
  }
  return new NDArray(dtype, dims, data);
}

/** The same values in memory that is not row-major: axes reversed, and every second element. */
export function scattered(x: NDArray): NDArray {
  const reversed = [...x.shape].reverse(),
    strides = rowMajor(reversed).reverse().map((s) => 2 * s);
  const data = allocate(x.dtype, 2 * x.size + 1),
    made = new NDArray(x.dtype, x.shape, data, strides, 1);
  const from = x.flat(), index = x.shape.map(() => 0);
  for (let n = 0; n < x.size; n++) {
    data[index.reduce((at, i, axis) => at + i * strides[axis]!, 1)] = from[n]!;
    for (
      let axis = x.ndim - 1;
      axis >= 0 && ++index[axis]! === x.shape[axis];
      axis--
    ) index[axis] = 0;
  }
  return made;
}

/** The type of a value: all lengths, or only which axes have length 1. */
export function typeOfValue(x: NDArray, known = true): Type {
  return dense(x.dtype, x.shape.map((n): Dim => known || n === 1 ? n : null));
}

/** The application of a sample to fresh variables. */
export function applySample(
  { op, params, inputs }: Sample,
  known = true,
): Apply {
  return new Apply(
    op,
    inputs.map((x) => new Variable(typeOfValue(x, known))),
    params,
  );
}

/** Where the domain of an elementwise op is not (0.5, 2.5). */
const DOMAINS: { readonly [op: string]: readonly [low: number, high: number] } =
  {
    arccos: [-0.9, 0.9],
    arcsin: [-0.9, 0.9],
    arctanh: [-0.9, 0.9],
    arccosh: [1.5, 3],
    tan: [0.2, 1.2],
    ceil: [0.1, 0.9],
    floor: [0.1, 0.9],
    trunc: [0.1, 0.9],
    round: [0.6, 0.9],
  };

/** Shapes of two operands: equal, of lower rank, length 1 on either side, no axes, nothing at all. */
const SHAPES: readonly (readonly (readonly number[])[])[] = [
  [[2, 3], [2, 3], [2, 3]],
  [[2, 3], [3], []],
  [[3], [2, 1], [2, 3]],
  [[2, 1], [1, 3], [1, 1]],
  [[], [4], [4]],
  [[], [], []],
  [[0, 3], [3], [0, 1]],
];

function elementwiseSamples(op: AnyOp): Sample[] {
  const [low, high] = DOMAINS[op.name] ?? [0.5, 2.5], found: Sample[] = [];
  const make = (
    shapes: readonly (readonly number[])[],
    dtypes: readonly Dtype[],
  ) =>
    found.push({
      op,
      params: undefined,
      inputs: shapes.slice(0, op.arity).map((dims, k) =>
        spread(dims, {
          low,
          high,
          seed: k + 1,
          dtype: dtypes[k % dtypes.length]!,
        })
      ),
    });
  const admits = (...dtypes: Dtype[]) => {
    try {
      make([[2, 2], [2, 2], [2, 2]], dtypes);
      applySample(found.at(-1)!);
      return true;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      found.pop();
      return false;
    }
  };
  for (const dtype of DTYPE_NAMES) admits(dtype);
  admits("int32", "float32");
  admits("float32", "int64");
  admits("uint8", "int8");
  const dtype = admits("float64") ? "float64" : "int32";
  for (const shapes of SHAPES) make(shapes, [dtype]);
  return [...found, {
    ...found.at(-SHAPES.length)!,
    inputs: found.at(-SHAPES.length)!.inputs.map(scattered),
  }];
}

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
];

function isAdvanced(index: readonly IndexParam[]): boolean {
  return index.some((e) => e.kind === "rows");
}

/** Operands and parameters of ops that are not elementwise. */
const SAMPLES: {
  readonly [op: string]:
    readonly (readonly [inputs: readonly NDArray[], params?: unknown])[];
} = {
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
      [[spread([2, 3], { low: 0, high: 9, dtype })], to] as const
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
        isAdvanced(index) === (name !== "subtensor")
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
  assert: [[[spread([2, 3]), spread([2], { dtype: "bool" })], {
    message: "positive",
  }]],
};

function fusedSamples(): Sample[] {
  const x = new Variable(dense("float64", [2, 3])),
    b = new Variable(dense("float64", [3]));
  const t = elemwise.tanh(elemwise.add(x, b));
  const [y] = fuse([x, b], [elemwise.mul(t, elemwise.sub(1, t)), t]);
  return [{
    op: fused.op,
    params: y!.owner!.params,
    inputs: [spread([2, 3]), spread([3])],
  }];
}

/** The samples of an op; none where this file does not know it. */
export function samplesOf(op: AnyOp): Sample[] {
  if (op.name === "fused") return fusedSamples();
  const table = SAMPLES[op.name];
  if (table) return table.map(([inputs, params]) => ({ op, params, inputs }));
  return op.scalar ? elementwiseSamples(op) : [];
}
