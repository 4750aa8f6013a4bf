/** All rules about loops, in order: a rule has been tried at every loop before the next one is. */
import type { LoopRule } from "./loop_rules.ts";
import { following } from "./after.ts";
import { hoisting } from "./hoist.ts";
import { joining, joiningSums } from "./join.ts";
import { short, unused } from "./memory.ts";
import { merging } from "./merge.ts";
import { sums } from "./sums.ts";

/** Loops together before work leaves them: equal work leaves once. */
export const LOOP_RULES: readonly LoopRule[] = [
  ...unused, //      inputs, states and extras that nothing needs
  ...merging, //     loops that run in step, states that are equal
  ...short, //       one step, or only the last one wanted
  ...joining, //     one product for the gates of a cell
  ...hoisting, //    work that needs only sequences
  ...joiningSums, // one product for what gates send back
  ...sums, //        sums over all steps
  ...following, //   work that no later step needs
];
