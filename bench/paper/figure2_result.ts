/** What Figure 2 measures: its cells, and what is known of each. */
import type { PeerRate } from "../peers/peers.ts";
import type { Spread } from "./measure.ts";

/** The paper's numbers of units, which are those of symbols too. */
export const SIZES = [25, 50, 100, 200, 400, 800];

/** Sizes beside the paper's: what is fast at multiples of the vector alone is tuned, not fast. */
export const NEIGHBOURS = [30, 130];

/** How the step is called. */
export const ROWS = ["default", "fn(nCalls)"] as const;

/** A measured row. */
export interface Row {
  readonly step: typeof ROWS[number];
  /** Elements a second. */
  readonly rate: Spread;
  /** Rate by rate of the C program of the same round. */
  readonly ratio: Spread;
  readonly pairs: number;
}

/** A measured cell. */
export interface Cell {
  /** `<units>/<threads>`. */
  readonly cell: string;
  readonly rows: readonly Row[];
  /** Elements a second of the C program. */
  readonly limit: Spread;
  /** Losses of an element over the first sequences. */
  readonly losses: Readonly<Record<string, number>>;
  /** The greatest difference between any two, and between calls and fn(nCalls) later. */
  readonly difference: number;
  /** Why the cell does not count. */
  readonly void?: string;
  /** Kernels of the function of the last row. */
  readonly kernels: number;
}

/** All that was measured. */
export interface Figure2 {
  readonly threads: readonly number[];
  cell(name: string): Cell | undefined;
  peers(cell: string): readonly PeerRate[];
}

/** The row that counts. */
export function lastRow(cell: Cell): Row {
  return cell.rows.at(-1)!;
}
