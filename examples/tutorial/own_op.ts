/**
 * An op of your own, in three steps: a value, then loops that become C, then
 * derivatives. And a rewrite rule of your own.
 *
 * The op is `distances(x, y)`: the squared Euclidean distance of each row of x
 * (n × k) from each row of y (m × k), an n × m matrix. Written with the ops
 * that are there, sum(sqr(x[:, None] - y[None, :]), axis 2), it is a graph with
 * an n × m × k value in the middle.
 */
import * as damo from "damo";
const { add, at, dot, mul, neg, sqr, sub } = damo;

// Step 1. A type rule and a value are an op. Any graph may use it: the compiled
// program comes back to TypeScript for this one step.

/** The type rule, written once: it gives types, symbolic shapes and the shape of a call. */
function infer(
  [x, y]: readonly [damo.Shaped, damo.Shaped],
  _: void,
  lengths: damo.Lengths,
): damo.Inferred {
  if (x.shape.length !== 2 || y.shape.length !== 2 || x.dtype !== y.dtype) {
    throw new TypeError(
      `Cannot apply distances: x is ${x.dtype} of rank ${x.shape.length}, y is ${y.dtype} of rank ${y.shape.length}; expected two matrices of one dtype`,
    );
  }
  lengths.same(
    x.shape[1]!,
    y.shape[1]!,
    (a, b) =>
      new RangeError(`Cannot apply distances: rows have lengths ${a} and ${b}`),
  );
  return { dtype: x.dtype, shape: [x.shape[0]!, y.shape[0]!] };
}

/** The value: what every kernel is compared with, so plain rather than fast. */
function value([x, y]: readonly [damo.NDArray, damo.NDArray]): damo.NDArray {
  const rows = (a: damo.NDArray) => a.toArray() as number[][];
  const squared = (a: number[], b: number[]) =>
    a.reduce((sum, ak, k) => sum + (ak - b[k]!) ** 2, 0);
  return damo.array(
    rows(x).map((a) => rows(y).map((b) => squared(a, b))),
    { dtype: x.dtype, shape: [x.shape[0]!, y.shape[0]!] },
  );
}

const interpreted = damo.defineOp<damo.XY>({
  name: "distances",
  arity: 2,
  infer,
  eval: value,
});

// Step 2. The same op with loops: for every i and j, a sum over k. They become a
// C kernel with vectors and threads; nothing else changes.

/** Axis 0 is i, axis 1 is j, axis 2 is k. */
function loops(
  { inputs: [x], outputs: [z] }: damo.LoopSite<void>,
): damo.Loops {
  const dtype = z!.dtype;
  const element = (input: number, ...axes: number[]): damo.Expr => ({
    kind: "load",
    input,
    index: axes.map((axis) => ({ kind: "axis", axis })),
    dtype: x!.dtype,
  });
  const difference = damo.scalarCall(sub, element(0, 0, 2), element(1, 1, 2));
  return {
    axes: [
      { of: "output", operand: 0, axis: 0 },
      { of: "output", operand: 0, axis: 1 },
      { of: "input", operand: 0, axis: 1 },
    ],
    outer: [0, 1],
    stages: [
      {
        kind: "reduce",
        axes: [2],
        combine: "sum",
        value: damo.scalarCall(sqr, difference),
        dtype,
      },
      {
        kind: "store",
        axes: [],
        output: 0,
        index: [{ kind: "axis", axis: 0 }, { kind: "axis", axis: 1 }],
        value: { kind: "stage", stage: 0, dtype },
      },
    ],
  };
}

// Step 3. Derivatives are graphs. With z[i, j] = sum over k of (x[i, k] - y[j, k])²:
// reverse mode  dx[i] = 2 (x[i] Σj g[i, j] - Σj g[i, j] y[j]), and y likewise;
// forward mode  dz[i, j] = 2 Σk (x[i, k] - y[j, k]) (s[i, k] - t[j, k]).

const distances = damo.defineOp<damo.XY>({
  name: "distances",
  arity: 2,
  infer,
  eval: value,
  vjp: ({ inputs: [x, y] }, g) => {
    const pull = (x: damo.Variable, y: damo.Variable, g: damo.Variable) =>
      mul(2, sub(mul(at(g.sum({ axis: 1 }), ":", null), x), dot(g, y)));
    return [pull(x, y, g), pull(y, x, g.T)];
  },
  jvp: ({ inputs: [x, y] }, [s, t]) => {
    // Moving x by s: 2 (x - y) · s, and the same with x and y exchanged.
    const push = (x: damo.Variable, y: damo.Variable, s: damo.Variable) =>
      mul(2, sub(at(mul(x, s).sum({ axis: 1 }), ":", null), dot(s, y.T)));
    const left = s && push(x, y, s), right = t && push(y, x, t).T;
    return left && right ? add(left, right) : left ?? right;
  },
  loops,
});

// All three, in use: one step of k-means by gradient descent.

const points = damo.matrix("points");
const centres = damo.shared(damo.array([[0, 0], [4, 4]]), { name: "centres" });
const loss = distances(points, centres).min({ axis: 1 }).mean();
const step = damo.function([points], loss, {
  updates: [[centres, centres.sub(damo.grad(loss, centres).mul(0.5))]],
});
const data = [[0, 1], [1, 0], [4, 5], [5, 4]];
for (let i = 0; i < 3; i++) console.log("loss", step(data));

const rng = new damo.RandomState(1);
damo.verifyGrad(distances, [
  rng.normal(0, 1, [4, 3]),
  rng.normal(0, 1, [2, 3]),
]);

const u = damo.matrix("u"), v = damo.matrix("v");
const slow = damo.function([u, v], interpreted(u, v));
const fast = damo.function([u, v], distances(u, v));
const a = rng.normal(0, 1, [300, 20]), b = rng.normal(0, 1, [200, 20]);
for (const [name, f] of Object.entries({ interpreted: slow, compiled: fast })) {
  f(a, b);
  const start = performance.now(), [n, m] = f(a, b).shape;
  const ms = (performance.now() - start).toFixed(2);
  console.log(`${name}: ${n} x ${m} distances in ${ms} ms`);
}

// A rule of your own: reflected points are as far from each other as before. A
// mode that includes it tries it wherever rules are tried.

const reflected = damo.rewriteRule(
  "reflected_distances",
  [distances, [neg, "x"], [neg, "y"]],
  ({ x, y }) => distances(x, y),
);
const mode = new damo.Mode().including(reflected);
const f = damo.function([u, v], distances(u.neg(), v.neg()), { mode });
console.log(f([[0, 0]], [[3, 4]]).toArray()); // [ [ 25 ] ]
console.log(f.explain().split("\n").find((line) => line.includes("reflected")));
