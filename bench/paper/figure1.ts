/**
 * Figure 1 of the paper: one step of stochastic gradient descent on three
 * networks, against C that calls OpenBLAS (`limit/mlp.c`, variant blas).
 *
 *   deno run -A bench/paper/figure1.ts [--cell mlp/10] [--pairs 15] [--out FILE] [--fresh]
 *
 * Each cell is one process of Damo: it alternates between a C process and its
 * own fn(nCalls), pinned to one core, and reports the median ratio of the
 * pairs with its quartiles. Finished cells are kept in the output file, so
 * that an interrupted run goes on where it stopped.
 */
import { parseArgs } from "@std/cli";
import * as damo from "damo";
import { buildLimit, quietEnvironment, runLimit, Xorshift } from "./limit.ts";

const NETS = {
  logistic: { arch: "logreg", hidden: [] },
  mlp: { arch: "mlp500", hidden: [500] },
  deep: { arch: "mlp1000x3", hidden: [1000, 1000, 1000] },
} as const;
const BATCHES = [1, 10, 60] as const;
const EXAMPLES = 600, INPUTS = 784, RATE = 0.01, TOLERANCE = 1e-3;

interface Cell {
  readonly cell: string;
  readonly ratio: number;
  readonly quartiles: readonly [number, number];
  /** Examples a second: medians of both sides. */
  readonly damo: number;
  readonly c: number;
  readonly loss: readonly [damo: number, c: number];
  readonly pairs: number;
  readonly kernels: number;
  readonly void?: string;
}

/** The step as a user writes it: data and position shared, shapes declared. */
function buildStep(net: keyof typeof NETS, batch: number) {
  const random = new Xorshift();
  const X = new Float32Array(EXAMPLES * INPUTS), Y = new Int32Array(EXAMPLES);
  for (let i = 0; i < X.length; i++) X[i] = random.float();
  for (let i = 0; i < Y.length; i++) Y[i] = random.next() % 10;
  const sizes = [INPUTS, ...NETS[net].hidden, 10];
  const layers = sizes.slice(1).map((width, k) => {
    const rows = sizes[k]!,
      W = new Float32Array(rows * width),
      r = Math.fround(Math.sqrt(Math.fround(6 / (rows + width))));
    for (let i = 0; i < W.length; i++) {
      W[i] = Math.fround(Math.fround(Math.fround(2 * random.float()) - 1) * r);
    }
    return {
      W: damo.shared(damo.array(W, { shape: [rows, width] }), {
        name: `W${k}`,
        shape: [rows, width],
      }),
      b: damo.shared(damo.array(new Float32Array(width)), {
        name: `b${k}`,
        shape: [width],
      }),
    };
  });
  const images = damo.shared(damo.array(X, { shape: [EXAMPLES, INPUTS] }), {
    name: "images",
    shape: [EXAMPLES, INPUTS],
  });
  const labels = damo.shared(damo.array(Y), {
    name: "labels",
    shape: [EXAMPLES],
  });
  const at = damo.shared(damo.array(0, { dtype: "int64" }), { name: "at" });
  const rows = damo.slice(at, at.add(batch));
  const x = images.at(rows) as damo.Variable<2>,
    y = labels.at(rows) as damo.Variable<1>;
  let h: damo.Variable = x;
  layers.forEach(({ W, b }, k) => {
    h = h.dot(W).add(b);
    if (k < layers.length - 1) h = h.tanh();
  });
  const cost = damo.categoricalCrossentropy(damo.softmax(h), y).mean();
  const weights = layers.flatMap(({ W, b }) => [W, b]);
  const gradients = damo.grad(cost, weights);
  const step = damo.function([], cost, {
    updates: [
      ...weights.map((w, k) => [w, w.sub(gradients[k]!.mul(RATE))] as const),
      [at, at.add(batch).mod(EXAMPLES)] as const,
    ],
    name: `${net}_${batch}`,
  });
  return step;
}

/** Best rate of many blocks of about 4 ms, as `measure` of common.h takes it. */
function rateOf(run: (n: number) => void, work: number, budget = 400): number {
  run(1);
  let per = Infinity;
  for (
    let k = 0, start = performance.now();
    k < 3 || performance.now() - start < 100;
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

function measureCell(
  net: keyof typeof NETS,
  batch: number,
  pairs: number,
  path: string,
): Cell {
  const { arch } = NETS[net];
  const expected = Number(
    /([\d.]+)\s*$/.exec(
      runLimit(path, "mlp", [arch, String(batch), "1", "blas", "100"]),
    )![1],
  );
  const step = buildStep(net, batch);
  let sum = 0;
  for (let k = 0; k < 100; k++) sum += step() as number;
  const loss = sum / 100;
  const ratios: number[] = [], ours: number[] = [], theirs: number[] = [];
  for (let k = 0; k < pairs; k++) {
    const line = JSON.parse(
      runLimit(path, "mlp", [arch, String(batch), "1", "blas"]),
    ) as { value: number };
    const rate = rateOf((n) => step.fn(n), batch);
    ours.push(rate);
    theirs.push(line.value);
    ratios.push(rate / line.value);
  }
  const off = Math.abs(loss - expected);
  return {
    cell: `${net}/${batch}`,
    ratio: quantile(ratios, 0.5),
    quartiles: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    damo: quantile(ours, 0.5),
    c: quantile(theirs, 0.5),
    loss: [loss, expected],
    pairs,
    kernels: damo.kernelStatistics.compiled +
      damo.kernelStatistics.fromCache,
    ...(off > TOLERANCE &&
      { void: `the losses differ by ${off.toExponential(1)}` }),
  };
}

function quantile(xs: readonly number[], q: number): number {
  const sorted = [...xs].sort((a, b) => a - b),
    at = q * (sorted.length - 1),
    low = Math.floor(at);
  return sorted[low]! +
    (at - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
}

function show(cells: readonly Cell[]): void {
  console.log(
    "net/batch     ratio   quartiles       Damo ex/s    C+BLAS ex/s   loss (Damo, C)",
  );
  for (const c of cells) {
    const [low, high] = c.quartiles;
    console.log(
      `${c.cell.padEnd(12)} ${c.ratio.toFixed(3).padStart(6)}   ${
        low.toFixed(3)
      }–${high.toFixed(3)} ${Math.round(c.damo).toString().padStart(13)} ${
        Math.round(c.c).toString().padStart(14)
      }   ${c.loss.map((x) => x.toFixed(5)).join(", ")}${
        c.void ? `  void: ${c.void}` : ""
      }`,
    );
  }
}

/** Whether functions become C here. */
function compiles(): boolean {
  const x = damo.scalar("x"), f = damo.function([x], x.add(1));
  f(1);
  f.free();
  const { compiled, fromCache } = damo.kernelStatistics;
  return compiled + fromCache > 0;
}

const args = parseArgs(Deno.args, {
  string: ["cell", "out"],
  boolean: ["fresh", "child"],
  default: { pairs: 15, out: "bench/results/figure1.jsonl" },
});
const built = args.child || compiles()
  ? buildLimit(["mlp"])
  : { reason: "there is no C compiler: functions are interpreted" };
if ("reason" in built) {
  console.log(`figure 1: n/a (${built.reason})`);
} else if (args.child) {
  const [net, batch] = args.cell!.split("/");
  console.log(
    JSON.stringify(
      measureCell(
        net as keyof typeof NETS,
        Number(batch),
        Number(args.pairs),
        built.path,
      ),
    ),
  );
} else {
  const known: Cell[] = [];
  if (!args.fresh) {
    try {
      known.push(
        ...Deno.readTextFileSync(args.out).trim().split("\n").filter(Boolean)
          .map((l) => JSON.parse(l)),
      );
    } catch { /* no earlier run */ }
  } else Deno.mkdirSync(args.out.replace(/\/[^/]*$/, ""), { recursive: true });
  const wanted = Object.keys(NETS).flatMap((net) =>
    BATCHES.map((b) => `${net}/${b}`)
  ).filter((c) => !args.cell || c === args.cell);
  const done: Cell[] = [];
  for (const cell of wanted) {
    const before = args.cell ? undefined : known.find((c) => c.cell === cell);
    if (before) {
      done.push(before);
      continue;
    }
    const { success, stdout, stderr } = new Deno.Command("taskset", {
      args: [
        "-c",
        "0",
        Deno.execPath(),
        "run",
        "-A",
        new URL(import.meta.url).pathname,
        "--child",
        "--cell",
        cell,
        "--pairs",
        String(args.pairs),
      ],
      clearEnv: true,
      env: quietEnvironment(),
    }).outputSync();
    if (!success) {
      console.error(`${cell} failed: ${new TextDecoder().decode(stderr)}`);
      Deno.exitCode = 1;
      continue;
    }
    const made = JSON.parse(new TextDecoder().decode(stdout)) as Cell;
    done.push(made);
    Deno.mkdirSync(args.out.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(args.out, JSON.stringify(made) + "\n", {
      append: !args.fresh || done.length > 1,
    });
  }
  show(done);
}
