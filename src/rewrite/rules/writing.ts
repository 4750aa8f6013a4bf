/** Elements that are changed: reading what was just written, writing twice, and sums with arrays that are zero but for a few elements. */
import type { Apply, Variable } from "../../graph/variable.ts";
import { remake } from "../../graph/walk.ts";
import { broadcastAs } from "../../ops/shape/broadcast_to.ts";
import { add, cast, mul, neg, sub } from "../../ops/elementwise/elemwise.ts";
import {
  type IndexParam,
  isArrayEntry,
  type SelectionParams,
} from "../../ops/indexing/selection.ts";
import {
  increment,
  type IncrementParams,
  subtensor,
} from "../../ops/indexing/subtensor.ts";
import type { Scalar } from "../../ops/shape/view.ts";
import { covers } from "../axes.ts";
import { isOnlyUsed, scalar } from "./blas.ts";
import { factors } from "./factors.ts";
import { isWhole } from "./lifting.ts";
import { type Rule, ruleAt, type Surroundings } from "../pattern.ts";
import { fillValue } from "../values.ts";

/** Writing and reading. */
export const writing: readonly Rule[] = [
  ruleAt(
    "read_of_write",
    [subtensor],
    {
      equation: "set(x[i], y)[i] → y, inc(x[i], y)[i] → x[i] + y",
      licence: "exact",
    },
    (v) => {
      const w = written(v.owner!.inputs[0]!);
      if (!w?.single || writtenAt(w) !== readAt(v.owner!)) return null;
      const before = remake(v.owner!, v.owner!.inputs.with(0, w.x)).outputs[0]!;
      const y = cast(w.y, v.dtype);
      return w.set ? broadcastAs(y, before) : add(before, y);
    },
  ),
  ruleAt(
    "write_of_write",
    [increment],
    {
      equation:
        "set(set(x[i], y)[i], z) → set(x[i], z), inc(inc(x[i], y)[i], z) → inc(x[i], y + z)",
    },
    (v, around) => {
      const outer = written(v)!, inner = written(outer.x);
      if (!inner || writtenAt(inner) !== writtenAt(outer)) return null;
      const rewritten = (y: Variable, set: boolean) =>
        increment(inner.x, y, ...outer.rest, { index: outer.index, set });
      if (outer.set) return rewritten(outer.y, true);
      if (around.clients(outer.x) > 1) return null;
      return !inner.set || inner.single
        ? rewritten(add(inner.y, outer.y), inner.set)
        : null;
    },
  ),
  ruleAt(
    "set_of_sum",
    [increment],
    {
      equation: "set(x[i], x[i] + y) → inc(x[i], y)",
    },
    (v) => {
      const w = written(v)!, node = w.y.owner;
      if (!w.set || !w.single || w.y.dtype !== v.dtype) return null;
      if (node?.op !== add.op && node?.op !== sub.op) return null;
      const isOld = (u: Variable) =>
        u.owner?.op === subtensor.op && u.owner.inputs[0] === w.x &&
        readAt(u.owner) === writtenAt(w);
      const [a, b] = node.inputs as [Variable, Variable];
      const added = isOld(a)
        ? node.op === add.op ? b : neg(b)
        : node.op === add.op && isOld(b)
        ? a
        : null;
      if (!added) return null;
      const y = broadcastAs(added, isOld(a) ? a : b);
      return increment(w.x, y, ...w.rest, { index: w.index, set: false });
    },
  ),
  ruleAt(
    "write_all",
    [increment],
    {
      equation: "set(x[:], y) → y, inc(x[:], y) → x + y",
      licence: "exact",
    },
    (v) => {
      const w = written(v)!;
      if (!w.index.every(isWhole)) return null;
      const y = cast(w.y, v.dtype);
      return w.set ? broadcastAs(y, w.x) : add(w.x, y);
    },
  ),
];

/** An application of `increment`, taken apart. */
export interface Written {
  readonly x: Variable;
  readonly y: Variable;
  /** What its index names, from input 2 on. */
  readonly rest: readonly Variable[];
  readonly index: readonly IndexParam[];
  readonly set: boolean;
  /** No element is named twice. */
  readonly single: boolean;
}

export function written(v: Variable): Written | null {
  if (v.owner?.op !== increment.op) return null;
  const [x, y, ...rest] = v.owner.inputs as [Variable, Variable];
  const { index, set } = v.owner.params as IncrementParams;
  return { x, y, rest, index, set, single: !index.some(isArrayEntry) };
}

/** Equal for indices that name the same elements: their integers are numbers, or the variables that they are. */
function placeKey(
  index: readonly IndexParam[],
  inputOf: (position: number) => Variable,
): string {
  const scalar = (p: Scalar | undefined): string => {
    if (p === undefined || typeof p === "number") return `${p}`;
    const v = inputOf(p.input), value = v.ndim === 0 ? fillValue(v) : null;
    return value === null ? `variable ${v.id}` : `${value}`;
  };
  return index.map((e) => {
    if (isArrayEntry(e)) return `${e.kind} ${scalar(e)}`;
    if (e.kind === "at") return `at ${scalar(e.at)}`;
    return e.kind === "new"
      ? e.kind
      : `${scalar(e.start)}:${scalar(e.stop)}:${e.step}`;
  }).join();
}

/** Where an application of `increment` writes. */
export function writtenAt({ index, rest }: Written): string {
  return placeKey(index, (position) => rest[position - 2]!);
}

/** Where an application that reads by an index does so: equal to `writtenAt` where that is the same. */
export function readAt({ inputs, params }: Apply): string {
  return placeKey(
    (params as SelectionParams).index,
    (position) => inputs[position]!,
  );
}

/** Sums: late, when products with scalars have been gathered. */
export const sparseSums: readonly Rule[] = [
  ruleAt(
    "increment_of_zeros_added",
    [add, sub],
    { equation: "W - lr * inc(zeros[i], g) → inc(W[i], -lr * g)" },
    incrementAdded,
  ),
];

/** Adds to the elements that a gradient by index names, instead of adding an array that is zero elsewhere. */
function incrementAdded(v: Variable, around: Surroundings): Variable | null {
  const [a, b] = v.owner!.inputs as [Variable, Variable];
  const isSum = v.owner!.op === add.op;
  const right = incremented(b, isSum ? 1 : -1, v, around);
  const found = right ?? incremented(a, 1, v, around);
  const other = right ? a : b;
  if (!found || other.dtype !== v.dtype || !covers(other, v)) return null;
  const c = right || isSum ? other : neg(other);
  return found.of.reduce(
    (into, { inputs: [, y, ...rest], params }) =>
      increment(into, mul(found.by, y!), ...rest, params),
    c,
  );
}

/** `v` as a number times increments of zeros, first to last, of the shape of `root`, that nothing else needs. */
function incremented(
  v: Variable,
  sign: number,
  root: Variable,
  around: Surroundings,
): { readonly by: Variable; readonly of: readonly Apply[] } | null {
  if (v.dtype !== root.dtype || v.ndim === 0) return null;
  const { constant, over, under } = factors(v);
  const [of, ...more] = over.filter((f) => f.ndim > 0);
  if (of?.owner?.op !== increment.op || of.ndim !== root.ndim) return null;
  if (more.length || under.some((f) => f.ndim > 0)) return null;
  if (!isOnlyUsed(v, of, around)) return null;
  const chain: Apply[] = [];
  let at = of;
  for (let w = written(at); w; w = written(at = w.x)) {
    if (w.set || around.clients(at) > 1) return null;
    chain.unshift(at.owner!);
  }
  if (fillValue(at) !== 0) return null;
  const scalars = over.filter((f) => f !== of);
  return { by: scalar(sign * constant, scalars, under, root), of: chain };
}
