/** The graph of a recorded case, made with the public API. */
import * as damo from "damo";
import { asDtype, decode } from "./arrays.ts";
import {
  type Case,
  type RecordedNode,
  type RecordedVariable,
  Skip,
  Unreadable,
} from "./case.ts";
import { DERIVATIVES } from "./derivatives.ts";
import { choose, loop, nested } from "./loops.ts";
import { MISSING } from "./missing.ts";
import { VOCABULARY, type Vocabulary } from "./vocabulary.ts";

/** Variables by their recorded ids; null for an absent operand. */
export type Environment = Map<string, damo.Variable | null>;

/** What differs by design: a kind of node, and the reason. */
export interface Difference {
  readonly kind: string;
  readonly reason: string;
}

/** A graph that is being built. */
export interface Graph {
  readonly variables: Environment;
  /** What was recorded of the dtypes of variables. */
  readonly recorded: Map<string, string>;
  /** Nodes whose results have other dtypes than recorded, though their operands have the recorded ones. */
  readonly differences: Difference[];
  /** Something is computed in float32 that was recorded in float64. */
  coarse: boolean;
}

/** What every case starts from: its inputs, constants and shared variables. */
export function start(recorded: Case): Graph {
  const graph: Graph = {
    variables: new Map(),
    recorded: new Map(),
    differences: [],
    coarse: false,
  };
  const define = (v: RecordedVariable, made: damo.Variable | null) => {
    graph.variables.set(v.id, made);
    graph.recorded.set(v.id, v.dtype);
  };
  // An intermediate input stands for what a node computes, if the record has that node.
  const computed = new Set(recorded.nodes.flatMap((node) => node.outputs));
  for (const v of recorded.inputs) {
    if (!computed.has(v.id)) define(v, input(v));
  }
  for (const v of recorded.free ?? []) define(v, input(v));
  for (const v of recorded.constants) {
    define(v, v.none ? null : damo.constant(decode(v.value)));
  }
  for (const v of recorded.shared) {
    define(
      v,
      damo.shared(decode(v.value), {
        ...(v.name && { name: v.name }),
        shape: lengthsOf(v),
      }),
    );
  }
  return graph;
}

function input(v: RecordedVariable): damo.Variable {
  if (v.sparse) throw new Skip("damo has no sparse matrices yet");
  return damo.tensor(asDtype(v.dtype), lengthsOf(v), v.name);
}

function lengthsOf({ broadcastable }: RecordedVariable): (1 | null)[] {
  return broadcastable.map((one) => one ? 1 : null);
}

/** The variable of an id. */
export function variable({ variables }: Graph, id: string): damo.Variable {
  const v = variables.get(id);
  if (!v) throw new Unreadable(`Cannot build a case: nothing computes ${id}`);
  return v;
}

/** Skip: an operation of the case is in no vocabulary. */
export function checkVocabulary(nodes: readonly RecordedNode[]): void {
  for (const { op, attrs } of nodes) {
    const reason = MISSING.get(op);
    if (reason) throw new Skip(reason);
    const inner = attrs?.inner as { nodes?: RecordedNode[] } | undefined;
    if (inner?.nodes) checkVocabulary(inner.nodes);
  }
}

/** Every operation but those with graphs inside, which need the graph around them. */
const WORDS: Vocabulary = { ...VOCABULARY, ...DERIVATIVES, ifelse: choose };

/** True for an operation that is mapped, or that is known to be missing. */
export function isReadable(op: string): boolean {
  return op === "scan" || op === "op_from_graph" || op in WORDS ||
    MISSING.has(op);
}

/** Applies nodes in their order. */
export function applyAll(graph: Graph, nodes: readonly RecordedNode[]): void {
  for (const node of nodes) applyOne(graph, node);
}

/** Applies one node; a gradient that stays absent leaves null. */
export function applyOne(
  graph: Graph,
  node: Pick<RecordedNode, "op" | "attrs" | "inputs"> & Partial<RecordedNode>,
): void {
  const { op } = node;
  // A reduction that was built without a dtype has it in its type only.
  const attrs = { dtype: node.outTypes?.[0]?.split(":")[0]!, ...node.attrs };
  if (op === "scan") return loop(graph, node as RecordedNode);
  if (op === "op_from_graph") return nested(graph, node as RecordedNode);
  const build = WORDS[op];
  if (!build) {
    throw new Unreadable(`Cannot build a case: there is no word for ${op}`);
  }
  const operands = node.inputs.map((id) => graph.variables.get(id) ?? null);
  const made = build(operands as damo.Variable[], attrs);
  const results = made instanceof damo.Variable ? [made] : made;
  node.outputs?.forEach((id, i) => {
    if (id === null) return;
    const result = heldBy(node as RecordedNode, i, results[i]!);
    graph.variables.set(id, result);
    note(graph, node as RecordedNode, i, result);
  });
}

/** A result as its memory holds it: over an input, it was written in that input's dtype. */
function heldBy(
  { attrs, outTypes }: RecordedNode,
  i: number,
  result: damo.Variable,
): damo.Variable {
  const over = attrs?.inplace as [output: number, input: number][] | undefined;
  if (!over?.some(([output]) => output === i)) return result;
  const dtype = asDtype(outTypes[i]!.split(":")[0]!);
  return dtype.startsWith("float") ? result : damo.cast(result, dtype);
}

/** Keeps what is recorded of a result's dtype, and whether it differs. */
export function note(
  graph: Graph,
  node: RecordedNode,
  i: number,
  made: damo.Variable,
): void {
  const want = node.outTypes[i]!.split(":")[0]!;
  graph.recorded.set(node.outputs[i]!, want);
  if (made.dtype === want) return;
  graph.coarse ||= made.dtype === "float32" && want === "float64";
  const operands = node.inputs.map((id) => graph.variables.get(id)?.dtype);
  const inherited = node.inputs.some((id, k) =>
    operands[k] !== undefined && operands[k] !== graph.recorded.get(id)
  );
  if (inherited || node.op === "scan") return;
  graph.differences.push({
    kind: `${node.op}(${
      operands.filter((d) => d).join(", ")
    }) is ${made.dtype}, was ${want}`,
    reason: reasonOf(node.op, operands as damo.Dtype[], want),
  });
}

/** The rule of Damo behind another dtype. */
function reasonOf(
  op: string,
  operands: readonly damo.Dtype[],
  want: string,
): string {
  if (["ceil", "floor", "round_half_to_even", "trunc"].includes(op)) {
    return "integers are whole already";
  }
  if (["grad", "Lop", "Rop"].includes(op)) {
    return "a derivative has the dtype of its variable";
  }
  if (!want.startsWith("float")) return "unexplained";
  return operands.some((d) => d?.startsWith("float"))
    ? "an integer does not widen a float"
    : "floats made of integers are floatX";
}
