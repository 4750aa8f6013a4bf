/** How elements of a variable are named in `x.at(…)`: slices, indices, and the rank that they leave. */
import type { NDArray } from "./ndarray.ts";
import type { Variable } from "./variable.ts";

/** A bound of a slice; absent where nothing bounds it. */
export type Bound = number | Variable | null | undefined;

/** Elements start, start + step, … before stop, by NumPy's rules. Made by `slice`. */
export class Slice {
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
 * named), or an array of integers.
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
  | readonly number[];

type Axes<R extends number, T extends 0[] = []> = T["length"] extends R ? T
  : Axes<R, [...T, 0]>;

type Drop<T extends 0[]> = T extends [0, ...infer U extends 0[]] ? U : [];

type Left<T extends 0[], I extends readonly unknown[]> = I extends
  readonly [infer H, ...infer Rest]
  ? H extends number | bigint ? Left<Drop<T>, Rest>
  : H extends null ? Left<[...T, 0], Rest>
  : H extends string | Slice | ArrayBufferView | readonly number[]
    ? Left<T, Rest>
  : H extends Variable<infer A> ? number extends A ? number
    : A extends 0 ? Left<Drop<T>, Rest>
    : Left<[...Drop<T>, ...Axes<A>], Rest>
  : number
  : number extends I["length"] ? number
  : T["length"];

/** The rank of `x.at(...index)` for x of rank R; `number` where the types do not say. */
export type IndexedRank<R extends number, I extends readonly unknown[]> =
  number extends R ? number : Left<Axes<R>, I>;
