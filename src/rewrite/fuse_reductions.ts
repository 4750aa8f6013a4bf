/** Fusion around reductions and products: an operand that nothing else needs is computed where a reduction reads it, and what becomes of a result where it is stored. */
import { derived } from "../graph/origin.ts";
import { isFloat } from "../graph/dtype.ts";
import {
  type AnyOp,
  type Apply,
  SharedVariable,
  type Variable,
} from "../graph/variable.ts";
import { clientsOf, remake, replace, toposort } from "../graph/walk.ts";
import { fuse, fused, type FusedParams } from "../ops/elementwise/fused.ts";
import { dot, dotAdd } from "../ops/products/dot.ts";
import { sameSpace } from "./axes.ts";
import { isElementwise, MOST_INPUTS, operands } from "./fuse.ts";
import { conditions } from "./lazy.ts";
import { isReduction } from "./rules/reductions.ts";

/** Their operands are read many times, and so are no expressions. */
const PRODUCTS = new Set<AnyOp>([dot.op, dotAdd.op]);

/**
 * The same results with reductions and products joined to the elementwise
 * applications around them that run under the same condition: the one before a
 * reduction, if nothing else reads its result, and the one behind, if it is the
 * only reader. Every element is computed as often as before, and none is stored
 * in between, or only until the kernel has come to the end of its range.
 */
export function fuseReductions(
  outputs: readonly Variable[],
): readonly Variable[] {
  const order = toposort(outputs), clients = clientsOf(order);
  const results = new Set(outputs), runs = conditions(outputs, order);
  const now = new Map<Variable, Variable>(),
    resolve = (v: Variable) => now.get(v) ?? v,
    taken = new Set<Apply>();
  const onlyReader = (v: Variable): Apply | null => {
    const [c, ...more] = clients.get(v) ?? [];
    return c && more.length === 0 && !results.has(v) ? c : null;
  };
  const joins = (a: Apply | null | undefined, node: Apply): a is Apply =>
    !!a && runs.get(a) === runs.get(node) && !taken.has(a) &&
    (isElementwise(a) || isFusedOnce(a));
  const joined = new Map<Apply, Joined>();
  for (const node of order) {
    const reduces = isReduction(node);
    if (!reduces && !PRODUCTS.has(node.op)) continue;
    const [x] = node.inputs as [Variable], [y] = node.outputs as [Variable];
    const before = reduces && onlyReader(x) === node && joins(x.owner, node)
      ? x.owner
      : null;
    const reader = onlyReader(y),
      behind = joins(reader, node) && sameSpace(reader.outputs[0]!, y) &&
          (reduces || follows(reader, y, results))
        ? reader
        : null;
    if (!before && !behind) continue;
    const parts = { node, before, behind };
    if (inputsOf(parts).length > MOST_INPUTS) continue;
    for (const a of [before, behind]) if (a) taken.add(a);
    joined.set(behind ?? node, parts);
  }
  const inner = new Set(
    [...joined.values()].flatMap(({ node, before, behind }) => [
      ...(before ? [before] : []),
      ...(behind ? [node] : []),
    ]),
  );
  for (const node of order) {
    if (inner.has(node)) continue;
    const parts = joined.get(node);
    if (!parts && !node.inputs.some((v) => now.has(v))) continue;
    const made = parts
      ? join(parts, resolve)
      : remake(node, node.inputs.map(resolve));
    node.outputs.forEach((v, i) => now.set(v, made.outputs[i]!));
  }
  return outputs.map(resolve);
}

/** Whether an application may stand behind a product `y`: its result takes the place of the sums. An update of a storage is better written over that. */
function follows(
  reader: Apply,
  y: Variable,
  results: ReadonlySet<Variable>,
): boolean {
  const [z] = reader.outputs as [Variable];
  const updates = results.has(z) &&
    operands(reader).some((v) =>
      v instanceof SharedVariable && v.ndim === z.ndim
    );
  return isFloat(y.dtype) && y.dtype !== "float16" && z.dtype === y.dtype &&
    !updates;
}

/** A reduction or a product, and what is computed together with it. */
interface Joined {
  readonly node: Apply;
  readonly before: Apply | null;
  readonly behind: Apply | null;
}

/** A fused application of one result that holds no reduction yet. */
function isFusedOnce({ op, params, outputs }: Apply): boolean {
  return op === fused.op && outputs.length === 1 &&
    toposort((params as FusedParams).graph.outputs).every((n) =>
      n.op.scalar !== undefined
    );
}

function inputsOf({ node, before, behind }: Joined): Variable[] {
  const own = before ? operands(before) : node.inputs,
    others = behind ? operands(behind) : [];
  return [...new Set([...own, ...others])].filter((v) => v !== node.outputs[0]);
}

/** One application for all three. */
function join(parts: Joined, resolve: (v: Variable) => Variable): Apply {
  const { node, before, behind } = parts, inputs = inputsOf(parts);
  const made = derived(node.origin, () => {
    const operands = before ? [written(before, new Map())] : node.inputs,
      [y] = remake(node, operands).outputs as [Variable];
    const result = behind
      ? written(behind, new Map([[node.outputs[0]!, y]]))
      : y;
    return fuse(inputs, [result])[0]!.owner!;
  });
  return remake(made, inputs.map(resolve));
}

/** The result of an elementwise application, written out in elementwise applications to its operands or what stands for them. */
function written(
  node: Apply,
  by: ReadonlyMap<Variable, Variable>,
): Variable {
  const operand = (v: Variable) => by.get(v) ?? v;
  if (node.op !== fused.op) {
    return remake(node, node.inputs.map(operand)).outputs[0]!;
  }
  const { graph } = node.params as FusedParams;
  return replace(
    graph.outputs,
    new Map(graph.inputs.map((v, i) => [v, operand(node.inputs[i]!)])),
  )[0]!;
}
