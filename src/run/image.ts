/** A program as the words that csrc/image.c reads. */
import { DTYPES, type TypedArray } from "../graph/dtype.ts";
import { forEachOffset, isRowMajor, type NDArray } from "../graph/ndarray.ts";
import {
  argumentsOf,
  bytesOf,
  isStatic,
  owned,
  ownedBy,
  rangeOf,
  span,
} from "../lower/operands.ts";
import {
  BUILTINS,
  type Kernel,
  type Loop,
  OPCODES,
  type Program,
  type Slot,
  type Thunk,
} from "../lower/program.ts";

/** Inputs of at most so many bytes are copied into memory of the VM. */
export const COPIED_BYTES = 4096;

/** Memory of the VM that a constant or a small input lies in. */
export interface Home {
  /** Bytes from the start of all homes. */
  readonly at: number;
  readonly bytes: number;
  /** Elements from `at` to element (0, 0, …). */
  readonly offset: number;
}

/** Outputs of at most so many bytes, and of at most so many together, are delivered in the room of a run. */
const DELIVERED_BYTES = 1024, ROOM_BYTES = 4096;

/** Where C leaves a small output when all calls are done. */
export interface Delivery {
  readonly slot: number;
  readonly bytes: number;
  /** Which number of the state it is, if it has no axes; else -1. */
  readonly number: number;
  /** Bytes from the start of the room. */
  readonly at: number;
}

/** What cvm_new takes, and where constants, inputs and small outputs lie. */
export interface Image {
  readonly words: BigInt64Array<ArrayBuffer>;
  /** The first contents of all homes. */
  readonly contents: Uint8Array<ArrayBuffer>;
  /** The word where the first slot begins. */
  readonly slots: number;
  /** For each slot. */
  readonly homes: readonly (Home | null)[];
  /** For each output; null for one that is read by a call of its own. */
  readonly deliveries: readonly (Delivery | null)[];
  /** Bytes that a run needs for what it delivers. */
  readonly room: number;
}

/** Addresses that a program does not know. */
export interface Addresses {
  kernel(kernel: Kernel): bigint;
  /** The Array of each shared variable of the program, in order. */
  readonly storages: readonly bigint[];
  /** The program as one C function: then it has no instructions and no thunks, and `kernel` is not asked. */
  readonly linked?: bigint;
}

/** The elements of `value` laid out with these strides, from the lowest address on: its own memory where they lie so. */
export function laidOut(
  value: NDArray,
  strides: readonly number[],
): TypedArray {
  if (isRowMajor(value.shape, strides)) return value.flat();
  const [low, high] = span(value.shape, strides);
  if (
    value.shape.every((n, axis) =>
      n === 1 || value.strides[axis] === strides[axis]
    )
  ) {
    return value.data.subarray(
      value.offset + low,
      value.offset + high + 1,
    ) as TypedArray;
  }
  const from = value.flat();
  const to = new DTYPES[value.dtype].array(high - low + 1);
  let i = 0;
  forEachOffset(
    value.shape,
    strides,
    -low,
    (offset) => (to[offset] = from[i++]!),
  );
  return to;
}

function homesOf(program: Program): { homes: (Home | null)[]; bytes: number } {
  let at = 0;
  const homes = program.slots.map((slot) => {
    const bytes = bytesOf(slot) ?? COPIED_BYTES;
    if (
      slot.kind !== "constant" &&
      (slot.kind !== "input" || bytes > COPIED_BYTES)
    ) return null;
    const home = {
      at,
      bytes,
      offset: isStatic(slot) ? -span(slot.shape, slot.strides)[0] : 0,
    };
    at += Math.max(64, Math.ceil(bytes / 64) * 64);
    return home;
  });
  return { homes, bytes: at };
}

/** The slots of outputs without axes. */
export function numbersOf({ outputs, slots }: Program): number[] {
  return outputs.filter((slot) => slots[slot]!.shape.length === 0);
}

function deliveriesOf(
  program: Program,
): { deliveries: (Delivery | null)[]; room: number } {
  let room = 0, number = 0;
  const deliveries = program.outputs.map((slot): Delivery | null => {
    const info = program.slots[slot]!, bytes = bytesOf(info);
    if (info.shape.length === 0) {
      return { slot, bytes: bytes!, number: number++, at: 0 };
    }
    if (
      bytes === null || bytes === 0 || bytes > DELIVERED_BYTES ||
      room + bytes > ROOM_BYTES || !isStatic(info) ||
      !isRowMajor(info.shape, info.strides)
    ) return null;
    const at = room;
    room = Math.ceil((at + bytes) / 8) * 8;
    return { slot, bytes, number: -1, at };
  });
  return { deliveries, room };
}

/** Writes the image of a program. */
export function encode(program: Program, addresses: Addresses): Image {
  const { slots, loops, arena } = program, { linked = 0n } = addresses;
  const { thunks, code } = linked === 0n ? program : { thunks: [], code: [] };
  const { homes, bytes } = homesOf(program);
  const { deliveries, room } = deliveriesOf(program);
  const delivered = deliveries.flatMap((d) =>
    d === null ? [] : [d.slot, d.bytes, d.number, d.at]
  );
  const contents = new Uint8Array(bytes);
  slots.forEach(({ kind, value, strides }, i) => {
    if (kind !== "constant") return;
    const data = laidOut(value!, strides as readonly number[]);
    contents.set(
      new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      homes[i]!.at,
    );
  });
  const late = lateSlots(program).flatMap((s) => owned(slots, s));
  const owns = thunks.map((t) => ownedBy(t, slots));
  const counts = [
    slots.length,
    sum(thunks, (t) => argumentsOf(t).length),
    sum([...owns, late], (each) => each.length),
    thunks.length,
    loops.length,
    sum(loops, (l) => l.cursors.length),
    program.flags,
    code.length,
    arena.length,
    late.length,
    delivered.length / 4,
    numbersOf(program).length,
    bytes,
    program.commit,
    linked,
  ];
  const storage = new Map(
    program.shared.map(([, slot], i) => [slot, addresses.storages[i]!]),
  );
  const words = [
    ...counts,
    ...arena,
    ...slots.flatMap((slot, i) =>
      slotWords(slot, homes[i]!, storage.get(i) ?? 0n)
    ),
    ...thunks.flatMap((t, i) => thunkWords(t, slots, owns[i]!, addresses)),
    ...loops.flatMap(loopWords),
    ...code.flatMap(([op, a, b]) => [OPCODES.indexOf(op), a, b]),
    late.length,
    ...late.flat(),
    ...delivered,
  ];
  return {
    words: BigInt64Array.from(words, BigInt),
    contents,
    slots: counts.length + arena.length,
    homes,
    deliveries,
    room,
  };
}

type Words = (number | bigint)[];

function slotWords(
  { dtype, shape, strides, arena }: Slot,
  home: Home | null,
  storage: bigint,
): Words {
  const { code, size } = DTYPES[dtype];
  const at = home ? home.at + home.offset * size : -1;
  return [
    storage,
    code,
    shape.length,
    at,
    arena,
    ...shape.map((n) => n ?? 0),
    ...strides.map((n) => n ?? 0),
  ];
}

/** Slots that main code fills behind the commit point, where nothing may fail. */
function lateSlots({ code, thunks, loops, commit }: Program): number[] {
  const end = code.findIndex(([op]) => op === "HALT");
  return code.slice(commit, Math.max(commit, end)).flatMap(([op, a]) => {
    if (op === "ENTER") return [loops[a]!.steps];
    if (op !== "CALL" && op !== "CALL_PARALLEL") return [];
    const { outputs, inplace } = thunks[a]!;
    return outputs.slice(inplace < 0 ? 0 : 1);
  });
}

function thunkWords(
  thunk: Thunk,
  slots: readonly Slot[],
  owns: readonly (readonly [slot: number, bytes: number])[],
  addresses: Addresses,
): Words {
  const { run, inputs, outputs, extents, inplace } = thunk,
    args = argumentsOf(thunk);
  const builtin = run.kind === "builtin";
  if (builtin && extents < 0) {
    throw new RangeError(
      `Cannot encode ${run.name}: it has no table of extents`,
    );
  }
  const address = builtin
    ? -1 - BUILTINS.indexOf(run.name)
    : run.kind === "compiled"
    ? addresses.kernel(run.kernel)
    : 0;
  const target = inplace < 0 ? -1 : outputs[0]!;
  return [
    address,
    args.length,
    ...args,
    extents,
    rangeOf(thunk),
    target,
    inplace < 0 ? -1 : inputs[inplace]!,
    Number(target >= 0 && !isStatic(slots[target]!)),
    owns.length,
    ...owns.flat(),
  ];
}

function loopWords({ count, steps, stop, cursors }: Loop): Words {
  const words = cursors.flatMap((
    c,
  ) => [c.slot, c.base, c.start, c.ring, c.stride, Number(c.write)]);
  return [count, steps, stop, cursors.length, ...words];
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((n, item) => n + of(item), 0);
}
