/** From symbolic outputs to something callable: the whole compiler, top to bottom. */
import { type Defaults, withDefaults } from "./graph/options.ts";
import type { FunctionGraph } from "./graph/function_graph.ts";
import type { Variable } from "./graph/variable.ts";
import { optimize } from "./rewrite/optimize.ts";
import { type CompiledFunction, type Engine, wrap } from "./run/compiled.ts";
import { VmEngine } from "./run/engine.ts";
import { exchange } from "./run/exchange.ts";
import { asMode, type Mode, type ModeOptions } from "./run/mode.ts";
import { interpret } from "./run/reference.ts";
import { runtime } from "./run/runtime.ts";
import type { In } from "./run/in.ts";
import {
  type Outputs,
  type Spec,
  specify,
  type SpecOptions,
} from "./run/spec.ts";

/** What `function` takes besides inputs and outputs. */
export interface FunctionOptions extends SpecOptions {
  /** How it is compiled and run: a Mode, its options, or the name of a linker. */
  readonly mode?: Mode | ModeOptions | ModeOptions["linker"];
  /** For messages and profiles. */
  readonly name?: string;
  /** The first value of the function's `trustInput`. */
  readonly trustInput?: boolean;
}

/**
 * Compiles a function of `inputs` that computes `outputs`: a Variable, an
 * array of them, a record, or null; results come back in the same form, as a
 * number where there are no axes, else as an NDArray.
 *
 * ```ts
 * import { function as compile, scalar } from "damo";
 * const x = scalar("x"), y = scalar("y");
 * const f = compile([x, y], { sum: x.add(y), product: x.mul(y) });
 * console.log(f(3, 4)); // { sum: 7, product: 12 }
 * ```
 *
 * UnusedInputError, MissingInputError, TypeError: the request is wrong; the
 * message names the input or update and the line where it was made.
 */
export function compile<const O extends Outputs>(
  inputs: readonly (Variable | In)[],
  outputs: O,
  options: FunctionOptions = {},
): CompiledFunction<O> {
  const given = withDefaults("compile a function", options, DEFAULTS);
  const spec = specify(inputs, outputs, given); //       what is asked for, closed and checked
  return build(spec, asMode(given.mode), given);
}

/** Every option; what the settings say of one is asked where it is used. */
const DEFAULTS = {
  mode: undefined,
  updates: [],
  givens: [],
  name: undefined,
  onUnusedInput: undefined,
  allowInputDowncast: undefined,
  noDefaultUpdates: false,
  trustInput: false,
} as const satisfies Defaults<FunctionOptions>;

function build<O extends Outputs>(
  spec: Spec,
  mode: Mode,
  options: FunctionOptions,
): CompiledFunction<O> {
  const { graph, fired } = optimize(spec.graph, mode); // a better way to compute it
  const { graph: written } = optimize(spec.graph, { optimizer: "none" }); // as the user put it, graphs used as ops opened
  const engine = link(graph, mode, { written, name: options.name });
  const f = wrap<O>(spec, engine, { //                    programs are made when calls bring lengths
    name: options.name ?? "function",
    allowInputDowncast: options.allowInputDowncast,
    fired: fired.map(String),
    copy: ({ swap = [], name = options.name }) =>
      build(exchange(spec, swap), mode, { ...options, name }),
  });
  f.trustInput = options.trustInput ?? false;
  return f;
}

/** What runs a graph that was rewritten from another. */
function link(
  graph: FunctionGraph,
  mode: Mode,
  from: { readonly written: FunctionGraph; readonly name?: string },
): Engine {
  if (mode.linker === "reference") return interpret(graph);
  const machine = runtime();
  return machine ? new VmEngine(graph, mode, machine, from) : interpret(graph);
}

export { compile as function };
