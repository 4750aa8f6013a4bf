/** Patterns as graphs: expressions that a rule matches, for tests and for the table of rules. */
import { dense, type DenseType } from "../graph/type.ts";
import { Constant, Variable } from "../graph/variable.ts";
import { describePattern, type Pattern, type Rule } from "./pattern.ts";
import { fillValue } from "./values.ts";

/** What stands for a name in turn: operands of most ops, class numbers, vectors, and what broadcasts. */
const TYPES: readonly DenseType[] = [
  dense("float64", [3, 4]),
  dense("int64", [3]),
  dense("float64", [3]),
  dense("float64", [1, 4]),
  dense("float64", [3, 1]),
  dense("bool", [3]),
];

/** Nothing surrounds an instance: every variable is used once. */
const ALONE = { clients: () => 1 };

/** An expression that a rule matches, its variables, and what the rule makes of it. */
export interface Instance {
  readonly root: Variable;
  readonly made: Variable;
  readonly variables: ReadonlyMap<string, Variable>;
}

/** The expressions over variables of usual types at which a rule fires. */
export function instances(rule: Rule): Instance[] {
  const { lhs } = rule;
  if (lhs === null) return [];
  const inner = innerNames(lhs), found: Instance[] = [];
  const names = [...namesOf(lhs)].filter((name) => !inner.has(name));
  for (let choice = 0; choice < TYPES.length ** names.length; choice++) {
    const variables = new Map(names.map((name, i) => {
      const type =
        TYPES[Math.floor(choice / TYPES.length ** i) % TYPES.length]!;
      return [name, new Variable(type, null, 0, name)];
    }));
    const root = attempt(() => build(lhs, new Map(variables)));
    if (!(root instanceof Variable)) continue;
    const made = attempt(() => rule.rewrite(root, ALONE));
    if (made) found.push({ root, made, variables });
  }
  return found;
}

function namesOf(pattern: Pattern): Set<string> {
  if (typeof pattern === "string") return new Set([pattern]);
  if (typeof pattern === "number") return new Set();
  if ("of" in pattern) return namesOf(pattern.of);
  return new Set(pattern.slice(1).flatMap((p) => [...namesOf(p as Pattern)]));
}

/** The names of patterns, which are no variables of an instance. */
function innerNames(pattern: Pattern): Set<string> {
  if (typeof pattern === "string" || typeof pattern === "number") {
    return new Set();
  }
  if ("of" in pattern) return innerNames(pattern.of).add(pattern.name);
  return new Set(
    pattern.slice(1).flatMap((p) => [...innerNames(p as Pattern)]),
  );
}

type Build = (...operands: unknown[]) => Variable | readonly Variable[];

/** The expression that a pattern describes; an op that needs parameters works along the last axis. */
function build(
  pattern: Pattern,
  variables: Map<string, Variable>,
): Variable | number {
  if (typeof pattern === "string") return variables.get(pattern)!;
  if (typeof pattern === "number") return pattern;
  if ("of" in pattern) {
    const made = build(pattern.of, variables);
    if (made instanceof Variable) variables.set(pattern.name, made);
    return made;
  }
  const [fn, ...args] = pattern;
  const operands = args.map((arg) => build(arg, variables));
  const params = fn.op.scalar ? [] : [{ axis: 1 }];
  const made = (fn as unknown as Build)(...operands, ...params);
  return made instanceof Variable ? made : made[0]!;
}

/** What `make` makes, or null where types refuse it. */
function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return null;
    throw error;
  }
}

/** What a rule does, as an equation: `log(add(1, x)) → log1p(x)`. */
export function equationOf(rule: Rule): string {
  if (rule.lhs === null) return rule.equation;
  const [first] = instances(rule);
  const left = describePattern(rule.lhs);
  return first ? `${left} → ${expression(first.made)}` : left;
}

/** A small graph in words. */
function expression(v: Variable): string {
  if (v instanceof Constant) return String(fillValue(v) ?? v);
  if (!v.owner) return v.name ?? String(v);
  const { op, inputs, outputs } = v.owner;
  const text = `${op.name}(${inputs.map(expression).join(", ")})`;
  return outputs.length > 1 ? `${text}[${v.index}]` : text;
}
