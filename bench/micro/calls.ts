/**
 * What single steps cost.
 *
 *   deno run -A bench/micro/calls.ts [--quick]
 *
 * Calls of x + 1 on 10 floats (checked, trusted, fn(), fn(nCalls)), the thunk
 * of a longer program, what two threads take to meet, and how much a million
 * calls leave behind. Best of many blocks, in nanoseconds a call.
 */
import * as damo from "damo";

/** A quick run takes fewer blocks. */
const QUICK = Deno.args.includes("--quick");

function best(run: () => void, calls: number, blocks = 60): number {
  if (QUICK) blocks /= 6;
  let least = Infinity;
  for (let k = 0; k < blocks; k++) {
    const start = performance.now();
    run();
    least = Math.min(least, performance.now() - start);
  }
  return least * 1e6 / calls;
}

function report(name: string, value: number, unit: string): void {
  console.log(
    JSON.stringify({ name, value: Number(value.toPrecision(4)), unit }),
  );
}

const CALLS = 20000;
const x = damo.vector("x"), value = damo.array(new Float32Array(10));
const f = damo.function([x], x.add(1), { name: "x_plus_1" });
const loop = () => {
  for (let k = 0; k < CALLS; k++) f(value);
};
for (let k = 0; k < 50; k++) loop();
report(
  "checked call of x + 1 on 10 floats, after 10^6 calls",
  best(loop, CALLS),
  "ns",
);
f.trustInput = true;
for (let k = 0; k < 20; k++) loop();
report("trusted call", best(loop, CALLS), "ns");
const again = () => {
  for (let k = 0; k < CALLS; k++) f.fn();
};
for (let k = 0; k < 20; k++) again();
report("fn()", best(again, CALLS), "ns");
report("fn(nCalls), a call", best(() => f.fn(CALLS), CALLS), "ns");

// One more thunk: the slope between programs of 1 and 9 reductions of a small vector.
const reductions = (n: number) =>
  damo.function([x], Array.from({ length: n }, (_, k) => x.mul(k + 2).sum()), {
    mode: new damo.Mode().excluding("fuse"),
  });
const [few, many] = [1, 9].map((n) => {
  const g = reductions(n);
  g(value);
  return best(() => g.fn(CALLS), CALLS);
});
report("a thunk in fn(nCalls)", (many! - few!) / 16, "ns");

// Two threads share a kernel: what is left beyond half of its time alone.
const large = damo.shared(damo.zeros([1 << 16]));
const [alone, shared] = [1, 2].map((openmp) => {
  const g = damo.function([], null, {
    updates: [[large, damo.tanh(large)]],
    mode: new damo.Mode({ openmp }),
  });
  g();
  return best(() => g.fn(50), 50, 200);
});
report("two threads meet", shared! - alone! / 2, "ns");

f.trustInput = false;
for (let k = 0; k < 100_000; k++) f(value);
const before = Deno.memoryUsage().rss;
for (let k = 0; k < 900_000; k++) f(value);
report(
  "memory after 10^6 calls minus after 10^5",
  (Deno.memoryUsage().rss - before) / 2 ** 20,
  "MiB",
);
