/** DebugMode finds nothing where there is nothing, and names what a broken op does. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import * as damo from "damo";
import { DebugError, runDebug } from "../../src/run/debug.ts";
import { firstDifference } from "../../src/run/rounding.ts";
import type { Kernel } from "../../src/lower/program.ts";
import type { Vm } from "../../src/run/vm.ts";
import { ADD, Assembly, f32, kernel } from "./assembly.ts";
import { EXAMPLES } from "./examples.ts";

const mode = new damo.DebugMode();

type X = [x: damo.Variable];

/** Its error when it is called. */
function refused(call: () => unknown): Error {
  const error = assertThrows(call, DebugError);
  assertMatch(error.message, /debug_test\.ts:\d+:\d+/);
  return error;
}

for (const { name, build } of EXAMPLES) {
  for (const linker of ["cvm", "cvm_nogc"] as const) {
    Deno.test(`${linker}: DebugMode finds nothing wrong with ${name}`, () => {
      const made = build(), twin = build();
      const compiled = (
        { inputs, outputs, updates }: typeof made,
        mode: damo.Mode,
      ) => damo.function(inputs, outputs, { updates: updates!, mode });
      const f = compiled(made, new damo.DebugMode({ linker })),
        g = compiled(twin, new damo.Mode({ linker }));
      for (let k = 0; k < 3; k++) f(...made.values), g(...twin.values);
      f.fn(2), g.fn(2);
      made.shared.forEach((s, i) =>
        s.getValue().flat().forEach((v: number | bigint, k: number) =>
          near(Number(v), Number(twin.shared[i]!.getValue().flat()[k]))
        )
      );
    });
  }
}

function near(x: number, y: number): void {
  if (!(Math.abs(x - y) <= 1e-5 * Math.max(1, Math.abs(y)))) {
    throw new Error(`${x} is not ${y}`);
  }
}

/** The loops of an elementwise op of a vector: stores `value` of each element. */
function loopsOf(
  index: (axis: damo.Expr) => damo.Expr,
  inplace: readonly number[] = [],
): (site: damo.LoopSite) => damo.Loops {
  return ({ inputs: [x] }) => {
    const axis = { kind: "axis", axis: 0 } as const;
    return {
      axes: [{ of: "input", operand: 0, axis: 0 }],
      outer: [0],
      stages: [{
        kind: "store",
        axes: [],
        output: 0,
        index: [axis],
        value: {
          kind: "load",
          input: 0,
          index: [index(axis)],
          dtype: x!.dtype,
        },
      }],
      inplace,
    };
  };
}

const FIRST: damo.Expr = { kind: "constant", value: 0, dtype: "int64" };

Deno.test("a kernel that computes something else than eval is named, with the first element", () => {
  const firsts = damo.defineOp<X>({
    name: "firsts",
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) => x.copy(),
    loops: loopsOf(() => FIRST),
  });
  const x = damo.vector("x"), f = damo.function([x], firsts(x), { mode });
  assertEquals(
    damo.function([x], firsts(x), { mode: "cvm" })([5, 5, 7]).toArray(),
    [5, 5, 5],
  );
  const error = refused(() => f([5, 5, 7]));
  assertMatch(
    error.message,
    /Cannot trust firsts: output 0 at \(2\) is 5, expected 7/,
  );
  assertMatch(error.message, /x: float32 \(\?,\) of shape \(3,?\)/);
  assertEquals(f([5, 5, 5]).toArray(), [5, 5, 5]); // and the next call is clean
});

/** A vector's copy by its eval, and a view of something else. */
function misleading(name: string, start: number, step: number) {
  return damo.defineOp<X>({
    name,
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) => x.copy(),
    views: [0],
    view: () => ({
      kind: "affine",
      start: [start],
      step: [step],
      from: [0],
      checked: [false],
    }),
  });
}

for (
  const [what, view, why] of [
    [
      "looks elsewhere than its eval",
      misleading("swapped", -1, -1),
      /Cannot trust swapped: output 0 at \(0\) is 3, expected 1/,
    ],
    [
      "leaves its operand",
      misleading("beyond", 0, 2),
      /Cannot trust beyond: its output leaves its operand/,
    ],
  ] as const
) {
  Deno.test(`a view that ${what} is named`, () => {
    const x = damo.vector("x"),
      f = damo.function([x], view(x).add(1), { mode });
    assertMatch(refused(() => f([1, 2, 3])).message, why);
  });
}

Deno.test("an op that claims to work in place, and does not, is named", () => {
  const backwards = damo.defineOp<X>({
    name: "backwards",
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) =>
      new damo.NDArray(
        x.dtype,
        x.shape,
        x.flat().slice().reverse() as Float32Array<ArrayBuffer>,
      ),
    loops: loopsOf(
      (axis) => minus(minus({ kind: "length", axis: 0 }, axis), ONE),
      [0],
    ),
  });
  const x = damo.vector("x");
  const f = damo.function([x], backwards(x.add(1)), { mode });
  assertMatch(
    refused(() => f([1, 2, 3, 4])).message,
    /Cannot trust backwards: output 0 at \(2\) is 4, expected 3/,
  );
});

const ONE: damo.Expr = { kind: "constant", value: 1, dtype: "int64" };

function minus(x: damo.Expr, y: damo.Expr): damo.Expr {
  return {
    kind: "call",
    name: "sub",
    scalar: damo.sub.op.scalar!,
    args: [x, y],
    dtype: "int64",
  };
}

/** A program that computes x + 1 of two elements by this kernel. */
function byHand(kernel: Kernel, inplace = -1): Vm {
  const v = damo.tensor("float32", [2], "x"),
    node = v.add(damo.constant([1, 1], { dtype: "float32" })).owner!;
  const a = new Assembly(),
    x = a.input("float32", [2]),
    one = a.constant([1, 1], "float32");
  a.call(kernel, [x, one], [
    inplace < 0 ? a.temporary("float32", [2]) : a.look("float32", [2]),
  ], { node, inplace });
  const vm = a.vm([2], { debug: true });
  vm.setInput(0, f32([3, 4]));
  return vm;
}

const F = ["float", "float", "float"];

Deno.test("a kernel that writes its operand is named", () => {
  const vm = byHand(
    kernel(
      "writes",
      F,
      "  for (int64_t i = lo; i < hi; i++) x2[i] = x0[i] + x1[i], x0[1] = 0;",
    ),
  );
  assertMatch(
    refused(() => runDebug(vm, 1)).message,
    /Cannot trust add: it changes its operand 0/,
  );
  assertEquals(vm.live, 0);
  vm.free();
});

Deno.test("an eval that writes its operand is named", () => {
  const vandal = damo.defineOp<X>({
    name: "vandal",
    arity: 1,
    infer: ([x]) => x,
    eval: ([x]) => {
      const copy = x.copy();
      x.data[x.offset] = 9;
      return copy;
    },
  });
  const x = damo.vector("x"),
    f = damo.function([x], vandal(x.exp()), { mode });
  assertMatch(
    refused(() => f([1, 2])).message,
    /Cannot trust vandal: it changes its operand 0/,
  );
});

Deno.test("a kernel that writes nothing gives poison", () => {
  const vm = byHand(kernel("nothing", F, ""));
  assertMatch(
    refused(() => runDebug(vm, 1)).message,
    /output 0 at \(0\) is NaN, expected 4/,
  );
  vm.free();
});

Deno.test("a kernel that crashes is named", () => {
  const vm = byHand(
    kernel("crashes", F, "  *(volatile float *)8 = x0[0] + x1[0] + x2[0];"),
  );
  assertMatch(
    refused(() => runDebug(vm, 1)).message,
    /Cannot trust add: its kernel crashed with signal 11/,
  );
  assertEquals(vm.live, 0);
  vm.free();
});

Deno.test("a right kernel passes, in place too", () => {
  for (const inplace of [-1, 0]) {
    const vm = byHand(ADD, inplace);
    assertEquals(runDebug(vm, 1), null);
    assertEquals(vm.output(0).toArray(), [4, 5]);
    vm.finish();
    vm.free();
  }
});

Deno.test("rounding is told from mistakes", () => {
  const x = damo.vector("x"), xs = f32([1e4, -1e4, 1, 3e-4]);
  const total = x.sum().owner!,
    difference = (node: damo.Apply, found: number, expected: number) =>
      firstDifference(node, [xs], {
        found: [f32(found)],
        expected: [f32(expected)],
      });
  // A sum may be wrong by the rounding of its largest terms, its value of 1 notwithstanding.
  assertEquals(difference(total, 1.001, 1.0003), null);
  assertEquals(difference(total, 1.5, 1.0003)?.index, []);
  // One that rounds once may not.
  const greatest = x.max().owner!;
  assertEquals(difference(greatest, 10000.01, 10000), null);
  assertEquals(difference(greatest, 10001, 10000)?.found, 10001);
  // A term that was left out is more than rounding.
  const terms = f32(Array.from({ length: 1000 }, (_, i) => Math.sin(i)));
  const [sum] = total.op.eval([terms], total.params),
    rest = f32(sum!.item() - Math.sin(500));
  const lost = { found: [rest], expected: [sum!] };
  assertEquals(firstDifference(total, [terms], lost)?.found, rest.item());
});
