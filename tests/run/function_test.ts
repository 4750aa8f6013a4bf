/** `function` as users call it: forms, conversion, updates, failures; under every linker. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as damo from "damo";
import { LINKERS, MODES } from "./linkers.ts";

for (const [called, mode] of MODES) {
  const test = (name: string, body: () => void) =>
    Deno.test(`${called}: ${name}`, body);

  test("adds one to a vector, a matrix, nothing", () => {
    const x = damo.vector("x"), f = damo.function([x], x.add(1), { mode });
    assertEquals(f([1, 2, 3]).toArray(), [2, 3, 4]);
    assertEquals(f(new Float32Array(0)).toArray(), []);
    assertEquals(f(damo.array([5, 6])).toArray(), [6, 7]);
    const m = damo.matrix("m"), g = damo.function([m], m.add(1), { mode });
    assertEquals(g([[1, 2], [3, 4]]).toArray(), [[2, 3], [4, 5]]);
    const strided = {
      data: new Float32Array([1, 2, 3, 4, 5, 6]),
      shape: [2, 2],
      stride: [1, 3],
      offset: 1,
    };
    assertEquals(g(strided).toArray(), [[3, 6], [4, 7]]);
  });

  test("gives numbers for no axes, and the form that was asked for", () => {
    const x = damo.scalar("x"), y = damo.scalar("y");
    assertEquals(damo.function([x, y], x.mul(y), { mode })(3, 4), 12);
    assertEquals(damo.function([x, y], [x.add(y), x.sub(y)], { mode })(3, 4), [
      7,
      -1,
    ]);
    assertEquals(
      damo.function([x, y], { sum: x.add(y), less: x.lt(y) }, { mode })(3, 4),
      { sum: 7, less: 1 },
    );
    assertEquals(
      damo.function([x], null, { mode, onUnusedInput: "ignore" })(3),
      undefined,
    );
    assertEquals(damo.function([x], x, { mode })(5), 5);
    assertEquals(
      damo.function([], damo.constant(7, { dtype: "float32" }), { mode })(),
      7,
    );
  });

  test("takes defaults for what is absent or undefined", () => {
    const x = damo.scalar("x"), y = damo.scalar("y");
    const f = damo.function([new damo.In(x, { value: 10 }), y], x.add(y), {
      mode,
    });
    assertEquals(f(undefined, 1), 11);
    assertEquals(f(2, 1), 3);
    const g = damo.function([y, new damo.In(x, { value: 10 })], x.add(y), {
      mode,
    });
    assertEquals(g(1), 11);
  });

  test("updates take effect together, from old values", () => {
    const a = damo.shared(1, { name: "a" }), b = damo.shared(2, { name: "b" });
    const f = damo.function([], a.add(b), {
      mode,
      updates: [[a, b], [b, a.add(b)]],
    });
    assertEquals(f(), 3);
    assertEquals([a.getValue().item(), b.getValue().item()], [2, 3]);
    assertEquals(f.fn(3), 13);
    assertEquals([a.getValue().item(), b.getValue().item()], [8, 13]);
  });

  test("two functions see the same shared variable", () => {
    const w = damo.shared([1, 2, 3], { name: "w" });
    const grow = damo.function([], null, { mode, updates: [[w, w.mul(2)]] });
    const total = damo.function([], w.sum(), { mode });
    grow();
    assertEquals(total(), 12);
    w.setValue([1, 1]);
    assertEquals(total(), 2);
    grow();
    assertEquals(w.getValue().toArray(), [2, 2]);
  });

  test("default updates apply unless they are refused", () => {
    const c = damo.shared(0, { name: "c" });
    c.defaultUpdate = c.add(1);
    const f = damo.function([], c.mul(1), { mode }),
      g = damo.function([], c.mul(1), { mode, noDefaultUpdates: true });
    assertEquals([f(), f(), g()], [0, 1, 2]);
    assertEquals(c.getValue().item(), 2);
  });

  test("givens replace", () => {
    const x = damo.vector("x"), w = damo.shared([1, 2, 3, 4]);
    const f = damo.function([], x.sum(), {
      mode,
      givens: [[x, w.at("1:3") as damo.Variable<1>]],
    });
    assertEquals(f(), 5);
  });

  test("what stands for a given variable may hold it, as it was", () => {
    const c = damo.shared(1, { name: "c" });
    c.defaultUpdate = c.add(3);
    const f = damo.function([], c.add(10), { mode, givens: [[c, c.add(10)]] });
    assertEquals([f(), c.getValue().item()], [21, 14]);
    const x = damo.scalar("x"), y = damo.scalar("y");
    assertThrows(
      () => damo.function([], x.add(1), { mode, givens: [[x, y], [y, x]] }),
      TypeError,
      "without end",
    );
    assertThrows(
      () => damo.function([x], x.mul(2), { mode, givens: [[x, x.add(1)]] }),
      TypeError,
      "it is an input",
    );
  });

  test("more axes than an array has room for are refused", () => {
    const x = damo.scalar("x"), deep = damo.dimshuffle(x, Array(9).fill("x"));
    const f = damo.function([x], deep.mul(2), { mode });
    if (mode.linker === "reference") {
      assertEquals((f(3) as damo.NDArray).ndim, 9);
    } else assertThrows(() => f(3), RangeError, "9 axes");
    const most = damo.dimshuffle(x, Array(8).fill("x"));
    const g = damo.function([x], most.mul(2), { mode });
    assertEquals((g(3) as damo.NDArray).ndim, 8);
  });

  test("ifelse takes any number but 0 as true", () => {
    const one = damo.constant(1), two = damo.constant(2);
    for (const dtype of ["float32", "float64", "int64", "bool"] as const) {
      const c = damo.tensor(dtype, [], "c");
      const f = damo.function([c], damo.ifelse(c, one, two), { mode });
      assertEquals([f(1), f(0)], [1, 2]);
      if (dtype === "int64") assertEquals(f(256), 1);
    }
  });

  test("until takes any number but 0 as true", () => {
    for (const dtype of ["float64", "int64"] as const) {
      const x = damo.tensor(dtype, [null], "x");
      const step = (v: damo.Variable): damo.StepResult => [
        [v],
        damo.until(v),
      ];
      const [[ys]] = damo.scan(step, { sequences: [x] }) as unknown as [
        [damo.Variable],
        unknown,
      ];
      const f = damo.function([x], ys, { mode });
      const end = dtype === "int64" ? 256 : 0.5;
      assertEquals((f([0, end, 0]) as damo.NDArray).shape, [2]);
    }
  });
  test("results never alias later results", () => {
    const x = damo.vector("x"),
      f = damo.function([x], [x.add(1), x.sum()], { mode });
    const [first] = f([1, 2]) as [damo.NDArray, number];
    for (let k = 0; k < 200; k++) f([k, k]);
    assertEquals(first.toArray(), [2, 3]);
  });

  test("wrong values are refused with name and remedy", () => {
    const x = damo.matrix("x"), y = damo.ivector("y");
    const f = damo.function([x, y], x.sum().add(y.sum()), { mode });
    assertThrows(() => f([1, 2], [1]), TypeError, "input x");
    assertThrows(() => f([[1, 2]], [1.5]), TypeError, "input y");
    for (const odd of ["1", null, {}]) {
      assertThrows(
        () => f([[1, odd as never]], [1]),
        TypeError,
        "Cannot use the value of input x: Cannot make an array: expected numbers, got ",
      );
    }
    assertThrows(
      () => f(new Float64Array(2) as never, [1]),
      TypeError,
      "input x",
    );
    assertThrows(
      () => f(damo.array([[1]], { dtype: "float64" }), [1]),
      TypeError,
      "allowInputDowncast",
    );
    assertThrows(
      () => (f as (...a: unknown[]) => unknown)([[1]]),
      TypeError,
      "input y",
    );
    assertThrows(
      () => (f as (...a: unknown[]) => unknown)([[1]], [1], 3),
      TypeError,
      "2",
    );
    const g = damo.function([x], x.sum(), { mode, allowInputDowncast: true });
    assertEquals(g(damo.array([[1]], { dtype: "float64" })), 1);
    const exact = damo.function([x], x.sum(), {
      mode,
      allowInputDowncast: false,
    });
    assertEquals(exact([[0.5]]), 0.5);
    assertThrows(() => exact([[0.1]]), TypeError, "expected float32");
    const strict = damo.function([new damo.In(y, { strict: true })], y.sum(), {
      mode,
    });
    assertEquals(strict(damo.array([1, 2], { dtype: y.dtype })), 3);
    for (const value of [[1, 2], damo.array([1, 2], { dtype: "int8" })]) {
      assertThrows(() => strict(value), TypeError, "it is strict");
    }
    assertEquals(
      f(
        damo.array([[1]], { dtype: "int64" }),
        damo.array([2], { dtype: "int8" }),
      ),
      3,
    );
  });

  test("trustInput and fn skip the checks", () => {
    const x = damo.vector("x"), f = damo.function([x], x.add(1), { mode });
    f(damo.array([1, 2, 3]));
    f.trustInput = true;
    assertEquals(f(damo.array([4, 5, 6])).toArray(), [5, 6, 7]);
  });

  test("fn wants inputs that were passed before, and at least one call", () => {
    const x = damo.scalar("x"), w = damo.shared(0);
    const f = damo.function([x], x, { mode, updates: [[w, w.add(x)]] });
    assertThrows(() => f.fn(), TypeError, "x");
    f(2);
    assertEquals(f.fn(3), 2);
    for (const calls of [0, -1, 1.5]) {
      assertThrows(() => f.fn(calls), RangeError, `${calls} times`);
    }
    assertEquals(w.getValue().item(), 8);
  });

  test("free ends a function, and only it", () => {
    const w = damo.shared([1, 2]),
      f = damo.function([], w.sum(), { mode }),
      g = damo.function([], w.sum(), { mode });
    assertEquals([f(), g()], [3, 3]);
    f.free();
    assertThrows(() => f(), Error, "freed");
    assertEquals(g(), 3);
  });
}

Deno.test("a copy has a workspace of its own, and other shared variables where they are exchanged", () => {
  const x = damo.scalar("x"),
    a = damo.shared(1, { name: "a" }),
    b = damo.shared(10, { name: "b" }),
    wide = damo.shared([1, 2], { name: "wide" }),
    unused = damo.shared(0, { name: "unused" });
  const f = damo.function([new damo.In(x, { value: 2 })], { old: a }, {
    name: "f",
    updates: [[a, a.mul(x)], [b, b.add(0)]],
  });
  const same = f.copy(),
    swapped = f.copy({ swap: [[a, b], [b, a]], name: "g" });
  f.free();
  assertThrows(() => f.copy(), Error, "freed");
  assertEquals([same(), same(5), same()], [{ old: 1 }, { old: 2 }, {
    old: 10,
  }]);
  assertEquals([swapped(), swapped(3)], [{ old: 10 }, { old: 20 }]);
  assertEquals([same.name, swapped.name], ["f", "g"]);
  assertEquals([a, b].map((s) => s.getValue().item()), [20, 60]);
  const exchanged =
    (...swap: [damo.SharedVariable, damo.SharedVariable][]) => () =>
      same.copy({ swap });
  assertThrows(
    exchanged([unused, b]),
    TypeError,
    "Cannot exchange unused: the function does not use it",
  );
  assertThrows(
    exchanged([a, wide]),
    TypeError,
    "Cannot exchange a: it is a shared float32 (), wide is a shared float32 (?,)",
  );
  assertThrows(exchanged([a, x as never]), TypeError, "x is float32 ()");
  assertThrows(exchanged([a, b]), TypeError, "Cannot update b twice");
  same.free();
  swapped.free();
});

for (const [called, mode] of MODES) {
  Deno.test(`${called}: trustInput takes arrays as they are, and converts all else`, () => {
    const i = damo.lscalar("i"), x = damo.tensor("float32", [null, 2], "x");
    const f = damo.function([i, x], x.at(i).sum(), { mode, trustInput: true });
    const two = damo.array([[1, 2], [3, 4]]);
    assertEquals(f(1, two), 7);
    assertEquals(f(0, two), 3);
    assertEquals(f(0n, [[5, 6]]), 11);
    const refused = (value: damo.NDArray) => () => f(0, value);
    const wanted =
      "Cannot use the value of input x: expected float32 (?, 2), got ";
    const remedy =
      "; trustInput takes arrays as they are: convert it, or leave trustInput off";
    assertThrows(
      refused(damo.array([1, 2])),
      TypeError,
      `${wanted}float32 (2,)${remedy}`,
    );
    assertThrows(
      refused(damo.array([[1, 2]], { dtype: "float64" })),
      TypeError,
      `${wanted}float64 (1, 2)${remedy}`,
    );
    assertThrows(
      refused(damo.array([[1, 2, 3]])),
      RangeError,
      `${wanted}float32 (1, 3)${remedy}`,
    );
    assertThrows(() => f(0.5, two), TypeError, "input i");
    assertThrows(() => f("1" as never, two), TypeError, "input i");
    assertEquals(f(-1, two), 7);
  });
}

Deno.test("bad requests name what is wrong", () => {
  const x = damo.vector("x"),
    y = damo.vector("y"),
    w = damo.shared([1, 2], { name: "w" });
  assertThrows(
    () => damo.function([x, y], x.sum()),
    damo.UnusedInputError,
    "y",
  );
  assertThrows(() => damo.function([], x.sum()), damo.MissingInputError, "x");
  assertThrows(() => damo.function([x, x], x.sum()), TypeError, "twice");
  assertThrows(() => damo.function([w as never], w.sum()), TypeError, "shared");
  assertThrows(
    () => damo.function([], w.sum(), { updates: [[w, w], [w, w.add(1)]] }),
    TypeError,
    "twice",
  );
  assertThrows(
    () => damo.function([], null, { updates: [[w, damo.zeros([2, 2])]] }),
    TypeError,
    "w",
  );
  assertThrows(
    () => damo.function([], null, { updates: [[w, w.astype("float64")]] }),
    TypeError,
    "float64",
  );
  assertThrows(
    () => damo.function([], null, { updates: [[x as never, w]] }),
    TypeError,
    "shared",
  );
  for (const updates of [{ w }, [w], [[w]], 3]) {
    assertThrows(
      () => damo.function([], null, { updates: updates as never }),
      TypeError,
      "updates are a list of pairs [shared, value], got",
    );
  }
  for (const outputs of [undefined, 3, "x"]) {
    assertThrows(
      () => damo.function([x], outputs as never),
      TypeError,
      "expected a Variable, a list or record of them, or null",
    );
  }
  assertThrows(
    () => damo.function([x], x, { mode: "py" as never }),
    RangeError,
    "there is no linker py, but cvm, cvm_nogc, c, reference",
  );
  assertThrows(
    () => new damo.Mode({ optimizer: "O3" as never }),
    RangeError,
    "there is no optimizer O3",
  );
});

Deno.test("a number that the input's dtype does not hold is refused", () => {
  const x = damo.fvector("x"), s = damo.fscalar("s");
  const f = damo.function([x, s], x.mul(s));
  const wrong: readonly [number[], number][] = [[[1, 1e300], 1], [[1], -1e39]];
  for (const args of wrong) {
    assertThrows(
      () => f(...args),
      RangeError,
      "is beyond float32; make the input float64, or pass { allowInputDowncast: true }",
    );
  }
  assertEquals(f([1, Infinity], 2).toArray(), [2, Infinity]);
  const scaled = damo.function([s], s.mul(2));
  for (const again of [false, true]) { // the second call takes the short way
    assertEquals(scaled(1), 2, String(again));
    assertThrows(() => scaled(1e39), RangeError, "is beyond float32");
    assertEquals(scaled(Infinity), Infinity);
  }
  const g = damo.function([x], x, { allowInputDowncast: true });
  assertEquals(g([1e300]).toArray(), [Infinity]);
  assertEquals(damo.array([1e300]).toArray(), [Infinity], "as NumPy has it");
});

Deno.test("an operator on a Variable says what to write", () => {
  const x = damo.vector("x");
  // deno-lint-ignore no-explicit-any
  assertThrows(() => (x as any) * 2, TypeError, "a.mul(b)");
});

Deno.test("the linkers agree, and those that run kernels to the bit", () => {
  const x = damo.matrix("x"), w = damo.matrix("w");
  const y = damo.softmax(x.dot(w).tanh()).log().sum({ axis: 0 });
  const rng = new damo.RandomState(3),
    a = rng.normal(0, 1, [7, 5]),
    b = rng.normal(0, 1, [5, 11]);
  const [reference, cvm, ...others] = LINKERS.map((linker) =>
    damo.function([x, w], y, { mode: linker })(a, b)
  );
  for (const other of others) assertEquals(cvm!.data, other.data);
  (reference!.data as Float32Array).forEach((v, i) =>
    assertAlmostEquals(Number(cvm!.data[i]), v, 1e-4)
  );
});

Deno.test("an input may be what a node computes", () => {
  const x = damo.scalar("x"), s = x.add(1), f = damo.function([s], s.mul(2));
  assertEquals(f(5), 10);
  f.free();
});
