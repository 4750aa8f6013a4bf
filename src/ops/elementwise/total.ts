/** Sums of what rules of derivatives give, where some of it may be nothing. */
import type { Variable } from "../../graph/variable.ts";
import { add } from "./elemwise.ts";

/** The sum of what is there; null of nothing. */
export function total(
  ...terms: readonly (Variable | null | undefined)[]
): Variable | null {
  return terms.reduce<Variable | null>(
    (sum, t) => t ? (sum ? add(sum, t) : t) : sum,
    null,
  );
}
