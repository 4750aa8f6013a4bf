/**
 * Products of one value with several weights become one product with the
 * weights side by side: the gates of a cell, each with its own matrix, cost
 * one product a step. The weights are joined once, before the loop.
 */
import { type Apply, Variable } from "../../graph/variable.ts";
import { slice } from "../../graph/indexing.ts";
import { toposort } from "../../graph/walk.ts";
import type { Loop, LoopInput } from "../../nested/loop.ts";
import { at } from "../../ops/indexing/at.ts";
import { dot } from "../../ops/products/dot.ts";
import { join } from "../../ops/shape/join.ts";
import { SYMBOLIC, type SymbolicLength } from "../../ops/shape/length_graph.ts";
import { lengthsOf } from "../../ops/shape/shape.ts";
import { conditions } from "../lazy.ts";
import {
  entriesOf,
  insteadOf,
  type LoopPlace,
  type LoopRule,
  loopRule,
  type Replacements,
  resultsOf,
  withBody,
} from "./loop_rules.ts";

/** One product for many. */
export const joining: readonly LoopRule[] = [
  loopRule(
    "scan_join_products",
    {
      equation:
        "dot(x, W), dot(x, V) in each step → the parts of dot(x, join(1, W, V))",
      licence: "exact",
    },
    withJointProducts,
  ),
];

function withJointProducts(place: LoopPlace): Replacements | null {
  const { loop } = place, results = resultsOf(loop);
  const outside = new Map(loop.nonSequences.map((s) => [s.inner, s.value]));
  const runs = conditions(results), groups = new Map<Variable, Apply[]>();
  for (const node of toposort(results)) {
    const [x, w] = node.inputs as [Variable, Variable];
    if (node.op !== dot.op || runs.get(node) !== 0) continue;
    if (outside.has(x) || !outside.has(w) || w.ndim !== 2) continue;
    groups.set(x, [...groups.get(x) ?? [], node]);
  }
  const joint = new Joint(outside);
  // The same order in every loop: the loop back may need the products of the loop forth.
  const idOf = (node: Apply) => outside.get(node.inputs[1]!)!.id;
  groups.forEach((nodes, x) => {
    nodes.sort((a, b) => idOf(a) - idOf(b));
    if (nodes.length > 1) joint.add(x, nodes);
  });
  if (joint.by.size === 0) return null;
  const made: Loop = {
    ...withBody(loop, joint.by),
    nonSequences: [...loop.nonSequences, ...joint.inputs],
  };
  return insteadOf(place, made, entriesOf(made));
}

/** Products put together, and what that needs from outside. */
class Joint {
  readonly by = new Map<Variable, Variable>();
  readonly inputs: LoopInput[] = [];
  constructor(readonly outside: ReadonlyMap<Variable, Variable>) {}

  /** Replaces products of `x` by parts of one. */
  add(x: Variable, products: readonly Apply[]): void {
    const weights = products.map((node) => this.outside.get(node.inputs[1]!)!);
    const all = dot(x, this.#inner(join(1, ...weights)));
    let from: SymbolicLength = 0;
    products.forEach((node, i) => {
      const n = lengthsOf(weights[i]!)[1]!;
      const to = SYMBOLIC.add(from, n) as SymbolicLength;
      const columns = slice(this.#length(from), this.#length(to));
      const part = all.ndim > 1 ? at(all, ":", columns) : at(all, columns);
      this.by.set(node.outputs[0]!, part);
      from = to;
    });
  }

  #length(n: SymbolicLength): SymbolicLength {
    return typeof n === "number" ? n : this.#inner(n);
  }

  #inner(value: Variable): Variable {
    const known = this.inputs.find((s) => s.value === value);
    if (known) return known.inner;
    const inner = new Variable(value.type);
    this.inputs.push({ value, inner });
    return inner;
  }
}
