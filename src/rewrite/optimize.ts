/** Rewriting: a graph to one that computes the same, better. */
import {
  type FunctionGraph,
  results,
  withResults,
} from "../graph/function_graph.ts";
import { describeType, fits } from "../graph/type.ts";
import type { Variable } from "../graph/variable.ts";
import { toposort } from "../graph/walk.ts";
import { fused, titleOf } from "../ops/elementwise/fused.ts";
import {
  applyRules,
  count,
  type Fired,
  keepOrder,
  type Session,
  session,
} from "./driver.ts";
import { rewriteBodies } from "./bodies.ts";
import { applyLoopRules } from "./scan/loop_driver.ts";
import { OPTIMIZERS, type Phase, takenNames } from "./phases.ts";
import type { Rule } from "./pattern.ts";

/** Which rewrites run. */
export interface Strategy {
  readonly optimizer: keyof typeof OPTIMIZERS;
  /** Names of rules that run only if named here, those that may change NaN or infinity; and rules of the user's own. */
  readonly included?: readonly (string | Rule)[];
  /** Rules and phases that do not run. */
  readonly excluded?: readonly string[];
}

/** A graph, and the rules that made it. */
export interface Optimized {
  readonly graph: FunctionGraph;
  readonly fired: readonly Fired[];
}

/**
 * The same function, better computed: inputs, updated variables and the types
 * of results stay. RewriteError: rules undo each other. TypeError: a rule of
 * the user's own has a name that is taken.
 */
export function optimize(
  graph: FunctionGraph,
  { optimizer, included = [], excluded = [] }: Strategy,
): Optimized {
  const fired = new Map<string, Fired>(), before = results(graph);
  const runs = ({ name, licence }: Pick<Rule, "name" | "licence">) =>
    !excluded.includes(name) &&
    (licence !== "may change NaN/inf" || included.includes(name));
  const own = ownRules(included).filter(({ name }) => !excluded.includes(name));
  const phases: readonly Phase[] = OPTIMIZERS[optimizer]
    .filter((phase) => !excluded.includes(phase.name))
    .map((p) =>
      "rules" in p && p.rules.length > 0
        ? { ...p, rules: [...own, ...p.rules.filter(runs)] }
        : "loops" in p
        ? { ...p, loops: p.loops.filter(runs) }
        : p
    );
  const rewrite = (
    outputs: readonly Variable[],
    list: readonly Phase[],
  ): readonly Variable[] => {
    const shared = session(fired);
    // A phase is done with a loop's body before it comes to the loop: work that left an inner loop may leave the outer one.
    const step = (before: readonly Variable[], phase: Phase) => {
      const now = rewriteBodies(before, (body) => rewrite(body, [phase]));
      return "pass" in phase
        ? noteFusion(phase.name, now, phase.pass(now), fired)
        : "loops" in phase
        ? applyLoopRules(phase.name, phase.loops, now, shared)
        : applyRules(phase.name, phase.rules, now, shared);
    };
    const after = list.reduce(step, outputs);
    after.forEach((v, i) => checkType(v, outputs[i]!));
    return keepOrder(after, shared);
  };
  const after = rewrite(before, phases);
  const same = after.every((v, i) => v === before[i]);
  return {
    graph: same ? graph : withResults(graph, after),
    fired: [...fired.values()],
  };
}

/** The rules of the user's own. TypeError: a name is taken. */
function ownRules(included: NonNullable<Strategy["included"]>): Rule[] {
  const own = included.filter((rule) => typeof rule !== "string");
  if (own.length === 0) return [];
  const { rules, phases } = takenNames(),
    taken = new Set([...rules, ...phases]);
  for (const { name } of own) {
    if (taken.has(name)) {
      throw new TypeError(
        `Cannot include rule ${name}: a rule or phase of that name is there; choose another`,
      );
    }
    taken.add(name);
  }
  return own;
}

/** `after`; the groups that a pass fused are named by what they hold. */
function noteFusion(
  phase: string,
  before: readonly Variable[],
  after: readonly Variable[],
  fired: Session["fired"],
): readonly Variable[] {
  if (before.every((v, i) => v === after[i])) return after;
  const old = new Set(toposort(before));
  for (const node of toposort(after)) {
    if (node.op !== fused.op || old.has(node)) continue;
    count(fired, phase, titleOf(node), node.origin);
  }
  return after;
}

/** A result that fits no longer is a bug of a rule, to be named here rather than found in a kernel. */
function checkType(after: Variable, before: Variable): void {
  if (fits(after.type, before.type)) return;
  throw new TypeError(
    `Cannot rewrite ${before}: a rule made it ${describeType(after.type)}`,
  );
}
