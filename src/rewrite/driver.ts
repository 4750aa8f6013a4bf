/** The driver: rebuilds a graph from its leaves, merging what is equal and applying rules until none fires. */
import { derived, type Origin } from "../graph/origin.ts";
import {
  type AnyOp,
  type Apply,
  Constant,
  type Variable,
} from "../graph/variable.ts";
import { countClients, remake, replace, toposort } from "../graph/walk.ts";
import { type Interner, interner } from "./merge.ts";
import type { Rule, Surroundings } from "./pattern.ts";

/** A rule that fired, for explain(). */
export interface Fired {
  readonly phase: string;
  readonly rule: string;
  readonly count: number;
  /** Where in the user's program the first node that it replaced comes from. */
  readonly origin: Origin | null;
  toString(): string;
}

/** Rules undo each other, or make a graph grow without end. */
export class RewriteError extends Error {
  /** Its kind. */
  override readonly name = "RewriteError";
}

/** What the phases of one rewriting share. */
export interface Session {
  readonly merged: Interner;
  readonly fired: Map<string, Fired>;
}

/** A session that has seen no node; rules that fire are counted in `fired`. */
export function session(fired: Session["fired"] = new Map()): Session {
  return { merged: interner(), fired };
}

/** Passes over the graph that one phase may take; all but the last change it. */
const MOST_PASSES = 30;

/**
 * `outputs` with the rules applied, until none fires. A rule is tried where
 * its op is at the root, and a replacement is taken only if it keeps dtype and
 * rank, loses no known length and broadcasts as before. RewriteError names the
 * rules that keep a graph from coming to rest.
 */
export function applyRules(
  phase: string,
  rules: readonly Rule[],
  outputs: readonly Variable[],
  { merged, fired }: Session,
): readonly Variable[] {
  if (rules.length === 0) return merge(outputs, merged);
  const rulesAt = index(rules);
  const record = ({ name }: Rule, root: Variable) =>
    count(fired, phase, name, root.owner?.origin ?? null);
  let now = outputs;
  for (let passes = 0; passes < MOST_PASSES; passes++) {
    const next = pass(now, rulesAt, merged, record);
    if (next.every((v, i) => v === now[i])) return next;
    now = next;
  }
  return now;
}

/** Equal variables become one. */
export function merge(
  outputs: readonly Variable[],
  merged: Interner = interner(),
): readonly Variable[] {
  return pass(outputs, () => [], merged, () => {});
}

/** Notes that a rule of a phase fired. */
export function count(
  fired: Session["fired"],
  phase: string,
  rule: string,
  origin: Origin | null,
): void {
  const key = `${phase}/${rule}`, before = fired.get(key);
  fired.set(key, {
    phase,
    rule,
    count: (before?.count ?? 0) + 1,
    origin: before ? before.origin : origin,
    toString: describeFired,
  });
}

/** A line for explain(): `stabilize/log1p: 2 times, first at train.ts:7:12`. */
function describeFired(this: Fired): string {
  const { phase, rule, count, origin } = this;
  const times = count === 1 ? "once" : `${count} times`;
  return `${phase}/${rule}: ${times}, first at ${origin?.line ?? "unknown"}`;
}

/** For each op the rules to try, in order. */
function index(rules: readonly Rule[]): (op: AnyOp) => readonly Rule[] {
  const lists = new Map<AnyOp, readonly Rule[]>();
  return (op) => {
    let list = lists.get(op);
    if (!list) {
      list = rules.filter(({ ops }) => ops === null || ops.includes(op));
      lists.set(op, list);
    }
    return list;
  };
}

/**
 * One walk from the leaves up. A variable is at rest once its inputs are and
 * no rule fires; when one does, what replaces it is brought to rest first, on
 * the same stack. To need a variable that is on the stack is a cycle.
 */
function pass(
  outputs: readonly Variable[],
  rulesAt: (op: AnyOp) => readonly Rule[],
  merged: Interner,
  record: (rule: Rule, root: Variable) => void,
): readonly Variable[] {
  const order = toposort(outputs), clients = countClients(outputs, order);
  const around: Surroundings = { clients: (v) => clients.get(v) ?? 2 };
  const rest = new Map<Variable, Variable>();
  /** On the stack: what each is waiting for, and the rule that made it wait. */
  const waits = new Map<Variable, Variable | null>(),
    by = new Map<Variable, Rule>();
  const recent: string[] = [];
  let budget = 20 * order.length + 1000;

  const stack: Variable[] = [];
  const push = (v: Variable) => {
    if (waits.has(v)) {
      const names = [by.get(v)?.name ?? "", ...recent];
      throw restless(v, names, "undo each other");
    }
    waits.set(v, null);
    stack.push(v);
  };
  const settle = (v: Variable, as: Variable) => {
    rest.set(v, as);
    waits.delete(v);
    stack.pop();
  };
  const bringToRest = (top: Variable) => {
    push(top);
    while (stack.length) {
      const v = stack[stack.length - 1]!, target = waits.get(v);
      const node = v.owner;
      if (target) {
        settle(v, rest.get(target)!);
      } else if (!node) {
        settle(v, v instanceof Constant ? merged.constant(v) : v);
      } else {
        const open = node.inputs.find((u) => !rest.has(u));
        if (open) {
          push(open);
          continue;
        }
        const made = merged.apply(node, node.inputs.map((u) => rest.get(u)!))
          .outputs[v.index]!;
        if (made !== v) {
          clients.set(made, (clients.get(made) ?? 0) + around.clients(v));
        }
        const better = made === v ? fire(v, node) : made;
        if (!better) settle(v, v);
        else if (rest.has(better)) settle(v, rest.get(better)!);
        else {
          waits.set(v, better);
          push(better);
        }
      }
    }
  };
  const fire = (root: Variable, node: Apply): Variable | null => {
    for (const rule of rulesAt(node.op)) {
      const made = derived(node.origin, () => rule.rewrite(root, around));
      if (!made || made === root || !mayReplace(root, made)) continue;
      record(rule, root);
      by.set(root, rule);
      recent.unshift(rule.name);
      recent.length = Math.min(recent.length, 8);
      if (--budget < 0) {
        throw restless(root, recent, "make the graph grow without end");
      }
      return made;
    }
    return null;
  };
  return outputs.map((v) => {
    if (!rest.has(v)) bringToRest(v);
    return rest.get(v)!;
  });
}

/** True if `made` may stand where `root` stood: lengths and values are as well known, and broadcast the same. */
export function mayReplace(root: Variable, made: Variable): boolean {
  const a = root.type, b = made.type;
  if (typeof root.value === "number" && made.value !== root.value) return false;
  return a.kind === b.kind && a.dtype === b.dtype &&
    a.shape.length === b.shape.length &&
    a.shape.every((n, axis) => {
      const m = b.shape[axis];
      return typeof n === "number" ? m === n : m !== 1;
    });
}

function restless(
  at: Variable,
  names: readonly string[],
  how: string,
): RewriteError {
  const [a, b] = new Set(names.filter(Boolean));
  const who = b ? `rules ${a} and ${b} ${how}` : `rule ${a} alone would ${how}`;
  return new RewriteError(
    `Cannot finish rewriting ${at}: ${who}; exclude ${
      b ? "one of them" : "it"
    }`,
  );
}

/**
 * Ordered ops (print, assert) run in creation order, which rewriting must not
 * change: if one was made anew, all are, in the order of those they stand for.
 */
export function keepOrder(
  outputs: readonly Variable[],
  { merged }: Session,
): readonly Variable[] {
  const ordered = toposort(outputs).filter((node) => node.op.ordered);
  ordered.sort((a, b) => merged.age(a) - merged.age(b));
  if (ordered.every((node, i) => i === 0 || node.id > ordered[i - 1]!.id)) {
    return outputs;
  }
  const now = new Map<Variable, Variable>();
  const rebuild = (node: Apply) => {
    const inputs = node.inputs.map((v) => now.get(v) ?? v);
    const kept = !node.op.ordered &&
      inputs.every((v, i) => v === node.inputs[i]);
    const made = kept ? node : remake(node, inputs);
    node.outputs.forEach((v, i) => now.set(v, made.outputs[i]!));
  };
  for (const node of ordered) {
    toposort(node.outputs, (v) => now.has(v)).forEach(rebuild);
  }
  return replace(outputs, now);
}
