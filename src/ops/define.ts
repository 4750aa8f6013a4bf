/** How an op is declared: one call, one place, always in this order. */
import { type Defaults, withDefaults } from "../graph/options.ts";
import {
  array,
  type ArrayLike,
  isArrayLike,
  NDArray,
  type Nested,
} from "../graph/ndarray.ts";
import { type Dtype, dtypeOf, isFloat, promote } from "../graph/dtype.ts";
import { config } from "../graph/config.ts";
import { describeOther } from "../graph/describe_other.ts";
import type { Inferred, Lengths, Shaped } from "../graph/length.ts";
import type { Loops } from "../graph/loops.ts";
import {
  Apply,
  Constant,
  type CText,
  type Facts,
  type LoopSite,
  type Op,
  type ScalarOp,
  Variable,
  type ViewMap,
} from "../graph/variable.ts";

/** What stands for a value in a call: numbers adopt the dtype of the other operands. */
export type Operand =
  | Variable
  | number
  | bigint
  | boolean
  | NDArray
  | ArrayBufferView
  | ArrayLike
  | readonly Nested[];

/** A tuple as long as A holding T, so that a rule knows its arity. */
export type Each<A extends readonly unknown[], T> = {
  readonly [i in keyof A]: T;
};

/** One operand. */
export type X = [x: Operand];
/** Two operands. */
export type XY = [x: Operand, y: Operand];
/** Three operands. */
export type XYZ = [x: Operand, y: Operand, z: Operand];

/** One use of the op, as its derivative rules see it. */
export interface Site<A extends readonly Operand[], P> {
  /** What it was applied to. */
  readonly inputs: Each<A, Variable>;
  /** The first of its outputs. */
  readonly output: Variable;
  /** All of them. */
  readonly outputs: readonly Variable[];
  /** Of the op. */
  readonly params: P;
}

/** What a vjp gets: the cotangent of the one output, or one or null for each of several. */
export type Cotangents<O extends number> = O extends 1 ? [g: Variable]
  : (Variable | null)[];
/** What a rule gives: one for the one output, or an array for several. */
export type OneOrMore<O extends number, T> = O extends 1 ? T : readonly T[];

/** The rules of an op with A operands, parameters P and O outputs. */
export interface Rules<A extends readonly Operand[], P, O extends number = 1>
  extends Facts<P> {
  /** For messages, kernels and rules. */
  readonly name: string;
  /** The number of operands; -1 for any. */
  readonly arity: A["length"] | -1;
  /** The number of outputs, 1 unless given; -1 if the parameters say. */
  readonly outputs?: O;
  /** Types and lengths of the outputs; throws TypeError or RangeError on a bad call. */
  infer(
    inputs: Each<A, Shaped>,
    params: P,
    lengths: Lengths,
  ): OneOrMore<O, Inferred>;
  /** The reference values that every kernel is tested against. Never writes its inputs. */
  eval(inputs: Each<A, NDArray>, params: P): OneOrMore<O, NDArray>;
  /** Cotangents of the inputs; null where none flows. */
  vjp?(site: Site<A, P>, ...gs: Cotangents<O>): Each<A, Variable | null>;
  /** Tangent of the output; null where none flows. */
  jvp?(
    site: Site<A, P>,
    ts: Each<A, Variable | null>,
  ): OneOrMore<O, Variable | null>;
  /** The loops that compute it, */
  loops?(site: LoopSite<P>): Loops;
  /** or where it looks, for a view, */
  view?(site: LoopSite<P>): ViewMap;
  /** or C, for what is irregular. */
  c?(site: LoopSite<P>): CText;
  /** The scalar expression, for elementwise ops only: what fusion composes. */
  readonly scalar?: ScalarOp;
}

/** The function that builds an application; rules match on its `op`. */
export type OpFunction<
  A extends readonly Operand[],
  P = void,
  O extends number = 1,
> =
  & ((
    ...args: P extends void ? A : [...A, params: P]
  ) => O extends 1 ? Variable : Variable[])
  & { readonly op: Op<P> };

/** What a declaration may hold. */
const RULES: Defaults<Rules<[], unknown>> = {
  name: undefined,
  arity: undefined,
  outputs: undefined,
  infer: undefined,
  eval: undefined,
  vjp: undefined,
  jvp: undefined,
  loops: undefined,
  view: undefined,
  c: undefined,
  scalar: undefined,
  views: undefined,
  mayFail: undefined,
  lazyInputs: undefined,
  ordered: undefined,
  connects: undefined,
  commutative: undefined,
  invariants: undefined,
  version: undefined,
};

/** TypeError: a field that is not there, which nobody would read, or one missing that every op needs. */
function checkRules(rules: Rules<[], unknown>): void {
  const given = withDefaults("define an op", rules, RULES), { name } = given;
  for (const field of ["infer", "eval"] as const) {
    if (typeof given[field] === "function") continue;
    throw new TypeError(
      `Cannot define op ${name}: ${field} is ${
        describeOther(given[field])
      }, expected a function`,
    );
  }
}

/** The only file that casts: tuples of known length become arrays here. */
// deno-lint-ignore no-explicit-any
type Loose = any;

/** Declares an op and returns the function that applies it. */
export function defineOp<
  A extends readonly Operand[],
  P = void,
  O extends number = 1,
>(
  rules: Rules<A, P, O>,
): OpFunction<A, P, O> {
  checkRules(rules as Loose);
  const { name, arity, outputs = 1, infer, eval: value, vjp, jvp, ...rest } =
    rules as Loose;
  const several = outputs !== 1;
  const list = (x: Loose): Loose => several ? x : [x];
  const site = (node: Apply): Loose => ({
    inputs: node.inputs,
    output: node.outputs[0],
    outputs: node.outputs,
    params: node.params,
  });
  const op: Op<Loose> = {
    ...rest,
    name,
    arity,
    outputs,
    infer: (inputs, params, lengths) => list(infer(inputs, params, lengths)),
    eval: (inputs, params) => list(value(inputs, params)),
    ...(vjp && { vjp: (node, gs) => vjp(site(node), ...gs) }),
    ...(jvp && { jvp: (node, ts) => list(jvp(site(node), ts)) }),
  };
  const call = (...args: Loose[]) => {
    const n = arity < 0
      ? args.length -
        (args.length > 0 && isParams(args[args.length - 1]) ? 1 : 0)
      : arity;
    const params = isParams(args[n]) ? args[n] : undefined;
    const taken = params || args[n] === undefined ? n + 1 : n;
    if (args.length < n || (args.length > taken && !isFromMap(args))) {
      throw new TypeError(
        `Cannot apply ${name}: expected ${n} operand${
          n === 1 ? "" : "s"
        }, got ${args.length}`,
      );
    }
    const made = new Apply(op, asVariables(args.slice(0, n), name), params);
    return several ? [...made.outputs] : made.outputs[0]!;
  };
  return Object.assign(call, { op }) as Loose;
}

function isParams(x: unknown): boolean {
  return typeof x === "object" && x !== null &&
    Object.getPrototypeOf(x) === Object.prototype && !isArrayLike(x);
}

/** True for the arguments that `list.map(f)` hands to f. */
function isFromMap(args: readonly unknown[]): boolean {
  const [x, i, list] = args;
  return args.length === 3 && Array.isArray(list) && list[Number(i)] === x;
}

/** Operands as variables: plain numbers take the dtype of the others. `name` is what they are operands of, for messages. */
export function asVariables(
  operands: readonly Operand[],
  name: string | null = null,
): Variable[] {
  const strong = operands.map(dtypeOfOperand).filter((d) => d !== null);
  const dtype = strong.length ? strong.reduce(promote) : null;
  return operands.map((x) => asVariable(x, dtype, name));
}

function dtypeOfOperand(x: Operand): Dtype | null {
  if (x instanceof Variable || x instanceof NDArray) return x.dtype;
  if (isArrayLike(x)) return dtypeOf(x.data);
  return dtypeOf(x);
}

/** One operand as a variable; a number becomes a 0-d constant of a dtype that suits `like`. */
export function asVariable(
  x: Operand,
  like: Dtype | null = null,
  name: string | null = null,
): Variable {
  if (x instanceof Variable) return x;
  if (
    typeof x === "number" || typeof x === "bigint" || typeof x === "boolean"
  ) return constant(x, weakDtype(x, like));
  if (x instanceof NDArray || ArrayBuffer.isView(x) || isArrayLike(x)) {
    return new Constant(array(x));
  }
  if (!Array.isArray(x)) {
    const given = describeOther(x);
    throw new TypeError(
      `Cannot ${
        name === null ? `use ${given} in a graph` : `apply ${name} to ${given}`
      }: expected a Variable, a number or an array`,
    );
  }
  return new Constant(array(x as Nested, { dtype: like ?? config.floatX }));
}

/** The dtype a plain number takes beside operands of dtype `like`. */
function weakDtype(x: number | bigint | boolean, like: Dtype | null): Dtype {
  if (typeof x === "boolean") return like ?? "bool";
  const whole = typeof x === "bigint" || Number.isInteger(x);
  if (like === null) return typeof x === "bigint" ? "int64" : config.floatX;
  if (isFloat(like)) return like;
  if (!whole) return config.floatX;
  return like === "bool" ? "int64" : like;
}

/** A 0-d constant. */
export function constant(
  x: number | bigint | boolean,
  dtype: Dtype,
): Constant<0> {
  return new Constant(array(x, { dtype }));
}
