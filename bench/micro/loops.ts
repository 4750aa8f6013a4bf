/**
 * What loops cost besides the work in them.
 *
 *   deno run -A bench/micro/loops.ts [--quick]
 *
 * Another kernel of one element in a step (the slope between 1 and 16 of
 * them), a step of one kernel, and an entry into a loop that stands in another.
 * Best of many blocks.
 */
import * as damo from "damo";
import { fastestOf, report } from "../measured.ts";

/** A quick run takes fewer blocks. */
const BLOCKS = Deno.args.includes("--quick") ? 10 : 60;

/** Every op is a kernel of its own, where it was written. */
const apart = new damo.Mode({ optimizer: "none" });

/** Nanoseconds of the fastest block. */
function best(run: () => void): number {
  return fastestOf(BLOCKS, run) * 1e6;
}

function show(name: string, value: number): void {
  report({ name, value, unit: "ns" }, 4);
}

const STEPS = 20000;
const start = damo.vector("start"), one = damo.array(new Float32Array(1));

/** A loop of steps that add 1 to one element, `kernels` times each; in nanoseconds a step. */
function steps(kernels: number, mode: damo.FunctionOptions["mode"]): number {
  const [last] = damo.scan((h) => {
    let y = h;
    for (let k = 0; k < kernels; k++) y = y.add(1);
    return y;
  }, { outputsInfo: start, nSteps: STEPS });
  const f = damo.function([start], last, { mode });
  f(one);
  return best(() => f.fn()) / STEPS;
}

for (
  const [linker, mode] of [
    ["cvm", apart],
    ["c", new damo.Mode({ linker: "c", optimizer: "none" })],
  ] as const
) {
  const [few, many] = [1, 16].map((kernels) => steps(kernels, mode));
  show(`${linker}: another kernel in a step`, (many! - few!) / 15);
  show(`${linker}: a step of one kernel`, few!);
}

/** A loop over `inner` rows in each step of another, or none; in nanoseconds a step of the outer one. */
const ROUNDS = 5000, x = damo.vector("x");
function rounds(inner: number | null): number {
  const [rows] = damo.scan((h) => {
    const y = h.add(1);
    return inner === null ? y : damo.reduce((r, z) => z.add(r), x, [y])[0];
  }, { outputsInfo: start, nSteps: ROUNDS });
  const f = damo.function([start, x], rows as damo.Variable, {
    mode: apart,
    onUnusedInput: "ignore",
  });
  f(one, damo.array(new Float32Array(inner ?? 0)));
  return best(() => f.fn()) / ROUNDS;
}

const [none, entered, once] = [null, 0, 1].map(rounds);
show("an entry into a loop, for no step", entered! - none!);
show("an entry into a loop, for one step", once! - none!);
