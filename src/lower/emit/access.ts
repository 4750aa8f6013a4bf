/** Access analysis: each load and store of a loop nest as a sum of strides along axes and of computed positions. */
import {
  type Expr,
  lengthOfAxis,
  type Loops,
  type Stage,
} from "../../graph/loops.ts";
import type { Extent, Layout } from "./implementation.ts";

/** A step along an axis: its stride, and the operand's axes [from, to) that it covers (-1 where it covers none alone). */
export interface Place {
  readonly stride: number | { readonly arg: number; readonly stride: number };
  readonly from: number;
  readonly to: number;
}

/** A position that a kernel computes: `index` along axis `dim` of the operand. */
export interface Jump {
  readonly dim: number;
  readonly index: Expr;
  readonly stride: number | { readonly arg: number; readonly stride: number };
  readonly length: Extent;
  /** The index comes from data: a negative one counts from the end. */
  readonly wraps: boolean;
}

/** A position along axis `dim` of the operand that may lie beyond its ends. */
export interface Guard {
  readonly dim: number;
  readonly index: Expr;
  readonly length: Extent;
}

/** A position along an axis of the operand as a sum: constant + factors times axes. */
export interface Form {
  readonly terms: ReadonlyMap<number, number>;
  readonly constant: number;
  /** Of the operand's axis. */
  readonly length: number;
  readonly stride: number;
}

/** One load or store. */
export interface Walk {
  readonly operand: number;
  readonly store: boolean;
  /** By axis of the Loops. */
  readonly steps: Map<number, Place>;
  readonly jumps: readonly Jump[];
  /** Elements before the first, where that is known. */
  readonly offset: number;
  /** What must hold for it to be inside of the operand; what stands elsewhere. */
  readonly guards: readonly Guard[];
  readonly outside: number;
  /** Its positions one by one, where they are sums that go beyond the ends, or by more than single steps: then what lies there is better copied. */
  readonly forms: readonly Form[] | null;
  /** Axes that its computed positions and its guards depend on. */
  readonly computed: ReadonlySet<number>;
}

/** All accesses of a nest. */
export interface Walks {
  readonly all: readonly Walk[];
  /** By stage: its own loads and store. */
  readonly of: readonly (readonly Walk[])[];
  readonly loads: ReadonlyMap<Expr, Walk>;
  /** Axes whose position or length an expression uses. */
  readonly pinned: ReadonlySet<number>;
  /** Axes whose length an expression uses. */
  readonly measured: ReadonlySet<number>;
}

interface Operands {
  readonly layouts: readonly Layout[];
  readonly inputs: number;
}

/** Analyses the loads and stores of `stages`. */
export function accessesOf(
  stages: readonly Stage[],
  loops: Loops,
  { layouts, inputs }: Operands,
): Walks {
  const loads = new Map<Expr, Walk>(),
    pinned = new Set<number>(),
    measured = new Set<number>();
  const given = layouts.slice(0, inputs), made = layouts.slice(inputs);
  const lengthOf = (a: number) =>
    lengthOfAxis<number | null>(loops.axes[a]!, given, made);
  /** Where a load may lie outside, the integers in its index are no positions of their own: what is known of them counts. */
  const knownOf = (input: number) => {
    const { scalar } = layouts[input]!;
    return typeof scalar === "number" ? scalar : null;
  };
  const walk = (
    operand: number,
    index: readonly Expr[],
    store: boolean,
    outside?: number,
  ): Walk => {
    const facts: Facts = outside === undefined
      ? { lengthOf }
      : { lengthOf, knownOf };
    const layout = layouts[operand]!,
      { steps, jumps, offset } = places(operand, index, layout, facts),
      guards = outside === undefined
        ? []
        : guardsOf(operand, index, layout, facts);
    const computed = new Set<number>();
    for (const { index } of [...jumps, ...guards]) {
      visit(index, (e) => e.kind === "axis" && computed.add(e.axis));
    }
    return {
      operand,
      store,
      steps,
      jumps: guards.length ? jumps.map((j) => ({ ...j, wraps: false })) : jumps,
      offset,
      guards,
      outside: outside ?? 0,
      forms: outside === undefined
        ? null
        : formsOf(index, layout, facts, guards.length > 0),
      computed,
    };
  };
  /** Walks of the loads below e, and the axes it uses by position. */
  const scan = (e: Expr, found: Walk[]): void => {
    visit(e, (x) => {
      if (x.kind === "axis") pinned.add(x.axis);
      if (x.kind === "length") pinned.add(x.axis), measured.add(x.axis);
      if (x.kind !== "load") return;
      let w = loads.get(x);
      if (!w) {
        loads.set(x, w = walk(x.input, x.index, false, x.outside));
        for (const { index } of [...w.jumps, ...w.guards]) scan(index, found);
        for (const { terms } of w.forms ?? []) {
          for (const a of terms.keys()) pinned.add(a);
        }
      }
      if (!found.includes(w)) found.push(w);
    }, false);
  };
  const of = stages.map((s): Walk[] => {
    const found: Walk[] = [];
    scan(s.value, found);
    if (s.kind === "store") {
      const w = walk(inputs + s.output, s.index, true);
      for (const { index } of w.jumps) scan(index, found);
      found.push(w);
    }
    return found;
  });
  return { all: [...new Set(of.flat())], of, loads, pinned, measured };
}

/** Calls `f` for e and everything below it, once each; what is below a load's index only with `inside`. */
export function visit(e: Expr, f: (e: Expr) => void, inside = true): void {
  const seen = new Set<Expr>(), stack = [e];
  for (let x = stack.pop(); x; x = stack.pop()) {
    if (seen.has(x)) continue;
    seen.add(x);
    f(x);
    if (x.kind === "call") stack.push(...x.args);
    if (x.kind === "load" && inside) stack.push(...x.index);
  }
}

/** e and what it is computed from, operands first; what is below a load's index only with `inside`. */
export function postorder(e: Expr, inside = false): Expr[] {
  const order: Expr[] = [], done = new Set<Expr>(), stack: Expr[] = [e];
  for (let x = stack.at(-1); x; x = stack.at(-1)) {
    const below = x.kind === "call"
      ? x.args
      : x.kind === "load" && inside
      ? x.index
      : [];
    const next = done.has(x) ? undefined : below.findLast((y) => !done.has(y));
    if (next) stack.push(next);
    else {
      stack.pop();
      if (!done.has(x)) order.push(x);
      done.add(x);
    }
  }
  return order;
}

/** Splits the index of an access into steps along axes and computed positions. */
export function places(
  arg: number,
  index: readonly Expr[],
  layout: Layout,
  facts: Facts,
): {
  readonly steps: Map<number, Place>;
  readonly jumps: readonly Jump[];
  readonly offset: number;
} {
  const steps = new Map<number, Place>(), jumps: Jump[] = [];
  const { lengthOf } = facts;
  let offset = 0;
  index.forEach((e, dim) => {
    const length = layout.shape[dim]!;
    const stride = layout.strides[dim] ?? { arg, stride: dim };
    const form = affine(e, facts);
    const jump = (wraps: boolean) =>
      jumps.push({
        dim,
        index: e,
        stride,
        length: length ?? { arg, from: dim, to: dim + 1 },
        wraps,
      });
    if (!form) return jump(fromData(e));
    const terms = [...form.terms].filter(([a]) => lengthOf(a) !== 1);
    if (length === 1 || (terms.length === 0 && form.constant === 0)) return;
    const plain = terms.length === 1 && terms[0]![1] === 1 &&
      !steps.has(terms[0]![0]);
    const known = typeof stride === "number" &&
      terms.every(([a]) => typeof (steps.get(a)?.stride ?? 0) === "number");
    const start = form.constant < 0 && terms.length === 0 && !facts.knownOf
      ? (length === null ? null : form.constant + length)
      : form.constant;
    if (
      start === null || (start !== 0 && typeof stride !== "number") ||
      (!known && !plain && terms.length > 0)
    ) return jump(start === null);
    offset += start === 0 ? 0 : start * (stride as number);
    for (const [a, times] of terms) {
      const before = steps.get(a);
      // Only an axis by itself walks the whole of the operand's; a sum may walk a part.
      if (plain && e.kind === "axis") {
        steps.set(a, { stride, from: dim, to: dim + 1 });
      } else if (plain) steps.set(a, { stride, from: -1, to: -1 });
      else {
        steps.set(a, {
          stride: times * (stride as number) +
            (before ? before.stride as number : 0),
          from: -1,
          to: -1,
        });
      }
    }
  });
  for (const [a, { stride }] of steps) if (stride === 0) steps.delete(a);
  return { steps, jumps, offset };
}

/** The positions of an access that are not known to lie inside of the operand. */
function guardsOf(
  arg: number,
  index: readonly Expr[],
  { shape }: Layout,
  facts: Facts,
): Guard[] {
  return index.flatMap((e, dim): Guard[] => {
    if (e.kind === "axis") return [];
    const length = shape[dim]!, range = rangeOf(affine(e, facts), facts);
    return range && length !== null && range[0] >= 0 && range[1] < length
      ? []
      : [{ dim, index: e, length: length ?? { arg, from: dim, to: dim + 1 } }];
  });
}

/** See Walk. */
function formsOf(
  index: readonly Expr[],
  { shape, strides }: Layout,
  facts: Facts,
  guarded: boolean,
): Form[] | null {
  const forms = index.flatMap((e, dim): Form[] => {
    const form = affine(e, facts), length = shape[dim]!, stride = strides[dim]!;
    if (!form || length === null || stride === null) return [];
    const terms = [...form.terms].filter(([a]) => facts.lengthOf(a) !== 1);
    return [{ ...form, terms: new Map(terms), length, stride }];
  });
  const wide = forms.some(({ terms }) =>
    [...terms.values()].some((times) => times !== 1)
  );
  return forms.length === index.length && (guarded || wide) ? forms : null;
}

/** The smallest and the largest value of a form, or null. */
function rangeOf(
  form: Affine | null,
  { lengthOf }: Facts,
): readonly [number, number] | null {
  if (!form) return null;
  let low = form.constant, high = form.constant;
  for (const [a, times] of form.terms) {
    const n = lengthOf(a);
    if (n === null) return null;
    const last = times * Math.max(0, n - 1);
    if (last < 0) low += last;
    else high += last;
  }
  return [low, high];
}

function fromData(e: Expr): boolean {
  let found = false;
  visit(e, (x) => found ||= x.kind === "load" || x.kind === "stage");
  return found;
}

/** What is known while lowering: lengths of axes, and the values of 0-d integer inputs where these count. */
export interface Facts {
  readonly lengthOf: (axis: number) => number | null;
  readonly knownOf?: (input: number) => number | null;
}

interface Affine {
  readonly terms: ReadonlyMap<number, number>;
  readonly constant: number;
}

/** e as constant + sum of factor * axis, or null. */
export function affine(e: Expr, facts: Facts): Affine | null {
  const forms = new Map<Expr, Affine | null>();
  for (const x of postorder(e)) {
    forms.set(
      x,
      affineStep(x, (y) => forms.get(y)!, facts),
    );
  }
  return forms.get(e)!;
}

const ZERO: Affine = { terms: new Map(), constant: 0 };

function affineStep(
  e: Expr,
  form: (e: Expr) => Affine | null,
  { lengthOf, knownOf }: Facts,
): Affine | null {
  if (e.kind === "axis") return { terms: new Map([[e.axis, 1]]), constant: 0 };
  if (e.kind === "constant") return { ...ZERO, constant: Number(e.value) };
  if (e.kind === "length") {
    return lengthOf(e.axis) === null
      ? null
      : { ...ZERO, constant: lengthOf(e.axis)! };
  }
  if (e.kind === "load" && e.index.length === 0) {
    const value = knownOf?.(e.input) ?? null;
    return value === null ? null : { ...ZERO, constant: value };
  }
  if (e.kind !== "call" || e.args.length !== 2) return null;
  const x = form(e.args[0]!), y = form(e.args[1]!);
  if (!x || !y) return null;
  if (e.name === "add") return combine(x, y, 1);
  if (e.name === "sub") return combine(x, y, -1);
  if (e.name !== "mul") return null;
  if (y.terms.size === 0) return combine(ZERO, x, y.constant);
  return x.terms.size === 0 ? combine(ZERO, y, x.constant) : null;
}

/** x + times * y. */
function combine(x: Affine, y: Affine, times: number): Affine {
  const terms = new Map(x.terms);
  for (const [a, n] of y.terms) terms.set(a, (terms.get(a) ?? 0) + times * n);
  for (const [a, n] of terms) if (n === 0) terms.delete(a);
  return { terms, constant: x.constant + times * y.constant };
}
