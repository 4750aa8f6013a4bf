/** What the strict machine and its builtins share: errors, and arrays element by element. */
import { NDArray, sizeOf } from "../../src/graph/ndarray.ts";
import type { Apply } from "../../src/graph/variable.ts";

/** A promise of lowering that does not hold. */
export class Broken extends Error {}
/** What an op or an injected stop may throw: the call ends and leaves no trace. */
export class Failure extends Error {}
/** A guard found another length. */
export class Missed extends Failure {
  constructor(
    readonly node: Apply,
    readonly which: number,
    readonly length: number,
  ) {
    super(`guard ${which} of ${node.op.name} found ${length}`);
  }
}

/** Throws what a program does wrong. */
export function broken(text: string): never {
  throw new Broken(text);
}

/** n rows of x. */
export function rowsOf(x: NDArray, from: number, n: number): NDArray {
  return new NDArray(
    x.dtype,
    [n, ...x.shape.slice(1)],
    x.data,
    x.strides,
    x.offset + from * x.strides[0]!,
  );
}

/** Copies values element by element. */
export function assign(to: NDArray, from: NDArray): void {
  const flat = from.flat(),
    { shape, strides, data } = to,
    index = shape.map(() => 0);
  if (sizeOf(shape) !== flat.length) {
    broken(`a value of shape ${from.shape} is written to ${shape}`);
  }
  for (let n = 0; n < flat.length; n++) {
    data[index.reduce((at, i, axis) => at + i * strides[axis]!, to.offset)] =
      flat[n]!;
    for (
      let axis = shape.length - 1;
      axis >= 0 && ++index[axis]! === shape[axis];
      axis--
    ) index[axis] = 0;
  }
}

/** Whether two arrays hold the same bits (NaN is equal to itself). */
export function equal(a: NDArray, b: NDArray): boolean {
  if (a.shape.join() !== b.shape.join() || a.dtype !== b.dtype) return false;
  const x = a.flat(), y = b.flat();
  for (let i = 0; i < x.length; i++) if (!Object.is(x[i], y[i])) return false;
  return true;
}

/** A 0-d int64. */
export function int64(n: number): NDArray {
  return new NDArray("int64", [], new BigInt64Array([BigInt(n)]));
}
