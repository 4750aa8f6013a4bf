/** Loops of the usual forms: map, reduce, foldl and foldr. */
import { withDefaults } from "../graph/options.ts";
import type { Operand } from "../ops/define.ts";
import {
  SCAN,
  scan,
  scanLast,
  type ScanOptions,
  type ScanUpdates,
} from "./scan.ts";
import type {
  OutputInfo,
  Scanned,
  Sequence,
  Step,
  StepResult,
} from "./step.ts";

/** What `map` takes besides. */
export type MapOptions = Pick<
  ScanOptions,
  "truncateGradient" | "goBackwards" | "name"
>;

/** What `reduce` takes besides. */
export type ReduceStepOptions = Pick<ScanOptions, "goBackwards" | "name">;

/** What `foldl` and `foldr` take besides. */
export type FoldOptions = Pick<ScanOptions, "name">;

/**
 * The values of `step` for each row of the sequences. Its arguments are one
 * row of each, then the non-sequences. Returns what `scan` does.
 *
 * ```ts
 * import { map, matrix } from "damo";
 * const x = matrix("x");
 * const [lengths] = map((row) => row.sqr().sum().sqrt(), x);
 * console.log(lengths.ndim); // 1
 * ```
 */
export function map<const R extends StepResult>(
  step: Step<R>,
  sequences: Sequence | readonly Sequence[],
  nonSequences?: Operand | readonly Operand[],
  options: MapOptions = {},
): [outputs: Scanned<R>, updates: ScanUpdates] {
  const { truncateGradient, goBackwards, name } = SCAN;
  const given = withDefaults("build map", options, {
    truncateGradient,
    goBackwards,
    name,
  });
  return scan(step, { ...given, sequences, nonSequences });
}

/**
 * The last values of `step`, which gets a row of each sequence, what it
 * returned before (at first `outputsInfo`), then the non-sequences. Of
 * sequences without rows the result is `outputsInfo`. Returns what `scan`
 * does, without the leading axes.
 *
 * ```ts
 * import { reduce, vector } from "damo";
 * const x = vector("x");
 * const [longest] = reduce((row, m) => m.maximum(row), x, [0]);
 * console.log(longest.ndim); // 0
 * ```
 */
export function reduce<const R extends StepResult>(
  step: Step<R>,
  sequences: Sequence | readonly Sequence[],
  outputsInfo: OutputInfo | readonly OutputInfo[],
  nonSequences?: Operand | readonly Operand[],
  options: ReduceStepOptions = {},
): [outputs: Scanned<R>, updates: ScanUpdates] {
  const { goBackwards, name } = SCAN;
  const given = withDefaults("build reduce", options, { goBackwards, name });
  return scanLast(step, { ...given, sequences, outputsInfo, nonSequences });
}

/** `reduce` from the first row to the last. */
export function foldl<const R extends StepResult>(
  step: Step<R>,
  sequences: Sequence | readonly Sequence[],
  outputsInfo: OutputInfo | readonly OutputInfo[],
  nonSequences?: Operand | readonly Operand[],
  options: FoldOptions = {},
): [outputs: Scanned<R>, updates: ScanUpdates] {
  const { name } = withDefaults("build foldl", options, { name: SCAN.name });
  return reduce(step, sequences, outputsInfo, nonSequences, { name });
}

/** `reduce` from the last row to the first. */
export function foldr<const R extends StepResult>(
  step: Step<R>,
  sequences: Sequence | readonly Sequence[],
  outputsInfo: OutputInfo | readonly OutputInfo[],
  nonSequences?: Operand | readonly Operand[],
  options: FoldOptions = {},
): [outputs: Scanned<R>, updates: ScanUpdates] {
  return reduce(step, sequences, outputsInfo, nonSequences, {
    ...withDefaults("build foldr", options, { name: SCAN.name }),
    goBackwards: true,
  });
}
