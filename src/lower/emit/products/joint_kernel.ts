/** Printing a pair of applications that share one pass over a matrix: some rows at a time, in vectors along its columns. */
import { DTYPES } from "../../../graph/dtype.ts";
import { printBehind } from "./behind.ts";
import { kernelOf, scopeOf } from "../c.ts";
import { address, bare, hoist, render } from "../expression.ts";
import type { Implementation } from "../implementation.ts";
import { COLUMNS, type Joint, ROWS, TERMS, TIMES } from "./joint.ts";
import { type Access, valueOf } from "../nest.ts";
import type { Target } from "../../target.ts";
import { vectorFunctions } from "./tile.ts";
import { plus, upTo } from "./tile_sums.ts";
import { amount, block, line, type Scope, type Writer } from "../writer.ts";

/** The kernel of a pair. */
export function jointKernel(joint: Joint, target: Target): Implementation {
  const { nest, dtype, product } = joint,
    lanes = target.vector / DTYPES[dtype].size,
    tall = tallOf(joint, target),
    packs = isPacked(joint, target);
  const kernel = kernelOf(
    nest,
    vectorFunctions({ dtype, lanes, along: "inner", few: null }),
    (writer) => {
      const given = { joint, lanes, packs, writer },
        { name } = nest.axes[ROWS]!;
      if (packs) pack(given);
      line(writer, `int64_t ${name} = lo;`);
      for (const rows of tall > 1 ? [tall, 1] : [1]) {
        const [head, step] = rows > 1
          ? [`${name} + ${rows} <= hi`, `${name} += ${rows}`]
          : [`${name} < hi`, `${name}++`];
        block(
          writer,
          `for (; ${head}; ${step}) {`,
          () => printRows({ ...given, rows }),
        );
      }
      const outer = product.times > 1 ? [TIMES, ROWS] : [ROWS];
      printBehind({ ...product, nest: { ...nest, outer } }, writer, ROWS);
    },
  );
  return {
    kernel,
    extents: nest.extents.map((e) => e.value),
    splits: true,
    mayFail: false,
  };
}

/** Rows at a time: as many as leave their sums in registers; more than two only if the numbers that they are updated with stay there too. */
function tallOf({ product, update }: Joint, { registers }: Target): number {
  const fits = (rows: number, each: number) =>
    rows * (product.times + each) + 4 <= registers;
  if (fits(4, update.terms + 2)) return 4;
  return fits(2, 2) ? 2 : 1;
}

/** Several rows that the matrix is multiplied by are copied first: aligned, and as one stream instead of many. */
function isPacked(
  { nest, dtype, product: { times } }: Joint,
  { caches: [first] }: Target,
): boolean {
  const columns = valueOf(nest, nest.axes[COLUMNS]!.length) as number;
  return times > 1 && columns * times * DTYPES[dtype].size <= 2 * first;
}

interface Given {
  readonly joint: Joint;
  readonly lanes: number;
  readonly packs: boolean;
  readonly writer: Writer;
}

/** Copies whole vectors of the other factor: those of one column beside each other. */
function pack({ joint, lanes, writer }: Given): void {
  const { nest, product: { times, other } } = joint,
    { name: j, length } = nest.axes[COLUMNS]!,
    n = amount(length),
    scope = scopeOf(nest, writer);
  line(
    writer,
    `KERNEL_vector packed[(${n} / ${lanes} + 1) * ${times}] __attribute__((aligned(64)));`,
  );
  block(
    writer,
    `for (int64_t ${j} = 0; ${j} + ${lanes} <= ${n}; ${j} += ${lanes}) {`,
    () => {
      for (const b of upTo(times)) {
        const d = at(other, scope, [0, j, b, 0]);
        line(
          writer,
          `packed[${j} / ${lanes} * ${times} + ${b}] = *(const KERNEL_vector *)&${d};`,
        );
      }
    },
  );
}

type Rows = Given & { readonly rows: number };

function printRows(given: Rows): void {
  const { joint, lanes, rows, writer } = given,
    { nest, product, update } = joint,
    { name: j, length } = nest.axes[COLUMNS]!,
    n = amount(length),
    scope = scopeOf(nest, writer);
  const sums = upTo(rows).flatMap((r) =>
    upTo(product.times).map((b) => `${sumName(r, b)} = {0}`)
  );
  line(writer, `KERNEL_vector ${sums.join(", ")};`);
  for (const r of upTo(rows)) {
    for (const k of upTo(update.terms)) {
      const left = at(update.factors![0], scope, [r, "0", 0, k]);
      line(
        writer,
        `const KERNEL_vector u${r}_${k} = ${left} - (KERNEL_vector){0};`,
      );
    }
  }
  const stores = upTo(rows).map((r) =>
    hoist([update.store.value], COLUMNS, {
      ...within(scope, [r, j, 0, 0]),
      results: [`p${r}[lane]`],
    })
  );
  block(
    writer,
    `for (int64_t ${j} = 0; ${j} + ${lanes} <= ${n}; ${j} += ${lanes}) {`,
    () => printChunk(given, { stores, scope, column: j, isTail: false }),
  );
  block(writer, `if (${n} % ${lanes}) {`, () => {
    line(
      writer,
      `const int64_t last = ${n} - ${lanes}, skip = ${lanes} - ${n} % ${lanes};`,
    );
    printChunk(given, { stores, scope, column: "last", isTail: true });
  });
  for (const r of upTo(rows)) {
    for (const b of upTo(product.times)) {
      const { access, value } = product.store,
        s = {
          ...within(scope, [r, "0", b, 0]),
          results: [`KERNEL_sum(${sumName(r, b)})`],
        };
      const text = bare(render(value, s));
      line(writer, `${address(access, s)} = ${text};`);
    }
  }
}

interface Chunk {
  /** By row: where its update is rendered. */
  readonly stores: readonly Scope[];
  readonly scope: Scope;
  readonly column: string;
  /** The last columns, which fill no vector: the lanes before them are done. */
  readonly isTail: boolean;
}

/** A vector of every row: all of it is read before any is written. */
function printChunk(
  given: Rows,
  { stores, scope, column, isTail }: Chunk,
): void {
  const { joint, lanes, packs, rows, writer } = given,
    { matrix, product, update } = joint;
  const vector = (element: string) => `*(const KERNEL_vector *)&${element}`,
    load = isTail
      ? (element: string) => `KERNEL_last(&${element}, skip)`
      : vector;
  for (const r of upTo(rows)) {
    const place = (row: number) => at(matrix, scope, [row, column, 0, 0]);
    line(writer, `const KERNEL_vector w${r} = ${load(place(r))};`);
    if (!isTail) {
      line(writer, `__builtin_prefetch(&${place(r + rows)}, 1);`);
    }
  }
  for (const b of upTo(product.times)) {
    const d = packs && !isTail
      ? `packed[${column} / ${lanes} * ${product.times} + ${b}]`
      : load(at(product.other, scope, [0, column, b, 0]));
    line(writer, `const KERNEL_vector d${b} = ${d};`);
    for (const r of upTo(rows)) {
      const sum = sumName(r, b);
      line(writer, `${sum} = KERNEL_fma(d${b}, w${r}, ${sum});`);
    }
  }
  if (update.factors) {
    const sums = upTo(rows).map((r) => `p${r} = {0}`);
    line(writer, `KERNEL_vector ${sums.join(", ")};`);
  }
  for (const k of upTo(update.terms)) {
    const v = update.isOther && !isTail
      ? `d${k}`
      : vector(at(update.factors![1], scope, [0, column, 0, k]));
    line(writer, `const KERNEL_vector v${k} = ${v};`);
    for (const r of upTo(rows)) {
      line(writer, `p${r} = KERNEL_fma(u${r}_${k}, v${k}, p${r});`);
    }
  }
  for (const rowScope of stores) {
    const { access, value } = update.store,
      s = {
        ...rowScope,
        variables: new Map([
          ...rowScope.variables,
          [COLUMNS, `${column} + lane`],
        ]),
      };
    line(writer, "#pragma GCC ivdep");
    block(
      writer,
      `for (int64_t lane = ${
        isTail ? "skip" : "0"
      }; lane < ${lanes}; lane++) {`,
      () => {
        const text = bare(render(value, s));
        line(writer, `${address(access, s)} = ${text};`);
      },
    );
  }
}

type Place = readonly [row: number, column: string, time: number, term: number];

/** scope at a place: rows are counted from the loop variable. */
function within(scope: Scope, [row, column, time, term]: Place): Scope {
  const { name } = scope.nest.axes[ROWS]!;
  return {
    ...scope,
    variables: new Map([
      [ROWS, plus(name, row)],
      [COLUMNS, column],
      [TIMES, String(time)],
      [TERMS, String(term)],
    ]),
  };
}

function at(access: Access, scope: Scope, place: Place): string {
  return address(access, within(scope, place));
}

function sumName(row: number, time: number): string {
  return `a${row}_${time}`;
}
