/** Every public function, called with what it cannot take, says so in its own words. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as damo from "damo";
import { describeOther } from "../src/graph/describe_other.ts";

/** What no function takes where it takes operands; some take it elsewhere. */
const WRONG: readonly unknown[] = [
  undefined,
  null,
  "word",
  NaN,
  true,
  10n,
  -1,
  { a: 1 },
  () => 1,
  new Date(0),
  new Map([[1, 2]]),
  [undefined],
  [[1, 2], [3]],
  [1, [2]],
];

/** What stands before it. */
const FIRST: readonly unknown[] = [
  damo.scalar("s"),
  damo.matrix("x"),
  [damo.vector("v")],
  "float32",
];

/** Not for calls by users: graphs make them, or those who write ops do. */
const EXEMPT = [
  "Apply",
  "Constant",
  "NDArray",
  "SharedVariable",
  "Variable",
  "scalarCall",
];

/** Messages of JavaScript and of the system, which say nothing about the call. */
const FOREIGN =
  /^Cannot (read propert|set propert|destructure|convert|mix|use 'in'|assign|add property)/;

/** The message of a call that is refused, or null; that a file is not there is said by the system. */
function messageOf(f: unknown, args: readonly unknown[]): string | null {
  const isClass = /^class\b/.test(Function.prototype.toString.call(f));
  try {
    const made = isClass
      ? Reflect.construct(f as never, args)
      : Reflect.apply(f as never, undefined, args);
    if (made instanceof Promise) made.catch(() => {});
    return null;
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? null
      : (error as Error).message;
  }
}

function* calls(): Generator<readonly unknown[]> {
  yield [];
  for (const wrong of WRONG) {
    for (let count = 1; count <= 4; count++) {
      yield Array(count).fill(wrong);
      for (const first of FIRST) yield [first, ...Array(count).fill(wrong)];
    }
  }
}

for (const [name, f] of Object.entries(damo)) {
  if (typeof f !== "function" || EXEMPT.includes(name)) continue;
  Deno.test(`${name} refuses in its own words what it cannot take`, () => {
    const foreign = new Set<string>();
    for (const args of calls()) {
      const message = messageOf(f, args);
      const isOwn = message === null || name.endsWith("Error") ||
        /^Cannot [a-z]/.test(message) && !FOREIGN.test(message);
      if (!isOwn) {
        foreign.add(`${message}: ${args.map(describeOther).join(", ")}`);
      }
    }
    assertEquals([...foreign], []);
  });
}

Deno.test("a picture is refused that nobody draws", async () => {
  const draw = undefined as never;
  await assertRejects(() => damo.plot(draw), TypeError, "Cannot draw");
});

Deno.test("what is no operand is named with the op that it was meant for", () => {
  const x = damo.matrix("x"), ragged = [[1, 2], [3]] as never;
  const wrong: [() => unknown, string][] = [
    [() => damo.add(x, "2" as never), 'Cannot apply add to "2"'],
    [() => damo.where(x, null as never, 0), "Cannot apply where to null"],
    [() => damo.maximum(x, new Date(0) as never), "Cannot apply maximum to "],
    [() => damo.maximum(x, ragged), "rows of axis 1 have lengths 2 and 1"],
    [
      () => damo.concatenate(x as never),
      "Cannot apply concatenate: expected a list of operands, got x float32",
    ],
    [() => damo.stack(x as never), "Cannot apply stack: expected a list"],
    [() => damo.add(x, [1, { a: 1 }] as never), "expected numbers, got "],
  ];
  for (const [make, message] of wrong) {
    const error = assertThrows(make);
    assert((error as Error).message.includes(message), String(error));
  }
});
