/** What `function` returns: a callable with its arguments checked, and its results in the form that was asked for. */
import { withDefaults } from "../graph/options.ts";
import { config } from "../graph/config.ts";
import { isBig } from "../graph/dtype.ts";
import { NDArray } from "../graph/ndarray.ts";
import type { DenseType } from "../graph/type.ts";
import type { SharedVariable, Variable } from "../graph/variable.ts";
import type { Program } from "../lower/program.ts";
import { convert, isWhole } from "./convert.ts";
import { exportC, type ExportOptions } from "./export/export_c.ts";
import type { Value } from "../ops/constructors.ts";
import type { In } from "./in.ts";
import type { Outputs, Spec } from "./spec.ts";

/** A result: a number where it has no axes. */
export type ResultOf<V> = V extends Variable<infer R>
  ? number extends R ? NDArray & number
  : R extends 0 ? number
  : NDArray
  : never;

/** Results in the form of the outputs. */
export type Results<O extends Outputs> = O extends null ? void
  : O extends Variable ? ResultOf<O>
  : O extends readonly Variable[] ? { -readonly [i in keyof O]: ResultOf<O[i]> }
  : O extends { readonly [name: string]: Variable }
    ? { -readonly [name in keyof O]: ResultOf<O[name]> }
  : never;

/** What a call passes for an input; `undefined` takes its default. */
export type Argument = Value | undefined;

/** Arguments as arrays of the types of the inputs. */
export type Admit = (args: readonly Argument[]) => readonly NDArray[];

/** For arguments that are such arrays already. */
export const asTheyAre: Admit = (args) => args as readonly NDArray[];

/** What a call gives, in the order of the outputs, a number where one has no axes. One alone stands in no list: a list is a third of what a small call leaves to the collector. */
export type Given = NDArray | number | readonly (NDArray | number)[];

/** What a call gives, as a list. */
export function listOf(given: Given): readonly (NDArray | number)[] {
  return Array.isArray(given) ? given : [given as NDArray | number];
}

/** A list as what a call gives. */
export function givenOf(results: readonly (NDArray | number)[]): Given {
  return results.length === 1 ? results[0]! : results;
}

/** What computes a closed graph: the VM or the interpreter. */
export interface Engine {
  /**
   * Runs `calls` times with the same inputs; results of the last. Arguments
   * that are not laid out as in the call before are admitted first; without
   * `admit` they are arrays of the right types.
   */
  call(
    args: readonly Argument[],
    calls: number,
    admit?: Admit,
  ): Given;
  /** The same beside the event loop, behind the calls made before that use the same shared variables. */
  callAsync(
    values: readonly NDArray[],
    calls: number,
  ): Promise<Given>;
  /** Decisions taken so far, one line each. */
  notes(): readonly string[];
  free(): void;
  /** The program for such values, row-major, that one thread runs. RangeError: there is none, or no BLAS where one is asked for. */
  exportable(values: readonly NDArray[], blas?: boolean): Program;
}

/** A compiled function. */
export interface CompiledFunction<O extends Outputs = Outputs> {
  /** Computes the outputs and takes the updates. Arguments in the order of the inputs; `undefined` takes a default. */
  (...args: Argument[]): Results<O>;
  /** The name it was given, for messages and profiles. */
  readonly name: string;
  /** True: NDArrays are taken to be of the right dtype, rank and length, and are not checked; all other values are converted as ever. */
  trustInput: boolean;
  /**
   * The same beside the event loop: timers, servers and streams go on. Calls
   * run in the order in which they were made, those that share no variable at
   * the same time. Arguments are copied; a failure rejects, and leaves shared
   * variables as before the call. Until the last call ends they belong to it:
   * to read, set or use them throws a RangeError. (The linker `reference` and
   * DebugMode compute before they return.)
   *
   * ```ts
   * import { function as compile, scalar, shared } from "damo";
   * const x = scalar("x"), total = shared(0);
   * const add = compile([x], total, { updates: [[total, total.add(x)]] });
   * const [before, then] = await Promise.all([add.async(3), add.async(4)]);
   * console.log(before, then, total.getValue().item()); // 0 3 7
   * ```
   */
  async(...args: Argument[]): Promise<Results<O>>;
  /**
   * Calls a function whose inputs all have defaults, or were passed in the
   * last call, `nCalls` times in C. The results are those of the last time.
   */
  fn(nCalls?: number): Results<O>;
  /** The rewrite rules that fired and every decision that was taken, one line each. */
  explain(): string;
  /**
   * The same function once more, with a workspace of its own, over the same
   * shared variables; those in `swap` are replaced, in updates too. TypeError:
   * the function does not use one, or its replacement has another type.
   *
   * ```ts
   * import { function as compile, shared } from "damo";
   * const a = shared(1), b = shared(10);
   * const count = compile([], a, { updates: [[a, a.add(1)]] });
   * const other = count.copy({ swap: [[a, b]] });
   * console.log(count(), other(), other()); // 1 10 11
   * ```
   */
  copy(options?: CopyOptions): CompiledFunction<O>;
  /**
   * Writes the function as C into a directory: NAME.h, NAME.c, an example
   * main.c and a Makefile, with shared variables as they are now and of its
   * own, for arguments of the lengths of the last call (lengths that changed
   * from call to call are passed). It needs a C compiler and nothing else.
   * On the same kind of machine it gives the same bits.
   *
   * ```ts
   * import { function as compile, shared, vector } from "damo";
   * const x = vector("x"), w = shared([1, 2, 3], { name: "w" });
   * const f = compile([x], { y: x.mul(w).sum() }, { name: "weigh" });
   * f([1, 1, 1]);
   * const directory = Deno.makeTempDirSync();
   * f.exportC(directory); // weigh.h: int weigh_call(weigh *f, const float *x);
   * Deno.removeSync(directory, { recursive: true });
   * ```
   *
   * RangeError: it was never called and has inputs, an op has no C, or a BLAS
   * is asked for and there is none.
   */
  exportC(directory: string, options?: ExportOptions): void;
  /** Releases its memory, once calls made by `async` have ended; shared variables stay. */
  free(): void;
}

/** What `copy` takes. */
export interface CopyOptions {
  /** Pairs of a shared variable and what takes its place. */
  readonly swap?: Iterable<readonly [SharedVariable, SharedVariable]>;
  /** For messages and profiles; that of the function unless given. */
  readonly name?: string;
}

/** What an engine is wrapped with. */
export interface Wrapping {
  readonly name: string;
  readonly allowInputDowncast: boolean | undefined;
  /** Lines about the graph, before those of the engine. */
  readonly fired: readonly string[];
  /** The function over other shared variables. */
  readonly copy: (options: CopyOptions) => CompiledFunction;
}

/** The callable for an engine. */
export function wrap<O extends Outputs>(
  spec: Spec,
  engine: Engine,
  { name, allowInputDowncast, fired, copy }: Wrapping,
): CompiledFunction<O> {
  const { inputs, form } = spec, count = inputs.length;
  const checks = inputs.map((i) => i.variable.type as DenseType);
  const downcast = allowInputDowncast ??
    (config.allowInputDowncast ? true : undefined);
  const defaults = inputs.map((i) =>
    i.value === undefined ? null : convert(i.value, i, downcast)
  );
  /** The short way into a program takes every number that a dtype holds. */
  const picky = inputs.some((i) =>
    i.strict || (i.allowDowncast ?? downcast) === false
  );
  let freed = false;
  /** What the last call brought, as arrays if they had to be made. */
  const last = new Array<Argument>(count);
  let called = count === 0, admitted = false;
  /** Calls made by `async` that have not ended. */
  let inFlight = 0;

  const finish = packer(form);

  const alive = () => {
    if (freed) throw new Error(`Cannot call ${name}: it was freed`);
  };
  const busy = () => {
    alive();
    return new RangeError(
      `Cannot call ${name}: a call of it is in flight; await its result first, or call ${name}.async`,
    );
  };
  const admit = (args: readonly Argument[]): readonly NDArray[] => {
    alive();
    if (args.length > count) {
      throw new TypeError(
        `Cannot call ${name}: it takes ${count} arguments, got ${args.length}`,
      );
    }
    const values = new Array<NDArray>(count);
    for (let i = 0; i < count; i++) {
      const arg = args[i];
      const ready = arg instanceof NDArray &&
        (self.trustInput || isReady(arg, checks[i]!));
      values[i] = ready ? arg : take(arg, i);
    }
    keep(values);
    admitted = true;
    return values;
  };
  const take = (arg: Argument, i: number): NDArray => {
    if (arg !== undefined) return convert(arg, inputs[i]!, downcast);
    const value = defaults[i];
    if (!value) {
      throw new TypeError(
        `Cannot call ${name}: the value of ${
          labelOf(inputs[i]!, i)
        } is missing and has no default`,
      );
    }
    return value;
  };
  // An array that lives long is written only where it must be: the collector notes every write.
  const keep = (args: readonly Argument[]) => {
    for (let i = 0; i < count; i++) {
      if (last[i] !== args[i]) last[i] = args[i];
    }
    called = true;
  };
  const release = () => {
    if (freed && inFlight === 0) engine.free();
  };

  const call = (...args: Argument[]): unknown => {
    if (inFlight > 0) throw busy();
    admitted = false;
    const results = engine.call(picky ? admit(args) : args, 1, admit);
    if (!admitted) keep(args);
    return finish(results);
  };
  const self = Object.assign(call, {
    trustInput: false,
    async async(...args: Argument[]): Promise<unknown> {
      const values = admit(args).map((value) => value.copy());
      keep(values);
      inFlight++;
      try {
        return finish(await engine.callAsync(values, 1));
      } finally {
        inFlight--;
        release();
      }
    },
    fn(nCalls = 1): unknown {
      if (!Number.isInteger(nCalls) || nCalls < 1) {
        throw new RangeError(`Cannot call ${name} ${nCalls} times`);
      }
      if (inFlight > 0) throw busy();
      return finish(engine.call(called ? last : admit([]), nCalls, admit));
    },
    copy(options: CopyOptions = {}) {
      alive();
      return copy(
        withDefaults(`copy ${name}`, options, { swap: [], name: undefined }),
      );
    },
    exportC(directory: string, options: ExportOptions = {}) {
      const given = withDefaults(`export ${name}`, options, {
        name,
        blas: undefined,
      });
      if (!called) {
        throw new RangeError(
          `Cannot export ${name}: it was never called; call it once with arguments of the lengths that it shall take`,
        );
      }
      if (inFlight > 0) throw busy();
      const values = admit(last);
      exportC(directory, {
        name: given.name,
        program: engine.exportable(values, given.blas),
        inputs: inputs.map((i) => i.variable),
        values,
        outputs: form.kind === "record" ? form.keys : [],
      });
    },
    explain: () => [...fired, ...engine.notes()].join("\n"),
    free() {
      if (freed) return;
      freed = true;
      release();
    },
  });
  Object.defineProperty(self, "name", { value: name });
  return self as unknown as CompiledFunction<O>;
}

/** Puts results into the form that was asked for. */
function packer(
  form: Spec["form"],
): (given: Given) => unknown {
  switch (form.kind) {
    case "none":
      return () => undefined;
    case "one":
      return (given) => given;
    case "list":
      return (given) => [...listOf(given)];
    case "record":
      return (given) => {
        const results = listOf(given);
        return Object.fromEntries(form.keys.map((key, i) => [key, results[i]]));
      };
  }
}

/** True for a value that needs no conversion. */
function isReady(value: NDArray, type: DenseType): boolean {
  if (value.dtype !== type.dtype || value.shape.length !== type.shape.length) {
    return false;
  }
  for (let axis = 0; axis < type.shape.length; axis++) {
    const want = type.shape[axis];
    if (typeof want === "number" && want !== value.shape[axis]) return false;
  }
  return isWhole(value);
}

function labelOf(input: In, i: number): string {
  return input.name ? `input ${input.name}` : `input ${i}`;
}

/** A value as it is returned: the number of a 0-d array, else the array. */
export function asResult(value: NDArray): NDArray | number {
  if (value.ndim > 0) return value;
  const x = value.data[value.offset]!;
  return isBig(value.dtype) ? value.item() : x as number;
}
