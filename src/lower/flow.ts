/** What lowering works on: a graph's values with their lengths and layouts, and the units that make them. Built by read.ts. */
import type { Dtype } from "../graph/dtype.ts";
import type { Length } from "../graph/length.ts";
import type { NDArray } from "../graph/ndarray.ts";
import type { ScanParams } from "../graph/scan_params.ts";
import type {
  Apply,
  SharedVariable,
  Variable,
  ViewMap,
} from "../graph/variable.ts";
import type { Layout } from "./emit/implementation.ts";

/** The function itself, or the body of one of its loops. A body that two loops share is read twice. */
export interface Frame {
  readonly depth: number;
  readonly parent: Frame | null;
  readonly values: Map<Variable, Value>;
}

/** Something a slot will hold. */
export interface Value extends Layout {
  /** Dense, in order of creation. */
  readonly id: number;
  readonly variable: Variable;
  readonly frame: Frame;
  /** row: a variable of a loop's body that stands for a row of something. */
  readonly leaf: "input" | "shared" | "constant" | "row" | null;
  /** The id of the unit that makes it; -1 for a leaf. */
  readonly unit: number;
  readonly index: number;
  readonly dtype: Dtype;
  /** Numbers, or Affine of what only the run will tell; `shape` has the numbers alone. */
  readonly lengths: readonly Length[];
  readonly rowMajor: boolean;
  /** What a 0-d integer holds, as far as it is known. */
  readonly scalar: Length;
  /** The value of a constant. */
  readonly data: NDArray | null;
}

/** An integer for a builtin: a number, an axis of a value, or (axis -1) what a 0-d integer holds. */
export type Source = number | { readonly value: Value; readonly axis: number };

/** Two lengths that must be equal. */
export interface Check {
  readonly x: Source;
  readonly y: Source;
  readonly axis: number;
}

/** A length that is taken for granted. */
export interface GuardedLength {
  readonly length: Value;
  readonly expected: number;
  readonly node: Apply;
  readonly which: number;
}

interface Common {
  /** Dense, and above the ids of everything it needs; the order of creation otherwise. */
  readonly id: number;
  readonly node: Apply;
  readonly frame: Frame;
  /** In the order of the node. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** Kernels, a builtin, or `eval`. */
export interface Computation extends Common {
  readonly kind: "compute";
  /** Where the output looks, for a view: at `inputs[0]`, from starts that may be operands behind it. */
  readonly view: {
    readonly map: ViewMap;
    readonly operands: readonly Value[];
    readonly lengths: readonly Source[];
  } | null;
  /** A copy by the CVM's own kernel; a length of an axis likewise. */
  readonly builtin: "copy" | "length" | null;
  /** Only `eval` can tell the lengths of its outputs. */
  readonly hostOnly: boolean;
  /** Its lengths do not fit: what is thrown if it is sure to run; else its `eval` refuses when it is reached. */
  readonly refusal?: Error;
  /** Lengths of outputs that are reserved before it runs; null where they are known. */
  readonly reserve: readonly (readonly Source[] | null)[];
  readonly checks: readonly Check[];
  readonly guards: readonly GuardedLength[];
  /** Everything it reads. */
  readonly needs: readonly Value[];
}

/** What computes `node` of known lengths by kernels, but for its place among units and its outputs. */
export function plainUnit(
  node: Apply,
  frame: Frame,
  inputs: readonly Value[],
): Omit<Computation, "id" | "outputs"> {
  return {
    kind: "compute",
    node,
    frame,
    inputs,
    view: null,
    builtin: null,
    hostOnly: false,
    reserve: [null],
    checks: [],
    guards: [],
    needs: inputs,
  };
}

/** The same for what copies `x` on behalf of `node`. */
export function copyOf(
  node: Apply,
  x: Value,
): Omit<Computation, "id" | "outputs"> {
  return { ...plainUnit(node, x.frame, [x]), builtin: "copy" };
}

/** ifelse, with those of its outputs that something wants. */
export interface Choice extends Common {
  readonly kind: "ifelse";
  readonly cond: Value;
  /** For each output, the value on each branch. */
  readonly yes: readonly Value[];
  readonly no: readonly Value[];
}

/** scan. Outputs: the states, then the extras. */
export interface Repeat extends Common {
  readonly kind: "scan";
  readonly params: ScanParams;
  readonly body: Body;
}

/** What a loop runs, and how its rows lie. */
export interface Body {
  readonly frame: Frame;
  /** For each sequence, the variables of the body, one a tap. */
  readonly sequences: readonly (readonly Value[])[];
  readonly states: readonly (readonly Value[])[];
  /** New values of the states, then the extras. */
  readonly results: readonly Value[];
  readonly until: Value | null;
  /** Lengths of a row of each result, and what the stacks need for them. */
  readonly rows: readonly {
    readonly lengths: readonly Length[];
    readonly sources: readonly Source[];
  }[];
}

/** What makes values. */
export type Unit = Computation | Choice | Repeat;

/** A graph read for one signature. */
export interface Flow {
  readonly top: Frame;
  readonly values: readonly Value[];
  readonly units: readonly Unit[];
  readonly inputs: readonly Value[];
  readonly shared: readonly (readonly [SharedVariable, Value])[];
  readonly outputs: readonly Value[];
  readonly updates: readonly Update[];
  /** Equal names of lengths, where only the run will tell. */
  readonly checks: readonly Check[];
}

/** What becomes of a shared variable. */
export interface Update {
  readonly storage: Value;
  readonly value: Value;
}

/** What a unit reads when it runs; the branches of an ifelse are not among it. */
export function strictInputs(unit: Unit): readonly Value[] {
  switch (unit.kind) {
    case "compute":
      return unit.needs;
    case "ifelse":
      return [unit.cond];
    case "scan":
      return [
        ...unit.inputs,
        ...unit.body.rows.flatMap((r) => valuesOf(r.sources)),
      ];
    default:
      return unit satisfies never;
  }
}

/** Everything that may be read on a unit's account: also its branches and its body. */
export function allInputs(unit: Unit): readonly Value[] {
  const strict = strictInputs(unit);
  if (unit.kind === "ifelse") return [...strict, ...unit.yes, ...unit.no];
  if (unit.kind === "scan") {
    return [
      ...strict,
      ...unit.body.results,
      ...(unit.body.until ? [unit.body.until] : []),
    ];
  }
  return strict;
}

/** The values among sources. */
export function valuesOf(sources: readonly Source[]): Value[] {
  return sources.flatMap((s) => typeof s === "number" ? [] : [s.value]);
}

/** The operand that a value is a view of, or null. */
export function viewed(unit: Unit | undefined): Value | null {
  return unit?.kind === "compute" && unit.view ? unit.inputs[0]! : null;
}
