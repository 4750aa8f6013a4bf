/** Figure 2 as text: rates, multiples of C, peers. */
import {
  type Cell,
  type Figure2,
  lastRow,
  NEIGHBOURS,
  SIZES,
} from "./figure2_result.ts";
import {
  describeRate,
  describeSpread,
  printPeers,
  printTable,
  shortName,
} from "./report.ts";

/** Prints all tables, or those rows that were named. */
export function showFigure2(figure: Figure2, named?: readonly string[]): void {
  for (const threads of figure.threads) {
    const cells = [...SIZES, ...NEIGHBOURS].map((n) => `${n}/${threads}`)
      .filter((name) => !named || named.includes(name))
      .flatMap((name) => figure.cell(name) ?? []);
    if (cells.length === 0) continue;
    console.log(
      `\n${threads} thread${threads > 1 ? "s" : ""}, elements/s by units\n`,
    );
    printTable([
      ["", "cvm", "fn(n)", "C", "× C", "quartiles", "loss", "kernels"],
      ...cells.map(lineOf),
    ]);
    console.log("× C: fn(nCalls) as a multiple of C, median of pairs");
    for (const cell of cells) {
      if (cell.void) console.log(`${cell.cell} is void: ${cell.void}`);
    }
    const names = cells.map(({ cell }) => cell);
    if (names.some((name) => figure.peers(name).length > 0)) {
      console.log("\nPeers, elements/s\n");
      printPeers(names, figure.peers);
    }
  }
}

function lineOf(cell: Cell): string[] {
  const rates = [...cell.rows.map(({ rate }) => rate), cell.limit];
  return [
    shortName(cell.cell),
    ...rates.map(({ median }) => describeRate(median)),
    ...describeSpread(lastRow(cell).ratio),
    cell.void ? "void" : cell.losses["default"]!.toFixed(5),
    String(cell.kernels),
  ];
}
