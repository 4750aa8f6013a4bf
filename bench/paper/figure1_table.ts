/** Figure 1 as text: the ladder, the rows that count, the neighbours, the peers. */
import {
  type Access,
  BATCHES,
  type Cell,
  type Figure1,
  NEIGHBOURS,
  NETS,
  type Roofline,
  type Row,
} from "./figure1_result.ts";
import { workOf } from "./networks.ts";
import {
  describeRate,
  describeSpread,
  printPeers,
  printTable,
  shortName,
} from "./report.ts";

/** Prints all tables, or those rows that were named. */
export function showFigure1(figure: Figure1, named?: readonly string[]): void {
  for (const threads of figure.threads) {
    const cellsOf = (names: readonly string[]) =>
      names.map((name) => `${name}/${threads}`)
        .filter((name) => !named || named.includes(name))
        .flatMap((name) => figure.cell(name) ?? []);
    const listed = cellsOf(
      NETS.flatMap((net) => BATCHES.map((batch) => `${net}/${batch}`)),
    );
    const beside = cellsOf(Object.keys(NEIGHBOURS));
    const all = [...listed, ...beside];
    if (all.length === 0) continue;
    const plural = threads > 1 ? "s" : "";
    for (const access of ["explicit", "index"] as const) {
      const how = access === "explicit"
        ? "x and y passed"
        : "index into shared data";
      console.log(`\n${threads} thread${plural}, examples/s, ${how}\n`);
      printTable(ladder(all, access));
    }
    console.log(
      "\nfn(nCalls) as a multiple of C, median of pairs (quartiles)\n",
    );
    printTable([
      ["", "C BLAS", "(quartiles)", "C hand", "(quartiles)", "loss", "kernels"],
      ...all.map(ratios),
    ]);
    for (const cell of all) {
      if (cell.void) console.log(`${cell.cell} is void: ${cell.void}`);
    }
    const roofline = figure.roofline(threads);
    if (roofline && beside.length > 0) {
      console.log(
        "\nShare of the roofline, and of the share at the paper's size\n",
      );
      printTable([
        ["", "share", "of", "share"],
        ...beside.map((cell) => neighbour(cell, figure, roofline)),
      ]);
    }
    const names = listed.map(({ cell }) => cell);
    if (names.some((name) => figure.peers(name).length > 0)) {
      console.log("\nPeers, examples/s\n");
      printPeers(names, figure.peers);
    }
  }
}

/** A share of what the processor and its memory allow: the step computes, and reads its weights, reads and writes them again. */
export function roofOf(
  cell: string,
  { peak, read, readwrite }: Roofline,
): number {
  const [net, batch] = cell.split("/") as [string, string];
  const { flops, weights } = workOf(net);
  const bytes = 4 * weights, kilobytes = bytes / 1024;
  const seconds = Math.max(
    Number(batch) * flops / (peak * 1e9),
    bytes / (rateAt(read, kilobytes) * 1e9) +
      2 * bytes / (rateAt(readwrite, kilobytes) * 1e9),
  );
  return Number(batch) / seconds;
}

/** Between two measured working sets, along a line over the logarithm of the size. */
function rateAt(
  rates: Roofline["read"],
  kilobytes: number,
): number {
  const above = rates.findIndex(([size]) => size >= kilobytes);
  if (above < 0) return rates.at(-1)![1];
  if (above === 0) return rates[0]![1];
  const [small, slow] = rates[above - 1]!, [large, fast] = rates[above]!;
  const t = Math.log(kilobytes / small) / Math.log(large / small);
  return slow + t * (fast - slow);
}

/** The row that counts: the last step of the ladder, the index form. */
export function lastRow(cell: Cell): Row {
  return cell.rows.at(-1)!;
}

/** The steps as they stand in a narrow column. */
const NAMES: Readonly<Record<Row["step"], string>> = {
  default: "cvm",
  cvm_nogc: "nogc",
  trustInput: "trust",
  "fn()": "fn()",
  "fn(nCalls)": "fn(n)",
};

function ladder(cells: readonly Cell[], access: Access): string[][] {
  const rowsOf = (cell: Cell) =>
    cell.rows.filter((row) => row.access === access);
  return [
    [
      "",
      ...rowsOf(cells[0]!).map(({ step }) => NAMES[step]),
      "C BLAS",
      "C hand",
    ],
    ...cells.map((cell) => {
      const { blas, hand } = cell.limit;
      const rates = [...rowsOf(cell).map(({ rate }) => rate), blas, hand];
      return [
        shortName(cell.cell),
        ...rates.map(({ median }) => describeRate(median)),
      ];
    }),
  ];
}

function ratios(cell: Cell): string[] {
  const { ratio } = lastRow(cell);
  return [
    shortName(cell.cell),
    ...describeSpread(ratio.blas),
    ...describeSpread(ratio.hand),
    cell.void ? "void" : Object.values(cell.losses)[0]!.toFixed(5),
    String(cell.kernels),
  ];
}

function neighbour(cell: Cell, figure: Figure1, roofline: Roofline): string[] {
  const listed = NEIGHBOURS[shortName(cell.cell)]!;
  const shareOf = (of: Cell) =>
    lastRow(of).rate.median / roofOf(of.cell, roofline);
  const own = shareOf(cell);
  const base = figure.cell(cell.cell.replace(shortName(cell.cell), listed));
  return [
    shortName(cell.cell),
    percent(own),
    listed,
    base ? percent(own / shareOf(base)) : "–",
  ];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
