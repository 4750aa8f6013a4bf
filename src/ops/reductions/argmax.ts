/** Positions of extrema. */
import { withDefaults } from "../../graph/options.ts";
import type { AnyOp, Variable } from "../../graph/variable.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
} from "../define.ts";
import { dimshuffle } from "../shape/dimshuffle.ts";
import {
  axesOf,
  max,
  REDUCE,
  reduceElements,
  type ReduceOptions,
  reductionLoops,
  refuseEmpty,
  restoreAxes,
} from "./reduce.ts";
import { reshape } from "../shape/reshape.ts";
import { lengthsOf } from "../shape/shape.ts";

/** The parameter of argmax and argmin. */
export interface ArgParams {
  /** The axis that goes. */
  readonly axis: number;
}

/** The function of argmax and argmin. */
export interface ArgReduction {
  (x: Operand): Variable<0>;
  (x: Operand, options: ReduceOptions): Variable;
  /** What rules match on. */
  readonly op: AnyOp;
}

function argReduction(
  name: string,
  combine: "argmax" | "argmin",
): ArgReduction {
  const better: (x: number | bigint, best: number | bigint) => boolean =
    combine === "argmax" ? (x, best) => x > best : (x, best) => x < best;
  const position: OpFunction<X, ArgParams> = defineOp<X, ArgParams>({
    name,
    arity: 1,
    infer: ([x], { axis }) => {
      refuseEmpty(name, x.shape, [axis]);
      return { dtype: "int64", shape: x.shape.filter((_, a) => a !== axis) };
    },
    eval: ([x], { axis }) => {
      refuseEmpty(name, x.shape, [axis]);
      return reduceElements(x, [axis], "int64", (data, start, offsets) => {
        let best = 0;
        for (let i = 1; i < offsets.length; i++) {
          const a = data[start + offsets[best]!]!,
            b = data[start + offsets[i]!]!;
          if (a === a && (b !== b || better(b, a))) best = i;
        }
        return BigInt(best);
      });
    },
    vjp: () => [null],
    jvp: () => null,
    loops: ({ inputs: [x], params: { axis } }) =>
      reductionLoops(
        x!.shape.length,
        [axis],
        (load) => ({
          combine,
          value: load(x!.dtype),
          dtype: "int64",
          result: "int64",
        }),
      ),
  });
  const apply = (
    operand: Operand,
    options: ReduceOptions = {},
  ): Variable => {
    const { axis, keepdims } = withDefaults(`apply ${name}`, options, REDUCE);
    const x = asVariable(operand), axes = axesOf(name, axis, x.ndim);
    const y = axes.length === 1
      ? position(x, { axis: axes[0]! })
      : position(joinAxes(x, axes), { axis: x.ndim - axes.length });
    return keepdims ? restoreAxes(y, axes) : y;
  };
  return Object.assign(
    apply as {
      (x: Operand): Variable<0>;
      (x: Operand, options: ReduceOptions): Variable;
    },
    { op: position.op },
  );
}

/** x with these axes made one, the last. */
function joinAxes(x: Variable, axes: readonly number[]): Variable {
  const kept = [...Array(x.ndim).keys()].filter((axis) => !axes.includes(axis)),
    lengths = lengthsOf(x);
  return reshape(dimshuffle(x, [...kept, ...axes]), [
    ...kept.map((axis) => lengths[axis]!),
    -1,
  ]);
}

/** The position of the first largest element, int64, counted in row-major order over the axes; the first NaN if there is one. */
export const argmax: ArgReduction = argReduction("argmax", "argmax");

/** The position of the first smallest element; see argmax. */
export const argmin: ArgReduction = argReduction("argmin", "argmin");

/** max and argmax. */
export function maxAndArgmax(
  x: Operand,
  options: ReduceOptions = {},
): [Variable, Variable] {
  const v = asVariable(x),
    both = withDefaults("apply maxAndArgmax", options, REDUCE);
  return [max(v, both), argmax(v, both)];
}
