/** Runs every test: those of the pure folders without permissions, the others with all, and the examples in comments. */
import { inSight } from "./process.ts";
import { setup } from "./setup.ts";

/** Folders that need no permission: neither they nor their tests touch the machine. */
export const PURE: readonly string[] = [
  "graph",
  "ops",
  "grad",
  "nested",
  "rewrite",
  "lower",
];

/** Tests of pure folders that compile what their folder printed, or compare it with golden text: they get permissions after all. */
const COMPILING: readonly string[] = [
  "behind",
  "contraction",
  "emit",
  "kernels",
]
  .map((name) => `tests/lower/${name}_test.ts`);

/** What a run counted. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Runs the tests of `paths` (files or folders of tests/), or all; the last
 * line says `N passed, N failed`. Returns the exit code: 0 if all passed.
 */
export function runTests(paths: readonly string[]): number {
  setup({ quiet: true });
  const runs = paths.length > 0 ? chosen(paths) : all();
  const reports = Deno.makeTempDirSync({ prefix: "damo-junit-" });
  const deno = (args: readonly string[]) => inSight(Deno.execPath(), args);
  // Types are checked once and count as one test: a mistake must not hide what the tests say.
  let code = deno(["check", "--quiet", ...paths.length > 0 ? paths : ["."]]);
  let passed = 0, failed = code === 0 ? 0 : 1;
  runs.forEach((args, i) => {
    const report = `${reports}/${i}.xml`;
    const status = deno([
      "test",
      "--no-check",
      `--junit-path=${report}`,
      ...args,
    ]);
    const count = readCount(report);
    passed += count.passed;
    failed += count.failed;
    if (status !== 0) {
      code ||= status;
      if (count.failed === 0) failed++; // it ended before or after its tests
    }
  });
  Deno.removeSync(reports, { recursive: true });
  // A run that was killed leaves a line unfinished.
  console.log(`\n${passed} passed, ${failed} failed`);
  return code;
}

const TESTS = "tests";

function all(): string[][] {
  const isPure = (name: string) => PURE.includes(name);
  const names = Array.from(Deno.readDirSync(TESTS), ({ name }) => name);
  const at = (name: string) => `${TESTS}/${name}`;
  // One path each: Deno applies --ignore to the first path only.
  const others = names.filter((name) => !isPure(name)).map(at);
  const pure = names.filter(isPure).map(at);
  return [
    ["--no-prompt", `--ignore=${[...COMPILING, ...others].join()}`, TESTS],
    ["-A", ...COMPILING],
    ["-A", `--ignore=${pure.join()}`, TESTS],
    ["-A", "--doc", "mod.ts", "src", "README.md"],
  ];
}

function chosen(paths: readonly string[]): string[][] {
  const isPure = (path: string) =>
    PURE.some((folder) => path.startsWith(`${TESTS}/${folder}`)) &&
    !COMPILING.includes(path);
  const pure = paths.filter(isPure);
  const compiling = COMPILING.filter((path) =>
    pure.some((folder) => path.startsWith(`${folder}/`))
  );
  const others = [...paths.filter((path) => !isPure(path)), ...compiling];
  return [
    ...pure.length
      ? [["--no-prompt", `--ignore=${COMPILING.join()}`, ...pure]]
      : [],
    ...others.length ? [["-A", ...others]] : [],
  ];
}

/** What a JUnit report counted; nothing, if there is none. */
function readCount(report: string): Count {
  try {
    return parseReport(Deno.readTextFileSync(report));
  } catch {
    return { passed: 0, failed: 0 };
  }
}

/** Adds up the suites of a JUnit report. */
export function parseReport(xml: string): Count {
  let passed = 0, failed = 0;
  for (const [suite] of xml.matchAll(/<testsuite [^>]*>/g)) {
    const number = (name: string) =>
      Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
    const bad = number("failures") + number("errors");
    failed += bad;
    passed += number("tests") - bad - number("disabled") - number("skipped");
  }
  return { passed, failed };
}
