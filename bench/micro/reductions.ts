/**
 * How near to the memory's bandwidth reductions run.
 *
 *   deno run -A bench/micro/reductions.ts [threads]
 *
 * Sums, largest elements and means of float32 over everything, along rows and
 * along columns, with one and two threads: gigabytes read a second, and the
 * share of what `limit/roof.c` reads, measured before and after. Best of many
 * calls.
 */
import * as damo from "damo";
import { buildLimit, runLimit } from "../paper/limit.ts";

const MILLISECONDS = 250, BYTES = 4;
const limit = buildLimit(["roof"]);
if ("reason" in limit) console.error(`No limit: ${limit.reason}`);

/** What is reduced, and how. */
const CASES: readonly {
  readonly name: string;
  readonly shape: readonly number[];
  readonly of: (x: damo.Variable) => damo.Variable;
}[] = [
  { name: "sum of 1e7", shape: [1e7], of: (x) => damo.sum(x) },
  { name: "max of 1e7", shape: [1e7], of: (x) => damo.max(x) },
  { name: "mean of 1e7", shape: [1e7], of: (x) => damo.mean(x) },
  { name: "sum of exp of 1e7", shape: [1e7], of: (x) => damo.sum(damo.exp(x)) },
  {
    name: "sum of rows of 4096 x 4096",
    shape: [4096, 4096],
    of: (x) => damo.sum(x, { axis: 1 }),
  },
  {
    name: "max of rows of 4096 x 4096",
    shape: [4096, 4096],
    of: (x) => damo.max(x, { axis: 1 }),
  },
  {
    name: "sum of columns of 4096 x 4096",
    shape: [4096, 4096],
    of: (x) => damo.sum(x, { axis: 0 }),
  },
  {
    name: "max of columns of 4096 x 4096",
    shape: [4096, 4096],
    of: (x) => damo.max(x, { axis: 0 }),
  },
];

for (const threads of Deno.args.length ? Deno.args.map(Number) : [1, 2]) {
  const before = bandwidth(threads);
  const found = CASES.map((c) => ({ ...c, ...measure(c, threads) }));
  const roof = Math.max(before, bandwidth(threads));
  for (const { name, value } of found) {
    console.log(JSON.stringify({
      name: `${name}, ${threads} thread${threads > 1 ? "s" : ""}`,
      value: Number(value.toPrecision(3)),
      unit: "GB/s",
      ...(roof && {
        limit: Number(roof.toPrecision(3)),
        share: Number((value / roof).toPrecision(3)),
      }),
    }));
  }
}

function measure(
  { shape, of }: typeof CASES[number],
  threads: number,
): { readonly value: number } {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = new damo.RandomState(1).uniform(-1, 1, shape);
  const f = damo.function([], of(damo.shared(values)), {
    mode: new damo.Mode({ openmp: threads }),
  });
  f.fn();
  let least = Infinity;
  const end = performance.now() + MILLISECONDS;
  while (performance.now() < end) {
    const start = performance.now();
    f.fn();
    least = Math.min(least, performance.now() - start);
  }
  f.free();
  return { value: size * BYTES / least / 1e6 };
}

/** Gigabytes a second that threads read of 64 MiB; 0 if it cannot be measured. */
function bandwidth(threads: number): number {
  if (!("path" in limit)) return 0;
  return JSON.parse(
    runLimit(limit.path, "roof", [String(threads), "read", "65536"]),
  ).best;
}
