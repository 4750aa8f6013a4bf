/** What becomes of a product in its kernel: by BLAS, tiles, blocks and loops, with the bits that do not depend on threads. */
import { assert, assertEquals } from "@std/assert";
import { allocate } from "../../src/graph/dtype.ts";
import { NDArray, sizeOf } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { type Apply, Variable } from "../../src/graph/variable.ts";
import { implement } from "../../src/lower/emit/implement.ts";
import { FIXED_TARGET, type Target } from "../../src/lower/target.ts";
import {
  mul,
  sigmoid,
  sqr,
  sub,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { gt, where } from "../../src/ops/elementwise/elemwise_logic.ts";
import { fuse } from "../../src/ops/elementwise/fused.ts";
import { dot, dotAdd } from "../../src/ops/products/dot.ts";
import { hasBlas, hasCompiler, layoutOf, poisoned, run } from "./harness.ts";

type Dtype = "float32" | "float64";

const OWN: Target = { ...FIXED_TARGET, blas: false };

function drawn(dtype: Dtype, shape: readonly number[], seed: number): NDArray {
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    data[i] = (seed = (seed + 0.6180339887498949) % 1) - 0.5;
  }
  return new NDArray(dtype, shape, data);
}

const like = ({ dtype, shape }: NDArray) => new Variable(dense(dtype, shape));

/** By name: an application of c, alpha, x, y and h, which has the product's shape. */
const FORMS: Record<string, (v: Variable[]) => Variable> = {
  "tanh of a sum": ([c, alpha, x, y]) => tanh(dotAdd(c!, alpha!, x!, y!)),
  "times 1 - h²": ([, , x, y, h]) => mul(dot(x!, y!), sub(1, sqr(h!))),
  "a sum used twice": ([c, alpha, x, y]) => {
    const z = dotAdd(c!, alpha!, x!, y!);
    return mul(z, sigmoid(z));
  },
  "one branch of two": ([, , x, y, h]) => where(gt(h!, 0), dot(x!, y!), 0),
  "what is not linear": ([c, , x, y, h]) =>
    sub(tanh(sqr(dot(x!, y!))), mul(c!, h!)),
};

function applied(form: string, operands: readonly NDArray[]): Apply {
  const all = operands.map(like), y = FORMS[form]!(all);
  return fuse(all, [y])[0]!.owner!;
}

function agree(got: NDArray, want: NDArray, tolerance: number, what: string) {
  const a = got.flat(), b = want.flat();
  for (let i = 0; i < b.length; i++) {
    assert(
      Math.abs(Number(a[i]) - Number(b[i])) <= tolerance,
      `${what}: element ${i} is ${a[i]}, expected ${b[i]}`,
    );
  }
}

/** Rows, terms and columns: of tiles of every kind, blocks, ranges and parts of the inner axis. */
const SIZES = [
  [10, 20, 30],
  [60, 50, 10],
  [33, 130, 77],
  [1, 40, 50],
  [10, 512, 256],
  [130, 140, 300],
  [200, 128, 256],
  [3, 0, 5],
] as const;

for (const target of [FIXED_TARGET, OWN]) {
  for (const form of Object.keys(FORMS)) {
    const which = target.blas ? "with BLAS" : "without";
    Deno.test({
      name: `${form}, ${which}`,
      ignore: target.blas ? !hasBlas() : !hasCompiler(),
    }, () => {
      for (const dtype of ["float32", "float64"] as const) {
        for (const [m, k, n] of SIZES) {
          const operands = [[n], [], [m, k], [k, n], [m, n]].map((shape, i) =>
            drawn(dtype, shape, i / 7)
          );
          const node = applied(form, operands);
          const want = node.op.eval(operands, node.params)[0]!;
          const [first, ...rest] = [1, 2, 3].map((parts) =>
            (run(node, operands, [[m, n]], { target, parts }) as NDArray[])[0]!
          );
          const tolerance = (dtype === "float32" ? 1e-5 : 1e-13) *
            Math.sqrt(k + 1);
          agree(first!, want, tolerance, `${dtype} ${[m, k, n]}`);
          for (const other of rest) assertEquals(other.flat(), first!.flat());
        }
      }
    });
  }
}

Deno.test({
  name: "lengths that only the run knows",
  ignore: !hasBlas(),
}, () => {
  for (const target of [FIXED_TARGET, OWN]) {
    for (const form of Object.keys(FORMS)) {
      for (const [m, k, n] of [[6, 20, 30], [6, 0, 30], [0, 4, 3]]) {
        const operands = [[n!], [], [m!, k!], [k!, n!], [m!, n!]].map((
          shape,
          i,
        ) => drawn("float32", shape, i / 7));
        const node = applied(form, operands);
        for (const known of [() => false, (a: number) => a === 2]) {
          const [got] = run(node, operands, [[m!, n!]], {
            target,
            known,
          }) as NDArray[];
          agree(got!, node.op.eval(operands, node.params)[0]!, 1e-5, form);
        }
      }
    }
  }
});

Deno.test({
  name: "a product over what is added, with more behind, is written in place",
  ignore: !hasBlas(),
}, () => {
  for (const target of [FIXED_TARGET, OWN]) {
    for (const [m, k, n] of [[10, 20, 30], [200, 128, 256]] as const) {
      const operands = [[m, n], [], [m, k], [k, n], [m, n]].map((shape, i) =>
        drawn("float32", shape, i / 7)
      );
      for (const form of ["tanh of a sum", "a sum used twice"]) {
        const node = applied(form, operands);
        const [apart] = run(node, operands, [[m, n]], { target }) as NDArray[];
        const [over] = run(
          node,
          [operands[0]!.copy(), ...operands.slice(1)],
          [[m, n]],
          { target, inplace: 0 },
        ) as NDArray[];
        assertEquals(over!.flat(), apart!.flat());
      }
    }
  }
});

Deno.test("what is behind does not keep a product from BLAS, and is one kernel with it", () => {
  const plan = (form: string, m: number, k: number, n: number) => {
    const operands = [[n], [], [m, k], [k, n], [m, n]].map((shape) =>
      poisoned("float32", shape)
    );
    const layouts = [...operands, poisoned("float32", [m, n])].map((v) =>
      layoutOf(v)
    );
    return implement(applied(form, operands), layouts, -1, FIXED_TARGET)!;
  };
  const tanhs = plan("tanh of a sum", 200, 128, 256);
  assertEquals(tanhs.steps.length, 1);
  assertEquals(
    tanhs.note,
    "dotAdd+tanh: sgemm in 2 ranges of columns, many rows",
  );
  const masked = plan("times 1 - h²", 200, 128, 256);
  assert(masked.note!.includes("sgemm"));
  // Tiles store operators of their sums at once.
  const tiles = plan("times 1 - h²", 60, 10, 500);
  assertEquals(tiles.steps[0]!.kernel.text.includes("count"), false);
  assert(
    plan("tanh of a sum", 60, 784, 500).steps[0]!.kernel.text.includes(
      "tanh_f32",
    ),
  );
});
