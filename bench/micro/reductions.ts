/**
 * How near to the memory's bandwidth reductions run.
 *
 *   deno run -A bench/micro/reductions.ts [--quick] [threads]
 *
 * Sums, largest elements and means of float32 over everything, along rows and
 * along columns, with one and two threads: gigabytes read a second, and the
 * share of what `limit/roof.c` reads, measured before and after. Best of many
 * calls.
 */
import { parseArgs } from "@std/cli";
import * as damo from "damo";
import { buildLimit, runLimit } from "../paper/limit.ts";
import {
  describeThreads,
  fastestWithin,
  report,
  threadsWanted,
} from "../measured.ts";

const args = parseArgs(Deno.args, { boolean: ["quick"] });
const TURNS = args.quick ? 1 : 3, MILLISECONDS = 100, BYTES = 4;
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

const values = new Map(
  CASES.map(({ shape }) => [
    shape.join(),
    damo.shared(new damo.RandomState(1).uniform(-1, 1, shape)),
  ]),
);

for (const threads of threadsWanted(args)) {
  const runs = CASES.map(({ shape, of }) =>
    damo.function([], of(values.get(shape.join())!), {
      mode: new damo.Mode({ openmp: threads }),
    })
  );
  const before = bandwidth(threads), least = runs.map(() => Infinity);
  for (let turn = 0; turn < TURNS; turn++) {
    runs.forEach((f, k) =>
      least[k] = Math.min(least[k]!, fastestWithin(MILLISECONDS, () => f.fn()))
    );
  }
  const roof = Math.max(before, bandwidth(threads));
  CASES.forEach(({ name, shape }, k) => {
    const size = shape.reduce((a, b) => a * b, 1),
      value = size * BYTES / least[k]! / 1e6;
    report({
      name: `${name}, ${describeThreads(threads)}`,
      value,
      unit: "GB/s",
      ...(roof && { limit: roof, share: value / roof }),
    });
  });
}

/** Gigabytes a second that threads read of 64 MiB; 0 if it cannot be measured. */
function bandwidth(threads: number): number {
  if (!("path" in limit)) return 0;
  return JSON.parse(
    runLimit(limit.path, "roof", [String(threads), "read", "65536"]),
  ).best;
}
