/**
 * Products of matrices and vectors: nests that sum a product of two loads over
 * one axis, c + alpha * sum_k x[i, k] * y[k, j]. A BLAS multiplies matrices
 * where the layouts allow. Vectors are left to the loops, which are as fast
 * (memory is the limit), split among threads, and do not depend on the BLAS.
 */
import type { Dtype } from "../graph/dtype.ts";
import type { Expr } from "../graph/loops.ts";
import { kernelOf, printLoops, scopeOf } from "./emit_c.ts";
import { literal, render } from "./expression.ts";
import {
  type Access,
  type Amount,
  isPlain,
  type Nest,
  type Store,
  strideOf,
  valueOf,
} from "./nest.ts";
import type { Kernel } from "./program.ts";
import { amount, line, type Writer } from "./writer.ts";

/** A sum over one axis of a product of two loads, and what becomes of it. */
export interface Contraction {
  readonly nest: Nest;
  readonly dtype: "float32" | "float64";
  /** The summed axis. */
  readonly inner: number;
  readonly factors: readonly [Access, Access];
  readonly store: Store;
  /** What is stored, where it is of the form that a BLAS computes. */
  readonly linear: Linear | null;
}

/** added + scale * sum. */
interface Linear {
  /** null for nothing. */
  readonly added: Expr | null;
  /** null for 1. */
  readonly scale: Expr | null;
}

/** A contraction that a BLAS can compute. */
type LinearContraction = Contraction & { readonly linear: Linear };

/** The contraction that a nest is, or null. */
export function contractionOf(nest: Nest): Contraction | null {
  const [sum, store] = nest.stages;
  if (
    nest.stages.length !== 2 || sum?.kind !== "reduce" ||
    store?.kind !== "store" || store.accumulate || store.axes.length > 0
  ) return null;
  const { dtype } = sum;
  if (
    sum.combine !== "sum" || sum.axes.length !== 1 ||
    (dtype !== "float32" && dtype !== "float64")
  ) return null;
  const factors = product(sum.value)?.map((e) => plain(nest, e, dtype));
  if (
    !factors?.[0] || !factors[1] ||
    nest.operands[store.access.operand]!.dtype !== dtype
  ) return null;
  if (store.access.jumps.length > 0 || store.access.offset !== 0) return null;
  return {
    nest,
    dtype,
    inner: sum.axes[0]!,
    factors: [factors[0], factors[1]],
    store,
    linear: linearOf(nest, store.value, dtype),
  };
}

/** The factors of a product. */
export function product(e: Expr): readonly [Expr, Expr] | null {
  return e.kind === "call" && e.name === "mul"
    ? [e.args[0]!, e.args[1]!]
    : null;
}

/** The access of a load without computed positions. */
export function plain(nest: Nest, e: Expr, dtype: Dtype): Access | null {
  const access = e.kind === "load" && e.dtype === dtype
    ? nest.loads.get(e)!
    : null;
  return access && isPlain(access) && access.offset === 0 ? access : null;
}

/** Reads c + alpha * stage from a stored value, in any order and with parts absent. */
function linearOf(nest: Nest, value: Expr, dtype: Dtype): Linear | null {
  const scaled = (e: Expr): { scale: Expr | null } | null => {
    if (e.kind === "stage") return { scale: null };
    const parts = product(e),
      at = parts?.findIndex((x) => x.kind === "stage") ?? -1;
    const scale = parts && at >= 0 ? parts[1 - at]! : null;
    return scale && isScalar(nest, scale, dtype) ? { scale } : null;
  };
  const alone = scaled(value);
  if (alone) return { added: null, ...alone };
  if (value.kind !== "call" || value.name !== "add") return null;
  for (
    const [c, e] of [[value.args[0]!, value.args[1]!], [
      value.args[1]!,
      value.args[0]!,
    ]] as const
  ) {
    const found = scaled(e);
    if (found && (plain(nest, c, dtype) || c.kind === "constant")) {
      return { added: c, ...found };
    }
  }
  return null;
}

/** Whether an expression is the same for all elements. */
export function isScalar(nest: Nest, e: Expr, dtype: Dtype): boolean {
  return e.kind === "constant" || plain(nest, e, dtype)?.steps.length === 0;
}

/** A matrix for BLAS: transposed if its first axis is the contiguous one. */
interface Matrix {
  readonly operand: number;
  readonly transposed: boolean;
  readonly leading: Amount;
}

/** A kernel that calls BLAS, and the line that says so; null where a layout or a length is not for it. */
export function blasKernel(
  c: Contraction,
): { readonly kernel: Kernel; readonly note: string } | null {
  if (!c.linear) return null;
  const whole: LinearContraction = {
      ...c,
      linear: c.linear,
      nest: { ...c.nest, splits: false, tile: false },
    },
    { nest } = whole;
  if (
    ![
      ...nest.axes.map((a) => a.length),
      ...accesses(whole).flatMap((a) => a.steps.map((s) => s.stride)),
    ].every((a) => isInt(nest, a))
  ) return null;
  const printed = nest.outer.length === 2 ? gemm(whole) : null;
  return printed &&
    { kernel: kernelOf(nest, [], printed.print), note: printed.note };
}

interface Printed {
  readonly note: string;
  readonly print: (writer: Writer) => void;
}

function gemm(c: LinearContraction): Printed | null {
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
  if (!x || !y || !z || z.transposed) return null;
  const name = `${dtype === "float32" ? "s" : "d"}gemm`,
    [m, n, k] = [rows, columns, inner].map((at) => length(nest, at));
  return {
    note: name,
    print: (writer) => {
      start(c, writer);
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
    },
  };
}

/** What comes before the call: c where the result goes, and the cases that BLAS does not define. */
function start(c: LinearContraction, writer: Writer): void {
  const { nest, store, linear: { added } } = c,
    access = added && nest.loads.get(added);
  const inPlace = access &&
    nest.operands[access.operand]!.memory === store.access.operand;
  const fill = (value: Expr) =>
    printLoops(
      { ...nest, stages: [{ ...store, value, independent: true }] },
      writer,
    );
  if (added && !inPlace) fill(added);
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
  if (added) {
    return line(
      writer,
      `if (${
        [...empty, `${length(nest, c.inner)} == 0`].join(" || ")
      }) return DAMO_OK;`,
    );
  }
  line(writer, `if (${length(nest, c.inner)} == 0) {`);
  writer.depth++;
  fill({ kind: "constant", value: 0, dtype: c.dtype });
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
    return { operand: access.operand, transposed: false, leading: down };
  }
  if (isUnit(down) && across !== 0 && spans(across, rows)) {
    return { operand: access.operand, transposed: true, leading: across };
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

function nameOf(nest: Nest, operand: number): string {
  return nest.operands[nest.operands[operand]!.memory]!.name;
}

function pointer(nest: Nest, { operand }: Matrix): string {
  return nameOf(nest, operand);
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
