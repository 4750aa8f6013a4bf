/** A program in use: its workspace in C memory, the calls it runs, and the ops that only TypeScript can evaluate. */
import { type Cvm, STATUS } from "../../ffi/cvm.ts";
import { NDArray } from "../graph/ndarray.ts";
import type { Kernel, Program, Thunk } from "../lower/program.ts";
import { endEpoch, epoch } from "./epoch.ts";
import { computeNode } from "./evaluation.ts";
import { encode } from "./image.ts";
import type { Given } from "./compiled.ts";
import type { Gate } from "./gate.ts";
import { Input } from "./input.ts";
import type { Layouts } from "./layouts.ts";
import {
  allDelivered,
  asNumber,
  delivered,
  gatesOf,
  type Output,
  outputsOf,
} from "./ports.ts";
import { resultData, slabFor } from "./result.ts";
import { Slots } from "./slots.ts";
import { State, type Stop } from "./state.ts";
import type { CStorage } from "./storage.ts";

/** What a program needs to run. */
export interface VmOptions {
  readonly cvm: Cvm;
  /** The address of each compiled kernel. */
  readonly kernel: (kernel: Kernel) => bigint;
  /** The program as one C function (emitProgram), which then runs its calls; nothing pauses it. */
  readonly linked?: Kernel;
  /** The storages of `program.shared`, in order. */
  readonly storages: readonly CStorage[];
  /** Threads that CALL_PARALLEL splits over; 1 unless given. */
  readonly threads?: number;
  /** Fresh buffers are filled with 0xff, and a crash in a kernel is a Stop. */
  readonly debug?: boolean;
  /** How storages lie where the program fits; absent where a call like the last one may need another program. */
  readonly layouts?: Layouts;
}

/** Outputs beyond so many bytes go back to the shared heap once they are read (gc). */
const HELD = 1 << 16;

/**
 * The workspace of a program. One call at a time: set the inputs, run, read
 * the outputs, finish. Outputs stay readable until finish or the next run. Who
 * runs it has seen that no other call owns its storages.
 */
export class Vm {
  readonly program: Program;
  /** What its slots hold. */
  readonly slots: Slots;
  readonly #cvm: Cvm;
  /** At hand: to find it costs as much as all checks of a call. */
  readonly #cvmRun: Cvm["symbols"]["cvm_run"];
  readonly #handle: bigint;
  readonly #state: State;
  readonly #inputs: readonly (Input | null)[];
  /** Null where lengths are read at run time. */
  readonly #outputs: readonly (Output | null)[];
  /** Bytes of the small outputs, which a run leaves in a slab. */
  readonly #room: number;
  /** Of a program that only copies small values in and out, and takes calls like the last one; else null. */
  readonly #gates: readonly Gate[] | null;
  readonly #layouts: Layouts | null;
  readonly #storages: readonly CStorage[];
  /** Those that the program writes. */
  readonly #written: readonly CStorage[];
  /** JavaScript runs during a call. */
  readonly #pauses: boolean;
  readonly #metered: boolean;
  readonly #linked: boolean;
  #status: "ready" | "busy" | "freed" = "ready";
  /** The epoch in which nothing was found to stand in the way of `repeat`. */
  #calm = -1;

  /** RangeError: no memory. */
  constructor(
    program: Program,
    options: VmOptions,
  ) {
    const { cvm, kernel, linked, storages, layouts } = options,
      { threads = 1, debug = false } = options;
    this.program = program;
    this.#cvm = cvm;
    this.#cvmRun = cvm.symbols.cvm_run;
    this.#storages = storages;
    const written = writtenSlots(program);
    this.#written = storages.filter((_, i) =>
      written.has(program.shared[i]![1])
    );
    this.#pauses = !linked && program.thunks.some((t) => t.run.kind === "host");
    this.#metered = debug;
    this.#linked = linked !== undefined;

    const { symbols } = cvm,
      image = encode(program, {
        kernel,
        storages: storages.map((s) => s.address),
        ...(linked && { linked: kernel(linked) }),
      });
    const parallel = program.code.some(([op]) => op === "CALL_PARALLEL");
    const handle = symbols.cvm_new(
      image.words,
      image.contents,
      cvm.heap,
      parallel ? cvm.threads(threads) : 0n,
      cvm.blas,
    );
    if (handle === 0n) throw new RangeError("Cannot make a VM: no memory");
    this.#handle = handle;
    cvm.watch(this, () => symbols.cvm_free(handle));
    if (debug) symbols.cvm_debug(handle, 1);

    this.#state = new State(program, symbols.cvm_state(handle));
    this.slots = new Slots(program, cvm, handle, storages);
    const { headers } = this.slots;
    this.#inputs = program.inputs.map((slot) =>
      slot < 0 ? null : new Input(
        slot,
        program.slots[slot]!,
        headers[slot]!,
        image.homes[slot]!,
        { symbols, handle },
      )
    );
    this.#outputs = outputsOf(program, image.deliveries, this.#state.numbers);
    this.#room = image.room;
    this.#layouts = layouts ?? null;
    this.#gates =
      !layouts || this.#pauses || debug || image.deliveries.includes(null)
        ? null
        : gatesOf(program, this.#inputs);
  }

  /** Buffers that slots own now. */
  get live(): number {
    return this.#state.live;
  }

  /** Buffers that slots were given so far: a program that allocates nothing in a step is given as many for any number of steps. */
  get taken(): number {
    return this.#state.taken;
  }

  /** Whole calls done in the last run. */
  get done(): number {
    return this.#state.done;
  }

  /**
   * One whole call with values that lie just as the slots of the inputs do, so
   * that there is nothing to convert, over storages that lie as before: the
   * shortest way from arguments to results. Null if they do not, if this is no
   * small program, or if the run stopped, which leaves everything as before: a
   * call by parts says why.
   */
  repeat(args: readonly unknown[]): Given | null {
    const gates = this.#gates, outputs = this.#outputs;
    if (gates === null || args.length !== gates.length) return null;
    if (this.#calm !== epoch && !this.#settles()) return null;
    for (let i = 0; i < gates.length; i++) {
      if (!gates[i]!.takes(args[i])) return null;
    }
    const slab = slabFor(this.#room), at = slab.at;
    slab.at = at + this.#room;
    const status = this.#cvmRun(this.#handle, 1, slab.address, at);
    if (status !== STATUS.DONE) return null;
    const given = outputs.length === 1
      ? delivered(outputs[0]!, slab, at)
      : allDelivered(outputs, slab, at);
    if (this.#state.held > HELD) this.finish();
    return given;
  }

  /** Whether its storages lie as before, in no other call's hands, and nobody looks at one that it writes. It is so until the epoch ends. */
  #settles(): boolean {
    const settled = this.#status === "ready" && this.#layouts!.hold &&
      !this.#storages.some((s) => s.freed) &&
      !this.#written.some((s) => s.borrowed);
    if (settled) this.#calm = epoch;
    return settled;
  }

  /**
   * Gives input `i` its value, which must fit the slot: dtype, and lengths
   * where the slot says them. Small values are copied; memory of large ones is
   * lent until `finish`.
   */
  setInput(i: number, value: NDArray): void {
    if (this.#status !== "ready") this.#ready();
    const input = this.#inputs[i]!;
    if (input === null) return;
    // What the run writes it must not read as a value.
    input.set(value, this.#written.some((s) => s.lends(value)));
  }

  /** Gives a 0-d input its value: a bigint for 64-bit integers. */
  setNumber(i: number, value: number | bigint): void {
    const input = this.#inputs[i]!;
    if (input !== null) input.home![0] = value;
  }

  /** Runs the program; null when all calls are done. What an op's eval throws ends the run and passes through. */
  run(calls = 1): Stop | null {
    if (this.#pauses || this.#metered) {
      return this.step(calls, this.#metered ? -1 : null);
    }
    this.#open();
    const status = this.#cvm.symbols.cvm_run(this.#handle, calls, 0n, 0);
    return status === STATUS.DONE ? null : this.#state.stop(status);
  }

  /**
   * The same for at most `fuel` instructions (any number if negative, unmetered
   * if null), after which the call is paused; `step(0, fuel)` goes on with it.
   * RangeError: the program is one C function, which has no instructions.
   */
  step(calls: number, fuel: number | null): Stop | null {
    if (this.#linked) {
      throw new RangeError(
        "Cannot step through a program that is one C function",
      );
    }
    this.#open();
    const { symbols } = this.#cvm, handle = this.#handle;
    this.#hold();
    try {
      for (let left = calls;; left = 0) {
        const status = fuel === null
          ? symbols.cvm_run(handle, left, 0n, 0)
          : symbols.cvm_step(handle, left, fuel);
        if (status !== STATUS.HOST) {
          return status === STATUS.DONE ? null : this.#state.stop(status);
        }
        if (fuel !== null) fuel = this.#state.fuel;
        this.#evaluate();
      }
    } finally {
      this.#letGo();
    }
  }

  /** The same on another thread; inputs must not change meanwhile. */
  async runAsync(calls = 1): Promise<Stop | null> {
    this.#open();
    this.#state.interrupt(false);
    this.#hold();
    try {
      for (let left = calls;; left = 0) {
        const status = await this.#cvm.symbols.cvm_run_async(
          this.#handle,
          left,
          0n,
          0,
        );
        if (status !== STATUS.HOST) {
          return status === STATUS.DONE ? null : this.#state.stop(status);
        }
        this.#evaluate();
      }
    } finally {
      this.#letGo();
    }
  }

  /** Asks a run on another thread to stop between two calls, or between two steps of a loop. */
  interrupt(): void {
    this.#state.interrupt(true);
  }

  /** The values of all outputs, each a number where it has no axes, and ends the call. RangeError: an integer beyond 2^53. */
  results(): (NDArray | number)[] {
    try {
      return this.#outputs.map((output, i) =>
        output === null || output.number === null
          ? this.output(i)
          : asNumber(output.number[0]!)
      );
    } finally {
      this.finish();
    }
  }

  /** The value of output `i`, row-major, in memory of its own. */
  output(i: number): NDArray {
    const output = this.#outputs[i]!;
    return output === null
      ? this.slots.read(this.program.outputs[i]!)
      : this.#read(i, output);
  }

  #read(i: number, { dtype, shape, strides, size }: Output): NDArray {
    const { address } = this.slots.headers[this.program.outputs[i]!]!,
      data = resultData(dtype, size);
    this.#cvm.symbols.cvm_read(address, data);
    return new NDArray(dtype, shape, data, strides, 0);
  }

  /** The value of a 0-d output; a bigint for 64-bit integers. */
  number(i: number): number | bigint {
    return this.#outputs[i]!.number![0]!;
  }

  /** Ends a call whose outputs have been read: takes lent memory back, and with gc gives large outputs back. */
  finish(): void {
    for (const input of this.#inputs) input?.takeBack();
    if (this.program.gc && this.#state.held > HELD) this.release();
  }

  /** Gives back every buffer that a slot owns. A paused call is given up. */
  release(): void {
    this.#ready();
    this.#cvm.symbols.cvm_release(this.#handle);
    for (const input of this.#inputs) input?.takeBack();
  }

  /** Gives all memory back. Returns the number of buffers that were lost: 0. RangeError: a call is in flight. */
  free(): number {
    if (this.#status === "freed") return 0;
    this.#ready();
    this.#status = "freed";
    endEpoch();
    this.#cvm.forget(this);
    return this.#cvm.symbols.cvm_free(this.#handle);
  }

  /** Runs the op that HOST asks for. */
  #evaluate(): void {
    const thunk = this.program.thunks[this.#state.thunk]!, node = thunk.node!;
    try {
      this.slots.borrow(thunk.inputs, (values) => {
        computeNode(node, values)
          .forEach((value, i) => this.slots.write(thunk.outputs[i]!, value));
      });
    } catch (error) {
      this.#cvm.symbols.cvm_release(this.#handle);
      throw error;
    }
  }

  #ready(): void {
    if (this.#status === "busy") {
      throw new RangeError(
        "Cannot call a function: a call of it is in flight; await its result first",
      );
    }
    if (this.#status === "freed") {
      throw new RangeError("Cannot call a function: it was freed");
    }
  }

  /** A run begins: what it writes is no longer what views show. */
  #open(): void {
    if (this.#status !== "ready") this.#ready();
    for (const storage of this.#storages) {
      if (storage.freed) storage.open("use");
    }
    for (const storage of this.#written) storage.detach();
  }

  /** While JavaScript runs during a call, nobody else may touch what the call uses. */
  #hold(): void {
    this.#status = "busy";
    endEpoch();
    for (const storage of this.#storages) storage.owners++;
  }

  #letGo(): void {
    this.#status = "ready";
    for (const storage of this.#storages) storage.owners--;
  }
}

/** Slots of shared variables that a program swaps or writes in place. */
function writtenSlots({ code, thunks }: Program): Set<number> {
  const inplace = thunks.flatMap((t: Thunk) =>
    t.inplace < 0 ? [] : [t.inputs[t.inplace]!]
  );
  return new Set([
    ...inplace,
    ...code.flatMap(([op, a]) => op === "SWAP" ? [a] : []),
  ]);
}
