/** How each unit is computed: by kernels, by the CVM itself, or by `eval`; and what of it may fail. */
import { describeType } from "../graph/type.ts";
import { type Apply, siteOf } from "../graph/variable.ts";
import { opKey } from "../rewrite/merge.ts";
import type { Computation, Unit } from "./flow.ts";
import type { Layout, Plan } from "./emit/implementation.ts";
import { liesLike } from "./layout.ts";
import { type ImplementPair, type Together, together } from "./order/pairs.ts";
import { sameLength } from "./read/shapes.ts";
import type { Target } from "./target.ts";

/**
 * Finds kernels for an application whose inputs, then outputs, lie like
 * `layouts`; output 0 is written over input `inplace` unless that is -1. null:
 * there is no C for it.
 */
export type Implement = (
  node: Apply,
  layouts: readonly Layout[],
  inplace: number,
  target: Target,
) => Plan | null;

/** The same, asked once for all applications that the same kernels compute: the layers of a net, the steps of an unrolled loop. One machine's answers are no other's. */
export function askedOnce(implement: Implement): Implement {
  const made = new Map<string, Plan | null>();
  return (node, layouts, inplace, target) =>
    remembered(
      made,
      `${inplace};${keyOf(node, layouts)}`,
      () => implement(node, layouts, inplace, target),
    );
}

/** The same for pairs. */
export function pairAskedOnce(implement: ImplementPair): ImplementPair {
  const made = new Map<string, ReturnType<ImplementPair>>();
  return (site, target) => {
    const { product, update, matrix, inputs, inplace } = site;
    const members = [product, update].map(({ node, layouts, operands }) =>
      `${operands};${keyOf(node, layouts)}`
    );
    const key = [matrix, inputs, inplace, ...members].join(";");
    return remembered(made, key, () => implement(site, target));
  };
}

function remembered<T>(made: Map<string, T>, key: string, make: () => T): T {
  let found = made.get(key);
  if (found === undefined) made.set(key, found = make());
  return found;
}

/** Equal for applications that differ in nothing that kernels depend on: op, parameters, types, which inputs are the same value, and how all lie. */
function keyOf(node: Apply, layouts: readonly Layout[]): string {
  const { inputs, outputs } = node;
  const types = [...inputs, ...outputs].map((v) => describeType(v.type));
  const lies = layouts.map(({ dtype, shape, strides, scalar }) =>
    `${dtype} ${shape} ${strides} ${typeof scalar === "number" ? scalar : ""}`
  );
  const values = inputs.map((v) => inputs.indexOf(v));
  return [opKey(node), values, ...types, ...lies].join(";");
}

/** The plans of one lowering, made when first asked for. */
export class Plans {
  readonly #made = new Map<Computation, Map<number, Plan | null>>();
  readonly #candidates = new Map<Computation, readonly number[]>();
  constructor(
    readonly implement: Implement,
    readonly target: Target,
    readonly implementPair: ImplementPair = () => null,
  ) {}

  /** One kernel for a product and an update that need no tests; null: they are better computed apart. */
  together(pair: Parameters<typeof together>[0]): Together | null {
    const { product, update } = pair;
    const able = [product, update].every((unit) =>
      !this.hasChecks(unit) &&
      !this.mayFail(unit, unit === update ? pair.storage : -1) &&
      unit.node.op.loops && unit.outputs.length === 1 && !unit.view &&
      !unit.builtin
    ) && this.candidates(product).length === 0;
    return able
      ? together(pair, (site) => this.implementPair(site, this.target))
      : null;
  }

  /** The kernels of a unit; null for `eval`, and for what the CVM does itself. */
  of(unit: Computation, inplace = -1): Plan | null {
    if (unit.view || unit.builtin || unit.hostOnly) return null;
    const known = this.#made.get(unit) ?? new Map<number, Plan | null>();
    this.#made.set(unit, known);
    if (!known.has(inplace)) {
      known.set(
        inplace,
        this.implement(
          unit.node,
          [...unit.inputs, ...unit.outputs],
          inplace,
          this.target,
        ),
      );
    }
    return known.get(inplace)!;
  }

  /** Whether only `eval` computes it. */
  onHost(unit: Computation): boolean {
    return !unit.view && !unit.builtin && this.of(unit) === null;
  }

  /** Inputs that output 0 may overwrite: they lie alike, and the op reads no element after it is written. */
  candidates(unit: Computation): readonly number[] {
    const known = this.#candidates.get(unit);
    if (known) return known;
    const { node, inputs, outputs: [y] } = unit;
    const fits = (k: number) => {
      const x = inputs[k]!;
      return x.dtype === y!.dtype && liesLike(x, y!) &&
        x.lengths.length === y!.lengths.length &&
        x.lengths.every((n, axis) => sameLength(n, y!.lengths[axis]!));
    };
    const able = !unit.view && !unit.builtin && !this.onHost(unit);
    const { op } = node, site = siteOf(node);
    const told = able ? (op.loops?.(site) ?? op.c?.(site))?.inplace : [];
    const found = (told ?? []).filter((k) => fits(k) && this.of(unit, k));
    this.#candidates.set(unit, found);
    return found;
  }

  /** Whether something must be tested, or room be found, before a unit runs. */
  hasChecks(unit: Computation): boolean {
    return unit.checks.length > 0 || unit.guards.length > 0 ||
      (this.of(unit)?.checks.length ?? 0) > 0;
  }

  /** Whether a unit may fail once its checks have passed. */
  mayFail(unit: Unit, inplace = -1): boolean {
    if (unit.kind !== "compute") return unit.kind === "scan";
    if (unit.view) return viewMayFail(unit.view);
    if (unit.builtin) return unit.outputs[0]!.shape.includes(null);
    const plan = this.of(unit, inplace);
    const reserves = unit.reserve.some((r, i) =>
      r !== null && !(i === 0 && inplace >= 0)
    );
    return plan === null || reserves || plan.steps.some((s) => s.mayFail);
  }
}

/** A checked index may be out of range; a reshape whose lengths only the run tells may not fit. */
export function viewMayFail(
  { map, lengths, operands }: NonNullable<Computation["view"]>,
): boolean {
  return map.kind === "affine"
    ? map.checked.includes(true)
    : lengths.some((n) => typeof n !== "number") ||
      operands[0]!.shape.includes(null);
}
