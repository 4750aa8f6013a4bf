/** Results that are right up to a choice: vectors whose sign is open, and eigenvalues in no order. */
import * as damo from "damo";
import { decode } from "./arrays.ts";
import type { Case, RecordedArray, RecordedCall } from "./case.ts";

/** Which axis of a result holds one vector after the other, by the operation and the result. */
const VECTORS: { readonly [op: string]: readonly (number | null)[] } = {
  eig: [null, 1],
  eigh: [null, 1],
  qr: [1, 0],
  svd: [1, null, 0],
};

/** Result `i` of a call, its vectors turned to where those that were recorded point, in their order. */
export function settled(
  recorded: Case,
  call: RecordedCall,
  i: number,
  results: readonly (damo.NDArray | number)[],
): damo.NDArray | number {
  const found = results[i]!, id = recorded.outputs[i]!;
  const node = recorded.nodes.find((n) => n.outputs.includes(id));
  if (!node || !(node.op in VECTORS) || typeof found === "number") return found;
  const place = node.outputs.indexOf(id), axis = VECTORS[node.op]![place];
  const ordered = node.op === "eig"
    ? inOrder(recorded, call, { found, node: node.outputs, results, axis })
    : found;
  return axis === null || axis === undefined || ordered.ndim !== 2 ||
      node.attrs?.mode === "raw"
    ? ordered
    : turned(ordered, decode(call.out![i]!), axis);
}

/** Eigenvalues, or their vectors, in the order in which the values were recorded. */
function inOrder(
  recorded: Case,
  call: RecordedCall,
  { found, node, results, axis }: {
    readonly found: damo.NDArray;
    readonly node: readonly (string | null)[];
    readonly results: readonly (damo.NDArray | number)[];
    readonly axis: number | null | undefined;
  },
): damo.NDArray {
  const at = recorded.outputs.indexOf(node[0] ?? "");
  if (at < 0) return found;
  const order = (values: damo.NDArray) => {
    const flat = [...values.flat()].map(Number);
    return flat.map((_, k) => k).sort((a, b) => flat[a]! - flat[b]!);
  };
  const own = order(results[at] as damo.NDArray),
    theirs = order(decode(call.out![at] as RecordedArray));
  const from: number[] = [];
  theirs.forEach((position, rank) => from[position] = own[rank]!);
  const n = from.length, data = found.flat(), made = data.slice();
  for (let k = 0; k < made.length; k++) {
    made[k] = axis === 1
      ? data[Math.floor(k / n) * n + from[k % n]!]!
      : data[from[k]!]!;
  }
  return new damo.NDArray(found.dtype, found.shape, made as typeof data);
}

/** Each vector with the sign that brings it nearer to the one that was recorded. */
function turned(
  found: damo.NDArray,
  want: damo.NDArray,
  axis: number,
): damo.NDArray {
  if (`${found.shape}` !== `${want.shape}`) return found;
  const [rows, columns] = found.shape as [number, number];
  const data = found.flat(), other = want.flat(), made = data.slice();
  const vectors = axis === 1 ? columns : rows;
  const place = (vector: number, k: number) =>
    axis === 1 ? k * columns + vector : vector * columns + k;
  for (let v = 0; v < vectors; v++) {
    let along = 0;
    for (let k = 0; k < data.length / vectors; k++) {
      along += Number(data[place(v, k)]) * Number(other[place(v, k)]);
    }
    if (along >= 0) continue;
    for (let k = 0; k < data.length / vectors; k++) {
      made[place(v, k)] = -Number(data[place(v, k)]);
    }
  }
  return new damo.NDArray(found.dtype, found.shape, made as typeof data);
}
