/** Runs a graph through the VM: calls bring programs, programs run, guards ask for others. */
import type { FunctionGraph } from "../graph/function_graph.ts";
import type { NDArray } from "../graph/ndarray.ts";
import type { Kernel, Program } from "../lower/program.ts";
import { sharedOf } from "../lower/signature.ts";
import {
  type Admit,
  type Argument,
  asTheyAre,
  type Engine,
  type Given,
  givenOf,
} from "./compiled.ts";
import { runDebug } from "./debug.ts";
import { stopError } from "./errors.ts";
import type { Mode } from "./mode.ts";
import { type Origin, Programs, type Ready } from "./programs.ts";
import type { Runtime } from "./runtime.ts";
import type { Stop } from "./state.ts";
import { type CStorage, storageOf } from "./storage.ts";
import { inTurn, type Owned } from "./turns.ts";
import type { Vm } from "./vm.ts";

/** An engine whose programs a runtime runs. */
export class VmEngine implements Engine, Owned {
  owners = 0;
  last: Promise<void> | null = null;
  readonly #graph: FunctionGraph;
  readonly #mode: Mode;
  readonly #runtime: Runtime;
  readonly #origin: Origin;
  readonly #programs: Programs;
  /** Of all shared variables that the graph mentions, as written too. */
  readonly #storages: readonly CStorage[];
  #asWritten: VmEngine | null = null;

  /** `written` is what the graph was rewritten from; `name`, what the function is called in C. */
  constructor(
    graph: FunctionGraph,
    mode: Mode,
    runtime: Runtime,
    { written = graph, name = "function" }: Partial<Origin> = {},
  ) {
    this.#graph = graph;
    this.#mode = mode;
    this.#runtime = runtime;
    this.#origin = { written, name };
    this.#programs = new Programs(graph, mode, runtime, this.#origin);
    const shared = new Set([...sharedOf(graph), ...sharedOf(written)]);
    this.#storages = [...shared].map((s) => storageOf(s, runtime.cvm));
  }

  call(
    args: readonly Argument[],
    calls: number,
    admit: Admit = asTheyAre,
  ): Given {
    const { current } = this.#programs;
    const again = current !== null && calls === 1
      ? current.vm.repeat(args)
      : null;
    return again ?? this.#begin(args, calls, admit);
  }

  callAsync(values: readonly NDArray[], calls: number): Promise<Given> {
    return inTurn([this, ...this.#storages], () => this.#fly(values, calls));
  }

  notes(): readonly string[] {
    return this.#programs.notes();
  }

  /** The kernels that calls with these values, one after the other, would run: lowered but not compiled. A call that lowering refuses runs none. */
  kernels(...calls: (readonly NDArray[])[]): Kernel[] {
    return this.#programs.kernels(...calls);
  }

  exportable(values: readonly NDArray[], blas?: boolean): Program {
    for (const storage of this.#storages) storage.open("export");
    return this.#programs.exportable(values, blas);
  }

  /** The program and the workspace of the last call; for tools and tests. */
  get current(): { readonly program: Program; readonly vm: Vm } | null {
    return this.#programs.current;
  }

  free(): void {
    this.#programs.free();
    this.#asWritten?.free();
  }

  /** A call by parts, which says what is wrong. Apart, so that `call` is small enough to become part of a loop that calls. */
  #begin(args: readonly Argument[], calls: number, admit: Admit): Given {
    for (const storage of this.#storages) storage.open("use");
    return this.#run(admit(args), calls);
  }

  #run(values: readonly NDArray[], calls: number): Given {
    let ready: Ready;
    try {
      ready = this.#bring(values);
    } catch (error) {
      return this.#unlessWritten(error).#run(values, calls);
    }
    for (let left = calls;;) {
      const { vm } = ready, most = atMost(ready, left);
      const stop = this.#mode.debug ? runDebug(vm, most) : vm.run(most);
      left -= this.#settle(stop, ready, values);
      if (left === 0) return givenOf(vm.results());
      ready = this.#bring(values);
    }
  }

  /** The same beside the event loop. DebugMode looks at every instruction, and so stays here. */
  async #fly(values: readonly NDArray[], calls: number): Promise<Given> {
    if (this.#mode.debug) return this.#run(values, calls);
    let ready: Ready;
    try {
      ready = this.#bring(values);
    } catch (error) {
      return this.#unlessWritten(error).#fly(values, calls);
    }
    for (let left = calls;;) {
      const { vm } = ready;
      const stop = await vm.runAsync(atMost(ready, left));
      left -= this.#settle(stop, ready, values);
      if (left === 0) return givenOf(vm.results());
      ready = this.#bring(values);
    }
  }

  /** A program for these values, with the values in place. */
  #bring(values: readonly NDArray[]): Ready {
    const ready = this.#programs.fitting(values);
    for (let i = 0; i < values.length; i++) ready.vm.setInput(i, values[i]!);
    return ready;
  }

  /**
   * Lengths that a rewritten graph refuses are for the graph as written to
   * refuse: work that left a loop of no steps never ran there. Throws `error`
   * where there is no other graph.
   */
  #unlessWritten(error: unknown): VmEngine {
    const { written } = this.#origin;
    if (!(error instanceof RangeError) || written === this.#graph) throw error;
    return this.#asWritten ??= new VmEngine(
      written,
      this.#mode,
      this.#runtime,
      this.#origin,
    );
  }

  /** How many calls a run did, behind which another may begin. A guard that found another length asks for another program; all other stops are errors. */
  #settle(
    stop: Stop | null,
    ready: Ready,
    values: readonly NDArray[],
  ): number {
    const { vm, program } = ready, { done } = vm;
    if (stop !== null) {
      vm.finish();
      if (stop.kind !== "failed" || stop.code !== "GUARD") {
        throw stopError(stop, program);
      }
      this.#programs.miss(ready, stop, values);
    } else if (program.resizes) {
      for (const storage of this.#programs.storages) storage.noteLayout();
    }
    return done;
  }
}

/** A program that changes lengths of shared variables may not fit its own next call. */
function atMost({ program }: Ready, calls: number): number {
  return program.resizes ? 1 : calls;
}

/** A function that is about to be called, with the arguments of some calls. */
export type Planned = readonly [
  VmEngine,
  calls: readonly (readonly NDArray[])[],
];

/** Compiles in one batch what these calls will run, where each function would have a batch of its own. */
export function compileAll(
  planned: readonly Planned[],
  { prepare }: Runtime,
): void {
  prepare(planned.flatMap(([engine, calls]) => engine.kernels(...calls)));
}
