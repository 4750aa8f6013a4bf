/**
 * Products of matrices and vectors: nests that sum a product of two loads over
 * one axis, c + alpha * sum_k x[i, k] * y[k, j]. A BLAS multiplies matrices
 * where the layouts allow. Vectors are left to the loops, which are as fast
 * (memory is the limit), split among threads, and do not depend on the BLAS.
 */
import type { Dtype } from "../../../graph/dtype.ts";
import type { Expr } from "../../../graph/loops.ts";
import { type Access, isPlain, type Nest, type Store } from "../nest.ts";

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
  /** What becomes of each element in a pass behind, of a load of what is stored; null where the store is all. */
  readonly behind: Expr | null;
}

/** added + scale * sum. */
export interface Linear {
  /** null for nothing. */
  readonly added: Expr | null;
  /** null for 1. */
  readonly scale: Expr | null;
}

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
    behind: null,
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
export function linearOf(
  nest: Nest,
  value: Expr,
  dtype: Dtype,
): Linear | null {
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
