/** Fourier transforms of real arrays. */
import { withDefaults } from "../../graph/options.ts";
import { allocate } from "../../graph/dtype.ts";
import { slice } from "../../graph/indexing.ts";
import type { Length } from "../../graph/length.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { describeType, type Type } from "../../graph/type.ts";
import type { AnyOp, CText, Variable } from "../../graph/variable.ts";
import { at, setSubtensor } from "../indexing/at.ts";
import { lengthsText, sizeText, typeText } from "../c_text.ts";
import { arange } from "../arange.ts";
import { zeros } from "../constructors.ts";
import { alongAxis, blank, transformed } from "./dft.ts";
import {
  asVariable,
  defineOp,
  type Operand,
  type OpFunction,
  type X,
  type XY,
} from "../define.ts";
import { expandDims } from "../shape/dimshuffle.ts";
import { cast, div, mul, sqrt } from "../elementwise/elemwise.ts";
import { and_, gt, lt, where } from "../elementwise/elemwise_logic.ts";
import {
  productOf,
  SYMBOLIC,
  type SymbolicLength,
} from "../shape/length_graph.ts";
import { asFloats } from "../linalg/stack.ts";
import { lengthsOf } from "../shape/shape.ts";

interface FftParams {
  /** The last so many axes are transformed (of complex numbers those in front of the pairs). */
  readonly axes: number;
}

/** The axes in front of the last that are transformed, the last of them first. */
function otherAxes(ndim: number, { axes }: FftParams): number[] {
  return Array.from({ length: axes - 1 }, (_, i) => ndim - 2 - i);
}

/** C that transforms the axes of `w`, whose shape is that of the operand `name` but for its last axis, in front of the last. */
function otherAxesText(
  name: string,
  { ndim, last, inverse }: {
    readonly ndim: number;
    readonly last: string;
    readonly inverse: boolean;
  },
  params: FftParams,
): string {
  return otherAxes(ndim, params).map((axis) => `
fft_plan(&f, ${name}_n${axis}, memory);
fft_axis(&f, w, ${lengthsText(name, 0, axis)}, (${
    lengthsText(name, axis + 1, ndim - 1)
  }) * ${last}, ${Number(inverse)});`).join("");
}

/** C that finds memory for all lengths, and for complex numbers in double precision. */
function memoryText(lengths: readonly string[], numbers: string): string {
  return `
Fft f;
int64_t most = 0;
${
    lengths.map((n) => `if (fft_memory(${n}) > most) most = fft_memory(${n});`)
      .join("\n")
  }
const int code = ctx->reserve_scratch(ctx, (most + 2 * (${numbers})) * (int64_t)sizeof(double));
if (code) return code;
double *const memory = ctx->scratch, *const w = memory + most;`;
}

function refuseRank(name: string, type: Type, least: number): never {
  throw new TypeError(
    `Cannot apply ${name}: expected at least ${least} axes, the first of a batch, got ${
      describeType(type)
    }; expandDims makes a batch of one`,
  );
}

function checkFloat(name: string, type: Type): void {
  if (type.dtype === "float32" || type.dtype === "float64") return;
  throw new TypeError(
    `Cannot apply ${name}: expected float32 or float64, got ${type.dtype}`,
  );
}

/** Positions in a spectrum of a real line of length n whose number stands for two: all but the first, and the last of an even length. */
function doubles(bins: Variable, n: Operand): Variable {
  const length = asVariable(n, "int64"), k = arange(lengthsOf(bins).at(-2)!);
  return expandDims(and_(gt(k, 0), lt(mul(2, k), length)), 1);
}

const forward: OpFunction<X, FftParams> = defineOp<X, FftParams>({
  name: "rfft",
  arity: 1,
  infer: ([x], _, lengths) => {
    checkFloat("rfft", x.type);
    const bins = lengths.add(lengths.floorDiv(x.shape.at(-1)!, 2), 1);
    return { dtype: x.dtype, shape: [...x.shape.slice(0, -1), bins, 2] };
  },
  eval: ([x], params) => {
    const n = x.shape.at(-1)!, bins = Math.floor(n / 2) + 1;
    const shape = [...x.shape.slice(0, -1), bins],
      lines = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    const from = x.flat(), w = new Float64Array(lines * bins * 2);
    for (let line = 0; line < lines; line++) {
      const { re, im } = transformed({
        re: Float64Array.from(
          { length: n },
          (_, i) => Number(from[line * n + i]),
        ),
        im: new Float64Array(n),
      }, -1);
      for (let k = 0; k < bins; k++) {
        w[2 * (line * bins + k)] = re[k] ?? 0;
        w[2 * (line * bins + k) + 1] = im[k] ?? 0;
      }
    }
    for (const axis of otherAxes(x.ndim, params)) alongAxis(w, shape, axis, -1);
    const out = allocate(x.dtype, w.length);
    out.set(w as never);
    return new NDArray(x.dtype, [...shape, 2], out);
  },
  // The transpose of the transform, which knows nothing of the numbers that it leaves out.
  vjp: ({ inputs: [x], params }, g) => {
    const n = lengthsOf(x).at(-1)!;
    return [backward(where(doubles(g, n), mul(0.5, g), g), n, params)];
  },
  jvp: ({ params }, [t]) => t && forward(t, params),
  c: ({ inputs: [x], outputs: [y], params }): CText => {
    const ndim = x!.shape.length, n = `x_n${ndim - 1}`, bins = `y_n${ndim - 1}`;
    const lengths = [n, ...otherAxes(ndim, params).map((a) => `x_n${a}`)];
    return {
      headers: ["fft.h"],
      rowMajor: [0],
      body: `
const int64_t lines = ${lengthsText("x", 0, ndim - 1)}, numbers = ${
        sizeText("y", y!)
      };
${memoryText(lengths, "lines * " + bins)}
fft_plan(&f, ${n}, memory);
fft_forward_${typeText(x!.dtype)}(&f, w, x, lines, ${bins});
${otherAxesText("x", { ndim, last: bins, inverse: false }, params)}
for (int64_t i = 0; i < numbers; i++) y[i] = w[i];`,
    };
  },
});

const backward: OpFunction<XY, FftParams> = defineOp<XY, FftParams>({
  name: "irfft",
  arity: 2,
  infer: ([x, n], _, lengths) => {
    checkFloat("irfft", x.type);
    const length: Length = n.value;
    lengths.same(
      x.shape.at(-2)!,
      lengths.add(lengths.floorDiv(length, 2), 1),
      (have, want) =>
        new RangeError(
          `Cannot apply irfft: the spectrum of a line of length ${length} has ${want} numbers, got ${have}`,
        ),
    );
    lengths.same(
      x.shape.at(-1)!,
      2,
      (have) =>
        new RangeError(
          `Cannot apply irfft: the last axis holds real and imaginary parts, its length is ${have}`,
        ),
    );
    return { dtype: x.dtype, shape: [...x.shape.slice(0, -2), length] };
  },
  eval: ([x, count], params) => {
    const n = count.item(),
      shape = x.shape.slice(0, -1),
      bins = shape.at(-1)!;
    const w = Float64Array.from(x.flat(), Number),
      lines = shape.slice(0, -1).reduce((a, b) => a * b, 1);
    for (const axis of otherAxes(shape.length, params)) {
      alongAxis(w, shape, axis, 1);
    }
    const out = allocate(x.dtype, lines * n);
    for (let line = 0; line < lines; line++) {
      const whole = blank(n);
      for (let k = 0; k < Math.min(bins, n); k++) {
        const re = w[2 * (line * bins + k)]!,
          im = w[2 * (line * bins + k) + 1]!;
        whole.re[k] = whole.re[(n - k) % n] = re;
        whole.im[(n - k) % n] = -im;
        whole.im[k] = k === 0 || 2 * k === n ? 0 : im;
      }
      whole.im.fill(0, 0, 1);
      out.set(transformed(whole, 1).re as never, line * n);
    }
    return new NDArray(x.dtype, [...shape.slice(0, -1), n], out);
  },
  vjp: ({ inputs: [x, n], params }, g) => {
    const spectrum = forward(g, params);
    return [where(doubles(x, n), mul(2, spectrum), spectrum), null];
  },
  jvp: ({ inputs: [, n], params }, [t]) => t && backward(t, n, params),
  c: ({ inputs: [x], outputs: [y], params }): CText => {
    const ndim = y!.shape.length,
      n = `y_n${ndim - 1}`,
      bins = `x0_n${ndim - 1}`;
    const lengths = [n, ...otherAxes(ndim, params).map((a) => `x0_n${a}`)];
    return {
      headers: ["fft.h"],
      rowMajor: [0],
      body: `
const int64_t lines = ${lengthsText("x0", 0, ndim - 1)}, numbers = ${
        sizeText("x0", x!)
      };
${memoryText(lengths, "lines * " + bins)}
for (int64_t i = 0; i < numbers; i++) w[i] = x0[i];
${otherAxesText("x0", { ndim, last: bins, inverse: true }, params)}
fft_plan(&f, ${n}, memory);
fft_backward_${typeText(y!.dtype)}(&f, y, w, lines, ${bins});`,
    };
  },
  connects: () => [[true], [false]],
});

/** How to scale: by nothing forwards and by 1/n backwards, by 1/√n both ways, or not at all. */
export type FftNorm = null | "ortho" | "no_norm";

/** How to transform. */
export interface RfftOptions {
  /** null unless given. */
  readonly norm?: FftNorm;
  /** The lengths of the last axes, which are cut or filled with zeros to them; all axes but the first as they are unless given. */
  readonly s?: readonly (number | Variable)[];
}

/** How to transform back. */
export interface IrfftOptions extends RfftOptions {
  /** The result's last axis has odd length; even unless true. */
  readonly isOdd?: boolean;
}

function checkNorm(name: string, norm: FftNorm): void {
  if (norm === null || norm === "ortho" || norm === "no_norm") return;
  throw new RangeError(
    `Cannot apply ${name}: no norm is called ${norm satisfies never}; use null, "ortho" or "no_norm"`,
  );
}

/** x with its axes from `first` cut or filled with zeros to these lengths. */
function fitted(
  x: Variable,
  first: number,
  s: readonly SymbolicLength[],
): Variable {
  const lengths = lengthsOf(x);
  const wanted = lengths.map((n, axis) => s[axis - first] ?? n);
  if (wanted.every((n, axis) => n === lengths[axis])) return x;
  const common = wanted.map((n, axis) =>
    slice(0, SYMBOLIC.min(n, lengths[axis]!))
  );
  return setSubtensor(
    at(zeros(wanted, x.dtype) as Variable, ...common),
    at(x, ...common),
  );
}

/** x divided by the product of lengths, or by its root. */
function scaled(
  x: Variable,
  s: readonly SymbolicLength[],
  how: "product" | "root" | null,
): Variable {
  if (how === null) return x;
  const n = productOf(s);
  if (typeof n === "number") {
    return div(x, how === "root" ? Math.sqrt(n) : n);
  }
  const size = cast(n, x.dtype);
  return div(x, how === "root" ? sqrt(size) : size);
}

function rfftOf(
  x: Operand,
  options: RfftOptions = {},
): Variable {
  const { s, norm } = withDefaults("apply rfft", options, {
    s: undefined,
    norm: null,
  });
  checkNorm("rfft", norm);
  const v = asFloats([x])[0]!;
  if (v.ndim < 2) refuseRank("rfft", v.type, 2);
  const own = lengthsOf(v), lengths = s ?? own.slice(1);
  if (lengths.length === 0 || lengths.length > v.ndim) {
    throw new RangeError(
      `Cannot apply rfft: s has ${lengths.length} lengths, for ${v.ndim} axes`,
    );
  }
  const whole = s ? fitted(v, v.ndim - s.length, s) : v;
  return scaled(
    forward(whole, { axes: lengths.length }),
    lengths,
    norm === "ortho" ? "root" : null,
  );
}

/**
 * The discrete Fourier transform of real arrays over all axes but the first,
 * which is a batch. Of the last axis only the n/2 + 1 first numbers are made;
 * a new last axis of length 2 holds real and imaginary parts.
 *
 * TypeError: fewer than two axes. RangeError: no such norm.
 *
 * ```ts
 * import { function as compile, matrix, rfft } from "damo";
 * const x = matrix("x"), f = compile([x], rfft(x));
 * console.log(f([[1, 2]]).toArray()); // [ [ [ 3, 0 ], [ -1, 0 ] ] ]
 * ```
 */
export const rfft: {
  (x: Operand, options?: RfftOptions): Variable;
  readonly op: AnyOp;
} = Object.assign(rfftOf, { op: forward.op });

function irfftOf(
  x: Operand,
  options: IrfftOptions = {},
): Variable {
  const { s, norm, isOdd } = withDefaults("apply irfft", options, {
    s: undefined,
    norm: null,
    isOdd: false,
  });
  checkNorm("irfft", norm);
  if (typeof isOdd !== "boolean") {
    throw new RangeError(`Cannot apply irfft: isOdd is ${isOdd}`);
  }
  const v = asFloats([x])[0]!;
  if (v.ndim < 3) refuseRank("irfft", v.type, 3);
  const own = lengthsOf(v).slice(0, -1);
  const { add, sub, mul, floorDiv } = SYMBOLIC;
  const last = add(mul(sub(own.at(-1)!, 1), 2), Number(isOdd));
  const lengths = s ?? [...own.slice(1, -1), last];
  if (lengths.length === 0 || lengths.length > own.length) {
    throw new RangeError(
      `Cannot apply irfft: s has ${lengths.length} lengths, for ${own.length} axes`,
    );
  }
  const n = lengths.at(-1)!;
  const whole = s
    ? fitted(v, own.length - s.length, [
      ...s.slice(0, -1),
      add(floorDiv(n, 2), 1),
    ])
    : v;
  return scaled(
    backward(whole, asVariable(n, "int64"), { axes: lengths.length }),
    lengths,
    norm === null ? "product" : norm === "ortho" ? "root" : null,
  );
}

/**
 * The real arrays whose transforms, as `rfft` makes them, these are. Which
 * length the last axis has, the transform does not say: an even one unless
 * `isOdd`. Imaginary parts that those of real arrays cannot have are ignored.
 *
 * TypeError: fewer than three axes. RangeError: no such norm; the last axis
 * does not have length 2.
 */
export const irfft: {
  (x: Operand, options?: IrfftOptions): Variable;
  readonly op: AnyOp;
} = Object.assign(irfftOf, { op: backward.op });
