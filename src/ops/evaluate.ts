/** Values of a graph by the reference rule of each op; what every kernel is compared with. */
import type { NDArray } from "../graph/ndarray.ts";
import {
  type Apply,
  Constant,
  SharedVariable,
  type Variable,
} from "../graph/variable.ts";
import { ifelse } from "./ifelse.ts";

/** Computes one application; a linker that watches or replaces evaluation gives its own. */
export type EvaluateNode = (
  node: Apply,
  inputs: readonly NDArray[],
) => readonly NDArray[];

/** The op's own reference values. */
export function evaluateNode(
  node: Apply,
  inputs: readonly NDArray[],
): readonly NDArray[] {
  return node.op.eval(inputs, node.params);
}

/**
 * The values of `outputs`, given those of some variables; constants and shared
 * variables have their own. Of an `ifelse` only the branch taken is computed.
 *
 * TypeError: a variable has no value.
 */
export function evaluate(
  outputs: readonly Variable[],
  values: ReadonlyMap<Variable, NDArray> = new Map(),
  compute: EvaluateNode = evaluateNode,
): NDArray[] {
  const known = new Map<Variable, NDArray>(values);
  const find = (v: Variable): NDArray | undefined => {
    const value = known.get(v) ?? ownValue(v);
    if (value) known.set(v, value);
    return value;
  };
  for (const stack = [...outputs].reverse(); stack.length;) {
    const v = stack[stack.length - 1]!;
    if (find(v)) {
      stack.pop();
      continue;
    }
    const node = v.owner;
    if (!node) throw new TypeError(`Cannot evaluate: ${v} has no value`);
    const wanted = wantedInputs(node, find),
      missing = wanted.filter((v) => !find(v));
    if (missing.length) {
      stack.push(...missing.reverse());
      continue;
    }
    const isChoice = node.op === ifelse.op;
    const made = isChoice
      ? wanted.slice(1).map((v) => find(v)!)
      : compute(node, wanted.map((v) => find(v)!));
    node.outputs.forEach((v, i) => known.has(v) || known.set(v, made[i]!));
  }
  return outputs.map((v) => known.get(v)!);
}

function ownValue(v: Variable): NDArray | undefined {
  return v instanceof Constant
    ? v.data
    : v instanceof SharedVariable
    ? v.storage.read(true)
    : undefined;
}

/** The inputs that an application needs as far as is known: of a choice its condition, then also the branch taken. */
function wantedInputs(
  node: Apply,
  find: (v: Variable) => NDArray | undefined,
): readonly Variable[] {
  if (node.op !== ifelse.op) return node.inputs;
  const [condition, ...branches] = node.inputs,
    c = find(condition!),
    half = branches.length / 2;
  if (!c) return [condition!];
  return [
    condition!,
    ...(c.item() !== 0 ? branches.slice(0, half) : branches.slice(half)),
  ];
}
