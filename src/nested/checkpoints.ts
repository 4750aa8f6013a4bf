/** Loops that keep few states: the steps between them are run again for a gradient. */
import { withDefaults } from "../graph/options.ts";
import { slice } from "../graph/indexing.ts";
import type { Variable } from "../graph/variable.ts";
import { at } from "../ops/indexing/at.ts";
import { arange } from "../ops/arange.ts";
import { zeros } from "../ops/constructors.ts";
import { asVariable, type Operand } from "../ops/define.ts";
import { minimum, mul, sub } from "../ops/elementwise/elemwise.ts";
import { join } from "../ops/shape/join.ts";
import { SYMBOLIC, type SymbolicLength } from "../ops/shape/length_graph.ts";
import { reshape } from "../ops/shape/reshape.ts";
import { lengthsOf } from "../ops/shape/shape.ts";
import { specifyShape } from "../ops/shape/specify_shape.ts";
import { asLength, rowsOf } from "./loop.ts";
import {
  asSteps,
  scan,
  scanLast,
  type ScanOptions,
  type ScanUpdates,
} from "./scan.ts";
import {
  listOf,
  readStep,
  type Scanned,
  type Step,
  type StepResult,
} from "./step.ts";

/** What `scanCheckpoints` takes besides the step. */
export interface CheckpointOptions
  extends Pick<ScanOptions, "nSteps" | "name" | "strict"> {
  /** What the steps go through, along the first axis; each step reads one row. */
  readonly sequences?: Operand | readonly Operand[];
  /** What each output starts from: all outputs are fed back. */
  readonly outputsInfo: Operand | readonly Operand[];
  /** Handed to every step as they are. */
  readonly nonSequences?: Operand | readonly Operand[];
  /** The states of every so many steps are kept, and that of the last one; 10 if not given. */
  readonly saveEvery?: number;
  /** False promises that `saveEvery` divides the number of steps: sequences are used as they lie, without a copy. */
  readonly padding?: boolean;
}

/**
 * `scan` in less memory: of each output the value after every `saveEvery`
 * steps, and after the last one. A gradient runs the steps between two of
 * them again, so that it holds n / saveEvery + saveEvery states instead of n
 * for one more run of the loop. The step's arguments are a row of each
 * sequence, what it returned before, then the non-sequences. Returns what
 * `scan` does.
 *
 * ```ts
 * import { function as compile, scalar, scanCheckpoints } from "damo";
 * const x = scalar("x");
 * const [powers] = scanCheckpoints((p) => p.mul(x), {
 *   outputsInfo: x.mul(0).add(1),
 *   nSteps: 5,
 *   saveEvery: 2,
 * });
 * console.log(compile([x], powers)(2).toArray()); // [ 4, 16, 32 ]
 * ```
 *
 * TypeError: an output is not fed back, taps are asked for, the step ends the
 * loop by `until`, or what `scan` refuses. RangeError: `saveEvery` is no
 * positive integer.
 */
export function scanCheckpoints<const R extends StepResult>(
  step: Step<R>,
  options: CheckpointOptions,
): [outputs: Scanned<R>, updates: ScanUpdates] {
  const { saveEvery, padding, nSteps, name, strict, ...given } = withDefaults(
    "build scan",
    options,
    {
      sequences: [],
      outputsInfo: [],
      nonSequences: [],
      nSteps: undefined,
      saveEvery: 10,
      padding: true,
      name: undefined,
      strict: false,
    },
  );
  if (!Number.isInteger(saveEvery) || saveEvery < 1) {
    throw new RangeError(
      `Cannot build scan: saveEvery must be a positive integer, got ${saveEvery}`,
    );
  }
  const sequences = operands("sequence", given.sequences);
  const initial = operands("output", given.outputsInfo);
  const nonSequences = listOf<Operand>(given.nonSequences);
  const n = countSteps(nSteps, sequences);
  const even = typeof n === "number" && n % saveEvery === 0;
  const blocks = SYMBOLIC.floorDiv(
    SYMBOLIC.add(n, saveEvery - 1),
    saveEvery,
  );
  const cut: Cut = { n, blocks, saveEvery, pads: padding && !even };
  const left = sub(asLength(n), mul(arange(asLength(blocks)), saveEvery));

  const block = (...args: Variable[]): StepResult => {
    const rows = args.splice(0, sequences.length);
    const [steps] = even ? [saveEvery] : args.splice(0, 1);
    const before = args.splice(0, initial.length);
    const [made, updates] = scanLast(onlyValues(step), {
      sequences: rows,
      outputsInfo: before,
      nonSequences: args,
      nSteps: steps,
      name,
      strict,
    });
    return [made as StepResult, updates];
  };
  return scan(block as Step<R>, {
    sequences: [
      ...sequences.map((x) => inBlocks(x, cut)),
      ...(even ? [] : [minimum(left, saveEvery)]),
    ],
    outputsInfo: initial,
    nonSequences,
    nSteps: asLength(blocks),
    name,
    strict,
  });
}

/** How the steps are cut into blocks. */
interface Cut {
  readonly n: SymbolicLength;
  readonly blocks: SymbolicLength;
  readonly saveEvery: number;
  readonly pads: boolean;
}

/** The rows of `n` steps, `saveEvery` of them at a time; rows that no step reads fill the last block up. */
function inBlocks(x: Variable, { n, blocks, saveEvery, pads }: Cut): Variable {
  const row = lengthsOf(x).slice(1);
  const rest = Array<null>(row.length).fill(null);
  const used = rowsOf(x) === n
    ? x
    : specifyShape(at(x, slice(0, n)), [n, ...rest]);
  const more = SYMBOLIC.sub(SYMBOLIC.mul(blocks, saveEvery), n);
  const all = pads ? join(0, used, zeros([more, ...row], x.dtype)) : used;
  return reshape(all, [blocks, saveEvery, ...row]);
}

/** The number of steps: as many as asked for, or as the shortest sequence has rows. */
function countSteps(
  nSteps: number | Variable | undefined,
  sequences: readonly Variable[],
): SymbolicLength {
  const asked = asSteps(
    nSteps,
    sequences.map((value) => ({ value, taps: [0] })),
  );
  if (asked) return typeof asked.value === "number" ? asked.value : asked;
  return sequences.map(rowsOf).reduce((a, b) => SYMBOLIC.min(a, b));
}

/** Sequences or initial values without taps. TypeError: one has taps, or is no value. */
function operands(
  what: "sequence" | "output",
  given: Operand | readonly Operand[] | undefined,
): Variable[] {
  return listOf<Operand | null | object>(given).map((x, i) => {
    const tapped = typeof x === "object" && x !== null &&
      ("taps" in x || "input" in x || "initial" in x);
    if (x !== null && x !== undefined && !tapped) {
      return asVariable(x as Operand);
    }
    throw new TypeError(
      tapped
        ? `Cannot build scan: ${what} ${i} has taps, of which scanCheckpoints knows none; use scan`
        : `Cannot build scan: ${what} ${i} has no initial value, and scanCheckpoints keeps no other outputs; use scan`,
    );
  });
}

/** The step, refused if it ends the loop. */
function onlyValues(step: Step): Step {
  const checked = (...args: Variable[]): StepResult => {
    const made = (step as (...args: Variable[]) => StepResult)(...args);
    if (readStep(made).until === null) return made;
    throw new TypeError(
      "Cannot build scan: the step of scanCheckpoints returns until(…), and saved states need to know their steps; use scan",
    );
  };
  return checked as Step;
}
