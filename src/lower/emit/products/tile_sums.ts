/** The sums of a tile: what the inner loop does in registers. */
import { address } from "../expression.ts";
import type { Tiling } from "./tiling.ts";
import { amount, block, line, type Scope, type Writer } from "../writer.ts";

/** A tile at its place in the result. */
export interface Tile {
  readonly tall: number;
  readonly wide: number;
  /** The first row and the first column. */
  readonly row: string;
  readonly column: string;
  /** Rows, and columns of each, that others have stored. */
  readonly skip: string;
  readonly from: string;
}

/** Adds up the terms of every element of a tile, in vectors that the caller has set to 0. */
export function sumTile(t: Tiling, tile: Tile, scope: Scope): void {
  if (t.along === "columns") sumAlongColumns(t, tile, scope);
  else sumAlongInner(t, tile, scope);
}

/** scope where rows are `row` behind the tile's first and columns at `column`. */
export function within(
  t: Tiling,
  scope: Scope,
  row: number | string,
  column: string,
): Scope {
  const { rows, columns } = t;
  const variables = new Map([...scope.variables, [columns, column]]);
  if (rows >= 0) variables.set(rows, plus(scope.variables.get(rows)!, row));
  return { ...scope, variables };
}

/** scope where rows are counted from the tile's first. */
export function placed({ rows }: Tiling, { row }: Tile, scope: Scope): Scope {
  const variables = new Map(scope.variables);
  if (rows >= 0) variables.set(rows, row);
  return { ...scope, variables };
}

/** The sum of row r and vector v; the first of several is what the others are added to. */
export function sumName(r: number, v: number, part: number): string {
  return part === 0 ? `a${r}_${v}` : `a${r}_${v}_${part}`;
}

/** Rows of the right factor that are fetched ahead of their use: they are too far apart for the machine to foresee them. */
const AHEAD = 16;

function sumAlongColumns(
  t: Tiling,
  { tall, wide, column: first }: Tile,
  scope: Scope,
): void {
  const { c: { nest, inner }, left, right, lanes, deep, few } = t,
    { writer } = scope,
    { name: k, length } = nest.axes[inner]!,
    n = amount(length),
    ends = few !== null && few % lanes > 0;
  const ahead = few !== null || typeof length === "number" ? 0 : AHEAD;
  const term = (part: number, last = false) => {
    const here = (part: number, s: Scope): Scope => ({
      ...s,
      variables: new Map([...s.variables, [
        inner,
        last ? `(${n} - 1)` : plus(k, part),
      ]]),
    });
    for (const v of upTo(wide)) {
      const to = column(first, v * lanes),
        at = (part: number): Scope => here(part, within(t, scope, 0, to));
      line(
        writer,
        `const KERNEL_vector w${v} = ${
          last && v === wide - 1 ? "end" : vector(address(right, at(part)))
        };`,
      );
      if (ahead > 0) {
        line(writer, `__builtin_prefetch(&${address(right, at(ahead))});`);
      }
    }
    for (const r of upTo(tall)) {
      const u = address(left, here(part, within(t, scope, r, first)));
      multiply({ r, wide, part }, `${u} - (KERNEL_vector){0}`, writer);
    }
  };
  const past = ends ? `${n} - 1` : n;
  if (deep === 1) {
    block(
      writer,
      `for (int64_t ${k} = 0; ${k} < ${past}; ${k}++) {`,
      () => term(0),
    );
  } else {
    line(writer, `int64_t ${k} = 0;`);
    block(
      writer,
      `for (; ${k} + ${deep} <= ${past}; ${k} += ${deep}) {`,
      () => {
        for (const part of upTo(deep)) block(writer, "{", () => term(part));
      },
    );
    block(writer, `for (; ${k} < ${past}; ${k}++) {`, () => term(0));
  }
  if (ends) {
    block(
      writer,
      typeof length === "number" ? "{" : `if (${n} > 0) {`,
      () => term(0, true),
    );
  }
  for (const half of halves(deep)) {
    for (const r of upTo(tall)) {
      for (const v of upTo(wide)) {
        for (const part of upTo(half)) {
          line(
            writer,
            `${sumName(r, v, part)} += ${sumName(r, v, part + half)};`,
          );
        }
      }
    }
  }
}

function sumAlongInner(
  t: Tiling,
  { tall, wide, column: first }: Tile,
  scope: Scope,
): void {
  const { c: { nest, inner }, left, right, lanes } = t,
    { writer } = scope,
    k = nest.axes[inner]!.name,
    n = amount(nest.axes[inner]!.length);
  const loads = (load: (element: string) => string, at: string) => {
    const here = (s: Scope): Scope => ({
      ...s,
      variables: new Map([...s.variables, [inner, at]]),
    });
    for (const v of upTo(wide)) {
      line(
        writer,
        `const KERNEL_vector w${v} = ${
          load(address(right, here(within(t, scope, 0, column(first, v)))))
        };`,
      );
    }
    for (const r of upTo(tall)) {
      const u = address(left, here(within(t, scope, r, first)));
      multiply({ r, wide, part: 0 }, load(u), writer);
    }
  };
  block(
    writer,
    `for (int64_t ${k} = 0; ${k} + ${lanes} <= ${n}; ${k} += ${lanes}) {`,
    () => loads(vector, k),
  );
  block(writer, `if (${n} % ${lanes}) {`, () => {
    line(
      writer,
      `const int64_t last = ${n} - ${lanes}, skip = ${lanes} - ${n} % ${lanes};`,
    );
    loads((element) => `KERNEL_last(&${element}, skip)`, "last");
  });
}

/**
 * Sums the lanes of every vector of row r, each in a fixed order: in pairs, in
 * halves of which two vectors share one. Element by element, they lie in the
 * lanes of the results.
 */
export function foldRow(
  { lanes, wide }: Pick<Tiling, "lanes" | "wide">,
  r: number,
  writer: Writer,
): string[] {
  const folded: string[] = [];
  for (let first = 0; first < wide; first += lanes) {
    const count = Math.min(lanes, wide - first);
    let names = upTo(count).map((v) => sumName(r, first + v, 0));
    for (const half of halves(lanes)) {
      names = upTo(Math.ceil(names.length / 2)).map((pair) => {
        const x = names[2 * pair]!,
          y = names[2 * pair + 1] ?? x,
          name = `f${r}_${first + pair}_${half}`;
        line(
          writer,
          `const KERNEL_vector ${name} = KERNEL_fold${half}(${x}, ${y});`,
        );
        return name;
      });
    }
    folded.push(names[0]!);
  }
  return folded;
}

/** The function that reads the last vector of an array, without what another has. */
export function lastText(
  lanes: number,
  type: string,
  inline: string,
): string[] {
  return [
    `/* Lanes from \`skip\` on; 0 before. */`,
    `${inline} KERNEL_vector KERNEL_last(const ${type} *x, int64_t skip) {`,
    "  KERNEL_vector y = *(const KERNEL_vector *)x;",
    `  for (int lane = 0; lane < ${lanes}; lane++) y[lane] = lane < skip ? 0 : y[lane];`,
    "  return y;",
    "}",
  ];
}

/** The functions that foldRow calls: a half of every group of lanes is added to the other half, for two vectors at once. */
export function foldText(lanes: number, inline: string): string[] {
  return halves(lanes).flatMap((half) => {
    const side = (from: number) =>
      upTo(2).flatMap((vector) =>
        upTo(lanes / (2 * half)).flatMap((group) =>
          upTo(half).map((lane) =>
            vector * lanes + group * 2 * half + from + lane
          )
        )
      );
    const take = (from: number) =>
      `DAMO_LANES(KERNEL_lanes, x, y, ${side(from).join(", ")})`;
    return [
      `${inline} KERNEL_vector KERNEL_fold${half}(KERNEL_vector x, KERNEL_vector y) {`,
      `  return ${take(0)} +`,
      `    ${take(half)};`,
      "}",
    ];
  });
}

/** Adds u times every vector to the sums of row r, while u is at hand. */
export function multiply(
  { r, wide, part }: {
    readonly r: number;
    readonly wide: number;
    readonly part: number;
  },
  u: string,
  writer: Writer,
): void {
  line(writer, `const KERNEL_vector u${r} = ${u};`);
  for (const v of upTo(wide)) {
    const sum = sumName(r, v, part);
    line(writer, `${sum} = KERNEL_fma(u${r}, w${v}, ${sum});`);
  }
}

/** n / 2, n / 4, …, 1. */
export function halves(lanes: number): number[] {
  return lanes === 1 ? [] : [lanes / 2, ...halves(lanes / 2)];
}

function vector(element: string): string {
  return `*(const KERNEL_vector *)&${element}`;
}

/** The sum of two positions, without zeros. */
export function column(at: string, more: number | string): string {
  if (at === "0") return String(more);
  return more === 0 ? at : `${at} + ${more}`;
}

export function plus(variable: string, n: number | string): string {
  return n === 0 ? variable : `${variable} + ${n}`;
}

export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
