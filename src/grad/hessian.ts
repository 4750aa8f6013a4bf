/** Second derivatives that need no loop: products of a Hessian with a vector. */
import { checkList, variablesOf } from "../graph/arguments.ts";
import { withDefaults } from "../graph/options.ts";
import type { Variable } from "../graph/variable.ts";
import { asVariable, type Operand } from "../ops/define.ts";
import { add, mul } from "../ops/elementwise/elemwise.ts";
import { sum } from "../ops/reductions/reduce.ts";
import {
  grad,
  type Gradient,
  type Gradients,
  MissingRuleError,
  PULLBACK,
  type PullbackOptions,
  type ScalarRank,
} from "./grad.ts";
import { Rop } from "./rop.ts";

/**
 * The product of the Hessian of a 0-d `cost` by `wrt` with `vectors`, one of
 * each variable's shape: the derivative of the gradient along the vectors
 * (Pearlmutter 1994), without the matrix. Raises what `grad` raises.
 */
export function hessianVectorProduct<
  const T extends readonly Variable[],
  R extends number,
>(
  cost: Variable<R> & ScalarRank<R>,
  wrt: T,
  vectors: readonly Operand[],
  options?: PullbackOptions,
): Gradients<T>;
/** The product with the Hessian by one variable. */
export function hessianVectorProduct<V extends Variable, R extends number>(
  cost: Variable<R> & ScalarRank<R>,
  wrt: V,
  vector: Operand,
  options?: PullbackOptions,
): Gradient<V>;
export function hessianVectorProduct(
  cost: Variable<0>,
  wrt: Variable | readonly Variable[],
  vectors: Operand | readonly Operand[],
  options: PullbackOptions = {},
): Variable | readonly Variable[] {
  const pulling = withDefaults(
    "multiply with the Hessian",
    options,
    PULLBACK,
  );
  const isList = Array.isArray(wrt),
    what = "multiply with the Hessian",
    variables = variablesOf(what, wrt);
  const given = isList
    ? checkList(what, vectors as readonly Operand[], "vectors")
    : [vectors as Operand];
  if (given.length !== variables.length) {
    throw new TypeError(
      `Cannot multiply with the Hessian: ${variables.length} variables need as many vectors, got ${given.length}`,
    );
  }
  const gradients = grad(cost, variables, pulling) as readonly Variable[];
  const products = multiply(gradients, variables, given);
  return isList ? products : products[0]!;
}

/** Forward over reverse: no more memory than the gradient; reverse over reverse where an op has no R-op. */
function multiply(
  gradients: readonly Variable[],
  variables: readonly Variable[],
  vectors: readonly Operand[],
): readonly Variable[] {
  try {
    return Rop(gradients, variables, vectors);
  } catch (error) {
    if (!(error instanceof MissingRuleError)) throw error;
  }
  const inner = gradients
    .map((g, i): Variable => sum(mul(g, asVariable(vectors[i]!, g.dtype))))
    .reduce((a, b) => add(a, b));
  // A variable that the gradient does not depend on has a Hessian of zeros.
  return grad(inner, variables, { disconnectedInputs: "ignore" });
}
