/** Planning: the order of an application's loops, which one is vectorised, and how each operand is walked. Loops and layouts give a Nest. */
import { type Expr, lengthOfAxis, type Loops } from "../../graph/loops.ts";
import { accessesOf, type Walk } from "./access.ts";
import {
  collapse,
  columnAxis,
  orderAxes,
  type PlanAxis,
  type Walked,
} from "./axes.ts";
import type { Extent, Layout } from "./implementation.ts";
import {
  type Access,
  type Amount,
  FEW,
  LITERAL,
  type Nest,
  type NestAxis,
  type NestOperand,
  type NestStage,
  type Reduce,
} from "./nest.ts";
import { isOfFew } from "./few.ts";
import { simplify } from "./simplify.ts";
import { splitDivided } from "./split.ts";

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

/** Orders, collapses and classifies the loops of one application. */
export function planNest(loops: Loops, site: Site): Nest {
  const split = splitDivided(loops, { lengthOf: lengthsOf(loops, site) }),
    nest = split && planLoops(split.loops, site, split.rests);
  return nest && isOfFew(nest) ? nest : planLoops(loops, site, []);
}

/** The lengths of axes that are known. */
function lengthsOf({ axes }: Loops, { layouts, inputs }: Site) {
  const given = layouts.slice(0, inputs), made = layouts.slice(inputs);
  return (a: number) => lengthOfAxis<number | null>(axes[a]!, given, made);
}

function planLoops(
  given: Loops,
  site: Site,
  rests: readonly number[],
): Nest {
  const lengthOf = lengthsOf(given, site);
  const loops = simplify(given, (a) => lengthOf(a) === 1);
  const kept = loops.stages.filter((s) =>
    !(s.kind === "store" && s.copies !== undefined &&
      s.copies === site.inplace && s.output === 0)
  );
  const one = kept.length === 1 && kept[0]!.kind === "store"
    ? kept[0]!.axes
    : [];
  let outer = [...loops.outer, ...one];
  const axes: PlanAxis[] = loops.axes.map((a, i) => {
    const length = lengthOf(i);
    if (a.of === "params" || length !== null) {
      return { length, recipe: length!, pinned: false };
    }
    const arg = a.of === "input" ? a.operand : site.inputs + a.operand;
    return {
      length,
      recipe: { arg, from: a.axis, to: a.axis + 1 },
      pinned: false,
    };
  });
  const own = kept.map((s) => s.axes.filter((a) => !one.includes(a)));
  const walks = accessesOf(kept, loops, site);
  for (const a of walks.pinned) axes[a] = { ...axes[a]!, pinned: true };

  const alive = (a: number) => axes[a]!.length !== 1;
  outer = outer.filter(alive);
  for (const list of own) list.splice(0, list.length, ...list.filter(alive));
  collapse(axes, [outer, ...own], walks.all);

  const stages = kept.map((s, i) => ({
    stage: s,
    walks: walks.of[i]!,
    own: own[i]!,
  }));
  const tile = columnAxis(stages, outer, axes);
  outer = orderAxes(outer, stages.flatMap((s) => s.walks), axes, tile);
  const ordered = stages.map((s) => orderAxes(s.own, s.walks, axes, -1));
  return named({
    site,
    axes,
    outer,
    written: rests,
    tile: tile >= 0,
    stages,
    ordered,
    walks,
  });
}

interface Planned {
  readonly site: Site;
  readonly axes: readonly PlanAxis[];
  readonly outer: readonly number[];
  readonly written: readonly number[];
  readonly tile: boolean;
  readonly stages: readonly Walked[];
  readonly ordered: readonly (readonly number[])[];
  readonly walks: ReturnType<typeof accessesOf>;
}

/** Names the loops, and turns every length and stride into a literal or an extent. */
function named(
  { site, axes, outer, written, tile, stages, ordered, walks }: Planned,
): Nest {
  const position = new Map<number, number>();
  for (const a of [...outer, ...written, ...ordered.flat()]) {
    if (!position.has(a)) position.set(a, position.size);
  }
  const first = outer[0], last = position.get(outer.at(-1)!);
  const splits = first !== undefined &&
    stages.every((s) =>
      s.stage.kind === "reduce" ||
      s.walks.some((w) =>
        w.store && w.steps.has(first) && !w.computed.has(first)
      )
    );
  const extents = new Map<string, Extent>();
  const extent = (wanted: string, value: Extent): Amount => {
    let name = wanted;
    for (let i = 2;; i++) {
      const taken = extents.get(name);
      if (taken === undefined || sameExtent(taken, value)) break;
      name = `${wanted}_${i}`;
    }
    extents.set(name, value);
    return { extent: name };
  };
  const amountOf = (
    name: string,
    value: Extent,
    literal: (n: number) => boolean,
  ): Amount =>
    typeof value === "number" && literal(value) ? value : extent(name, value);
  const short = (n: number) => n > 0 && n <= LITERAL,
    unit = (n: number) => Math.abs(n) <= 1,
    close = (n: number) => Math.abs(n) <= FEW;

  const nestAxes: NestAxis[] = [];
  for (const [a, at] of position) {
    const name = axisName(at);
    nestAxes[at] = {
      name,
      length: splits && a === first
        ? extent(`n_${name}`, axes[a]!.recipe)
        : amountOf(`n_${name}`, axes[a]!.recipe, short),
    };
  }
  const operands = operandsOf(site);
  const nameOf = (walk: Walk) => operands[operands[walk.operand]!.memory]!.name;
  const access = (walk: Walk): Access => ({
    operand: walk.operand,
    steps: [...walk.steps].map(([a, { stride }]) => ({
      axis: position.get(a)!,
      stride,
    }))
      .sort((s, t) => s.axis - t.axis)
      .map(({ axis, stride }) => ({
        axis,
        stride: amountOf(
          `${nameOf(walk)}_${axisName(axis)}`,
          stride,
          axis === last ? close : unit,
        ),
      })),
    offset: walk.offset === 0
      ? 0
      : extent(`${nameOf(walk)}_start`, walk.offset),
    jumps: walk.jumps.map(({ dim, index, stride, length, wraps }) => ({
      index,
      stride: amountOf(`${nameOf(walk)}_d${dim}`, stride, unit),
      wrap: wraps ? amountOf(`${nameOf(walk)}_n${dim}`, length, short) : null,
    })),
    guards: walk.guards.map(({ dim, index, length }) => ({
      index,
      length: amountOf(`${nameOf(walk)}_n${dim}`, length, short),
    })),
    outside: walk.outside,
    forms: walk.forms?.map((form) => ({
      ...form,
      terms: new Map(
        [...form.terms].map(([a, times]) => [position.get(a)!, times]),
      ),
    })) ?? null,
  });
  const lengths = new Map<number, Amount>();
  for (const a of walks.measured) {
    lengths.set(
      a,
      position.has(a)
        ? nestAxes[position.get(a)!]!.length
        : amountOf(`length${a}`, axes[a]!.recipe, short),
    );
  }
  const loads = new Map<Expr, Access>();
  for (const [e, walk] of walks.loads) loads.set(e, access(walk));
  return {
    name: site.name,
    operands,
    inputs: site.inputs,
    axes: nestAxes,
    outer: outer.map((a) => position.get(a)!),
    written: written.map((a) => position.get(a)!),
    tile,
    stages: stages.map(({ stage, walks: used }, i): NestStage => {
      const own = ordered[i]!.map((a) => position.get(a)!);
      if (stage.kind === "reduce") {
        return {
          kind: "reduce",
          axes: own,
          combine: stage.combine,
          value: stage.value,
          dtype: stage.dtype,
        };
      }
      const store = used.find((w) => w.store)!,
        innermost = tile ? outer.at(-1) : ordered[i]!.at(-1) ?? outer.at(-1);
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
    extents: [...extents].map(([name, value]) => ({ name, value })),
    splits,
  };
}

/** The operands of a kernel: `x`, or `x0`, `x1`, … for several inputs, and `y` for outputs. */
function operandsOf(site: Site): NestOperand[] {
  return site.layouts.map((l, i): NestOperand => {
    const isInput = i < site.inputs,
      count = isInput ? site.inputs : site.layouts.length - site.inputs;
    const overwritten = i === site.inplace ||
      (site.inplace >= 0 && (site.aliases ?? []).includes(i));
    return {
      name: (isInput ? "x" : "y") +
        (count > 1 ? i - (isInput ? 0 : site.inputs) : ""),
      dtype: l.dtype,
      memory: overwritten ? site.inputs : i,
    };
  });
}

/**
 * The nest of a kernel without loops of its own, for C statements: every
 * operand's lengths and strides are integers that it may name, `x_n0` and
 * `x_s0` for axis 0 of x.
 */
export function planStatements(site: Site): Nest {
  const operands = operandsOf(site);
  const extents = operands.flatMap(({ name }, arg) => {
    const { shape, strides } = site.layouts[arg]!;
    return shape.flatMap((n, axis) => [
      {
        name: `${name}_n${axis}`,
        value: n ?? { arg, from: axis, to: axis + 1 },
      },
      {
        name: `${name}_s${axis}`,
        value: strides[axis] ?? { arg, stride: axis },
      },
    ]);
  });
  return {
    name: site.name,
    operands,
    inputs: site.inputs,
    axes: [],
    outer: [],
    written: [],
    tile: false,
    stages: [],
    loads: new Map(),
    position: new Map(),
    lengths: new Map(),
    extents,
    splits: false,
  };
}

function sameExtent(a: Extent, b: Extent): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function axisName(at: number): string {
  return "ijklmnpqrs"[at] ?? `i${at}`;
}

/** The nest of a check that every element of an integer input is an index of an axis of length `length`. */
export function planCheck(
  name: string,
  layout: Layout,
  length: Extent,
  axis: number,
): Nest {
  const index = layout.shape.map((_, a): Expr => ({ kind: "axis", axis: a }));
  const value: Expr = { kind: "load", input: 0, index, dtype: layout.dtype };
  const nest = planNest({
    axes: layout.shape.map((_, a) => ({ of: "input", operand: 0, axis: a })),
    outer: [],
    stages: [{
      kind: "reduce",
      axes: layout.shape.map((_, a) => a),
      combine: "and",
      value,
      dtype: "bool",
    }],
  }, { name, layouts: [layout], inputs: 1, inplace: -1 });
  const { axes, value: element } = nest.stages[0] as Reduce;
  const bound = typeof length === "number" && length > 0 && length <= LITERAL;
  return {
    ...nest,
    stages: [{
      kind: "check",
      axes,
      value: element,
      length: bound ? length as number : { extent: "length" },
      axis,
    }],
    extents: bound
      ? nest.extents
      : [...nest.extents, { name: "length", value: length }],
  };
}
