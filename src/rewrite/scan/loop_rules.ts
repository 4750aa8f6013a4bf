/** Rules about whole loops: what one is, what it may ask, and how it makes a loop from another. */
import {
  bodyResults,
  type ScanExtra,
  type ScanParams,
  spanOf,
  withBodyResults,
} from "../../graph/scan_params.ts";
import type { Apply, Variable } from "../../graph/variable.ts";
import { replace, toposort } from "../../graph/walk.ts";
import {
  applyLoop,
  type Loop,
  type LoopSequence,
  rowsOf,
  stepsOf,
} from "../../nested/loop.ts";
import { scanOp } from "../../nested/scan_op.ts";
import { at } from "../../ops/indexing/at.ts";
import {
  shapeGraph,
  SYMBOLIC,
  type SymbolicLength,
} from "../../ops/shape/length_graph.ts";
import { slice } from "../../graph/indexing.ts";
import { specifyShape } from "../../ops/shape/specify_shape.ts";
import { isEnoughFor, sameLength } from "../lengths.ts";
import type { Rule } from "../pattern.ts";

/** What a rule asks of a loop and of the graph that it stands in. */
export interface LoopPlace {
  readonly node: Apply<ScanParams>;
  readonly loop: Loop;
  /** The applications that use a variable, each once. */
  clients(v: Variable): readonly Apply[];
  /** True for a result of the graph. */
  isResult(v: Variable): boolean;
  /** All loops of the graph, inputs first. */
  readonly loops: readonly Apply<ScanParams>[];
  /** A number for the conditions under which an application runs: equal numbers, equal conditions. */
  condition(node: Apply): number;
  /** True if an application needs what a loop computes. */
  needs(node: Apply, loop: Apply<ScanParams>): boolean;
}

/** What stands for variables of the graph from now on. */
export type Replacements = ReadonlyMap<Variable, Variable>;

/** One way to improve a loop. It may replace any variable that a loop computes, or that is computed from it. */
export interface LoopRule extends Pick<Rule, "name" | "equation" | "licence"> {
  /** What is replaced, or null to decline. */
  rewrite(place: LoopPlace): Replacements | null;
}

/** A rule about loops; value-safe unless it says otherwise. */
export function loopRule(
  name: string,
  { equation, licence = "value-safe" }: {
    readonly equation: string;
    readonly licence?: Rule["licence"];
  },
  rewrite: LoopRule["rewrite"],
): LoopRule {
  return { name, equation, licence, rewrite };
}

/** True for an application of `scan`. */
export function isLoop(node: Apply): node is Apply<ScanParams> {
  return node.op === scanOp;
}

/** True if something in the graph needs an output of the loop. */
export function isWanted(place: LoopPlace, v: Variable): boolean {
  return place.isResult(v) || place.clients(v).length > 0;
}

/** A state or an extra of a loop. */
export type LoopEntry = Loop["states"][number] | Loop["extras"][number];

/** Its states, then its extras: the order of its outputs. */
export function entriesOf(loop: Loop): readonly LoopEntry[] {
  return [...loop.states, ...loop.extras];
}

/** What the body computes for an entry. */
export function valueOf(entry: LoopEntry): Variable {
  return "next" in entry ? entry.next : entry.value;
}

/**
 * Another loop instead of that of `place`: output i is what `entries[i]` of
 * the new loop becomes; null where it is not replaced.
 */
export function insteadOf(
  { node }: Pick<LoopPlace, "node">,
  loop: Loop,
  entries: readonly (LoopEntry | null)[],
): Map<Variable, Variable> {
  const { states, extras } = applyLoop(scanOp, loop);
  const made = [...states, ...extras], all = entriesOf(loop);
  return new Map(
    node.outputs.flatMap((v, i) => {
      const entry = entries[i] ?? null;
      return entry ? [[v, made[all.indexOf(entry)]!] as const] : [];
    }),
  );
}

/** The same loop instead, entry by entry, with variables of its body replaced, and other inputs. */
export function insteadWith(
  place: LoopPlace,
  by: Replacements,
  others: Partial<Pick<Loop, "nSteps" | "sequences" | "nonSequences">>,
): Replacements {
  const made: Loop = { ...withBody(place.loop, by), ...others };
  return insteadOf(place, made, entriesOf(made));
}

/** Values of each step of which a loop has all rows. */
export function keptBy(loop: Loop): readonly Variable[] {
  return [
    ...loop.sequences.flatMap((s) => s.vars),
    ...loop.states.filter((s) => s.keep).map((s) => s.next),
    ...loop.extras.filter((e) => e.keep).map((e) => e.value),
  ];
}

/** What becomes of the entries of a loop, and the rows of values that it hands out besides. */
export interface HandedOut {
  output(entry: LoopEntry): Variable;
  rows(value: Variable): Variable;
}

/** Applies a loop with an extra for each of `values` that it has none for. */
export function handingOut(
  loop: Loop,
  values: Iterable<Variable>,
): HandedOut {
  const extras = new Map<Variable, ScanExtra>();
  for (const value of values) {
    const known = loop.extras.find((e) => e.keep && e.value === value);
    extras.set(value, known ?? { keep: true, value });
  }
  const made: Loop = {
    ...loop,
    extras: [...new Set([...loop.extras, ...extras.values()])],
  };
  const applied = applyLoop(scanOp, made), all = entriesOf(made);
  const outputs = [...applied.states, ...applied.extras];
  const output = (entry: LoopEntry) => outputs[all.indexOf(entry)]!;
  return { output, rows: (value) => output(extras.get(value)!) };
}

/** By variable of the body, the values from outside that are the same in each step. */
export function outsideOf({ nonSequences }: Loop): Replacements {
  return new Map(nonSequences.map((s) => [s.inner, s.value]));
}

/** The same loop with variables of its body replaced, entry by entry in the same order. */
export function withBody(loop: Loop, by: Replacements): Loop {
  return withBodyResults(loop, replace(bodyResults(loop), by));
}

/** True if nothing in the body depends on the order in which loops run. */
export function isUnordered(loop: Loop | ScanParams): boolean {
  return toposort(bodyResults(loop)).every((node) =>
    !node.op.ordered && (!isLoop(node) || isUnordered(node.params))
  );
}

/** The rows of a sequence that tap `tap` reads in `n` steps, as they lie: the last step's row is the first one if it is read backwards. Fewer rows are refused. */
export function rowsRead(
  { value, taps, backwards }: LoopSequence,
  tap: number,
  loop: Loop,
): Variable {
  const n = stepsOf(loop);
  const [lost, first] = spanOf(taps), skipped = first + taps[tap]!;
  const { add, sub } = SYMBOLIC, rows = rowsOf(value);
  if (lost === 0 && sameLength(shapeGraph(value, 0), n)) return value;
  const from = backwards ? sub(sub(rows, skipped), n) : skipped;
  const part = at(
    value,
    slice(from as SymbolicLength, add(from, n) as SymbolicLength),
  );
  return specifyShape(part, [n, ...Array<null>(value.ndim - 1).fill(null)]);
}

/** True if a sequence is known to have a row for each step: one that has not is to be refused. */
export function isEnough({ value, taps }: LoopSequence, loop: Loop): boolean {
  const [lost] = spanOf(taps);
  return loop.nSteps === null ||
    isEnoughFor(loop.nSteps, shapeGraph(value, 0), lost);
}
