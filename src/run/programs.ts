/** The programs of a function: one for each signature that calls bring, at most eight of them. */
import { detectTarget } from "../build/toolchain.ts";
import type { FunctionGraph } from "../graph/function_graph.ts";
import type { NDArray } from "../graph/ndarray.ts";
import type { SharedVariable, Variable } from "../graph/variable.ts";
import { emitProgram } from "../lower/emit_program.ts";
import { lower } from "../lower/lower.ts";
import type { Kernel, Program } from "../lower/program.ts";
import type { Target } from "../lower/target.ts";
import {
  fitsArray,
  type History,
  type Laid,
  MAX_PROGRAMS,
  missed,
  noHistory,
  observe,
  settle,
  sharedOf,
  type Signature,
} from "../lower/signature.ts";
import { checkTypes } from "./convert.ts";
import { Layouts, movedLayouts, settleLayouts } from "./layouts.ts";
import type { Mode } from "./mode.ts";
import { checkNames } from "./reference.ts";
import type { Runtime } from "./runtime.ts";
import type { Failure } from "./state.ts";
import { type CStorage, storageOf } from "./storage.ts";
import { Vm } from "./vm.ts";

/** A program, and with linker c the function that it is printed as. */
interface Lowered {
  readonly program: Program;
  readonly linked?: Kernel;
}

/** A program that has a workspace. */
export interface Ready extends Lowered {
  readonly signature: Signature;
  readonly vm: Vm;
  readonly layouts: Layouts;
}

/** What a graph was rewritten from, and what its function is called in C. */
export interface Origin {
  readonly written: FunctionGraph;
  readonly name: string;
}

/** The programs that calls of a graph have asked for. */
export class Programs {
  /** Of the shared variables that the graph reads or updates. */
  readonly storages: readonly CStorage[];
  /** The program of the last call. */
  current: Ready | null = null;
  readonly #graph: FunctionGraph;
  readonly #mode: Mode;
  readonly #runtime: Runtime;
  readonly #name: string;
  readonly #target: Target;
  readonly #shared: readonly SharedVariable[];
  /** Some lengths have one name and must be equal. */
  readonly #named: boolean;
  #history: History;
  #made: Ready[] = [];
  /** Decisions about storages, one line each. */
  readonly #arranged: string[] = [];

  constructor(
    graph: FunctionGraph,
    mode: Mode,
    runtime: Runtime,
    { written, name }: Origin,
  ) {
    this.#graph = graph;
    this.#mode = mode;
    this.#runtime = runtime;
    this.#name = name;
    this.#target = detectTarget(mode.openmp);
    this.#shared = sharedOf(graph);
    this.storages = this.#shared.map((s) => storageOf(s, runtime.cvm));
    this.#named = hasRepeatedName([...graph.inputs, ...this.#shared]);
    this.#history = noHistory(graph, written);
  }

  /** The program for these values, which becomes the current one. RangeError: lengths that must be equal differ, or lowering refuses some. */
  fitting(values: readonly NDArray[]): Ready {
    if (this.#named) this.#checkNames(values);
    const { current } = this;
    if (current !== null && this.#fits(current, values)) return current;
    const found = this.#made.find((p) => this.#fits(p, values));
    return this.current = found ?? this.#make(values);
  }

  /** A guard of `ready` found another length than it takes for granted: the program for that becomes the current one. */
  miss(ready: Ready, failure: Failure, values: readonly NDArray[]): void {
    const { site, axis, index } = failure;
    const assumed = ready.program.guards.find((g) =>
      g.node === site.thunk!.node && g.which === axis
    )!;
    this.#history = missed(this.#history, assumed, index);
    this.current = this.#findAssumed(values) ?? this.#make(values);
  }

  /** The kernels that calls with these values, one after the other, would run: lowered but not compiled. A call that lowering refuses runs none. */
  kernels(...calls: (readonly NDArray[])[]): Kernel[] {
    const seen: Signature[] = [];
    this.#settleLayouts();
    let history = this.#history;
    return calls.flatMap((values) => {
      const arrays = this.#laid(values);
      if (seen.some((s) => fitsAll(s, arrays))) return [];
      const [next, signature] = observe(history, arrays, values.length);
      history = next;
      seen.push(signature);
      try {
        return kernelsOf(this.#lowered(signature));
      } catch (error) {
        if (error instanceof RangeError) return [];
        throw error;
      }
    });
  }

  /** The program for such values, row-major, that one thread runs, with products by BLAS or not. RangeError: there is no BLAS. */
  exportable(values: readonly NDArray[], blas = this.#target.blas): Program {
    if (blas && !this.#target.blas) {
      throw new RangeError(
        "Cannot export with BLAS: there is none; leave out { blas: true }",
      );
    }
    const [, asked] = observe(
      this.#history,
      this.#laid(values),
      values.length,
    );
    const inputs = asked.inputs.map((a) => ({ ...a, strides: null }));
    return lower(this.#graph, { ...asked, inputs }, { gc: true }, {
      ...this.#target,
      blas,
      threads: 1,
    });
  }

  notes(): readonly string[] {
    const ofPrograms = this.#made.flatMap(({ program }, i) =>
      this.#made.length > 1
        ? program.notes.map((n) => `program ${i + 1}: ${n}`)
        : program.notes
    );
    return [...this.#arranged, ...ofPrograms];
  }

  free(): void {
    for (const { vm } of this.#made) vm.free();
    this.#made = [];
    this.current = null;
  }

  #fits(ready: Ready, values: readonly NDArray[]): boolean {
    if (!ready.layouts.fit(ready.signature)) return false;
    const { inputs } = ready.signature;
    for (let i = 0; i < values.length; i++) {
      if (!fitsArray(inputs[i]!, values[i]!)) return false;
    }
    return true;
  }

  /** A program for these values, and a workspace for it. */
  #make(values: readonly NDArray[]): Ready {
    checkTypes(this.#graph.inputs, values);
    this.#settleLayouts();
    this.#arranged.push(...movedLayouts(
      this.#made.map((p) => p.signature),
      { shared: this.#shared, storages: this.storages },
    ));
    if (this.#made.length >= MAX_PROGRAMS) {
      this.#history = settle(this.#history);
      this.#made.shift()!.vm.free();
    }
    const [history, signature] = observe(
      this.#history,
      this.#laid(values),
      values.length,
    );
    this.#history = history;
    const lowered = this.#lowered(signature), { program } = lowered;
    const { cvm, kernel, prepare } = this.#runtime;
    prepare(kernelsOf(lowered));
    const layouts = new Layouts(this.storages);
    // No length may change from call to call that has to be compared with another.
    const repeats = !program.resizes &&
      (!this.#named || signature.shared.every((a) => !a.shape.includes(null)));
    const vm = new Vm(program, {
      cvm,
      kernel,
      ...(lowered.linked && { linked: lowered.linked }),
      storages: program.shared.map(([s]) => storageOf(s, cvm)),
      threads: this.#target.threads,
      debug: this.#mode.debug,
      ...(repeats && { layouts }),
    });
    const ready = { ...lowered, signature, vm, layouts };
    this.#made.push(ready);
    return ready;
  }

  /** DebugMode steps through instructions, which one C function has not. */
  #lowered(signature: Signature): Lowered {
    const { linker, debug } = this.#mode;
    const program = lower(this.#graph, signature, {
      gc: linker !== "cvm_nogc",
      ...(debug && { kept: 0 }), // fresh buffers are filled with what no kernel leaves
      inplace: debug ? "temporaries" : true,
    }, this.#target);
    return linker === "c" && !debug
      ? { program, linked: emitProgram(program, this.#name) }
      : { program };
  }

  /** A program made before for what the history now assumes. */
  #findAssumed(values: readonly NDArray[]): Ready | undefined {
    const [, { assumed }] = observe(
      this.#history,
      this.#laid(values),
      values.length,
    );
    const known = assumed.filter((a) => a.length !== null);
    return this.#made.find((p) =>
      this.#fits(p, values) && p.program.guards.length === known.length &&
      assumed.every((a) =>
        p.program.guards.every((g) =>
          g.node !== a.node || g.which !== a.which || g.length === a.length
        )
      )
    );
  }

  #settleLayouts(): void {
    this.#arranged.push(
      ...settleLayouts(this.#graph, {
        shared: this.#shared,
        storages: this.storages,
      }),
    );
  }

  #laid(values: readonly NDArray[]): Laid[] {
    return [...values, ...this.storages];
  }

  #checkNames(values: readonly NDArray[]): void {
    const known = new Map<Variable, { readonly shape: readonly number[] }>();
    this.#graph.inputs.forEach((v, i) => known.set(v, values[i]!));
    this.#shared.forEach((s, i) => known.set(s, this.storages[i]!));
    checkNames([...this.#graph.inputs, ...this.#shared], known);
  }
}

function fitsAll(
  { inputs, shared }: Signature,
  arrays: readonly Laid[],
): boolean {
  return [...inputs, ...shared].every((a, i) => fitsArray(a, arrays[i]!));
}

/** What must be compiled for a program: its kernels, each once, or the one function that holds them. */
function kernelsOf({ program, linked }: Lowered): Kernel[] {
  if (linked) return [linked];
  return [
    ...new Set(
      program.thunks.flatMap(({ run }) =>
        run.kind === "compiled" ? [run.kernel] : []
      ),
    ),
  ];
}

function hasRepeatedName(
  variables: readonly {
    readonly type: { readonly shape: readonly unknown[] };
  }[],
): boolean {
  const names = variables.flatMap((v) =>
    v.type.shape.filter((d) => typeof d === "string")
  );
  return new Set(names).size < names.length;
}
