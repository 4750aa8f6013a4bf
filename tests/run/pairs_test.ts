/** A product and the update of its matrix in one pass: the same values as one after the other, and only where nothing else may see the difference. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import * as damo from "damo";

const { dot, function: compile, mul, sub, sum, tanh, transpose } = damo;
const RATE = 0.125, ONE_PASS = /one pass/;

/** Numbers between -1 and 1, the same ones every time. */
function drawn(shape: readonly number[], dtype: Shapes["dtype"]): damo.NDArray {
  const rng = new damo.RandomState(shape[0]!);
  const values = [...rng.uniform(-1, 1, [...shape]).flat()].map(Number);
  const data = dtype === "float32"
    ? new Float32Array(values)
    : new Float64Array(values);
  return new damo.NDArray(dtype, [...shape], data);
}

interface Shapes {
  readonly rows: number;
  readonly columns: number;
  readonly batch: number;
  readonly dtype: "float32" | "float64";
}

/** What two calls give, and what they leave behind. */
interface Outcome {
  readonly results: readonly number[];
  readonly explained: string;
}

type Build = (
  v: Record<"W" | "x" | "d" | "product", damo.Variable>,
) => {
  readonly outputs: damo.Variable[];
  readonly updates?: (readonly [damo.SharedVariable, damo.Variable])[];
};

function run(
  { rows, columns, batch, dtype }: Shapes,
  mode: damo.Mode,
  build: Build = ({ product }) => ({ outputs: [tanh(product)] }),
): Outcome {
  const draw = (shape: [number, number]) => drawn(shape, dtype);
  const given = draw([rows, columns]);
  given.flat()[6 * columns - 17] = Infinity; // a lane that the last vector of row 5 holds and must not add
  const W = damo.shared(given, {
    name: "W",
    shape: [rows, columns],
  });
  const x = damo.tensor(dtype, [batch, rows]),
    d = damo.tensor(dtype, [batch, columns]);
  const product = dot(d, transpose(W)),
    { outputs, updates = [] } = build({ W, x, d, product });
  const step = compile([x, d], outputs, {
    mode,
    updates: [[W, sub(W, mul(dot(transpose(x), d), RATE))], ...updates],
  });
  const values = [draw([batch, rows]), draw([batch, columns])];
  const flat = (y: unknown) =>
    y instanceof damo.NDArray ? [...y.flat()].map(Number) : [Number(y)];
  const results = [0, 1].flatMap(() =>
    (step(...values) as unknown[]).flatMap(flat)
  );
  const left = [W, ...updates.map(([s]) => s)].flatMap((s) =>
    flat(s.getValue())
  );
  return { results: [...results, ...left], explained: step.explain() };
}

const reference = () => new damo.Mode({ linker: "reference" });

function agrees(
  found: readonly number[],
  wanted: readonly number[],
  by: number,
) {
  assertEquals(found.length, wanted.length);
  found.forEach((y, i) =>
    assertAlmostEquals(y, wanted[i]!, by * (1 + Math.abs(wanted[i]!)))
  );
}

const SHAPES: [rows: number, columns: number, batch: number][] = [
  [131, 112, 1],
  [801, 17, 1],
  [160, 101, 2],
  [97, 140, 3],
  [200, 63, 7],
  [130, 129, 10],
  [99, 160, 12],
  [260, 50, 16],
];
for (const dtype of ["float32", "float64"] as const) {
  for (const [rows, columns, batch] of SHAPES) {
    Deno.test(`${batch} x ${columns} by ${rows} x ${columns}, ${dtype}, and the update of the latter`, () => {
      const shapes = { rows, columns, batch, dtype };
      const found = run(shapes, new damo.Mode());
      assert(ONE_PASS.test(found.explained), found.explained);
      // Sums of up to 160 terms of about 1/3, in two orders.
      const by = dtype === "float32" ? 2e-5 : 1e-13;
      agrees(found.results, run(shapes, reference()).results, by);
      for (
        const mode of [
          new damo.Mode({ linker: "cvm_nogc" }),
          new damo.Mode({ openmp: 2 }),
        ]
      ) assertEquals(run(shapes, mode).results, found.results);
    });
  }
}

const shapes: Shapes = { rows: 130, columns: 120, batch: 2, dtype: "float32" };

/** Whether the pair is made, once the values have been found right. */
function isPaired(build: Build): boolean {
  const found = run(shapes, new damo.Mode(), build);
  agrees(found.results, run(shapes, reference(), build).results, 2e-5);
  return ONE_PASS.test(found.explained);
}

Deno.test("what reads the matrix after the product keeps them apart", () => {
  assert(isPaired(({ product }) => ({ outputs: [product] })));
  assert(
    !isPaired(({ W, product }) => ({
      outputs: [product, sum(mul(W, sum(product)))],
    })),
  );
});

Deno.test("another update that reads the matrix keeps them apart", () => {
  assert(
    !isPaired(({ W, product }) => {
      const V = damo.shared(drawn([shapes.rows, shapes.columns], "float32"), {
        name: "V",
        shape: [shapes.rows, shapes.columns],
      });
      return {
        outputs: [product],
        updates: [[V, damo.add(V, mul(W, RATE)) as damo.Variable]],
      };
    }),
  );
});

Deno.test("an update that needs what comes after the product keeps them apart", () => {
  const n = 120;
  const made = (mode: damo.Mode) => {
    const W = damo.shared(
      new damo.NDArray(
        "float32",
        [n, n],
        Float32Array.from({ length: n * n }, (_, i) => (i * 7 % 13) / 13 - 0.5),
      ),
      { name: "W", shape: [n, n] },
    );
    const d = damo.tensor("float32", [1, n]);
    const y = tanh(dot(d, transpose(W)));
    const f = compile([d], y, {
      mode,
      updates: [[W, sub(W, mul(dot(transpose(y), d), RATE))]],
    });
    return { f, W };
  };
  const value = drawn([1, n], "float32");
  const [own, wanted] = [new damo.Mode(), reference()].map((mode) => {
    const { f, W } = made(mode);
    f(value);
    return { text: f.explain(), left: [...W.getValue().flat()].map(Number) };
  });
  assert(!ONE_PASS.test(own!.text));
  agrees(own!.left, wanted!.left, 2e-5);
});

Deno.test("what may fail behind the product keeps them apart: a call that is refused changes nothing", () => {
  const n = 120, batch = 2;
  const W = damo.shared(
    new damo.NDArray("float32", [n, n], new Float32Array(n * n).fill(0.5)),
    { name: "W", shape: [n, n] },
  );
  const d = damo.tensor("float32", [batch, n]), at = damo.lvector("at");
  const product = dot(d, transpose(W));
  const f = compile(
    [d, at],
    damo.take(
      product.flatten(),
      damo.add(at, damo.cast(sum(product).mul(0), "int64")),
    ),
    {
      updates: [[W, sub(W, mul(dot(transpose(d), d), RATE))]],
    },
  );
  const value = new damo.NDArray(
    "float32",
    [batch, n],
    new Float32Array(batch * n).fill(1),
  );
  const before = [...W.getValue().flat()];
  assertThrows(() => f(value, damo.array([5000000], { dtype: "int64" })));
  assertEquals([...W.getValue().flat()], before);
  f(value, damo.array([5], { dtype: "int64" }));
  assert(W.getValue().flat()[0] !== before[0]);
});
