/** Variables from values: constants, fills and shared variables. */
import type { Dtype } from "../graph/dtype.ts";
import { config } from "../graph/config.ts";
import {
  array,
  type ArrayLike,
  NDArray,
  type Nested,
} from "../graph/ndarray.ts";
import { withDefaults } from "../graph/options.ts";
import { HostStorage } from "../graph/storage.ts";
import { dense, type Dim } from "../graph/type.ts";
import { Constant, SharedVariable, Variable } from "../graph/variable.ts";
import { arange } from "./arange.ts";
import { broadcastAs, broadcastTo } from "./shape/broadcast_to.ts";
import { asVariable, type Operand } from "./define.ts";
import { expandDims } from "./shape/dimshuffle.ts";
import { add, cast } from "./elementwise/elemwise.ts";
import { eq } from "./elementwise/elemwise_logic.ts";
import { evaluate } from "./evaluate.ts";
import type { RankOf, ShapeLike } from "./shape/reshape.ts";

/** A value in any form. */
export type Value = NDArray | Nested | ArrayBufferView | ArrayLike;

/** A value as part of the graph; numbers are floatX unless `dtype` says otherwise. */
export function constant(
  value: Value,
  options: { readonly dtype?: Dtype; readonly name?: string } = {},
): Constant {
  const { dtype, name } = withDefaults("make a constant", options, {
    dtype: undefined,
    name: undefined,
  });
  return new Constant(typed(value, dtype), name);
}

/** Typed arrays keep their dtype unless another is asked for; numbers are floatX. */
function typed(value: Value, dtype?: Dtype): NDArray {
  const own = value instanceof NDArray || ArrayBuffer.isView(value) ||
    (typeof value === "object" && value !== null && "data" in value);
  return array(value, {
    dtype: dtype ??
      (own ? undefined : typeof value === "boolean" ? "bool" : config.floatX),
  });
}

/** x as a Variable, converted to `dtype` if given. */
export function asTensor(
  x: Operand,
  options: { readonly dtype?: Dtype } = {},
): Variable {
  const { dtype } = withDefaults("make a Variable", options, {
    dtype: undefined,
  });
  return dtype && !(x instanceof Variable)
    ? constant(x, { dtype })
    : dtype
    ? cast(x, dtype)
    : asVariable(x);
}

/** An array of this shape that holds `value` everywhere, in its dtype or, for a number, in floatX. A view: it takes no memory. */
export function full<const L extends number | ShapeLike>(
  shape: L,
  value: Operand,
  dtype?: Dtype,
): Variable<RankOf<L>> {
  const lengths: ShapeLike = typeof shape === "number"
    ? [shape]
    : shape instanceof Variable && shape.ndim === 0
    ? [shape]
    : shape as ShapeLike;
  return broadcastTo(
    asTensor(value, { dtype }),
    lengths,
  ) as Variable as Variable<RankOf<L>>;
}

/** Zeros; see `full`. */
export function zeros<const L extends number | ShapeLike>(
  shape: L,
  dtype: Dtype = config.floatX,
): Variable<RankOf<L>> {
  return full(shape, 0, dtype);
}

/** Ones; see `full`. */
export function ones<const L extends number | ShapeLike>(
  shape: L,
  dtype: Dtype = config.floatX,
): Variable<RankOf<L>> {
  return full(shape, 1, dtype);
}

/** `value`, repeated to these lengths. */
export function alloc<const L extends readonly (number | Variable)[]>(
  value: Operand,
  ...lengths: L
): Variable<L["length"]> {
  return full(lengths, value) as Variable as Variable<L["length"]>;
}

/** An array of the shape of x, and unless given of its dtype, that holds `value` everywhere. Does not compute x. */
export function fullLike<R extends number = number>(
  x: Variable<R> | Operand,
  value: Operand,
  dtype?: Dtype,
): Variable<R> {
  const v = asVariable(x);
  return broadcastAs(
    asTensor(value, { dtype: dtype ?? v.dtype }),
    v,
  ) as Variable<R>;
}

/** Zeros of the shape and dtype of x. Does not compute x. */
export function zerosLike<R extends number = number>(
  x: Variable<R> | Operand,
  dtype?: Dtype,
): Variable<R> {
  return fullLike(x, 0, dtype);
}

/** Ones of the shape and dtype of x. Does not compute x. */
export function onesLike<R extends number = number>(
  x: Variable<R> | Operand,
  dtype?: Dtype,
): Variable<R> {
  return fullLike(x, 1, dtype);
}

/** A matrix of n rows and m columns with ones on diagonal k, counted upwards from the main one. */
export function eye(
  n: number | Variable,
  m: number | Variable = n,
  k: number | Variable = 0,
  dtype: Dtype = config.floatX,
): Variable<2> {
  const rows = expandDims(arange(n), 1), columns = expandDims(arange(m), 0);
  return cast(eq(add(rows, k), columns), dtype) as Variable<2>;
}

/** What `shared` takes besides the value. */
export interface SharedOptions {
  /** For messages, and for files of weights. */
  readonly name?: string;
  /** The dtype of numbers: floatX unless given. */
  readonly dtype?: Dtype;
  /** Keeps the given array instead of a copy. */
  readonly borrow?: boolean;
  /** What types know of the lengths; unless given, which are 1. */
  readonly shape?: readonly Dim[];
}

/**
 * A value that lives between calls. A Variable without free inputs is computed
 * once, now. Types know which lengths are 1 and leave the others open, so that
 * `setValue` may change them; `shape` says more, or less.
 *
 * ```ts
 * import { shared, zeros } from "damo";
 * const W = shared(zeros([784, 10]), { name: "W" });
 * ```
 *
 * RangeError: the value has other lengths than `shape` says.
 */
export function shared<R extends number>(
  value: Variable<R>,
  options?: SharedOptions,
): SharedVariable<R>;
/** A number that lives between calls. */
export function shared(
  value: number,
  options?: SharedOptions,
): SharedVariable<0>;
/** An array that lives between calls: its rank is known once it is here, not to TypeScript. */
export function shared(
  value: Value | Variable,
  options?: SharedOptions,
): SharedVariable;
export function shared(
  value: Value | Variable,
  options: SharedOptions = {},
): SharedVariable {
  const { name, dtype, borrow, shape } = withDefaults(
    "make a shared variable",
    options,
    { name: undefined, dtype: undefined, borrow: false, shape: undefined },
  );
  const made = value instanceof Variable
    ? evaluate([value])[0]!.astype(dtype ?? value.dtype)
    : typed(value, dtype);
  const dims = shape ?? made.shape.map((n) => n === 1 ? 1 : null);
  if (
    dims.length !== made.ndim ||
    dims.some((d, axis) => typeof d === "number" && d !== made.shape[axis])
  ) {
    throw new RangeError(
      `Cannot make a shared variable: the value has shape (${made.shape}), not (${
        dims.map((d) => d ?? "?").join(", ")
      })`,
    );
  }
  return new SharedVariable(
    dense(made.dtype, dims),
    new HostStorage(borrow ? made : made.copy()),
    name,
  );
}
