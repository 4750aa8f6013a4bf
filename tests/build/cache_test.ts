/** The cache of compiled code: what it finds again, and what it survives. */
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
  openKernels,
  openLibrary,
  statistics,
} from "../../src/build/cache.ts";
import { CacheError, Store } from "../../src/build/store.ts";
import { MissingCompilerError } from "../../src/build/toolchain.ts";
import { call, sampleKernel } from "./subject.ts";

const SUBJECT = new URL("./subject.ts", import.meta.url).pathname;

/** Runs `test` with an empty cache of its own, whose path has a space and an accent. */
function withCache(test: (directory: string) => void): void {
  const parent = Deno.makeTempDirSync({ prefix: "damo-test-" });
  const directory = `${parent}/caché 1`;
  const before = Deno.env.get("DAMO_CACHE");
  Deno.env.set("DAMO_CACHE", directory);
  try {
    test(directory);
  } finally {
    if (before === undefined) Deno.env.delete("DAMO_CACHE");
    else Deno.env.set("DAMO_CACHE", before);
    Deno.removeSync(parent, { recursive: true });
  }
}

interface Run {
  readonly ok: boolean;
  readonly lines: readonly string[];
  readonly error: string;
}

interface Settings {
  readonly count?: number;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Compiles kernels in another process. */
function subject({ count = 3, flags = [], env = {} }: Settings = {}): Run {
  const { success, stdout, stderr } = command({ count, flags, env })
    .outputSync();
  return read(success, stdout, stderr);
}

function command({ count = 3, flags = [], env = {} }: Settings): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", ...flags, SUBJECT, `${count}`],
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  });
}

function read(ok: boolean, stdout: Uint8Array, stderr: Uint8Array): Run {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { ok, lines: text(stdout).split("\n"), error: text(stderr) };
}

const names = (directory: string, end: string) =>
  Array.from(Deno.readDirSync(directory), ({ name }) => name)
    .filter((name) => name.endsWith(end)).sort();

const VALUES = "1,11,21";
const COMPILED = "kernels: 3 compiled, 0 from cache";
const KEPT = "kernels: 0 compiled, 3 from cache";

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
      Array.from({ length: 9 }, (_, i) => sampleKernel(i, body(i ? 80 : 900))),
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

for (
  const [what, damage] of [
    ["truncated", (bytes: Uint8Array) => bytes.slice(0, bytes.length / 2)],
    ["empty", () => new Uint8Array()],
    ["corrupt", (bytes: Uint8Array) => bytes.with(5000, bytes[5000]! ^ 1)],
  ] as const
) {
  Deno.test(`a ${what} library is dropped and built again`, () =>
    withCache((directory) => {
      subject();
      const [name] = names(directory, ".so");
      const path = `${directory}/${name}`;
      Deno.writeFileSync(path, damage(Deno.readFileSync(path)));
      assertEquals(subject().lines, [VALUES, COMPILED]);
      assertEquals(subject().lines, [VALUES, KEPT]);
    }));
}

Deno.test("a library or a reference that is gone or garbled is built again", () =>
  withCache((directory) => {
    subject();
    Deno.removeSync(`${directory}/${names(directory, ".so")[0]}`);
    assertEquals(subject().lines, [VALUES, COMPILED]);
    for (const name of names(directory, ".ref")) {
      Deno.writeTextFileSync(`${directory}/${name}`, "?");
    }
    assertEquals(subject().lines, [VALUES, COMPILED]);
  }));

Deno.test("a garbled memo of the compiler is made again", () =>
  withCache((directory) => {
    subject();
    Deno.writeTextFileSync(`${directory}/${names(directory, ".cc")[0]}`, "{");
    assertEquals(subject().lines, [VALUES, KEPT]);
  }));

Deno.test("no compiler: one line says what to install", () =>
  withCache(() => {
    const { ok, error } = subject({ env: { PATH: "" } });
    assert(!ok);
    assertMatch(
      error,
      /MissingCompilerError: Cannot compile: there is no C compiler \(cc, gcc or clang\); \S/,
    );
    const named = subject({ env: { CC: "no-such-cc" } });
    assertStringIncludes(named.error, "there is no C compiler no-such-cc");
  }));

Deno.test("a compiler that fails is named", () =>
  withCache((directory) => {
    const compiler = `${directory}-cc`;
    Deno.writeTextFileSync(compiler, `#!/bin/sh\necho broken >&2; exit 3\n`, {
      mode: 0o700,
    });
    Deno.env.set("CC", compiler);
    try {
      assertThrows(
        () => compileKernels([sampleKernel(1)]),
        MissingCompilerError,
        "broken",
      );
    } finally {
      Deno.env.delete("CC");
    }
  }));

Deno.test("a compiler that dies while it compiles is reported", () =>
  withCache((directory) => {
    const compiler = `${directory}-cc`;
    Deno.writeTextFileSync(
      compiler,
      `#!/bin/sh\ncase "$*" in *-###*) exec cc "$@";; esac\nkill -9 $$\n`,
      { mode: 0o700 },
    );
    Deno.env.set("CC", compiler);
    try {
      assertThrows(
        () => compileKernels([sampleKernel(1)]),
        CompileError,
        "SIGKILL",
      );
    } finally {
      Deno.env.delete("CC");
    }
  }));

Deno.test("a directory that others can write is refused", () => {
  const directory = Deno.makeTempDirSync();
  Deno.chmodSync(directory, 0o770);
  const { message } = assertThrows(
    () => new Store(directory),
    CacheError,
    "mode 770",
  );
  assertEquals(message.split("\n").length, 1);
  Deno.removeSync(directory);
});

Deno.test("a new directory is the user's alone", () =>
  withCache((directory) => {
    new Store(directory);
    assertEquals(Deno.statSync(directory).mode! & 0o777, 0o700);
  }));

/** Runs `test` on a small file system of its own; says so where that takes rights we lack. */
function withDisk(
  options: string,
  test: (directory: string, remount: (options: string) => void) => void,
): void {
  const directory = Deno.makeTempDirSync({ prefix: "damo-disk-" });
  const run = (...args: string[]) =>
    new Deno.Command(args[0]!, { args: args.slice(1), stderr: "null" })
      .outputSync().success;
  if (
    Deno.uid() !== 0 ||
    !run(
      "mount",
      "-t",
      "tmpfs",
      "-o",
      `mode=0700,${options}`,
      "tmpfs",
      directory,
    )
  ) {
    console.log("skipped: mounting a file system takes root");
    Deno.removeSync(directory);
    return;
  }
  try {
    test(
      directory,
      (options) => run("mount", "-o", `remount,${options}`, directory),
    );
  } finally {
    run("umount", directory);
    Deno.removeSync(directory);
  }
}

Deno.test("a read-only cache is read; what it lacks is compiled elsewhere, with one line of notice", () =>
  withDisk("size=4m", (directory, remount) => {
    const env = { DAMO_CACHE: directory };
    subject({ env });
    remount("ro");
    assertEquals(subject({ env }), {
      ok: true,
      lines: [VALUES, KEPT],
      error: "",
    });
    assertEquals(subject({ env, count: 4 }), {
      ok: true,
      lines: [`${VALUES},31`, "kernels: 1 compiled, 3 from cache"],
      error:
        `damo: read-only file system in ${directory}: what is compiled now is not kept`,
    });
  }));

/** Leaves in `directory` what another process compiled: a library, and two kernels. */
function leave(directory: string): void {
  const cache = new URL("../../src/build/cache.ts", import.meta.url);
  const subject = new URL("subject.ts", import.meta.url);
  const { success } = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { buildLibrary, compileKernels } from ${
        JSON.stringify(cache.href)
      };
       import { sampleKernel } from ${JSON.stringify(subject.href)};
       buildLibrary("left", ${JSON.stringify(LEFT)});
       compileKernels([sampleKernel(71), sampleKernel(72)]);`,
    ],
    env: { DAMO_CACHE: directory },
  }).outputSync();
  assert(success);
}

const LEFT = { "left.c": "int left(void) { return 42; }\n" };

/** Opens what another process left in `directory`, all of which the loader refuses. */
function openLeft(directory: string, freeze: () => void): void {
  leave(directory);
  const identity = (path: string) => {
    const { ino, mtime } = Deno.statSync(path);
    return `${ino} at ${mtime!.getTime()}`;
  };
  const foreign = new Set(
    [...Deno.readDirSync(directory)].map(({ name }) => name)
      .filter((name) => name.endsWith(".so"))
      .map((name) => identity(`${directory}/${name}`)),
  );
  assertEquals(foreign.size, 2);
  freeze();
  const open = (path: string) => {
    if (!foreign.has(identity(path))) return path;
    throw new Error(`${path}: version GLIBC_9 not found`);
  };
  assert(openLibrary("left", LEFT, { open }).endsWith(".so"));
  const opened = openKernels(
    [sampleKernel(71), sampleKernel(72)],
    ({ path, symbol }) => call(open(path), symbol, 1, 0),
  );
  assertEquals(opened, [71, 72]);
  // What this process made itself is refused as it is.
  const never = () => {
    throw new Error("version GLIBC_9 not found");
  };
  assertThrows(
    () => openLibrary("left", LEFT, { open: never }),
    Error,
    "GLIBC",
  );
  assertThrows(() => openKernels([sampleKernel(71)], never), Error, "GLIBC");
}

Deno.test("a library or a kernel that does not open is built again", () =>
  withCache((directory) => openLeft(directory, () => {})));

Deno.test("a library or a kernel of a read-only cache that does not open is built elsewhere", () =>
  withCache(() =>
    withDisk("size=4m", (directory, remount) => {
      Deno.env.set("DAMO_CACHE", directory);
      openLeft(directory, () => remount("ro"));
    })
  ));

Deno.test("a full disk: compiled elsewhere, with one line of notice", () =>
  withDisk("size=24k", (directory) => {
    const env = { DAMO_CACHE: directory };
    assertEquals(subject({ env, count: 3 }), {
      ok: true,
      lines: [VALUES, COMPILED],
      error:
        `damo: no space left on the disk in ${directory}: what is compiled now is not kept`,
    });
    assertEquals(
      names(directory, "").filter((name) => name.startsWith("tmp-")),
      [],
    );
  }));

Deno.test("a quota that the compiler meets: compiled elsewhere, with one line of notice", () =>
  withCache((directory) => {
    const compiler = directory.replace(/[^/]*$/, "cc");
    Deno.writeTextFileSync(
      compiler,
      `#!/bin/sh
case "$PWD$*" in *caché*.so*) echo "as: part0.o: Disk quota exceeded" >&2; exit 1;; esac
exec cc "$@"
`,
      { mode: 0o700 },
    );
    assertEquals(subject({ env: { CC: compiler } }), {
      ok: true,
      lines: [VALUES, COMPILED],
      error:
        `damo: disk quota exceeded in ${directory}: what is compiled now is not kept`,
    });
  }));

Deno.test("a directory that is not there is made, also when it goes while it is used", () =>
  withCache((directory) => {
    const deep = `${directory}/not/there yet`;
    assertEquals(subject({ env: { DAMO_CACHE: deep } }).lines, [
      VALUES,
      COMPILED,
    ]);
    assertEquals(subject({ env: { DAMO_CACHE: deep } }).lines, [VALUES, KEPT]);
    compileKernels([sampleKernel(1)]);
    Deno.removeSync(directory, { recursive: true });
    const [found] = compileKernels([sampleKernel(2)]);
    assertEquals(call(found!.path, found!.symbol, 1, 0), 2);
  }));

Deno.test("a directory that cannot be made: compiled elsewhere, with one line of notice", () =>
  withCache((directory) => {
    const file = `${directory}.txt`;
    Deno.writeTextFileSync(file, "");
    for (
      const [cache, why] of [
        [file, "not a directory"],
        [`${file}/below`, "not a directory"],
        ...Deno.build.os === "linux"
          ? [["/proc/nowhere/damo", "no such directory"]]
          : [],
      ]
    ) {
      assertEquals(subject({ env: { DAMO_CACHE: cache! } }), {
        ok: true,
        lines: [VALUES, COMPILED],
        error: `damo: ${why} in ${cache}: what is compiled now is not kept`,
      });
    }
  }));

Deno.test("every disk full: one line", () =>
  withDisk("size=24k", (directory) => {
    const { ok, error } = subject({
      env: { DAMO_CACHE: directory, TMPDIR: directory },
    });
    assert(!ok);
    assertMatch(
      error,
      /CacheError: Cannot write compiled code: no space left on the disk in .*; set DAMO_CACHE/,
    );
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
