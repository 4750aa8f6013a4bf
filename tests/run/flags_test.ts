/** DAMO_FLAGS: what it may say, what is shown, and the permissions asked for. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { config } from "../../src/graph/config.ts";
import { describeConfig, parseFlags } from "../../src/run/flags.ts";

Deno.test("flags are read", () => {
  assertEquals(parseFlags(""), {});
  assertEquals(parseFlags("floatX=float64, threads=4,"), {
    floatX: "float64",
    threads: 4,
  });
  assertEquals(parseFlags("excluding=fuse:inplace,profile=1"), {
    excluding: ["fuse", "inplace"],
    profile: true,
  });
  assertEquals(parseFlags("cc=gcc -DX=1,cache=/tmp/a b"), {
    cc: "gcc -DX=1",
    cache: "/tmp/a b",
  });
  assertEquals(parseFlags("device=cuda,device=cpu"), { device: "cpu" });
});

Deno.test("every setting can be read", () => {
  const samples = {
    excluding: "fuse",
    cache: "x",
    cc: "x",
    blas: "x",
    threads: "2",
  };
  for (const name of Object.keys(config)) {
    const value =
      { ...samples, profile: "true", allowInputDowncast: "0" }[name] ??
        String(config[name as keyof typeof config]);
    assert(name in parseFlags(`${name}=${value}`));
  }
});

Deno.test("an unknown name lists the names, a bad value the values", () => {
  for (const name of ["floatx", "toString", "__proto__"]) {
    assertThrows(
      () => parseFlags(`${name}=float32`),
      RangeError,
      `there is no setting ${name}; there are floatX, device, linker`,
    );
  }
  assertThrows(
    () => parseFlags("floatX=float63"),
    RangeError,
    "Cannot read DAMO_FLAGS: floatX=float63 is not one of floatX=float16, float32, float64",
  );
  for (
    const bad of [
      "profile=yes",
      "threads=-1",
      "threads=two",
      "threads=",
      "linker",
    ]
  ) {
    assertThrows(() => parseFlags(bad), RangeError, `${bad} is not one of`);
  }
});

/** Runs a script that applies the flags and then `code`. */
function script(code: string, { args = ["-A"], flags = "" } = {}) {
  const url = new URL("../../src/run/flags.ts", import.meta.url).href;
  const state = new URL("../../src/graph/config.ts", import.meta.url).href;
  const text = `import { applyFlags } from ${JSON.stringify(url)};
import { config } from ${JSON.stringify(state)};
applyFlags();
${code}`;
  const path = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(path, text);
  const { success, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...args, path],
    env: { DAMO_FLAGS: flags, NO_COLOR: "1", DAMO_BLAS: "/opt/blas.so" },
  }).outputSync();
  Deno.removeSync(path);
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { success, out: decode(stdout), error: decode(stderr) };
}

Deno.test("what is in force is shown with where it came from", () => {
  const { out } = script("config.threads = 3; console.log(config);", {
    flags: "floatX=float64",
  });
  assertMatch(out, /^floatX +float64 +DAMO_FLAGS$/m);
  assertMatch(out, /^device +cpu +default$/m);
  assertMatch(out, /^threads +3 +program$/m);
  assertMatch(out, /^blas +\/opt\/blas\.so +DAMO_BLAS$/m);
  assertEquals(out.trim().split("\n").length, Object.keys(config).length);
  assertEquals(describeConfig().split("\n").length, Object.keys(config).length);
});

Deno.test("a bad flag ends the program with one line", () => {
  const { success, error } = script("", { flags: "colour=red" });
  assert(!success);
  assertMatch(error, /there is no setting colour/);
});

Deno.test("missing permissions: one line that names both remedies", () => {
  const { success, error } = script("", { args: ["--allow-read"] });
  assert(!success);
  assertMatch(
    error,
    /it lacks the permissions ffi, env, run, write; run "deno run -A <script>", or "deno run -P <script>"/,
  );
});

Deno.test("to compile and to write may be denied", () => {
  const { success } = script("", {
    args: ["-A", "--deny-run", "--deny-write"],
  });
  assert(success);
});
