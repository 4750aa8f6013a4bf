/** What becomes of the sums of a tile: the nest's own expression of them is stored, whole vectors at a time where it can be. */
import { DTYPES } from "../../../graph/dtype.ts";
import { postorder } from "../access.ts";
import { address, bare, hoist, isOperator, render } from "../expression.ts";
import { type Access, isPlain, strideOf } from "../nest.ts";
import {
  column,
  foldRow,
  sumName,
  type Tile,
  upTo,
  within,
} from "./tile_sums.ts";
import type { Tiling } from "./tiling.ts";
import { block, line, type Scope } from "../writer.ts";

/**
 * The nest's store for each element of the tile that none has stored: in loops
 * over rows and vectors (or lanes), because each store of its own is one more to
 * compile. A tile of few terms that is stored whole has one for each vector.
 */
export function storeTile(t: Tiling, tile: Tile, scope: Scope): void {
  const { tall, wide, skip, from } = tile,
    { along, lanes, few, fewTerms } = t,
    { writer } = scope;
  const rows = upTo(tall).map((r) =>
      along === "inner"
        ? foldRow({ lanes, wide }, r, writer)
        : upTo(wide).map((v) => sumName(r, v, 0))
    ),
    width = along === "inner" ? wide : few ?? wide * lanes,
    sums: Sums = { rows, width };
  if (!isArithmetic(t) || width % lanes > 0) {
    return storeElements(t, tile, sums, scope);
  }
  if (!fewTerms) return storeInLoops(t, tile, sums, scope);
  const undone = [skip, from].filter((n) => n !== "0");
  if (undone.length === 0) return storeVectors(t, tile, rows, scope);
  line(writer, `if (${undone.map((n) => `${n} == 0`).join(" && ")}) {`);
  writer.depth++;
  storeVectors(t, tile, rows, scope);
  writer.depth--;
  block(writer, "} else {", () => storeInLoops(t, tile, sums, scope));
}

/** The vectors that hold the sums of a tile, by row, and how many elements of a row they are. */
interface Sums {
  readonly rows: readonly (readonly string[])[];
  readonly width: number;
}

/** Stores what none has stored, element by element. */
function storeElements(
  t: Tiling,
  { skip, from, column: first }: Tile,
  { rows, width }: Sums,
  scope: Scope,
): void {
  const { c: { store, dtype }, columns, lanes } = t, { writer } = scope;
  line(writer, `const KERNEL_vector tile[] = {${rows.flat().join(", ")}};`);
  line(
    writer,
    `const ${DTYPES[dtype].c} *sums = (const ${DTYPES[dtype].c} *)tile;`,
  );
  const stride = rows[0]!.length * lanes;
  const row = (r: string) => {
    const at = column(r === "0" ? "0" : `${r} * ${stride}`, "lane"),
      lane = hoist([store.value], columns, {
        ...within(t, scope, r === "0" ? 0 : r, column(first, "lane")),
        results: [`sums[${at}]`],
      });
    line(writer, "#pragma GCC ivdep");
    block(
      writer,
      `for (int64_t lane = 0; lane < ${width}; lane++) {`,
      () => {
        const text = bare(render(store.value, lane)),
          place = address(store.access, lane);
        if (from === "0") return line(writer, `${place} = ${text};`);
        line(writer, `const ${DTYPES[dtype].c} z = ${text};`);
        line(writer, `if (lane >= ${from}) ${place} = z;`);
      },
    );
  };
  if (rows.length === 1 && skip === "0") return row("0");
  block(
    writer,
    `for (int64_t nth = ${skip}; nth < ${rows.length}; nth++) {`,
    () => row("nth"),
  );
}

/** True for a store whose value is arithmetic of the sum, of elements beside each other along the columns, and of numbers: vectors have operators for that. */
function isArithmetic({ c: { nest, store, dtype }, columns }: Tiling): boolean {
  const order = postorder(store.value);
  return order.some((e) => e.kind === "stage") && order.every((e) => {
    if (e.kind === "axis" || e.kind === "length" || e.dtype !== dtype) {
      return false;
    }
    if (e.kind === "call") return isOperator(e);
    const access = nest.loads.get(e);
    return access === undefined || isPlain(access) &&
        nest.operands[access.operand]!.dtype === dtype &&
        [0, 1].includes(strideOf(access, columns) as number);
  });
}

/** Stores what none has stored, in whole vectors where it fills them. */
function storeInLoops(
  t: Tiling,
  { skip, from, column: first }: Tile,
  { rows, width }: Sums,
  scope: Scope,
): void {
  const { c: { nest, store, dtype }, columns, lanes } = t,
    { size } = DTYPES[dtype],
    { writer } = scope;
  line(writer, `const KERNEL_vector tile[] = {${rows.flat().join(", ")}};`);
  const vectors = postorder(store.value).flatMap((e) => {
    const access = nest.loads.get(e);
    return access && strideOf(access, columns) === 1 ? [{ e, access }] : [];
  });
  const isOne = rows.length === 1 && skip === "0", r = isOne ? 0 : "nth";
  const row = () => {
    const { names } = hoist([store.value], columns, {
      ...within(t, scope, r, column(first, "lane")),
      results: ["tile[lane]"],
    });
    if (t.fewTerms) line(writer, `#pragma GCC unroll ${width / lanes}`);
    block(
      writer,
      `for (int64_t lane = 0; lane < ${width}; lane += ${lanes}) {`,
      () => {
        const at = within(t, scope, r, column(first, "lane")),
          here = new Map(names);
        for (const { e, access } of vectors) {
          if (here.has(e)) continue;
          const name = `t${writer.temporaries++}`;
          line(
            writer,
            `const KERNEL_vector ${name} = *(const KERNEL_vector *)&${
              address(access, at)
            };`,
          );
          here.set(e, name);
        }
        const of = isOne ? "" : `nth * ${width / lanes} + `;
        const s: Scope = {
          ...at,
          names: here,
          results: [`tile[${of}lane / ${lanes}]`],
        };
        const text = bare(render(store.value, { ...s, kept: "KERNEL_vector" })),
          place = address(store.access, s);
        if (from === "0") {
          return line(writer, `*(KERNEL_vector *)&${place} = ${text};`);
        }
        line(writer, `const KERNEL_vector z = ${text};`);
        line(writer, `const int64_t done = ${from} - lane;`);
        line(writer, `if (done <= 0) *(KERNEL_vector *)&${place} = z;`);
        line(
          writer,
          `else if (done < ${lanes}) DAMO_STORE_REST_${
            lanes * size
          }_${size}(&${place}, z, done);`,
        );
      },
    );
  };
  if (isOne) return row();
  block(
    writer,
    `for (int64_t nth = ${skip}; nth < ${rows.length}; nth++) {`,
    row,
  );
}

/** Stores whole vectors, without loops that the compiler would have to see through; what is the same in all rows is read once. */
function storeVectors(
  t: Tiling,
  { column: first }: Tile,
  rows: Sums["rows"],
  scope: Scope,
): void {
  const { c: { nest, store }, columns, lanes } = t, { writer } = scope;
  const loads = postorder(store.value).flatMap((e) => {
    const access = nest.loads.get(e);
    return access ? [{ e, access }] : [];
  });
  const isShared = (access: Access) =>
    t.rows < 0 || strideOf(access, t.rows) === 0;
  const elements = loads.filter(({ access }) =>
      strideOf(access, columns) === 0
    ),
    vectors = loads.filter(({ access }) => strideOf(access, columns) === 1);
  const hoisted = (r: number) =>
    hoist([store.value], columns, {
      ...within(t, scope, r, column(first, "lane")),
      results: ["sums[lane]"],
    }).names;
  const once = elements.every(({ access }) => isShared(access))
    ? hoisted(0)
    : null;
  const read = (access: Access, s: Scope): string => {
    const name = `t${writer.temporaries++}`;
    line(
      writer,
      `const KERNEL_vector ${name} = *(const KERNEL_vector *)&${
        address(access, s)
      };`,
    );
    return name;
  };
  const ofColumns = new Map<string, string>();
  rows.forEach((sums, r) => {
    const names = once ?? hoisted(r);
    sums.forEach((sum, v) => {
      const at = within(t, scope, r, column(first, v * lanes)),
        here = new Map(names);
      for (const { e, access } of vectors) {
        if (here.has(e)) continue;
        const key = isShared(access) ? address(access, at) : null;
        const name = key === null
          ? read(access, at)
          : ofColumns.get(key) ?? read(access, at);
        if (key !== null) ofColumns.set(key, name);
        here.set(e, name);
      }
      const s: Scope = { ...at, names: here, results: [sum] };
      const text = bare(render(store.value, { ...s, kept: "KERNEL_vector" }));
      line(
        writer,
        `*(KERNEL_vector *)&${address(store.access, s)} = ${text};`,
      );
    });
  });
}
