/** Programs as C text: golden, and what must hold of any such text. `DAMO_GOLDEN=1 deno test -A` writes the golden text anew. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import golden from "../golden/program.c" with { type: "text" };
import type { FunctionGraph } from "../../src/graph/function_graph.ts";
import { array } from "../../src/graph/ndarray.ts";
import { HostStorage } from "../../src/graph/storage.ts";
import { dense } from "../../src/graph/type.ts";
import { SharedVariable, Variable } from "../../src/graph/variable.ts";
import { emitProgram } from "../../src/lower/emit_program.ts";
import { lower } from "../../src/lower/lower.ts";
import type { Program } from "../../src/lower/program.ts";
import { noHistory, observe, sharedOf } from "../../src/lower/signature.ts";
import { FIXED_TARGET } from "../../src/lower/target.ts";
import { scan } from "../../src/nested/scan.ts";
import { constant } from "../../src/ops/constructors.ts";
import { print } from "../../src/ops/debug.ts";
import { dot } from "../../src/ops/products/dot.ts";
import {
  add,
  exp,
  mul,
  sub,
  tanh,
} from "../../src/ops/elementwise/elemwise.ts";
import { gt } from "../../src/ops/elementwise/elemwise_logic.ts";
import { ifelse } from "../../src/ops/ifelse.ts";
import { sum } from "../../src/ops/reductions/reduce.ts";
import { type RandomGraph, randomGraph, rng } from "./random.ts";

const OWN = { ...FIXED_TARGET, blas: false };

function programOf(
  graph: FunctionGraph,
  values: RandomGraph["inputs"] extends (r: infer _) => infer V ? V : never,
  gc = true,
): Program {
  const arrays = [...values, ...sharedOf(graph).map((s) => s.storage)];
  const [, signature] = observe(noHistory(graph), arrays, values.length);
  return lower(graph, signature, { gc }, OWN);
}

/** A lazy block that two branches share, a loop in it, and an update. */
function subject(): Program {
  const x = new Variable(dense("float32", [null, 2]), null, 0, "x"),
    c = new Variable(dense("float32", []), null, 0, "c"),
    d = new Variable(dense("float32", []), null, 0, "d");
  const W = new SharedVariable(
    dense("float32", [2, 2]),
    new HostStorage(array(new Float32Array(4), { shape: [2, 2] })),
    "W",
  );
  const [states] = scan(
    (row: Variable, s: Variable) => tanh(add(row, dot(s, W))),
    {
      sequences: [x as Variable<2>],
      outputsInfo: [constant([0, 0], { dtype: "float32" })],
    },
  ) as unknown as [Variable];
  const shared = exp(sum(states)); // wanted by two branches: a block
  const zero = constant(0, { dtype: "float32" });
  const a = ifelse(gt(c, 0), shared, zero),
    b = ifelse(gt(d, 0), mul(shared, 2), zero);
  const graph = {
    inputs: [x, c, d],
    outputs: [add(a as Variable, b as Variable)],
    updates: [[W, sub(W, mul(W, 0.5))] as const],
  };
  const f32 = (shape: number[]) =>
    array(new Float32Array(shape.reduce((n, m) => n * m, 1)), { shape });
  return programOf(graph, [f32([3, 2]), f32([]), f32([])]);
}

Deno.test("golden text of a program", () => {
  // The kernels before it have golden texts of their own.
  const { text } = emitProgram(subject(), "f"),
    made = text.slice(text.indexOf("int KERNEL(Vm"));
  const { state } = Deno.permissions.querySync({ name: "env" });
  if (state === "granted" && Deno.env.get("DAMO_GOLDEN")) {
    Deno.writeTextFileSync(
      new URL("../golden/program.c", import.meta.url),
      made,
    );
  }
  assertEquals(made, golden);
});

Deno.test("every jump has its label, every label its jump; stops name each instruction that may stop", () => {
  let blocks = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const { graph, inputs } = randomGraph(seed);
    let program: Program, text: string;
    try {
      program = programOf(graph, inputs(rng(seed)), seed % 2 === 0);
      text = emitProgram(program, "f").text;
    } catch (error) {
      if (error instanceof RangeError) continue; // refused, or evaluated in TypeScript
      throw error;
    }
    const found = (pattern: RegExp) =>
      new Set(Array.from(text.matchAll(pattern), (m) => m[1]));
    assertEquals(found(/goto (at_\d+);/g), found(/^(at_\d+):;/gm));
    const stops = program.code.flatMap(([op], pc) =>
      ["CALL", "CALL_PARALLEL", "HOST", "ENTER", "STEP"].includes(op)
        ? [`${pc}`]
        : op === "HALT"
        ? ["0"]
        : []
    );
    assertEquals(found(/^ {2}at = (\d+);/gm), new Set(stops));
    blocks += program.flags;
  }
  assert(blocks > 15, `only ${blocks} blocks`);
});

Deno.test("an op that only TypeScript can evaluate is refused by name and line", () => {
  const x = new Variable(dense("float32", [3]), null, 0, "x");
  const graph = {
    inputs: [x],
    outputs: [add(print(exp(x)), 1)],
    updates: [],
  };
  assertThrows(
    () => emitProgram(programOf(graph, [array(new Float32Array(3))]), "f"),
    RangeError,
    "Cannot compile for linker c: print has no C, made at ",
  );
});

Deno.test("equal programs are equal text, whoever made them", () => {
  assertEquals(emitProgram(subject(), "f"), emitProgram(subject(), "f"));
});
