/** What a graph means: a recursive, lazy evaluator that counts how often each application runs. */
import type { FunctionGraph } from "../../src/graph/function_graph.ts";
import { results } from "../../src/graph/function_graph.ts";
import { NDArray } from "../../src/graph/ndarray.ts";
import { lagOf, type ScanParams, spanOf } from "../../src/graph/scan_params.ts";
import {
  type Apply,
  Constant,
  SharedVariable,
  type Variable,
} from "../../src/graph/variable.ts";
import { countSteps } from "../../src/nested/scan_op.ts";
import { stackArrays } from "../../src/ops/shape/join.ts";
import {
  shapeGraph,
  type SymbolicLength,
} from "../../src/ops/shape/length_graph.ts";

/** What a call gives. */
export interface Expected {
  readonly outputs: readonly NDArray[];
  /** In the order of updates. */
  readonly updates: readonly NDArray[];
  readonly counts: ReadonlyMap<Apply, number>;
}

/** A body as a piece of text: values that do not change within it belong to the text around it. */
interface Text {
  readonly depth: number;
  readonly parent: Text | null;
  readonly rows: ReadonlySet<Variable>;
  readonly outer: ReadonlyMap<Variable, Variable>;
  readonly inner: Map<Apply, Text>;
  readonly varies: Map<Variable, number>;
}

/** One step of a body. */
interface Frame {
  readonly text: Text;
  readonly parent: Frame | null;
  readonly memo: Map<Text, Map<Variable, NDArray>>;
}

/** What a loop computes: every output, as programs do that were not rewritten, or those that something needs. */
export type Extent = "all outputs" | "needed outputs";

/** Values, updates and counts of one call. What an op throws passes through. */
export function expectedOf(
  graph: FunctionGraph,
  inputs: readonly NDArray[],
  shared: ReadonlyMap<SharedVariable, NDArray>,
  extent: Extent = "all outputs",
): Expected {
  const counts = new Map<Apply, number>();
  const { needed, runs, counted } = reachable(results(graph), extent);
  const text: Text = {
    depth: 0,
    parent: null,
    rows: new Set(),
    outer: new Map(),
    inner: new Map(),
    varies: new Map(),
  };
  const top: Frame = { text, parent: null, memo: new Map() };
  graph.inputs.forEach((v, i) => remember(top, text, v, inputs[i]!));

  function value(v: Variable, frame: Frame): NDArray {
    if (v instanceof Constant) return v.data;
    if (v instanceof SharedVariable) return shared.get(v)!;
    const { text } = frame, outer = text.outer.get(v);
    if (outer) return value(outer, frame.parent!);
    let home = frame;
    if (!text.rows.has(v) && v.owner) {
      while (home.text.depth > varies(v, text)) {
        home = home.parent!;
      }
    }
    const known = home.memo.get(text)?.get(v);
    if (known) return known;
    const node = v.owner!;
    const run = (): readonly NDArray[] => {
      if (node.op.name === "ifelse") {
        const { half } = node.params as { half: number },
          first = value(node.inputs[0]!, frame).item() ? 1 : 1 + half;
        return node.outputs.map((o, i) =>
          needed.has(o) ? value(node.inputs[first + i]!, frame) : EMPTY
        );
      }
      const scan = node.op.name === "scan" ? node as Apply<ScanParams> : null;
      const args = scan
        ? argsOf(scan, frame)
        : node.inputs.map((x) => value(x, frame));
      counts.set(node, (counts.get(node) ?? 0) + 1);
      return scan ? loop(scan, args, frame) : node.op.eval(args, node.params);
    };
    const made = run();
    node.outputs.forEach((o, i) => remember(home, text, o, made[i]!));
    return made[v.index]!;
  }

  /** What a loop takes from outside: of a sequence that no step reads its rows are counted, no more. */
  function argsOf(node: Apply<ScanParams>, frame: Frame): NDArray[] {
    const wanted = demands(node.params);
    return node.inputs.map((x, i) => {
      const { by, rows } = wanted[i]!;
      const all = extent === "all outputs" || by.length === 0 ||
        by.some((v) => needed.has(v as Variable) || runs.has(v));
      if (all) return value(x, frame);
      const n = rows ? counted.get(x)! : 0;
      return rowsOnly(typeof n === "number" ? n : value(n, frame).item());
    });
  }

  function loop(
    node: Apply<ScanParams>,
    args: readonly NDArray[],
    frame: Frame,
  ): readonly NDArray[] {
    const p = node.params, body = textOf(node, frame.text), rest = [...args];
    const nSteps = p.nSteps ? rest.shift()!.item() : null,
      sequences = p.sequences.map(() => rest.shift()!);
    const n = countSteps(p, nSteps, sequences.map((s) => s.shape[0]!));
    const states = p.states.map((s) => {
        const initial = rest.shift()!;
        return runs.has(s) ? rowsOf(initial, lagOf(s.taps)) : [];
      }),
      extras: NDArray[][] = p.extras.map(() => []);
    for (let t = 0; t < n; t++) {
      const step: Frame = { text: body, parent: frame, memo: new Map() };
      p.sequences.forEach((s, i) =>
        s.vars.forEach((v, k) => {
          const at = t + s.taps[k]! + spanOf(s.taps)[1], x = sequences[i]!;
          remember(
            step,
            body,
            v,
            rowAt(x, s.backwards ? x.shape[0]! - 1 - at : at),
          );
        })
      );
      p.states.forEach((s, i) =>
        runs.has(s) &&
        s.vars.forEach((v, k) =>
          remember(step, body, v, states[i]![t + lagOf(s.taps) + s.taps[k]!]!)
        )
      );
      const made = (s: object, v: Variable) =>
        runs.has(s) ? value(v, step) : EMPTY;
      const next = p.states.map((s) => made(s, s.next));
      p.extras.forEach((e, i) => extras[i]!.push(made(e, e.value)));
      next.forEach((row, i) => states[i]!.push(row));
      if (p.until && value(p.until, step).item()) break;
    }
    const rows = [
      ...p.states.map((s, i) => ({
        keep: s.keep,
        rows: states[i]!,
        lag: lagOf(s.taps),
      })),
      ...p.extras.map((e, i) => ({ keep: e.keep, rows: extras[i]!, lag: 0 })),
    ];
    return rows.map(({ keep, rows, lag }, i) => {
      const v = node.outputs[i]!, kept = rows.slice(lag);
      if (keep) {
        return kept.length ? stackArrays(kept) : new NDArray(
          v.dtype,
          [0, ...zeroRow(v)],
          stackArrays([emptyRow(v)]).data.slice(0, 0) as never,
        );
      }
      if (rows.length) return rows[rows.length - 1]!;
      if (needed.has(v)) {
        throw new RangeError(
          "Cannot take the last value of a scan of zero steps",
        );
      }
      return EMPTY;
    });
  }

  /** The depth of the innermost body that a variable depends on. */
  function varies(v: Variable, text: Text): number {
    const known = text.varies.get(v);
    if (known !== undefined) return known;
    const outer = text.outer.get(v), node = v.owner;
    let depth = text.rows.has(v)
      ? text.depth
      : outer
      ? varies(outer, text.parent!)
      : 0;
    if (node && !outer) {
      const wanted = node.op.name === "ifelse"
        ? [
          node.inputs[0]!,
          ...node.outputs.filter((o) => needed.has(o)).flatMap((
            o,
          ) => [
            node.inputs[1 + o.index]!,
            node.inputs[1 + (node.inputs.length - 1) / 2 + o.index]!,
          ]),
        ]
        : node.inputs;
      depth = Math.max(0, ...wanted.map((x) => varies(x, text)));
    }
    text.varies.set(v, depth);
    return depth;
  }

  const outputs = graph.outputs.map((v) => value(v, top)),
    updates = graph.updates.map(([, v]) => value(v, top));
  return { outputs, updates, counts };
}

const EMPTY = new NDArray("float64", [], new Float64Array(1));

/** Rows without anything in them. */
function rowsOnly(n: number | bigint): NDArray {
  return new NDArray("float64", [Number(n), 0], new Float64Array(0));
}

/** What must be needed for an input of a loop to be computed: nothing if it always is. */
interface Demand {
  readonly by: readonly object[];
  /** Its rows are counted in any case. */
  readonly rows: boolean;
}

/** For each input of a loop. */
function demands(p: ScanParams): Demand[] {
  return [
    ...(p.nSteps ? [{ by: [], rows: false }] : []),
    ...p.sequences.map((s) => ({ by: s.vars, rows: true })),
    ...p.states.map((s) => ({ by: [s], rows: false })),
    ...p.nonSequences.map((v) => ({ by: [v], rows: false })),
  ];
}

function zeroRow(v: Variable): number[] {
  return v.type.shape.slice(1).map((d) => typeof d === "number" ? d : 0);
}

function emptyRow(v: Variable): NDArray {
  const shape = zeroRow(v);
  return new NDArray(
    v.dtype,
    shape,
    new Float64Array(shape.reduce((a, b) => a * b, 1)),
  );
}

function remember(frame: Frame, text: Text, v: Variable, x: NDArray): void {
  const memo = frame.memo.get(text) ?? new Map<Variable, NDArray>();
  frame.memo.set(text, memo.set(v, x));
}

function textOf(node: Apply<ScanParams>, parent: Text): Text {
  const known = parent.inner.get(node);
  if (known) return known;
  const p = node.params, first = node.inputs.length - p.nonSequences.length;
  const made: Text = {
    depth: parent.depth + 1,
    parent,
    rows: new Set([...p.sequences, ...p.states].flatMap((s) => s.vars)),
    outer: new Map(p.nonSequences.map((v, i) => [v, node.inputs[first + i]!])),
    inner: new Map(),
    varies: new Map(),
  };
  parent.inner.set(node, made);
  return made;
}

/** What results may need. */
interface Reached {
  /** An unused output of an ifelse needs nothing. */
  readonly needed: ReadonlySet<Variable>;
  /** States and extras of loops. */
  readonly runs: ReadonlySet<object>;
  /** Sequences whose rows are counted, and how many those are. */
  readonly counted: ReadonlyMap<Variable, SymbolicLength>;
}

function reachable(roots: readonly Variable[], extent: Extent): Reached {
  const seen = new Set<Variable>(), runs = new Set<object>();
  const counted = new Map<Variable, SymbolicLength>();
  const todo = [...roots], behind = new Map<Variable, (() => void)[]>();
  /** What is to be done once something needs `v`. */
  const when = (v: Variable, act: () => void) =>
    seen.has(v) ? act() : void behind.set(v, [...behind.get(v) ?? [], act]);
  const enter = (node: Apply<ScanParams>) => {
    const p = node.params, rest = [...node.inputs];
    todo.push(...rest.splice(0, Number(p.nSteps)));
    rest.splice(0, p.sequences.length).forEach((x, i) => {
      const n = extent === "all outputs"
        ? x
        : counted.get(x) ?? shapeGraph(x, 0);
      counted.set(x, n);
      if (typeof n !== "number") todo.push(n);
      p.sequences[i]!.vars.forEach((v) => when(v, () => todo.push(x)));
    });
    if (p.until) todo.push(p.until);
    p.states.forEach((s, i) => {
      const initial = rest.shift()!;
      const run = () => {
        runs.add(s);
        todo.push(s.next, initial);
      };
      [node.outputs[i]!, ...s.vars].forEach((v) => when(v, run));
      if (extent === "all outputs") run();
    });
    p.extras.forEach((e, i) => {
      const run = () => {
        runs.add(e);
        todo.push(e.value);
      };
      when(node.outputs[p.states.length + i]!, run);
      if (extent === "all outputs") run();
    });
    p.nonSequences.forEach((v, i) => when(v, () => todo.push(rest[i]!)));
    if (extent === "all outputs") todo.push(...rest);
  };
  const loops = new Set<Apply>();
  for (let v = todo.pop(); v; v = todo.pop()) {
    if (seen.has(v)) continue;
    seen.add(v);
    behind.get(v)?.forEach((act) => act());
    const node = v.owner;
    if (!node) continue;
    const half = (node.inputs.length - 1) / 2;
    if (node.op.name === "ifelse") {
      todo.push(
        node.inputs[0]!,
        node.inputs[1 + v.index]!,
        node.inputs[1 + half + v.index]!,
      );
    } else if (node.op.name !== "scan") todo.push(...node.inputs);
    else if (!loops.has(node)) {
      loops.add(node);
      enter(node as Apply<ScanParams>);
    }
  }
  return { needed: seen, runs, counted };
}

function rowAt(x: NDArray, i: number): NDArray {
  return new NDArray(
    x.dtype,
    x.shape.slice(1),
    x.data,
    x.strides.slice(1),
    x.offset + i * x.strides[0]!,
  );
}

function rowsOf(x: NDArray, n: number): NDArray[] {
  if (x.shape[0]! < n) {
    throw new RangeError(
      `Cannot run scan: an initial value has ${x.shape[0]} rows, not ${n}`,
    );
  }
  return Array.from({ length: n }, (_, i) => rowAt(x, i));
}
