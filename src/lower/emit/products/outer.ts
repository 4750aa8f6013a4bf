/**
 * A product of vectors that is added to a matrix of few rows,
 * c[i, j] + alpha * x[i] * y[j]: each vector of y is read once for all rows,
 * and alpha is multiplied once a row.
 */
import { type Dtype, DTYPES } from "../../../graph/dtype.ts";
import type { Expr } from "../../../graph/loops.ts";
import { isScalar, plain, product } from "./contraction.ts";
import { kernelOf, scopeOf } from "../c.ts";
import { address, bare, render } from "../expression.ts";
import type { Implementation } from "../implementation.ts";
import {
  type Access,
  LITERAL,
  type Nest,
  type Store,
  strideOf,
  valueOf,
} from "../nest.ts";
import type { Target } from "../../target.ts";
import { block, line, type Scope, type Writer } from "../writer.ts";

/** A nest of this form. */
interface Outer {
  readonly nest: Nest;
  readonly dtype: Dtype;
  readonly store: Store;
  /** What is stored, where stage 0 stands for the product. */
  readonly value: Expr;
  readonly scale: Expr | null;
  /** The axis of each row, of which there are `count`, and the one along it. */
  readonly rows: number;
  readonly count: number;
  readonly columns: number;
  readonly left: Access;
  readonly right: Access;
}

/** The kernel of a product of vectors added to few long rows; null for any other nest. */
export function outerKernel(
  nest: Nest,
  target: Target,
): Implementation | null {
  const outer = outerOf(nest);
  if (!outer) return null;
  const { columns, dtype } = outer,
    { length } = nest.axes[columns]!,
    isRange = (name: string) =>
      typeof length === "object" && name === length.extent;
  // Threads split the columns.
  const extents = [
      ...nest.extents.filter((e) => isRange(e.name)),
      ...nest.extents.filter((e) => !isRange(e.name)),
    ],
    { size, c } = DTYPES[dtype];
  const type =
    `typedef ${c} KERNEL_vector __attribute__((vector_size(${target.vector}), aligned(${size}), may_alias));`;
  return {
    kernel: kernelOf(
      { ...nest, extents, splits: false, tile: false },
      [type],
      (writer) => print({ outer, lanes: target.vector / size, writer }),
    ),
    extents: extents.map((e) => e.value),
    splits: true,
    mayFail: false,
  };
}

function outerOf(nest: Nest): Outer | null {
  const [store] = nest.stages, [a, b] = nest.outer;
  if (
    nest.stages.length !== 1 || store?.kind !== "store" || store.accumulate ||
    store.axes.length > 0 || nest.outer.length !== 2 ||
    store.value.kind !== "call" || store.value.name !== "add"
  ) return null;
  const { access, value } = store, { dtype, args } = value;
  const isFloat = dtype === "float32" || dtype === "float64";
  if (
    !isFloat || nest.operands[access.operand]!.dtype !== dtype ||
    access.jumps.length > 0 || access.offset !== 0
  ) return null;
  const [rows, columns] = strideOf(access, b!) === 1 ? [a!, b!] : [b!, a!],
    count = valueOf(nest, nest.axes[rows]!.length),
    length = valueOf(nest, nest.axes[columns]!.length);
  if (
    typeof count !== "number" || count > LITERAL ||
    typeof length !== "number" || length <= LITERAL ||
    strideOf(access, columns) !== 1
  ) return null;
  const along = (e: Expr, axis: number) => {
    const load = plain(nest, e, dtype);
    return load?.steps.length === 1 && load.steps[0]!.axis === axis
      ? load
      : null;
  };
  const factors = (e: Expr) => {
    const [x, y] = product(e) ?? [];
    if (!x || !y) return null;
    const left = along(x, rows) ?? along(y, rows),
      right = along(x, columns) ?? along(y, columns);
    return left && right && strideOf(right, columns) === 1
      ? { left, right }
      : null;
  };
  for (const [at, e] of args.entries()) {
    const parts = product(e),
      scale = factors(e) ? null : parts?.find((x) => !factors(x)) ?? null,
      pair = factors(e) ?? (parts && factors(parts.find((x) => x !== scale)!));
    if (!pair || (scale && !isScalar(nest, scale, dtype))) continue;
    if (!plain(nest, args[1 - at]!, dtype)) continue;
    const sum: Expr = { kind: "stage", stage: 0, dtype };
    return {
      nest,
      dtype,
      store,
      value: { ...value, args: args.with(at, sum) },
      scale,
      rows,
      count,
      columns,
      ...pair,
    };
  }
  return null;
}

interface Printing {
  readonly outer: Outer;
  readonly lanes: number;
  readonly writer: Writer;
}

function print({ outer, lanes, writer }: Printing): void {
  const { nest, rows, count, columns, left, right, scale } = outer,
    scope = scopeOf(nest, writer),
    { name: j } = nest.axes[columns]!,
    each = Array.from({ length: count }, (_, row) => row);
  const at = (row: number, column: string): Scope => ({
    ...scope,
    variables: new Map([
      ...scope.variables,
      [rows, String(row)],
      [columns, column],
    ]),
  });
  const alpha = scale ? `${render(scale, scope)} * ` : "";
  for (const row of each) {
    const factor = `(${alpha}${address(left, at(row, j))})`;
    line(
      writer,
      `const KERNEL_vector u${row} = ${factor} - (KERNEL_vector){0};`,
    );
  }
  const put = (row: number, column: string, term: string) => {
    const s = { ...at(row, column), results: [term] };
    line(
      writer,
      `${address(outer.store.access, s)} = ${bare(render(outer.value, s))};`,
    );
  };
  line(writer, `int64_t ${j} = lo;`);
  block(writer, `for (; ${j} + ${lanes} <= hi; ${j} += ${lanes}) {`, () => {
    const from = address(right, at(0, j));
    line(
      writer,
      `const KERNEL_vector w = *(const KERNEL_vector *)&${from};`,
    );
    for (const row of each) {
      line(writer, `const KERNEL_vector p${row} = u${row} * w;`);
      line(writer, "#pragma GCC ivdep");
      block(
        writer,
        `for (int64_t lane = 0; lane < ${lanes}; lane++) {`,
        () => put(row, `${j} + lane`, `p${row}[lane]`),
      );
    }
  });
  block(writer, `for (; ${j} < hi; ${j}++) {`, () => {
    const w = address(right, at(0, j));
    line(writer, `const ${DTYPES[outer.dtype].c} w = ${w};`);
    for (const row of each) put(row, j, `(u${row}[0] * w)`);
  });
}
