/** Loops in their simplest form: equal expressions are one, and a sum of one term is that term. */
import type { Expr, Loops, Stage } from "../../graph/loops.ts";
import { postorder } from "./access.ts";
import { isPositional } from "./combine.ts";
import { dtypeOf } from "./expression.ts";

/**
 * The same loops without axes of length 1 in reductions, and without
 * reductions over nothing; expressions that are equal are the same object, so
 * that whoever prints them computes each once.
 */
export function simplify(
  loops: Loops,
  isSingle: (axis: number) => boolean,
): Loops {
  const canon = new Map<string, Expr>(),
    ids = new Map<Expr, number>(),
    done = new Map<Expr, Expr>();
  const values = new Map<number, Expr>(),
    numbers = new Map<number, number>(),
    stages: Stage[] = [];
  const intern = (e: Expr): Expr => {
    const key = keyOf(e, (x) => ids.get(x)!), known = canon.get(key);
    if (known) return known;
    canon.set(key, e);
    ids.set(e, ids.size);
    return e;
  };
  const step = (e: Expr): Expr => {
    if (e.kind === "stage") {
      return values.get(e.stage) ??
        intern({ ...e, stage: numbers.get(e.stage)! });
    }
    if (e.kind === "call") {
      return intern({
        ...e,
        args: e.args.map((x) => done.get(x)!),
      });
    }
    return intern(
      e.kind === "load" ? { ...e, index: e.index.map((x) => done.get(x)!) } : e,
    );
  };
  const rewrite = (e: Expr): Expr => {
    for (const x of postorder(e, true)) if (!done.has(x)) done.set(x, step(x));
    return done.get(e)!;
  };
  loops.stages.forEach((s, at) => {
    const value = rewrite(s.value);
    if (s.kind === "reduce" && isOneTerm(s, value, isSingle)) {
      return values.set(at, value);
    }
    numbers.set(at, stages.length);
    stages.push(
      s.kind === "store"
        ? { ...s, value, index: s.index.map(rewrite) }
        : { ...s, value },
    );
  });
  return { ...loops, stages };
}

/** A reduction over axes of length 1 that leaves its one term as it is. */
function isOneTerm(
  { axes, combine, dtype }: Stage & { kind: "reduce" },
  value: Expr,
  isSingle: (axis: number) => boolean,
): boolean {
  const same = value.kind !== "axis" && value.kind !== "length" &&
    value.dtype === dtype;
  return same && !isPositional(combine) && axes.every(isSingle);
}

/** Equal for equal expressions whose operands are the same; a scalar function is what it prints. */
function keyOf(e: Expr, id: (e: Expr) => number): string {
  switch (e.kind) {
    case "axis":
    case "length":
      return `${e.kind} ${e.axis}`;
    case "stage":
      return `stage ${e.stage}`;
    case "constant":
      return `constant ${e.dtype} ${Object.is(e.value, -0) ? "-0" : e.value}`;
    case "load":
      return `load ${e.input} ${e.dtype} ${e.outside} ${e.index.map(id)}`;
    case "call": {
      const dtypes = e.args.map(dtypeOf);
      return `call ${e.name} ${e.dtype} ${dtypes} ${e.args.map(id)} ${
        e.scalar.c(e.args.map((_, i) => `$${i}`), dtypes, e.dtype)
      }`;
    }
    default:
      return e satisfies never;
  }
}
