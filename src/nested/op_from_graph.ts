/** OpFromGraph: a graph that is used like an op, with derivatives of its own where they are given. */
import { checkList, variablesOf } from "../graph/arguments.ts";
import { withDefaults } from "../graph/options.ts";
import { isFloat } from "../graph/dtype.ts";
import { describeType } from "../graph/type.ts";
import {
  Apply,
  Constant,
  type Op,
  SharedVariable,
  Variable,
} from "../graph/variable.ts";
import { leaves, replace } from "../graph/walk.ts";
import { pull } from "../grad/grad.ts";
import { push } from "../grad/rop.ts";
import { asVariable, type Operand } from "../ops/define.ts";
import { evaluate } from "../ops/evaluate.ts";
import { inferGraph } from "../ops/elementwise/fused.ts";
import { specifyShape, unbroadcast } from "../ops/shape/specify_shape.ts";
import { zerosLike } from "../ops/constructors.ts";
import { reachOf } from "./body.ts";

/** What a graph computes, over variables of its own. */
interface Inner {
  readonly inputs: readonly Variable[];
  readonly outputs: readonly Variable[];
}

/** A derivative that was given, over variables of its own; null for a result that it does not give. */
interface Derivative {
  readonly way: "gradient" | "rop";
  readonly inputs: readonly Variable[];
  readonly outputs: readonly Variable[];
  /** Cotangents of results, or tangents of inputs, each null where none can be. */
  readonly along: readonly (Variable | null)[];
  /** What comes out; "default" for what the graph's own rules give. */
  readonly values: readonly (Variable | null | "default")[];
}

/** Parameters of the op. */
export interface GraphParams {
  /** What is computed. */
  readonly graph: Inner;
  /** For messages. */
  readonly name: string;
  /** Put in place before any other rewriting, instead of after it. */
  readonly inline: boolean;
  /** Instead of its own gradient. */
  readonly gradient: Derivative | null;
  /** Instead of its own R-op. */
  readonly rop: Derivative | null;
}

/** A derivative written by the user: what results are worth, from those of operands. */
export type GraphGradient = (
  inputs: readonly Variable[],
  outputs: readonly Variable[],
  gs: readonly (Variable | null)[],
) => readonly (Operand | null | "default")[];

/** The same in forward mode. */
export type GraphRop = (
  inputs: readonly Variable[],
  outputs: readonly Variable[],
  ts: readonly (Variable | null)[],
) => readonly (Operand | null | "default")[];

/** What `OpFromGraph` takes besides the graph. */
export interface OpFromGraphOptions {
  /** The cotangents of the inputs, from inputs, outputs and the cotangents of these: null where none flows, "default" for the graph's own. */
  readonly gradOverrides?: GraphGradient;
  /** The tangents of the outputs, from inputs, outputs and the tangents of inputs. */
  readonly ropOverrides?: GraphRop;
  /** Whether rewriting looks into the graph from the start, or first works on it alone: false unless given. Compiled it costs nothing either way. */
  readonly inline?: boolean;
  /** For messages. */
  readonly name?: string;
}

/** Applies a graph: one variable if it was made of one, else a list. */
export type GraphFunction<O> = (
  ...operands: Operand[]
) => O extends Variable ? Variable : Variable[];

/** The op. Its inputs are those of the graph, and the shared variables that it uses. */
export const graphOp: Op<GraphParams> = {
  name: "opFromGraph",
  arity: -1,
  outputs: -1,
  infer: (inputs, { graph }, lengths) => inferGraph(graph, inputs, lengths),
  eval: (values, { graph: { inputs, outputs } }) =>
    evaluate(outputs, new Map(inputs.map((v, i) => [v, values[i]!]))),
  vjp(node, gs) {
    const { graph, gradient } = node.params;
    const own = () => {
      const seeds = placeholders(graph.outputs, gs),
        floats = graph.inputs.map((v) => isFloat(v.dtype) ? v : null);
      const found = pull(graph.outputs, seeds, present(floats)).values();
      return put(floats.map((v) => v && found.next().value!), [
        [graph.inputs, node.inputs],
        [seeds, gs],
      ]);
    };
    return gradient ? given(gradient, node, gs, own) : own();
  },
  jvp(node, ts) {
    const { graph, rop } = node.params;
    const own = () => {
      const tangents = placeholders(graph.inputs, ts);
      return put(push(graph.outputs, pairs([[graph.inputs, tangents]])), [
        [graph.inputs, node.inputs],
        [tangents, ts],
      ]);
    };
    return rop ? given(rop, node, ts, own) : own();
  },
  mayFail: true,
  connects({ graph, gradient }) {
    const reach = reachOf(graph.outputs, graph.inputs);
    return graph.inputs.map((v, i) => {
      const value = gradient ? gradient.values[i] : "default";
      return reach.map((r) => value === "default" ? r.has(v) : value !== null);
    });
  },
};

/** The results of an application, computed by the nodes of its graph. */
export function openGraph(
  { params: { graph } }: Apply<GraphParams>,
  inputs: readonly Variable[],
): Variable[] {
  return replace(graph.outputs, pairs([[graph.inputs, inputs]]));
}

type Variables = readonly (Variable | null)[];

/** What stands for what, where both are there. */
function pairs(
  lists: readonly (readonly [from: Variables, to: Variables])[],
): Map<Variable, Variable> {
  return new Map(
    lists.flatMap(([from, to]) =>
      from.flatMap((v, i) => v && to[i] ? [[v, to[i]] as const] : [])
    ),
  );
}

/** Variables of the same types as `like`, where `wanted` has one. */
function placeholders(like: readonly Variable[], wanted: Variables): Variables {
  return like.map((v, i) => wanted[i] ? new Variable(v.type) : null);
}

/** Values over other variables. */
function put(
  values: Variables,
  lists: Parameters<typeof pairs>[0],
): (Variable | null)[] {
  const made = replace(present(values), pairs(lists)).values();
  return values.map((v) => v && made.next().value!);
}

function present(list: Variables): Variable[] {
  return list.filter((v) => v !== null);
}

/** What a derivative that was given makes of an application, and the graph's own rules where it leaves that to them. */
function given(
  { way, inputs, outputs, along, values }: Derivative,
  node: Apply<GraphParams>,
  directions: Variables,
  own: () => (Variable | null)[],
): (Variable | null)[] {
  const shapes = way === "gradient" ? node.outputs : node.inputs;
  const by: Parameters<typeof pairs>[0] = [
    [inputs, node.inputs],
    [outputs, node.outputs],
    [
      along,
      along.map((v, i) => v && (directions[i] ?? zerosLike(shapes[i]!))),
    ],
  ];
  const made = put(values.map((v) => v === "default" ? null : v), by);
  if (!values.includes("default")) return made;
  const rest = own();
  return values.map((v, i) => v === "default" ? rest[i]! : made[i]!);
}

/**
 * A graph as an op: `outputs` of `inputs`, to be applied to others. It is
 * differentiated through, or as the overrides say. Shared variables that it
 * uses keep their meaning.
 *
 * ```ts
 * import { function as compile, grad, OpFromGraph, scalar } from "damo";
 * const x = scalar("x"), y = scalar("y");
 * const f = OpFromGraph([x, y], x.mul(y).exp(), {
 *   gradOverrides: ([x, y], [z], [g]) => [g!.mul(z!).mul(y!), null],
 * });
 * const z = f(x, 2);
 * console.log(compile([x], [z, grad(z, x)])(0)); // [ 1, 2 ]
 * ```
 *
 * TypeError: the outputs need a variable that is neither input nor shared; or,
 * where it is applied, operands of other number, dtype or rank. RangeError:
 * lengths that types know do not fit.
 */
export function OpFromGraph<const O extends Variable | readonly Variable[]>(
  inputs: readonly Variable[],
  outputs: O,
  options: OpFromGraphOptions = {},
): GraphFunction<O> {
  const { gradOverrides, ropOverrides, inline, name } = withDefaults(
    "make an op of a graph",
    options,
    {
      name: "OpFromGraph",
      inline: false,
      gradOverrides: undefined,
      ropOverrides: undefined,
    },
  );
  const results = variablesOf(`make ${name}`, outputs);
  checkList(`make ${name}`, inputs, "Variables");
  const { graph, shared } = close(
    name,
    variablesOf(`make ${name}`, inputs),
    results,
  );
  const params: GraphParams = {
    graph,
    name,
    inline,
    gradient: gradOverrides
      ? derivative("gradient", graph, shared.length, gradOverrides)
      : null,
    rop: ropOverrides
      ? derivative("rop", graph, shared.length, ropOverrides)
      : null,
  };
  const call = (...operands: Operand[]) => {
    if (operands.length !== inputs.length) {
      throw new TypeError(
        `Cannot apply ${name}: expected ${inputs.length} operands, got ${operands.length}`,
      );
    }
    const fitted = operands.map((x, i) => fit(name, x, graph.inputs[i]!));
    const made = new Apply(graphOp, [...fitted, ...shared], params).outputs;
    return outputs instanceof Variable ? made[0]! : [...made];
  };
  return call as GraphFunction<O>;
}

/** The graph over variables of its own; shared variables come behind its inputs. */
function close(
  name: string,
  inputs: readonly Variable[],
  outputs: readonly Variable[],
): { readonly graph: Inner; readonly shared: readonly SharedVariable[] } {
  if (new Set(inputs).size < inputs.length) {
    throw new TypeError(`Cannot make ${name}: an input is there twice`);
  }
  const own = inputs.map(innerOf),
    cut = replace(outputs, pairs([[inputs, own]]));
  const outside = leaves(cut).filter((v) =>
    !own.includes(v) && !(v instanceof Constant)
  );
  const free = outside.find((v) => !(v instanceof SharedVariable));
  if (free) {
    throw new TypeError(
      `Cannot make ${name}: its outputs need ${free}, which is not among its inputs`,
    );
  }
  const shared = outside as SharedVariable[], held = shared.map(innerOf);
  return {
    graph: {
      inputs: [...own, ...held],
      outputs: replace(cut, pairs([[shared, held]])),
    },
    shared,
  };
}

function innerOf(v: Variable): Variable {
  return new Variable(v.type, null, 0, v.name);
}

/** A derivative written out over variables of its own; the last `hidden` inputs are not the user's. */
function derivative(
  way: Derivative["way"],
  { inputs: from, outputs: to }: Inner,
  hidden: number,
  rule: GraphGradient | GraphRop,
): Derivative {
  const inputs = from.map(innerOf),
    outputs = to.map(innerOf),
    seen = inputs.slice(0, inputs.length - hidden);
  const along = (way === "gradient" ? to : from).map((v) =>
    isFloat(v.dtype) ? innerOf(v) : null
  );
  const [wanted, asked] = way === "gradient"
    ? [seen, along]
    : [outputs, along.slice(0, seen.length)];
  const made = rule(seen, outputs, asked);
  if (made.length !== wanted.length) {
    throw new TypeError(
      `Cannot override a derivative: expected ${wanted.length} values, got ${made.length}`,
    );
  }
  const values = made.map((x, i) =>
    x === null || x === "default" ? x : asVariable(x, wanted[i]!.dtype)
  );
  // What flows to shared variables is the graph's own.
  const rest = way === "gradient"
    ? Array<"default">(hidden).fill("default")
    : [];
  return { way, inputs, outputs, along, values: [...values, ...rest] };
}

/** An operand as the graph takes it: of its dtype and rank, and of length 1 for types where the graph's own input is. */
function fit(name: string, x: Operand, input: Variable): Variable {
  const v = asVariable(x, input.dtype), want = input.type.shape;
  if (v.dtype !== input.dtype || v.ndim !== want.length) {
    throw new TypeError(
      `Cannot apply ${name} to ${v}: expected ${describeType(input.type)}`,
    );
  }
  const known = v.type.shape.every((d, i) =>
    typeof want[i] !== "number" || d === want[i]
  );
  const told = known
    ? v
    : specifyShape(v, want.map((d) => typeof d === "number" ? d : null));
  return unbroadcast(
    told,
    ...want.flatMap((d, i) => d !== 1 && v.type.shape[i] === 1 ? [i] : []),
  );
}
