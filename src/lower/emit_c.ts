/** Printing: the C text of a planned loop nest. */
import { DTYPES, type Dtype, isFloat } from "../graph/dtype.ts";
import type { Combine, Expr } from "../graph/loops.ts";
import { address, amount, bare, hoist, line, literal, render, type Scope, type Writer } from "./expression.ts";
import { computed, type Nest, type NestStage, typeName } from "./loops.ts";
import type { Kernel } from "./program.ts";

/** Bytes of the lane accumulators of a reduction: the same on every machine, and so are its results. */
const LANE_BYTES = 64;
/** Elements of a tile in column form: the accumulators of some stages fit in the first cache. */
const TILE = 512;

type Reduce = NestStage & { kind: "reduce" };
type Store = NestStage & { kind: "store" };

/** The kernel of a nest. */
export function emitC(nest: Nest): Kernel {
  return kernelOf(nest, laneTypes(nest), (writer) => printLoops(nest, writer));
}

/** The kernel around `body`: a comment, types, and arguments by name. */
export function kernelOf(nest: Nest, types: readonly string[], body: (writer: Writer) => void): Kernel {
  const writer: Writer = { lines: [], depth: 0, temporaries: 0 };
  line(writer, `/* ${nest.name}: ${signature(nest)} */`);
  for (const type of types) line(writer, type);
  line(writer, "int KERNEL(Context *ctx, Array *const *args, int64_t lo, int64_t hi) {");
  writer.depth++;
  const statements: Writer = { lines: [], depth: 1, temporaries: 0 };
  body(statements);
  declareArguments(nest, statements.lines.join("\n"), writer);
  writer.lines.push(...statements.lines);
  line(writer, "return DAMO_OK;");
  writer.depth--;
  line(writer, "}");
  return { name: nest.name, text: writer.lines.join("\n") + "\n", headers: ["kernel.h", "vector_math.h"] };
}

/** The loops of a nest, within a kernel that has declared its arguments. */
export function printLoops(nest: Nest, writer: Writer): void {
  const scope = scopeOf(nest, writer), last = nest.outer.at(-1) ?? -1;
  if (nest.tile) columnForm(scope, last);
  else rowForm(scope, last);
}

/** The names of a nest's loops and results. */
export function scopeOf(nest: Nest, writer: Writer): Scope {
  const variables = new Map(nest.axes.map((a, i) => [i, a.name])), last = nest.outer.at(-1) ?? -1;
  const results = nest.stages.map((_, s) => nest.tile ? `s${s}[${nest.axes[last]!.name} - first]` : `s${s}`);
  return { nest, writer, variables, results, names: new Map() };
}

/** What the kernel is for, in one line: operands with their strides, and the loops. */
function signature(nest: Nest): string {
  const operands = nest.operands.map(({ name, dtype, memory }, i) =>
    `${dtype} ${name}${memory === i ? "" : ` in ${nest.operands[memory]!.name}`}`
  );
  const lengths = nest.axes.map((a) => `${a.name} < ${amount(nest, a.length)}`).join(", ");
  return `${operands.slice(0, nest.inputs).join(", ")} -> ${operands.slice(nest.inputs).join(", ")}; ${lengths || "one element"}`;
}

/** Pointers, and those extents that `statements` use: the range that splits comes as lo and hi. */
function declareArguments(nest: Nest, statements: string, writer: Writer): void {
  nest.operands.forEach(({ name, dtype, memory }, i) => {
    if (memory === i) line(writer, `${i < nest.inputs ? "const " : ""}${DTYPES[dtype].c} *${name} = args[${i}]->data;`);
  });
  const used = nest.extents.flatMap(({ name }, i) => new RegExp(`\\b${name}\\b`).test(statements) ? [`${name} = n[${i}]`] : []);
  if (used.length === 0) return;
  line(writer, `const int64_t *n = args[${nest.operands.length}]->data;`);
  line(writer, `const int64_t ${used.join(", ")};`);
}

/** `for (int64_t i = 0; i < n_i; i++) {`, over [lo, hi) if it is the loop that splits. */
function open(scope: Scope, axis: number): void {
  const { nest, writer } = scope, { name, length } = nest.axes[axis]!;
  const [from, to] = nest.splits && axis === nest.outer[0] ? ["lo", "hi"] : ["0", amount(nest, length)];
  line(writer, `for (int64_t ${name} = ${from}; ${name} < ${to}; ${name}++) {`);
  writer.depth++;
}

function close({ writer }: Scope, loops = 1): void {
  for (; loops > 0; loops--) {
    writer.depth--;
    line(writer, "}");
  }
}

/** Stages at each point of the outer axes; where no stage has loops of its own, the last outer axis is vectorised. */
function rowForm(scope: Scope, last: number): void {
  const { nest } = scope;
  const flat = nest.stages.every((s) => s.kind === "store" && s.axes.length === 0) && last >= 0;
  for (const axis of flat ? nest.outer.slice(0, -1) : nest.outer) open(scope, axis);
  if (flat) vectorLoop(scope, last, nest.stages as readonly Store[]);
  else nest.stages.forEach((s, at) => stageInRow(scope, s, at));
  close(scope, nest.outer.length - (flat ? 1 : 0));
}

function stageInRow(scope: Scope, stage: NestStage, at: number): void {
  switch (stage.kind) {
    case "reduce":
      return reduceInRow(scope, stage, at);
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
function vectorLoop(scope: Scope, axis: number, stages: readonly Store[]): void {
  const inner = hoist(stages.flatMap((s) => [...s.access.jumps.map((j) => j.index), s.value]), axis, scope);
  if (stages.every((s) => s.independent)) line(scope.writer, "#pragma GCC ivdep");
  open(inner, axis);
  for (const s of stages) store(inner, s);
  close(inner);
}

function store(scope: Scope, { access, value, accumulate }: Store): void {
  const text = bare(render(value, scope));
  line(scope.writer, `${address(access, scope)} ${accumulate ? "+=" : "="} ${text};`);
}

function check(scope: Scope, { axes, value, length, axis }: NestStage & { kind: "check" }): void {
  const { nest, writer } = scope, n = amount(nest, length);
  for (const a of axes) open(scope, a);
  line(writer, `const int64_t index = ${render(value, scope)};`);
  line(writer, `if (index < -${n} || index >= ${n}) {`);
  writer.depth++;
  line(writer, `ctx->error = (KernelError){DAMO_INDEX, ${axis}, index, ${n}};`);
  line(writer, "return DAMO_INDEX;");
  close(scope, axes.length + 1);
}

/** A reduction at one outer point: in lanes where it is long and of floats, else one after the other. */
function reduceInRow(scope: Scope, stage: Reduce, at: number): void {
  const last = stage.axes.at(-1), positional = stage.combine === "argmax" || stage.combine === "argmin";
  if (last === undefined) {
    line(scope.writer, `const ${resultType(stage)} s${at} = ${positional ? "0" : bare(render(stage.value, scope))};`);
  } else if (inLanes(scope.nest, stage)) {
    reduceInLanes(scope, stage, at, last);
  } else {
    line(scope.writer, `${resultType(stage)} s${at} = ${positional ? "0" : identity(stage.combine, computed(stage.dtype))};`);
    if (positional) line(scope.writer, `${typeName(stage.value.kind === "axis" ? "int64" : valueDtype(stage.value))} best${at} = ${identity(stage.combine, valueDtype(stage.value))};`);
    for (const axis of stage.axes.slice(0, -1)) open(scope, axis);
    const inner = hoist([stage.value], last, scope);
    open(inner, last);
    accumulate(inner, stage, `s${at}`, `best${at}`);
    close(scope, stage.axes.length);
  }
}

/** Long sums of floats run in lanes; gcc vectorises those of integers by itself, and short ones are unrolled. */
function inLanes(nest: Nest, { axes, combine, dtype }: Reduce): boolean {
  const last = axes.at(-1), positional = combine === "argmax" || combine === "argmin";
  return !nest.tile && last !== undefined && !positional && isFloat(dtype) && typeof nest.axes[last]!.length !== "number";
}

/** One element into the accumulator of a reduction; a sum of products rounds once a term. */
function accumulate(scope: Scope, { combine, value, dtype, axes }: Reduce, sum: string, best: string): void {
  const { writer, nest } = scope, into = computed(dtype);
  if (combine === "sum" && isFloat(into) && value.kind === "call" && value.name === "mul" && value.args.every((x) => valueDtype(x) === into)) {
    const [x, y] = value.args.map((x) => bare(render(x, scope)));
    return line(writer, `${sum} = fma_${DTYPES[into].suffix}(${x}, ${y}, ${sum});`);
  }
  const text = render(value, scope);
  if (combine !== "argmax" && combine !== "argmin") return line(writer, `${merge(combine, into, sum, bare(text))};`);
  const type = valueDtype(value), sign = combine === "argmax" ? ">" : "<";
  line(writer, `const ${typeName(type)} v = ${bare(text)};`);
  const nan = isFloat(type) ? ` | ((v != v) & (${best} == ${best}))` : "";
  line(writer, `const int better = (v ${sign} ${best})${nan};`);
  line(writer, `${best} = better ? v : ${best};`);
  line(writer, `${sum} = better ? ${nest.axes[axes[0]!]!.name} : ${sum};`);
}

/** Fixed lanes in a fixed order: a vector for whole chunks, an array for the elements behind them, folded in halves. */
function reduceInLanes(scope: Scope, stage: Reduce, at: number, axis: number): void {
  const { nest, writer } = scope, dtype = computed(stage.dtype), type = typeName(dtype), lanes = LANE_BYTES / DTYPES[dtype].size;
  const { name } = nest.axes[axis]!, length = amount(nest, nest.axes[axis]!.length), zero = identity(stage.combine, dtype);
  line(writer, `${laneType(dtype)} sum${at} = ${stage.combine === "sum" ? "{0}" : `(${laneType(dtype)}){0} + ${zero}`};`);
  line(writer, `${type} rest${at}[${lanes}]${stage.combine === "sum" ? " = {0}" : ""};`);
  if (stage.combine !== "sum") line(writer, `for (int lane = 0; lane < ${lanes}; lane++) rest${at}[lane] = ${zero};`);
  for (const outer of stage.axes.slice(0, -1)) open(scope, outer);
  const inner = hoist([stage.value], axis, scope);
  const lane: Scope = { ...inner, variables: new Map([...scope.variables, [axis, `${name} + lane`]]) };
  line(writer, `for (int64_t ${name} = 0; ${name} + ${lanes} <= ${length}; ${name} += ${lanes}) {`);
  writer.depth++;
  line(writer, `for (int lane = 0; lane < ${lanes}; lane++) {`);
  writer.depth++;
  accumulate(lane, stage, `sum${at}[lane]`, "");
  close(scope, 2);
  line(writer, `for (int64_t ${name} = ${length} - ${length} % ${lanes}, lane = 0; ${name} + lane < ${length}; lane++) {`);
  writer.depth++;
  accumulate(lane, stage, `rest${at}[lane]`, "");
  close(scope, stage.axes.length);
  const fold = (to: string, from: string) => `${merge(stage.combine, dtype, to, from)};`;
  line(writer, `for (int lane = 0; lane < ${lanes}; lane++) ${fold(`rest${at}[lane]`, `sum${at}[lane]`)}`);
  line(writer, `for (int half = ${lanes / 2}; half; half /= 2) {`);
  line(writer, `  for (int lane = 0; lane < half; lane++) ${fold(`rest${at}[lane]`, `rest${at}[lane + half]`)}`);
  line(writer, "}");
  line(writer, `const ${type} s${at} = rest${at}[0];`);
}

/** Every stage runs over a tile of the last outer axis in its innermost loop, with an accumulator for each element. */
function columnForm(scope: Scope, axis: number): void {
  const { nest, writer } = scope, { name, length } = nest.axes[axis]!;
  for (const a of nest.outer.slice(0, -1)) open(scope, a);
  const [from, to] = nest.splits && nest.outer[0] === axis ? ["lo", "hi"] : ["0", amount(nest, length)];
  line(writer, `for (int64_t first = ${from}; first < ${to}; first += ${TILE}) {`);
  writer.depth++;
  line(writer, `const int64_t past = ${to} - first < ${TILE} ? ${to} : first + ${TILE};`);
  const overTile = (values: readonly Expr[], independent: boolean, body: (s: Scope) => void) => {
    const inner = hoist(values, axis, scope);
    if (independent) line(writer, "#pragma GCC ivdep");
    line(writer, `for (int64_t ${name} = first; ${name} < past; ${name}++) {`);
    writer.depth++;
    body(inner);
    close(scope);
  };
  nest.stages.forEach((stage, at) => {
    if (stage.kind === "check") return check(scope, stage);
    if (stage.kind === "store") {
      for (const a of stage.axes) open(scope, a);
      overTile([...stage.access.jumps.map((j) => j.index), stage.value], stage.independent, (s) => store(s, stage));
      return close(scope, stage.axes.length);
    }
    const positional = stage.combine === "argmax" || stage.combine === "argmin", best = `best${at}[${name} - first]`, sum = scope.results[at]!;
    line(writer, `${resultType(stage)} s${at}[${TILE}];`);
    if (positional) line(writer, `${typeName(valueDtype(stage.value))} best${at}[${TILE}];`);
    overTile([], true, () => {
      line(writer, `${sum} = ${positional ? "0" : identity(stage.combine, computed(stage.dtype))};`);
      if (positional) line(writer, `${best} = ${identity(stage.combine, valueDtype(stage.value))};`);
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

/** Rows that a sum in column form adds in one pass over its accumulators, in the order of the rows. */
const SEVERAL = 4;

function unrolls(nest: Nest, { combine, dtype, axes }: Reduce): boolean {
  return combine === "sum" && isFloat(dtype) && typeof nest.axes[axes.at(-1)!]!.length !== "number";
}

/** The sum over `along` of a tile of `axis`, some rows at a time. */
function sumSeveral(scope: Scope, stage: Reduce, along: number, axis: number, sum: string): void {
  const { nest, writer } = scope, { name } = nest.axes[along]!, length = amount(nest, nest.axes[along]!.length);
  const column = nest.axes[axis]!.name;
  const pass = (rows: number) => {
    const at = (row: number) => new Map([...scope.variables, [along, row === 0 ? name : `${name} + ${row}`]]);
    const scopes = Array.from({ length: rows }, (_, row) => hoist([stage.value], axis, { ...scope, variables: at(row) }));
    line(writer, "#pragma GCC ivdep");
    line(writer, `for (int64_t ${column} = first; ${column} < past; ${column}++) {`);
    writer.depth++;
    line(writer, `${resultType(stage)} sum = ${sum};`);
    for (const s of scopes) accumulate(s, stage, "sum", "");
    line(writer, `${sum} = sum;`);
    close(scope);
  };
  line(writer, `for (int64_t ${name} = 0; ${name} + ${SEVERAL} <= ${length}; ${name} += ${SEVERAL}) {`);
  writer.depth++;
  pass(SEVERAL);
  close(scope);
  line(writer, `for (int64_t ${name} = ${length} - ${length} % ${SEVERAL}; ${name} < ${length}; ${name}++) {`);
  writer.depth++;
  pass(1);
  close(scope);
}

function valueDtype(e: Expr): Dtype {
  return e.kind === "axis" || e.kind === "length" ? "int64" : computed(e.dtype);
}

function resultType({ combine, dtype }: Reduce): string {
  return combine === "argmax" || combine === "argmin" ? "int64_t" : typeName(dtype);
}

/** What a reduction of nothing gives. */
function identity(combine: Combine, dtype: Dtype): string {
  switch (combine) {
    case "sum":
    case "or":
      return literal(0, dtype);
    case "prod":
    case "and":
      return literal(1, dtype);
    case "max":
    case "argmax":
      return lowest(dtype);
    case "min":
    case "argmin":
      return highest(dtype);
    default:
      return combine satisfies never;
  }
}

function lowest(dtype: Dtype): string {
  const { kind, size } = DTYPES[dtype];
  return kind === "float" ? literal(-Infinity, dtype) : kind === "int" ? `INT${8 * size}_MIN` : "0";
}

function highest(dtype: Dtype): string {
  const { kind, size } = DTYPES[dtype];
  if (kind === "float") return literal(Infinity, dtype);
  return kind === "bool" ? "1" : `${kind === "uint" ? "U" : ""}INT${8 * size}_MAX`;
}

/** The statement that combines `value` into `sum`. */
function merge(combine: Combine, dtype: Dtype, sum: string, value: string): string {
  const { suffix } = DTYPES[dtype];
  switch (combine) {
    case "sum":
      return `${sum} += ${value}`;
    case "prod":
      return `${sum} *= ${value}`;
    case "and":
      return `${sum} &= ${value}`;
    case "or":
      return `${sum} |= ${value}`;
    case "max":
    case "min":
    case "argmax":
    case "argmin": {
      const largest = combine === "max" || combine === "argmax";
      if (isFloat(dtype)) return `${sum} = ${largest ? "max" : "min"}imum_${suffix}(${sum}, ${value})`;
      const sign = largest ? ">" : "<";
      return `${sum} = ${sum} ${sign} (${value}) ? ${sum} : (${value})`;
    }
    default:
      return combine satisfies never;
  }
}

function laneType(dtype: Dtype): string {
  return `${DTYPES[dtype].suffix}x${LANE_BYTES / DTYPES[dtype].size}`;
}

/** The vector types that the reductions of a nest need. */
function laneTypes(nest: Nest): string[] {
  const dtypes = nest.stages.flatMap((s) => s.kind === "reduce" && inLanes(nest, s) ? [computed(s.dtype)] : []);
  return [...new Set(dtypes)].map((d) => `typedef ${typeName(d)} ${laneType(d)} __attribute__((vector_size(${LANE_BYTES})));`);
}
