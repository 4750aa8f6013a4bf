/**
 * Printing short rows: where the rows of all operands lie one behind the other,
 * each stage runs over a block of them before the next begins. What it computes
 * of every element is one loop without tails, and is computed once for all
 * stages that use it.
 */
import type { Expr } from "../../graph/loops.ts";
import { postorder } from "./access.ts";
import { identity, isPositional, merge, valueDtype } from "./combine.ts";
import { address, bare, hoist, render } from "./expression.ts";
import {
  type Access,
  computed,
  isPlain,
  type Nest,
  type Reduce,
  type Store,
  typeName,
  valueOf,
} from "./nest.ts";
import { block, close, line, open, rangeOf, type Scope } from "./writer.ts";

/** Rows of a block: what is kept of them fits in the first cache. */
const ROWS = 32;

/** Rows that lie one behind the other. */
export interface Block {
  /** The loop over them: the last outer one; -1 where there is one row. */
  readonly rows: number;
  /** The loop along each, and its length. */
  readonly along: number;
  readonly length: number;
}

/** The rows that a nest reduces and then stores, if they are short and nothing lies between them. */
export function blockOf(nest: Nest): Block | null {
  const rows = nest.outer.at(-1) ?? -1,
    own = nest.stages.filter((s) => s.axes.length > 0),
    along = own[0]?.axes[0];
  if (nest.tile || along === undefined) return null;
  const { length } = nest.axes[along]!;
  if (typeof length !== "number") return null;
  const inRows = (access: Access) =>
    isPlain(access) && access.steps.some((s) => s.axis === along) &&
    access.steps.every(({ axis, stride }) =>
      axis !== along && axis !== rows ||
      valueOf(nest, stride) === (axis === along ? 1 : length)
    ) && (rows < 0 || access.steps.some((s) => s.axis === rows));
  const fits = own.every((s) =>
    s.axes.length === 1 && s.axes[0] === along &&
    (s.kind === "store" && !s.accumulate && inRows(s.access) ||
      s.kind === "reduce" && !isPositional(s.combine)) &&
    postorder(s.value).every((e) =>
      e.kind !== "load" || !moves(nest, e, along) || inRows(nest.loads.get(e)!)
    )
  );
  const both = own.some((s) => s.kind === "reduce") &&
    own.some((s) => s.kind === "store");
  return fits && both ? { rows, along, length } : null;
}

/** True if a load reaches another element at each step along a row. */
function moves(nest: Nest, e: Expr & { kind: "load" }, along: number): boolean {
  const { steps, jumps, guards } = nest.loads.get(e)!;
  return steps.some((s) => s.axis === along) ||
    [...jumps, ...guards].some((j) =>
      postorder(j.index, true).some((x) =>
        x.kind === "axis" && nest.position.get(x.axis) === along
      )
    );
}

/** All stages over one block of rows after the other; over the row where there is one. */
export function blockForm(
  given: Scope,
  shape: Block,
  storeRow: (scope: Scope, stage: Store) => void,
): void {
  const { nest, writer } = given, { rows, length } = shape;
  if (rows < 0) return overBlock(given, shape, storeRow);
  const i = nest.axes[rows]!.name, [from, to] = rangeOf(nest, rows);
  for (const a of nest.outer.slice(0, -1)) open(given, a);
  const results = nest.stages.map((_, s) => `s${s}[${i} - first]`);
  block(
    writer,
    `for (int64_t first = ${from}; first < ${to}; first += ${ROWS}) {`,
    () => {
      line(
        writer,
        `const int64_t past = ${to} - first < ${ROWS} ? ${to} : first + ${ROWS};`,
      );
      line(writer, `const int64_t elements = (past - first) * ${length};`);
      overBlock({ ...given, results }, shape, storeRow);
    },
  );
  close(given, nest.outer.length - 1);
}

function overBlock(
  scope: Scope,
  shape: Block,
  storeRow: (scope: Scope, stage: Store) => void,
): void {
  const { nest, writer } = scope;
  /** Of every element, in arrays: what stages share, and what is the same along a row. */
  const kept = new Map<Expr, string>(), place = { scope, shape, kept };
  nest.stages.forEach((stage, at) => {
    if (stage.kind === "check") return;
    if (stage.kind === "reduce") return reduceRows(place, stage, at);
    if (stage.axes.length > 0) {
      return overElements(
        place,
        stage.value,
        (text, s) => `${address(stage.access, s)} = ${text};`,
      );
    }
    if (stage.independent && shape.rows >= 0) {
      line(writer, "#pragma GCC ivdep");
    }
    overRows(place, () => storeRow(scope, stage));
  });
}

interface Place {
  readonly scope: Scope;
  readonly shape: Block;
  readonly kept: Map<Expr, string>;
}

function overRows(
  { scope: { nest, writer }, shape: { rows } }: Place,
  body: () => void,
): void {
  if (rows < 0) return body();
  const { name: i } = nest.axes[rows]!;
  block(writer, `for (int64_t ${i} = first; ${i} < past; ${i}++) {`, body);
}

/** The result of every row of the block, from pairs of elements in a fixed order. */
function reduceRows(place: Place, stage: Reduce, at: number): void {
  const { scope, shape: { rows, along, length }, kept } = place,
    { nest, writer } = scope,
    dtype = computed(stage.dtype),
    isLoad = stage.value.kind === "load" && moves(nest, stage.value, along);
  if (stage.axes.length > 0 && !isLoad) keep(place, stage.value);
  const array = kept.get(stage.value);
  const element = (j: number) =>
    array ? `${array}[${rows < 0 ? j : `row + ${j}`}]` : render(stage.value, {
      ...scope,
      variables: new Map([...scope.variables, [along, String(j)]]),
    });
  if (rows >= 0) line(writer, `${typeName(dtype)} s${at}[${ROWS}];`);
  overRows(place, () => {
    if (array && rows >= 0) {
      const { name: i } = nest.axes[rows]!;
      line(writer, `const int64_t row = (${i} - first) * ${length};`);
    }
    const count = stage.axes.length > 0 ? length : 1;
    const terms = Array.from({ length: count }, (_, j) => bare(element(j)));
    const own = new Set<string>();
    for (let half = 2 ** Math.ceil(Math.log2(count)); half > 1;) {
      half /= 2;
      for (let j = 0; j + half < terms.length; j++) {
        if (!own.has(terms[j]!)) {
          const name = `t${writer.temporaries++}`;
          line(writer, `${typeName(dtype)} ${name} = ${terms[j]};`);
          own.add(terms[j] = name);
        }
        line(
          writer,
          `${merge(stage.combine, dtype, terms[j]!, terms[j + half]!)};`,
        );
      }
      terms.splice(half);
    }
    line(
      writer,
      `${rows < 0 ? `const ${typeName(dtype)} ` : ""}${scope.results[at]} = ${
        terms[0] ?? identity(stage.combine, dtype)
      };`,
    );
  });
}

/** Computes e of every element into an array. */
function keep(place: Place, e: Expr): void {
  const { shape: { rows, length }, kept } = place;
  if (kept.has(e)) return;
  const name = `r${kept.size + (rows < 0 ? 0 : apartFromRow(place, e).length)}`;
  overElements(
    place,
    e,
    (text) => `${name}[at] = ${text};`,
    `${typeName(valueDtype(e))} ${name}[${rows < 0 ? length : ROWS * length}];`,
  );
  kept.set(e, name);
}

/** One loop over all elements of the block; what needs no elements of a row is spread over it first. */
function overElements(
  place: Place,
  value: Expr,
  statement: (text: string, scope: Scope) => string,
  declaration?: string,
): void {
  const { scope, shape: { rows, along, length }, kept } = place,
    { writer } = scope,
    one = rows < 0;
  if (!one) { for (const e of apartFromRow(place, value)) spread(place, e); }
  const around = one ? hoist([value], along, scope) : scope;
  const flat: Scope = {
    ...around,
    variables: new Map([...scope.variables, [rows, "first"], [along, "at"]]),
    names: new Map([
      ...around.names,
      ...[...kept].map(([e, name]): [Expr, string] => [e, `${name}[at]`]),
    ]),
  };
  if (declaration) line(writer, declaration);
  line(writer, "#pragma GCC ivdep");
  block(
    writer,
    `for (int64_t at = 0; at < ${one ? length : "elements"}; at++) {`,
    () => line(writer, statement(bare(render(value, flat)), flat)),
  );
}

/** What e is computed from that needs no elements of the row: the largest such parts. */
function apartFromRow(
  { scope: { nest }, shape: { along }, kept }: Place,
  value: Expr,
): Expr[] {
  const varying = new Set<Expr>(), found = new Set<Expr>();
  const isFree = (e: Expr) =>
    e.kind === "constant" || e.kind === "length" || varying.has(e) ||
    kept.has(e);
  for (const e of postorder(value)) {
    const varies = e.kind === "call"
      ? e.args.some((x) => varying.has(x))
      : e.kind === "load" && moves(nest, e, along);
    if (varies) varying.add(e);
  }
  const visit = (e: Expr): void => {
    if (kept.has(e)) return;
    if (!isFree(e)) found.add(e);
    else if (e.kind === "call") e.args.forEach(visit);
  };
  visit(value);
  return [...found];
}

/** Puts what is computed of each row, and of positions along it, to all of its elements. */
function spread(
  place: Place,
  e: Expr,
): void {
  const { scope, shape: { rows, along, length }, kept } = place,
    { nest, writer } = scope,
    name = `r${kept.size}`,
    type = typeName(valueDtype(e)),
    [i, j] = [nest.axes[rows]!.name, nest.axes[along]!.name];
  line(writer, `${type} ${name}[${ROWS * length}];`);
  const isPlaced = postorder(e).some((x) =>
    x.kind === "axis" && nest.position.get(x.axis) === along
  );
  overRows(place, () => {
    const inner = isPlaced ? hoist([e], along, scope) : scope;
    if (!isPlaced) {
      line(writer, `const ${type} value = ${bare(render(e, scope))};`);
    }
    line(
      writer,
      `for (int64_t ${j} = 0; ${j} < ${length}; ${j}++) ${name}[(${i} - first) * ${length} + ${j}] = ${
        isPlaced ? bare(render(e, inner)) : "value"
      };`,
    );
  });
  kept.set(e, name);
}
