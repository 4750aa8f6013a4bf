/** Values that samples are made of. */
import {
  allocate,
  castElement,
  type Dtype,
  isFloat,
} from "../../src/graph/dtype.ts";
import { NDArray, rowMajor, sizeOf } from "../../src/graph/ndarray.ts";

/** Values spread over an interval; integers are rounded. */
export function spread(
  dims: readonly number[],
  { low = 0.5, high = 2.5, seed = 1, dtype = "float64" as Dtype } = {},
): NDArray {
  const data = allocate(dtype, sizeOf(dims));
  for (let i = 0; i < data.length; i++) {
    const share = ((i + 1) * 0.6180339887 + seed * 0.3819660113) % 1;
    const x = low + (high - low) * share;
    data[i] = castElement(isFloat(dtype) ? x : Math.round(x), dtype);
  }
  return new NDArray(dtype, dims, data);
}

/** The same values in memory that is not row-major: axes reversed, and every second element. */
export function scattered(x: NDArray): NDArray {
  const reversed = [...x.shape].reverse(),
    strides = rowMajor(reversed).reverse().map((s) => 2 * s);
  const data = allocate(x.dtype, 2 * x.size + 1),
    made = new NDArray(x.dtype, x.shape, data, strides, 1);
  const from = x.flat(), index = x.shape.map(() => 0);
  for (let n = 0; n < x.size; n++) {
    data[index.reduce((at, i, axis) => at + i * strides[axis]!, 1)] = from[n]!;
    for (
      let axis = x.ndim - 1;
      axis >= 0 && ++index[axis]! === x.shape[axis];
      axis--
    ) index[axis] = 0;
  }
  return made;
}
