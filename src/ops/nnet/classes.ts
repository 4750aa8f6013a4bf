/** Classifiers in Theano's forms: softmax with its biases and losses, in two levels, and what a classifier confuses. */
import { withDefaults } from "../../graph/options.ts";
import type { Variable } from "../../graph/variable.ts";
import { asVariable, asVariables, type Operand } from "../define.ts";
import { add, cast, intDiv, mod, mul } from "../elementwise/elemwise.ts";
import { eq } from "../elementwise/elemwise_logic.ts";
import { arange } from "../arange.ts";
import { zeros } from "../constructors.ts";
import { at } from "../indexing/at.ts";
import { unique } from "../order/unique.ts";
import { sparseBlockDot } from "../products/block_sparse.ts";
import { dot } from "../products/dot.ts";
import { tensordot } from "../products/products.ts";
import { argmax } from "../reductions/argmax.ts";
import { max } from "../reductions/reduce.ts";
import { dimshuffle, expandDims } from "../shape/dimshuffle.ts";
import { join } from "../shape/join.ts";
import { reshape } from "../shape/reshape.ts";
import { shapeAt } from "../shape/shape.ts";
import { crossentropySoftmax1Hot } from "./crossentropy.ts";
import { softmax } from "./softmax.ts";

/** softmax(x + b), for rows x and a vector b. */
export function softmaxWithBias(x: Operand, b: Operand): Variable {
  return softmax(add(x, b));
}

/** crossentropySoftmax1Hot(x + b, y): the losses of rows, and softmax(x + b). */
export function crossentropySoftmax1HotWithBias(
  x: Operand,
  b: Operand,
  y: Operand,
): [losses: Variable, p: Variable] {
  const [losses, p] = crossentropySoftmax1Hot(
    add(x, b),
    asVariable(y),
  ) as readonly Variable[];
  return [losses!, p!];
}

/** The losses of rows of logits x, softmax(x), and each row's largest probability and its class. */
export function crossentropySoftmaxMaxAndArgmax1Hot(
  x: Operand,
  y: Operand,
): [losses: Variable, p: Variable, largest: Variable, chosen: Variable] {
  const v = asVariable(x);
  const [losses, p] = crossentropySoftmax1Hot(
    v,
    asVariable(y),
  ) as readonly Variable[];
  return [losses!, p!, max(p!, { axis: -1 }), argmax(v, { axis: -1 })];
}

/**
 * How often each class was taken for each other: rows are the classes that
 * were right, columns those that were predicted. And the class numbers that
 * occur in either, ascending, to which rows and columns belong.
 *
 * ```ts
 * import { confusionMatrix, function as compile, lvector } from "damo";
 * const y = lvector("y"), p = lvector("p");
 * const [counts, classes] = compile([y, p], confusionMatrix(y, p))([2, 0, 2], [0, 0, 2]);
 * console.log(counts.toArray(), classes.toArray()); // [ [ 1, 0 ], [ 1, 1 ] ] [ 0, 2 ]
 * ```
 */
export function confusionMatrix(
  actual: Operand,
  predicted: Operand,
): [counts: Variable<2>, classes: Variable<1>] {
  const [a, p] = asVariables([actual, predicted]) as [Variable, Variable];
  const classes = unique(join(0, a, p)) as Variable<1>;
  const oneHot = (v: Variable) =>
    cast(eq(expandDims(v, 1), expandDims(classes, 0)), "int64");
  const counts = dot(dimshuffle(oneHot(a), [1, 0]), oneHot(p));
  return [counts as Variable<2>, classes];
}

/** The two levels of a hierarchical softmax. */
export interface HSoftmaxWeights {
  /** Of the first: features by groups. */
  readonly W1: Operand;
  /** One bias a group. */
  readonly b1: Operand;
  /** Of the second: groups by features by classes of a group. */
  readonly W2: Operand;
  /** Biases, groups by classes of a group. */
  readonly b2: Operand;
}

/** How classes are grouped. */
export interface HSoftmaxOptions extends HSoftmaxWeights {
  /** How many classes there are, of all that the groups have room for. */
  readonly classes: number;
  /** The class of each row, of which the probability is wanted; unless given, all are. */
  readonly target?: Operand;
}

/**
 * Softmax in two levels: a row of features chooses a group, and in it a class,
 * numbered group by group. Only the group of `target` is computed where that
 * is given; the result is a vector then, else rows of probabilities. J. Goodman,
 * "Classes for fast maximum entropy training" (2001).
 *
 * ```ts
 * import { hSoftmax, fmatrix, ftensor3, fvector } from "damo";
 * const weights = { W1: fmatrix("W1"), b1: fvector("b1"), W2: ftensor3("W2"), b2: fmatrix("b2") };
 * console.log(hSoftmax(fmatrix("x"), { ...weights, classes: 90 }).ndim); // 2
 * ```
 */
export function hSoftmax(x: Operand, options: HSoftmaxOptions): Variable {
  const { classes, target, ...weights } = withDefaults<
    HSoftmaxOptions,
    Record<keyof HSoftmaxOptions, undefined>
  >("apply hSoftmax", options ?? {}, {
    classes: undefined,
    target: undefined,
    W1: undefined,
    b1: undefined,
    W2: undefined,
    b2: undefined,
  });
  for (const [name, given] of Object.entries({ classes, ...weights })) {
    if (given === undefined) {
      throw new TypeError(`Cannot apply hSoftmax: ${name} is missing`);
    }
  }
  const { W1, b1, W2, b2 } = weights as HSoftmaxWeights;
  const [v, w1, w2, bias] = asVariables([x, W1, W2, b2]) as [
    Variable,
    Variable,
    Variable,
    Variable,
  ];
  const groups = softmax(add(dot(v, w1), b1));
  if (target === undefined) {
    const logits = add(tensordot(v, w2, [[1], [1]]), bias);
    const p = mul(expandDims(groups, 2), softmax(logits));
    return at(reshape(p, [shapeAt(v, 0), -1]), ":", `:${classes}`);
  }
  const y = asVariable(target), size = shapeAt(w2, 2);
  const group = intDiv(y, size), member = mod(y, size);
  const logits = sparseBlockDot(
    dimshuffle(w2, ["x", 0, 1, 2]),
    dimshuffle(v, [0, "x", 1]),
    zeros([shapeAt(v, 0), 1], "int64"),
    bias,
    expandDims(group, 1),
  );
  const rows = arange(shapeAt(v, 0));
  const within = softmax(dimshuffle(logits, [0, 2]));
  return mul(at(groups, rows, group), at(within, rows, member));
}
