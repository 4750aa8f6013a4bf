/** The cross-entropy that a user writes as an index: log(p)[arange(n), y], and its gradient. */
import { slice } from "../../graph/indexing.ts";
import { isInteger } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import { at, incSubtensor } from "../../ops/indexing/at.ts";
import { arange } from "../../ops/arange.ts";
import { zerosLike } from "../../ops/constructors.ts";
import {
  crossentropySoftmax1Hot,
  crossentropySoftmax1HotGrad,
} from "../../ops/nnet/crossentropy.ts";
import { broadcastAs } from "../../ops/shape/broadcast_to.ts";
import { dimshuffle } from "../../ops/shape/dimshuffle.ts";
import { mul, neg, sub } from "../../ops/elementwise/elemwise.ts";
import { sum } from "../../ops/reductions/reduce.ts";
import {
  type AxisParams,
  logSoftmax,
  softmax,
} from "../../ops/nnet/softmax.ts";
import type { IndexParam } from "../../ops/indexing/selection.ts";
import {
  advancedSubtensor,
  increment,
  type IncrementParams,
} from "../../ops/indexing/subtensor.ts";
import { sameSpace } from "../axes.ts";
import { isLengthOf } from "../lengths.ts";
import { match, named, type Rule, ruleAt } from "../pattern.ts";
import { fillValue } from "../values.ts";

/** One element of each row, named by an integer. */
export const labels: readonly Rule[] = [
  ruleAt(
    "log_softmax_at_labels",
    [advancedSubtensor],
    {
      equation:
        "logSoftmax(x)[arange(n), y] → -crossentropySoftmax1Hot(x[:n], y)[0]",
    },
    (v) => {
      const [l, ...rest] = v.owner!.inputs as [Variable];
      const x = match([logSoftmax, "x"], l)?.x;
      const chosen = chosenLabels(v.owner!.params.index, rest, 1);
      if (!x || !chosen || !alongRows(l)) return null;
      return neg(crossentropySoftmax1Hot(head(x, chosen.n), chosen.y)[0]!);
    },
  ),
  ruleAt(
    "log_softmax_at_labels_grad",
    [sub],
    {
      equation:
        "G - softmax(x) * sum(G, 1), G = inc(zeros[arange(n), y], g) → inc(zeros[:n], crossentropySoftmax1HotGrad(-g, …))",
    },
    labelsGrad,
  ),
];

/** True for a function of the rows of a matrix. */
function alongRows(v: Variable): boolean {
  return v.ndim === 2 && (v.owner!.params as AxisParams).axis === 1;
}

/** The numbers y, for an index [arange(n), y] whose arrays are `rest`, inputs from `first` on. */
function chosenLabels(
  index: readonly IndexParam[],
  rest: readonly Variable[],
  first: number,
): { readonly n: Variable; readonly y: Variable } | null {
  const [r, c] = index;
  if (index.length !== 2 || r?.kind !== "rows" || c?.kind !== "rows") {
    return null;
  }
  const rows = rest[r.input - first]!, y = rest[c.input - first]!;
  if (rows.owner?.op !== arange.op || y.ndim !== 1 || !isInteger(y.dtype)) {
    return null;
  }
  const [start, step, n] = rows.owner.inputs as [Variable, Variable, Variable];
  return fillValue(start) === 0 && fillValue(step) === 1 ? { n, y } : null;
}

/** The first n rows of x: x itself where it has no more. */
function head(x: Variable, n: Variable): Variable {
  const known = x.type.shape[0]!;
  const whole = typeof known === "number"
    ? fillValue(n) === known
    : isLengthOf(n, x, 0);
  return whole ? x : at(x, slice(0, n));
}

/** The gradient by x of sum(g * logSoftmax(x)[arange(n), y]), as differentiation writes it. */
function labelsGrad(v: Variable): Variable | null {
  const bound = match([sub, "G", [mul, named("p", [softmax, "x"]), [
    dimshuffle,
    [sum, "G"],
  ]]], v);
  if (!bound || bound.G.owner?.op !== increment.op || !alongRows(bound.p)) {
    return null;
  }
  const { G, x } = bound,
    [zeros, g, ...rest] = G.owner!.inputs as [Variable, Variable];
  const { index, set } = G.owner!.params as IncrementParams;
  const chosen = chosenLabels(index, rest, 2);
  if (set || !chosen || fillValue(zeros) !== 0) return null;
  const rows = head(x, chosen.n),
    [, p] = crossentropySoftmax1Hot(rows, chosen.y);
  // An increment may repeat one number for all rows.
  const each = sameSpace(g, chosen.y) ? g : broadcastAs(g, chosen.y);
  const slope = crossentropySoftmax1HotGrad(neg(each), p!, chosen.y);
  return rows === x
    ? slope
    : incSubtensor(at(zerosLike(x), slice(0, chosen.n)), slope);
}
