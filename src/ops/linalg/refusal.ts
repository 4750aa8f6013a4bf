/** Why a matrix cannot be worked on, in words: the same for kernels, which refuse by number, and for values. */

/** The reasons, in the order of csrc/lapack.h. */
const REASONS = [
  "indefinite",
  "singular",
  "diverged",
  "complex",
  "notFinite",
] as const;

/** Why a matrix was refused. */
export type Reason = typeof REASONS[number];

/** What was wrong, and with which matrix of a stack. */
export interface Refusal {
  readonly reason: Reason;
  /** A row, column or eigenvalue, counted from 0, by the reason. */
  readonly index: number;
  readonly which: number;
}

const WORDS: { readonly [reason in Reason]: (index: number) => string } = {
  indefinite: (i) =>
    `it is not positive definite: its leading block of ${
      i + 1
    } rows is not; add a multiple of the identity, or ask for onError "nan"`,
  singular: (i) =>
    `it is singular: nothing is left of column ${i}; use pinv or lstsq`,
  diverged: (i) => `the iteration did not converge (${i})`,
  complex: (i) =>
    `its eigenvalue ${i} is complex, and there are no complex numbers; of a symmetric matrix use eigh`,
  notFinite: () => "an element is NaN or infinite",
};

/** The error for what an op refused. */
export function refusalError(
  name: string,
  { reason, index, which }: Refusal,
): RangeError {
  return new RangeError(
    `Cannot apply ${name} to matrix ${which}: ${WORDS[reason](index)}`,
  );
}

/** What a kernel says by number: the axis, index and length of its error. */
export function refusalOf(
  { axis, index, length }: {
    readonly axis: number;
    readonly index: number;
    readonly length: number;
  },
): Refusal {
  return { reason: REASONS[axis]!, index, which: length };
}
