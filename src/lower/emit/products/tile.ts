/**
 * Products of matrices in registers: a tile of the result stays in named
 * vectors while the inner loop runs, rounded once a term, in one order. What is
 * stored is the nest's own expression of the sum.
 */
import { DTYPES } from "../../../graph/dtype.ts";
import { printBehind } from "./behind.ts";
import { workOf } from "../bind.ts";
import { kernelOf, scopeOf } from "../c.ts";
import { address } from "../expression.ts";
import type { Contraction } from "./contraction.ts";
import type { Implementation } from "../implementation.ts";
import { valueOf } from "../nest.ts";
import {
  column,
  foldText,
  halves,
  lastText,
  placed,
  sumName,
  sumTile,
  type Tile,
  upTo,
  within,
} from "./tile_sums.ts";
import { storeTile } from "./tile_store.ts";
import type { Tiling } from "./tiling.ts";
import { amount, block, line, type Writer } from "../writer.ts";

/** The kernel of a product in register tiles. */
export function tileKernel(given: Tiling): Implementation {
  const { c } = given,
    { nest } = c,
    axis = given.split,
    range = axis < 0 ? 1 : nest.axes[axis]!.length;
  const first = nest.extents.filter((e) =>
    typeof range === "object" && e.name === range.extent
  );
  const extents = [...first, ...nest.extents.filter((e) => !first.includes(e))];
  const tiling: Tiling = {
    ...given,
    c: { ...c, nest: { ...nest, extents, splits: false, tile: false } },
  };
  const { along, few, wide } = tiling;
  const kernel = kernelOf(
    tiling.c.nest,
    vectorFunctions({
      ...tiling,
      dtype: c.dtype,
      few: along === "inner" ? few ?? wide : few,
    }),
    (writer) => {
      printTiles(tiling, writer);
      printBehind(tiling.c, writer, axis);
    },
  );
  return {
    kernel,
    extents: extents.map((e) => e.value),
    splits: first.length > 0,
    work: workOf(nest),
    mayFail: false,
  };
}

/** The vector type and functions of one, at file scope. */
export function vectorFunctions(
  { dtype, lanes, along, few }:
    & Pick<Contraction, "dtype">
    & Pick<Tiling, "lanes" | "along" | "few">,
): string[] {
  const { size, c: type } = DTYPES[dtype],
    fma = dtype === "float32" ? "__builtin_fmaf" : "__builtin_fma",
    whole = `DAMO_FMA_${lanes * size}_${size}`;
  const inline = "static inline __attribute__((always_inline))";
  const text = [
    `typedef ${type} KERNEL_vector __attribute__((vector_size(${
      lanes * size
    }), aligned(${size}), may_alias));`,
    `${inline} KERNEL_vector KERNEL_fma(KERNEL_vector x, KERNEL_vector y, KERNEL_vector z) {`,
    `#ifdef ${whole}`,
    `  return ${whole}(x, y, z);`,
    "#else",
    `  for (int lane = 0; lane < ${lanes}; lane++) z[lane] = ${fma}(x[lane], y[lane], z[lane]);`,
    "  return z;",
    "#endif",
    "}",
  ];
  if (few !== null && few % lanes > 0 && along === "columns") {
    const over = few % lanes;
    text.push(
      `/* The ${over} elements at the end of an array; 0 behind them. */`,
      `${inline} KERNEL_vector KERNEL_end(const ${type} *x) {`,
      "  KERNEL_vector y = {0};",
      `  for (int lane = 0; lane < ${over}; lane++) y[lane] = x[lane];`,
      "  return y;",
      "}",
    );
  }
  if (along === "columns") return text;
  const last = lastText(lanes, type, inline);
  if (few !== null) {
    return [
      ...text,
      ...last,
      `typedef int${8 * size}_t KERNEL_lanes __attribute__((vector_size(${
        lanes * size
      })));`,
      ...foldText(lanes, inline),
    ];
  }
  const folds = halves(lanes).map((n) =>
    `  for (int lane = 0; lane < ${n}; lane++) x[lane] += x[lane + ${n}];`
  );
  return [
    ...text,
    ...last,
    `${inline} ${type} KERNEL_sum(KERNEL_vector x) {`,
    ...folds,
    "  return x[0];",
    "}",
  ];
}

/** All tiles of a result: where the sums are long, those of one column of tiles share what they read of the right factor. */
export function printTiles(t: Tiling, writer: Writer): void {
  if (t.few !== null) {
    const { wide } = t;
    keepEnd(t, writer);
    return overRows(
      t,
      writer,
      (rows) => printTile(t, { ...rows, wide, column: "0", from: "0" }, writer),
    );
  }
  if (t.rowsFirst) {
    return overRows(
      t,
      writer,
      (rows) =>
        overColumns(
          t,
          writer,
          (columns) => printTile(t, { ...rows, ...columns }, writer),
        ),
    );
  }
  overColumns(
    t,
    writer,
    (columns) =>
      overRows(
        t,
        writer,
        (rows) => printTile(t, { ...rows, ...columns }, writer),
      ),
  );
}

/** Where a tile lies in a row of the result. */
export type Columns = Pick<Tile, "wide" | "column" | "from">;

/** The columns of a result in tiles. */
export function overColumns(
  t: Tiling,
  writer: Writer,
  body: (at: Columns) => void,
): void {
  const { columns: axis, along, lanes, wide, restWide, rowsFirst } = t,
    each = along === "columns" ? lanes : 1;
  cover(
    t,
    writer,
    {
      axis,
      size: wide * each,
      rest: restWide && restWide * each,
      ...(rowsFirst && along === "columns" && { vector: lanes }),
    },
    ({ size, first, done }) =>
      body({ wide: Math.ceil(size / each), column: first, from: done }),
  );
}

/** The rows of a result in tiles. */
function overRows(
  t: Tiling,
  writer: Writer,
  body: (at: Pick<Tile, "tall" | "row" | "skip">) => void,
): void {
  const { rows: axis, tall, restTall: rest } = t;
  if (axis < 0) return body({ tall: 1, row: "0", skip: "0" });
  cover(
    t,
    writer,
    { axis, size: tall, rest },
    ({ size, first, done }) => body({ tall: size, row: first, skip: done }),
  );
}

/** Where one of several tiles lies along an axis, and how much of it another has stored. */
interface Place {
  readonly size: number;
  readonly first: string;
  readonly done: string;
}

/**
 * Covers an axis with tiles of one size, and one of the rest at its end; single
 * ones where only the run will tell what is left. A thread's range is moved to
 * the ends of whole tiles.
 */
function cover(
  { c: { nest }, split }: Tiling,
  writer: Writer,
  { axis, size, rest, vector }: {
    readonly axis: number;
    readonly size: number;
    readonly rest: number | null;
    /** Where terms are few, only the last of so many columns are moved back: to store a part takes as long as to compute it. */
    readonly vector?: number;
  },
  body: (place: Place) => void,
): void {
  const { name, length } = nest.axes[axis]!,
    n = amount(length),
    isPart = axis === split && typeof length !== "number",
    [from, to] = isPart ? ["lo", "hi"] : ["0", n];
  const step = (size: number) =>
    `for (; ${name} + ${size} <= ${to}; ${name} += ${size}) {`;
  if (rest === null) {
    line(writer, `int64_t ${name} = ${from};`);
    for (const each of size > 1 ? [size, 1] : [1]) {
      block(
        writer,
        step(each),
        () => body({ size: each, first: name, done: "0" }),
      );
    }
    return;
  }
  if (isPart && size > 1) roundRange(n, size, writer);
  const moved = (size: number) => {
    const first = `at_${name}`;
    line(
      writer,
      `const int64_t ${first} = ${name} + ${size} <= ${n} ? ${name} : ${n} - ${size};`,
    );
    body({ size, first, done: `${name} - ${first}` });
  };
  const whole = (size: number) => body({ size, first: name, done: "0" });
  const known = valueOf(nest, length);
  if (vector && rest !== 0 && typeof known === "number") {
    const left = known % size, part = left % vector;
    line(writer, `int64_t ${name} = ${from};`);
    block(writer, step(size), () => whole(size));
    if (left > part) {
      block(writer, `if (${name} < ${to}) {`, () => {
        whole(left - part);
        line(writer, `${name} += ${left - part};`);
      });
    }
    if (part > 0) {
      block(writer, `if (${name} < ${to}) {`, () => moved(vector));
    }
    return;
  }
  if (rest === size) {
    return block(
      writer,
      `for (int64_t ${name} = ${from}; ${name} < ${to}; ${name} += ${size}) {`,
      () => moved(size),
    );
  }
  if (rest === 0) {
    return block(
      writer,
      `for (int64_t ${name} = ${from}; ${name} < ${to}; ${name} += ${size}) {`,
      () => whole(size),
    );
  }
  const last = typeof known === "number" && known % size === rest
    ? whole
    : moved;
  line(writer, `int64_t ${name} = ${from};`);
  block(writer, step(size), () => whole(size));
  block(writer, `if (${name} < ${to}) {`, () => last(rest));
}

/** Moves the ends of a thread's range to those of whole tiles. */
function roundRange(n: string, size: number, writer: Writer): void {
  const whole = (at: string) => `(${at} + ${size >> 1}) / ${size} * ${size}`;
  line(writer, `lo = ${whole("lo")};`);
  line(writer, `if (hi < ${n}) hi = ${whole("hi")};`);
  line(writer, `if (hi > ${n}) hi = ${n};`);
}

/** The last row of a right factor whose rows are shorter than their vectors: all other rows are followed by one. */
function keepEnd(t: Tiling, writer: Writer): void {
  const { c: { nest, inner }, right, wide, lanes, few, along } = t;
  if (few! % lanes === 0 || along === "inner") return;
  const { length } = nest.axes[inner]!,
    isKnown = typeof length === "number",
    at = isKnown ? String(length - 1) : `${amount(length)} - 1`;
  const scope = within(
    t,
    scopeOf(nest, writer),
    0,
    column("0", (wide - 1) * lanes),
  );
  const element = address(right, {
    ...scope,
    variables: new Map([...scope.variables, [inner, at]]),
  });
  line(
    writer,
    `const KERNEL_vector end = ${
      isKnown ? "" : `${amount(length)} < 1 ? (KERNEL_vector){0} : `
    }KERNEL_end(&${element});`,
  );
}

function printTile(t: Tiling, tile: Tile, writer: Writer): void {
  const { c: { nest } } = t,
    { tall, wide } = tile,
    scope = placed(t, tile, scopeOf(nest, writer));
  const grid = upTo(tall).flatMap((r) =>
    upTo(wide).flatMap((v) =>
      upTo(t.deep).map((part) => `${sumName(r, v, part)} = {0}`)
    )
  );
  line(writer, `KERNEL_vector ${grid.join(", ")};`);
  sumTile(t, tile, scope);
  storeTile(t, tile, scope);
}
