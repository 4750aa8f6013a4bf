/** What only whole processes show: the second run, missing permissions, machines without compiler or BLAS, and long loops. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as damo from "damo";
import { fingerprint } from "../../src/build/fingerprint.ts";

const LIBRARY = new URL("../../mod.ts", import.meta.url).href;

/** A script that trains a little, and prints what it found and how many kernels it compiled. */
const SCRIPT = `import * as damo from "${LIBRARY}";
const rng = new damo.RandomState(4);
const x = damo.matrix("x"), y = damo.ivector("y");
const W = damo.shared(rng.normal(0, 1, [20, 5])), b = damo.shared(damo.zeros([5]));
const cost = damo.categoricalCrossentropy(damo.softmax(x.dot(W).add(b)), y).mean();
const [gW, gb] = damo.grad(cost, [W, b]);
const train = damo.function([x, y], cost, {
  updates: [[W, W.sub(gW.mul(0.1))], [b, b.sub(gb.mul(0.1))]],
});
const images = rng.normal(0, 1, [30, 20]), labels = rng.integers(0, 5, [30]);
for (let i = 0; i < 5; i++) console.log(train(images, labels));
console.log(new Uint32Array(W.getValue().data.buffer).join());
console.error("compiled", damo.kernelStatistics.compiled);
`;

interface Run {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Printed {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs scripts in a folder of their own, where their cache is too. */
function inFolder(
  test: (
    run: (script: string, options?: Run) => Printed,
    folder: string,
  ) => void,
  name = "process",
): void {
  const parent = Deno.makeTempDirSync({ prefix: "damo-" });
  const folder = `${parent}/${name}`;
  Deno.mkdirSync(folder);
  try {
    test((script, { flags = ["-A"], env = {} } = {}) => {
      const path = `${folder}/script.ts`;
      Deno.writeTextFileSync(path, script);
      const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-q",
          "--no-config",
          "--no-lock",
          "--no-prompt",
          ...flags,
          path,
        ],
        cwd: folder,
        env: {
          NO_COLOR: "1",
          DAMO_FLAGS: "",
          DAMO_CACHE: `${folder}/cache`,
          ...env,
        },
      }).outputSync();
      const text = (bytes: Uint8Array) =>
        new TextDecoder().decode(bytes).trim();
      return { code, out: text(stdout), error: text(stderr) };
    }, folder);
  } finally {
    Deno.removeSync(parent, { recursive: true });
  }
}

Deno.test("a second run compiles nothing, may run and write nothing, and gives equal bits; so do linkers", () =>
  inFolder((run) => {
    const outputs = ["cvm", "c"].map((linker) => {
      const env = { DAMO_FLAGS: `linker=${linker}` };
      const first = run(SCRIPT, { env });
      assertEquals(first.code, 0, first.error);
      assertMatch(first.error, /^compiled [1-9]/);
      const flags = ["-A", "--deny-run", "--deny-write"];
      const second = run(SCRIPT, { env, flags });
      assertEquals(second, { code: 0, out: first.out, error: "compiled 0" });
      return first.out;
    });
    assertEquals(outputs[0], outputs[1]);
  }));

Deno.test("a process ends well while threads still wait for work", () =>
  inFolder((run) => {
    const script = `import * as damo from "${LIBRARY}";
const s = damo.shared(damo.zeros([100000]));
damo.function([], null, { updates: [[s, s.add(1)]], mode: new damo.Mode({ openmp: 4 }) }).fn(50);
console.log(s.getValue().data[7]);
`;
    for (let k = 0; k < 10; k++) {
      assertEquals(run(script), { code: 0, out: "50", error: "" });
    }
  }));

Deno.test("script, cache and compiler may lie at paths with spaces, quotes, accents and dollars", () =>
  inFolder((run) => {
    const first = run(SCRIPT);
    assertEquals(first.code, 0, first.error);
    assertMatch(first.error, /^compiled [1-9]/);
    assertEquals(run(SCRIPT, { flags: ["-A", "--deny-run"] }), {
      code: 0,
      out: first.out,
      error: "compiled 0",
    });
  }, ` "it's" $HOME d'été; 雪`));

Deno.test("a library that another machine left, and that does not open here, is built again", () =>
  inFolder((run, folder) => {
    const first = run(SCRIPT), cache = `${folder}/cache`;
    assertEquals(first.code, 0, first.error);
    const files = Array.from(Deno.readDirSync(cache), ({ name }) => name);
    // For another processor, and with the name of its content: nothing else is wrong with it.
    const [library] = files.filter((name) => /^cvm-.*\.so$/.test(name));
    const bytes = Deno.readFileSync(`${cache}/${library}`);
    bytes[18]! ^= 0xff; // e_machine
    const foreign = `cvm-${fingerprint(bytes)}.so`;
    Deno.writeFileSync(`${cache}/${foreign}`, bytes);
    Deno.removeSync(`${cache}/${library}`);
    for (const name of files.filter((name) => name.endsWith(".ref"))) {
      const path = `${cache}/${name}`, text = Deno.readTextFileSync(path);
      Deno.writeTextFileSync(path, text.replace(library!, foreign));
    }
    const second = run(SCRIPT);
    assertEquals(second, { code: 0, out: first.out, error: "compiled 0" });
    const flags = ["-A", "--deny-run", "--deny-write"];
    assertEquals(run(SCRIPT, { flags }), second);
  }));

Deno.test("missing permissions are said in one line", () =>
  inFolder((run) => {
    const lines = (flags: readonly string[]) => {
      const { code, error } = run(SCRIPT, { flags });
      assertEquals(code, 1);
      return error.split("\n").filter((line) => line.includes("permission"));
    };
    const none = lines([]);
    assertEquals(none.length, 1);
    assertMatch(
      none[0]!,
      /Cannot start Damo: it lacks the permissions ffi, read, env, run, write; run "deno run -A <script>"/,
    );
    const [some] = lines([
      "--allow-read",
      "--allow-env",
      "--allow-write",
      "--allow-run",
    ]);
    assertMatch(some!, /lacks the permissions ffi; run/);
  }));

Deno.test("without a compiler functions are interpreted, and one line says so", () =>
  inFolder((run) => {
    const { code, out, error } = run(
      `import * as damo from "${LIBRARY}";
const x = damo.vector("x");
console.log(damo.function([x], x.add(1))([1, 2]).toArray());
console.log(damo.function([x], x.sum())([1, 2]));
`,
      { env: { PATH: "/nowhere", CC: "" } },
    );
    assertEquals([code, out], [0, "[ 2, 3 ]\n3"]);
    assertEquals(error.split("\n").length, 1, error);
    assertMatch(error, /C compiler.*interpreted/);
  }));

Deno.test("without a BLAS products are Damo's own", () =>
  inFolder((run) => {
    const costs = (env: Record<string, string>) => {
      const { code, out, error } = run(SCRIPT, { env });
      assertEquals(code, 0, error);
      return out.split("\n").slice(0, 5).map(Number);
    };
    const own = costs({ DAMO_BLAS: "none" });
    costs({}).forEach((cost, i) =>
      assert(Math.abs(own[i]! - cost) < 1e-4 * cost)
    );
  }));

Deno.test("a hundred thousand calls hold no memory, and their results never alias", () => {
  const x = damo.vector("x"), total = damo.shared(0, { name: "total" });
  const f = damo.function([x], [x.add(1), x.at("1:3")], {
    updates: [[total, total.add(1)]],
  });
  const value = damo.array(new Float32Array(1000)),
    kept: [number, damo.NDArray, damo.NDArray][] = [];
  const call = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      (value.data as Float32Array).fill(i % 1024);
      const [large, small] = f(value) as [damo.NDArray, damo.NDArray];
      if (i % 1000 === 0) kept.push([i % 1024, large, small]);
    }
  };
  call(0, 30_000); // the heap of V8 reaches its size
  const before = Deno.memoryUsage().rss;
  call(30_000, 100_000);
  // Each call gives 4000 bytes: kept, they would be 280 MB.
  assert(
    Deno.memoryUsage().rss - before < 100e6,
    `${Deno.memoryUsage().rss - before} bytes more`,
  );
  for (const [i, large, small] of kept) {
    assert(large.data.every((v) => v === i + 1));
    assertEquals(small.toArray(), [i, i]);
  }
  assertEquals(total.getValue().item(), 100_000);
});
