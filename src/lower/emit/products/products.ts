/** How a product is computed: in register tiles or by BLAS. The rule that chooses stands here. */
import { type Dtype, DTYPES, isFloat } from "../../../graph/dtype.ts";
import { inTwo, loopsKernel, storesOperators } from "./behind.ts";
import { bind } from "../bind.ts";
import { blockedKernel, type Blocking, blockingOf } from "./blocked.ts";
import type { Contraction } from "./contraction.ts";
import { emitC } from "../c.ts";
import type { Implementation, Plan } from "../implementation.ts";
import { blasKernel } from "./gemm.ts";
import { innerKernel, innerPartsOf } from "./inner_parts.ts";
import { type Joint, jointOf, type Pair } from "./joint.ts";
import { jointKernel } from "./joint_kernel.ts";
import { type Amount, LITERAL, type Nest, strideOf, valueOf } from "../nest.ts";
import { outerKernel } from "./outer.ts";
import type { Target } from "../../target.ts";
import { tileKernel } from "./tile.ts";
import { sidesOf, type Tiling, tilingOf } from "./tiling.ts";
import { windowKernel } from "../windows/kernel.ts";
import { windowsOf } from "../windows/windows.ts";

/** Kernels for a product, and which they are and why. */
export interface PlannedProduct extends Pick<Plan, "steps" | "parts"> {
  readonly note: string;
}

/** One kernel, and which it is and why. */
export interface PlannedKernel {
  readonly step: Implementation;
  readonly note: string;
}

/** The kernels of a product; null where only its plain loops compute it. */
export function planProduct(
  whole: Contraction,
  target: Target,
): PlannedProduct | null {
  const two = inTwo(whole), c = storesOperators(whole) ? whole : two ?? whole;
  const tiling = tilingOf(c, target),
    blas = target.blas ? blasKernel(two ?? whole) : null;
  const why = tiling && tilesAreFaster(tiling, target),
    blocking = why || blas ? null : blockingOf(c, target);
  if (blocking && (!tiling || blocksAreFaster(blocking, target))) {
    return {
      steps: [blockedKernel(blocking)],
      note: `own blocks, ${target.blas ? "BLAS cannot" : "no BLAS"}`,
    };
  }
  const parts = isShared(c, tiling) ? innerPartsOf(whole) : null;
  if (parts) {
    return {
      steps: [innerKernel(parts, tiling), {
        ...bind(parts.whole, emitC(parts.whole)),
        parts: "read",
      }],
      parts: { dtype: parts.dtype, length: parts.length },
      note: `own ${
        tiling ? "register tiles" : "loops"
      }, few rows, in ${parts.count} parts of the inner axis`,
    };
  }
  if (tiling && (why || !blas)) {
    return {
      steps: [tileKernel(tiling)],
      note: `own register tiles, ${
        why ?? (target.blas ? "BLAS cannot" : "no BLAS")
      }`,
    };
  }
  if (blas) {
    return {
      steps: [blas.step],
      note: `${blas.note}, ${tiling ? "many rows" : "no tiles for its layout"}`,
    };
  }
  return c.behind && c.nest.outer.length > 0 && !c.nest.tile
    ? { steps: [loopsKernel(c)], note: "own loops" }
    : null;
}

/** Axes of a product of matrices: rows, columns and terms. */
const MATRICES = 3;

/** The kernel of a sum of products with more axes than matrices have, as convolutions are; null where only plain loops compute it. */
export function planWindows(nest: Nest, target: Target): PlannedProduct | null {
  const w = nest.axes.length > MATRICES ? windowsOf(nest, target) : null;
  return w && { steps: [windowKernel(w)], note: "own register tiles, windows" };
}

/** The kernel of an update by a product of vectors, where the rows are few and long; null for any other nest. */
export function planUpdate(nest: Nest, target: Target): PlannedProduct | null {
  const step = outerKernel(nest, target);
  return step && { steps: [step], note: "own register tiles, one term" };
}

/** How a matrix lies, in elements, and why. */
export interface MatrixLayout {
  readonly strides: readonly [number, number];
  readonly note: string;
}

/** Bytes of a cache line. */
const CACHE_LINE = 64;

/** Bytes from which on it pays to pad the rows of a matrix. */
const PADDED = 1 << 18;

/**
 * How a matrix that products read, and an update writes, lies best; null for
 * row by row. Short rows leave lanes of every vector empty: a column for each
 * fills them with fewer vectors in all. The rows of a large one begin at cache
 * lines, so that no vector lies across two and threads share none; an odd
 * number of lines apart, so that no column of them falls into few places of a
 * cache.
 */
export function layoutOfMatrix(
  [rows, columns]: readonly number[],
  dtype: Dtype,
  target: Target,
): MatrixLayout | null {
  const { size } = DTYPES[dtype],
    lanes = target.vector / size,
    vectors = (n: number) => Math.ceil(n / lanes),
    linesOf = (n: number) => Math.ceil(n * size / CACHE_LINE);
  if (!isFloat(dtype) || rows! <= LITERAL || columns! <= 1) return null;
  if (
    columns! <= LITERAL && columns! * vectors(rows!) < rows! * vectors(columns!)
  ) {
    return {
      strides: [1, linesOf(rows!) * CACHE_LINE / size],
      note: `columns of ${rows}, because rows of ${columns} fill vectors badly`,
    };
  }
  const lines = linesOf(columns!),
    stride = (lines + 1 - lines % 2) * CACHE_LINE / size;
  return columns! > LITERAL && stride !== columns &&
      rows! * columns! * size >= PADDED
    ? {
      strides: [stride, 1],
      note:
        `rows of ${columns}, ${stride} apart, because cache lines and rows begin together`,
    }
    : null;
}

/** Rows up to which a product is bound by the reading of its matrix. */
const FEW_ROWS = 16;

/** Rows, or terms, up to which tiles in 32 registers beat a BLAS, which packs its operands for many. */
const SOME = 64;

/** Bytes at whose multiples the rows of a matrix push each other out of the first cache. */
const ALIASING = 4096;

/**
 * Why tiles beat a BLAS; null where they do not. Measured with AVX-512: a BLAS
 * needs many rows and many terms to earn back its packing, and fills its
 * vectors badly where columns are few, unless the left factor lies in columns
 * as well.
 */
function tilesAreFaster(
  { c: { nest, inner, dtype }, rows, left, right, few }: Tiling,
  { registers }: Target,
): string | null {
  const known = knownIn(nest);
  const lengthOf = (axis: number) =>
    axis < 0 ? 1 : known(nest.axes[axis]!.length);
  if (few !== null && strideOf(left, inner) === 1) return "few columns";
  const some = registers < 32 ? FEW_ROWS : SOME,
    apart = known(strideOf(right, inner)) * DTYPES[dtype].size,
    most = apart % ALIASING === 0 ? FEW_ROWS : some;
  if (lengthOf(inner) <= some) return "few terms";
  return lengthOf(rows) <= most ? "few rows" : null;
}

/** Integers of a nest as numbers: infinity where they are not known. */
function knownIn(nest: Nest): (a: Amount) => number {
  return (a) => {
    const n = valueOf(nest, a);
    return typeof n === "number" ? n : Infinity;
  };
}

/** Whether threads may share the inner axis: few rows, and a matrix whose own rows are read along. */
function isShared(c: Contraction, tiling: Tiling | null): boolean {
  const sides = sidesOf(c);
  if (!sides || tiling && (tiling.along !== "columns" || tiling.few !== null)) {
    return false;
  }
  const { rows, columns, right } = sides, { nest } = c;
  const count = rows < 0 ? 1 : valueOf(nest, nest.axes[rows]!.length);
  return strideOf(right, columns) === 1 && columns === nest.outer.at(-1) &&
    (tiling !== null || rows < 0) && typeof count === "number" &&
    count <= FEW_ROWS;
}

/** Rows from which it pays to copy the right factor. */
const MANY_ROWS = 128;

/** Whether blocks beat tiles that read the right factor where it lies: it must not fit in the second cache, or lie badly. */
function blocksAreFaster(
  { c: { nest, inner, dtype }, rows, columns, right }: Blocking,
  target: Target,
): boolean {
  const { size } = DTYPES[dtype];
  const known = knownIn(nest);
  const [m, k, n] = [rows, inner, columns].map((a) =>
    known(nest.axes[a]!.length)
  ) as [number, number, number];
  const isAliased = known(strideOf(right, inner)) * size % ALIASING === 0;
  return isAliased || m >= MANY_ROWS && 2 * k * n * size > target.caches[1];
}

/** The kernel of a product and of what overwrites its matrix; null where they are better computed apart. */
export function planPair(pair: Pair, target: Target): PlannedKernel | null {
  const joint = jointOf(pair);
  return joint && onePassIsFaster(joint, target)
    ? {
      step: jointKernel(joint, target),
      note: "one pass",
    }
    : null;
}

/** A matrix in the first cache costs nothing to read again. */
function onePassIsFaster({ nest, dtype }: Joint, target: Target): boolean {
  const [rows, columns] = nest.axes.map((a) => valueOf(nest, a.length)) as [
    number,
    number,
  ];
  return rows * columns * DTYPES[dtype].size > target.caches[0];
}
