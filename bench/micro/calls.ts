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
import { fastestOf, report } from "../measured.ts";

/** A quick run takes fewer blocks. */
const QUICK = Deno.args.includes("--quick");

/** Nanoseconds a call. */
function best(run: () => void, calls: number, blocks = 60): number {
  return fastestOf(QUICK ? blocks / 6 : blocks, run) * 1e6 / calls;
}

function show(name: string, value: number, unit = "ns"): void {
  report({ name, value, unit }, 4);
}

const CALLS = 20000;
const x = damo.vector("x"), value = damo.array(new Float32Array(10));
const f = damo.function([x], x.add(1), { name: "x_plus_1" });
const loop = () => {
  for (let k = 0; k < CALLS; k++) f(value);
};
for (let k = 0; k < 50; k++) loop();
show(
  "checked call of x + 1 on 10 floats, after 10^6 calls",
  best(loop, CALLS),
);
f.trustInput = true;
for (let k = 0; k < 20; k++) loop();
show("trusted call", best(loop, CALLS));
const again = () => {
  for (let k = 0; k < CALLS; k++) f.fn();
};
for (let k = 0; k < 20; k++) again();
show("fn()", best(again, CALLS));
show("fn(nCalls), a call", best(() => f.fn(CALLS), CALLS));

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
show("a thunk in fn(nCalls)", (many! - few!) / 16);

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
show("two threads meet", shared! - alone! / 2);

f.trustInput = false;
for (let k = 0; k < 100_000; k++) f(value);
const before = Deno.memoryUsage().rss;
for (let k = 0; k < 900_000; k++) f(value);
show(
  "memory after 10^6 calls minus after 10^5",
  (Deno.memoryUsage().rss - before) / 2 ** 20,
  "MiB",
);
