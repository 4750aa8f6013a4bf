/** Replays one recorded case: builds its graph, compiles it, calls it, and compares. */
import * as damo from "damo";
import { coarser, decode, difference, type Tolerance } from "./arrays.ts";
import {
  applyAll,
  applyOne,
  checkVocabulary,
  type Difference,
  type Graph,
  start,
  variable,
} from "./build.ts";
import { settled } from "./ambiguous.ts";
import { inOrder } from "./unordered.ts";
import { type Case, type RecordedCall, Skip, Unreadable } from "./case.ts";

/** How a replay ended. */
export interface Outcome {
  readonly status: "passed" | "failed" | "skipped";
  /** What failed, or why it was skipped. */
  readonly reason: string;
  /** What differs from the record by design. */
  readonly differences: readonly Difference[];
}

/** The arguments of `damo.function` that a case stands for. */
export interface Request {
  readonly graph: Graph;
  readonly inputs: readonly damo.In[];
  readonly outputs: damo.Outputs;
  readonly options: damo.FunctionOptions;
}

/** Replays a case; `mode` is that of its function. */
export function replay(recorded: Case, mode: damo.ModeOptions): Outcome {
  const graphs: Graph[] = [];
  const end = (status: Outcome["status"], reason = ""): Outcome => ({
    status,
    reason,
    differences: graphs.flatMap((g) => g.differences),
  });
  try {
    const problem = recorded.kind === "construct"
      ? checkRefusal(recorded)
      : run(recorded, mode, graphs);
    return problem === null ? end("passed") : end("failed", problem);
  } catch (error) {
    if (error instanceof Skip) return end("skipped", error.message);
    const message = (error as Error).message.split("\n")[0]!;
    return recorded.expect_error && !(error instanceof Unreadable)
      ? end("passed")
      : end("failed", message);
  }
}

/** What is wrong, or null: a case whose last operation must not be applicable. */
function checkRefusal(recorded: Case): string | null {
  const failing = recorded.failing!;
  checkVocabulary([...recorded.nodes, { ...failing, ...UNNAMED }]);
  const graph = request(recorded, {}).graph;
  if (MIXED_DTYPES.has(failing.op)) {
    throw new Skip("a rule of Theano's types, not of mathematics");
  }
  try {
    applyOne(graph, failing);
  } catch (error) {
    if (error instanceof Skip || error instanceof Unreadable) throw error;
    return null;
  }
  return `${failing.op} was not refused`;
}

const UNNAMED = { id: "", outputs: [], outTypes: [] } as const;

/** Refused by Theano for operands of different dtypes, which Damo promotes. */
const MIXED_DTYPES: ReadonlySet<string> = new Set(["gemm", "gemv", "ger"]);

/** The graph of a case, and what `damo.function` is to make of it. */
export function request(recorded: Case, mode: damo.ModeOptions): Request {
  damo.config.floatX = recorded.floatX;
  checkVocabulary(recorded.nodes);
  const graph = start(recorded);
  applyAll(graph, recorded.nodes);
  const get = (id: string) => variable(graph, id);
  for (const { id, defaultUpdate } of recorded.shared) {
    if (defaultUpdate) {
      (get(id) as damo.SharedVariable).defaultUpdate = get(defaultUpdate);
    }
  }
  const { options = {}, outputForm, outputKeys, updates, givens } = recorded;
  const outputs = recorded.outputs.map(get);
  return {
    graph,
    inputs: recorded.inputs.map((v) =>
      new damo.In(get(v.id), {
        ...(v.default && { value: decode(v.default) }),
        ...(v.allowDowncast !== undefined &&
          { allowDowncast: v.allowDowncast }),
        mutable: v.mutable ?? false,
        strict: v.strict ?? false,
      })
    ),
    outputs: outputForm === "single"
      ? outputs[0]!
      : outputForm === "dict"
      ? Object.fromEntries(outputKeys!.map((key, i) => [key, outputs[i]!]))
      : outputForm === "none"
      ? null
      : outputs,
    options: {
      mode,
      updates: (updates ?? []).map(([s, v]) =>
        [get(s) as damo.SharedVariable, get(v)] as const
      ),
      givens: (givens ?? []).map(([from, to]) => [get(from), get(to)] as const),
      onUnusedInput: options.onUnusedInput ?? "raise",
      ...(options.allowInputDowncast !== undefined &&
        { allowInputDowncast: options.allowInputDowncast }),
      noDefaultUpdates: options.noDefaultUpdates ?? false,
    },
  };
}

/** What is wrong with a compiled function, or null. */
function run(
  recorded: Case,
  mode: damo.ModeOptions,
  graphs: Graph[],
): string | null {
  const made = request(recorded, mode), { graph } = made;
  graphs.push(graph);
  const f = compileRequest(recorded, made);
  try {
    const exact: Tolerance = {
      rtol: recorded.rtol ?? 0,
      atol: recorded.atol ?? 0,
    };
    const tolerance = graph.coarse ? coarser(exact) : exact;
    for (const [i, call] of recorded.calls.entries()) {
      const problem = check(recorded, call, f, graph, tolerance);
      if (problem) return i > 0 ? `call ${i}: ${problem}` : problem;
    }
    return recorded.expect_error && recorded.stage !== "call"
      ? "was not refused"
      : null;
  } finally {
    f.free();
  }
}

/** An input may be left without use where its lengths, which are all that was asked for, are known to types; it is then ignored, and noted. */
function compileRequest(
  recorded: Case,
  { graph, inputs, outputs, options }: Request,
): damo.CompiledFunction {
  try {
    return damo.function(inputs, outputs, options);
  } catch (error) {
    if (
      !(error instanceof damo.UnusedInputError) || recorded.expect_error
    ) throw error;
    graph.differences.push({
      kind: "an input is not used",
      reason: "only lengths that types know were asked of it",
    });
    return damo.function(inputs, outputs, {
      ...options,
      onUnusedInput: "ignore",
    });
  }
}

/** One call: results, and the shared variables behind it. */
function check(
  recorded: Case,
  call: RecordedCall,
  f: damo.CompiledFunction,
  graph: Graph,
  tolerance: Tolerance,
): string | null {
  const shared = (id: string) => variable(graph, id) as damo.SharedVariable;
  for (const [id, value] of Object.entries(call.set ?? {})) {
    shared(id).setValue(decode(value));
  }
  let results: (damo.NDArray | number)[];
  try {
    results = listOf(f(...argumentsOf(call)), recorded);
  } catch (error) {
    if (call.error && !(error instanceof Skip)) return null;
    throw error;
  }
  if (call.error) return `was not refused (${call.error})`;
  for (const [i, want] of (call.out ?? []).entries()) {
    const told = [
      recorded.features.includes("ambiguous")
        ? settled(recorded, call, i, results)
        : results[i]!,
      want,
    ] as const;
    const [found, wanted] = recorded.features.includes("unordered")
      ? inOrder(recorded, call, i, told)
      : told;
    const problem = difference(found, wanted, tolerance);
    if (problem) return `output ${i}: ${problem}`;
  }
  for (const [id, want] of Object.entries(call.sharedAfter ?? {})) {
    const problem = difference(shared(id).getValue(), want, tolerance);
    if (problem) return `shared ${id} afterwards: ${problem}`;
  }
  return null;
}

/** What a test passed: numbers and lists as such. */
export function argumentsOf(call: RecordedCall): (damo.Value | undefined)[] {
  return call.in.map((value) => {
    if (value === null) return undefined;
    const array = decode(value);
    return value.py ? array.toArray() : array;
  });
}

/** The results in the order of the outputs, in whatever form they came. */
function listOf(
  results: unknown,
  { outputForm, outputKeys }: Case,
): (damo.NDArray | number)[] {
  switch (outputForm) {
    case "none":
      return [];
    case "single":
      return [results as damo.NDArray];
    case "dict":
      return outputKeys!.map((key) =>
        (results as { [key: string]: damo.NDArray })[key]!
      );
    default:
      return results as damo.NDArray[];
  }
}
