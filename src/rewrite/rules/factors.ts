/** Products and sums seen flat, and the rules that gather their constants. */
import { isFloat, isInteger } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { constant } from "../../ops/define.ts";
import {
  add,
  div,
  mul,
  neg,
  reciprocal,
  sub,
} from "../../ops/elementwise/elemwise.ts";
import { sameSpace } from "../axes.ts";
import { type Rule, rule, ruleAt } from "../pattern.ts";
import { fillValue, representable, scalarLike } from "../values.ts";

/** A product: constant · Π over / Π under. */
export interface Factors {
  readonly constant: number;
  readonly over: readonly Variable[];
  readonly under: readonly Variable[];
}

/** A sum: constant + Σ times · value. */
export interface Terms {
  readonly constant: number;
  readonly terms: readonly {
    readonly times: number;
    readonly value: Variable;
  }[];
}

/** The flattened views look at no more operands than this, so that a rule costs the same anywhere in a long chain. */
const MOST_OPERANDS = 64;

/** The product that x is, through mul, div, neg and reciprocal of its dtype, in linear time. */
export function factors(x: Variable): Factors {
  const over: Variable[] = [], under: Variable[] = [];
  let coefficient = 1, looked = 0;
  const todo: (readonly [v: Variable, up: boolean])[] = [[x, true]];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const [v, up] = next, value = fillValue(v), node = v.owner;
    const [a, b] = v.dtype === x.dtype && ++looked <= MOST_OPERANDS
      ? node?.inputs ?? []
      : [];
    if (value !== null && v.ndim === 0) {
      coefficient = up ? coefficient * value : coefficient / value;
    } else if (a && node?.op === mul.op) todo.push([b!, up], [a, up]);
    else if (a && node?.op === div.op) todo.push([b!, !up], [a, up]);
    else if (a && node?.op === reciprocal.op) todo.push([a, !up]);
    else if (a && node?.op === neg.op) {
      coefficient = -coefficient;
      todo.push([a, up]);
    } else (up ? over : under).push(v);
  }
  return { constant: coefficient, over, under };
}

/** The product as a graph; null if nothing is above its line. */
export function product({ constant, over, under }: Factors): Variable | null {
  const [first, ...more] = over;
  if (!first) return null;
  const above = more.reduce((a, b) => mul(a, b), first);
  const whole = under.reduce((a, b) => div(a, b), above);
  return constant === 1 ? whole : mul(whole, constant);
}

/** The list without the first of each of these. */
export function without(
  list: readonly Variable[],
  gone: readonly Variable[],
): readonly Variable[] {
  return gone.reduce((l, v) => l.toSpliced(l.indexOf(v), 1), list);
}

/** The sum that x is, through add, sub, neg and products with constants of its dtype, in linear time; equal terms are one. */
export function terms(x: Variable): Terms {
  const found = new Map<Variable, number>();
  let sum = 0, looked = 0;
  const todo: (readonly [v: Variable, times: number])[] = [[x, 1]];
  for (let next = todo.pop(); next; next = todo.pop()) {
    const [v, times] = next, value = fillValue(v), node = v.owner;
    const [a, b] = v.dtype === x.dtype && ++looked <= MOST_OPERANDS
      ? node?.inputs ?? []
      : [];
    const scaled = a && node?.op === mul.op ? scaling(a, b!) : null;
    if (value !== null && v.ndim === 0) sum += times * value;
    else if (a && node?.op === add.op) todo.push([b!, times], [a, times]);
    else if (a && node?.op === sub.op) todo.push([b!, -times], [a, times]);
    else if (a && node?.op === neg.op) todo.push([a, -times]);
    else if (scaled) todo.push([scaled.of, times * scaled.by]);
    else found.set(v, (found.get(v) ?? 0) + times);
  }
  return {
    constant: sum,
    terms: [...found].map(([value, times]) => ({ times, value })),
  };
}

/** A number times something. */
export interface Scaling {
  readonly by: number;
  readonly of: Variable;
}

/** The product of a number and something, where one of both is a 0-d constant. */
function scaling(a: Variable, b: Variable): Scaling | null {
  const x = a.ndim === 0 ? fillValue(a) : null;
  if (x !== null) return { by: x, of: b };
  const y = b.ndim === 0 ? fillValue(b) : null;
  return y === null ? null : { by: y, of: a };
}

/** x as a number times something: -1 for neg, the constant of a product, else 1. */
export function scaled(x: Variable): Scaling {
  const node = x.owner;
  const plain = { by: 1, of: x };
  if (node?.inputs.some((v) => v.dtype !== x.dtype)) return plain;
  if (node?.op === neg.op) return { by: -1, of: node.inputs[0]! };
  if (node?.op !== mul.op) return plain;
  return scaling(node.inputs[0]!, node.inputs[1]!) ?? plain;
}

/** by · x, in the form the rules below leave alone; null if `by` does not exist in x's dtype. */
function scale(by: number, x: Variable): Variable | null {
  if (by === 1) return x;
  if (by === -1) return neg(x);
  const made = scalarLike(by, x), kept = Number(made.data.data[0]);
  const usable = isFloat(x.dtype)
    ? by === 0 || isModerate(kept) && Math.abs(kept / by - 1) < ROUNDING
    : representable(by, x);
  return usable ? mul(made, x) : null;
}

/** Constants are gathered up to 2^±64: beyond, a product of many would lose digits, overflow or vanish. One of more than half as many bits moves no further, so that those behind it do not pile up. */
const MOST_BITS = 64;

/** What rounding may change of a constant in any dtype, but for one too small to have all its digits. */
const ROUNDING = 1e-3;

function isModerate(x: number, bits = MOST_BITS): boolean {
  return Math.abs(Math.log2(Math.abs(x))) <= bits;
}

/** Constant factors and terms come together. */
export const gathering: readonly Rule[] = [
  rule(
    "add_self",
    [add, "x", "x"],
    ({ x }) => isFloat(x.dtype) ? mul(2, x) : null,
    "exact",
  ),
  ruleAt(
    "gather_product",
    [mul, div, neg],
    { equation: "2 * (x * 3) → 6 * x, (2 * x) / (4 * y) → 0.5 * (x / y)" },
    gatherProduct,
  ),
  ruleAt(
    "gather_sum",
    [add],
    { equation: "(x + 1) + 2 → x + 3" },
    (y) => {
      const [a, b] = y.owner!.inputs;
      const outer = offset(y), inner = outer && offset(outer.from);
      if (!outer || !inner || a!.dtype !== b!.dtype) return null;
      const sum = outer.by + inner.by;
      return representable(sum, y) ? add(inner.from, scalarLike(sum, y)) : null;
    },
  ),
  ruleAt(
    "sub_constant",
    [sub],
    { equation: "x - 2 → x + -2", licence: "exact" },
    (y) => {
      const [x, c] = y.owner!.inputs, value = fillValue(c!);
      return value !== null && c!.ndim === 0 && x!.dtype === y.dtype &&
          fillValue(x!) === null && representable(-value, y)
        ? add(x!, scalarLike(-value, y))
        : null;
    },
  ),
  ruleAt(
    "div_by_power_of_two",
    [div],
    { equation: "x / 4 → x * 0.25", licence: "exact" },
    (y) => {
      const [x, c] = y.owner!.inputs, value = fillValue(c!);
      return value !== null && c!.ndim === 0 && x!.dtype === y.dtype &&
          isPowerOfTwo(value)
        ? mul(x!, scalarLike(1 / value, y))
        : null;
    },
  ),
  ruleAt(
    "integer_terms",
    [add, sub],
    {
      equation: "(i + 1) * 60 - i * 60 → 60, for 0-d integers",
      licence: "exact",
    },
    integerTerms,
  ),
];

function gatherProduct(y: Variable): Variable | null {
  const node = y.owner!, [a, b = a] = node.inputs as [Variable, Variable?];
  if (node.inputs.some((v) => v.dtype !== y.dtype)) return null;
  const x = scaled(a), z = scaled(b);
  if (node.op === neg.op) return x.by === 1 ? null : scale(-x.by, x.of);
  const leads = fillValue(a) !== null, trails = fillValue(b) !== null;
  if (leads && trails) return null;
  /** Outside of the product the factor is no larger. */
  const movable = ({ by, of }: Scaling) =>
    by !== 1 && isModerate(by, MOST_BITS / 2) &&
    sameSpace(of, y) && of.dtype === y.dtype;
  if (node.op === mul.op) {
    if (leads || trails) {
      const inner = leads ? z : x, c = leads ? a : b;
      const by = c.ndim === 0 ? fillValue(c) : null;
      return by === null || inner.by === 1
        ? null
        : scale(by * inner.by, inner.of);
    }
    if (movable(x)) return scale(x.by, mul(x.of, b));
    return movable(z) ? scale(z.by, mul(a, z.of)) : null;
  }
  if (trails) {
    const by = b.ndim === 0 ? fillValue(b) : null;
    return by === null || x.by === 1 ? null : scale(x.by / by, x.of);
  }
  if (movable(x)) return scale(x.by, div(x.of, b));
  return !leads && movable(z) ? scale(1 / z.by, div(a, z.of)) : null;
}

/** x as something plus a number. */
function offset(x: Variable): { by: number; from: Variable } | null {
  const node = x.owner;
  if (node?.op !== add.op) return null;
  const [a, b] = node.inputs as [Variable, Variable];
  const found = scaling(a, b);
  return found && found.of.dtype === x.dtype && fillValue(found.of) === null
    ? { by: found.by, from: found.of }
    : null;
}

function isPowerOfTwo(x: number): boolean {
  const exponent = Math.log2(Math.abs(x));
  return Number.isInteger(exponent) && Math.abs(exponent) < 100;
}

/** The number that an integer is once products with constants are multiplied out and all terms cancel. */
function integerTerms(y: Variable): Variable | null {
  if (y.ndim !== 0 || !isInteger(y.dtype)) return null;
  const flat = terms(y);
  return flat.terms.every(({ times }) => times === 0) &&
      Number.isSafeInteger(flat.constant)
    ? constant(flat.constant, y.dtype)
    : null;
}
