/** Numbers at equal distances: how many there are, and what they are. */
import {
  allocate,
  castElement,
  type Dtype,
  isBig,
  isFloat,
  isInteger,
  promote,
} from "../graph/dtype.ts";
import type { Length } from "../graph/length.ts";
import { NDArray } from "../graph/ndarray.ts";
import { describeType } from "../graph/type.ts";
import { type AnyOp, Constant, type Variable } from "../graph/variable.ts";
import { assert } from "./debug.ts";
import {
  asVariable,
  asVariables,
  constant,
  defineOp,
  type Operand,
  type OpFunction,
} from "./define.ts";
import {
  add,
  cast,
  ceil,
  div,
  maximum,
  mul,
  sub,
} from "./elementwise/elemwise.ts";
import { neq } from "./elementwise/elemwise_logic.ts";
import { call, castExpr } from "./elementwise/scalar.ts";
import { sum } from "./reductions/reduce.ts";
import { broadcastTo } from "./shape/broadcast_to.ts";
import { SYMBOLIC } from "./shape/length_graph.ts";
import { point } from "./loop_nest.ts";

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
  return progression(constant(0, dtype), constant(1, dtype), n);
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
      ? given.map((x) => constant(x as number, "int64"))
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
