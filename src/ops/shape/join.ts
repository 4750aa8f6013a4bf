/** Several arrays as one, end to end along an axis, and back. */
import { checkList } from "../../graph/arguments.ts";
import { allocate, promote } from "../../graph/dtype.ts";
import type { Expr } from "../../graph/loops.ts";
import type { Length, Shaped } from "../../graph/length.ts";
import { forEachOffset, NDArray, rowMajor } from "../../graph/ndarray.ts";
import { slice } from "../../graph/indexing.ts";
import { describeType } from "../../graph/type.ts";
import {
  type AnyOp,
  Constant,
  shaped,
  Variable,
} from "../../graph/variable.ts";
import { at } from "../indexing/at.ts";
import { zerosLike } from "../constructors.ts";
import {
  asVariable,
  asVariables,
  defineOp,
  type Operand,
  type OpFunction,
} from "../define.ts";
import { assert } from "../debug.ts";
import { dimshuffle, expandDims } from "./dimshuffle.ts";
import { add, cast } from "../elementwise/elemwise.ts";
import { ge } from "../elementwise/elemwise_logic.ts";
import { SYMBOLIC } from "./length_graph.ts";
import { call } from "../elementwise/scalar.ts";
import { axisOf, lengthsOf } from "./shape.ts";
import { alongSome } from "../indexing/some_axis.ts";
import { specifyShape } from "./specify_shape.ts";
import { point } from "../loop_nest.ts";

interface JoinParams {
  readonly axis: number;
}

const concatenation: OpFunction<Operand[], JoinParams> = defineOp<
  Operand[],
  JoinParams
>({
  name: "join",
  arity: -1,
  infer: (inputs, { axis }, lengths) => {
    const first = inputs[0]!;
    inputs.forEach((x, i) => checkJoins(first, x, i));
    const shape = first.shape.map((_, d): Length =>
      inputs.map((x): Length => x.shape[d]!).reduce((a, b) =>
        d === axis
          ? lengths.add(a, b)
          : lengths.same(a, b, (a, b) =>
            new RangeError(
              `Cannot join along axis ${axis}: axis ${d} has lengths ${a} and ${b}`,
            ))
      )
    );
    return { dtype: first.dtype, shape };
  },
  eval: (inputs, { axis }) => joinArrays(inputs, axis),
  vjp: ({ inputs, params: { axis } }, g) =>
    parts(g, inputs.map((x) => lengthsOf(x)[axis]!), axis),
  jvp: ({ inputs, params }, ts) =>
    ts.some((t) => t)
      ? concatenation(...inputs.map((x, i) => ts[i] ?? zerosLike(x)), params)
      : null,
  // Axes that are not joined are common; each operand has an axis of its own besides.
  loops: ({ inputs, outputs: [y], params: { axis } }) => {
    const common = y!.shape.flatMap((_, d) => d === axis ? [] : [d]),
      dtype = y!.dtype;
    const along = (joined: Expr): Expr[] =>
      y!.shape.map((_, d) => d === axis ? joined : point(common.indexOf(d)));
    let before: Expr | null = null;
    return {
      axes: [
        ...common.map((d) => ({ of: "output" as const, operand: 0, axis: d })),
        ...inputs.map((_, operand) => ({
          of: "input" as const,
          operand,
          axis,
        })),
      ],
      outer: common.map((_, i) => i),
      stages: inputs.map((x, input) => {
        const own = common.length + input,
          here = point(own),
          n = x.shape[axis];
        const to = before ? call(add, before, here) : here;
        const length: Expr = typeof n === "number"
          ? { kind: "constant", value: n, dtype: "int64" }
          : { kind: "length", axis: own };
        before = before ? call(add, before, length) : length;
        return {
          kind: "store",
          axes: [own],
          output: 0,
          index: along(to),
          value: { kind: "load", input, index: along(here), dtype },
        };
      }),
    };
  },
});

function checkJoins(first: Shaped, x: Shaped, i: number): void {
  if (
    x.shape.length > 0 && x.shape.length === first.shape.length &&
    x.dtype === first.dtype
  ) return;
  const remedy = x.shape.length === 0 ? "; stack joins scalars" : "";
  throw new TypeError(
    `Cannot join: operand 0 is ${describeType(first.type)}, operand ${i} is ${
      describeType(x.type)
    }${remedy}`,
  );
}

function joinAll<R extends number = number>(
  axis: number | Variable,
  ...xs: (Variable<R> | Operand)[]
): Variable<R> {
  if (axis instanceof Variable) {
    return typeof axis.value === "number"
      ? joinAll(axis.value, ...xs)
      : alongSome(
        "join",
        axis,
        asVariables(xs)[0]?.ndim ?? 0,
        (d) => join(d, ...xs),
      ) as Variable<R>;
  }
  if (xs.length === 0) {
    throw new TypeError("Cannot join: there are no operands");
  }
  const vs = asVariables(xs), at = axisOf("join", axis, vs[0]!.ndim);
  if (vs.length === 1) return vs[0] as Variable<R>;
  const dtype = vs.map((v) => v.dtype).reduce(promote);
  let parts = vs.map((v) => cast(v, dtype));
  parts.forEach((v, i) => checkJoins(shaped(parts[0]!), shaped(v), i));
  while (parts.length > MOST_PARTS) parts = inGroups(parts, at);
  return concatenation(...parts, { axis: at }) as Variable<R>;
}

/** More are joins of joins: a kernel has a loop for each part, whose position is a sum over all parts before it. */
const MOST_PARTS = 32;

/** Joins of as many neighbours each as one kernel takes. */
function inGroups(parts: readonly Variable[], axis: number): Variable[] {
  const groups: Variable[] = [];
  for (let i = 0; i < parts.length; i += MOST_PARTS) {
    const [first, ...more] = parts.slice(i, i + MOST_PARTS);
    groups.push(
      more.length ? concatenation(first!, ...more, { axis }) : first!,
    );
  }
  return groups;
}

/**
 * The operands end to end along an axis, in the dtype that all promote to. An
 * axis that is a 0-d integer Variable is chosen when it runs.
 *
 * TypeError: no operands, scalars, or other ranks. RangeError: other lengths
 * along another axis.
 */
export const join: {
  <R extends number = number>(
    axis: number | Variable,
    ...xs: (Variable<R> | Operand)[]
  ): Variable<R>;
  readonly op: AnyOp;
} = Object.assign(joinAll, { op: concatenation.op });

/** NumPy's order of arguments for `join`. */
export function concatenate<R extends number = number>(
  xs: readonly (Variable<R> | Operand)[],
  axis = 0,
): Variable<R> {
  return join(axis, ...checkList("apply concatenate", xs, "operands"));
}

/** Operands of one shape along a new axis. TypeError: other ranks. RangeError: other lengths. */
export function stack(xs: readonly Operand[], axis = 0): Variable {
  const vs = asVariables(checkList("apply stack", xs, "operands"));
  return join(axis, ...vs.map((v) => expandDims(v, axis)));
}

/** Parts of x along an axis, whose sizes are known to add up to its length. */
export function parts(
  x: Variable,
  sizes: readonly (number | Variable)[],
  axis: number,
): Variable[] {
  const before = Array<string>(axis).fill(":");
  let start: number | Variable = 0;
  return sizes.map((n) => {
    const end = SYMBOLIC.add(start, n);
    const part = at(x, ...before, slice(start, end));
    start = end;
    return part;
  });
}

/**
 * Parts of x along an axis, of these sizes; views, unless the axis is a 0-d
 * integer Variable, which is known when it runs. RangeError: a size is
 * negative, or they do not add up to the length of the axis.
 */
export function split(
  x: Operand,
  sizes: readonly (number | Variable)[],
  axis: number | Variable = 0,
): Variable[] {
  checkList("split", sizes, "sizes");
  if (axis instanceof Variable) {
    const { value } = axis, { ndim } = asVariable(x);
    return typeof value === "number"
      ? split(x, sizes, value)
      : sizes.map((_, i) =>
        alongSome("split", axis, ndim, (d) => split(x, sizes, d)[i]!)
      );
  }
  const v = asVariable(x), along = axisOf("split", axis, v.ndim);
  const negative = sizes.find((n) => typeof n === "number" && n < 0);
  if (negative !== undefined) {
    throw new RangeError(`Cannot split: a size is ${negative}`);
  }
  const total = sizes.reduce(
    (a: number | Variable, n) => SYMBOLIC.add(a, n),
    0,
  );
  const whole = v.type.shape[along] === total
    ? v
    : specifyShape(v, v.type.shape.map((_, d) => d === along ? total : null));
  const checked = sizes.filter((n) => n instanceof Variable)
    .reduce(
      (w, n) => assert(w, ge(n, 0), "a size of split is negative"),
      whole,
    );
  return parts(checked, sizes, along);
}

/** The scalars that a vector was made of, as numbers where they are known; null where it was made otherwise. */
export function vectorScalars(vector: Variable): (number | Variable)[] | null {
  const found: (number | Variable)[] = [], todo = [vector];
  for (let v = todo.pop(); v; v = todo.pop()) {
    const { owner } = v;
    if (v instanceof Constant && v.ndim === 1) {
      found.push(...[...v.data.flat()].map(Number));
    } else if (owner?.op === join.op) todo.push(...[...owner.inputs].reverse());
    else if (owner?.op === dimshuffle.op && owner.inputs[0]!.ndim === 0) {
      const x = owner.inputs[0]!;
      found.push(typeof x.value === "number" ? x.value : x);
    } else return null;
  }
  return found;
}

/** Values end to end along an axis, row-major. RangeError: other lengths along another axis. */
export function joinArrays(arrays: readonly NDArray[], axis: number): NDArray {
  const first = arrays[0]!,
    total = arrays.reduce((n, x) => n + x.shape[axis]!, 0);
  const shape = first.shape.with(axis, total),
    strides = rowMajor(shape),
    data = allocate(
      first.dtype,
      strides.length ? shape.reduce((a, b) => a * b, 1) : 1,
    );
  let start = 0;
  for (const x of arrays) {
    if (x.shape.some((n, d) => d !== axis && n !== shape[d])) {
      throw new RangeError(
        `Cannot join along axis ${axis}: shapes are (${first.shape}) and (${x.shape})`,
      );
    }
    const from = x.flat();
    let i = 0;
    forEachOffset(x.shape, strides, start, (to) => data[to] = from[i++]!);
    start += x.shape[axis]! * strides[axis]!;
  }
  return new NDArray(first.dtype, shape, data);
}

/** Values of one shape along a new first axis. */
export function stackArrays(arrays: readonly NDArray[]): NDArray {
  return joinArrays(arrays.map((x) => x.reshape([1, ...x.shape])), 0);
}
