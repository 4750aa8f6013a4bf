/** Axes that indices divide by a few, as two: the quotient, and the rest. */
import type { Expr, LoopAxis, Loops } from "../../graph/loops.ts";
import { add, mul } from "../../ops/elementwise/elemwise.ts";
import { call } from "../../ops/elementwise/scalar.ts";
import { affine, type Facts, postorder } from "./access.ts";
import { FEW } from "./nest.ts";

/** Loops with axes in two. */
export interface Split {
  readonly loops: Loops;
  /** Outer axes that are what is left of a division: each has a few positions. */
  readonly rests: readonly number[];
}

/** (axis + shift) / by. */
interface Division {
  readonly axis: number;
  readonly by: number;
  readonly shift: number;
}

/**
 * The same loops with an outer axis a that indices divide by a small s, as in
 * (a + c) / s, in two: a = s q + r with r < s. What was divided is q + c / s
 * then, a step of 1 for each q, and each s elements of what is not divided
 * stand together. Where s does not divide the length of the axis and every c,
 * the axis stays; null where all do.
 */
export function splitDivided(loops: Loops, facts: Facts): Split | null {
  const divisions = new Map<Expr, Division>();
  for (const e of loops.stages.flatMap((s) => postorder(s.value, true))) {
    const division = divisionOf(e, facts);
    if (division) divisions.set(e, division);
  }
  const axes: LoopAxis[] = [...loops.axes], known = new Map<Expr, Expr>();
  const wholes = new Map<number, Expr>(), rests: number[] = [];
  const newAxis = (length: number): Expr & { kind: "axis" } => ({
    kind: "axis",
    axis: axes.push({ of: "params", length }) - 1,
  });
  const outer = loops.outer.flatMap((a) => {
    const own = [...divisions].filter(([, d]) => d.axis === a),
      by = own[0]?.[1].by ?? 1,
      length = facts.lengthOf(a);
    const fits = by > 1 && length !== null && length % by === 0 &&
      own.every(([, d]) => d.by === by && d.shift % by === 0);
    if (!fits) return [a];
    const quotient = newAxis(length / by), rest = newAxis(by);
    for (const [e, { shift }] of own) {
      known.set(e, shift === 0 ? quotient : call(add, quotient, shift / by));
    }
    wholes.set(a, call(add, call(mul, quotient, by), rest));
    rests.push(rest.axis);
    return [quotient.axis];
  });
  if (rests.length === 0) return null;
  const rewrite = (root: Expr): Expr => {
    for (const e of postorder(root, true)) {
      if (known.has(e)) continue;
      const below = (list: readonly Expr[]) => list.map((x) => known.get(x)!);
      known.set(
        e,
        e.kind === "axis"
          ? wholes.get(e.axis) ?? e
          : e.kind === "call"
          ? { ...e, args: below(e.args) }
          : e.kind === "load"
          ? { ...e, index: below(e.index) }
          : e,
      );
    }
    return known.get(root)!;
  };
  const stages = loops.stages.map((s) =>
    s.kind === "store"
      ? { ...s, value: rewrite(s.value), index: s.index.map(rewrite) }
      : { ...s, value: rewrite(s.value) }
  );
  return { loops: { ...loops, axes, outer, stages }, rests };
}

/** What e divides, if it is a part of an axis by a few. */
function divisionOf(e: Expr, facts: Facts): Division | null {
  if (e.kind !== "call" || e.name !== "intDiv") return null;
  const [x, y] = e.args.map((x) => affine(x, facts));
  if (!x || !y || y.terms.size > 0 || x.terms.size !== 1) return null;
  const [[axis, times]] = x.terms as unknown as [[number, number]];
  return times === 1 && y.constant > 1 && y.constant <= FEW
    ? { axis, by: y.constant, shift: x.constant }
    : null;
}
