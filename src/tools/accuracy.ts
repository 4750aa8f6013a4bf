/** How accurate functions of floats are: csrc/vector_math.h against libm one precision up, special functions against values in 40 digits. */
import { array, type NDArray } from "../graph/ndarray.ts";
import type { Variable } from "../graph/variable.ts";
import { function as compile } from "../compile.ts";
import { openStore } from "../build/store.ts";
import { findCompiler } from "../build/toolchain.ts";
import { tensor } from "../ops/inputs.ts";
import * as operations from "../ops/operations.ts";
import { inSight } from "./process.ts";
import { errorOf, narrowErrorOf } from "./special_promises.ts";
import { type Known, knownValues } from "./special_values.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A result that is farther from its value, in ulp, than any other. */
export interface Worst {
  /** As a part of what is promised there. */
  readonly part: number;
  readonly ulp: number;
  readonly x: readonly number[];
}

/**
 * Measures every function, compiled as kernels are, and prints a line each:
 * name, dtype, the worst error in ulp and where, and what is promised if that
 * is broken. Returns the exit code.
 */
export function accuracy(words: readonly string[]): number {
  const code = vectorMath(words);
  return specialFunctions() ? code : 1;
}

function vectorMath(words: readonly string[]): number {
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

/** True if all promises are kept. */
function specialFunctions(): boolean {
  let kept = true;
  for (const [name, known] of Object.entries(knownValues())) {
    for (const dtype of ["float32", "float64"] as const) {
      const { part, ulp, x } = worstOf(name, known, dtype);
      const short = dtype === "float32" ? "f32" : "f64";
      const broken = part > 1 ? `  promised ${(ulp / part).toFixed(2)}` : "";
      kept &&= part <= 1;
      console.log(
        `${name.padEnd(12)} ${short} ${ulp.toFixed(4).padStart(8)}  ${
          x.join(", ")
        }${broken}`,
      );
    }
  }
  return kept;
}

/**
 * The worst result of a function at known points. float32 is measured against
 * float64 at arguments rounded to float32, which is known to be closer.
 */
export function worstOf(
  name: string,
  known: readonly Known[],
  dtype: "float32" | "float64",
): Worst {
  const narrow = dtype === "float32";
  const points = known.map(({ x }) => narrow ? x.map(Math.fround) : x);
  const found = computed(name, points, dtype),
    exact = narrow ? computed(name, points, "float64") : null;
  let worst: Worst = { part: -1, ulp: 0, x: [] };
  points.forEach((x, i) => {
    const value = exact ? exact[i]! : known[i]!.value;
    if (narrow && !isNormal(value)) return;
    const { ulp, allowed } = narrow
      ? narrowErrorOf(name, found[i]!, { x, value })
      : errorOf(name, found[i]!, known[i]!);
    const part = ulp / allowed;
    if (!(part <= worst.part)) worst = { part, ulp, x };
  });
  return worst;
}

/** The values of a function at points, as it is compiled. */
function computed(
  name: string,
  points: readonly (readonly number[])[],
  dtype: "float32" | "float64",
): number[] {
  const f = (operations as unknown as Record<
    string,
    (...x: Variable[]) => Variable
  >)[name]!;
  const columns = points[0]!.map((_, k) =>
    array(points.map((x) => x[k]!), { dtype })
  );
  const x = columns.map(() => tensor(dtype, [null]));
  const compiled = compile(x, f(...x));
  const y = compiled(...columns) as NDArray;
  compiled.free();
  return [...y.flat()].map(Number);
}

/** True for what float32 holds with all its digits. */
function isNormal(x: number): boolean {
  return Math.abs(x) >= 2 ** -126 && Math.abs(x) < 2 ** 127;
}
