/** Merging: equal applications become one node, equal constants one variable. */
import { NDArray } from "../graph/ndarray.ts";
import { describeType } from "../graph/type.ts";
import {
  type Apply,
  Constant,
  SharedVariable,
  Variable,
} from "../graph/variable.ts";
import { remake, toposort } from "../graph/walk.ts";

/** Remembers every node and constant it has seen, and answers an equal one with the first. */
export interface Interner {
  /** The application of `like`'s op and parameters to these inputs. Ordered ops are never merged. */
  apply(like: Apply, inputs: readonly Variable[]): Apply;
  constant(c: Constant): Constant;
  /** The creation id of the first application that this one stands for. */
  age(node: Apply): number;
}

/** An interner that has seen nothing. */
export function interner(): Interner {
  const nodes = new Map<string, Apply>(), known = new Set<Apply>();
  const constants = new Map<string, Constant[]>();
  const ages = new Map<Apply, number>();
  const age = (node: Apply) => ages.get(node) ?? node.id;
  return {
    age,
    apply(like, inputs) {
      const same = inputs.every((v, i) => v === like.inputs[i]);
      if (same && known.has(like)) return like;
      const key = like.op.ordered ? null : keyOf(like, inputs);
      const node = key === null ? undefined : nodes.get(key);
      if (node) return node;
      const made = same ? like : remake(like, inputs);
      if (key !== null) nodes.set(key, made);
      if (made !== like) ages.set(made, age(like));
      known.add(made);
      return made;
    },
    constant(c) {
      const key = sketch(c.data), bucket = constants.get(key) ?? [];
      const found = bucket.find((d) => d === c || sameBits(c.data, d.data));
      if (found) return found;
      constants.set(key, [...bucket, c]);
      return c;
    },
  };
}

function keyOf(node: Apply, inputs: readonly Variable[]): string {
  let key = opKey(node);
  for (const v of inputs) key += `,${v.id}`;
  return key;
}

/** Equal for applications of one op with equal parameters. */
export function opKey({ op, params }: Pick<Apply, "op" | "params">): string {
  return `${numberOf(op)}:${paramsKey(params)}`;
}

const numbers = new WeakMap<object, number>();
let count = 0;

/** A number of its own for each object. */
function numberOf(x: object): number {
  let n = numbers.get(x);
  if (n === undefined) numbers.set(x, n = count++);
  return n;
}

const keys = new WeakMap<object, string>();

/** Parameters as text: equal parameters, equal text. Graphs inside them count by structure, not by identity. */
export function paramsKey(params: unknown): string {
  if (typeof params !== "object" || params === null) return encode(params);
  const before = keys.get(params);
  if (before !== undefined) return before;
  const key = encode(params);
  keys.set(params, key);
  return key;
}

function encode(
  x: unknown,
  names: Map<Variable, string> = new Map(),
): string {
  if (x instanceof Variable) return encodeGraph(x, names);
  if (x instanceof NDArray) {
    return `${x.dtype}[${x.shape}]:${[...x.flat()].map(exactly).join()}`;
  }
  if (Array.isArray(x)) return `[${x.map((y) => encode(y, names)).join()}]`;
  if (typeof x === "object" && x !== null) {
    const entries = Object.entries(x).filter(([, y]) => y !== undefined);
    entries.sort(([a], [b]) => a < b ? -1 : 1);
    return `{${entries.map(([k, y]) => `${k}:${encode(y, names)}`).join()}}`;
  }
  if (typeof x === "function") return `function ${numberOf(x)}`;
  return typeof x === "string" ? JSON.stringify(x) : exactly(x);
}

/** A graph inside parameters: the nodes not told yet, then the name of `v`. */
function encodeGraph(v: Variable, names: Map<Variable, string>): string {
  let text = "";
  const name = (u: Variable): string => {
    const before = names.get(u);
    if (before) return before;
    const made = u instanceof SharedVariable
      ? `shared ${u.id}`
      : u instanceof Constant
      ? `constant ${encode(u.data)}`
      : `v${names.size}`;
    names.set(u, made);
    if (made[0] === "v") text += `${made}:${describeType(u.type)};`;
    return made;
  };
  for (const node of toposort([v], (u) => names.has(u))) {
    const inputs = node.inputs.map(name).join();
    node.outputs.forEach((y, i) => {
      const made = `v${names.size}`;
      names.set(y, made);
      text += `${made}=${numberOf(node.op)}.${i}(${inputs})${
        paramsKey(node.params)
      };`;
    });
  }
  return text + name(v);
}

/** A primitive as text that tells -0 from 0 and a bigint from a number. */
function exactly(x: unknown): string {
  if (typeof x === "bigint") return `${x}n`;
  return Object.is(x, -0) ? "-0" : String(x);
}

/** Enough of a constant to tell most apart. */
function sketch(a: NDArray): string {
  const some = a.contiguous
    ? a.data.subarray(a.offset, a.offset + Math.min(8, a.size))
    : a.flat().subarray(0, 8);
  return `${a.dtype}[${a.shape}]${[...some].map(exactly).join()}`;
}

/** True if both hold the same dtype, shape and bytes. */
function sameBits(a: NDArray, b: NDArray): boolean {
  if (a === b) return true;
  if (a.dtype !== b.dtype || a.ndim !== b.ndim) return false;
  if (a.shape.some((n, i) => n !== b.shape[i])) return false;
  const x = bytesOf(a), y = bytesOf(b);
  return x.every((byte, i) => byte === y[i]);
}

function bytesOf(a: NDArray): Uint8Array {
  const flat = a.flat();
  return new Uint8Array(flat.buffer, flat.byteOffset, flat.byteLength);
}
