/** One value repeated to a larger shape. */
import {
  type Length,
  type Lengths,
  type Shaped,
  STATIC,
} from "../../graph/length.ts";
import { describeType } from "../../graph/type.ts";
import type { AnyOp, Variable, ViewMap } from "../../graph/variable.ts";
import { sumToLike } from "../elementwise/broadcast.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
} from "../define.ts";
import {
  firstConnects,
  type RankOf,
  type ShapeLike,
  type ShapeParams,
  shapeParams,
} from "./reshape.ts";
import { lengthsOf } from "./shape.ts";
import { look, scalarValue, shapedArray } from "./view.ts";

function repeatedShape(
  inputs: readonly Shaped[],
  { shape }: ShapeParams,
  lengths: Lengths,
): readonly Length[] {
  const x = inputs[0]!, lead = shape.length - x.shape.length;
  if (lead < 0) {
    throw new TypeError(
      `Cannot broadcast: ${
        describeType(x.type)
      } has more than ${shape.length} axes`,
    );
  }
  return shape.map((p, i) => {
    const want = scalarValue(p, inputs), axis = i - lead;
    if (axis < 0 || x.type.shape[axis] === 1) return want;
    return lengths.same(
      want,
      x.shape[axis]!,
      (want, have) =>
        new RangeError(
          `Cannot broadcast: axis ${axis} has length ${have}, not ${want}${
            have === 1 ? "; say so to types with specifyShape" : ""
          }`,
        ),
    );
  });
}

function repeatView(shape: readonly Length[], ndim: number): ViewMap {
  return {
    kind: "affine",
    start: shape.map(() => 0),
    step: shape.map(() => 1),
    from: shape.map((d, axis) => d === 1 ? null : axis + ndim - shape.length),
    checked: shape.map(() => false),
  };
}

const repeat: OpFunction<Operand[], ShapeParams> = defineOp<
  Operand[],
  ShapeParams
>({
  name: "broadcastTo",
  arity: -1,
  infer: (inputs, params, lengths) => ({
    dtype: inputs[0]!.dtype,
    shape: repeatedShape(inputs, params, lengths),
  }),
  eval: (inputs, params) => {
    const shape = repeatedShape(
      inputs.map(shapedArray),
      params,
      STATIC,
    ) as number[];
    return look(inputs, repeatView(inputs[0]!.shape, shape.length), shape);
  },
  vjp: (
    { inputs: [x, ...scalars] },
    g,
  ) => [sumToLike(g, x!), ...scalars.map(() => null)],
  jvp: ({ inputs: [, ...scalars], params }, [t]) =>
    t ? repeat(t, ...scalars, params) : null,
  views: [0],
  view: ({ inputs: [x], params }) => repeatView(x!.shape, params.shape.length),
  connects: firstConnects,
});

function repeatTo<const L extends ShapeLike>(
  x: Operand,
  shape: L,
): Variable<RankOf<L>> {
  const { inputs, params } = shapeParams("broadcastTo", shape);
  return repeat(x, ...inputs, params) as Variable as Variable<RankOf<L>>;
}

/**
 * x repeated along new leading axes, and along axes that its type knows to
 * have length 1. A view: it takes no memory.
 *
 * RangeError when another axis differs; TypeError when x has more axes.
 */
export const broadcastTo: {
  <const L extends ShapeLike>(x: Operand, shape: L): Variable<RankOf<L>>;
  readonly op: AnyOp;
} = Object.assign(repeatTo, { op: repeat.op });

/** x repeated to the shape of `like`, which is not computed; see `broadcastTo`. */
export function broadcastAs<R extends number>(
  x: Operand,
  like: Variable<R>,
): Variable<R> {
  const v = asVariable(x), { shape } = like.type;
  if (
    v.ndim === shape.length &&
    shape.every((d, i) => d === v.type.shape[i] && d !== null)
  ) return v as Variable<R>;
  return broadcastTo(v, lengthsOf(like)) as Variable as Variable<R>;
}
