/**
 * Products of few rows by a large matrix: in parts of the inner axis, whose
 * results are added in their order. So the matrix is cut by rows, as all that
 * writes it is, and a thread's rows stay in the caches of its core. How many
 * parts there are depends on lengths alone, and so do the bits of the result.
 */
import { type Dtype, DTYPES } from "../../../graph/dtype.ts";
import type { Expr } from "../../../graph/loops.ts";
import { bind, workOf } from "../bind.ts";
import type { Contraction } from "./contraction.ts";
import { kernelOf, printLoops } from "../c.ts";
import type { Implementation } from "../implementation.ts";
import { type Access, type Nest, plain, valueOf } from "../nest.ts";
import {
  cutEvenly,
  MOST,
  overParts,
  type Part,
  partOf,
  PARTS,
} from "../part.ts";
import { wholeOf } from "../reduction_parts.ts";
import { printTiles, vectorFunctions } from "./tile.ts";
import type { Tiling } from "./tiling.ts";
import type { Writer } from "../writer.ts";

/** A product in two steps. */
export interface InnerParts {
  readonly of: Contraction;
  /** The product of one part, without what becomes of the sum. */
  readonly each: Contraction;
  /** Adds the products, and stores what is wanted. */
  readonly whole: Nest;
  readonly dtype: Dtype;
  /** How many parts there are. */
  readonly count: number;
  /** Elements of the products together. */
  readonly length: number;
  readonly starts: Part["starts"];
}

/** Rows of the matrix that a part has at least, and most parts: a power of two, so that threads share them evenly. */
const CUT = { fewest: 128, limit: 16 };

/** Bytes of the matrix from which on threads share it. */
const LARGE = 1 << 18;

/** What a part's beginning and length are called. */
const NAMES = { from: "from", length: "terms" };

/** The parts of a product; null where lengths are not known, or it is too small to share. */
export function innerPartsOf(c: Contraction): InnerParts | null {
  const { nest, inner, dtype } = c, { size } = DTYPES[dtype];
  const lengths = [inner, ...nest.outer].map((axis) =>
    valueOf(nest, nest.axes[axis]!.length)
  );
  if (!nest.tile || !lengths.every((n) => typeof n === "number")) return null;
  const [terms, ...result] = lengths, cut = cutEvenly(terms!, CUT);
  if (!cut || terms! * result.at(-1)! * size < LARGE) return null;
  const elements = result.reduce((n, length) => n * length, 1),
    row = result.at(-1)!,
    part = partOf(nest, { axis: inner, ...NAMES });
  const partial = (along: number): Access =>
    plain(nest.inputs, [
      ...nest.outer.map((axis, at) => ({
        axis,
        stride: at === result.length - 1 ? 1 : { extent: "row" },
      })),
      { axis: along, stride: { extent: "elements" } },
    ]);
  const extents = [
    ...nest.extents,
    { name: "elements", value: elements },
    ...(result.length > 1 ? [{ name: "row", value: row }] : []),
  ];
  const sum: Expr = { kind: "stage", stage: 0, dtype },
    store = { ...c.store, access: partial(nest.axes.length), value: sum };
  const own: Nest = {
    ...part.nest,
    operands: [
      ...nest.operands.slice(0, nest.inputs),
      { name: "y", dtype, memory: nest.inputs },
    ],
    axes: [...part.nest.axes, { name: "part", length: { extent: PARTS } }],
    stages: [nest.stages[0]!, store],
    extents: [
      { name: PARTS, value: cut.count },
      ...extents,
      { name: MOST, value: cut.most },
    ],
    splits: false,
  };
  const [x, y] = c.factors;
  return {
    of: c,
    each: {
      ...c,
      nest: own,
      factors: [part.move(x), part.move(y)],
      store,
      linear: null,
    },
    whole: wholeOf({ ...nest, extents }, {
      axis: { name: "part", length: cut.count },
      dtype,
      access: partial(inner),
    }),
    dtype,
    count: cut.count,
    length: cut.count * elements,
    starts: part.starts,
  };
}

/** The kernel of a part's product: in tiles of registers, or as plain loops. */
export function innerKernel(
  { of, each, starts }: InnerParts,
  tiling: Tiling | null,
): Implementation {
  const { nest, factors } = each;
  const tiles: Tiling | null = tiling && {
    ...tiling,
    c: { ...each, nest: { ...nest, tile: false } },
    left: factors[of.factors.indexOf(tiling.left)]!,
    right: factors[of.factors.indexOf(tiling.right)]!,
    fewTerms: true,
    split: -1,
  };
  const types = tiles ? vectorFunctions({ ...tiles, dtype: each.dtype }) : [];
  const print = (writer: Writer) =>
    overParts(
      of.nest,
      { axis: of.inner, ...NAMES, starts },
      writer,
      () => tiles ? printTiles(tiles, writer) : printLoops(nest, writer),
    );
  return {
    ...bind(nest, kernelOf(nest, types, print), workOf(of.nest)),
    splits: true,
    outputs: [],
    parts: "written",
  };
}
