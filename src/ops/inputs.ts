/** Symbolic inputs by dtype and rank: `matrix("x")` in floatX, and with b w i l f d in front in int8 to float64. */
import { describeOther } from "../graph/describe_other.ts";
import { checkList } from "../graph/arguments.ts";
import { checkDtype, type Dtype } from "../graph/dtype.ts";
import { config } from "../graph/config.ts";
import { dense, type Dim } from "../graph/type.ts";
import { Variable } from "../graph/variable.ts";

/**
 * A symbolic input: for each axis its length, null where it is unknown, or a
 * name; equal names are equal lengths, which is checked at the call.
 *
 * ```ts
 * import { tensor } from "damo";
 * const x = tensor("float32", ["batch", 784], "x");
 * ```
 *
 * RangeError: a length is negative or no integer.
 */
export function tensor<const S extends readonly Dim[]>(
  dtype: Dtype,
  shape: S,
  name?: string,
): Variable<S["length"]> {
  const bad = checkList("make an input", shape, "lengths").findIndex((d) =>
    d !== null && typeof d !== "string" &&
    !(typeof d === "number" && Number.isInteger(d) && d >= 0)
  );
  if (bad >= 0) {
    throw new RangeError(
      `Cannot make an input: the length of axis ${bad} is ${
        describeOther(shape[bad])
      }, expected a number from 0, null or a name`,
    );
  }
  if (name !== undefined && typeof name !== "string") {
    throw new TypeError(
      `Cannot make an input: its name is ${
        describeOther(name)
      }, expected text; lengths are written tensor("float32", [2, 3])`,
    );
  }
  return new Variable(dense(checkDtype(dtype), [...shape]), null, 0, name);
}

/** Makes inputs of one type. */
export type Input<R extends number> = (name?: string) => Variable<R>;

function input<const S extends readonly Dim[]>(
  shape: S,
  dtype?: Dtype,
): Input<S["length"]> {
  return (name) => tensor(dtype ?? config.floatX, shape, name);
}

/** A value without axes of floatX. */
export const scalar: Input<0> = input([]);
/** A vector of floatX. */
export const vector: Input<1> = input([null]);
/** A matrix of one row of floatX. */
export const row: Input<2> = input([1, null]);
/** A matrix of one column of floatX. */
export const col: Input<2> = input([null, 1]);
/** A matrix of floatX. */
export const matrix: Input<2> = input([null, null]);
/** An array of 3 axes of floatX. */
export const tensor3: Input<3> = input([null, null, null]);
/** An array of 4 axes of floatX. */
export const tensor4: Input<4> = input([null, null, null, null]);
/** An array of 5 axes of floatX. */
export const tensor5: Input<5> = input([null, null, null, null, null]);
/** A value without axes of int8. */
export const bscalar: Input<0> = input([], "int8");
/** A vector of int8. */
export const bvector: Input<1> = input([null], "int8");
/** A matrix of one row of int8. */
export const brow: Input<2> = input([1, null], "int8");
/** A matrix of one column of int8. */
export const bcol: Input<2> = input([null, 1], "int8");
/** A matrix of int8. */
export const bmatrix: Input<2> = input([null, null], "int8");
/** An array of 3 axes of int8. */
export const btensor3: Input<3> = input([null, null, null], "int8");
/** An array of 4 axes of int8. */
export const btensor4: Input<4> = input([null, null, null, null], "int8");
/** An array of 5 axes of int8. */
export const btensor5: Input<5> = input([null, null, null, null, null], "int8");
/** A value without axes of int16. */
export const wscalar: Input<0> = input([], "int16");
/** A vector of int16. */
export const wvector: Input<1> = input([null], "int16");
/** A matrix of one row of int16. */
export const wrow: Input<2> = input([1, null], "int16");
/** A matrix of one column of int16. */
export const wcol: Input<2> = input([null, 1], "int16");
/** A matrix of int16. */
export const wmatrix: Input<2> = input([null, null], "int16");
/** An array of 3 axes of int16. */
export const wtensor3: Input<3> = input([null, null, null], "int16");
/** An array of 4 axes of int16. */
export const wtensor4: Input<4> = input([null, null, null, null], "int16");
/** An array of 5 axes of int16. */
export const wtensor5: Input<5> = input(
  [null, null, null, null, null],
  "int16",
);
/** A value without axes of int32. */
export const iscalar: Input<0> = input([], "int32");
/** A vector of int32. */
export const ivector: Input<1> = input([null], "int32");
/** A matrix of one row of int32. */
export const irow: Input<2> = input([1, null], "int32");
/** A matrix of one column of int32. */
export const icol: Input<2> = input([null, 1], "int32");
/** A matrix of int32. */
export const imatrix: Input<2> = input([null, null], "int32");
/** An array of 3 axes of int32. */
export const itensor3: Input<3> = input([null, null, null], "int32");
/** An array of 4 axes of int32. */
export const itensor4: Input<4> = input([null, null, null, null], "int32");
/** An array of 5 axes of int32. */
export const itensor5: Input<5> = input(
  [null, null, null, null, null],
  "int32",
);
/** A value without axes of int64. */
export const lscalar: Input<0> = input([], "int64");
/** A vector of int64. */
export const lvector: Input<1> = input([null], "int64");
/** A matrix of one row of int64. */
export const lrow: Input<2> = input([1, null], "int64");
/** A matrix of one column of int64. */
export const lcol: Input<2> = input([null, 1], "int64");
/** A matrix of int64. */
export const lmatrix: Input<2> = input([null, null], "int64");
/** An array of 3 axes of int64. */
export const ltensor3: Input<3> = input([null, null, null], "int64");
/** An array of 4 axes of int64. */
export const ltensor4: Input<4> = input([null, null, null, null], "int64");
/** An array of 5 axes of int64. */
export const ltensor5: Input<5> = input(
  [null, null, null, null, null],
  "int64",
);
/** A value without axes of float32. */
export const fscalar: Input<0> = input([], "float32");
/** A vector of float32. */
export const fvector: Input<1> = input([null], "float32");
/** A matrix of one row of float32. */
export const frow: Input<2> = input([1, null], "float32");
/** A matrix of one column of float32. */
export const fcol: Input<2> = input([null, 1], "float32");
/** A matrix of float32. */
export const fmatrix: Input<2> = input([null, null], "float32");
/** An array of 3 axes of float32. */
export const ftensor3: Input<3> = input([null, null, null], "float32");
/** An array of 4 axes of float32. */
export const ftensor4: Input<4> = input([null, null, null, null], "float32");
/** An array of 5 axes of float32. */
export const ftensor5: Input<5> = input(
  [null, null, null, null, null],
  "float32",
);
/** A value without axes of float64. */
export const dscalar: Input<0> = input([], "float64");
/** A vector of float64. */
export const dvector: Input<1> = input([null], "float64");
/** A matrix of one row of float64. */
export const drow: Input<2> = input([1, null], "float64");
/** A matrix of one column of float64. */
export const dcol: Input<2> = input([null, 1], "float64");
/** A matrix of float64. */
export const dmatrix: Input<2> = input([null, null], "float64");
/** An array of 3 axes of float64. */
export const dtensor3: Input<3> = input([null, null, null], "float64");
/** An array of 4 axes of float64. */
export const dtensor4: Input<4> = input([null, null, null, null], "float64");
/** An array of 5 axes of float64. */
export const dtensor5: Input<5> = input(
  [null, null, null, null, null],
  "float64",
);
