/** Several elementwise applications as one: what fusion makes, so that one kernel reads each operand once. */
import type { Inferred, Lengths, Shaped } from "../graph/length.ts";
import type { Expr } from "../graph/loops.ts";
import type { NDArray } from "../graph/ndarray.ts";
import { Constant, Variable } from "../graph/variable.ts";
import { replace, toposort } from "../graph/walk.ts";
import { elementLoops } from "./broadcast.ts";
import { defineOp, type Operand, type OpFunction } from "./define.ts";
import { evaluate } from "./evaluate.ts";

/** A graph of elementwise applications. Its inputs have the operands' types, its outputs one shape. */
export interface FusedParams {
  /** What is computed. */
  readonly graph: {
    readonly inputs: readonly Variable[];
    readonly outputs: readonly Variable[];
  };
}

/** The op that `fuse` applies. Made after differentiation, it has no derivatives. */
export const fused: OpFunction<Operand[], FusedParams, -1> = defineOp<
  Operand[],
  FusedParams,
  -1
>({
  name: "fused",
  arity: -1,
  outputs: -1,
  infer: (inputs, { graph }, lengths) => inferGraph(graph, inputs, lengths),
  eval: (inputs, { graph }) =>
    evaluate(
      graph.outputs,
      new Map(graph.inputs.map((v, i): [Variable, NDArray] => [v, inputs[i]!])),
    ),
  loops: (site) =>
    elementLoops(site, (loads) => compose(site.params.graph, loads)),
});

/**
 * One application that computes `outputs` from `inputs`. TypeError: an
 * application between them is not elementwise, or the outputs differ in shape.
 */
export function fuse(
  inputs: readonly Variable[],
  outputs: readonly Variable[],
): Variable[] {
  const inner = inputs.map((v) =>
    new Variable(v.type, null, 0, v.name, v.value)
  );
  const graph = {
    inputs: inner,
    outputs: replace(outputs, new Map(inputs.map((v, i) => [v, inner[i]!]))),
  };
  for (const node of toposort(graph.outputs)) {
    if (!node.op.scalar) {
      throw new TypeError(`Cannot fuse ${node.op.name}: it is not elementwise`);
    }
  }
  const [first] = graph.outputs;
  const other = graph.outputs.find((v) =>
    v.ndim !== first!.ndim ||
    v.type.shape.some((d, axis) =>
      (d === 1) !== (first!.type.shape[axis] === 1)
    )
  );
  if (other) {
    throw new TypeError(
      `Cannot fuse: results differ in shape: ${first} and ${other}`,
    );
  }
  return fused(...inputs, { graph });
}

function inferGraph(
  { inputs, outputs }: FusedParams["graph"],
  given: readonly Shaped[],
  lengths: Lengths,
): Inferred[] {
  const known = new Map<Variable, Inferred>(
    inputs.map((v, i) => [v, given[i]!]),
  );
  const seen = (v: Variable): Shaped => {
    const { dtype, shape, value = null } = known.get(v) ??
      { dtype: v.dtype, shape: v.type.shape, value: v.value };
    return { type: v.type, dtype, shape, value };
  };
  for (const node of toposort(outputs)) {
    node.op.infer(node.inputs.map(seen), node.params, lengths).forEach((t, i) =>
      known.set(node.outputs[i]!, t)
    );
  }
  return outputs.map((v) => known.get(v) ?? seen(v));
}

/** The outputs as expressions; a value used twice is one expression. */
function compose(
  { inputs, outputs }: FusedParams["graph"],
  loads: readonly Expr[],
): Expr[] {
  const made = new Map<Variable, Expr>(inputs.map((v, i) => [v, loads[i]!]));
  const exprOf = (v: Variable): Expr => made.get(v) ?? constantExpr(v);
  for (const { op, inputs, outputs: [y] } of toposort(outputs)) {
    made.set(y!, {
      kind: "call",
      name: op.name,
      scalar: op.scalar!,
      args: inputs.map(exprOf),
      dtype: y!.dtype,
    });
  }
  return outputs.map(exprOf);
}

function constantExpr(v: Variable): Expr {
  if (v instanceof Constant && v.data.size === 1) {
    return {
      kind: "constant",
      value: v.data.data[v.data.offset]!,
      dtype: v.dtype,
    };
  }
  throw new TypeError(
    `Cannot fuse ${v}: it is neither an operand nor a constant of one element`,
  );
}
