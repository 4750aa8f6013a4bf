/** The compiler's facts and the machine's. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { config } from "../../src/graph/config.ts";
import { installCommand, packages } from "../../src/build/install.ts";
import { Store } from "../../src/build/store.ts";
import {
  detectTarget,
  findCompiler,
  MissingCompilerError,
  runCompiler,
} from "../../src/build/toolchain.ts";

/** Runs `test` with a store of its own. */
function withStore(test: (store: Store, directory: string) => void): void {
  const directory = Deno.makeTempDirSync({ prefix: "damo test " });
  try {
    test(new Store(directory), directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Runs `test` with the C compiler that a user names. */
function withCompiler(cc: string, test: () => void): void {
  config.cc = cc;
  try {
    test();
  } finally {
    config.cc = "";
  }
}

Deno.test("the compiler is examined, for this processor", () =>
  withStore((store) => {
    const { command, version, cpu, flags, identity } = findCompiler(store);
    assert(command[0]!.startsWith("/"));
    assertMatch(version, /(gcc|clang) version \d+/);
    assert(cpu !== "native" && cpu !== "");
    assertMatch(identity, /^[0-9a-f]{64}$/);
    assert(flags.includes("-ffp-contract=off"));
  }));

Deno.test("no flag reassociates, drops NaN or signed zero, or links a start file that flushes denormals", () =>
  withStore((store) => {
    const { flags } = findCompiler(store);
    const loose =
      /fast|unsafe|finite|associative|reciprocal|signed-zeros|rounding/;
    assertEquals(flags.filter((flag) => loose.test(flag)), []);
  }));

Deno.test("a compiler may lie at a path with spaces and accents, or take words of its own", () =>
  withStore((store, directory) => {
    const path = `${directory}/mon cc à moi`;
    Deno.writeTextFileSync(path, `#!/bin/sh\nexec cc "$@"\n`, { mode: 0o700 });
    withCompiler(path, () => assertEquals(findCompiler(store).command, [path]));
    withCompiler(
      "cc -DX=1",
      () => assertEquals(findCompiler(store).command.slice(1), ["-DX=1"]),
    );
    withCompiler(
      "no-such-cc",
      () =>
        assertThrows(
          () => findCompiler(store),
          MissingCompilerError,
          "no-such-cc",
        ),
    );
    const plain = `${directory}/plain`;
    Deno.writeTextFileSync(plain, "", { mode: 0o600 });
    withCompiler(
      plain,
      () =>
        assertThrows(() => findCompiler(store), MissingCompilerError, "plain"),
    );
  }));

Deno.test("a compiler that knows no -march=native compiles for any processor", () =>
  withStore((store, directory) => {
    const path = `${directory}/cc`;
    const script =
      `#!/bin/sh\nfor word; do case "$word" in *=native) exit 1;; esac; done\nexec cc "$@"\n`;
    Deno.writeTextFileSync(path, script, { mode: 0o700 });
    withCompiler(path, () => {
      const { flags } = findCompiler(store);
      assert(
        flags.length > 0 && !flags.some((flag) => flag.endsWith("native")),
      );
    });
  }));

Deno.test("jobs run side by side; each says what became of it", () => {
  const directory = Deno.makeTempDirSync();
  const job = (script: string) => ["sh", "-c", script];
  const jobs = [
    job("exit 0"),
    job("echo 'it''s wrong' >&2; exit 1"),
    job("exit 7"),
    job("echo fine; exit 0"),
  ];
  assertEquals(runCompiler(jobs, directory), [
    null,
    "its wrong",
    "it ended with 7",
    null,
  ]);
  assertEquals(runCompiler([job("exit 7")], directory), ["it ended with 7"]);
  Deno.removeSync(directory, { recursive: true });
});

Deno.test("the target is plausible", () => {
  const { vector, registers, caches: [l1, l2, l3], threads } = detectTarget();
  assert([16, 32, 64].includes(vector));
  assert([16, 32].includes(registers));
  assert(l1 >= 8192 && l1 <= l2 && l3 >= 262144, `${l1} ${l2} ${l3}`);
  assertEquals(threads, 1);
  config.threads = 0;
  try {
    assertEquals(detectTarget().threads, navigator.hardwareConcurrency);
  } finally {
    config.threads = 1;
  }
  assertEquals(typeof detectTarget().blas, "boolean");
});

Deno.test("what to install is one line", () => {
  const line = installCommand(["compiler", "blas"]);
  assertMatch(line, /\S/);
  assertEquals(line.split("\n").length, 1);
  const debian = "gcc libc6-dev libopenblas0-pthread";
  assertEquals(packages(["compiler", "blas"]).join(" "), debian);
});
