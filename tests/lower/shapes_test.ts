import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { slice } from "../../src/graph/indexing.ts";
import { array } from "../../src/graph/ndarray.ts";
import { dense } from "../../src/graph/type.ts";
import { Variable } from "../../src/graph/variable.ts";
import type { Program } from "../../src/lower/program.ts";
import { at } from "../../src/ops/indexing/at.ts";
import { arange } from "../../src/ops/arange.ts";
import { add, exp, mul } from "../../src/ops/elementwise/elemwise.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import { shapeAt } from "../../src/ops/shape/shape.ts";
import { check, programFor } from "./compare.ts";
import { Machine, Missed } from "./machine.ts";

const matrix = (name: string, ...shape: (number | null | string)[]) =>
  new Variable(
    dense("float64", shape.length ? shape : [null, null]),
    null,
    0,
    name,
  );
const integer = (name: string) =>
  new Variable(dense("int64", []), null, 0, name);
const rows = (n: number, m = 2) =>
  array(Float64Array.from({ length: n * m }, (_, i) => i), { shape: [n, m] });
const scalar = (n: number) => array(BigInt64Array.of(BigInt(n)), { shape: [] });
const count = (p: Program, name: string) =>
  p.thunks.filter((t) => t.run.kind === "builtin" && t.run.name === name)
    .length;

Deno.test("a minibatch has the length stop - start, under one guard", () => {
  const x = matrix("x"),
    i = integer("i"),
    y = exp(at(x, slice(mul(i, 60), mul(add(i, 1), 60))));
  const graph = { inputs: [x, i], outputs: [y], updates: [] },
    program = programFor(graph, [rows(200), scalar(0)]);
  assertEquals(program.slots[program.outputs[0]!]!.shape, [60, 2]);
  assertEquals(program.guards.map((g) => g.length), [60]);
  assertEquals(count(program, "reserve"), 0);
  const machine = new Machine(program, []);
  assertEquals(machine.run({ inputs: [rows(200), scalar(2)] })[0]!.shape, [
    60,
    2,
  ]);
  const missed = assertThrows(
    () => machine.run({ inputs: [rows(200), scalar(3)] }),
    Missed,
  );
  assertEquals((missed as Missed).length, 20);
});

Deno.test("lengths that integers decide are computed while the program runs", () => {
  const n = integer("n"), y = mul(arange(n), 2);
  const graph = { inputs: [n], outputs: [y, shapeAt(y, 0)], updates: [] };
  assertEquals(check(graph, [scalar(5)]).map((v) => v.toArray()), [[
    0,
    2,
    4,
    6,
    8,
  ], 5]);
});

Deno.test("a length needs no value: the shape of a product computes nothing", () => {
  const x = matrix("x"),
    y = exp(mul(x, x)),
    graph = { inputs: [x], outputs: [shapeAt(y, 0)], updates: [] };
  const program = programFor(graph, [rows(7)]);
  assertEquals(program.thunks.length, 0);
  assertEquals(
    new Machine(program, []).run({ inputs: [rows(7)] })[0]!.item(),
    7,
  );
});

Deno.test("lengths that differ are refused with op, shapes and the user's line", () => {
  const x = matrix("x"),
    y = matrix("y"),
    graph = { inputs: [x, y], outputs: [exp(add(x, y))], updates: [] };
  const error = assertThrows(
    () => programFor(graph, [rows(3), rows(4)]),
    RangeError,
  ) as Error;
  assertMatch(error.message, /add.*\(3, 2\) and \(4, 2\).*made at /);
});

Deno.test("what an untaken branch refuses is no error", () => {
  const x = matrix("x"), y = matrix("y"), same = gt(shapeAt(x, 0), 3);
  const graph = {
    inputs: [x, y],
    outputs: [ifelse(same, exp(add(x, y)), x)],
    updates: [],
  };
  const program = programFor(graph, [rows(3), rows(4)]);
  assertEquals(
    new Machine(program, []).run({ inputs: [rows(3), rows(4)] })[0]!.shape,
    [3, 2],
  );
});

Deno.test("symbolic lengths that must agree are tested once, before anything is written", () => {
  const x = matrix("x"),
    y = matrix("y"),
    z = mul(add(x, y), x),
    graph = { inputs: [x, y], outputs: [z], updates: [] };
  const program = programFor(graph, [rows(3), rows(3)], { known: false });
  assertEquals(count(program, "same"), 1);
  const machine = new Machine(program, []);
  assertEquals(machine.run({ inputs: [rows(5), rows(5)] })[0]!.shape, [5, 2]);
  assertThrows(
    () => machine.run({ inputs: [rows(5), rows(4)] }),
    Error,
    "lengths 5 and 4 differ",
  );
});

Deno.test("equal names are equal lengths", () => {
  const x = matrix("x", "n", 2),
    y = matrix("y", "n", null),
    graph = { inputs: [x, y], outputs: [exp(x), exp(y)], updates: [] };
  assertThrows(
    () => programFor(graph, [rows(3), rows(4)]),
    RangeError,
    "both are named n",
  );
  assertThrows(
    () => programFor(graph, [rows(3, 5), rows(3)]),
    RangeError,
    "has length 5, not 2",
  );
  const open = programFor(graph, [rows(3), rows(3)], { known: false });
  assertThrows(
    () => new Machine(open, []).run({ inputs: [rows(3), rows(4)] }),
    Error,
    "differ",
  );
  assert(
    new Machine(open, []).run({ inputs: [rows(4), rows(4)] }).length === 2,
  );
});
