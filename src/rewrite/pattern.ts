/** A rule is a name, the shape of what it matches, and what it puts there. */
import { describeOther } from "../graph/describe_other.ts";
import { checkList } from "../graph/arguments.ts";
import { withDefaults } from "../graph/options.ts";
import type { AnyOp, Variable } from "../graph/variable.ts";
import { fillValue } from "./values.ts";

/** A function that applies an op, as `defineOp` returns it. */
export interface Applies {
  /** What it applies. */
  readonly op: AnyOp;
}

/** A pattern whose match is bound too. */
export interface Named {
  /** Of what it matches. */
  readonly name: string;
  /** What it matches. */
  readonly of: Pattern;
}

/**
 * What a rule matches: a string binds a variable, or asks for the one it is
 * bound to; a number matches a constant of that value, whatever its shape; a
 * list matches an application, in both orders if the op is commutative.
 */
export type Pattern =
  | string
  | number
  | Named
  | readonly [Applies, ...Pattern[]];

/** The names a pattern binds, so that a misspelt one does not compile. */
export type Names<P> = P extends string ? P
  : P extends { readonly name: infer N; readonly of: infer Q } ? N | Names<Q>
  : P extends readonly [unknown, ...infer Rest] ? Names<Rest[number]>
  : never;

/** What the names of a pattern stand for. */
export type Bindings<P> = { readonly [name in Names<P> & string]: Variable };

/**
 * What a rule may do to the value. exact: nothing. value-safe: rounding, and a
 * finite value where the left side overflowed. may change NaN/inf: a value
 * where the left side was NaN or infinite; such a rule runs only if a mode
 * includes it.
 */
export type Licence = "exact" | "value-safe" | "may change NaN/inf";

/** What a rule may ask of the graph around its root. */
export interface Surroundings {
  /** How often the graph uses a variable; 2 for one that this pass has made. */
  clients(v: Variable): number;
}

/** One way to improve a graph. */
export interface Rule {
  /** For modes that leave it out, and for explain(). */
  readonly name: string;
  /** What it does, for people: `x[:] → x`; empty where the pattern says it (see `equationOf`). */
  readonly equation: string;
  /** What it may do to the value. */
  readonly licence: Licence;
  /** The ops it is tried at; null for all. */
  readonly ops: readonly AnyOp[] | null;
  /** What it matches, where a pattern says it all. */
  readonly lhs: Pattern | null;
  /** What replaces `root`, or null to decline. */
  rewrite(root: Variable, around: Surroundings): Variable | null;
}

/**
 * A rule that is one line: a pattern, and what replaces it. The replacement
 * gets what the names of the pattern stand for; null declines. A mode that
 * includes a rule of one's own tries it in every phase of rules, before those
 * that are there; one that changes dtype, rank or known lengths is not taken.
 *
 * ```ts
 * import { add, cos, function as compile, Mode, onesLike, rewriteRule, sin, sqr, vector } from "damo";
 * // sin² x + cos² x → 1
 * const pythagoras = rewriteRule(
 *   "pythagoras",
 *   [add, [sqr, [sin, "x"]], [sqr, [cos, "x"]]],
 *   ({ x }) => onesLike(x),
 * );
 * const x = vector("x"), y = x.sin().sqr().add(x.cos().sqr());
 * const f = compile([x], y, { mode: new Mode().including(pythagoras) });
 * console.log(f([1, 2]).toArray()); // [ 1, 1 ]
 * ```
 */
export function rule<const P extends readonly [Applies, ...Pattern[]]>(
  name: string,
  lhs: P,
  rhs: (bound: Bindings<P>, root: Variable) => Variable | null,
  licence: Licence = "value-safe",
): Rule {
  return {
    name,
    equation: "",
    licence,
    ops: [
      opOf(
        name,
        checkList(`make rule ${name}`, lhs, "a function and operands")[0],
      ),
    ],
    lhs,
    rewrite(root) {
      const bound = solve(lhs, root, {}, (bound) => bound);
      return bound && rhs(bound as never, root);
    },
  };
}

/** What a rule that is a function says of itself. */
export interface RuleOptions {
  /** What it does, for people: `x[:] → x`. */
  readonly equation: string;
  /** What it may do to the value; value-safe unless given. */
  readonly licence?: Licence;
}

/**
 * A rule that looks at parameters, types or clients: tried at every
 * application of `fns`, of any op if that is null.
 *
 * ```ts
 * import { rewriteRuleAt, sum } from "damo";
 * const asItIs = rewriteRuleAt("sum_of_scalar", [sum], { equation: "sum(x) → x" }, (y) => {
 *   const x = y.owner!.inputs[0]!;
 *   return x.ndim === 0 ? x : null;
 * });
 * console.log(asItIs.equation); // sum(x) → x
 * ```
 */
export function ruleAt(
  name: string,
  fns: readonly Applies[] | null,
  options: RuleOptions,
  rewrite: Rule["rewrite"],
): Rule {
  const { equation, licence } = withDefaults(`make rule ${name}`, options, {
    equation: "",
    licence: "value-safe",
  });
  const ops = fns &&
    checkList(`make rule ${name}`, fns, "functions").map((f) => opOf(name, f));
  return { name, equation, licence, ops, lhs: null, rewrite };
}

/** The op of a function. TypeError: it is the function of none. */
function opOf(name: string, f: Applies): AnyOp {
  if (f?.op) return f.op;
  throw new TypeError(
    `Cannot make rule ${name}: ${
      describeOther(f)
    } applies no op of its own, as add and sum do`,
  );
}

/** A pattern with a name of its own. */
export function named<const N extends string, const P extends Pattern>(
  name: N,
  of: P,
): { readonly name: N; readonly of: P } {
  return { name, of };
}

type Bound = Readonly<Record<string, Variable>>;

/** The variables under which the pattern equals `v`, or null. */
export function match<const P extends Pattern>(
  pattern: P,
  v: Variable,
): Bindings<P> | null {
  return solve(pattern, v, {}, (bound) => bound) as Bindings<P> | null;
}

/** Continues with every way to match, until one way leads to the end; patterns are small, so this recurses. */
function solve(
  pattern: Pattern,
  v: Variable,
  bound: Bound,
  next: (bound: Bound) => Bound | null,
): Bound | null {
  if (typeof pattern === "string") {
    const before = bound[pattern];
    if (before) return before === v ? next(bound) : null;
    return next({ ...bound, [pattern]: v });
  }
  if (typeof pattern === "number") {
    return fillValue(v) === pattern ? next(bound) : null;
  }
  if ("of" in pattern) {
    return solve(pattern.of, v, { ...bound, [pattern.name]: v }, next);
  }
  const [fn, ...args] = pattern, node = v.owner;
  if (node?.op !== fn.op || v.index !== 0) return null;
  if (node.inputs.length !== args.length) return null;
  const all = (order: readonly Pattern[]) => {
    const from = (i: number) => (so: Bound): Bound | null =>
      i === order.length
        ? next(so)
        : solve(order[i]!, node.inputs[i]!, so, from(i + 1));
    return from(0)(bound);
  };
  return all(args) ?? (fn.op.commutative ? all(args.toReversed()) : null);
}

/** A pattern as an expression: `log(add(1, x))`. */
export function describePattern(pattern: Pattern): string {
  if (typeof pattern === "string") return pattern;
  if (typeof pattern === "number") return String(pattern);
  if ("of" in pattern) return describePattern(pattern.of);
  const [fn, ...args] = pattern;
  return `${fn.op.name}(${args.map(describePattern).join(", ")})`;
}
