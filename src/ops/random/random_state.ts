/** Random values, outside of graphs: the generator MRG31k3p of L'Ecuyer and Touzin (2000). */
import { allocate, type Dtype } from "../../graph/dtype.ts";
import { config } from "../../graph/config.ts";
import { NDArray, sizeOf } from "../../graph/ndarray.ts";
import { draw, M1, M2 } from "./mrg31k3p.ts";

/** The shape of what is drawn; one number is that of a vector. */
export type DrawShape = number | readonly number[];

/**
 * A source of random values. The same seed gives the same values everywhere:
 * all six words of the state start as the seed, and each number is
 * z = (x - y) mod (2^31 - 1) of the two recurrences, from 1 to 2^31 - 1.
 *
 * ```ts
 * import { RandomState } from "damo";
 * const rng = new RandomState(1);
 * const W = rng.normal(0, 0.01, [784, 10]);
 * ```
 *
 * RangeError: the seed is not an integer from 1 to 2147462578.
 */
export class RandomState {
  /** Three words of each recurrence, the newest first. */
  readonly #state: Int32Array;

  /** A source that starts from `seed`. */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 1 || seed >= M2) {
      throw new RangeError(
        `Cannot seed with ${seed}: expected an integer from 1 to ${M2 - 1}`,
      );
    }
    this.#state = new Int32Array(6).fill(seed);
  }

  /** The next `n` numbers of the generator. */
  #fill(n: number): Int32Array {
    const out = new Int32Array(n);
    draw(this.#state, 0, out);
    return out;
  }

  /**
   * Numbers from low (included) to high, in floatX: low + (high - low) · u,
   * where u is the upper 24 bits of z in float32 and float16, and z · 2^-31
   * in float64.
   */
  uniform(low = 0, high = 1, shape: DrawShape = []): NDArray {
    const { out, data } = floats(shape), z = this.#fill(data.length);
    const [shift, unit] = out.dtype === "float64"
      ? [0, 2 ** -31]
      : [7, 2 ** -24];
    for (let i = 0; i < z.length; i++) {
      data[i] = low + (high - low) * ((z[i]! >>> shift) * unit);
    }
    return out;
  }

  /** Normally distributed numbers in floatX: each pair of z · 2^-31 gives two by the transform of Box and Muller. RangeError: std is negative. */
  normal(mean = 0, std = 1, shape: DrawShape = []): NDArray {
    if (!(std >= 0)) {
      throw new RangeError(`Cannot draw normal numbers: std is ${std}`);
    }
    const { out, data } = floats(shape),
      z = this.#fill(2 * Math.ceil(data.length / 2));
    for (let i = 0; i < data.length; i += 2) {
      const radius = std * Math.sqrt(-2 * Math.log(z[i]! * 2 ** -31)),
        angle = 2 * Math.PI * z[i + 1]! * 2 ** -31;
      data[i] = mean + radius * Math.cos(angle);
      if (i + 1 < data.length) data[i + 1] = mean + radius * Math.sin(angle);
    }
    return out;
  }

  /**
   * Integers from low (included) to high (excluded), each equally likely;
   * int32 unless another integer dtype is given. RangeError: there are none,
   * or more than 2^31 - 1.
   */
  integers(
    low: number,
    high: number,
    shape: DrawShape = [],
    dtype: Dtype = "int32",
  ): NDArray {
    const dims = lengthsOf(shape), n = high - low;
    if (!Number.isInteger(low) || !Number.isInteger(n) || n < 1 || n > M1) {
      throw new RangeError(
        `Cannot draw integers from ${low} to ${high}: expected 1 to ${M1} of them`,
      );
    }
    const values = this.#below(sizeOf(dims), () => n);
    const drawn = new Float64Array(values.length).map((_, i) =>
      low + values[i]!
    );
    return new NDArray("float64", dims, drawn).astype(dtype);
  }

  /** The integers 0 … n - 1 in random order, int32. */
  permutation(n: number): NDArray {
    const order = Int32Array.from({ length: n }, (_, i) => i),
      picks = this.#below(Math.max(0, n - 1), (k) => n - k);
    picks.forEach((pick, k) => {
      const i = n - 1 - k;
      [order[i], order[pick]] = [order[pick]!, order[i]!];
    });
    return new NDArray("int32", [n], order);
  }

  /** `count` integers, the k-th from 0 to bound(k) - 1: numbers that would favour some of them are drawn again. */
  #below(count: number, bound: (k: number) => number): Int32Array {
    const out = this.#fill(count);
    for (let k = 0; k < count; k++) {
      const n = bound(k), fair = M1 - M1 % n;
      let z = out[k]! - 1;
      while (z >= fair) z = this.#fill(1)[0]! - 1;
      out[k] = z % n;
    }
    return out;
  }
}

/** RangeError: one is no length. */
function lengthsOf(shape: DrawShape): readonly number[] {
  const dims = [shape].flat();
  const bad = dims.find((n) => !Number.isInteger(n) || n < 0);
  if (bad === undefined) return dims;
  throw new RangeError(`Cannot draw numbers: ${bad} is not a length`);
}

function floats(
  shape: DrawShape,
): {
  readonly out: NDArray;
  readonly data: Float32Array | Float64Array | Float16Array;
} {
  const dims = lengthsOf(shape),
    dtype = config.floatX,
    data = allocate(dtype, sizeOf(dims)) as Float32Array<ArrayBuffer>;
  return { out: new NDArray(dtype, dims, data), data };
}
