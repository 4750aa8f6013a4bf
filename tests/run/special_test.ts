/** Special functions as compiled: as accurate as promised in float64, and correctly rounded but for two units in float32. */
import { assert } from "@std/assert";
import * as damo from "damo";
import { PROMISES } from "../ops/special_promises.ts";
import { SPECIAL_VALUES } from "../ops/special_values.ts";

const NAMES: Readonly<Record<string, string>> = {
  digamma: "psi",
  trigamma: "triGamma",
};

/** The values of a function at points, in a dtype. */
function values(
  name: string,
  points: readonly (readonly number[])[],
  dtype: "float32" | "float64",
): number[] {
  const op = (damo as unknown as Record<
    string,
    (...x: damo.Variable[]) => damo.Variable
  >)[NAMES[name] ?? name]!;
  const columns = points[0]!.map((_, k) =>
    damo.array(points.map((p) => p[k]!), { dtype })
  );
  const x = columns.map(() => damo.tensor(dtype, [null]));
  const f = damo.function(x, op(...x), { allowInputDowncast: true });
  const y = f(...columns) as damo.NDArray;
  f.free();
  return [...y.flat()].map(Number);
}

for (const [name, rows] of Object.entries(SPECIAL_VALUES)) {
  Deno.test(`${name}, compiled, keeps its promise`, () => {
    const { units, scale } = PROMISES[name]!, points = rows.map(([x]) => x);
    values(name, points, "float64").forEach((found, i) => {
      const [x, want] = rows[i]!,
        size = Math.max(Math.abs(want), scale?.(...x) ?? 0);
      const off = Math.abs(found - want) / size / 2 ** -52;
      assert(off <= units, `${name}(${x}) is ${found}, not ${want}: ${off}`);
    });
    const narrow = points.map((x) => x.map(Math.fround)),
      exact = values(name, narrow, "float64");
    values(name, narrow, "float32").forEach((found, i) => {
      const want = Math.fround(exact[i]!);
      const same = Object.is(found, want) ||
        Math.abs(found - want) <= 2 ** -22 * Math.abs(want);
      assert(same, `${name}(${narrow[i]}) is ${found}, not ${want}`);
    });
  });
}
