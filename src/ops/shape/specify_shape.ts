/** Telling types what a shape will be, or to forget it. */
import { checkList } from "../../graph/arguments.ts";
import {
  type Length,
  type Lengths,
  type Shaped,
  STATIC,
} from "../../graph/length.ts";
import { describeType } from "../../graph/type.ts";
import { type AnyOp, Variable, type ViewMap } from "../../graph/variable.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
} from "../define.ts";
import { asLengths, firstConnects } from "./reshape.ts";
import { axisOf } from "./shape.ts";
import { type Scalar, Scalars, scalarValue, shapedArray } from "./view.ts";

/** Parameters of `specifyShape`. */
export interface SpecifyParams {
  /** What each axis must be: null for anything, a name for "equal names are equal lengths". */
  readonly shape: readonly (Scalar | string | null)[];
}

function specified(
  inputs: readonly Shaped[],
  { shape }: SpecifyParams,
  lengths: Lengths,
): readonly Length[] {
  const x = inputs[0]!;
  if (x.shape.length !== shape.length) {
    throw new TypeError(
      `Cannot specify the shape: expected ${shape.length} axes, got ${
        describeType(x.type)
      }`,
    );
  }
  return shape.map((p, axis) => {
    const have = x.shape[axis]!;
    if (p === null || typeof p === "string") return have ?? p;
    const error = (want: Length, have: Length) =>
      new RangeError(
        `Cannot specify the shape: axis ${axis} has length ${have}, not ${want}`,
      );
    // Of two formulas, what is said here is the one that others will repeat.
    return lengths.same(scalarValue(p, inputs), have, error);
  });
}

/** The view that changes nothing. */
export function sameView(ndim: number): ViewMap {
  const from = Array.from({ length: ndim }, (_, axis) => axis);
  return {
    kind: "affine",
    start: from.map(() => 0),
    step: from.map(() => 1),
    from,
    checked: from.map(() => false),
  };
}

const specify: OpFunction<Operand[], SpecifyParams> = defineOp<
  Operand[],
  SpecifyParams
>({
  name: "specifyShape",
  arity: -1,
  infer: (inputs, params, lengths) => ({
    dtype: inputs[0]!.dtype,
    shape: specified(inputs, params, lengths),
  }),
  eval: (inputs, params) => {
    specified(inputs.map(shapedArray), params, STATIC);
    return inputs[0]!;
  },
  vjp: ({ inputs: [, ...scalars] }, g) => [g, ...scalars.map(() => null)],
  jvp: ({ inputs: [, ...scalars], params }, [t]) =>
    t ? specify(t, ...scalars, params) : null,
  views: [0],
  view: ({ inputs: [x] }) => sameView(x!.shape.length),
  connects: firstConnects,
});

function specifyAll<R extends number = number>(
  x: Variable<R> | Operand,
  shape: readonly (number | Variable | string | null)[] | Variable,
): Variable<R> {
  const scalars = new Scalars("specifyShape", 1);
  const wanted = shape instanceof Variable
    ? asLengths("specifyShape", shape)
    : checkList("apply specifyShape", shape, "lengths");
  const params = wanted.map((n) =>
    n === null || typeof n === "string" ? n : scalars.take(n)
  );
  return specify(x, ...scalars.inputs, { shape: params }) as Variable<R>;
}

/**
 * x, whose lengths are checked when it is computed and known to types from
 * here on: for each axis a number, a 0-d integer, a name (equal names are
 * equal lengths), or null for any length.
 *
 * RangeError when a length differs.
 */
export const specifyShape: {
  <R extends number = number>(
    x: Variable<R> | Operand,
    shape: readonly (number | Variable | string | null)[] | Variable,
  ): Variable<R>;
  readonly op: AnyOp;
} = Object.assign(specifyAll, { op: specify.op });

interface AxesParams {
  readonly axes: readonly number[];
}

const forget: OpFunction<X, AxesParams> = defineOp<X, AxesParams>({
  name: "unbroadcast",
  arity: 1,
  infer: ([x], { axes }) => {
    // A graph asks with the lengths of the type itself; a call's own lengths are not forgotten.
    const isCall = x.shape !== x.type.shape;
    return {
      dtype: x.dtype,
      shape: x.shape.map((n, axis) =>
        isCall || !axes.includes(axis) ? n : null
      ),
    };
  },
  eval: ([x]) => x,
  vjp: (_, g) => [g],
  jvp: ({ params }, [t]) => t && forget(t, params),
  views: [0],
  view: ({ inputs: [x] }) => sameView(x!.shape.length),
});

function forgetOnes<R extends number = number>(
  x: Variable<R> | Operand,
  ...axes: number[]
): Variable<R> {
  const v = asVariable(x);
  const known = [
    ...new Set(axes.map((axis) => axisOf("unbroadcast", axis, v.ndim))),
  ]
    .filter((axis) => v.type.shape[axis] === 1)
    .sort((a, b) => a - b);
  return (known.length ? forget(v, { axes: known }) : v) as Variable<R>;
}

/** x, of which types forget that these axes have length 1, so that they do not broadcast. A view. */
export const unbroadcast: {
  <R extends number = number>(
    x: Variable<R> | Operand,
    ...axes: number[]
  ): Variable<R>;
  readonly op: AnyOp;
} = Object.assign(forgetOnes, { op: forget.op });
