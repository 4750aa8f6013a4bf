/**
 * How long a script takes to start: import alone, and the first step of the
 * 784-500-10 network, with an empty cache and with a full one.
 *
 *   deno run -A bench/micro/startup.ts [--quick]
 */
/** A quick run takes each time once. */
const QUICK = Deno.args.includes("--quick");
const MOD = new URL("../../mod.ts", import.meta.url).href;

const IMPORT = `import ${JSON.stringify(MOD)};`;
const STEP = `
import * as damo from ${JSON.stringify(MOD)};
const rng = new damo.RandomState(1);
const x = damo.matrix("x"), y = damo.ivector("y");
const layer = (a, b) => [damo.shared(rng.uniform(-0.1, 0.1, [a, b])), damo.shared(damo.zeros([b]))];
const [W, b] = layer(784, 500), [V, c] = layer(500, 10);
const p = damo.softmax(x.dot(W).add(b).tanh().dot(V).add(c));
const cost = damo.categoricalCrossentropy(p, y).mean();
const weights = [W, b, V, c], gs = damo.grad(cost, weights);
const f = damo.function([x, y], cost, { updates: weights.map((w, i) => [w, w.sub(gs[i].mul(0.1))]) });
f(rng.uniform(0, 1, [60, 784]), rng.integers(0, 10, [60]));
`;

function seconds(script: string, cache: string): number {
  const file = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(file, script);
  const start = performance.now();
  const { success, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", "--no-check", file],
    env: { DAMO_CACHE: cache },
  }).outputSync();
  const took = (performance.now() - start) / 1000;
  Deno.removeSync(file);
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return took;
}

function report(name: string, run: () => number, times = 7): void {
  const all = Array.from({ length: QUICK ? 1 : times }, run).sort((a, b) =>
    a - b
  );
  console.log(
    JSON.stringify({
      name,
      best: Number(all[0]!.toFixed(3)),
      median: Number(all[all.length >> 1]!.toFixed(3)),
      unit: "s",
    }),
  );
}

const warm = Deno.makeTempDirSync();
report("deno run of an empty script", () => seconds("", warm));
report("import damo", () => seconds(IMPORT, warm));
report("first step of the MLP, empty cache", () => {
  const cold = Deno.makeTempDirSync();
  const took = seconds(STEP, cold);
  Deno.removeSync(cold, { recursive: true });
  return took;
}, 3);
seconds(STEP, warm);
report("first step of the MLP, warm cache", () => seconds(STEP, warm));
Deno.removeSync(warm, { recursive: true });
