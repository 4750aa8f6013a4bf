/** What a loop refuses, said by what stands instead of it: too few rows, and new values of other lengths than the old ones. */
import { Variable } from "../../graph/variable.ts";
import { lagOf } from "../../graph/scan_params.ts";
import { bodyLengths, type Known } from "../../nested/body.ts";
import {
  asLength,
  type Loop,
  type LoopInput,
  type LoopState,
  rowsOf,
} from "../../nested/loop.ts";
import { assert } from "../../ops/debug.ts";
import { ge } from "../../ops/elementwise/elemwise_logic.ts";
import {
  shapesOf,
  SYMBOLIC,
  type SymbolicLength,
} from "../../ops/shape/length_graph.ts";
import { specifyShape } from "../../ops/shape/specify_shape.ts";
import { isEnoughFor, sameLength } from "../lengths.ts";

/** `x`, refused with `message` unless `value` has `n` rows. */
export function withRows(
  x: Variable,
  { value, n, message }: {
    readonly value: Variable;
    readonly n: number;
    readonly message: string;
  },
): Variable {
  const rows = rowsOf(value);
  return isEnoughFor(n, rows) ? x : assert(x, ge(asLength(rows), n), message);
}

/** `x`, refused unless the states have rows to start from. */
export function withInitialRows(
  x: Variable,
  states: readonly LoopState[],
): Variable {
  return states.reduce((x, { initial, taps }) => {
    const n = lagOf(taps);
    return withRows(x, {
      value: initial,
      n,
      message: `an initial value of a scan has fewer than ${n} rows`,
    });
  }, x);
}

/** The next values of states, and what they need from outside. */
export interface Checked {
  readonly nexts: readonly Variable[];
  readonly inputs: readonly LoopInput[];
}

/** The next values of states, refused if they are not as long as the initial ones where types and formulas do not say that they are; null if these say that they are not. */
export function likeInitial(
  loop: Loop,
  states: readonly LoopState[],
): Checked | null {
  const found = rowLengths(loop, states.map((s) => s.next));
  const inputs: LoopInput[] = [], nexts: Variable[] = [];
  for (const [i, { next, initial }] of states.entries()) {
    const row = shapesOf([initial])[0]!.slice(1), have = found[i]!;
    const open = row.map((n, axis) => {
      const m = have[axis]!;
      return m !== null && sameLength(n, m) ? null : n;
    });
    const never = open.some((n, axis) =>
      typeof n === "number" && typeof have[axis] === "number"
    );
    if (never) return null;
    const lengths = open.map((n) => {
      if (!(n instanceof Variable)) return n;
      const inner = new Variable(n.type);
      inputs.push({ value: n, inner });
      return inner;
    });
    const known = lengths.every((n) => n === null);
    nexts.push(known ? next : specifyShape(next, lengths));
  }
  return { nexts, inputs };
}

/** The lengths of what a step computes, as the graph around the loop has them; null where no formula says. */
export function rowLengths(
  loop: Loop,
  results: readonly Variable[],
): (readonly (SymbolicLength | null)[])[] {
  const row = (value: Variable): Known => ({
    shape: shapesOf([value])[0]!.slice(1),
    value: null,
  });
  const known = new Map<Variable, Known>([
    ...loop.sequences.flatMap((s) =>
      s.vars.map((v) => [v, row(s.value)] as const)
    ),
    ...loop.states.flatMap((s) =>
      s.vars.map((v) => [v, row(s.initial)] as const)
    ),
    ...loop.nonSequences.map(({ inner, value }) =>
      [inner, { shape: shapesOf([value])[0]!, value: null }] as const
    ),
  ]);
  return bodyLengths(results, known, SYMBOLIC).map((lengths) =>
    lengths.map((n) =>
      typeof n === "number" || n instanceof Variable ? n : null
    )
  );
}
