/** What is asked of a draw: how many numbers, and of which distribution. */
import type { Dtype } from "../../graph/dtype.ts";
import type { Variable } from "../../graph/variable.ts";
import type { Operand } from "../define.ts";
import type { ShapeLike } from "../shape/reshape.ts";

/** The shape of what is drawn; one length is that of a vector. */
export type DrawSize = number | ShapeLike;

/** What every draw takes. */
export interface DrawOptions {
  /** How many generators take part; a sixth of the numbers, at most 15,360, unless given. */
  readonly nStreams?: number;
  /** Of the result. */
  readonly dtype?: Dtype;
}

/** What `uniform` takes besides the shape. */
export interface UniformOptions extends DrawOptions {
  /** Where the interval begins: 0 unless given. */
  readonly low?: Operand;
  /** Where it ends: 1 unless given. */
  readonly high?: Operand;
}

/** What `normal` takes besides the shape. */
export interface NormalOptions extends DrawOptions {
  /** The mean: 0 unless given. */
  readonly avg?: Operand;
  /** The standard deviation: 1 unless given. */
  readonly std?: Operand;
}

/** What `binomial` takes besides the shape. */
export interface BinomialOptions extends DrawOptions {
  /** How often it is tried: once unless given. */
  readonly n?: number | Variable;
  /** How likely success is: 1/2 unless given. */
  readonly p?: Operand;
}

/** What `multinomial` takes besides the probabilities. */
export interface MultinomialOptions extends DrawOptions {
  /** How many are drawn for each row: one unless given. */
  readonly n?: number | Variable;
}

/** What `choice` takes besides the size. */
export interface ChoiceOptions extends DrawOptions {
  /** How many there are to choose from, all equally likely, */
  readonly a?: number | Variable;
  /** or how likely each of them is: a vector, or a matrix with a row for each row of the result. */
  readonly p?: Operand;
  /** Whether one may be chosen twice: true unless given. */
  readonly replace?: boolean;
}
