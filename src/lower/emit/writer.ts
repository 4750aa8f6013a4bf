/** Lines of C under construction, and the names in force where they stand. */
import type { Expr } from "../../graph/loops.ts";
import type { Amount, Nest } from "./nest.ts";

/** Lines of C under construction. */
export interface Writer {
  readonly lines: string[];
  depth: number;
  /** Temporaries named so far. */
  temporaries: number;
}

/** Where an expression is rendered: what its axes and stages are called here. */
export interface Scope {
  readonly nest: Nest;
  readonly writer: Writer;
  /** By loop of the nest: its variable, or a sum. */
  readonly variables: ReadonlyMap<number, string>;
  /** By stage: the variable that holds what it found. */
  readonly results: readonly string[];
  /** Expressions that are already in a temporary. */
  readonly names: ReadonlyMap<Expr, string>;
  /** The type of temporaries where values are whole vectors; unless given, that of their dtype. */
  readonly kept?: string;
}

/** Appends a line at the current depth. */
export function line(writer: Writer, text: string): void {
  writer.lines.push("  ".repeat(writer.depth) + text);
}

/** An integer of the kernel as C. */
export function amount(a: Amount): string {
  return typeof a === "number" ? String(a) : a.extent;
}

/** Where a loop of the nest begins and ends, in C: the one that splits runs over [lo, hi). */
export function rangeOf(nest: Nest, axis: number): [from: string, to: string] {
  return nest.splits && axis === nest.outer[0]
    ? ["lo", "hi"]
    : ["0", amount(nest.axes[axis]!.length)];
}

/** `for (int64_t i = 0; i < n_i; i++) {`. */
export function open(scope: Scope, axis: number): void {
  const { nest, writer } = scope, { name } = nest.axes[axis]!;
  const [from, to] = rangeOf(nest, axis);
  line(writer, `for (int64_t ${name} = ${from}; ${name} < ${to}; ${name}++) {`);
  writer.depth++;
}

/** Ends the innermost loops. */
export function close({ writer }: Scope, loops = 1): void {
  for (; loops > 0; loops--) {
    writer.depth--;
    line(writer, "}");
  }
}

/** Lines between `head` and its brace. */
export function block(writer: Writer, head: string, body: () => void): void {
  line(writer, head);
  writer.depth++;
  body();
  writer.depth--;
  line(writer, "}");
}
