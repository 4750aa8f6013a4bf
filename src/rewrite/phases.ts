/** The order of rewriting: to see or change what happens when, read the arrays here. */
import type { Variable } from "../graph/variable.ts";
import { products } from "./rules/blas.ts";
import { cancelling, signs, useless } from "./rules/canonicalize.ts";
import { determinantsOfDiagonals, diagonals } from "./diagonals.ts";
import { gathering } from "./rules/factors.ts";
import { distributing } from "./rules/distribute.ts";
import { fills } from "./rules/fills.ts";
import { fold } from "./rules/fold.ts";
import { fuseElementwise } from "./fuse.ts";
import { fuseReductions } from "./fuse_reductions.ts";
import { fuseRows } from "./fuse_rows.ts";
import { indexing } from "./rules/indexing.ts";
import type { LoopRule } from "./scan/loop_rules.ts";
import { inverses } from "./rules/inverses.ts";
import { labels } from "./rules/labels.ts";
import { layout } from "./rules/layout.ts";
import { linalg, logDeterminants } from "./rules/linalg.ts";
import { logic, sinking } from "./rules/logic.ts";
import { nnet, shareSoftmax } from "./rules/nnet.ts";
import { openGraphs } from "./open.ts";
import type { Rule } from "./pattern.ts";
import { reductions } from "./rules/reductions.ts";
import { hoisting } from "./scan/hoist.ts";
import { unused } from "./scan/memory.ts";
import { LOOP_RULES } from "./scan/rules.ts";
import { specialize } from "./rules/specialize.ts";
import { stabilize } from "./rules/stabilize.ts";
import { sparseSums, writing } from "./rules/writing.ts";
import { softmaxSlopes } from "./rules/softmax_slopes.ts";
import { writtenSoftmax } from "./rules/written_softmax.ts";

/** A step of rewriting: rules, applied together until none fires; rules about loops, one after the other; or one pass over the whole graph. */
export type Phase =
  | { readonly name: string; readonly rules: readonly Rule[] }
  | { readonly name: string; readonly loops: readonly LoopRule[] }
  | {
    readonly name: string;
    readonly pass: (outputs: readonly Variable[]) => readonly Variable[];
  };

/** What tidies up behind all other rules. */
const tidy: readonly Rule[] = [
  ...fold,
  ...useless,
  ...logic,
  ...signs,
  ...fills,
  ...layout,
  ...reductions,
];

/** Equal nodes become one; the driver does that whenever it walks. */
const merge: Phase = rules("merge", []);

const simple: readonly Rule[] = [
  ...tidy,
  ...cancelling,
  ...inverses,
  ...sinking,
  ...gathering,
  ...distributing,
  ...indexing,
  ...writing,
  ...linalg,
  ...diagonals,
];

/** Formulas that are an op, and their gradients. */
const written: readonly Rule[] = [...writtenSoftmax, ...softmaxSlopes];

/** Graphs used as ops that ask for it are looked into from the start, */
const inline: Phase = {
  name: "inline",
  pass: (outputs) => openGraphs(outputs, (p) => p.inline),
};

/** the others when they have been rewritten on their own. */
const open: Phase = { name: "open", pass: (outputs) => openGraphs(outputs) };

const canonical: Phase = rules("canonicalize", simple);

/** Everything, in order. */
export const PHASES: readonly Phase[] = [
  inline, //                                           graphs used as ops give way to their nodes
  merge, //                                            equal nodes become one
  rules("recognize", [...layout, ...written]), //      what stands written out, while it is as written
  canonical, //                                        one form for one meaning; constants and lengths folded
  { name: "loops", loops: LOOP_RULES }, //             loops joined, cut down, and relieved of work
  rules("simplify", simple), //                        what left the loops
  rules("stabilize", [
    ...tidy,
    ...stabilize,
    ...nnet,
    ...written,
    ...labels,
    ...logDeterminants,
  ]), // forms that keep their digits
  { name: "share_softmax", pass: shareSoftmax }, //    one softmax for loss and gradient
  rules("blas", [...tidy, ...gathering, ...products, ...sparseSums]), // sums with products and with sparse gradients
  { name: "hoist", loops: [...unused, ...hoisting] }, // what sums with products left to each step
  rules("specialize", [...tidy, ...specialize, ...determinantsOfDiagonals]), // cheaper forms of what is left
  open, //                                             the other graphs used as ops
  { name: "fuse", pass: fuse }, //                     chains of elementwise ops become one, also around reductions, products and rows
];

/** The phases of each optimizer. */
export const OPTIMIZERS: {
  readonly [name in "fast_run" | "fast_compile" | "none"]: readonly Phase[];
} = {
  fast_run: PHASES,
  fast_compile: [inline, merge, canonical, open],
  none: [open],
};

function fuse(outputs: readonly Variable[]): readonly Variable[] {
  return fuseRows(fuseReductions(fuseElementwise(outputs)));
}

function rules(name: string, list: readonly Rule[]): Phase {
  return { name, rules: list };
}

/** A rule, and the first phase that it belongs to. */
export interface Listed {
  readonly phase: string;
  readonly rule: Rule;
}

/** Every rule once, in the order of the phases; those about loops are in LOOP_RULES. */
export const RULES: readonly Listed[] = listed();

let names: Names | undefined;

/** The names that a mode may include and exclude. */
interface Names {
  /** Of rules, also of those about loops. */
  readonly rules: ReadonlySet<string>;
  /** Of phases. */
  readonly phases: ReadonlySet<string>;
}

/** Every name that is taken; looked up once. */
export function takenNames(): Names {
  return names ??= {
    rules: new Set([
      ...RULES.map(({ rule }) => rule.name),
      ...LOOP_RULES.map(({ name }) => name),
    ]),
    phases: new Set(PHASES.map(({ name }) => name)),
  };
}

function listed(): readonly Listed[] {
  const all = new Map<Rule, Listed>();
  for (const phase of PHASES) {
    const { name } = phase, list = "rules" in phase ? phase.rules : [];
    list.forEach((rule) =>
      all.has(rule) || all.set(rule, { phase: name, rule })
    );
  }
  return [...all.values()];
}
