/** What is known of lengths that a graph computes: which are equal, and which are enough. */
import { Variable } from "../graph/variable.ts";
import { toposort } from "../graph/walk.ts";
import { assert } from "../ops/debug.ts";
import {
  add,
  cast,
  maximum,
  minimum,
  mul,
  sub,
} from "../ops/elementwise/elemwise.ts";
import {
  lengthFrom,
  shapeGraph,
  type SymbolicLength,
} from "../ops/shape/length_graph.ts";
import { shapeAt } from "../ops/shape/shape.ts";
import {
  type SpecifyParams,
  specifyShape,
} from "../ops/shape/specify_shape.ts";

/** A sum of multiples of lengths, by their keys; the number is that of "". */
type Sum = ReadonlyMap<string, number>;

/** How far a formula is looked into. */
const DEPTH = 8;

/** Equal for lengths that are known to be equal. */
export function lengthKey(n: SymbolicLength): string {
  return keyOf(sumOf(n, DEPTH));
}

/** True if two lengths are known to be equal. */
export function sameLength(a: SymbolicLength, b: SymbolicLength): boolean {
  return a === b || lengthKey(a) === lengthKey(b);
}

/** True if a length is refused where something does not hold: only who reads it meets the refusal. */
export function isAsserted(n: SymbolicLength): boolean {
  return n instanceof Variable &&
    toposort([n]).some(({ op }) => op === assert.op);
}

/** True if `b` is known to be no more than what is left of `a` after `lost`; nothing is left of less. */
export function isEnoughFor(
  b: SymbolicLength,
  a: SymbolicLength,
  lost = 0,
): boolean {
  const gap = combine(sumOf(a, DEPTH), sumOf(b, DEPTH), -1);
  if (isNumber(gap)) return (gap.get("") ?? 0) >= lost;
  if (b === 0) return true;
  const enough = (part: Variable) => isEnoughFor(lengthOr(part), a, lost);
  return (operandsOf(b, minimum.op)?.some(enough) ?? false) ||
    (operandsOf(b, maximum.op)?.every(enough) ?? false);
}

/** An axis of a variable, or with axis -1 the value of a 0-d one. */
interface Source {
  readonly of: Variable;
  readonly axis: number;
}

const sources = new WeakMap<Variable, Map<number, Source>>();

/** True if `length` is the length of this axis of x, or of what x has it from. */
export function isLengthOf(
  length: Variable,
  x: Variable,
  axis: number,
): boolean {
  const a = sourceOf(readBy(length)), b = sourceOf({ of: x, axis });
  return a.of === b.of && a.axis === b.axis;
}

/** The axis that a length reads; itself if it is computed or given. */
function readBy(length: Variable): Source {
  const { owner } = length;
  return owner?.op === shapeAt.op
    ? {
      of: owner.inputs[0]!,
      axis: (owner.params as { readonly axis: number }).axis,
    }
    : { of: length, axis: -1 };
}

/** Where an axis has its length from, as far as one axis has it from another. Each is asked once, however long the way. */
function sourceOf(axis: Source): Source {
  const way: Source[] = [];
  let at = axis, found = known(at);
  while (!found) {
    way.push(at);
    const from = at.axis < 0 ? null : lengthFrom(at.of, at.axis);
    const next = from instanceof Variable ? readBy(from) : at;
    if (next === at || next.axis < 0) found = next;
    else found = known(at = next);
  }
  for (const { of, axis } of way) {
    const own = sources.get(of) ?? new Map<number, Source>();
    sources.set(of, own.set(axis, found));
  }
  return found;
}

function known({ of, axis }: Source): Source | undefined {
  return sources.get(of)?.get(axis);
}

function lengthOr(v: Variable): SymbolicLength {
  return typeof v.value === "number" ? v.value : v;
}

/** The operands of a 0-d application of `op`, through casts; null for anything else. */
function operandsOf(
  n: SymbolicLength,
  op: unknown,
): readonly Variable[] | null {
  let v = n;
  while (v instanceof Variable && v.owner?.op === cast.op) {
    v = v.owner.inputs[0]!;
  }
  const owner = v instanceof Variable ? v.owner : null;
  return owner?.op === op ? owner!.inputs : null;
}

function sumOf(n: SymbolicLength, depth: number): Sum {
  if (typeof n === "number") return new Map([["", n]]);
  if (typeof n.value === "number") return new Map([["", n.value]]);
  const alone = new Map([[`variable ${n.id}`, 1]]), { owner } = n;
  if (!owner || depth === 0) return alone;
  const [x, y] = owner.inputs.map((v) => sumOf(v, depth - 1)) as [Sum, Sum];
  switch (owner.op) {
    case cast.op:
    case assert.op:
      return x;
    case add.op:
      return combine(x, y, 1);
    case sub.op:
      return combine(x, y, -1);
    case mul.op:
      return isNumber(x)
        ? combine(new Map(), y, x.get("") ?? 0)
        : isNumber(y)
        ? combine(new Map(), x, y.get("") ?? 0)
        : alone;
    case minimum.op:
    case maximum.op: {
      const keys = [...new Set([keyOf(x), keyOf(y)])].sort();
      return keys.length === 1
        ? x
        : new Map([[`${owner.op.name}(${keys.join(", ")})`, 1]]);
    }
    case shapeAt.op: {
      const { axis } = owner.params as { readonly axis: number };
      return lengthOf(owner.inputs[0]!, axis, depth - 1);
    }
    default:
      return alone;
  }
}

/** The length of an axis that types do not know. */
function lengthOf(v: Variable, axis: number, depth: number): Sum {
  const { owner } = v;
  if (owner?.op === specifyShape.op) {
    const said = (owner.params as SpecifyParams).shape[axis]!;
    if (said !== null && typeof said === "object") {
      return sumOf(owner.inputs[said.input]!, depth);
    }
  }
  const n = shapeGraph(v, axis);
  const itself = n instanceof Variable && n.owner?.op === shapeAt.op &&
    n.owner.inputs[0] === v;
  return itself || depth <= 0
    ? new Map([[`axis ${axis} of ${v.id}`, 1]])
    : sumOf(n, depth);
}

function isNumber(sum: Sum): boolean {
  return [...sum].every(([key, k]) => key === "" || k === 0);
}

/** x + times y. */
function combine(x: Sum, y: Sum, times: number): Sum {
  const sum = new Map(x);
  y.forEach((k, key) => sum.set(key, (sum.get(key) ?? 0) + times * k));
  return sum;
}

function keyOf(sum: Sum): string {
  return [...sum].filter(([key, k]) => k !== 0 || key === "" && sum.size === 1)
    .map(([key, k]) => key === "" ? `${k}` : k === 1 ? key : `${k} ${key}`)
    .sort().join(" + ") || "0";
}
