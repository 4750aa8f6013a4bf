/**
 * Several products with weights become one with the weights side by side: the
 * gates of a cell, each with its own matrix, cost one product a step, and so
 * does what they send back to the state that they read. The weights are joined
 * once, before the loop.
 */
import { isFloat } from "../../graph/dtype.ts";
import { slice } from "../../graph/indexing.ts";
import { bodyResults } from "../../graph/scan_params.ts";
import { type Apply, Variable } from "../../graph/variable.ts";
import { countClients, toposort } from "../../graph/walk.ts";
import type { Loop, LoopInput } from "../../nested/loop.ts";
import { add, sub } from "../../ops/elementwise/elemwise.ts";
import { at } from "../../ops/indexing/at.ts";
import { dot } from "../../ops/products/dot.ts";
import { transpose } from "../../ops/shape/dimshuffle.ts";
import { join } from "../../ops/shape/join.ts";
import { SYMBOLIC, type SymbolicLength } from "../../ops/shape/length_graph.ts";
import { lengthsOf } from "../../ops/shape/shape.ts";
import { specifyShape } from "../../ops/shape/specify_shape.ts";
import { transposeOf } from "../axes.ts";
import { conditions } from "../lazy.ts";
import { sameLength } from "../lengths.ts";
import { rowLengths } from "./checks.ts";
import {
  insteadWith,
  type LoopPlace,
  type LoopRule,
  loopRule,
  outsideOf,
  type Replacements,
} from "./loop_rules.ts";
import { isAsLarge, type Term, termsOf, unsaid, varying } from "./terms.ts";

/** One product for many of one value. */
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

/** One product for a sum of many: what gates send back, by the weights that the way forth has joined. */
export const joiningSums: readonly LoopRule[] = [
  loopRule(
    "scan_join_sums",
    {
      equation:
        "dot(x, Wᵀ) + dot(y, Vᵀ) in each step → dot(join(1, x, y), join(1, W, V)ᵀ)",
    },
    withJointSums,
  ),
];

function withJointProducts(place: LoopPlace): Replacements | null {
  const { loop } = place, results = bodyResults(loop);
  const runs = conditions(results), groups = new Map<Variable, Apply[]>();
  const outside = new Outside(loop), by = new Map<Variable, Variable>();
  for (const node of toposort(results)) {
    const [x, w] = node.inputs as [Variable, Variable];
    if (node.op !== dot.op || runs.get(node) !== 0) continue;
    if (outside.has(x) || !outside.has(w) || w.ndim !== 2) continue;
    groups.set(x, [...groups.get(x) ?? [], node]);
  }
  groups.forEach((nodes, x) => {
    if (nodes.length === 1) return;
    const weight = (node: Apply) => outside.value(node.inputs[1]!);
    nodes.sort(outside.order((node) => node.inputs[1]!));
    const all = dot(x, outside.inner(join(1, ...nodes.map(weight))));
    let from: SymbolicLength = 0;
    for (const node of nodes) {
      const n = lengthsOf(weight(node))[1]!;
      const to = SYMBOLIC.add(from, n) as SymbolicLength;
      const columns = slice(outside.length(from), outside.length(to));
      const part = all.ndim > 1 ? at(all, ":", columns) : at(all, columns);
      by.set(node.outputs[0]!, part);
      from = to;
    }
  });
  return outside.replaced(place, by);
}

/** A term of a sum: the product of a value that changes with the transpose of a weight. */
interface Weighted {
  readonly term: Variable;
  readonly factor: Variable;
  readonly weight: Variable;
}

/** Products that one will stand for, and the sum that they are terms of. */
interface Sum {
  readonly root: Variable;
  readonly products: readonly Weighted[];
  readonly others: readonly Term[];
}

function withJointSums(place: LoopPlace): Replacements | null {
  const outside = new Outside(place.loop), sums = sumsOf(place.loop, outside);
  if (sums.length === 0) return null;
  const factor = checkedFactors(place.loop, sums, outside);
  const joints = new Map<string, Variable>();
  /** Sums over the same factors share what joins them. */
  const joined = (products: readonly Weighted[]) => {
    const factors = products.map((p) => factor(p.factor));
    const key = factors.map((v) => v.id).join(), known = joints.get(key);
    const made = known ?? join(-1, ...factors);
    joints.set(key, made);
    return made;
  };
  const by = new Map(sums.map(({ root, products, others }) => {
    const weights = products.map((p) => outside.value(p.weight));
    const weight = outside.inner(join(1, ...weights));
    const product = dot(joined(products), transpose(weight));
    // The product has the lengths that any of its terms was known to have.
    const known = root.type.shape.map((_, axis) =>
      products.map(({ term }) => term.type.shape[axis])
        .find((n) => typeof n === "number") ?? null
    );
    const said = known.every((n, axis) =>
        n === null || n === product.type.shape[axis]
      )
      ? product
      : specifyShape(product, known as (number | null)[]);
    const sum = others.reduce(
      (s: Variable, { value, negative }) =>
        negative ? sub(s, value) : add(s, value),
      said,
    );
    return [root, sum] as const;
  }));
  return outside.replaced(place, by);
}

/** The sums of a body in which two products or more can become one. */
function sumsOf(loop: Loop, outside: Outside): Sum[] {
  const results = bodyResults(loop), runs = conditions(results);
  const clients = countClients(results), varies = varying(loop, results);
  const sums: Sum[] = [];
  const taken = new Set<Variable>();
  // A sum comes before those that are part of it.
  for (const node of toposort(results).reverse()) {
    const root = node.outputs[0]!;
    const isSum = node.op === add.op || node.op === sub.op;
    if (!isSum || runs.get(node) !== 0 || !isFloat(root.dtype)) continue;
    const terms = termsOf({ value: root, negative: false }, clients);
    const products = terms.flatMap(({ value, negative }) =>
      negative || taken.has(value) || !isAsLarge(value, root)
        ? []
        : weighted(value, outside, clients) ?? []
    ).filter((p) => varies.has(p.factor));
    if (products.length < 2) continue;
    products.sort(outside.order((p) => p.weight));
    const gone = new Set(products.map((p) => p.term));
    gone.forEach((v) => taken.add(v));
    const others = terms.filter((t) => !gone.has(t.value));
    sums.push({ root, products, others });
  }
  return sums;
}

/** What a product that nothing else needs is made of; null for others. */
function weighted(
  term: Variable,
  outside: Outside,
  clients: ReadonlyMap<Variable, number>,
): Weighted | null {
  const product = unsaid(term), { op, inputs } = product.owner ?? {};
  const alone = clients.get(term) === 1 && clients.get(product) === 1;
  if (op !== dot.op || !alone) return null;
  const [x, y] = inputs as [Variable, Variable];
  // dot(x, Wᵀ) is dot(W, x) for a vector.
  const [factor, weight] = y.ndim === 1 ? [y, x] : [x, transposeOf(y)];
  return weight?.ndim === 2 && outside.has(weight)
    ? { term, factor, weight }
    : null;
}

/**
 * The factors, each refused if it is not as long as all weights want where
 * formulas do not say that it is: of the joint product only the sums of their
 * lengths must be equal.
 */
function checkedFactors(
  loop: Loop,
  sums: readonly Sum[],
  outside: Outside,
): (factor: Variable) => Variable {
  const checked = new Map<Variable, Variable>();
  for (const { factor, weight } of sums.flatMap((s) => s.products)) {
    const [have] = rowLengths(loop, [factor]);
    const want = lengthsOf(outside.value(weight))[1]!;
    const now = checked.get(factor) ?? factor, n = have!.at(-1)!;
    const same = n !== null && sameLength(n, want);
    const lengths = Array<null>(factor.ndim - 1).fill(null);
    checked.set(
      factor,
      same ? now : specifyShape(now, [...lengths, outside.length(want)]),
    );
  }
  return (factor) => checked.get(factor)!;
}

/** What is around a loop, as its body sees it, and what rules add to that. */
class Outside {
  readonly #values: ReadonlyMap<Variable, Variable>;
  readonly #added: LoopInput[] = [];
  constructor(loop: Loop) {
    this.#values = outsideOf(loop);
  }

  /** True for a variable of the body that stands for a value from outside. */
  has(inner: Variable): boolean {
    return this.#values.has(inner);
  }

  /** The value that a variable of the body stands for. */
  value(inner: Variable): Variable {
    return this.#values.get(inner)!;
  }

  /** The same order in every loop: the loop back may need the joined weights of the loop forth. */
  order<T>(inner: (item: T) => Variable): (a: T, b: T) => number {
    return (a, b) => this.value(inner(a)).id - this.value(inner(b)).id;
  }

  /** A variable of the body for a value. */
  inner(value: Variable): Variable {
    const known = this.#added.find((s) => s.value === value);
    if (known) return known.inner;
    const inner = new Variable(value.type);
    this.#added.push({ value, inner });
    return inner;
  }

  /** A length, for the body. */
  length(n: SymbolicLength): SymbolicLength {
    return typeof n === "number" ? n : this.inner(n);
  }

  /** The loop with variables of its body replaced; null if there are none. */
  replaced(place: LoopPlace, by: Replacements): Replacements | null {
    if (by.size === 0) return null;
    return insteadWith(place, by, {
      nonSequences: [...place.loop.nonSequences, ...this.#added],
    });
  }
}
