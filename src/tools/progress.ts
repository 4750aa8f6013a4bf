/** How far a loop is: one line that is redrawn on a terminal, a line each tenth elsewhere. */
import { withDefaults } from "../graph/options.ts";

/** How a progress line looks. */
export interface ProgressState {
  /** Stands first. */
  readonly label: string;
  /** Steps done. */
  readonly done: number;
  /** Steps in all. */
  readonly total: number;
  /** What is counted: stands in the rate, `812 examples/s`. */
  readonly unit: string;
  /** Steps a second; 0 while it is not known. */
  readonly rate: number;
  /** Seconds since the start. */
  readonly seconds: number;
  /** Shown as they are: the loss of this step. */
  readonly values: Readonly<Record<string, number>>;
}

/** Where progress goes. */
export interface ProgressOutput {
  /** Redraw one line, instead of writing one now and then. */
  readonly terminal: boolean;
  /** Columns of the terminal at this moment. */
  columns(): number;
  /** Writes at once. */
  write(text: string): void;
  /** The time in milliseconds. */
  now(): number;
}

/** Options of {@linkcode progress}. */
export interface ProgressOptions {
  /** Stands before the bar. */
  readonly label?: string;
  /** What is counted, such as "examples". */
  readonly unit?: string;
  /** By default the standard error output. */
  readonly output?: ProgressOutput;
}

/** A running display. */
export interface Progress {
  /** `count` more are done (one, if not given); `values` are shown beside the rate. */
  step(values?: Readonly<Record<string, number>>, count?: number): void;
  /** Writes a line that stays. */
  note(text: string): void;
  /** Ends the line. */
  end(): void;
}

/** At most ten redraws a second: a display must not cost what it measures. */
const INTERVAL = 100;

/**
 * Shows the progress of `total` steps.
 *
 * ```ts
 * import { progress } from "damo";
 * const bar = progress(3, { label: "epoch 1" });
 * for (let i = 0; i < 3; i++) bar.step({ loss: 1 / (i + 1) });
 * bar.end();
 * ```
 */
export function progress(
  total: number,
  options: ProgressOptions = {},
): Progress {
  const { label, unit, output = standardError() } = withDefaults(
    "show progress",
    options,
    { label: "", unit: "", output: undefined },
  );
  const start = output.now();
  let done = 0, shown = -Infinity, tenth = 0;
  let values: Readonly<Record<string, number>> = {};
  // The first step compiles: the rate is that of the steps behind it.
  let first: { readonly done: number; readonly time: number } | undefined;
  const state = (): ProgressState => {
    const now = output.now(), seconds = (now - start) / 1000;
    const rate = first && done > first.done
      ? 1000 * (done - first.done) / (now - first.time)
      : done / seconds;
    return {
      label,
      done,
      total,
      unit,
      rate: Number.isFinite(rate) ? rate : 0,
      seconds,
      values,
    };
  };
  const draw = () => {
    shown = output.now();
    output.write(`\r${renderProgress(state(), output.columns() - 1)}\x1b[K`);
  };
  return {
    step(next = {}, count = 1) {
      done += count;
      values = next;
      first ??= { done, time: output.now() };
      if (output.terminal) {
        if (output.now() - shown >= INTERVAL) draw();
      } else if (Math.floor(10 * done / total) > tenth) {
        tenth = Math.floor(10 * done / total);
        output.write(`${renderProgress(state(), Infinity)}\n`);
      }
    },
    note(text) {
      output.write(output.terminal ? `\r${text}\x1b[K\n` : `${text}\n`);
      if (output.terminal) draw();
    },
    end() {
      if (!output.terminal) return;
      draw();
      output.write("\n");
    },
  };
}

function standardError(): ProgressOutput {
  const encoder = new TextEncoder();
  return {
    terminal: Deno.stderr.isTerminal(),
    columns() {
      try {
        return Deno.consoleSize().columns;
      } catch {
        return 80;
      }
    },
    write: (text) => void Deno.stderr.writeSync(encoder.encode(text)),
    now: () => performance.now(),
  };
}

/** The longest bar, and the shortest that still says something. */
const LONGEST = 30, SHORTEST = 8;

/**
 * One line of at most `width` columns: `epoch 1 ████▌     45 % 450/1000 loss 0.123 812/s 0:12 left`.
 *
 * As the width shrinks, the bar does, then the rate, the count, the time left,
 * the bar and the values go, in this order; what remains is cut.
 */
export function renderProgress(state: ProgressState, width: number): string {
  const { label, done, total, unit, rate, seconds, values } = state;
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const parts = {
    label,
    bar: "",
    percent: `${Math.floor(100 * share)} %`,
    count: `${Number(done.toFixed(2))}/${Number(total.toFixed(2))}`,
    values: Object.entries(values).map(([name, value]) =>
      `${name} ${Number(value.toPrecision(4))}`
    ).join(" "),
    rate: rate > 0 ? `${describeRate(rate)}${unit && ` ${unit}`}/s` : "",
    left: done >= total
      ? duration(seconds)
      : rate > 0
      ? `${duration((total - done) / rate)} left`
      : "",
  };
  const line = () =>
    Object.values(parts).filter((part) => part !== "").join(" ");
  const room = () => Math.min(LONGEST, width - line().length - 1);
  for (const part of ["rate", "count", "left"] as const) {
    if (room() >= SHORTEST) break;
    parts[part] = "";
  }
  if (room() >= SHORTEST && width !== Infinity) parts.bar = bar(share, room());
  if (line().length > width) parts.values = "";
  return line().slice(0, Math.max(0, width));
}

/** A bar with eighths of a column. */
function bar(share: number, columns: number): string {
  const eighths = Math.round(share * columns * 8);
  const part = " ▏▎▍▌▋▊▉"[eighths % 8]!.trim();
  return ("█".repeat(Math.floor(eighths / 8)) + part).padEnd(columns);
}

function describeRate(rate: number): string {
  if (rate >= 1e6) return `${(rate / 1e6).toPrecision(3)}M`;
  if (rate >= 1e4) return `${(rate / 1e3).toPrecision(3)}k`;
  return rate >= 100 ? rate.toFixed(0) : String(Number(rate.toPrecision(3)));
}

/** `0:09`, `12:34` or `1:02:03`. */
function duration(seconds: number): string {
  const total = Math.round(seconds);
  const pad = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [
    Math.floor(total / 3600),
    Math.floor(total / 60) % 60,
    total % 60,
  ];
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}
