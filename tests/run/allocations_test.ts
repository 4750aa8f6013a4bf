/** Warm calls allocate nothing in C, and in JavaScript only what they return: counted in a process whose malloc counts. */
import { assert, assertEquals } from "@std/assert";
import { findCompiler } from "../../src/build/toolchain.ts";
import { openStore } from "../../src/build/store.ts";

/** Counts what this thread asks the C library for. */
const COUNTER = `#include <errno.h>
#include <stddef.h>
static __thread long count __attribute__((tls_model("initial-exec")));
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
void *malloc(size_t n) { return count++, __libc_malloc(n); }
void *calloc(size_t n, size_t size) { return count++, __libc_calloc(n, size); }
void *realloc(void *old, size_t n) { return count++, __libc_realloc(old, n); }
void *memalign(size_t to, size_t n) { return count++, __libc_memalign(to, n); }
void *aligned_alloc(size_t to, size_t n) { return count++, __libc_memalign(to, n); }
int posix_memalign(void **p, size_t to, size_t n) { return count++, (*p = __libc_memalign(to, n)) ? 0 : ENOMEM; }
long allocations(void) { return count; }
`;

/** Prints, for each function and linker, allocations in C and bytes of heap that warm calls took. */
const SCRIPT = `import * as damo from "${new URL(
  "../../mod.ts",
  import.meta.url,
)}";
const { symbols: { allocations } } = Deno.dlopen(Deno.args[0], {
  allocations: { parameters: [], result: "i64" },
});
const rng = new damo.RandomState(4);

/** Products by BLAS and by kernels, a branch, a temporary too large for the arena, and updates in place and by exchange. */
function training(mode) {
  const x = damo.matrix("x"), y = damo.ivector("y"), c = damo.scalar("c");
  const W = damo.shared(rng.normal(0, 0.1, [300, 200])), V = damo.shared(rng.normal(0, 0.1, [200, 10])),
    k = damo.shared(0);
  const h = x.dot(W).tanh();
  const cost = damo.categoricalCrossentropy(damo.softmax(h.dot(V)), y).mean();
  const [gW, gV] = damo.grad(cost, [W, V]);
  const f = damo.function([x, y, c], damo.ifelse(c.gt(0), cost, h.sum()), {
    mode,
    updates: [[W, W.sub(gW.mul(0.01))], [V, V.sub(gV.mul(0.01))], [k, k.add(1)]],
  });
  return [f, rng.normal(0, 1, [60, 300]), rng.integers(0, 10, [60]), damo.array(1)];
}

/** A loop with its gradient: stacks, rings, and rows. */
function recurrent(mode) {
  const x = damo.matrix("x"), U = damo.shared(rng.normal(0, 0.3, [8, 8]));
  const [h] = damo.scan((row, h) => row.add(h.dot(U)).tanh(), { sequences: [x], outputsInfo: [damo.zeros([8])] });
  const cost = h.at(-1).sqr().sum(), [g] = damo.grad(cost, [U]);
  const f = damo.function([x], [cost, h], { mode, updates: [[U, U.sub(g.mul(0.01))]] });
  return [f, rng.normal(0, 1, [20, 8])];
}

function small(mode) {
  const x = damo.vector("x");
  return [damo.function([x], x.mul(x).add(1), { mode }), rng.normal(0, 1, [10])];
}

const BOUND = [[training, 100], [recurrent, 2000], [small, 100000]];
for (const [build, calls] of BOUND) {
  for (const mode of ["cvm", "cvm_nogc", "c"]) {
    const [f, ...args] = build(mode);
    const count = (run) => {
      const before = allocations();
      run();
      return Number(allocations() - before);
    };
    const first = count(() => f(...args));
    for (let i = 0; i < 3; i++) f(...args), f.fn(10);
    const inC = count(() => f.fn(calls));
    for (let i = 0; i < calls; i++) f(...args);
    gc();
    const heap = Deno.memoryUsage().heapUsed;
    for (let i = 0; i < calls; i++) f(...args);
    gc();
    const grown = Deno.memoryUsage().heapUsed - heap;
    console.log(JSON.stringify({ name: build.name, mode, calls, first, inC, grown }));
    f.free();
  }
}
`;

Deno.test({
  name:
    "warm calls allocate nothing in C, and nothing that stays in JavaScript",
  ignore: Deno.build.os !== "linux",
  fn() {
    const folder = Deno.makeTempDirSync({ prefix: "damo-allocations-" });
    const execute = (
      [command, ...args]: readonly string[],
      env: Record<string, string> = {},
    ) => {
      const { success, stdout, stderr } = new Deno.Command(command!, {
        args,
        env,
      }).outputSync();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert(success, text(stderr));
      return text(stdout);
    };
    try {
      const counter = `${folder}/counter.so`;
      Deno.writeTextFileSync(`${folder}/counter.c`, COUNTER);
      Deno.writeTextFileSync(`${folder}/script.js`, SCRIPT);
      const { command } = findCompiler(openStore());
      execute([
        ...command,
        "-O1",
        "-fPIC",
        "-shared",
        "-fno-builtin",
        `${folder}/counter.c`,
        "-o",
        counter,
      ]);
      const deno = `${Deno.execPath()} run -Aq --no-config --no-lock --no-check`
        .split(" ");
      const printed = execute([
        ...deno,
        "--v8-flags=--expose-gc",
        `${folder}/script.js`,
        counter,
      ], { LD_PRELOAD: counter, DAMO_FLAGS: "" });
      const lines = printed.trim().split("\n").map((line) => JSON.parse(line));
      assertEquals(lines.length, 9);
      for (const { name, mode, calls, first, inC, grown } of lines) {
        const what = `${name}, ${mode}, ${calls} calls`;
        assert(first > 20, `${what}: the counter does not count`);
        // What surrounds the one call into C may allocate, but not for each of its calls.
        assert(inC < calls / 2, `${what}: ${inC} allocations in C`);
        assert(grown < 2 ** 17, `${what}: ${grown} bytes stay in the heap`);
      }
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
