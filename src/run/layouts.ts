/** How storages lie: the first function that updates them decides it, and those lowered before say so. */
import { detectTarget } from "../build/toolchain.ts";
import type { FunctionGraph } from "../graph/function_graph.ts";
import type { SharedVariable } from "../graph/variable.ts";
import { arrangementsOf } from "../lower/arrange.ts";
import { fitsArray, type Signature } from "../lower/signature.ts";
import type { CStorage } from "./storage.ts";

/** Shared variables and their storages, in one order. */
export interface SharedStorages {
  readonly shared: readonly SharedVariable[];
  readonly storages: readonly CStorage[];
}

/** How storages lay when a program was last found to fit. */
export class Layouts {
  readonly #storages: readonly CStorage[];
  readonly #seen: number[];

  constructor(storages: readonly CStorage[]) {
    this.#storages = storages;
    this.#seen = storages.map((s) => s.layout);
  }

  /** True if they lie so still, and no call in flight owns one. */
  get hold(): boolean {
    const seen = this.#seen, storages = this.#storages;
    for (let i = 0; i < seen.length; i++) {
      const storage = storages[i]!;
      if (storage.layout !== seen[i] || storage.owners > 0) return false;
    }
    return true;
  }

  /** Whether they fit a signature now; those that do are remembered. */
  fit({ shared }: Signature): boolean {
    return this.#storages.every((storage, i) => {
      const { layout } = storage;
      if (layout === this.#seen[i]) return true;
      const fits = fitsArray(shared[i]!, storage);
      if (fits) this.#seen[i] = layout;
      return fits;
    });
  }
}

/** Lays out the storages that `graph` is the first to update. One line for each that changes. */
export function settleLayouts(
  graph: FunctionGraph,
  { shared, storages }: SharedStorages,
): string[] {
  const updated = new Set(graph.updates.map(([s]) => s));
  const open = shared.flatMap((s, i) => {
    const storage = storages[i]!;
    return updated.has(s) && !storage.settled ? [[s, storage] as const] : [];
  });
  if (open.length === 0) return [];
  const by = new Map(open),
    shapes = new Map(open.map(([s, { shape }]) => [s, shape]));
  const notes = arrangementsOf(graph, shapes, detectTarget()).map(
    ({ shared, strides, note }) => {
      by.get(shared)!.arrange(strides);
      return note;
    },
  );
  for (const [, storage] of open) storage.settled = true;
  return notes;
}

/** One line for each storage that lies otherwise than programs made for its lengths expect. */
export function movedLayouts(
  made: readonly Signature[],
  { shared, storages }: SharedStorages,
): string[] {
  return storages.flatMap((storage, i) => {
    const { shape, strides } = storage,
      expected = made.map((signature) => signature.shared[i]!);
    const sameLengths = expected.some((e) =>
      e.shape.every((n, axis) => n === null || n === shape[axis])
    );
    const fitting = expected.some((e) =>
      fitsArray({ ...e, shape: shape.map(() => null) }, storage)
    );
    if (!sameLengths || fitting) return [];
    const label = shared[i]!.name ?? shared[i]!;
    return [
      `layout of ${label}: strides are (${strides}) now; another program is made`,
    ];
  });
}
