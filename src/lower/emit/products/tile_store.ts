/** What becomes of the sums of a tile: the nest's own expression of them is stored, whole vectors at a time where it can be. */
import { postorder } from "../access.ts";
import { address, bare, hoist, isOperator, render } from "../expression.ts";
import { isPlain, strideOf } from "../nest.ts";
import {
  column,
  foldRow,
  plus,
  sumName,
  type Tile,
  upTo,
  within,
} from "./tile_sums.ts";
import type { Tiling } from "./tiling.ts";
import { block, line, type Scope } from "../writer.ts";

/** The nest's store for each element of the tile. */
export function storeTile(
  t: Tiling,
  tile: Tile,
  scope: Scope,
): void {
  const { tall, wide, from, column: first } = tile,
    { c: { store }, columns, along, lanes, few } = t,
    { writer } = scope;
  if (from !== "0") return storeEnd(t, tile, scope);
  const inVectors = isArithmetic(t);
  for (const r of upTo(tall)) {
    if (along === "inner" && few === null) {
      for (const v of upTo(wide)) {
        storeElement(t, {
          ...within(t, scope, r, plus(first, v)),
          results: [`KERNEL_sum(a${r}_${v})`],
        });
      }
      continue;
    }
    const sums = along === "inner"
      ? foldRow(t, r, writer)
      : upTo(wide).map((v) => sumName(r, v, 0));
    sums.forEach((sum, v) => {
      const at = column(first, v * lanes),
        count = Math.min(lanes, (few ?? Infinity) - v * lanes);
      const lane = hoist([store.value], columns, {
        ...within(t, scope, r, column(at, "lane")),
        results: [`${sum}[lane]`],
      });
      if (inVectors && count === lanes) {
        const { names } = lane;
        storeVector(t, { ...within(t, scope, r, at), names, results: [sum] });
      } else storeLanes(t, ["0", String(count)], lane);
    });
  }
}

/** Stores a tile of one vector a row, or some lanes of it: row by row in a loop, because it is the last, and each loop over lanes is one more to compile. */
function storeEnd(
  t: Tiling,
  { tall, from, column: first }: Tile,
  scope: Scope,
): void {
  const { c: { store }, columns, lanes } = t, { writer } = scope;
  const sums = upTo(tall).map((r) => sumName(r, 0, 0));
  line(writer, `const KERNEL_vector sums[] = {${sums.join(", ")}};`);
  block(writer, `for (int64_t nth = 0; nth < ${tall}; nth++) {`, () => {
    const lane = hoist([store.value], columns, {
      ...within(t, scope, "nth", column(first, "lane")),
      results: ["sums[nth][lane]"],
    });
    if (isArithmetic(t)) {
      block(writer, `if (${from} == 0 && past == ${lanes}) {`, () => {
        const { names } = lane, at = within(t, scope, "nth", first);
        storeVector(t, { ...at, names, results: ["sums[nth]"] });
        line(writer, "continue;");
      });
    }
    storeLanes(t, [from, "past"], lane);
  });
}

function storeLanes(
  t: Tiling,
  [from, to]: readonly [string, string],
  scope: Scope,
): void {
  const { writer } = scope;
  line(writer, "#pragma GCC ivdep");
  block(
    writer,
    `for (int64_t lane = ${from}; lane < ${to}; lane++) {`,
    () => storeElement(t, scope),
  );
}

function storeElement({ c: { store } }: Tiling, scope: Scope): void {
  const text = bare(render(store.value, scope));
  line(scope.writer, `${address(store.access, scope)} = ${text};`);
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

/** Stores a whole vector at once, without a loop that the compiler would have to see through. */
function storeVector(t: Tiling, scope: Scope): void {
  const { c: { nest, store }, columns } = t, { writer } = scope;
  const names = new Map(scope.names);
  for (const e of postorder(store.value)) {
    const access = nest.loads.get(e);
    if (!access || names.has(e) || strideOf(access, columns) !== 1) continue;
    const name = `t${writer.temporaries++}`;
    line(
      writer,
      `const KERNEL_vector ${name} = *(const KERNEL_vector *)&${
        address(access, scope)
      };`,
    );
    names.set(e, name);
  }
  const text = bare(
    render(store.value, { ...scope, names, kept: "KERNEL_vector" }),
  );
  line(
    writer,
    `*(KERNEL_vector *)&${address(store.access, scope)} = ${text};`,
  );
}
