import { assert, assertEquals, assertMatch } from "@std/assert";
import type { FunctionGraph } from "../../src/graph/function_graph.ts";
import { array } from "../../src/graph/ndarray.ts";
import { HostStorage } from "../../src/graph/storage.ts";
import { dense } from "../../src/graph/type.ts";
import {
  type Apply,
  SharedVariable,
  Variable,
} from "../../src/graph/variable.ts";
import type { Program } from "../../src/lower/program.ts";
import { at, incSubtensor } from "../../src/ops/indexing/at.ts";
import { constant } from "../../src/ops/constructors.ts";
import { dimshuffle } from "../../src/ops/shape/dimshuffle.ts";
import {
  add,
  exp,
  mul,
  neg,
  sub,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { fuse } from "../../src/ops/elementwise/fused.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { reshape } from "../../src/ops/shape/reshape.ts";
import { askedOnce } from "../../src/lower/plans.ts";
import { FIXED_TARGET } from "../../src/lower/target.ts";
import { check, programFor } from "./compare.ts";
import { Machine } from "./machine.ts";

const vector = (name: string) =>
  new Variable(dense("float64", [null]), null, 0, name);
const storage = (name: string, ...values: number[]) =>
  new SharedVariable(
    dense("float64", [null]),
    new HostStorage(array(Float64Array.from(values))),
    name,
  );
const values = (...xs: number[]) => array(Float64Array.from(xs));
const graphOf = (
  inputs: Variable[],
  outputs: Variable[],
  updates: [SharedVariable, Variable][] = [],
): FunctionGraph => ({ inputs, outputs, updates });

/** The program in words: what runs, in order. */
function listing({ code, thunks }: Program): string[] {
  return code.map(([op, a]) => {
    if (op !== "CALL" && op !== "HOST" && op !== "CALL_PARALLEL") return op;
    const { run, node, inplace } = thunks[a]!;
    return (run.kind === "builtin" ? run.name : node!.op.name) +
      (inplace >= 0 ? " in place" : "");
  });
}

Deno.test("a chain overwrites its temporary and frees nothing that is an output", () => {
  const x = vector("x"), graph = graphOf([x], [tanh(neg(exp(x)))]);
  assertEquals(listing(programFor(graph, [values(1, 2)])), [
    "exp",
    "neg in place",
    "tanh in place",
    "HALT",
  ]);
  assertEquals(listing(programFor(graph, [values(1, 2)], { inplace: false })), [
    "exp",
    "neg",
    "FREE",
    "tanh",
    "FREE",
    "HALT",
  ]);
  check(graph, [values(1, 2)]);
});

Deno.test("kernels are found once for applications that differ in nothing they depend on", () => {
  const found: string[] = [];
  const implement = askedOnce(({ op }) => {
    found.push(op.name);
    return { checks: [], steps: [], note: `${found.length}` };
  });
  const ask = (y: Variable, lengths: readonly number[], inplace = -1) => {
    const node = y.owner!, all = [...node.inputs, ...node.outputs];
    const layouts = all.map(({ dtype, ndim }) => ({
      dtype,
      shape: lengths.slice(0, ndim),
      strides: ndim ? [1] : [],
    }));
    return implement(node, layouts, inplace, FIXED_TARGET)!.note;
  };
  const x = vector("x"), y = vector("y");
  assertEquals(ask(exp(x), [3]), "1");
  assertEquals(ask(exp(y), [3]), "1");
  assertEquals(ask(exp(x), [4]), "2");
  assertEquals(ask(exp(x), [3], 0), "3");
  assertEquals(ask(neg(x), [3]), "4");
  assertEquals(ask(mul(x, y), [3]), "5");
  assertEquals(ask(mul(x, x), [3]), "6");
  assertEquals(ask(mul(y, x), [3]), "5");
  assertEquals(ask(at(x, 0), [3]), "7");
  assertEquals(ask(at(x, 1), [3]), "8");
});

Deno.test("an update goes in place, and readers of the old value come first", () => {
  const w = storage("w", 1, 2),
    x = vector("x"),
    graph = graphOf([x], [mul(w, 3)], [[w, sub(w, x)]]);
  const program = programFor(graph, [values(5, 6)]);
  assertEquals(listing(program), ["mul", "sub in place", "HALT"]);
  assertEquals(program.commit, 1);
  assertEquals(program.notes, ["update of w: in place"]);
  check(graph, [values(5, 6)]);
});

Deno.test("updates that read each other: one is in place, the other has a second buffer", () => {
  const a = storage("a", 1, 2),
    b = storage("b", 3, 4),
    graph = graphOf([], [], [[a, add(a, b)], [b, sub(b, a)]]);
  const program = programFor(graph, []);
  assertEquals(listing(program), ["add", "sub in place", "SWAP", "HALT"]);
  assertMatch(
    program.notes.join("\n"),
    /update of a: second buffer, then exchanged, because another update/,
  );
  check(graph, []);
});

Deno.test("an update goes in place only if nothing waits for another output of its kernel", () => {
  const w = storage("w", 1, 2), v = storage("v", 3, 4), x = vector("x");
  const inputs = [values(5, 6)];
  const both = () =>
    fuse([w, x], [add(w, x), mul(w, x)]) as [Variable, Variable];
  const [next, other] = both();
  const read = graphOf([x], [sum(other)], [[w, next]]);
  assertEquals(
    listing(programFor(read, inputs)).filter((i) => /fused|SWAP/.test(i)),
    [
      "fused",
      "SWAP",
    ],
  );
  check(read, inputs);
  // Results and new values of other storages are taken behind it anyway.
  const [again, kept] = both(), [third, fresh] = both();
  const taken = graphOf([x], [kept], [[w, again]]);
  assertEquals(listing(programFor(taken, inputs)), ["fused in place", "HALT"]);
  check(taken, inputs);
  check(graphOf([x], [], [[w, third], [v, fresh]]), inputs);
});

Deno.test("what may fail runs before the first write, an index check apart from its kernel", () => {
  const w = storage("w", 1, 2, 3),
    i = new Variable(dense("int64", [null]), null, 0, "i"),
    v = storage("v", 1, 1);
  const graph = graphOf([i], [], [[v, mul(v, 2)], [
    w,
    incSubtensor(at(w, i), constant([1, 1], { dtype: "float64" })),
  ]]);
  const program = programFor(graph, [array(BigInt64Array.of(0n, 2n))]);
  const writes = program.code.findIndex(([op, a]) =>
    op === "CALL" && program.thunks[a]!.inplace >= 0
  );
  assertEquals(program.commit, writes);
  assert(
    program.code.slice(writes).every(([op, a]) =>
      op !== "HOST" && !(op === "CALL" && program.thunks[a]!.mayFail)
    ),
  );
  check(graph, [array(BigInt64Array.of(0n, 2n))]);
});

Deno.test("values that a slot does not own whole are copied before SWAP", () => {
  const a = storage("a", 1, 2),
    b = storage("b", 3, 4),
    c = storage("c", 5, 6),
    x = vector("x"),
    y = exp(x);
  const graph = graphOf([x], [y], [[a, b], [b, at(a, "::-1")], [c, y]]);
  const program = programFor(graph, [values(1, 2)]);
  assertEquals(listing(program).filter((i) => i === "copy" || i === "SWAP"), [
    "copy",
    "copy",
    "copy",
    "SWAP",
    "SWAP",
    "SWAP",
  ]);
  check(graph, [values(1, 2)]);
});

Deno.test("an output that is, or looks into, an updated storage keeps the old value", () => {
  const a = storage("a", 1, 2),
    graph = graphOf([], [a, at(a, "::-1")], [[a, add(a, 1)]]);
  assertEquals(check(graph, []).map((v) => v.toArray()), [[1, 2], [2, 1]]);
  assert(!programFor(graph, []).notes.includes("update of a: in place"));
});

Deno.test("an update that changes the lengths of its storage says so", () => {
  const a = storage("a", 1, 2), x = vector("x");
  assert(
    programFor(graphOf([x], [], [[a, exp(x)]]), [values(1, 2, 3)]).resizes,
  );
  assert(!programFor(graphOf([x], [], [[a, exp(x)]]), [values(1, 2)]).resizes);
});

Deno.test("a branch runs what it alone needs; a node of two lazy branches is one block", () => {
  const x = vector("x"),
    c = gt(sum(x), 0),
    shared = exp(x),
    other = gt(sum(x), 9);
  const y = ifelse(c, neg(shared), x),
    z = ifelse(other, tanh(shared), x),
    graph = graphOf([x], [y, z]);
  const program = programFor(graph, [values(1, 2)]), words = listing(program);
  assertEquals(words.filter((i) => i === "exp").length, 1);
  assertEquals(words.filter((i) => i === "GOSUB").length, 2);
  for (const xs of [values(1, 2), values(-1, -2), values(10, 20)]) {
    check(graph, [xs]);
  }
});

Deno.test("branches that lie differently are copied to one layout", () => {
  const x = new Variable(dense("float64", [null, null]), null, 0, "x"),
    y = exp(ifelse(gt(sum(x), 0), dimshuffle(x, [1, 0]), x));
  const square = array([[1, 2], [3, 4]], { dtype: "float64" });
  check(graphOf([x], [y]), [square]);
  check(graphOf([x], [reshape(dimshuffle(x, [1, 0]), [-1])]), [square]);
});

Deno.test("HOST ops pause the program wherever they stand", () => {
  const x = vector("x"),
    inner = exp(x),
    y = ifelse(gt(sum(x), 0), neg(inner), x),
    graph = graphOf([x], [add(y, 1)]);
  const program = programFor(graph, [values(1, 2)], {
    hosts: new Set([inner.owner as Apply]),
  });
  let pauses = 0;
  new Machine(program, []).run({
    inputs: [values(1, 2)],
    paused: () => pauses++,
  });
  new Machine(program, []).run({
    inputs: [values(-1, -2)],
    paused: () => pauses++,
  });
  assertEquals(pauses, 1);
});

/** n ifelse in each other, over shared values that each level wants on some branch. */
function nested(n: number, x: Variable): Variable {
  const shared = Array.from({ length: n }, (_, i) => [add, mul][i % 2]!(x, x)),
    conds = shared.map(() => gt(sum(x), 1));
  let out: Variable = x, before: Variable = tanh(x);
  for (let i = 0; i < n; i++) {
    const a = add(shared[i]!, out),
      b = mul(shared[(i + 1) % n]!, before),
      also = add(out, shared[i]!);
    before = out;
    out = i % 2 ? ifelse(conds[i]!, a, b) : ifelse(conds[i]!, b, also);
  }
  return out;
}

Deno.test("a program is linear in the depth of nested ifelse", () => {
  const x = vector("x"),
    length = (n: number) =>
      programFor(graphOf([x], [nested(n, x)]), [values(1, 2)]).code.length;
  const [small, large] = [length(100) / 100, length(1000) / 1000];
  assert(
    large < 1.1 * small && large < 40,
    `${small} and ${large} instructions a level`,
  );
  check(graphOf([x], [nested(30, x)]), [values(0.1, 0.2)]);
});

Deno.test("depth has no limit: ten thousand nodes in a row", () => {
  const x = vector("x");
  let y: Variable = x;
  for (let i = 0; i < 10000; i++) y = i % 2 ? tanh(y) : neg(y);
  for (const gc of [true, false]) {
    const program = programFor(graphOf([x], [y]), [values(1, 2)], { gc });
    assertEquals(program.code.length, 10001);
    assertEquals(program.arena.length, gc ? 0 : 1);
  }
});
