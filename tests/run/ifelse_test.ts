/** Choices, compiled: only what the branch taken needs is computed, whatever stands in branches, around them and between them. */
import { assertEquals, assertThrows } from "@std/assert";
import * as damo from "damo";
import { defineOp, type OpFunction, type X } from "../../src/ops/define.ts";
import { optimize } from "../../src/rewrite/optimize.ts";
import { VmEngine } from "../../src/run/engine.ts";
import { runtime } from "../../src/run/runtime.ts";
import type { NDArray, Variable } from "damo";
import { LINKERS } from "./linkers.ts";

let evaluations = 0;

/** An identity that counts how often it runs; it has no C. */
const counted: OpFunction<X> = defineOp<X>({
  name: "counted",
  arity: 1,
  infer: ([x]) => x,
  eval: ([x]) => {
    evaluations++;
    return x.copy();
  },
  vjp: (_, g) => [counted(g)],
});

/** How often `counted` runs in a call. */
function runs(f: (...values: number[]) => unknown, ...values: number[]) {
  evaluations = 0;
  f(...values);
  return evaluations;
}

type Loose = ((...values: unknown[]) => unknown) & { free(): void };

function compiled(
  inputs: readonly Variable[],
  outputs: damo.Outputs,
  mode: damo.FunctionOptions["mode"],
): Loose {
  return damo.function(inputs, outputs, {
    mode,
    onUnusedInput: "ignore",
  }) as unknown as Loose;
}

const plain = (y: unknown): unknown =>
  Array.isArray(y)
    ? y.map(plain)
    : typeof y === "number"
    ? y
    : (y as NDArray).toArray();

for (const linker of LINKERS) {
  const test = (name: string, run: () => void) =>
    Deno.test(`${linker}: ${name}`, run);

  test("a branch that would raise raises only where it is taken", () => {
    const c = damo.dscalar("c"), x = damo.dvector("x"), i = damo.lscalar("i");
    const refused = damo.assert(x.mul(2), c.gt(5), "too small");
    const [a, b] = damo.ifelse(
      c.gt(0),
      [x.at(i) as Variable<0>, refused],
      [x.sum(), x.neg()],
    ) as [Variable, Variable];
    const f = compiled([c, x, i], [a, b], linker);
    assertEquals(plain(f(-1, [1, 2], 99)), [3, [-1, -2]]);
    assertEquals(plain(f(6, [1, 2], 1)), [2, [2, 4]]);
    assertThrows(() => f(6, [1, 2], 2), RangeError);
    assertThrows(() => f(1, [1, 2], 1), Error, "too small");
    // A failed call leaves nothing behind.
    assertEquals(plain(f(-1, [1, 2], 99)), [3, [-1, -2]]);
    f.free();
  });

  // The C compiler takes time as the square of the length of a function.
  const depth = linker === "c" ? 200 : 1000;
  test(`${depth} nested choices`, () => {
    const c = damo.dscalar("c"), limits = damo.dvector("limits");
    let y: Variable = c;
    for (let k = 0; k < depth; k++) {
      const limit = limits.at(k);
      y = damo.ifelse(c.gt(limit), damo.maximum(y, limit), y.add(limit));
    }
    const f = compiled([c, limits], y, linker);
    const given = Array.from({ length: depth }, (_, k) => k % 250);
    for (const value of [-1, 100.5, 2000]) {
      const want = given.reduce(
        (y, k) => value > k ? Math.max(y, k) : y + k,
        value,
      );
      assertEquals(plain(f(value, given)), want);
    }
    f.free();
  });

  test("what one branch may overwrite is whole in the other and outside", () => {
    const c = damo.dscalar("c"), x = damo.dmatrix("x");
    const shared = x.dot(x); // a temporary: any of its readers could overwrite it
    const y = damo.ifelse(
      c.gt(0),
      damo.setSubtensor(shared.at(0), 7).mul(2),
      shared.neg(),
    );
    const f = compiled([c, x], [y, shared.sum(), x.add(0)], linker);
    const value = [[1, 2], [3, 4]];
    assertEquals(plain(f(1, value)), [[[14, 14], [30, 44]], 54, value]);
    assertEquals(plain(f(-1, value)), [
      [[-7, -10], [-15, -22]],
      54,
      value,
    ]);
    f.free();
  });

  test("a choice in each step of a loop, one branch of which would raise", () => {
    const x = damo.dvector("x"), table = damo.dvector("table");
    const i = damo.lvector("i");
    const [y] = damo.scan(
      (x, i, s) =>
        damo.ifelse(x.gt(0), s.add(table.at(i) as Variable), s.mul(2)),
      {
        sequences: [x, i],
        outputsInfo: damo.constant(1, { dtype: "float64" }),
      },
    );
    const f = compiled([x, i, table], y, linker);
    assertEquals(plain(f([1, -1, 1], [0, 99, 1], [10, 20])), [11, 22, 42]);
    assertThrows(() => f([1, 1, 1], [0, 99, 1], [10, 20]), RangeError);
    f.free();
  });

  test("gradients stay in their branch", () => {
    const c = damo.dscalar("c"), x = damo.dvector("x"), i = damo.lscalar("i");
    const cost = damo.ifelse(
      c.gt(0),
      (x.at(i) as Variable<0>).mul(3),
      x.sqr().sum(),
    );
    const slope = damo.grad(cost as Variable<0>, x);
    const f = compiled([c, x, i], slope, linker);
    assertEquals(plain(f(-1, [1, 2], 99)), [2, 4]);
    assertEquals(plain(f(1, [1, 2], 1)), [0, 3]);
    assertThrows(() => f(1, [1, 2], 99), RangeError);
    f.free();
  });

  if (linker === "c") continue; // it has no place for ops without C

  test("each value is computed once, and at its first need", () => {
    const c = damo.dscalar("c"), x = damo.dscalar("x");
    const shared = counted(x.mul(2)), alone = counted(x.add(1));
    const y = damo.ifelse(c.gt(0), shared.add(alone), shared.neg());
    const lazy = compiled([c, x], y, linker);
    assertEquals([runs(lazy, 1, 3), runs(lazy, -1, 3)], [2, 1]);
    const outside = compiled([c, x], [y, shared], linker);
    assertEquals([runs(outside, 1, 3), runs(outside, -1, 3)], [2, 1]);
    const twice = damo.ifelse(c.gt(1), shared.mul(5), x);
    const several = compiled([c, x], [y, twice] as Variable[], linker);
    assertEquals([2, 1, -1].map((c) => runs(several, c, 3)), [2, 2, 1]);
  });

  test("a choice inside a branch that is not taken computes nothing", () => {
    const c = damo.dscalar("c"), d = damo.dscalar("d"), x = damo.dscalar("x");
    const inner = damo.ifelse(
      counted(d).gt(0),
      counted(x),
      counted(x.neg()),
    );
    const f = compiled(
      [c, d, x],
      damo.ifelse(c.gt(0), inner as Variable, x),
      linker,
    );
    assertEquals(
      [runs(f, -1, 1, 1), runs(f, 1, 1, 1), runs(f, 1, -1, 1)],
      [0, 2, 2],
    );
  });

  test("the gradient of a branch runs where the branch does", () => {
    const c = damo.dscalar("c"), x = damo.dscalar("x");
    const cost = damo.ifelse(c.gt(0), counted(x.sqr()).sqr(), x.mul(3));
    const f = compiled([c, x], damo.grad(cost as Variable<0>, x), linker);
    // The value of `counted`, and its gradient, which counts too.
    assertEquals([runs(f, 1, 2), runs(f, -1, 2)], [2, 0]);
  });

  test("what a loop needs from a branch is not computed where no step takes it", () => {
    const x = damo.dvector("x"), w = damo.dscalar("w");
    const [y] = damo.scan((x) => damo.ifelse(x.gt(0), x.add(counted(w)), x), {
      sequences: x,
    });
    const f = compiled([x, w], y, linker);
    const count = (...x: number[]) => {
      evaluations = 0;
      f(x, 2);
      return evaluations;
    };
    assertEquals(count(-1, -2), 0);
    assertEquals(count(), 0);
    if (linker !== "reference") assertEquals(count(1, 2, -3), 1);
  });
}

/** An engine for a choice between two branches of different work, with values for it; the first branch has one buffer, the second three. */
function choice(linker: "cvm" | "cvm_nogc") {
  const SIZE = 64, mode = new damo.Mode({ linker });
  const c = damo.dscalar("c"), x = damo.dmatrix("x");
  const y = damo.ifelse(
    c.gt(0),
    x.dot(x).tanh(),
    x.add(1).dot(x.T).dot(x),
  ) as Variable;
  const { graph } = optimize(
    { inputs: [c, x], outputs: [y], updates: [] },
    mode,
  );
  const engine = new VmEngine(graph, mode, runtime()!);
  const value = damo.array(new Float64Array(SIZE * SIZE), {
    shape: [SIZE, SIZE],
  });
  const call = (condition: number) => {
    engine.call([damo.array(condition, { dtype: "float64" }), value], 1);
    return engine.current!;
  };
  return { engine, call, shape: value.shape };
}

Deno.test("a branch that is not taken takes no buffers", () => {
  const taken = [1, -1].map((condition) => {
    const { engine, call } = choice("cvm"), { vm } = call(condition);
    const n = vm.taken;
    engine.free();
    return n;
  });
  assertEquals(taken, [1, 3]);
});

Deno.test("buffers of a branch that is not taken are never written", () => {
  const { engine, call, shape } = choice("cvm_nogc");
  const { program, vm } = call(1);
  const large = program.slots.flatMap(({ kind, shape }, i) =>
    kind === "temporary" && shape.length === 2 ? [i] : []
  );
  assertEquals(large.length, 4);
  const mark = damo.array(new Float64Array(shape[0]! * shape[1]!).fill(42), {
    shape,
  });
  large.forEach((slot) => vm.slots.write(slot, mark));
  call(1);
  const whole = large.filter((slot) =>
    vm.slots.read(slot).flat().every((v) => v === 42)
  );
  assertEquals(whole.length, 3);
  engine.free();
});
