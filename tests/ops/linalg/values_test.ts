/** Values of linear algebra by hand and by what they must satisfy, gradients of what is made of several ops, and refusals. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import "../../../src/ops/methods.ts";
import { array, NDArray } from "../../../src/graph/ndarray.ts";
import { dense } from "../../../src/graph/type.ts";
import { Constant, Variable } from "../../../src/graph/variable.ts";
import { verifyGrad } from "../../../src/grad/verify.ts";
import { evaluate } from "../../../src/ops/evaluate.ts";
import { transpose } from "../../../src/ops/shape/dimshuffle.ts";
import { cholesky } from "../../../src/ops/linalg/cholesky.ts";
import { eig, eigh, eigvalsh } from "../../../src/ops/linalg/eigen.ts";
import { expm } from "../../../src/ops/linalg/expm.ts";
import { lstsq, pinv } from "../../../src/ops/linalg/least_squares.ts";
import { norm } from "../../../src/ops/linalg/norm.ts";
import {
  matmul,
  matrixDot,
  matrixPower,
  spectralRadiusBound,
  tensorinv,
  tensorsolve,
} from "../../../src/ops/linalg/products.ts";
import { qr } from "../../../src/ops/linalg/qr.ts";
import {
  det,
  inv,
  logdet,
  slogdet,
  solve,
} from "../../../src/ops/linalg/solve.ts";
import { svd, svdvals } from "../../../src/ops/linalg/svd.ts";
import {
  solveLowerTriangular,
  solveTriangular,
  solveUpperTriangular,
} from "../../../src/ops/linalg/triangular.ts";
import { tensordot } from "../../../src/ops/products/products.ts";
import { spread } from "../values.ts";

function constant(rows: Parameters<typeof array>[0]): Variable {
  return new Constant(array(rows, { dtype: "float64" }));
}

function valueOf(v: Variable): NDArray {
  return evaluate([v])[0]!;
}

function assertClose(
  found: Variable,
  want: Variable | Parameters<typeof array>[0],
  tolerance = 1e-12,
): void {
  const a = valueOf(found),
    b = want instanceof Variable
      ? valueOf(want)
      : array(want, { dtype: "float64" });
  assertEquals(a.shape, b.shape);
  a.flat().forEach((x, i) =>
    assertAlmostEquals(Number(x), Number(b.flat()[i]), tolerance)
  );
}

/** A well-conditioned matrix: random, with 3 more on the diagonal. */
function sound(n: number, seed = 1): NDArray {
  const x = spread([n, n], { low: -1, high: 1, seed });
  for (let i = 0; i < n; i++) {
    x.data[i * (n + 1)]! = Number(x.data[i * (n + 1)]) + 3;
  }
  return x;
}

const A = [[4, 1], [2, 3]], x = constant(A);

Deno.test("elimination: solutions, inverses and determinants", () => {
  assertClose(solve(x, constant([1, 2])), [0.1, 0.6]);
  assertClose(inv(x), [[0.3, -0.1], [-0.2, 0.4]]);
  assertClose(det(x), 10);
  assertClose(logdet(x), Math.log(10));
  const [sign, log] = slogdet(constant([[0, 1], [1, 0]]));
  assertEquals([valueOf(sign).item(), valueOf(log).item()], [-1, 0]);
  assertEquals(
    slogdet(constant([[1, 2], [2, 4]])).map((v) => valueOf(v).item()),
    [0, -Infinity],
  );
  assertEquals(valueOf(det(constant([[1, 2], [2, 4]]))).item(), 0);
  assertEquals(valueOf(det(new Constant(spread([0, 0])))).item(), 1);
});

Deno.test("triangles: only one counts", () => {
  const b = constant([2, 7]);
  assertClose(solveLowerTriangular(x, b), [0.5, 2]);
  assertClose(solveUpperTriangular(x, b), [-1 / 12, 7 / 3]);
  assertClose(solve(x, b, { structure: "lowerTriangular" }), [0.5, 2]);
  assertClose(
    solveTriangular(x, b, { lower: true, trans: 1 }),
    solveUpperTriangular(constant([[4, 2], [0, 3]]), b),
  );
  assertClose(
    solveTriangular(x, b, { lower: true, unitDiagonal: true }),
    [2, 3],
  );
});

Deno.test("decompositions give back what they are of", () => {
  const s = matmul(new Constant(sound(4)), transpose(new Constant(sound(4))));
  const l = cholesky(s), u = cholesky(s, { lower: false });
  assertClose(l.dot(l.T), s);
  assertClose(u.T.dot(u), s);
  const [w, v] = eigh(s);
  assertClose(v.mul(w).dot(v.T), s);
  assertClose(eigvalsh(s), w);
  const [e, p] = eig(s);
  assertClose(s.dot(p), p.mul(e));
  for (const shape of [[4, 4], [5, 3], [3, 5]]) {
    const m = new Constant(spread(shape));
    const [a, sizes, b] = svd(m, { fullMatrices: false }), [q, r] = qr(m);
    assertClose(a.mul(sizes).dot(b), m);
    assertClose(svdvals(m), sizes);
    assertClose(q.dot(r), m);
    const [full, , other] = svd(m), [whole, triangle] = qr(m, "complete");
    assertClose(full.T.dot(full), constant(eyeOf(shape[0]!)));
    assertClose(other.T.dot(other), constant(eyeOf(shape[1]!)));
    assertClose(whole.dot(triangle), m);
    assertClose(qr(m, "r"), r);
    const [h, tau] = qr(m, "raw");
    assertEquals(valueOf(h).shape, [...shape].reverse());
    assertEquals(valueOf(tau).shape, [Math.min(...shape)]);
    assertClose(m.dot(pinv(m)).dot(m), m);
  }
});

function eyeOf(n: number): number[][] {
  return Array.from(
    { length: n },
    (_, i) => Array.from({ length: n }, (_, j) => Number(i === j)),
  );
}

Deno.test("least squares: residuals only of a full rank and more rows than columns", () => {
  const a = constant([[1, 0], [1, 1], [1, 2]]), b = constant([6, 0, 0]);
  const [solution, residuals, rank, s] = lstsq(a, b);
  assertClose(solution, [5, -3]);
  assertClose(residuals, [6]);
  assertEquals(valueOf(rank).item(), 2);
  assertClose(s, svdvals(a));
  const [, none, one] = lstsq(constant([[1, 2], [2, 4], [3, 6]]), b);
  assertEquals([valueOf(none).shape, valueOf(one).item()], [[0], 1]);
  assertEquals(valueOf(lstsq(x, constant([1, 2]))[1]).shape, [0]);
  // As LAPACK has it, a ratio that is not between 0 and 1 is the unit of rounding.
  assertEquals(valueOf(lstsq(x, constant([1, 2]), 1)[2]).item(), 2);
});

Deno.test("exponentials, powers and products", () => {
  assertClose(expm(constant([[0, 1], [-1, 0]])), [
    [Math.cos(1), Math.sin(1)],
    [-Math.sin(1), Math.cos(1)],
  ]);
  assertClose(expm(constant([[20, 0], [0, -20]])), [
    [Math.exp(20), 0],
    [0, Math.exp(-20)],
  ], 1e-4);
  assertClose(matrixPower(x, 3), matrixDot(x, x, x));
  assertClose(matrixPower(x, -1), inv(x));
  assertClose(
    spectralRadiusBound(constant([[2, 0], [0, -1]]), 2),
    17 ** (1 / 4),
  );
  assertClose(matrixPower(x, 0), [[1, 0], [0, 1]]);
  const stacks = new Constant(spread([2, 1, 3, 4])),
    other = new Constant(spread([5, 4, 2]));
  assertEquals(valueOf(matmul(stacks, other)).shape, [2, 5, 3, 2]);
  assertEquals(valueOf(matmul(stacks, constant([1, 2, 3, 4]))).shape, [
    2,
    1,
    3,
  ]);
});

Deno.test("arrays of more axes as matrices", () => {
  const a = new Constant(sound(6).reshape([2, 3, 6]));
  const y = tensorinv(a, 2);
  assertEquals(valueOf(y).shape, [6, 2, 3]);
  assertClose(tensordot(y, a, 2), constant(eyeOf(6)));
  const b = new Constant(spread([2, 3])), solution = tensorsolve(a, b);
  assertClose(tensordot(a, solution, 1), b);
  const moved = transpose(a, [2, 0, 1]);
  assertClose(tensorsolve(moved, b, [0]), solution);
});

Deno.test("norms are NumPy's", () => {
  const m = constant([[1, -2], [3, 4], [0, 6]]);
  const of = (ord?: number | "fro" | "nuc") =>
    valueOf(norm(m, ord === undefined ? {} : { ord })).item();
  assertAlmostEquals(of(), Math.sqrt(66), 1e-12);
  assertAlmostEquals(of("fro"), Math.sqrt(66), 1e-12);
  assertEquals([of(1), of(-1), of(Infinity), of(-Infinity)], [12, 4, 7, 3]);
  const [large, small] = [...valueOf(svdvals(m)).flat()].map(Number);
  assertAlmostEquals(of(2), large!, 1e-12);
  assertAlmostEquals(of(-2), small!, 1e-12);
  assertAlmostEquals(of("nuc"), large! + small!, 1e-12);
  assertClose(norm(m, { ord: 1, axis: 1 }), [3, 7, 6]);
  assertClose(norm(m, { ord: 1, axis: [1, 0], keepdims: true }), [[7]]);
  assertThrows(
    () => norm(m, { ord: 3 }),
    RangeError,
    "Cannot apply norm: ord 3",
  );
});

const square = sound(3),
  stack = new NDArray(
    "float64",
    [2, 3, 3],
    Float64Array.from([...sound(3).flat(), ...sound(3, 4).flat()], Number),
  );
const symmetric = (v: Variable) => matmul(v, transpose(v));
const GRADIENTS: Record<
  string,
  readonly [(...xs: Variable[]) => Variable, readonly NDArray[]]
> = {
  "cholesky": [(v) => cholesky(symmetric(v)), [square]],
  "cholesky, upper": [(v) => cholesky(symmetric(v), { lower: false }), [
    square,
  ]],
  "solve": [(a, b) => solve(a, b), [square, spread([3])]],
  "solve, stacks": [(a, b) => solve(a, b), [stack, spread([2, 3, 1])]],
  "solve, one matrix for a stack": [
    (a, b) => solve(a, b),
    [square, spread([2, 3, 1])],
  ],
  "inv": [inv, [stack]],
  "logdet": [logdet, [stack]],
  "pinv": [(v) => pinv(v), [spread([2, 4, 3])]],
  "lstsq": [(a, b) => lstsq(a, b)[0], [spread([4, 3]), spread([4])]],
  "residuals": [(a, b) => lstsq(a, b)[1], [
    spread([4, 2]),
    spread([4], { seed: 4 }),
  ]],
  "eigenvalues of a pair": [
    (a, b) => eigvalsh(a, symmetric(b)),
    [square, sound(3, 7)],
  ],
  "eigenvalues of a pair, upper": [
    (a, b) => eigvalsh(a, b.add(b.T), { lower: false }),
    [square, sound(3, 7)],
  ],
  "matrix power": [(v) => matrixPower(v, -2), [stack]],
  "expm": [expm, [stack]],
  "tensorsolve": [
    (a, b) => tensorsolve(a, b),
    [sound(4).reshape([2, 2, 4]), spread([2, 2])],
  ],
  "tensorinv": [(a) => tensorinv(a, 1), [sound(4).reshape([4, 2, 2])]],
  "norm 2": [(v) => norm(v, { ord: 2 }), [spread([3, 2])]],
  "norm nuc": [(v) => norm(v, { ord: "nuc" }), [spread([3, 2])]],
  "matmul": [matmul, [spread([2, 1, 2, 3]), spread([3, 3, 2])]],
};

for (const [name, [f, points]] of Object.entries(GRADIENTS)) {
  Deno.test(`gradient: ${name}`, () => verifyGrad(f, points, { eps: 1e-6 }));
}

Deno.test("a gradient exists only for what is read: one triangle", () => {
  const g = (lower: boolean) => {
    const v = new Variable(dense("float64", [2, 2]));
    const s = cholesky(v, { lower }).sum();
    const [made] = s.owner!.op.vjp!(s.owner!, [constant(1)]);
    const inner = s.owner!.inputs[0]!.owner!;
    const [back] = inner.op.vjp!(inner, [made!]);
    return evaluate(
      [back!],
      new Map([[v, array([[4, 9], [9, 30]], { dtype: "float64" })]]),
    )[0]!
      .toArray();
  };
  assertEquals(g(true)[0][1], 0);
  assertEquals(g(false)[1][0], 0);
});

Deno.test("refused when the graph is built", () => {
  const wide = new Variable(dense("float64", [2, 3])),
    vector = new Variable(dense("float64", [3]));
  for (const f of [cholesky, det, inv, eigh, eig, expm, eigvalsh, slogdet]) {
    assertThrows(
      () => f(wide),
      RangeError,
      "matrices are 2 by 3, expected square ones",
    );
    assertThrows(
      () => f(vector),
      TypeError,
      "expected a matrix or a stack of them",
    );
  }
  assertThrows(
    () => solve(new Variable(dense("float64", [2, 2])), vector),
    RangeError,
    "Cannot apply solve: the matrix has 2 rows, the right side 3",
  );
  assertThrows(() => lstsq(vector, vector), TypeError, "Cannot apply lstsq");
  assertThrows(() => tensorinv(x, 0), RangeError, "ind is 0");
  assertThrows(() => matrixPower(x, 0.5), RangeError, "the power is 0.5");
  assertThrows(() => eigh(x, "X" as "L"), RangeError, 'use "L" or "U"');
  assertThrows(
    () => qr(x, "full" as "r"),
    RangeError,
    "no mode is called full",
  );
  assertThrows(
    () => solve(x, x, { structure: "banded" as "general" }),
    RangeError,
    "no structure is called banded",
  );
  const [u] = svd(wide);
  assertThrows(
    () => u.owner!.op.vjp!(u.owner!, [u, null, null]),
    RangeError,
    "use { fullMatrices: false }",
  );
  const [q] = qr(wide);
  assertThrows(
    () => q.owner!.op.vjp!(q.owner!, [q, null]),
    RangeError,
    "Cannot differentiate qr: matrices are 2 by 3",
  );
});

Deno.test("refused when values are seen", () => {
  const bad = constant([[1, 2], [2, 1]]), none = constant([[1, 2], [2, 4]]);
  const refuses = (v: Variable, message: string) =>
    assertThrows(() => valueOf(v), RangeError, message);
  refuses(
    cholesky(bad),
    "Cannot apply cholesky to matrix 0: it is not positive definite: its leading block of 2 rows",
  );
  refuses(
    inv(none),
    "Cannot apply inv to matrix 0: it is singular: nothing is left of column 1",
  );
  refuses(solve(none, bad), "Cannot apply solve to matrix 0: it is singular");
  refuses(
    solveUpperTriangular(constant([[1, 1], [1, 0]]), bad),
    "Cannot apply solveTriangular to matrix 0: it is singular: nothing is left of column 1",
  );
  refuses(
    eig(constant([[0, 1], [-1, 0]]))[0],
    "Cannot apply eig to matrix 0: its eigenvalue 0 is complex",
  );
  refuses(
    eigh(constant([[NaN, 1], [1, 0]]))[0],
    "an element is NaN or infinite",
  );
  refuses(
    svdvals(constant([[Infinity, 1], [1, 0]])),
    "an element is NaN or infinite",
  );
  const nan = valueOf(cholesky(bad, { onError: "nan" }));
  assert(nan.flat().every((v: number | bigint) => Number.isNaN(v)));
});
