/** What Figure 1 measures: its cells, and what is known of each. */
import type { PeerRate } from "../peers/peers.ts";
import type { Spread } from "./measure.ts";

/** The paper's networks and minibatches. */
export const NETS = ["logistic", "mlp", "deep"] as const, BATCHES = [1, 10, 60];

/** Sizes beside the paper's: what is fast at 500 and at 10 and 60 alone is tuned, not fast. */
export const NEIGHBOURS: Readonly<Record<string, string>> = {
  "mlp300/1": "mlp/1",
  "mlp300/10": "mlp/10",
  "mlp300/60": "mlp/60",
  "mlp510/1": "mlp/1",
  "mlp510/10": "mlp/10",
  "mlp510/60": "mlp/60",
  "mlp/7": "mlp/10",
  "mlp/33": "mlp/60",
};

/** What the machine reaches with some threads: GFLOP/s, and GB/s by the kilobytes of the working set. */
export interface Roofline {
  readonly peak: number;
  readonly read: readonly (readonly [kilobytes: number, rate: number])[];
  readonly readwrite: readonly (readonly [kilobytes: number, rate: number])[];
}

/** All that was measured. */
export interface Figure1 {
  readonly threads: readonly number[];
  cell(name: string): Cell | undefined;
  peers(cell: string): readonly PeerRate[];
  roofline(threads: number): Roofline | undefined;
}

/** The two programs that a row is compared with: C that calls OpenBLAS, and C with kernels of its own. */
export type Variant = "blas" | "hand";

/** The ladder: each step adds to the one before it. */
export const LADDER = [
  "default",
  "cvm_nogc",
  "trustInput",
  "fn()",
  "fn(nCalls)",
] as const;

/** How a minibatch reaches the function. */
export type Access = "explicit" | "index";

/** A measured row. */
export interface Row {
  readonly access: Access;
  readonly step: typeof LADDER[number];
  /** Examples a second. */
  readonly rate: Spread;
  /** Rate by rate of the C program of the same round. */
  readonly ratio: Readonly<Record<Variant, Spread>>;
  readonly pairs: number;
}

/** A measured cell. */
export interface Cell {
  readonly cell: string;
  readonly rows: readonly Row[];
  /** Examples a second of the C programs. */
  readonly limit: Readonly<Record<Variant, Spread>>;
  /** Mean losses of the first 100 steps. */
  readonly losses: Readonly<Record<string, number>>;
  /** The greatest difference between any two, and between calls and fn(nCalls) after 200 steps. */
  readonly difference: number;
  /** Why the cell does not count. */
  readonly void?: string;
  /** Kernels of the function of the last row. */
  readonly kernels: number;
}
