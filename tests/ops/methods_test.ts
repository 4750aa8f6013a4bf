/** The interface of methods, and the table that attaches them, name the same. */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { dense } from "../../src/graph/type.ts";
import { type Constant, Variable } from "../../src/graph/variable.ts";
import { GETTERS, METHODS } from "../../src/ops/methods.ts";
import { exportedOps } from "./conformance.ts";
import source from "../../src/graph/methods.ts" with { type: "text" };

/** The members of `interface Methods`, and the functions that their lines link to. */
function members(): Map<string, string | undefined> {
  const body = source.slice(source.indexOf("interface Methods<")),
    found = new Map<string, string | undefined>();
  for (
    const [, link, name] of body.matchAll(
      /\{@linkcode (\w+)\}[^]*?\*\/\s+(?:readonly )?(\w+)/g,
    )
  ) found.set(name!, link);
  return found;
}

Deno.test("every method of the interface is attached, and no other", () => {
  assertEquals(
    [...members().keys()].sort(),
    [...Object.keys(METHODS), ...Object.keys(GETTERS)].sort(),
  );
});

Deno.test("every line links to the function that is attached", () => {
  for (const [name, link] of members()) {
    const { op, name: own } = (METHODS[name] ?? GETTERS[name]) as {
      name: string;
      op?: { name: string };
    };
    const names = [own, op?.name, name, ...aliases(op?.name)];
    assertEquals(
      names.includes(link!),
      true,
      `${name} links to ${link}, not to ${op?.name ?? own}`,
    );
  }
});

/** Exported names of ops that are reserved words without their underscore. */
function aliases(op?: string): string[] {
  return op === "and" || op === "or" ? [`${op}_`] : [];
}

Deno.test("each method is its function with the variable as first operand", () => {
  const x = new Variable<2>(dense("float32", [null, null]));
  const [op, other] = [x.add(1).owner!, x.sum({ axis: 0 }).owner!];
  assertEquals([op.op.name, other.op.name], ["add", "sum"]);
  assertStrictEquals(op.inputs[0], x);
  assertEquals((op.inputs[1] as Constant).data.item(), 1);
  assertEquals([x.T.ndim, x.shape.ndim, x.size.ndim], [2, 1, 0]);
  assertEquals(x.fill(2).dtype, "float32");
  assertEquals(x.astype("int8").dtype, "int8");
});

Deno.test("attaching leaves the fields of Variable alone", () => {
  const own = [
    "id",
    "type",
    "owner",
    "index",
    "name",
    "value",
    "dtype",
    "ndim",
  ];
  assertEquals(own.filter((name) => name in METHODS || name in GETTERS), []);
  assertEquals(exportedOps().length > 80, true);
});
