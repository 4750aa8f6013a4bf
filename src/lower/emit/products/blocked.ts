/**
 * Products of large matrices: blocks of rows and of terms, whose part of the
 * right factor is first copied into one piece that stays in the near caches.
 * Tiles of registers run over it; sums that a later block goes on with wait in
 * an array. Every element adds its terms in their order, as without blocks.
 */
import { printBehind } from "./behind.ts";
import type { Contraction } from "./contraction.ts";
import { workOf } from "../bind.ts";
import { kernelOf, scopeOf } from "../c.ts";
import { address } from "../expression.ts";
import type { Implementation } from "../implementation.ts";
import { LITERAL, strideOf, valueOf } from "../nest.ts";
import { DTYPES } from "../../../graph/dtype.ts";
import type { Target } from "../../target.ts";
import { type Columns, overColumns, vectorFunctions } from "./tile.ts";
import { storeTile } from "./tile_store.ts";
import {
  column,
  multiply,
  sumName,
  type Tile,
  upTo,
  within,
} from "./tile_sums.ts";
import { restOf, sidesOf, tallest, type Tiling } from "./tiling.ts";
import { amount, block, line, type Writer } from "../writer.ts";

/** A tiling whose tiles run over blocks. */
export interface Blocking extends Tiling {
  /** Rows and terms of a block. */
  readonly blockRows: number;
  readonly blockTerms: number;
}

/** Most rows of a block: the copy is used so many times. */
const ROWS = 192;

/** Terms of a block: their copy is to take a part of the second cache, and the stack holds it. */
const TERMS = 256, FEWEST_TERMS = 16;

/** The blocks of a product; null where it lacks an axis or is too small. */
export function blockingOf(c: Contraction, target: Target): Blocking | null {
  const { nest, inner, dtype } = c, sides = sidesOf(c);
  if (!sides || sides.rows < 0) return null;
  const { rows, columns } = sides;
  const known = (axis: number) => valueOf(nest, nest.axes[axis]!.length);
  const isShort = (axis: number) => {
    const n = known(axis);
    return typeof n === "number" && n <= LITERAL;
  };
  if (
    [rows, inner].some(isShort) || typeof known(columns) !== "number" ||
    isShort(columns)
  ) return null;
  const { size } = DTYPES[dtype],
    lanes = target.vector / size,
    wide = Math.min(
      target.registers >= 32 ? 4 : 2,
      Math.floor(known(columns) as number / lanes),
    ),
    tall = tallest(known(rows), 6),
    terms = Math.floor(target.caches[1] / 16 / (wide * lanes * size));
  return {
    ...sides,
    c,
    along: "columns",
    lanes,
    tall,
    wide,
    deep: 1,
    restTall: null,
    restWide: restOf(known(columns), wide, lanes),
    few: null,
    fewTerms: false,
    rowsFirst: false,
    split: sides.columns,
    blockRows: Math.floor(ROWS / tall) * tall,
    blockTerms: Math.min(TERMS, Math.max(FEWEST_TERMS, terms)),
  };
}

/** The kernel of a product in blocks; threads split its columns. */
export function blockedKernel(given: Blocking): Implementation {
  const { c, columns } = given, { nest } = c;
  const { length } = nest.axes[columns]!,
    isRange = (e: { readonly name: string }) =>
      typeof length === "object" && e.name === length.extent;
  const extents = [
    ...nest.extents.filter(isRange),
    ...nest.extents.filter((e) => !isRange(e)),
  ];
  const t: Blocking = {
    ...given,
    c: { ...c, nest: { ...nest, extents, splits: false, tile: false } },
  };
  return {
    kernel: kernelOf(
      t.c.nest,
      vectorFunctions({ ...t, dtype: c.dtype }),
      (writer) => {
        printBlocks(t, writer);
        printBehind(t.c, writer, columns);
      },
    ),
    extents: extents.map((e) => e.value),
    splits: true,
    work: workOf(nest),
    mayFail: false,
  };
}

/** Columns [lo, hi) in panels as wide as a tile. */
function printBlocks(t: Blocking, writer: Writer): void {
  const { c: { dtype }, wide, lanes, blockRows, blockTerms } = t,
    type = DTYPES[dtype].c;
  line(
    writer,
    `${type} panel[${blockTerms * wide * lanes}] __attribute__((aligned(64)));`,
  );
  line(
    writer,
    `${type} sums[${blockRows * wide * lanes}] __attribute__((aligned(64)));`,
  );
  if (isLeftCopied(t)) {
    line(
      writer,
      `${type} left[${blockRows * blockTerms}] __attribute__((aligned(64)));`,
    );
  }
  overColumns(t, writer, (panel) => printPanel(t, panel, writer));
}

/** All rows of one panel of columns, in blocks. */
function printPanel(t: Blocking, panel: Columns, writer: Writer): void {
  const { c: { nest, inner }, rows, tall, blockRows, blockTerms } = t,
    i = nest.axes[rows]!.name,
    n = amount(nest.axes[rows]!.length),
    terms = amount(nest.axes[inner]!.length);
  block(
    writer,
    `for (int64_t top = 0; top < ${n}; top += ${blockRows}) {`,
    () => {
      line(
        writer,
        `const int64_t bottom = ${n} - top < ${blockRows} ? ${n} : top + ${blockRows};`,
      );
      line(writer, "int64_t first = 0;");
      line(writer, "do {");
      writer.depth++;
      line(
        writer,
        `const int64_t end = ${terms} - first < ${blockTerms} ? ${terms} : first + ${blockTerms};`,
      );
      copyPanel(t, panel, writer);
      if (isLeftCopied(t)) copyLeft(t, writer);
      line(writer, `int64_t ${i} = top;`);
      for (const height of tall > 1 ? [tall, 1] : [1]) {
        block(
          writer,
          `for (; ${i} + ${height} <= bottom; ${i} += ${height}) {`,
          () =>
            printTile(t, { ...panel, tall: height, row: i, skip: "0" }, writer),
        );
      }
      line(writer, `first += ${blockTerms};`);
      writer.depth--;
      line(writer, `} while (first < ${terms});`);
    },
  );
}

/** Terms that are copied together where they lie in memory one behind the other. */
const TOGETHER = 16;

/** The block's part of the right factor, term by term: in squares where its terms lie in memory, not its columns. */
function copyPanel(
  t: Blocking,
  { wide, column: at }: Columns,
  writer: Writer,
): void {
  const { c: { nest, inner }, columns, right, lanes } = t,
    k = nest.axes[inner]!.name,
    width = wide * lanes,
    scope = scopeOf(nest, writer);
  const element = address(right, {
    ...scope,
    variables: new Map([...scope.variables, [columns, `${at} + c`]]),
  });
  const copy = () =>
    line(writer, `panel[(${k} - first) * ${width} + c] = ${element};`);
  const overColumns = (body: () => void) =>
    block(writer, `for (int64_t c = 0; c < ${width}; c++) {`, body);
  if (strideOf(right, inner) !== 1) {
    return block(
      writer,
      `for (int64_t ${k} = first; ${k} < end; ${k}++) {`,
      () => overColumns(copy),
    );
  }
  block(
    writer,
    `for (int64_t from = first; from < end; from += ${TOGETHER}) {`,
    () => {
      line(
        writer,
        `const int64_t to = end - from < ${TOGETHER} ? end : from + ${TOGETHER};`,
      );
      overColumns(() =>
        block(writer, `for (int64_t ${k} = from; ${k} < to; ${k}++) {`, copy)
      );
    },
  );
}

/** The block's part of a left factor whose terms lie far apart. */
function copyLeft(t: Blocking, writer: Writer): void {
  const { c: { nest, inner }, rows, left, blockRows } = t,
    k = nest.axes[inner]!.name,
    scope = scopeOf(nest, writer);
  const element = address(left, {
    ...scope,
    variables: new Map([...scope.variables, [rows, "r"]]),
  });
  block(writer, `for (int64_t ${k} = first; ${k} < end; ${k}++) {`, () => {
    block(
      writer,
      "for (int64_t r = top; r < bottom; r++) {",
      () =>
        line(
          writer,
          `left[(${k} - first) * ${blockRows} + r - top] = ${element};`,
        ),
    );
  });
}

function isLeftCopied({ c: { inner }, left }: Blocking): boolean {
  return strideOf(left, inner) !== 1;
}

/** A tile's terms of this block; what comes of them waits, or is stored behind the last. */
function printTile(t: Blocking, tile: Tile, writer: Writer): void {
  const { c: { nest, inner, dtype }, rows, left, lanes, blockRows } = t,
    { tall, wide, column: first } = tile,
    width = wide * lanes,
    scope = scopeOf(nest, writer),
    { name: k, length } = nest.axes[inner]!,
    i = nest.axes[rows]!.name;
  const grid = upTo(tall).flatMap((r) =>
    upTo(wide).map((v) => ({
      sum: sumName(r, v, 0),
      waiting: `*(KERNEL_vector *)&sums[${
        column(`(${i} - top) * ${width}`, r * width + v * lanes)
      }]`,
    }))
  );
  line(
    writer,
    `KERNEL_vector ${grid.map(({ sum }) => `${sum} = {0}`).join(", ")};`,
  );
  block(writer, "if (first > 0) {", () => {
    for (const { sum, waiting } of grid) line(writer, `${sum} = ${waiting};`);
  });
  block(writer, `for (int64_t ${k} = first; ${k} < end; ${k}++) {`, () => {
    line(
      writer,
      `const ${DTYPES[dtype].c} *w = &panel[(${k} - first) * ${width}];`,
    );
    for (const v of upTo(wide)) {
      line(
        writer,
        `const KERNEL_vector w${v} = *(const KERNEL_vector *)&w[${v * lanes}];`,
      );
    }
    for (const r of upTo(tall)) {
      const u = isLeftCopied(t)
        ? `left[(${k} - first) * ${blockRows} + ${column(`${i} - top`, r)}]`
        : address(left, within(t, scope, r, first));
      multiply({ r, wide, part: 0 }, `${u} - (KERNEL_vector){0}`, writer);
    }
  });
  block(writer, `if (end < ${amount(length)}) {`, () => {
    for (const { sum, waiting } of grid) line(writer, `${waiting} = ${sum};`);
    line(writer, "continue;");
  });
  storeTile(t, tile, scope);
}
