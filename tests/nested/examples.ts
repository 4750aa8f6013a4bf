/** Loops with values worked out by hand: run by the reference here, by every linker in tests/run. */
import { array, type NDArray, type Nested } from "../../src/graph/ndarray.ts";
import type { SharedVariable, Variable } from "../../src/graph/variable.ts";
import { grad } from "../../src/grad/grad.ts";
import { Rop } from "../../src/grad/rop.ts";
import { foldl, foldr, map, reduce } from "../../src/nested/fold.ts";
import { hessian, jacobian } from "../../src/nested/jacobian.ts";
import { scan } from "../../src/nested/scan.ts";
import { until } from "../../src/nested/step.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { arange } from "../../src/ops/arange.ts";
import { shared } from "../../src/ops/constructors.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  add,
  cast,
  div,
  maximum,
  mul,
  sqr,
  sub,
} from "../../src/ops/elementwise/elemwise.ts";
import { ge, gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import {
  dmatrix,
  dscalar,
  dvector,
  lscalar,
  lvector,
} from "../../src/ops/inputs.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";

/** A graph, and what comes out for each list of values. */
export interface Example {
  readonly inputs: readonly Variable[];
  readonly outputs: readonly Variable[];
  readonly updates?: ReadonlyMap<SharedVariable, Variable>;
  /** Calls, one after the other. */
  readonly calls:
    readonly (readonly [given: readonly Nested[], wanted: readonly Nested[]])[];
}

/** A value of an input. */
export function valueOf(v: Variable, given: Nested): NDArray {
  const rows = given as readonly unknown[];
  const empty = v.ndim > 0 && rows.length === 0;
  return empty
    ? array([], {
      dtype: v.dtype,
      shape: [0, ...v.type.shape.slice(1).map((d) => Number(d ?? 2))],
    })
    : array(given, { dtype: v.dtype });
}

/** The gradient of a scalar. */
function slope(y: Variable, ...wrt: Variable[]): Variable[] {
  return [...grad(y as Variable<0>, wrt)];
}

const double = (x: number) => array(x, { dtype: "float64" });

/** Each makes its graph anew: some have shared variables. */
export const EXAMPLES: { readonly [name: string]: () => Example } = {
  "powers of a matrix: a state and a non-sequence": () => {
    const A = dvector("A"), k = lscalar("k");
    const [powers] = scan((p, A) => mul(p, A), {
      outputsInfo: [{ initial: array([1, 1], { dtype: "float64" }) }],
      nonSequences: A,
      nSteps: k,
    });
    return {
      inputs: [A, k],
      outputs: [powers],
      calls: [
        [[[2, 3], 3], [[[2, 3], [4, 9], [8, 27]]]],
        [[[2, 3], 1], [[[2, 3]]]],
      ],
    };
  },
  "a polynomial: sequences of different lengths are clipped": () => {
    const c = dvector("c"), x = dscalar("x");
    const [terms] = scan(
      (c, power, x) => mul(c, mul(cast(power, "float64"), x)),
      {
        sequences: [c, arange(1000)],
        nonSequences: x,
      },
    );
    return {
      inputs: [c, x],
      outputs: [terms, sum(terms)],
      calls: [[[[1, 5, 2], 3], [[0, 15, 12], 27]], [[[], 3], [[], 0]]],
    };
  },
  "taps of sequences and states come in the order given": () => {
    const x = dvector("x"), start = dvector("start");
    const [digits] = scan(
      (next, now, before, last, old) =>
        add(
          mul(10000, next),
          add(mul(1000, now), add(mul(100, before), add(mul(10, last), old))),
        ),
      {
        sequences: { input: x, taps: [1, 0, -1] },
        outputsInfo: { initial: start, taps: [-1, -3] },
        nSteps: 1,
      },
    );
    return {
      inputs: [x, start],
      outputs: [digits],
      calls: [[[[1, 2, 3, 4], [7, 8, 9]], [[32197]]]],
    };
  },
  "Fibonacci: two taps; the initial value may have rows to spare": () => {
    const start = lvector("start");
    const [f] = scan((a, b) => add(a, b), {
      outputsInfo: { initial: start, taps: [-2, -1] },
      nSteps: 6,
    });
    return {
      inputs: [start],
      outputs: [f],
      calls: [[[[0, 1]], [[1, 2, 3, 5, 8, 13]]], [[[0, 1, 99]], [[
        1,
        2,
        3,
        5,
        8,
        13,
      ]]]],
    };
  },
  "goBackwards reads sequences from their ends": () => {
    const x = dvector("x");
    const [a, b] = [[0], [-1, 0]].map((taps) =>
      scan(
        (...xs) => [
          xs.slice(0, taps.length).reduce((p, q) => add(mul(10, p), q)),
        ],
        {
          sequences: { input: x, taps },
          goBackwards: true,
        },
      )[0]
    );
    return {
      inputs: [x],
      outputs: [...a!, ...b!],
      calls: [[[[1, 2, 3]], [[3, 2, 1], [32, 21]]]],
    };
  },
  "several outputs keep their places, fed back or not": () => {
    const x = dvector("x");
    const [[twice, total, copy, count]] = scan(
      (x, s, n) => [mul(2, x), add(s, x), x, add(n, 1)],
      { sequences: x, outputsInfo: [null, 0, null, { initial: 10 }] },
    );
    return {
      inputs: [x],
      outputs: [twice, total, copy, count],
      calls: [[[[1, 2, 3]], [[2, 4, 6], [1, 3, 6], [1, 2, 3], [11, 12, 13]]]],
    };
  },
  "until keeps the step that ends the loop": () => {
    const limit = dscalar("limit"), x = dvector("x");
    const [powers] = scan(
      (p, limit) => [mul(p, 2), until(gt(mul(p, 2), limit))],
      {
        outputsInfo: 1,
        nonSequences: limit,
        nSteps: 1024,
      },
    );
    const [sums] = scan((x, s) => [add(x, s), until(ge(add(x, s), 5))], {
      sequences: x,
      outputsInfo: 0,
    });
    return {
      inputs: [limit, x],
      outputs: [powers, sums],
      calls: [[[20, [1, 2, 3, 4]], [[2, 4, 8, 16, 32], [1, 3, 6]]], [[1, [9]], [
        [2],
        [9],
      ]]],
    };
  },
  "zero steps: shapes are known, the body never runs": () => {
    const x = dmatrix("x"), s = dvector("s"), W = dmatrix("W");
    const [[h, y]] = scan((x, h) => [add(h, at(x, 0)), dot(x, W)], {
      sequences: x,
      outputsInfo: [s, null],
    });
    const wrt = [x, s, W];
    const cost = add(sum(sqr(h)), sum(y));
    return {
      inputs: wrt,
      outputs: [h, y, ...slope(cost, ...wrt)],
      calls: [[
        [[], [1, 2, 3], [[1, 2, 3], [4, 5, 6]]],
        [[], [], [], [0, 0, 0], [[0, 0, 0], [0, 0, 0]]],
      ]],
    };
  },
  "updates of shared variables inside a loop": () => {
    const total = shared(double(1) as never, { name: "total" }),
      n = lscalar("n");
    const [before, updates] = scan(
      () => [total, new Map([[total, mul(total, 2)]])],
      { nSteps: n },
    );
    return {
      inputs: [n],
      outputs: [before],
      updates,
      calls: [[[3], [[1, 2, 4]]], [[0], [[]]], [[2], [[8, 16]]]],
    };
  },
  "a default update runs in each step": () => {
    const count = shared(double(5) as never, { name: "count" });
    count.defaultUpdate = add(count, 1);
    const [values, updates] = scan(() => mul(count, 10), { nSteps: 3 });
    return {
      inputs: [],
      outputs: [values],
      updates,
      calls: [[[], [[50, 60, 70]]], [[], [[80, 90, 100]]]],
    };
  },
  "a loop in a loop uses variables of both and of neither": () => {
    const X = dmatrix("X"), a = dscalar("a");
    const [rows] = scan((row, total) => {
      const [inner] = scan((x, s) => add(mul(s, a), add(x, total)), {
        sequences: row,
        outputsInfo: 0,
      });
      return at(inner, -1);
    }, { sequences: X, outputsInfo: 1 });
    // s = x0 + t; then 2 s + x1 + t.
    return {
      inputs: [X, a],
      outputs: [rows],
      calls: [[[[[1, 2], [3, 4]], 2], [[7, 31]]]],
    };
  },
  "map, reduce, foldl and foldr": () => {
    const x = dvector("x"), b = dscalar("b");
    const [squares] = map((x, b) => add(sqr(x), b), x, b);
    const [most] = reduce((x, m, b) => maximum(mul(x, b), m), x, -100, b);
    const [left] = foldl((x, s) => sub(s, div(x, 2)), x, 0),
      [right] = foldr((x, s) => sub(x, s), x, 0);
    return {
      inputs: [x, b],
      outputs: [squares, most, left, right],
      calls: [
        [[[1, 5, 2], 10], [[11, 35, 14], 50, -4, -2]],
        // Without rows, what it starts from.
        [[[], 10], [[], -100, 0, 0]],
      ],
    };
  },
  "reduce of several values with past rows": () => {
    const x = dvector("x"), past = dvector("past");
    const [[s, twice]] = reduce(
      (x, a, b) => [add(x, add(mul(10, a), mul(100, b))), mul(2, x)],
      x,
      [
        { initial: past, taps: [-1, -2] },
        null,
      ],
    );
    return {
      inputs: [x, past],
      outputs: [s, twice],
      calls: [[[[1, 2], [3, 4]], [10 * 341 + 400 + 2, 4]]],
    };
  },
  "the gradient of a linear recurrence": () => {
    // s[t] = a s[t-1] + x[t].
    const x = dvector("x"), s = dscalar("s"), a = dscalar("a");
    const [states] = scan((x, s) => add(mul(a, s), x), {
      sequences: x,
      outputsInfo: s,
    });
    const last = at(states, -1);
    const first = slope(last, x, s, a);
    return {
      inputs: [x, s, a],
      outputs: [
        ...first,
        ...slope(first[2]!, x, s, a),
        ...slope(slope(first[2]!, a)[0]!, s),
      ],
      // s3 = a³s + a²x0 + a x1 + x2.
      calls: [[[[1, 2, 3], 5, 2], [
        [4, 2, 1],
        8,
        3 * 4 * 5 + 4 + 2,
        [4, 1, 0],
        12,
        6 * 2 * 5 + 2,
        12,
      ]]],
    };
  },
  "a truncated gradient sees the last steps only": () => {
    const x = dvector("x"), s = dscalar("s"), a = dscalar("a");
    const [states] = scan((x, s) => add(mul(a, s), x), {
      sequences: x,
      outputsInfo: s,
      truncateGradient: 2,
    });
    return {
      inputs: [x, s, a],
      outputs: slope(at(states, -1), x, s, a),
      calls: [
        // ds4/da of two steps: s3 + a s2.
        [[[1, 2, 3, 4], 5, 2], [[0, 0, 2, 1], 0, 51 + 2 * 24]],
        [[[1], 5, 2], [[1], 2, 5]],
      ].map(([given, wanted]) => [given, wanted] as never),
    };
  },
  "the gradient of until stops where the loop did": () => {
    const x = dvector("x"), a = dscalar("a");
    const [s] = scan((x, s) => {
      const next = add(mul(a, s), x);
      return [next, until(gt(next, 9))];
    }, { sequences: x, outputsInfo: 1 });
    const g = slope(sum(s), x, a);
    return {
      inputs: [x, a],
      outputs: [s, ...g, ...slope(g[1]!, a)],
      // s = 1, then 2 + 1, 2·3 + 4: the sum is a + x0 + a² + a x0 + x1.
      calls: [[[[1, 4, 7, 7], 2], [[3, 10], [3, 1, 0, 0], 1 + 4 + 1, 2]]],
    };
  },
  "gradients of taps go to the rows they came from": () => {
    const x = dvector("x"), past = dvector("past");
    const [y] = scan(
      (a, b, s, t) => add(mul(a, b), add(mul(2, s), mul(3, t))),
      {
        sequences: { input: x, taps: [0, 2] },
        outputsInfo: { initial: past, taps: [-1, -3] },
        nSteps: 2,
      },
    );
    return {
      inputs: [x, past],
      outputs: [y, ...slope(sum(y), x, past)],
      // y0 = x0 x2 + 2 p2 + 3 p0, y1 = x1 x3 + 2 y0 + 3 p1; x4 and p3 are to spare.
      calls: [[[[1, 2, 3, 4, 5], [1, 1, 1, 1]], [[8, 27], [9, 4, 3, 2, 0], [
        9,
        3,
        6,
        0,
      ]]]],
    };
  },
  "the gradient of the last value passes zero steps": () => {
    const x = dvector("x"), s = dscalar("s");
    const [y] = reduce((x, s) => mul(x, s), x, s);
    return {
      inputs: [x, s],
      outputs: [y, ...slope(sqr(y), x, s)],
      calls: [[[[], 3], [3, [], 6]], [[[2], 3], [6, [36], 24]]],
    };
  },
  "the gradient of shared variables that a loop updates": () => {
    const w = shared(double(3) as never, { name: "w" }), x = dvector("x");
    const [products, updates] = scan(
      (x) => [mul(x, w), new Map([[w, mul(w, x)]])],
      { sequences: x },
    );
    return {
      inputs: [x],
      outputs: [
        products,
        ...slope(updates.get(w)!, x, w),
        ...slope(sum(products), w),
      ],
      calls: [[[[2, 5]], [[6, 30], [15, 6], 10, 12]]],
    };
  },
  "integers have no gradient, what they multiply has": () => {
    const i = lvector("i"), x = dscalar("x");
    const [y] = scan(
      (i, n, s) => [add(n, i), add(s, mul(cast(n, "float64"), x))],
      {
        sequences: i,
        outputsInfo: [array(1, { dtype: "int64" }), 0],
      },
    );
    return {
      inputs: [i, x],
      outputs: [y[1], ...slope(at(y[1], -1), x, i)],
      calls: [[[[1, 2, 3], 10], [[10, 30, 70], 7, [0, 0, 0]]]],
    };
  },
  "a gradient stays lazy behind an ifelse of a step": () => {
    const x = dvector("x"), i = lscalar("i"), table = dvector("table");
    // Only a step with x > 0 looks the table up.
    const [y] = scan((x) => ifelse(gt(x, 0), mul(x, at(table, i)), mul(2, x)), {
      sequences: x,
    });
    return {
      inputs: [x, i, table],
      outputs: slope(sum(y), x, table),
      calls: [
        [[[1, -1], 1, [5, 7]], [[7, 2], [0, 1]]],
        [[[-1, -1], 9, [5, 7]], [[2, 2], [0, 0]]],
      ],
    };
  },
  "an output that is there twice, or is a tap itself": () => {
    const x = dvector("x");
    const [[a, b, c, d]] = scan((x, s) => {
      const next = add(s, x);
      return [next, next, x, s];
    }, { sequences: x, outputsInfo: [0, null, null, null] });
    const cost = [a, mul(2, b), mul(3, c), mul(4, d)]
      .map((y) => sum(y) as Variable).reduce((a, b) => add(a, b));
    return {
      inputs: [x],
      outputs: [a, b, c, d, ...slope(cost, x)],
      calls: [[[[1, 2]], [[1, 3], [1, 3], [1, 2], [0, 1], [13, 6]]]],
    };
  },
  "truncation, until and taps together": () => {
    const x = dvector("x"), past = dvector("past");
    const [near, far] = [1, 9].map((truncateGradient) =>
      scan((x, s, t) => {
        const next = add(x, add(mul(2, s), mul(3, t)));
        return [next, until(gt(next, 20))];
      }, {
        sequences: x,
        outputsInfo: { initial: past, taps: [-1, -2] },
        truncateGradient,
      })[0]
    );
    return {
      inputs: [x, past],
      outputs: [
        near!,
        ...slope(at(near!, -1), x, past),
        ...slope(at(far!, -1), x, past),
      ],
      // 1 + 2 + 3, then 2 + 12 + 3, then 3 + 34 + 18; the last is x2 + 2 x1 + 7 x0 + 20 p1 + 21 p0.
      calls: [[[[1, 2, 3, 4], [1, 1]], [[6, 17, 55], [0, 0, 1, 0], [0, 0], [
        7,
        2,
        1,
        0,
      ], [21, 20]]]],
    };
  },
  "Rop and gradient of a loop in a loop": () => {
    const X = dmatrix("X"), a = dscalar("a");
    const [rows] = map((row) => {
      const [powers] = scan((x, p) => mul(mul(p, x), a), {
        sequences: row,
        outputsInfo: 1,
      });
      return at(powers, -1);
    }, X);
    return {
      inputs: [X, a],
      outputs: [
        rows,
        ...slope(sum(rows), X, a),
        Rop(rows, a, 1),
        Rop(rows, X, at(X, "::-1")),
      ],
      // Each row is a² x0 x1.
      calls: [[[[[2, 3], [4, 5]], 10], [
        [600, 2000],
        [[300, 200], [500, 400]],
        2 * 10 * 26,
        [120, 400],
        [100 * (4 * 3 + 2 * 5), 100 * (2 * 5 + 4 * 3)],
      ]]],
    };
  },
  "Jacobian and Hessian": () => {
    const x = dvector("x"), y = dvector("y"), cost = sum(mul(sqr(x), y));
    return {
      inputs: [x, y],
      outputs: [
        jacobian(mul(x, y), x),
        ...jacobian(mul(2, x), [x, y], { disconnectedInputs: "ignore" }),
        jacobian(cost as Variable<0>, y),
        hessian(cost as Variable<0>, x),
        hessian(cost as Variable<0>, y),
      ],
      calls: [[[[1, 2], [3, 4]], [
        [[3, 0], [0, 4]],
        [[2, 0], [0, 2]],
        [[0, 0], [0, 0]],
        [1, 4],
        [[6, 0], [0, 8]],
        [[0, 0], [0, 0]],
      ]]],
    };
  },
  "the Jacobian of a matrix has the axes of both": () => {
    const x = dmatrix("x");
    return {
      inputs: [x],
      outputs: [jacobian(sum(sqr(x), { axis: 0, keepdims: true }), x)],
      calls: [[[[[1, 2], [3, 4]]], [[[[[2, 0], [6, 0]], [[0, 4], [0, 8]]]]]]],
    };
  },
  "the Hessian of a loop": () => {
    const x = dvector("x"), [p] = reduce((x, p) => mul(p, x), x, 1);
    return {
      inputs: [x],
      outputs: [hessian(p as Variable<0>, x)],
      calls: [[[[2, 3, 5]], [[[0, 5, 3], [5, 0, 2], [3, 2, 0]]]]],
    };
  },
};
