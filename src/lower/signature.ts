/** What a program is made for: dtypes, lengths and layouts of a call, and which lengths it may take for granted. */
import type { Dtype } from "../graph/dtype.ts";
import { type FunctionGraph, results } from "../graph/function_graph.ts";
import { isRowMajor } from "../graph/ndarray.ts";
import type { Apply, SharedVariable, Variable } from "../graph/variable.ts";
import { sharedVariables, toposort } from "../graph/walk.ts";
import { splitInputs } from "../nested/loop.ts";
import { scanOp } from "../nested/scan_op.ts";

/** What a program knows of one array. */
export interface ArraySignature {
  readonly dtype: Dtype;
  /** A length is null where the program fits any. */
  readonly shape: readonly (number | null)[];
  /** In elements; null for row-major. */
  readonly strides: readonly number[] | null;
}

/** A data-dependent length that a program takes for granted under a guard; null: taken as it comes. */
export interface Assumption {
  readonly node: Apply;
  /** Which of the node's data-dependent lengths. */
  readonly which: number;
  readonly length: number | null;
}

/** What a program is made for. */
export interface Signature {
  /** In the order of the graph's inputs. */
  readonly inputs: readonly ArraySignature[];
  /** In the order of `sharedOf`. */
  readonly shared: readonly ArraySignature[];
  readonly assumed: readonly Assumption[];
}

/** An array of a call: what a signature is made from. */
export interface Laid {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** In elements; row-major if absent. */
  readonly strides?: readonly number[];
}

/** Programs a function keeps at most. */
export const MAX_PROGRAMS = 8;
/** Lengths an axis may take before it becomes symbolic for good. */
const MAX_LENGTHS = 3;

/** The lengths that each axis has taken; null once it is symbolic. */
type Taken = readonly number[] | null;

/** What a function has seen of its calls. Immutable: `observe` and `missed` give the next one. */
export interface History {
  /** By array (inputs, then shared variables) and axis. */
  readonly axes: readonly (readonly Taken[])[];
  readonly guards: readonly {
    readonly node: Apply;
    readonly which: number;
    readonly taken: Taken;
  }[];
}

/** The shared variables that a graph reads or updates, in creation order. */
export function sharedOf(graph: FunctionGraph): SharedVariable[] {
  const found = new Set([
    ...sharedVariables(results(graph)),
    ...graph.updates.map(([s]) => s),
  ]);
  return [...found].sort((a, b) => a.id - b.id);
}

/** Before the first call. The leading axis of what a scan of the graph, or of what it was rewritten from, runs over is symbolic from the start. */
export function noHistory(
  graph: FunctionGraph,
  written: FunctionGraph = graph,
): History {
  const sequences = new Set([
    ...timeSequences(graph),
    ...timeSequences(written), // work of all steps may stand between them and the loop now
  ]);
  return {
    axes: [...graph.inputs, ...sharedOf(graph)].map((v) =>
      v.type.shape.map((_, axis): Taken =>
        axis === 0 && sequences.has(v) ? null : []
      )
    ),
    guards: [],
  };
}

/** The inputs and shared variables that loops run over, row by row. */
function timeSequences(graph: FunctionGraph): Set<Variable> {
  const found = new Set<Variable>();
  for (const node of toposort(results(graph))) {
    if (node.op !== scanOp) continue;
    const { sequences } = splitInputs(node.inputs, node.params);
    sequences.forEach((v) => found.add(v));
  }
  return found;
}

/** The history after a call with these arrays (inputs, then shared variables), and the signature it asks for. */
export function observe(
  history: History,
  arrays: readonly Laid[],
  inputs: number,
): [History, Signature] {
  const axes = history.axes.map((taken, i) =>
    taken.map((t, axis) => take(t, arrays[i]!.shape[axis]!))
  );
  const signatures = arrays.map((a, i): ArraySignature => ({
    dtype: a.dtype,
    shape: a.shape.map((n, axis) => axes[i]![axis] === null ? null : n),
    strides: !a.strides || isRowMajor(a.shape, a.strides) ? null : a.strides,
  }));
  const assumed = history.guards.map(({ node, which, taken }): Assumption => ({
    node,
    which,
    length: taken === null ? null : taken[taken.length - 1]!,
  }));
  return [{ ...history, axes }, {
    inputs: signatures.slice(0, inputs),
    shared: signatures.slice(inputs),
    assumed,
  }];
}

/** The history after a guard found `length`: another program is made for it, or for any length after three. */
export function missed(
  history: History,
  guard: Assumption,
  length: number,
): History {
  const old = history.guards.find((g) =>
    g.node === guard.node && g.which === guard.which
  );
  const before = old ? old.taken : take([], guard.length ?? length);
  const rest = history.guards.filter((g) => g !== old);
  return {
    ...history,
    guards: [...rest, {
      node: guard.node,
      which: guard.which,
      taken: take(before, length),
    }],
  };
}

/** The history of a function that has MAX_PROGRAMS programs: every length that ever changed is symbolic from here on. */
export function settle(history: History): History {
  const settled = (t: Taken): Taken => t !== null && t.length > 1 ? null : t;
  return {
    axes: history.axes.map((taken) => taken.map(settled)),
    guards: history.guards.map((g) => ({ ...g, taken: settled(g.taken) })),
  };
}

/** Whether a program made for `signature` fits an array. */
export function fitsArray(
  signature: ArraySignature,
  { dtype, shape, strides }: Laid,
): boolean {
  if (signature.dtype !== dtype || signature.shape.length !== shape.length) {
    return false;
  }
  for (let axis = 0; axis < shape.length; axis++) {
    const n = signature.shape[axis];
    if (n !== null && n !== shape[axis]) return false;
  }
  if (!strides || isRowMajor(shape, strides)) return signature.strides === null;
  return signature.strides !== null &&
    signature.strides.every((s, axis) =>
      s === strides[axis] || shape[axis]! <= 1
    );
}

/** The latest length last; null once there would be three. */
function take(taken: Taken, length: number): Taken {
  if (taken === null) return null;
  const rest = taken.filter((n) => n !== length);
  return rest.length + 1 >= MAX_LENGTHS ? null : [...rest, length];
}
