/** The kernels of libcvm against values worked out in TypeScript. */
import { assertEquals } from "@std/assert";
import type { Dtype } from "../../src/graph/dtype.ts";
import { array, NDArray, type Nested } from "../../src/graph/ndarray.ts";
import type { ViewMap } from "../../src/graph/variable.ts";
import {
  copyExtents,
  countExtents,
  guardExtents,
  headerExtents,
  lastExtents,
  lengthExtents,
  type LengthSource,
  prefixExtents,
  reserveExtents,
  sameExtents,
  stackExtents,
  viewExtents,
} from "../../src/lower/emit/builtins.ts";
import type { Builtin } from "../../src/lower/program.ts";
import { ADD, Assembly, f32 } from "./assembly.ts";

interface Case {
  readonly inputs: readonly NDArray[];
  readonly table: readonly number[];
  /** The output's dtype and rank; null for none. */
  readonly out?: readonly [Dtype, ndim: number] | null;
  readonly kind?: "temporary" | "look";
}

/** Runs one builtin on inputs of unknown lengths: its output, or [code, axis, index, length]. */
function apply(
  name: Builtin,
  { inputs, table, out = null, kind = "temporary" }: Case,
): unknown {
  const a = new Assembly();
  const slots = inputs.map((x) => a.input(x.dtype, x.shape.map(() => null)));
  const shape = out ? Array(out[1]).fill(null) : [];
  const output = out
    ? [kind === "look" ? a.look(out[0], shape) : a.temporary(out[0], shape)]
    : [];
  a.builtin(name, slots, output, table);
  const vm = a.vm(output);
  inputs.forEach((x, i) => vm.setInput(i, x));
  const stop = vm.run();
  const result = stop?.kind === "failed"
    ? [stop.code, stop.axis, stop.index, stop.length]
    : output.map(() => vm.output(0).toArray())[0];
  assertEquals(stop === null || vm.live === 0, true);
  assertEquals(vm.free(), 0);
  return result;
}

const int = (value: Nested, dtype: Dtype = "int64") => array(value, { dtype });
const x = f32([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]);

function view(
  map: ViewMap,
  lengths: LengthSource[],
  scalars: NDArray[] = [],
): unknown {
  return apply("view", {
    inputs: [x, ...scalars],
    table: viewExtents(map, lengths),
    out: ["float32", lengths.length],
    kind: "look",
  });
}

const affine = (
  start: (number | { input: number })[],
  step: number[],
  from: (number | null)[],
  checked = start.map(() => false),
): ViewMap => ({ kind: "affine", start, step, from, checked });

Deno.test("view: transposes, slices, reverses, repeats and takes diagonals", () => {
  assertEquals(view(affine([0, 0], [1, 1], [1, 0]), [4, 3]), [
    [0, 4, 8],
    [1, 5, 9],
    [2, 6, 10],
    [3, 7, 11],
  ]);
  assertEquals(view(affine([1, 0], [1, 2], [0, 1]), [2, 2]), [[4, 6], [8, 10]]);
  assertEquals(view(affine([-1, -1], [-1, -2], [0, 1]), [3, 2]), [[11, 9], [
    7,
    5,
  ], [3, 1]]);
  assertEquals(view(affine([2, 1], [1, 1], [null, 0]), [2]), [9, 10]);
  assertEquals(view(affine([0, -1], [1, 1], [0, null]), [3, 2]), [[3, 3], [
    7,
    7,
  ], [11, 11]]);
  assertEquals(view(affine([0, 1], [1, 1], [0, 0]), [3]), [1, 6, 11]);
  assertEquals(view(affine([0, 0], [1, 1], [null, null]), []), 0);
});

Deno.test("view: lengths and starts come from integer scalars of any dtype and from headers", () => {
  for (
    const dtype of [
      "int8",
      "int16",
      "int32",
      "int64",
      "uint8",
      "uint16",
      "uint32",
      "uint64",
    ] as const
  ) {
    const map = affine([{ input: 1 }, 0], [1, 1], [0, 1]);
    assertEquals(
      view(map, [{ input: 2 }, { input: 0, axis: 1 }], [
        int(1, dtype),
        int(2, dtype),
      ]),
      [[4, 5, 6, 7], [8, 9, 10, 11]],
    );
  }
  assertEquals(
    view(affine([{ input: 1 }, 0], [1, 1], [null, 0]), [4], [int(-1, "int8")]),
    [8, 9, 10, 11],
  );
});

Deno.test("view: a checked start is refused out of range, another is clipped", () => {
  const row = (checked: boolean) =>
    affine([{ input: 1 }, 0], [1, 1], [null, 0], [checked, false]);
  assertEquals(view(row(true), [4], [int(2)]), [8, 9, 10, 11]);
  assertEquals(view(row(true), [4], [int(-3)]), [0, 1, 2, 3]);
  assertEquals(view(row(true), [4], [int(3)]), ["INDEX", 0, 3, 3]);
  assertEquals(view(row(true), [4], [int(-4)]), ["INDEX", 0, -4, 3]);
  const rows = affine([{ input: 1 }, 0], [1, 1], [0, 1]);
  assertEquals(view(rows, [2, 4], [int(-9)]), [[0, 1, 2, 3], [4, 5, 6, 7]]);
  assertEquals(view(rows, [0, 4], [int(9)]), []);
  const back = affine([{ input: 1 }, 0], [-1, 1], [0, 1]);
  assertEquals(view(back, [1, 4], [int(9)]), [[8, 9, 10, 11]]);
});

Deno.test("view: a reshape relabels, and refuses another number of elements", () => {
  assertEquals(view({ kind: "reshape" }, [2, 6]), [[0, 1, 2, 3, 4, 5], [
    6,
    7,
    8,
    9,
    10,
    11,
  ]]);
  assertEquals(view({ kind: "reshape" }, [{ input: 1 }], [int(12)]), [
    ...Array(12).keys(),
  ]);
  assertEquals(view({ kind: "reshape" }, [5, { input: 0, axis: 0 }]), [
    "SHAPE",
    0,
    15,
    12,
  ]);
});

Deno.test("copy: any strides, any element size", () => {
  for (const dtype of ["int8", "int16", "float32", "float64"] as const) {
    const values = x.astype(dtype).data;
    for (const strides of [[4, 1], [1, 3], [-4, 1], [4, -1], [0, 1]]) {
      const offset = strides.reduce(
        (n, s, axis) => s < 0 ? n - s * ([3, 4][axis]! - 1) : n,
        0,
      );
      const value = new NDArray(dtype, [3, 4], values, strides, offset);
      const a = new Assembly();
      const from = a.input(dtype, [3, 4], strides),
        to = a.temporary(dtype, [3, 4]);
      a.builtin("copy", [from], [to], copyExtents({ reserves: false }));
      const vm = a.vm([to]);
      vm.setInput(0, value);
      assertEquals(vm.run(), null);
      assertEquals(vm.output(0).toArray(), value.toArray());
      vm.free();
    }
  }
  assertEquals(
    apply("copy", {
      inputs: [x],
      table: copyExtents({ reserves: true }),
      out: ["float32", 2],
    }),
    x.toArray(),
  );
  assertEquals(
    apply("copy", {
      inputs: [f32(3)],
      table: copyExtents({ reserves: true }),
      out: ["float32", 0],
    }),
    3,
  );
});

Deno.test("length and extents read headers", () => {
  assertEquals(
    apply("length", {
      inputs: [x],
      table: lengthExtents(1),
      out: ["int64", 0],
    }),
    4,
  );
  const a = new Assembly();
  const slot = a.input("float32", [null, null]),
    table = a.temporary("int64", [5]);
  a.builtin(
    "extents",
    [slot, slot],
    [table],
    headerExtents([7, { arg: 0, from: 0, to: 2 }, { arg: 1, from: 1, to: 2 }, {
      arg: 0,
      from: 1,
      to: 1,
    }, { arg: 1, stride: 0 }]),
  );
  const vm = a.vm([table]);
  vm.setInput(0, x);
  vm.run();
  assertEquals(vm.output(0).toArray(), [7, 12, 4, 1, 4]);
  vm.free();
});

Deno.test("extents say a compiled kernel's range where lengths are known at run time only", () => {
  const a = new Assembly();
  const input = a.input("float32", [null]),
    out = a.temporary("float32", [null]),
    table = a.temporary("int64", [1]);
  a.builtin("reserve", [input], [out], reserveExtents([{ input: 0, axis: 0 }]));
  a.builtin(
    "extents",
    [input],
    [table],
    headerExtents([{ arg: 0, from: 0, to: 1 }]),
  );
  a.call(ADD, [input, input], [out], { extents: table });
  const vm = a.vm([out]);
  for (const value of [[1, 2, 3], [], [5]]) {
    vm.setInput(0, f32(value));
    assertEquals(vm.run(), null);
    assertEquals(vm.output(0).toArray(), value.map((v) => 2 * v));
  }
  assertEquals(vm.free(), 0);
});

Deno.test("reserve: lengths of every kind; a negative one and too many bytes are refused", () => {
  const reserve = (n: number) =>
    apply("reserve", {
      inputs: [x, int(n)],
      table: reserveExtents([{ input: 1 }, { input: 0, axis: 0 }, 0]),
      out: ["int8", 3],
    });
  assertEquals(reserve(2), [[[], [], []], [[], [], []]]);
  assertEquals(reserve(-2), ["VALUE", 0, -2, 0]);
  const [code] = apply("reserve", {
    inputs: [],
    table: reserveExtents([2 ** 40, 2 ** 20]),
    out: ["float64", 2],
  }) as [string];
  assertEquals(code, "MEMORY");
});

Deno.test("guard and same refuse what a program is not made for", () => {
  assertEquals(
    apply("guard", { inputs: [int(5)], table: guardExtents(5) }),
    undefined,
  );
  assertEquals(
    apply("guard", { inputs: [int(6)], table: guardExtents(5, 3) }),
    ["GUARD", 3, 6, 5],
  );
  const same = (y: number) =>
    apply("same", {
      inputs: [x, int(y)],
      table: sameExtents({
        x: { input: 0, axis: 1 },
        y: { input: 1 },
        axis: 1,
      }),
    });
  assertEquals(same(4), undefined);
  assertEquals(same(5), ["SHAPE", 1, 4, 5]);
});

Deno.test("count: nSteps, or the shortest sequence less what its taps use up", () => {
  const count = (inputs: NDArray[], nSteps: boolean, lost: number[]) =>
    apply("count", {
      inputs,
      table: countExtents({ nSteps, lost }),
      out: ["int64", 0],
    });
  const y = f32([1, 2, 3, 4, 5]);
  assertEquals(count([x, y], false, [0, 0]), 3);
  assertEquals(count([x, y], false, [0, 3]), 2);
  assertEquals(count([y], false, [9]), 0);
  assertEquals(count([int(2), x], true, [1]), 2);
  assertEquals(count([int(7)], true, []), 7);
  assertEquals(count([int(3, "int8"), x, y], true, [0, 3]), ["SHAPE", 1, 3, 2]);
  assertEquals(count([int(-1)], true, []), ["VALUE", 0, -1, 0]);
});

Deno.test("stack, prefix and last lay rows of a loop out", () => {
  const initial = f32([[1, 2], [3, 4], [9, 9]]);
  const stack = (steps: number, lag: number, row: LengthSource[] = [2]) =>
    apply("stack", {
      inputs: [int(steps), initial],
      table: stackExtents({ lag, ring: 0, until: false, initial: 1, row }),
      out: ["float32", 2],
    });
  assertEquals((stack(2, 2) as number[][]).slice(0, 2), [[1, 2], [3, 4]]);
  assertEquals((stack(2, 2) as number[][]).length, 4);
  assertEquals(stack(0, 1), [[1, 2]]);
  assertEquals(stack(1, 4), ["SHAPE", 0, 3, 4]);
  assertEquals(stack(1, 1, [3]), ["SHAPE", 1, 2, 3]);
  const rows = (name: Builtin, steps: number, table: number[], ndim: number) =>
    apply(name, {
      inputs: [initial, int(steps)],
      table,
      out: ["float32", ndim],
      kind: "look",
    });
  assertEquals(rows("prefix", 2, prefixExtents(1), 2), [[3, 4], [9, 9]]);
  assertEquals(rows("prefix", 0, prefixExtents(1), 2), []);
  assertEquals(rows("last", 0, lastExtents({ lag: 2, ring: 3 }), 1), [3, 4]);
  assertEquals(rows("last", 5, lastExtents({ lag: 2, ring: 3 }), 1), [1, 2]);
  assertEquals(rows("last", 2, lastExtents({ lag: 1, ring: 0 }), 1), [9, 9]);
  assertEquals(rows("last", 0, lastExtents({ lag: 0, ring: 1 }), 1), [
    "INDEX",
    0,
    -1,
    0,
  ]);
});
