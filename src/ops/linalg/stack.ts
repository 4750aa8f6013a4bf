/** What ops on stacks of matrices share: type rules over the last two axes, products, and C that calls LAPACK for each matrix. */
import { type Dtype, isFloat, promote } from "../../graph/dtype.ts";
import { config } from "../../graph/config.ts";
import type { Length, Lengths, Shaped } from "../../graph/length.ts";
import { describeType, type Type } from "../../graph/type.ts";
import type { CText, LoopSite, Variable } from "../../graph/variable.ts";
import { broadcastTo } from "../shape/broadcast_to.ts";
import { typeText } from "../c_text.ts";
import { asVariables, type Operand } from "../define.ts";
import { swapaxes } from "../shape/dimshuffle.ts";
import { dot } from "../products/dot.ts";
import { cast } from "../elementwise/elemwise.ts";
import { batchedDot } from "../products/products.ts";
import { productOf, type SymbolicLength } from "../shape/length_graph.ts";
import { reshape } from "../shape/reshape.ts";
import { lengthsOf } from "../shape/shape.ts";

/** The axes in front of a stack's matrices, and the lengths of those. TypeError: no matrices of float32 or float64. */
export function matricesOf(
  name: string,
  { type, dtype, shape }: Shaped,
): {
  readonly lead: readonly Length[];
  readonly m: Length;
  readonly n: Length;
} {
  if (shape.length < 2 || type.kind !== "dense") {
    throw new TypeError(
      `Cannot apply ${name}: expected a matrix or a stack of them, got ${
        describeType(type)
      }`,
    );
  }
  if (dtype !== "float32" && dtype !== "float64") {
    throw new TypeError(
      `Cannot apply ${name}: expected float32 or float64, got ${dtype}`,
    );
  }
  return { lead: shape.slice(0, -2), m: shape.at(-2)!, n: shape.at(-1)! };
}

/** The same of square matrices. RangeError: they are not. */
export function squaresOf(
  name: string,
  x: Shaped,
  lengths: Lengths,
): { readonly lead: readonly Length[]; readonly n: Length } {
  const { lead, m, n } = matricesOf(name, x);
  return {
    lead,
    n: lengths.same(
      m,
      n,
      (m, n) =>
        new RangeError(
          `Cannot apply ${name}: matrices are ${m} by ${n}, expected square ones`,
        ),
    ),
  };
}

/** The axes in front of two stacks that go together. RangeError: they differ. */
export function sameLead(
  name: string,
  x: readonly Length[],
  y: readonly Length[],
  lengths: Lengths,
): Length[] {
  if (x.length !== y.length) {
    throw new TypeError(
      `Cannot apply ${name}: stacks have ${x.length} and ${y.length} axes in front of their matrices`,
    );
  }
  return x.map((n, axis) =>
    lengths.same(
      n,
      y[axis]!,
      (a, b) =>
        new RangeError(
          `Cannot apply ${name}: axis ${axis} of the stacks has lengths ${a} and ${b}`,
        ),
    )
  );
}

/** Operands in the float dtype that they promote to: floatX for integers, float32 for float16. */
export function asFloats(operands: readonly Operand[]): Variable[] {
  const made = asVariables(operands);
  const dtype = made.map((v) => v.dtype).reduce(promote);
  const real: Dtype = !isFloat(dtype)
    ? config.floatX
    : dtype === "float16"
    ? "float32"
    : dtype;
  return made.map((v) => cast(v, real));
}

/** Two stacks with the same axes in front of their matrices: those that one lacks, or has with length 1, are repeated. */
export function alignStacks(x: Variable, y: Variable): [Variable, Variable] {
  if (x.ndim === 2 && y.ndim === 2) return [x, y];
  const ndim = Math.max(x.ndim, y.ndim);
  const lengths = (v: Variable) => [
    ...Array<number>(ndim - v.ndim).fill(1),
    ...lengthsOf(v),
  ];
  const [a, b] = [lengths(x), lengths(y)];
  const lead = a.slice(0, -2).map((n, axis) => n === 1 ? b[axis]! : n);
  const wide = (v: Variable, own: readonly SymbolicLength[]) =>
    v.ndim === ndim &&
      own.slice(0, -2).every((n, axis) => n !== 1 || lead[axis] === 1)
      ? v
      : broadcastTo(v, [...lead, ...own.slice(-2)]) as Variable;
  return [wide(x, a), wide(y, b)];
}

/** Every matrix transposed. A view. */
export function turn(x: Variable): Variable {
  return swapaxes(x, -1, -2);
}

/** The products of the matrices of two stacks with the same axes in front. */
export function times(x: Variable, y: Variable): Variable {
  if (x.ndim === 2) return dot(x, y);
  if (x.ndim === 3) return batchedDot(x, y);
  const [a, b] = [lengthsOf(x), lengthsOf(y)],
    count = productOf(a.slice(0, -2));
  const z = batchedDot(
    reshape(x, [count, ...a.slice(-2)]),
    reshape(y, [count, ...b.slice(-2)]),
  );
  return reshape(z, [...a.slice(0, -1), b.at(-1)!]) as Variable;
}

/** Memory for one matrix at a time. */
export type Scratch = readonly [c: string, name: string, count: string];

/** C that runs once for every matrix of the stacks. `R`, the working type, and `L(name)`, the function of LAPACK for it, may be used in it. */
export interface StackText {
  /** The working type; that of the first operand unless given. */
  readonly dtype?: Dtype;
  /** Lengths, and what LAPACK says of its work. */
  readonly setup: string;
  readonly scratch: readonly Scratch[];
  /** Over `which`, and pointers to the matrices at hand, named as the operands but in capitals. */
  readonly each: string;
}

/** The operands of a kernel by their names: one is "x" or "y", of several the first is "x0" or "y0". */
function named(
  letter: "x" | "y",
  types: readonly Type[],
): { readonly name: string; readonly type: Type }[] {
  return types.map((type, i) => ({
    name: types.length > 1 ? `${letter}${i}` : letter,
    type,
  }));
}

function stackText(
  operands: ReturnType<typeof named>,
  lead: number,
  { dtype = operands[0]!.type.dtype, setup, scratch, each }: StackText,
): string {
  const real = typeText(dtype);
  const loops = Array.from(
    { length: lead },
    (_, b) =>
      `for (int64_t b${b} = 0; b${b} < ${operands[0]!.name}_n${b}; b${b}++) {`,
  );
  const pointers = operands.filter(({ name }) =>
    new RegExp(`\\b${name.toUpperCase()}\\b`).test(each)
  ).map(({ name, type }) => {
    const steps = Array.from(
      { length: lead },
      (_, b) => ` + b${b} * ${name}_s${b}`,
    );
    const constant = name.startsWith("x") ? "const " : "";
    return `${constant}${
      typeText(type.dtype)
    } *const ${name.toUpperCase()} = ${name}${steps.join("")};`;
  });
  // A block of its own: names of the kernel around it may be taken anew.
  const text = [
    "{",
    "const Lapack *const lapack = ctx->blas->lapack;",
    setup.trim(),
    scratchText(scratch),
    "int64_t which = 0;",
    ...loops.length > 0 ? loops : ["{"],
    ...pointers,
    each.trim(),
    "which++;",
    ..."}".repeat(Math.max(1, loops.length)),
    "}",
  ].filter((line) => line !== "").join("\n");
  return indented(text).replace(/(?<!")\bR\b/g, real)
    .replace(
      /\bL\((\w+)\)/g,
      (_, f) => `lapack->${dtype[5] === "3" ? "s" : "d"}${f}`,
    )
    .replace(/\blog\(/g, `log_f${dtype.slice(5)}(`)
    .replace(/\b(to_columns|to_rows|not_finite)\(/g, `$1_${real}(`);
}

/** Lines moved in by the braces before them. */
function indented(text: string): string {
  let depth = 0;
  return text.split("\n").map((given) => {
    const line = given.trim();
    const closing = line.startsWith("}") ? 1 : 0,
      open = line.split("{").length - line.split("}").length;
    const made = "  ".repeat(Math.max(0, depth - closing)) + line;
    depth += open;
    return made;
  }).join("\n");
}

function scratchText(scratch: readonly Scratch[]): string {
  if (scratch.length === 0) return "";
  const sizes = scratch.map(([type, name, count]) =>
    `const int64_t at_${name} = bytes;\nbytes += (${count}) * (int64_t)sizeof(${type}) / 64 * 64 + 64;`
  );
  const pointers = scratch.map(([type, name]) =>
    `${type} *const ${name} = (${type} *)((char *)ctx->scratch + at_${name});`
  );
  return [
    "int64_t bytes = 0;",
    ...sizes,
    "const int refused = ctx->reserve_scratch(ctx, bytes);",
    "if (refused) return refused;",
    ...pointers,
  ].join("\n");
}

/** C: the length of the square matrices x, here and for LAPACK. */
export function squareSetup(lead: number): string {
  return `
const int64_t n = x_n${lead};
const int order = n, rows = leading(n);`;
}

/** The C of an op on stacks; `text` is told how many axes of all operands stand in front of those of each matrix. */
export function lapackText<P>(
  { inputs, outputs, params }: LoopSite<P>,
  text: (lead: number, params: P) => StackText,
): CText {
  const lead = inputs[0]!.shape.length - 2;
  const operands = [...named("x", inputs), ...named("y", outputs)];
  return {
    headers: ["lapack.h"],
    body: stackText(operands, lead, text(lead, params)),
  };
}
