/** Loops by the reference: values worked out by hand, and what is refused. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { array, type NDArray } from "../../src/graph/ndarray.ts";
import { constant, shared, zeros } from "../../src/ops/constructors.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { foldr } from "../../src/nested/fold.ts";
import { scan } from "../../src/nested/scan.ts";
import { until } from "../../src/nested/step.ts";
import { SharedVariable, Variable } from "../../src/graph/variable.ts";
import { add, cast, mul, sub } from "../../src/ops/elementwise/elemwise.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import {
  dmatrix,
  dscalar,
  dvector,
  lscalar,
  vector,
} from "../../src/ops/inputs.ts";
import { all, sum } from "../../src/ops/reductions/reduce.ts";
import { EXAMPLES, valueOf } from "./examples.ts";

for (const [name, make] of Object.entries(EXAMPLES)) {
  Deno.test(name, () => {
    const { inputs, outputs, updates = new Map(), calls } = make();
    for (const [given, wanted] of calls) {
      const values = new Map(inputs.map((v, i) => [v, valueOf(v, given[i]!)]));
      const made = evaluate([...outputs, ...updates.values()], values);
      assertEquals(
        made.slice(0, outputs.length).map((y) =>
          y.ndim ? y.toArray() : y.item()
        ),
        [...wanted],
      );
      [...updates.keys()].forEach((s: SharedVariable, i) =>
        s.setValue(made[outputs.length + i]!)
      );
    }
  });
}

Deno.test("shapes of a loop that runs no step are those of the body", () => {
  const x = dmatrix("x"), W = dmatrix("W");
  const [y] = scan((x) => [sum(mul(x, W), { axis: 0 }), W], { sequences: x });
  const empty = (shape: number[]) => array([], { shape, dtype: "float64" });
  const made = evaluate(
    y,
    new Map([[x, empty([0, 3])], [
      W,
      array([[1, 2, 3]], { dtype: "float64" }),
    ]]),
  );
  assertEquals(made.map((v) => v.shape), [[0, 3], [0, 1, 3]]);
});

Deno.test("a plain number starts in the dtype that the step gives it", () => {
  const x = dvector("x"),
    [y] = scan((x, s) => add(s, x), { sequences: x, outputsInfo: 0 });
  assertEquals([y.dtype, y.type.shape], ["float64", [null]]);
  const [[a, b]] = scan((a, b) => [add(a, b), cast(b, "float64")], {
    outputsInfo: [0, 0],
    nSteps: 2,
  });
  assertEquals([a.dtype, b.dtype], ["float64", "float64"]);
  const [n] = scan((n) => cast(n, "int64"), { outputsInfo: 2, nSteps: 2 });
  assertEquals(n.dtype, "int64");
  const count = { outputsInfo: [0, null], nSteps: 2 };
  assertThrows(
    () => scan((i) => [add(i, 1), at(x, i)], count),
    TypeError,
    'by output 0[t-1] float32 (): expected integers; convert it with .astype("int64")',
  );
  const [[i, xs]] = scan((i) => [add(i, 1), at(x, cast(i, "int64"))], count);
  const value = array([7, 8], { dtype: "float64" });
  assertEquals(
    evaluate([i, xs], new Map([[x, value]])).map((v) => v.toArray()),
    [[1, 2], [7, 8]],
  );
});

Deno.test("the form of what a step returns is the form of the outputs", () => {
  const x = dvector("x"),
    options = { sequences: x },
    never = until(all(gt(x, 9)));
  const s = shared(1), update = new Map([[s, add(s, 1)]]);
  const one: Variable[] = [
    scan((x) => x, options)[0],
    scan((x) => [x, never], options)[0],
    scan((x) => [x, update, never], options)[0],
    scan((x) => [update, x], options)[0],
  ];
  assertEquals(one.map((v) => v.ndim), [1, 1, 1, 1]);
  const lists: (readonly Variable[])[] = [
    scan((x) => [x], options)[0],
    scan((x) => [[x], update], options)[0],
    scan((x) => [[x, x], never], options)[0],
    scan((x) => [x, mul(x, 2)], options)[0],
  ];
  assertEquals(lists.map((l) => l.length), [1, 1, 2, 2]);
  assertEquals(scan(() => update, options)[0] as unknown, []);
});

Deno.test("an update written before the loop runs inside it; what else was made before is computed once", () => {
  const s = new SharedVariable(shared(3).type, shared(3).storage, "s"),
    before = mul(s, 10),
    next = add(s, 1);
  const [y, updates] = scan(() => [add(before, s), new Map([[s, next]])], {
    nSteps: 3,
  });
  const [values, last] = evaluate([y, updates.get(s)!]);
  assertEquals([values!.toArray(), last!.item()], [[33, 34, 35], 6]);
});

Deno.test("strict: what the step uses must be passed, but for constants and what it updates", () => {
  const x = dvector("x"), a = dscalar("a"), b = dscalar("b"), s = shared(1);
  const strict = { sequences: x, strict: true };
  assertThrows(
    () => scan((x, a) => mul(x, add(a, b)), { ...strict, nonSequences: a }),
    TypeError,
    "strict is set and the step uses b float64 ()",
  );
  scan((x, a, b) => mul(x, add(a, add(b, 2))), {
    ...strict,
    nonSequences: [a, b],
  });
  scan((x) => [x, new Map([[s, add(s, 1)]])], strict);
});

Deno.test("mismatched states: which one, what came, what was expected, where it was written", () => {
  const x = dvector("x"),
    h = vector("h"),
    refused = (make: () => unknown, kind: ErrorConstructor = TypeError) => {
      const { message } = assertThrows(make, kind);
      return message.replace(/made at \S*\/([\w.]+):\d+:\d+/, "made at $1");
    };
  assertEquals(
    refused(() =>
      scan((x, n, h) => [add(n, 1), add(h, x)], {
        sequences: x,
        outputsInfo: [0, h],
      })
    ),
    'Cannot build scan: output 1 (h) starts as float32 (?,) but the step returns float64 (?,), made at scan_test.ts; convert one with .astype("float32") or .astype("float64")',
  );
  assertEquals(
    refused(() =>
      scan((h) => sum(h), { outputsInfo: h, nSteps: 2, name: "inner" })
    ),
    'Cannot build scan "inner": output 0 (h) starts as float32 (?,) but the step returns float32 (), made at scan_test.ts',
  );
  assertEquals(
    refused(() =>
      scan((s) => add(s, h), { outputsInfo: zeros([1], "float32"), nSteps: 2 })
    ),
    "Cannot build scan: output 0 starts as float32 (1,) but the step returns float32 (?,), made at scan_test.ts; an axis must have length 1 in both types or in neither: say so with specifyShape, or repeat it with broadcastTo",
  );
  assertEquals(
    refused(
      () =>
        scan(() => zeros([3], "float32"), {
          outputsInfo: zeros([2], "float32"),
          nSteps: 2,
        }),
      RangeError,
    ),
    "Cannot build scan: output 0 starts as float32 (2,) but the step returns float32 (3,), made at scan_test.ts",
  );
  const s = shared(1, { name: "s" });
  assertEquals(
    refused(() => scan(() => [1, new Map([[s, h]])], { nSteps: 2 })),
    "Cannot build scan: the update of s float32 () is float32 (?,)",
  );
});

Deno.test("loops that cannot be built say why", () => {
  const x = dvector("x"),
    fixed = new Variable(constant([1, 2, 3]).type, null, 0, "fixed");
  const refused = (make: () => unknown, message: string) => {
    const error = assertThrows(make, Error);
    assertMatch(error.message, /^Cannot /);
    assertEquals(error.message.includes(message), true, error.message);
  };
  refused(() => scan(() => 1), "nSteps must say how many steps");
  refused(() => scan(() => 1, { nSteps: -1 }), "nSteps is -1");
  refused(
    () => scan(() => 1, { nSteps: 1.5 }),
    "nSteps must be an integer, got 1.5",
  );
  refused(
    () => scan(() => 1, { nSteps: dscalar("n") }),
    "nSteps must be an integer, got n float64 ()",
  );
  refused(
    () => scan((x) => x, { sequences: dscalar("a") }),
    "sequence 0, a float64 (), has no axis",
  );
  refused(
    () => scan((x) => x, { sequences: { input: x, taps: [0.5] } }),
    "taps of sequence 0 must be integers, got [0.5]",
  );
  refused(
    () =>
      scan((x) => x, { sequences: { input: fixed, taps: [-1, 1] }, nSteps: 2 }),
    "of 2 steps: sequence 0, fixed float32 (3,), is enough for 1",
  );
  refused(
    () => scan((s) => s, { outputsInfo: { initial: x, taps: [0] }, nSteps: 2 }),
    "must be distinct negative integers, got [0]",
  );
  refused(
    () =>
      scan((s) => s, {
        outputsInfo: { initial: x, taps: [-1, -1] },
        nSteps: 2,
      }),
    "got [-1,-1]",
  );
  refused(
    () =>
      scan((s) => s, { outputsInfo: { initial: 1, taps: [-2] }, nSteps: 2 }),
    "needs a leading axis of 2 rows, got variable",
  );
  refused(
    () =>
      scan((s) => s, {
        outputsInfo: { initial: fixed, taps: [-4] },
        nSteps: 2,
      }),
    "needs 4 rows, got 3",
  );
  refused(
    () => scan((x) => [x, x], { sequences: x, outputsInfo: [null] }),
    "outputsInfo has 1 entries, the step returned 2 outputs",
  );
  refused(
    () => scan((x) => [x, until(gt(x, x))], { sequences: dmatrix("m") }),
    "the condition must have no axes",
  );
  refused(
    () => scan((x) => [x, new Map([[x as never, x]])], { sequences: x }),
    "an update is of x[t] float64 ()",
  );
});

Deno.test("a run that cannot go as far as nSteps says so", () => {
  const x = dvector("x"),
    n = lscalar("n"),
    [y] = scan((x) => x, { sequences: x, nSteps: n });
  const run = (rows: number[], steps: number) =>
    evaluate(
      [y],
      new Map<Variable, NDArray>([[x, array(rows, { dtype: "float64" })], [
        n,
        array(steps, { dtype: "int64" }),
      ]]),
    );
  assertEquals(run([1, 2, 3], 2)[0]!.toArray(), [1, 2]);
  assertThrows(
    () => run([1, 2], 3),
    RangeError,
    "Cannot run scan for 3 steps: sequence 0 has 2 rows, enough for 2",
  );
  assertThrows(() => run([1, 2], -1), RangeError, "nSteps is -1");
});

Deno.test("the arguments of a fold are those of Theano: rows, accumulators, non-sequences", () => {
  const x = dvector("x"), y = dvector("y"), c = dscalar("c");
  const [[s, t]] = foldr(
    (x, y, s, t, c) => [add(s, mul(x, c)), sub(t, y)],
    [x, y],
    [0, 100],
    c,
  );
  const given = new Map<Variable, NDArray>([
    [x, array([1, 2], { dtype: "float64" })],
    [y, array([10, 20], { dtype: "float64" })],
    [c, array(3, { dtype: "float64" })],
  ]);
  assertEquals(evaluate([s, t], given).map((v) => v.item()), [9, 70]);
});
