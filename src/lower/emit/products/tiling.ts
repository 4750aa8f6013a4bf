/** How a product is cut into tiles that fill the registers of a machine. */
import { DTYPES } from "../../../graph/dtype.ts";
import type { Contraction } from "./contraction.ts";
import { type Access, LITERAL, strideOf, valueOf } from "../nest.ts";
import type { Target } from "../../target.ts";

/** A product as it is cut. */
export interface Tiling {
  readonly c: Contraction;
  /** -1 where the result is one row. */
  readonly rows: number;
  readonly columns: number;
  readonly left: Access;
  readonly right: Access;
  /** Vectors lie along the columns of the result, or along the inner axis. */
  readonly along: "columns" | "inner";
  /** Elements of a vector. */
  readonly lanes: number;
  /** Rows of a tile, and its vectors (or columns) in each. */
  readonly tall: number;
  readonly wide: number;
  /** Sums side by side for each element, where a tile alone would wait for its own terms. */
  readonly deep: number;
  /**
   * Rows, and vectors (or columns), of the tile behind the last whole one: 0
   * where there is none; as many as of all others where it is moved back over
   * what is done; null where only the run will tell.
   */
  readonly restTall: number | null;
  readonly restWide: number | null;
  /**
   * The columns of a result with so few that a tile has all of them: in `wide`
   * vectors, of which the last may be longer than the row, or along the inner
   * axis each in one of its own.
   */
  readonly few: number | null;
  /** So few that a store for each vector of a tile pays: the sums need not wait in memory. */
  readonly fewTerms: boolean;
  /** Columns of tiles lie within rows of tiles: where few terms leave the right factor in the first cache. */
  readonly rowsFirst: boolean;
  /**
   * The axis that threads split, or -1: the columns; or the rows where columns
   * are few or terms are, so that each thread writes to memory in one piece.
   */
  readonly split: number;
}

/** Terms up to which the stores of a tile take a noticeable part of its time. */
const FEW_TERMS = 256;

/** Vectors that a tile must add to in turn to hide how long one addition takes. */
const PIPELINE = 8;

/** The tiles of a product; null where its layouts or lengths are not for them. */
export function tilingOf(c: Contraction, target: Target): Tiling | null {
  const { nest, store, inner, dtype } = c, sides = sidesOf(c);
  if (!sides) return null;
  const { rows, columns, left, right } = sides;
  const known = (axis: number) =>
    axis < 0 ? 1 : valueOf(nest, nest.axes[axis]!.length);
  const long = (axis: number) =>
    typeof known(axis) === "number" && known(axis) as number > LITERAL;
  const lanes = target.vector / DTYPES[dtype].size,
    large = target.registers >= 32,
    terms = known(inner),
    rowsFirst = typeof terms === "number" && !long(inner);
  const cut = (
    along: "columns" | "inner",
    lanes: number,
    tall: number,
    wide: number,
  ): Tiling => ({
    c,
    rows,
    columns,
    left,
    right,
    along,
    lanes,
    tall,
    wide,
    deep: 1,
    restTall: restOf(known(rows), tall),
    restWide: restOf(known(columns), wide, along === "inner" ? 1 : lanes),
    few: null,
    fewTerms: typeof terms === "number" && terms <= FEW_TERMS,
    rowsFirst,
    split: rowsFirst ? rows : columns,
  });
  if (strideOf(right, columns) === 1 && strideOf(store.access, columns) === 1) {
    const few = known(columns);
    if (isFew(few)) {
      const step = valueOf(nest, strideOf(right, inner));
      if (typeof step !== "number" || step < few) return null;
      const short = Math.min(lanes, 2 ** Math.ceil(Math.log2(few))),
        wide = Math.ceil(few / short),
        tall = tallest(known(rows), Math.floor((large ? 10 : 8) / wide));
      const deep = 2 ** Math.floor(Math.log2(PIPELINE / (tall * wide)));
      return {
        ...cut("columns", short, tall, wide),
        deep: Math.max(1, deep),
        few,
        split: rows,
      };
    }
    if (rows < 0 || !long(columns)) return null;
    const [tall, wide] = tallAndWide(known(rows), target);
    return cut(
      "columns",
      lanes,
      tall,
      Math.min(wide, Math.floor(known(columns) as number / lanes)),
    );
  }
  if (
    strideOf(left, inner) !== 1 || strideOf(right, inner) !== 1 || !long(inner)
  ) return null;
  const few = known(columns);
  if (isFew(few)) {
    const sums = large ? 20 : 8;
    return few > sums ? null : {
      ...cut("inner", lanes, tallest(known(rows), Math.floor(sums / few)), few),
      few,
      split: rows,
    };
  }
  return rows < 0
    ? cut("inner", lanes, 1, PIPELINE)
    : cut("inner", lanes, large ? tallest(known(rows), 5) : 2, 4);
}

/** Registers of a tile whose sums are all rows by some vectors: those, a vector of the right factor for each, and an element of the left. */
const TILE = 30;

/**
 * Rows and vectors of a tile along the columns. A tile of all rows, if they are
 * few, reads the right factor once; otherwise it is as square as the registers
 * allow, so that it loads little for each term.
 */
function tallAndWide(
  length: unknown,
  { registers }: Target,
): [tall: number, wide: number] {
  if (registers < 32) return [tallest(length, 4), 2];
  const wide = typeof length === "number"
    ? Math.min(4, Math.floor((TILE - 1) / (length + 1)))
    : 0;
  return wide > 1 ? [length as number, wide] : [tallest(length, 6), 4];
}

function isFew(length: unknown): length is number {
  return typeof length === "number" && length > 0 && length <= LITERAL;
}

/** The axes of a product's result, and the factor that moves along each; null where it is none of matrices or vectors. */
export function sidesOf(
  c: Contraction,
): Pick<Tiling, "rows" | "columns" | "left" | "right"> | null {
  const [rows, columns] = rowsAndColumns(c);
  const right = c.factors.find((f) => strideOf(f, columns) !== 0),
    left = c.factors.find((f) => f !== right);
  return columns < 0 || !left || !right || strideOf(left, columns) !== 0 ||
      (rows >= 0 &&
        (strideOf(left, rows) === 0 || strideOf(right, rows) !== 0))
    ? null
    : { rows, columns, left, right };
}

/** The axes of the result, its unit stride last; -1 for those that it lacks. */
function rowsAndColumns({ nest, store }: Contraction): [number, number] {
  const [a, b] = nest.outer;
  if (a === undefined || nest.outer.length > 2) return [-1, -1];
  if (b === undefined) return [-1, a];
  return strideOf(store.access, b) === 1 ? [a, b] : [b, a];
}

/** The most rows of a tile, up to `most`, that cut the length into the fewest tiles, evenly. */
export function tallest(length: unknown, most: number): number {
  return typeof length === "number" && length > 0
    ? Math.ceil(length / Math.ceil(length / most))
    : most;
}

/** The part of an axis that may be computed twice, so that all tiles are one text. */
const TWICE = 1 / 16;

/** What is left of a length behind whole tiles of `size` vectors: a tile of its own, unless a whole one that is moved back costs little. */
export function restOf(
  length: unknown,
  size: number,
  lanes = 1,
): number | null {
  if (typeof length !== "number") return null;
  if (length % (size * lanes) === 0) return 0;
  const vectors = Math.ceil(length / lanes), rest = vectors % size;
  return rest === 0 || size - rest <= TWICE * vectors ? size : rest;
}
