/** What the measurements of bench/micro have in common: the fastest of many runs, threads, and a line of JSON each. */

/** Milliseconds of the fastest of so many runs. */
export function fastestOf(runs: number, run: () => void): number {
  let least = Infinity;
  for (let k = 0; k < runs; k++) least = Math.min(least, timeOf(run));
  return least;
}

/** Milliseconds of the fastest of the runs that fit into so many, after one that does not count. */
export function fastestWithin(milliseconds: number, run: () => void): number {
  let least = Infinity;
  run();
  const end = performance.now() + milliseconds;
  while (performance.now() < end) least = Math.min(least, timeOf(run));
  return least;
}

function timeOf(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/** The numbers of threads that the words of a command line name; a quick run takes one. */
export function threadsWanted(
  { _: words, quick }: {
    readonly _: readonly (string | number)[];
    readonly quick: boolean;
  },
): readonly number[] {
  if (words.length > 0) return words.map(Number);
  return quick ? [1] : [1, 2];
}

/** `2 threads`. */
export function describeThreads(threads: number): string {
  return `${threads} thread${threads > 1 ? "s" : ""}`;
}

/** A measurement: a value, and what goes with it. */
export interface Measured {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly [more: string]: string | number;
}

/** Prints a measurement for `deno task bench`, its numbers with so many digits. */
export function report(measured: Measured, digits = 3): void {
  console.log(JSON.stringify(
    measured,
    (_, value) =>
      typeof value === "number" && !Number.isInteger(value)
        ? Number(value.toPrecision(digits))
        : value,
  ));
}
