/** How a scalar function becomes an elementwise op, and how its C text is written. */
import {
  type Dtype,
  DTYPES,
  isBig,
  isFloat,
  isInteger,
  promote,
} from "../../graph/dtype.ts";
import { config } from "../../graph/config.ts";
import {
  type Inferred,
  type Length,
  type Lengths,
  type Shaped,
  STATIC,
} from "../../graph/length.ts";
import type { Expr } from "../../graph/loops.ts";
import type { NDArray } from "../../graph/ndarray.ts";
import { dense } from "../../graph/type.ts";
import type { AnyOp, ScalarOp, Variable } from "../../graph/variable.ts";
import {
  broadcastShape,
  elementLoops,
  isSmaller,
  mapElements,
  sumToLike,
} from "./broadcast.ts";
import {
  defineOp,
  type Each,
  type Operand,
  type OpFunction,
  type X,
  type XY,
  type XYZ,
} from "../define.ts";
import { add, mul, neg } from "./elemwise.ts";
import { broadcastAs } from "../shape/broadcast_to.ts";

/** An elementwise op of one operand. */
export type Unary = OpFunction<X>;

/** An elementwise op of two operands, which broadcast. */
export type Binary = OpFunction<XY>;

/** An elementwise op of three operands, which broadcast. */
export type Ternary = OpFunction<XYZ>;

/**
 * A partial derivative: a factor, or a linear function of the tangent where a
 * product would make NaN of 0 times infinity. null where it is 0 everywhere.
 */
export type Derivative = Operand | ((t: Variable) => Variable) | null;

/** A scalar function, from which type rule, values, C and both derivatives follow. */
export interface Row<A extends readonly Operand[]> {
  /** The dtype of the result. TypeError where the function is not defined. */
  readonly dtype: (...inputs: Dtype[]) => Dtype;
  /** The dtypes that the operands are converted to; the result's unless given. */
  readonly operands?: (result: Dtype, ...inputs: Dtype[]) => readonly Dtype[];
  /** The value; integers of up to 32 bits wrap when it is stored. */
  readonly eval: (...x: Each<A, number>) => number | boolean;
  /** For integers of up to 32 bits, where `eval` does not do. */
  readonly int?: (...x: Each<A, number>) => number;
  /** For 64-bit integers; required where an operand may be one. */
  readonly bigint?: (...x: Each<A, bigint>) => bigint | boolean;
  /** C text over operands that were converted; `dtype` is that of the last. */
  readonly c: (x: Each<A, string>, dtype: Dtype) => string;
  /** One derivative an operand: vjp and jvp both follow. Absent where the output is never a float. */
  readonly partials?: (
    x: Each<A, Variable>,
    y: Variable,
  ) => Each<A, Derivative>;
  /** The same function of lengths, so that a 0-d integer result may serve as one. */
  readonly length?: (lengths: Lengths, ...x: Each<A, Length>) => Length;
  /** See Facts. */
  readonly commutative?: boolean;
  /** See Facts. */
  readonly connects?: Each<A, readonly [boolean]>;
}

/** Declares a function of one scalar as an elementwise op. */
export function unary(name: string, row: Row<X>): Unary {
  return elementwise(1, name, row);
}

/** Declares a function of two scalars as an elementwise op. */
export function binary(name: string, row: Row<XY>): Binary {
  return elementwise(2, name, row);
}

/** Declares a function of three scalars as an elementwise op. */
export function ternary(name: string, row: Row<XYZ>): Ternary {
  return elementwise(3, name, row);
}

/** A row whose number of operands is not in its type. */
type AnyRow = Row<Operand[]>;

function elementwise<A extends readonly Operand[]>(
  arity: A["length"],
  name: string,
  typed: Row<A>,
): OpFunction<A> {
  const row = typed as unknown as AnyRow,
    { commutative, connects } = row,
    scalar = scalarOf(row);
  return defineOp<A>({
    name,
    arity,
    infer: (inputs, _, lengths) => inferElementwise(name, row, inputs, lengths),
    eval: (inputs) => evaluate(name, row, inputs),
    vjp: ({ inputs, output }, g) =>
      pulled(inputs, partialsOf(row, inputs, output), g) as Each<
        A,
        Variable | null
      >,
    jvp: ({ inputs, output }, ts) =>
      pushed(output, partialsOf(row, inputs, output), ts),
    loops: (site) =>
      elementLoops(
        site,
        (loads) => [callExpr(name, scalar, loads, site.outputs[0]!.dtype)],
      ),
    ...(connects && { connects: () => connects }),
    ...(commutative && { commutative }),
    scalar,
  });
}

/** The type rule: shapes broadcast, and a 0-d integer keeps its value as a length. */
export function inferElementwise(
  name: string,
  { dtype, length }: Pick<AnyRow, "dtype" | "length">,
  inputs: readonly Shaped[],
  lengths: Lengths,
): Inferred {
  const result = dtype(...inputs.map((x) => x.dtype)),
    shape = broadcastShape(name, inputs, lengths);
  const counts = length && shape.length === 0 && isInteger(result) &&
    inputs.every((x) => !isFloat(x.dtype));
  const value = counts ? length(lengths, ...inputs.map((x) => x.value)) : null;
  return {
    dtype: result,
    shape,
    value: typeof value === "number" && !holds(result, value) ? null : value,
  };
}

/** True if an integer dtype holds this value without wrapping. */
function holds(dtype: Dtype, value: number): boolean {
  const { kind, size } = DTYPES[dtype], bits = 8 * size;
  return kind === "int"
    ? value >= -(2 ** (bits - 1)) && value < 2 ** (bits - 1)
    : value >= 0 && value < 2 ** bits;
}

function operandDtypes(
  row: AnyRow,
  result: Dtype,
  inputs: readonly Dtype[],
): readonly Dtype[] {
  const dtypes = row.operands?.(result, ...inputs) ?? inputs.map(() => result);
  return dtypes.map((dtype) => dtype === "float16" ? "float32" : dtype);
}

function evaluate(
  name: string,
  row: AnyRow,
  inputs: readonly NDArray[],
): NDArray {
  const given = inputs.map((x) => x.dtype),
    result = row.dtype(...given),
    dtypes = operandDtypes(row, result, given);
  const converted = inputs.map((x, i) => x.astype(dtypes[i]!));
  const f = dtypes.some(isBig)
    ? row.bigint!
    : row.int && dtypes.every(isInteger)
    ? row.int
    : row.eval;
  return mapElements(name, f, converted, result);
}

function scalarOf(row: AnyRow): ScalarOp {
  return {
    c(args, given, result) {
      const dtypes = operandDtypes(row, result, given);
      const text = row.c(
        args.map((x, i) => castC(x, given[i]!, dtypes[i]!)),
        dtypes[dtypes.length - 1]!,
      );
      return result === "float16" ? castC(text, "float32", "float16") : text;
    },
  };
}

function partialsOf(
  row: AnyRow,
  inputs: readonly Variable[],
  output: Variable,
): readonly Derivative[] {
  return row.partials && isFloat(output.dtype)
    ? row.partials(inputs, output)
    : inputs.map(() => null);
}

function pulled(
  inputs: readonly Variable[],
  partials: readonly Derivative[],
  g: Variable,
): (Variable | null)[] {
  return partials.map((p, i) =>
    p === null ? null : sumToLike(times(g, p), inputs[i]!)
  );
}

function pushed(
  output: Variable,
  partials: readonly Derivative[],
  ts: readonly (Variable | null)[],
): Variable | null {
  const terms = partials.flatMap((p, i) =>
    ts[i] && p !== null ? [times(ts[i], p)] : []
  );
  if (terms.length === 0) return null;
  const t = terms.reduce((a, b) => add(a, b));
  return isSmaller(t.type, output.type) ? broadcastAs(t, output) : t;
}

function times(t: Variable, p: Exclude<Derivative, null>): Variable {
  return typeof p === "function"
    ? p(t)
    : p === 1
    ? t
    : p === -1
    ? neg(t)
    : mul(t, p);
}

/** An elementwise op applied to scalar expressions, in the loops of other ops; numbers take the dtype of the first expression. */
export function call(
  f: { readonly op: AnyOp },
  ...args: (Expr | number)[]
): Expr {
  const like = dtypeOfExpr(args.find((x) => typeof x !== "number")!);
  const exprs = args.map((x): Expr =>
    typeof x === "number" ? { kind: "constant", value: x, dtype: like } : x
  );
  const shaped = exprs.map((x): Shaped => {
    const dtype = dtypeOfExpr(x);
    return { type: dense(dtype, []), dtype, shape: [], value: null };
  });
  return callExpr(
    f.op.name,
    f.op.scalar!,
    exprs,
    f.op.infer(shaped, undefined, STATIC)[0]!.dtype,
  );
}

/** An expression converted to another dtype. */
export function castExpr(x: Expr, dtype: Dtype): Expr {
  return dtypeOfExpr(x) === dtype
    ? x
    : callExpr("cast", castScalar(), [x], dtype);
}

function callExpr(
  name: string,
  scalar: ScalarOp,
  args: readonly Expr[],
  dtype: Dtype,
): Expr {
  return { kind: "call", name, scalar, args, dtype };
}

/** The dtype of an expression's value. */
export function dtypeOfExpr(x: Expr): Dtype {
  return x.kind === "axis" || x.kind === "length" ? "int64" : x.dtype;
}

/** The scalar form of `cast`. */
export function castScalar(): ScalarOp {
  return { c: ([x], [from], to) => castC(x!, from!, to) };
}

/** C text of `x` in another dtype. */
export function castC(x: string, from: Dtype, to: Dtype): string {
  if (from === to) return x;
  if (to === "bool") return `(${x} != 0)`;
  const { c, size } = DTYPES[to];
  if (!isFloat(from) || isFloat(to)) return `((${c})${x})`;
  return `((${c})i${size === 8 ? 64 : 32}_from_${
    from === "float64" ? "f64" : "f32"
  }(${x}))`;
}

/** C text that calls the function of csrc/vector_math.h by this name. */
export function calls(
  name: string,
): (x: readonly string[], dtype: Dtype) => string {
  return (x, dtype) => `${name}_${DTYPES[dtype].suffix}(${x.join(", ")})`;
}

/** C text of an arithmetic operator; integers wrap, bools combine by `bool`. */
export function operator(
  symbol: string,
  bool = symbol,
): (x: readonly string[], dtype: Dtype) => string {
  return ([x, y], dtype) =>
    isFloat(dtype)
      ? `(${x} ${symbol} ${y})`
      : dtype === "bool"
      ? `(${x} ${bool} ${y})`
      : wrapped(dtype, (cast) => `${cast(x!)} ${symbol} ${cast(y!)}`);
}

/** C text of integer arithmetic that wraps: signed overflow is undefined, unsigned is not. */
export function wrapped(
  dtype: Dtype,
  text: (cast: (x: string) => string) => string,
): string {
  const { c, size } = DTYPES[dtype],
    unsigned = size === 8 ? "uint64_t" : "uint32_t";
  return `((${c})(${text((x) => `(${unsigned})${x}`)}))`;
}

/** The dtype of both: see promote. */
export function promoted(...inputs: Dtype[]): Dtype {
  return inputs.reduce(promote);
}

/** The dtype of both if that is a float, else floatX. */
export function floating(...inputs: Dtype[]): Dtype {
  const dtype = promoted(...inputs);
  return isFloat(dtype) ? dtype : config.floatX;
}

/** The dtype of both, int8 for bools. */
export function numeric(...inputs: Dtype[]): Dtype {
  const dtype = promoted(...inputs);
  return dtype === "bool" ? "int8" : dtype;
}
