/** Reductions with elementwise work around them: one kernel, with the values that the reference gives. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as damo from "damo";

const { add, DebugMode, exp, function: compile, max, mul, sub, sum, tanh } =
  damo;
const rng = new damo.RandomState(8);

/** Values of an output in every way to run it. */
function everywhere(
  inputs: damo.Variable[],
  output: damo.Variable,
  values: damo.NDArray[],
): void {
  const reference = new damo.Mode({ linker: "reference" });
  const flat = (mode: damo.Mode) => {
    const y = compile(inputs, output, { mode })(...values) as unknown;
    return y instanceof damo.NDArray ? [...y.flat()].map(Number) : [Number(y)];
  };
  const expected = flat(reference);
  for (const mode of [new damo.Mode(), new DebugMode()]) {
    flat(mode).forEach((v, i) =>
      assertAlmostEquals(v, expected[i]!, 1e-5 * (1 + Math.abs(expected[i]!)))
    );
  }
}

const x = damo.matrix("x"), v = damo.vector("v"), c = damo.col("c");

for (const shape of [[3, 5], [40, 70], [1, 9], [300, 200]] as const) {
  Deno.test(`reductions of what is computed where it is read, ${shape.join(" x ")}`, () => {
    const [n, m] = shape,
      values = [
        rng.uniform(-1, 1, [n, m]),
        rng.uniform(-1, 1, [m]),
        rng.uniform(-1, 1, [n, 1]),
      ];
    for (const axis of [undefined, 0, 1]) {
      const options = axis === undefined ? {} : { axis };
      const inner = mul(exp(add(x, v)), c);
      everywhere([x, v, c], sum(inner, options), values);
      everywhere([x, v, c], tanh(max(sub(inner, x), options)), values);
      everywhere([x, v, c], mul(damo.mean(inner, options), 3), values);
    }
    everywhere(
      [x, v, c],
      sub(v, mul(sum(mul(x, c), { axis: 0 }), 0.5)),
      values,
    );
  });
}

Deno.test("a sum in parts updates a shared number in place", () => {
  const total = damo.shared(damo.array(2, { dtype: "float32" })),
    values = rng.uniform(0, 1, [100_000]);
  const f = compile([v], null, {
    updates: [[total, add(total, sum(damo.sqr(v)))]],
  });
  f(values);
  f(values);
  let expected = 0;
  for (const e of values.data) {
    expected += Math.fround((e as number) * (e as number));
  }
  assertAlmostEquals(
    total.getValue().toArray() as unknown as number,
    2 + 2 * expected,
    0.02,
  );
});

Deno.test("a storage that is read where it is reduced is not overwritten before", () => {
  const b = damo.shared(damo.ones([5]), { shape: [5] });
  const cost = sum(damo.sqr(add(x, b)));
  const g = damo.grad(cost, b) as damo.Variable;
  const f = compile([x], null, { updates: [[b, sub(b, mul(g, 0.1))]] });
  f(damo.array([[0, 1, 2, 3, 4], [1, 1, 1, 1, 1]]));
  b.getValue().flat().forEach((value, i) =>
    assertAlmostEquals(Number(value), 1 - 0.2 * (i + 3), 1e-5)
  );
});

Deno.test("a storage that is read where the result is stored is updated in place", () => {
  const b = damo.shared(damo.ones([5]), { name: "b", shape: [5] });
  const f = compile([x], null, {
    updates: [[b, sub(b, mul(sum(exp(x), { axis: 0 }), 0.5))]],
  });
  f(damo.array([[0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]));
  assertEquals([...b.getValue().flat()], [0, 0, 0, 0, 0]);
  assert(f.explain().includes("update of b: in place"), f.explain());
});
