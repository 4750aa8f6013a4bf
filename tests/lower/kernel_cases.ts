/** Loops over values in memory, and kernels that must agree with them. */
import { assert, assertEquals } from "@std/assert";
import { NDArray } from "../../src/graph/ndarray.ts";
import {
  allocate,
  castElement,
  type Dtype,
  isFloat,
} from "../../src/graph/dtype.ts";
import type { Combine, Expr, Loops } from "../../src/graph/loops.ts";
import {
  applied,
  axis,
  call,
  constant,
  load,
  of,
  stage,
} from "./interpreter.ts";
import { hasCompiler, type Options, run } from "./harness.ts";

/** Kernels are run where a compiler is. */
export const ignore: boolean = !hasCompiler();

const f = "float32";

/** Numbers from 0 up to 1, the same for a seed. */
export function random(seed: number): () => number {
  let s = seed;
  return () => ((s = (s * 1103515245 + 12345) % 2147483648) / 2147483648);
}

/** Values in memory of `order` (a permutation of the axes, outermost first) with `gap` elements between rows. */
export function values(
  dtype: Dtype,
  shape: readonly number[],
  next: () => number,
  { order = shape.map((_, i) => i), gap = 0, scale = 2 } = {},
): NDArray {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (const a of [...order].reverse()) {
    strides[a] = step;
    step = step * shape[a]! + (step === 1 ? gap : 0);
  }
  const data = allocate(dtype, step + 1);
  for (let i = 0; i < data.length; i++) {
    data[i] = castElement(
      isFloat(dtype) ? (next() - 0.5) * scale : Math.floor(next() * 7),
      dtype,
    );
  }
  return new NDArray(dtype, shape, data, strides);
}

export function agree(
  got: NDArray,
  want: NDArray,
  tolerance: number,
  what: string,
): void {
  assertEquals(got.shape, want.shape);
  const a = got.flat(), b = want.flat();
  for (let i = 0; i < a.length; i++) {
    const x = Number(a[i]), y = Number(b[i]);
    const close = Object.is(x, y) || x === y ||
      Math.abs(x - y) <= tolerance * (1 + Math.abs(y));
    assert(close, `${what}: element ${i} is ${x}, expected ${y}`);
  }
}

export interface Case {
  readonly name: string;
  readonly loops: Loops;
  readonly inputs: readonly NDArray[];
  readonly outputs: readonly (readonly [Dtype, readonly number[]])[];
}

export function expectAgreement(
  { name, loops, inputs, outputs }: Case,
  options: Options = {},
  tolerance = 1e-5,
): NDArray[] {
  const node = applied(
    name,
    loops,
    inputs.map((x) => [x.dtype, x.shape]),
    outputs,
  );
  const want = node.op.eval(inputs, undefined);
  const got = run(node, inputs, outputs.map(([, s]) => s), options);
  assert(Array.isArray(got), `${name} refused`);
  got.forEach((y, i) => agree(y, want[i]!, tolerance, name));
  return got;
}

export function elementwise(
  value: (...x: Expr[]) => Expr,
  inputs: readonly NDArray[],
  shape: readonly number[],
  dtype: Dtype,
): Case {
  const axes = shape.map((_, i) => i);
  const loads = inputs.map((x, i) =>
    load(
      i,
      x.dtype,
      ...axes.slice(shape.length - x.ndim).map((a, d) =>
        x.shape[d] === 1 && shape[a] !== 1 ? constant(0, "int64") : a
      ),
    )
  );
  return {
    name: "elementwise",
    inputs,
    outputs: [[dtype, shape]],
    loops: {
      axes: of("output", 0, ...axes),
      outer: axes,
      stages: [{
        kind: "store",
        axes: [],
        output: 0,
        index: axes.map(axis),
        value: value(...loads),
      }],
      inplace: [0],
    },
  };
}

export function reduction(
  combine: Combine,
  x: NDArray,
  over: readonly number[],
  dtype: Dtype,
): Case {
  const kept = x.shape.map((_, i) => i).filter((i) => !over.includes(i));
  return {
    name: combine,
    inputs: [x],
    outputs: [[dtype, kept.map((a) => x.shape[a]!)]],
    loops: {
      axes: of("input", 0, ...x.shape.keys()),
      outer: kept,
      stages: [
        {
          kind: "reduce",
          axes: over,
          combine,
          value: load(0, x.dtype, ...x.shape.keys()),
          dtype,
        },
        {
          kind: "store",
          axes: [],
          output: 0,
          index: kept.map(axis),
          value: stage(0, dtype),
        },
      ],
    },
  };
}

export function softmax(x: NDArray, along: number): Case {
  const rest = x.shape.map((_, i) => i).filter((i) => i !== along),
    at = load(0, f, ...x.shape.keys());
  const e = call("exp", f, call("sub", f, at, stage(0, f)));
  return {
    name: "softmax",
    inputs: [x],
    outputs: [[f, x.shape]],
    loops: {
      axes: of("input", 0, ...x.shape.keys()),
      outer: rest,
      stages: [
        { kind: "reduce", axes: [along], combine: "max", value: at, dtype: f },
        { kind: "reduce", axes: [along], combine: "sum", value: e, dtype: f },
        {
          kind: "store",
          axes: [along],
          output: 0,
          index: [...x.shape.keys()].map(axis),
          value: call("div", f, e, stage(1, f)),
        },
      ],
      inplace: [0],
    },
  };
}
