/** Products with something added become one call: c + alpha · x y, in the memory of c where it may be overwritten. */
import { isFloat } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { constant } from "../../ops/define.ts";
import { dimshuffle, transpose } from "../../ops/shape/dimshuffle.ts";
import { dot, dotAdd } from "../../ops/products/dot.ts";
import { add, div, mul, neg, sub } from "../../ops/elementwise/elemwise.ts";
import {
  type SpecifyParams,
  specifyShape,
} from "../../ops/shape/specify_shape.ts";
import { covers, sameSpace, transposeOf } from "../axes.ts";
import { factors } from "./factors.ts";
import { type Rule, ruleAt, type Surroundings } from "../pattern.ts";

/** Transposes go to the factors of a product, which read them as flags. */
export const products: readonly Rule[] = [
  ruleAt(
    "transpose_of_dot",
    [dimshuffle],
    { equation: "transpose(x · y) → transpose(y) · transpose(x)" },
    (v, around) => {
      const z = transposeOf(v);
      if (z?.owner?.op !== dot.op || around.clients(z) > 1) return null;
      const [x, y] = z.owner.inputs as [Variable, Variable];
      return dot(transpose(y), transpose(x));
    },
  ),
  ruleAt(
    "dot_add",
    [add, sub],
    { equation: "c - lr * (x · y) → dotAdd(c, -lr, x, y)" },
    dotAdded,
  ),
];

/** alpha · x y, and c with it if it is part of a sum already. */
interface Scaled {
  readonly alpha: Variable;
  readonly c: Variable | null;
  readonly x: Variable;
  readonly y: Variable;
  /** The axes of which only `specifyShape` says how long they are, and what it says. */
  readonly specified: readonly (number | null)[];
}

function dotAdded(v: Variable, around: Surroundings): Variable | null {
  const [a, b] = v.owner!.inputs as [Variable, Variable];
  const isSum = v.owner!.op === add.op;
  const right = scaledDot(b, isSum ? 1 : -1, v, around);
  const left = right ? null : scaledDot(a, 1, v, around);
  const found = right ?? left, other = right ? a : b;
  if (!found || other.dtype !== v.dtype || other.ndim > v.ndim) return null;
  // What is added must be as long as what it is added to: that says as much.
  const { alpha, x, y, specified } = found,
    isSaid = specified.every((n, axis) =>
      n === null || n !== 1 && other.ndim === v.ndim &&
        other.type.shape[axis] === n
    );
  if (!isSaid) return null;
  const c = right || isSum ? other : neg(other);
  return dotAdd(found.c ? add(c, found.c) : c, alpha, x, y);
}

/**
 * `v` as a number times a product, if nothing else needs the product and it
 * has the shape of `root`. Of a sum that is a product already only one whose
 * other part has the full shape and comes from no product: all else is better
 * added elementwise, where it fuses with what follows.
 */
function scaledDot(
  v: Variable,
  sign: number,
  root: Variable,
  around: Surroundings,
): Scaled | null {
  if (!isFloat(v.dtype) || v.dtype !== root.dtype || v.ndim === 0) return null;
  const { constant: by, over, under } = factors(v);
  const [whole, ...more] = over.filter((f) => f.ndim > 0);
  if (!whole || more.length || under.some((f) => f.ndim > 0)) return null;
  const [z, specified] = unspecified(whole), op = z.owner?.op;
  if ((op !== dot.op && op !== dotAdd.op) || !isOnlyUsed(v, z, around)) {
    return null;
  }
  if (!sameSpace(z, root)) return null;
  const scalars = over.filter((f) => f !== whole);
  const scale = scalar(sign * by, scalars, under, root);
  if (op === dot.op) {
    const [x, y] = z.owner!.inputs as [Variable, Variable];
    return { alpha: scale, c: null, x, y, specified };
  }
  const [c, alpha, x, y] = z.owner!.inputs as [
    Variable,
    Variable,
    Variable,
    Variable,
  ];
  const inner = c.owner?.op;
  if (!covers(c, z) || inner === dot.op || inner === dotAdd.op) return null;
  return { alpha: mul(scale, alpha), c: mul(scale, c), x, y, specified };
}

/** What numbers are said to be the lengths of, and by axis those that its type does not say (null: it does). */
function unspecified(
  v: Variable,
): [of: Variable, specified: readonly (number | null)[]] {
  const none = v.type.shape.map(() => null), { owner } = v;
  if (owner?.op !== specifyShape.op) return [v, none];
  const { shape } = owner.params as SpecifyParams, x = owner.inputs[0]!;
  return shape.every((n) => n === null || typeof n === "number")
    ? [x, shape.map((n, axis) => x.type.shape[axis] === n ? null : n)]
    : [v, none];
}

/** True if `z` and all between it and `v` have one client each. */
export function isOnlyUsed(
  v: Variable,
  z: Variable,
  around: Surroundings,
): boolean {
  for (let at = v;; at = at.owner!.inputs.find((u) => u.ndim > 0)!) {
    if (around.clients(at) > 1) return false;
    if (at === z) return true;
  }
}

/** by · Π over / Π under of scalars, in the dtype of `like`. */
export function scalar(
  by: number,
  over: readonly Variable[],
  under: readonly Variable[],
  like: Variable,
): Variable {
  const first: Variable = constant(by, like.dtype);
  const above = over.reduce((a, b) => mul(a, b), first);
  return under.reduce((a, b) => div(a, b), above);
}
