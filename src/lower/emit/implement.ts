/** What computes one application: kernels from its loops or its C, for the layouts of one signature. */
import { type Dtype, DTYPES } from "../../graph/dtype.ts";
import {
  type Apply,
  type CText,
  mayFail,
  siteOf,
} from "../../graph/variable.ts";
import type { Loops } from "../../graph/loops.ts";
import { titleOf } from "../../ops/elementwise/fused.ts";
import { bind, workOf } from "./bind.ts";
import { contractionOf } from "./products/contraction.ts";
import { emitC, kernelOf } from "./c.ts";
import type { Extent, Implementation, Layout, Plan } from "./implementation.ts";
import type { Pair } from "./products/joint.ts";
import { planCheck, planNest, planStatements } from "./loops.ts";
import type { Nest } from "./nest.ts";
import {
  type PlannedKernel,
  planPair,
  planProduct,
  planUpdate,
  planWindows,
} from "./products/products.ts";
import { inParts } from "./reduction_parts.ts";
import { line } from "./writer.ts";
import type { Target } from "../target.ts";

/**
 * The kernels of `node` for operands that lie as `layouts` say (inputs, then
 * outputs), with output 0 in the memory of input `inplace` (-1: in its own).
 * Null where the op has neither loops nor C, and where it may not overwrite that
 * input because another of its inputs is the same value.
 */
export function implement(
  node: Apply,
  layouts: readonly Layout[],
  inplace: number,
  target: Target,
): Plan | null {
  const loops = loopsOf(node);
  if (loops) return implementLoops(node, loops, layouts, inplace, target);
  const text = node.op.c?.(siteOf(node));
  if (text?.headers?.includes("lapack.h") && !target.lapack) {
    throw missingLapack(node);
  }
  return text ? implementC(node, text, layouts, inplace) : null;
}

function loopsOf(node: Apply): Loops | null {
  return node.op.loops?.(siteOf(node)) ?? null;
}

function missingLapack({ op, origin }: Apply): Error {
  return new Error(
    `Cannot compile ${op.name}: no LAPACK was found, made at ${origin.line}; install OpenBLAS, name one with DAMO_BLAS, or compile for linker reference`,
  );
}

/** The kernel around an op's C. An input that is overwritten keeps its name. */
function implementC(
  node: Apply,
  { body, functions = "", headers = [] }: CText,
  layouts: readonly Layout[],
  inplace: number,
): Plan {
  const inputs = node.inputs.length;
  const nest = planStatements({ name: node.op.name, layouts, inputs, inplace });
  const kernel = kernelOf(nest, linesOf(functions), (writer) => {
    if (inplace >= 0) {
      const { name, dtype } = nest.operands[inplace]!;
      line(
        writer,
        `const ${DTYPES[dtype].c} *${name} = ${nest.operands[inputs]!.name};`,
      );
    }
    for (const text of linesOf(body)) line(writer, text);
  }, headers);
  return {
    checks: [],
    steps: [{ ...bind(nest, kernel), mayFail: mayFail(node) }],
  };
}

function linesOf(text: string): string[] {
  return text.trim() === "" ? [] : text.trim().split("\n");
}

/** One of two applications that may share a pass, and which operand of the pair each of its own is. */
export interface Member {
  readonly node: Apply;
  readonly layouts: readonly Layout[];
  readonly operands: readonly number[];
}

/** A product that reads a matrix, and what is written over it; operands as in Pair. */
export interface PairSite extends Pick<Pair, "inputs" | "inplace"> {
  readonly product: Member;
  readonly update: Member;
  /** The inputs of each that are the matrix. */
  readonly matrix: readonly [product: number, update: number];
}

/** One kernel for two applications, and a line for explain(); null where they are better computed apart. */
export function implementPair(
  { product, update, matrix, inputs, inplace }: PairSite,
  target: Target,
): PlannedKernel | null {
  const half = ({ node, layouts, operands }: Member, over: number) => {
    const loops = loopsOf(node);
    const nest = loops && nestOf(node, loops, layouts, over);
    return nest && { nest, operands };
  };
  const [first, second] = [half(product, -1), half(update, matrix[1])];
  if (!first || !second) return null;
  const dtypes: Dtype[] = [];
  for (const { layouts, operands } of [product, update]) {
    layouts.forEach(({ dtype }, i) => dtypes[operands[i]!] = dtype);
  }
  const planned = planPair({
    product: first,
    update: second,
    matrix: matrix[0],
    dtypes,
    inputs,
    inplace,
  }, target);
  return planned && {
    ...planned,
    note: `${titleOf(product.node)} and ${
      titleOf(update.node)
    }: ${planned.note}`,
  };
}

/** The nest of an application, or null where it may not overwrite that input. */
function nestOf(
  node: Apply,
  loops: Loops,
  layouts: readonly Layout[],
  inplace: number,
): Nest | null {
  const { name } = node.op, inputs = node.inputs.length;
  const aliases = inplace < 0
    ? []
    : node.inputs.flatMap((v, i) => v === node.inputs[inplace] ? [i] : []);
  return aliases.length > 1 && loops.stages.some((s) => s.kind === "reduce")
    ? null
    : planNest(loops, { name, layouts, inputs, inplace, aliases });
}

function implementLoops(
  node: Apply,
  loops: Loops,
  layouts: readonly Layout[],
  inplace: number,
  target: Target,
): Plan | null {
  const nest = nestOf(node, loops, layouts, inplace);
  if (!nest) return null;
  const product = contractionOf(nest),
    planned =
      (product ? planProduct(product, target) : planUpdate(nest, target)) ??
        planWindows(nest, target);
  return {
    checks: checks(node, loops, layouts),
    ...(planned ?? stepsOf(nest)),
    ...((product || planned) &&
      { note: `${titleOf(node)}: ${planned?.note ?? "own loops"}` }),
  };
}

/** The kernel of a nest; two where it is a long reduction over everything. */
function stepsOf(nest: Nest): Pick<Plan, "steps" | "parts"> {
  const split = inParts(nest);
  if (!split) return { steps: [bind(nest, emitC(nest))] };
  const { each, whole, parts } = split;
  return {
    steps: [
      {
        ...bind(each.nest, each.kernel, workOf(nest)),
        outputs: [],
        parts: "written",
      },
      { ...bind(whole, emitC(whole)), parts: "read" },
    ],
    parts,
  };
}

/** A kernel for each integer input that must be a valid index. */
function checks(
  { op, inputs }: Apply,
  loops: Loops,
  layouts: readonly Layout[],
): Implementation[] {
  return (loops.checks ?? []).map(({ input, of, operand, axis }) => {
    const arg = of === "input" ? operand : inputs.length + operand;
    const length: Extent = layouts[arg]!.shape[axis] ??
      { arg, from: axis, to: axis + 1 };
    const nest = planCheck(`${op.name}_check`, layouts[input]!, length, axis);
    const check = bind(nest, emitC(nest));
    // The kernel's one argument is the index; extents name arguments of the application.
    const extents = check.extents.map((e) =>
      typeof e === "number" || e === length ? e : { ...e, arg: input }
    );
    return {
      ...check,
      extents,
      inputs: [input],
      outputs: [],
      mayFail: true,
    };
  });
}
