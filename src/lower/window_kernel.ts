/** Printing sums of products over windows: a tile of results in registers, its sums in one order. */
import { kernelOf, scopeOf } from "./emit_c.ts";
import { address, bare, hoist, render } from "./expression.ts";
import type { Implementation } from "./implementation.ts";
import { foldRow, foldText, lastText, sumName, upTo } from "./tile_sums.ts";
import { vectorFunctions } from "./tile.ts";
import { DTYPES } from "../graph/dtype.ts";
import {
  packedElement,
  type Packing,
  packingOf,
  printPacking,
  printRoom,
} from "./window_pack.ts";
import { lengthOf, type Windows } from "./windows.ts";
import { block, line, type Scope, type Writer } from "./writer.ts";

/** The kernel of a sum over windows. */
export function windowKernel(w: Windows): Implementation {
  const packing = packingOf(w), { nest, split } = w;
  const types = vectorFunctions({
    dtype: w.dtype,
    lanes: w.lanes,
    along: "columns",
    few: null,
  });
  if (w.along === "inner") types.push(...laneFunctions(w));
  const kernel = kernelOf(
    nest,
    types,
    (writer) =>
      printWindows(
        { w, packing, scope: scopeOf(nest, writer), positions: new Map() },
      ),
  );
  const points = [...nest.outer, ...nest.stages[0]!.axes]
    .reduce((n, a) => n * lengthOf(nest, a), 1);
  return {
    kernel,
    extents: split < 0 ? [] : [lengthOf(nest, split)],
    splits: split >= 0,
    work: points,
    mayFail: packing !== null,
  };
}

/** Part of a vector, and sums of lanes. */
function laneFunctions({ lanes, dtype }: Windows): string[] {
  const { size, c: type } = DTYPES[dtype],
    inline = "static inline __attribute__((always_inline))";
  return [
    ...lastText(lanes, type, inline),
    `typedef int${8 * size}_t KERNEL_lanes __attribute__((vector_size(${
      lanes * size
    })));`,
    ...foldText(lanes, inline),
  ];
}

interface Site {
  readonly w: Windows;
  readonly packing: Packing | null;
  readonly scope: Scope;
  /** What loops are called where the text stands. */
  readonly positions: ReadonlyMap<number, string>;
}

function at(
  site: Site,
  ...where: readonly (readonly [number, string])[]
): Site {
  const own = where.filter(([a]) => a >= 0);
  return { ...site, positions: new Map([...site.positions, ...own]) };
}

/** A plain loop over an axis. */
function over(site: Site, axis: number, body: (site: Site) => void): void {
  const { w: { nest, split }, scope: { writer } } = site,
    { name, length } = nest.axes[axis]!;
  const [from, to] = axis === split ? ["lo", "hi"] : ["0", String(length)];
  block(
    writer,
    `for (int64_t ${name} = ${from}; ${name} < ${to}; ${name}++) {`,
    () => body(at(site, [axis, name])),
  );
}

function overAll(
  site: Site,
  axes: readonly number[],
  body: (site: Site) => void,
): void {
  const [first, ...rest] = axes;
  if (first === undefined) return body(site);
  over(site, first, (s) => overAll(s, rest, body));
}

/** An axis in steps of `step`, then what is left over. */
function inSteps(
  site: Site,
  axis: number,
  step: number,
  body: (site: Site, count: number) => void,
): void {
  if (axis < 0) return body(site, 1);
  const { w: { nest, split }, scope: { writer } } = site,
    { name } = nest.axes[axis]!,
    n = lengthOf(nest, axis);
  const there = at(site, [axis, name]);
  if (axis === split) {
    line(writer, `int64_t ${name} = lo;`);
    block(
      writer,
      `for (; ${name} + ${step} <= hi; ${name} += ${step}) {`,
      () => body(there, step),
    );
    if (step > 1) {
      block(writer, `for (; ${name} < hi; ${name}++) {`, () => body(there, 1));
    }
    return;
  }
  const whole = n - n % step;
  if (whole > 0) {
    block(
      writer,
      `for (int64_t ${name} = 0; ${name} < ${whole}; ${name} += ${step}) {`,
      () => body(there, step),
    );
  }
  if (n > whole) {
    block(writer, "{", () => {
      line(writer, `const int64_t ${name} = ${whole};`);
      body(there, n - whole);
    });
  }
}

function printWindows(site: Site): void {
  const { w, packing, scope: { writer } } = site;
  if (packing) printRoom(w, packing, writer);
  if (w.along === "columns") printColumns(site);
  else printSums(site);
}

function element(
  { w, packing, scope, positions }: Site,
  side: "left" | "right",
): string {
  return side === "right" && packing
    ? packedElement(packing, w.lane, positions)
    : address(w[side], {
      ...scope,
      variables: new Map([...scope.variables, ...positions]),
    });
}

function behind(site: Site, axis: number, count: number): string {
  const name = site.positions.get(axis) ?? "0";
  return count === 0
    ? name
    : name === "0"
    ? String(count)
    : `${name} + ${count}`;
}

/** Lanes are columns of the result. */
function printColumns(site: Site): void {
  const { w, packing, scope: { writer } } = site;
  overAll(site, w.around, (there) => {
    if (packing) printPacking(w, packing, writer);
    inSteps(
      there,
      w.rows,
      w.tall,
      (row, tall) =>
        overAll(
          row,
          w.between,
          (s) =>
            inSteps(s, w.lines, w.deep, (line, deep) =>
              overLanes(line, (tile, wide) =>
                printTile(tile, { tall, deep, wide }))),
        ),
    );
  });
}

/** Vectors along the lanes, `wide` at a time; the last one ends where the axis does, and computes some columns again. */
function overLanes(
  site: Site,
  body: (site: Site, lanes: readonly number[]) => void,
): void {
  const { w: { nest, lane, lanes, wide }, scope: { writer } } = site,
    n = lengthOf(nest, lane),
    { name } = nest.axes[lane]!,
    span = wide * lanes,
    whole = n - n % span;
  if (whole > 0 && whole === span && n === whole) {
    return body(at(site, [lane, "0"]), upTo(wide).map((v) => v * lanes));
  }
  if (whole > 0) {
    block(
      writer,
      `for (int64_t ${name} = 0; ${name} < ${whole}; ${name} += ${span}) {`,
      () => body(at(site, [lane, name]), upTo(wide).map((v) => v * lanes)),
    );
  }
  if (n > whole) {
    const vectors = Math.ceil((n - whole) / lanes);
    body(
      at(site, [lane, "0"]),
      upTo(vectors).map((v) => Math.min(whole + v * lanes, n - lanes)),
    );
  }
}

interface Grid {
  readonly tall: number;
  readonly deep: number;
  /** Where along the lane axis each vector begins, behind the loop's position. */
  readonly wide: readonly number[];
}

function printTile(site: Site, { tall, deep, wide }: Grid): void {
  const { w, scope: { writer } } = site;
  const vectors = upTo(deep).flatMap((u) =>
    wide.map((start) => ({ u, start }))
  );
  const placed = (s: Site, u: number, start: number) =>
    at(
      s,
      [w.lines, behind(s, w.lines, u)],
      [w.lane, behind(s, w.lane, start)],
    );
  block(writer, "{", () => {
    line(
      writer,
      `KERNEL_vector ${
        upTo(tall).flatMap((r) =>
          vectors.map((_, v) => `${sumName(r, v, 0)} = {0}`)
        ).join(", ")
      };`,
    );
    overAll(site, w.inner, (term) => {
      const load = (v: number) => {
        const { u, start } = vectors[v]!;
        line(
          writer,
          `const KERNEL_vector w${v} = *(const KERNEL_vector *)&${
            element(placed(term, u, start), "right")
          };`,
        );
      };
      const spread = (r: number) => {
        const s = at(term, [w.rows, behind(term, w.rows, r)]);
        line(
          writer,
          `const KERNEL_vector u${r} = ${
            element(s, "left")
          } - (KERNEL_vector){0};`,
        );
      };
      for (const v of upTo(vectors.length)) load(v);
      for (const r of upTo(tall)) {
        spread(r);
        for (const v of upTo(vectors.length)) addProduct(writer, r, v);
      }
    });
    for (const r of upTo(tall)) {
      vectors.forEach(({ u, start }, v) =>
        store(
          at(placed(site, u, start), [w.rows, behind(site, w.rows, r)]),
          sumName(r, v, 0),
        )
      );
    }
  });
}

/** Adds the term of row r and vector v to their sum. */
function addProduct(writer: Writer, r: number, v: number): void {
  const sum = sumName(r, v, 0);
  line(writer, `${sum} = KERNEL_fma(u${r}, w${v}, ${sum});`);
}

/** The nest's store for the elements of one vector. */
function store({ w, scope, positions }: Site, sum: string): void {
  const { store: { access, value }, lane, lanes } = w, { writer } = scope;
  const there = (lane_: string): Scope => ({
    ...scope,
    variables: new Map([...scope.variables, ...positions, [
      lane,
      lane_,
    ]]),
    results: [lane_ === positions.get(lane) ? sum : `${sum}[lane]`],
  });
  const first = positions.get(lane)!;
  if (value.kind === "stage") {
    return line(
      writer,
      `*(KERNEL_vector *)&${address(access, there(first))} = ${sum};`,
    );
  }
  const s = hoist([value], lane, there(`${first} + lane`));
  line(writer, "#pragma GCC ivdep");
  block(writer, `for (int64_t lane = 0; lane < ${lanes}; lane++) {`, () => {
    const text = bare(render(value, s));
    line(writer, `${address(access, s)} = ${text};`);
  });
}

/** Lanes are terms of the sums: each image's part is added to the result, which begins as 0. */
function printSums(site: Site): void {
  const { w, packing, scope: { writer } } = site;
  clear(site);
  overAll(site, w.around, (there) => {
    if (packing) printPacking(w, packing, writer);
    inSteps(
      there,
      w.rows,
      w.tall,
      (row, tall) =>
        overAll(
          row,
          w.between,
          (s) =>
            inSteps(s, w.lines, w.deep, (lines, deep) =>
              printPart(lines, tall, deep)),
        ),
    );
  });
}

/** 0 for what this kernel, or this thread's part of it, adds to. */
function clear(site: Site): void {
  const { w, scope } = site, { nest, store: { access }, dtype } = w;
  block(scope.writer, "{", () =>
    overAll(site, nest.outer, ({ positions }) => {
      const y = address(access, {
        ...scope,
        variables: new Map([...scope.variables, ...positions]),
      });
      line(scope.writer, `${y} = ${dtype === "float32" ? "0.0f" : "0.0"};`);
    }));
}

function printPart(site: Site, tall: number, deep: number): void {
  const { w, scope } = site,
    { nest, lane, lanes } = w,
    { writer } = scope,
    n = lengthOf(nest, lane),
    { name } = nest.axes[lane]!;
  const row = (s: Site, r: number) => at(s, [w.rows, behind(s, w.rows, r)]);
  const lineAt = (s: Site, u: number) =>
    at(s, [w.lines, behind(s, w.lines, u)]);
  const terms = (s: Site, load: (element: string) => string) => {
    for (const u of upTo(deep)) {
      line(
        writer,
        `const KERNEL_vector w${u} = ${load(element(lineAt(s, u), "right"))};`,
      );
    }
    for (const r of upTo(tall)) {
      line(
        writer,
        `const KERNEL_vector u${r} = ${load(element(row(s, r), "left"))};`,
      );
      for (const u of upTo(deep)) addProduct(writer, r, u);
    }
  };
  block(writer, "{", () => {
    line(
      writer,
      `KERNEL_vector ${
        upTo(tall).flatMap((r) =>
          upTo(deep).map((u) => `${sumName(r, u, 0)} = {0}`)
        ).join(", ")
      };`,
    );
    overAll(site, w.inner, (s) => {
      const whole = n - n % lanes;
      block(
        writer,
        `for (int64_t ${name} = 0; ${name} < ${whole}; ${name} += ${lanes}) {`,
        () =>
          terms(
            at(s, [lane, name]),
            (e) => `*(const KERNEL_vector *)&${e}`,
          ),
      );
      if (n > whole) {
        block(
          writer,
          "{",
          () =>
            terms(
              at(s, [lane, String(n - lanes)]),
              (e) => `KERNEL_last(&${e}, ${lanes - n % lanes})`,
            ),
        );
      }
    });
    for (const r of upTo(tall)) {
      const sums = foldRow({ lanes, wide: deep }, r, writer);
      for (const u of upTo(deep)) {
        const { positions } = lineAt(row(site, r), u);
        const y = address(w.store.access, {
          ...scope,
          variables: new Map([...scope.variables, ...positions]),
        });
        line(
          writer,
          `${y} += ${sums[Math.floor(u / lanes)]}[${u % lanes}];`,
        );
      }
    }
  });
}
