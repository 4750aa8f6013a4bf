/** Printing sums of products over windows: a tile of results in registers, its sums in one order. */
import { kernelOf, scopeOf } from "../c.ts";
import { address, bare, hoist, render } from "../expression.ts";
import type { Implementation } from "../implementation.ts";
import { foldText, lastText, sumName, upTo } from "../products/tile_sums.ts";
import { vectorFunctions } from "../products/tile.ts";
import { DTYPES } from "../../../graph/dtype.ts";
import {
  addProduct,
  at,
  behind,
  element,
  overAll,
  overTiles,
  type Site,
} from "./loops.ts";
import { packingOf, printRoom } from "./pack.ts";
import { printSums } from "./sums.ts";
import { lengthOf, type Windows } from "./windows.ts";
import { block, line, type Scope } from "../writer.ts";

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

function printWindows(site: Site): void {
  const { w, packing, scope: { writer } } = site;
  if (packing) printRoom(w, packing, writer);
  if (w.along === "columns") printColumns(site);
  else printSums(site);
}

/** Lanes are columns of the result. */
function printColumns(site: Site): void {
  overTiles(
    site,
    (lines, tall, deep) =>
      overLanes(lines, (tile, wide) => printTile(tile, { tall, deep, wide })),
  );
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
