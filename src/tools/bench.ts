/** The measurements of bench/: runs them and prints tables. */
import { openStore } from "../build/store.ts";
import { findCompiler } from "../build/toolchain.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** Files that print a JSON line a measurement. */
const MICRO = [
  "bench/micro/calls.ts",
  "bench/micro/startup.ts",
  "bench/micro/elementwise.ts",
  "bench/micro/reductions.ts",
] as const;

/** Runs every measurement; `words` are for the paper's figure. Returns the exit code. */
export function bench(words: readonly string[]): number {
  for (const file of MICRO) {
    console.log(`${file}\n`);
    table(measure(file)).forEach((line) => console.log(line));
    console.log();
  }
  console.log("bench/paper/figure1.ts\n");
  return inSight(Deno.execPath(), [
    "run",
    "-A",
    "-q",
    `${ROOT}bench/paper/figure1.ts`,
    "--fresh",
    ...words,
  ]);
}

/** A measurement, as a file prints it. */
interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly [value: string]: string | number;
}

/** What a file measured; null if it failed. */
function measure(file: string): Measured[] | null {
  const { success, stdout } = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", `${ROOT}${file}`],
    stderr: "inherit",
  }).outputSync();
  if (!success) return null;
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) =>
    JSON.parse(line)
  );
}

function table(rows: readonly Measured[] | null): string[] {
  if (rows === null) return ["n/a (it failed)"];
  const width = Math.max(...rows.map(({ name }) => name.length));
  return rows.map(({ name, unit, ...values }) => {
    const numbers = Object.entries(values).map(([what, value]) =>
      `${what === "value" ? "" : `${what} `}${String(value).padStart(9)}`
    );
    return `${name.padEnd(width)}  ${numbers.join("  ")} ${unit}`;
  });
}

/** Measures the worst error of each function of csrc/vector_math.h, compiled as kernels are. Returns the exit code. */
export function accuracy(words: readonly string[]): number {
  const { command: [program, ...rest], flags } = findCompiler(openStore());
  const directory = Deno.makeTempDirSync({ prefix: "damo-accuracy-" });
  const source = `${ROOT}bench/micro/accuracy.c`, made = `${directory}/run`;
  const args = [...rest, ...flags, "-fopenmp", source, "-o", made, "-lm"];
  try {
    return inSight(program!, args) || inSight(made, words);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Runs a program in sight of the user; its exit code. */
function inSight(program: string, args: readonly string[]): number {
  return new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).outputSync().code;
}
