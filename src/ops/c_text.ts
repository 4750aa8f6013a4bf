/** Pieces of C text that irregular ops share: types, sizes, and loops along one axis; see CText. */
import { type Dtype, DTYPES, isFloat } from "../graph/dtype.ts";
import type { Type } from "../graph/type.ts";

/** The C type of an element. */
export function typeText(dtype: Dtype): string {
  return DTYPES[dtype].c;
}

/** The product of the lengths of axes from … to - 1 of the operand `name`. */
export function lengthsText(name: string, from: number, to: number): string {
  const lengths = Array.from(
    { length: Math.max(0, to - from) },
    (_, i) => `${name}_n${from + i}`,
  );
  return lengths.join(" * ") || "1";
}

/** The number of elements of the operand `name`. */
export function sizeText(name: string, { shape }: Type): string {
  return lengthsText(name, 0, shape.length);
}

/**
 * Declares `before`, `length` and `after`: a row-major operand as an array of
 * three axes, of which `axis` is the middle one; element (b, i, a) is
 * `name[(b * length + i) * after + a]`.
 */
export function alongText(name: string, { shape }: Type, axis: number): string {
  return `const int64_t before = ${lengthsText(name, 0, axis)}, length = ${
    lengthsText(name, axis, axis + 1)
  }, after = ${lengthsText(name, axis + 1, shape.length)};`;
}

/** Whether x stands before y in ascending order, in which NaN comes last; equal elements do not. */
export function lessText(dtype: Dtype, x: string, y: string): string {
  return isFloat(dtype)
    ? `(${x} < ${y} || (${y} != ${y} && ${x} == ${x}))`
    : `(${x} < ${y})`;
}
