/** Elements of an array by index, and arrays with some elements changed: transposes of each other. */
import { STATIC } from "../../graph/length.ts";
import type { Expr, Loops } from "../../graph/loops.ts";
import { allocate, castElement } from "../../graph/dtype.ts";
import { NDArray } from "../../graph/ndarray.ts";
import { describeType } from "../../graph/type.ts";
import type { LoopSite, Variable } from "../../graph/variable.ts";
import { zerosLike } from "../constructors.ts";
import {
  defineOp,
  type Operand,
  type OpFunction,
  type Rules,
} from "../define.ts";
import {
  type IndexParam,
  isArrayEntry,
  positions,
  selectedOffsets,
  selectedShape,
  type SelectionParams,
  selectionView,
  shiftInputs,
} from "./selection.ts";
import { shapedArray } from "../shape/view.ts";
import { point } from "../loop_nest.ts";

/** Parameters of `increment`. */
export interface IncrementParams extends SelectionParams {
  /** Replaces the elements instead of adding to them. */
  readonly set: boolean;
}

/** What both ops that read elements have in common. */
function reading(name: string): Rules<Operand[], SelectionParams> {
  return {
    name,
    arity: -1,
    infer: (inputs, { index }, lengths) => ({
      dtype: inputs[0]!.dtype,
      shape: selectedShape(inputs, index, lengths),
    }),
    eval: (inputs, { index }) => {
      const [x] = inputs,
        shape = selectedShape(
          inputs.map(shapedArray),
          index,
          STATIC,
        ) as number[];
      const offsets = selectedOffsets(inputs, index, shape),
        data = allocate(x!.dtype, offsets.length);
      offsets.forEach((at, i) => data[i] = x!.data[at]!);
      return new NDArray(x!.dtype, shape, data);
    },
    vjp: ({ inputs: [x, ...rest], params: { index } }, g) => [
      increment(zerosLike(x!), g, ...rest, {
        index: shiftInputs(index, 1),
        set: false,
      }),
      ...rest.map(() => null),
    ],
    jvp: ({ inputs: [, ...rest], params: { index } }, [t]) =>
      t ? elementsAt(t, rest, index) : null,
    connects: (
      { index },
    ) => [[true], ...index.flatMap(inputsOf).map(() => [false])],
  };
}

/** Elements by integers and slices; inputs are x, then the 0-d integers that the index names. A view; see `at`. */
export const subtensor: OpFunction<Operand[], SelectionParams> = defineOp<
  Operand[],
  SelectionParams
>({
  ...reading("subtensor"),
  views: [0],
  view: ({ inputs: [x], params: { index } }) =>
    selectionView(index, x!.shape.length),
  mayFail: ({ index }) => index.some((e) => e.kind === "at"),
});

/** Elements by index arrays too; inputs are x, then the arrays and 0-d integers that the index names. See `at`. */
export const advancedSubtensor: OpFunction<Operand[], SelectionParams> =
  defineOp<Operand[], SelectionParams>({
    ...reading("advancedSubtensor"),
    loops: ({ inputs, outputs, params: { index } }) => {
      const [x] = inputs,
        [y] = outputs,
        result = axesOf(y!.shape),
        first = result.length;
      const from = positions(inputs, index, {
        result: (axis) => axis,
        operand: (axis) => first + axis,
      });
      return {
        axes: [
          ...result.map((axis) => ({
            of: "output" as const,
            operand: 0,
            axis,
          })),
          ...axesOf(x!.shape).map((axis) => ({
            of: "input" as const,
            operand: 0,
            axis,
          })),
        ],
        outer: result,
        stages: [{
          kind: "store",
          axes: [],
          output: 0,
          index: result.map(point),
          value: { kind: "load", input: 0, index: from, dtype: x!.dtype },
        }],
        checks: checksOf(index),
      };
    },
    mayFail: true,
  });

/** The elements of x that an index names: a view, unless it holds arrays. */
export function elementsAt(
  x: Operand,
  rest: readonly Operand[],
  index: readonly IndexParam[],
): Variable {
  const op = index.some(isArrayEntry) ? advancedSubtensor : subtensor;
  return op(x, ...rest, { index });
}

/**
 * A copy of x in which the elements that an index names are replaced by y, or
 * have y added to them; inputs are x, y, then what the index names. Where an
 * element is named twice both are added, and the last one replaces.
 */
export const increment: OpFunction<Operand[], IncrementParams> = defineOp<
  Operand[],
  IncrementParams
>({
  name: "incSubtensor",
  arity: -1,
  infer: (inputs, { index }, lengths) => {
    const [x, y, ...rest] = inputs,
      shape = selectedShape([x!, ...rest], shiftInputs(index, -1), lengths);
    if (y!.dtype !== x!.dtype || y!.shape.length !== shape.length) {
      throw new TypeError(
        `Cannot change elements: expected ${
          x!.dtype
        } of ${shape.length} axes, got ${describeType(y!.type)}`,
      );
    }
    shape.forEach((n, axis) =>
      lengths.same(
        n,
        y!.shape[axis]!,
        (n, m) =>
          new RangeError(
            `Cannot change elements: axis ${axis} of the index has length ${n}, of the value ${m}`,
          ),
      )
    );
    return { dtype: x!.dtype, shape: x!.shape };
  },
  eval: ([x, y, ...rest], { index, set }) => {
    const out = x!.copy(), named = shiftInputs(index, -1);
    const shape = selectedShape(
      [out, ...rest].map(shapedArray),
      named,
      STATIC,
    ) as number[];
    const offsets = selectedOffsets([out, ...rest], named, shape),
      from = y!.flat(),
      to = out.data;
    offsets.forEach((at, i) =>
      to[at] = set
        ? from[i]!
        : castElement((to[at] as number) + (from[i] as number), out.dtype)
    );
    return out;
  },
  vjp: ({ inputs: [, y, ...rest], params: { index, set } }, g) => [
    set ? increment(g, zerosLike(y!), ...rest, { index, set }) : g,
    elementsAt(g, rest, shiftInputs(index, -1)),
    ...rest.map(() => null),
  ],
  jvp: ({ inputs: [x, y, ...rest], params }, [s, t]) =>
    s || t
      ? increment(s ?? zerosLike(x!), t ?? zerosLike(y!), ...rest, params)
      : null,
  loops: incrementLoops,
  mayFail: ({ index }) => checksOf(index).length > 0,
  connects: (
    { index },
  ) => [[true], [true], ...index.flatMap(inputsOf).map(() => [false])],
});

/** Every loop runs in order: elements may be named twice. */
function incrementLoops(
  { inputs, params: { index, set } }: LoopSite<IncrementParams>,
): Loops {
  const [x, y, ...rest] = inputs,
    all = axesOf(x!.shape),
    first = all.length,
    changed = axesOf(y!.shape).map((axis) => first + axis);
  const along = (axes: readonly number[]): Expr[] => axes.map(point);
  const at = positions([x!, y!, ...rest], index, {
    result: (axis) => first + axis,
    operand: (axis) => axis,
  });
  return {
    axes: [
      ...all.map((axis) => ({ of: "input" as const, operand: 0, axis })),
      ...changed.map((_, axis) => ({ of: "input" as const, operand: 1, axis })),
    ],
    outer: [],
    stages: [
      {
        kind: "store",
        axes: all,
        output: 0,
        index: along(all),
        value: { kind: "load", input: 0, index: along(all), dtype: x!.dtype },
        copies: 0,
      },
      {
        kind: "store",
        axes: changed,
        output: 0,
        index: at,
        value: {
          kind: "load",
          input: 1,
          index: along(changed),
          dtype: y!.dtype,
        },
        ...(!set && { accumulate: true }),
      },
    ],
    inplace: [0],
    checks: checksOf(index),
  };
}

/** The inputs that hold indices, and the axis of input 0 that each must lie in. */
function checksOf(
  index: readonly IndexParam[],
): { input: number; of: "input"; operand: number; axis: number }[] {
  return index.filter((e) => e.kind !== "new").flatMap((e, axis) => {
    const input = isArrayEntry(e)
      ? e.input
      : e.kind === "at" && typeof e.at === "object"
      ? e.at.input
      : null;
    return input === null ? [] : [{ input, of: "input", operand: 0, axis }];
  });
}

/** Positions of the inputs that an entry names. */
function inputsOf(e: IndexParam): number[] {
  const scalars = e.kind === "at"
    ? [e.at]
    : e.kind === "slice"
    ? [e.start, e.stop]
    : [];
  return isArrayEntry(e)
    ? [e.input]
    : scalars.flatMap((p) => typeof p === "object" ? [p.input] : []);
}

function axesOf(shape: readonly unknown[]): number[] {
  return shape.map((_, axis) => axis);
}
