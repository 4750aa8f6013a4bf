/** Tables of text that fit the terminal. */

/** Options of {@linkcode renderTable}. */
export interface TableOptions {
  /** Columns of the terminal. */
  readonly width: number;
  /** The first row names the columns. */
  readonly header?: boolean;
}

/** Between two columns of a table. */
const GAP = "  ";

/** The first column may be this narrow before the table is split. */
const NARROWEST = 16;

/**
 * The lines of a table, none longer than `width`: the first column stands left
 * and wraps, the others stand right. Where they do not fit side by side, the
 * table is split and each part repeats the first column.
 */
export function renderTable(
  rows: readonly (readonly string[])[],
  { width, header = false }: TableOptions,
): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from(
    { length: count },
    (_, i) => Math.max(0, ...rows.map((row) => (row[i] ?? "").length)),
  );
  const first = widths[0] ?? 0;
  const lines: string[] = [];
  for (let start = 1; start < Math.max(2, count);) {
    let stop = start, used = 0;
    while (
      stop < count &&
      (stop === start ||
        used + GAP.length + widths[stop]! + Math.min(first, NARROWEST) <= width)
    ) used += GAP.length + widths[stop++]!;
    const room = Math.max(1, Math.min(first, width - used));
    if (start > 1) lines.push("");
    rows.forEach((row, i) => {
      const cells = Array.from(
        { length: stop - start },
        (_, k) => GAP + (row[start + k] ?? "").padStart(widths[start + k]!),
      ).join("");
      const [top = "", ...below] = wrap(row[0] ?? "", room);
      // The numbers of a wrapped name stand beside its last line.
      const names = [top, ...below].map((name) => name.padEnd(room));
      names.slice(0, -1).forEach((name) => lines.push(name.trimEnd()));
      lines.push((names.at(-1)! + cells).trimEnd());
      if (header && i === 0) lines.push("─".repeat(room + used));
    });
    start = Math.max(stop, start + 1);
  }
  return lines;
}

/** The words of a text in lines of at most `width`; a longer word is cut. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    let rest = word;
    if (line !== "" && line.length + 1 + rest.length <= width) {
      line += ` ${rest}`;
      continue;
    }
    if (line !== "") lines.push(line);
    for (; rest.length > width; rest = rest.slice(width)) {
      lines.push(rest.slice(0, width));
    }
    line = rest;
  }
  return [...lines, line];
}

/** The columns of the terminal; 80 where there is none. */
export function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}
