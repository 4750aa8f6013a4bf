/** Pairs of units that are one kernel: a product that reads a storage, and the update that is written over it. */
import type { Computation, Value } from "../flow.ts";
import type { Implementation } from "../emit/implementation.ts";
import type { PairSite } from "../emit/implement.ts";
import type { PlannedKernel } from "../emit/products/products.ts";
import type { Target } from "../target.ts";

/** One kernel for two units, at the place of the first. */
export interface Together {
  readonly update: Computation;
  readonly step: Implementation;
  /** What the kernel reads; it writes the update's output, then that of the product. */
  readonly inputs: readonly Value[];
  /** The input that the update overwrites. */
  readonly inplace: number;
  readonly note: string;
}

/** Finds one kernel for two applications; null: they are better computed apart. */
export type ImplementPair = (
  site: PairSite,
  target: Target,
) => PlannedKernel | null;

/**
 * Both units in one kernel. `storage` is the input of the update that it
 * overwrites; input `matrix` of the product is all of it, or a view of all.
 */
export function together(
  { product, update, storage, matrix }: {
    readonly product: Computation;
    readonly update: Computation;
    readonly storage: number;
    readonly matrix: number;
  },
  implement: (site: PairSite) => PlannedKernel | null,
): Together | null {
  const over = update.inputs[storage]!, mine = product.inputs[matrix]!;
  if (!coversAll(mine, over)) return null;
  const inputs = [
    ...new Set([
      ...product.inputs.filter((v) => v !== mine),
      ...update.inputs,
    ]),
  ];
  const position = (v: Value) => inputs.indexOf(v === mine ? over : v),
    member = (unit: Computation, output: number) => ({
      node: unit.node,
      layouts: [...unit.inputs, ...unit.outputs],
      operands: [...unit.inputs.map(position), inputs.length + output],
    });
  const planned = implement({
    product: member(product, 1),
    update: member(update, 0),
    matrix: [matrix, storage],
    inputs: inputs.length,
    inplace: position(over),
  });
  return planned && {
    update,
    step: planned.step,
    inputs,
    inplace: position(over),
    note: `${planned.note} over ${
      over.variable.name ?? over.variable
    }, one element after the other read, then written`,
  };
}

/** Whether a value that looks into a storage has all of it: the same lengths and strides in any order, which then leave no other place to start. */
function coversAll(look: Value, storage: Value): boolean {
  const lie = (v: Value) =>
    v.shape.map((n, axis) => `${n} ${v.strides[axis]}`).sort().join();
  return !storage.shape.includes(null) &&
    storage.strides.every((s) => s !== null && s > 0) &&
    lie(look) === lie(storage);
}
