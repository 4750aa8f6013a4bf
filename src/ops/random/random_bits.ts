/** The op that draws: random numbers between 0 and 1 out of a state, and the state afterwards. */
import { allocate, type Dtype } from "../../graph/dtype.ts";
import { NDArray, sizeOf } from "../../graph/ndarray.ts";
import { describeType } from "../../graph/type.ts";
import type { Variable } from "../../graph/variable.ts";
import { sizeText, typeText } from "../c_text.ts";
import { defineOp, type Operand, type OpFunction } from "../define.ts";
import { draw, DRAW_TEXT } from "./mrg31k3p.ts";
import {
  type ShapeLike,
  type ShapeParams,
  shapeParams,
} from "../shape/reshape.ts";
import { scalarItem, scalarValue } from "../shape/view.ts";

/** The dtypes in which random numbers are drawn. */
export type RandomDtype = "float16" | "float32" | "float64";

/** What is drawn. */
export interface DrawParams extends ShapeParams {
  readonly dtype: RandomDtype;
}

/** How a number z from 1 to 2^31 - 1 becomes a fraction below 1. */
interface Fraction {
  readonly eval: (z: number) => number;
  /** C text over `z`, a uint32_t. */
  readonly c: string;
}

/** In float32 the factor is the one before 2^-31, since 2^31 - 1 rounds to 2^31; float16 takes the lower 15 bits. */
const FRACTIONS: { readonly [dtype in RandomDtype]: Fraction } = {
  float16: {
    eval: (z) => ((z & 32767) + 1) * (511 * 2 ** -24),
    c: "(_Float16)((float)(int32_t)((z & 32767u) + 1u) * 0x1.ffp-16f)",
  },
  float32: {
    eval: (z) => Math.fround(z) * (2 ** -31 - 2 ** -55),
    c: "(float)(int32_t)z * 0x1.fffffep-32f",
  },
  float64: { eval: (z) => z * 2 ** -31, c: "(double)(int32_t)z * 0x1p-31" },
};

/** How many generators are moved on side by side: their words fill a few vectors. */
const ROWS = 64;

/**
 * The op: from a state, an int32 matrix with a generator in each row, and the
 * lengths of what is drawn, the state afterwards and the numbers. Number i is
 * the next one of generator i modulo their number. No gradient flows.
 */
export const drawn: OpFunction<Operand[], DrawParams, 2> = defineOp<
  Operand[],
  DrawParams,
  2
>({
  name: "draw",
  arity: -1,
  outputs: 2,
  infer: (inputs, { shape, dtype }, lengths) => {
    const state = inputs[0]!, [rows, words] = state.shape;
    const wrong = () =>
      new TypeError(
        `Cannot draw random numbers from ${
          describeType(state.type)
        }: a state is an int32 matrix of six columns`,
      );
    if (state.dtype !== "int32" || state.shape.length !== 2) throw wrong();
    lengths.same(words!, 6, wrong);
    return [
      { dtype: "int32", shape: [rows!, 6] },
      { dtype, shape: shape.map((p) => scalarValue(p, inputs)) },
    ];
  },
  eval: (inputs, { shape, dtype }) => {
    const states = Int32Array.from(inputs[0]!.flat() as Iterable<number>),
      rows = states.length / 6,
      lengths = shape.map((p) => scalarItem(p, inputs));
    const z = new Int32Array(sizeOf(lengths)),
      { eval: fraction } = FRACTIONS[dtype];
    for (let row = 0; row < Math.min(rows, z.length); row++) {
      draw(states, row, z, row, rows);
    }
    const numbers = allocate(dtype, z.length);
    z.forEach((n, i) => numbers[i] = fraction(n));
    return [
      new NDArray("int32", [rows, 6], states),
      new NDArray(dtype, lengths, numbers),
    ];
  },
  vjp: ({ inputs }) => inputs.map(() => null),
  jvp: () => [null, null],
  c: ({ inputs, outputs: [, y], params: { dtype } }) => {
    const x = inputs.length === 1 ? "x" : "x0";
    return {
      rowMajor: [0],
      inplace: [0],
      functions: `enum { KERNEL_ROWS = ${ROWS} };${DRAW_TEXT}`,
      body: `
const int64_t rows = ${x}_n0, size = ${sizeText("y1", y!)};
uint32_t s[6][KERNEL_ROWS], zs[KERNEL_ROWS];
if (y0 != ${x}) for (int64_t i = 0; i < 6 * rows; i++) y0[i] = ${x}[i];
for (int64_t first = 0; first < rows && first < size; first += KERNEL_ROWS) {
  const int width = rows - first < KERNEL_ROWS ? (int)(rows - first) : KERNEL_ROWS;
  for (int j = 0; j < width; j++) {
    for (int k = 0; k < 6; k++) s[k][j] = (uint32_t)y0[6 * (first + j) + k];
  }
  for (int64_t i = first; i < size; i += rows) {
    const int m = size - i < width ? (int)(size - i) : width;
    KERNEL_draw(s, zs, m);
    ${typeText(dtype)} *const out = y1 + i;
    for (int j = 0; j < m; j++) {
      const uint32_t z = zs[j];
      out[j] = ${FRACTIONS[dtype].c};
    }
  }
  for (int j = 0; j < width; j++) {
    for (int k = 0; k < 6; k++) y0[6 * (first + j) + k] = (int32_t)s[k][j];
  }
}`,
    };
  },
  connects: ({ shape }) => {
    const lengths = shape.filter((p) => typeof p !== "number");
    return [[false, false], ...lengths.map(() => [false, false])];
  },
});

/** Numbers of this shape between 0 and 1 out of `state`, and the state afterwards. RangeError: a length is negative. */
export function drawFrom(
  state: Variable,
  shape: ShapeLike,
  dtype: RandomDtype,
): [next: Variable, numbers: Variable] {
  const { inputs, params } = shapeParams("draw", shape);
  const [next, numbers] = drawn(state, ...inputs, { ...params, dtype });
  return [next!, numbers!];
}

/** The dtype in which numbers beside `dtype` are drawn. TypeError: it is no float. */
export function randomDtype(dtype: Dtype): RandomDtype {
  if (dtype in FRACTIONS) return dtype as RandomDtype;
  throw new TypeError(
    `Cannot draw random numbers in ${dtype}: expected float16, float32 or float64`,
  );
}
