/** Cotangents under conditions: what flows back into a branch of a choice is computed only if that branch is taken. */
import type { Variable } from "../graph/variable.ts";
import { zerosLike } from "../ops/constructors.ts";
import { add } from "../ops/elementwise/elemwise.ts";
import { ifelse } from "../ops/ifelse.ts";

/** The whole graph, or a branch of a choice inside another branch; each exists once. */
export class Branch {
  /** Branches around this one. */
  readonly depth: number;
  readonly #inner = new Map<Variable, readonly [Branch, Branch]>();

  /** The whole graph unless it is inside another; choices make the others. */
  constructor(
    readonly around: Branch | null = null,
    readonly condition: Variable | null = null,
  ) {
    this.depth = around ? around.depth + 1 : 0;
  }

  /** The branches of a choice in here: where the condition holds, and where not. */
  choose(condition: Variable): readonly [Branch, Branch] {
    const before = this.#inner.get(condition);
    if (before) return before;
    const made = [new Branch(this, condition), new Branch(this, condition)];
    this.#inner.set(condition, made as [Branch, Branch]);
    return made as [Branch, Branch];
  }
}

/** The innermost branch that both are in. */
function shared(a: Branch, b: Branch): Branch {
  let x = a, y = b;
  while (x !== y) {
    if (x.depth >= y.depth) x = x.around!;
    else y = y.around!;
  }
  return x;
}

/** What variables have been given so far: sums, one for each branch that gives. */
export class Cotangents {
  readonly #shares = new Map<Variable, Map<Branch, Variable>>();

  /** True for a variable that was given something. */
  has(v: Variable): boolean {
    return this.#shares.has(v);
  }

  /** Adds to what a variable gets in a branch. */
  give(v: Variable, g: Variable, branch: Branch): void {
    const shares = this.#shares.get(v) ?? new Map<Branch, Variable>();
    this.#shares.set(v, shares);
    accumulate(shares, branch, g);
  }

  /** The innermost branch around all that these variables get; null if they get nothing. */
  branchOf(variables: readonly Variable[]): Branch | null {
    return variables
      .flatMap((v) => [...this.#shares.get(v)?.keys() ?? []])
      .reduce(
        (a: Branch | null, b) => a ? shared(a, b) : b,
        null,
      );
  }

  /** All that a variable gets, as a value in a branch around it: choices between what inner branches give, or zeros. */
  total(v: Variable, branch: Branch): Variable | null {
    const shares = this.#shares.get(v);
    if (!shares) return null;
    const levels: Branch[][] = [];
    const sums = new Map(shares),
      note = (b: Branch) => (levels[b.depth] ??= []).push(b);
    shares.forEach((_, b) => note(b));
    for (let depth = levels.length - 1; depth > branch.depth; depth--) {
      for (const { around, condition } of levels[depth] ?? []) {
        const [then, otherwise] = around!.choose(condition!);
        const yes = sums.get(then), no = sums.get(otherwise);
        // The other side of a choice that is made already.
        if (!yes && !no) continue;
        sums.delete(then);
        sums.delete(otherwise);
        const zero = () => zerosLike(v, (yes ?? no)!.dtype);
        const chosen = ifelse(condition!, yes ?? zero(), no ?? zero());
        accumulate(sums, around!, chosen);
        note(around!);
      }
    }
    const all = sums.get(branch)!;
    this.#shares.set(v, new Map([[branch, all]]));
    return all;
  }
}

function accumulate(
  sums: Map<Branch, Variable>,
  branch: Branch,
  g: Variable,
): void {
  const before = sums.get(branch);
  sums.set(branch, before ? add(before, g) : g);
}
