/** Boolean masks as indices: the positions of what they name. */
import { describeType } from "../../graph/type.ts";
import { array, NDArray, type Nested } from "../../graph/ndarray.ts";
import type { Index } from "../../graph/indexing.ts";
import { Variable } from "../../graph/variable.ts";
import { asVariable } from "../define.ts";
import { nonzero } from "./nonzero.ts";
import { lengthsOf } from "../shape/shape.ts";
import { specifyShape } from "../shape/specify_shape.ts";

/** The mask that an entry of an index is, or null. */
export function maskOf(entry: Index): Variable | null {
  if (entry instanceof Variable) return entry.dtype === "bool" ? entry : null;
  if (entry instanceof NDArray) {
    return entry.dtype === "bool" ? asVariable(entry) : null;
  }
  if (!Array.isArray(entry)) return null;
  let first: unknown = entry;
  while (Array.isArray(first)) first = first[0];
  return typeof first === "boolean"
    ? asVariable(array(entry as Nested, { dtype: "bool" }))
    : null;
}

/** How many axes of what is indexed an entry stands for. */
export function axesOfEntry(entry: Index): number {
  if (entry === null || entry === "...") return 0;
  return maskOf(entry)?.ndim ?? 1;
}

/**
 * The index with each mask replaced by an index array for each of its axes,
 * whose lengths must be those of the axes of x that it stands for. The index
 * names no `"..."`. TypeError: a mask is a scalar.
 */
export function withoutMasks(x: Variable, index: readonly Index[]): Index[] {
  const lengths = lengthsOf(x);
  let axis = 0;
  return index.flatMap((entry) => {
    const mask = maskOf(entry), from = axis;
    axis += axesOfEntry(entry);
    if (!mask) return [entry];
    if (mask.ndim === 0) {
      throw new TypeError(
        `Cannot index ${describeType(x.type)} by ${
          describeType(mask.type)
        }: a mask has axes`,
      );
    }
    return nonzero(specifyShape(mask, lengths.slice(from, axis)));
  });
}
