/** Products with sums: divisions that a product undoes, and multiples of one thing. */
import { isFloat } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { add, div, mul, neg, sub } from "../../ops/elementwise/elemwise.ts";
import { type Factors, factors, product, scaled, without } from "./factors.ts";
import { type Rule, ruleAt } from "../pattern.ts";
import { fillValue, scalarLike } from "../values.ts";

/** Sums multiplied out only where that takes divisions away, so that no graph grows by it. */
export const distributing: readonly Rule[] = [
  ruleAt(
    "gather_multiples",
    [add, sub],
    { equation: "2 * x + 3 * x → 5 * x, 3 * x - x → 2 * x" },
    (z) => {
      const [a, b] = z.owner!.inputs.map(scaled), first = a!.of;
      if (first !== b!.of || first.dtype !== z.dtype || !isFloat(z.dtype)) {
        return null;
      }
      if (a!.by === 1 && b!.by === 1 || fillValue(first) !== null) return null;
      const by = z.owner!.op === add.op ? a!.by + b!.by : a!.by - b!.by;
      // What cancels altogether could hide a NaN, and what nearly does has lost its digits.
      const large = Math.max(Math.abs(a!.by), Math.abs(b!.by));
      if (!(Math.abs(by) > 1e-3 * large) || Math.abs(by) > 2 ** 64) return null;
      return by === -1 ? neg(first) : mul(scalarLike(by, z), first);
    },
  ),
  ruleAt(
    "distribute",
    [mul, div],
    {
      equation: "(a / x + b / y) * x * y → a * y + b * x",
      licence: "may change NaN/inf",
    },
    distributed,
  ),
];

/** The product with one of its sums multiplied out, by factors that the terms are divided by. */
function distributed(z: Variable): Variable | null {
  const { constant, over, under } = factors(z);
  for (const [i, sum] of over.entries()) {
    const node = sum.owner;
    if (node?.op !== add.op && node?.op !== sub.op) continue;
    if (sum.dtype !== z.dtype) continue;
    const others = over.toSpliced(i, 1);
    const terms = node.inputs.map(factors);
    const lost = terms.map((t) => shared(others, t.under));
    const moved = union(others, lost);
    if (moved.length === 0) continue;
    const [a, b] = terms.map((t, k) => times(t, moved, lost[k]!));
    if (!a || !b) continue;
    const left = without(others, moved);
    return product({
      constant,
      over: [node.op === add.op ? add(a, b) : sub(a, b), ...left],
      under,
    });
  }
  return null;
}

/** A term times what is moved, of which `lost` cancels. */
function times(
  { constant, over, under }: Factors,
  moved: readonly Variable[],
  lost: readonly Variable[],
): Variable | null {
  return product({
    constant,
    over: [...over, ...without(moved, lost)],
    under: without(under, lost),
  });
}

/** What stands in both lists, as often as it does. */
function shared(
  a: readonly Variable[],
  b: readonly Variable[],
): readonly Variable[] {
  let left = b;
  return a.filter((v) => {
    const found = left.includes(v);
    if (found) left = without(left, [v]);
    return found;
  });
}

/** The part of `all` that one of the lists has, as often as the one that has it most. */
function union(
  all: readonly Variable[],
  lists: readonly (readonly Variable[])[],
): readonly Variable[] {
  const rest = lists.map((l) => [...l]);
  return all.filter((v) => {
    const found = rest.filter((l) => l.includes(v));
    for (const l of found) l.splice(l.indexOf(v), 1);
    return found.length > 0;
  });
}
