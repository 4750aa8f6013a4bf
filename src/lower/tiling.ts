/** How a product is cut into tiles that fill the registers of a machine. */
import { DTYPES } from "../graph/dtype.ts";
import { type Contraction, strideOf, valueOf } from "./contraction.ts";
import { type Access, LITERAL } from "./nest.ts";
import type { Target } from "./target.ts";

/** A product as it is cut. */
export interface Tiling {
  readonly c: Contraction;
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
  /** Rows behind the last whole tile; null where only the run will tell. */
  readonly rest: number | null;
}

/** The tiles of a product; null where its layouts or lengths are not for them. */
export function tilingOf(c: Contraction, target: Target): Tiling | null {
  const { nest, store, factors, inner, dtype } = c;
  if (nest.outer.length !== 2) return null;
  const [a, b] = nest.outer as [number, number],
    [rows, columns] = strideOf(store.access, b) === 1 ? [a, b] : [b, a];
  const left = factors.find((f) => strideOf(f, rows) !== 0),
    right = factors.find((f) => strideOf(f, columns) !== 0);
  if (
    !left || !right || left === right || strideOf(left, columns) !== 0 ||
    strideOf(right, rows) !== 0
  ) return null;
  const known = (axis: number) => valueOf(nest, nest.axes[axis]!.length);
  const long = (axis: number) =>
    typeof known(axis) === "number" && known(axis) as number > LITERAL;
  const lanes = target.vector / DTYPES[dtype].size,
    large = target.registers >= 32;
  if (
    strideOf(right, columns) === 1 && strideOf(store.access, columns) === 1 &&
    long(columns)
  ) {
    const [tall, wide] = [tallest(known(rows), large ? 6 : 4), large ? 4 : 2];
    return {
      c,
      rows,
      columns,
      left,
      right,
      along: "columns",
      lanes,
      tall,
      wide,
      rest: restOf(known(rows), tall),
    };
  }
  if (
    strideOf(left, inner) !== 1 || strideOf(right, inner) !== 1 || !long(inner)
  ) return null;
  const [tall, wide] = large ? [tallest(known(rows), 5), 4] : [2, 4];
  return {
    c,
    rows,
    columns,
    left,
    right,
    along: "inner",
    lanes,
    tall,
    wide,
    rest: restOf(known(rows), tall),
  };
}

/** The most rows of a tile, up to `most`, that cut the length into the fewest tiles, evenly. */
function tallest(length: unknown, most: number): number {
  return typeof length === "number" && length > 0
    ? Math.ceil(length / Math.ceil(length / most))
    : most;
}

function restOf(length: unknown, tall: number): number | null {
  return typeof length === "number" ? length % tall : null;
}
