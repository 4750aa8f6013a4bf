/** Runs a graph through the VM: a program for each signature that calls bring, at most eight of them. */
import { detectTarget } from "../build/toolchain.ts";
import type { FunctionGraph } from "../graph/function_graph.ts";
import type { NDArray } from "../graph/ndarray.ts";
import type { SharedVariable, Variable } from "../graph/variable.ts";
import { arrangementsOf } from "../lower/arrange.ts";
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
import {
  type Admit,
  type Argument,
  asTheyAre,
  type Engine,
} from "./compiled.ts";
import { runDebug } from "./debug.ts";
import { kernelError } from "./errors.ts";
import type { Mode } from "./mode.ts";
import { checkNames } from "./reference.ts";
import type { Runtime } from "./runtime.ts";
import type { Stop } from "./state.ts";
import { type CStorage, storageOf } from "./storage.ts";
import { Vm } from "./vm.ts";

/** A program, and with linker c the function that it is printed as. */
interface Lowered {
  readonly program: Program;
  readonly linked?: Kernel;
}

/** A program that has a workspace. */
interface Ready extends Lowered {
  readonly signature: Signature;
  readonly vm: Vm;
  /** The layout that each storage had when it was last found to fit. */
  readonly layouts: number[];
  /** A call whose arrays lie as those of the last one needs no closer look: no length may change that has to be compared with another. */
  readonly repeats: boolean;
}

/** An engine whose programs a runtime runs. */
export class VmEngine implements Engine {
  readonly #graph: FunctionGraph;
  readonly #mode: Mode;
  readonly #name: string;
  readonly #runtime: Runtime;
  readonly #target: Target;
  readonly #shared: readonly SharedVariable[];
  readonly #storages: readonly CStorage[];
  readonly #named: boolean;
  /** What the graph was rewritten from; itself if it was not. */
  readonly #written: FunctionGraph;
  #history: History;
  #programs: Ready[] = [];
  /** Decisions about storages, one line each. */
  readonly #arranged: string[] = [];
  #current: Ready | null = null;
  #asWritten: VmEngine | null = null;

  /** `written` is what the graph was rewritten from; `name`, what the function is called in C. */
  constructor(
    graph: FunctionGraph,
    mode: Mode,
    runtime: Runtime,
    { written = graph, name = "function" }: {
      readonly written?: FunctionGraph;
      readonly name?: string;
    } = {},
  ) {
    this.#graph = graph;
    this.#written = written;
    this.#name = name;
    this.#mode = mode;
    this.#runtime = runtime;
    this.#target = detectTarget(mode.openmp);
    this.#shared = sharedOf(graph);
    this.#storages = this.#shared.map((s) => storageOf(s, runtime.cvm));
    this.#named = hasRepeatedName([...graph.inputs, ...this.#shared]);
    this.#history = noHistory(graph, written);
  }

  call(
    args: readonly Argument[],
    calls: number,
    admit: Admit = asTheyAre,
  ): (NDArray | number)[] {
    if (calls === 1) {
      const results = this.#repeat(args);
      if (results !== null) return results;
    }
    const values = admit(args);
    if (this.#named) this.#checkNames(values);
    let ready: Ready;
    try {
      ready = this.#bring(values);
    } catch (error) {
      return this.#unlessWritten(error).call(values, calls);
    }
    for (let left = calls;;) {
      const { vm, program } = ready, most = program.resizes ? 1 : left;
      const stop = this.#mode.debug ? runDebug(vm, most) : vm.run(most);
      left -= stop === null ? most : vm.done;
      this.#settle(stop, ready, values);
      if (left === 0) return vm.results();
      ready = this.#bring(values);
    }
  }

  /**
   * Lengths that a rewritten graph refuses are for the graph as written to
   * refuse: work that left a loop of no steps never ran there. Throws `error`
   * where there is no other graph.
   */
  #unlessWritten(error: unknown): VmEngine {
    if (!(error instanceof RangeError) || this.#written === this.#graph) {
      throw error;
    }
    return this.#asWritten ??= new VmEngine(
      this.#written,
      this.#mode,
      this.#runtime,
      { name: this.#name },
    );
  }

  callAsync(
    values: readonly NDArray[],
    calls: number,
  ): Promise<(NDArray | number)[]> {
    return this.#runtime.turns.take(
      [this, ...this.#storages],
      // DebugMode looks at every instruction, and so stays here.
      async () => {
        if (this.#mode.debug) return this.call(values, calls);
        if (this.#named) this.#checkNames(values);
        return await this.#fly(values, calls);
      },
    );
  }

  #fly(
    values: readonly NDArray[],
    calls: number,
  ): Promise<(NDArray | number)[]> {
    const ready = this.#bring(values), { vm, program } = ready;
    const most = program.resizes ? 1 : calls;
    return vm.runAsync(most, (stop) => {
      const left = calls - (stop === null ? most : vm.done);
      this.#settle(stop, ready, values);
      return left === 0 ? vm.results() : this.#fly(values, left);
    });
  }

  /** What must be known before the program goes on, or another for what a guard found. */
  #settle(stop: Stop | null, ready: Ready, values: readonly NDArray[]): void {
    if (stop !== null) {
      ready.vm.finish();
      this.#recover(stop, ready, values);
    } else if (ready.program.resizes) this.#noteLayouts();
  }

  notes(): readonly string[] {
    const ofPrograms = this.#programs.flatMap(({ program }, i) =>
      this.#programs.length > 1
        ? program.notes.map((n) => `program ${i + 1}: ${n}`)
        : program.notes
    );
    return [...this.#arranged, ...ofPrograms];
  }

  /** The kernels that calls with these values, one after the other, would run: lowered but not compiled. A call that lowering refuses runs none. */
  kernels(...calls: (readonly NDArray[])[]): Kernel[] {
    const seen: Signature[] = [];
    this.#arrange();
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

  /** The program and the workspace of the last call; for tools and tests. */
  get current(): { readonly program: Program; readonly vm: Vm } | null {
    return this.#current;
  }

  free(): void {
    for (const { vm } of this.#programs) vm.free();
    this.#asWritten?.free();
    this.#programs = [];
    this.#current = null;
  }

  /** Another call like the last one, if that is all it is. */
  #repeat(args: readonly Argument[]): (NDArray | number)[] | null {
    const ready = this.#current;
    return ready !== null && ready.repeats && this.#isLaidOut(ready)
      ? ready.vm.repeat(args)
      : null;
  }

  /** A program for these values, with the values in place. */
  #bring(values: readonly NDArray[]): Ready {
    const ready = this.#fitting(values);
    for (let i = 0; i < values.length; i++) ready.vm.setInput(i, values[i]!);
    return ready;
  }

  #fitting(values: readonly NDArray[]): Ready {
    const current = this.#current;
    if (current !== null && this.#fits(current, values)) return current;
    const found = this.#programs.find((p) => this.#fits(p, values));
    return this.#current = found ?? this.#make(values);
  }

  #fits(ready: Ready, values: readonly NDArray[]): boolean {
    if (!this.#isLaidOut(ready)) return false;
    const { inputs } = ready.signature;
    for (let i = 0; i < values.length; i++) {
      if (!fitsArray(inputs[i]!, values[i]!)) return false;
    }
    return true;
  }

  /** Whether shared variables lie as a program expects. */
  #isLaidOut({ signature, layouts }: Ready): boolean {
    for (let i = 0; i < layouts.length; i++) {
      const storage = this.#storages[i]!;
      if (storage.layout !== layouts[i]) {
        if (!fitsArray(signature.shared[i]!, storage)) return false;
        layouts[i] = storage.layout;
      }
    }
    return true;
  }

  /** A program for these values, and a workspace for it. */
  #make(values: readonly NDArray[]): Ready {
    this.#arrange();
    this.#noteOthers();
    if (this.#programs.length >= MAX_PROGRAMS) {
      this.#history = settle(this.#history);
      this.#programs.shift()!.vm.free();
    }
    const [history, signature] = observe(
      this.#history,
      this.#laid(values),
      values.length,
    );
    this.#history = history;
    const lowered = this.#lowered(signature), { program } = lowered;
    this.#runtime.prepare(kernelsOf(lowered));
    const storages = program.shared.map(([s]) =>
      storageOf(s, this.#runtime.cvm)
    );
    const vm = new Vm(program, {
      cvm: this.#runtime.cvm,
      kernel: this.#runtime.kernel,
      ...(lowered.linked && { linked: lowered.linked }),
      storages,
      threads: this.#target.threads,
      debug: this.#mode.debug,
    });
    const layouts = this.#storages.map((s) => s.layout);
    const repeats = !program.resizes &&
      (!this.#named || signature.shared.every((a) => !a.shape.includes(null)));
    const ready = { ...lowered, signature, vm, layouts, repeats };
    this.#programs.push(ready);
    return ready;
  }

  /** Decides how the storages lie that this function is the first to update. */
  #arrange(): void {
    const updated = new Set(this.#graph.updates.map(([s]) => s));
    const open = this.#shared.flatMap((s, i) => {
      const storage = this.#storages[i]!;
      return updated.has(s) && !storage.settled ? [[s, storage] as const] : [];
    });
    if (open.length === 0) return;
    const storages = new Map(open),
      shapes = new Map(open.map(([s, { shape }]) => [s, shape]));
    for (
      const { shared, strides, note } of arrangementsOf(
        this.#graph,
        shapes,
        detectTarget(),
      )
    ) {
      storages.get(shared)!.arrange(strides);
      this.#arranged.push(note);
    }
    for (const [, storage] of open) storage.settled = true;
  }

  /** Notes which storages lie otherwise than the programs made so far expect. */
  #noteOthers(): void {
    this.#storages.forEach((storage, i) => {
      const { shape } = storage,
        expected = this.#programs.map((p) => p.signature.shared[i]!);
      const moved = expected.some((e) =>
        e.shape.every((n, axis) =>
          n === null || n === shape[axis]
        )
      ) &&
        !expected.some((e) =>
          fitsArray({ ...e, shape: shape.map(() => null) }, storage)
        );
      if (!moved) return;
      const s = this.#shared[i]!;
      this.#arranged.push(
        `layout of ${
          s.name ?? s
        }: strides are (${storage.strides}) now; another program is made`,
      );
    });
  }

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

  #laid(values: readonly NDArray[]): Laid[] {
    return [...values, ...this.#storages];
  }

  #noteLayouts(): void {
    for (const storage of this.#storages) storage.noteLayout();
  }

  /** A guard that found another length asks for another program; all else is an error. */
  #recover(stop: Stop, ready: Ready, values: readonly NDArray[]): void {
    if (stop.kind === "failed" && stop.code === "GUARD") {
      const assumed = ready.program.guards.find((g) =>
        g.node === stop.site.thunk!.node && g.which === stop.axis
      )!;
      this.#history = missed(this.#history, assumed, stop.index);
      this.#current = this.#findAssumed(values) ?? this.#make(values);
      return;
    }
    throw this.#error(stop, ready);
  }

  /** A program made before for what the history now assumes. */
  #findAssumed(values: readonly NDArray[]): Ready | undefined {
    const [, { assumed }] = observe(
      this.#history,
      this.#laid(values),
      values.length,
    );
    return this.#programs.find((p) =>
      this.#fits(p, values) &&
      assumed.every((a) =>
        p.program.guards.every((g) =>
          g.node !== a.node || g.which !== a.which || g.length === a.length
        )
      ) && p.program.guards.length === assumed.filter((a) =>
          a.length !== null
        ).length
    );
  }

  #error(stop: Stop, { program }: Ready): Error {
    const node = stop.site.thunk?.node ?? null;
    const loops = stop.site.loops.map(({ loop, steps }) =>
      `\n  in step ${steps} of the scan at ${loop.node.origin.line}`
    ).join("");
    switch (stop.kind) {
      case "failed": {
        const run = stop.site.thunk?.run;
        if (run?.kind === "host" && run.refusal) return run.refusal;
        const shapes = node?.inputs.map((v) =>
          program.slots.find((s) => s.variable === v)?.shape
        );
        const error = kernelError(stop, node, shapes);
        error.message += loops;
        return error;
      }
      case "crashed":
        return new Error(
          `A kernel of ${
            node?.op.name ?? "the program"
          } crashed with signal ${stop.signal}${loops}`,
        );
      case "interrupted":
        return new Error("The call was interrupted");
      case "stopped":
        return new Error("The call is paused");
    }
  }

  #checkNames(values: readonly NDArray[]): void {
    const known = new Map<Variable, { readonly shape: readonly number[] }>();
    this.#graph.inputs.forEach((v, i) => known.set(v, values[i]!));
    this.#shared.forEach((s, i) => known.set(s, this.#storages[i]!));
    checkNames([...this.#graph.inputs, ...this.#shared], known);
  }
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
