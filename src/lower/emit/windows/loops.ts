/** The loops of kernels of sums over windows, and what they read. */
import { address } from "../expression.ts";
import { sumName } from "../products/tile_sums.ts";
import { packedElement, type Packing, printPacking } from "./pack.ts";
import { lengthOf, type Windows } from "./windows.ts";
import { block, line, type Scope, type Writer } from "../writer.ts";

/** Where the text of a kernel stands. */
export interface Site {
  readonly w: Windows;
  readonly packing: Packing | null;
  readonly scope: Scope;
  /** What loops are called where the text stands. */
  readonly positions: ReadonlyMap<number, string>;
}

/** The site where some axes are at these positions. */
export function at(
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

/** Plain loops over axes, outermost first. */
export function overAll(
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

/** The tiles of the result, those of each copied factor after it is copied: `tall` by `deep` positions each. */
export function overTiles(
  site: Site,
  body: (site: Site, tall: number, deep: number) => void,
): void {
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
            inSteps(
              s,
              w.lines,
              w.deep,
              (lines, deep) => body(lines, tall, deep),
            ),
        ),
    );
  });
}

/** What a factor has where the loops are. */
export function element(
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

/** The position `count` behind that of an axis. */
export function behind(site: Site, axis: number, count: number): string {
  const name = site.positions.get(axis) ?? "0";
  return count === 0
    ? name
    : name === "0"
    ? String(count)
    : `${name} + ${count}`;
}

/** Adds the term of row r and vector v to their sum. */
export function addProduct(writer: Writer, r: number, v: number): void {
  const sum = sumName(r, v, 0);
  line(writer, `${sum} = KERNEL_fma(u${r}, w${v}, ${sum});`);
}
