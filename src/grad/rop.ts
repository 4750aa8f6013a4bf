/** Forward-mode differentiation: one walk from variables to the results that depend on them. */
import { checkList, variablesOf } from "../graph/arguments.ts";
import { isFloat } from "../graph/dtype.ts";
import { derived } from "../graph/origin.ts";
import { Variable } from "../graph/variable.ts";
import { toposort } from "../graph/walk.ts";
import { asVariable, type Operand } from "../ops/define.ts";
import { zerosLike } from "../ops/constructors.ts";
import { cast } from "../ops/elementwise/elemwise.ts";
import { gradDtype, type Gradient, MissingRuleError } from "./grad.ts";

/** One tangent for each result, in order. */
export type Tangents<F> = F extends Variable ? Gradient<F>
  : { readonly [i in keyof F]: Gradient<F[i]> };

/**
 * The product of the Jacobian of `f` by `wrt` with `evalPoints`: what forward
 * mode computes. One evalPoint, of its variable's shape, for each of `wrt`;
 * one result, of f's shape, for each of `f`. A result that no tangent reaches
 * is zero. MissingRuleError: an op between them has no R-op.
 */
export function Rop<const F extends Variable | readonly Variable[]>(
  f: F,
  wrt: Variable | readonly Variable[],
  evalPoints: Operand | readonly Operand[],
): Tangents<F> {
  const results = variablesOf("apply Rop", f),
    variables = variablesOf("apply Rop", wrt);
  const points = wrt instanceof Variable
    ? [evalPoints as Operand]
    : checkList("apply Rop", evalPoints as readonly Operand[], "evalPoints");
  if (points.length !== variables.length) {
    throw new TypeError(
      `Cannot apply Rop: ${variables.length} variables need as many evalPoints, got ${points.length}`,
    );
  }
  const tangents = new Map(
    variables.map((v, i) => [v, tangent(v, points[i]!)] as const),
  );
  const found = push(results, tangents).map((t, i) =>
    t ?? zerosLike(results[i]!, gradDtype(results[i]!))
  );
  return (f instanceof Variable ? found[0] : found) as Tangents<F>;
}

/** The tangents of results from those of variables: what `Rop` computes, with null where none arrives. */
export function push(
  results: readonly Variable[],
  tangents: ReadonlyMap<Variable, Variable>,
): (Variable | null)[] {
  const found = new Map<Variable, Variable>(tangents);
  for (const node of toposort(results, (v) => tangents.has(v))) {
    const ts = node.inputs.map((v) => found.get(v) ?? null);
    if (ts.every((t) => t === null)) continue;
    if (!node.outputs.some((y) => isFloat(y.dtype))) continue;
    const { jvp } = node.op;
    if (!jvp) {
      throw new MissingRuleError(
        `Cannot apply Rop to ${node.op.name}: it has no R-op; made at ${node.origin.line}`,
      );
    }
    derived(node.origin, () =>
      jvp(node, ts).forEach((t, o) => {
        const y = node.outputs[o]!;
        if (t && isFloat(y.dtype) && !found.has(y)) {
          found.set(y, cast(t, y.dtype));
        }
      }));
  }
  return results.map((y) => found.get(y) ?? null);
}

/** What stands for the tangent of `v`: same rank, float. */
function tangent(v: Variable, t: Operand): Variable {
  const made = asVariable(t, gradDtype(v));
  if (made.ndim !== v.ndim) {
    throw new TypeError(
      `Cannot use ${made} as an evalPoint: expected ${v.ndim} axes, as ${v} has`,
    );
  }
  return cast(made, gradDtype(v));
}
