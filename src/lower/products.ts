/** How a product is computed: in register tiles or by BLAS. The rule that chooses stands here. */
import { type Dtype, DTYPES, isFloat } from "../graph/dtype.ts";
import { blockedKernel, type Blocking, blockingOf } from "./blocked.ts";
import { blasKernel, type Contraction } from "./contraction.ts";
import type { Implementation } from "./implementation.ts";
import { type Joint, jointOf, type Pair } from "./joint.ts";
import { jointKernel } from "./joint_kernel.ts";
import { type Amount, LITERAL, type Nest, strideOf, valueOf } from "./nest.ts";
import { outerKernel } from "./outer.ts";
import type { Target } from "./target.ts";
import { tileKernel } from "./tile.ts";
import { type Tiling, tilingOf } from "./tiling.ts";
import { windowKernel } from "./window_kernel.ts";
import { windowsOf } from "./windows.ts";

/** A kernel for a product, and which it is and why. */
export interface PlannedProduct {
  readonly step: Implementation;
  readonly note: string;
}

/** The kernel of a product; null where only its plain loops compute it. */
export function planProduct(
  c: Contraction,
  target: Target,
): PlannedProduct | null {
  const tiling = tilingOf(c, target),
    blas = target.blas ? blasKernel(c) : null;
  const why = tiling && tilesAreFaster(tiling),
    blocking = why || blas ? null : blockingOf(c, target);
  if (blocking && (!tiling || blocksAreFaster(blocking, target))) {
    return {
      step: blockedKernel(blocking),
      note: `own blocks, ${target.blas ? "BLAS cannot" : "no BLAS"}`,
    };
  }
  if (tiling && (why || !blas)) {
    return {
      step: tileKernel(tiling),
      note: `own register tiles, ${
        why ?? (target.blas ? "BLAS cannot" : "no BLAS")
      }`,
    };
  }
  return blas && {
    step: {
      kernel: blas.kernel,
      extents: c.nest.extents.map((e) => e.value),
      splits: false,
      mayFail: false,
    },
    note: `${blas.note}, ${tiling ? "many rows" : "no tiles for its layout"}`,
  };
}

/** The kernel of a sum of products over several axes, as convolutions are; null where only plain loops compute it. */
export function planWindows(nest: Nest, target: Target): PlannedProduct | null {
  const w = windowsOf(nest, target);
  return w && { step: windowKernel(w), note: "own register tiles, windows" };
}

/** The kernel of an update by a product of vectors, where the rows are few and long; null for any other nest. */
export function planUpdate(nest: Nest, target: Target): PlannedProduct | null {
  const step = outerKernel(nest, target);
  return step && { step, note: "own register tiles, one term" };
}

/**
 * Whether a matrix that products read, and an update writes, is better kept by
 * columns: short rows leave lanes of every vector empty, and a column for each
 * fills them with fewer vectors in all.
 */
export function isBetterInColumns(
  [rows, columns]: readonly number[],
  dtype: Dtype,
  target: Target,
): boolean {
  const lanes = target.vector / DTYPES[dtype].size,
    vectors = (n: number) => Math.ceil(n / lanes);
  return isFloat(dtype) && rows! > LITERAL && columns! > 1 &&
    columns! <= LITERAL &&
    columns! * vectors(rows!) < rows! * vectors(columns!);
}

/** Rows up to which register tiles beat a BLAS, which packs its operands for many. */
const FEW_ROWS = 16;

/**
 * Why tiles beat a BLAS; null where they do not. Measured with AVX-512: a BLAS
 * needs many rows and many terms to earn back its packing, and fills its
 * vectors badly where columns are few, unless the left factor lies in columns
 * as well.
 */
function tilesAreFaster(
  { c: { nest, inner }, rows, left, few }: Tiling,
): string | null {
  const known = (axis: number) => {
    const n = axis < 0 ? 1 : valueOf(nest, nest.axes[axis]!.length);
    return typeof n === "number" ? n : Infinity;
  };
  if (few !== null && strideOf(left, inner) === 1) return "few columns";
  if (known(inner) <= LITERAL) return "few terms";
  return known(rows) <= FEW_ROWS ? "few rows" : null;
}

/** Rows from which it pays to copy the right factor, and bytes at whose multiples its rows push each other out of the first cache. */
const MANY_ROWS = 128, ALIASING = 4096;

/** Whether blocks beat tiles that read the right factor where it lies: it must not fit in the second cache, or lie badly. */
function blocksAreFaster(
  { c: { nest, inner, dtype }, rows, columns, right }: Blocking,
  target: Target,
): boolean {
  const { size } = DTYPES[dtype];
  const known = (a: Amount) => {
    const n = valueOf(nest, a);
    return typeof n === "number" ? n : Infinity;
  };
  const [m, k, n] = [rows, inner, columns].map((a) =>
    known(nest.axes[a]!.length)
  ) as [number, number, number];
  const isAliased = known(strideOf(right, inner)) * size % ALIASING === 0;
  return isAliased || m >= MANY_ROWS && 2 * k * n * size > target.caches[1];
}

/** The kernel of a product and of what overwrites its matrix; null where they are better computed apart. */
export function planPair(pair: Pair, target: Target): PlannedProduct | null {
  const joint = jointOf(pair);
  return joint && onePassIsFaster(joint, target)
    ? {
      step: jointKernel(joint, target),
      note: `${pair.product.nest.name} and ${pair.update.nest.name}: one pass`,
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
