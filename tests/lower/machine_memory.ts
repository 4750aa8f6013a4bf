/** The memory of the strict machine: what each slot owns, looks at, and is expected to hold. */
import { DTYPES } from "../../src/graph/dtype.ts";
import { NDArray, rowMajor, sizeOf } from "../../src/graph/ndarray.ts";
import type { Program, Slot } from "../../src/lower/program.ts";
import type { Place as PlaceIn } from "./machine_builtins.ts";
import { assign, broken, equal } from "./machine_values.ts";

/** A buffer. */
export interface Memory {
  readonly bytes: ArrayBuffer;
  readonly kind: "own" | "shared" | "lent" | "arena";
  freed: boolean;
}

/** Where a slot looks. */
export type Place = PlaceIn<Memory>;

/** A slot. */
export interface State {
  own: Memory | null;
  place: Place | null;
  /** What was last written or seen there; null: nothing in this step. */
  seen: NDArray | null;
}

/** The slots of one workspace. */
export class Workspace {
  readonly slots: readonly State[];
  readonly live = new Set<Memory>();
  readonly #arena: readonly Memory[];

  constructor(readonly program: Program) {
    this.slots = program.slots.map(() => ({
      own: null,
      place: null,
      seen: null,
    }));
    this.#arena = program.arena.map((bytes) => ({
      bytes: new ArrayBuffer(bytes),
      kind: "arena",
      freed: false,
    }));
  }

  checkLeaks(): void {
    const { slots, outputs, code, thunks } = this.program,
      allowed = mayLookInto(this.program, outputs);
    for (const [op, , b] of code) if (op === "SWAP") allowed.add(b);
    for (const t of thunks) {
      if (t.run.kind === "builtin" && t.run.name === "extents") {
        allowed.add(t.outputs[0]!);
      }
    }
    slots.forEach((s, slot) => {
      if (
        s.kind === "temporary" && s.arena < 0 && this.slots[slot]!.own &&
        !allowed.has(slot)
      ) broken(`slot ${slot} leaks`);
    });
  }

  release(): void {
    this.program.slots.forEach((s, slot) => {
      if (s.kind === "temporary" || s.kind === "look") this.free(slot);
    });
    if (this.live.size) broken(`${this.live.size} buffers leak`);
  }

  free(slot: number): void {
    const s = this.slots[slot]!;
    if (s.own && s.own.kind === "own") {
      if (s.own.freed) broken(`slot ${slot} is freed twice`);
      s.own.freed = true;
      this.live.delete(s.own);
    }
    Object.assign(s, { own: null, place: null, seen: null });
  }

  give(slot: number, value: NDArray, kind: "shared" | "lent"): void {
    const { shape, strides } = this.program.slots[slot]!,
      laid = strides.includes(null)
        ? rowMajor(value.shape)
        : strides as readonly number[];
    shape.forEach((n, axis) =>
      n !== null && n !== value.shape[axis] &&
      broken(`input ${slot} has shape ${value.shape}, not ${shape}`)
    );
    const span = value.shape.reduce(
      (end, n, axis) => end + Math.max(0, n - 1) * laid[axis]!,
      1,
    );
    const memory: Memory = {
      bytes: new ArrayBuffer(Math.max(1, span) * DTYPES[value.dtype].size),
      kind,
      freed: false,
    };
    const array = new NDArray(
      value.dtype,
      value.shape,
      new DTYPES[value.dtype].array(memory.bytes),
      laid,
      0,
    );
    assign(array, value);
    Object.assign(this.slots[slot]!, {
      own: kind === "shared" ? memory : null,
      place: { memory, array },
      seen: value.copy(),
    });
  }

  read(slot: number): NDArray {
    const { place, seen } = this.slots[slot]!;
    if (!place || !seen) return broken(`slot ${slot} is read before it is set`);
    if (place.memory.freed) broken(`slot ${slot} looks into a freed buffer`);
    if (!equal(place.array, seen)) {
      broken(`slot ${slot} was overwritten while it was in use`);
    }
    return seen;
  }

  /** Where an output goes. */
  target(slot: number, shape: readonly number[]): NDArray {
    const s = this.slots[slot]!, spec = this.program.slots[slot]!;
    if (spec.kind === "look") {
      if (!s.place) return broken(`slot ${slot} has no row to write`);
      if (s.place.array.shape.join() !== shape.join()) {
        broken(
          `slot ${slot} has a row of shape ${s.place.array.shape}, not ${shape}`,
        );
      }
      return s.place.array;
    }
    if (spec.kind !== "temporary") {
      broken(`slot ${slot} is ${spec.kind}, and written`);
    }
    spec.shape.forEach((n, axis) =>
      n !== null && n !== shape[axis] &&
      broken(`slot ${slot} gets shape ${shape}, not ${spec.shape}`)
    );
    if (spec.shape.includes(null)) {
      if (!s.place || s.place.array.shape.join() !== shape.join()) {
        broken(`slot ${slot} is not reserved for shape ${shape}`);
      }
      return s.place!.array;
    }
    return this.own(slot, shape);
  }

  /** A buffer of the slot's own. */
  own(slot: number, shape: readonly number[]): NDArray {
    const s = this.slots[slot]!,
      spec = this.program.slots[slot]!,
      { size, array: Typed } = DTYPES[spec.dtype];
    const strides = spec.shape.includes(null)
      ? rowMajor(shape)
      : spec.strides as readonly number[];
    const bytes = (sizeOf(shape) &&
      shape.reduce((end, n, axis) => end + (n - 1) * strides[axis]!, 1)) *
      size;
    if (spec.arena >= 0) s.own = this.#arena[spec.arena]!;
    else if (!s.own || s.own.bytes.byteLength < bytes) {
      if (s.own) this.free(slot);
      s.own = { bytes: new ArrayBuffer(bytes), kind: "own", freed: false };
      new Uint8Array(s.own.bytes).fill(0xa5);
      if (spec.dtype.startsWith("float")) {
        new Typed(s.own.bytes).fill(NaN as never);
      }
      this.live.add(s.own);
    }
    if (s.own.bytes.byteLength < bytes) {
      broken(
        `slot ${slot} needs ${bytes} bytes, the arena has ${s.own.bytes.byteLength}`,
      );
    }
    s.place = {
      memory: s.own,
      array: new NDArray(
        spec.dtype,
        shape,
        new Typed(s.own.bytes, 0, bytes / size),
        strides,
      ),
    };
    return s.place.array;
  }

  write(slot: number, value: NDArray): void {
    const array = this.target(slot, value.shape);
    assign(array, value);
    this.slots[slot]!.seen = value.copy();
  }

  look(slot: number, memory: Memory, array: NDArray): void {
    if (this.program.slots[slot]!.kind !== "look") {
      broken(`slot ${slot} owns, and is made to look`);
    }
    const spec = this.program.slots[slot]!;
    checkLie(slot, spec, array);
    Object.assign(this.slots[slot]!, {
      place: { memory, array },
      seen: array.copy(),
    });
  }
}

/** The slots whose buffers these may look into, whichever way the program takes. */
function mayLookInto(
  { code, thunks }: Program,
  slots: readonly number[],
): Set<number> {
  const bases = new Map<number, number[]>(),
    add = (a: number, b: number) => bases.set(a, [...bases.get(a) ?? [], b]);
  for (const [op, a, b] of code) if (op === "BIND") add(a, b);
  for (const { run, inputs, outputs, inplace } of thunks) {
    if (
      run.kind === "builtin" && ["view", "prefix", "last"].includes(run.name)
    ) add(outputs[0]!, inputs[0]!);
    if (inplace >= 0) add(outputs[0]!, inputs[inplace]!);
  }
  const found = new Set(slots);
  for (const slot of found) bases.get(slot)?.forEach((b) => found.add(b));
  return found;
}

/** Known lengths and strides of a slot are those of what it holds. */
export function checkLie(
  slot: number,
  { shape, strides }: Slot,
  array: NDArray,
): void {
  shape.forEach((n, axis) =>
    n !== null && n !== array.shape[axis] &&
    broken(`slot ${slot} has shape ${array.shape}, not ${shape}`)
  );
  strides.forEach((s, axis) =>
    s !== null && array.shape[axis]! > 1 && s !== array.strides[axis] &&
    broken(`slot ${slot} has strides ${array.strides}, not ${strides}`)
  );
}
