/** Where generators start: from a seed, one stream after the other, each cut into substreams that never meet. */
import { describeOther } from "../../graph/describe_other.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { type Jump, jump, M1, M2 } from "./mrg31k3p.ts";

/** The streams of a seed. RangeError: it is out of range. TypeError: it is not one integer or six. */
export class Streams {
  #next: Int32Array;
  readonly #stream: Jump = jump(134);
  readonly #substream: Jump = jump(72);

  /** Those that begin with this seed. */
  constructor(seed: number | readonly number[]) {
    this.#next = seedWords(seed);
  }

  /** The states of the first `n` substreams of the next stream, one a row. */
  take(n: number): NDArray {
    const states = new Int32Array(6 * n);
    let state = this.#next;
    for (let row = 0; row < n; row++) {
      states.set(state, 6 * row);
      if (row + 1 < n) state = this.#substream(state);
    }
    this.#next = this.#stream(this.#next);
    return new NDArray("int32", [n, 6], states);
  }
}

/** The six words of a seed. */
function seedWords(seed: number | readonly number[]): Int32Array {
  const words = typeof seed === "number" ? Array<number>(6).fill(seed) : seed;
  if (!Array.isArray(words) || words.length !== 6) {
    throw new TypeError(
      `Cannot seed with ${
        describeOther(seed)
      }: expected one integer, or a list of six`,
    );
  }
  const fit = (from: number, limit: number) => {
    const half = words.slice(from, from + 3);
    return half.every((w) => Number.isInteger(w) && w >= 0 && w < limit) &&
      half.some((w) => w > 0);
  };
  if (fit(0, typeof seed === "number" ? M2 : M1) && fit(3, M2)) {
    return Int32Array.from(words);
  }
  throw new RangeError(
    `Cannot seed with ${seed}: expected an integer from 1 to ${
      M2 - 1
    }, or six of which neither the first three, below ${M1}, nor the last three, below ${M2}, are all 0`,
  );
}
