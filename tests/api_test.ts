/** Every public name that is promised: here, or later with the reason. */
import { assert, assertEquals } from "@std/assert";
import * as damo from "damo";

const KINDS = [
  "scalar",
  "vector",
  "row",
  "col",
  "matrix",
  "tensor3",
  "tensor4",
  "tensor5",
];
const HERE: Record<string, readonly string[]> = {
  types: [
    ...KINDS,
    ...["b", "w", "i", "l", "f", "d"].flatMap((p) => KINDS.map((k) => p + k)),
    "tensor",
  ],
  values: [
    "NDArray",
    "array",
    "RandomState",
    "zeros",
    "ones",
    "full",
    "arange",
    "eye",
    "zerosLike",
    "onesLike",
    "constant",
  ],
  function: [
    "function",
    "In",
    "Mode",
    "DebugMode",
    "config",
    "shared",
    "SharedVariable",
    "Variable",
    "Constant",
    "UnusedInputError",
    "MissingInputError",
  ],
  gradient: [
    "grad",
    "Lop",
    "Rop",
    "verifyGrad",
    "considerConstant",
    "disconnectedGrad",
    "zeroGrad",
    "gradClip",
    "gradScale",
  ],
  control: ["ifelse", "where", "switch_", "print", "assert", "scan", "until"],
  arithmetic: [
    "add",
    "sub",
    "mul",
    "div",
    "intDiv",
    "mod",
    "pow",
    "neg",
    "abs",
    "sign",
    "sqr",
    "sqrt",
    "reciprocal",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "arctan2",
    "sinh",
    "cosh",
    "tanh",
    "arcsinh",
    "arccosh",
    "arctanh",
    "ceil",
    "floor",
    "trunc",
    "round",
    "maximum",
    "minimum",
    "clip",
    "sigmoid",
    "softplus",
    "relu",
    "cast",
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "neq",
    "isnan",
    "isinf",
    "and_",
    "or_",
    "xor",
    "invert",
  ],
  reductions: [
    "sum",
    "prod",
    "mean",
    "max",
    "min",
    "argmax",
    "argmin",
    "any",
    "all",
    "var_",
    "std",
    "logsumexp",
  ],
  shapes: [
    "shape",
    "reshape",
    "dimshuffle",
    "transpose",
    "flatten",
    "broadcastTo",
    "specifyShape",
    "squeeze",
    "expandDims",
    "join",
    "concatenate",
    "stack",
    "split",
    "at",
    "slice",
    "setSubtensor",
    "incSubtensor",
    "take",
  ],
  products: ["dot", "outer"],
  nnet: [
    "softmax",
    "logSoftmax",
    "categoricalCrossentropy",
    "binaryCrossentropy",
  ],
  tools: [
    "loadNpz",
    "saveNpz",
    "loadNpy",
    "saveNpy",
    "loadIdx",
    "progress",
    "kernelStatistics",
  ],
};

const LATER: Record<string, string> = {
  jacobian: "second order: with scan's derivatives",
  hessian: "second order: with scan's derivatives",
  hessianVectorProduct: "second order: with scan's derivatives",
  map: "loops: with scan's rewrites",
  reduce: "loops: with scan's rewrites",
  foldl: "loops: with scan's rewrites",
  foldr: "loops: with scan's rewrites",
  RandomStreams: "random numbers in graphs: with scan's random streams",
  expr: "the tagged template: with the breadth of ops",
  OpFromGraph: "with the breadth of ops",
  sparse: "sparse matrices have a milestone of their own",
  NanGuardMode: "debugging tools have a milestone of their own",
  MonitorMode: "debugging tools have a milestone of their own",
  debugPrint: "views of graphs have a milestone of their own",
  pp: "views of graphs have a milestone of their own",
  toDot: "views of graphs have a milestone of their own",
  toSvg: "views of graphs have a milestone of their own",
};

const exported = damo as unknown as Record<string, unknown>;

for (const [area, names] of Object.entries(HERE)) {
  Deno.test(`mod.ts exports the names of ${area}`, () => {
    assertEquals(names.filter((name) => exported[name] === undefined), []);
  });
}

Deno.test("a name that is promised for later is not half here", () => {
  assertEquals(
    Object.keys(LATER).filter((name) => exported[name] !== undefined),
    [],
  );
  for (const reason of Object.values(LATER)) assert(reason.length > 10);
});

Deno.test("a compiled function has its members", () => {
  const x = damo.vector("x"), f = damo.function([x], x.add(1));
  for (
    const member of [
      "trustInput",
      "fn",
      "explain",
      "profile",
      "copy",
      "free",
      "exportC",
      "async",
    ]
  ) {
    const later: Record<string, string> = {
      profile: "profiling has a milestone of its own",
      copy: "with the breadth of ops",
      exportC: "with the linker that prints one C function",
      async: "with the linker that prints one C function",
    };
    assertEquals(member in f, !(member in later), member);
  }
  f.free();
});
