/** What a graph knows of a value before it exists: its kind, dtype and lengths. */
import { checkDtype, type Dtype } from "./dtype.ts";

/**
 * The length of an axis: a number, null when unknown, or a name. Equal names
 * are equal lengths, checked at the call.
 */
export type Dim = number | null | string;

/** A dense array of known rank. Only an axis of length 1 broadcasts. */
export interface DenseType {
  /** Tells the types apart. */
  readonly kind: "dense";
  /** Of its elements. */
  readonly dtype: Dtype;
  /** The length of each axis. */
  readonly shape: readonly Dim[];
}

/** A sparse matrix, compressed by rows or by columns. */
export interface SparseType {
  /** Tells the types apart. */
  readonly kind: "sparse";
  /** Compressed by rows or by columns. */
  readonly format: "csr" | "csc";
  /** Of its elements. */
  readonly dtype: Dtype;
  /** Rows and columns. */
  readonly shape: readonly [Dim, Dim];
}

/** The type of a Variable. */
export type Type = DenseType | SparseType;

/** A dense type. TypeError: there is no such dtype. */
export function dense(dtype: Dtype, shape: readonly Dim[]): DenseType {
  return { kind: "dense", dtype: checkDtype(dtype), shape };
}

/** A type in words, for errors and prints: `float32 (?, 3)`. */
export function describeType(type: Type): string {
  const dims = type.shape.map((d) => d ?? "?").join(", ");
  const lead = type.kind === "sparse" ? `${type.format} ` : "";
  return `${lead}${type.dtype} (${dims}${type.shape.length === 1 ? "," : ""})`;
}

/** True if a value of type `from` may stand where `to` is expected: `from` says as much or more. */
export function fits(from: Type, to: Type): boolean {
  return from.kind === to.kind && from.dtype === to.dtype &&
    from.shape.length === to.shape.length &&
    from.shape.every((d, i) => {
      const want = to.shape[i]!;
      return d === want ||
        (want !== 1 && (typeof want !== "number" || typeof d !== "number"));
    });
}
