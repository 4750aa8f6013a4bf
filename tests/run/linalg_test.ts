/** Linear algebra and Fourier transforms compiled: every linker gives the values, in any memory, and refuses what cannot be solved. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as damo from "damo";
import { findBlas, LAPACK_NAMES } from "../../ffi/openblas.ts";
import { lower } from "../../src/lower/lower.ts";
import { noHistory, observe } from "../../src/lower/signature.ts";
import { FIXED_TARGET } from "../../src/lower/target.ts";
import lapackH from "../../csrc/lapack.h" with { type: "text" };
import { scattered, spread } from "../ops/values.ts";

type Variable = damo.Variable;
type NDArray = damo.NDArray;

const LINKERS = ["cvm", "cvm_nogc", "c"] as const;
const { cholesky, eig, eigh, expm, inv, irfft, lstsq, pinv, qr, rfft } = damo;
const { det, matmul, slogdet, solve, solveTriangular, svd } = damo;

/** Random, with `shift` more on the diagonals. */
function matrices(shape: readonly number[], shift: number): NDArray {
  const x = spread(shape, { low: -1, high: 1 });
  const [m, n] = shape.slice(-2) as [number, number];
  for (let at = 0; at < x.size; at++) {
    if (Math.floor(at / n) % m === at % n) {
      x.data[at] = Number(x.data[at]) + shift;
    }
  }
  return x;
}

const turned = (x: Variable) => damo.swapaxes(x, -1, -2);
const symmetric = (x: Variable) => matmul(x, turned(x));

/** Graphs whose results are determined: products of factors, not factors. */
const GRAPHS: Record<string, readonly [(x: Variable) => Variable[], number]> = {
  elimination: [
    (x) => [inv(x), det(x), ...slogdet(x), solve(x, turned(x))],
    3,
  ],
  triangles: [
    (x) => [
      solveTriangular(x, x, { lower: true, trans: "T" }),
      solveTriangular(turned(x), x),
      cholesky(symmetric(x)),
    ],
    3,
  ],
  factors: [(x) => {
    const [q, r] = qr(x), [u, s, vt] = svd(x, { fullMatrices: false });
    const [w, v] = eigh(x);
    return [
      matmul(q, r),
      matmul(u.mul(damo.expandDims(s, -2)), vt),
      w,
      matmul(v.mul(damo.expandDims(w, -2)), turned(v)),
      pinv(x),
      expm(x),
    ];
  }, 1.5],
};

for (const linker of LINKERS) {
  Deno.test(`${linker}: values in any memory, of any size and dtype`, () => {
    for (const [name, [build, shift]] of Object.entries(GRAPHS)) {
      for (const dtype of ["float32", "float64"] as const) {
        for (const shape of [[5, 5], [2, 3, 3], [0, 0], [1, 1], [40, 40]]) {
          const value = matrices(shape, shape[0] === 40 ? 30 : shift)
            .astype(dtype);
          const x = damo.tensor(dtype, shape.map(() => null), "x");
          const f = damo.function([x], build(x), { mode: { linker } });
          const g = damo.function([x], build(x), { mode: "reference" });
          const want = g(value) as (NDArray | number)[];
          for (const given of [value, scattered(value)]) {
            (f(given) as (NDArray | number)[]).forEach((found, i) =>
              assertNear(found, want[i]!, dtype, `${name} ${i}, (${shape})`)
            );
          }
          f.free();
        }
      }
    }
  });

  Deno.test(`${linker}: a refusal names the matrix, the line, and changes nothing`, () => {
    const x = damo.tensor3("x"), count = damo.shared(1, { name: "count" });
    const f = damo.function([x], cholesky(x), {
      mode: { linker },
      updates: [[count, count.add(1)]],
    });
    const good = [[4, 0], [0, 9]];
    assertEquals((f([good]) as NDArray).toArray(), [[[2, 0], [0, 3]]]);
    const { message } = assertThrows(
      () => f([good, [[1, 2], [2, 1]]]),
      RangeError,
      "Cannot apply cholesky to matrix 1: it is not positive definite: its leading block of 2 rows is not",
    );
    assert(message.includes("linalg_test.ts:"), message);
    assertEquals(count.getValue().item(), 2);
    assertEquals((f([good]) as NDArray).toArray(), [[[2, 0], [0, 3]]]);
    assertEquals(count.getValue().item(), 3);
    f.free();
  });

  Deno.test(`${linker}: every reason is told`, () => {
    const x = damo.dmatrix("x");
    const refuses = (
      y: Variable,
      value: readonly (readonly number[])[],
      message: string,
    ) => {
      const f = damo.function([x], y, { mode: { linker } });
      assertThrows(() => f(value), RangeError, message);
      f.free();
    };
    const flat = [[1, 2], [2, 4]];
    refuses(
      inv(x),
      flat,
      "Cannot apply inv to matrix 0: it is singular: nothing is left of column 1",
    );
    refuses(
      solve(x, x),
      flat,
      "Cannot apply solve to matrix 0: it is singular",
    );
    refuses(
      solveTriangular(x, x),
      [[1, 2], [3, 0]],
      "Cannot apply solveTriangular to matrix 0: it is singular: nothing is left of column 1",
    );
    refuses(eig(x)[0], [[0, 1], [-1, 0]], "its eigenvalue 0 is complex");
    for (
      const y of [eigh(x)[0], svd(x)[1], pinv(x), eig(x)[0], lstsq(x, x)[0]]
    ) {
      refuses(y, [[NaN, 0], [0, 1]], "an element is NaN or infinite");
    }
    refuses(inv(x), [[1, 2, 3], [4, 5, 6]], "expected square ones");
  });

  Deno.test(`${linker}: Fourier transforms of any length`, () => {
    const x = damo.dtensor3("x");
    const y = rfft(x),
      f = damo.function([x], [y, irfft(y, { isOdd: true })], {
        mode: { linker },
      });
    const g = damo.function([x], y, { mode: "reference" });
    for (const n of [1, 3, 5, 9, 15, 71, 97, 105, 127, 143]) {
      // Lines go side by side: fewer than fit, as many, and some over.
      for (const lead of [[1, 1], [2, 4], [3, 7]]) {
        const value = spread([...lead, n]),
          [found, back] = f(value) as NDArray[];
        assertNear(found!, g(value) as NDArray, "float64", `rfft of ${n}`);
        assertNear(back!, value, "float64", `irfft of ${n}`);
      }
    }
    f.free();
  });

  Deno.test(`${linker}: a matrix is factored in every step of a loop`, () => {
    const x = damo.dmatrix("x");
    const [ys] = damo.scan(
      (s: Variable) => inv(s.add(damo.eye(3, 3, 0, "float64"))),
      {
        outputsInfo: [x],
        nSteps: 4,
      },
    );
    const last = (ys as Variable).at(-1);
    const f = damo.function([x], [last, damo.grad(last.sum(), x)], {
      mode: { linker },
    });
    const g = damo.function([x], [last, damo.grad(last.sum(), x)], {
      mode: "reference",
    });
    const value = matrices([3, 3], 3);
    const want = g(value) as NDArray[];
    (f(value) as NDArray[]).forEach((y, i) =>
      assertNear(y, want[i]!, "float64", `${i}`)
    );
    f.free();
  });
}

/** The rounding of some tens of steps, of matrices whose condition is below 100. */
function assertNear(
  found: NDArray | number,
  want: NDArray | number,
  dtype: "float32" | "float64",
  what: string,
): void {
  const [a, b] = [found, want].map((v) =>
    typeof v === "number" ? [v] : [...v.flat()].map(Number)
  ) as [number[], number[]];
  assertEquals(a.length, b.length, what);
  const size = Math.max(1, ...b.map(Math.abs).filter(Number.isFinite));
  const room = (dtype === "float32" ? 2 ** -23 : 2 ** -52) * 2000 * size;
  a.forEach((x, i) =>
    assert(
      x === b[i] || Math.abs(x - b[i]!) <= room,
      `${what}: ${x} is not ${b[i]}`,
    )
  );
}

Deno.test("without LAPACK one line says what to do", () => {
  const x = damo.dmatrix("x");
  const graph = { inputs: [x], outputs: [inv(x)], updates: [] };
  const [, signature] = observe(noHistory(graph), [spread([2, 2])], 1);
  assertThrows(
    () =>
      lower(graph, signature, { gc: true }, { ...FIXED_TARGET, lapack: false }),
    Error,
    "Cannot compile inv: no LAPACK was found",
  );
});

Deno.test("the search for LAPACK looks for what csrc/lapack.h names", () => {
  const named = [...lapackH.matchAll(/^ {2}X\((\w+),/gm)].map(([, name]) =>
    name!
  );
  assertEquals(named, [...LAPACK_NAMES]);
  const blas = findBlas();
  if (blas?.config.includes("OpenBLAS")) assert(blas.lapack);
});
