/** Recorded index lists as what `x.at(…)` takes. */
import * as damo from "damo";

/** The number of one of the node's inputs. */
interface Position {
  readonly in: number;
}

/** What stands for an axis. */
export type IndexEntry =
  | Position
  | { readonly slice: readonly (Position | null)[] }
  | { readonly newaxis: true }
  | { readonly ellipsis: true };

/** The index that a recorded list means. */
export function indexOf(
  list: readonly IndexEntry[],
  inputs: readonly damo.Variable[],
): damo.Index[] {
  const bound = (p: Position | null | undefined) =>
    p ? literal(inputs[p.in]!) : null;
  return list.map((entry): damo.Index => {
    if ("newaxis" in entry) return null;
    if ("ellipsis" in entry) return "...";
    if ("slice" in entry) {
      const [start, stop, step] = entry.slice;
      return damo.slice(bound(start), bound(stop), bound(step));
    }
    const v = inputs[entry.in]!;
    return literal(v);
  });
}

/** An integer constant as the number that a user would write. */
function literal(v: damo.Variable): damo.Variable | number {
  return v instanceof damo.Constant && v.ndim === 0 && v.value !== null
    ? v.data.item()
    : v;
}
