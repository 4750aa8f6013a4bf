/** Reverse-mode differentiation: one walk from the results of a graph back to what they depend on. */
import { checkList, variablesOf } from "../graph/arguments.ts";
import { describeOther } from "../graph/describe_other.ts";
import { withDefaults } from "../graph/options.ts";
import { config } from "../graph/config.ts";
import { type Dtype, isFloat } from "../graph/dtype.ts";
import { derived } from "../graph/origin.ts";
import { describeType } from "../graph/type.ts";
import { type Apply, Variable } from "../graph/variable.ts";
import { toposort } from "../graph/walk.ts";
import { onesLike, zerosLike } from "../ops/constructors.ts";
import { asVariable, type Operand } from "../ops/define.ts";
import { add, cast } from "../ops/elementwise/elemwise.ts";
import { ifelse } from "../ops/ifelse.ts";
import { specifyShape } from "../ops/shape/specify_shape.ts";
import { Branch, Cotangents } from "./branches.ts";

/** Stands for the gradient of a variable that the cost does not depend on, where `returnDisconnected` asks for it. */
export const DISCONNECTED: unique symbol = Symbol("disconnected");

/** An op on the way lacks the derivative that was asked for. */
export class MissingRuleError extends TypeError {
  /** The class, for messages. */
  override readonly name = "MissingRuleError";
}

/** A variable was to be differentiated by, but nothing connects it to the result. */
export class DisconnectedInputError extends TypeError {
  /** The class, for messages. */
  override readonly name = "DisconnectedInputError";
}

/** What `Lop` may be told. */
export interface PullbackOptions {
  /** No gradient flows back through these. */
  readonly considerConstant?: Iterable<Variable>;
  /** What to do about a variable that nothing connects to the result; "raise" unless given. */
  readonly disconnectedInputs?: "raise" | "warn" | "ignore";
}

/** What holds unless it is told otherwise. */
export const PULLBACK = {
  considerConstant: [],
  disconnectedInputs: "raise",
} as const satisfies Required<PullbackOptions>;

/** What `grad` may be told. */
export interface GradOptions extends PullbackOptions {
  /** Gradients of the cost by variables inside its graph; they replace what other paths bring there. */
  readonly knownGrads?: Iterable<readonly [Variable, Operand]>;
  /** What an unconnected variable gets once `disconnectedInputs` lets it pass: zeros unless given, null, or DISCONNECTED. */
  readonly returnDisconnected?: "zero" | "none" | "disconnected";
}

/** Options under which every gradient is a Variable. */
export interface ZeroOptions extends GradOptions {
  /** Zeros, for an unconnected variable. */
  readonly returnDisconnected?: "zero";
}

/** A gradient has the rank of its variable. */
export type Gradient<V> = V extends Variable<infer R> ? Variable<R> : never;

/** One gradient for each variable, in order. */
export type Gradients<T extends readonly Variable[]> = {
  readonly [i in keyof T]: Gradient<T[i]>;
};

/** The same where some may be absent. */
export type PartialGradients<T extends readonly Variable[]> = {
  readonly [i in keyof T]: Gradient<T[i]> | null | typeof DISCONNECTED;
};

/** Lets rank 0 and unknown ranks pass, and no other. */
export type ScalarRank<R extends number> = number extends R ? unknown
  : R extends 0 ? unknown
  : { readonly ndim: 0 };

/**
 * The gradient of a 0-d `cost` by each of `wrt`: expressions of the same
 * shapes, in each variable's dtype, or floatX for an integer. A cost that
 * reaches a variable through integers only has gradient zero there. The cost
 * is null where `knownGrads` says all.
 *
 * ```ts
 * import { grad, scalar } from "damo";
 * const x = scalar("x");
 * const g = grad(x.mul(x), x); // 2x
 * ```
 *
 * TypeError: the cost has axes. DisconnectedInputError: nothing connects a
 * variable to the cost. MissingRuleError: an op between them has no gradient.
 */
export function grad<const T extends readonly Variable[], R extends number>(
  cost: (Variable<R> & ScalarRank<R>) | null,
  wrt: T,
  options?: ZeroOptions,
): Gradients<T>;
/** The gradient by one variable. */
export function grad<V extends Variable, R extends number>(
  cost: (Variable<R> & ScalarRank<R>) | null,
  wrt: V,
  options?: ZeroOptions,
): Gradient<V>;
/** Gradients of which some may be absent. */
export function grad<const T extends readonly Variable[], R extends number>(
  cost: (Variable<R> & ScalarRank<R>) | null,
  wrt: T,
  options: GradOptions,
): PartialGradients<T>;
/** A gradient that may be absent. */
export function grad<V extends Variable, R extends number>(
  cost: (Variable<R> & ScalarRank<R>) | null,
  wrt: V,
  options: GradOptions,
): Gradient<V> | null | typeof DISCONNECTED;
export function grad(
  cost: Variable | null,
  wrt: Variable | readonly Variable[],
  options: GradOptions = {},
): unknown {
  const { knownGrads, returnDisconnected, ...pulling } = withDefaults(
    "differentiate",
    options,
    { ...PULLBACK, knownGrads: [], returnDisconnected: "zero" },
  );
  if (cost !== null && !(cost instanceof Variable)) {
    throw new TypeError(
      `Cannot differentiate ${
        describeOther(cost)
      }: the cost must be a Variable without axes, or null beside knownGrads`,
    );
  }
  if (cost && cost.ndim !== 0) {
    throw new TypeError(
      `Cannot differentiate ${cost}: the cost has ${cost.ndim} axes, expected none; take its mean() or sum()`,
    );
  }
  const known = new Map<Variable, Variable>();
  for (const [v, g] of knownGrads) known.set(v, cotangent(v, g));
  if (!cost && known.size === 0) {
    throw new TypeError(
      "Cannot differentiate: neither a cost nor knownGrads is given",
    );
  }
  const seeds = new Map(known);
  if (cost && !known.has(cost)) {
    const seed = isFloat(cost.dtype) ? onesLike : zerosLike;
    seeds.set(cost, near(cost, () => seed(cost, gradDtype(cost))));
  }
  const list = variablesOf("differentiate", wrt);
  const found = pullback(seeds, known, list, pulling);
  const gradients = list.map((v, i) =>
    found[i] ?? {
      zero: zerosLike(v, gradDtype(v)),
      none: null,
      disconnected: DISCONNECTED,
    }[returnDisconnected]
  );
  return wrt instanceof Variable ? gradients[0] : gradients;
}

/**
 * The product of `evalPoints` with the Jacobian of `f` by `wrt`: what reverse
 * mode computes. One evalPoint, of f's shape, for each of `f`; one result, of
 * its variable's shape, for each of `wrt`. Raises what `grad` raises.
 */
export function Lop<const T extends readonly Variable[]>(
  f: Variable | readonly Variable[],
  wrt: T,
  evalPoints: Operand | readonly Operand[],
  options?: PullbackOptions,
): Gradients<T>;
/** The product by one variable's Jacobian. */
export function Lop<V extends Variable>(
  f: Variable | readonly Variable[],
  wrt: V,
  evalPoints: Operand | readonly Operand[],
  options?: PullbackOptions,
): Gradient<V>;
export function Lop(
  f: Variable | readonly Variable[],
  wrt: Variable | readonly Variable[],
  evalPoints: Operand | readonly Operand[],
  options: PullbackOptions = {},
): Variable | readonly Variable[] {
  const pulling = withDefaults("apply Lop", options, PULLBACK);
  const results = variablesOf("apply Lop", f);
  const points = f instanceof Variable && !isListOfOne(evalPoints)
    ? [evalPoints as Operand]
    : checkList("apply Lop", evalPoints as readonly Operand[], "evalPoints");
  if (points.length !== results.length) {
    throw new TypeError(
      `Cannot apply Lop: ${results.length} results need as many evalPoints, got ${points.length}`,
    );
  }
  const seeds = gatherSeeds(
    results,
    results.map((y, i) => cotangent(y, points[i]!)),
  );
  const list = variablesOf("apply Lop", wrt);
  const gradients = pullback(seeds, new Map(), list, pulling).map((g, i) =>
    g ?? zerosLike(list[i]!, gradDtype(list[i]!))
  );
  return wrt instanceof Variable ? gradients[0]! : gradients;
}

/** Gradients of `wrt`, or null where unconnected, from the cotangents of `seeds`; those of `known` are final. */
function pullback(
  seeds: ReadonlyMap<Variable, Variable>,
  known: ReadonlyMap<Variable, Variable>,
  wrt: readonly Variable[],
  { considerConstant, disconnectedInputs }: Required<PullbackOptions>,
): (Variable | null)[] {
  const constants = new Set(considerConstant);
  const { gathered, connected } = propagate(seeds, known, wrt, constants);
  return wrt.map((v) => {
    if (connected.has(v)) {
      return gathered.get(v) ?? near(v, () => zerosLike(v, gradDtype(v)));
    }
    const message =
      `Cannot differentiate by ${v}: no differentiable path leads from it to the result`;
    if (disconnectedInputs === "raise") {
      throw new DisconnectedInputError(message);
    }
    if (disconnectedInputs === "warn") console.warn(message);
    return null;
  });
}

/**
 * What `Lop` computes inside an op's own rule: `gs` holds null for a result
 * without a cotangent, and a variable gets null where no gradient arrives.
 */
export function pull(
  results: readonly Variable[],
  gs: readonly (Variable | null)[],
  wrt: readonly Variable[],
): (Variable | null)[] {
  const { gathered } = propagate(
    gatherSeeds(results, gs),
    new Map(),
    wrt,
    new Set(),
  );
  return wrt.map((v) => gathered.get(v) ?? null);
}

/** The cotangents of results by variable: a result that is there twice has the sum of both. */
function gatherSeeds(
  results: readonly Variable[],
  gs: readonly (Variable | null)[],
): Map<Variable, Variable> {
  const seeds = new Map<Variable, Variable>();
  results.forEach((y, i) => {
    const g = gs[i], before = seeds.get(y);
    if (g) seeds.set(y, before ? add(before, g) : g);
  });
  return seeds;
}

/** Walks from `seeds` back to `wrt`: the gradients found, and which variables a path connects. */
function propagate(
  seeds: ReadonlyMap<Variable, Variable>,
  known: ReadonlyMap<Variable, Variable>,
  wrt: readonly Variable[],
  constants: ReadonlySet<Variable>,
): {
  readonly gathered: ReadonlyMap<Variable, Variable>;
  readonly connected: ReadonlySet<Variable>;
} {
  const order = toposort([...seeds.keys()], (v) => constants.has(v));
  const wanted = influence(order, wrt);
  const connected = new Set(seeds.keys());
  const gathered = new Cotangents(), everywhere = new Branch();
  seeds.forEach((g, v) => gathered.give(v, g, everywhere));
  for (const node of order.toReversed()) {
    const connects = node.op.connects?.(node.params);
    const reached = node.inputs.map((v, i) =>
      wanted.has(v) &&
      node.outputs.some((y, o) =>
        connected.has(y) && connects?.[i]?.[o] !== false
      )
    );
    if (!reached.includes(true)) continue;
    node.inputs.forEach((v, i) => reached[i] && connected.add(v));
    const floats = node.outputs.filter((y) => isFloat(y.dtype));
    const branch = gathered.branchOf(floats);
    if (!branch) continue;
    derived(node.origin, () => {
      const gs = node.outputs.map((y) =>
        isFloat(y.dtype) ? gathered.total(y, branch) : null
      );
      const give = (g: Variable | null | undefined, i: number, b: Branch) => {
        const v = node.inputs[i]!;
        if (g && reached[i] && !known.has(v)) {
          gathered.give(v, fit(node, i, g), b);
        }
      };
      if (node.op !== ifelse.op) {
        return cotangents(node, gs).forEach((g, i) => give(g, i, branch));
      }
      const inner = branch.choose(node.inputs[0]!);
      inner.forEach((b, side) =>
        gs.forEach((g, i) => give(g, 1 + side * gs.length + i, b))
      );
    });
  }
  return {
    gathered: new Map(
      wrt.flatMap((v) => {
        const g = near(v, () => gathered.total(v, everywhere));
        return g ? [[v, g] as const] : [];
      }),
    ),
    connected,
  };
}

/** The variables through which `wrt` has an influence, by the applications of `order`. */
function influence(
  order: readonly Apply[],
  wrt: readonly Variable[],
): Set<Variable> {
  const reached = new Set(wrt);
  for (const node of order) {
    const connects = node.op.connects?.(node.params);
    node.outputs.forEach((y, o) => {
      if (
        node.inputs.some((v, i) =>
          reached.has(v) && connects?.[i]?.[o] !== false
        )
      ) reached.add(y);
    });
  }
  return reached;
}

function cotangents(
  node: Apply,
  gs: readonly (Variable | null)[],
): readonly (Variable | null)[] {
  if (node.op.vjp) return node.op.vjp(node, gs);
  throw new MissingRuleError(
    `Cannot differentiate ${node.op.name}: it has no gradient; made at ${node.origin.line}`,
  );
}

/** A cotangent in the dtype that belongs to input `i`. */
function fit(node: Apply, i: number, g: Variable): Variable {
  const v = node.inputs[i]!;
  const same = g.ndim === v.ndim && g.type.shape.every((d, axis) => {
    const n = v.type.shape[axis]!;
    return typeof d !== "number" || typeof n !== "number" || d === n;
  });
  if (!same) {
    throw new TypeError(
      `Cannot differentiate ${node.op.name}: the gradient of input ${i}, ${
        describeType(v.type)
      }, came out as ${describeType(g.type)}`,
    );
  }
  return cast(asKnown(g, v), gradDtype(v));
}

/** A gradient whose type knows the lengths that its variable's does: rules rely on it. */
function asKnown(g: Variable, { type: { shape } }: Variable): Variable {
  const told = g.type.shape.every((d, axis) =>
    typeof d === "number" || typeof shape[axis] !== "number"
  );
  if (told) return g;
  return specifyShape(g, shape.map((d) => typeof d === "number" ? d : null));
}

/** What stands for the cotangent of `v`: same rank, float. */
function cotangent(v: Variable, g: Operand): Variable {
  const made = asVariable(g, gradDtype(v));
  if (made.ndim !== v.ndim) {
    throw new TypeError(
      `Cannot use ${made} as a gradient: expected ${v.ndim} axes, as ${v} has`,
    );
  }
  return cast(asKnown(made, v), gradDtype(v));
}

/** What `make` makes, with the origin of `v`. */
function near<T>(v: Variable, make: () => T): T {
  return derived(v.owner?.origin ?? null, make);
}

/** The dtype of gradients by `v`: its own, or floatX where it holds no fractions. */
export function gradDtype(v: Variable): Dtype {
  return isFloat(v.dtype) ? v.dtype : config.floatX;
}

function isListOfOne(x: Operand | readonly Operand[]): boolean {
  return Array.isArray(x) && x.length === 1 && x[0] instanceof Variable;
}
