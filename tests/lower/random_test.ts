import { assert } from "@std/assert";
import { MODES, stats, tryGraph } from "./compare.ts";

MODES.forEach((mode, m) =>
  Deno.test(`random graphs give what they mean: ${JSON.stringify(mode)}`, () => {
    for (let seed = 1 + 1000 * m; seed <= 1000 * m + 70; seed++) {
      try {
        tryGraph(seed, mode);
      } catch (error) {
        if (error instanceof Error) {
          error.message = `seed ${seed}: ${error.message}`;
        }
        throw error;
      }
    }
  })
);

Deno.test("large random graphs: blocks in blocks, loops in blocks", () => {
  // 20219: a block in the body of a loop in a block. 1392, 1625: invariants of a loop that is itself invariant.
  tryGraph(20219, MODES[0]!, { size: 4 });
  tryGraph(1392, MODES[0]!);
  tryGraph(1625, MODES[0]!);
  for (let seed = 1; seed <= 8; seed++) {
    tryGraph(seed, MODES[seed % 4]!, { size: 4 });
  }
});

Deno.test("the random graphs had everything in them", () => {
  for (const [what, n] of Object.entries(stats)) assert(n > 3, `${what}: ${n}`);
});
