/**
 * One cell of Figure 1, measured by this process: prints it as JSON.
 *
 *   deno run -A bench/paper/figure1_cell.ts mlp/10/1 --pairs 15 --others 3 --budget 400 --limit DIR
 *
 * A round runs both C programs, then each row of the ladder; a ratio compares
 * what was measured in the same round. `--pairs` rounds measure the last row,
 * the first `--others` of them the other rows too.
 */
import { parseArgs } from "@std/cli";
import * as damo from "damo";
import { coresFor, runLimit } from "./limit.ts";
import type { Access, Cell, Row, Variant } from "./figure1_result.ts";
import { rateOf, spread } from "./measure.ts";
import { archOf, buildStep, type Form, Start, type Step } from "./networks.ts";

/** Losses of the same step differ by rounding only: float32 sums in another order, a hundred steps on. */
const TOLERANCE = 1e-3;

/** Steps whose losses are compared. */
const CHECKED = 100;

interface Runner {
  readonly access: Access;
  readonly step: Row["step"];
  run(n: number): void;
}

function main(): void {
  const args = parseArgs(Deno.args, {
    string: ["limit"],
    default: { pairs: 15, others: 3, budget: 400 },
  });
  const cell = String(args._[0]);
  const [net, batch, threads] = cell.split("/") as [string, string, string];
  const cores = coresFor(Number(threads));
  const limit = (variant: Variant, ...more: readonly string[]) =>
    runLimit(
      args.limit!,
      "mlp",
      [archOf(net), batch, threads, variant, ...more],
      cores,
    );
  const { runners, losses, drift, kernels } = prepare(
    net,
    Number(batch),
    Number(threads),
  );
  const variants: readonly Variant[] = ["blas", "hand"];
  for (const variant of variants) {
    const said = limit(variant, String(CHECKED));
    losses[`c ${variant}`] = Number(/([\d.]+)\s*$/.exec(said)![1]);
  }
  const rates = new Map<Runner | Variant, number[]>();
  const take = (of: Runner | Variant, rate: number) => {
    rates.set(of, [...rates.get(of) ?? [], rate]);
  };
  for (let round = 0; round < args.pairs; round++) {
    for (const variant of variants) {
      take(variant, JSON.parse(limit(variant)).value as number);
    }
    for (const runner of runners) {
      if (runner !== runners.at(-1) && round >= args.others) continue;
      take(runner, rateOf(runner.run, Number(batch), args.budget));
    }
  }
  const all = Object.values(losses);
  const difference = Math.max(drift, Math.max(...all) - Math.min(...all));
  const result: Cell = {
    cell,
    rows: runners.map((runner) => {
      const own = rates.get(runner)!;
      const ratioTo = (variant: Variant) =>
        spread(own.map((rate, k) => rate / rates.get(variant)![k]!));
      return {
        access: runner.access,
        step: runner.step,
        rate: spread(own),
        ratio: { blas: ratioTo("blas"), hand: ratioTo("hand") },
        pairs: own.length,
      };
    }),
    limit: {
      blas: spread(rates.get("blas")!),
      hand: spread(rates.get("hand")!),
    },
    losses,
    difference,
    ...!(difference <= TOLERANCE) &&
      { void: `losses differ by ${difference.toExponential(1)}` },
    kernels,
  };
  console.log(JSON.stringify(result));
}

/** Builds every function of the ladder, and takes the losses of its first steps. */
function prepare(net: string, batch: number, threads: number) {
  const start = new Start(net);
  const losses: Record<string, number> = {};
  const build = (form: Form, linker: "cvm" | "cvm_nogc") => {
    const mode = { linker, openmp: threads };
    const step = buildStep(net, batch, form, start, mode);
    let sum = 0;
    for (let k = 0; k < CHECKED; k++) sum += step.call();
    losses[`${form} ${linker}`] = sum / CHECKED;
    return step;
  };
  const { f, call } = build("position", "cvm_nogc");
  const { compiled, fromCache } = damo.kernelStatistics;
  const calls = (step: Step, trust: boolean) => (n: number) => {
    step.f.trustInput = trust;
    for (let k = 0; k < n; k++) step.call();
  };
  const ladder = (access: Access): Runner[] => {
    const plain = build(access, "cvm"), kept = build(access, "cvm_nogc");
    return [
      { access, step: "default", run: calls(plain, false) },
      { access, step: "cvm_nogc", run: calls(kept, false) },
      { access, step: "trustInput", run: calls(kept, true) },
    ];
  };
  // A twin that is called a hundred times more, and one fn(nCalls): the same steps leave the same weights.
  const twin = buildStep(net, batch, "position", start, { openmp: threads });
  for (let k = 0; k < 2 * CHECKED - 1; k++) twin.call();
  f.fn(CHECKED - 1);
  const drift = Math.abs(call() - twin.call());
  f.trustInput = true;
  const runners: readonly Runner[] = [
    ...ladder("explicit"),
    ...ladder("index"),
    {
      access: "index",
      step: "fn()",
      run: (n) => {
        for (let k = 0; k < n; k++) f.fn();
      },
    },
    { access: "index", step: "fn(nCalls)", run: (n) => void f.fn(n) },
  ];
  return { runners, losses, drift, kernels: compiled + fromCache };
}

main();
