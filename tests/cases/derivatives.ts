/** The recorded pseudo nodes of differentiation, by the public API. */
import * as damo from "damo";
import type { Attrs } from "./case.ts";
import type { Vocabulary } from "./vocabulary.ts";

type Variable = damo.Variable;
type Disconnected = "raise" | "warn" | "ignore";

/** Positions among the node's inputs as the inputs. */
function pick(
  inputs: readonly Variable[],
  positions: unknown,
): Variable[] {
  return (positions as number[] | undefined ?? []).map((i) => inputs[i]!);
}

function disconnected(
  { disconnected_inputs }: Attrs,
): { readonly disconnectedInputs?: Disconnected } {
  return disconnected_inputs
    ? { disconnectedInputs: disconnected_inputs as Disconnected }
    : {};
}

/** Each gives one result for each variable, or for each function. */
export const DERIVATIVES: Vocabulary = {
  grad: (inputs, attrs) =>
    damo.grad(
      attrs.cost === undefined || attrs.cost === null
        ? null
        : inputs[attrs.cost as number]!,
      pick(inputs, attrs.wrt),
      {
        ...disconnected(attrs),
        considerConstant: pick(inputs, attrs.consider_constant),
        knownGrads: (attrs.known_grads as [number, number][] | undefined ?? [])
          .map(([v, g]) => [inputs[v]!, inputs[g]!] as const),
      },
    ),
  hessian: (inputs, attrs) =>
    damo.hessian(inputs[0] as damo.Variable<0>, pick(inputs, attrs.wrt)),
  jacobian: (inputs, attrs) =>
    damo.jacobian(
      inputs[0]!,
      pick(inputs, attrs.wrt),
      disconnected(attrs),
    ),
  Lop: (inputs, attrs) =>
    damo.Lop(
      pick(inputs, attrs.f),
      pick(inputs, attrs.wrt),
      pick(inputs, attrs.eval_points),
      disconnected(attrs),
    ),
  Rop: (inputs, attrs) =>
    damo.Rop(
      pick(inputs, attrs.f),
      pick(inputs, attrs.wrt),
      pick(inputs, attrs.eval_points),
    ),
};
