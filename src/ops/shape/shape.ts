/** Lengths of axes as values. */
import { describeOther } from "../../graph/describe_other.ts";
import { NDArray } from "../../graph/ndarray.ts";
import type { AnyOp, Constant, Variable } from "../../graph/variable.ts";
import {
  asVariable,
  constant,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
} from "../define.ts";
import { mul } from "../elementwise/elemwise.ts";
import { stack } from "./join.ts";

/** An axis counted from the start. RangeError when there is no such axis, TypeError when it is no integer. */
export function axisOf(name: string, axis: number, ndim: number): number {
  if (Number.isInteger(axis) && axis >= -ndim && axis < ndim) {
    return axis < 0 ? axis + ndim : axis;
  }
  if (!Number.isInteger(axis)) {
    throw new TypeError(
      `Cannot apply ${name}: an axis must be an integer, got ${
        describeOther(axis)
      }`,
    );
  }
  throw new RangeError(
    `Cannot apply ${name}: axis ${axis} is out of range for ${ndim} axes`,
  );
}

interface LengthParams {
  readonly axis: number;
}

const length: OpFunction<X, LengthParams> = defineOp<X, LengthParams>({
  name: "shapeAt",
  arity: 1,
  infer: ([x], { axis }) => ({
    dtype: "int64",
    shape: [],
    value: x.shape[axis]!,
  }),
  eval: ([x], { axis }) =>
    new NDArray("int64", [], new BigInt64Array([BigInt(x.shape[axis]!)])),
  // A length does not change with the elements.
  vjp: () => [null],
  jvp: () => null,
  loops: ({ params: { axis } }) => ({
    axes: [{ of: "input", operand: 0, axis }],
    outer: [],
    stages: [{
      kind: "store",
      axes: [],
      output: 0,
      index: [],
      value: { kind: "length", axis: 0 },
    }],
  }),
  connects: () => [[false]],
});

function lengthAt(x: Operand, axis: number): Variable<0> {
  const v = asVariable(x),
    i = axisOf("shapeAt", axis, v.ndim),
    known = v.type.shape[i];
  return typeof known === "number"
    ? constant(known, "int64")
    : length(v, { axis: i }) as Variable<0>;
}

/**
 * The length of an axis, a 0-d int64: a constant where the type knows it.
 * Never computes x. RangeError when x has no such axis.
 */
export const shapeAt: {
  (x: Operand, axis: number): Variable<0>;
  readonly op: AnyOp;
} = Object.assign(lengthAt, { op: length.op });

/** The lengths of x one by one: numbers where its type knows them. */
export function lengthsOf(x: Operand): (number | Variable<0>)[] {
  const v = asVariable(x);
  return v.type.shape.map((d, axis) =>
    typeof d === "number" ? d : shapeAt(v, axis)
  );
}

/** The shape, an int64 vector. Never computes x. */
export function shape(x: Operand): Variable<1> {
  const lengths = lengthsOf(x);
  if (lengths.every((n) => typeof n === "number")) {
    return asVariable(BigInt64Array.from(lengths, BigInt)) as Constant<1>;
  }
  return stack(lengths.map((n) => asVariable(n, "int64"))) as Variable<1>;
}

/** The number of elements, a 0-d int64. Never computes x. */
export function size(x: Operand): Variable<0> {
  return lengthsOf(x).map((n) => asVariable(n, "int64")).reduce(
    (a, b) => mul(a, b),
    constant(1, "int64"),
  ) as Variable<0>;
}
