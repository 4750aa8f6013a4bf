/**
 * Sums over the steps leave the loop: a weight's gradient, which adds a
 * product in each step, is one product over all steps after it; that of a
 * table whose rows are looked up is one addition to all these rows.
 */
import type { Apply, Variable } from "../../graph/variable.ts";
import { countClients, toposort } from "../../graph/walk.ts";
import type { ScanExtra } from "../../graph/scan_params.ts";
import { applyLoop, type Loop, type LoopState } from "../../nested/loop.ts";
import { scanOp } from "../../nested/scan_op.ts";
import { at } from "../../ops/indexing/at.ts";
import { zerosLike } from "../../ops/constructors.ts";
import {
  dimshuffle,
  type Pattern,
  transpose,
} from "../../ops/shape/dimshuffle.ts";
import { dot } from "../../ops/products/dot.ts";
import { add, mul, neg, sub } from "../../ops/elementwise/elemwise.ts";
import { type ReduceParams, sum } from "../../ops/reductions/reduce.ts";
import { specifyShape } from "../../ops/shape/specify_shape.ts";
import {
  increment,
  type IncrementParams,
} from "../../ops/indexing/subtensor.ts";
import { isFloat } from "../../graph/dtype.ts";
import {
  entriesOf,
  isWanted,
  type LoopEntry,
  type LoopPlace,
  type LoopRule,
  loopRule,
  type Replacements,
  resultsOf,
} from "./loop_rules.ts";
import { rowsBelow } from "./lift.ts";
import { fillValue } from "../values.ts";

/** Sums after the loop. */
export const sums: readonly LoopRule[] = [
  loopRule(
    "scan_sum",
    {
      equation:
        "Σ over steps of dot(aᵀ, b) → dot(Aᵀ, B), of inc(0[i], y) → inc(0[I], Y) over the rows of all steps",
    },
    sumsOutside,
  ),
];

/** What is added to a state in each step. */
interface Term {
  readonly value: Variable;
  readonly negative: boolean;
}

/** The sum over all steps, from rows of what it is made of. */
interface Total {
  readonly of: readonly Variable[];
  make(rows: readonly Variable[]): Variable;
}

function sumsOutside(place: LoopPlace): Replacements | null {
  const { node, loop } = place;
  const results = resultsOf(loop), clients = countClients(results);
  const varies = varying(loop, results);
  const there = new Set<Variable>([
    ...loop.sequences.flatMap((s) => s.vars),
    ...loop.extras.filter((e) => e.keep).map((e) => e.value),
    ...loop.states.filter((s) => s.keep).map((s) => s.next),
  ]);
  for (const [i, s] of loop.states.entries()) {
    if (s.keep || !isWanted(place, node.outputs[i]!)) continue;
    const terms = termsOf(s, clients);
    const found = terms?.map((t) =>
      specified(
        t.value,
        (v) => product(v, varies) ?? scattered(v, s) ?? plainSum(v, s, there),
      )
    );
    if (!terms?.length || !found!.every((t) => t !== null)) continue;
    return outside(place, { index: i, terms, totals: found as Total[] });
  }
  return null;
}

interface Found {
  readonly index: number;
  readonly terms: readonly Term[];
  readonly totals: readonly Total[];
}

function outside(
  place: LoopPlace,
  { index, terms, totals }: Found,
): Replacements {
  const { node, loop } = place, state = loop.states[index]!;
  const extras = new Map<Variable, ScanExtra>();
  for (const v of totals.flatMap((t) => t.of)) {
    const known = loop.extras.find((e) => e.keep && e.value === v);
    extras.set(v, known ?? { keep: true, value: v });
  }
  const made: Loop = {
    ...loop,
    states: loop.states.filter((s) => s !== state),
    extras: [
      ...loop.extras,
      ...[...extras.values()].filter((e) => !loop.extras.includes(e)),
    ],
  };
  const applied = applyLoop(scanOp, made), all = entriesOf(made);
  const outputs = [...applied.states, ...applied.extras];
  const find = (e: LoopEntry) => outputs[all.indexOf(e)]!;
  const rows = (v: Variable) => find(extras.get(v)!);
  const by = new Map(
    entriesOf(loop).flatMap((e, i) =>
      i === index ? [] : [[node.outputs[i]!, find(e)] as const]
    ),
  );
  by.set(
    node.outputs[index]!,
    totals.reduce((all: Variable, t, k) => {
      const total = t.make(t.of.map(rows));
      return terms[k]!.negative ? sub(all, total) : add(all, total);
    }, at(state.initial, 0)),
  );
  return by;
}

/** The terms of a state that is its last value plus others, and is read for nothing else; null for any other state. */
function termsOf(
  { taps, vars, next }: LoopState,
  clients: ReadonlyMap<Variable, number>,
): Term[] | null {
  const [old] = vars as [Variable];
  if (taps.length > 1 || taps[0] !== -1 || clients.get(old) !== 1) return null;
  if (clients.get(next) !== 1) return null;
  if (!isFloat(next.dtype)) return null;
  const terms: Term[] = [], todo: Term[] = [{ value: next, negative: false }];
  let found = false;
  for (let t = todo.pop(); t; t = todo.pop()) {
    const { value, negative } = t, { owner } = value;
    const alone = value === next || clients.get(value) === 1;
    const same = owner?.inputs.every((v) =>
      v.ndim === next.ndim && v.dtype === next.dtype &&
      v.type.shape.every((n, axis) =>
        (n === 1) === (next.type.shape[axis] === 1)
      )
    );
    if (value === old) {
      if (negative) return null;
      found = true;
    } else if (
      alone && same && (owner!.op === add.op || owner!.op === sub.op)
    ) {
      const [x, y] = owner!.inputs as [Variable, Variable];
      todo.push({ value: y, negative: negative !== (owner!.op === sub.op) });
      todo.push({ value: x, negative });
    } else if (alone && same && owner!.op === neg.op) {
      todo.push({ value: owner!.inputs[0]!, negative: !negative });
    } else if (alone && isIncrement(owner)) {
      const [base] = owner!.inputs as [Variable];
      if (fillValue(base) !== 0) todo.push({ value: base, negative });
      terms.push(t);
    } else terms.push(t);
  }
  return found ? terms : null;
}

/** The total of `v`, or of what `v` only says lengths of: these are then said of the total. */
function specified(
  v: Variable,
  totalOf: (v: Variable) => Total | null,
): Total | null {
  const [x, ...rest] = v.owner?.inputs ?? [];
  if (v.owner?.op !== specifyShape.op || rest.length) return totalOf(v);
  const { shape } = v.owner.params as { readonly shape: (number | null)[] };
  const total = totalOf(x!);
  return total &&
    { ...total, make: (rows) => specifyShape(total.make(rows), shape) };
}

/** The variables of a body that change from step to step. */
function varying(
  loop: Loop,
  results: readonly Variable[],
): ReadonlySet<Variable> {
  const changes = new Set(
    [...loop.sequences, ...loop.states].flatMap((s) => s.vars),
  );
  for (const node of toposort(results)) {
    if (node.inputs.some((v) => changes.has(v))) {
      node.outputs.forEach((v) => changes.add(v));
    }
  }
  return changes;
}

/** Σ dot(aᵀ, b) = dot(Aᵀ, B) and Σ outer(a, b) = dot(Aᵀ, B); null for what is no product. */
function product(v: Variable, varies: ReadonlySet<Variable>): Total | null {
  const { owner } = v;
  if (v.ndim !== 2 || !owner) return null;
  const [x, y] = owner.inputs as [Variable, Variable];
  if (!varies.has(x) || !varies.has(y)) return null;
  if (owner.op === dot.op) {
    return {
      of: [transposed(x), y],
      make: ([a, b]) => dot(transpose(rowsBelow(a!)), rowsBelow(b!)),
    };
  }
  if (owner.op !== mul.op) return null;
  const [column, row] = isColumn(x) && isRow(y)
    ? [x, y]
    : isColumn(y) && isRow(x)
    ? [y, x]
    : [];
  return column && row
    ? {
      of: [flat(column, 0), flat(row, 1)],
      make: ([a, b]) => dot(transpose(a!), b!),
    }
    : null;
}

/** True for what adds to the rows of an array that an index names. */
function isIncrement(node: Apply | null): boolean {
  if (node?.op !== increment.op) return false;
  const { index, set } = node.params as IncrementParams, [e] = index;
  return !set && index.length === 1 && (e!.kind === "at" || e!.kind === "rows");
}

/** Σ inc(x[i], y) − x = inc(0[I], Y): x is among the terms itself unless it is zero. */
function scattered(
  { owner }: Variable,
  { initial }: LoopState,
): Total | null {
  if (!isIncrement(owner)) return null;
  const [, y, i] = owner!.inputs as [Variable, Variable, Variable?];
  return i === undefined ? null : {
    of: [y, i],
    make: ([rows, indices]) =>
      increment(zerosLike(at(initial, 0)), rows!, indices!, {
        index: [{ kind: "rows", input: 2 }],
        set: false,
      }),
  };
}

function isColumn({ type: { shape } }: Variable): boolean {
  return shape.length === 2 && shape[1] === 1;
}

function isRow({ type: { shape } }: Variable): boolean {
  return shape.length === 2 && shape[0] === 1;
}

/** The transpose of a matrix; what it is the transpose of, if that is how it is computed. */
function transposed(x: Variable): Variable {
  return orderOf(x)?.join() === "1,0" ? x.owner!.inputs[0]! : transpose(x);
}

/** A matrix of one row or column as a vector along `axis`. */
function flat(x: Variable, axis: number): Variable {
  const order = orderOf(x), v = x.owner?.inputs[0];
  return order && v!.ndim === 1 ? v! : dimshuffle(x, [axis]);
}

function orderOf(x: Variable): Pattern | null {
  return x.owner?.op === dimshuffle.op
    ? (x.owner.params as { readonly pattern: Pattern }).pattern
    : null;
}

/** Σ v and Σ sum(v, axes), where the rows of v are there anyway. */
function plainSum(
  v: Variable,
  { next }: LoopState,
  there: ReadonlySet<Variable>,
): Total | null {
  if (there.has(v) && v.ndim === next.ndim && v.dtype === next.dtype) {
    return { of: [v], make: ([rows]) => sum(rows!, { axis: 0 }) };
  }
  if (v.owner?.op !== sum.op || v.ndim !== next.ndim) return null;
  const [x] = v.owner.inputs as [Variable];
  if (!there.has(x) || x.dtype !== v.dtype) return null;
  const { axes } = v.owner.params as ReduceParams;
  const axis = [0, ...axes.map((a) => a + 1)];
  return { of: [x], make: ([rows]) => sum(rows!, { axis, dtype: v.dtype }) };
}
