/** Every recorded operation on arrays in terms of the public API, one line each. */
import * as damo from "damo";
import { type Attrs, Skip } from "./case.ts";
import { asDtype } from "./arrays.ts";
import { type IndexEntry, indexOf } from "./indices.ts";
import { WINDOWS } from "./windows.ts";

type Variable = damo.Variable;

/** Applies an operation. */
export type Build = (
  inputs: readonly Variable[],
  attrs: Attrs,
) => Variable | readonly Variable[];

/** The operations by their recorded names. */
export type Vocabulary = { readonly [op: string]: Build };

/** Makes an operation of operands only. */
function plain(f: (...inputs: Variable[]) => Variable): Build {
  return (inputs) => f(...inputs);
}

/** Makes an operation of any number of operands out of one of two. */
function folded(f: (x: Variable, y: Variable) => Variable): Build {
  return (inputs) => inputs.reduce((x, y) => f(x, y));
}

/** Makes a reduction over the recorded axes. */
function reduced(
  f: (x: Variable, options: damo.ReduceOptions) => Variable,
): Build {
  return ([x], { axis }) => f(x!, axesOf(axis as number[] | null));
}

/** Makes a reduction with a dtype of its own. */
function accumulated(
  f: (x: Variable, options: damo.SumOptions) => Variable,
): Build {
  return ([x], { axis, dtype }) =>
    f(x!, {
      ...axesOf(axis as number[] | null),
      dtype: asDtype(dtype as string),
    });
}

function axesOf(axis: number[] | null): damo.ReduceOptions {
  return axis === null ? {} : { axis };
}

/** Elementwise operations. */
const elementwise: Vocabulary = {
  abs: plain(damo.abs),
  add: folded(damo.add),
  and: folded(damo.and_),
  arccos: plain(damo.arccos),
  arccosh: plain(damo.arccosh),
  arcsin: plain(damo.arcsin),
  arcsinh: plain(damo.arcsinh),
  arctan: plain(damo.arctan),
  arctan2: plain(damo.arctan2),
  arctanh: plain(damo.arctanh),
  cast: ([x], { dtype }) => damo.cast(x!, asDtype(dtype as string)),
  ceil: plain(damo.ceil),
  chi2sf: plain(damo.chi2sf),
  clip: plain(damo.clip),
  cos: plain(damo.cos),
  cosh: plain(damo.cosh),
  deg2rad: plain(damo.deg2rad),
  eq: plain(damo.eq),
  erf: plain(damo.erf),
  erfc: plain(damo.erfc),
  erfcinv: plain(damo.erfcinv),
  erfcx: plain(damo.erfcx),
  erfinv: plain(damo.erfinv),
  exp: plain(damo.exp),
  exp2: plain(damo.exp2),
  expm1: plain(damo.expm1),
  floor: plain(damo.floor),
  gamma: plain(damo.gamma),
  gammaln: plain(damo.gammaln),
  ge: plain(damo.ge),
  gt: plain(damo.gt),
  i0: plain(damo.i0),
  i1: plain(damo.i1),
  identity: plain(damo.identity),
  in_range: ([x, low, high], { openlow, openhigh }) =>
    damo.inRange(x!, low!, high!, {
      openLow: openlow as boolean,
      openHigh: openhigh as boolean,
    }),
  int_div: plain(damo.intDiv),
  invert: plain(damo.invert),
  isinf: plain(damo.isinf),
  isnan: plain(damo.isnan),
  iv: plain(damo.iv),
  j0: plain(damo.j0),
  j1: plain(damo.j1),
  jv: plain(damo.jv),
  le: plain(damo.le),
  log: plain(damo.log),
  log10: plain(damo.log10),
  log1p: plain(damo.log1p),
  log2: plain(damo.log2),
  lt: plain(damo.lt),
  maximum: plain(damo.maximum),
  minimum: plain(damo.minimum),
  mod: plain(damo.mod),
  mul: folded(damo.mul),
  neg: plain(damo.neg),
  neq: plain(damo.neq),
  or: folded(damo.or_),
  pow: plain(damo.pow),
  psi: plain(damo.psi),
  rad2deg: plain(damo.rad2deg),
  reciprocal: plain(damo.reciprocal),
  round_half_away_from_zero: plain(damo.roundHalfAwayFromZero),
  round_half_to_even: plain(damo.round),
  second: plain(damo.second),
  sgn: plain(damo.sign),
  sigmoid: plain(damo.sigmoid),
  sin: plain(damo.sin),
  sinh: plain(damo.sinh),
  softplus: plain(damo.softplus),
  softsign: plain(damo.softsign),
  sqr: plain(damo.sqr),
  sqrt: plain(damo.sqrt),
  sub: plain(damo.sub),
  switch: plain(damo.switch_),
  tan: plain(damo.tan),
  tanh: plain(damo.tanh),
  tri_gamma: plain(damo.triGamma),
  true_div: plain(damo.div),
  trunc: plain(damo.trunc),
  xlogx: plain(damo.xlogx),
  xlogy0: plain(damo.xlogy0),
  xor: folded(damo.xor),
};

/** Reductions, and softmax with its losses. */
const reductions: Vocabulary = {
  all: reduced(damo.all),
  any: reduced(damo.any),
  crossentropy_categorical_1hot: plain(damo.categoricalCrossentropy),
  crossentropy_categorical_1hot_grad: plain((g, p, y) =>
    damo.Lop(damo.categoricalCrossentropy(p, y), p, g)
  ),
  crossentropy_softmax_1hot_with_bias_dx: plain((g, p, y) =>
    p.sub(damo.toOneHot(y, p.shape.at(1))).mul(g.at(":", null))
  ),
  crossentropy_softmax_argmax_1hot_with_bias: ([x, b, y]) => {
    const z = x!.add(b!), p = damo.softmax(z);
    return [
      damo.categoricalCrossentropy(p, y!),
      p,
      damo.cast(damo.argmax(z, { axis: 1 }), y!.dtype),
    ];
  },
  log_softmax: plain((x) => damo.logSoftmax(x)),
  max_and_argmax: ([x], { axis }) =>
    damo.maxAndArgmax(x!, axesOf(axis as number[] | null)),
  prod: accumulated(damo.prod),
  prod_without_zeros: accumulated(damo.prodWithoutZeros),
  softmax: plain((x) => damo.softmax(x)),
  softmax_grad: plain((g, p) =>
    g.sub(g.mul(p).sum({ axis: 1, keepdims: true })).mul(p)
  ),
  softmax_with_bias: plain((x, b) => damo.softmax(x.add(b))),
  sum: accumulated(damo.sum),
};

/** Products. */
const products: Vocabulary = {
  batched_dot: plain(damo.batchedDot),
  dot: plain(product),
  dot22: plain(damo.dot),
  dot22scalar: plain((x, y, a) => a.mul(damo.dot(x, y))),
  gemm: plain((z, a, x, y, b) => b.mul(z).add(a.mul(damo.dot(x, y)))),
  gemv: plain((y, a, A, x, b) => b.mul(y).add(a.mul(damo.dot(A, x)))),
  ger: plain((A, a, x, y) => A.add(a.mul(damo.outer(x, y)))),
};

/** Linear algebra. */
const linearAlgebra: Vocabulary = {
  cholesky: ([x], { lower, on_error }) =>
    damo.cholesky(x!, {
      lower: lower as boolean,
      onError: on_error as "raise" | "nan",
    }),
  det: plain(damo.det),
  eig: ([x]) => damo.eig(x!),
  eigh: ([x], { UPLO }) => damo.eigh(x!, UPLO as damo.Uplo),
  eigvalsh: ([a, b], { lower }) =>
    damo.eigvalsh(a!, b ?? null, { lower: lower as boolean }),
  expm: plain(damo.expm),
  lstsq: ([a, b, rcond]) => damo.lstsq(a!, b!, rcond ?? null),
  matrix_inverse: plain(damo.matrixInverse),
  matrix_pinv: plain((x) => damo.matrixPinv(x)),
  qr: ([x], { mode }) => {
    const made: Variable | Variable[] = damo.qr(x!, mode as "r");
    return made;
  },
  solve: ([a, b], { A_structure }) =>
    damo.solve(a!, b!, { structure: A_structure as damo.Structure }),
  svd: ([x], { full_matrices, compute_uv }) => {
    const made: Variable | Variable[] = damo.svd(x!, {
      fullMatrices: Boolean(full_matrices),
      computeUV: Boolean(compute_uv) as false,
    });
    return made;
  },
  tensorinv: ([x], { ind }) => damo.tensorinv(x!, ind as number),
  tensorsolve: ([a, b], { axes }) =>
    damo.tensorsolve(a!, b!, axes as number[] | null),
};

/** Fourier transforms: those of the record do not scale. */
const transforms: Vocabulary = {
  irfft: ([x, s]) =>
    damo.irfft(x!, { s: elements(s!, x!.ndim - 2), norm: "no_norm" }),
  rfft: ([x, s]) => damo.rfft(x!, { s: elements(s!, x!.ndim - 1) }),
};

/** Shapes, and arrays made of other arrays. */
const shapes: Vocabulary = {
  alloc: ([value, ...lengths]) => damo.alloc(value!, ...lengths),
  arange: ([start, stop, step], { dtype }) =>
    damo.arange(start!, stop!, step!, asDtype(dtype as string)),
  dimshuffle: ([x], { new_order }) =>
    damo.dimshuffle(x!, new_order as (number | "x")[]),
  eye: ([n, m, k], { dtype }) => damo.eye(n!, m!, k!, asDtype(dtype as string)),
  join: ([axis, ...xs]) => damo.join(axis!, ...xs),
  make_vector: (scalars, { dtype }) =>
    scalars.length === 0
      ? damo.zeros([0], asDtype(dtype as string))
      : damo.stack(scalars.map((x) => damo.cast(x, asDtype(dtype as string)))),
  rebroadcast: ([x], { axis }) =>
    rebroadcast(x!, axis as [axis: number, one: boolean][]),
  reshape: ([x, shape], { ndim }) =>
    damo.reshape(x!, counted(shape!, ndim as number)),
  shape: plain(damo.shape),
  shape_i: ([x], { i }) => damo.shapeAt(x!, i as number),
  specify_shape: ([x, shape]) =>
    damo.specifyShape(x!, counted(shape!, x!.ndim)),
  split: ([x, axis, sizes], { len_splits }) =>
    damo.split(
      x!,
      elements(sizes!, len_splits as number),
      axis!,
    ),
};

/** Diagonals, repeats, and rows and columns that are put together. */
const layouts: Vocabulary = {
  alloc_diag: ([x], attrs) => damo.allocDiag(x!, ...diagonalOf(attrs)),
  bartlett: ([n]) => damo.bartlett(n!),
  extract_diag: ([x], attrs) => damo.diagonal(x!, ...diagonalOf(attrs)),
  fill_diagonal: ([x, value]) => damo.fillDiagonal(x!, value!),
  fill_diagonal_offset: ([x, value, offset]) =>
    damo.fillDiagonalOffset(x!, value!, offset!),
  prepend_scalar_constant_to_each_row: ([x], { val }) =>
    damo.prependScalarToEachRow(val as number, x!),
  prepend_scalar_to_each_row: plain(damo.prependScalarToEachRow),
  repeat: ([x, repeats], { axis }) =>
    damo.repeat(x!, repeats!, axis as number | null),
  tri: ([n, m, k], { dtype }) => damo.tri(n!, m!, k!, asDtype(dtype as string)),
};

/** Order, running sums, and counting. */
const sorting: Vocabulary = {
  argsort: ([x, axis]) => damo.argsort(x!, axis),
  cumprod: ([x], { axis }) => damo.cumprod(x!, axis as number | null),
  cumsum: ([x], { axis }) => damo.cumsum(x!, axis as number | null),
  diff: ([x], { n, axis }) => damo.diff(x!, n as number, axis as number),
  searchsorted: ([x, v, sorter], { side }) =>
    damo.searchsorted(x!, v!, {
      side: side as damo.Side,
      ...(sorter && { sorter }),
    }),
  sort: ([x, axis]) => damo.sort(x!, axis),
  topk: ([x, k], { axis, return_values, return_indices, idx_dtype }) => {
    const [values, positions] = damo.topkAndArgtopk(x!, k!, {
      axis: axis as number | null,
      dtype: asDtype(idx_dtype as string),
    });
    return [
      ...return_values ? [values] : [],
      ...return_indices ? [positions] : [],
    ];
  },
  unique: ([x], attrs) => {
    const found: Variable | Variable[] = damo.unique(x!, {
      axis: attrs.axis as number | null,
      returnIndex: attrs.return_index as boolean,
      returnInverse: attrs.return_inverse as boolean,
      returnCounts: attrs.return_counts as boolean,
    });
    return found;
  },
};

/** Indexing. */
const indexing: Vocabulary = {
  advanced_inc_subtensor: changed(damo.incSubtensor),
  advanced_inc_subtensor1: ([x, y, i]) =>
    damo.incSubtensor(damo.at(x!, i!), y!),
  advanced_set_subtensor: changed(damo.setSubtensor),
  advanced_set_subtensor1: ([x, y, i]) =>
    damo.setSubtensor(damo.at(x!, i!), y!),
  advanced_subtensor: chosen,
  advanced_subtensor1: plain((x, i) => damo.at(x, i)),
  choose: ([i, choices], { mode }) =>
    damo.choose(i!, choices!, mode as damo.IndexMode),
  getitem: chosen,
  inc_subtensor: changed(damo.incSubtensor),
  nonzero: plain(damo.nonzeroMatrix),
  permute_row_elements: ([x, p, inverse]) =>
    damo.permuteRowElements(x!, p!, {
      inverse: fixed(inverse!, "permuteRowElements") !== 0,
    }),
  ravel_multi_index: (inputs, { mode, order }) =>
    damo.ravelMultiIndex(
      inputs.slice(0, -1),
      counted(inputs.at(-1)!, inputs.length - 1),
      mode as damo.IndexMode,
      order as damo.AxisOrder,
    ),
  set_subtensor: changed(damo.setSubtensor),
  subtensor: chosen,
  unravel_index: ([index, shape], { ndim, order }) =>
    damo.unravelIndex(
      index!,
      counted(shape!, ndim as number),
      order as damo.AxisOrder,
    ),
};

/** Values that pass through. */
const identities: Vocabulary = {
  clone: (inputs, { outputs, replace, strict }) =>
    damo.cloneReplace(
      (outputs as number[]).map((i) => inputs[i]!),
      {
        replace: (replace as [number, number][]).map(([from, to]) =>
          [inputs[from]!, inputs[to]!] as const
        ),
        strict: strict as boolean,
      },
    ),
  assert: ([x, ...conditions], { msg }) =>
    conditions.reduce((v, c) => damo.assert(v, c, msg as string), x!),
  consider_constant: plain(damo.considerConstant),
  disconnected_grad: plain(damo.disconnectedGrad),
  grad_clip: ([x], { clip_lower_bound, clip_upper_bound }) =>
    damo.gradClip(x!, clip_lower_bound as number, clip_upper_bound as number),
  grad_scale: ([x], { multiplier }) => damo.gradScale(x!, multiplier as number),
  print: ([x], { message }) => damo.print(x!, { message: message as string }),
  zero_grad: plain(damo.zeroGrad),
};

/** All of them. */
export const VOCABULARY: Vocabulary = {
  ...elementwise,
  ...reductions,
  ...products,
  ...linearAlgebra,
  ...transforms,
  ...shapes,
  ...layouts,
  ...sorting,
  ...indexing,
  ...identities,
  ...WINDOWS,
};

function chosen(inputs: readonly Variable[], { idx_list }: Attrs): Variable {
  return damo.at(inputs[0]!, ...indexOf(idx_list as IndexEntry[], inputs));
}

/** Makes an operation that changes the indexed elements of its first input to, or by, the second. */
function changed(f: (v: Variable, y: Variable) => Variable): Build {
  return (inputs, attrs) => f(chosen(inputs, attrs), inputs[1]!);
}

/** The recorded product is one of vectors and matrices; of other ranks the record says how it comes about. */
function product(x: Variable, y: Variable): Variable {
  if ([x, y].every((v) => v.ndim === 1 || v.ndim === 2)) return damo.dot(x, y);
  throw new TypeError(`Cannot apply dot: ${x} and ${y} are no matrices`);
}

/** A vector that must have this many elements. */
function counted(vector: Variable, count: number): Variable {
  return vector.type.shape[0] === count
    ? vector
    : damo.specifyShape(vector, [count]);
}

/** The elements of such a vector: numbers where they are known. */
function elements(
  vector: Variable,
  count: number,
): readonly (number | Variable)[] {
  const whole = counted(vector, count);
  return whole instanceof damo.Constant
    ? [...whole.data.flat()].map(Number)
    : Array.from({ length: count }, (_, i) => damo.at(whole, i));
}

/** An operand that the API takes as a number. */
function fixed(v: Variable, name: string): number {
  if (v instanceof damo.Constant) return v.data.item();
  throw new Skip(`the axis of ${name} is a number in damo`);
}

function diagonalOf(
  { offset = 0, axis1 = 0, axis2 = 1 }: Attrs,
): [offset: number, axis1: number, axis2: number] {
  return [offset as number, axis1 as number, axis2 as number];
}

function rebroadcast(
  x: Variable,
  changes: readonly (readonly [axis: number, one: boolean])[],
): Variable {
  const ones = changes.filter(([, one]) => one).map(([axis]) => axis),
    open = changes.filter(([, one]) => !one).map(([axis]) => axis);
  const known = ones.length === 0 ? x : damo.specifyShape(
    x,
    Array.from({ length: x.ndim }, (_, axis) => ones.includes(axis) ? 1 : null),
  );
  return damo.unbroadcast(known, ...open);
}
