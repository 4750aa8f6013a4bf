/** Scalar expressions as C: operands inline where they are used once, in named temporaries where not. */
import { castElement, type Dtype, DTYPES } from "../../graph/dtype.ts";
import type { Expr } from "../../graph/loops.ts";
import { postorder } from "./access.ts";
import { type Access, computed, typeName } from "./nest.ts";
import { amount, line, type Scope } from "./writer.ts";

/** Longest expression that is written on one line. */
const INLINE = 64;

/** The C expression for e; writes the temporaries it needs. */
export function render(e: Expr, scope: Scope): string {
  return renderIn(e, scope, new Map(scope.names));
}

function renderIn(e: Expr, scope: Scope, texts: Map<Expr, string>): string {
  const order = postorder(e), uses = countUses(order);
  for (const x of order) {
    if (texts.has(x)) continue;
    const args = x.kind === "call" ? x.args.map((a) => texts.get(a)!) : [];
    const text = x.kind === "call"
      ? call(x, args, (i) => keep(x.args[i]!, scope, texts))
      : x.kind === "load"
      ? element(scope.nest.loads.get(x)!, scope, texts)
      : leaf(x, scope);
    texts.set(x, text);
    if (
      x !== e && !isName(text) &&
      ((uses.get(x)! > 1 && x.kind !== "constant") || text.length > INLINE)
    ) keep(x, scope, texts);
  }
  return texts.get(e)!;
}

/** Puts x in a temporary, unless its text is just a name or a number. */
function keep(
  x: Expr,
  { writer, kept }: Scope,
  texts: Map<Expr, string>,
): string {
  const text = texts.get(x)!;
  if (isName(text) || x.kind === "constant") return text;
  const name = `t${writer.temporaries++}`;
  line(
    writer,
    `const ${kept ?? typeName(dtypeOf(x))} ${name} = ${bare(text)};`,
  );
  texts.set(x, name);
  return name;
}

/** A scalar function applied; an operand that it names more than once is kept first. */
function call(
  e: Expr & { kind: "call" },
  args: readonly string[],
  kept: (i: number) => string,
): string {
  const dtypes = e.args.map(dtypeOf), result = e.dtype;
  let text = e.scalar.c(args.map((_, i) => `\u0001${i}\u0001`), dtypes, result);
  args.forEach((arg, i) => {
    const slot = `\u0001${i}\u0001`,
      uses = text.split(slot).length - 1,
      value = uses > 1 ? kept(i) : arg;
    text = text.replaceAll(
      new RegExp(`(?<=[(,] ?)${slot}(?=[),])`, "g"),
      () => bare(value),
    ).replaceAll(slot, () => primary(value));
  });
  const { kind, size } = DTYPES[result];
  const narrow = size < 4 && kind !== "bool" && kind !== "float" &&
    !text.startsWith(`((${typeName(result)})`);
  return narrow ? `((${typeName(result)})${primary(text)})` : text;
}

/** Functions of vector_math.h that are an instruction or two. */
const INSTRUCTION =
  /\b(?:abs|sign|maximum|minimum|copysign|fma|floor|ceil|trunc|rint)_\w+\(/g;

/** True for a scalar function whose C calls a longer one of vector_math.h. */
export function callsFunction(e: Expr): boolean {
  return e.kind === "call" && /\w\(/.test(
    e.scalar.c(e.args.map(() => "x"), e.args.map(dtypeOf), e.dtype)
      .replaceAll(INSTRUCTION, "("),
  );
}

/** True for a scalar function whose C is operators of C alone, which vectors have too. */
export function isOperator(e: Expr & { kind: "call" }): boolean {
  const text = e.scalar.c(e.args.map(() => "x"), e.args.map(dtypeOf), e.dtype);
  return /^[-x ()+*/]+$/.test(text);
}

/** The dtype of an expression; positions and lengths are integers. */
export function dtypeOf(e: Expr): Dtype {
  return e.kind === "axis" || e.kind === "length" ? "int64" : e.dtype;
}

function leaf(
  e: Exclude<Expr, { kind: "call" | "load" }>,
  { nest, variables, results }: Scope,
): string {
  switch (e.kind) {
    case "axis": {
      const at = nest.position.get(e.axis);
      return at === undefined ? "INT64_C(0)" : variables.get(at)!;
    }
    case "length":
      return nest.lengths.has(e.axis)
        ? amount(nest.lengths.get(e.axis)!)
        : "INT64_C(1)";
    case "stage":
      return results[e.stage]!;
    case "constant":
      return literal(e.value, computed(e.dtype));
    default:
      return e satisfies never;
  }
}

/** `x[i * x_i + j]`, converted to the dtype it is computed in. */
function element(
  access: Access,
  scope: Scope,
  texts: Map<Expr, string>,
): string {
  const { dtype } = scope.nest.operands[access.operand]!;
  const at = address(access, scope, texts),
    text = dtype === "float16" ? `(float)${at}` : at;
  if (access.guards.length === 0) return text;
  const inside = access.guards.map(({ index, length }) => {
    renderIn(index, scope, texts);
    return `(uint64_t)${primary(texts.get(index)!)} < (uint64_t)${
      amount(length)
    }`;
  });
  return `(${inside.join(" && ")} ? ${text} : ${
    literal(access.outside, computed(dtype))
  })`;
}

/** The element that an access reaches, as an lvalue. */
export function address(
  access: Access,
  scope: Scope,
  texts: Map<Expr, string> = new Map(scope.names),
): string {
  const { nest, variables } = scope;
  const terms = access.steps.map(({ axis, stride }) =>
    product(variables.get(axis)!, amount(stride))
  ).filter((term) => term !== "0");
  if (access.offset !== 0) terms.unshift(amount(access.offset));
  for (const { index, stride, wrap } of access.jumps) {
    renderIn(index, scope, texts);
    if (wrap === null) {
      terms.push(product(texts.get(index)!, amount(stride)));
      continue;
    }
    const at = index.kind === "constant"
      ? texts.get(index)!
      : keep(index, scope, texts);
    terms.push(
      product(
        `(${at} < 0 ? ${at} + ${amount(wrap)} : ${at})`,
        amount(stride),
      ),
    );
  }
  const { name } = nest.operands[nest.operands[access.operand]!.memory]!;
  return `${name}[${terms.join(" + ") || "0"}]`;
}

function product(variable: string, stride: string): string {
  if (stride === "1" || variable === "0") return variable;
  if (variable === "1") return stride;
  return stride === "-1"
    ? `-${primary(variable)}`
    : `${primary(variable)} * ${stride}`;
}

/** Names what does not change along loop `axis` before that loop begins. */
export function hoist(
  values: readonly Expr[],
  axis: number,
  scope: Scope,
): Scope {
  const names = new Map(scope.names), masks = new Map<Expr, boolean>();
  const varies = (e: Expr) => masks.get(e) ?? false;
  const indices = values.flatMap((value) => postorder(value, true)).flatMap((
    e,
  ) => {
    const access = scope.nest.loads.get(e);
    return access ? [...access.jumps, ...access.guards] : [];
  }).map((j) => j.index);
  for (const value of [...indices, ...values]) {
    const order = postorder(value, true);
    for (const e of order) {
      masks.set(
        e,
        e.kind === "call"
          ? e.args.some(varies)
          : changes(e, axis, scope, varies),
      );
    }
    const wanted = postorder(value).filter((e) =>
      e.kind === "call" && varies(e)
    ).flatMap((e) => (e as Expr & { kind: "call" }).args);
    for (const e of [...wanted, value]) {
      if (
        varies(e) || names.has(e) || (e.kind !== "call" && e.kind !== "load")
      ) continue;
      renderIn(e, scope, names);
      keep(e, scope, names);
    }
  }
  return { ...scope, names };
}

function changes(
  e: Exclude<Expr, { kind: "call" }>,
  axis: number,
  { nest, results }: Scope,
  varies: (e: Expr) => boolean,
): boolean {
  if (e.kind === "axis") return nest.position.get(e.axis) === axis;
  if (e.kind === "stage") return results[e.stage]!.includes("[");
  if (e.kind !== "load") return false;
  // A load that no text reads: its value is known.
  const access = nest.loads.get(e);
  return access !== undefined && (access.steps.some((s) => s.axis === axis) ||
    [...access.jumps, ...access.guards].some((j) => varies(j.index)));
}

function countUses(order: readonly Expr[]): Map<Expr, number> {
  const uses = new Map<Expr, number>();
  for (const x of order) {
    uses.set(x, uses.get(x) ?? 0);
    if (x.kind === "call") {
      for (const a of x.args) uses.set(a, (uses.get(a) ?? 0) + 1);
    }
  }
  return uses;
}

/** A number as a C constant of its dtype. */
export function literal(given: number | bigint, dtype: Dtype): string {
  const value = castElement(given, dtype);
  const { kind, size, suffix } = DTYPES[dtype];
  if (kind === "float") {
    const x = Number(value), end = size === 4 ? "f" : "";
    if (Number.isNaN(x)) return `DAMO_NAN_${suffix.toUpperCase()}`;
    if (!Number.isFinite(x)) {
      return `${x < 0 ? "-" : ""}DAMO_INF_${suffix.toUpperCase()}`;
    }
    const digits = size === 4
      ? String(Number(Math.fround(x).toPrecision(9)))
      : String(x);
    const text = `${Object.is(x, -0) ? "-0" : digits}${
      /[.e]/.test(digits) ? "" : ".0"
    }${end}`;
    return text.startsWith("-") ? `(${text})` : text;
  }
  if (kind === "bool") return value == 0 ? "0" : "1";
  const bits = 8 * size;
  if (
    kind === "int" && BigInt(value) === -(1n << BigInt(bits - 1)) && bits >= 32
  ) return `INT${bits}_MIN`;
  const text = size === 8
    ? `${kind === "uint" ? "U" : ""}INT64_C(${value})`
    : `${value}${kind === "uint" && size === 4 ? "u" : ""}`;
  return text.startsWith("-") ? `(${text})` : text;
}

function isName(text: string): boolean {
  return /^\w+$/.test(text);
}

/** text, in parentheses unless it already binds as one operand. */
function primary(text: string): string {
  return /^[\w.]*$/.test(text) || (/^\w*[([]/.test(text) && closes(text))
    ? text
    : `(${text})`;
}

/** text without parentheses around all of it. */
export function bare(text: string): string {
  return text.startsWith("(") && closes(text) ? text.slice(1, -1) : text;
}

/** True if the first bracket of text is closed by its last character. */
function closes(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "(" || c === "[") depth++;
    if ((c === ")" || c === "]") && --depth === 0) return i === text.length - 1;
  }
  return false;
}
