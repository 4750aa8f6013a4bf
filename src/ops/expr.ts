/** `expr`: a graph written as a formula. */
import { describeOther } from "../graph/describe_other.ts";
import { type Bound, type Index, slice } from "../graph/indexing.ts";
import { Variable } from "../graph/variable.ts";
import { at } from "./indexing/at.ts";
import { asVariable, type Operand } from "./define.ts";
import { dot } from "./products/dot.ts";
import {
  add,
  div,
  floorDiv,
  mod,
  mul,
  neg,
  pow,
  sub,
} from "./elementwise/elemwise.ts";
import {
  and_,
  eq,
  ge,
  gt,
  invert,
  le,
  lt,
  neq,
  or_,
  xor,
} from "./elementwise/elemwise_logic.ts";
import {
  type BinarySign,
  Misread,
  parse,
  type Place,
  type Tree,
  type UnarySign,
} from "./expr_syntax.ts";
import { GETTERS, METHODS } from "./methods.ts";
import * as operations from "./operations.ts";

/**
 * The graph of a formula. Operators have the precedence that they have in
 * Python: `**`, then signs, then `* / // % @`, `+ -`, `&`, `^`, `|`, and
 * comparisons. Holes hold variables, numbers, arrays and functions; every
 * operation of this library may be called by its name, with options by name;
 * `.T`, `.shape` and methods work, and `x[1:, None, ..., i]` is `x.at(…)`.
 * What is computed of plain numbers alone stays a plain number.
 *
 * SyntaxError: the text is no formula, or names what is not there. What the
 * operations throw is thrown; each message shows the place in the text.
 *
 * ```ts
 * import { expr, matrix, vector } from "damo";
 * const x = matrix("x"), W = matrix("W"), b = vector("b");
 * const h = expr`tanh(${x} @ ${W} + ${b})`;
 * const loss = expr`sum((${h} - 1) ** 2, axis=1).mean()`;
 * console.log(h.ndim, loss.ndim); // 2 0
 * ```
 */
export function expr(
  pieces: TemplateStringsArray,
  ...values: readonly unknown[]
): Variable {
  if (!Array.isArray(pieces?.raw)) {
    throw new TypeError(
      `Cannot read a formula: expected the text behind expr, as in expr\`x + 1\`, got ${
        describeOther(pieces)
      }`,
    );
  }
  const text = { pieces: pieces.raw, values };
  return located(text, () => {
    const tree = treeOf(pieces), value = evaluate(tree, values);
    if (!isOperand(value)) throw new Misread("this is no value", tree.at);
    return asVariable(value);
  });
}

/** What was written, and what stands in the holes. */
interface Text {
  readonly pieces: readonly string[];
  readonly values: readonly unknown[];
}

const trees = new WeakMap<TemplateStringsArray, Tree>();

/** The tree of a call site, which is read once. */
function treeOf(pieces: TemplateStringsArray): Tree {
  const known = trees.get(pieces);
  if (known) return known;
  const tree = parse(pieces.raw);
  trees.set(pieces, tree);
  return tree;
}

type Plain = (x: number, y: number) => number;

/** What a sign means for graphs, and for two plain numbers. */
const BINARY: Readonly<
  Record<BinarySign, readonly [(x: Operand, y: Operand) => unknown, Plain?]>
> = {
  "+": [add, (x, y) => x + y],
  "-": [sub, (x, y) => x - y],
  "*": [mul, (x, y) => x * y],
  "/": [div, (x, y) => x / y],
  "//": [floorDiv, (x, y) => Math.floor(x / y)],
  "%": [mod, (x, y) => x - y * Math.floor(x / y)],
  "**": [pow, (x, y) => x ** y],
  "@": [dot],
  "<": [lt],
  "<=": [le],
  ">": [gt],
  ">=": [ge],
  "==": [eq],
  "!=": [neq],
  "&": [and_],
  "|": [or_],
  "^": [xor],
};

const UNARY: Readonly<
  Record<UnarySign, readonly [(x: Operand) => unknown, (x: number) => number]>
> = {
  "-": [neg, (x) => -x],
  "+": [asVariable, (x) => x],
  "~": [invert, (x) => ~x],
};

function evaluate(tree: Tree, values: readonly unknown[]): unknown {
  const of = (t: Tree) => evaluate(t, values);
  const operand = (t: Tree): Operand => {
    const value = of(t);
    if (!isOperand(value)) throw new Misread("this is no operand", t.at);
    return value;
  };
  switch (tree.kind) {
    case "literal":
      return tree.value;
    case "hole":
      return values[tree.hole];
    case "list":
      return tree.items.map(of);
    case "name":
      return operation(tree.name, tree.at);
    case "unary": {
      const [graph, plain] = UNARY[tree.op], x = operand(tree.x);
      return typeof x === "number" ? plain(x) : placed(tree.at, () => graph(x));
    }
    case "binary": {
      const [graph, plain] = BINARY[tree.op];
      const x = operand(tree.x), y = operand(tree.y);
      return plain && typeof x === "number" && typeof y === "number"
        ? plain(x, y)
        : placed(tree.at, () => graph(x, y));
    }
    case "call": {
      const f = of(tree.f), args = tree.args.map(of);
      if (typeof f !== "function") {
        throw new Misread("this is no function", tree.at);
      }
      const options = tree.options.map(([name, value]) => [name, of(value)]);
      if (options.length) args.push(Object.fromEntries(options));
      return placed(tree.at, () => f(...args));
    }
    case "member":
      return placed(tree.at, () => member(operand(tree.x), tree.name, tree.at));
    case "index": {
      const x = operand(tree.x), entries = tree.entries.map(of) as Index[];
      return placed(tree.at, () => at(x, ...entries));
    }
    case "slice": {
      const [start, stop, step] = tree.parts.map((p) => p && of(p));
      return slice(start as Bound, stop as Bound, step as Bound);
    }
    default:
      return tree satisfies never;
  }
}

function operation(name: string, where: Place): unknown {
  const found: unknown = Object.hasOwn(operations, name)
    ? operations[name as keyof typeof operations]
    : undefined;
  if (typeof found === "function") return found;
  throw new Misread(
    `no operation is called ${name}; a value stands in \${${name}}`,
    where,
  );
}

/** A property of an operand, or a method of it. */
function member(x: Operand, name: string, where: Place): unknown {
  const v = asVariable(x);
  if (name === "ndim" || name === "dtype") return v[name];
  if (Object.hasOwn(GETTERS, name)) return GETTERS[name]!(v);
  if (!Object.hasOwn(METHODS, name)) {
    throw new Misread(`a variable has no ${name}`, where);
  }
  const f = METHODS[name] as (...args: unknown[]) => unknown;
  return (...args: unknown[]) => f(v, ...args);
}

function isOperand(x: unknown): x is Operand {
  return typeof x === "number" || typeof x === "bigint" ||
    typeof x === "boolean" || (typeof x === "object" && x !== null);
}

/** Where in the formula an error arose that an operation threw. */
const places = new WeakMap<Error, Place>();

function placed<T>(where: Place, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof Error && !places.has(error)) places.set(error, where);
    throw error;
  }
}

/** Runs `make`; errors get the formula, with a mark under the place. */
function located<T>(text: Text, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof Misread) {
      throw new SyntaxError(
        `Cannot read expr: ${error.message}\n${excerpt(text, error.at)}`,
      );
    }
    const where = error instanceof Error && places.get(error);
    if (where) error.message += `\n${excerpt(text, where)}`;
    throw error;
  }
}

/** The line of the formula that holds a place, and a mark under it. */
function excerpt({ pieces, values }: Text, { piece, offset }: Place): string {
  const names = values.map((v, k) =>
    v instanceof Variable && v.name
      ? v.name
      : typeof v === "number"
      ? String(v)
      : `\${${k}}`
  );
  const shown = (until: number) =>
    pieces.slice(0, until).map((p, k) => p + (names[k] ?? "")).join("");
  const before = shown(piece) + pieces[piece]!.slice(0, offset);
  const start = before.lastIndexOf("\n") + 1;
  const line = shown(pieces.length).slice(start).split("\n", 1)[0]!;
  const indent = line.length - line.trimStart().length;
  return `  ${line.trim()}\n  ${
    " ".repeat(Math.max(0, before.length - start - indent))
  }^`;
}
