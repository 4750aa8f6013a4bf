/** RandomStreams: random numbers in graphs, by generators whose states are shared variables. */
import { withDefaults } from "../../graph/options.ts";
import { type Dtype, promote } from "../../graph/dtype.ts";
import { config } from "../../graph/config.ts";
import { describeType } from "../../graph/type.ts";
import { type SharedVariable, Variable } from "../../graph/variable.ts";
import { slice } from "../../graph/indexing.ts";
import { at } from "../indexing/at.ts";
import { arange } from "../arange.ts";
import { asTensor, shared } from "../constructors.ts";
import { cumsum } from "../order/cumulative.ts";
import { asVariable, asVariables, type Operand } from "../define.ts";
import { expandDims, transpose } from "../shape/dimshuffle.ts";
import { add, cast, div, minimum, mul, sub } from "../elementwise/elemwise.ts";
import { eq, le, lt } from "../elementwise/elemwise_logic.ts";
import type {
  BinomialOptions,
  ChoiceOptions,
  DrawOptions,
  DrawSize,
  MultinomialOptions,
  NormalOptions,
  UniformOptions,
} from "./draws.ts";
import { Streams } from "./substreams.ts";
import { normals, WITHIN_TWO } from "./normal.ts";
import { drawFrom, randomDtype } from "./random_bits.ts";
import { sum } from "../reductions/reduce.ts";
import { asLengths, reshape } from "../shape/reshape.ts";
import { lengthsOf } from "../shape/shape.ts";
import { argsort } from "../order/sort.ts";
import { take } from "../indexing/take.ts";
import { picks } from "./without_replacement.ts";
import { productOf } from "../shape/length_graph.ts";

/** The number of generators where the number of elements is not known. */
const MOST = 60 * 256;

/**
 * A source of random numbers in graphs: the streams of Theano's
 * MRG_RandomStreams, bit for bit. A seed is one integer, or six.
 *
 * Each draw has a state of its own, a shared variable whose default update is
 * the state afterwards: so a function draws anew at each call, and a `scan`
 * hands the states back among its updates. Two draws of one source never
 * overlap. No gradient flows through what is drawn; through `low`, `high`,
 * `avg` and `std` it does.
 *
 * ```ts
 * import { function as compile, RandomStreams } from "damo";
 * const rng = new RandomStreams(42);
 * const f = compile([], rng.uniform([2, 3]));
 * console.log(f().shape, f().shape); // [ 2, 3 ] [ 2, 3 ]
 * ```
 *
 * RangeError: a seed is out of range. TypeError: it is not one integer or six.
 */
export class RandomStreams {
  #seed: number | readonly number[];
  #streams: Streams;
  readonly #draws: {
    readonly state: SharedVariable;
    readonly next: Variable;
  }[] = [];

  /** A source that starts from `seed`. */
  constructor(seed: number | readonly number[] = 12345) {
    this.#seed = seed;
    this.#streams = new Streams(seed);
  }

  /** Starts again, from another seed if one is given: every draw made so far gets the state that it would have now. */
  seed(seed: number | readonly number[] = this.#seed): void {
    this.#streams = new Streams(seed);
    this.#seed = seed;
    for (const { state } of this.#draws) {
      state.setValue(
        this.#streams.take(state.getValue({ borrow: true }).shape[0]!),
      );
    }
  }

  /** The states of all draws and what becomes of them, for a function that leaves default updates out. */
  updates(): (readonly [SharedVariable, Variable])[] {
    return this.#draws.map(({ state, next }) => [state, next] as const);
  }

  /**
   * Numbers from low to high, both excluded in exact arithmetic, each equally
   * likely; in the dtype that low, high and floatX promote to. RangeError: a
   * length or nStreams is out of range.
   */
  uniform<const L extends DrawSize>(
    size: L,
    options: UniformOptions = {},
  ): Variable {
    const { low, high, dtype, nStreams } = withDefaults("draw", options, {
      low: 0,
      high: 1,
      dtype: undefined,
      nStreams: undefined,
    });
    const made = randomDtype(dtype ?? widest(low, high)),
      shape = shapeOf(size),
      u = this.#draw(shape, made, nStreams ?? streamsFor(size, shape));
    const [from, to] = [low, high].map((x) =>
      asTensor(asVariable(x, made), { dtype: made })
    );
    const scaled = low === 0 && high === 1
      ? u
      : add(mul(u, sub(to!, from!)), from!);
    if (scaled.ndim === u.ndim) return scaled;
    throw new TypeError(
      `Cannot draw ${u.ndim} axes between ${describeType(from!.type)} and ${
        describeType(to!.type)
      }: give the whole size`,
    );
  }

  /** Normally distributed numbers, by the transform of Box and Muller; in the dtype that avg, std and floatX promote to. */
  normal<const L extends DrawSize>(
    size: L,
    options: NormalOptions = {},
  ): Variable {
    return this.#normal(size, options, false);
  }

  /** The same without what lies further than two standard deviations from the mean, scaled so that `std` is the standard deviation of what is left. */
  truncatedNormal<const L extends DrawSize>(
    size: L,
    options: NormalOptions = {},
  ): Variable {
    return this.#normal(size, options, true);
  }

  /** How often each of `n` trials succeeds; int64 unless another dtype is given. */
  binomial<const L extends DrawSize>(
    size: L,
    options: BinomialOptions = {},
  ): Variable {
    const { n, p, dtype, nStreams } = withDefaults("draw", options, {
      n: 1,
      p: 0.5,
      dtype: "int64",
      nStreams: undefined,
    });
    if (n === 1) return cast(lt(this.uniform(size, { nStreams }), p), dtype);
    const u = this.uniform([n, ...shapeOf(size)], { nStreams });
    return cast(sum(lt(u, p), { axis: 0 }), dtype);
  }

  /**
   * How often each column of a matrix of probabilities is drawn in `n` draws
   * for each row; int64 unless another dtype is given. Probabilities that add
   * up to less than 1 leave draws that count nowhere. TypeError: p is no matrix.
   */
  multinomial(
    p: Operand,
    options: MultinomialOptions = {},
  ): Variable<2> {
    const { n, dtype, nStreams } = withDefaults("draw", options, {
      n: 1,
      dtype: "int64",
      nStreams: MOST,
    });
    const chosen = this.#positions("multinomial", asVariable(p), n, nStreams);
    const columns = arange(lengthsOf(p)[1]!);
    return cast(
      sum(eq(expandDims(chosen, 2), columns), { axis: 0 }),
      dtype,
    ) as Variable<2>;
  }

  /**
   * Positions, int64 unless another dtype is given: of `a` equally likely
   * ones in the shape `size`; or, by the probabilities of a vector, as many as
   * `size`, or that many for each row of a matrix.
   *
   * TypeError: neither or both of a and p are given, or p has other ranks.
   * RangeError: more are chosen without replacement than there are.
   */
  choice<const L extends DrawSize>(
    size: L,
    options: ChoiceOptions,
  ): Variable {
    const { a, p, replace, dtype, nStreams } = withDefaults("choose", options, {
      a: undefined,
      p: undefined,
      replace: true,
      dtype: "int64",
      nStreams: MOST,
    });
    if ((a === undefined) === (p === undefined)) {
      throw new TypeError(
        `Cannot choose: expected either a, or p, got ${
          a === undefined ? "neither" : "both"
        }`,
      );
    }
    const shape = shapeOf(size);
    if (p === undefined) {
      return cast(this.#equally(shape, a!, replace, nStreams), dtype);
    }
    const probabilities = asVariable(p);
    if (probabilities.ndim > 2 || shape.length !== 1) {
      throw new TypeError(
        `Cannot choose ${shape.length} axes by ${
          describeType(probabilities.type)
        }: expected one length, and a vector or a matrix`,
      );
    }
    const rows = probabilities.ndim === 1
        ? expandDims(probabilities, 0)
        : probabilities,
      [n] = shape as [number | Variable];
    const chosen = replace
      ? transpose(
        minimum(
          this.#positions("choice", rows, n, nStreams),
          sub(asVariable(lengthsOf(rows)[1]!, "int64"), 1),
        ),
      )
      : this.#left(rows, n, nStreams);
    return cast(probabilities.ndim === 1 ? at(chosen, 0) : chosen, dtype);
  }

  /** The integers 0 … x - 1 in random order, int64; or, where x has axes, what it holds along the first one. */
  permutation(
    x: Operand,
    options: Pick<DrawOptions, "nStreams"> = {},
  ): Variable {
    const { nStreams } = withDefaults("permute", options, { nStreams: MOST });
    const v = asVariable(x, "int64"), whole = v.ndim === 0;
    const n = typeof x === "number" ? x : whole ? v : lengthsOf(v)[0]!;
    const order = argsort(this.uniform([n], { dtype: "float64", nStreams }));
    return whole ? order : take(v, order, 0);
  }

  /** A draw with a state of its own. */
  #draw(
    shape: readonly (number | Variable)[],
    dtype: Parameters<typeof drawFrom>[2],
    nStreams: number,
  ): Variable {
    if (!Number.isInteger(nStreams) || nStreams < 1) {
      throw new RangeError(`Cannot draw from ${nStreams} streams`);
    }
    const state = shared(this.#streams.take(nStreams), {
      name: "random",
      shape: [nStreams, 6],
      borrow: true,
    });
    const [next, numbers] = drawFrom(state, shape, dtype);
    state.defaultUpdate = next;
    this.#draws.push({ state, next });
    return numbers;
  }

  #normal(
    size: DrawSize,
    options: NormalOptions,
    truncated: boolean,
  ): Variable {
    const { avg, std, dtype, nStreams } = withDefaults("draw", options, {
      avg: 0,
      std: 1,
      dtype: undefined,
      nStreams: MOST,
    });
    const made = randomDtype(dtype ?? widest(avg, std)), shape = shapeOf(size);
    const flat = normals(
      productOf(shape),
      (n, low) => this.uniform([n], { low, dtype: made, nStreams }),
      truncated,
    );
    const [mean, deviation] = [avg, truncated ? div(std, WITHIN_TWO) : std].map(
      (x) => asTensor(asVariable(x, made), { dtype: made }),
    );
    return add(mul(reshape(flat, shape), deviation!), mean!);
  }

  /** For each of n draws and each row of p the first position up to which its probabilities exceed a random number; one too far where none does. */
  #positions(
    name: string,
    p: Variable,
    n: number | Variable,
    nStreams: number,
  ): Variable {
    if (p.ndim !== 2) {
      throw new TypeError(
        `Cannot apply ${name}: expected a matrix of probabilities, got ${
          describeType(p.type)
        }`,
      );
    }
    const u = this.uniform([n, lengthsOf(p)[0]!], { nStreams });
    return sum(le(cumsum(cast(p, "float64"), 1), expandDims(u, 2)), {
      axis: 2,
    });
  }

  /** n positions for each row of p, none of them twice. */
  #left(p: Variable, n: number | Variable, nStreams: number): Variable {
    const columns = p.type.shape[1];
    if (typeof n === "number" && typeof columns === "number" && n > columns) {
      throw new RangeError(
        `Cannot choose ${n} of ${columns} without replacement`,
      );
    }
    const u = this.uniform([n, lengthsOf(p)[0]!], { nStreams });
    return picks(cast(p, promote(p.dtype, "float32")), transpose(u));
  }

  #equally(
    shape: readonly (number | Variable)[],
    a: number | Variable,
    replace: boolean,
    nStreams: number,
  ): Variable {
    if (replace) {
      const u = this.uniform(shape, { dtype: "float64", nStreams });
      return cast(mul(u, asVariable(a, "int64")), "int64");
    }
    const n = productOf(shape);
    if (typeof n === "number" && typeof a === "number" && n > a) {
      throw new RangeError(`Cannot choose ${n} of ${a} without replacement`);
    }
    return reshape(
      at(this.permutation(a, { nStreams }), slice(undefined, n)),
      shape,
    );
  }
}

/** The lengths of what is drawn. RangeError: one of them is negative. */
function shapeOf(size: DrawSize): (number | Variable)[] {
  return typeof size === "number" ||
      (size instanceof Variable && size.ndim === 0)
    ? [size]
    : asLengths("draw", size);
}

/** A sixth of what is drawn, if numbers say how much that is: Theano's choice, on which the bits depend. */
function streamsFor(
  size: DrawSize,
  shape: readonly (number | Variable)[],
): number {
  const n = size instanceof Variable ? null : productOf(shape);
  if (typeof n !== "number") return MOST;
  return Math.max(1, Math.min(MOST, n > 6 ? Math.floor(n / 6) : n));
}

/** The dtype of numbers beside these operands. */
function widest(...operands: readonly Operand[]): Dtype {
  return asVariables(operands).map((v) => v.dtype).reduce(
    promote,
    config.floatX,
  );
}
