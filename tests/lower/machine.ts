/** A strict machine for programs: it runs ops by `eval`, and every broken promise of lowering is an exception. */
import { NDArray, sizeOf } from "../../src/graph/ndarray.ts";
import type { Apply } from "../../src/graph/variable.ts";
import type { Program, Thunk } from "../../src/lower/program.ts";
import { type Hands, runBuiltin } from "./machine_builtins.ts";
import { checkLie, type Memory, Workspace } from "./machine_memory.ts";
import { assign, broken, Failure, int64, rowsOf } from "./machine_values.ts";

export { Broken, equal, Failure, Missed } from "./machine_values.ts";

/** How a call is made. */
export interface Call {
  readonly inputs: readonly NDArray[];
  /** Stop before this instruction, counted as executed. */
  readonly stopAt?: number;
  /** Called at each HOST instruction. */
  readonly paused?: () => void;
}

/** A workspace of a program. */
export class Machine {
  readonly #memory: Workspace;
  readonly #flags: Int32Array;
  readonly #loops: { steps: number; n: number }[];
  /** How often each application ran in this call. */
  counts = new Map<Apply, number>();
  executed = 0;
  #written = false;
  readonly #hands: Hands<Memory> = {
    read: (slot) => this.#memory.read(slot),
    place: (slot) => this.#memory.slots[slot]!.place,
    shape: (slot) => this.program.slots[slot]!.shape,
    write: (slot, value) => this.#memory.write(slot, value),
    look: (slot, memory, array) => this.#memory.look(slot, memory, array),
    own: (slot, shape) => this.#memory.own(slot, shape),
    see: (slot) =>
      this.#memory.slots[slot]!.seen = this.#memory.slots[slot]!.place!.array
        .copy(),
    unset: (slot) => this.#memory.slots[slot]!.seen = null,
    count: (node) => this.#count(node),
  };

  constructor(readonly program: Program, shared: readonly NDArray[]) {
    this.#memory = new Workspace(program);
    this.#flags = new Int32Array(program.flags);
    this.#loops = program.loops.map(() => ({ steps: 0, n: 0 }));
    program.shared.forEach(([, slot], i) =>
      this.#memory.give(slot, shared[i]!, "shared")
    );
    program.slots.forEach((s, slot) =>
      s.kind === "constant" && this.#memory.give(slot, s.value!, "lent")
    );
  }

  /** The values of the storages. */
  shared(): NDArray[] {
    return this.program.shared.map(([, slot]) =>
      this.#memory.slots[slot]!.place!.array.copy()
    );
  }

  /** Runs the program once. Failure: nothing is left behind. */
  run({ inputs, stopAt, paused }: Call): NDArray[] {
    const { program } = this;
    this.executed = 0;
    this.counts = new Map();
    this.#written = false;
    program.slots.forEach((s, slot) => {
      const state = this.#memory.slots[slot]!;
      if (s.kind === "temporary" || s.kind === "look") state.seen = null;
      if (s.kind === "shared") state.seen = state.place!.array.copy();
    });
    program.inputs.forEach((slot, i) =>
      slot >= 0 && this.#memory.give(slot, inputs[i]!, "lent")
    );
    try {
      this.#interpret(stopAt ?? -1, paused ?? (() => {}));
    } catch (error) {
      if (error instanceof Failure) {
        if (this.#written) broken("failed behind the commit point");
        this.#memory.release();
      }
      throw error;
    }
    const outputs = program.outputs.map((slot) =>
      this.#memory.read(slot).copy()
    );
    if (program.gc) this.#memory.checkLeaks();
    if (program.gc) this.#memory.release();
    return outputs;
  }

  #interpret(stopAt: number, paused: () => void): void {
    const { code, thunks, commit } = this.program;
    for (let pc = 0;;) {
      const [op, a, b] = code[pc]!;
      if (this.executed++ === stopAt && !this.#written) {
        throw new Failure(`stopped at ${pc}`);
      }
      if (this.executed > 1e6) broken("endless");
      const at = pc++;
      switch (op) {
        case "HALT":
          return;
        case "CALL":
        case "CALL_PARALLEL":
        case "HOST": {
          const thunk = thunks[a]!;
          if ((op === "HOST") !== (thunk.run.kind === "host")) {
            broken("HOST and CALL are mixed up");
          }
          if (this.#written && (thunk.mayFail || op === "HOST")) {
            broken(`thunk ${a} may fail behind the commit point`);
          }
          if (op === "HOST") paused();
          const before = this.#written;
          this.#thunk(thunk);
          if (this.#written && !before && at !== commit) {
            broken(`storage is written at ${at}, not at ${commit}`);
          }
          break;
        }
        case "BIND": {
          this.#memory.read(b);
          const { memory, array } = this.#memory.slots[b]!.place!;
          this.#memory.look(a, memory, array);
          break;
        }
        case "FREE":
          if (this.program.slots[a]!.kind !== "temporary") {
            broken(`FREE of ${this.program.slots[a]!.kind}`);
          }
          this.#memory.free(a);
          break;
        case "SWAP":
          if (!this.#written && at !== commit) {
            broken(`storage is swapped at ${at}, not at ${commit}`);
          }
          this.#swap(a, b);
          break;
        case "CLEAR":
          this.#flags.fill(0, a, a + b);
          break;
        case "JUMP":
          pc = b;
          break;
        case "JUMP_UNLESS":
          if (this.#memory.read(a).item() === 0) pc = b;
          break;
        case "GOSUB":
          if (this.#flags[a] === 0) {
            this.#flags[a] = pc;
            pc = b;
          }
          break;
        case "RET":
          pc = this.#flags[a]!;
          break;
        case "ENTER":
          if (!this.#enter(a)) pc = b;
          break;
        case "STEP":
          if (this.#step(a)) pc = b;
          break;
        default:
          op satisfies never;
      }
    }
  }

  #swap(storage: number, slot: number): void {
    const s = this.#memory.slots[storage]!, t = this.#memory.slots[slot]!;
    this.#memory.read(slot);
    this.#written = true;
    if (!t.own || t.place!.memory !== t.own || t.own.kind !== "own") {
      broken(`SWAP with slot ${slot}, which does not own its buffer`);
    }
    if (!this.program.resizes) {
      checkLie(storage, this.program.slots[storage]!, t.place!.array);
    }
    const [mine, old, place, seen] = [t.own!, s.own!, t.place!, t.seen];
    this.#memory.live.delete(mine);
    const now: Memory = Object.assign(mine, { kind: "shared" }),
      before: Memory = Object.assign(old, { kind: "own" });
    this.#memory.live.add(before);
    Object.assign(s, { own: now, place, seen });
    Object.assign(t, { own: before, place: null, seen: null });
  }

  #enter(index: number): boolean {
    const loop = this.program.loops[index]!,
      n = this.#memory.read(loop.count).item();
    this.#loops[index] = { steps: 0, n };
    this.#count(loop.node);
    this.#endStep(loop.body);
    if (n <= 0) this.#memory.write(loop.steps, int64(0));
    else this.#move(index, 0);
    return n > 0;
  }

  #step(index: number): boolean {
    const loop = this.program.loops[index]!, state = this.#loops[index]!;
    for (const c of loop.cursors) {
      if (c.write && !this.#memory.slots[c.slot]!.seen) {
        broken(`row ${c.slot} was not written in this step`);
      }
    }
    const done = ++state.steps === state.n ||
      (loop.stop >= 0 && this.#memory.read(loop.stop).item() !== 0);
    for (const c of loop.cursors) if (c.write) this.#seeRow(c.slot, c.base);
    this.#endStep(loop.body);
    if (done) this.#memory.write(loop.steps, int64(state.steps));
    else this.#move(index, state.steps);
    return !done;
  }

  /** What a row has become is what its base is now expected to hold. */
  #seeRow(row: number, base: number): void {
    this.#memory.read(row);
    const { place } = this.#memory.slots[base]!;
    this.#memory.slots[base]!.seen = place!.array.copy();
  }

  #endStep(body: readonly number[]): void {
    for (const slot of body) this.#memory.slots[slot]!.seen = null;
  }

  #move(index: number, step: number): void {
    const { cursors } = this.program.loops[index]!;
    for (const c of cursors) {
      if (c.write && !c.ring) this.#grow(c.base, c.start + step);
    }
    for (const c of cursors) {
      let row = c.start + step;
      if (c.ring) row %= c.ring;
      const { place, seen } = this.#memory.slots[c.base]!;
      if (!place || !seen) {
        return broken(`cursor ${c.slot} moves over an unset base`);
      }
      if (!c.write) this.#memory.read(c.base);
      const { array, memory } = place;
      if (c.stride < 0) row = array.shape[0]! - 1 - row;
      if (row < 0 || row >= array.shape[0]!) {
        broken(
          `cursor ${c.slot} leaves its base: row ${row} of ${array.shape[0]}`,
        );
      }
      const at = new NDArray(
        array.dtype,
        array.shape.slice(1),
        array.data,
        array.strides.slice(1),
        array.offset + row * array.strides[0]!,
      );
      Object.assign(this.#memory.slots[c.slot]!, {
        place: { memory, array: at },
        seen: c.write ? null : at.copy(),
      });
    }
  }

  #grow(base: number, row: number): void {
    const { array } = this.#memory.slots[base]!.place!, rows = array.shape[0]!;
    if (row < rows) return;
    const old = array.copy(),
      grown = this.#memory.own(base, [
        Math.max(1, 2 * rows),
        ...array.shape.slice(1),
      ]);
    assign(rowsOf(grown, 0, rows), old);
    this.#memory.slots[base]!.seen = grown.copy();
  }

  #count(node: Apply): void {
    this.counts.set(node, (this.counts.get(node) ?? 0) + 1);
  }

  #thunk(thunk: Thunk): void {
    const { run, inputs, outputs, extents, inplace, mayFail, node } = thunk;
    if (run.kind === "builtin") return runBuiltin(run.name, thunk, this.#hands);
    if (extents >= 0 && run.kind === "compiled") {
      const args = [
        ...inputs,
        ...outputs.map((s, k) =>
          k === 0 && inplace >= 0 ? inputs[inplace]! : s
        ),
      ];
      checkTable(
        this.#memory.read(extents),
        run.kernel.text,
        args.map((s) => this.#memory.slots[s]!.place?.array ?? null),
      );
    }
    const values = inputs.map((s) => this.#memory.read(s));
    if (outputs.length) this.#count(node!);
    let results: readonly NDArray[];
    try {
      results = node!.op.eval(values, node!.params);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      if (!mayFail) {
        broken(`${node!.op.name} fails, which it may not: ${error.message}`);
      }
      throw new Failure(error.message);
    }
    outputs.forEach((slot, k) => {
      if (k > 0 || inplace < 0) return this.#memory.write(slot, results[k]!);
      const { place } = this.#memory.slots[inputs[inplace]!]!;
      if (place!.memory.kind === "lent") {
        broken(`slot ${inputs[inplace]} is not ours to overwrite`);
      }
      if (place!.memory.kind === "shared") this.#written = true;
      if (place!.array.shape.join() !== results[0]!.shape.join()) {
        broken(`slot ${slot} is written over one of another shape`);
      }
      assign(place!.array, results[0]!);
      this.#memory.look(slot, place!.memory, place!.array);
    });
  }
}

/** A fake kernel's text is the list of its extents. */
function checkTable(
  table: NDArray,
  text: string,
  args: readonly (NDArray | null)[],
): void {
  const entries = JSON.parse(
    text,
  ) as (number | { arg: number; from: number; to: number })[];
  entries.forEach((e, k) => {
    const want = typeof e === "number"
      ? e
      : sizeOf(args[e.arg]!.shape.slice(e.from, e.to));
    if (Number(table.data[k]) !== want) {
      broken(`extent ${k} is ${table.data[k]}, not ${want}`);
    }
  });
}
