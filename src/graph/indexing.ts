/** How elements of a variable are named in `x.at(…)`: slices, indices, and the rank that they leave. */
import type { Axes } from "./methods.ts";
import type { NDArray } from "./ndarray.ts";
import type { Variable } from "./variable.ts";

/** A bound of a slice; absent where nothing bounds it. */
export type Bound = number | Variable | null | undefined;

/** Elements start, start + step, … before stop, by NumPy's rules. Made by `slice`. */
export class Slice {
  /** Its parts; null or undefined where one is absent. */
  constructor(
    readonly start: Bound,
    readonly stop: Bound,
    readonly step: Bound,
  ) {}
}

/**
 * The elements start, start + step, … before stop: negative bounds count from
 * the end, and bounds out of range are clipped. Each part may be a 0-d
 * integer Variable, or null where it is absent.
 *
 * ```ts
 * import { lscalar, matrix, slice } from "damo";
 * const x = matrix("x"), i = lscalar("i");
 * const batch = x.at(slice(i.mul(60), i.add(1).mul(60)));
 * console.log(batch.ndim); // 2
 * ```
 */
export function slice(start?: Bound, stop?: Bound, step?: Bound): Slice {
  return new Slice(start, stop, step);
}

/**
 * What stands for an axis in `x.at(…)`: an integer (the axis goes), `"a:b:c"`
 * or a slice, `null` (a new axis of length 1), `"..."` (all axes that are not
 * named), an array of integers, or one of bools for as many axes as it has.
 */
export type Index =
  | number
  | bigint
  | string
  | null
  | Slice
  | Variable
  | NDArray
  | ArrayBufferView
  | readonly number[]
  | readonly boolean[];

/** The axes that are left, one entry each; `null` where the types do not say. */
export type AxesLeft<
  T extends readonly unknown[] | null,
  I extends readonly unknown[],
> = T extends null ? null
  : I extends readonly [infer H, ...infer Rest]
    ? AxesLeft<AxesAfter<Exclude<T, null>, H>, Rest>
  : number extends I["length"] ? null
  : T;

/** What one entry of the index makes of the axes. */
export type AxesAfter<T extends readonly unknown[], H> = H extends
  number | bigint ? Tail<T>
  : H extends null ? [...T, 0]
  : H extends
    string | Slice | ArrayBufferView | readonly number[] | readonly boolean[]
    ? T
  : H extends Variable<infer A>
    ? (number extends A ? null : A extends 0 ? Tail<T> : A extends 1 ? T : null)
  : null;

/** All but the first. */
export type Tail<T extends readonly unknown[]> = T extends
  readonly [unknown, ...infer U] ? U : [];

/** The rank of `x.at(...index)` for x of rank R; `number` where the types do not say. */
export type IndexedRank<R extends number, I extends readonly unknown[]> =
  number extends R ? number
    : AxesLeft<Axes<R>, I> extends infer T extends readonly unknown[]
      ? T["length"]
    : number;
