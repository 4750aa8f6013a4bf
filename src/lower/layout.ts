/** How values lie in memory: strides, as far as they are known before the run. */
import { isRowMajor } from "../graph/ndarray.ts";
import type { Length } from "../graph/length.ts";
import type { ViewMap } from "../graph/variable.ts";
import type { Value } from "./flow.ts";
import { sameLength } from "./read/shapes.ts";

/** Strides, and whether the elements lie in row-major order without gaps. */
export interface Lie {
  readonly strides: readonly (number | null)[];
  readonly rowMajor: boolean;
}

/** The lengths that are numbers. */
export function knownShape(lengths: readonly Length[]): (number | null)[] {
  return lengths.map((n) => typeof n === "number" ? n : null);
}

/** Row-major. */
export function packed(shape: readonly (number | null)[]): Lie {
  const strides: (number | null)[] = new Array(shape.length);
  let step: number | null = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    const n: number | null = shape[axis]!;
    step = step === null || n === null ? null : step * n;
  }
  return { strides, rowMajor: true };
}

/** With these strides. */
export function strided(
  shape: readonly (number | null)[],
  strides: readonly (number | null)[],
  otherwise = false,
): Lie {
  const known = allKnown(shape) && allKnown(strides);
  return { strides, rowMajor: known ? isRowMajor(shape, strides) : otherwise };
}

/** How a row of an array lies. */
export function rowOf({ shape, strides, rowMajor }: Value): Lie {
  return strided(shape.slice(1), strides.slice(1), rowMajor);
}

/** How a view of `x` with these lengths lies. */
export function lookedAt(
  x: Value,
  map: ViewMap,
  lengths: readonly Length[],
): Lie {
  const shape = knownShape(lengths);
  if (map.kind === "reshape") return packed(shape);
  const strides: (number | null)[] = shape.map(() => 0);
  map.from.forEach((to, axis) => {
    if (to === null) return;
    const step = x.strides[axis]!;
    strides[to] = step === null || strides[to] === null
      ? null
      : strides[to]! + map.step[axis]! * step;
  });
  return strided(shape, strides, x.rowMajor && takesRows(x, map, lengths));
}

/** Whether a view takes neighbouring rows, or one element of leading axes, and leaves all else where it is. */
function takesRows(
  x: Value,
  map: Exclude<ViewMap, { kind: "reshape" }>,
  lengths: readonly Length[],
): boolean {
  const dropped = map.from.length - lengths.length;
  return dropped >= 0 && map.from.every((to, axis) => {
    if (axis < dropped) return to === null;
    return to === axis - dropped && map.step[axis] === 1 &&
      (to === 0 || sameLength(lengths[to]!, x.lengths[axis]!));
  });
}

/** Whether a kernel can be told where the elements lie: strides are known, or follow from the lengths. */
export function isPlain({ rowMajor, strides }: Lie): boolean {
  return rowMajor || allKnown(strides);
}

/** Whether two values that stand for each other lie alike. */
export function liesLike(a: Value, b: Value): boolean {
  if (a.rowMajor && b.rowMajor) return true;
  return allKnown(a.strides) &&
    a.shape.every((n, axis) =>
      n !== null && n === b.shape[axis] &&
      (n === 1 || a.strides[axis] === b.strides[axis])
    );
}

/** Whether a value of these lengths can be laid out like `x`: all lengths and strides are known, and the lengths are the same. */
export function fitsLie(
  shape: readonly (number | null)[],
  x: Pick<Value, "shape" | "strides">,
): boolean {
  return allKnown(shape) && allKnown(x.strides) &&
    shape.length === x.shape.length &&
    shape.every((n, axis) => n === x.shape[axis]);
}

function allKnown(
  lengths: readonly (number | null)[],
): lengths is readonly number[] {
  return lengths.every((n) => n !== null);
}
