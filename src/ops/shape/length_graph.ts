/** Shapes as graphs: the arithmetic of lengths that are 0-d integers, and the length of any axis without computing its variable. */
import { isInteger } from "../../graph/dtype.ts";
import {
  type Length,
  type Lengths,
  type Shaped,
  STATIC,
} from "../../graph/length.ts";
import { Variable } from "../../graph/variable.ts";
import { toposort } from "../../graph/walk.ts";
import { constant } from "../define.ts";
import {
  add,
  cast,
  intDiv,
  maximum,
  minimum,
  mul,
  sub,
} from "../elementwise/elemwise.ts";
import { lt, where } from "../elementwise/elemwise_logic.ts";
import { shapeAt } from "./shape.ts";

/** A length that a graph computes, or knows. */
export type SymbolicLength = number | Variable;

/** An operation on lengths: of two that a graph computes, or knows, another such. */
interface SymbolicOperation {
  (a: SymbolicLength, b: SymbolicLength): SymbolicLength;
  (a: Length, b: Length): Length;
}

/** Arithmetic on lengths that a graph computes, or knows. */
export type SymbolicLengths =
  & Readonly<
    Record<
      "add" | "sub" | "mul" | "floorDiv" | "min" | "max",
      SymbolicOperation
    >
  >
  & Lengths;

/** What is known of a variable: the lengths of its axes, and its value where it serves as a length. */
interface Known {
  readonly shape: readonly SymbolicLength[];
  readonly value: Length;
}

/** Shapes found so far: a graph that grows is asked again and again, and its depth must not count each time. */
const found = new WeakMap<Variable, Known>();

type Build = (x: Variable, y: Variable) => Variable;

function scalar(x: Length): Variable {
  return x instanceof Variable
    ? cast(x, "int64")
    : constant(x as number, "int64");
}

/** `fold` where numbers and identities decide, else the node that `build` makes. */
function symbolic(
  fold: (a: Length, b: Length) => Length,
  build: Build,
): SymbolicOperation {
  const operation = (a: Length, b: Length): Length => {
    const known = fold(a, b);
    return known !== null || a === null || b === null
      ? known
      : build(scalar(a), scalar(b));
  };
  return operation as SymbolicOperation;
}

/** How far `isNatural` looks: deep enough for what this arithmetic builds. */
const DEPTH = 6;

/** True for what cannot be negative: lengths, and what sums, products and bounds make of them. */
function isNatural(x: Length, depth = DEPTH): boolean {
  if (typeof x === "number") return x >= 0;
  if (!(x instanceof Variable) || depth === 0) return false;
  if (typeof x.value === "number") return x.value >= 0;
  const { owner } = x;
  if (!owner) return false;
  const natural = (v: Variable) => isNatural(v, depth - 1);
  switch (owner.op) {
    case shapeAt.op:
      return true;
    case maximum.op:
      return owner.inputs.some(natural);
    case add.op:
    case mul.op:
    case minimum.op:
    case intDiv.op:
      return owner.inputs.every(natural);
    default:
      return false;
  }
}

/** A bound of a slice, counted from the start and clipped to [low, high]. */
function clip(i: Length, low: number, high: Length, n: Length): Length {
  const { add, min } = SYMBOLIC;
  const from = isNatural(i)
    ? i
    : typeof i === "number"
    ? add(n, i)
    : where(lt(scalar(i), 0), scalar(add(i, n)), scalar(i));
  return isNatural(from) && low === 0
    ? min(from, high)
    : max(low, min(from, high));
}

const larger = symbolic(STATIC.max, (x, y) => maximum(x, y));

function max(a: SymbolicLength, b: SymbolicLength): SymbolicLength;
function max(a: Length, b: Length): Length;
function max(a: Length, b: Length): Length {
  if (a === 0 && isNatural(b)) return b;
  return b === 0 && isNatural(a) ? a : larger(a, b);
}

/** The arithmetic of shape graphs: numbers where they are known, 0-d int64 variables elsewhere. */
export const SYMBOLIC: SymbolicLengths = {
  add: symbolic(STATIC.add, (x, y) => add(x, y)),
  sub: symbolic(STATIC.sub, (x, y) => sub(x, y)),
  mul: symbolic(STATIC.mul, (x, y) => mul(x, y)),
  floorDiv: symbolic(STATIC.floorDiv, (x, y) => intDiv(x, y)),
  min: symbolic(STATIC.min, (x, y) => minimum(x, y)),
  max,
  slice(start, stop, step, n) {
    const known = STATIC.slice(start, stop, step, n);
    if (known !== null || start === null || stop === null || n === null) {
      return known;
    }
    const { sub, add, floorDiv } = SYMBOLIC;
    const low = step > 0 ? 0 : -1, high = step > 0 ? n : sub(n, 1);
    const first = start === undefined
      ? (step > 0 ? low : high)
      : clip(start, low, high, n);
    const last = stop === undefined
      ? (step > 0 ? high : low)
      : clip(stop, low, high, n);
    const span = step > 0 ? sub(last, first) : sub(first, last),
      size = Math.abs(step);
    if (first === 0 && step === 1) return last;
    return max(0, floorDiv(add(span, size - 1), size));
  },
  same: STATIC.same,
};

/** The product of lengths, 1 of none: the number of elements of an array that has them. */
export function productOf(
  lengths: readonly SymbolicLength[],
): SymbolicLength {
  return lengths.reduce<SymbolicLength>((a, b) => SYMBOLIC.mul(a, b), 1);
}

/**
 * The length of an axis of v: a number, or a graph over the lengths and
 * integers that v's inputs have, so that v itself need not be computed. Falls
 * back on the length of v where that depends on data.
 */
export function shapeGraph(
  v: Variable,
  axis: number,
): SymbolicLength {
  const known = v.type.shape[axis];
  return typeof known === "number" ? known : shapesOf([v])[0]![axis]!;
}

/** One step of `shapeGraph`: the length of an axis in terms of lengths and integers of the inputs of what computes v; null where it depends on data. */
export function lengthFrom(v: Variable, axis: number): Length {
  const known = v.type.shape[axis]!, node = v.owner;
  if (typeof known === "number" || !node) return known;
  const inputs = node.inputs.map((x): Shaped => ({
    type: x.type,
    dtype: x.dtype,
    shape: x.type.shape.map((n, i) =>
      typeof n === "number" ? n : shapeAt(x, i)
    ),
    value: typeof x.value === "number"
      ? x.value
      : isScalarInteger(x)
      ? x
      : null,
  }));
  const length = node.op.infer(inputs, node.params, SYMBOLIC)[v.index]!
    .shape[axis]!;
  return isCheap(v) ? plain(length) : length;
}

/** The lengths of all axes of each variable; see `shapeGraph`. */
export function shapesOf(
  variables: readonly Variable[],
): (readonly SymbolicLength[])[] {
  const lookup = (v: Variable): Known =>
    found.get(v) ?? remember(v, v.type.shape, null);
  const done = (v: Variable) => found.has(v) || isStatic(v);
  for (const node of toposort(variables, done)) {
    const inferred = node.op.infer(
      node.inputs.map((v): Shaped => ({
        type: v.type,
        dtype: v.dtype,
        ...lookup(v),
      })),
      node.params,
      SYMBOLIC,
    );
    node.outputs.forEach((v, i) => {
      if (found.has(v)) return;
      const { shape, value = null } = inferred[i]!;
      remember(v, isCheap(v) ? shape.map(plain) : shape, value);
    });
  }
  return variables.map((v) => lookup(v).shape);
}

/** A view of what is there anyway: to look is no more work than to compute where it would look. */
function isCheap(v: Variable): boolean {
  let base = v;
  while (base.owner?.op.views) {
    base = base.owner.inputs[base.owner.op.views[base.index]!]!;
  }
  return base.owner === null;
}

/** A length that needs no arithmetic, else null: lowering knows the bounds of a slice better than a formula does. */
function plain(n: Length): Length {
  const { owner } = n instanceof Variable ? n : { owner: null };
  return owner && owner.op !== shapeAt.op ? null : n;
}

/** True where the type says everything that a shape may depend on. */
function isStatic(v: Variable): boolean {
  const { shape, dtype } = v.type;
  return shape.every((d) => typeof d === "number") &&
    (shape.length > 0 || !isInteger(dtype) || typeof v.value === "number");
}

function remember(
  v: Variable,
  shape: readonly Length[],
  value: Length,
): Known {
  const known: Known = {
    shape: v.type.shape.map((d, axis) => {
      const inferred = shape[axis];
      if (typeof d === "number") return d;
      return typeof inferred === "number" || inferred instanceof Variable
        ? inferred
        : shapeAt(v, axis);
    }),
    value: typeof v.value === "number"
      ? v.value
      : typeof value === "number" || value instanceof Variable
      ? value
      : isScalarInteger(v)
      ? v
      : null,
  };
  found.set(v, known);
  return known;
}

function isScalarInteger(v: Variable): boolean {
  return v.ndim === 0 && isInteger(v.dtype);
}
