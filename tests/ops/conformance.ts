/** Samples of every op of src/ops: what its values, types and derivatives are tested on, here and by whoever compiles it. */
import { type Dtype, DTYPE_NAMES } from "../../src/graph/dtype.ts";
import type { NDArray } from "../../src/graph/ndarray.ts";
import { dense, type Dim, type Type } from "../../src/graph/type.ts";
import { type AnyOp, Apply, Variable } from "../../src/graph/variable.ts";
import * as argmax from "../../src/ops/reductions/argmax.ts";
import * as broadcastTo from "../../src/ops/shape/broadcast_to.ts";
import * as constructors from "../../src/ops/constructors.ts";
import * as crossentropy from "../../src/ops/nnet/crossentropy.ts";
import * as debug from "../../src/ops/debug.ts";
import * as dimshuffle from "../../src/ops/shape/dimshuffle.ts";
import * as dot from "../../src/ops/products/dot.ts";
import * as fft from "../../src/ops/fft/fft.ts";
import * as choleskyOps from "../../src/ops/linalg/cholesky.ts";
import * as eigen from "../../src/ops/linalg/eigen.ts";
import * as expm from "../../src/ops/linalg/expm.ts";
import * as leastSquares from "../../src/ops/linalg/least_squares.ts";
import * as qr from "../../src/ops/linalg/qr.ts";
import * as solve from "../../src/ops/linalg/solve.ts";
import * as svd from "../../src/ops/linalg/svd.ts";
import * as triangular from "../../src/ops/linalg/triangular.ts";
import * as elemwise from "../../src/ops/elementwise/elemwise.ts";
import * as special from "../../src/ops/elementwise/elemwise_special.ts";
import * as logic from "../../src/ops/elementwise/elemwise_logic.ts";
import { fuse, fused } from "../../src/ops/elementwise/fused.ts";
import * as ifelse from "../../src/ops/ifelse.ts";
import * as join from "../../src/ops/shape/join.ts";
import * as reduce from "../../src/ops/reductions/reduce.ts";
import * as reshape from "../../src/ops/shape/reshape.ts";
import * as shape from "../../src/ops/shape/shape.ts";
import * as softmax from "../../src/ops/nnet/softmax.ts";
import * as specifyShape from "../../src/ops/shape/specify_shape.ts";
import * as subtensor from "../../src/ops/indexing/subtensor.ts";
import * as cumulative from "../../src/ops/order/cumulative.ts";
import * as diagonal from "../../src/ops/shape/diagonal.ts";
import * as nonzero from "../../src/ops/indexing/nonzero.ts";
import * as products from "../../src/ops/products/products.ts";
import * as search from "../../src/ops/order/search.ts";
import * as sort from "../../src/ops/order/sort.ts";
import * as blockSparse from "../../src/ops/products/block_sparse.ts";
import * as correlate from "../../src/ops/images/correlate.ts";
import * as pool from "../../src/ops/images/pool_ops.ts";
import * as randomBits from "../../src/ops/random/random_bits.ts";
import * as withoutReplacement from "../../src/ops/random/without_replacement.ts";
import * as unique from "../../src/ops/order/unique.ts";
import { SAMPLES } from "./samples.ts";
import { scattered, spread } from "./values.ts";

export { scattered, spread };

const MODULES = [
  argmax,
  broadcastTo,
  constructors,
  crossentropy,
  debug,
  dimshuffle,
  dot,
  elemwise,
  special,
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
  cumulative,
  diagonal,
  nonzero,
  products,
  search,
  sort,
  randomBits,
  withoutReplacement,
  unique,
  correlate,
  pool,
  blockSparse,
  fft,
  choleskyOps,
  eigen,
  expm,
  leastSquares,
  qr,
  solve,
  svd,
  triangular,
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
    erfinv: [-0.9, 0.9],
    erfcinv: [0.2, 1.8],
    betainc: [0.05, 0.85],
    gammaincinv: [0.3, 0.85],
    gammainccinv: [0.3, 0.85],
    betaincinv: [0.3, 0.85],
    log1mexp: [-2.5, -0.2],
    ceil: [0.1, 0.9],
    floor: [0.1, 0.9],
    trunc: [0.1, 0.9],
    round: [0.6, 0.9],
    roundHalfAwayFromZero: [0.6, 0.9],
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

function fusedSamples(): Sample[] {
  const x = new Variable(dense("float64", [2, 3])),
    b = new Variable(dense("float64", [3]));
  const t = elemwise.tanh(elemwise.add(x, b));
  const [y] = fuse([x, b], [elemwise.mul(t, elemwise.sub(1, t)), t]);
  const c = new Variable(dense("float64", [3, 2])),
    [h] = fuse([x, c], [elemwise.tanh(dot.dot(x, c))]);
  const [p] = fuse([x, b], [elemwise.mul(softmax.softmax(x), b)]);
  const sample = (z: Variable, ...inputs: NDArray[]): Sample => ({
    op: fused.op,
    params: z.owner!.params,
    inputs,
  });
  return [
    sample(y!, spread([2, 3]), spread([3])),
    sample(h!, spread([2, 3]), spread([3, 2])),
    sample(p!, spread([2, 3]), spread([3])),
  ];
}

/** The samples of an op; none where this file does not know it. */
export function samplesOf(op: AnyOp): Sample[] {
  if (op.name === "fused") return fusedSamples();
  const table = SAMPLES[op.name];
  if (table) return table.map(([inputs, params]) => ({ op, params, inputs }));
  return op.scalar ? elementwiseSamples(op) : [];
}
