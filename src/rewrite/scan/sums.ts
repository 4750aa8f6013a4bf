/**
 * Sums over the steps leave the loop: a weight's gradient, which adds a
 * product in each step, is one product over all steps after it; that of a
 * table whose rows are looked up is one addition to all these rows.
 */
import { isFloat } from "../../graph/dtype.ts";
import { bodyResults } from "../../graph/scan_params.ts";
import type { Apply, Variable } from "../../graph/variable.ts";
import { countClients } from "../../graph/walk.ts";
import type { LoopState } from "../../nested/loop.ts";
import { zerosLike } from "../../ops/constructors.ts";
import { add, sub } from "../../ops/elementwise/elemwise.ts";
import { at } from "../../ops/indexing/at.ts";
import {
  increment,
  type IncrementParams,
} from "../../ops/indexing/subtensor.ts";
import { type ReduceParams, sum } from "../../ops/reductions/reduce.ts";
import { specifyShape } from "../../ops/shape/specify_shape.ts";
import { fillValue } from "../values.ts";
import { type Columns, Joints, Products, type Total } from "./joint_sums.ts";
import {
  entriesOf,
  handingOut,
  isWanted,
  keptBy,
  type LoopPlace,
  type LoopRule,
  loopRule,
  type Replacements,
} from "./loop_rules.ts";
import { type Term, termsOf, unsaid } from "./terms.ts";

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

/** A state that is a sum over the steps. */
interface Found {
  readonly index: number;
  readonly terms: readonly Term[];
  readonly totals: readonly Total[];
}

function sumsOutside(place: LoopPlace): Replacements | null {
  const { node, loop } = place;
  const results = bodyResults(loop), clients = countClients(results);
  const accumulated = loop.states.flatMap((s, index) => {
    const wanted = !s.keep && isWanted(place, node.outputs[index]!);
    const terms = wanted ? addedTo(s, clients) : null;
    return terms?.length ? [{ s, index, terms }] : [];
  });
  if (accumulated.length === 0) return null;
  const values = accumulated.flatMap(({ terms }) => terms.map((t) => t.value));
  const joints = new Joints(loop);
  const products = new Products(loop, values.map(unsaid), joints);
  const kept = new Set([...keptBy(loop), ...products.of]);
  const there = (v: Variable): Columns | null => {
    if (kept.has(v)) return { of: v, part: (all) => all };
    const columns = joints.columnsOf(v, (j) => kept.has(j.of));
    return columns.of === v ? null : columns;
  };
  const found = accumulated.flatMap(({ s, index, terms }): Found[] => {
    const totals = terms.map((t) =>
      specified(
        t.value,
        (v) => products.total(v) ?? scattered(v, s) ?? plainSum(v, s, there),
      )
    );
    return totals.every((t) => t !== null) ? [{ index, terms, totals }] : [];
  });
  return found.length ? outside(place, found) : null;
}

function outside(place: LoopPlace, found: readonly Found[]): Replacements {
  const { node, loop } = place, gone = new Set(found.map((f) => f.index));
  const { output, rows } = handingOut(
    { ...loop, states: loop.states.filter((_, i) => !gone.has(i)) },
    found.flatMap((f) => f.totals).flatMap((t) => t.of),
  );
  const by = new Map(
    entriesOf(loop).flatMap((e, i) =>
      gone.has(i) ? [] : [[node.outputs[i]!, output(e)] as const]
    ),
  );
  const wholes = new Map<string, Variable>();
  const totalOf = ({ key, of, whole, part }: Total) => {
    const made = wholes.get(key) ?? whole(of.map(rows));
    wholes.set(key, made);
    return part(made, of.map(rows));
  };
  for (const { index, terms, totals } of found) {
    const sum = totals.reduce((all: Variable, t, k) => {
      const total = totalOf(t);
      return terms[k]!.negative ? sub(all, total) : add(all, total);
    }, at(loop.states[index]!.initial, 0));
    by.set(node.outputs[index]!, sum);
  }
  return by;
}

/** The terms of a state that is its last value plus others, and is read for nothing else; null for any other state. */
function addedTo(
  { taps, vars, next }: LoopState,
  clients: ReadonlyMap<Variable, number>,
): Term[] | null {
  const [old] = vars as [Variable];
  if (taps.length > 1 || taps[0] !== -1 || clients.get(old) !== 1) return null;
  if (clients.get(next) !== 1 || !isFloat(next.dtype)) return null;
  const terms: Term[] = [], todo: Term[] = [{ value: next, negative: false }];
  let found = false;
  for (let sum = todo.pop(); sum; sum = todo.pop()) {
    for (const t of termsOf(sum, clients)) {
      const { owner } = t.value, alone = clients.get(t.value) === 1;
      if (t.value === old) {
        if (t.negative) return null;
        found = true;
      } else if (alone && isIncrement(owner)) {
        const [base] = owner!.inputs as [Variable];
        if (fillValue(base) !== 0) todo.push({ ...t, value: base });
        terms.push(t);
      } else terms.push(t);
    }
  }
  return found ? terms : null;
}

/** The total of `v`, or of what `v` only says lengths of: these are then said of the total. */
function specified(
  v: Variable,
  totalOf: (v: Variable) => Total | null,
): Total | null {
  const x = unsaid(v), total = totalOf(x);
  if (x === v || !total) return total;
  const { shape } = v.owner!.params as { readonly shape: (number | null)[] };
  return {
    ...total,
    part: (whole, rows) => specifyShape(total.part(whole, rows), shape),
  };
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
    key: `rows of ${owner!.id}`,
    of: [y, i],
    whole: ([rows, indices]) =>
      increment(zerosLike(at(initial, 0)), rows!, indices!, {
        index: [{ kind: "rows", input: 2 }],
        set: false,
      }),
    part: (whole) => whole,
  };
}

/** Σ v and Σ sum(v, axes), where the rows of v are there anyway. */
function plainSum(
  v: Variable,
  { next }: LoopState,
  there: (v: Variable) => Columns | null,
): Total | null {
  if (v.ndim !== next.ndim || v.dtype !== next.dtype) return null;
  const own = there(v);
  if (own) return sumOf(own, [0]);
  if (v.owner?.op !== sum.op) return null;
  const [x] = v.owner.inputs as [Variable], columns = there(x);
  if (!columns || x.dtype !== v.dtype) return null;
  const { axes } = v.owner.params as ReduceParams;
  // What is summed over its columns has none.
  if (columns.of !== x && axes.includes(x.ndim - 1)) return null;
  return sumOf(columns, [0, ...axes.map((a) => a + 1)]);
}

/** The sum over axes of the rows of all steps. */
function sumOf({ of, part }: Columns, axis: readonly number[]): Total {
  return {
    key: `sum of ${of.id} over ${axis}`,
    of: [of],
    whole: ([rows]) => sum(rows!, { axis, dtype: of.dtype }),
    part,
  };
}
