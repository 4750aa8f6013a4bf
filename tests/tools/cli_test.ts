/** The commands behind deno task, run as a user runs them. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { coreAdvice, describeBytes } from "../../src/tools/doctor.ts";
import { parseReport } from "../../src/tools/test.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

interface Result {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** A cache for the commands of this file. */
const CACHE = Deno.makeTempDirSync({ prefix: "damo-cli-cache-" });
globalThis.addEventListener(
  "unload",
  () => Deno.removeSync(CACHE, { recursive: true }),
);

/** Runs a command with a cache of its own. */
function cli(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Result {
  const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["run", "-P", "-q", "--no-prompt", "src/tools/cli.ts", ...words],
    cwd: ROOT,
    env: {
      NO_COLOR: "1",
      DAMO_FLAGS: "",
      DAMO_CACHE: CACHE,
      DAMO_BLAS: "none",
      CC: "",
      ...env,
    },
  }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, out: text(stdout), error: text(stderr) };
}

/** A directory with programs of these names, which write down how they are called. */
function withPrograms(
  programs: Readonly<Record<string, string>>,
  test: (path: string, calls: () => string[]) => void,
): void {
  const directory = Deno.makeTempDirSync({ prefix: "damo-cli-" });
  const log = `${directory}/log`;
  for (const [name, script] of Object.entries(programs)) {
    const text = `#!/bin/sh\necho "${name} $*" >> "${log}"\n${script}\n`;
    Deno.writeTextFileSync(`${directory}/${name}`, text, { mode: 0o700 });
  }
  Deno.symlinkSync("/usr/bin/env", `${directory}/env`);
  try {
    test(directory, () => Deno.readTextFileSync(log).trim().split("\n"));
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("doctor says what there is, and fails without a compiler", () => {
  const { code, out } = cli(["doctor"]);
  assertEquals(code, 0);
  for (
    const what of [
      "deno",
      "cpu",
      "threads",
      "compiler",
      "blas",
      "products",
      "cache",
      "permissions",
    ]
  ) {
    assertMatch(out, new RegExp(`^${what} +\\S`, "m"));
  }
  const rate =
    /^products .*: (?:\d+ GFLOP\/s by BLAS, )?([\d.]+) GFLOP\/s by the emitter$/m;
  assert(Number(rate.exec(out)![1]) > 0);
  const blas = cli(["doctor"], { DAMO_BLAS: "" }).out,
    isThere = !/^blas +none/m.test(blas);
  assertMatch(blas, rate);
  assertEquals(blas.includes("GFLOP/s by BLAS"), isThere);
  const none = cli(["doctor"], { PATH: "/nonexistent" });
  assertEquals(none.code, 1);
  assertMatch(none.out, /^compiler: Cannot compile: there is no C compiler/m);
});

Deno.test("doctor warns of an OPENBLAS_CORETYPE older than the processor", () => {
  const blas = {
    path: "",
    prefix: "",
    config: "",
    core: "Prescott",
    threads: 1,
    lapack: false,
  };
  const narrow = Deno.build.arch !== "x86_64" ||
    coreAdvice(blas, undefined) === undefined;
  if (narrow) return;
  assertStringIncludes(
    coreAdvice(blas, "Prescott")!,
    "OPENBLAS_CORETYPE=Prescott keeps",
  );
  assertEquals(
    coreAdvice({ ...blas, core: "SkylakeX" }, "SkylakeX"),
    undefined,
  );
});

Deno.test("a quiet setup says only what is missing, and how to get it", () => {
  assertMatch(
    cli(["setup"]).out,
    /^C compiler: \/.*\nBLAS: none: .*; unset DAMO_BLAS, after [^\n]*$/,
  );
  assertMatch(cli(["setup", "--quiet"]).out, /^BLAS: none: [^\n]*$/);
  withPrograms({}, (path) => {
    const { code, out } = cli(["setup", "--quiet"], { PATH: path });
    assertEquals(code, 0);
    assertMatch(
      out,
      /^BLAS: [^\n]*\nMissing: a C compiler: [^\n]*; to install: \S+[^\n]*$/,
    );
  });
});

Deno.test({
  name: "setup installs what is missing as root, and says what it runs",
  ignore: Deno.uid() !== 0,
  fn() {
    const compiler = `#!/bin/sh\\nPATH='${Deno.env.get("PATH")}' cc "$@"\\n`;
    const install = `[ "$1" = install ] || exit 0
cc="\${0%/*}/cc"; printf '${
      compiler.replaceAll("'", `'\\''`)
    }' > "$cc"; /bin/chmod +x "$cc"`;
    withPrograms({ "apt-get": install }, (path, calls) => {
      const { code, out } = cli(["setup", "--quiet"], { PATH: path });
      assertEquals(code, 0);
      assertEquals(calls(), [
        "apt-get --version",
        "apt-get update",
        "apt-get install -y gcc libc6-dev",
      ]);
      assertMatch(
        out,
        /^\$ env DEBIAN_FRONTEND=noninteractive apt-get install -y gcc/m,
      );
      assertMatch(out, /Installed\.$/);
    });
    const failures = {
      [`[ "$1" = --version ]`]:
        /\nStill missing \(apt-get update and apt-get install -y gcc libc6-dev failed\): a C compiler: .*$/,
      "exit 0":
        /\nStill missing \(apt-get ran, and it is not found\): a C compiler: .*$/,
    };
    for (const [script, says] of Object.entries(failures)) {
      withPrograms({ "apt-get": script }, (path, calls) => {
        const { code, out } = cli(["setup", "--quiet"], { PATH: path });
        assertEquals(code, 0);
        assertMatch(out, says);
        assert(!calls().join().includes("libopenblas"));
      });
    }
  },
});

Deno.test("setup installs nothing in place of what the user names", () => {
  withPrograms({ "apt-get": "exit 0" }, (path) => {
    const env = { PATH: path, CC: "no-such-cc", DAMO_BLAS: "/no/blas.so" };
    const { code, out } = cli(["setup", "--quiet"], env);
    assertEquals(code, 0);
    assertMatch(
      out,
      /^C compiler: .* no-such-cc; .*\nBLAS: Cannot use the BLAS \/no\/blas\.so: [^\n]*$/,
    );
  });
});

Deno.test("setup names the command where it may not install", () => {
  withPrograms({}, (path) => {
    const { code, out } = cli(["setup"], { PATH: path });
    assertEquals(code, 0);
    assertMatch(out, /^Missing: .*; to install: \S+/m);
  });
});

Deno.test("the cache is listed, measured and cleared", () => {
  const directory = Deno.makeTempDirSync();
  const env = { DAMO_CACHE: directory };
  cli(["setup"], env);
  assertMatch(
    cli(["cache"], env).out,
    /kernels-[0-9a-f]{16}\.so +probe_[0-9a-f]{12}$/,
  );
  assertMatch(cli(["cache", "size"], env).out, /^\S+ KiB of 512 MiB in /);
  assertEquals(cli(["cache", "clear"], env).code, 0);
  assertEquals(Array.from(Deno.readDirSync(directory)), []);
  const wrong = cli(["cache", "purge"], env);
  assertEquals([wrong.code, wrong.error], [
    2,
    `Cannot do "cache purge": there are list, size, clear`,
  ]);
  Deno.removeSync(directory);
});

Deno.test("an unknown command and a bad flag end with one line", () => {
  const unknown = cli(["fly"]);
  assertEquals(unknown.code, 2);
  assertMatch(
    unknown.error,
    /^Cannot do "fly": there are setup, doctor, cache, test, rules, special, bench, accuracy$/,
  );
  const flag = cli(["doctor"], { DAMO_FLAGS: "floatX=7" });
  assertEquals(flag.code, 1);
  assertMatch(
    flag.error,
    /^Cannot read DAMO_FLAGS: floatX=7 is not one of .*$/,
  );
});

/** Runs the test command on test files of this text. */
function testRun(...texts: readonly string[]): Result {
  const directory = Deno.makeTempDirSync({ prefix: "damo-run-" });
  const paths = texts.map((text, i) => {
    Deno.writeTextFileSync(`${directory}/${i}_test.ts`, text);
    return `${directory}/${i}_test.ts`;
  });
  const result = cli(["test", ...paths]);
  Deno.removeSync(directory, { recursive: true });
  return result;
}

const last = ({ out }: Result) => out.split("\n").at(-1);

Deno.test("the test command ends with its sum and keeps the exit code", () => {
  const good =
    `Deno.test("a", () => {}); Deno.test("b", () => {}); Deno.test.ignore("c", () => {});`;
  const passed = testRun(good);
  assertEquals([passed.code, last(passed)], [0, "2 passed, 0 failed"]);
  const failed = testRun(
    good,
    `Deno.test("d", () => { throw new Error("x"); });`,
  );
  assertEquals([failed.code, last(failed)], [1, "2 passed, 1 failed"]);
  const broken = testRun(`const x: number = "no"; Deno.test("a", () => {});`);
  assertEquals([broken.code, last(broken)], [1, "1 passed, 1 failed"]);
  const ended = testRun(
    `Deno.test("a", () => Deno.kill(Deno.pid, "SIGKILL"));`,
  );
  assertEquals([ended.code, last(ended)], [137, "0 passed, 1 failed"]);
});

Deno.test("JUnit reports are added up", () => {
  const xml = `<testsuites name="deno test" tests="9" failures="2" errors="0">
    <testsuite name="a" tests="5" disabled="1" errors="0" failures="1">
    <testsuite name="b" tests="4" disabled="0" errors="1" failures="0">`;
  assertEquals(parseReport(xml), { passed: 6, failed: 2 });
});

Deno.test("bytes are shown in units", () => {
  assertEquals([0, 1023, 1536, 512 * 2 ** 20].map(describeBytes), [
    "0 B",
    "1023 B",
    "1.5 KiB",
    "512 MiB",
  ]);
});

Deno.test("the table of rules has a line for each, or for those with a word", () => {
  const { code, out } = cli(["rules"]);
  assertEquals(code, 0);
  assertMatch(out, /^phase +rule +licence +equation\n/);
  assertMatch(
    out,
    /^stabilize +log1p +value-safe +log\(add\(1, x\)\) → log1p\(x\)$/m,
  );
  assertMatch(out, /\n\n\d{2,} rules$/);
  assertMatch(
    out,
    /runs only where a mode includes it: new Mode\(\)\.including/,
  );
  assertMatch(cli(["rules", "log1p_expm1"]).out, /\n\n1 rules?$/);
});

Deno.test("the accuracy of the vector functions is measured, and is what they promise", () => {
  const { code, out } = cli(["accuracy", "5000000", "100"]);
  assertEquals(code, 0);
  assertMatch(out, /^exp +f32 +0\.\d+ +\S+$/m);
  assertMatch(out, /^tanh +f64 +[0-3]\.\d+ +\S+$/m);
});
