/** Printing reductions: element by element, in lanes, or several rows of columns at a time. */
import { type Dtype, DTYPES, isFloat } from "../../graph/dtype.ts";
import type { Expr } from "../../graph/loops.ts";
import { postorder } from "./access.ts";
import {
  identity,
  isPositional,
  merge,
  resultType,
  valueDtype,
} from "./combine.ts";
import { address, bare, callsFunction, hoist, render } from "./expression.ts";
import {
  type Access,
  computed,
  type Nest,
  type Reduce,
  typeName,
} from "./nest.ts";
import {
  amount,
  block as printBlock,
  close,
  line,
  open,
  type Scope,
} from "./writer.ts";

/** Bytes of the lane accumulators of a reduction: the same on every machine, and so are its results. */
const LANE_BYTES = 64;

/** A reduction at one outer point: in lanes where it is long and of floats, else one after the other. `kept` is where lanes leave the value of each element. */
export function reduceInRow(
  scope: Scope,
  stage: Reduce,
  at: number,
  kept: Access | null = null,
): void {
  const last = stage.axes.at(-1),
    positional = isPositional(stage.combine);
  if (last === undefined) {
    line(
      scope.writer,
      `const ${resultType(stage)} s${at} = ${
        positional ? "0" : bare(render(stage.value, scope))
      };`,
    );
  } else if (inLanes(scope.nest, stage)) {
    reduceInLanes(scope, stage, { at, axis: last, kept });
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
        `${typeName(valueDtype(stage.value))} best${at} = ${
          identity(stage.combine, valueDtype(stage.value))
        };`,
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
export function inLanes(nest: Nest, { axes, combine, dtype }: Reduce): boolean {
  const last = axes.at(-1);
  return !nest.tile && last !== undefined && !isPositional(combine) &&
    isFloat(dtype) && typeof nest.axes[last]!.length !== "number";
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
  if (!isPositional(combine)) {
    return line(writer, `${merge(combine, into, sum, bare(text))};`);
  }
  const type = valueDtype(value), sign = combine === "argmax" ? ">" : "<";
  line(writer, `const ${typeName(type)} v = ${bare(text)};`);
  const nan = isFloat(type) ? ` | ((v != v) & (${best} == ${best}))` : "";
  line(writer, `const int better = (v ${sign} ${best})${nan};`);
  line(writer, `${best} = better ? v : ${best};`);
  line(writer, `${sum} = better ? ${nest.axes[axes[0]!]!.name} : ${sum};`);
}

/** Vectors of accumulators: as many as hide the time that one addition takes. */
const CHAINS = 4;

/** Scalar functions from which on a value is computed for a whole block before it is summed. */
const HEAVY = 4;

/**
 * Fixed lanes in a fixed order: some vectors side by side for whole blocks, one
 * for the chunks behind them, an array for the elements behind those; folded in
 * halves, each of a length that the compiler knows. `kept` is where the value of each element stays for a later stage.
 */
function reduceInLanes(
  scope: Scope,
  stage: Reduce,
  { at, axis, kept }: {
    readonly at: number;
    readonly axis: number;
    readonly kept: Access | null;
  },
): void {
  const { nest, writer } = scope,
    dtype = computed(stage.dtype),
    type = typeName(dtype),
    lanes = LANE_BYTES / DTYPES[dtype].size,
    block = CHAINS * lanes;
  const { name } = nest.axes[axis]!,
    length = amount(nest.axes[axis]!.length),
    zero = identity(stage.combine, dtype),
    isSum = stage.combine === "sum";
  const sums = Array.from(
    { length: CHAINS },
    (_, k) => k === 0 ? `sum${at}` : `sum${at}_${k}`,
  );
  const none = isSum ? "{0}" : `(${laneType(dtype)}){0} + ${zero}`;
  for (const sum of sums) line(writer, `${laneType(dtype)} ${sum} = ${none};`);
  // A loop over what is left of a row needs an array.
  line(
    writer,
    kept
      ? `${type} rest${at}[${lanes}]${isSum ? " = {0}" : ""};`
      : `${laneType(dtype)} rest${at} = ${none};`,
  );
  if (kept && !isSum) {
    line(
      writer,
      `for (int lane = 0; lane < ${lanes}; lane++) rest${at}[lane] = ${zero};`,
    );
  }
  for (const outer of stage.axes.slice(0, -1)) open(scope, outer);
  const inner = hoist([stage.value], axis, scope);
  /** Where the element `first` lanes behind the loop variable is. */
  const after = (first: number): Scope => ({
    ...inner,
    variables: new Map([
      ...scope.variables,
      [axis, `${name} + ${first > 0 ? `${first} + ` : ""}lane`],
    ]),
  });
  const value = unwidened(stage.value),
    whole = kept !== null || isHeavy(value);
  const add = (s: Scope, sum: string) => {
    if (kept === null) return accumulate(s, stage, sum, "");
    const place = address(kept, s);
    line(writer, `${place} = ${bare(render(value, s))};`);
    line(writer, `${merge(stage.combine, dtype, sum, place)};`);
  };
  /** All lanes into a vector of accumulators; they are widened together, for which processors have an instruction. */
  const addLanes = (sum: string, each: () => string, plain: () => void) => {
    if (value === stage.value) return overLanes(lanes, plain);
    printBlock(writer, "{", () => {
      line(writer, `${narrowType(stage)} next;`);
      overLanes(lanes, () => line(writer, `next[lane] = ${each()};`));
      const wide = `DAMO_DOUBLES(${laneType(dtype)}, next)`;
      line(writer, `${merge(stage.combine, dtype, sum, wide)};`);
    });
  };
  const ivdep = () => kept && line(writer, "#pragma GCC ivdep");
  const overLanes = (n: number, body: () => void) =>
    printBlock(writer, `for (int lane = 0; lane < ${n}; lane++) {`, body);

  printBlock(
    writer,
    `for (int64_t ${name} = 0; ${name} + ${block} <= ${length}; ${name} += ${block}) {`,
    () => {
      const element = (s: Scope, lane: string) =>
        kept ? address(kept, s) : `value[${lane}]`;
      if (whole) {
        if (!kept) {
          line(writer, `${typeName(valueDtype(value))} value[${block}];`);
        }
        line(writer, "#pragma GCC ivdep");
        overLanes(block, () => {
          const s = after(0), text = bare(render(value, s));
          line(writer, `${element(s, "lane")} = ${text};`);
        });
      }
      sums.forEach((sum, k) => {
        const s = after(k * lanes),
          lane = k > 0 ? `${k * lanes} + lane` : "lane",
          into = `${sum}[lane]`;
        addLanes(
          sum,
          () => whole ? element(s, lane) : bare(render(value, s)),
          () =>
            whole
              ? line(
                writer,
                `${merge(stage.combine, dtype, into, element(s, lane))};`,
              )
              : accumulate(s, stage, into, ""),
        );
      });
    },
  );
  printBlock(
    writer,
    `for (int64_t ${name} = ${length} - ${length} % ${block}; ${name} + ${lanes} <= ${length}; ${name} += ${lanes}) {`,
    () => {
      if (kept === null) {
        return addLanes(
          `sum${at}`,
          () => bare(render(value, after(0))),
          () => add(after(0), `sum${at}[lane]`),
        );
      }
      ivdep();
      overLanes(lanes, () => add(after(0), `sum${at}[lane]`));
    },
  );
  if (kept) {
    ivdep();
    printBlock(
      writer,
      `for (int64_t ${name} = ${length} - ${length} % ${lanes}, lane = 0; ${name} + lane < ${length}; lane++) {`,
      () => add(after(0), `rest${at}[lane]`),
    );
  } else {
    // All lanes, of which the last are left as they were: a vector under a mask.
    printBlock(writer, "{", () => {
      line(writer, `const int64_t tail = ${length} % ${lanes};`);
      line(writer, `const int64_t ${name} = ${length} - tail;`);
      overLanes(lanes, () => {
        line(writer, `${type} next = rest${at}[lane];`);
        printBlock(
          writer,
          "if (lane < tail) {",
          () => accumulate(after(0), stage, "next", ""),
        );
        line(writer, `rest${at}[lane] = next;`);
      });
    });
  }
  close(scope, stage.axes.length - 1);
  const fold = (to: string, from: string) =>
    `${merge(stage.combine, dtype, to, from)};`;
  overLanes(lanes, () => {
    for (let half = CHAINS / 2; half >= 1; half /= 2) {
      for (let k = 0; k < half; k++) {
        line(writer, fold(`${sums[k]}[lane]`, `${sums[k + half]}[lane]`));
      }
    }
    line(writer, fold(`rest${at}[lane]`, `sum${at}[lane]`));
  });
  for (let half = lanes / 2; half > 1; half /= 2) {
    line(
      writer,
      `for (int lane = 0; lane < ${half}; lane++) ${
        fold(`rest${at}[lane]`, `rest${at}[lane + ${half}]`)
      }`,
    );
  }
  line(writer, fold(`rest${at}[0]`, `rest${at}[1]`));
  line(writer, `const ${type} s${at} = rest${at}[0];`);
}

/** True for a value whose computation, not its memory, takes the time: one that calls a function, or is long. */
export function isHeavy(value: Expr): boolean {
  const calls = postorder(value).filter((e) => e.kind === "call");
  return calls.length >= HEAVY || calls.some(callsFunction);
}

/** A value before it is widened to what it is added to: C does that by itself. */
function unwidened(e: Expr): Expr {
  const [x] = e.kind === "call" && e.name === "cast" ? e.args : [];
  return x && e.kind === "call" && e.dtype === "float64" &&
      valueDtype(x) === "float32"
    ? x
    : e;
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
    printBlock(
      writer,
      `for (int64_t ${column} = first; ${column} < past; ${column}++) {`,
      () => {
        line(writer, `${resultType(stage)} sum = ${sum};`);
        for (const s of scopes) accumulate(s, stage, "sum", "");
        line(writer, `${sum} = sum;`);
      },
    );
  };
  printBlock(
    writer,
    `for (int64_t ${name} = 0; ${name} + ${SEVERAL} <= ${length}; ${name} += ${SEVERAL}) {`,
    () => pass(SEVERAL),
  );
  printBlock(
    writer,
    `for (int64_t ${name} = ${length} - ${length} % ${SEVERAL}; ${name} < ${length}; ${name}++) {`,
    () => pass(1),
  );
}

function laneType(dtype: Dtype): string {
  return `KERNEL_${DTYPES[dtype].suffix}x${LANE_BYTES / DTYPES[dtype].size}`;
}

/** As many elements as lanes, before they are widened. */
function narrowType({ value, dtype }: Reduce): string {
  const narrow = valueDtype(unwidened(value));
  return `KERNEL_${DTYPES[narrow].suffix}x${
    LANE_BYTES / DTYPES[computed(dtype)].size
  }`;
}

/** The vector types that the reductions of a nest need. */
export function laneTypes(nest: Nest): string[] {
  const types = nest.stages.flatMap((s) => {
    if (s.kind !== "reduce" || !inLanes(nest, s)) return [];
    const wide = computed(s.dtype), narrow = valueDtype(unwidened(s.value));
    const vector = (name: string, d: Dtype, bytes: number) =>
      `typedef ${typeName(d)} ${name} __attribute__((vector_size(${bytes})));`;
    return [
      vector(laneType(wide), wide, LANE_BYTES),
      ...(unwidened(s.value) === s.value ? [] : [
        vector(
          narrowType(s),
          narrow,
          LANE_BYTES * DTYPES[narrow].size / DTYPES[wide].size,
        ),
      ]),
    ];
  });
  return [...new Set(types)];
}
