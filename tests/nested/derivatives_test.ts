/** Which ops lack a derivative, and a recurrent network differentiated both ways. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { NDArray } from "../../src/graph/ndarray.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import { toposort } from "../../src/graph/walk.ts";
import { grad, Lop } from "../../src/grad/grad.ts";
import { GRADIENT_IDENTITIES } from "../../src/grad/identities.ts";
import { Rop } from "../../src/grad/rop.ts";
import { reduce } from "../../src/nested/fold.ts";
import { scan } from "../../src/nested/scan.ts";
import { scanOp } from "../../src/nested/scan_op.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { dot } from "../../src/ops/products/dot.ts";
import { add, mul, tanh } from "../../src/ops/elementwise/elemwise.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { dmatrix, dvector } from "../../src/ops/inputs.ts";
import { stack } from "../../src/ops/shape/join.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { exportedOps } from "../ops/conformance.ts";
import { weights } from "./random_loops.ts";

/** Ops without derivatives, and why. */
const EXCEPTIONS: { readonly [op: string]: string } = {
  fused: "made by rewriting, when everything is differentiated",
};

Deno.test("every op has both derivatives, but for those with a reason", () => {
  const all = [
    ...exportedOps(),
    ...GRADIENT_IDENTITIES.map((f) => f.op),
    scanOp,
  ];
  assertEquals(
    all.filter((op) => !op.vjp || !op.jvp).map((op) => op.name).sort(),
    Object.keys(EXCEPTIONS).sort(),
  );
});

/** The states of a recurrent network over 4 rows, as a loop and unrolled. */
function networks() {
  const x = dmatrix("x"), h = dvector("h"), U = dmatrix("U");
  const step = (x: Variable, h: Variable) => tanh(add(x, dot(h, U)));
  const [loop] = scan(step, { sequences: x, outputsInfo: h });
  const rows: Variable[] = [];
  for (let t = 0; t < 4; t++) rows.push(step(at(x, t), rows[t - 1] ?? h));
  const shapes = [[4, 3], [3], [3, 3]];
  const values = new Map<Variable, NDArray>(
    [x, h, U].map((v, i) => [v, weights(shapes[i]!, i)]),
  );
  return { x, h, U, loop, unrolled: stack(rows), values };
}

function assertClose(a: NDArray, b: NDArray): void {
  assertEquals(a.shape, b.shape);
  const y = b.flat();
  a.flat().forEach((v: number | bigint, i: number) =>
    assertAlmostEquals(Number(v), Number(y[i]), 1e-12)
  );
}

Deno.test("Lop(f, θ, Rop(f, θ, γ)): the Gauss-Newton product of a recurrent network", () => {
  const { U, loop, unrolled, values } = networks();
  const direction = new Constant(weights([3, 3], 7));
  const product = (f: Variable) => Lop(f, U, Rop(f, U, direction));
  const [a, b] = evaluate([product(loop), product(unrolled)], values);
  assertClose(a!, b!);
  // A loop forwards with the tangents, the network itself, and one backwards.
  const loops = toposort([product(loop)]).filter((n) => n.op === scanOp);
  assertEquals(loops.length, 3);
});

Deno.test("the backward loop reads the states instead of computing them again", () => {
  const { x, U, loop } = networks();
  const order = toposort(grad(sum(loop) as Variable<0>, [x, U]));
  const back = order.filter((n) => n.op === scanOp && n.outputs[0] !== loop);
  assertEquals(back.length, 1);
  const params = back[0]!.params,
    results = [
      ...params.states.map((s: { next: Variable }) => s.next),
      ...params.extras.map((e: { value: Variable }) => e.value),
    ];
  const names = toposort(results).map((n) => n.op.name);
  assertEquals(names.filter((n) => n === "dot").length, 1);
  assertEquals(names.includes("tanh"), false);
});

Deno.test("what a gradient does not reach is neither carried nor read", () => {
  const x = dvector("x"), y = dvector("y");
  const [[a, b]] = scan((x, y, a, b) => [add(a, x), add(b, y)], {
    sequences: [x, y],
    outputsInfo: [0, 0],
  });
  const [g] = grad(at(a, -1) as Variable<0>, [x]);
  const loops = toposort([g]).filter((n) => n.op === scanOp);
  // The number of steps is that of the shorter sequence; its values do not matter.
  assertEquals(loops.map((n) => n.params.states.length), [2, 1]);
  assertEquals(loops[1]!.params.sequences.length, 1);
  const tangent = Rop(b, y, y).owner!;
  assertEquals(tangent.params.states.length, 1);
  assertEquals(scanOp.connects!(b.owner!.params), [
    [true, false],
    [false, true],
    [true, false],
    [false, true],
  ]);
});

Deno.test("a state whose last row alone was kept is run again for its gradient", () => {
  const x = dvector("x"), [p] = reduce((x, p) => mul(p, x), x, 1);
  const g = grad(p as Variable<0>, x);
  const value = weights([4], 3);
  const [found, product] = evaluate([g, p], new Map([[x, value]]));
  [...value.flat()].forEach((v, i) =>
    assertAlmostEquals(Number(found!.flat()[i]) * Number(v), product!.item())
  );
});
