/**
 * Two applications in one pass over a matrix: a product that reads it, and
 * what writes new values over it, element by element or from a product with
 * few terms. Each element is read before it is written, and nothing reads the
 * old ones later: order.ts sees to that.
 */
import type { Dtype } from "../../../graph/dtype.ts";
import type { Expr } from "../../../graph/loops.ts";
import { postorder } from "../access.ts";
import { callsFunction } from "../expression.ts";
import { inTwo } from "./behind.ts";
import { type Contraction, contractionOf } from "./contraction.ts";
import {
  type Access,
  type Amount,
  isPlain,
  LITERAL,
  type Nest,
  plain,
  type Store,
  strideOf,
  valueOf,
} from "../nest.ts";

/** One of the two, planned alone, and which operand of the pair each of its own is. */
export interface Half {
  readonly nest: Nest;
  readonly operands: readonly number[];
}

/** The pair as a kernel sees it. Axes of the nest: rows and columns of the matrix, then those short ones that are needed. */
export interface Joint {
  readonly nest: Nest;
  readonly dtype: Contraction["dtype"];
  /** The matrix, as it is overwritten; its columns have stride 1. */
  readonly matrix: Access;
  /** The sum over the columns of the matrix times `other`, for each of `times` rows of that. */
  readonly product: {
    readonly other: Access;
    readonly times: number;
    readonly store: Store;
    /** See Contraction. */
    readonly behind: Expr | null;
  };
  /** What is stored over the matrix; of `terms` products of a number for each row and a row, unless that is 0. */
  readonly update: {
    readonly store: Store;
    readonly terms: number;
    readonly factors: readonly [left: Access, right: Access] | null;
    /** Those rows are those of `other`. */
    readonly isOther: boolean;
  };
}

/** Loops of the nest of a pair. */
export const ROWS = 0, COLUMNS = 1, TIMES = 2, TERMS = 3;

/** What both need to be one kernel: the operands of the pair, outputs last, of which `inputs` are read. */
export interface Pair {
  readonly product: Half;
  readonly update: Half;
  /** The operand of the product that is the matrix. */
  readonly matrix: number;
  readonly dtypes: readonly Dtype[];
  readonly inputs: number;
  /** The input that output 0 overwrites. */
  readonly inplace: number;
}

/** Both as one; null where lengths are not known, the matrix lies differently for them, or a loop beside it is long. */
export function jointOf(pair: Pair): Joint | null {
  const { product: { nest }, update } = pair, whole = contractionOf(nest);
  const all = [nest, update.nest];
  if (!whole || !all.every(isSimple)) return null;
  const c = callsAny(whole.store) ? inTwo(whole) : whole;
  if (!c) return null;
  const axes = axesOfProduct(c, pair.matrix), over = axesOfUpdate(update.nest);
  if (!axes || !over || over.dtype !== c.dtype) return null;
  const { store, terms } = over, known = (n: Nest, a: Amount) => valueOf(n, a);
  const same = (mine: Amount, its: Amount) =>
    known(nest, mine) === known(update.nest, its);
  const length = (n: Nest, axis: number) => n.axes[axis]!.length;
  const alike = same(length(nest, axes.rows), length(update.nest, over.rows)) &&
    same(length(nest, c.inner), length(update.nest, over.columns)) &&
    same(strideOf(axes.matrix, axes.rows), strideOf(store.access, over.rows));
  const wide = known(nest, length(nest, c.inner)) as number;
  const times = axes.times < 0
      ? 1
      : known(nest, length(nest, axes.times)) as number,
    count = terms < 0
      ? 0
      : known(update.nest, length(update.nest, terms)) as number;
  if (
    !alike || wide <= LITERAL || times < 1 || times > LITERAL ||
    count > LITERAL
  ) {
    return null;
  }

  const tall = known(nest, length(nest, axes.rows)) as number,
    merged = new Merged(pair, tall),
    { product } = pair;
  const its = merged.of({ ...product, nest: c.nest }, [
      axes.rows,
      c.inner,
      axes.times,
    ]),
    mine = merged.of(update, [over.rows, over.columns, -1, terms]);
  const written = mine.store(store),
    right = over.factors?.[1],
    isOther = !!right && times === count &&
      product.operands[axes.other.operand] ===
        update.operands[right.operand] &&
      same(
        axes.times < 0 ? 0 : strideOf(axes.other, axes.times),
        strideOf(right, terms),
      );
  return {
    nest: merged.nest(`${nest.name}_${update.nest.name}`, [
      tall,
      wide,
      times,
      count,
    ]),
    dtype: c.dtype,
    matrix: written.access,
    product: {
      other: its.access(axes.other),
      times,
      store: its.store(c.store),
      behind: c.behind && its.store({ ...c.store, value: c.behind }).value,
    },
    update: {
      store: written,
      terms: count,
      factors: over.factors && [
        mine.access(over.factors[0]),
        mine.access(over.factors[1]),
      ],
      isOther,
    },
  };
}

/** Integers all known, and no computed positions. */
function isSimple({ extents, loads, lengths, stages }: Nest): boolean {
  return extents.every((e) => typeof e.value === "number") &&
    lengths.size === 0 &&
    [...loads.values()].every(isPlain) &&
    stages.every((s) => postorder(s.value).every((e) => e.kind !== "axis"));
}

/** Whether a store calls functions: for one sum after the other they would not be computed in vectors. */
function callsAny({ value }: Store): boolean {
  return postorder(value).some(callsFunction);
}

/** The axes of a product that sums along rows of its factor `matrix`. */
function axesOfProduct({ nest, factors, inner }: Contraction, at: number) {
  const matrix = factors.find((f) => f.operand === at),
    other = factors.find((f) => f.operand !== at);
  if (!matrix || !other || nest.outer.length > 2) return null;
  const rows = nest.outer.find((a) => strideOf(matrix, a) !== 0) ?? -1,
    times = nest.outer.find((a) => a !== rows) ?? -1;
  const fits = rows >= 0 && strideOf(other, rows) === 0 &&
    strideOf(matrix, inner) === 1 && strideOf(other, inner) === 1 &&
    (times < 0 || strideOf(matrix, times) === 0);
  return fits ? { matrix, other, rows, times } : null;
}

/** The axes of a store over a matrix, and of the short sum in it if there is one (-1). */
function axesOfUpdate(nest: Nest) {
  const c = contractionOf(nest), store = nest.stages.at(-1);
  if (store?.kind !== "store" || store.axes.length > 0 || store.accumulate) {
    return null;
  }
  const { access } = store, { dtype } = nest.operands[access.operand]!;
  const columns = nest.outer.find((a) => strideOf(access, a) === 1) ?? -1,
    rows = nest.outer.find((a) => a !== columns) ?? -1;
  if (
    nest.outer.length !== 2 || columns < 0 || rows < 0 ||
    nest.stages.length > (c ? 2 : 1) || access.jumps.length > 0
  ) return null;
  const found = { dtype, store, rows, columns, terms: -1, factors: null };
  if (!c) return found;
  const right = c.factors.find((f) => strideOf(f, columns) === 1),
    left = c.factors.find((f) => f !== right);
  const fits = left && right && strideOf(left, columns) === 0 &&
    strideOf(right, rows) === 0;
  return fits
    ? { ...found, terms: c.inner, factors: [left, right] as const }
    : null;
}

/** One nest for both halves: the same rule for names of integers as for one application. */
class Merged {
  readonly #extents: { name: string; value: number }[] = [];
  readonly #loads = new Map<Expr, Access>();
  readonly #operands: Nest["operands"];
  /** `rows`: the range that threads split, which comes first. */
  constructor(readonly pair: Pair, rows: number) {
    const { dtypes, inputs, inplace } = pair;
    this.#operands = dtypes.map((dtype, i) => ({
      name: i < inputs ? `x${i}` : `y${i - inputs}`,
      dtype,
      memory: i === inplace ? inputs : i,
    }));
    this.#amount(`n_${nameOf(ROWS)}`, rows, false);
  }

  #amount(name: string, value: number, literal: boolean): Amount {
    if (literal) return value;
    const known = this.#extents.find((e) => e.name === name);
    if (known && known.value !== value) {
      return this.#amount(`${name}_2`, value, false);
    }
    if (!known) this.#extents.push({ name, value });
    return { extent: name };
  }

  /** What is a half's in terms of the pair; `axes` are the half's, by the pair's. */
  of({ nest, operands }: Half, axes: readonly number[]) {
    const access = ({ operand, steps, offset }: Access): Access => {
      const to = operands[operand]!,
        { name } = this.#operands[this.#operands[to]!.memory]!;
      const moved = steps.map((s) => {
        const axis = axes.indexOf(s.axis),
          stride = valueOf(nest, s.stride) as number;
        return {
          axis,
          stride: this.#amount(
            `${name}_${nameOf(axis)}`,
            stride,
            Math.abs(stride) <= 1,
          ),
        };
      });
      const start = valueOf(nest, offset) as number;
      return plain(
        to,
        moved.sort((a, b) => a.axis - b.axis),
        this.#amount(`${name}_start`, start, start === 0),
      );
    };
    const store = (s: Store): Store => {
      for (const e of postorder(s.value)) {
        const load = nest.loads.get(e);
        if (load) this.#loads.set(e, access(load));
      }
      return { ...s, access: access(s.access) };
    };
    return { access, store };
  }

  nest(name: string, lengths: readonly number[]): Nest {
    const short = lengths[TERMS]! > 0 ? 4 : lengths[TIMES]! > 1 ? 3 : 2;
    const axes = lengths.slice(0, short).map((n, axis) => ({
      name: nameOf(axis),
      length: this.#amount(`n_${nameOf(axis)}`, n, axis > COLUMNS),
    }));
    return {
      name,
      operands: this.#operands,
      inputs: this.pair.inputs,
      axes,
      outer: [ROWS],
      written: [],
      tile: false,
      stages: [],
      loads: this.#loads,
      position: new Map(),
      lengths: new Map(),
      extents: this.#extents,
      splits: true,
    };
  }
}

function nameOf(axis: number): string {
  return "ijkl"[axis]!;
}
