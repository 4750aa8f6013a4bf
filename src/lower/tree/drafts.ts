/** Calls of kernels and builtins, for units whose slots are known. */
import type { Apply } from "../../graph/variable.ts";
import {
  copyExtents,
  guardExtents,
  lengthExtents,
  type LengthSource,
  reserveExtents,
  sameExtents,
  viewExtents,
} from "../emit/builtins.ts";
import type {
  Check,
  Computation,
  GuardedLength,
  Source,
  Value,
} from "../flow.ts";
import type { Extent, Implementation, Plan } from "../emit/implementation.ts";
import type { Together } from "../order/pairs.ts";
import { type Plans, viewMayFail } from "../plans.ts";
import type { Builtin } from "../program.ts";
import { sameLength } from "../read/shapes.ts";
import type { Draft } from "./tree.ts";

type SlotOf = (v: Value) => number;

/** Inputs of a builtin, collected while its table is written. */
export class Inputs {
  readonly slots: number[];
  constructor(first: readonly number[], readonly slotOf: SlotOf) {
    this.slots = [...first];
  }

  /** The words for a source, whose value becomes an input. */
  source(s: Source): LengthSource {
    if (typeof s === "number") return s;
    const slot = this.slotOf(s.value), known = this.slots.indexOf(slot);
    const input = known < 0 ? this.slots.push(slot) - 1 : known;
    return s.axis < 0 ? { input } : { input, axis: s.axis };
  }
}

/** A call of one of the CVM's own kernels. */
export function builtin(
  name: Builtin,
  spec: Pick<Draft, "inputs" | "outputs" | "node" | "mayFail"> & {
    readonly extents: readonly number[];
  },
): Draft {
  return { run: { kind: "builtin", name }, headers: [], inplace: -1, ...spec };
}

/** The test that two lengths are equal. */
export function sameDraft(
  { x, y, axis }: Check,
  node: Apply | null,
  slotOf: SlotOf,
): Draft {
  const inputs = new Inputs([], slotOf),
    extents = sameExtents({ x: inputs.source(x), y: inputs.source(y), axis });
  return builtin("same", {
    inputs: inputs.slots,
    outputs: [],
    extents,
    mayFail: true,
    node,
  });
}

/** The test that a length is what this program is made for. */
export function guardDraft(
  { length, expected, node, which }: GuardedLength,
  slotOf: SlotOf,
): Draft {
  return builtin("guard", {
    inputs: [slotOf(length)],
    outputs: [],
    extents: guardExtents(expected, which),
    mayFail: true,
    node,
  });
}

/** Copies one slot to another; `reserves` where the lengths come with the value. */
export function copyDraft(
  from: number,
  to: number,
  { node, reserves }: { readonly node: Apply; readonly reserves: boolean },
): Draft {
  return builtin("copy", {
    inputs: [from],
    outputs: [to],
    extents: copyExtents({ reserves }),
    mayFail: reserves,
    node,
  });
}

/** A kernel of a unit: one that tests it, or one of its steps. */
export function kernelDraft(
  unit: Computation,
  plan: Implementation,
  { slotOf, inplace, parts = -1 }: {
    readonly slotOf: SlotOf;
    readonly inplace: number;
    readonly parts?: number;
  },
): Draft {
  const positions = plan.inputs ?? unit.inputs.map((_, i) => i),
    results = plan.outputs ?? unit.outputs.map((_, i) => i);
  return {
    run: { kind: "compiled", plan },
    inputs: [
      ...positions.map((i) => slotOf(unit.inputs[i]!)),
      ...(plan.parts === "read" ? [parts] : []),
    ],
    outputs: plan.parts === "written"
      ? [parts]
      : results.map((i) => slotOf(unit.outputs[i]!)),
    extents: plan.extents.map((e) => fromInputs(unit, e)),
    headers: [...unit.inputs, ...unit.outputs].map(slotOf),
    inplace: results[0] === 0 && inplace >= 0 ? positions.indexOf(inplace) : -1,
    mayFail: plan.mayFail,
    node: unit.node,
  };
}

/** The kernel of a product and of the update that it shares a pass with. */
export function jointDraft(
  product: Computation,
  { update, step, inputs, inplace }: Together,
  slotOf: SlotOf,
): Draft {
  return {
    run: { kind: "compiled", plan: step },
    inputs: inputs.map(slotOf),
    outputs: [...update.outputs, ...product.outputs].map(slotOf),
    extents: step.extents,
    headers: [],
    inplace,
    mayFail: step.mayFail,
    node: product.node,
  };
}

/** The same integer read from an input where one has it: the header of an output may not be set yet. */
function fromInputs({ inputs, outputs }: Computation, extent: Extent): Extent {
  if (
    typeof extent === "number" || "stride" in extent ||
    extent.arg < inputs.length
  ) return extent;
  const { from, to } = extent,
    { lengths } = outputs[extent.arg - inputs.length]!;
  for (let arg = 0; arg < inputs.length; arg++) {
    const other = inputs[arg]!.lengths, n = to - from;
    for (let at = 0; at + n <= other.length; at++) {
      if (
        lengths.slice(from, to).every((length, k) =>
          sameLength(length, other[at + k]!)
        )
      ) return { arg, from: at, to: at + n };
    }
  }
  return extent;
}

/** Everything a unit does once its checks have passed. `isRow`: the slot is a row, which has its lengths. */
export function computeDrafts(
  unit: Computation,
  plans: Plans,
  site: {
    readonly slotOf: SlotOf;
    readonly inplace: number;
    readonly isRow: (slot: number) => boolean;
    /** A slot of its own for what one step leaves to the next. */
    readonly partsOf: (parts: NonNullable<Plan["parts"]>) => number;
  },
): Draft[] {
  const { slotOf, inplace, isRow, partsOf } = site,
    { node, view, outputs, inputs } = unit,
    out = slotOf(outputs[0]!);
  if (view) {
    const given = new Inputs(view.operands.map(slotOf), slotOf),
      extents = viewExtents(view.map, view.lengths.map((n) => given.source(n)));
    return [
      builtin("view", {
        inputs: given.slots,
        outputs: [out],
        extents,
        mayFail: viewMayFail(view),
        node,
      }),
    ];
  }
  if (unit.builtin === "length") {
    return [
      builtin("length", {
        inputs: [slotOf(inputs[0]!)],
        outputs: [out],
        extents: lengthExtents((node.params as { axis: number }).axis),
        mayFail: false,
        node,
      }),
    ];
  }
  if (unit.builtin === "copy") {
    return [
      copyDraft(slotOf(inputs[0]!), out, {
        node,
        reserves: outputs[0]!.shape.includes(null) && !isRow(out),
      }),
    ];
  }
  const plan = plans.of(unit, inplace);
  if (!plan) {
    return [{
      run: { kind: "host", ...(unit.refusal && { refusal: unit.refusal }) },
      inputs: inputs.map(slotOf),
      outputs: outputs.map(slotOf),
      extents: [],
      headers: [],
      inplace: -1,
      mayFail: true,
      node,
    }];
  }
  const reserves = unit.reserve.flatMap((lengths, i) => {
    const slot = slotOf(outputs[i]!);
    if (!lengths || isRow(slot) || (i === 0 && inplace >= 0)) return [];
    const given = new Inputs([], slotOf),
      extents = reserveExtents(lengths.map((n) => given.source(n)));
    return [
      builtin("reserve", {
        inputs: given.slots,
        outputs: [slot],
        extents,
        mayFail: true,
        node,
      }),
    ];
  });
  const parts = plan.parts ? partsOf(plan.parts) : -1;
  let first = true;
  const steps = plan.steps.map((step) => {
    const draft = kernelDraft(unit, step, {
      slotOf,
      inplace: first ? inplace : -1,
      parts,
    });
    if (draft.inplace >= 0) first = false;
    return draft;
  });
  return [...reserves, ...steps];
}

/** Equal for checks that test the same. */
export function keyOf({ run, inputs, headers, extents }: Draft): string {
  const what = run.kind === "compiled"
    ? run.plan.kernel.text
    : run.kind === "builtin"
    ? run.name
    : "";
  const read = extents.map((e) =>
    typeof e === "number" ? e : { ...e, arg: headers[e.arg] }
  );
  return `${inputs.join()} ${JSON.stringify(read)} ${what}`;
}
