/** Ops that return what they get, and change what differentiation sees of it. */
import { describeOther } from "../graph/describe_other.ts";
import type { AnyOp, Variable } from "../graph/variable.ts";
import { zerosLike } from "../ops/constructors.ts";
import {
  defineOp,
  type OpFunction,
  type Rules,
  type X,
} from "../ops/define.ts";
import { maximum, minimum, mul } from "../ops/elementwise/elemwise.ts";
import { sameView } from "../ops/shape/specify_shape.ts";

/** What an identity does with the gradient and the tangent. */
type Differential<P> = Pick<Rules<X, P>, "vjp" | "jvp" | "connects">;

function identity<P = void>(
  name: string,
  differential: Differential<P>,
): OpFunction<X, P> {
  return defineOp<X, P>({
    name,
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) => x,
    ...differential,
    view: ({ inputs: [x] }) => sameView(x!.shape.length),
    views: [0],
  });
}

/** x; its gradient is zero. */
export const considerConstant: OpFunction<X> = identity("considerConstant", {
  vjp: ({ inputs: [x] }) => [zerosLike(x)],
  jvp: () => null,
});

/** x; its gradient is zero. */
export const zeroGrad: OpFunction<X> = identity("zeroGrad", {
  vjp: ({ inputs: [x] }) => [zerosLike(x)],
  jvp: () => null,
});

/** x; to differentiation it is connected to nothing. */
export const disconnectedGrad: OpFunction<X> = identity("disconnectedGrad", {
  vjp: () => [null],
  jvp: () => null,
  connects: () => [[false]],
});

/** Bounds of a gradient. */
export interface GradBounds {
  readonly low: number;
  readonly high: number;
}

const clipped = identity<GradBounds>("gradClip", {
  vjp: ({ params: { low, high } }, g) => [minimum(maximum(g, low), high)],
  jvp: (_, [t]) => t,
});

const scaled = identity<{ readonly by: number }>("gradScale", {
  vjp: ({ params: { by } }, g) => [mul(g, by)],
  jvp: ({ params: { by } }, [t]) => t && mul(t, by),
});

/** x; its gradient is clipped to low … high. TypeError: these are no numbers. */
export function gradClip(x: Variable, low: number, high: number): Variable {
  checkNumbers("gradClip", { low, high });
  return clipped(x, { low, high });
}

/** x; its gradient is multiplied by `by`. TypeError: that is no number. */
export function gradScale(x: Variable, by: number): Variable {
  checkNumbers("gradScale", { by });
  return scaled(x, { by });
}

function checkNumbers(name: string, given: Record<string, unknown>): void {
  for (const [what, value] of Object.entries(given)) {
    if (typeof value !== "number") {
      throw new TypeError(
        `Cannot apply ${name}: ${what} is ${
          describeOther(value)
        }, expected a number`,
      );
    }
  }
}

/** All of them: rewriting removes them, since by then everything is differentiated. */
export const GRADIENT_IDENTITIES: readonly { readonly op: AnyOp }[] = [
  considerConstant,
  zeroGrad,
  disconnectedGrad,
  clipped,
  scaled,
];
