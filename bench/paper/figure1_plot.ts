/** Figure 1 as the paper draws it: a panel a network and minibatch, a bar a step of the ladder; peers are marks. */
import * as damo from "damo";
import { PEER_COLORS } from "./figure.ts";
import {
  BATCHES,
  type Cell,
  type Figure1,
  LADDER,
  NETS,
} from "./figure1_result.ts";
import { lastRow } from "./figure1_table.ts";
import { bestPeers, describeRate } from "./report.ts";
import type { Machine } from "../../src/tools/machine.ts";

/** The ladder from dark to light, C in greys, peers in colors of their own. */
const COLORS: Readonly<Record<string, string>> = {
  "default (cvm)": "#1b4f9c",
  "cvm_nogc": "#2f74d0",
  "+ trustInput": "#5b9bea",
  "fn()": "#f0a04b",
  "fn(nCalls)": "#e0641e",
  "C with OpenBLAS": "#7d838c",
  "C by hand": "#b3b8bf",
};

/** Names of the ladder's steps in the legend. */
const STEPS = Object.keys(COLORS).slice(0, LADDER.length);

/** What stands on the x axis: bars, and gaps between groups. */
const EXPLICIT = STEPS.slice(0, 3).map((_, k) => `explicit ${k}`);
const INDEX = STEPS.map((_, k) => `index ${k}`);
const LIMIT = ["C 0", "C 1"];
const DOMAIN = [...EXPLICIT, "|", ...INDEX, "||", ...LIMIT, "|||", "peers"];

/** Draws a file for each number of threads and says where it is, or why there is none. */
export async function drawFigure1(
  figure: Figure1,
  machine: Machine,
  stem: string,
): Promise<void> {
  for (const threads of figure.threads) {
    const path = `${stem}-${threads}-thread${threads > 1 ? "s" : ""}.svg`;
    try {
      Deno.writeTextFileSync(path, await draw(figure, machine, threads));
      console.log(`Picture: ${path}`);
    } catch (error) {
      console.log(`Picture: n/a (${(error as Error).message})`);
    }
  }
}

function draw(
  figure: Figure1,
  machine: Machine,
  threads: number,
): Promise<string> {
  const cells = NETS.flatMap((net) =>
    BATCHES.map((batch) => ({ net, batch, name: `${net}/${batch}/${threads}` }))
  );
  const peers = new Set(
    cells.flatMap(({ name }) => figure.peers(name).map(({ peer }) => peer)),
  );
  return damo.plot((Plot) => ({
    title: `Figure 1: training steps, ${threads} thread${
      threads > 1 ? "s" : ""
    }`,
    subtitle:
      "examples a second; above fn(nCalls): how many times C with OpenBLAS",
    caption: `${machine.cpu}, OpenBLAS kernels for ${machine.core}, ${
      machine.date.slice(0, 10)
    }, commit ${machine.commit}`,
    legend: {
      ...COLORS,
      ...Object.fromEntries(
        Object.entries(PEER_COLORS).filter(([peer]) => peers.has(peer)),
      ),
    },
    columns: BATCHES.length,
    panels: cells.map(({ net, batch, name }) => {
      const cell = figure.cell(name);
      const bars = cell ? barsOf(cell) : [];
      const marks = Array.from(
        bestPeers(figure.peers(name)),
        ([name, rate]) => ({ x: "peers", name, rate }),
      );
      const top = Math.max(
        1,
        ...bars.map(({ rate }) => rate),
        ...marks.map(({ rate }) => rate),
      );
      return {
        title: `${TITLES[net]}, batch ${batch}`,
        width: 330,
        height: 190,
        marginLeft: 44,
        marginRight: 4,
        marginTop: 18,
        marginBottom: 20,
        x: { domain: DOMAIN, axis: null, padding: 0.12 },
        y: {
          label: null,
          grid: true,
          ticks: 5,
          domain: [0, 1.08 * top],
          tickFormat: (rate: number) => describeRate(rate, true),
        },
        marks: [
          Plot.barY(bars, { x: "x", y: "rate", fill: "name" }),
          Plot.tickY(marks, {
            x: "x",
            y: "rate",
            stroke: "name",
            strokeWidth: 3,
          }),
          Plot.ruleY([0]),
          Plot.text(
            cell
              ? [{
                x: INDEX.at(-1),
                y: lastRow(cell).rate.median,
                text: `${lastRow(cell).ratio.blas.median.toFixed(2)}×`,
              }]
              : [],
            {
              x: "x",
              y: "y",
              text: "text",
              dy: -8,
              fontSize: 11,
              fontWeight: 600,
              stroke: "var(--ground)",
              strokeWidth: 3,
              fill: "currentColor",
            },
          ),
          ...groups(marks.length > 0).map(({ x, text, dx }) =>
            Plot.text([text], {
              x: [x],
              text: [text],
              frameAnchor: "bottom",
              dx,
              dy: 14,
            })
          ),
        ],
      };
    }),
  }));
}

const TITLES: Readonly<Record<typeof NETS[number], string>> = {
  logistic: "logistic regression",
  mlp: "500 hidden units",
  deep: "3 × 1000 hidden units",
};

interface Bar {
  readonly x: string;
  readonly name: string;
  readonly rate: number;
}

function barsOf(cell: Cell): Bar[] {
  const seen = { explicit: 0, index: 0 };
  const rows = cell.rows.map(({ access, rate }) => {
    const k = seen[access]++;
    return { x: `${access} ${k}`, name: STEPS[k]!, rate: rate.median };
  });
  const limit = [cell.limit.blas, cell.limit.hand].map(({ median }, k) => ({
    x: LIMIT[k]!,
    name: Object.keys(COLORS)[STEPS.length + k]!,
    rate: median,
  }));
  return [...rows, ...limit];
}

/** Names below the groups of bars, each in its middle. */
function groups(peers: boolean) {
  return [
    { x: EXPLICIT[1]!, text: "x, y passed", dx: 0 },
    { x: INDEX[2]!, text: "index into shared data", dx: 0 },
    { x: LIMIT[0]!, text: "C", dx: 10 },
    ...peers ? [{ x: "peers", text: "peers", dx: -2 }] : [],
  ];
}
