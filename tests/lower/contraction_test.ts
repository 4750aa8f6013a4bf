/** Products against values, whatever dtypes, layouts and lengths. */
import { assertEquals } from "@std/assert";
import { NDArray } from "../../src/graph/ndarray.ts";
import { implement } from "../../src/lower/emit/implement.ts";
import { FIXED_TARGET, type Target } from "../../src/lower/target.ts";
import { dot, dotAdd } from "../../src/ops/products/dot.ts";
import { hasBlas, hasCompiler, layoutOf, poisoned, run } from "./harness.ts";
import {
  expectProduct,
  type Form,
  OWN,
  values,
  variable,
} from "./contraction_cases.ts";
import { ignore, random } from "./kernel_cases.ts";

const SHAPES: readonly (readonly [number, number, number])[] = [
  [5, 7, 9],
  [1, 20, 30],
  [20, 30, 1],
  [1, 40, 1],
  [20, 1, 30],
  [17, 33, 65],
  [10, 100, 40],
  [0, 3, 4],
  [3, 0, 4],
  [3, 4, 0],
  [60, 50, 10],
  [3, 1, 50],
  [10, 1, 37],
];
const FORMS: readonly Form[] = [
  "rows",
  "columns",
  "padded",
  "strided",
  "reversed",
];

for (const target of [FIXED_TARGET, OWN]) {
  const which = target.blas ? "BLAS" : "own loops";
  const ignore = target.blas ? !hasBlas() : !hasCompiler();
  Deno.test({
    name: `dot of matrices agrees with eval in every layout: ${which}`,
    ignore,
  }, () => {
    const next = random(1);
    for (const dtype of ["float32", "float64"] as const) {
      for (const [m, k, n] of SHAPES) {
        for (const left of FORMS) {
          for (const right of dtype === "float32" ? FORMS : [left]) {
            const x = values(dtype, [m, k], next, left),
              y = values(dtype, [k, n], next, right);
            expectProduct(dot(variable(x), variable(y)).owner!, [x, y], {
              target,
              parts: 2,
            });
          }
        }
      }
    }
  });

  Deno.test(
    { name: `dot of vectors agrees with eval: ${which}`, ignore },
    () => {
      const next = random(2);
      for (
        const [m, k] of [[30, 40], [1, 9], [9, 1], [0, 5], [5, 0], [
          100,
          17,
        ]] as const
      ) {
        for (const form of FORMS) {
          for (const along of ["rows", "strided", "reversed"] as const) {
            const a = values("float32", [m, k], next, form),
              x = values("float32", [k], next, along),
              z = values("float32", [m], next, along);
            expectProduct(dot(variable(a), variable(x)).owner!, [a, x], {
              target,
            });
            expectProduct(dot(variable(z), variable(a)).owner!, [z, a], {
              target,
            });
            expectProduct(dot(variable(x), variable(x)).owner!, [x, x], {
              target,
            });
          }
        }
      }
    },
  );

  Deno.test({
    name: `dotAdd adds in place, onto a copy and onto a bias: ${which}`,
    ignore,
  }, () => {
    const next = random(3),
      alpha = new NDArray("float32", [], Float32Array.of(-0.25));
    for (const [m, k, n] of SHAPES) {
      for (const left of ["rows", "columns", "strided"] as const) {
        const x = values("float32", [m, k], next, left),
          y = values("float32", [k, n], next);
        for (const c of [[m, n], [n], [1, n], [m, 1], []]) {
          const added = values("float32", c, next);
          const node = dotAdd(
            variable(added),
            variable(alpha),
            variable(x),
            variable(y),
          ).owner!;
          const apart = expectProduct(node, [added, alpha, x, y], {
            target,
            parts: 2,
          });
          if (c.length < 2 || c[0] !== m || c[1] !== n) continue;
          const over = run(node, [added.copy(), alpha, x, y], [[m, n]], {
            target,
            inplace: 0,
          });
          assertEquals((over as NDArray[])[0]!.flat(), apart.flat());
        }
      }
      const a = values("float32", [m, k], next),
        v = values("float32", [k], next),
        c = values("float32", [m], next);
      expectProduct(
        dotAdd(variable(c), variable(alpha), variable(a), variable(v)).owner!,
        [c, alpha, a, v],
        { target },
      );
    }
  });
}

Deno.test({
  name: "a last tile that is moved back adds nothing twice, for every split",
  ignore,
}, () => {
  const next = random(5),
    alpha = new NDArray("float32", [], Float32Array.of(-0.5)),
    small: Target = { ...OWN, vector: 32, registers: 16 };
  for (const target of [OWN, small]) {
    // Rows and columns behind whole tiles: none, some, a tile of their own.
    for (const [m, n] of [[60, 64], [65, 60], [9, 100], [23, 500], [1, 70]]) {
      for (const k of [0, 7, 300]) {
        const x = values(
            "float32",
            [m!, k],
            next,
            k === 7 ? "columns" : "rows",
          ),
          y = values("float32", [k, n!], next, k === 300 ? "padded" : "rows"),
          c = values("float32", [m!, n!], next);
        const node = dotAdd(
          variable(c),
          variable(alpha),
          variable(x),
          variable(y),
        ).owner!;
        const apart = expectProduct(node, [c, alpha, x, y], { target });
        for (const parts of [1, 3]) {
          const over = run(node, [c.copy(), alpha, x, y], [[m!, n!]], {
            target,
            inplace: 0,
            parts,
          });
          assertEquals((over as NDArray[])[0]!.flat(), apart.flat());
        }
      }
    }
  }
});

Deno.test(
  {
    name: "a few columns that lie one behind the other, of every number",
    ignore,
  },
  () => {
    const next = random(6),
      alpha = new NDArray("float32", [], Float32Array.of(0.5));
    for (const vector of [16, 32, 64]) {
      const target = { ...OWN, vector, registers: vector === 64 ? 32 : 16 };
      for (let n = 2; n <= 16; n++) {
        const k = 17 + 5 * n, m = 1 + n % 4;
        const x = values("float32", [m, k], next),
          y = values("float32", [k, n], next, "columns"),
          b = values("float32", [n], next);
        const args = [b, alpha, x, y], [c, a, u, v] = args.map(variable);
        expectProduct(dotAdd(c!, a!, u!, v!).owner!, args, { target });
      }
    }
  },
);

Deno.test(
  { name: "dot of integers wraps, and of bools is or of ands", ignore },
  () => {
    const next = random(4);
    for (const dtype of ["int8", "int32", "uint16", "int64"] as const) {
      const x = values(dtype, [5, 30], next), y = values(dtype, [30, 6], next);
      expectProduct(dot(variable(x), variable(y)).owner!, [x, y], { parts: 2 });
    }
    const x = values("float16", [5, 30], next),
      y = values("float16", [30, 6], next);
    expectProduct(dot(variable(x), variable(y)).owner!, [x, y], {}, 1e-2);
  },
);

Deno.test(
  { name: "products take lengths that only the run knows", ignore: !hasBlas() },
  () => {
    const next = random(5),
      x = values("float32", [6, 20], next),
      y = values("float32", [20, 30], next);
    for (const target of [FIXED_TARGET, OWN]) {
      for (const known of [() => false, (a: number) => a === 1]) {
        expectProduct(dot(variable(x), variable(y)).owner!, [x, y], {
          target,
          known,
        });
        expectProduct(
          dot(
            variable(
              new NDArray(
                "float32",
                [20],
                x.data.slice(0, 20) as Float32Array<ArrayBuffer>,
              ),
            ),
            variable(y),
          ).owner!,
          [x.slice(0, 1).reshape([20]), y],
          { target, known },
        );
      }
    }
  },
);

Deno.test("a product is not written over one of its factors", () => {
  const a = poisoned("float32", [4, 4]),
    x = variable(a),
    alpha = variable(poisoned("float32", []));
  const layouts = [a, poisoned("float32", []), a, a, a].map((v) => layoutOf(v));
  assertEquals(
    implement(
      dotAdd(x, alpha, x, variable(a)).owner!,
      layouts,
      0,
      FIXED_TARGET,
    ),
    null,
  );
});
