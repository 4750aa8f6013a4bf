/** Looking into another array: what a ViewMap means for values, and integers that parameters or inputs give. */
import { dense } from "../../graph/type.ts";
import { isInteger } from "../../graph/dtype.ts";
import { type Length, lengthValue, type Shaped } from "../../graph/length.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { Constant, Variable, type ViewMap } from "../../graph/variable.ts";
import { cast } from "../elementwise/elemwise.ts";

/** An integer parameter of an op: a number, or the position of a 0-d integer among its inputs. */
export type Scalar = number | { readonly input: number };

/** What a type rule knows of an integer parameter. */
export function scalarValue(p: Scalar, inputs: readonly Shaped[]): Length {
  return typeof p === "number" ? p : inputs[p.input]!.value;
}

/** The integer parameter of a call with values. */
export function scalarItem(p: Scalar, inputs: readonly NDArray[]): number {
  return typeof p === "number" ? p : inputs[p.input]!.item();
}

/** Integer parameters taken apart into what is known and what becomes an input. */
export class Scalars {
  readonly inputs: Variable[] = [];
  /** `first`: the position among the op's inputs of the first of `inputs`. */
  constructor(readonly name: string, readonly first: number) {}

  /** The parameter for `x`. TypeError unless x is a whole number or a 0-d integer; RangeError for a constant that int64 does not hold. */
  take(x: number | bigint | Variable): Scalar {
    if (!(x instanceof Variable)) {
      const n = Number(x);
      if (Number.isSafeInteger(n)) return n;
      throw new TypeError(`Cannot apply ${this.name}: ${x} is not an integer`);
    }
    if (x.ndim !== 0 || !isInteger(x.dtype)) {
      throw new TypeError(
        `Cannot apply ${this.name}: expected a 0-d integer, got ${x}`,
      );
    }
    if (typeof x.value === "number") return x.value;
    if (x instanceof Constant) checkFits(this.name, x);
    return { input: this.first + this.inputs.push(cast(x, "int64")) - 1 };
  }

  /** The position of an array of integers, which becomes an input too. */
  array(x: Variable): number {
    return this.first + this.inputs.push(x) - 1;
  }
}

function checkFits(name: string, { data }: Constant): void {
  const x = BigInt(data.data[data.offset]!);
  if (BigInt.asIntN(64, x) !== x) {
    throw new RangeError(`Cannot apply ${name}: ${x} is beyond int64`);
  }
}

/** What a type rule sees of a value. */
export function shapedArray(x: NDArray): Shaped {
  return {
    type: dense(x.dtype, x.shape),
    dtype: x.dtype,
    shape: x.shape,
    value: lengthValue(x),
  };
}

/**
 * `inputs[0]` looked at through `map`, as an array of `shape`; shares its data
 * but for a reshape of what is not in row-major order. RangeError when a
 * checked start is out of range.
 */
export function look(
  inputs: readonly NDArray[],
  map: ViewMap,
  shape: readonly number[],
): NDArray {
  const x = inputs[0]!;
  if (map.kind === "reshape") return x.reshape(shape);
  const strides = shape.map(() => 0);
  let { offset } = x;
  x.shape.forEach((n, axis) => {
    const step = map.step[axis]!, to = map.from[axis]!;
    const start = scalarItem(map.start[axis]!, inputs);
    offset += x.strides[axis]! *
      (map.checked[axis]
        ? checkedIndex(start, axis, n)
        : clippedStart(start, step, n));
    if (to !== null) strides[to]! += step * x.strides[axis]!;
  });
  return new NDArray(x.dtype, shape, x.data, strides, offset);
}

/** An index counted from the start. RangeError when it is out of range. */
export function checkedIndex(index: number, axis: number, n: number): number {
  if (index < -n || index >= n) throw indexError(index, axis, n);
  return index < 0 ? index + n : index;
}

/** What an index out of range throws. */
export function indexError(index: number, axis: number, n: number): RangeError {
  return new RangeError(
    `Cannot index: ${index} is out of range for axis ${axis} of length ${n}`,
  );
}

function clippedStart(start: number, step: number, n: number): number {
  const from = start < 0 ? start + n : start;
  return step > 0
    ? Math.max(0, Math.min(n, from))
    : Math.max(-1, Math.min(n - 1, from));
}
