/**
 * Long reductions over everything: in parts, whose results are combined in
 * their order. Threads share the parts, and since how many there are depends on
 * nothing else, neither do the bits of the result.
 */
import type { Dtype } from "../../graph/dtype.ts";
import type { Expr } from "../../graph/loops.ts";
import { postorder } from "./access.ts";
import { kernelOf, scopeOf } from "./c.ts";
import { isPositional } from "./combine.ts";
import { laneTypes, reduceInRow } from "./reduce.ts";
import type { Plan } from "./implementation.ts";
import {
  type Access,
  computed,
  isPlain,
  type Nest,
  type NestAxis,
  plain,
  type Reduce,
  valueOf,
} from "./nest.ts";
import { declare, PART, partOf, PARTS } from "./part.ts";
import type { Kernel } from "../program.ts";
import { amount, close, line, open } from "./writer.ts";

/** How many parts there are, some of them empty. */
const COUNT = 64;

/** Elements that a part has at least, and a multiple of what it has where they lie in a row. */
const FEWEST = 16384, GRANULE = 64;

const COUNT_EXTENT = { name: PARTS, value: COUNT };

/** A reduction in two steps. */
export interface InParts {
  /** Leaves a result for each part. */
  readonly each: { readonly nest: Nest; readonly kernel: Kernel };
  /** Reduces those, and stores what is wanted. */
  readonly whole: Nest;
  /** The results of the parts. */
  readonly parts: NonNullable<Plan["parts"]>;
}

/** A reduction to one value in two steps, or null where it is short or does not come apart. */
export function inParts(nest: Nest): InParts | null {
  const [reduce, ...rest] = nest.stages;
  if (
    nest.outer.length > 0 || reduce?.kind !== "reduce" ||
    isPositional(reduce.combine) ||
    rest.some((s) => s.kind !== "store" || s.axes.length > 0) ||
    !isLong(nest, reduce) || !comesApart(nest, reduce)
  ) return null;
  const dtype = computed(reduce.dtype);
  return {
    each: eachOf(nest, reduce, dtype),
    whole: wholeOf(
      { ...nest, extents: [COUNT_EXTENT, ...nest.extents] },
      {
        axis: PART,
        dtype,
        access: plain(nest.inputs, [{ axis: reduce.axes[0]!, stride: 1 }]),
      },
    ),
    parts: { dtype, length: COUNT },
  };
}

function isLong(nest: Nest, { axes }: Reduce): boolean {
  const lengths = axes.map((a) => valueOf(nest, nest.axes[a]!.length));
  return lengths.length > 0 &&
    lengths.reduce<number>(
        (n, length) => n * (typeof length === "number" ? length : Infinity),
        1,
      ) > FEWEST;
}

/** True if a part of the first axis is a reduction like the whole: positions along it are those of plain accesses. */
function comesApart(nest: Nest, { axes, value }: Reduce): boolean {
  return postorder(value).every((e) =>
    e.kind === "axis"
      ? nest.position.get(e.axis) !== axes[0]
      : e.kind !== "load" || isPlain(nest.loads.get(e)!)
  );
}

/** The part's own beginning and length take the place of the first axis's. */
function eachOf(nest: Nest, reduce: Reduce, dtype: Dtype): InParts["each"] {
  const axis = reduce.axes[0]!,
    { nest: part, starts } = partOf(nest, {
      axis,
      from: "first",
      length: "length",
    });
  const own: Nest = {
    ...part,
    operands: [
      ...nest.operands.slice(0, nest.inputs),
      { name: "y", dtype, memory: nest.inputs },
    ],
    axes: [...part.axes, PART],
    outer: [nest.axes.length],
    stages: [reduce],
    extents: [COUNT_EXTENT, ...nest.extents],
    splits: true,
  };
  const granule = reduce.axes.length === 1 ? GRANULE : 1,
    all = amount(nest.axes[axis]!.length);
  const kernel = kernelOf(own, laneTypes(own), (writer) => {
    const even = `(${all} + ${COUNT * granule - 1}) / ${COUNT * granule}`;
    if (granule === 1) line(writer, `const int64_t most = ${even};`);
    else {
      line(writer, `const int64_t even = ${even} * ${granule};`);
      line(
        writer,
        `const int64_t most = even > ${FEWEST} ? even : ${FEWEST};`,
      );
    }
    const scope = scopeOf(own, writer);
    open(scope, nest.axes.length);
    line(
      writer,
      `const int64_t first = part * most < ${all} ? part * most : ${all};`,
    );
    line(
      writer,
      `const int64_t length = ${all} - first < most ? ${all} - first : most;`,
    );
    declare(starts, writer);
    reduceInRow(scope, reduce, 0);
    line(writer, "y[part] = s0;");
    close(scope);
  });
  return { nest: own, kernel };
}

/** What the parts of a reduction left. */
interface Found {
  /** Takes the place of the first axis that is reduced. */
  readonly axis: NestAxis;
  readonly dtype: Dtype;
  /** Of a part's result: its operand comes behind the nest's inputs. */
  readonly access: Access;
}

/** The reduction of what the parts left, and what is stored of it. */
export function wholeOf(nest: Nest, { axis, dtype, access }: Found): Nest {
  const [reduce] = nest.stages,
    along = reduce!.axes[0]!,
    part: Expr = { kind: "load", input: nest.inputs, index: [], dtype };
  const moved = (operand: number) =>
    operand < nest.inputs ? operand : operand + 1;
  const all = nest.operands.map((o) => ({ ...o, memory: moved(o.memory) }));
  return {
    ...nest,
    operands: [
      ...all.slice(0, nest.inputs),
      { name: "found", dtype, memory: nest.inputs },
      ...all.slice(nest.inputs),
    ],
    inputs: nest.inputs + 1,
    axes: nest.axes.map((a, i) => i === along ? axis : a),
    stages: nest.stages.map((s) =>
      s.kind === "reduce"
        ? { ...s, axes: [along], value: part }
        : s.kind === "store"
        ? { ...s, access: { ...s.access, operand: moved(s.access.operand) } }
        : s
    ),
    loads: new Map([...nest.loads, [part, access]]),
  };
}
