/** The functions that are methods of a Variable; attached when this module is loaded, which is the only work at import. */
import { Variable } from "../graph/variable.ts";
import type { Operand } from "./define.ts";
import * as operations from "./operations.ts";

/** Operations that are methods by their own names. */
const NAMES: readonly (keyof typeof operations)[] = [
  "abs",
  "add",
  "arccos",
  "arccosh",
  "arcsin",
  "arcsinh",
  "arctan",
  "arctanh",
  "ceil",
  "clip",
  "cos",
  "cosh",
  "deg2rad",
  "div",
  "erf",
  "erfc",
  "exp",
  "exp2",
  "expm1",
  "floor",
  "floorDiv",
  "intDiv",
  "log",
  "log10",
  "log1p",
  "log2",
  "maximum",
  "minimum",
  "mod",
  "mul",
  "neg",
  "pow",
  "rad2deg",
  "reciprocal",
  "round",
  "sigmoid",
  "sign",
  "sin",
  "sinh",
  "softplus",
  "sqr",
  "sqrt",
  "sub",
  "tan",
  "tanh",
  "trunc",
  "and_",
  "eq",
  "ge",
  "gt",
  "invert",
  "isfinite",
  "isinf",
  "isnan",
  "le",
  "lt",
  "neq",
  "or_",
  "xor",
  "relu",
  "softmax",
  "logSoftmax",
  "all",
  "any",
  "argmax",
  "argmin",
  "logsumexp",
  "max",
  "mean",
  "min",
  "norm",
  "prod",
  "ptp",
  "std",
  "sum",
  "var",
  "argsort",
  "at",
  "broadcastTo",
  "choose",
  "cumprod",
  "cumsum",
  "diagonal",
  "diff",
  "dimshuffle",
  "dot",
  "expandDims",
  "flatten",
  "nonzero",
  "nonzeroValues",
  "repeat",
  "reshape",
  "searchsorted",
  "sort",
  "specifyShape",
  "squeeze",
  "swapaxes",
  "take",
  "trace",
  "transpose",
];

/** compress has the condition first, as in NumPy. */
function compressOf(
  x: Variable,
  condition: Operand,
  axis?: number | null,
): Variable {
  return operations.compress(condition, x, axis);
}

/** A method's name and its function, whose first operand is the variable. */
export const METHODS: {
  readonly [name: string]: (...args: never[]) => unknown;
} = {
  ...Object.fromEntries(NAMES.map((name) => [name, operations[name]])),
  astype: operations.cast,
  fill: operations.second,
  compress: compressOf,
};

/** What reads like a property. */
export const GETTERS: { readonly [name: string]: (x: Variable) => unknown } = {
  T: operations.transpose,
  shape: operations.shape,
  size: operations.size,
};

for (const [name, f] of Object.entries(METHODS)) {
  const apply = f as (x: Variable, ...rest: unknown[]) => unknown;
  Object.defineProperty(Variable.prototype, name, {
    value(this: Variable, ...rest: unknown[]) {
      return apply(this, ...rest);
    },
  });
}
for (const [name, f] of Object.entries(GETTERS)) {
  Object.defineProperty(Variable.prototype, name, {
    get(this: Variable) {
      return f(this);
    },
  });
}
