/** Parts of one axis: a nest over one of them, and the loop over all. */
import { scopeOf } from "./c.ts";
import { type Access, type Nest, type NestAxis, strideOf } from "./nest.ts";
import { amount, close, line, open, type Writer } from "./writer.ts";

/** A nest over a part of an axis. */
export interface Part {
  /** Its loop along the axis is as long as the part, and every access begins where the part does. */
  readonly nest: Nest;
  /** By name: where accesses begin, in C. */
  readonly starts: ReadonlyMap<string, string>;
  /** An access of the whole nest as one of the part. */
  readonly move: (access: Access) => Access;
}

/** The nest over the part of `axis` that begins at the C variable `from` and has `length` positions. */
export function partOf(
  nest: Nest,
  { axis, from, length }: {
    readonly axis: number;
    readonly from: string;
    readonly length: string;
  },
): Part {
  const names = new Map<string, string>();
  const move = (access: Access): Access => {
    const start = startOf(access, axis, from);
    if (start === null) return access;
    if (!names.has(start)) names.set(start, `from${names.size}`);
    return { ...access, offset: { extent: names.get(start)! } };
  };
  const loads = new Map([...nest.loads].map(([e, a]) => [e, move(a)])),
    stages = nest.stages.map((s) =>
      s.kind === "store" ? { ...s, access: move(s.access) } : s
    );
  return {
    nest: {
      ...nest,
      axes: nest.axes.map((a, i) =>
        i === axis ? { ...a, length: { extent: length } } : a
      ),
      stages,
      loads,
    },
    starts: new Map([...names].map(([start, name]) => [name, start])),
    move,
  };
}

/** Where an access begins in a part, in C; null if it does not move along the axis. */
function startOf(access: Access, axis: number, from: string): string | null {
  const stride = strideOf(access, axis);
  if (stride === 0) return null;
  const moved = stride === 1 ? from : `${from} * ${amount(stride)}`;
  return access.offset === 0 ? moved : `${amount(access.offset)} + ${moved}`;
}

/** Integers of the loop over parts: how many there are, which threads split, and how long each is but the last. */
export const PARTS = "parts", MOST = "most";

/** The loop over parts. */
export const PART: NestAxis = { name: "part", length: { extent: PARTS } };

/** The loop over parts of an axis of known length. */
export function overParts(
  nest: Nest,
  { axis, from, length, starts }: {
    readonly axis: number;
    readonly from: string;
    readonly length: string;
    readonly starts: Part["starts"];
  },
  writer: Writer,
  body: () => void,
): void {
  const all = amount(nest.axes[axis]!.length),
    part = nest.axes.length,
    around: Nest = {
      ...nest,
      axes: [...nest.axes, PART],
      outer: [part],
      splits: true,
    };
  const scope = scopeOf(around, writer);
  open(scope, part);
  line(writer, `const int64_t ${from} = part * ${MOST};`);
  line(
    writer,
    `const int64_t ${length} = ${all} - ${from} < ${MOST} ? ${all} - ${from} : ${MOST};`,
  );
  declare(starts, writer);
  body();
  close(scope);
}

/** The variables of a part's beginnings. */
export function declare(starts: Part["starts"], writer: Writer): void {
  for (const [name, start] of starts) {
    line(writer, `const int64_t ${name} = ${start};`);
  }
}

/** A range cut into parts of known number. */
export interface Cut {
  readonly count: number;
  /** Their length, but for the last. */
  readonly most: number;
}

/** As many parts as are a power of two, up to `limit`, and have at least `fewest` positions; null for a single one. */
export function cutEvenly(
  length: number,
  { fewest, limit }: { readonly fewest: number; readonly limit: number },
): Cut | null {
  const count = Math.min(2 ** Math.floor(Math.log2(length / fewest)), limit);
  return count > 1 ? { count, most: stepOf(length, count) } : null;
}

/** The length of a part: as `step_of` of csrc/steps.h cuts a range among as many threads. */
function stepOf(range: number, parts: number): number {
  const even = Math.ceil(range / parts);
  let grain = 64;
  while (grain > 1 && even < 32 * grain) grain /= 2;
  return Math.ceil(even / grain) * grain;
}
