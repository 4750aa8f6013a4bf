/** The cache of compiled code: what it finds again, compiles apart, and evicts. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  buildLibrary,
  CompileError,
  compileKernels,
  statistics,
} from "../../src/build/cache.ts";
import { Store } from "../../src/build/store.ts";
import { call, sampleKernel } from "./subject.ts";
import {
  command,
  COMPILED,
  KEPT,
  names,
  read,
  SUBJECT,
  subject,
  VALUES,
  withCache,
} from "./caches.ts";

Deno.test("kernels are compiled once, in one batch, and called", () =>
  withCache((directory) => {
    const before = { ...statistics };
    const kernels = [1, 2, 1].map((i) => sampleKernel(i));
    const found = compileKernels(kernels);
    assertEquals(found.map((k) => call(k.path, k.symbol, 10, 1)), [11, 21, 11]);
    assertEquals(statistics.compiled - before.compiled, 2);
    assertEquals(names(directory, ".so").length, 1);
    assertEquals(names(directory, ".ref").length, 2);
    assertEquals(compileKernels(kernels), found);
    assertEquals(statistics.compiled - before.compiled, 2);
  }));

Deno.test("a warm run compiles nothing, spawns no process and writes nothing", () =>
  withCache((directory) => {
    assertEquals(subject().lines, [VALUES, COMPILED]);
    const files = names(directory, "");
    const warm = subject({ flags: ["--deny-run", "--deny-write"] });
    assertEquals(warm, { ok: true, lines: [VALUES, KEPT], error: "" });
    assertEquals(names(directory, ""), files);
  }));

Deno.test("no permission is needed but to read, to run the compiler, and to write the cache", () =>
  withCache(() => {
    const { success, stdout, stderr } = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--no-prompt", "--allow-ffi", "--allow-env"],
        ...["--allow-read", "--allow-write", "--allow-run=/usr/bin/cc"],
        ...[SUBJECT, "16"],
      ],
      env: { NO_COLOR: "1", CC: "/usr/bin/cc" },
    }).outputSync();
    const { ok, lines, error } = read(success, stdout, stderr);
    assertEquals([ok, lines[1], error], [
      true,
      "kernels: 16 compiled, 0 from cache",
      "",
    ]);
  }));

Deno.test("a script that shares kernels compiles only its own", () =>
  withCache(() => {
    subject();
    const { lines } = subject({ count: 5 });
    assertEquals(lines, [
      `${VALUES},31,41`,
      "kernels: 2 compiled, 3 from cache",
    ]);
  }));

Deno.test("other flags are other kernels", () =>
  withCache((directory) => {
    subject();
    const compiler = `${directory}/../cc`;
    Deno.writeTextFileSync(compiler, `#!/bin/sh\nexec cc "$@"\n`, {
      mode: 0o700,
    });
    assertEquals(subject({ env: { CC: compiler } }).lines, [VALUES, KEPT]);
    const { lines } = subject({ env: { CC: "cc -DX=1" } });
    assertEquals(lines, [VALUES, COMPILED]);
  }));

Deno.test("another processor is another kernel", () =>
  withCache((directory) => {
    subject();
    const compiler = `${directory}/../cc`;
    const said = "gcc version 12 -march=znver9";
    Deno.writeTextFileSync(
      compiler,
      `#!/bin/sh\ncase "$*" in *-###*) echo "${said}" >&2; exit;; esac\nexec cc "$@"\n`,
      { mode: 0o700 },
    );
    const { lines } = subject({ env: { CC: compiler } });
    assertEquals(lines, [VALUES, COMPILED]);
  }));

Deno.test("use makes a library young again", () =>
  withCache((directory) => {
    subject();
    const path = `${directory}/${names(directory, ".so")[0]}`;
    Deno.utimeSync(path, 1, 1);
    subject();
    const age = Date.now() - Deno.statSync(path).mtime!.getTime();
    assert(age < 60_000, `${age} ms old`);
  }));

Deno.test("a large batch is cut among the cores, in parts of about equal work", () =>
  withCache((directory) => {
    const body = (lines: number) =>
      "  lo += hi;\n".repeat(lines) + "return lo;";
    compileKernels(
      Array.from({ length: 9 }, (_, i) => sampleKernel(i, body(i ? 80 : 2000))),
    );
    const parts = Math.min(2, navigator.hardwareConcurrency);
    assertEquals(names(directory, ".so").length, parts);
    const counts = names(directory, ".c").map((name) =>
      Deno.readTextFileSync(`${directory}/${name}`).match(/^int /gm)!.length
    );
    assertEquals(counts.sort(), parts === 2 ? [1, 8] : [9]);
  }));

Deno.test("a refused kernel is named, with the compiler's first line; its neighbours are kept", () =>
  withCache((directory) => {
    const kernels = [0, 1, 2, 3].map((i) =>
      sampleKernel(i, i === 2 ? "return wrong;" : undefined)
    );
    const { message } = assertThrows(
      () => compileKernels(kernels),
      CompileError,
      "Cannot compile sample2: ",
    );
    assertStringIncludes(message, "error: 'wrong' undeclared");
    assertEquals(message.split("\n").length, 1);
    const path = /is in (.*)$/.exec(message)![1]!;
    assertStringIncludes(Deno.readTextFileSync(path), "return wrong;");
    assertEquals(names(directory, ".ref").length, 3);
  }));

Deno.test("kernels whose private names clash are compiled apart", () =>
  withCache(() => {
    const kernels = [1, 2].map((i) => {
      const { text, ...rest } = sampleKernel(i);
      return { ...rest, text: text.replaceAll("KERNEL_by", "by") };
    });
    const found = compileKernels(kernels);
    assertEquals(found.map((k) => call(k.path, k.symbol, 10, 1)), [11, 21]);
  }));

for (const processes of [4, 16]) {
  Deno.test(`${processes} processes at once on an empty cache agree`, async () => {
    const directory = Deno.makeTempDirSync({ prefix: "damo-test-" });
    const env = { DAMO_CACHE: `${directory}/new` };
    const runs = await Promise.all(
      Array.from({ length: processes }, async () => {
        const { success, stdout, stderr } = await command({ env }).output();
        return read(success, stdout, stderr);
      }),
    );
    for (const { ok, lines, error } of runs) {
      assertEquals([ok, lines[0], error], [true, VALUES, ""]);
    }
    assertEquals(subject({ env }).lines, [VALUES, KEPT]);
    Deno.removeSync(directory, { recursive: true });
  });
}

Deno.test("eviction takes the least recently used library with its references and its source", () =>
  withCache((directory) => {
    for (const i of [1, 2, 3]) {
      const { path } = compileKernels([sampleKernel(i)])[0]!;
      Deno.utimeSync(path, i === 2 ? 1 : 10 * i, i === 2 ? 1 : 10 * i);
    }
    const store = new Store(directory);
    const total = store.list().reduce((sum, { size }) => sum + size, 0);
    store.evict(total);
    assertEquals(names(directory, ".so").length, 3);
    store.evict(total - 1);
    assertEquals(names(directory, ".so").length, 2);
    assertEquals(names(directory, ".ref").length, 2);
    assertEquals(names(directory, ".c").length, 2);
    const { lines } = subject({ count: 4 });
    assertEquals(lines[1], "kernels: 2 compiled, 2 from cache");
  }));

Deno.test("clearing leaves files of others alone", () =>
  withCache((directory) => {
    subject();
    Deno.writeTextFileSync(`${directory}/thesis.tex`, "");
    new Store(directory).clear();
    assertEquals(names(directory, ""), ["thesis.tex"]);
  }));

Deno.test("a library of several files is built once", () =>
  withCache((directory) => {
    const sources = {
      "a.c": `#include "b.h"\nint three(void) { return B; }\n`,
      "b.h": "#define B 3\n",
    };
    const path = buildLibrary("libthree", sources, { flags: ["-lm"] });
    assertMatch(path, /libthree-[0-9a-f]{16}\.so$/);
    const { symbols } = Deno.dlopen(path, {
      three: { parameters: [], result: "i32" },
    });
    assertEquals(symbols.three(), 3);
    assertEquals(buildLibrary("libthree", sources, { flags: ["-lm"] }), path);
    assertEquals(names(directory, ".so").length, 1);
    const changed = buildLibrary("libthree", {
      ...sources,
      "b.h": "#define B 4\n",
    }, { flags: ["-lm"] });
    assert(changed !== path);
    const halves = {
      "a.c": "static int half(void) { return 2; }\n",
      "b.c": "int whole(void) { return half() + half(); }\n",
    };
    const units = [{ files: ["a.c", "b.c"], flags: ["-O2"] }];
    const { symbols: { whole } } = Deno.dlopen(
      buildLibrary("libunit", halves, { units }),
      { whole: { parameters: [], result: "i32" } },
    );
    assertEquals(whole(), 4);
    assertThrows(
      () => buildLibrary("libbad", { "a.c": "int f(" }),
      CompileError,
      "Cannot compile libbad: a.c:1:",
    );
  }));

Deno.test("a header that csrc does not have is refused", () =>
  withCache(() => {
    const kernel = { ...sampleKernel(1), headers: ["nope.h"] };
    assertThrows(() => compileKernels([kernel]), RangeError, "nope.h");
  }));

Deno.test("compiled code leaves denormals alone", () =>
  withCache(() => {
    const [{ path, symbol }] = compileKernels([sampleKernel(1)]) as [
      { path: string; symbol: string },
    ];
    call(path, symbol, 1, 1);
    assert(Number.MIN_VALUE * 2 > 0);
  }));
