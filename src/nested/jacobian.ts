/** Whole Jacobians and Hessians: a loop over the rows of an identity, each pulled back. */
import { variablesOf } from "../graph/arguments.ts";
import { withDefaults } from "../graph/options.ts";
import type { Axes } from "../graph/methods.ts";
import { Variable } from "../graph/variable.ts";
import {
  grad,
  gradDtype,
  Lop,
  PULLBACK,
  type PullbackOptions,
  type ScalarRank,
} from "../grad/grad.ts";
import { eye } from "../ops/constructors.ts";
import { reshape } from "../ops/shape/reshape.ts";
import { lengthsOf, shapeAt } from "../ops/shape/shape.ts";
import { map } from "./fold.ts";

/** The rank of a Jacobian: that of the expression and that of the variable. */
export type JointRank<A extends number, B extends number> = number extends A
  ? number
  : number extends B ? number
  : [...Axes<A>, ...Axes<B>] extends infer T extends readonly 0[] ? T["length"]
  : number;

/** The Jacobian by one variable. */
export type Jacobian<R extends number, V> = V extends Variable<infer S>
  ? Variable<JointRank<R, S>>
  : never;

/** One Jacobian for each variable, in order. */
export type Jacobians<R extends number, T extends readonly Variable[]> = {
  readonly [i in keyof T]: Jacobian<R, T[i]>;
};

/**
 * The derivatives of every element of `expression` by every element of each
 * of `wrt`: the axes of the expression, then those of the variable. Each row
 * is a product with the transposed Jacobian; rewriting turns the loop over
 * rows into products of matrices where the rows do not depend on each other.
 * Raises what `grad` raises.
 *
 * ```ts
 * import { jacobian, vector } from "damo";
 * const x = vector("x");
 * console.log(jacobian(x.sqr(), x).ndim); // 2
 * ```
 */
export function jacobian<
  const T extends readonly Variable[],
  R extends number,
>(
  expression: Variable<R>,
  wrt: T,
  options?: PullbackOptions,
): Jacobians<R, T>;
/** The Jacobian by one variable. */
export function jacobian<V extends Variable, R extends number>(
  expression: Variable<R>,
  wrt: V,
  options?: PullbackOptions,
): Jacobian<R, V>;
export function jacobian(
  expression: Variable,
  wrt: Variable | readonly Variable[],
  options: PullbackOptions = {},
): Variable | readonly Variable[] {
  const [of] = variablesOf("make a Jacobian", expression),
    variables = variablesOf("make a Jacobian", wrt);
  const found = jacobians(
    of!,
    variables,
    withDefaults("make a Jacobian", options, PULLBACK),
  );
  return wrt instanceof Variable ? found[0]! : found;
}

function jacobians(
  expression: Variable,
  wrt: readonly Variable[],
  options: PullbackOptions,
): readonly Variable[] {
  if (expression.ndim === 0) return Lop(expression, wrt, 1, options);
  const flat = expression.ndim === 1 ? expression : reshape(expression, [-1]);
  const units = eye(shapeAt(flat, 0), undefined, 0, gradDtype(expression));
  const [rows] = map((unit) => [...Lop(flat, wrt, unit, options)], units);
  if (flat === expression) return rows;
  return rows.map((row, i) =>
    reshape(row, [...lengthsOf(expression), ...lengthsOf(wrt[i]!)])
  );
}

/**
 * The second derivatives of a 0-d `cost` by each of `wrt`: its axes twice.
 * Derivatives by two different variables are `jacobian(grad(cost, x), y)`.
 * Raises what `grad` raises. Products with a vector need no Hessian: see
 * `hessianVectorProduct`.
 *
 * ```ts
 * import { hessian, vector } from "damo";
 * const x = vector("x");
 * console.log(hessian(x.sqr().sum(), x).ndim); // 2
 * ```
 */
export function hessian<const T extends readonly Variable[], R extends number>(
  cost: Variable<R> & ScalarRank<R>,
  wrt: T,
  options?: PullbackOptions,
): { readonly [i in keyof T]: Hessian<T[i]> };
/** The Hessian by one variable. */
export function hessian<V extends Variable, R extends number>(
  cost: Variable<R> & ScalarRank<R>,
  wrt: V,
  options?: PullbackOptions,
): Hessian<V>;
export function hessian(
  cost: Variable<0>,
  wrt: Variable | readonly Variable[],
  options: PullbackOptions = {},
): Variable | readonly Variable[] {
  const variables = variablesOf("make a Hessian", wrt),
    pulling = withDefaults("make a Hessian", options, PULLBACK);
  const found = grad(cost, variables, pulling).map((g, i): Variable =>
    // A gradient that does not depend on its variable has derivatives of zero.
    jacobian(g as Variable, variables[i]!, {
      ...pulling,
      disconnectedInputs: "ignore",
    })
  );
  return wrt instanceof Variable ? found[0]! : found;
}

/** The Hessian by one variable. */
export type Hessian<V> = V extends Variable<infer S> ? Variable<JointRank<S, S>>
  : never;
