/** The measurements of bench/: runs them, prints tables, keeps the numbers. */
import { describeMachine } from "./machine.ts";
import { inSight } from "./process.ts";
import { renderTable, terminalColumns } from "./table.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const RESULTS = `${ROOT}bench/results`;

/** A measurement, as a file of bench/micro prints it: a JSON line. */
interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly [value: string]: string | number;
}

/**
 * Runs what bench/micro and bench/paper hold: every file of the one, every
 * figure of the other; both are found by their names.
 *
 * Names choose some (`calls`, `figure1`); options and what follows them are for
 * the files; each knows `--quick`. Returns the exit code.
 */
export function bench(words: readonly string[]): number {
  const micro = modulesIn("micro", /^/),
    figures = modulesIn("paper", /^figure\d+$/),
    names = [...micro, ...figures];
  const first = words.findIndex((word) => word.startsWith("-"));
  const isName = (word: string, i: number) =>
    names.includes(word) || first < 0 || i < first;
  const chosen = words.filter(isName),
    options = words.filter((word, i) => !isName(word, i));
  const isChosen = (name: string) =>
    chosen.length === 0 || chosen.includes(name);
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    console.error(
      `Cannot measure ${unknown}: there are ${names.join(", ")}`,
    );
    return 2;
  }
  let code = 0;
  const quick = options.includes("--quick");
  for (const name of micro.filter(isChosen)) {
    console.log(`bench/micro/${name}.ts\n`);
    const rows = measure(name, quick ? ["--quick"] : []);
    if (rows === null) code = 1;
    console.log(`${tableOf(rows)}\n`);
    if (rows === null) continue;
    const path = `${RESULTS}/${name}${quick ? "-quick" : ""}.json`;
    keep(path, { name, machine: describeMachine(), measured: rows });
    console.log(`Numbers: ${path}\n`);
  }
  for (const name of figures.filter(isChosen)) {
    console.log(`bench/paper/${name}.ts`);
    const file = `${ROOT}bench/paper/${name}.ts`;
    const args = ["run", "-A", "-q", file, `--out=${RESULTS}`, ...options];
    code = inSight(Deno.execPath(), args) || code;
  }
  return code;
}

/** The modules of a folder of bench/ whose names match, in their order. */
function modulesIn(folder: string, pattern: RegExp): string[] {
  return Array.from(Deno.readDirSync(`${ROOT}bench/${folder}`))
    .filter(({ name }) => name.endsWith(".ts"))
    .map(({ name }) => name.slice(0, -3))
    .filter((name) => pattern.test(name)).sort();
}

/** What a file measured; null if it failed. */
function measure(name: string, options: readonly string[]): Measured[] | null {
  // What holds OpenBLAS back is no part of a measurement.
  const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _size, ...env } = Deno.env
    .toObject();
  const file = `${ROOT}bench/micro/${name}.ts`;
  const { success, stdout } = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", file, ...options],
    clearEnv: true,
    env,
    stderr: "inherit",
  }).outputSync();
  if (!success) return null;
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) =>
    JSON.parse(line)
  );
}

/** A line a measurement, with a column for everything that any of them has. */
function tableOf(rows: readonly Measured[] | null): string {
  if (rows === null) return "n/a (it failed)";
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))]
    .filter((key) => key !== "name" && key !== "unit");
  const cells = rows.map(({ name, unit, ...values }) => [
    name,
    ...keys.map((key) => String(values[key] ?? "")),
    unit,
  ]);
  const header = keys.some((key) => key !== "value");
  const lines = [...header ? [["", ...keys, "unit"]] : [], ...cells];
  return renderTable(lines, { width: terminalColumns(), header }).join("\n");
}

function keep(path: string, results: unknown): void {
  Deno.mkdirSync(RESULTS, { recursive: true });
  Deno.writeTextFileSync(path, `${JSON.stringify(results, null, 1)}\n`);
}
