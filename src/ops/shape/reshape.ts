/** The same elements in row-major order under another shape. */
import { describeOther } from "../../graph/describe_other.ts";
import {
  type Length,
  type Lengths,
  type Shaped,
  STATIC,
} from "../../graph/length.ts";
import { describeType } from "../../graph/type.ts";
import { type AnyOp, Variable } from "../../graph/variable.ts";
import { at } from "../indexing/at.ts";
import {
  asVariable,
  constant,
  defineOp,
  type Operand,
  type OpFunction,
} from "../define.ts";
import { cast, intDiv, mul, neg } from "../elementwise/elemwise.ts";
import { lt, where } from "../elementwise/elemwise_logic.ts";
import { vectorScalars } from "./join.ts";
import { productOf } from "./length_graph.ts";
import { lengthsOf, size } from "./shape.ts";
import { type Scalar, Scalars, scalarValue, shapedArray } from "./view.ts";

/** A shape: lengths one by one, or an integer vector that holds them. */
export type ShapeLike = readonly (number | Variable)[] | Variable;

/** The rank of what has this shape; a number is the length of a vector. */
export type RankOf<L extends number | ShapeLike> = L extends number ? 1
  : L extends readonly unknown[] ? L["length"]
  : number;

/** Parameters of an op that takes a shape: its inputs after the first are lengths. */
export interface ShapeParams {
  readonly shape: readonly Scalar[];
}

/**
 * A shape taken apart into lengths: a vector made of scalars gives those, any
 * other is indexed. TypeError when a vector's length is unknown, for that
 * would be the rank of the result.
 */
export function asLengths(
  name: string,
  shape: ShapeLike,
): (number | Variable)[] {
  if (Array.isArray(shape)) return [...shape];
  if (!(shape instanceof Variable)) {
    throw new TypeError(
      `Cannot apply ${name}: a shape is a list such as [2, 3], got ${
        describeOther(shape)
      }`,
    );
  }
  const parts = vectorScalars(shape);
  if (parts) return parts;
  const n = shape.type.shape[0];
  if (shape.ndim !== 1 || typeof n !== "number") {
    throw new TypeError(
      `Cannot apply ${name}: a shape must be an integer vector of known length, got ${
        describeType(shape.type)
      }; give its lengths one by one`,
    );
  }
  return Array.from({ length: n }, (_, i) => at(shape, i));
}

/** The inputs after the first, and the parameters, of an op that takes a shape of lengths no less than `least`. */
export function shapeParams(
  name: string,
  shape: ShapeLike,
  least = 0,
): { readonly inputs: readonly Variable[]; readonly params: ShapeParams } {
  const scalars = new Scalars(name, 1);
  const params = asLengths(name, shape).map((n) => {
    const p = scalars.take(n);
    if (typeof p === "number" && p < least) {
      throw new RangeError(`Cannot apply ${name}: ${p} is not a length`);
    }
    return p;
  });
  return { inputs: scalars.inputs, params: { shape: params } };
}

/** Only the first input of an op that takes a shape has a gradient. */
export function firstConnects(
  { shape }: { readonly shape: readonly unknown[] },
): readonly (readonly boolean[])[] {
  const scalars = shape.filter((p) => typeof p === "object" && p !== null);
  return [[true], ...scalars.map(() => [false])];
}

function reshaped(
  inputs: readonly Shaped[],
  { shape }: ShapeParams,
  lengths: Lengths,
): readonly Length[] {
  const product = (dims: readonly Length[]) =>
    dims.reduce((a, b) => lengths.mul(a, b), 1);
  const dims = shape.map((p) => scalarValue(p, inputs)),
    open = dims.indexOf(-1);
  const total = product(inputs[0]!.shape),
    named = product(dims.filter((_, i) => i !== open));
  const error = () => {
    const wanted = dims.map((d) =>
      d === null || typeof d === "object" ? "?" : d
    ).join(", ");
    const given = inputs[0]!.shape.map((d) =>
      d === null || typeof d === "object" ? "?" : d
    ).join(", ");
    return new RangeError(
      `Cannot reshape: the elements of shape (${given}) do not fill (${wanted})`,
    );
  };
  if (open < 0) {
    lengths.same(total, named, error);
    return dims;
  }
  if (dims.indexOf(-1, open + 1) >= 0) {
    throw new RangeError(
      `Cannot reshape: -1 stands twice in (${dims.join(", ")})`,
    );
  }
  const known = typeof total === "number" && typeof named === "number";
  if (known && (named === 0 || total % named !== 0)) throw error();
  return dims.map((d, i) => i === open ? lengths.floorDiv(total, named) : d);
}

const relabel: OpFunction<Operand[], ShapeParams> = defineOp<
  Operand[],
  ShapeParams
>({
  name: "reshape",
  arity: -1,
  infer: (inputs, params, lengths) => ({
    dtype: inputs[0]!.dtype,
    shape: reshaped(inputs, params, lengths),
  }),
  eval: (inputs, params) =>
    inputs[0]!.reshape(
      reshaped(inputs.map(shapedArray), params, STATIC) as number[],
    ),
  vjp: (
    { inputs: [x, ...scalars] },
    g,
  ) => [reshape(g, lengthsOf(x!)), ...scalars.map(() => null)],
  jvp: ({ inputs: [, ...scalars], params }, [t]) =>
    t ? relabel(t, ...scalars, params) : null,
  views: [0],
  view: () => ({ kind: "reshape" }),
  connects: firstConnects,
});

function reshapeTo<const L extends ShapeLike>(
  x: Operand,
  shape: L,
): Variable<RankOf<L>> {
  const unread = shape instanceof Variable && !vectorScalars(shape);
  const lengths = unread ? resolved(x, asLengths("reshape", shape)) : shape;
  const { inputs, params } = shapeParams("reshape", lengths, -1);
  return relabel(x, ...inputs, params) as Variable as Variable<RankOf<L>>;
}

/** Lengths that only the run knows, of which one may be -1: what is left of the elements of x. */
function resolved(
  x: Operand,
  lengths: readonly (number | Variable)[],
): Variable[] {
  const all = lengths.map((n) => cast(n, "int64"));
  const named = all.reduce(
    (a: Variable, b) => mul(a, b),
    constant(1, "int64"),
  );
  return all.map((n) => where(lt(n, 0), intDiv(size(x), neg(named)), n));
}

/**
 * The elements in row-major order under another shape of as many elements;
 * one length may be -1: whatever is left. A view.
 *
 * RangeError when the numbers of elements differ.
 */
export const reshape: {
  <const L extends ShapeLike>(x: Operand, shape: L): Variable<RankOf<L>>;
  readonly op: AnyOp;
} = Object.assign(reshapeTo, { op: relabel.op });

/** The last axes made one, so that `ndim` axes are left: a vector unless given. A view. RangeError: there are fewer axes, or `ndim` is no number of them. */
export function flatten<const N extends number = 1>(
  x: Operand,
  ndim: N = 1 as N,
): Variable<N> {
  const v = asVariable(x);
  if (!Number.isInteger(ndim) || ndim < 1 || ndim > Math.max(1, v.ndim)) {
    throw new RangeError(
      `Cannot apply flatten: ${v.ndim} axes cannot become ${
        describeOther(ndim)
      }`,
    );
  }
  if (v.ndim === ndim) return v as Variable<N>;
  const lengths = lengthsOf(v);
  // -1, what reshape works out itself, is no answer where other lengths are 0.
  return reshape(v, [
    ...lengths.slice(0, ndim - 1),
    productOf(lengths.slice(ndim - 1)),
  ]) as Variable as Variable<N>;
}
