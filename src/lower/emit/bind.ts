/** A kernel bound to the integers of its nest, and what it takes to compute. */
import { postorder } from "./access.ts";
import { callsFunction } from "./expression.ts";
import type { Implementation } from "./implementation.ts";
import { type Nest, valueOf } from "./nest.ts";
import type { Kernel } from "../program.ts";

/** The kernel of a nest, with the integers that it reads. */
export function bind(
  nest: Nest,
  kernel: Kernel,
  work = workOf(nest),
): Implementation {
  return {
    kernel,
    extents: nest.extents.map((e) => e.value),
    splits: nest.splits,
    work,
    mayFail: false,
  };
}

/** What a function of vector_math.h takes, in additions. */
const FUNCTION = 16;

/** The operations of all stages; 0 where a length is not known. */
export function workOf(nest: Nest): number {
  const times = (axes: readonly number[]) =>
    axes.reduce((n, a) => {
      const length = valueOf(nest, nest.axes[a]!.length);
      return typeof length === "number" ? n * length : 0;
    }, 1);
  const outer = times([...nest.outer, ...nest.written]);
  return nest.stages.reduce((sum, { axes, value }) => {
    const calls = postorder(value).filter((e) => e.kind === "call"),
      each = calls.reduce((n, e) => n + (callsFunction(e) ? FUNCTION : 1), 1);
    return sum + outer * times(axes) * each;
  }, 0);
}
