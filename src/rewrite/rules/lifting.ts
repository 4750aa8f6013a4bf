/** Less is computed where only a part is read: an index goes below what is computed for it alone. */
import type { Apply, Variable } from "../../graph/variable.ts";
import { remake } from "../../graph/walk.ts";
import { dot } from "../../ops/products/dot.ts";
import type { ReduceParams } from "../../ops/reductions/reduce.ts";
import type {
  IndexParam,
  SelectionParams,
} from "../../ops/indexing/selection.ts";
import { subtensor } from "../../ops/indexing/subtensor.ts";
import type { Scalar } from "../../ops/shape/view.ts";
import { type Rule, ruleAt, type Surroundings } from "../pattern.ts";
import { isReduction, reduced } from "./reductions.ts";

/** The entry of an axis that is taken as it is. */
export const WHOLE: IndexParam = { kind: "slice", step: 1 };

/** True for the entry of an axis that is taken as it is. */
export function isWhole(e: IndexParam): boolean {
  return e.kind === "slice" && e.step === 1 && e.start === undefined &&
    e.stop === undefined;
}

/** Indices by integers and slices, of what nothing else reads. */
export const lifting: readonly Rule[] = [
  ruleAt(
    "index_of_elementwise",
    [subtensor],
    { equation: "exp(x)[i] → exp(x[i]), where nothing else reads exp(x)" },
    (v, around) => {
      const part = partOf(v, around), { op, outputs } = part?.node ?? {};
      if (!part || !op!.scalar || op!.ordered || outputs!.length > 1) {
        return null;
      }
      const { node, z, entries } = part;
      const inputs = node.inputs.map((u) => {
        const lead = z.ndim - u.ndim;
        const own = entries.slice(lead).map((e, i) =>
          u.type.shape[i] === 1 && z.type.shape[i + lead] !== 1
            ? repeated(e)
            : e
        );
        return selected(u, own, v);
      });
      return remake(node, inputs).outputs[0]!;
    },
  ),
  ruleAt(
    "index_of_reduction",
    [subtensor],
    { equation: "sum(x, 1)[i] → sum(x[i], 0), where nothing else reads it" },
    (v, around) => {
      const part = partOf(v, around);
      if (!part || !isReduction(part.node)) return null;
      const { node, entries } = part, [x] = node.inputs as [Variable];
      const { axes } = node.params as ReduceParams, rest = [...entries];
      const own = x.type.shape.map((_, axis) =>
        axes.includes(axis) ? WHOLE : rest.shift()!
      );
      const lost = (axis: number) =>
        own.slice(0, axis).filter((e) => e.kind === "at").length;
      return reduced(
        node,
        selected(x, own, v),
        axes.map((axis) => axis - lost(axis)),
      );
    },
  ),
  ruleAt(
    "index_of_dot",
    [subtensor],
    { equation: "dot(x, y)[i] → dot(x[i], y), where nothing else reads it" },
    (v, around) => {
      const part = partOf(v, around);
      if (part?.node.op !== dot.op) return null;
      const { entries, node } = part, rest = [...entries];
      const [x, y] = node.inputs as [Variable, Variable];
      if (x.ndim > 2 || y.ndim > 2) return null;
      const left = x.ndim === 2 ? [rest.shift()!, WHOLE] : [];
      const right = y.ndim === 2 ? [WHOLE, rest.shift()!] : [];
      return dot(selected(x, left, v), selected(y, right, v));
    },
  ),
];

/** What is read in part only: how it is computed, and an entry for each of its axes. */
interface Part {
  readonly z: Variable;
  readonly node: Apply;
  readonly entries: readonly IndexParam[];
}

/** Null where something else reads what is indexed, or an axis is new. */
function partOf(v: Variable, around: Surroundings): Part | null {
  const z = v.owner!.inputs[0]!, node = z.owner;
  const { index } = v.owner!.params as SelectionParams;
  if (!node || around.clients(z) > 1) return null;
  if (index.some((e) => e.kind === "new")) return null;
  const open = Array<IndexParam>(z.ndim - index.length).fill(WHOLE);
  return { z, node, entries: [...index, ...open] };
}

/** The entry for an axis of length 1 that is repeated along the one indexed. */
function repeated(e: IndexParam): IndexParam {
  return e.kind === "at" ? { kind: "at", at: 0 } : WHOLE;
}

/** The part of `u` that entries name, whose integers are inputs of `v`. */
function selected(
  u: Variable,
  entries: readonly IndexParam[],
  v: Variable,
): Variable {
  if (entries.every((e) => e === WHOLE)) return u;
  const rest: Variable[] = [];
  const scalar = <S extends Scalar | undefined>(p: S): S | Scalar =>
    p === undefined || typeof p === "number"
      ? p
      : { input: rest.push(v.owner!.inputs[p.input]!) };
  const index = entries.map((e): IndexParam => {
    if (e.kind === "at") return { kind: "at", at: scalar(e.at) };
    if (e.kind !== "slice") return e;
    const { start, stop, step } = e;
    return {
      kind: "slice",
      ...(start !== undefined && { start: scalar(start) }),
      ...(stop !== undefined && { stop: scalar(stop) }),
      step,
    };
  });
  return subtensor(u, ...rest, { index });
}
