/** From one step to all steps: what the body of a loop computes of a row, computed of all rows at once. */
import {
  Apply,
  Constant,
  mayFail,
  type Variable,
} from "../../graph/variable.ts";
import type { Loop } from "../../nested/loop.ts";
import { dimshuffle, transpose } from "../../ops/shape/dimshuffle.ts";
import { dot } from "../../ops/products/dot.ts";
import { SYMBOLIC, type SymbolicLength } from "../../ops/shape/length_graph.ts";
import type { ReduceParams } from "../../ops/reductions/reduce.ts";
import { reshape, type ShapeParams } from "../../ops/shape/reshape.ts";
import type { SelectionParams } from "../../ops/indexing/selection.ts";
import { lengthsOf } from "../../ops/shape/shape.ts";
import {
  type SpecifyParams,
  specifyShape,
} from "../../ops/shape/specify_shape.ts";
import {
  advancedSubtensor,
  elementsAt,
  subtensor,
} from "../../ops/indexing/subtensor.ts";
import { orderOf, sameSpace } from "../axes.ts";
import { WHOLE } from "../rules/lifting.ts";
import { isReduction, reduced } from "../rules/reductions.ts";

/** A value of each step: along the first axis, the last step first if `backwards`. */
export interface Along {
  readonly value: Variable;
  readonly backwards: boolean;
}

/** True for what only looks at a row in another way. */
function isView(node: Apply, moving: readonly Variable[]): boolean {
  return node.op === dimshuffle.op || node.op === reshape.op ||
    node.op === specifyShape.op ||
    node.op === subtensor.op && moving.includes(node.inputs[0]!);
}

/** Which applications of a body could run over all steps at once. Nodes are added inputs first. */
export class Lifting {
  /** Values of each step that need sequences only, and whether those are read backwards. */
  readonly #moving = new Map<Variable, boolean>();
  /** The same in each step, and safe to compute where no step runs. */
  readonly #fixed = new Set<Variable>();
  /** Those of the moving ones that are more than another look at a row. */
  readonly #work = new Set<Variable>();
  constructor(loop: Loop) {
    for (const { vars, backwards } of loop.sequences) {
      vars.forEach((v) => this.#moving.set(v, backwards));
    }
    loop.nonSequences.forEach((s) => this.#fixed.add(s.inner));
  }

  /** Notes what an application is. */
  add(node: Apply): void {
    const [y] = node.outputs;
    if (!y || node.outputs.length > 1 || node.op.ordered) return;
    const moving = node.inputs.filter((v) => this.#moving.has(v));
    if (moving.length === 0) {
      if (isSafe(node) && node.inputs.every((v) => this.#isFixed(v))) {
        this.#fixed.add(y);
      }
      return;
    }
    const directions = new Set(moving.map((v) => this.#moving.get(v)!));
    const rest = node.inputs.filter((v) => !this.#moving.has(v));
    if (directions.size > 1 || !rest.every((v) => this.#isFixed(v))) return;
    const at = node.inputs.map((v) => this.#moving.has(v));
    if (!canLift(node, at)) return;
    this.#moving.set(y, [...directions][0]!);
    const view = isView(node, moving);
    if (!view || moving.some((v) => this.#work.has(v))) this.#work.add(y);
  }

  #isFixed(v: Variable): boolean {
    return v instanceof Constant || this.#fixed.has(v);
  }

  /** True if the application could run over all steps at once. */
  moves(node: Apply): boolean {
    return this.#moving.has(node.outputs[0]!);
  }

  /** True if that would save each step some work. */
  works(node: Apply): boolean {
    return this.#work.has(node.outputs[0]!);
  }
}

/** True for what may be computed where no step runs. */
export function isSafe(node: Apply): boolean {
  return !mayFail(node) &&
    (node.op.scalar !== undefined || node.op === dimshuffle.op);
}

/** Whether `lift` knows the form of an application whose inputs at `moving` change from step to step. */
export function canLift(
  node: Apply,
  moving: readonly boolean[],
): boolean {
  const [x, y] = node.inputs as [Variable, Variable], z = node.outputs[0]!;
  if (
    z.type.kind !== "dense" || node.inputs.some((v) => v.type.kind !== "dense")
  ) {
    return false;
  }
  switch (node.op) {
    case dimshuffle.op:
      return true;
    case reshape.op:
    case specifyShape.op:
      return moving.indexOf(true, 1) < 0;
    case dot.op:
      return moving[0] !== moving[1] && (moving[0] ? x : y).ndim > 0;
    case subtensor.op:
    case advancedSubtensor.op: {
      const { index } = node.params as SelectionParams, [e] = index;
      if (moving[0]) {
        return moving.indexOf(true, 1) < 0 &&
          index.every((e) => e.kind === "slice");
      }
      return moving[1]! && index.length === 1 &&
        (e!.kind === "rows" || e!.kind === "along" || e!.kind === "at");
    }
    default:
      if (isReduction(node)) return !mayFail(node);
      // As large as an operand that moves: or the rows would take more memory than what they come from.
      return node.op.scalar !== undefined && !mayFail(node) &&
        node.inputs.some((v, i) => moving[i] && sameSpace(v, z));
  }
}

/** An application over all steps: moving inputs as `along` has them, the others as `outside` makes them. */
export function lift(
  node: Apply,
  along: ReadonlyMap<Variable, Along>,
  outside: (v: Variable) => Variable,
): Along {
  const inputs = node.inputs.map((v) => along.get(v)?.value ?? outside(v));
  const moving = node.inputs.map((v) => along.has(v));
  const { backwards } = along.get(node.inputs[moving.indexOf(true)]!)!;
  return { value: lifted(node, inputs, moving), backwards };
}

function lifted(
  node: Apply,
  inputs: readonly Variable[],
  moving: readonly boolean[],
): Variable {
  const [x, y, ...more] = inputs as [Variable, Variable, ...Variable[]];
  switch (node.op) {
    case dimshuffle.op:
      return dimshuffle(x, [
        0,
        ...orderOf(node.outputs[0]!)!.map((axis) =>
          axis === "x" ? axis : axis + 1
        ),
      ]);
    case reshape.op:
      return reshapeRows(x, [y, ...more], node.params as ShapeParams);
    case specifyShape.op: {
      const { shape } = node.params as SpecifyParams, fixed = [y, ...more];
      return specifyShape(x, [
        null,
        ...shape.map((n) =>
          n !== null && typeof n === "object" ? fixed[n.input - 1]! : n
        ),
      ]);
    }
    case dot.op:
      return moving[0] ? rowsDot(x, y) : dotRows(x, y);
    case subtensor.op:
    case advancedSubtensor.op:
      if (moving[0]) {
        const { index } = node.params as SelectionParams;
        return elementsAt(x, inputs.slice(1), [WHOLE, ...index]);
      }
      return advancedSubtensor(x, y, { index: [{ kind: "rows", input: 1 }] });
    default: {
      if (isReduction(node)) {
        const { axes } = node.params as ReduceParams;
        return reduced(node, x, axes.map((axis) => axis + 1));
      }
      const { ndim } = node.outputs[0]!;
      const padded = inputs.map((v, i) =>
        moving[i] && v.ndim < ndim + 1
          ? dimshuffle(v, [
            0,
            ...Array<"x">(ndim + 1 - v.ndim).fill("x"),
            ...Array.from({ length: v.ndim - 1 }, (_, axis) => axis + 1),
          ])
          : v
      );
      return new Apply(node.op, padded, node.params).outputs[0]!;
    }
  }
}

/** Each row in another shape. */
function reshapeRows(
  x: Variable,
  lengths: readonly Variable[],
  { shape }: ShapeParams,
): Variable {
  const { mul, floorDiv } = SYMBOLIC, [n, ...row] = lengthsOf(x);
  const dims = shape.map((p) =>
    typeof p === "number" ? p : lengths[p!.input - 1]!
  );
  const product = (factors: readonly SymbolicLength[]) =>
    factors.reduce((a, b) => mul(a, b) as SymbolicLength, 1 as SymbolicLength);
  const named = product(dims.filter((d) => d !== -1));
  const open = () => floorDiv(product(row), named) as SymbolicLength;
  return reshape(x, [n!, ...dims.map((d) => d === -1 ? open() : d)]);
}

/** dot(x[t], W) for all t: the rows of matrices one below the other. */
function rowsDot(x: Variable, w: Variable): Variable {
  if (x.ndim === 2) return dot(x, w);
  const [n, m] = lengthsOf(x) as [SymbolicLength, SymbolicLength];
  const product = dot(rowsBelow(x), w);
  return reshape(product, [n, m, ...lengthsOf(product).slice(1)]);
}

/** dot(W, x[t]) for all t, which is the transpose of dot(x[t]ᵀ, Wᵀ). */
function dotRows(w: Variable, x: Variable): Variable {
  const right = w.ndim === 2 ? transpose(w) : w;
  if (x.ndim === 2) return dot(x, right);
  const product = rowsDot(transpose(x, [0, 2, 1]), right);
  return product.ndim === 3 ? transpose(product, [0, 2, 1]) : product;
}

/** Matrices along the first axis as one matrix, one below the other. */
export function rowsBelow(x: Variable): Variable {
  const [n, m, k] = lengthsOf(x) as [
    SymbolicLength,
    SymbolicLength,
    SymbolicLength,
  ];
  return reshape(x, [SYMBOLIC.mul(n, m) as SymbolicLength, k]);
}
