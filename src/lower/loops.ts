/** Planning: the order of an application's loops, which one is vectorised, and how each operand is walked. Loops and layouts give a Nest. */
import { type Dtype, DTYPES } from "../graph/dtype.ts";
import type { Combine, Expr, Loops } from "../graph/loops.ts";
import type { Extent, Layout } from "./implementation.ts";
import { simplify } from "./simplify.ts";
import { accessesOf, type Place, type Walk } from "./access.ts";

/** Lengths up to this are written into the text; others are read from the extents. */
export const LITERAL = 16;

/** An integer of a kernel: written in its text, or the extent at `extent`. */
export type Amount = number | { readonly extent: number };

/** How an access moves through an operand: the sum of its terms, in elements. */
export interface Access {
  readonly operand: number;
  /** Plain axes; strides of 0 are left out. */
  readonly steps: readonly { readonly axis: number; readonly stride: Amount }[];
  /** Positions that must be computed; `wrap` is the length that a negative one counts from, or null. */
  /** Where it starts. */
  readonly offset: Amount;
  readonly jumps: readonly { readonly index: Expr; readonly stride: Amount; readonly wrap: Amount | null }[];
}

/** One operand as the kernel sees it. */
export interface NestOperand {
  readonly name: string;
  readonly dtype: Dtype;
  /** The operand whose memory this one is (in place), or its own position. */
  readonly memory: number;
}

/** One loop. */
export interface NestAxis {
  readonly name: string;
  readonly length: Amount;
}

/** A stage whose axes are loops of its own, outermost first; the last is vectorised in row form. */
export type NestStage =
  | { readonly kind: "reduce"; readonly axes: readonly number[]; readonly combine: Combine; readonly value: Expr; readonly dtype: Dtype }
  | {
    readonly kind: "store";
    readonly axes: readonly number[];
    readonly access: Access;
    readonly value: Expr;
    readonly accumulate: boolean;
    /** Iterations of the innermost loop write different elements. */
    readonly independent: boolean;
  }
  /** Refuses a value outside of [-length, length). */
  | { readonly kind: "check"; readonly axes: readonly number[]; readonly value: Expr; readonly length: Amount; readonly axis: number };

/** A planned loop nest: all that the text of a kernel depends on, and the integers that bind it. */
export interface Nest {
  readonly name: string;
  /** Inputs, then outputs. */
  readonly operands: readonly NestOperand[];
  readonly inputs: number;
  readonly axes: readonly NestAxis[];
  /** Loops around all stages, outermost first. */
  readonly outer: readonly number[];
  /** Column form: the last outer axis is cut into tiles, and every stage runs over a tile in its innermost loop. */
  readonly tile: boolean;
  readonly stages: readonly NestStage[];
  readonly loads: ReadonlyMap<Expr, Access>;
  /** Axes of the Loops as loops of the nest; those of length 1 are absent. */
  readonly position: ReadonlyMap<number, number>;
  readonly lengths: ReadonlyMap<number, Amount>;
  /** Names and values of the integers that the kernel reads. */
  readonly extents: readonly { readonly name: string; readonly value: Extent }[];
  /** The outermost loop runs over [lo, hi), a part of extents[0]. */
  readonly splits: boolean;
}

/** What to plan, and for which operands. */
export interface Site {
  readonly name: string;
  /** Inputs, then outputs. */
  readonly layouts: readonly Layout[];
  readonly inputs: number;
  /** The input that output 0 overwrites, or -1; and the inputs that are the same value as it. */
  readonly inplace: number;
  readonly aliases?: readonly number[];
}

/** An axis while planning: one of the Loops, or several collapsed into one. */
interface PlanAxis {
  readonly length: number | null;
  readonly recipe: Extent;
  /** Its position or length occurs in an expression: it may not be collapsed. */
  readonly pinned: boolean;
}

/** Orders, collapses and classifies the loops of one application. */
export function planNest(given: Loops, site: Site): Nest {
  const lengthOf = (a: number) => {
    const { of, operand, axis } = given.axes[a]!;
    return site.layouts[of === "input" ? operand : site.inputs + operand]!.shape[axis]!;
  };
  const loops = simplify(given, (a) => lengthOf(a) === 1);
  const kept = loops.stages.filter((s) => !(s.kind === "store" && s.copies !== undefined && s.copies === site.inplace && s.output === 0));
  const one = kept.length === 1 && kept[0]!.kind === "store" ? kept[0]!.axes : [];
  let outer = [...loops.outer, ...one];
  const axes: PlanAxis[] = loops.axes.map(({ of, operand, axis }) => {
    const arg = of === "input" ? operand : site.inputs + operand;
    const length = site.layouts[arg]!.shape[axis]!;
    return { length, recipe: length ?? { arg, from: axis, to: axis + 1 }, pinned: false };
  });
  const own = kept.map((s) => s.axes.filter((a) => !one.includes(a)));
  const walks = accessesOf(kept, loops, site);
  for (const a of walks.pinned) axes[a] = { ...axes[a]!, pinned: true };

  const alive = (a: number) => axes[a]!.length !== 1;
  outer = outer.filter(alive);
  for (const list of own) list.splice(0, list.length, ...list.filter(alive));
  collapse(axes, [outer, ...own], walks.all);

  const stages = kept.map((s, i) => ({ stage: s, walks: walks.of[i]!, own: own[i]! }));
  const tile = columnAxis(stages, outer, axes);
  outer = orderAxes(outer, stages.flatMap((s) => s.walks), axes, tile);
  const ordered = stages.map((s) => orderAxes(s.own, s.walks, axes, -1));
  return bind({ loops, site, axes, outer, tile: tile >= 0, stages, ordered, walks });
}

type Walked = {
  readonly stage: Loops["stages"][number];
  readonly walks: readonly Walk[];
  readonly own: readonly number[];
};

/** Merges pairs of neighbouring axes that every operand walks as one. */
function collapse(axes: PlanAxis[], groups: number[][], walks: readonly Walk[]): void {
  const together = (p: number, q: number) => groups.every((g) => g.includes(p) === g.includes(q));
  const pairs = () => groups.flatMap((g) => g.flatMap((p) => g.map((q) => [p, q] as const)));
  const find = () => pairs().find(([p, q]) => p !== q && !axes[p]!.pinned && !axes[q]!.pinned && together(p, q) && merged(axes, p, q, walks));
  for (let pair = find(); pair; pair = find()) {
    const [p, q] = pair;
    axes[q] = merged(axes, p, q, walks)!;
    for (const walk of walks) {
      const outer = walk.steps.get(p), inner = walk.steps.get(q);
      if (outer && inner) walk.steps.set(q, { ...inner, from: Math.min(outer.from, inner.from) });
      walk.steps.delete(p);
    }
    for (const g of groups) if (g.includes(p)) g.splice(g.indexOf(p), 1);
  }
}

/** The axis that p (outer) and q (inner) make together, or null if some operand jumps between them. */
function merged(axes: readonly PlanAxis[], p: number, q: number, walks: readonly Walk[]): PlanAxis | null {
  const length = axes[q]!.length;
  let recipe: Extent | null = axes[p]!.length !== null && length !== null ? axes[p]!.length! * length : null;
  for (const walk of walks) {
    const outer = walk.steps.get(p), inner = walk.steps.get(q);
    if (!outer && !inner) continue;
    if (!outer || !inner || !follows(outer, inner, length)) return null;
    if (recipe === null && inner.from >= 0 && outer.from >= 0) recipe = { arg: walk.operand, from: outer.from, to: inner.to };
  }
  return recipe === null ? null : { length: typeof recipe === "number" ? recipe : null, recipe, pinned: false };
}

/** True if a step along `outer` equals `length` steps along `inner`. An unknown stride is row-major. */
function follows(outer: Place, inner: Place, length: number | null): boolean {
  if (typeof outer.stride === "number") return typeof inner.stride === "number" && length !== null && outer.stride === inner.stride * length;
  return outer.from >= 0 && outer.to === inner.from;
}

/** How well a loop over this axis vectorises: unit strides are best, repeated elements are free, all else is gathered. */
function score(axis: number, walks: readonly Walk[], axes: readonly PlanAxis[]): number {
  let sum = 0;
  for (const walk of walks) {
    const step = walk.steps.get(axis), weight = walk.store ? 3 : 2;
    if (walk.computed.has(axis)) sum -= 2 * weight;
    else if (!step) sum += walk.store ? -1 : 1;
    else sum += step.stride === 1 ? weight : step.stride === -1 ? 1 : -weight;
  }
  const { length } = axes[axis]!;
  return length !== null && length < 4 ? sum - 3 : sum;
}

function best(list: readonly number[], walks: readonly Walk[], axes: readonly PlanAxis[]): number {
  const size = (a: number) => axes[a]!.length ?? Infinity;
  return [...list].sort((a, b) => score(b, walks, axes) - score(a, walks, axes) || size(b) - size(a) || b - a)[0] ?? -1;
}

/** The outer axis to run in the innermost loops (column form), or -1 where a reduction's own axis does better. */
function columnAxis(stages: readonly Walked[], outer: readonly number[], axes: readonly PlanAxis[]): number {
  const reduces = stages.filter((s) => s.stage.kind === "reduce" && s.own.length > 0);
  if (reduces.length === 0 || outer.length === 0) return -1;
  const rows = reduces.reduce((sum, s) => sum + score(best(s.own, s.walks, axes), s.walks, axes), 0);
  const free = outer.filter((a) => !stages.some((s) => s.walks.some((w) => w.store && w.computed.has(a))));
  if (free.length === 0) return -1;
  const axis = best(free, reduces.flatMap((s) => s.walks), axes);
  const columns = reduces.reduce((sum, s) => sum + score(axis, s.walks, axes), 0);
  return columns > rows ? axis : -1;
}

/** Outermost first: axes of computed stores, in their own order, since one element may be written twice; then by falling stride, with the axis that vectorises best (or `last`) at the end. */
function orderAxes(list: readonly number[], walks: readonly Walk[], axes: readonly PlanAxis[], last: number): number[] {
  const inner = last >= 0 ? last : best(list, walks, axes);
  const main = walks.find((w) => w.store) ?? walks[0];
  const reach = (a: number) => {
    const stride = main?.steps.get(a)?.stride ?? 0;
    return typeof stride === "number" ? Math.abs(stride) : Infinity;
  };
  const held = list.filter((a) => walks.some((w) => w.store && w.computed.has(a)));
  if (held.length > 0) return [...held, ...orderAxes(list.filter((a) => !held.includes(a)), walks, axes, last)];
  const rest = list.filter((a) => a !== inner);
  rest.sort((a, b) => {
    const [x, y] = [reach(a), reach(b)];
    return x === y ? a - b : y - x;
  });
  return inner < 0 || list.length === 0 ? rest : [...rest, inner];
}

interface Planned {
  readonly loops: Loops;
  readonly site: Site;
  readonly axes: readonly PlanAxis[];
  readonly outer: readonly number[];
  readonly tile: boolean;
  readonly stages: readonly Walked[];
  readonly ordered: readonly (readonly number[])[];
  readonly walks: ReturnType<typeof accessesOf>;
}

/** Names the loops, and turns every length and stride into a literal or an extent. */
function bind({ loops, site, axes, outer, tile, stages, ordered, walks }: Planned): Nest {
  const position = new Map<number, number>();
  for (const a of [...outer, ...ordered.flat()]) if (!position.has(a)) position.set(a, position.size);
  const first = outer[0];
  const splits = first !== undefined && stages.every((s) => s.stage.kind === "reduce" || s.walks.some((w) => w.store && w.steps.has(first) && !w.computed.has(first)));
  const extents: { name: string; value: Extent }[] = [];
  const extent = (wanted: string, value: Extent): Amount => {
    const same = (name: string) => extents.findIndex((e) => e.name === name);
    let name = wanted;
    for (let i = 2; same(name) >= 0 && !sameExtent(extents[same(name)]!.value, value); i++) name = `${wanted}_${i}`;
    return { extent: same(name) >= 0 ? same(name) : extents.push({ name, value }) - 1 };
  };
  const amountOf = (name: string, value: Extent, literal: (n: number) => boolean): Amount =>
    typeof value === "number" && literal(value) ? value : extent(name, value);
  const short = (n: number) => n > 0 && n <= LITERAL, unit = (n: number) => Math.abs(n) <= 1;

  const nestAxes: NestAxis[] = [];
  for (const [a, at] of position) {
    const name = axisName(at);
    nestAxes[at] = {
      name,
      length: splits && a === first ? extent(`n_${name}`, axes[a]!.recipe) : amountOf(`n_${name}`, axes[a]!.recipe, short),
    };
  }
  const operands = site.layouts.map((l, i): NestOperand => {
    const isInput = i < site.inputs, count = isInput ? site.inputs : site.layouts.length - site.inputs;
    const overwritten = i === site.inplace || (site.inplace >= 0 && (site.aliases ?? []).includes(i));
    return {
      name: (isInput ? "x" : "y") + (count > 1 ? i - (isInput ? 0 : site.inputs) : ""),
      dtype: l.dtype,
      memory: overwritten ? site.inputs : i,
    };
  });
  const nameOf = (walk: Walk) => operands[operands[walk.operand]!.memory]!.name;
  const access = (walk: Walk): Access => ({
    operand: walk.operand,
    steps: [...walk.steps].map(([a, { stride }]) => ({ axis: position.get(a)!, stride }))
      .sort((s, t) => s.axis - t.axis)
      .map(({ axis, stride }) => ({ axis, stride: amountOf(`${nameOf(walk)}_${axisName(axis)}`, stride, unit) })),
    offset: walk.offset === 0 ? 0 : extent(`${nameOf(walk)}_start`, walk.offset),
    jumps: walk.jumps.map(({ dim, index, stride, length, wraps }) => ({
      index,
      stride: amountOf(`${nameOf(walk)}_d${dim}`, stride, unit),
      wrap: wraps ? amountOf(`${nameOf(walk)}_n${dim}`, length, short) : null,
    })),
  });
  const lengths = new Map<number, Amount>();
  for (const a of walks.measured) lengths.set(a, position.has(a) ? nestAxes[position.get(a)!]!.length : amountOf(`length${a}`, axes[a]!.recipe, short));
  const loads = new Map<Expr, Access>();
  for (const [e, walk] of walks.loads) loads.set(e, access(walk));
  return {
    name: site.name,
    operands,
    inputs: site.inputs,
    axes: nestAxes,
    outer: outer.map((a) => position.get(a)!),
    tile,
    stages: stages.map(({ stage, walks: used }, i): NestStage => {
      const own = ordered[i]!.map((a) => position.get(a)!);
      if (stage.kind === "reduce") return { kind: "reduce", axes: own, combine: stage.combine, value: stage.value, dtype: stage.dtype };
      const store = used.find((w) => w.store)!, innermost = tile ? outer.at(-1) : ordered[i]!.at(-1) ?? outer.at(-1);
      return {
        kind: "store",
        axes: own,
        access: access(store),
        value: stage.value,
        accumulate: stage.accumulate ?? false,
        independent: innermost === undefined || store.steps.has(innermost),
      };
    }),
    loads,
    position,
    lengths,
    extents,
    splits,
  };
}

function sameExtent(a: Extent, b: Extent): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function axisName(at: number): string {
  return "ijklmnpqrs"[at] ?? `i${at}`;
}

/** The nest of a check that every element of an integer input is an index of an axis of length `length`. */
export function planCheck(name: string, layout: Layout, length: Extent, axis: number): Nest {
  const index = layout.shape.map((_, a): Expr => ({ kind: "axis", axis: a }));
  const value: Expr = { kind: "load", input: 0, index, dtype: layout.dtype };
  const nest = planNest({
    axes: layout.shape.map((_, a) => ({ of: "input", operand: 0, axis: a })),
    outer: [],
    stages: [{ kind: "reduce", axes: layout.shape.map((_, a) => a), combine: "and", value, dtype: "bool" }],
  }, { name, layouts: [layout], inputs: 1, inplace: -1 });
  const { axes, value: element } = nest.stages[0] as NestStage & { kind: "reduce" };
  const bound = typeof length === "number" && length > 0 && length <= LITERAL;
  return {
    ...nest,
    stages: [{ kind: "check", axes, value: element, length: bound ? length as number : { extent: nest.extents.length }, axis }],
    extents: bound ? nest.extents : [...nest.extents, { name: "length", value: length }],
  };
}

/** The dtype that a kernel computes in for values stored as `dtype`. */
export function computed(dtype: Dtype): Dtype {
  return dtype === "float16" ? "float32" : dtype;
}

/** The C type of a value while it is computed. */
export function typeName(dtype: Dtype): string {
  return DTYPES[computed(dtype)].c;
}
