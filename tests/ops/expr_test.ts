/** `expr`: what a formula means, and what its messages point at. */
import { assertEquals, assertThrows } from "@std/assert";
import { array, type Nested } from "../../src/graph/ndarray.ts";
import { Constant, type Variable } from "../../src/graph/variable.ts";
import { evaluate } from "../../src/ops/evaluate.ts";
import { expr } from "../../src/ops/expr.ts";
import { matrix, vector } from "../../src/ops/inputs.ts";
import "../../src/ops/methods.ts";

function constant(data: Nested): Variable {
  return new Constant(array(data, { dtype: "float64" }));
}

function value(v: Variable): unknown {
  return evaluate([v])[0]!.toArray();
}

const a = constant([2, 3]),
  b = constant([5, 7]),
  m = constant([[1, 2], [3, 4]]);

const FORMULAS: readonly (readonly [string, () => Variable, unknown])[] = [
  ["a + b * 2", () => expr`${a} + ${b} * 2`, [12, 17]],
  ["(a + b) * 2", () => expr`(${a} + ${b}) * 2`, [14, 20]],
  ["a - b - 1", () => expr`${a} - ${b} - 1`, [-4, -5]],
  ["-a ** 2", () => expr`-${a} ** 2`, [-4, -9]],
  ["a ** -1 * 6", () => expr`${a} ** -1 * 6`, [3, 2]],
  ["a ** 3 ** 2 goes from the right", () => expr`${a} ** 3 ** 2`, [512, 19683]],
  ["-a @ b", () => expr`-${a} @ ${b}`, -31],
  ["a @ m @ a goes from the left", () => expr`${a} @ ${m} @ ${a}`, 70],
  ["b // a and b % a", () => expr`${b} // ${a} + 10 * (${b} % ${a})`, [12, 12]],
  ["1 / a * 6", () => expr`1 / ${a} * 6`, [3, 2]],
  ["comparison binds least", () => expr`${a} + 1 < ${b} - 2`, [0, 1]],
  [
    "& binds more than a comparison",
    () => expr`(${a} > 2) & (${b} > 6) | (${a} == 2)`,
    [1, 1],
  ],
  ["~ of a comparison", () => expr`~(${a} > 2)`, [1, 0]],
  ["calls", () => expr`maximum(exp(0 * ${a}), ${a} - 2)`, [1, 1]],
  ["named options", () => expr`sum(${m}, axis=1)`, [3, 7]],
  ["options of several words", () => expr`sum(${m}, axis=0, keepdims=True)`, [[
    4,
    6,
  ]]],
  ["methods", () => expr`(${m} + 1).sum().reshape([1])`, [14]],
  ["members", () => expr`${m}.T @ ${a}`, [11, 16]],
  ["members of members", () => expr`${m}.T.shape[0] + ${m}.ndim`, 4],
  ["an index", () => expr`${m}[1, 0]`, 3],
  ["slices", () => expr`${m}[:, ::-1][-1:]`, [[4, 3]]],
  ["None and ...", () => expr`${m}[..., None, 1]`, [[2], [4]]],
  [
    "a symbolic index",
    () => expr`${a}[${new Constant(array(1, { dtype: "int64" }))}]`,
    3,
  ],
  ["lists", () => expr`concatenate([${a}, ${b}[:1]])`, [2, 3, 5]],
  ["tuples", () => expr`zeros((2, 1)) + 1`, [[1], [1]]],
  [
    "numbers",
    () => expr`${a} * 1_000.5e-1 + .5 + 0`,
    [200.6, 300.65],
  ],
  ["plain numbers alone", () => expr`2 ** 3 - 7 // 2 % 2`, 7],
  ["strings", () => expr`${a}.astype("int32") // 2`, [1, 1]],
  ["lines", () =>
    expr`
    ${a}
      + ${b}
  `, [7, 10]],
  ["functions in holes", () => expr`${(x: Variable) => x.add(1)}(${a}) * 2`, [
    6,
    8,
  ]],
  ["names of other alphabets stand in holes", () => {
    const θ = a;
    return expr`${θ} * pi / pi`;
  }, [2, 3]],
];

for (const [name, make, wanted] of FORMULAS) {
  Deno.test(`expr: ${name}`, () => assertEquals(value(make()), wanted));
}

const x = vector("x"), W = matrix("W");

/** A formula that is refused: the class of the error, its first line, and the line under which the mark stands. */
const REFUSED: readonly (readonly [
  () => unknown,
  new (...args: string[]) => Error,
  string,
])[] = [
  [
    () => expr`${x} + * 2`,
    SyntaxError,
    `
Cannot read expr: expected an operand, got *
  x + * 2
      ^`,
  ],
  [
    () => expr`(${x} + 2`,
    SyntaxError,
    `
Cannot read expr: expected ) or ,, got the end
  (x + 2
        ^`,
  ],
  [
    () => expr`${x} ${W}`,
    SyntaxError,
    `
Cannot read expr: expected an operator, got a value
  x W
    ^`,
  ],
  [
    () => expr`${x} $ 2`,
    SyntaxError,
    `
Cannot read expr: unexpected $
  x $ 2
    ^`,
  ],
  [
    () => expr`1 < ${x} < 2`,
    SyntaxError,
    `
Cannot read expr: comparisons do not chain: write (a < b) & (b < c)
  1 < x < 2
        ^`,
  ],
  [
    () => expr`${x} > 1 and ${x} < 2`,
    SyntaxError,
    `
Cannot read expr: and has no value for arrays: write & between comparisons in parentheses
  x > 1 and x < 2
        ^`,
  ],
  [
    () => expr`not ${x}`,
    SyntaxError,
    `
Cannot read expr: not has no value for arrays: write ~
  not x
  ^`,
  ],
  [
    () => expr`thanh(${x})`,
    SyntaxError,
    `
Cannot read expr: no operation is called thanh; a value stands in \${thanh}
  thanh(x)
  ^`,
  ],
  [
    () => expr`${x}.foo()`,
    SyntaxError,
    `
Cannot read expr: a variable has no foo
  x.foo()
   ^`,
  ],
  [
    () => expr`sum(axis=0, ${x})`,
    SyntaxError,
    `
Cannot read expr: an operand stands behind a named option
  sum(axis=0, x)
              ^`,
  ],
  [
    () => expr`${x}[]`,
    SyntaxError,
    `
Cannot read expr: expected an index
  x[]
   ^`,
  ],
  [
    () => expr`tanh`,
    SyntaxError,
    `
Cannot read expr: this is no value
  tanh
  ^`,
  ],
  [
    () => expr`${undefined} + 1`,
    SyntaxError,
    `
Cannot read expr: this is no operand
  \${0} + 1
  ^`,
  ],
  [
    () => expr`${x}(2)`,
    SyntaxError,
    `
Cannot read expr: this is no function
  x(2)
  ^`,
  ],
];

for (const [make, kind, wanted] of REFUSED) {
  const [message, ...lines] = wanted.slice(1).split("\n");
  Deno.test(`expr refuses: ${lines[0]!.trim()}`, () => {
    const error = assertThrows(make, kind);
    assertEquals(error.message, [message, ...lines].join("\n"));
  });
}

Deno.test("what an operation throws shows its operator, in its line of the formula", () => {
  const error = assertThrows(
    () =>
      expr`tanh(
        2 * ${x}[0, 1] + 1)`,
    TypeError,
  );
  assertEquals(error.message.split("\n").slice(-2), [
    "  2 * x[0, 1] + 1)",
    "       ^",
  ]);
});

Deno.test("a call site is read once", () => {
  const raw = ["", " * 2"], site = Object.assign(["", ""], { raw });
  assertEquals(value(expr(site, a)), [4, 6]);
  raw[1] = "no formula";
  assertEquals(value(expr(site, b)), [10, 14]);
});
