/** How a rate is taken, and what many of them say. */

/** A median with its quartiles. */
export interface Spread {
  readonly median: number;
  readonly quartiles: readonly [low: number, high: number];
}

/** What stands for the measured values. */
export function spread(values: readonly number[]): Spread {
  return {
    median: quantile(values, 0.5),
    quartiles: [quantile(values, 0.25), quantile(values, 0.75)],
  };
}

/** The value below which a share `q` of the values lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = q * (sorted.length - 1), low = Math.floor(at);
  const below = sorted[low]!, above = sorted[low + 1] ?? below;
  return below + (at - low) * (above - below);
}

/**
 * The best rate of many blocks of about 4 ms, as `measure` of
 * `limit/common.h` takes it: `work` a step, `run(n)` makes n steps; the time
 * is in milliseconds.
 */
export function rateOf(
  run: (n: number) => void,
  work: number,
  budget = 400,
): number {
  run(1);
  let per = Infinity;
  for (
    let k = 0, start = performance.now();
    k < 3 || performance.now() - start < budget / 4;
    k++
  ) {
    const t = performance.now();
    run(1);
    per = Math.min(per, performance.now() - t);
  }
  const n = Math.max(1, Math.floor(4 / Math.max(per, 1e-4)));
  let best = Infinity;
  for (
    let k = 0, start = performance.now();
    k < 7 || performance.now() - start < budget;
    k++
  ) {
    const t = performance.now();
    run(n);
    best = Math.min(best, (performance.now() - t) / n);
  }
  return work / (best * 1e-3);
}
