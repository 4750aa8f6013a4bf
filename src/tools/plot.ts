/** Pictures: Observable Plot draws, one SVG file comes out. Both packages load on first use. */
import { describeOther } from "../graph/describe_other.ts";

/** The marks and transforms of Observable Plot that have a type here; it has more, under its own names. */
export type PlotName =
  | "areaY"
  | "axisX"
  | "axisY"
  | "barX"
  | "barY"
  | "cell"
  | "dot"
  | "frame"
  | "gridX"
  | "gridY"
  | "line"
  | "lineX"
  | "lineY"
  | "rectX"
  | "rectY"
  | "ruleX"
  | "ruleY"
  | "text"
  | "tickX"
  | "tickY";

/** A mark, as Observable Plot makes it. */
export interface PlotMark {
  /** Draws the mark; Plot calls it. */
  render(...args: readonly never[]): unknown;
}

/** Observable Plot: `Plot.lineY(data, { x: "epoch", y: "loss" })` and so on. */
export type PlotLibrary = {
  readonly [name in PlotName]: (
    data?: readonly unknown[] | Readonly<Record<string, unknown>>,
    options?: Readonly<Record<string, unknown>>,
  ) => PlotMark;
};

/** One plot: the options of `Plot.plot`, such as `{ marks, x, y, height }`. */
export interface Panel {
  /** Stands above the panel. */
  readonly title?: string;
  /** Pixels; by default 640. */
  readonly width?: number;
  /** Pixels; by default 0.6 of the width. */
  readonly height?: number;
  /** What is drawn, from back to front. */
  readonly marks: readonly PlotMark[];
  /** Scales, margins and all else that Plot takes. */
  readonly [option: string]: unknown;
}

/** Panels in a grid, with what they have in common. */
export interface Picture {
  /** The first line. */
  readonly title?: string;
  /** The second line: what was measured, in which unit. */
  readonly subtitle?: string;
  /** The last line: where the data came from. */
  readonly caption?: string;
  /** Names and their colors; each panel's color scale is this one. */
  readonly legend?: Readonly<Record<string, string>>;
  /** Panels in a row; by default all. */
  readonly columns?: number;
  /** Each has scales of its own. */
  readonly panels: readonly Panel[];
}

/**
 * Draws a picture with {@link https://observablehq.com/plot Observable Plot}
 * and returns the text of an SVG file, readable on light and dark ground.
 *
 * `draw` gets the library and returns the panels, each in the words of
 * `Plot.plot`. The packages (ISC licence) are fetched from npm at the first
 * picture ever, and loaded at the first one of a process.
 *
 * ```ts
 * import { plot } from "damo";
 * const losses = [{ epoch: 1, loss: 0.8 }, { epoch: 2, loss: 0.4 }];
 * const svg = await plot((Plot) => ({
 *   title: "Training",
 *   panels: [{ marks: [Plot.lineY(losses, { x: "epoch", y: "loss" })] }],
 * }));
 * console.log(svg.startsWith("<svg ")); // true
 * ```
 *
 * @throws Error: Plot cannot be loaded (no network at the first use).
 */
export async function plot(
  draw: (Plot: PlotLibrary) => Picture,
): Promise<string> {
  if (typeof draw !== "function") {
    throw new TypeError(
      `Cannot draw: expected a function from Plot to panels, got ${
        describeOther(draw)
      }`,
    );
  }
  const library = await load();
  return layOut(draw(library), library);
}

/** What Plot and linkedom are to this file. */
interface Library extends PlotLibrary {
  plot(options: Readonly<Record<string, unknown>>): SvgElement;
  readonly document: unknown;
}

interface SvgElement {
  readonly innerHTML: string;
}

/** Named by variables, so that a program which draws nothing does not fetch them with its modules. */
const PLOT = "npm:@observablehq/plot@0.6.17", DOM = "npm:linkedom@0.18.15";

let loading: Promise<Library> | undefined;

function load(): Promise<Library> {
  return loading ??= Promise.all([import(PLOT), import(DOM)]).then(
    ([Plot, { parseHTML }]) => ({
      ...Plot,
      document: parseHTML("<html><body></body></html>").document,
    }),
    (error: Error) => {
      loading = undefined; // the network may come back
      throw new Error(
        `Cannot draw: ${PLOT} does not load: ${error.message.split("\n")[0]}`,
        { cause: error },
      );
    },
  );
}

/** Pixels: around everything, between panels, and the lines of text above and below. */
const MARGIN = 16, GAP = 20, TITLE = 24, LINE = 20;

/** Ink and ground follow the reader's: Plot draws in `currentColor`. */
const STYLE = `
.damo-plot { color: #1f2328; --ground: #ffffff; font-family: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { .damo-plot { color: #e6edf3; --ground: #0d1117; } }
.damo-plot .ground { fill: var(--ground); }
.damo-plot text, .damo-plot tspan { white-space: pre; }
`;

/** The file: heading, legend, panels row by row, caption. */
function layOut(picture: Picture, library: Library): string {
  const { title, subtitle, caption, legend, panels } = picture;
  const columns = picture.columns ?? panels.length;
  const colors = legend && {
    color: { domain: Object.keys(legend), range: Object.values(legend) },
  };
  const widthOf = (panel: Panel) => panel.width ?? 640;
  const heightOf = (panel: Panel) =>
    panel.height ?? Math.round(0.6 * widthOf(panel));
  const rows = Array.from(
    { length: Math.ceil(panels.length / columns) },
    (_, row) => panels.slice(row * columns, (row + 1) * columns),
  );
  const inner = Math.max(
    0,
    ...rows.map((row) =>
      row.reduce((sum, panel) => sum + widthOf(panel) + GAP, -GAP)
    ),
  );
  const parts: string[] = [];
  let y = MARGIN;
  const line = (content: string, height: number, style: string) => {
    y += height;
    parts.push(text(content, MARGIN, y - 6, style));
  };
  if (title) line(title, TITLE, `font-size="18" font-weight="600"`);
  if (subtitle) line(subtitle, LINE, `font-size="13" opacity="0.75"`);
  if (legend) {
    const { content, height } = swatches(legend, inner);
    parts.push(`<g transform="translate(${MARGIN},${y + 4})">${content}</g>`);
    y += height + 8;
  }
  if (title || subtitle || legend) y += 8;
  for (const row of rows) {
    let x = MARGIN;
    const heading = row.some((panel) => panel.title) ? LINE : 0;
    for (const { title: name, ...options } of row) {
      const panel = { ...options, marks: options.marks } as Panel;
      const width = widthOf(panel), height = heightOf(panel);
      if (name) parts.push(text(name, x, y + 14, `font-weight="600"`));
      const svg = library.plot({
        ...colors,
        ...panel,
        width,
        height,
        document: library.document,
      });
      const drawn = svg.innerHTML.replace(/<style>[\s\S]*?<\/style>/, "");
      parts.push(
        `<g transform="translate(${x},${
          y + heading
        })" text-anchor="middle" font-size="10">${drawn}</g>`,
      );
      x += width + GAP;
    }
    y += heading + Math.max(...row.map(heightOf)) + GAP;
  }
  y -= GAP;
  if (caption) line(caption, LINE + 4, `font-size="11" opacity="0.75"`);
  const width = inner + 2 * MARGIN, height = y + MARGIN;
  return `<svg xmlns="http://www.w3.org/2000/svg" class="damo-plot" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" fill="currentColor" font-size="12">
<style>${STYLE}</style>
<rect class="ground" width="100%" height="100%"/>
${parts.join("\n").replaceAll("&nbsp;", " ")}
</svg>
`;
}

function text(content: string, x: number, y: number, style: string): string {
  return `<text x="${x}" y="${y}" ${style}>${escapeText(content)}</text>`;
}

/** Squares with their names, in as many lines as the width asks for. */
function swatches(
  legend: Readonly<Record<string, string>>,
  width: number,
): { readonly content: string; readonly height: number } {
  let x = 0, y = 0, content = "";
  for (const [name, color] of Object.entries(legend)) {
    // Nothing here can measure text: 7.2 is wide for a letter of 12 pixels.
    const needed = 17 + 7.2 * name.length + 12;
    if (x > 0 && x + needed > width) [x, y] = [0, y + LINE];
    content += `<rect x="${x}" y="${y}" width="12" height="12" fill="${
      escapeText(color)
    }"/>${text(name, x + 17, y + 10.5, "")}`;
    x += needed;
  }
  return { content, height: y + LINE };
}

function escapeText(content: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return content.replace(/[&<>"]/g, (character) => entities[character]!);
}
