/**
 * What becomes of a product where that is more than a BLAS or whole vectors can
 * store, tanh(c + alpha * x y): the product first, then the rest as a pass over
 * the elements that were just stored, range by range, while they are in a
 * cache.
 */
import type { Expr } from "../../../graph/loops.ts";
import { postorder } from "../access.ts";
import { bind } from "../bind.ts";
import { kernelOf, printLoops } from "../c.ts";
import { type Contraction, linearOf } from "./contraction.ts";
import { isOperator } from "../expression.ts";
import type { Implementation } from "../implementation.ts";
import { laneTypes } from "../reduce.ts";
import { declare, partOf } from "../part.ts";
import { line, type Writer } from "../writer.ts";

/** True for a product whose store is operators of the sum, as vectors have them. */
export function storesOperators({ store, dtype }: Contraction): boolean {
  return postorder(store.value).every((e) =>
    e.kind !== "call" || e.dtype === dtype && isOperator(e)
  );
}

/**
 * The product that stores as much of its value as is linear in the sum, with
 * the rest behind it; null where all of it is linear, or where what is written
 * over is read behind.
 */
export function inTwo(c: Contraction): Contraction | null {
  const { nest, store, dtype } = c, { operand } = store.access;
  for (const first of postorder(store.value).toReversed()) {
    const linear = linearOf(nest, first, dtype);
    if (!linear) continue;
    if (first === store.value) return null;
    const stored: Expr = { kind: "load", input: operand, index: [], dtype },
      behind = replaced(store.value, first, stored),
      rest = postorder(behind);
    if (rest.some((e) => e.kind === "stage")) continue;
    const { memory } = nest.operands[operand]!,
      isLost = rest.some((e) => {
        const access = nest.loads.get(e);
        return access && nest.operands[access.operand]!.memory === memory;
      });
    return isLost ? null : {
      ...c,
      nest: {
        ...nest,
        loads: new Map([...nest.loads, [stored, store.access]]),
      },
      store: { ...store, value: first },
      linear,
      behind,
    };
  }
  return null;
}

/** `e` with one of the expressions in it replaced. */
function replaced(e: Expr, part: Expr, by: Expr): Expr {
  const made = new Map<Expr, Expr>([[part, by]]);
  for (const x of postorder(e)) {
    if (x.kind !== "call" || made.has(x)) continue;
    const args = x.args.map((arg) => made.get(arg) ?? arg);
    if (args.some((arg, i) => arg !== x.args[i])) made.set(x, { ...x, args });
  }
  return made.get(e) ?? e;
}

/** The pass over what the product stored: positions [lo, hi) of the axis that threads split, or everything (-1). */
export function printBehind(
  c: Pick<Contraction, "nest" | "store" | "behind">,
  writer: Writer,
  split = -1,
): void {
  if (!c.behind) return;
  const whole = {
    ...c.nest,
    splits: false,
    tile: false,
    stages: [{ ...c.store, value: c.behind, independent: true }],
  };
  if (split < 0 || typeof c.nest.axes[split]!.length === "number") {
    return printLoops(whole, writer);
  }
  const { nest, starts } = partOf(whole, {
    axis: split,
    from: "lo",
    length: "count",
  });
  line(writer, "const int64_t count = hi - lo;");
  declare(starts, writer);
  printLoops(nest, writer);
}

/** The kernel of a product by plain loops, and of what is behind it. */
export function loopsKernel(c: Contraction): Implementation {
  const { nest, store } = c, [sum] = nest.stages;
  const first = { ...nest, stages: [sum!, store] };
  const kernel = kernelOf(nest, laneTypes(first), (writer) => {
    printLoops(first, writer);
    printBehind(c, writer, nest.splits ? nest.outer[0] : -1);
  });
  return bind(nest, kernel);
}
