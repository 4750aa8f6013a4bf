/** Layouts of shared variables: who chooses them, who adapts, and that nobody else sees them. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import * as damo from "damo";
import { runtime } from "../../src/run/runtime.ts";
import { CStorage, storageOf } from "../../src/run/storage.ts";

const INPUTS = 37, CLASSES = 5;

interface Model {
  readonly W: damo.SharedVariable<2>;
  readonly x: damo.Variable<2>;
  readonly y: damo.Variable<1>;
  readonly scores: damo.Variable<2>;
  train(mode?: damo.Mode): damo.CompiledFunction<damo.Variable>;
  readonly batch: readonly [damo.NDArray, damo.NDArray];
}

/** Softmax regression whose rows of weights are short, or as long as that. */
function model(batch = 4, inputs = INPUTS, classes = CLASSES): Model {
  const rng = new damo.RandomState(5);
  const W = damo.shared(rng.normal(0, 0.3, [inputs, classes]), {
    name: "W",
  }) as damo.SharedVariable<2>;
  const x = damo.matrix("x"),
    y = damo.ivector("y"),
    scores = x.dot(W) as damo.Variable<2>;
  const cost = damo.categoricalCrossentropy(damo.softmax(scores), y).mean();
  const [g] = damo.grad(cost as damo.Variable<0>, [W]);
  return {
    W,
    x,
    y,
    scores,
    train: (mode) =>
      damo.function([x, y], cost, {
        updates: [[W, W.sub(g.mul(0.1))]],
        ...(mode && { mode }),
      }),
    batch: [
      rng.normal(0, 1, [batch, inputs]),
      rng.integers(0, classes, [batch]),
    ],
  };
}

function stridesOf({ storage }: damo.SharedVariable): readonly number[] {
  return (storage as CStorage).strides;
}

/** A column begins at a cache line. */
const COLUMNS = [1, 48];

function close(x: damo.NDArray, y: damo.NDArray, tolerance = 1e-5): void {
  assertEquals(x.shape, y.shape);
  const [a, b] = [x, y].map((v) => [...v.flat() as Float32Array]);
  a!.forEach((v, i) => assert(Math.abs(v - b![i]!) <= tolerance, `${i}`));
}

for (const batch of [1, 4, 19]) {
  for (
    const mode of [
      new damo.Mode({ linker: "cvm" }),
      new damo.Mode({ linker: "cvm_nogc" }),
      new damo.Mode({ optimizer: "none" }),
      new damo.DebugMode(),
    ]
  ) {
    Deno.test(`weights by columns train as those by rows do: batch ${batch}, ${mode.linker}, ${mode.optimizer}${mode.debug ? ", debug" : ""}`, () => {
      const ours = model(batch), theirs = model(batch);
      const f = ours.train(mode),
        g = theirs.train(new damo.Mode({ linker: "reference" }));
      for (let k = 0; k < 3; k++) {
        const [a, b] = [f(...ours.batch), g(...theirs.batch)];
        assert(Math.abs(Number(a) - Number(b)) < 1e-5, `${a}, not ${b}`);
        close(ours.W.getValue(), theirs.W.getValue());
      }
      f.fn(5);
      g.fn(5);
      close(ours.W.getValue(), theirs.W.getValue(), 1e-4);
      assertEquals(stridesOf(ours.W), COLUMNS);
      assertMatch(
        f.explain(),
        /layout of W: columns of 37, because rows of 5 fill vectors badly/,
      );
    });
  }
}

for (const batch of [1, 4, 19]) {
  for (const linker of ["cvm", "cvm_nogc", "c"] as const) {
    Deno.test(`weights in rows that begin at cache lines train as others do: batch ${batch}, ${linker}`, () => {
      const of = () => model(batch, 300, 250), ours = of(), theirs = of();
      const f = ours.train(new damo.Mode({ linker, openmp: 2 })),
        g = theirs.train(new damo.Mode({ linker: "reference" }));
      for (let k = 0; k < 2; k++) {
        const [a, b] = [f(...ours.batch), g(...theirs.batch)];
        assert(Math.abs(Number(a) - Number(b)) < 1e-4, `${a}, not ${b}`);
        close(ours.W.getValue(), theirs.W.getValue());
      }
      assertEquals(stridesOf(ours.W), [272, 1]);
      assertMatch(f.explain(), /layout of W: rows of 250, 272 apart, because/);
      // Other threads and another linker: the same bits.
      const alone = of(), h = alone.train(new damo.Mode({ openmp: 1 }));
      for (let k = 0; k < 2; k++) h(...alone.batch);
      assertEquals(ours.W.getValue().toArray(), alone.W.getValue().toArray());
    });
  }
}

Deno.test("a function lowered earlier adapts, and says so; one lowered later finds the layout", () => {
  const { W, x, scores, train, batch } = model(), [images] = batch;
  const predict = damo.function([x], scores), before = predict(images);
  assertEquals(stridesOf(W), [CLASSES, 1]);
  const f = train(), view = W.getValue({ borrow: true });
  assertEquals(view.at(0, 0), W.getValue().at(0, 0));
  const old = W.getValue();
  f(...batch);
  assertEquals(stridesOf(W), COLUMNS);
  assertThrows(
    () => view.data,
    RangeError,
    "Cannot read a borrowed value: its shared variable was written since; call getValue() for a copy",
  );
  W.setValue(old);
  close(predict(images), before);
  assertMatch(predict.explain(), /layout of W: strides are \(1,48\) now/);
  const later = damo.function([x], scores.mul(2)), twice = later(images);
  before.flat().forEach((v, i) =>
    assert(Math.abs(Number(twice.flat()[i]) - 2 * Number(v)) < 1e-5)
  );
  const rows = damo.function([], null, { updates: [[W, W.at("::-1")]] });
  rows();
  assertEquals(stridesOf(W), COLUMNS);
  assertEquals(W.getValue().toArray(), old.toArray().reverse());
});

Deno.test("values go in and out row by row; those of other lengths lie so", () => {
  const { W, train, batch } = model(), f = train();
  f(...batch);
  const copy = W.getValue({ borrow: true });
  assertEquals(copy.strides, [CLASSES, 1]);
  copy.data[0] = 7;
  assert(W.getValue().at(0, 0) !== 7);
  const value = new damo.RandomState(1).normal(0, 1, [INPUTS, CLASSES]);
  W.setValue(value);
  assertEquals(stridesOf(W), COLUMNS);
  assertEquals(W.getValue().toArray(), value.toArray());
  W.setValue([[1, 2], [3, 4]]);
  assertEquals(stridesOf(W), [2, 1]);
  assertEquals(W.getValue().toArray(), [[1, 2], [3, 4]]);
  W.setValue(value);
  assertEquals(stridesOf(W), COLUMNS);
});

Deno.test("what becomes the value by exchange keeps the layout", () => {
  const { W, train, batch } = model(), f = train();
  f(...batch);
  const old = W.getValue(), x = damo.matrix("x");
  const take = damo.function([x], W, { updates: [[W, x]] });
  const next = new damo.RandomState(8).normal(0, 1, [INPUTS, CLASSES]);
  assertEquals(take(next).toArray(), old.toArray());
  assertEquals(stridesOf(W), COLUMNS);
  assertEquals(W.getValue().toArray(), next.toArray());
  f(...batch);
  assertEquals(stridesOf(W), COLUMNS);
});

Deno.test("a value of other lengths that an update brings lies row by row", () => {
  const { W, x, scores, train, batch } = model(), f = train();
  f(...batch);
  const grow = damo.function([], null, {
    updates: [[W, damo.join(1, W, W) as damo.Variable<2>]],
  });
  const old = W.getValue().toArray() as number[][];
  grow.fn(2);
  const four = old.map((r) => [...r, ...r, ...r, ...r]);
  assertEquals(W.getValue().toArray(), four);
  assertEquals(damo.function([x], scores)(batch[0]).shape, [4, 20]);
});

Deno.test("a call that is refused changes neither the values nor who may read them", () => {
  const { W, train, batch: [images] } = model(), f = train();
  f(images, [0, 1, 2, 3]);
  const before = W.getValue();
  assertThrows(() => f(images, [0, 1, 2, CLASSES]), RangeError);
  assertEquals(W.getValue().toArray(), before.toArray());
  assertThrows(() => f(images, [0, 1, 2, -CLASSES - 1]), RangeError);
  assertEquals(W.getValue().toArray(), before.toArray());
});

Deno.test("a matrix that is read row by row stays as it is", () => {
  const rng = new damo.RandomState(5), i = damo.lscalar("i");
  const W = damo.shared(rng.normal(0, 1, [INPUTS, CLASSES]));
  const x = damo.matrix("x"), cost = x.dot(W).sum().add(W.at(i).sum());
  const [g] = damo.grad(cost as damo.Variable<0>, [W]);
  const f = damo.function([x, i], cost, { updates: [[W, W.sub(g)]] });
  f(rng.normal(0, 1, [3, INPUTS]), 2);
  assertEquals(stridesOf(W), [CLASSES, 1]);
});

Deno.test("a storage is laid out anew, and as before", () => {
  const { cvm } = runtime()!;
  const storage = new CStorage(cvm, damo.array([[1, 2, 3], [4, 5, 6]]));
  assertEquals(storage.strides, [3, 1]);
  storage.arrange([1, 16]);
  assertEquals(storage.read(false).toArray(), [[1, 2, 3], [4, 5, 6]]);
  assertEquals(storage.strides, [1, 16]);
  storage.arrange([3, 1]);
  assertEquals(storage.read(true).toArray(), [[1, 2, 3], [4, 5, 6]]);
  storage.free();
});

Deno.test("a storage is not laid out anew while a call in flight uses it", async () => {
  const { train, W, batch } = model(), step = train();
  const total = damo.function([], W.sum());
  const running = total.async();
  assertThrows(() => step(...batch), RangeError, "in flight");
  await running;
  assertEquals(stridesOf(W), [CLASSES, 1]);
  step(...batch);
  assertEquals(stridesOf(W), COLUMNS);
});

Deno.test("large storages begin at a huge page", () => {
  const { cvm } = runtime()!;
  const s = damo.shared(
    new damo.NDArray("float32", [1024, 600], new Float32Array(1024 * 600)),
  );
  const storage = storageOf(s, cvm);
  assertEquals(BigInt(addressOf(storage)) % (2n << 20n), 0n);
});

function addressOf(storage: CStorage): bigint {
  const { data } = storage.read(true);
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(data as BufferSource));
}
