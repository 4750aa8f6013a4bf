/** Figure 2 as the paper draws it: rates over the number of units, a line a tool; below, Damo as a multiple of C. */
import * as damo from "damo";
import { PEER_COLORS } from "./figure.ts";
import { type Figure2, lastRow, type ROWS, SIZES } from "./figure2_result.ts";
import { bestPeers, describeRate } from "./report.ts";
import type { Machine } from "../../src/tools/machine.ts";

/** Damo's two calls, and C in grey; peers have colors of their own. */
const NAMES: Readonly<Record<typeof ROWS[number], string>> = {
  "default": "Damo, default call",
  "fn(nCalls)": "Damo, fn(nCalls)",
};
const LIMIT = "C by hand";
const COLORS: Readonly<Record<string, string>> = {
  [NAMES["default"]]: "#2f74d0",
  [NAMES["fn(nCalls)"]]: "#e0641e",
  [LIMIT]: "#7d838c",
};

/** Draws the file and says where it is, or why there is none. */
export async function drawFigure2(
  figure: Figure2,
  machine: Machine,
  stem: string,
): Promise<void> {
  const path = `${stem}.svg`;
  try {
    Deno.writeTextFileSync(path, await draw(figure, machine));
    console.log(`Picture: ${path}`);
  } catch (error) {
    console.log(`Picture: n/a (${(error as Error).message})`);
  }
}

interface Point {
  readonly n: number;
  readonly name: string;
  readonly rate: number;
}

/** What every panel is like: sizes double along x. */
const PANEL = {
  width: 460,
  marginLeft: 48,
  marginRight: 14,
  marginBottom: 36,
  x: {
    type: "log",
    base: 2,
    domain: [SIZES[0], SIZES.at(-1)],
    ticks: SIZES,
    tickFormat: String,
    label: "units",
    inset: 14,
  },
};

function draw(figure: Figure2, machine: Machine): Promise<string> {
  const points = figure.threads.map((threads) => pointsOf(figure, threads));
  const seen = new Set(points.flat().map(({ name }) => name));
  return damo.plot((Plot) => ({
    title: "Figure 2: a simple recurrent network",
    subtitle:
      "elements a second; as many symbols as units, an update a sequence of 100",
    caption: `${machine.cpu}, OpenBLAS kernels for ${machine.core}, ${
      machine.date.slice(0, 10)
    }, commit ${machine.commit}`,
    legend: Object.fromEntries(
      Object.entries({ ...COLORS, ...PEER_COLORS })
        .filter(([name]) => seen.has(name)),
    ),
    columns: figure.threads.length,
    panels: [
      ...figure.threads.map((threads, k) => ({
        ...PANEL,
        title: `${threads} thread${threads > 1 ? "s" : ""}`,
        height: 320,
        y: {
          type: "log",
          label: null,
          grid: true,
          ticks: 5,
          tickFormat: (rate: number) => describeRate(rate, true),
        },
        marks: [
          Plot.lineY(points[k]!, {
            x: "n",
            y: "rate",
            stroke: "name",
            strokeWidth: 2,
            marker: true,
          }),
        ],
      })),
      ...figure.threads.map((threads) => {
        const ratios = ratiosOf(figure, threads);
        return {
          ...PANEL,
          title: "fn(nCalls) as a multiple of C, with quartiles",
          height: 170,
          y: {
            label: null,
            grid: true,
            domain: [0, Math.max(1.1, ...ratios.map(({ high }) => high))],
            ticks: 5,
          },
          marks: [
            Plot.ruleY([0]),
            Plot.ruleY([1], { stroke: COLORS[LIMIT], strokeWidth: 1.5 }),
            Plot.areaY(ratios, {
              x: "n",
              y1: "low",
              y2: "high",
              fill: COLORS[NAMES["fn(nCalls)"]],
              fillOpacity: 0.25,
            }),
            Plot.lineY(ratios, {
              x: "n",
              y: "median",
              stroke: COLORS[NAMES["fn(nCalls)"]],
              strokeWidth: 2,
              marker: true,
            }),
            Plot.text(ratios, {
              x: "n",
              y: "median",
              text: (each: { median: number }) => each.median.toFixed(2),
              dy: 14,
              stroke: "var(--ground)",
              strokeWidth: 3,
              fill: "currentColor",
            }),
          ],
        };
      }),
    ],
  }));
}

function pointsOf(figure: Figure2, threads: number): Point[] {
  return SIZES.flatMap((n) => {
    const name = `${n}/${threads}`, cell = figure.cell(name);
    return [
      ...cell
        ? [
          ...cell.rows.map(({ step, rate }) => ({
            n,
            name: NAMES[step],
            rate: rate.median,
          })),
          { n, name: LIMIT, rate: cell.limit.median },
        ]
        : [],
      ...Array.from(
        bestPeers(figure.peers(name)),
        ([name, rate]) => ({ n, name, rate }),
      ),
    ];
  });
}

function ratiosOf(figure: Figure2, threads: number) {
  return SIZES.flatMap((n) => {
    const cell = figure.cell(`${n}/${threads}`);
    if (!cell) return [];
    const { median, quartiles: [low, high] } = lastRow(cell).ratio;
    return [{ n, median, low, high }];
  });
}
