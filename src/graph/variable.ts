/** The graph: Variables, the Apply nodes that compute them, and the ops those apply. */
import { withDefaults } from "./options.ts";
import type { Dtype } from "./dtype.ts";
import {
  type Inferred,
  type Length,
  type Lengths,
  lengthValue,
  type Shaped,
  STATIC,
} from "./length.ts";
import type { Loops } from "./loops.ts";
import type { Methods, Scalar, Values } from "./methods.ts";
import type { NDArray } from "./ndarray.ts";
import { type Origin, originNow } from "./origin.ts";
import { conform, type Storage } from "./storage.ts";
import { dense, describeType, type Dim, type Type } from "./type.ts";

/** What a scheduler, a rewriter or a memory planner may assume of an op. All optional: absent is the cautious or plain case. */
export interface Facts<P> {
  /** Output k looks into the memory of input `views[k]`: `view` says where. */
  readonly views?: readonly number[];
  /** May refuse values at run time (an index, an assertion, an allocation). */
  readonly mayFail?: boolean | ((params: P) => boolean);
  /** Inputs (by position) that are computed only if wanted; all others are strict. */
  readonly lazyInputs?: (params: P) => readonly number[];
  /** Runs in creation order among its kind, and is never merged (print, assert). */
  readonly ordered?: boolean;
  /** connects[input][output] is false where no gradient can flow; all true if absent. */
  readonly connects?: (params: P) => readonly (readonly boolean[])[];
  /** True if swapping the two inputs changes nothing. */
  readonly commutative?: boolean;
  /**
   * For results that are right up to a choice (the signs of eigenvectors):
   * arrays made of operands and results that are equal for all right results.
   * Whoever holds a kernel against `eval` compares these.
   */
  readonly invariants?: (
    inputs: readonly NDArray[],
    outputs: readonly NDArray[],
    params: P,
  ) => readonly NDArray[];
  /** Changes when the op's meaning does; an op of a user without one is not cached. */
  readonly version?: number;
}

/** Everything the compiler knows of one operation. Made by `defineOp` in src/ops/define.ts. */
export interface Op<P = unknown> extends Facts<P> {
  /** For messages, kernels and rules. */
  readonly name: string;
  /** The number of inputs; -1 for any. */
  readonly arity: number;
  /** The number of outputs; -1 if the parameters say. */
  readonly outputs: number;
  /** Types and lengths of the outputs; throws TypeError or RangeError on a bad call. */
  infer(
    inputs: readonly Shaped[],
    params: P,
    lengths: Lengths,
  ): readonly Inferred[];
  /** The reference values every kernel is tested against. Never writes its inputs. */
  eval(inputs: readonly NDArray[], params: P): readonly NDArray[];
  /** Cotangents of the inputs; null where none flows. `gs` holds null for outputs without one. */
  vjp?(
    node: Apply<P>,
    gs: readonly (Variable | null)[],
  ): readonly (Variable | null)[];
  /** Tangents of the outputs; null where none flows. */
  jvp?(
    node: Apply<P>,
    ts: readonly (Variable | null)[],
  ): readonly (Variable | null)[];
  /** The loops that compute the outputs: what the emitter prints. */
  loops?(site: LoopSite<P>): Loops;
  /** Where the output of a view op looks: see ViewMap. */
  view?(site: LoopSite<P>): ViewMap;
  /** The C of an irregular op (sort, LAPACK, random bits): see CText. */
  c?(site: LoopSite<P>): CText;
  /** The scalar expression, for elementwise ops only: what fusion composes. */
  readonly scalar?: ScalarOp;
}

/** What an op's loops depend on: the types and parameters, never the lengths of one call (but for those the types know). */
export interface LoopSite<P = unknown> {
  /** Of each operand. */
  readonly inputs: readonly Type[];
  /** Of each result. */
  readonly outputs: readonly Type[];
  /** Of the op. */
  readonly params: P;
}

/**
 * An irregular op in C: the inside of one kernel, over the names of
 * csrc/kernel.h and csrc/vector_math.h; any function of the C library may be
 * declared and called. For two inputs and one output these names are there:
 *
 * - `x0`, `x1`, `y` (`x` for a single input; `y0`, `y1` for several outputs):
 *   pointers to first elements, in the C type of the dtype;
 * - `x0_n0`: the length of axis 0 of x0, and `x0_s0`: its stride in elements,
 *   both int64_t. Outputs lie row-major in buffers of their own;
 * - `ctx`: `ctx->reserve_scratch(ctx, bytes)` makes `ctx->scratch` that large
 *   (its code, if not 0, is to be returned); `ctx->blas` has products.
 *
 * To refuse values, fill `ctx->error` and return its code, before or after
 * writing outputs; the op then has the fact `mayFail`. Text may depend on
 * types and parameters, never on the lengths of one call.
 *
 *     c: ({ inputs: [x] }) => ({
 *       rowMajor: [0],
 *       body: `for (int64_t i = 0; i < ${sizeText("x", x!)}; i++) y[i] = x[i];`,
 *     }),
 */
export interface CText {
  /** Statements that compute all outputs; they run once, on one thread. */
  readonly body: string;
  /** Static functions that the statements call; names at file scope begin with `KERNEL`. */
  readonly functions?: string;
  /** Headers of csrc besides kernel.h and vector_math.h: lapack.h for what calls LAPACK, fft.h. */
  readonly headers?: readonly string[];
  /** Inputs that are copied beforehand unless they lie in row-major order without gaps. */
  readonly rowMajor?: readonly number[];
  /** Inputs of the shape and dtype of output 0 whose memory it may take: the input's pointer is then the output's. */
  readonly inplace?: readonly number[];
}

/** A scalar function: its C expression over operands of `dtypes`, giving `result`. */
export interface ScalarOp {
  /** The expression, over operands that are C text. */
  c(args: readonly string[], dtypes: readonly Dtype[], result: Dtype): string;
}

/**
 * A view: element (o0, o1, …) of the output is element
 * (start[a] + step[a] * o[from[a]]) of input axis a; an input axis with
 * from[a] = null is fixed at its start. An output axis that no input axis
 * follows repeats (stride 0). A start is a number, counted from the end if
 * negative, or the position of an integer scalar among the op's inputs.
 * `reshape` views need a row-major operand and only relabel its elements.
 */
export type ViewMap =
  | { readonly kind: "reshape" }
  | {
    readonly kind: "affine";
    readonly start: readonly (number | { readonly input: number })[];
    readonly step: readonly number[];
    readonly from: readonly (number | null)[];
    /** Starts are checked against the input's length (an integer index), not clipped (a slice). */
    readonly checked: readonly boolean[];
  };

/** An op whose parameters do not matter. */
// deno-lint-ignore no-explicit-any
export type AnyOp = Op<any>;

let created = 0;

/** A symbolic value of rank R: an input, a constant, shared storage, or what an Apply computes. */
export interface Variable<R extends number = number> extends Methods<R> {
  /**
   * Its value: by a function that is compiled at the first call, and kept.
   * Inputs are given by their names, or, in a Map, any variables by
   * themselves. `x.add(1).eval({ x: 2 })` is 3. TypeError: an input has no
   * value, or a name no input.
   */
  eval<S extends number>(this: Variable<S>, values?: Given): Evaluated<S>;
}

/** What `eval` takes for variables. */
export type Given =
  | ReadonlyMap<Variable, Values | Scalar>
  | { readonly [name: string]: Values | Scalar };

/** A value of rank S: a number where it has no axes. */
export type Evaluated<S extends number> = number extends S ? NDArray | number
  : S extends 0 ? number
  : NDArray;

/** A symbolic value of rank R: an input, a constant, shared storage, or what an Apply computes. */
export class Variable<R extends number = number> {
  /** Creation order: ties between nodes are broken by it. */
  readonly id: number = created++;

  /** Made by `matrix("x")` and its like, or by ops; users need no `new`. */
  constructor(
    /** What is known before there is a value. */
    readonly type: Type,
    /** The application that computes it; null for what is given. */
    readonly owner: Apply | null = null,
    /** Which of its owner's outputs this is. */
    readonly index: number = 0,
    /** For messages. */
    readonly name?: string,
    /** The value of a 0-d integer where it is known or serves as a length. */
    readonly value: Length = null,
  ) {}

  /** The dtype of its elements. */
  get dtype(): Dtype {
    return this.type.dtype;
  }

  /** The number of axes. */
  get ndim(): R {
    return this.type.shape.length as R;
  }

  /** Refuses arithmetic operators, which would give NaN. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new TypeError(
      "Cannot use an operator on a Variable: write a.add(b), a.sub(b), a.mul(b), a.div(b) or a.lt(b)",
    );
  }

  /** Its name and type. */
  toString(): string {
    return `${this.name ?? this.owner?.op.name ?? "variable"} ${
      describeType(this.type)
    }`;
  }
}

/** A value that is part of the graph. */
export class Constant<R extends number = number> extends Variable<R> {
  /** A Variable whose value is `data`. */
  constructor(/** The value. */ readonly data: NDArray, name?: string) {
    super(
      { kind: "dense", dtype: data.dtype, shape: data.shape },
      null,
      0,
      name,
      lengthValue(data),
    );
  }
}

/** A value that lives between calls, in storage that every function using it sees. */
export class SharedVariable<R extends number = number> extends Variable<R> {
  /** What the variable becomes after each call of a function that uses it, unless the function says otherwise. */
  defaultUpdate: Variable | null = null;

  /** Made by `shared`. */
  constructor(
    type: Type,
    /** Where the value is. */ public storage: Storage,
    name?: string,
  ) {
    super(type, null, 0, name);
  }

  /** The value: a copy, or with `borrow` a view without copy where the layout is row-major. */
  getValue(options: { readonly borrow?: boolean } = {}): NDArray {
    const { borrow } = withDefaults("get a value", options, { borrow: false });
    return this.storage.read(borrow);
  }

  /**
   * Puts a value of the same dtype and rank in storage. Lengths may change
   * where the type knows none. TypeError: another dtype or rank, or a graph.
   * RangeError: the type knows another length. The old value then stays.
   */
  setValue(value: Parameters<Storage["write"]>[0]): void {
    if (value as unknown instanceof Variable) {
      throw new TypeError(
        `Cannot set ${this}: got a graph, ${value}; pass its value, x.eval()`,
      );
    }
    const made = conform(value, this.dtype, this.ndim);
    this.type.shape.forEach((d, axis) => {
      const n = made.shape[axis];
      if (typeof d !== "number" || d === n) return;
      throw new RangeError(
        `Cannot set ${this}: axis ${axis} has length ${n}, not ${d}; its length is left open by shared(value, { shape })`,
      );
    });
    this.storage.write(made);
  }
}

/** One application of an op. */
// deno-lint-ignore no-explicit-any
export class Apply<P = any> {
  /** Creation order. */
  readonly id: number = created++;
  /** What it computes. */
  readonly outputs: readonly Variable[];
  /** The user's line that it derives from. */
  readonly origin: Origin;

  /** Applies `op`; throws what its type rule does. */
  constructor(
    /** What is applied. */
    readonly op: Op<P>,
    /** To what. */
    readonly inputs: readonly Variable[],
    /** With which parameters. */
    readonly params: P,
  ) {
    this.origin = originNow(Apply);
    const inferred = op.infer(inputs.map(shaped), params, STATIC);
    this.outputs = inferred.map((t, i) =>
      new Variable(typeOf(t), this, i, undefined, t.value ?? null)
    );
  }
}

/** What the loops or the C of an application may depend on. */
export function siteOf<P>({ inputs, outputs, params }: Apply<P>): LoopSite<P> {
  return {
    inputs: inputs.map((v) => v.type),
    outputs: outputs.map((v) => v.type),
    params,
  };
}

/** What a type rule sees of a variable, statically. */
export function shaped(v: Variable): Shaped {
  return {
    type: v.type,
    dtype: v.type.dtype,
    shape: v.type.shape,
    value: v.value,
  };
}

/** The type that a rule inferred. */
export function typeOf(
  { kind = "dense", format, dtype, shape }: Inferred,
): Type {
  return kind === "dense"
    ? dense(dtype, shape as readonly Dim[])
    : { kind, format: format!, dtype, shape: shape as readonly [Dim, Dim] };
}

/** Whether this application may fail at run time. */
export function mayFail(node: Apply): boolean {
  const { mayFail } = node.op;
  return typeof mayFail === "function"
    ? mayFail(node.params)
    : mayFail ?? false;
}
