/**
 * Products of matrices in registers: a tile of the result stays in named
 * vectors while the inner loop runs, each rounded once a term in the order of
 * the inner axis. What is stored is the nest's own expression of the sum.
 */
import { DTYPES } from "../graph/dtype.ts";
import type { Contraction } from "./contraction.ts";
import { kernelOf, scopeOf } from "./emit_c.ts";
import { address, amount, bare, hoist, line, render, type Writer } from "./expression.ts";
import type { Implementation } from "./implementation.ts";
import type { Access, Amount, Nest } from "./loops.ts";
import type { Target } from "./target.ts";

/** How a product is cut: rows and vectors of a tile, and rows left over (null where only the run will tell). */
interface Cut {
  readonly lanes: number;
  readonly rows: number;
  readonly vectors: number;
  readonly rest: number | null;
}

/** A product whose right factor and result are contiguous along `columns`, or whose factors both are along the inner axis. */
interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly left: Access;
  readonly right: Access;
  readonly along: "columns" | "inner";
}

/** A kernel that computes a product in register tiles; null where the layouts or lengths are not for it. */
export function tileKernel(c: Contraction, target: Target): Implementation | null {
  const shape = shapeOf(c);
  if (!shape) return null;
  const { nest } = c, lanes = Math.min(64, target.vector) / DTYPES[c.dtype].size;
  const known = (axis: number) => valueOf(nest, nest.axes[axis]!.length);
  const vectorised = known(shape.along === "columns" ? shape.columns : c.inner);
  if (typeof vectorised !== "number" || vectorised < lanes) return null;
  const cut = cutOf(known(shape.rows), lanes, shape.along, target);
  const width = shape.along === "columns" ? cut.vectors * lanes : cut.vectors, columns = known(shape.columns);
  if (typeof columns !== "number") return null;
  const extents = [{ name: "tiles", value: Math.ceil(columns / width) }, ...nest.extents];
  const shifted: Nest = shiftExtents({ ...nest, splits: false, tile: false, extents });
  const print = shape.along === "columns" ? printColumns : printInner;
  const kernel = kernelOf(shifted, helpers(c, cut, shape.along), (writer) => print(rebase(c, shifted), rebaseShape(shape), cut, writer));
  return { kernel, extents: extents.map((e) => e.value), splits: true, mayFail: false };
}

function shapeOf({ nest, store, factors, inner }: Contraction): Shape | null {
  if (nest.outer.length !== 2) return null;
  const [a, b] = nest.outer as [number, number], [rows, columns] = strideOf(store.access, b) === 1 ? [a, b] : [b, a];
  const left = factors.find((f) => strideOf(f, rows) !== 0), right = factors.find((f) => strideOf(f, columns) !== 0);
  if (!left || !right || left === right || strideOf(left, columns) !== 0 || strideOf(right, rows) !== 0) return null;
  if (strideOf(right, columns) === 1 && strideOf(store.access, columns) === 1) return { rows, columns, left, right, along: "columns" };
  return strideOf(left, inner) === 1 && strideOf(right, inner) === 1 ? { rows, columns, left, right, along: "inner" } : null;
}

/** Tiles that fill the registers but for the operands, with as few rows over as can be. */
function cutOf(length: unknown, lanes: number, along: Shape["along"], { registers }: Target): Cut {
  if (along === "inner") {
    const rows = registers >= 32 ? 4 : 2;
    return { lanes, rows, vectors: 4, rest: typeof length === "number" ? length % rows : null };
  }
  const vectors = registers >= 32 ? 4 : 2, most = registers >= 32 ? 6 : 4;
  if (typeof length !== "number") return { lanes, rows: most, vectors, rest: null };
  const choices = Array.from({ length: Math.min(most, Math.max(1, length)) }, (_, i) => Math.min(most, Math.max(1, length)) - i);
  const wasted = (rows: number) => Math.ceil(length / rows) * (vectors + rows) ;
  const rows = choices.reduce((best, r) => wasted(r) * (1 + 2 / r) < wasted(best) * (1 + 2 / best) ? r : best);
  return { lanes, rows, vectors, rest: length % rows };
}
