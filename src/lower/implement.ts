/** What computes one application: kernels from its loops or its C, for the layouts of one signature. */
import type { Apply } from "../graph/variable.ts";
import type { Loops } from "../graph/loops.ts";
import { blasKernel, contractionOf } from "./contraction.ts";
import { emitC } from "./emit_c.ts";
import type { Extent, Implementation, Layout, Plan } from "./implementation.ts";
import { type Nest, planCheck, planNest } from "./loops.ts";
import type { Kernel } from "./program.ts";
import type { Target } from "./target.ts";

/**
 * The kernels of `node` for operands that lie as `layouts` say (inputs, then
 * outputs), with output 0 in the memory of input `inplace` (-1: in its own).
 * Null where the op has neither loops nor C.
 */
export function implement(node: Apply, layouts: readonly Layout[], inplace: number, target: Target): Plan | null {
  const site = { inputs: node.inputs.map((v) => v.type), outputs: node.outputs.map((v) => v.type), params: node.params };
  if (node.op.loops) return implementLoops(node, node.op.loops(site), layouts, inplace, target);
  return null;
}

function implementLoops(node: Apply, loops: Loops, layouts: readonly Layout[], inplace: number, target: Target): Plan | null {
  const { name } = node.op, inputs = node.inputs.length;
  const aliases = inplace < 0 ? [] : node.inputs.flatMap((v, i) => v === node.inputs[inplace] ? [i] : []);
  if (aliases.length > 1 && loops.stages.some((s) => s.kind === "reduce")) return null;
  const nest = planNest(loops, { name, layouts, inputs, inplace, aliases });
  const contraction = contractionOf(nest);
  const blas = contraction && target.blas ? blasKernel(contraction) : null;
  return {
    checks: checks(node, loops, layouts),
    steps: [blas ? bind({ ...nest, splits: false }, blas.kernel) : bind(nest, emitC(nest))],
    ...(contraction && { note: `${name}: ${blas ? blas.note : "own loops"}` }),
  };
}

function bind(nest: Nest, kernel: Kernel): Implementation {
  return { kernel, extents: nest.extents.map((e) => e.value), splits: nest.splits, mayFail: false };
}

/** A kernel for each integer input that must be a valid index. */
function checks({ op, inputs }: Apply, loops: Loops, layouts: readonly Layout[]): Implementation[] {
  return (loops.checks ?? []).map(({ input, of, operand, axis }) => {
    const arg = of === "input" ? operand : inputs.length + operand;
    const length: Extent = layouts[arg]!.shape[axis] ?? { arg, from: axis, to: axis + 1 };
    const nest = planCheck(`${op.name}_check`, layouts[input]!, length, axis);
    return { ...bind(nest, emitC(nest)), inputs: [input], outputs: [], mayFail: true };
  });
}
