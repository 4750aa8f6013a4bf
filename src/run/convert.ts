/** Values of calls as arrays of the types that inputs have. */
import { castsSafely, type Dtype, isFloat } from "../graph/dtype.ts";
import { array, NDArray, type Nested } from "../graph/ndarray.ts";
import { dense, describeType } from "../graph/type.ts";
import type { Variable } from "../graph/variable.ts";
import { span } from "../lower/operands.ts";
import type { Value } from "../ops/constructors.ts";
import type { In } from "./in.ts";

/**
 * `value` as an array of the type of an input, by the rules of conversion;
 * TypeError names the input and the remedy. `allowDowncast` may be refused, or
 * left open: numbers then take the dtype of the input, and arrays only one that
 * holds theirs.
 */
export function convert(
  value: Value,
  input: In,
  allowDowncast: boolean | undefined,
): NDArray {
  const { type } = input.variable,
    label = input.name ?? "an unnamed input",
    ndim = type.shape.length,
    downcast = input.allowDowncast ?? allowDowncast;
  if (
    input.strict && !(value instanceof NDArray && value.dtype === type.dtype)
  ) {
    throw new TypeError(
      `Cannot use the value of input ${label}: it is strict and takes an NDArray of ${type.dtype} only; make one by array(value, { dtype: "${type.dtype}" })`,
    );
  }
  const typed = value instanceof NDArray || ArrayBuffer.isView(value) ||
    (typeof value === "object" && value !== null && "data" in value &&
      ArrayBuffer.isView(value.data));
  let made: NDArray;
  try {
    made = array(
      value,
      typed ? {} : {
        dtype: (downcast ?? isFloat(type.dtype)) ||
            holdsExactly(value as Nested, type.dtype)
          ? type.dtype
          : guess(value as Nested),
      },
    );
  } catch (e) {
    throw new TypeError(
      `Cannot use the value of input ${label}: ${(e as Error).message}`,
    );
  }
  if (!typed && !(input.allowDowncast ?? allowDowncast)) {
    const lost = beyond(value as Nested, made);
    if (lost !== undefined) {
      throw new RangeError(
        `Cannot use the value of input ${label}: ${lost} is beyond ${made.dtype}; make the input float64, or pass { allowInputDowncast: true } for an infinity`,
      );
    }
  }
  if (!isWhole(made)) {
    throw new RangeError(
      `Cannot use the value of input ${label}: shape (${made.shape}) reaches beyond its memory of ${made.data.length} elements; a buffer that was transferred has none`,
    );
  }
  if (made.ndim !== ndim) {
    throw new TypeError(
      `Cannot use the value of input ${label}: expected ${ndim} axes ${
        describeType(type)
      }, got ${made.dtype} of shape (${made.shape})`,
    );
  }
  if (made.dtype !== type.dtype) {
    if (
      !castsSafely(made.dtype, type.dtype) &&
      !(downcast && canDowncast(made.dtype, type.dtype))
    ) {
      throw new TypeError(
        `Cannot use the value of input ${label}: expected ${type.dtype}, got ${made.dtype}; convert it with .astype("${type.dtype}")` +
          (canDowncast(made.dtype, type.dtype)
            ? " or pass { allowInputDowncast: true }"
            : ""),
      );
    }
    made = made.astype(type.dtype);
  }
  made.shape.forEach((n, axis) => {
    const want = type.shape[axis];
    if (typeof want === "number" && want !== n) {
      throw new RangeError(
        `Cannot use the value of input ${label}: axis ${axis} must have length ${want}, got shape (${made.shape})`,
      );
    }
  });
  return made;
}

/** That values which nobody looked at have the types of the inputs. TypeError, RangeError naming the input and the remedy. */
export function checkTypes(
  inputs: readonly Variable[],
  values: readonly NDArray[],
): void {
  inputs.forEach(({ name, type }, i) => {
    const { dtype, shape } = values[i]!;
    const sameRank = dtype === type.dtype && shape.length === type.shape.length;
    if (
      sameRank &&
      type.shape.every((n, axis) => typeof n !== "number" || n === shape[axis])
    ) return;
    const message = `Cannot use the value of input ${name ?? i}: expected ${
      describeType(type)
    }, got ${
      describeType(dense(dtype, shape))
    }; trustInput takes arrays as they are: convert it, or leave trustInput off`;
    throw sameRank ? new RangeError(message) : new TypeError(message);
  });
}

/** True if all elements lie within the memory. */
export function isWhole({ shape, strides, offset, data }: NDArray): boolean {
  const [low, high] = span(shape, strides);
  return offset + low >= 0 && offset + high < data.length;
}

/** True if each number is one of the dtype. */
function holdsExactly(value: Nested, dtype: Dtype): boolean {
  const made = array(value, { dtype: "float64" });
  const there = made.astype(dtype).astype("float64");
  return made.data.every((x: number | bigint, i: number) =>
    Object.is(x, there.data[i]) || x === there.data[i]
  );
}

/** A finite number of `value` that became an infinity in `made`. */
function beyond(value: Nested, made: NDArray): number | bigint | undefined {
  if (!isFloat(made.dtype) || !made.data.some(isInfinite)) return undefined;
  return array(value, { dtype: "float64" }).data.find((
    x: number | bigint,
    i: number,
  ) => Number.isFinite(x) && !Number.isFinite(made.data[i]));
}

function isInfinite(x: number | bigint): boolean {
  return x === Infinity || x === -Infinity;
}

function guess(value: Nested): Dtype {
  return array(value, { dtype: "float64" }).data.every((x: number | bigint) =>
      Number.isInteger(x)
    )
    ? "int64"
    : "float64";
}

function canDowncast(from: Dtype, to: Dtype): boolean {
  return isFloat(to) || !isFloat(from);
}
