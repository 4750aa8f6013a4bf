/** For every rule that is a function, expressions at which it must fire. */
import { tensor } from "../../src/ops/inputs.ts";
import { slice } from "../../src/graph/indexing.ts";
import { Apply, type Variable } from "../../src/graph/variable.ts";
import { considerConstant, gradClip } from "../../src/grad/identities.ts";
import { at, incSubtensor, setSubtensor } from "../../src/ops/indexing/at.ts";
import { broadcastAs, broadcastTo } from "../../src/ops/shape/broadcast_to.ts";
import { arange } from "../../src/ops/arange.ts";
import { constant, zerosLike } from "../../src/ops/constructors.ts";
import { cholesky } from "../../src/ops/linalg/cholesky.ts";
import { det, inv, slogdet, solve } from "../../src/ops/linalg/solve.ts";
import { diagonal } from "../../src/ops/shape/diagonal.ts";
import { dimshuffle, transpose } from "../../src/ops/shape/dimshuffle.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  abs,
  add,
  cast,
  div,
  erfc,
  exp,
  log,
  maximum,
  mul,
  neg,
  pow,
  second,
  sigmoid,
  sqr,
  sub,
} from "../../src/ops/elementwise/elemwise.ts";
import {
  and_,
  eq,
  ge,
  gt,
  isfinite,
  le,
  lt,
  or_,
  where,
} from "../../src/ops/elementwise/elemwise_logic.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import { join, stack } from "../../src/ops/shape/join.ts";
import {
  max,
  min,
  prod,
  restoreAxes,
  sum,
} from "../../src/ops/reductions/reduce.ts";
import { reshape } from "../../src/ops/shape/reshape.ts";
import { shapeAt } from "../../src/ops/shape/shape.ts";
import {
  logSoftmax,
  softmax,
  softmaxGrad,
} from "../../src/ops/nnet/softmax.ts";
import { logsumexp } from "../../src/ops/reductions/statistics.ts";
import { specifyShape } from "../../src/ops/shape/specify_shape.ts";

const x = tensor("float64", [3, 4], "x"), y = tensor("float64", [3, 4], "y");
const open = tensor("float64", [null, null], "open"),
  column = tensor("float64", [null], "column"),
  row = tensor("float64", [1, 4], "row");
const v = tensor("float64", [4], "v"), s = tensor("float64", [], "s");
const single = tensor("float32", [3, 4], "single"),
  i = tensor("int64", [], "i");
const rows3 = tensor("int64", [3], "rows3");
const cube = tensor("float64", [3, 4, 3], "cube"),
  y1 = tensor("float64", [2, 4], "y1"),
  place = tensor("int64", [], "place");
const rowsOf = tensor("float64", [3], "rowsOf");
const truth = tensor("bool", [3, 4], "truth");
const rows = tensor("int64", [2], "rows"),
  square = tensor("float64", [4, 4], "square");

/** An application that asks for a length which the type knows: `shapeAt` would give a constant at once. */
function length(v: Variable, params: { readonly axis: number }): Variable {
  return new Apply(shapeAt.op, [v], params).outputs[0]!;
}

/** The gradient of a loss that picks one element of each row. */
function labelsGrad(x: Variable, g: Variable = at(v, "0:3")): Variable {
  const picked = incSubtensor(at(zerosLike(x), arange(3), rows3), g);
  const total = dimshuffle(sum(picked, { axis: 1 }), [0, "x"]);
  return sub(picked, mul(softmax(x), total));
}

/** The gradient by p = softmax(x) of the logarithm of one element of each row. */
function atLabels(p: Variable): Variable {
  const read = at(p, arange(3), rows3);
  const g = incSubtensor(
    at(zerosLike(p), arange(3), rows3),
    div(at(v, "0:3"), read),
  );
  return softmaxGrad(g, p, { axis: 1 });
}

/** (y - sum(y p)) p for p = softmax(x), in two terms. */
function pulledApart(x: Variable, y: Variable): Variable {
  const p = softmax(x), total = sum(neg(mul(y, p)), { axis: 1 });
  return add(mul(y, p), mul(restoreAxes(total, [1]), p));
}

/** What max(x, 1) passes on where d came for x - max(x, 1). */
function shiftGrad(d: Variable): Variable {
  const largest = restoreAxes(max(x, { axis: 1 }), [1]);
  return where(eq(x, largest), restoreAxes(neg(sum(d, { axis: 1 })), [1]), 0);
}

const logSlope = sub(
  y,
  mul(softmax(x), restoreAxes(sum(y, { axis: 1 }), [1])),
);

/** A diagonal matrix as rules find it: with one array of places. */
function diagonalWith(d: Variable): Variable {
  const n = shapeAt(d, 0), places = arange(n);
  const zeros = broadcastTo(constant(0, { dtype: "float64" }), [n, n]);
  return setSubtensor(at(zeros, places, places), d);
}

const identity4 = constant(
  [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
  { dtype: "float64" },
);

/** The diagonal as rules find it: without the order of axes. */
function mainDiagonal(x: Variable): Variable {
  return new Apply(diagonal.op, [x], { offset: 0 }).outputs[0]!;
}

/** The identity with as many rows as x has. */
function eyeOf(x: Variable): Variable {
  const places = arange(shapeAt(x, 0));
  const same = eq(dimshuffle(places, [0, "x"]), dimshuffle(places, ["x", 0]));
  return cast(same, "float64");
}

/** A matrix far from any that is singular, and one that is positive definite. */
const sound = constant([[4, 1, 0, 1], [1, -5, 2, 0], [0, 1, 3, 1], [
    2,
    0,
    1,
    6,
  ]], {
    dtype: "float64",
  }),
  definite = constant(
    [[4, 1, 0, 1], [1, 5, 2, 0], [0, 2, 3, 1], [1, 0, 1, 6]],
    {
      dtype: "float64",
    },
  );
const factor = cholesky(definite);

/** By name of the rule. */
export const SAMPLES: { readonly [rule: string]: readonly Variable[] } = {
  inverse_of_transpose: [inv(transpose(sound))],
  inverse_to_solve: [
    dot(inv(sound), v),
    dot(inv(sound), transpose(x)),
    dot(x, inv(sound)),
    dot(v, inv(sound)),
    dot(transpose(inv(sound)), v),
  ],
  solve_of_triangle: [
    solve(factor, transpose(x)),
    solve(transpose(factor), v),
    solve(cholesky(definite, { lower: false }), v),
  ],
  det_of_transpose: [det(transpose(sound))],
  det_of_triangle: [det(factor), det(transpose(factor))],
  log_abs_det: [log(abs(det(sound)))],
  log_det: [log(det(sound)), log(det(definite))],
  dot_diagonal: [
    dot(diagonalWith(v), transpose(x)),
    dot(x, diagonalWith(v)),
    dot(diagonalWith(v), v),
    dot(x, identity4),
    dot(identity4, square),
    dot(eyeOf(open), open),
  ],
  inverse_of_diagonal: [inv(diagonalWith(add(3, exp(v))))],
  solve_of_diagonal: [
    solve(diagonalWith(add(3, exp(v))), v),
    solve(diagonalWith(add(3, exp(v))), transpose(x)),
  ],
  diagonal_of_diagonal: [
    mainDiagonal(diagonalWith(v)),
    mainDiagonal(diagonalWith(column)),
    mainDiagonal(eyeOf(open)),
  ],
  diagonal_of_dot: [
    mainDiagonal(dot(x, square)),
    mainDiagonal(dot(transpose(x), y)),
    mainDiagonal(dot(open, square)),
  ],
  index_diagonal: [
    at(square, arange(4), arange(4)),
    at(x, arange(2), arange(2)),
    at(square, arange(1, 4), arange(1, 4)),
  ],
  det_of_diagonal: [det(diagonalWith(v)), det(diagonalWith(column))],
  slogdet_of_diagonal: [
    slogdet(diagonalWith(v))[0],
    slogdet(diagonalWith(column))[1],
  ],
  ifelse_ifelse: [
    ifelse(gt(s, 0), ifelse(gt(s, 0), x, y), neg(x)),
    ifelse(i, x, ifelse(i, y, neg(y))),
  ],
  log_erfc_grad: [
    div(exp(neg(sqr(x))), erfc(x)),
    mul(div(s, erfc(neg(x))), mul(-2, exp(neg(sqr(x))))),
  ],
  index_arange: [
    at(x, arange(2)),
    at(x, ":", arange(1, 4)),
    at(open, arange(shapeAt(open, 0))),
  ],
  gather_multiples: [
    add(mul(2, x), mul(3, x)),
    sub(mul(3, x), x),
    add(x, mul(x, 0.5)),
    sub(neg(x), x),
  ],
  distribute: [
    mul(mul(add(div(x, v), div(y, s)), v), s),
    mul(sub(div(x, v), y), v),
    div(mul(add(div(x, v), div(y, v)), v), s),
  ],
  fold_length: [mul(x, cast(length(x, { axis: 0 }), "float64"))],
  fold_constants: [add(x, exp(constant([1, 2, 3, 4], { dtype: "float64" })))],
  gradient_identities: [add(considerConstant(x), gradClip(y, 0, 1))],
  log_softmax_at_labels: [
    at(logSoftmax(x), arange(3), rows3),
    at(logSoftmax(open), arange(shapeAt(rows3, 0)), rows3),
  ],
  log_softmax_at_labels_grad: [
    labelsGrad(x),
    labelsGrad(open),
    labelsGrad(x, s),
    labelsGrad(x, at(s, null)),
  ],
  ifelse_known: [ifelse(constant(1), x, y), ifelse(constant(false), x, y)],
  and_true: [and_(truth, true), and_(true, truth)],
  or_true: [or_(truth, true)],
  natural_maximum: [maximum(sqr(x), 0), maximum(exp(x), 0)],
  natural_below_zero: [
    lt(length(x, { axis: 0 }), 0),
    gt(0, length(x, { axis: 0 })),
    ge(length(x, { axis: 0 }), 0),
    le(0, add(length(x, { axis: 0 }), 1)),
  ],
  abs_natural: [abs(sqr(x)), abs(softmax(x)), abs(add(exp(x), 1))],
  cast_cast: [
    cast(cast(single, "float64"), "float32"),
    cast(cast(single, "float64"), "int32"),
  ],
  gather_product: [
    mul(2, mul(x, 3)),
    div(mul(x, 2), mul(y, 4)),
    neg(mul(x, 2)),
    mul(neg(x), y),
    mul(x, neg(y)),
    div(mul(3, x), 2),
  ],
  gather_sum: [add(add(x, 1), 2), add(3, add(2, i))],
  sub_constant: [sub(x, 2), sub(i, 1)],
  div_by_power_of_two: [div(x, 4), div(x, -0.5)],
  integer_terms: [sub(mul(add(i, 1), 60), mul(i, 60))],
  second_to_broadcast: [
    second(x, s),
    second(x, y),
    second(x, row),
    second(open, s),
  ],
  broadcast_same: [broadcastTo(x, [3, 4])],
  broadcast_broadcast: [broadcastTo(broadcastTo(v, [1, 4]), [3, 4])],
  fill_cut: [
    add(x, broadcastTo(s, [3, 4])),
    mul(broadcastTo(row, [3, 4]), x),
    mul(open, broadcastAs(s, open)),
  ],
  fill_lift: [
    exp(broadcastTo(v, [3, 4])),
    mul(broadcastTo(s, [3, 4]), broadcastTo(v, [3, 4])),
    mul(s, broadcastAs(s, open)),
  ],
  sum_of_fill: [
    sum(broadcastTo(s, [3, 4])),
    sum(broadcastTo(v, [3, 4]), { axis: 0 }),
    sum(broadcastTo(row, [3, 4]), { axis: 0 }),
    sum(broadcastAs(s, open), { axis: 1 }),
  ],
  shape_of: [
    shapeAt(exp(open), 0),
    shapeAt(dot(open, square), 0),
    shapeAt(exp(at(open, "1:")), 0),
  ],
  dimshuffle_same: [dimshuffle(x, [0, 1]), dimshuffle(row, ["x", 1])],
  dimshuffle_dimshuffle: [
    transpose(transpose(x)),
    dimshuffle(dimshuffle(v, ["x", 0]), [1, "x", 0]),
  ],
  reshape_reshape: [reshape(reshape(x, [12]), [2, 6])],
  reshape_same: [reshape(x, [3, 4]), reshape(open, [shapeAt(open, 0), -1])],
  reshape_dimshuffle: [
    reshape(dimshuffle(x, [0, "x", 1]), [12]),
    reshape(dimshuffle(open, ["x", 0, 1]), [-1]),
  ],
  reshape_lift: [exp(reshape(x, [12])), cast(reshape(open, [-1]), "float32")],
  join_one: [new Apply(join.op, [x], { axis: 0 }).outputs[0]!],
  join_empty: [join(0, x, at(y, "0:0")), join(1, at(x, ":", "0:0"), x, y)],
  reduce_dimshuffle: [
    sum(transpose(x), { axis: 0 }),
    max(dimshuffle(x, [1, "x", 0]), { axis: [0] }),
    sum(dimshuffle(row, [1]), { axis: 0 }),
    prod(dimshuffle(open, ["x", 1, 0])),
    sum(dimshuffle(x, [1, "x", 0]), { axis: 1 }),
  ],
  reduce_reshape: [sum(reshape(x, [12])), max(reshape(open, [-1, 2]))],
  reduce_join: [
    sum(stack([s, s, mul(s, 2)])),
    max(join(1, dimshuffle(v, [0, "x"]), dimshuffle(v, [0, "x"])), { axis: 1 }),
    prod(stack([i, i])),
  ],
  max_neg: [max(neg(x)), min(neg(x), { axis: 1 })],
  log_prod: [log(prod(add(1, exp(x)), { axis: 1 })), log(prod(sigmoid(x)))],
  specify_known: [specifyShape(x, [3, null])],
  reduce_nothing: [sum(row, { axis: 0 }), max(row, { axis: 0 })],
  reduce_reduce: [sum(sum(x, { axis: 1 })), max(max(x, { axis: 0 }))],
  sum_scaled: [
    sum(mul(s, x), { axis: 0 }),
    sum(neg(x)),
    sum(mul(x, 2), { axis: 1 }),
    sum(mul(x, v), { axis: 0 }),
    sum(mul(row, x), { axis: 0 }),
    sum(div(x, add(1, sqr(dimshuffle(rowsOf, [0, "x"])))), { axis: 1 }),
  ],
  index_all: [at(x, ":"), at(x, "0:3", ":")],
  index_one: [
    at(row, 0),
    at(dimshuffle(x, [0, "x", 1]), ":", -1),
    at(dimshuffle(x, ["x", 0, "x", 1]), 0, ":", 0),
  ],
  slice_of_join: [
    at(join(0, x, y), "3:"),
    at(join(0, column, v), slice(shapeAt(column, 0))),
    at(join(0, v, v, column), "4:8"),
  ],
  index_of_join: [
    at(stack([s, mul(s, 2), i]), 1),
    at(join(0, x, y), 4, "1:3"),
  ],
  index_of_elementwise: [
    at(exp(x), 1),
    at(add(x, v), "1:", place),
    at(mul(row, dimshuffle(rowsOf, [0, "x"])), 1, ":2"),
    at(add(s, open), place, "::2"),
    at(cast(single, "float64"), "::-1"),
  ],
  index_of_reduction: [
    at(sum(x, { axis: 1 }), 2),
    at(max(cube, { axis: 1 }), place, "1:"),
    at(sum(cube, { axis: [0, 2] }), "1:"),
  ],
  index_of_dot: [
    at(dot(x, square), 1),
    at(dot(x, square), "1:", place),
    at(dot(x, v), "::2"),
    at(dot(v, square), place),
  ],
  read_of_write: [
    at(setSubtensor(at(x, "1:"), y1), "1:"),
    at(setSubtensor(at(x, place), s), place),
    at(setSubtensor(at(open, 0), v), 0),
    at(incSubtensor(at(x, place, "1:"), s), place, "1:"),
  ],
  write_of_write: [
    setSubtensor(at(setSubtensor(at(x, rows), s), rows), v),
    incSubtensor(at(incSubtensor(at(x, rows), s), rows), v),
    incSubtensor(at(setSubtensor(at(x, place), s), place), v),
  ],
  set_of_sum: [
    setSubtensor(at(x, "1:"), add(at(x, "1:"), v)),
    setSubtensor(at(x, place), sub(at(x, place), v)),
    setSubtensor(at(x, 1), add(s, at(x, 1))),
  ],
  write_all: [
    setSubtensor(at(x, ":"), v),
    incSubtensor(at(x, ":", ":"), v),
    setSubtensor(at(open, ":"), s),
  ],
  exp_over_one_plus_exp: [
    div(exp(x), add(1, exp(x))),
    div(mul(mul(y, 2), exp(x)), add(exp(x), 1)),
    mul(exp(x), sigmoid(neg(x))),
    mul(sigmoid(x), exp(neg(x))),
  ],
  sigmoid_odds: [
    mul(div(y, sigmoid(x)), mul(sigmoid(x), sub(1, sigmoid(x)))),
    mul(
      add(div(y, sigmoid(x)), div(s, sub(1, sigmoid(x)))),
      mul(sigmoid(x), sub(1, sigmoid(x))),
    ),
  ],
  softmax_written_out: [
    div(exp(x), restoreAxes(sum(exp(x), { axis: 1 }), [1])),
    div(exp(x), sum(exp(x), { axis: 0 })),
    div(exp(v), sum(exp(v))),
  ],
  softmax_shifted: [
    softmax(sub(x, restoreAxes(max(x, { axis: 1 }), [1]))),
    logSoftmax(sub(x, max(x, { axis: 0 })), { axis: 0 }),
    softmax(sub(v, where(isfinite(max(v)), max(v), 0))),
  ],
  log_softmax_written_out: [
    sub(x, log(sum(exp(x), { axis: 1, keepdims: true }))),
    sub(x, restoreAxes(log(sum(exp(x), { axis: 1 })), [1])),
    sub(v, log(sum(exp(v)))),
    sub(x, logsumexp(x, { axis: 0, keepdims: true })),
  ],
  softmax_in_product: [
    mul(div(y, restoreAxes(sum(exp(x), { axis: 1 }), [1])), exp(x)),
    mul(exp(x), div(v, sum(exp(x), { axis: 0 }))),
    mul(
      exp(x),
      broadcastAs(restoreAxes(div(rowsOf, sum(exp(x), { axis: 1 })), [1]), x),
    ),
    mul(
      sub(
        div(y, restoreAxes(sum(exp(x), { axis: 1 }), [1])),
        restoreAxes(
          sum(
            neg(mul(y, div(x, restoreAxes(sum(exp(x), { axis: 1 }), [1])))),
            { axis: 1 },
          ),
          [1],
        ),
      ),
      exp(x),
    ),
  ],
  softmax_grad_written_out: [
    mul(
      add(y, restoreAxes(neg(sum(mul(y, softmax(x)), { axis: 1 })), [1])),
      softmax(x),
    ),
    pulledApart(x, y),
    add(add(x, pulledApart(x, y)), s),
    mul(
      softmax(v),
      add(broadcastAs(sum(neg(mul(softmax(v), add(v, s)))), v), add(v, s)),
    ),
  ],
  softmax_grad_of_shift: [
    add(
      softmaxGrad(y, softmax(x), { axis: 1 }),
      shiftGrad(softmaxGrad(y, softmax(x), { axis: 1 })),
    ),
    add(
      add(
        shiftGrad(mul(y, softmax(x))),
        softmaxGrad(y, softmax(x), { axis: 1 }),
      ),
      shiftGrad(
        mul(
          restoreAxes(sum(neg(mul(y, softmax(x))), { axis: 1 }), [1]),
          softmax(x),
        ),
      ),
    ),
    add(logSlope, shiftGrad(logSlope)),
  ],
  log_softmax_grad: [
    softmaxGrad(div(y, softmax(x)), softmax(x), { axis: 1 }),
    softmaxGrad(neg(div(mul(s, y), softmax(x))), softmax(x), { axis: 1 }),
    softmaxGrad(div(1, softmax(v)), softmax(v), { axis: 0 }),
  ],
  log_softmax_grad_at: [
    atLabels(softmax(x)),
    atLabels(softmax(open)),
    softmaxGrad(
      incSubtensor(
        at(zerosLike(x), ":", 1),
        neg(div(at(v, "0:3"), at(softmax(x), ":", 1))),
      ),
      softmax(x),
      { axis: 1 },
    ),
  ],
  log_of_softmax_at: [
    log(at(softmax(x), arange(3), rows3)),
    log(at(softmax(x, { axis: 0 }), "1:", place)),
  ],
  where_fills: [
    where(gt(x, 0), broadcastTo(0, [3, 4]), 0),
    where(gt(open, 0), 2, 2),
  ],
  transpose_of_dot: [transpose(dot(x, square))],
  dot_add: [
    add(dot(x, square), v),
    sub(y, mul(s, dot(x, square))),
    sub(dot(x, square), y),
    sub(v, mul(dot(v, square), 0.5)),
    add(mul(2, dot(x, square)), dot(y, square)),
    sub(y, mul(s, add(dot(x, square), mul(0.1, y)))),
  ],
  increment_of_zeros_added: [
    sub(x, mul(s, incSubtensor(at(zerosLike(x), rows), at(y, rows)))),
    add(incSubtensor(at(zerosLike(x), "1:"), at(y, "1:")), x),
    sub(
      x,
      mul(2, incSubtensor(at(incSubtensor(at(zerosLike(x), rows), s), 1), v)),
    ),
    sub(incSubtensor(at(zerosLike(x), rows), at(y, rows)), y),
  ],
  pow_half: [pow(sqr(x), 0.5), pow(add(abs(x), 1), 0.5)],
  pow_integer: [pow(x, 5), pow(x, 6), pow(x, 12), pow(x, -7)],
  exp_mul_exp: [mul(exp(x), exp(y))],
  one_minus_sigmoid: [sub(1, sigmoid(x))],
  dot_outer: [dot(dimshuffle(v, [0, "x"]), dimshuffle(v, ["x", 0]))],
  pow_minus_half: [pow(add(sqr(x), 1e-8), -0.5)],
};
