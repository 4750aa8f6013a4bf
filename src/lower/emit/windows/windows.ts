/**
 * Sums of products over several axes, as convolutions are: which loop of a nest
 * plays which part, and how many results are kept in registers at a time.
 */
import { DTYPES } from "../../../graph/dtype.ts";
import { product } from "../products/contraction.ts";
import {
  type Access,
  type Amount,
  type Nest,
  type Store,
  strideOf,
  valueOf,
} from "../nest.ts";
import type { Target } from "../../target.ts";

/** A sum of products whose lengths and strides are all known, written into the nest. */
export interface Windows {
  readonly nest: Nest;
  readonly dtype: "float32" | "float64";
  readonly store: Store;
  /** Read one element at a time, and along vectors. */
  readonly left: Access;
  readonly right: Access;
  /** Vectors lie along an axis of the result, or along one that is summed. */
  readonly along: "columns" | "inner";
  /** The axis of vectors. */
  readonly lane: number;
  readonly lanes: number;
  /** The axis of the left factor whose results are kept together (-1: none), and how many. */
  readonly rows: number;
  readonly tall: number;
  /** The axis of the right factor whose results are kept together (-1: none), and how many. */
  readonly lines: number;
  readonly deep: number;
  /** Vectors of the result along the lane axis; 1 where that is summed. */
  readonly wide: number;
  /** Loops around everything; along them the right factor does not overlap itself. */
  readonly around: readonly number[];
  /** Other loops of the result, and those that are summed, outermost first. */
  readonly between: readonly number[];
  readonly inner: readonly number[];
  /** The loop that threads share, -1 for none. */
  readonly split: number;
}

/** Loops of a product of matrices, which tiling.ts is for. */
const PRODUCT = 3;

/** Multiplications below which plain loops do. */
const FEWEST = 32768;

/** The parts that loops play; null where a nest is no such sum, or too small for a kernel of its own. */
export function windowsOf(given: Nest, target: Target): Windows | null {
  const nest = literal(given), [sum, store] = nest?.stages ?? [];
  if (
    !nest || nest.stages.length !== 2 || sum?.kind !== "reduce" ||
    store?.kind !== "store" || sum.combine !== "sum" ||
    nest.outer.length + sum.axes.length <= PRODUCT || store.accumulate ||
    store.axes.length > 0 ||
    store.access.jumps.length > 0
  ) return null;
  const { dtype } = sum;
  if (
    (dtype !== "float32" && dtype !== "float64") ||
    nest.operands[store.access.operand]!.dtype !== dtype
  ) return null;
  const factors = product(sum.value)?.map((e) =>
    e.kind === "load" && e.dtype === dtype ? nest.loads.get(e)! : null
  );
  const [x, y] = factors ?? [];
  if (
    !x || !y ||
    [x, y].some((f) =>
      f.jumps.length > 0 || (f.guards.length > 0 && f.forms === null)
    )
  ) return null;
  const points = [...nest.outer, ...sum.axes].reduce(
    (n, a) => n * lengthOf(nest, a),
    1,
  );
  if (points < FEWEST) return null;
  const found = [[y, x], [x, y]].flatMap(([left, right]) => {
    if (left!.guards.length > 0) return [];
    const made: Sum = { nest, dtype, store, left: left!, right: right! };
    return [
      inColumns(made, sum.axes, target),
      inSums(made, sum.axes, target),
    ];
  });
  return found.reduce(
    (best, w) =>
      w && (!best || fill(w, target) > fill(best, target)) ? w : best,
    null,
  );
}

/** Sums of lanes cost as much as this part of what lanes save. */
const FOLDED = 0.8;

/** The part of the machine's lanes that has something to do. */
function fill(
  { nest, lane, lanes, dtype, along }: Windows,
  target: Target,
): number {
  const n = lengthOf(nest, lane),
    most = target.vector / DTYPES[dtype].size;
  return n / (Math.ceil(n / lanes) * most) * (along === "inner" ? FOLDED : 1);
}

type Sum = Pick<Windows, "nest" | "dtype" | "store" | "left" | "right">;

/** Vectors along an axis of the result that the left factor does not have. */
function inColumns(
  made: Sum,
  summed: readonly number[],
  target: Target,
): Windows | null {
  const { nest, store, dtype, left, right } = made, { outer } = nest;
  const lane =
    outer.find((a) =>
      strideOf(store.access, a) === 1 && moves(right, a) && !moves(left, a) &&
      (right.forms !== null || strideOf(right, a) === 1)
    ) ?? -1;
  const n = lane < 0 ? 0 : lengthOf(nest, lane);
  if (n < 4 || (right.forms && !packable(right, lane))) return null;
  const lanes = lanesOf(n, dtype, target),
    wide = Math.min(Math.ceil(n / lanes), 4);
  const room = target.registers >= 32 ? 20 : 9;
  const rows = longest(
    nest,
    outer.filter((a) => moves(left, a) && !moves(right, a)),
  );
  const tall = several(nest, rows, room / wide);
  const free = outer.filter((a) =>
    a !== lane && moves(right, a) && !moves(left, a)
  );
  const lines = right.forms
    ? free.findLast((a) => !isAlone(nest, right, a)) ?? -1
    : free.length > 1 || 2 * tall * wide <= room
    ? nearest(nest, right, free)
    : -1;
  const around = outer.filter((a) =>
    a !== lane && a !== lines && moves(right, a) && isAlone(nest, right, a)
  );
  const rest = outer.filter((a) => a !== lane && !around.includes(a));
  const deep = several(nest, lines, room / (wide * tall));
  return {
    ...made,
    along: "columns",
    lane,
    lanes,
    rows,
    tall,
    lines,
    deep,
    wide,
    around,
    between: rest.filter((a) => a !== rows && a !== lines),
    inner: summed,
    split: longEnough(nest, [...around, rows]),
  };
}

/** Vectors along a summed axis, of which the result has no more than the sums of lanes. */
function inSums(
  made: Sum,
  summed: readonly number[],
  target: Target,
): Windows | null {
  const { nest, store, dtype, left, right } = made, { outer } = nest;
  const lane = summed.find((a) =>
    strideOf(left, a) === 1 &&
    (right.forms ? moves(right, a) : strideOf(right, a) === 1)
  ) ?? -1;
  const n = lane < 0 ? 0 : lengthOf(nest, lane);
  if (
    n < 4 || store.value.kind !== "stage" || nest.outer.length === 0 ||
    (right.forms && !packable(right, lane))
  ) return null;
  const lanes = lanesOf(n, dtype, target);
  const around = [
    ...outer.filter((a) => moves(right, a) && moves(left, a)),
    ...summed.filter((a) =>
      a !== lane && isAlone(nest, right, a) && moves(left, a)
    )
      .slice(0, 1),
  ].filter((a) => isAlone(nest, right, a));
  const rest = outer.filter((a) => !around.includes(a));
  const rows = longest(
      nest,
      rest.filter((a) => moves(left, a) && !moves(right, a)),
    ),
    lines = longest(
      nest,
      rest.filter((a) => moves(right, a) && !moves(left, a)),
    );
  const room = target.registers >= 32 ? 24 : 8;
  const deep = several(nest, lines, Math.sqrt(room) + 1),
    tall = several(nest, rows, room / deep);
  return {
    ...made,
    along: "inner",
    lane,
    lanes,
    rows,
    tall,
    lines,
    deep,
    wide: 1,
    around,
    between: rest.filter((a) => a !== rows && a !== lines),
    inner: summed.filter((a) => !around.includes(a) && a !== lane),
    split: longEnough(nest, [rows, ...around.filter((a) => outer.includes(a))]),
  };
}

/** The first axis with something to share, -1 for none. */
function longEnough(nest: Nest, axes: readonly number[]): number {
  return axes.find((a) => a >= 0 && lengthOf(nest, a) > 1) ?? -1;
}

function moves(access: Access, axis: number): boolean {
  return access.forms
    ? access.forms.some((f) => f.terms.has(axis))
    : strideOf(access, axis) !== 0;
}

/** True if a factor steps along an axis of its own, within its ends, in which no other loop moves. */
function isAlone(
  nest: Nest,
  { forms, steps }: Access,
  axis: number,
): boolean {
  if (!forms) return steps.some((s) => s.axis === axis);
  return forms.every(({ terms, constant, length }) =>
    !terms.has(axis) || (terms.size === 1 && constant === 0 &&
      terms.get(axis) === 1 && lengthOf(nest, axis) <= length)
  );
}

/** The axis with the smallest steps of a factor; -1 for none. */
function nearest(
  nest: Nest,
  access: Access,
  axes: readonly number[],
): number {
  const step = (a: number) => Math.abs(strideOf(access, a) as number);
  return axes.reduce(
    (best, a) =>
      lengthOf(nest, a) > 1 && (best < 0 || step(a) < step(best)) ? a : best,
    -1,
  );
}

/** True if what a factor reads can be copied so that it is read in single steps along `lane`: that moves along one axis, forwards; what no loop moves along lies inside. */
function packable({ forms }: Access, lane: number): boolean {
  const along = forms!.filter((f) => f.terms.has(lane));
  return along.length === 1 && along[0]!.terms.get(lane)! > 0 &&
    forms!.every(({ terms, constant, length }) =>
      terms.size > 0 || (constant >= 0 && constant < length)
    );
}

/** The longest of some axes, the last of those; -1 for none. */
function longest(nest: Nest, axes: readonly number[]): number {
  return axes.reduce(
    (best, a) =>
      best < 0 || lengthOf(nest, a) >= lengthOf(nest, best) ? a : best,
    -1,
  );
}

/** The length of an axis of a literal nest. */
export function lengthOf(nest: Nest, axis: number): number {
  return nest.axes[axis]!.length as number;
}

/** Lanes of vectors along n elements: what a register holds, or the most that n fills. */
function lanesOf(n: number, dtype: Windows["dtype"], target: Target): number {
  return Math.min(
    target.vector / DTYPES[dtype].size,
    2 ** Math.floor(Math.log2(n)),
  );
}

/** How many positions of an axis (-1: none) to take at a time, `most` or less: a number that leaves no rest if one is near, else as many as share the rounds evenly. */
function several(nest: Nest, axis: number, most: number): number {
  if (axis < 0) return 1;
  const n = lengthOf(nest, axis),
    limit = Math.max(1, Math.min(n, Math.floor(most)));
  for (let k = limit; 3 * k > 2 * limit; k--) if (n % k === 0) return k;
  return Math.ceil(n / Math.ceil(n / limit));
}

/** The nest with all its integers written out; null where the run tells some. */
function literal(nest: Nest): Nest | null {
  let known = true;
  const of = (a: Amount): number => {
    const value = valueOf(nest, a);
    if (typeof value !== "number") known = false;
    return typeof value === "number" ? value : 0;
  };
  const access = (a: Access): Access => ({
    ...a,
    steps: a.steps.map(({ axis, stride }) => ({ axis, stride: of(stride) })),
    offset: of(a.offset),
  });
  const made: Nest = {
    ...nest,
    axes: nest.axes.map((a) => ({ ...a, length: of(a.length) })),
    loads: new Map([...nest.loads].map(([e, a]) => [e, access(a)])),
    stages: nest.stages.map((s) =>
      s.kind === "store" ? { ...s, access: access(s.access) } : s
    ),
    lengths: new Map([...nest.lengths].map(([a, n]) => [a, of(n)])),
    extents: [],
    splits: false,
    tile: false,
  };
  return known ? made : null;
}
