/** How far two right values of one application may lie apart, and where they lie further. */
import { allocate, type Dtype, isFloat } from "../graph/dtype.ts";
import { type Expr, lengthOfAxis, type Loops } from "../graph/loops.ts";
import { NDArray, sizeOf } from "../graph/ndarray.ts";
import type { Apply, Variable } from "../graph/variable.ts";
import { evaluate, evaluateNode } from "../ops/evaluate.ts";
import { fused } from "../ops/elementwise/fused.ts";

/** One unit in the last place, relative to the value. */
export const EPSILON: { readonly [dtype in Dtype]?: number } = {
  float16: 2 ** -10,
  float32: 2 ** -23,
  float64: 2 ** -52,
};

/** Units that a function of csrc/vector_math.h and its reference may differ by (4 at most, each), with room for a few of them. */
const UNITS = 16;

/** The first element that two values of an application differ in. */
export interface Difference {
  readonly output: number;
  readonly index: readonly number[];
  readonly found: number | bigint;
  readonly expected: number | bigint;
}

/**
 * The first element in which `found` differs from `expected` by more than
 * rounding, or null. The dtypes and shapes must agree.
 *
 * An application that rounds once may be wrong by some units of the element
 * itself. One that rounds on the way (a sum of n terms, a fused expression)
 * may be wrong by 16 + n units of the largest value on the way, and by as many
 * times as the result moves if the operands were rounded otherwise, which also
 * tells where a comparison or `floor` may fall on the other side.
 */
export function firstDifference(
  node: Apply,
  inputs: readonly NDArray[],
  results: {
    readonly found: readonly NDArray[];
    readonly expected: readonly NDArray[];
  },
): Difference | null {
  const loops = loopsOf(node), manySteps = !loops || roundsOnTheWay(loops);
  const units = UNITS +
    (loops ? termsOf(loops, inputs, results.expected) : longest(inputs));
  const found = settled(node, inputs, results.found),
    expected = settled(node, inputs, results.expected);
  let room: Room | null = null;
  for (let output = 0; output < expected.length; output++) {
    const want = expected[output]!, x = found[output]!.flat(), y = want.flat();
    const epsilon = EPSILON[want.dtype] ?? 0;
    for (let i = 0; i < y.length; i++) {
      if (x[i] === y[i]) continue;
      const a = Number(x[i]), b = Number(y[i]);
      if (Number.isNaN(a) && Number.isNaN(b)) continue;
      const apart = Math.abs(a - b);
      if (apart <= units * epsilon * Math.abs(b)) continue;
      if (manySteps) {
        room ??= roomOf(node, inputs, expected);
        const { largest, moved } = room;
        const reach = Math.max(
          ...moved.map((m) => Math.abs(Number(m[output]![i]) - b)),
        );
        if (apart <= units * (epsilon * largest + reach)) continue;
      }
      return {
        output,
        index: indexOf(i, want.shape),
        found: x[i]!,
        expected: y[i]!,
      };
    }
  }
  return null;
}

/** Results without what is a choice among right ones. */
function settled(
  { op, params }: Apply,
  inputs: readonly NDArray[],
  outputs: readonly NDArray[],
): readonly NDArray[] {
  return op.invariants?.(inputs, outputs, params) ?? outputs;
}

/** The length of the longest axis: sums of so many terms make the results of what has no loops. */
function longest(inputs: readonly NDArray[]): number {
  return Math.max(0, ...inputs.flatMap((x) => x.shape));
}

/** What bounds the rounding on the way. */
interface Room {
  /** The largest finite value among operands, results, and what a fused expression has between them. */
  readonly largest: number;
  /** The results for operands that are rounded otherwise. */
  readonly moved: readonly (readonly NDArray["data"][])[];
}

function roomOf(
  node: Apply,
  inputs: readonly NDArray[],
  expected: readonly NDArray[],
): Room {
  const moved = [1, -1].map((sign) =>
    settled(
      node,
      inputs,
      node.op.eval(
        inputs.map((x, k) => nudged(x, k % 2 ? -sign : sign)),
        node.params,
      ),
    ).map((y) => y.flat())
  );
  const values = [...inputs, ...expected, ...between(node, inputs)];
  return { largest: Math.max(0, ...values.map(magnitude)), moved };
}

/** The values inside of a fused expression. */
function between(node: Apply, inputs: readonly NDArray[]): NDArray[] {
  if (node.op !== fused.op) return [];
  const { graph } = node.params as {
    readonly graph: {
      readonly inputs: readonly Variable[];
      readonly outputs: readonly Variable[];
    };
  };
  const seen: NDArray[] = [];
  evaluate(
    graph.outputs,
    new Map(graph.inputs.map((v, i) => [v, inputs[i]!])),
    (node, xs) => {
      const made = evaluateNode(node, xs);
      seen.push(...made);
      return made;
    },
  );
  return seen;
}

/** Every float moved by one unit, neighbours in opposite directions. */
function nudged(x: NDArray, sign: number): NDArray {
  const epsilon = EPSILON[x.dtype];
  if (epsilon === undefined) return x;
  const from = x.flat(), to = allocate(x.dtype, from.length);
  for (let i = 0; i < from.length; i++) {
    to[i] = Number(from[i]) * (1 + (i % 2 ? -sign : sign) * epsilon);
  }
  return new NDArray(x.dtype, x.shape, to);
}

function magnitude(x: NDArray): number {
  if (!isFloat(x.dtype)) return 0;
  let largest = 0;
  for (const v of x.flat() as Float64Array) {
    const size = Math.abs(v);
    if (size > largest && size < Infinity) largest = size;
  }
  return largest;
}

function loopsOf({ op, inputs, outputs, params }: Apply): Loops | null {
  return op.loops?.({
    inputs: inputs.map((v) => v.type),
    outputs: outputs.map((v) => v.type),
    params,
  }) ?? null;
}

/** Whether a result comes of several roundings: of a sum, or of functions of functions. */
function roundsOnTheWay({ stages }: Loops): boolean {
  return stages.some((s) =>
    s.kind === "reduce"
      ? s.combine === "sum" || s.combine === "prod"
      : depth(s.value) > 1 || s.accumulate === true
  );
}

function depth(e: Expr): number {
  switch (e.kind) {
    case "call":
      return 1 + Math.max(0, ...e.args.map(depth));
    case "stage":
      return 1;
    default:
      return 0;
  }
}

/** How many points of the loops go into one element of a result. */
function termsOf(
  { axes }: Loops,
  inputs: readonly NDArray[],
  outputs: readonly NDArray[],
): number {
  const points = axes.reduce(
    (n, a) => n * lengthOfAxis<number>(a, inputs, outputs),
    1,
  );
  return points / Math.max(1, sizeOf(outputs[0]!.shape));
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(flat % shape[axis]!);
    flat = Math.floor(flat / shape[axis]!);
  }
  return index;
}
