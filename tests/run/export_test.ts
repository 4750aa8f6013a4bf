/** `f.exportC`: what it writes compiles, needs nothing of Damo, and gives the same bits. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import * as damo from "damo";
import { findBlas } from "../../ffi/openblas.ts";

/** Runs in a folder that is removed afterwards. */
function inFolder(test: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "damo-export-" });
  try {
    test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function command(cwd: string, name: string, ...args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(name, {
    args,
    cwd,
    env: { LC_ALL: "C", MAKEFLAGS: "" },
  }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert(success, text(stderr));
  return text(stdout);
}

/** Builds the example and gives what it prints, by name. */
function example(folder: string): Record<string, number[]> {
  command(folder, "make");
  const lines = command(folder, "./main", "100000").trim().split("\n");
  return Object.fromEntries(
    lines.map((line) => {
      const [name, values] = line.split(":") as [string, string];
      return [
        name,
        values.replaceAll("inf", "Infinity").trim().split(" ").filter(Boolean)
          .map(Number),
      ];
    }),
  );
}

/** As printed: enough digits for every bit of a float32. */
function flat(value: damo.NDArray | number): number[] {
  return typeof value === "number" ? [value] : Array.from(value.flat(), Number);
}

/** What a float32 is after `%.9g` and back. */
function rounded(values: readonly number[]): number[] {
  return values.map((v) => Math.fround(v));
}

const rng = new damo.RandomState(6);

/** Trains, exports, and prints what the next call gives. In a process without BLAS: another one rounds otherwise. */
const SCRIPT = `import * as damo from "${new URL(
  "../../mod.ts",
  import.meta.url,
)}";
const rng = new damo.RandomState(6), [directory, linker] = Deno.args;
const x = damo.matrix("x"), y = damo.ivector("y");
const W = damo.shared(damo.zeros([40, 7]), { name: "W" }),
  b = damo.shared(damo.zeros([7]), { name: "b" });
const p = damo.softmax(x.dot(W).add(b));
const cost = damo.categoricalCrossentropy(p, y).mean();
const [gW, gb] = damo.grad(cost, [W, b]);
const train = damo.function([x, y], { cost, p }, {
  mode: linker,
  name: "logistic",
  updates: [[W, W.sub(gW.mul(0.1))], [b, b.sub(gb.mul(0.1))]],
});
const images = rng.normal(0, 1, [50, 40]), labels = rng.integers(0, 7, [50]);
for (let i = 0; i < 5; i++) train(images, labels);
train.exportC(directory);
const found = train(images, labels);
const values = { cost: [found.cost], p: found.p, W: W.getValue(), b: b.getValue() };
console.log(JSON.stringify(values, (_, v) => v instanceof damo.NDArray ? Array.from(v.data) : v));
`;

for (const linker of ["cvm", "c"]) {
  Deno.test(`${linker}: a trained logistic regression goes on in C, to the bit`, () =>
    inFolder((folder) => {
      Deno.writeTextFileSync(`${folder}/script.ts`, SCRIPT);
      const directory = `${folder}/a/b`;
      const { success, stdout, stderr } = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-Aq",
          "--no-config",
          `${folder}/script.ts`,
          directory,
          linker,
        ],
        env: { DAMO_FLAGS: "", DAMO_BLAS: "none" },
      }).outputSync();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert(success, text(stderr));
      const expected: Record<string, number[]> = JSON.parse(text(stdout));
      const found = example(directory);
      assertEquals(Object.keys(found).sort(), Object.keys(expected).sort());
      for (const [name, values] of Object.entries(expected)) {
        assertEquals(rounded(found[name]!), values, name);
      }
    }));
}

/** A recurrent network whose sequences may have any length. */
function recurrent() {
  const x = damo.matrix("x"), start = damo.vector("h0");
  const U = damo.shared(rng.normal(0, 0.5, [3, 4]), { name: "U" }),
    W = damo.shared(rng.normal(0, 0.5, [4, 4]), { name: "W" });
  const [states] = damo.scan(
    (row, h) =>
      (row as damo.Variable<1>).dot(U).add((h as damo.Variable<1>).dot(W))
        .tanh(),
    { sequences: [x], outputsInfo: [start] },
  );
  const f = damo.function([x, start], {
    states: states as damo.Variable<2>,
    total: (states as damo.Variable<2>).sum(),
  }, { name: "rnn" });
  return f;
}

Deno.test("a recurrent network takes sequences of any length, and says what it refuses", () =>
  inFolder((folder) => {
    const f = recurrent(), h0 = rng.normal(0, 1, [4]);
    const x = rng.normal(0, 1, [9, 3]);
    f(rng.normal(0, 1, [5, 3]), h0);
    const { states, total } = f(x, h0);
    f.exportC(folder, { blas: false });
    const header = Deno.readTextFileSync(`${folder}/rnn.h`);
    assert(
      header.includes(
        "int rnn_call(rnn *f, const float *x, const float *h0, int64_t x_0);",
      ),
    );
    const found = example(folder);
    assertEquals(rounded(found.states!), flat(states));
    assertEquals(rounded(found.total!), flat(total));

    // Another length, another value of a shared variable, and two functions that share nothing.
    const longer = rng.normal(0, 1, [20, 3]);
    Deno.writeFileSync(`${folder}/x.bin`, new Uint8Array(longer.flat().buffer));
    Deno.writeTextFileSync(
      `${folder}/main.c`,
      `#include "rnn.h"
#include <stdio.h>
int main(void) {
  float x[60], h0[4], states[80], U[12], none[12] = {0};
  FILE *file = fopen("x.bin", "rb");
  if (fread(x, 4, 60, file) != 60) return 1;
  file = fopen("h0.bin", "rb");
  if (fread(h0, 4, 4, file) != 4) return 1;
  rnn *f = rnn_new(), *g = rnn_new();
  if (rnn_set_U(g, none) || rnn_call(f, x, h0, 20) || rnn_call(g, x, h0, 2)) return 1;
  rnn_get_states(f, states);
  printf("%d %d:", (int)rnn_states_length(f, 0), (int)rnn_states_length(g, 0));
  for (int i = 0; i < 80; i++) printf(" %.9g", states[i]);
  rnn_get_U(f, U);
  rnn_get_U(g, none);
  printf("\\n%d\\n", U[3] != 0 && none[3] == 0);
  rnn_free(f);
  rnn_free(g);
  return 0;
}
`,
    );
    command(folder, "make");
    const [line, apart] = command(folder, "./main").split("\n");
    const [lengths, values] = line!.split(":");
    assertEquals([lengths, apart], ["20 2", "1"]);
    assertEquals(
      rounded(values!.trim().split(" ").map(Number)),
      flat(f(longer, h0).states),
    );
    f.free();
  }));

Deno.test("errors have the words of Damo, shared variables stay, and equal names are one length", () =>
  inFolder((folder) => {
    const i = damo.lscalar("i"),
      x = damo.tensor("float32", ["n"], "x"),
      y = damo.tensor("float32", ["n"], "int");
    const w = damo.shared([1, -0, 1e-40], { name: "w" }),
      big = damo.shared(damo.array([-(2n ** 63n), 7n], { dtype: "int64" }), {
        name: "big",
      });
    const f = damo.function([i, x, y], [w.at(i), x.add(y).sum(), big.mul(1)], {
      name: "2 words",
      updates: [[w, w.add(1)]],
    });
    for (const n of [2, 3, 4]) f(0, new Float32Array(n), new Float32Array(n));
    const { message } = assertThrows(
      () => f(5, new Float32Array(4), new Float32Array(4)),
      RangeError,
    );
    w.setValue([1, -0, 1e-40]);
    f.exportC(folder);
    assertMatch(
      Deno.readTextFileSync(`${folder}/_2_words.h`),
      /_call\(_2_words \*f, const int64_t \*_i, const float \*x, const float \*_int, int64_t _n\);/,
    );
    Deno.writeTextFileSync(
      `${folder}/main.c`,
      `#include "_2_words.h"
#include <stdio.h>
#include <string.h>
int main(void) {
  _2_words *f = _2_words_new();
  float x[4] = {1, 2, 3, 4}, w[3], sum = 0;
  int64_t i = 5, big[2];
  uint32_t bits[3];
  _2_words_get_y1(f, &sum); /* no call yet: nothing */
  printf("%d %d\\n%s\\n", _2_words_call(f, &i, x, x, 4), (int)sum, _2_words_error(f));
  _2_words_get_w(f, w);
  memcpy(bits, w, sizeof bits);
  printf("--\\n%08x %08x %08x\\n", bits[0], bits[1], bits[2]);
  i = 0;
  int code = _2_words_call(f, &i, x, x, 4);
  _2_words_get_y1(f, &sum);
  _2_words_get_big(f, big);
  _2_words_get_w(f, w);
  printf("%d %g %g %d\\n", code, sum, w[0], big[0] == INT64_MIN && big[1] == 7);
  _2_words_free(f);
  _2_words_free(NULL);
  return 0;
}
`,
    );
    command(folder, "make");
    const [first, rest] = command(folder, "./main").split("\n--\n");
    const [code, ...said] = first!.split("\n");
    assertEquals(code, "1 0");
    assertEquals(said[0], message.split("\n")[0]);
    assertEquals(rest!.trim().split("\n"), [
      "3f800000 80000000 000116c2",
      "0 20 2 1",
    ]);
    f.free();
  }));

Deno.test("names that C takes for itself, a folder with spaces, and every kind of dtype", () =>
  inFolder((folder) => {
    const values = {
      load: damo.array([1, 2.5], { dtype: "float16" }),
      linux: damo.array([1, 0], { dtype: "bool" }),
      float: damo.array([2n ** 64n - 1n, 3n], { dtype: "uint64" }),
      free: damo.array([0.1, -1e300], { dtype: "float64" }),
      value: damo.array([-128, 127], { dtype: "int8" }),
    };
    const inputs = Object.entries(values).map(([name, { dtype }]) =>
      damo.tensor(dtype, [null], name)
    );
    const odd = damo.shared(
      damo.array([NaN, Infinity, -0.1], { dtype: "float16" }),
      { name: "printf" },
    );
    const none = damo.shared(damo.array(new Float32Array(0)), { name: "NULL" });
    const f = damo.function(
      inputs,
      {
        ...Object.fromEntries(
          inputs.map((v) => [`new ${v.name}`, v.reshape([1, 2])]),
        ),
        sum: none.sum(),
      },
      { name: "main", updates: [[odd, odd.mul(2)]] },
    );
    f(...Object.values(values));
    const directory = `${folder}/a b'c$d é`;
    f.exportC(directory);
    const found = example(directory);
    for (const [name, value] of Object.entries(values)) {
      assertEquals(found[`new_${name}`], flat(value), name);
    }
    assertEquals(found._printf!.map(Math.f16round), [
      NaN,
      Infinity,
      4 * Math.f16round(-0.1),
    ]);
    assertEquals([found._NULL, found.sum], [[], [0]]);
    f.free();
  }));

Deno.test("functions are called what functions of C and of ours are", () => {
  const x = damo.vector("Model"), f = damo.function([x], x.mul(2));
  f([1, 2]);
  for (const name of ["step", "exp", "model", "cvm"]) {
    inFolder((folder) => {
      f.exportC(folder, { name });
      assertEquals(example(folder), { y0: [2, 4] }, name);
    });
  }
  f.free();
});

Deno.test("products call the BLAS that Damo found, where that is asked for", () =>
  inFolder((folder) => {
    const blas = findBlas(damo.config.blas);
    const x = damo.matrix("x");
    const W = damo.shared(rng.normal(0, 1, [80, 90]), { name: "W" });
    const f = damo.function([x], x.dot(W), { name: "product" });
    const value = rng.normal(0, 1, [70, 80]), expected = flat(f(value));
    f.exportC(folder, { blas: false });
    assert(!Deno.readTextFileSync(`${folder}/product.c`).includes("cblas_"));
    if (blas === null) {
      assertThrows(() => f.exportC(folder, { blas: true }), RangeError, "BLAS");
      return;
    }
    f.exportC(folder);
    assertMatch(
      Deno.readTextFileSync(`${folder}/Makefile`),
      /LDLIBS = .*blas.* -lm/,
    );
    const found = example(folder).y0!;
    // Sums of 80 products, each rounded; its own choice of kernels may differ.
    found.forEach((v, i) =>
      assert(Math.abs(v - expected[i]!) < 80 * 1.2e-7 * 80)
    );
    f.free();
  }));

/** Exports f, calls it in C with `value`, and gives its message. */
function messageInC(folder: string, f: Exported, value: string): string {
  f.exportC(folder, { name: "refuses" });
  Deno.writeTextFileSync(
    `${folder}/main.c`,
    `#include "refuses.h"
#include <stdio.h>
int main(void) {
  refuses *f = refuses_new();
  const float x[4] = ${value};
  refuses_call(f, x);
  puts(refuses_error(f));
  refuses_free(f);
  return 0;
}
`,
  );
  command(folder, "make");
  return command(folder, "./main").split("\n")[0]!;
}

type Exported = Pick<damo.CompiledFunction, "exportC">;

Deno.test("what kernels include travels with them: special functions and transforms", () =>
  inFolder((folder) => {
    const x = damo.matrix("x");
    const f = damo.function([x], [damo.erfinv(x), damo.rfft(x)], { name: "f" });
    const expected = f([[0.25, -0.5, 0.75, 0.125]]).map(flat);
    f.exportC(folder);
    const { y0, y1 } = example(folder);
    assertEquals([rounded(y0!), rounded(y1!)], expected);
    f.free();
  }));

Deno.test("an assertion that fails in C says what it says here", () =>
  inFolder((folder) => {
    const x = damo.tensor("float32", [4], "x");
    const f = damo.function(
      [x],
      damo.assert(x, damo.gt(x, 0).all(), "x must be positive").sum(),
      { name: "f" },
    );
    f([1, 1, 1, 1]);
    const { message } = assertThrows(() => f([1, -1, 1, 1]), RangeError);
    assertEquals(
      messageInC(folder, f, "{1, -1, 1, 1}"),
      message.split("\n")[0],
    );
    f.free();
  }));

Deno.test("factors of matrices call the LAPACK that Damo found, and refuse in the same words", () =>
  inFolder((folder) => {
    if (!findBlas(damo.config.blas)?.lapack) return;
    const x = damo.tensor("float32", [2, 2], "x");
    const f = damo.function([x], damo.cholesky(x), { name: "f" });
    const expected = flat(f([[4, 2], [2, 3]]));
    f.exportC(folder);
    assertEquals(rounded(example(folder).y0!), expected);
    const { message } = assertThrows(() => f([[1, 2], [2, 1]]), RangeError);
    assertEquals(messageInC(folder, f, "{1, 2, 2, 1}"), message.split("\n")[0]);
    f.free();
  }));

Deno.test("what cannot be exported is refused before anything is written", () =>
  inFolder((folder) => {
    const x = damo.vector("x");
    const printed = damo.function([x], damo.print(x).sum(), { name: "f" });
    assertThrows(
      () => printed.exportC(`${folder}/f`),
      RangeError,
      "Cannot export f: it was never called; call it once",
    );
    const { log } = console;
    console.log = () => {};
    printed([1]);
    console.log = log;
    assertThrows(
      () => printed.exportC(`${folder}/f`),
      RangeError,
      "print has no C",
    );
    const f = damo.function([x], x.sum(), { mode: "reference" });
    f([1]);
    assertThrows(() => f.exportC(`${folder}/f`), RangeError, "interpreted");
    assertEquals([...Deno.readDirSync(folder)], []);
    printed.free();
    f.free();
    assertThrows(() => f.exportC(folder), Error, "freed");
  }));
