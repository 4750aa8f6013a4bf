/**
 * Products of matrices by a BLAS: c + alpha * x y, where layouts and lengths are
 * for it. Large ones are a call for each of some ranges of columns or rows,
 * which threads share; how many depends on lengths alone, and so do the bits.
 */
import type { Expr } from "../../../graph/loops.ts";
import { printBehind } from "./behind.ts";
import { bind, workOf } from "../bind.ts";
import type { Contraction, Linear } from "./contraction.ts";
import { kernelOf, printLoops, scopeOf } from "../c.ts";
import { literal, render } from "../expression.ts";
import type { Implementation } from "../implementation.ts";
import {
  type Access,
  type Amount,
  type Nest,
  strideOf,
  valueOf,
} from "../nest.ts";
import { cutEvenly, MOST, overParts, partOf, PARTS } from "../part.ts";
import { amount, line, type Writer } from "../writer.ts";

/** A contraction that a BLAS can compute. */
type LinearContraction = Contraction & { readonly linear: Linear };

/** A matrix for BLAS: transposed if its first axis is the contiguous one. */
interface Matrix {
  readonly access: Access;
  readonly transposed: boolean;
  readonly leading: Amount;
}

/** A product as BLAS takes it. */
interface Call {
  /** sgemm or dgemm. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly x: Matrix;
  readonly y: Matrix;
  readonly z: Matrix;
}

/** The kernel that calls BLAS, and the line that says so; null where a layout or a length is not for it. */
export function blasKernel(
  c: Contraction,
): { readonly step: Implementation; readonly note: string } | null {
  if (!c.linear) return null;
  const nest: Nest = { ...c.nest, splits: false, tile: false },
    whole: LinearContraction = { ...c, linear: c.linear, nest };
  const integers = [
    ...nest.axes.map((a) => a.length),
    ...accesses(whole).flatMap((a) => a.steps.map((s) => s.stride)),
  ];
  const call = integers.every((a) => isInt(nest, a)) &&
      nest.outer.length === 2
    ? callOf(whole)
    : null;
  if (!call) return null;
  const shared = inRanges(whole, call);
  if (shared) return shared;
  const kernel = kernelOf(nest, [], (writer) => {
    fillFirst(whole, writer);
    leaveEmpty(whole, writer);
    print(whole, call, writer);
    printBehind(whole, writer);
  });
  return { step: bind(nest, kernel), note: call.name };
}

/** The call for a whole product; null where a matrix does not lie as BLAS wants it. */
function callOf(c: LinearContraction): Call | null {
  const { nest, store, inner, factors, dtype } = c,
    [a, b] = nest.outer as [number, number];
  const [rows, columns] = isUnit(strideOf(store.access, b)) ? [a, b] : [b, a];
  const left = factors.find((f) => strideOf(f, rows) !== 0),
    right = factors.find((f) => strideOf(f, columns) !== 0);
  if (
    !left || !right || left === right || strideOf(left, columns) !== 0 ||
    strideOf(right, rows) !== 0
  ) return null;
  const x = matrix(nest, left, rows, inner),
    y = matrix(nest, right, inner, columns),
    z = matrix(nest, store.access, rows, columns);
  return x && y && z && !z.transposed
    ? { name: `${dtype === "float32" ? "s" : "d"}gemm`, rows, columns, x, y, z }
    : null;
}

/** Columns or rows that a call has at least, and most calls; two may have fewer. */
const CUT = { fewest: 128, limit: 16 }, HALVES = { fewest: 96, limit: 2 };

/** Terms in all from which on threads share a product. */
const LARGE = 1 << 21;

/** What a range's beginning and length are called. */
const NAMES = { from: "from", length: "length" };

/** The kernel with a call for each range of columns or rows, of which there are more; null where lengths are not known, or small. */
function inRanges(
  c: LinearContraction,
  call: Call,
): ReturnType<typeof blasKernel> {
  const { nest, inner, factors: [left, right] } = c;
  const lengthOf = (axis: number) => {
    const n = valueOf(nest, nest.axes[axis]!.length);
    return typeof n === "number" ? n : 0;
  };
  const axes = lengthOf(call.rows) < lengthOf(call.columns)
      ? [call.columns, call.rows]
      : [call.rows, call.columns],
    cuts = [CUT, HALVES].flatMap((rule) =>
      axes.map((axis) => cutEvenly(lengthOf(axis), rule))
    ),
    at = cuts.findIndex((cut) => cut),
    cut = cuts[at];
  const terms = [inner, ...axes].reduce((n, axis) => n * lengthOf(axis), 1);
  if (!cut || terms < LARGE) return null;
  const axis = axes[at % axes.length]!,
    part = partOf(nest, { axis, ...NAMES }),
    moved = (m: Matrix): Matrix => ({ ...m, access: part.move(m.access) });
  const extents = [
    { name: PARTS, value: cut.count },
    ...nest.extents,
    { name: MOST, value: cut.most },
  ];
  const own: LinearContraction = {
    ...c,
    nest: { ...part.nest, extents },
    factors: [part.move(left), part.move(right)],
    store: { ...c.store, access: part.move(c.store.access) },
  };
  const mine = {
    ...call,
    x: moved(call.x),
    y: moved(call.y),
    z: moved(call.z),
  };
  const kernel = kernelOf(
    own.nest,
    [],
    (writer) =>
      overParts(nest, { axis, ...NAMES, starts: part.starts }, writer, () => {
        fillFirst(own, writer);
        print(own, mine, writer);
        printBehind(own, writer);
      }),
  );
  return {
    step: { ...bind(own.nest, kernel, workOf(nest)), splits: true },
    note: `${call.name} in ${cut.count} ranges of ${
      axis === call.columns ? "columns" : "rows"
    }`,
  };
}

function print(c: LinearContraction, call: Call, writer: Writer): void {
  const { nest, inner } = c, { name, rows, columns, x, y, z } = call;
  const [m, n, k] = [rows, columns, inner].map((at) => length(nest, at));
  line(
    writer,
    `ctx->blas->${name}(101, ${transpose(x)}, ${
      transpose(y)
    }, ${m}, ${n}, ${k}, ${scaleText(c, writer)},`,
  );
  line(
    writer,
    `  ${pointer(nest, x)}, ${ld(x)}, ${pointer(nest, y)}, ${ld(y)}, ${
      beta(c)
    }, ${pointer(nest, z)}, ${ld(z)});`,
  );
}

/** Stores a value everywhere. */
function fill(
  { nest, store }: LinearContraction,
  value: Expr,
  writer: Writer,
): void {
  printLoops(
    { ...nest, stages: [{ ...store, value, independent: true }] },
    writer,
  );
}

/** Puts what is added to the product where that goes, unless it is there. */
function fillFirst(c: LinearContraction, writer: Writer): void {
  const { nest, store, linear: { added } } = c,
    access = added && nest.loads.get(added);
  const inPlace = access &&
    nest.operands[access.operand]!.memory === store.access.operand;
  if (added && !inPlace) fill(c, added, writer);
}

/** The cases that BLAS does not define. */
function leaveEmpty(c: LinearContraction, writer: Writer): void {
  const { nest, linear: { added } } = c;
  const known = (axis: number) => typeof nest.axes[axis]!.length === "number";
  const empty = nest.outer.filter((a) => !known(a)).map((a) =>
    `${length(nest, a)} == 0`
  );
  if (known(c.inner)) {
    if (empty.length > 0) {
      line(writer, `if (${empty.join(" || ")}) return DAMO_OK;`);
    }
    return;
  }
  if (added && !c.behind) {
    return line(
      writer,
      `if (${
        [...empty, `${length(nest, c.inner)} == 0`].join(" || ")
      }) return DAMO_OK;`,
    );
  }
  line(writer, `if (${length(nest, c.inner)} == 0) {`);
  writer.depth++;
  if (!added) {
    fill(c, { kind: "constant", value: 0, dtype: c.dtype }, writer);
  }
  printBehind(c, writer);
  line(writer, "return DAMO_OK;");
  writer.depth--;
  line(writer, "}");
  if (empty.length > 0) {
    line(writer, `if (${empty.join(" || ")}) return DAMO_OK;`);
  }
}

function matrix(
  nest: Nest,
  access: Access,
  rows: number,
  columns: number,
): Matrix | null {
  const [down, across] = [strideOf(access, rows), strideOf(access, columns)];
  const spans = (stride: Amount, axis: number) => {
    const ld = valueOf(nest, stride),
      n = valueOf(nest, nest.axes[axis]!.length);
    return typeof ld !== "number" || typeof n !== "number" ||
      ld >= Math.max(1, n);
  };
  if (isUnit(across) && down !== 0 && spans(down, columns)) {
    return { access, transposed: false, leading: down };
  }
  if (isUnit(down) && across !== 0 && spans(across, rows)) {
    return { access, transposed: true, leading: across };
  }
  return null;
}

function accesses(
  { nest, factors, store, linear: { added } }: LinearContraction,
): Access[] {
  const c = added && nest.loads.get(added);
  return [...factors, store.access, ...(c ? [c] : [])];
}

function isUnit(stride: Amount): boolean {
  return stride === 1;
}

/** Fits the int of BLAS; what only the run knows is taken to. */
function isInt(nest: Nest, a: Amount): boolean {
  const value = valueOf(nest, a);
  return typeof value !== "number" || Math.abs(value) < 2 ** 31;
}

function length(nest: Nest, axis: number): string {
  return amount(nest.axes[axis]!.length);
}

function pointer(nest: Nest, { access: { operand, offset } }: Matrix): string {
  const { name } = nest.operands[nest.operands[operand]!.memory]!;
  return offset === 0 ? name : `${name} + ${amount(offset)}`;
}

function ld({ leading }: Matrix): string {
  return amount(leading);
}

/** CblasNoTrans or CblasTrans. */
function transpose({ transposed }: Matrix): string {
  return transposed ? "112" : "111";
}

function beta({ linear: { added }, dtype }: LinearContraction): string {
  return literal(added ? 1 : 0, dtype);
}

function scaleText(
  { nest, linear: { scale }, dtype }: LinearContraction,
  writer: Writer,
): string {
  return scale ? render(scale, scopeOf(nest, writer)) : literal(1, dtype);
}
