/** What the cache of compiled code survives: broken libraries and compilers, refused directories, full disks. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { CompileError, compileKernels } from "../../src/build/cache.ts";
import { openKernels, openLibrary } from "../../src/build/open.ts";
import { CacheError, Store } from "../../src/build/store.ts";
import { MissingCompilerError } from "../../src/build/toolchain.ts";
import { call, sampleKernel } from "./subject.ts";
import { COMPILED, KEPT, names, subject, VALUES, withCache } from "./caches.ts";

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

Deno.test("what somebody clears while it is compiled is compiled again, and kept", () =>
  withCache((directory) => {
    const store = new Store(directory);
    let runs = 0;
    const kept = store.work((workspace) => {
      if (runs++ === 0) Deno.removeSync(directory, { recursive: true });
      Deno.writeTextFileSync(`${workspace}/a.txt`, "made");
      return ["a.txt"];
    });
    assertEquals([runs, kept], [2, directory]);
    assertEquals(Deno.readTextFileSync(`${directory}/a.txt`), "made");
  }));

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
