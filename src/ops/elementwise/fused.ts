/** Several elementwise applications as one, with at most one reduction or product among them, or two over the same rows: what fusion makes, so that one kernel reads each operand once. */
import type { Inferred, Lengths, Shaped } from "../../graph/length.ts";
import type { Expr, Loops } from "../../graph/loops.ts";
import type { NDArray } from "../../graph/ndarray.ts";
import type { Type } from "../../graph/type.ts";
import {
  type Apply,
  Constant,
  type LoopSite,
  mayFail,
  Variable,
} from "../../graph/variable.ts";
import { ancestors, replace, toposort } from "../../graph/walk.ts";
import { elementLoops, loadAligned, overwrites } from "./broadcast.ts";
import { defineOp, type Operand, type OpFunction } from "../define.ts";
import { loopsOverRows } from "./fused_rows.ts";
import { evaluate } from "../evaluate.ts";

/** A graph of elementwise applications; with a reduction or a product among them it has one output. Its inputs have the operands' types, its outputs one shape. Or two applications over rows: see fused_rows.ts. */
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
  loops: (site) => {
    const { graph } = site.params, rows = loopsOverRows(graph);
    if (rows) return rows;
    const reduction = reductionIn(graph.outputs);
    return reduction ? loopsAround(site, reduction) : elementLoops(
      site,
      (loads) => compose(graph.outputs, new Map(zip(graph.inputs, loads))),
    );
  },
  mayFail: ({ graph }) => toposort(graph.outputs).some(mayFail),
});

/**
 * One application that computes `outputs` from `inputs`. TypeError: an
 * application between them is neither elementwise nor the only reduction, and
 * they are no pair over the same rows; or the outputs differ in shape.
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
  if (loopsOverRows(graph)) return fused(...inputs, { graph });
  const reduction = reductionIn(graph.outputs);
  for (const node of toposort(graph.outputs)) {
    if (!node.op.scalar && (node !== reduction || !reduces(node))) {
      throw new TypeError(
        `Cannot fuse ${node.op.name}: it is neither elementwise nor the only reduction`,
      );
    }
  }
  const [first, ...more] = graph.outputs;
  if (reduction && more.length > 0) {
    throw new TypeError(
      `Cannot fuse ${reduction.op.name}: there are ${graph.outputs.length} results, and a reduction has one`,
    );
  }
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

/** What an application computes, for people: of a fused one what it is made of, `dotAdd+tanh`. */
export function titleOf({ op, params }: Apply): string {
  if (op !== fused.op) return op.name;
  const { graph } = params as FusedParams;
  return toposort(graph.outputs).map(titleOf).join("+");
}

/** Types and lengths of what a graph computes, from those of its inputs. Throws what the rules of its ops do. */
export function inferGraph(
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

/** The last application that is not elementwise, if there is one. */
function reductionIn(outputs: readonly Variable[]): Apply | undefined {
  return toposort(outputs).findLast(({ op }) => !op.scalar && op.loops);
}

/** True for a reduction, or a sum of products, to one result. */
function reduces({ op, inputs, outputs, params }: Apply): boolean {
  if (outputs.length !== 1) return false;
  const [reduce, store, ...more] = op.loops!({
    inputs: inputs.map((v) => v.type),
    outputs: [outputs[0]!.type],
    params,
  }).stages;
  return reduce?.kind === "reduce" && store?.kind === "store" &&
    store.axes.length === 0 && more.length === 0;
}

function zip(
  variables: readonly Variable[],
  expressions: readonly Expr[],
): (readonly [Variable, Expr])[] {
  return variables.map((v, i) => [v, expressions[i]!]);
}

/** `wanted` as expressions of what is known; a value used twice is one expression. */
function compose(
  wanted: readonly Variable[],
  known: ReadonlyMap<Variable, Expr>,
): Expr[] {
  const made = new Map(known);
  const exprOf = (v: Variable): Expr => made.get(v) ?? constantExpr(v);
  for (
    const { op, inputs, outputs: [y] } of toposort(wanted, (v) => known.has(v))
  ) {
    made.set(y!, {
      kind: "call",
      name: op.name,
      scalar: op.scalar!,
      args: inputs.map(exprOf),
      dtype: y!.dtype,
    });
  }
  return wanted.map(exprOf);
}

/** The loops of a reduction whose operands are computed where they are read, and whose result is worked on where it is stored. */
function loopsAround(
  { inputs: types, params: { graph: { inputs, outputs } } }: LoopSite<
    FusedParams
  >,
  reduction: Apply,
): Loops {
  const xs = reduction.inputs, [y] = reduction.outputs as [Variable];
  const made = reduction.op.loops!({
    inputs: xs.map((x) => x.type),
    outputs: [y.type],
    params: reduction.params,
  });
  const [reduce, store] = made.stages;
  if (reduce?.kind !== "reduce" || store?.kind !== "store") {
    throw new TypeError(`Cannot fuse ${reduction.op.name}: it reduces nothing`);
  }
  const aligned = (like: Type) =>
    zip(inputs, types.map((t, i) => loadAligned(i, t, like)));
  const elements = xs.map((x) => compose([x], new Map(aligned(x.type)))[0]!);
  const value = inPlaceOfLoads(reduce.value, elements),
    summed = loadedBy(value);
  const loads = aligned(y.type).map(([v, load]) =>
    [v, placed(load, store.index)] as const
  );
  const [result] = compose(
    outputs,
    new Map([...loads, [y, inPlaceOfLoads(store.value, elements)]]),
  );
  // A product's sums are stored before anything else is read.
  const others = toposort(outputs).filter((node) => node !== reduction),
    isLate = (v: Variable) => others.some((node) => node.inputs.includes(v));
  return {
    ...made,
    axes: made.axes.map((a) => {
      if (a.of !== "input") return a;
      const x = xs[a.operand]!, { axis } = a, before = ancestors([x]);
      const operand = inputs.findIndex((v, i) => {
        const at = axis - (x.ndim - types[i]!.shape.length);
        return before.has(v) && at >= 0 &&
          (types[i]!.shape[at] !== 1 || x.type.shape[axis] === 1);
      });
      return {
        of: "input",
        operand,
        axis: axis - (x.ndim - types[operand]!.shape.length),
      };
    }),
    stages: [{ ...reduce, value }, { ...store, value: result! }],
    inplace: inputs.flatMap((v, i) =>
      !summed.has(i) && overwrites(types[i]!, outputs[0]!.type) &&
        !(xs.length > 1 && isLate(v))
        ? [i]
        : []
    ),
  };
}

/** The inputs that an expression loads. */
function loadedBy(e: Expr): ReadonlySet<number> {
  const found = new Set<number>(), todo = [e];
  for (let x = todo.pop(); x; x = todo.pop()) {
    if (x.kind === "load") found.add(x.input);
    if (x.kind === "call") todo.push(...x.args);
  }
  return found;
}

/** An expression whose axes are counted by another index. */
function placed(e: Expr, index: readonly Expr[]): Expr {
  if (index.every((x, axis) => x.kind === "axis" && x.axis === axis)) return e;
  const at = (x: Expr) => x.kind === "axis" ? index[x.axis]! : x;
  return e.kind === "call"
    ? { ...e, args: e.args.map((x) => placed(x, index)) }
    : e.kind === "load"
    ? { ...e, index: e.index.map(at) }
    : e;
}

/** What a reduction adds up, or stores, of operands that are computed. */
function inPlaceOfLoads(e: Expr, elements: readonly Expr[]): Expr {
  if (e.kind === "load") return placed(elements[e.input]!, e.index);
  return e.kind === "call"
    ? { ...e, args: e.args.map((x) => inPlaceOfLoads(x, elements)) }
    : e;
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
