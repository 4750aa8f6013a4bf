/** Sums over windows whose lanes are terms: the result has the sums of lanes. */
import { address } from "../expression.ts";
import { foldRow, sumName, upTo } from "../products/tile_sums.ts";
import {
  addProduct,
  at,
  behind,
  element,
  overAll,
  overTiles,
  type Site,
} from "./loops.ts";
import { lengthOf } from "./windows.ts";
import { block, line } from "../writer.ts";

/** Lanes are terms of the sums: each image's part is added to the result, which begins as 0. */
export function printSums(site: Site): void {
  clear(site);
  overTiles(site, printPart);
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
