/**
 * How near to `bench/paper/limit/conv.c` convolutions run.
 *
 *   deno run -A bench/micro/conv.ts [--quick] [threads]
 *
 * 64 images of 3 x 32 x 32 with 32 filters of 5 x 5, float32: forward, and
 * forward with both gradients, with one and two threads; microseconds a call,
 * and the share of what the C program's direct loops reach. Best of many calls.
 */
import { parseArgs } from "@std/cli";
import * as damo from "damo";
import { buildLimit, coresFor, runLimit } from "../paper/limit.ts";
import {
  describeThreads,
  fastestWithin,
  report,
  threadsWanted,
} from "../measured.ts";

const args = parseArgs(Deno.args, { boolean: ["quick"] });
const TURNS = args.quick ? 1 : 3, MILLISECONDS = 300;
const limit = buildLimit(["conv"]);
if ("reason" in limit) console.error(`No limit: ${limit.reason}`);

const IMAGES = [64, 3, 32, 32], FILTERS = [32, 3, 5, 5];
const rng = new damo.RandomState(1);
const x = damo.shared(rng.uniform(-0.5, 0.5, IMAGES).astype("float32")),
  w = damo.shared(rng.uniform(-0.5, 0.5, FILTERS).astype("float32")),
  g = damo.shared(rng.uniform(-0.5, 0.5, [64, 32, 28, 28]).astype("float32"));
const y = damo.conv2d(x, w, { filterFlip: false });

/** What is computed, by the name that the C program prints. */
const CASES: { readonly [name: string]: readonly damo.Variable[] } = {
  "conv2d-fwd-64x3x32x32-32x5x5": [y],
  "conv2d-fwd+grads-64x3x32x32-32x5x5": [
    y,
    damo.conv2dGradWrtInputs(g, w, IMAGES, { filterFlip: false }),
    damo.conv2dGradWrtWeights(x, g, FILTERS, { filterFlip: false }),
  ],
};

for (const threads of threadsWanted(args)) {
  // The results go to shared variables, as they do in the C program.
  const runs = Object.values(CASES).map((outputs) =>
    damo.function([], null, {
      updates: outputs.map((v) =>
        [
          damo.shared(damo.zeros([1, 1, 1, 1]), {
            shape: [null, null, null, null],
          }),
          v,
        ] as const
      ),
      mode: new damo.Mode({ openmp: threads }),
    })
  );
  const least = runs.map(() => Infinity);
  for (let turn = 0; turn < TURNS; turn++) {
    runs.forEach((f, k) =>
      least[k] = Math.min(least[k]!, fastestWithin(MILLISECONDS, () => f.fn()))
    );
  }
  const roofs = limits(threads);
  Object.keys(CASES).forEach((name, k) => {
    const roof = roofs.get(name), value = least[k]! * 1e3;
    report({
      name: `${name}, ${describeThreads(threads)}`,
      value,
      unit: "us/call",
      ...(roof && { limit: roof, share: roof / value }),
    });
  });
}

/** Microseconds of the C program, by name. */
function limits(threads: number): Map<string, number> {
  if (!("path" in limit)) return new Map();
  const lines = runLimit(
    limit.path,
    "conv",
    [String(threads), "direct"],
    coresFor(threads),
  ).trim().split("\n").map((text) => JSON.parse(text));
  return new Map(lines.map(({ bench, name, best }) => [bench ?? name, best]));
}
