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
import {
  column,
  foldText,
  halves,
  lastText,
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
  const kernel = kernelOf(
    tiling.c.nest,
    vectorFunctions({ ...tiling, dtype: c.dtype }),
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

/** Where the loop over an axis begins and ends. */
function bounds(t: Tiling, axis: number): readonly [string, string] {
  const { length } = t.c.nest.axes[axis]!;
  return axis === t.split && typeof length !== "number"
    ? ["lo", "hi"]
    : ["0", amount(length)];
}

/** Moves the ends of a thread's columns to those of whole tiles. */
function roundColumns(t: Tiling, writer: Writer): void {
  const { c: { nest }, columns, split, along, lanes, wide } = t,
    { length } = nest.axes[columns]!;
  if (split !== columns || typeof length === "number") return;
  const width = wide * (along === "columns" ? lanes : 1),
    n = amount(length),
    whole = (at: string) => `(${at} + ${width / 2}) / ${width} * ${width}`;
  line(writer, `lo = ${whole("lo")};`);
  line(writer, `if (hi < ${n}) hi = ${whole("hi")};`);
  line(writer, `if (hi > ${n}) hi = ${n};`);
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
      (tall) => printTile(t, { tall, wide, from: "0", column: "0" }, writer),
    );
  }
  roundColumns(t, writer);
  if (t.rowsFirst) {
    return overRows(
      t,
      writer,
      (tall) =>
        overColumns(t, writer, (at) => printTile(t, { tall, ...at }, writer)),
    );
  }
  overColumns(
    t,
    writer,
    (at) =>
      overRows(t, writer, (tall) => printTile(t, { tall, ...at }, writer)),
  );
}

/** Columns [lo, hi) in tiles, then in narrower ones, down to one vector (or column). */
function overColumns(
  t: Tiling,
  writer: Writer,
  body: (at: Omit<Tile, "tall">) => void,
): void {
  const { c: { nest }, columns, wide, lanes } = t,
    j = nest.axes[columns]!.name,
    each = t.along === "columns" ? lanes : 1;
  const [from, to] = bounds(t, columns);
  line(writer, `int64_t ${j} = ${from};`);
  for (
    const vectors of t.along === "columns" ? [wide, ...narrower(wide)] : [wide]
  ) {
    const step = vectors * each;
    if (vectors === 1) break;
    block(
      writer,
      `for (; ${j} + ${step} <= ${to}; ${j} += ${step}) {`,
      () => body({ wide: vectors, from: "0", column: j }),
    );
  }
  if (t.along === "inner") {
    return block(
      writer,
      `for (; ${j} < ${to}; ${j}++) {`,
      () => body({ wide: 1, from: "0", column: j }),
    );
  }
  const n = amount(nest.axes[columns]!.length);
  block(writer, `for (; ${j} < ${to}; ${j} += ${lanes}) {`, () => {
    line(
      writer,
      `const int64_t at = ${j} + ${lanes} <= ${n} ? ${j} : ${n} - ${lanes};`,
    );
    line(
      writer,
      `const int64_t past = ${to} - at < ${lanes} ? ${to} - at : ${lanes};`,
    );
    body({ wide: 1, from: `${j} - at`, column: "at" });
  });
}

/** Half as many vectors, and so on down to one. */
function narrower(wide: number): number[] {
  return wide === 1 ? [] : [wide >> 1, ...narrower(wide >> 1)];
}

/** Tiles of rows, then the rows that are left over; rows [lo, hi) where columns are few. */
function overRows(
  t: Tiling,
  writer: Writer,
  body: (tall: number) => void,
): void {
  const { c: { nest }, rows, tall, rest } = t;
  if (rows < 0) return body(1);
  const { name: i } = nest.axes[rows]!,
    [from, to] = bounds(t, rows),
    isPart = to === "hi";
  const step = (rows: number) =>
    block(
      writer,
      `for (; ${i} + ${rows} <= ${to}; ${i} += ${rows}) {`,
      () => body(rows),
    );
  if (rest === 0 && !isPart) {
    return block(
      writer,
      `for (int64_t ${i} = 0; ${i} < ${to}; ${i} += ${tall}) {`,
      () => body(tall),
    );
  }
  line(writer, `int64_t ${i} = ${from};`);
  step(tall);
  if (rest !== null && !isPart) return body(rest);
  if (rest !== null && rest > 1) step(rest);
  if (tall > 1) block(writer, `for (; ${i} < ${to}; ${i}++) {`, () => body(1));
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
    scope = scopeOf(nest, writer);
  const grid = upTo(tall).flatMap((r) =>
    upTo(wide).flatMap((v) =>
      upTo(t.deep).map((part) => `${sumName(r, v, part)} = {0}`)
    )
  );
  line(writer, `KERNEL_vector ${grid.join(", ")};`);
  sumTile(t, tile, scope);
  storeTile(t, tile, scope);
}
