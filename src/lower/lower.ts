/** Lowering, top to bottom: from a graph and the lengths of a call to a program. Each stage takes values and returns a value. */
import type { FunctionGraph } from "../graph/function_graph.ts";
import { planArena } from "./memory/arena.ts";
import { assemble } from "./assemble.ts";
import { growTree } from "./tree/grow.ts";
import { implement, implementPair } from "./emit/implement.ts";
import { decideInplace } from "./memory/inplace.ts";
import { placeFrees } from "./memory/liveness.ts";
import { orderTop } from "./order/order.ts";
import { askedOnce, type Implement, pairAskedOnce, Plans } from "./plans.ts";
import type { Program } from "./program.ts";
import { readGraph } from "./read/read.ts";
import { checkRefusals, placeUnits } from "./order/regions.ts";
import type { Signature } from "./signature.ts";
import type { Target } from "./target.ts";
import { planUpdates } from "./order/updates.ts";

/** How a program is made. */
export interface LowerOptions {
  /** Free each intermediate after its last use; false: keep all for the next call, in a shared arena. */
  readonly gc: boolean;
  /** Bytes of intermediates that are kept in any case: they cost less than to free them. 256 unless given. */
  readonly kept?: number;
  /** False: nothing is written over what it was computed from; temporaries: no storage is. True unless given. */
  readonly inplace?: boolean | "temporaries";
  /** Finds kernels; for tests. */
  readonly implement?: Implement;
}

const KEPT = 256;

/**
 * The program that computes `graph` for arrays as `signature` says.
 * RangeError, with op, shapes and the user's line: lengths that do not fit.
 */
export function lower(
  graph: FunctionGraph,
  signature: Signature,
  options: LowerOptions,
  target: Target,
): Program {
  const { inplace = true } = options,
    plans = options.implement
      ? new Plans(options.implement, target)
      : new Plans(askedOnce(implement), target, pairAskedOnce(implementPair));
  const source = readGraph(graph, signature); //                                lengths and layouts
  const updates = planUpdates(source, plans, inplace === true),
    { flow } = updates; //   how new values reach storage
  const placement = placeUnits(flow); //                                        what runs where, and how lazily
  checkRefusals(flow, placement); //                                            an untaken branch refuses nothing
  const order = orderTop(placement, plans, updates); //                         what may fail before what writes storage
  const tree = growTree({
    flow,
    placement,
    plans,
    turns: order.turns,
    inplace: order.inplace,
  });
  const aliasing = decideInplace({
    flow,
    placement,
    plans,
    tree,
    updates: order.inplace,
    allowed: inplace !== false,
  });
  const lifetimes = placeFrees(aliasing);
  const arena = planArena(
    aliasing,
    options.gc ? options.kept ?? KEPT : Infinity,
  );
  const done = [...order.inplace.values()].map(({ update }) =>
    `update of ${
      update.storage.variable.name ?? update.storage.variable
    }: in place`
  );
  return assemble({
    flow,
    placement,
    plans,
    aliasing,
    lifetimes,
    arena,
    gc: options.gc,
    notes: [...updates.notes, ...order.notes, ...done],
  });
}
