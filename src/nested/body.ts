/** What a loop's body says of the loop: which gradients pass through it, and how long its rows are. */
import type { Length, Lengths, Shaped } from "../graph/length.ts";
import { bodyResults, type ScanParams } from "../graph/scan_params.ts";
import { shaped, type Variable } from "../graph/variable.ts";
import { toposort } from "../graph/walk.ts";

/** For each value that the body computes, the variables of the body that differentiation reaches from it. */
export function reachOf(
  results: readonly Variable[],
  variables: readonly Variable[],
): ReadonlySet<Variable>[] {
  const nothing: ReadonlySet<Variable> = new Set();
  const from = new Map<Variable, ReadonlySet<Variable>>(
    variables.map((v) => [v, new Set([v])]),
  );
  for (const node of toposort(results, (v) => from.has(v))) {
    const connects = node.op.connects?.(node.params);
    node.outputs.forEach((y, o) => {
      if (from.has(y)) return;
      const sets = node.inputs.flatMap((v, i) =>
        connects?.[i]?.[o] === false ? [] : from.get(v) ?? []
      );
      const distinct = [...new Set(sets)];
      from.set(
        y,
        distinct.length > 1
          ? new Set(distinct.flatMap((s) => [...s]))
          : distinct[0] ?? nothing,
      );
    });
  }
  return results.map((v) => from.get(v) ?? nothing);
}

const patterns = new WeakMap<ScanParams, readonly (readonly boolean[])[]>();

/** Which outputs a gradient connects with which inputs: along the body, however many steps lie between. */
export function connections(p: ScanParams): readonly (readonly boolean[])[] {
  const before = patterns.get(p);
  if (before) return before;
  const made = connect(p);
  patterns.set(p, made);
  return made;
}

function connect(p: ScanParams): readonly (readonly boolean[])[] {
  const sources = [
    ...(p.nSteps ? [[]] : []),
    ...p.sequences.map((s) => s.vars),
    ...p.states.map((s) => s.vars),
    ...p.nonSequences.map((v) => [v]),
  ];
  const results = bodyResults(p).slice(0, p.states.length + p.extras.length);
  const reach = reachOf(results, sources.flat()).map((s) => new Set(s));
  for (let grown = true; grown;) {
    grown = false;
    for (const here of reach) {
      const size = here.size;
      p.states.forEach((s, i) => {
        if (!s.vars.some((v) => here.has(v))) return;
        reach[i]!.forEach((v) => here.add(v));
      });
      grown ||= here.size > size;
    }
  }
  const first = Number(p.nSteps) + p.sequences.length;
  return sources.map((vars, input) =>
    results.map((_, o) =>
      vars.some((v) => reach[o]!.has(v)) ||
      // Zero steps hand the initial value through.
      (o < p.states.length && !p.states[o]!.keep && input === first + o)
    )
  );
}

/** What the body may know of the lengths of a variable. */
export type Known = Pick<Shaped, "shape" | "value">;

/** The lengths of what a body computes, from those of its variables, in any arithmetic; null where they depend on data. */
export function bodyLengths(
  results: readonly Variable[],
  variables: ReadonlyMap<Variable, Known>,
  lengths: Lengths,
): (readonly Length[])[] {
  const known = new Map<Variable, Known>();
  const find = (v: Variable): Shaped => ({ ...shaped(v), ...known.get(v) });
  const learn = (v: Variable, found: Known | undefined) => {
    const shape = v.type.shape.map((d, axis) =>
      typeof d === "number" ? d : found?.shape[axis] ?? null
    );
    known.set(v, { shape, value: v.value ?? found?.value ?? null });
  };
  variables.forEach((found, v) => learn(v, found));
  for (const node of toposort(results, (v) => known.has(v))) {
    const inferred = attempt(() =>
      node.op.infer(node.inputs.map(find), node.params, lengths)
    );
    node.outputs.forEach((y, o) =>
      learn(y, inferred?.[o] && { value: null, ...inferred[o] })
    );
  }
  return results.map((v) => find(v).shape);
}

/** Lengths that do not fit are for the step to refuse: a loop of zero steps never meets them. */
function attempt<T>(infer: () => T): T | null {
  try {
    return infer();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return null;
    throw error;
  }
}
