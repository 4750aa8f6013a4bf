/** The CVM's own kernels for the strict machine: tables are read word by word, as csrc/builtin.c does. */
import { NDArray, rowMajor, sizeOf } from "../../src/graph/ndarray.ts";
import type { Apply } from "../../src/graph/variable.ts";
import type { Thunk } from "../../src/lower/program.ts";
import { identity } from "../../src/ops/elementwise/elemwise.ts";
import {
  assign,
  broken,
  Failure,
  int64,
  Missed,
  rowsOf,
} from "./machine_values.ts";

/** Where an array lies, and what it is. */
export interface Place<M> {
  readonly memory: M;
  readonly array: NDArray;
}

/** What a builtin may do to slots. */
export interface Hands<M = unknown> {
  /** The value, which must be set and untouched since. */
  read(slot: number): NDArray;
  place(slot: number): Place<M> | null;
  shape(slot: number): readonly (number | null)[];
  write(slot: number, value: NDArray): void;
  look(slot: number, memory: M, array: NDArray): void;
  /** A buffer of its own for these lengths. */
  own(slot: number, shape: readonly number[]): NDArray;
  /** What lies there is what the slot holds; or nothing is. */
  see(slot: number): void;
  unset(slot: number): void;
  count(node: Apply): void;
}

/** Runs one of the CVM's own kernels, by the words of its table. */
export function runBuiltin<M>(
  name: string,
  { inputs, outputs, extents, node, mayFail }: Thunk,
  hands: Hands<M>,
): void {
  if (extents < 0) return broken(`${name} has no table`);
  const words = [...hands.read(extents).data].map(Number), out = outputs[0]!;
  const base = (): Place<
    M
  > => (hands.read(inputs[0]!), hands.place(inputs[0]!)!);
  const header = (input: number) =>
    hands.place(inputs[input]!)?.array ??
      broken(`${name} reads an unset header`);
  const length = (k: number): number => {
    const [input, value] = [words[k]!, words[k + 1]!];
    return input < 0
      ? value
      : value < 0
      ? hands.read(inputs[input]!).item()
      : header(input).shape[value]!;
  };
  const fail = (text: string): never => {
    if (!mayFail) broken(`${name} fails, which it may not: ${text}`);
    throw new Failure(text);
  };
  switch (name) {
    case "view": {
      const { memory, array } = base(),
        ndim = hands.shape(out).length,
        shape = Array.from({ length: ndim }, (_, k) => length(1 + 2 * k));
      hands.count(node!);
      return hands.look(
        out,
        memory,
        words[0] === 0 ? reshaped(array, shape, fail) : lookedAt(array, shape, {
          words: words.slice(1 + 2 * ndim),
          length: (k) => length(1 + 2 * ndim + k),
          fail,
        }),
      );
    }
    case "copy": {
      if (node?.op === identity.op) hands.count(node);
      const x = hands.read(inputs[0]!);
      if (words[0] && hands.shape(out).includes(null)) {
        hands.own(out, x.shape);
      }
      return hands.write(out, x);
    }
    case "length":
      hands.count(node!);
      return hands.write(out, int64(header(0).shape[words[0]!]!));
    case "extents": {
      const made = Array.from({ length: words[0]! }, (_, k) => {
        const [kind, arg, x, y] = words.slice(1 + 4 * k, 5 + 4 * k) as [
          number,
          number,
          number,
          number,
        ];
        return kind === 0
          ? x
          : kind === 2
          ? header(arg).strides[x]!
          : sizeOf(header(arg).shape.slice(x, y));
      });
      return hands.write(
        out,
        new NDArray("int64", [made.length], BigInt64Array.from(made, BigInt)),
      );
    }
    case "reserve": {
      const shape = Array.from(
        { length: words.length / 2 },
        (_, k) => length(2 * k),
      );
      if (shape.some((n) => n < 0)) fail(`a length of ${shape}`);
      hands.unset(out);
      return void hands.own(out, shape);
    }
    case "guard": {
      const found = hands.read(inputs[0]!).item();
      if (found !== words[0]) throw new Missed(node!, words[1]!, found);
      return;
    }
    case "same":
      return void (length(0) === length(2) ||
        fail(`lengths ${length(0)} and ${length(2)} differ`));
    case "count": {
      const [has, n, ...lost] = words as [number, number, ...number[]];
      const free = lost.slice(0, n).map((l, i) =>
        Math.max(0, header(has + i).shape[0]! - l)
      );
      const steps = has ? hands.read(inputs[0]!).item() : Math.min(...free);
      if (steps < 0 || free.some((f) => f < steps)) {
        fail(`${steps} steps of ${free}`);
      }
      return hands.write(out, int64(steps));
    }
    case "stack": {
      const [lag, ring, until, initial] = words as [
          number,
          number,
          number,
          number,
        ],
        n = hands.read(inputs[0]!).item();
      const row = hands.shape(out).slice(1).map((_, k) => length(4 + 2 * k));
      hands.unset(out);
      const made = hands.own(out, [
        ring || lag + (until ? Math.min(1, n) : n),
        ...row,
      ]);
      if (initial >= 0) {
        const first = hands.read(inputs[initial]!);
        if (
          first.shape[0]! < lag || first.shape.slice(1).join() !== row.join()
        ) fail(`an initial value of shape ${first.shape}`);
        assign(rowsOf(made, 0, lag), rowsOf(first, 0, lag));
      }
      hands.see(out);
      return;
    }
    case "prefix":
    case "last": {
      const { memory, array } = base(),
        steps = hands.read(inputs[1]!).item(),
        lag = words[0]!;
      if (name === "prefix") {
        return hands.look(out, memory, rowsOf(array, lag, steps));
      }
      if (steps + lag === 0) fail("no last step");
      const row = (steps + lag - 1) % words[1]!;
      return hands.look(
        out,
        memory,
        new NDArray(
          array.dtype,
          array.shape.slice(1),
          array.data,
          array.strides.slice(1),
          array.offset + row * array.strides[0]!,
        ),
      );
    }
    default:
      broken(`unknown builtin ${name}`);
  }
}

interface ViewWords {
  readonly words: readonly number[];
  readonly length: (k: number) => number;
  readonly fail: (text: string) => never;
}

function lookedAt(
  x: NDArray,
  shape: readonly number[],
  { words, length, fail }: ViewWords,
): NDArray {
  const strides = shape.map(() => 0);
  let { offset } = x;
  x.shape.forEach((n, axis) => {
    const start = length(5 * axis),
      [step, to, checked] = words.slice(5 * axis + 2, 5 * axis + 5) as [
        number,
        number,
        number,
      ];
    const from = start < 0 ? start + n : start;
    if (checked && (from < 0 || from >= n)) fail(`index ${start} of ${n}`);
    offset += x.strides[axis]! *
      (checked
        ? from
        : step > 0
        ? Math.max(0, Math.min(n, from))
        : Math.max(-1, Math.min(n - 1, from)));
    if (to >= 0) strides[to]! += step * x.strides[axis]!;
  });
  return new NDArray(x.dtype, shape, x.data, strides, offset);
}

function reshaped(
  x: NDArray,
  shape: readonly number[],
  fail: (text: string) => never,
): NDArray {
  if (!x.contiguous) broken("a reshape of what is not row-major");
  if (sizeOf(shape) !== x.size) fail(`${x.shape} as ${shape}`);
  return new NDArray(x.dtype, shape, x.data, rowMajor(shape), x.offset);
}
