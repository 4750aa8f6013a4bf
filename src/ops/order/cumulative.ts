/** Running sums and products along an axis, the recurrence that is the derivative of both, and differences. */
import {
  allocate,
  castElement,
  type Dtype,
  isBig,
  isFloat,
} from "../../graph/dtype.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { describeType } from "../../graph/type.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import { at } from "../indexing/at.ts";
import { alongText, typeText } from "../c_text.ts";
import { fullLike } from "../constructors.ts";
import {
  asVariable,
  defineOp,
  type Each,
  type Operand,
  type OpFunction,
  type X,
  type XY,
} from "../define.ts";
import { add, mul, sub } from "../elementwise/elemwise.ts";
import { neq } from "../elementwise/elemwise_logic.ts";
import { join } from "../shape/join.ts";
import { summed, wider } from "../reductions/reduce.ts";
import { flatten } from "../shape/reshape.ts";
import { castC } from "../elementwise/scalar.ts";
import { axisOf } from "../shape/shape.ts";

interface AlongParams {
  readonly axis: number;
}

/** How the state of a running operation moves on. */
interface Running<A extends readonly Operand[]> {
  readonly arity: A["length"];
  /** Before the first element. */
  readonly start: number;
  /** The next state, from the state and the elements there, in C and in values. */
  readonly c: (state: string, ...x: Each<A, string>) => string;
  readonly eval: (state: number, ...x: Each<A, number>) => number;
  readonly bigint: (state: bigint, ...x: Each<A, bigint>) => bigint;
  readonly vjp: (
    inputs: Each<A, Variable>,
    y: Variable,
    g: Variable,
    axis: number,
  ) => Each<A, Variable>;
  readonly jvp: (
    inputs: Each<A, Variable>,
    y: Variable,
    ts: Each<A, Variable | null>,
    axis: number,
  ) => Variable | null;
}

/** Operands have one dtype and shape; the state is kept in a wider dtype. */
function running<A extends X | XY>(
  name: string,
  row: Running<A>,
): OpFunction<A, AlongParams> {
  return defineOp<A, AlongParams>(
    {
      name,
      arity: row.arity,
      infer: (inputs, _, lengths) => {
        const [x, ...rest] = inputs;
        const other = rest.find((y) =>
          y.dtype !== x.dtype || y.shape.length !== x.shape.length
        );
        if (other) {
          throw new TypeError(
            `Cannot apply ${name}: operands are ${describeType(x.type)} and ${
              describeType(other.type)
            }`,
          );
        }
        const shape = x.shape.map((n, d) =>
          rest.reduce((m, y) =>
            lengths.same(
              m,
              y.shape[d]!,
              (a, b) =>
                new RangeError(
                  `Cannot apply ${name}: axis ${d} has lengths ${a} and ${b}`,
                ),
            ), n)
        );
        return { dtype: summed(x.dtype), shape };
      },
      eval: (inputs, { axis }) => runAlong(row, inputs, axis),
      vjp: ({ inputs, output, params: { axis } }, ...gs) =>
        isFloat(output.dtype)
          ? row.vjp(inputs, output, gs[0] as Variable, axis)
          : inputs.map(() => null) as unknown as Each<A, null>,
      jvp: ({ inputs, output, params: { axis } }, ts) =>
        isFloat(output.dtype) ? row.jvp(inputs, output, ts, axis) : null,
      c: ({ inputs, outputs: [y], params: { axis } }) => {
        const names = inputs.map((_, i) => inputs.length > 1 ? `x${i}` : "x"),
          state = wider(y!.dtype),
          at = "(b * length + i) * after + a";
        const next = (held: string) => {
          const elements = inputs.map(({ dtype }, i) =>
            castC(`${names[i]}[${at}]`, dtype, state)
          ) as unknown as Each<A, string>;
          return `${held} = ${row.c(held, ...elements)};
      y[${at}] = ${castC(held, state, y!.dtype)};`;
        };
        return {
          rowMajor: inputs.map((_, i) => i),
          body: `
${alongText(names[0]!, inputs[0]!, axis)}
if (after == 1) {
  const int64_t a = 0;
  for (int64_t b = 0; b < before; b++) {
    ${typeText(state)} state = ${row.start};
    for (int64_t i = 0; i < length; i++) {
      ${next("state")}
    }
  }
  return DAMO_OK;
}
const int code = ctx->reserve_scratch(ctx, after * sizeof(${typeText(state)}));
if (code) return code;
${typeText(state)} *const states = ctx->scratch;
for (int64_t b = 0; b < before; b++) {
  for (int64_t a = 0; a < after; a++) states[a] = ${row.start};
  for (int64_t i = 0; i < length; i++) {
    for (int64_t a = 0; a < after; a++) {
      ${next("states[a]")}
    }
  }
}`,
        };
      },
    } as Parameters<typeof defineOp<A, AlongParams>>[0],
  );
}

function runAlong<A extends X | XY>(
  row: Running<A>,
  inputs: readonly NDArray[],
  axis: number,
): NDArray {
  const [x] = inputs as [NDArray], dtype = summed(x.dtype);
  const state = wider(dtype), round = rounding(state);
  const from = inputs.map((v) => v.astype(state).flat()),
    out = allocate(dtype, x.size);
  const n = x.shape[axis]!,
    after = x.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  for (let start = 0; start < x.size; start += n * after) {
    for (let a = 0; a < after; a++) {
      let held: number | bigint = isBig(state) ? BigInt(row.start) : row.start;
      for (let i = 0; i < n; i++) {
        const k = start + i * after + a, elements = from.map((f) => f[k]!);
        held = isBig(state)
          ? row.bigint(held as bigint, ...elements as never)
          : round(row.eval(held as number, ...elements as never));
        held = castElement(held, state);
        out[k] = held;
      }
    }
  }
  return new NDArray(dtype, x.shape, out);
}

function rounding(dtype: Dtype): (x: number) => number {
  return dtype === "float32" ? Math.fround : (x) => x;
}

/** The elements along an axis in reverse. */
function reversed(x: Variable, axis: number): Variable {
  return at(x, ...Array<string>(axis).fill(":"), "::-1");
}

/** The elements one place later along an axis, behind `first`; the last one goes. */
function later(x: Variable, axis: number, first: number): Variable {
  const lead = Array<string>(axis).fill(":");
  return join(
    axis,
    fullLike(at(x, ...lead, ":1"), first),
    at(x, ...lead, ":-1"),
  );
}

const sums: OpFunction<X, AlongParams> = running<X>("cumsum", {
  arity: 1,
  start: 0,
  c: (state, x) => `${state} + ${x}`,
  eval: (state, x) => state + x,
  bigint: (state, x) => state + x,
  vjp: (_x, _y, g, axis) => [
    reversed(sums(reversed(g, axis), { axis }), axis),
  ],
  jvp: (_x, _y, [t], axis) => t && sums(t, { axis }),
});

const products: OpFunction<X, AlongParams> = running<X>("cumprod", {
  arity: 1,
  start: 1,
  c: (state, x) => `${state} * ${x}`,
  eval: (state, x) => state * x,
  bigint: (state, x) => state * x,
  // y_i = y_{i-1} x_i, so no element is divided by: zeros are no exception.
  vjp: ([x], y, g, axis) => [
    mul(later(y, axis, 1), pulledBack(x, g, axis)),
  ],
  jvp: ([x], y, [t], axis) =>
    t && recurrences(x, mul(later(y, axis, 1), t), { axis }),
});

const recurrences: OpFunction<XY, AlongParams> = running<XY>("recurrence", {
  arity: 2,
  start: 0,
  c: (state, a, b) => `${a} * ${state} + ${b}`,
  eval: (state, a, b) => a * state + b,
  bigint: (state, a, b) => a * state + b,
  vjp: ([a], y, g, axis) => {
    const r = pulledBack(a, g, axis);
    return [mul(r, later(y, axis, 0)), r];
  },
  jvp: ([a], y, [s, t], axis) => {
    const moved = s && mul(s, later(y, axis, 0)),
      b = moved && t ? add(moved, t) : moved ?? t;
    return b && recurrences(a, b, { axis });
  },
});

/** The transpose of a recurrence: r_i = g_i + a_{i+1} r_{i+1}. */
function pulledBack(a: Variable, g: Variable, axis: number): Variable {
  const factors = later(reversed(a, axis), axis, 0);
  return reversed(recurrences(factors, reversed(g, axis), { axis }), axis);
}

function along(
  f: OpFunction<X, AlongParams>,
  name: string,
): (x: Operand, axis?: number | null) => Variable {
  return (x, axis = null) => {
    const v = asVariable(x);
    return axis === null
      ? f(flatten(v), { axis: 0 })
      : f(v, { axis: axisOf(name, axis, v.ndim) });
  };
}

/** A running operation: along an axis, or over the elements as one vector where there is none. */
export interface Cumulative {
  (x: Operand, axis?: number | null): Variable;
  /** What rules match on. */
  readonly op: AnyOp;
}

/**
 * Running sums along an axis, or of the elements as one vector unless an axis
 * is given; int64 or uint64 for integers and bools, as `sum`.
 *
 * RangeError: no such axis.
 *
 * ```ts
 * import { cumsum, function as compile, vector } from "damo";
 * const x = vector("x");
 * console.log(compile([x], cumsum(x))([1, 2, 3]).toArray()); // [ 1, 3, 6 ]
 * ```
 */
export const cumsum: Cumulative = Object.assign(along(sums, "cumsum"), {
  op: sums.op,
});

/** Running products; see `cumsum`. Its gradient is right where elements are 0. */
export const cumprod: Cumulative = Object.assign(along(products, "cumprod"), {
  op: products.op,
});

function recur(a: Operand, b: Operand, axis = -1): Variable {
  const x = asVariable(a), y = asVariable(b, x.dtype);
  return recurrences(x, y, { axis: axisOf("recurrence", axis, x.ndim) });
}

/**
 * The linear recurrence y_i = a_i y_{i-1} + b_i along an axis, from 0: what a
 * filter or a decaying average is, without a loop of the graph.
 *
 * TypeError: a and b differ in dtype or rank. RangeError: in a length.
 */
export const recurrence: {
  (a: Operand, b: Operand, axis?: number): Variable;
  readonly op: AnyOp;
} = Object.assign(recur, { op: recurrences.op });

/**
 * The differences of neighbours along an axis, `n` times over; of bools
 * whether they differ. RangeError: n is negative, or no such axis.
 */
export function diff(x: Operand, n = 1, axis = -1): Variable {
  const v = asVariable(x), d = axisOf("diff", axis, v.ndim);
  if (!Number.isInteger(n) || n < 0) {
    throw new RangeError(`Cannot apply diff: n is ${n}`);
  }
  const lead = Array<string>(d).fill(":");
  let y = v;
  for (let i = 0; i < n; i++) {
    const next = at(y, ...lead, "1:"), here = at(y, ...lead, ":-1");
    y = y.dtype === "bool" ? neq(next, here) : sub(next, here);
  }
  return y;
}
