/** Ops of the random graphs: two outputs of which one may be in place, and a kernel that may fail. */
import type { Expr, Stage } from "../../src/graph/loops.ts";
import { NDArray } from "../../src/graph/ndarray.ts";
import {
  defineOp,
  type OpFunction,
  type X,
  type XY,
} from "../../src/ops/define.ts";
import {
  abs,
  add,
  div,
  floor,
  mod,
} from "../../src/ops/elementwise/elemwise.ts";
import { call } from "../../src/ops/elementwise/scalar.ts";

/** Floor and rest of x / (|y| + 1): two outputs, of which the first may overwrite x. */
export const quotient: OpFunction<XY, void, 2> = defineOp<XY, void, 2>({
  name: "quotient",
  arity: 2,
  outputs: 2,
  infer: ([x]) => [x, x],
  eval: (
    [x, y],
  ) => [
    zip(x, y, (a, b) => Math.floor(a / b)),
    zip(x, y, (a, b) => a - b * Math.floor(a / b)),
  ],
  loops: ({ inputs: [x] }) => {
    const outer = x!.shape.map((_, axis) => axis),
      index = outer.map((axis): Expr => ({ kind: "axis", axis }));
    const load = (input: number): Expr => ({
      kind: "load",
      input,
      index,
      dtype: x!.dtype,
    });
    const by = call(add, call(abs, load(1)), 1);
    const store = (output: number, value: Expr): Stage => ({
      kind: "store",
      axes: [],
      output,
      index,
      value,
    });
    return {
      axes: outer.map((axis) => ({ of: "input", operand: 0, axis })),
      outer,
      stages: [
        store(1, call(mod, load(0), by)),
        store(0, call(floor, call(div, load(0), by))),
      ],
      inplace: [0],
    };
  },
});

/** A copy that refuses some values: a kernel that may fail. */
export const check: OpFunction<X> = defineOp<X>({
  name: "check",
  arity: 1,
  infer: ([x]) => x,
  eval: ([x]) => {
    if (Math.abs(Number(x.flat()[0])) % 53 === 3) {
      throw new RangeError("Cannot check: 3 of 53");
    }
    return x.copy();
  },
  mayFail: true,
});

function zip(
  x: NDArray,
  y: NDArray,
  f: (a: number, b: number) => number,
): NDArray {
  const a = x.flat(), b = y.flat();
  return new NDArray(
    x.dtype,
    x.shape,
    Float64Array.from(
      a as Float64Array,
      (v, i) => f(v, Math.abs(Number(b[i])) + 1),
    ),
  );
}
