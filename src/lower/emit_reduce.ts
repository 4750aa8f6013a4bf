/** Printing reductions: element by element, in lanes, or several rows of columns at a time. */
import { type Dtype, DTYPES, isFloat } from "../graph/dtype.ts";
import { identity, merge, resultType, valueDtype } from "./combine.ts";
import { bare, hoist, render } from "./expression.ts";
import { computed, type Nest, type Reduce, typeName } from "./nest.ts";
import { amount, close, line, open, type Scope } from "./writer.ts";

/** Bytes of the lane accumulators of a reduction: the same on every machine, and so are its results. */
const LANE_BYTES = 64;

/** A reduction at one outer point: in lanes where it is long and of floats, else one after the other. */
export function reduceInRow(scope: Scope, stage: Reduce, at: number): void {
  const last = stage.axes.at(-1),
    positional = stage.combine === "argmax" || stage.combine === "argmin";
  if (last === undefined) {
    line(
      scope.writer,
      `const ${resultType(stage)} s${at} = ${
        positional ? "0" : bare(render(stage.value, scope))
      };`,
    );
  } else if (inLanes(scope.nest, stage)) {
    reduceInLanes(scope, stage, at, last);
  } else {
    line(
      scope.writer,
      `${resultType(stage)} s${at} = ${
        positional ? "0" : identity(stage.combine, computed(stage.dtype))
      };`,
    );
    if (positional) {
      line(
        scope.writer,
        `${
          typeName(
            stage.value.kind === "axis" ? "int64" : valueDtype(stage.value),
          )
        } best${at} = ${identity(stage.combine, valueDtype(stage.value))};`,
      );
    }
    for (const axis of stage.axes.slice(0, -1)) open(scope, axis);
    const inner = hoist([stage.value], last, scope),
      { length } = scope.nest.axes[last]!;
    if (typeof length === "number") {
      line(scope.writer, `#pragma GCC unroll ${length}`);
    }
    open(inner, last);
    accumulate(inner, stage, `s${at}`, `best${at}`);
    close(scope, stage.axes.length);
  }
}

/** Long sums of floats run in lanes; gcc vectorises those of integers by itself, and short ones are unrolled. */
function inLanes(nest: Nest, { axes, combine, dtype }: Reduce): boolean {
  const last = axes.at(-1),
    positional = combine === "argmax" || combine === "argmin";
  return !nest.tile && last !== undefined && !positional && isFloat(dtype) &&
    typeof nest.axes[last]!.length !== "number";
}

/** One element into the accumulator of a reduction; a sum of products rounds once a term. */
export function accumulate(
  scope: Scope,
  { combine, value, dtype, axes }: Reduce,
  sum: string,
  best: string,
): void {
  const { writer, nest } = scope, into = computed(dtype);
  if (
    combine === "sum" && isFloat(into) && value.kind === "call" &&
    value.name === "mul" && value.args.every((x) => valueDtype(x) === into)
  ) {
    const [x, y] = value.args.map((x) => bare(render(x, scope)));
    return line(
      writer,
      `${sum} = fma_${DTYPES[into].suffix}(${x}, ${y}, ${sum});`,
    );
  }
  const text = render(value, scope);
  if (combine !== "argmax" && combine !== "argmin") {
    return line(writer, `${merge(combine, into, sum, bare(text))};`);
  }
  const type = valueDtype(value), sign = combine === "argmax" ? ">" : "<";
  line(writer, `const ${typeName(type)} v = ${bare(text)};`);
  const nan = isFloat(type) ? ` | ((v != v) & (${best} == ${best}))` : "";
  line(writer, `const int better = (v ${sign} ${best})${nan};`);
  line(writer, `${best} = better ? v : ${best};`);
  line(writer, `${sum} = better ? ${nest.axes[axes[0]!]!.name} : ${sum};`);
}

/** Fixed lanes in a fixed order: a vector for whole chunks, an array for the elements behind them, folded in halves. */
function reduceInLanes(
  scope: Scope,
  stage: Reduce,
  at: number,
  axis: number,
): void {
  const { nest, writer } = scope,
    dtype = computed(stage.dtype),
    type = typeName(dtype),
    lanes = LANE_BYTES / DTYPES[dtype].size;
  const { name } = nest.axes[axis]!,
    length = amount(nest.axes[axis]!.length),
    zero = identity(stage.combine, dtype);
  line(
    writer,
    `${laneType(dtype)} sum${at} = ${
      stage.combine === "sum" ? "{0}" : `(${laneType(dtype)}){0} + ${zero}`
    };`,
  );
  line(
    writer,
    `${type} rest${at}[${lanes}]${stage.combine === "sum" ? " = {0}" : ""};`,
  );
  if (stage.combine !== "sum") {
    line(
      writer,
      `for (int lane = 0; lane < ${lanes}; lane++) rest${at}[lane] = ${zero};`,
    );
  }
  for (const outer of stage.axes.slice(0, -1)) open(scope, outer);
  const inner = hoist([stage.value], axis, scope);
  const lane: Scope = {
    ...inner,
    variables: new Map([...scope.variables, [axis, `${name} + lane`]]),
  };
  line(
    writer,
    `for (int64_t ${name} = 0; ${name} + ${lanes} <= ${length}; ${name} += ${lanes}) {`,
  );
  writer.depth++;
  line(writer, `for (int lane = 0; lane < ${lanes}; lane++) {`);
  writer.depth++;
  accumulate(lane, stage, `sum${at}[lane]`, "");
  close(scope, 2);
  line(
    writer,
    `for (int64_t ${name} = ${length} - ${length} % ${lanes}, lane = 0; ${name} + lane < ${length}; lane++) {`,
  );
  writer.depth++;
  accumulate(lane, stage, `rest${at}[lane]`, "");
  close(scope, stage.axes.length);
  const fold = (to: string, from: string) =>
    `${merge(stage.combine, dtype, to, from)};`;
  line(
    writer,
    `for (int lane = 0; lane < ${lanes}; lane++) ${
      fold(`rest${at}[lane]`, `sum${at}[lane]`)
    }`,
  );
  line(writer, `for (int half = ${lanes / 2}; half; half /= 2) {`);
  line(
    writer,
    `  for (int lane = 0; lane < half; lane++) ${
      fold(`rest${at}[lane]`, `rest${at}[lane + half]`)
    }`,
  );
  line(writer, "}");
  line(writer, `const ${type} s${at} = rest${at}[0];`);
}

/** Rows that a sum in column form adds in one pass over its accumulators, in the order of the rows. */
const SEVERAL = 8;

export function unrolls(nest: Nest, { combine, dtype, axes }: Reduce): boolean {
  return combine === "sum" && isFloat(dtype) &&
    typeof nest.axes[axes.at(-1)!]!.length !== "number";
}

/** The sum over `along` of a tile of `axis`, some rows at a time. */
export function sumSeveral(
  scope: Scope,
  stage: Reduce,
  along: number,
  axis: number,
  sum: string,
): void {
  const { nest, writer } = scope,
    { name } = nest.axes[along]!,
    length = amount(nest.axes[along]!.length);
  const column = nest.axes[axis]!.name;
  const pass = (rows: number) => {
    const at = (row: number) =>
      new Map([...scope.variables, [
        along,
        row === 0 ? name : `${name} + ${row}`,
      ]]);
    const scopes = Array.from(
      { length: rows },
      (_, row) => hoist([stage.value], axis, { ...scope, variables: at(row) }),
    );
    line(writer, "#pragma GCC ivdep");
    line(
      writer,
      `for (int64_t ${column} = first; ${column} < past; ${column}++) {`,
    );
    writer.depth++;
    line(writer, `${resultType(stage)} sum = ${sum};`);
    for (const s of scopes) accumulate(s, stage, "sum", "");
    line(writer, `${sum} = sum;`);
    close(scope);
  };
  line(
    writer,
    `for (int64_t ${name} = 0; ${name} + ${SEVERAL} <= ${length}; ${name} += ${SEVERAL}) {`,
  );
  writer.depth++;
  pass(SEVERAL);
  close(scope);
  line(
    writer,
    `for (int64_t ${name} = ${length} - ${length} % ${SEVERAL}; ${name} < ${length}; ${name}++) {`,
  );
  writer.depth++;
  pass(1);
  close(scope);
}

function laneType(dtype: Dtype): string {
  return `KERNEL_${DTYPES[dtype].suffix}x${LANE_BYTES / DTYPES[dtype].size}`;
}

/** The vector types that the reductions of a nest need. */
export function laneTypes(nest: Nest): string[] {
  const dtypes = nest.stages.flatMap((s) =>
    s.kind === "reduce" && inLanes(nest, s) ? [computed(s.dtype)] : []
  );
  return [...new Set(dtypes)].map((d) =>
    `typedef ${typeName(d)} ${
      laneType(d)
    } __attribute__((vector_size(${LANE_BYTES})));`
  );
}
