/** Indices that take everything, and sums with arrays that are zero but for a few elements. */
import type { Variable } from "../graph/variable.ts";
import { remake } from "../graph/walk.ts";
import { dimshuffle } from "../ops/dimshuffle.ts";
import { add, mul, neg, sub } from "../ops/elemwise.ts";
import { join } from "../ops/join.ts";
import {
  shapeGraph,
  SYMBOLIC,
  type SymbolicLength,
} from "../ops/length_graph.ts";
import type { IndexParam, SelectionParams } from "../ops/selection.ts";
import {
  increment,
  type IncrementParams,
  subtensor,
} from "../ops/subtensor.ts";
import type { Scalar } from "../ops/view.ts";
import { isOnlyUsed, scalar } from "./blas.ts";
import { factors } from "./factors.ts";
import { lengthKey, sameLength } from "./lengths.ts";
import { type Rule, ruleAt, type Surroundings } from "./pattern.ts";
import { fillValue } from "./values.ts";

/** Reading and changing elements. */
export const indexing: readonly Rule[] = [
  ruleAt(
    "index_all",
    [subtensor],
    { equation: "x[:] → x", licence: "exact" },
    (v) => {
      const { index } = v.owner!.params as SelectionParams;
      const x = v.owner!.inputs[0]!;
      const whole = index.every((e, axis) => {
        if (e.kind !== "slice" || e.step !== 1) return false;
        const n = x.type.shape[axis];
        return (e.start === undefined || e.start === 0) &&
          (e.stop === undefined ||
            (typeof e.stop === "number" && typeof n === "number" &&
              e.stop >= n));
      });
      return whole ? x : null;
    },
  ),
  ruleAt(
    "index_one",
    [subtensor],
    {
      equation: "x[0] → x without that axis, if it has length 1",
      licence: "exact",
    },
    (v) => {
      const { index } = v.owner!.params as SelectionParams;
      const x = v.owner!.inputs[0]!;
      const single = index.every((e, axis) =>
        isWhole(e) ||
        x.type.shape[axis] === 1 && e.kind === "at" &&
          (e.at === 0 || e.at === -1)
      );
      if (!single) return null;
      return dimshuffle(
        x,
        [...x.type.shape.keys()].filter((axis) =>
          !index[axis] || isWhole(index[axis])
        ),
      );
    },
  ),
  ruleAt(
    "slice_of_join",
    [subtensor],
    {
      equation: "join(x, y)[len(x):] → y, join(x, y)[:len(x)] → x",
      licence: "exact",
    },
    sliceOfJoin,
  ),
];

function isWhole(e: IndexParam): boolean {
  return e.kind === "slice" && e.step === 1 && e.start === undefined &&
    e.stop === undefined;
}

/** A join of more arrays is left alone: where each begins is a sum over all before it. */
const MOST_PARTS = 64;

const borders = new WeakMap<Variable, readonly string[]>();

/** Where the parts of joined rows begin, and where the last ends: keys of lengths. */
function bordersOf(joined: Variable): readonly string[] {
  let keys = borders.get(joined);
  if (!keys) {
    const ends: SymbolicLength[] = [0];
    for (const part of joined.owner!.inputs) {
      ends.push(
        SYMBOLIC.add(ends.at(-1)!, shapeGraph(part, 0)) as SymbolicLength,
      );
    }
    borders.set(joined, keys = ends.map(lengthKey));
  }
  return keys;
}

/** The one array that a slice of joined rows takes whole. */
function sliceOfJoin(v: Variable): Variable | null {
  const [x, ...rest] = v.owner!.inputs as [Variable, ...Variable[]];
  const { index } = v.owner!.params as SelectionParams, [e] = index;
  if (x.owner?.op !== join.op || index.length !== 1) return null;
  const { axis } = x.owner.params as { readonly axis: number };
  if (axis !== 0 || e!.kind !== "slice" || e!.step !== 1) return null;
  const parts = x.owner.inputs;
  if (parts.length > MOST_PARTS) return null;
  const keys = bordersOf(x);
  const bound = (p: Scalar | undefined, none: string) =>
    p === undefined
      ? none
      : lengthKey(typeof p === "number" ? p : rest[p.input - 1]!);
  const from = bound(e!.start, keys[0]!), to = bound(e!.stop, keys.at(-1)!);
  const found = parts.findIndex((_, i) =>
    from === keys[i] && to === keys[i + 1]
  );
  // What joins refuse, parts of other lengths along the other axes, must not get lost.
  const part = parts[found];
  return part && parts.every((p) => haveSameRows(p, part)) ? part : null;
}

/** True if two arrays are known to have equal lengths along all axes but the first. */
function haveSameRows(a: Variable, b: Variable): boolean {
  return a === b ||
    a.type.shape.every((_, axis) =>
      axis === 0 || sameLength(shapeGraph(a, axis), shapeGraph(b, axis))
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
  if (!found || other.dtype !== v.dtype || other.ndim !== v.ndim) return null;
  if (other.type.shape.some((n, i) => n === 1 && v.type.shape[i] !== 1)) {
    return null;
  }
  const [, y, ...rest] = found.of.owner!.inputs as [Variable, Variable];
  const c = right || isSum ? other : neg(other);
  const inputs = [c, mul(found.by, y), ...rest];
  return remake(found.of.owner!, inputs).outputs[0]!;
}

/** `v` as a number times an increment of zeros, of the shape of `root`, that nothing else needs. */
function incremented(
  v: Variable,
  sign: number,
  root: Variable,
  around: Surroundings,
): { readonly by: Variable; readonly of: Variable } | null {
  if (v.dtype !== root.dtype || v.ndim === 0) return null;
  const { constant, over, under } = factors(v);
  const [of, ...more] = over.filter((f) => f.ndim > 0);
  if (of?.owner?.op !== increment.op || of.ndim !== root.ndim) return null;
  if (more.length || under.some((f) => f.ndim > 0)) return null;
  const { set } = of.owner.params as IncrementParams;
  if (set || fillValue(of.owner.inputs[0]!) !== 0) return null;
  if (!isOnlyUsed(v, of, around)) return null;
  const scalars = over.filter((f) => f !== of);
  return { by: scalar(sign * constant, scalars, under, root), of };
}
