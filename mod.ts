/**
 * Damo: a symbolic tensor compiler. A script builds a graph of symbolic
 * variables; Damo differentiates and rewrites it, emits C, compiles what it
 * has never seen, keeps it on disk, and a C virtual machine runs it.
 *
 * ```ts
 * import * as damo from "damo";
 * const x = damo.matrix("x"), w = damo.shared(damo.ones([3]), { name: "w" });
 * const cost = damo.sqr(x.dot(w)).mean();
 * const train = damo.function([x], cost, { updates: [[w, w.sub(damo.grad(cost, w).mul(0.1))]] });
 * console.log(train([[1, 2, 3], [4, 5, 6]])); // 130.5
 * ```
 *
 * @module
 */
export * from "./src/graph/config.ts";
