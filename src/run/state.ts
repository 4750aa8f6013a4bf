/** What a VM says of itself between runs, and where in its program a run stopped. */
import { KERNEL_CODES, type KernelCode, STATUS } from "../../ffi/cvm.ts";
import { DTYPES, type TypedArray } from "../graph/dtype.ts";
import type { Loop, Program, Thunk } from "../lower/program.ts";
import { memory } from "./header.ts";
import { numbersOf } from "./image.ts";

/** Where a run stopped. */
export interface Site {
  readonly pc: number;
  /** What the instruction calls, or null. */
  readonly thunk: Thunk | null;
  /** The loops it stands in, the innermost first, and the steps each had done. */
  readonly loops: readonly { readonly loop: Loop; readonly steps: number }[];
}

/** A kernel refused. */
export interface Failure {
  readonly kind: "failed";
  readonly code: KernelCode;
  readonly axis: number;
  readonly index: number;
  readonly length: number;
  readonly site: Site;
}

/** Why a run ended before all calls were done. Shared variables are as after the last whole call. */
export type Stop =
  | Failure
  | { readonly kind: "crashed"; readonly signal: number; readonly site: Site }
  | { readonly kind: "interrupted"; readonly site: Site }
  /** Out of fuel before the instruction at site.pc: the call is only paused. */
  | { readonly kind: "stopped"; readonly site: Site };

/** The struct State of csrc/cvm.h. */
export class State {
  readonly #program: Program;
  readonly #ints: Int32Array;
  readonly #longs: BigInt64Array;
  readonly #doubles: Float64Array;
  readonly #flags: number;
  /** The value of each 0-d output, in order, once all calls are done. */
  readonly numbers: readonly TypedArray[];

  constructor(program: Program, address: bigint) {
    const steps = program.loops.length, numbers = numbersOf(program);
    const at = 64 + 8 * steps, flags = at + 8 * numbers.length;
    const within = memory(address, flags + 4 * program.flags);
    this.#program = program;
    this.#ints = new Int32Array(within);
    this.#longs = new BigInt64Array(within, 0, 8 + steps);
    this.#doubles = new Float64Array(within, 0, 8);
    this.#flags = flags / 4;
    this.numbers = numbers.map((slot, i) =>
      new DTYPES[program.slots[slot]!.dtype].array(within, at + 8 * i, 1)
    );
  }

  /** The thunk that HOST wants. */
  get thunk(): number {
    return this.#ints[7]!;
  }

  /** Whole calls done in this run. */
  get done(): number {
    return this.#ints[8]!;
  }

  /** Buffers that slots own. */
  get live(): number {
    return this.#ints[11]!;
  }

  /** Buffers that slots were given so far. */
  get taken(): number {
    return this.#ints[15]!;
  }

  /** The bytes of those that slots own. */
  get held(): number {
    return this.#doubles[6]!;
  }

  /** Instructions left at a pause of a metered run. */
  get fuel(): number {
    return this.#ints[14]!;
  }

  /** Asks a run on another thread to stop, or takes that back. */
  interrupt(on: boolean): void {
    Atomics.store(this.#ints, 10, Number(on));
  }

  /** What a status means. */
  stop(status: number): Stop {
    const [code, axis] = this.#ints as unknown as [number, number];
    const index = Number(this.#longs[1]!), length = Number(this.#longs[2]!);
    const site = this.#site(this.#ints[6]!);
    if (status === STATUS.STOPPED) return { kind: "stopped", site };
    if (status === STATUS.INTERRUPTED) return { kind: "interrupted", site };
    if (status === STATUS.CRASHED) {
      return { kind: "crashed", signal: index, site };
    }
    return {
      kind: "failed",
      code: KERNEL_CODES[code] ?? "VALUE",
      axis,
      index,
      length,
      site,
    };
  }

  /** An instruction of a block stands also where the block was called from: its flag says where. */
  #site(pc: number): Site {
    const { code, thunks, loops } = this.#program, [op, a] = code[pc]!;
    const calls = op === "CALL" || op === "CALL_PARALLEL" || op === "HOST";
    const around: { loop: Loop; steps: number }[] = [];
    for (let at = pc, levels = this.#program.flags; levels >= 0; levels--) {
      const enclosing = code.flatMap(([op, loop, end], i) =>
        op === "ENTER" && i < at && at < end ? [[i, loop] as const] : []
      );
      for (const [, loop] of enclosing.reverse()) {
        around.push({
          loop: loops[loop]!,
          steps: Number(this.#longs[8 + loop]!),
        });
      }
      const ret = code.findIndex(([op], i) =>
        i >= at && (op === "RET" || op === "HALT")
      );
      const [end, flag] = code[ret] ?? ["HALT", 0];
      if (end === "HALT") break;
      at = this.#ints[this.#flags + flag]! - 1;
    }
    return { pc, thunk: calls ? thunks[a]! : null, loops: around };
  }
}
