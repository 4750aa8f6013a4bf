/** What the call of a thunk takes: its arguments, its range, and the buffers that its outputs must find. */
import { DTYPES } from "../graph/dtype.ts";
import { sizeOf } from "../graph/ndarray.ts";
import type { Slot, Thunk } from "./program.ts";

/** The slots of its arguments: inputs, outputs, extents. */
export function argumentsOf({ inputs, outputs, extents }: Thunk): number[] {
  return [...inputs, ...outputs, ...(extents < 0 ? [] : [extents])];
}

/** The end of its range; -1: the first of its extents. A builtin takes the number of its inputs. */
export function rangeOf({ run, inputs, range, extents }: Thunk): number {
  if (run.kind === "builtin") return inputs.length;
  return range < 0 && extents < 0 ? 1 : range;
}

/** The buffers that it must find for its outputs; one written in place needs none. */
export function ownedBy(
  { outputs, inplace }: Thunk,
  slots: readonly Slot[],
): (readonly [slot: number, bytes: number])[] {
  return outputs.slice(inplace < 0 ? 0 : 1).flatMap((s) => owned(slots, s));
}

/** The slot and its bytes, if what writes it must find a buffer of known size; they are never 0, so that it owns one to swap. */
export function owned(
  slots: readonly Slot[],
  slot: number,
): (readonly [slot: number, bytes: number])[] {
  const { kind, arena } = slots[slot]!, bytes = bytesOf(slots[slot]!);
  return kind === "temporary" && arena < 0 && bytes !== null
    ? [[slot, Math.max(1, bytes)]]
    : [];
}

/** True if lengths and strides are known. */
export function isStatic<S extends Pick<Slot, "shape" | "strides">>(
  slot: S,
): slot is S & { shape: readonly number[]; strides: readonly number[] } {
  return !slot.shape.includes(null) && !slot.strides.includes(null);
}

/** Bytes from the lowest to the highest element of a slot, or null where only the run will tell. */
export function bytesOf(
  slot: Pick<Slot, "dtype" | "shape" | "strides">,
): number | null {
  if (!isStatic(slot)) return null;
  const [low, high] = span(slot.shape, slot.strides);
  return (high - low + 1) * DTYPES[slot.dtype].size;
}

/** The lowest and highest offset, in elements, that a layout reaches from its first element; (0, -1) if it has none. */
export function span(
  shape: readonly number[],
  strides: readonly number[],
): [low: number, high: number] {
  if (sizeOf(shape) === 0) return [0, -1];
  let low = 0, high = 0;
  shape.forEach((n, axis) => {
    const reach = (n - 1) * strides[axis]!;
    if (reach < 0) low += reach;
    else high += reach;
  });
  return [low, high];
}
