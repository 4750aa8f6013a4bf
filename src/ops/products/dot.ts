/** Products of vectors and matrices. */
import {
  allocate,
  castElement,
  type Dtype,
  isBig,
  isFloat,
  promote,
} from "../../graph/dtype.ts";
import type { Length, Lengths, Shaped } from "../../graph/length.ts";
import type { Expr, Loops } from "../../graph/loops.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { describeType, type Type } from "../../graph/type.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import {
  loadAligned,
  sumToLike,
  valueShape,
} from "../elementwise/broadcast.ts";
import { broadcastAs } from "../shape/broadcast_to.ts";
import {
  asVariables,
  defineOp,
  type Operand,
  type OpFunction,
  type XY,
} from "../define.ts";
import { expandDims, moveaxis, transpose } from "../shape/dimshuffle.ts";
import { add, cast, mul } from "../elementwise/elemwise.ts";
import { sum } from "../reductions/reduce.ts";
import { productOf } from "../shape/length_graph.ts";
import { flatten, reshape } from "../shape/reshape.ts";
import { lengthsOf } from "../shape/shape.ts";
import { call, castExpr } from "../elementwise/scalar.ts";
import { axesOfOperand, load, point, reduceLoops } from "../loop_nest.ts";
import { total } from "../elementwise/total.ts";

function productShape(x: Shaped, y: Shaped, lengths: Lengths): Length[] {
  for (const { type, shape } of [x, y]) {
    if (shape.length < 1 || shape.length > 2 || type.kind !== "dense") {
      throw new TypeError(
        `Cannot apply dot: expected vectors or matrices, got ${
          describeType(x.type)
        } and ${describeType(y.type)}`,
      );
    }
  }
  if (x.dtype !== y.dtype) {
    throw new TypeError(
      `Cannot apply dot: dtypes are ${x.dtype} and ${y.dtype}`,
    );
  }
  lengths.same(
    x.shape.at(-1)!,
    y.shape[0]!,
    (k, l) =>
      new RangeError(`Cannot apply dot: inner lengths are ${k} and ${l}`),
  );
  return [...x.shape.slice(0, -1), ...y.shape.slice(1)];
}

/** Loops over the axes of the output, then the inner one; `result` of each sum is stored. The factors are the inputs from `operand`. */
function contraction(
  x: Type,
  z: Type,
  operand: number,
  result: (sum: Expr) => Expr,
): Loops {
  const outer = [...z.shape.keys()], inner = outer.length;
  const rows = outer.slice(0, x.shape.length - 1),
    columns = outer.slice(rows.length);
  const { dtype } = z, sums = dtype === "float16" ? "float32" : dtype;
  const factor = (input: number, axes: readonly number[]) =>
    castExpr(load(input, axes.map(point), dtype), sums);
  return reduceLoops({
    axes: [
      ...axesOfOperand("output", 0, outer),
      ...axesOfOperand("input", operand, [x.shape.length - 1]),
    ],
    outer,
    reduce: {
      axes: [inner],
      combine: dtype === "bool" ? "or" : "sum",
      value: call(
        mul,
        factor(operand, [...rows, inner]),
        factor(operand + 1, [inner, ...columns]),
      ),
      dtype: sums,
    },
    result: (sum) => castExpr(result(sum), dtype),
  });
}

const product: OpFunction<XY> = defineOp<XY>({
  name: "dot",
  arity: 2,
  infer: ([x, y], _, lengths) => ({
    dtype: x.dtype,
    shape: productShape(x, y, lengths),
  }),
  eval: ([x, y]) => multiply(x, y),
  vjp: ({ inputs: [x, y] }, g) => productCotangents(x, y, g),
  jvp: ({ inputs: [x, y] }, [s, t]) => total(s && dot(s, y), t && dot(x, t)),
  loops: ({ inputs: [x], outputs: [z] }) =>
    contraction(x!, z!, 0, (sum) => sum),
});

/** Cotangents of both factors: products again. */
function productCotangents(
  x: Variable,
  y: Variable,
  g: Variable,
): [Variable, Variable] {
  if (x.ndim === 1 && y.ndim === 1) return [mul(g, y), mul(g, x)];
  if (x.ndim === 1) return [dot(y, g), outer(x, g)];
  if (y.ndim === 1) return [outer(g, y), dot(transpose(x), g)];
  return [dot(g, transpose(y)), dot(transpose(x), g)];
}

/** x · y of values; sums of floats in double precision, integers wrap. */
function multiply(x: NDArray, y: NDArray): NDArray {
  const m = x.ndim === 2 ? x.shape[0]! : 1,
    k = x.shape.at(-1)!,
    n = y.ndim === 2 ? y.shape[1]! : 1;
  if (k !== y.shape[0]) {
    throw new RangeError(
      `Cannot apply dot: inner lengths are ${k} and ${y.shape[0]}`,
    );
  }
  const a = x.flat(), b = y.flat(), out = allocate(x.dtype, m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      out[i * n + j] = innerProduct(
        x.dtype,
        k,
        (l) => a[i * k + l]!,
        (l) => b[l * n + j]!,
      );
    }
  }
  return new NDArray(
    x.dtype,
    [...x.shape.slice(0, -1), ...y.shape.slice(1)],
    out,
  );
}

/** Element l of a factor. */
export type Read = (l: number) => number | bigint;

export function innerProduct(
  dtype: Dtype,
  k: number,
  x: Read,
  y: Read,
): number | bigint {
  if (isBig(dtype)) {
    let total = 0n;
    for (let l = 0; l < k; l++) total += (x(l) as bigint) * (y(l) as bigint);
    return castElement(total, dtype);
  }
  let total = 0;
  if (isFloat(dtype)) {
    for (let l = 0; l < k; l++) total += (x(l) as number) * (y(l) as number);
    return total;
  }
  for (let l = 0; l < k; l++) {
    total = (total + Math.imul(x(l) as number, y(l) as number)) | 0;
  }
  return castElement(total, dtype);
}

/** Both factors in the dtype that they promote to. */
function promoted(x: Operand, y: Operand): [Variable, Variable] {
  const [a, b] = asVariables([x, y]) as [Variable, Variable],
    dtype = promote(a.dtype, b.dtype);
  return [cast(a, dtype), cast(b, dtype)];
}

function dotProduct(x: Operand, y: Operand): Variable {
  const [a, b] = promoted(x, y);
  if (a.ndim === 0 || b.ndim === 0) return mul(a, b);
  return a.ndim > 2 || b.ndim > 2 ? flattened(a, b) : product(a, b);
}

/** A product over more axes, as one of matrices: the outer axes of each factor are made one. */
function flattened(x: Variable, y: Variable): Variable {
  const rows = lengthsOf(x).slice(0, -1), inner = lengthsOf(x).at(-1)!;
  const turned = y.ndim > 2 ? moveaxis(y, -2, 0) : y;
  const columns = lengthsOf(turned).slice(1);
  const xy = product(
    x.ndim > 2 ? reshape(x, [productOf(rows), inner]) : x,
    y.ndim > 2
      ? reshape(turned, [lengthsOf(turned)[0]!, productOf(columns)])
      : y,
  );
  return reshape(xy, [...rows, ...columns]);
}

/**
 * The product of arrays, over the last axis of x and the last but one of y
 * (the only one of a vector), in the dtype that both promote to: of two
 * matrices, their product. The result has the other axes of x, then those of
 * y; `matmul` pairs the stacks instead. With a scalar it is `mul`.
 *
 * RangeError: the inner lengths differ.
 *
 * ```ts
 * import { dot, matrix, tensor3 } from "damo";
 * console.log(dot(tensor3("steps"), matrix("W")).ndim); // 3
 * ```
 */
export const dot: {
  (x: Operand, y: Operand): Variable;
  readonly op: AnyOp;
} = Object.assign(dotProduct, { op: product.op });

type Added = [c: Operand, alpha: Operand, x: Operand, y: Operand];

/**
 * c + alpha · dot(x, y), for operands of one dtype: alpha has no axes, c the
 * shape of the product or one that broadcasts to it. Made by rewrites; BLAS
 * computes it in one call, in the memory of c where that has the full shape.
 */
export const dotAdd: OpFunction<Added> = defineOp<Added>({
  name: "dotAdd",
  arity: 4,
  infer: ([c, alpha, x, y], _, lengths) => {
    const shape = productShape(x, y, lengths),
      lead = shape.length - c.shape.length;
    if (
      c.dtype !== x.dtype || alpha.dtype !== x.dtype ||
      alpha.shape.length > 0 || lead < 0
    ) {
      throw new TypeError(
        `Cannot apply dotAdd: operands are ${
          [c, alpha, x, y].map((v) => describeType(v.type)).join(", ")
        }`,
      );
    }
    const whole = shape.map((m, at) => {
      const axis = at - lead;
      return axis < 0 || c.type.shape[axis] === 1 ? m : lengths.same(
        c.shape[axis]!,
        m,
        (n, m) =>
          new RangeError(
            `Cannot apply dotAdd: axis ${axis} of the first operand has length ${n}, of the product ${m}`,
          ),
      );
    });
    return { dtype: x.dtype, shape: whole };
  },
  eval: ([c, alpha, x, y]) => {
    const xy = multiply(x, y),
      shape = valueShape("dotAdd", [c, xy]),
      data = allocate(x.dtype, xy.size);
    if (shape.some((n, axis) => n !== xy.shape[axis])) {
      throw new RangeError(
        `Cannot apply dotAdd: (${c.shape}) does not broadcast to (${xy.shape})`,
      );
    }
    const from = add.op.eval(
      [c, mul.op.eval([alpha, xy], undefined)[0]!],
      undefined,
    )[0]!;
    data.set(from.flat() as never);
    return new NDArray(x.dtype, xy.shape, data);
  },
  vjp: ({ inputs: [c, alpha, x, y] }, g) => {
    const [gx, gy] = productCotangents(x, y, g);
    return [
      sumToLike(g, c),
      sum(mul(g, dot(x, y))),
      mul(alpha, gx),
      mul(alpha, gy),
    ];
  },
  jvp: ({ inputs: [, alpha, x, y], output }, [tc, ta, tx, ty]) =>
    total(
      tc && broadcastAs(tc, output),
      ta && mul(ta, dot(x, y)),
      tx && mul(alpha, dot(tx, y)),
      ty && mul(alpha, dot(x, ty)),
    ),
  loops: ({ inputs: [c, alpha, x], outputs: [z] }) => {
    const full = c!.shape.length === z!.shape.length &&
      c!.shape.every((d, axis) => d !== 1 || z!.shape[axis] === 1);
    const added = (sum: Expr) =>
      call(
        add,
        loadAligned(0, c!, z!),
        call(mul, load(1, [], alpha!.dtype), sum),
      );
    return {
      ...contraction(x!, z!, 2, added),
      ...(full && { inplace: [0] }),
    };
  },
});

/** The matrix of all products of an element of x and one of y, each flattened to a vector. */
export function outer(x: Operand, y: Operand): Variable<2> {
  const [a, b] = promoted(x, y);
  return mul(expandDims(flatten(a), 1), expandDims(flatten(b), 0)) as Variable<
    2
  >;
}
