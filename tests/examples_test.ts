/** Every example runs from a folder of its own, and what it prints is what it promises. */
import { assert, assertEquals, assertMatch } from "@std/assert";

const ROOT = new URL("../", import.meta.url).pathname;

function run(
  example: string,
  args: readonly string[],
  env: Record<string, string> = {},
): string {
  const cwd = Deno.makeTempDirSync();
  const { success, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "-q",
      "--config",
      `${ROOT}deno.json`,
      `${ROOT}examples/${example}`,
      ...args,
    ],
    cwd,
    env,
  }).outputSync();
  Deno.removeSync(cwd, { recursive: true });
  const text = new TextDecoder().decode(stdout);
  assert(
    success,
    `${example} failed:\n${text}\n${new TextDecoder().decode(stderr)}`,
  );
  return text;
}

Deno.test("the tutorial's cost falls", () => {
  const costs = run("logistic_regression.ts", []).trim().split("\n").map(
    Number,
  );
  assertEquals(costs.length, 10);
  assert(Math.abs(costs[0]! - Math.log(10)) < 1e-4);
});

Deno.test("training on digits: two runs print the same, the second compiles nothing", () => {
  const cache = Deno.makeTempDirSync();
  const lines = (text: string) =>
    text.split("\n").filter((l) => /^test accuracy/.test(l));
  const first = run("train.ts", ["--quick"], { DAMO_CACHE: cache });
  const second = run("train.ts", ["--quick"], { DAMO_CACHE: cache });
  assertMatch(first, /^test accuracy 0\.\d{3}$/m);
  assert(Number(/test accuracy (0\.\d+)/.exec(first)![1]) > 0.8);
  assertEquals(lines(second), lines(first));
  assertMatch(first, /^kernels: [1-9]\d* compiled, \d+ from cache$/m);
  assertMatch(second, /^kernels: 0 compiled, [1-9]\d* from cache$/m);
  Deno.removeSync(cache, { recursive: true });
});
