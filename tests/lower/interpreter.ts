/** Loops, interpreted element by element: what every kernel of the emitter must agree with. */
import { NDArray, rowMajor, sizeOf } from "../../src/graph/ndarray.ts";
import {
  allocate,
  castElement,
  type Dtype,
  isFloat,
} from "../../src/graph/dtype.ts";
import {
  type Combine,
  type Expr,
  lengthOfAxis,
  type Loops,
} from "../../src/graph/loops.ts";
import {
  Apply,
  type Op,
  type ScalarOp,
  Variable,
} from "../../src/graph/variable.ts";
import { dense, type Dim } from "../../src/graph/type.ts";

type Scalar = (x: number, y: number, z: number) => number;

/** The scalar functions that tests use: their C and their value. */
const FUNCTIONS: { readonly [name: string]: readonly [ScalarOp, Scalar] } = {
  add: [{ c: ([x, y]) => `(${x} + ${y})` }, (x, y) => x + y],
  sub: [{ c: ([x, y]) => `(${x} - ${y})` }, (x, y) => x - y],
  mul: [{ c: ([x, y]) => `(${x} * ${y})` }, (x, y) => x * y],
  div: [{ c: ([x, y]) => `(${x} / ${y})` }, (x, y) => x / y],
  sqr: [{ c: ([x]) => `(${x} * ${x})` }, (x) => x * x],
  lt: [{ c: ([x, y]) => `(${x} < ${y})` }, (x, y) => Number(x < y)],
  eq: [{ c: ([x, y]) => `(${x} == ${y})` }, (x, y) => Number(x === y)],
  where: [{ c: ([c, x, y]) => `(${c} ? ${x} : ${y})` }, (c, x, y) => c ? x : y],
  exp: [
    { c: ([x], _, d) => `exp_${d === "float64" ? "f64" : "f32"}(${x})` },
    Math.exp,
  ],
  log: [
    { c: ([x], _, d) => `log_${d === "float64" ? "f64" : "f32"}(${x})` },
    Math.log,
  ],
  tanh: [
    { c: ([x], _, d) => `tanh_${d === "float64" ? "f64" : "f32"}(${x})` },
    Math.tanh,
  ],
  cast: [{
    c: ([x], _, d) =>
      `((${
        ({
          float16: "_Float16",
          float32: "float",
          float64: "double",
          int64: "int64_t",
        } as Record<string, string>)[d]
      })${x})`,
  }, (x) => x],
};

/** A scalar function applied. */
export function call(name: string, dtype: Dtype, ...args: Expr[]): Expr {
  return { kind: "call", name, scalar: FUNCTIONS[name]![0], args, dtype };
}

export function axis(axis: number): Expr {
  return { kind: "axis", axis };
}

export function load(
  input: number,
  dtype: Dtype,
  ...index: (number | Expr)[]
): Expr {
  return {
    kind: "load",
    input,
    dtype,
    index: index.map((i) => typeof i === "number" ? axis(i) : i),
  };
}

export function constant(value: number, dtype: Dtype): Expr {
  return { kind: "constant", value, dtype };
}

export function stage(stage: number, dtype: Dtype): Expr {
  return { kind: "stage", stage, dtype };
}

/** The axes of an operand, for Loops.axes. */
export function of(
  kind: "input" | "output",
  operand: number,
  ...axes: number[]
): Loops["axes"] {
  return axes.map((axis) => ({ of: kind, operand, axis }));
}

/** An application of an op that has these loops. */
export function applied(
  name: string,
  loops: Loops,
  inputs: readonly (readonly [Dtype, readonly Dim[]])[],
  outputs: readonly (readonly [Dtype, readonly Dim[]])[],
): Apply {
  const op: Op = {
    name,
    arity: inputs.length,
    outputs: outputs.length,
    infer: () => outputs.map(([dtype, shape]) => ({ dtype, shape })),
    eval: (values) =>
      interpret(
        loops,
        values,
        outputs.map(([dtype, shape]) => [dtype, shape as readonly number[]]),
      ),
    loops: () => loops,
  };
  return new Apply(
    op,
    inputs.map(([dtype, shape]) => new Variable(dense(dtype, shape))),
    undefined,
  );
}

/** Runs the loops. */
export function interpret(
  loops: Loops,
  inputs: readonly NDArray[],
  outputs: readonly (readonly [Dtype, readonly number[]])[],
): NDArray[] {
  const out = outputs.map(([dtype, shape]) =>
    new NDArray(dtype, shape, allocate(dtype, sizeOf(shape)), rowMajor(shape))
  );
  const length = loops.axes.map((a) => lengthOfAxis(a, inputs, out));
  const at = new Array<number>(length.length).fill(0), found: number[] = [];
  const offset = (x: NDArray, index: readonly Expr[]) =>
    index.reduce((sum, e, d) => {
      const i = evaluate(e), n = x.shape[d]!;
      return sum +
        (n === 1 && e.kind === "axis" ? 0 : i < 0 ? i + n : i) * x.strides[d]!;
    }, x.offset);
  const evaluate = (e: Expr): number => {
    switch (e.kind) {
      case "axis":
        return at[e.axis]!;
      case "length":
        return length[e.axis]!;
      case "load":
        if (
          e.outside !== undefined &&
          e.index.some((i, d) => {
            const at = evaluate(i);
            return at < 0 || at >= inputs[e.input]!.shape[d]!;
          })
        ) return e.outside;
        return Number(
          inputs[e.input]!.data[offset(inputs[e.input]!, e.index)]!,
        );
      case "stage":
        return found[e.stage]!;
      case "constant":
        return Number(e.value);
      case "call": {
        const [x = 0, y = 0, z = 0] = e.args.map(evaluate);
        return Number(
          isFloat(e.dtype)
            ? FUNCTIONS[e.name]![1](x, y, z)
            : castElement(FUNCTIONS[e.name]![1](x, y, z), e.dtype),
        );
      }
      default:
        return e satisfies never;
    }
  };
  const over = (axes: readonly number[], visit: () => void): void => {
    const [first, ...rest] = axes;
    if (first === undefined) return visit();
    for (at[first] = 0; at[first]! < length[first]!; at[first]!++) {
      over(rest, visit);
    }
  };
  over(loops.outer, () =>
    loops.stages.forEach((s, k) => {
      if (s.kind === "reduce") {
        let acc = s.combine.startsWith("arg") ? 0 : EMPTY[s.combine],
          best = s.combine === "argmax" ? -Infinity : Infinity;
        over(s.axes, () => {
          const v = evaluate(s.value);
          if (!s.combine.startsWith("arg")) acc = COMBINE[s.combine](acc, v);
          else if (
            (s.combine === "argmax" ? v > best : v < best) ||
            (Number.isNaN(v) && !Number.isNaN(best))
          ) best = v, acc = at[s.axes[0]!]!;
        });
        found[k] = acc;
      } else {
        over(s.axes, () => {
          const y = out[s.output]!,
            to = offset(y, s.index),
            v = evaluate(s.value);
          y.data[to] = castElement(
            s.accumulate ? Number(y.data[to]) + v : v,
            y.dtype,
          );
        });
      }
    }));
  return out;
}

const EMPTY: { readonly [c in Combine]: number } = {
  sum: 0,
  prod: 1,
  max: -Infinity,
  min: Infinity,
  argmax: 0,
  argmin: 0,
  and: 1,
  or: 0,
};

const COMBINE: { readonly [c in Combine]: (x: number, y: number) => number } = {
  sum: (x, y) => x + y,
  prod: (x, y) => x * y,
  max: Math.max,
  min: Math.min,
  argmax: Math.max,
  argmin: Math.min,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
};
