/** The order of loops: which axes are walked as one, and which is vectorised. */
import type { Loops } from "../../graph/loops.ts";
import type { Place, Walk } from "./access.ts";
import type { Extent } from "./implementation.ts";

/** An axis while planning: one of the Loops, or several collapsed into one. */
export interface PlanAxis {
  readonly length: number | null;
  readonly recipe: Extent;
  /** Its position or length occurs in an expression: it may not be collapsed. */
  readonly pinned: boolean;
}

/** A stage with its accesses and the axes of its own loops. */
export type Walked = {
  readonly stage: Loops["stages"][number];
  readonly walks: readonly Walk[];
  readonly own: readonly number[];
};

/** Merges pairs of neighbouring axes that every operand walks as one. */
export function collapse(
  axes: PlanAxis[],
  groups: number[][],
  walks: readonly Walk[],
): void {
  const together = (p: number, q: number) =>
    groups.every((g) => g.includes(p) === g.includes(q));
  const pairs = () =>
    groups.flatMap((g) => g.flatMap((p) => g.map((q) => [p, q] as const)));
  const find = () =>
    pairs().find(([p, q]) =>
      p !== q && !axes[p]!.pinned && !axes[q]!.pinned && together(p, q) &&
      merged(axes, p, q, walks)
    );
  for (let pair = find(); pair; pair = find()) {
    const [p, q] = pair;
    axes[q] = merged(axes, p, q, walks)!;
    for (const walk of walks) {
      const outer = walk.steps.get(p), inner = walk.steps.get(q);
      if (outer && inner) {
        walk.steps.set(q, {
          ...inner,
          ...(covered(outer, inner) ?? { from: -1, to: -1 }),
        });
      }
      walk.steps.delete(p);
    }
    for (const g of groups) if (g.includes(p)) g.splice(g.indexOf(p), 1);
  }
}

/** The axis that p (outer) and q (inner) make together, or null if some operand jumps between them. */
function merged(
  axes: readonly PlanAxis[],
  p: number,
  q: number,
  walks: readonly Walk[],
): PlanAxis | null {
  const length = axes[q]!.length;
  let recipe: Extent | null = axes[p]!.length !== null && length !== null
    ? axes[p]!.length! * length
    : null;
  for (const walk of walks) {
    const outer = walk.steps.get(p), inner = walk.steps.get(q);
    if (!outer && !inner) continue;
    if (!outer || !inner || !follows(outer, inner, length)) return null;
    const both = covered(outer, inner);
    if (both) recipe ??= { arg: walk.operand, ...both };
  }
  return recipe === null ? null : {
    length: typeof recipe === "number" ? recipe : null,
    recipe,
    pinned: false,
  };
}

/** The operand's axes that two steps cover together; null where these are not neighbours. */
function covered(a: Place, b: Place): Pick<Place, "from" | "to"> | null {
  if (a.from < 0 || b.from < 0) return null;
  if (a.to === b.from) return { from: a.from, to: b.to };
  return b.to === a.from ? { from: b.from, to: a.to } : null;
}

/** True if a step along `outer` equals `length` steps along `inner`. An unknown stride is row-major. */
function follows(outer: Place, inner: Place, length: number | null): boolean {
  if (typeof outer.stride === "number") {
    return typeof inner.stride === "number" && length !== null &&
      outer.stride === inner.stride * length;
  }
  return outer.from >= 0 && outer.to === inner.from;
}

/** How well a loop over this axis vectorises: unit strides are best, repeated elements are free, all else is gathered. */
function score(
  axis: number,
  walks: readonly Walk[],
  axes: readonly PlanAxis[],
): number {
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

function best(
  list: readonly number[],
  walks: readonly Walk[],
  axes: readonly PlanAxis[],
): number {
  const size = (a: number) => axes[a]!.length ?? Infinity;
  return [...list].sort((a, b) =>
    score(b, walks, axes) - score(a, walks, axes) || size(b) - size(a) || b - a
  )[0] ?? -1;
}

/** The outer axis to run in the innermost loops (column form), or -1 where a reduction's own axis does better. */
export function columnAxis(
  stages: readonly Walked[],
  outer: readonly number[],
  axes: readonly PlanAxis[],
): number {
  const reduces = stages.filter((s) =>
    s.stage.kind === "reduce" && s.own.length > 0
  );
  if (reduces.length === 0 || outer.length === 0) return -1;
  const rows = reduces.reduce(
    (sum, s) => sum + score(best(s.own, s.walks, axes), s.walks, axes),
    0,
  );
  const free = outer.filter((a) =>
    !stages.some((s) => s.walks.some((w) => w.store && w.computed.has(a)))
  );
  if (free.length === 0) return -1;
  const axis = best(free, reduces.flatMap((s) => s.walks), axes);
  const columns = reduces.reduce(
    (sum, s) => sum + score(axis, s.walks, axes),
    0,
  );
  return columns > rows ? axis : -1;
}

/** Outermost first: axes of computed stores, in their own order, since one element may be written twice; then by falling stride, with the axis that vectorises best (or `last`) at the end. */
export function orderAxes(
  list: readonly number[],
  walks: readonly Walk[],
  axes: readonly PlanAxis[],
  last: number,
): number[] {
  const inner = last >= 0 ? last : best(list, walks, axes);
  const main = walks.find((w) => w.store) ?? walks[0];
  const reach = (a: number) => {
    const stride = main?.steps.get(a)?.stride ?? 0;
    return typeof stride === "number" ? Math.abs(stride) : Infinity;
  };
  const held = list.filter((a) =>
    walks.some((w) => w.store && w.computed.has(a))
  );
  if (held.length > 0) {
    return [
      ...held,
      ...orderAxes(list.filter((a) => !held.includes(a)), walks, axes, last),
    ];
  }
  const rest = list.filter((a) => a !== inner);
  rest.sort((a, b) => {
    const [x, y] = [reach(a), reach(b)];
    return x === y ? a - b : y - x;
  });
  return inner < 0 || list.length === 0 ? rest : [...rest, inner];
}
