/** Sums over the steps that share a product: which factors they have in common, and what of the whole is theirs. */
import { bodyResults } from "../../graph/scan_params.ts";
import type { Variable } from "../../graph/variable.ts";
import { toposort } from "../../graph/walk.ts";
import type { Loop } from "../../nested/loop.ts";
import { mul } from "../../ops/elementwise/elemwise.ts";
import { dot } from "../../ops/products/dot.ts";
import { dimshuffle, transpose } from "../../ops/shape/dimshuffle.ts";
import { join, parts } from "../../ops/shape/join.ts";
import type { SymbolicLength } from "../../ops/shape/length_graph.ts";
import { lengthsOf } from "../../ops/shape/shape.ts";
import { orderOf, transposeOf } from "../axes.ts";
import { conditions } from "../lazy.ts";
import { rowLengths } from "./checks.ts";
import { rowsBelow } from "./lift.ts";
import { behind, varying } from "./terms.ts";

/** The sum over all steps, or what it is part of. Equal keys, equal wholes. */
export interface Total {
  readonly key: string;
  readonly of: readonly Variable[];
  /** What all of them are part of, from rows of what that is made of. */
  whole(rows: readonly Variable[]): Variable;
  part(whole: Variable, rows: readonly Variable[]): Variable;
}

/** A value, or what joins it with others; and what of something computed from that, column by column, is the value's. */
export interface Columns {
  readonly of: Variable;
  part(all: Variable): Variable;
}

/** What a step puts side by side. */
interface Joint {
  readonly of: Variable;
  /** Of each value what it is, and what it checks the lengths of. */
  readonly values: readonly (readonly Variable[])[];
  readonly sizes: readonly SymbolicLength[];
}

/** Values that each step of a loop puts side by side. */
export class Joints {
  readonly #all: readonly Joint[];
  constructor(loop: Loop) {
    const results = bodyResults(loop), runs = conditions(results);
    this.#all = toposort(results).flatMap((node): Joint[] => {
      const { op, inputs, outputs: [of], params } = node;
      if (op !== join.op) return [];
      const { axis } = params as { readonly axis: number };
      if (axis !== of!.ndim - 1) return [];
      const sizes = rowLengths(loop, inputs).map((shape) => shape[axis]!);
      return runs.get(node) === 0 && sizes.every((n) => n !== null)
        ? [{ of: of!, values: inputs.map(behind), sizes }]
        : [];
    });
  }

  /** The longest of those that hold `v` and pass; `v` itself if there are none. */
  columnsOf(v: Variable, passes: (joint: Joint) => boolean): Columns {
    const holds = (same: readonly Variable[]) => same.includes(v);
    const [best] = this.#all
      .filter((joint) => joint.values.some(holds) && passes(joint))
      .sort((p, q) => q.values.length - p.values.length);
    if (!best) return { of: v, part: (all) => all };
    const { of, values, sizes } = best, i = values.findIndex(holds);
    return { of, part: (all) => parts(all, sizes, all.ndim - 1)[i]! };
  }
}

/** dot(aᵀ, b), or all products of an element of one vector with one of the other. */
interface Product {
  readonly a: Variable;
  readonly b: Variable;
}

/**
 * Σ dot(aᵀ, b) = dot(Aᵀ, B), over the rows of all steps. Where a step joins
 * all that `a` is multiplied with, or others are multiplied with the same,
 * one product has the sums of all of them as its parts.
 */
export class Products {
  readonly #products = new Map<Variable, Product>();
  /** For each left factor, what has the columns of a right one. */
  readonly #rights = new Map<Variable, Map<Variable, Columns>>();
  /** For each right factor all left ones. */
  readonly #lefts = new Map<Variable, Variable[]>();
  constructor(loop: Loop, values: readonly Variable[], joints: Joints) {
    const varies = varying(loop, bodyResults(loop));
    const groups = new Map<Variable, Set<Variable>>();
    for (const v of values) {
      const p = productOf(v, varies);
      if (!p) continue;
      this.#products.set(v, p);
      groups.set(p.a, (groups.get(p.a) ?? new Set()).add(p.b));
    }
    groups.forEach((bs, a) => {
      const columns = new Map([...bs].map((b) => [
        b,
        joints.columnsOf(
          b,
          (j) => j.values.every((same) => same.some((v) => bs.has(v))),
        ),
      ]));
      this.#rights.set(a, columns);
      for (const right of new Set([...columns.values()].map((c) => c.of))) {
        this.#lefts.set(right, [...this.#lefts.get(right) ?? [], a]);
      }
    });
  }

  /** The values of which the products need all rows. */
  get of(): readonly Variable[] {
    return [...this.#lefts].flatMap(([right, lefts]) => [...lefts, right]);
  }

  /** Null for what is no product. */
  total(v: Variable): Total | null {
    const p = this.#products.get(v);
    if (!p) return null;
    const { of, part } = this.#rights.get(p.a)!.get(p.b)!;
    const lefts = this.#lefts.get(of)!, i = lefts.indexOf(p.a);
    return {
      key: `products with ${of.id}`,
      of: [...lefts, of],
      whole: (rows) =>
        dot(
          transpose(below(join(-1, ...rows.slice(0, -1)))),
          below(rows.at(-1)!),
        ),
      part: (whole, rows) => {
        if (lefts.length === 1) return part(whole);
        const sizes = rows.slice(0, -1).map((x) => lengthsOf(x).at(-1)!);
        return part(parts(whole, sizes, 0)[i]!);
      },
    };
  }
}

/** Null for what is no product of values that change from step to step. */
function productOf(
  v: Variable,
  varies: ReadonlySet<Variable>,
): Product | null {
  const { owner } = v;
  if (v.ndim !== 2 || !owner) return null;
  const [x, y] = owner.inputs as [Variable, Variable];
  if (!varies.has(x) || !varies.has(y)) return null;
  if (owner.op === dot.op) return { a: transposeOf(x) ?? transpose(x), b: y };
  if (owner.op !== mul.op) return null;
  const [column, row] = isColumn(x) && isRow(y)
    ? [x, y]
    : isColumn(y) && isRow(x)
    ? [y, x]
    : [];
  return column && row ? { a: flat(column, 0), b: flat(row, 1) } : null;
}

function isColumn({ type: { shape } }: Variable): boolean {
  return shape.length === 2 && shape[1] === 1;
}

function isRow({ type: { shape } }: Variable): boolean {
  return shape.length === 2 && shape[0] === 1;
}

/** A matrix of one row or column as a vector along `axis`. */
function flat(x: Variable, axis: number): Variable {
  const order = orderOf(x), v = x.owner?.inputs[0];
  return order && v!.ndim === 1 ? v! : dimshuffle(x, [axis]);
}

/** Matrices along the first axis one below the other; vectors already are. */
function below(x: Variable): Variable {
  return x.ndim === 3 ? rowsBelow(x) : x;
}
