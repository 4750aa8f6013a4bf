/** Variables from values: constants, fills, ranges and shared variables. */
import {
  allocate,
  type Dtype,
  isBig,
  isFloat,
  isInteger,
  promote,
} from "../graph/dtype.ts";
import { config } from "../graph/config.ts";
import type { Length } from "../graph/length.ts";
import {
  array,
  type ArrayLike,
  castElement,
  NDArray,
  type Nested,
} from "../graph/ndarray.ts";
import { withDefaults } from "../graph/options.ts";
import { HostStorage } from "../graph/storage.ts";
import { dense, describeType, type Dim } from "../graph/type.ts";
import {
  type AnyOp,
  Constant,
  SharedVariable,
  Variable,
} from "../graph/variable.ts";
import { broadcastAs, broadcastTo } from "./shape/broadcast_to.ts";
import {
  asVariable,
  asVariables,
  constant as scalarConstant,
  defineOp,
  type Operand,
  type OpFunction,
} from "./define.ts";
import { assert } from "./debug.ts";
import { expandDims } from "./shape/dimshuffle.ts";
import {
  add,
  cast,
  ceil,
  div,
  maximum,
  mul,
  sub,
} from "./elementwise/elemwise.ts";
import { eq, neq } from "./elementwise/elemwise_logic.ts";
import { evaluate } from "./evaluate.ts";
import { SYMBOLIC } from "./shape/length_graph.ts";
import { sum } from "./reductions/reduce.ts";
import type { RankOf, ShapeLike } from "./shape/reshape.ts";
import { call, castExpr } from "./elementwise/scalar.ts";
import { point } from "./loop_nest.ts";

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

type Progression = [start: Operand, step: Operand, length: Operand];

const progression: OpFunction<Progression> = defineOp<Progression>({
  name: "arange",
  arity: 3,
  infer: ([start, step, n], _, lengths) => {
    if (
      start.dtype !== step.dtype || [start, step, n].some((x) =>
        x.shape.length > 0
      ) || !isInteger(n.dtype)
    ) {
      throw new TypeError(
        `Cannot apply arange: operands are ${
          [start, step, n].map((x) => describeType(x.type)).join(", ")
        }`,
      );
    }
    return { dtype: start.dtype, shape: [lengths.max(0, n.value)] };
  },
  eval: ([start, step, n]) => {
    const { dtype } = start,
      size = Math.max(0, n.item()),
      data = allocate(dtype, size);
    const first = start.data[start.offset]!, by = step.data[step.offset]!;
    for (let i = 0; i < size; i++) {
      data[i] = isBig(dtype)
        ? (first as bigint) + BigInt(i) * (by as bigint)
        : castElement((first as number) + i * (by as number), dtype);
    }
    return new NDArray(dtype, [size], data);
  },
  vjp: ({ inputs: [start, , n] }, g) =>
    isFloat(start.dtype)
      ? [sum(g), sum(mul(g, counted(n, start.dtype))), null]
      : [null, null, null],
  jvp: ({ inputs: [start, , n] }, [s, t]) => {
    const along = t && mul(t, counted(n, start.dtype));
    return s ? add(broadcastTo(s, [n]), along ?? 0) : along;
  },
  loops: ({ outputs: [y] }) => {
    const { dtype } = y!,
      load = (input: number) => ({
        kind: "load" as const,
        input,
        index: [],
        dtype,
      });
    return {
      axes: [{ of: "output", operand: 0, axis: 0 }],
      outer: [0],
      stages: [{
        kind: "store",
        axes: [],
        output: 0,
        index: [point(0)],
        value: call(
          add,
          load(0),
          call(mul, castExpr(point(0), dtype), load(1)),
        ),
      }],
    };
  },
  connects: () => [[true], [true], [false]],
});

/** 0, 1, … n - 1. */
function counted(n: Variable, dtype: Dtype): Variable {
  return progression(scalarConstant(0, dtype), scalarConstant(1, dtype), n);
}

function range(
  ...args: [stop: Operand] | [
    start: Operand,
    stop: Operand,
    step?: Operand,
    dtype?: Dtype,
  ]
): Variable<1> {
  const [from, to, by = 1, dtype] = args.length === 1 ? [0, args[0]] : args;
  const given = [from, to, by],
    whole = given.every((x) =>
      typeof x === "bigint" || (typeof x === "number" && Number.isInteger(x))
    );
  const vs = whole
      ? given.map((x) => scalarConstant(x as number, "int64"))
      : asVariables(given),
    common = vs.map((v) => v.dtype).reduce(promote);
  const operands = vs.map((v) => cast(v, common === "bool" ? "int64" : common)),
    [start, stop, asked] = operands as [Variable, Variable, Variable];
  if (operands.some((v) => v.ndim > 0)) {
    throw new TypeError(
      `Cannot apply arange: expected scalars, got ${
        operands.map((v) => describeType(v.type)).join(", ")
      }`,
    );
  }
  const numbers = given.every((x) => typeof x === "number")
    ? given as number[]
    : null;
  const step = nonZero(asked);
  const n = isFloat(start.dtype)
    ? floatCount(start, stop, step, numbers)
    : integerCount(start, stop, step);
  const made = dtype ?? start.dtype;
  return progression(
    cast(start, made),
    cast(step, made),
    asVariable(n as Variable | number, "int64"),
  ) as Variable<1>;
}

/** A step that must not be 0; the run looks at one that only it knows. */
function nonZero(step: Variable): Variable {
  const known = step instanceof Constant || typeof step.value === "number";
  return known ? step : assert(step, neq(step, 0), "the step of arange is 0");
}

/** How many integers there are from start to stop. */
function integerCount(start: Variable, stop: Variable, step: Variable): Length {
  const [a, b, by] = [start, stop, step].map((v): Length =>
    v.value !== null && typeof v.value === "number" ? v.value : cast(v, "int64")
  ) as [Length, Length, Length];
  const { sub, add, floorDiv, max } = SYMBOLIC;
  if (by === 0) throw new RangeError("Cannot apply arange: the step is 0");
  if (typeof by !== "number") return max(0, sub(0, floorDiv(sub(a, b), by)));
  const span = by > 0 ? sub(b, a) : sub(a, b);
  return max(0, floorDiv(add(span, Math.abs(by) - 1), Math.abs(by)));
}

/** The same for floats: in the numbers themselves where they are known. */
function floatCount(
  start: Variable,
  stop: Variable,
  step: Variable,
  numbers: readonly number[] | null,
): Length {
  if (!numbers) {
    return maximum(0, cast(ceil(div(sub(stop, start), step)), "int64"));
  }
  const [a, b, by] = numbers as [number, number, number];
  if (by === 0) throw new RangeError("Cannot apply arange: the step is 0");
  return Math.max(0, Math.ceil((b - a) / by));
}

/**
 * The numbers start, start + step, … before stop (from 0 if only stop is
 * given): int64 if all are whole numbers, else in the dtype they promote to.
 *
 * RangeError: the step is 0, or is found to be when it runs. TypeError: an operand has axes.
 */
export const arange: {
  (stop: Operand): Variable<1>;
  (
    start: Operand,
    stop: Operand,
    step?: Operand,
    dtype?: Dtype,
  ): Variable<1>;
  readonly op: AnyOp;
} = Object.assign(
  range,
  { op: progression.op },
);

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
