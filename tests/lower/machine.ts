/** A strict machine for programs: it runs ops by `eval`, and every broken promise of lowering is an exception. */
import { DTYPES } from "../../src/graph/dtype.ts";
import { NDArray, rowMajor, sizeOf } from "../../src/graph/ndarray.ts";
import type { Apply } from "../../src/graph/variable.ts";
import type { Program, Slot, Thunk } from "../../src/lower/program.ts";
import { identity } from "../../src/ops/elemwise.ts";

/** A promise of lowering that does not hold. */
export class Broken extends Error {}
/** What an op or an injected stop may throw: the call ends and leaves no trace. */
export class Failure extends Error {}
/** A guard found another length. */
export class Missed extends Failure {
  constructor(readonly node: Apply, readonly which: number, readonly length: number) {
    super(`guard ${which} of ${node.op.name} found ${length}`);
  }
}

function broken(text: string): never {
  throw new Broken(text);
}

interface Memory {
  readonly bytes: ArrayBuffer;
  readonly kind: "own" | "shared" | "lent" | "arena";
  freed: boolean;
}

interface Place {
  memory: Memory;
  array: NDArray;
}

interface State {
  own: Memory | null;
  place: Place | null;
  /** What was last written or seen there; null: nothing in this step. */
  seen: NDArray | null;
}

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
  readonly #slots: State[];
  readonly #flags: Int32Array;
  readonly #loops: { steps: number; n: number }[];
  readonly #arena: Memory[];
  readonly #live = new Set<Memory>();
  /** How often each application ran in this call. */
  counts = new Map<Apply, number>();
  executed = 0;
  peak = 0;
  #written = false;

  constructor(readonly program: Program, shared: readonly NDArray[]) {
    this.#slots = program.slots.map(() => ({ own: null, place: null, seen: null }));
    this.#flags = new Int32Array(program.flags);
    this.#loops = program.loops.map(() => ({ steps: 0, n: 0 }));
    this.#arena = program.arena.map((bytes) => ({ bytes: new ArrayBuffer(bytes), kind: "arena", freed: false }));
    program.shared.forEach(([, slot], i) => this.#give(slot, shared[i]!, "shared"));
    program.slots.forEach((s, slot) => s.kind === "constant" && this.#give(slot, s.value!, "lent"));
  }

  /** The values of the storages. */
  shared(): NDArray[] {
    return this.program.shared.map(([, slot]) => this.#slots[slot]!.place!.array.copy());
  }

  /** Runs the program once. Failure: nothing is left behind. */
  run({ inputs, stopAt, paused }: Call): NDArray[] {
    const { program } = this;
    this.executed = 0;
    this.counts = new Map();
    this.#written = false;
    program.slots.forEach((s, slot) => {
      const state = this.#slots[slot]!;
      if (s.kind === "temporary" || s.kind === "look") state.seen = null;
      if (s.kind === "shared") state.seen = state.place!.array.copy();
    });
    program.inputs.forEach((slot, i) => slot >= 0 && this.#give(slot, inputs[i]!, "lent"));
    try {
      this.#interpret(stopAt ?? -1, paused ?? (() => {}));
    } catch (error) {
      if (error instanceof Failure) {
        if (this.#written) broken("failed behind the commit point");
        this.#release();
      }
      throw error;
    }
    const outputs = program.outputs.map((slot) => this.#read(slot).copy());
    if (program.gc) this.#checkLeaks();
    if (program.gc) this.#release();
    return outputs;
  }

  #checkLeaks(): void {
    const { slots, outputs, code, thunks } = this.program, allowed = mayLookInto(this.program, outputs);
    for (const [op, , b] of code) if (op === "SWAP") allowed.add(b);
    for (const t of thunks) if (t.run.kind === "builtin" && t.run.name === "extents") allowed.add(t.outputs[0]!);
    slots.forEach((s, slot) => {
      if (s.kind === "temporary" && this.#slots[slot]!.own && !allowed.has(slot)) broken(`slot ${slot} leaks`);
    });
  }

  #release(): void {
    this.program.slots.forEach((s, slot) => {
      if (s.kind === "temporary" || s.kind === "look") this.#free(slot);
    });
    if (this.#live.size) broken(`${this.#live.size} buffers leak`);
  }

  #free(slot: number): void {
    const s = this.#slots[slot]!;
    if (s.own && s.own.kind === "own") {
      if (s.own.freed) broken(`slot ${slot} is freed twice`);
      s.own.freed = true;
      this.#live.delete(s.own);
    }
    Object.assign(s, { own: null, place: null, seen: null });
  }

  #give(slot: number, value: NDArray, kind: "shared" | "lent"): void {
    const { shape, strides } = this.program.slots[slot]!, laid = strides.includes(null) ? rowMajor(value.shape) : strides as readonly number[];
    shape.forEach((n, axis) => n !== null && n !== value.shape[axis] && broken(`input ${slot} has shape ${value.shape}, not ${shape}`));
    const span = value.shape.reduce((end, n, axis) => end + Math.max(0, n - 1) * laid[axis]!, 1);
    const memory: Memory = { bytes: new ArrayBuffer(Math.max(1, span) * DTYPES[value.dtype].size), kind, freed: false };
    const array = new NDArray(value.dtype, value.shape, new DTYPES[value.dtype].array(memory.bytes), laid, 0);
    assign(array, value);
    Object.assign(this.#slots[slot]!, { own: kind === "shared" ? memory : null, place: { memory, array }, seen: value.copy() });
  }

  #read(slot: number): NDArray {
    const { place, seen } = this.#slots[slot]!;
    if (!place || !seen) return broken(`slot ${slot} is read before it is set`);
    if (place.memory.freed) broken(`slot ${slot} looks into a freed buffer`);
    if (!equal(place.array, seen)) broken(`slot ${slot} was overwritten while it was in use`);
    return seen;
  }

  /** Where an output goes. */
  #target(slot: number, shape: readonly number[]): NDArray {
    const s = this.#slots[slot]!, spec = this.program.slots[slot]!;
    if (spec.kind === "look") {
      if (!s.place) return broken(`slot ${slot} has no row to write`);
      if (s.place.array.shape.join() !== shape.join()) broken(`slot ${slot} has a row of shape ${s.place.array.shape}, not ${shape}`);
      return s.place.array;
    }
    if (spec.kind !== "temporary") broken(`slot ${slot} is ${spec.kind}, and written`);
    spec.shape.forEach((n, axis) => n !== null && n !== shape[axis] && broken(`slot ${slot} gets shape ${shape}, not ${spec.shape}`));
    if (spec.shape.includes(null)) {
      if (!s.place || s.place.array.shape.join() !== shape.join()) broken(`slot ${slot} is not reserved for shape ${shape}`);
      return s.place!.array;
    }
    return this.#own(slot, shape);
  }

  /** A buffer of the slot's own. */
  #own(slot: number, shape: readonly number[]): NDArray {
    const s = this.#slots[slot]!, spec = this.program.slots[slot]!, { size, array: Typed } = DTYPES[spec.dtype];
    const strides = spec.shape.includes(null) ? rowMajor(shape) : spec.strides as readonly number[];
    const bytes = (sizeOf(shape) && shape.reduce((end, n, axis) => end + (n - 1) * strides[axis]!, 1)) * size;
    if (spec.arena >= 0) s.own = this.#arena[spec.arena]!;
    else if (!s.own || s.own.bytes.byteLength < bytes) {
      if (s.own) this.#free(slot);
      s.own = { bytes: new ArrayBuffer(bytes), kind: "own", freed: false };
      new Uint8Array(s.own.bytes).fill(0xa5);
      if (spec.dtype.startsWith("float")) new Typed(s.own.bytes).fill(NaN as never);
      this.#live.add(s.own);
      this.peak = Math.max(this.peak, this.#live.size);
    }
    if (s.own.bytes.byteLength < bytes) broken(`slot ${slot} needs ${bytes} bytes, the arena has ${s.own.bytes.byteLength}`);
    s.place = { memory: s.own, array: new NDArray(spec.dtype, shape, new Typed(s.own.bytes, 0, bytes / size), strides) };
    return s.place.array;
  }

  #write(slot: number, value: NDArray): void {
    const array = this.#target(slot, value.shape);
    assign(array, value);
    this.#slots[slot]!.seen = value.copy();
  }

  #look(slot: number, memory: Memory, array: NDArray): void {
    if (this.program.slots[slot]!.kind !== "look") broken(`slot ${slot} owns, and is made to look`);
    const spec = this.program.slots[slot]!;
    checkLie(slot, spec, array);
    Object.assign(this.#slots[slot]!, { place: { memory, array }, seen: array.copy() });
  }

  #interpret(stopAt: number, paused: () => void): void {
    const { code, thunks, commit } = this.program;
    for (let pc = 0;;) {
      const [op, a, b] = code[pc]!;
      if (this.executed++ === stopAt && !this.#written) throw new Failure(`stopped at ${pc}`);
      if (this.executed > 1e6) broken("endless");
      const at = pc++;
      switch (op) {
        case "HALT":
          return;
        case "CALL":
        case "CALL_PARALLEL":
        case "HOST": {
          const thunk = thunks[a]!;
          if ((op === "HOST") !== (thunk.run.kind === "host")) broken("HOST and CALL are mixed up");
          if (this.#written && (thunk.mayFail || op === "HOST")) broken(`thunk ${a} may fail behind the commit point`);
          if (op === "HOST") paused();
          const before = this.#written;
          this.#thunk(thunk);
          if (this.#written && !before && at !== commit) broken(`storage is written at ${at}, not at ${commit}`);
          break;
        }
        case "BIND": {
          this.#read(b);
          const { memory, array } = this.#slots[b]!.place!;
          this.#look(a, memory, array);
          break;
        }
        case "FREE":
          if (this.program.slots[a]!.kind !== "temporary") broken(`FREE of ${this.program.slots[a]!.kind}`);
          this.#free(a);
          break;
        case "SWAP":
          if (!this.#written && at !== commit) broken(`storage is swapped at ${at}, not at ${commit}`);
          this.#swap(a, b);
          break;
        case "CLEAR":
          this.#flags.fill(0, a, a + b);
          break;
        case "JUMP":
          pc = b;
          break;
        case "JUMP_UNLESS":
          if (this.#read(a).item() === 0) pc = b;
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
    const s = this.#slots[storage]!, t = this.#slots[slot]!;
    this.#read(slot);
    this.#written = true;
    if (!t.own || t.place!.memory !== t.own || t.own.kind !== "own") broken(`SWAP with slot ${slot}, which does not own its buffer`);
    const [mine, old, place, seen] = [t.own!, s.own!, t.place!, t.seen];
    this.#live.delete(mine);
    const now: Memory = Object.assign(mine, { kind: "shared" }), before: Memory = Object.assign(old, { kind: "own" });
    this.#live.add(before);
    Object.assign(s, { own: now, place, seen });
    Object.assign(t, { own: before, place: null, seen: null });
  }

  #enter(index: number): boolean {
    const loop = this.program.loops[index]!, n = this.#read(loop.count).item();
    this.#loops[index] = { steps: 0, n };
    this.#count(loop.node);
    this.#endStep(loop.body);
    if (n <= 0) this.#write(loop.steps, int64(0));
    else this.#move(index, 0);
    return n > 0;
  }

  #step(index: number): boolean {
    const loop = this.program.loops[index]!, state = this.#loops[index]!;
    for (const c of loop.cursors) if (c.write && !this.#slots[c.slot]!.seen) broken(`row ${c.slot} was not written in this step`);
    const done = ++state.steps === state.n || (loop.stop >= 0 && this.#read(loop.stop).item() !== 0);
    for (const c of loop.cursors) if (c.write) this.#seeRow(c.slot, c.base);
    this.#endStep(loop.body);
    if (done) this.#write(loop.steps, int64(state.steps));
    else this.#move(index, state.steps);
    return !done;
  }

  /** What a row has become is what its base is now expected to hold. */
  #seeRow(row: number, base: number): void {
    this.#read(row);
    const { place } = this.#slots[base]!;
    this.#slots[base]!.seen = place!.array.copy();
  }

  #endStep(body: readonly number[]): void {
    for (const slot of body) this.#slots[slot]!.seen = null;
  }

  #move(index: number, step: number): void {
    const { cursors } = this.program.loops[index]!;
    for (const c of cursors) if (c.write && !c.ring) this.#grow(c.base, c.start + step);
    for (const c of cursors) {
      let row = c.start + step;
      if (c.ring) row %= c.ring;
      const { place, seen } = this.#slots[c.base]!;
      if (!place || !seen) return broken(`cursor ${c.slot} moves over an unset base`);
      if (!c.write) this.#read(c.base);
      const { array, memory } = place;
      if (c.stride < 0) row = array.shape[0]! - 1 - row;
      if (row < 0 || row >= array.shape[0]!) broken(`cursor ${c.slot} leaves its base: row ${row} of ${array.shape[0]}`);
      const at = new NDArray(array.dtype, array.shape.slice(1), array.data, array.strides.slice(1), array.offset + row * array.strides[0]!);
      Object.assign(this.#slots[c.slot]!, { place: { memory, array: at }, seen: c.write ? null : at.copy() });
    }
  }

  #grow(base: number, row: number): void {
    const { array } = this.#slots[base]!.place!, rows = array.shape[0]!;
    if (row < rows) return;
    const old = array.copy(), grown = this.#own(base, [Math.max(1, 2 * rows), ...array.shape.slice(1)]);
    assign(rowsOf(grown, 0, rows), old);
    this.#slots[base]!.seen = grown.copy();
  }

  #count(node: Apply): void {
    this.counts.set(node, (this.counts.get(node) ?? 0) + 1);
  }

  #thunk(thunk: Thunk): void {
    const { run, inputs, outputs, extents, inplace, mayFail, node } = thunk;
    if (run.kind === "builtin") return this.#builtin(run.name, thunk);
    if (extents >= 0 && run.kind === "compiled") {
      const args = [...inputs, ...outputs.map((s, k) => k === 0 && inplace >= 0 ? inputs[inplace]! : s)];
      checkTable(this.#read(extents), run.kernel.text, args.map((s) => this.#slots[s]!.place?.array ?? null));
    }
    const values = inputs.map((s) => this.#read(s));
    if (outputs.length) this.#count(node!);
    let results: readonly NDArray[];
    try {
      results = node!.op.eval(values, node!.params);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      if (!mayFail) broken(`${node!.op.name} fails, which it may not: ${error.message}`);
      throw new Failure(error.message);
    }
    outputs.forEach((slot, k) => {
      if (k > 0 || inplace < 0) return this.#write(slot, results[k]!);
      const { place } = this.#slots[inputs[inplace]!]!;
      if (place!.memory.kind === "lent") broken(`slot ${inputs[inplace]} is not ours to overwrite`);
      if (place!.memory.kind === "shared") this.#written = true;
      if (place!.array.shape.join() !== results[0]!.shape.join()) broken(`slot ${slot} is written over one of another shape`);
      assign(place!.array, results[0]!);
      this.#look(slot, place!.memory, place!.array);
    });
  }

  #builtin(name: string, { inputs, outputs, extents, node, mayFail }: Thunk): void {
    if (extents < 0) return broken(`${name} has no table`);
    const words = [...this.#read(extents).data].map(Number), out = outputs[0]!;
    const base = (): Place => (this.#read(inputs[0]!), this.#slots[inputs[0]!]!.place!);
    const header = (input: number) => this.#slots[inputs[input]!]!.place?.array ?? broken(`${name} reads an unset header`);
    const length = (k: number): number => {
      const [input, value] = [words[k]!, words[k + 1]!];
      return input < 0 ? value : value < 0 ? this.#read(inputs[input]!).item() : header(input).shape[value]!;
    };
    const fail = (text: string): never => {
      if (!mayFail) broken(`${name} fails, which it may not: ${text}`);
      throw new Failure(text);
    };
    switch (name) {
      case "view": {
        const { memory, array } = base(), ndim = this.program.slots[out]!.shape.length, shape = Array.from({ length: ndim }, (_, k) => length(1 + 2 * k));
        this.#count(node!);
        return this.#look(out, memory, words[0] === 0 ? reshaped(array, shape, fail) : lookedAt(array, shape, { words: words.slice(1 + 2 * ndim), length: (k) => length(1 + 2 * ndim + k), fail }));
      }
      case "copy": {
        if (node?.op === identity.op) this.#count(node);
        const x = this.#read(inputs[0]!);
        if (words[0] && this.program.slots[out]!.shape.includes(null)) this.#own(out, x.shape);
        return this.#write(out, x);
      }
      case "length":
        this.#count(node!);
        return this.#write(out, int64(header(0).shape[words[0]!]!));
      case "extents": {
        const made = Array.from({ length: words[0]! }, (_, k) => {
          const [kind, arg, x, y] = words.slice(1 + 4 * k, 5 + 4 * k) as [number, number, number, number];
          return kind === 0 ? x : kind === 2 ? header(arg).strides[x]! : sizeOf(header(arg).shape.slice(x, y));
        });
        return this.#write(out, new NDArray("int64", [made.length], BigInt64Array.from(made, BigInt)));
      }
      case "reserve": {
        const shape = Array.from({ length: words.length / 2 }, (_, k) => length(2 * k));
        if (shape.some((n) => n < 0)) fail(`a length of ${shape}`);
        this.#slots[out]!.seen = null;
        return void this.#own(out, shape);
      }
      case "guard": {
        const found = this.#read(inputs[0]!).item();
        if (found !== words[0]) throw new Missed(node!, words[1]!, found);
        return;
      }
      case "same":
        return void (length(0) === length(2) || fail(`lengths ${length(0)} and ${length(2)} differ`));
      case "count": {
        const [has, n, ...lost] = words as [number, number, ...number[]];
        const free = lost.slice(0, n).map((l, i) => Math.max(0, header(has + i).shape[0]! - l));
        const steps = has ? this.#read(inputs[0]!).item() : Math.min(...free);
        if (steps < 0 || free.some((f) => f < steps)) fail(`${steps} steps of ${free}`);
        return this.#write(out, int64(steps));
      }
      case "stack": {
        const [lag, ring, until, initial] = words as [number, number, number, number], n = this.#read(inputs[0]!).item();
        const row = this.program.slots[out]!.shape.slice(1).map((_, k) => length(4 + 2 * k));
        this.#slots[out]!.seen = null;
        const made = this.#own(out, [ring || lag + (until ? Math.min(1, n) : n), ...row]);
        if (initial >= 0) {
          const first = this.#read(inputs[initial]!);
          if (first.shape[0]! < lag || first.shape.slice(1).join() !== row.join()) fail(`an initial value of shape ${first.shape}`);
          assign(rowsOf(made, 0, lag), rowsOf(first, 0, lag));
        }
        this.#slots[out]!.seen = made.copy();
        return;
      }
      case "prefix":
      case "last": {
        const { memory, array } = base(), steps = this.#read(inputs[1]!).item(), lag = words[0]!;
        if (name === "prefix") return this.#look(out, memory, rowsOf(array, lag, steps));
        if (steps + lag === 0) fail("no last step");
        const row = (steps + lag - 1) % words[1]!;
        return this.#look(out, memory, new NDArray(array.dtype, array.shape.slice(1), array.data, array.strides.slice(1), array.offset + row * array.strides[0]!));
      }
      default:
        broken(`unknown builtin ${name}`);
    }
  }
}

/** The slots whose buffers these may look into, whichever way the program takes. */
function mayLookInto({ code, thunks }: Program, slots: readonly number[]): Set<number> {
  const bases = new Map<number, number[]>(), add = (a: number, b: number) => bases.set(a, [...bases.get(a) ?? [], b]);
  for (const [op, a, b] of code) if (op === "BIND") add(a, b);
  for (const { run, inputs, outputs, inplace } of thunks) {
    if (run.kind === "builtin" && ["view", "prefix", "last"].includes(run.name)) add(outputs[0]!, inputs[0]!);
    if (inplace >= 0) add(outputs[0]!, inputs[inplace]!);
  }
  const found = new Set(slots);
  for (const slot of found) bases.get(slot)?.forEach((b) => found.add(b));
  return found;
}

/** Known lengths and strides of a slot are those of what it holds. */
function checkLie(slot: number, { shape, strides }: Slot, array: NDArray): void {
  shape.forEach((n, axis) => n !== null && n !== array.shape[axis] && broken(`slot ${slot} has shape ${array.shape}, not ${shape}`));
  strides.forEach((s, axis) => s !== null && array.shape[axis]! > 1 && s !== array.strides[axis] && broken(`slot ${slot} has strides ${array.strides}, not ${strides}`));
}

/** A fake kernel's text is the list of its extents. */
function checkTable(table: NDArray, text: string, args: readonly (NDArray | null)[]): void {
  const entries = JSON.parse(text) as (number | { arg: number; from: number; to: number })[];
  entries.forEach((e, k) => {
    const want = typeof e === "number" ? e : sizeOf(args[e.arg]!.shape.slice(e.from, e.to));
    if (Number(table.data[k]) !== want) broken(`extent ${k} is ${table.data[k]}, not ${want}`);
  });
}

interface ViewWords {
  readonly words: readonly number[];
  readonly length: (k: number) => number;
  readonly fail: (text: string) => never;
}

function lookedAt(x: NDArray, shape: readonly number[], { words, length, fail }: ViewWords): NDArray {
  const strides = shape.map(() => 0);
  let { offset } = x;
  x.shape.forEach((n, axis) => {
    const start = length(5 * axis), [step, to, checked] = words.slice(5 * axis + 2, 5 * axis + 5) as [number, number, number];
    const from = start < 0 ? start + n : start;
    if (checked && (from < 0 || from >= n)) fail(`index ${start} of ${n}`);
    offset += x.strides[axis]! * (checked ? from : step > 0 ? Math.max(0, Math.min(n, from)) : Math.max(-1, Math.min(n - 1, from)));
    if (to >= 0) strides[to]! += step * x.strides[axis]!;
  });
  return new NDArray(x.dtype, shape, x.data, strides, offset);
}

function reshaped(x: NDArray, shape: readonly number[], fail: (text: string) => never): NDArray {
  if (!x.contiguous) broken("a reshape of what is not row-major");
  if (sizeOf(shape) !== x.size) fail(`${x.shape} as ${shape}`);
  return new NDArray(x.dtype, shape, x.data, rowMajor(shape), x.offset);
}

function rowsOf(x: NDArray, from: number, n: number): NDArray {
  return new NDArray(x.dtype, [n, ...x.shape.slice(1)], x.data, x.strides, x.offset + from * x.strides[0]!);
}

/** Copies values element by element. */
function assign(to: NDArray, from: NDArray): void {
  const flat = from.flat(), { shape, strides, data } = to, index = shape.map(() => 0);
  if (sizeOf(shape) !== flat.length) broken(`a value of shape ${from.shape} is written to ${shape}`);
  for (let n = 0; n < flat.length; n++) {
    data[index.reduce((at, i, axis) => at + i * strides[axis]!, to.offset)] = flat[n]!;
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
}

/** Whether two arrays hold the same bits (NaN is equal to itself). */
export function equal(a: NDArray, b: NDArray): boolean {
  if (a.shape.join() !== b.shape.join() || a.dtype !== b.dtype) return false;
  const x = a.flat(), y = b.flat();
  for (let i = 0; i < x.length; i++) if (!Object.is(x[i], y[i])) return false;
  return true;
}

function int64(n: number): NDArray {
  return new NDArray("int64", [], new BigInt64Array([BigInt(n)]));
}
