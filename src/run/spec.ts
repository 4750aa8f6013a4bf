/** From what a user asks of `function` to a FunctionGraph, or an error that names what is wrong. */
import { checkList } from "../graph/arguments.ts";
import { describeOther } from "../graph/describe_other.ts";
import { castsSafely } from "../graph/dtype.ts";
import { config } from "../graph/config.ts";
import type { FunctionGraph } from "../graph/function_graph.ts";
import { derived } from "../graph/origin.ts";
import { describeType, fits } from "../graph/type.ts";
import { Constant, SharedVariable, Variable } from "../graph/variable.ts";
import { ancestors, leaves, replace } from "../graph/walk.ts";
import { asVariable, type Operand } from "../ops/define.ts";
import { cast } from "../ops/elementwise/elemwise.ts";
import { In } from "./in.ts";

/** A shared variable and what it becomes. */
export type Update = readonly [SharedVariable, Operand];

/** What a function computes: one variable, several, named ones, or nothing. */
export type Outputs = Variable | readonly Variable[] | {
  readonly [name: string]: Variable;
} | null;

/** What `function` takes besides inputs and outputs. */
export interface SpecOptions {
  /** What shared variables become, all at once, after the outputs are computed. */
  readonly updates?: Iterable<Update>;
  /** Replacements made before anything else: pairs of a variable and what stands for it. */
  readonly givens?: Iterable<readonly [Variable, Operand]>;
  /** What to do about an input that nothing needs; "raise" unless set. */
  readonly onUnusedInput?: "raise" | "warn" | "ignore";
  /** Inputs may be rounded to a narrower float: numbers only unless given, and not even those where it is false. */
  readonly allowInputDowncast?: boolean;
  /** Leave out default updates: all, or those of these variables. */
  readonly noDefaultUpdates?: boolean | readonly SharedVariable[];
}

/** A checked request. */
export interface Spec {
  readonly inputs: readonly In[];
  readonly graph: FunctionGraph;
  readonly form:
    | { readonly kind: "none" }
    | { readonly kind: "one" }
    | { readonly kind: "list" }
    | { readonly kind: "record"; readonly keys: readonly string[] };
}

/** An input is not needed by any output or update. */
export class UnusedInputError extends TypeError {
  /** The class, for messages. */
  override readonly name = "UnusedInputError";
}

/** A graph needs a variable that is neither given nor computed. */
export class MissingInputError extends TypeError {
  /** The class, for messages. */
  override readonly name = "MissingInputError";
}

/** Checks a request and closes it: givens replaced, default updates added. */
export function specify(
  inputs: readonly (Variable | In)[],
  outputs: Outputs,
  options: SpecOptions,
): Spec {
  checkList("compile a function", inputs, "Variables as inputs");
  const ins = inputs.map((x, i) => asInput(x, i));
  checkInputs(ins);
  const [form, wanted] = takeApart(outputs);
  const updates = checkUpdates(options.updates ?? []);
  const givens = new Map<Variable, Variable>();
  for (const [from, to] of options.givens ?? []) {
    if (!(from instanceof Variable)) {
      throw new TypeError(
        `Cannot replace ${
          describeOther(from)
        }: givens are pairs of a Variable and its replacement`,
      );
    }
    if (ins.some((i) => i.variable === from)) {
      throw new TypeError(
        `Cannot give ${nameOf(from)}: it is an input, which has its value`,
      );
    }
    givens.set(
      from,
      conform(asVariable(to, from.dtype), from, `Cannot give ${nameOf(from)}`),
    );
  }
  // An input that some node computes stands for that node's value.
  const boundary = new Map(
    ins.filter((i) => i.variable.owner).map((
      i,
    ) => [i.variable, new Variable(i.variable.type, null, 0, i.name)]),
  );
  const closed = addDefaultUpdates(
    wanted,
    updates,
    givens,
    options.noDefaultUpdates ?? false,
  );
  const values = substitute([...wanted, ...closed.values()], givens, boundary);
  const graph: FunctionGraph = {
    inputs: ins.map((i) => boundary.get(i.variable) ?? i.variable),
    outputs: values.slice(0, wanted.length),
    updates: [...closed.keys()].map((s, i) =>
      [s, values[wanted.length + i]!] as const
    ),
  };
  checkClosed(graph, ins, options.onUnusedInput ?? config.onUnusedInput);
  return { inputs: ins, graph, form };
}

function substitute(
  values: Variable[],
  givens: Map<Variable, Variable>,
  boundary: Map<Variable, Variable>,
): Variable[] {
  const by = new Map([...givens, ...boundary]);
  if (by.size === 0) return values;
  // One that holds what it replaces means that as it was: it hides behind another variable meanwhile.
  const hidden = new Map<Variable, Variable>();
  for (const [from, to] of by) {
    if (!ancestors([to]).has(from)) continue;
    const self = new Variable(from.type);
    hidden.set(self, from);
    by.set(from, replace([to], new Map([[from, self]]))[0]!);
  }
  // A replacement may itself hold given variables: replaced until nothing changes, at most once for each.
  let now = values;
  for (let i = 0; i <= by.size; i++) {
    const next = replace(now, by);
    if (next.every((v, k) => v === now[k])) return replace(next, hidden);
    now = next;
  }
  throw new TypeError(
    "Cannot replace givens: they replace each other without end",
  );
}

function asInput(x: Variable | In, i: number): In {
  if (x instanceof In) return x;
  if (x instanceof Variable) return new In(x);
  throw new TypeError(
    `Cannot compile a function: input ${i} is ${
      describeOther(x)
    }, expected a Variable or In`,
  );
}

function checkInputs(ins: readonly In[]): void {
  const seen = new Set<Variable>();
  ins.forEach(({ variable }, i) => {
    if (variable instanceof SharedVariable) {
      throw new TypeError(
        `Cannot compile a function: input ${i} is the shared variable ${
          nameOf(variable)
        }; it is used without being passed (change it by updates or givens)`,
      );
    }
    if (variable instanceof Constant) {
      throw new TypeError(
        `Cannot compile a function: input ${i} is a constant`,
      );
    }
    if (seen.has(variable)) {
      throw new TypeError(
        `Cannot compile a function: ${
          nameOf(variable)
        } is given twice as an input`,
      );
    }
    seen.add(variable);
  });
}

function takeApart(outputs: Outputs): [Spec["form"], Variable[]] {
  if (outputs === null) return [{ kind: "none" }, []];
  if (outputs instanceof Variable) return [{ kind: "one" }, [outputs]];
  if (typeof outputs !== "object") {
    throw new TypeError(
      `Cannot compile a function: outputs are ${
        describeOther(outputs)
      }, expected a Variable, a list or record of them, or null`,
    );
  }
  const isList = Array.isArray(outputs);
  const entries = Object.entries(outputs as Record<string, Variable>);
  for (const [key, v] of entries) {
    if (!(v instanceof Variable)) {
      throw new TypeError(
        `Cannot compile a function: output ${key} is ${
          describeOther(v)
        }, expected a Variable`,
      );
    }
  }
  const form: Spec["form"] = isList
    ? { kind: "list" }
    : { kind: "record", keys: entries.map(([key]) => key) };
  return [form, entries.map(([, v]) => v)];
}

/** What each shared variable becomes. TypeError: no pairs, none of shared variables, or a variable twice. */
export function checkUpdates(
  updates: Iterable<Update>,
): Map<SharedVariable, Variable> {
  const made = new Map<SharedVariable, Variable>();
  if (!(Symbol.iterator in Object(updates))) throw noPairs(updates);
  for (const pair of updates) {
    if (!Array.isArray(pair) || pair.length !== 2) throw noPairs(pair);
    const [s, value] = pair as Update;
    if (!(s instanceof SharedVariable)) {
      throw new TypeError(
        `Cannot update ${
          describeOther(s)
        }: only shared variables are updated; updates are pairs [shared, value]`,
      );
    }
    if (made.has(s)) {
      throw new TypeError(`Cannot update ${nameOf(s)} twice in one function`);
    }
    made.set(s, asUpdate(s, value));
  }
  return made;
}

function noPairs(given: unknown): TypeError {
  return new TypeError(
    `Cannot compile a function: updates are a list of pairs [shared, value], got ${
      describeOther(given)
    }`,
  );
}

function asUpdate(s: SharedVariable, value: Operand): Variable {
  return conform(asVariable(value, s.dtype), s, `Cannot update ${nameOf(s)}`);
}

/** `v` as a value of the type of `like`: converted where nothing is lost. */
function conform(v: Variable, like: Variable, what: string): Variable {
  if (v.ndim !== like.ndim || v.type.kind !== like.type.kind) {
    throw new TypeError(
      `${what}: it is ${describeType(like.type)}, the new value ${
        describeType(v.type)
      }${at(v)}`,
    );
  }
  const same = v.dtype === like.dtype
    ? v
    : castsSafely(v.dtype, like.dtype)
    ? derived(v.owner?.origin ?? null, () => cast(v, like.dtype))
    : null;
  if (!same) {
    throw new TypeError(
      `${what}: it is ${describeType(like.type)}, the new value ${
        describeType(v.type)
      }${at(v)}; convert it with .astype("${like.dtype}")`,
    );
  }
  if (
    !fits(same.type, like.type) && same.type.shape.some((d, i) => {
      const want = like.type.shape[i];
      return typeof d === "number" && typeof want === "number" && d !== want;
    })
  ) {
    throw new TypeError(
      `${what}: it is ${describeType(like.type)}, the new value ${
        describeType(v.type)
      }${at(v)}`,
    );
  }
  return same;
}

function addDefaultUpdates(
  outputs: readonly Variable[],
  updates: Map<SharedVariable, Variable>,
  givens: Map<Variable, Variable>,
  without: boolean | readonly SharedVariable[],
): Map<SharedVariable, Variable> {
  if (without === true) return updates;
  const skip = new Set<Variable>(without || []), all = new Map(updates);
  // A default update may use shared variables that have one too.
  for (
    let todo = [...outputs, ...updates.values(), ...givens.values()];
    todo.length;
  ) {
    const found = leaves(todo).filter((v) =>
      v instanceof SharedVariable && v.defaultUpdate && !all.has(v) &&
      !skip.has(v)
    ) as SharedVariable[];
    for (const s of found) all.set(s, asUpdate(s, s.defaultUpdate!));
    todo = found.map((s) => all.get(s)!);
  }
  return all;
}

function checkClosed(
  graph: FunctionGraph,
  ins: readonly In[],
  onUnused: "raise" | "warn" | "ignore",
): void {
  const values = [...graph.outputs, ...graph.updates.map(([, v]) => v)];
  const needed = ancestors(values), given = new Set(graph.inputs);
  for (const v of needed) {
    if (
      v.owner || v instanceof Constant || v instanceof SharedVariable ||
      given.has(v)
    ) continue;
    const user = [...needed].find((o) => o.owner?.inputs.includes(v));
    throw new MissingInputError(
      `Cannot compile a function: it needs ${nameOf(v)} ${
        describeType(v.type)
      }, which is neither an input nor given${user ? at(user) : ""}`,
    );
  }
  if (onUnused === "ignore") return;
  graph.inputs.forEach((v, i) => {
    if (needed.has(v)) return;
    const text = `Input ${i} (${
      ins[i]!.name ?? "unnamed"
    }) is not used by any output or update; leave it out or pass { onUnusedInput: "ignore" }`;
    if (onUnused === "raise") {
      throw new UnusedInputError(`Cannot compile a function: ${text}`);
    }
    console.warn(text);
  });
}

/** A variable's name, or what made it. */
export function nameOf(v: Variable): string {
  return v.name ??
    (v.owner
      ? `the result of ${v.owner.op.name}`
      : v instanceof SharedVariable
      ? "an unnamed shared variable"
      : "an unnamed variable");
}

/** Where a variable was made, for the end of a message. */
export function at(v: Variable): string {
  const line = v.owner?.origin.line;
  return line && line !== "unknown" ? ` (made at ${line})` : "";
}
