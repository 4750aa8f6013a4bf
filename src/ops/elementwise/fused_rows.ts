/**
 * Two applications over the same rows as one: the first reduces rows and stores
 * elements of them, which nothing but the second reads, element by element. So
 * what the second stores is computed from what would have been stored there.
 */
import type { Expr, LoopAxis, Loops, Stage } from "../../graph/loops.ts";
import type { Apply, Variable } from "../../graph/variable.ts";
import { toposort } from "../../graph/walk.ts";

/** The pair that a graph is made of, and what is between them. */
interface Pair {
  readonly first: Apply;
  readonly second: Apply;
  readonly between: Variable;
}

type Store = Stage & { readonly kind: "store" };

/** The loops of a graph of two such applications, of which all results but that between them are outputs; null for any other graph. */
export function loopsOverRows(
  { inputs, outputs }: {
    readonly inputs: readonly Variable[];
    readonly outputs: readonly Variable[];
  },
): Loops | null {
  const pair = pairOf(inputs, outputs),
    a = pair && loopsOf(pair.first),
    b = pair && loopsOf(pair.second);
  if (!pair || !a || !b) return null;
  const { first, second, between } = pair,
    stored = onlyStore(a, between.index),
    [last, ...more] = b.stages;
  if (
    !stored || last?.kind !== "store" || more.length > 0 || last.accumulate ||
    last.copies !== undefined || b.checks?.length ||
    !a.stages.some((s) => s.kind === "reduce")
  ) return null;
  const axes = sharedAxes(stored, last, {
    input: second.inputs.indexOf(between),
    count: b.axes.length,
  });
  if (!axes || !isWhole(stored.value, between)) return null;

  const input = (node: Apply) => (k: number) => inputs.indexOf(node.inputs[k]!),
    output = (v: Variable) => outputs.indexOf(v);
  const its = renaming((e) =>
    e.kind === "load" ? { ...e, input: input(first)(e.input) } : e
  );
  const mine = renaming((e) => {
    if (e.kind === "axis" || e.kind === "length") {
      return { ...e, axis: axes.get(e.axis)! };
    }
    if (e.kind !== "load") return e;
    return second.inputs[e.input] === between ? its(stored.value) : {
      ...e,
      input: input(second)(e.input),
      index: e.index.map(mine),
    };
  });
  const replaced: Store = {
    ...stored,
    output: output(second.outputs[0]!),
    index: last.index.map(mine),
    value: mine(last.value),
  };
  const axisOf = (axis: LoopAxis, at: number): LoopAxis => {
    if (axis.of === "params") return axis;
    if (axis.of === "input") {
      return { ...axis, operand: input(first)(axis.operand) };
    }
    const v = first.outputs[axis.operand]!;
    return v !== between ? { ...axis, operand: output(v) } : {
      of: "output",
      operand: replaced.output,
      axis: replaced.index.findIndex((e) => e.kind === "axis" && e.axis === at),
    };
  };
  return {
    axes: a.axes.map(axisOf),
    outer: a.outer,
    stages: a.stages.map((s): Stage =>
      s === stored
        ? replaced
        : s.kind === "reduce"
        ? { ...s, value: its(s.value) }
        : {
          ...s,
          output: output(first.outputs[s.output]!),
          index: s.index.map(its),
          value: its(s.value),
        }
    ),
    ...(a.checks && {
      checks: a.checks.map((c) => ({
        ...c,
        input: input(first)(c.input),
        operand: c.of === "input"
          ? input(first)(c.operand)
          : output(first.outputs[c.operand]!),
      })),
    }),
  };
}

function pairOf(
  inputs: readonly Variable[],
  outputs: readonly Variable[],
): Pair | null {
  const known = new Set(inputs),
    [first, second, ...more] = toposort(outputs, (v) => known.has(v));
  if (!first || !second || more.length > 0) return null;
  const [between, ...others] = new Set(
    second.inputs.filter((v) => v.owner === first),
  );
  return between && others.length === 0 && second.outputs.length === 1 &&
      between.type.kind === "dense" && !outputs.includes(between)
    ? { first, second, between }
    : null;
}

function loopsOf({ op, inputs, outputs, params }: Apply): Loops | null {
  return op.loops?.({
    inputs: inputs.map((v) => v.type),
    outputs: outputs.map((v) => v.type),
    params,
  }) ?? null;
}

/** The one store of an output that runs along axes of its own; null if there is no such. */
function onlyStore({ stages }: Loops, output: number): Store | null {
  const [store, ...more] = stages.filter((s): s is Store =>
    s.kind === "store" && s.output === output
  );
  return store && more.length === 0 && store.axes.length > 0 &&
      !store.accumulate && store.copies === undefined
    ? store
    : null;
}

/** By axis of the second: which axis of the first it is. null where the second does not read each element at its own place. */
function sharedAxes(
  stored: Store,
  last: Store,
  { input, count }: { readonly input: number; readonly count: number },
): ReadonlyMap<number, number> | null {
  const axes = new Map<number, number>(), todo = [last.value];
  for (let e = todo.pop(); e; e = todo.pop()) {
    if (e.kind === "call") todo.push(...e.args);
    if (e.kind !== "load" || e.input !== input) continue;
    const fits = e.outside === undefined && e.index.every((x, d) => {
      const to = stored.index[d]!;
      if (x.kind !== "axis" || to.kind !== "axis") return false;
      const known = axes.get(x.axis) ?? to.axis;
      axes.set(x.axis, known);
      return known === to.axis;
    });
    if (!fits) return null;
  }
  const alone = new Set(axes.values()).size === axes.size,
    placed = last.index.every((x) => x.kind === "axis");
  return alone && placed && axes.size === count &&
      axes.size === stored.index.length && axes.size === last.index.length
    ? axes
    : null;
}

/** Whether a value is as exact before it is stored as behind. */
function isWhole(e: Expr, { dtype }: Variable): boolean {
  return e.kind !== "axis" && e.kind !== "length" && e.dtype === dtype &&
    dtype !== "float16";
}

/** Renames what an expression is made of; equal parts stay one. */
function renaming(rename: (e: Expr) => Expr): (e: Expr) => Expr {
  const made = new Map<Expr, Expr>();
  const of = (e: Expr): Expr => {
    const known = made.get(e);
    if (known) return known;
    const result = e.kind === "call"
      ? { ...e, args: e.args.map(of) }
      : rename(e);
    made.set(e, result);
    return result;
  };
  return of;
}
