/** Numbers as text: what the tables of all figures have in common. */
import type { PeerRate } from "../peers/peers.ts";
import { renderTable, terminalColumns } from "../../src/tools/table.ts";
import type { Spread } from "./measure.ts";

/** Prints rows below a header, as wide as the terminal. */
export function printTable(rows: readonly (readonly string[])[]): void {
  const lines = renderTable(rows, { width: terminalColumns(), header: true });
  console.log(lines.join("\n"));
}

/** `4.64k`, `1.81M`; `short` leaves out zeros at the end. */
export function describeRate(rate: number, short = false): string {
  const [scale, unit] = rate >= 1e6
    ? [1e6, "M"]
    : rate >= 1e3
    ? [1e3, "k"]
    : [1, ""];
  const digits = (rate / scale).toPrecision(3);
  return `${short ? Number(digits) : digits}${unit}`;
}

/** A ratio and its quartiles, for two columns. */
export function describeSpread(
  { median, quartiles: [low, high] }: Spread,
): [string, string] {
  return [median.toFixed(3), `${low.toFixed(2)}–${high.toFixed(2)}`];
}

/** A cell's name without its threads. */
export function shortName(cell: string): string {
  return cell.replace(/\/\d+$/, "");
}

/** Prints what peers reach: a line a variant, a column a cell. */
export function printPeers(
  cells: readonly string[],
  peers: (cell: string) => readonly PeerRate[],
): void {
  const names = [...new Set(cells.flatMap(peers).map(nameOf))];
  printTable([
    ["", ...cells.map(shortName)],
    ...names.map((name) => [
      name,
      ...cells.map((cell) => {
        const rate = peers(cell).find((each) => nameOf(each) === name);
        return rate ? describeRate(rate.value) : "–";
      }),
    ]),
  ]);
}

function nameOf({ peer, variant }: PeerRate): string {
  return variant ? `${peer}, ${variant}` : peer;
}

/** Each peer's best variant at a cell. */
export function bestPeers(
  rates: readonly PeerRate[],
): ReadonlyMap<string, number> {
  const best = new Map<string, number>();
  for (const { peer, value } of rates) {
    best.set(peer, Math.max(value, best.get(peer) ?? 0));
  }
  return best;
}
