/** Printing: the C text of a planned loop nest. */
import { DTYPES } from "../../graph/dtype.ts";
import type { Expr } from "../../graph/loops.ts";
import { identity, isPositional, resultType, valueDtype } from "./combine.ts";
import { postorder } from "./access.ts";
import { blockForm, blockOf } from "./block.ts";
import {
  accumulate,
  inLanes,
  isHeavy,
  laneTypes,
  reduceInRow,
  sumSeveral,
  unrolls,
} from "./reduce.ts";
import { fewForm, isOfFew } from "./few.ts";
import { address, bare, hoist, render } from "./expression.ts";
import {
  type Access,
  computed,
  type Nest,
  type NestStage,
  type Reduce,
  type Store,
  typeName,
} from "./nest.ts";
import type { Kernel } from "../program.ts";
import {
  amount,
  block,
  close,
  line,
  open,
  rangeOf,
  type Scope,
  type Writer,
} from "./writer.ts";

/** Elements of a tile in column form: the accumulators of some stages fit in the first cache. */
const TILE = 1024;

/** The kernel of a nest. */
export function emitC(nest: Nest): Kernel {
  return kernelOf(nest, laneTypes(nest), (writer) => printLoops(nest, writer));
}

/** The kernel around `body`: a comment, types, and arguments by name; `headers` are those that it includes besides. */
export function kernelOf(
  nest: Nest,
  types: readonly string[],
  body: (writer: Writer) => void,
  headers: readonly string[] = [],
): Kernel {
  const writer: Writer = { lines: [], depth: 0, temporaries: 0 };
  line(writer, `/* ${nest.name}: ${signature(nest)} */`);
  for (const type of types) line(writer, type);
  line(
    writer,
    "int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {",
  );
  writer.depth++;
  const statements: Writer = { lines: [], depth: 1, temporaries: 0 };
  body(statements);
  declareArguments(nest, statements.lines.join("\n"), writer);
  writer.lines.push(...statements.lines);
  line(writer, "return DAMO_OK;");
  writer.depth--;
  line(writer, "}");
  const text = writer.lines.join("\n") + "\n";
  return { name: nest.name, text, headers: [...headersOf(text), ...headers] };
}

/** The headers of a kernel; special functions are long, so only kernels that call one compile them. */
function headersOf(text: string): readonly string[] {
  const special = /\bspecial_\w+\(/.test(text) ? ["special_math.h"] : [];
  return ["kernel.h", "vector_math.h", ...special];
}

/** The loops of a nest, within a kernel that has declared its arguments. */
export function printLoops(nest: Nest, writer: Writer): void {
  const scope = scopeOf(nest, writer), last = nest.outer.at(-1) ?? -1;
  const rows = blockOf(nest);
  if (nest.tile) columnForm(scope, last);
  else if (rows) blockForm(scope, rows, store);
  else if (isOfFew(nest)) fewForm(scope, store);
  else rowForm(scope, last);
}

/** The names of a nest's loops and results. */
export function scopeOf(nest: Nest, writer: Writer): Scope {
  const variables = new Map(nest.axes.map((a, i) => [i, a.name])),
    last = nest.outer.at(-1) ?? -1;
  const results = nest.stages.map((_, s) =>
    nest.tile ? `s${s}[${nest.axes[last]!.name} - first]` : `s${s}`
  );
  return { nest, writer, variables, results, names: new Map() };
}

/** What the kernel is for, in one line: operands with their strides, and the loops. */
function signature(nest: Nest): string {
  const operands = nest.operands.map(({ name, dtype, memory }, i) =>
    `${dtype} ${name}${
      memory === i ? "" : ` in ${nest.operands[memory]!.name}`
    }`
  );
  const lengths = nest.axes.map((a) => `${a.name} < ${amount(a.length)}`)
    .join(", ");
  return `${operands.slice(0, nest.inputs).join(", ")} -> ${
    operands.slice(nest.inputs).join(", ")
  }; ${lengths || "one element"}`;
}

/** Pointers, and those extents that `statements` use: the range that splits comes as lo and hi. */
function declareArguments(
  nest: Nest,
  statements: string,
  writer: Writer,
): void {
  nest.operands.forEach(({ name, dtype, memory }, i) => {
    if (memory === i) {
      line(
        writer,
        `${i < nest.inputs ? "const " : ""}${
          DTYPES[dtype].c
        } *${name} = args[${i}]->data;`,
      );
    }
  });
  const used = nest.extents.flatMap(({ name }, i) =>
    new RegExp(`\\b${name}\\b`).test(statements) ? [`${name} = n[${i}]`] : []
  );
  if (used.length === 0) return;
  line(writer, `const int64_t *n = args[${nest.operands.length}]->data;`);
  line(writer, `const int64_t ${used.join(", ")};`);
}

/** Stages at each point of the outer axes; where no stage has loops of its own, the last outer axis is vectorised. */
function rowForm(scope: Scope, last: number): void {
  const { nest } = scope;
  const flat =
    nest.stages.every((s) => s.kind === "store" && s.axes.length === 0) &&
    last >= 0;
  for (const axis of flat ? nest.outer.slice(0, -1) : nest.outer) {
    open(scope, axis);
  }
  if (flat) vectorLoop(scope, last, nest.stages as readonly Store[]);
  else {
    const kept = keptOf(nest), names = new Map(scope.names);
    for (const [stage, access] of kept) {
      names.set(stage.value, address(access, scope));
    }
    const later: Scope = { ...scope, names };
    nest.stages.forEach((s, at) =>
      s.kind === "reduce"
        ? reduceInRow(scope, s, at, kept.get(s))
        : stageInRow(s.axes.length > 0 ? later : scope, s)
    );
  }
  close(scope, nest.outer.length - (flat ? 1 : 0));
}

/**
 * Reductions whose value at every element some store along the same row is
 * made of, and where that store puts it: it is computed once, and waits there.
 * What is overwritten so must not be read by later stages.
 */
function keptOf(nest: Nest): Map<Reduce, Access> {
  const kept = new Map<Reduce, Access>(), { operands, stages, loads } = nest;
  stages.forEach((r, at) => {
    if (r.kind !== "reduce" || r.axes.length !== 1 || !inLanes(nest, r)) return;
    if (r.value.kind !== "call" || !isHeavy(r.value)) return;
    const axis = r.axes[0]!, rest = stages.slice(at + 1);
    const store = rest.find((s) =>
      s.kind === "store" && s.axes.length === 1 && s.axes[0] === axis &&
      s.independent && !s.accumulate && s.access.jumps.length === 0 &&
      operands[s.access.operand]!.dtype === valueDtype(r.value) &&
      postorder(s.value).includes(r.value)
    ) as Store | undefined;
    if (!store || [...kept.values()].includes(store.access)) return;
    const { memory } = operands[store.access.operand]!;
    const reads = rest.flatMap((s) => outside(s.value, r.value))
      .some((e) =>
        e.kind === "load" &&
        operands[loads.get(e)!.operand]!.memory === memory
      );
    if (!reads) kept.set(r, store.access);
  });
  return kept;
}

/** The expressions in e, but for those that only `part` is made of. */
function outside(e: Expr, part: Expr): Expr[] {
  const found = new Set<Expr>(), todo = [e];
  for (let x = todo.pop(); x; x = todo.pop()) {
    if (x === part || found.has(x)) continue;
    found.add(x);
    if (x.kind === "call") todo.push(...x.args);
    if (x.kind === "load") todo.push(...x.index);
  }
  return [...found];
}

function stageInRow(
  scope: Scope,
  stage: Exclude<NestStage, Reduce>,
): void {
  switch (stage.kind) {
    case "store":
      return storeInRow(scope, stage);
    case "check":
      return check(scope, stage);
    default:
      stage satisfies never;
  }
}

function storeInRow(scope: Scope, stage: Store): void {
  const last = stage.axes.at(-1);
  if (last === undefined) return store(scope, stage);
  for (const axis of stage.axes.slice(0, -1)) open(scope, axis);
  vectorLoop(scope, last, [stage]);
  close(scope, stage.axes.length - 1);
}

/** The innermost loop of stores. Its iterations touch different elements, which gcc cannot see. */
function vectorLoop(
  scope: Scope,
  axis: number,
  stages: readonly Store[],
): void {
  const inner = hoist(
    stages.flatMap((s) => [...s.access.jumps.map((j) => j.index), s.value]),
    axis,
    scope,
  );
  if (stages.every((s) => s.independent)) {
    line(scope.writer, "#pragma GCC ivdep");
  }
  open(inner, axis);
  for (const s of stages) store(inner, s);
  close(inner);
}

function store(scope: Scope, { access, value, accumulate }: Store): void {
  const text = bare(render(value, scope));
  line(
    scope.writer,
    `${address(access, scope)} ${accumulate ? "+=" : "="} ${text};`,
  );
}

function check(
  scope: Scope,
  { axes, value, length, axis }: NestStage & { kind: "check" },
): void {
  const { writer } = scope, n = amount(length);
  for (const a of axes) open(scope, a);
  line(writer, `const int64_t index = ${render(value, scope)};`);
  block(writer, `if (index < -${n} || index >= ${n}) {`, () => {
    line(
      writer,
      `ctx->error = (KernelError){DAMO_INDEX, ${axis}, index, ${n}};`,
    );
    line(writer, "return DAMO_INDEX;");
  });
  close(scope, axes.length);
}

/** Every stage runs over a tile of the last outer axis in its innermost loop, with an accumulator for each element. */
function columnForm(scope: Scope, axis: number): void {
  const { nest, writer } = scope, { name } = nest.axes[axis]!;
  const [from, to] = rangeOf(nest, axis);
  for (const a of nest.outer.slice(0, -1)) open(scope, a);
  line(
    writer,
    `for (int64_t first = ${from}; first < ${to}; first += ${TILE}) {`,
  );
  writer.depth++;
  line(
    writer,
    `const int64_t past = ${to} - first < ${TILE} ? ${to} : first + ${TILE};`,
  );
  const overTile = (
    values: readonly Expr[],
    independent: boolean,
    body: (s: Scope) => void,
  ) => {
    const inner = hoist(values, axis, scope);
    if (independent) line(writer, "#pragma GCC ivdep");
    block(
      writer,
      `for (int64_t ${name} = first; ${name} < past; ${name}++) {`,
      () => body(inner),
    );
  };
  nest.stages.forEach((stage, at) => {
    if (stage.kind === "check") return check(scope, stage);
    if (stage.kind === "store") {
      for (const a of stage.axes) open(scope, a);
      overTile(
        [...stage.access.jumps.map((j) => j.index), stage.value],
        stage.independent,
        (s) => store(s, stage),
      );
      return close(scope, stage.axes.length);
    }
    const positional = isPositional(stage.combine),
      best = `best${at}[${name} - first]`,
      sum = scope.results[at]!;
    line(writer, `${resultType(stage)} s${at}[${TILE}];`);
    if (positional) {
      line(writer, `${typeName(valueDtype(stage.value))} best${at}[${TILE}];`);
    }
    overTile([], true, () => {
      line(
        writer,
        `${sum} = ${
          positional ? "0" : identity(stage.combine, computed(stage.dtype))
        };`,
      );
      if (positional) {
        line(
          writer,
          `${best} = ${identity(stage.combine, valueDtype(stage.value))};`,
        );
      }
    });
    for (const a of stage.axes.slice(0, -1)) open(scope, a);
    const last = stage.axes.at(-1);
    if (last !== undefined && unrolls(nest, stage)) {
      sumSeveral(scope, stage, last, axis, sum);
      return close(scope, stage.axes.length - 1);
    }
    if (last !== undefined) open(scope, last);
    overTile([stage.value], true, (s) => accumulate(s, stage, sum, best));
    close(scope, stage.axes.length);
  });
  close(scope, nest.outer.length);
}
