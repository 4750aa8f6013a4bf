/** The driver of rules about loops: in each round one rule improves all loops that it can, and the graph is rebuilt once. */
import { derived } from "../../graph/origin.ts";
import type { ScanParams } from "../../graph/scan_params.ts";
import type { Apply, Variable } from "../../graph/variable.ts";
import { clientsOf, remake, replace, toposort } from "../../graph/walk.ts";
import { loopOf } from "../../nested/loop.ts";
import { count, mayReplace, RewriteError, type Session } from "../driver.ts";
import { conditions } from "../lazy.ts";
import {
  isLoop,
  type LoopPlace,
  type LoopRule,
  type Replacements,
} from "./loop_rules.ts";

/** Rules may fire this often for each loop of the graph they find. */
const MOST_FIRINGS = 200;

/** A rule that fired at a loop. */
interface Firing {
  readonly node: Apply<ScanParams>;
  readonly by: Replacements;
}

/**
 * `outputs` with loops improved until no rule fires. An earlier rule has been
 * tried at all loops before a later one is. RewriteError: rules undo each other.
 */
export function applyLoopRules(
  phase: string,
  rules: readonly LoopRule[],
  outputs: readonly Variable[],
  { fired }: Pick<Session, "fired">,
): readonly Variable[] {
  let now = outputs, budget: number | null = null;
  for (;;) {
    const graph = look(now);
    budget ??= MOST_FIRINGS * graph.loops.length;
    const found = improve(graph, rules);
    if (!found) return now;
    const { rule, firings } = found, next = withFirings(now, firings);
    for (const { node } of next.firings) {
      if (--budget < 0) {
        throw new RewriteError(
          `Cannot finish rewriting ${
            node.outputs[0]
          }: rule ${rule.name} fires without end; exclude it`,
        );
      }
      count(fired, phase, rule.name, node.origin);
    }
    now = next.outputs;
  }
}

/** A graph as rules see it. */
type Around = Omit<LoopPlace, "node" | "loop">;

/** The first rule that improves a loop, and all loops that it improves at once: none of them replaces what another does. */
function improve(
  graph: Around,
  rules: readonly LoopRule[],
): { rule: LoopRule; firings: readonly Firing[] } | null {
  for (const rule of rules) {
    const firings: Firing[] = [], gone = new Set<Variable>();
    for (const node of graph.loops) {
      if (node.outputs.some((v) => gone.has(v))) continue;
      const by = derived(
        node.origin,
        () => rule.rewrite({ ...graph, node, loop: loopOf(node) }),
      );
      if (!by || by.size === 0) continue;
      const fits = [...by].every(([v, made]) =>
        !gone.has(v) && mayReplace(v, made)
      );
      if (!fits) continue;
      for (const v of by.keys()) gone.add(v);
      firings.push({ node, by });
    }
    if (firings.length) return { rule, firings };
  }
  return null;
}

/**
 * The graph with as many of the firings as can be together. Each alone leaves
 * it without a cycle; two that join loops crosswise, a with d and b with c
 * where b needs a and d needs c, would not: then the first half is tried.
 */
function withFirings(
  outputs: readonly Variable[],
  firings: readonly Firing[],
): { outputs: readonly Variable[]; firings: readonly Firing[] } {
  let some = firings;
  while (some.length > 1) {
    const made = replaceAll(
      outputs,
      new Map(some.flatMap(({ by }) => [...by])),
    );
    if (made) return { outputs: made, firings: some };
    some = some.slice(0, some.length >> 1);
  }
  return { outputs: replace(outputs, some[0]!.by), firings: some };
}

/** `outputs` with variables replaced, also in what replaces others; null if one would then need itself. */
function replaceAll(
  outputs: readonly Variable[],
  by: Replacements,
): readonly Variable[] | null {
  const now = new Map<Variable, Variable>(), open = new Set<Variable>();
  const stack = [...outputs];
  for (let v = stack.at(-1); v; v = stack.at(-1)) {
    if (now.has(v)) {
      stack.pop();
      continue;
    }
    const target = by.get(v), node = v.owner;
    const needs = target ? [target] : node?.inputs ?? [];
    const waiting = needs.filter((u) => !now.has(u));
    if (waiting.length) {
      if (open.has(v)) return null;
      open.add(v);
      stack.push(...waiting);
      continue;
    }
    stack.pop();
    if (target) now.set(v, now.get(target)!);
    else if (!node || node.inputs.every((u) => now.get(u) === u)) now.set(v, v);
    else {
      const made = remake(node, node.inputs.map((u) => now.get(u)!));
      node.outputs.forEach((u, i) => by.has(u) || now.set(u, made.outputs[i]!));
    }
  }
  return outputs.map((v) => now.get(v)!);
}

function look(results: readonly Variable[]): Around {
  const order = toposort(results), wanted = new Set(results);
  const clients = once(() => clientsOf(order)),
    runs = once(() => conditions(results, order)),
    needed = once(() => loopsNeeded(order));
  return {
    loops: order.filter(isLoop),
    clients: (v) => clients().get(v) ?? [],
    isResult: (v) => wanted.has(v),
    condition: (node) => runs().get(node)!,
    needs: (a, b) => (needed().of.get(a)! & needed().bit.get(b)!) !== 0n,
  };
}

/** For each loop a bit, and for each application the bits of the loops that it needs. */
function loopsNeeded(order: readonly Apply[]): {
  readonly bit: ReadonlyMap<Apply, bigint>;
  readonly of: ReadonlyMap<Apply, bigint>;
} {
  const bit = new Map<Apply, bigint>(), of = new Map<Apply, bigint>();
  for (const node of order) {
    let bits = 0n;
    for (const { owner } of node.inputs) {
      if (owner) bits |= of.get(owner)! | (bit.get(owner) ?? 0n);
    }
    of.set(node, bits);
    if (isLoop(node)) bit.set(node, 1n << BigInt(bit.size));
  }
  return { bit, of };
}

/** What `make` makes, when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
