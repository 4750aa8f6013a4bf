/** The syntax of `expr`: text with holes becomes a tree, with the precedences of Python. */

/** A place in the text: a piece between two holes, and an offset in it. */
export interface Place {
  readonly piece: number;
  readonly offset: number;
}

/** An expression; `at` is the character that names it in messages. */
export type Tree =
  & { readonly at: Place }
  & (
    | { readonly kind: "literal"; readonly value: Literal }
    | { readonly kind: "hole"; readonly hole: number }
    | { readonly kind: "name"; readonly name: string }
    | { readonly kind: "list"; readonly items: readonly Tree[] }
    | { readonly kind: "unary"; readonly op: UnarySign; readonly x: Tree }
    | {
      readonly kind: "binary";
      readonly op: BinarySign;
      readonly x: Tree;
      readonly y: Tree;
    }
    | {
      readonly kind: "call";
      readonly f: Tree;
      readonly args: readonly Tree[];
      readonly options: readonly (readonly [name: string, value: Tree])[];
    }
    | { readonly kind: "member"; readonly x: Tree; readonly name: string }
    | {
      readonly kind: "index";
      readonly x: Tree;
      readonly entries: readonly Tree[];
    }
    | {
      readonly kind: "slice";
      readonly parts: readonly (Tree | null)[];
    }
  );

/** What is written out; "..." is the string. */
export type Literal = number | string | boolean | null;

/** Signs before an operand. */
export type UnarySign = "+" | "-" | "~";

/** How tightly signs between operands bind; `**` alone goes from right to left. */
export const BINDING = {
  "<": 1,
  "<=": 1,
  ">": 1,
  ">=": 1,
  "==": 1,
  "!=": 1,
  "|": 2,
  "^": 3,
  "&": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "//": 6,
  "%": 6,
  "@": 6,
  "**": 8,
} as const;

/** Signs between operands. */
export type BinarySign = keyof typeof BINDING;

const COMPARISON = 1, SIGN = 7, POWER = 8;

/** A mistake in the text, at a place. */
export class Misread extends Error {
  /** What is wrong, and where. */
  constructor(message: string, readonly at: Place) {
    super(message);
  }
}

interface Token {
  readonly kind: "number" | "string" | "name" | "hole" | "sign" | "end";
  readonly text: string;
  readonly at: Place;
}

const WORD =
  /\s+|(?<number>(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)|(?<string>"[^"]*"|'[^']*')|(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<sign>\.\.\.|\*\*|\/\/|[<>=!]=|[-+*/%@<>&|^~()[\],.:=])/uy;

/** The words of the text, in order. Misread: a character that begins none. */
function tokens(pieces: readonly string[]): Token[] {
  const found: Token[] = [];
  pieces.forEach((text, piece) => {
    for (let offset = 0; offset < text.length;) {
      WORD.lastIndex = offset;
      const match = WORD.exec(text);
      const at = { piece, offset };
      if (!match) {
        throw new Misread(
          `unexpected ${[...text.slice(offset)][0]!}`,
          at,
        );
      }
      offset = WORD.lastIndex;
      for (const kind of ["number", "string", "name", "sign"] as const) {
        const word = match.groups![kind];
        if (word !== undefined) found.push({ kind, text: word, at });
      }
    }
    const at = { piece, offset: text.length };
    found.push(
      piece < pieces.length - 1
        ? { kind: "hole", text: "", at }
        : { kind: "end", text: "", at },
    );
  });
  return found;
}

/** The tree of an expression whose text is `pieces`, with a hole between each two. Misread: it is none. */
export function parse(pieces: readonly string[]): Tree {
  return new Parser(tokens(pieces)).whole();
}

class Parser {
  #next = 0;
  readonly #tokens: readonly Token[];
  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Tree {
    const tree = this.#expression(0);
    if (this.#peek.kind !== "end") throw this.#unexpected("an operator");
    return tree;
  }

  get #peek(): Token {
    return this.#tokens[this.#next]!;
  }

  #take(): Token {
    return this.#tokens[this.#next++]!;
  }

  #accept(sign: string): boolean {
    const is = this.#peek.kind === "sign" && this.#peek.text === sign;
    if (is) this.#next++;
    return is;
  }

  #unexpected(wanted: string): Misread {
    const { kind, text, at } = this.#peek;
    const got = kind === "end" ? "the end" : kind === "hole" ? "a value" : text;
    return new Misread(`expected ${wanted}, got ${got}`, at);
  }

  /** An expression of operators that bind at least as tightly as `least`. */
  #expression(least: number): Tree {
    let x = this.#signed();
    for (;;) {
      const { kind, text, at } = this.#peek;
      if (kind === "name" && (text === "and" || text === "or")) {
        throw new Misread(
          `${text} has no value for arrays: write ${
            text === "and" ? "&" : "|"
          } between comparisons in parentheses`,
          at,
        );
      }
      if (kind !== "sign" || !(text in BINDING)) return x;
      const op = text as BinarySign, binding = BINDING[op];
      if (binding < least) return x;
      this.#next++;
      const y = binding === POWER
        ? this.#expression(SIGN)
        : this.#expression(binding + 1);
      x = { kind: "binary", op, x, y, at };
      const then = this.#peek;
      if (
        binding === COMPARISON && then.kind === "sign" &&
        BINDING[then.text as BinarySign] === COMPARISON
      ) {
        throw new Misread(
          `comparisons do not chain: write (a ${op} b) & (b ${then.text} c)`,
          then.at,
        );
      }
    }
  }

  /** A sign binds less tightly than a power on its right: -x ** 2 is -(x ** 2). */
  #signed(): Tree {
    const { kind, text, at } = this.#peek;
    if (kind === "name" && text === "not") {
      throw new Misread("not has no value for arrays: write ~", at);
    }
    if (kind === "sign" && (text === "-" || text === "+" || text === "~")) {
      this.#next++;
      return { kind: "unary", op: text, x: this.#expression(SIGN), at };
    }
    return this.#postfix();
  }

  /** An operand with its calls, members and indices. */
  #postfix(): Tree {
    let x = this.#operand();
    for (;;) {
      const { at } = this.#peek;
      if (this.#accept("(")) x = this.#call(x);
      else if (this.#accept("[")) {
        const entries = this.#until("]", () => this.#entry());
        if (entries.length === 0) throw new Misread("expected an index", at);
        x = { kind: "index", x, entries, at };
      } else if (this.#accept(".")) {
        if (this.#peek.kind !== "name") throw this.#unexpected("a name");
        x = { kind: "member", x, name: this.#take().text, at };
      } else return x;
    }
  }

  #operand(): Tree {
    const { kind, text, at } = this.#peek;
    if (kind === "number") {
      this.#next++;
      return { kind: "literal", value: Number(text.replaceAll("_", "")), at };
    }
    if (kind === "string") {
      this.#next++;
      return { kind: "literal", value: text.slice(1, -1), at };
    }
    if (kind === "hole") {
      this.#next++;
      return { kind: "hole", hole: at.piece, at };
    }
    if (kind === "name") {
      this.#next++;
      const known = LITERALS.get(text);
      return known === undefined
        ? { kind: "name", name: text, at }
        : { kind: "literal", value: known, at };
    }
    if (this.#accept("[")) {
      return {
        kind: "list",
        items: this.#until("]", () => this.#expression(0)),
        at,
      };
    }
    if (this.#accept("(")) return this.#parenthesis(at);
    throw this.#unexpected("an operand");
  }

  /** An expression in parentheses, or a tuple. */
  #parenthesis(at: Place): Tree {
    if (this.#accept(")")) return { kind: "list", items: [], at };
    const first = this.#expression(0);
    if (this.#accept(")")) return first;
    if (!this.#accept(",")) throw this.#unexpected(") or ,");
    const rest = this.#until(")", () => this.#expression(0));
    return { kind: "list", items: [first, ...rest], at };
  }

  #call(f: Tree): Tree {
    const options: [string, Tree][] = [];
    const args = this.#until(")", () => {
      const { kind, text, at } = this.#peek,
        then = this.#tokens[this.#next + 1];
      if (kind === "name" && then?.kind === "sign" && then.text === "=") {
        this.#next += 2;
        options.push([text, this.#expression(0)]);
        return null;
      }
      if (options.length) {
        throw new Misread("an operand stands behind a named option", at);
      }
      return this.#expression(0);
    }).filter((x) => x !== null);
    return { kind: "call", f, args, options, at: f.at };
  }

  /** Items between commas, up to the closing sign. */
  #until<T>(close: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.#accept(close)) {
      items.push(item());
      if (this.#accept(close)) break;
      if (!this.#accept(",")) throw this.#unexpected(`${close} or ,`);
    }
    return items;
  }

  /** What stands for an axis: an expression, a slice, or "...". */
  #entry(): Tree {
    const { at } = this.#peek;
    if (this.#accept("...")) return { kind: "literal", value: "...", at };
    const parts: (Tree | null)[] = [this.#bound()];
    while (parts.length < 3 && this.#accept(":")) parts.push(this.#bound());
    return parts.length > 1
      ? { kind: "slice", parts, at }
      : parts[0] ?? this.#expression(0);
  }

  #bound(): Tree | null {
    const { kind, text } = this.#peek;
    return kind === "sign" && (text === ":" || text === "," || text === "]")
      ? null
      : this.#expression(0);
  }
}

const LITERALS: ReadonlyMap<string, Literal> = new Map<string, Literal>([
  ["True", true],
  ["true", true],
  ["False", false],
  ["false", false],
  ["None", null],
  ["null", null],
  ["inf", Infinity],
  ["nan", NaN],
  ["pi", Math.PI],
]);
