/** `x.eval(…)`: the value of a variable, by a function that is compiled once. */
import { Variable } from "./graph/variable.ts";
import { leaves } from "./graph/walk.ts";
import { compile } from "./compile.ts";
import type { Argument, CompiledFunction } from "./run/compiled.ts";

/** The functions of a variable, by the ids of what they take. */
const functions = new WeakMap<
  Variable,
  Map<string, CompiledFunction<Variable>>
>();

function valueOf(
  output: Variable,
  given: ReadonlyMap<Variable, Argument> | {
    readonly [name: string]: Argument;
  } = {},
): unknown {
  const values = given instanceof Map
    ? given as ReadonlyMap<Variable, Argument>
    : new Map(
      Object.entries(given).map((
        [name, value],
      ) => [named(output, name), value]),
    );
  const inputs = [...values.keys()], key = inputs.map((v) => v.id).join();
  const made = functions.get(output) ?? new Map();
  functions.set(output, made);
  const f = made.get(key) ?? compile(inputs, output);
  made.set(key, f);
  return f(...values.values());
}

/** The input of a graph that has this name. TypeError: none has it, or several. */
function named(output: Variable, name: string): Variable {
  const all = leaves([output]).filter((v) => v.name !== undefined),
    found = all.filter((v) => v.name === name);
  if (found.length === 1) return found[0]!;
  throw new TypeError(
    `Cannot evaluate ${output}: ${found.length} of its inputs are named ${name}; there are ${
      all.map((v) => v.name).join(", ") || "none with a name"
    }, and a Map takes any variable`,
  );
}

Object.defineProperty(Variable.prototype, "eval", {
  value(this: Variable, given?: Parameters<typeof valueOf>[1]) {
    return valueOf(this, given);
  },
});
