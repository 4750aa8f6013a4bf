/** Every example runs from a folder of its own, and what it prints is what it promises. */
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
} from "@std/assert";
import { loadNpz } from "../src/tools/files.ts";

const ROOT = new URL("../", import.meta.url).pathname;

/** A folder that lives as long as the test. */
function inFolder(test: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "damo-example-" });
  try {
    test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** What an example prints, run in `folder` with the cache there. */
function run(
  folder: string,
  example: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): { readonly code: number; readonly out: string; readonly error: string } {
  const { code, stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "-q",
      `--config=${ROOT}deno.json`,
      `${ROOT}examples/${example}`,
      ...args,
    ],
    cwd: folder,
    env: { DAMO_CACHE: `${folder}/cache`, DAMO_FLAGS: "", ...env },
  }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), error: text(stderr) };
}

/** The accuracy, compiled kernels and cached kernels that the last two lines of training say. */
function lastLines(out: string): readonly [number, number, number] {
  const said =
    /\ntest accuracy (0\.\d{3})\nkernels: (\d+) compiled, (\d+) from cache\n$/
      .exec(out);
  assert(said, out);
  return [Number(said[1]), Number(said[2]), Number(said[3])];
}

Deno.test("the tutorial on ops of one's own prints losses that fall, and both ways to compute", () =>
  inFolder((folder) => {
    const { out, error } = run(folder, "tutorial/own_op.ts");
    assertEquals(error, "");
    assertMatch(
      out,
      /^loss 1\nloss 0.625\nloss 0.53125\ninterpreted: 300 x 200 distances in [\d.]+ ms\ncompiled: 300 x 200 distances in [\d.]+ ms\n\[ \[ 25 \] \]\n.*reflected_distances: once.*\n$/,
    );
  }));

Deno.test("the tutorial prints the cost of each minibatch", () =>
  inFolder((folder) => {
    const costs = (flags: string) => {
      const env = { DAMO_FLAGS: flags };
      const { out, error } = run(folder, "logistic_regression.ts", [], env);
      assertEquals(error, "");
      return out.trim().split("\n").map(Number);
    };
    const compiled = costs(""), interpreted = costs("linker=reference");
    assertEquals([compiled.length, interpreted.length], [10, 10]);
    compiled.forEach((cost, i) =>
      assertAlmostEquals(cost, interpreted[i]!, 1e-3)
    );
    assertAlmostEquals(compiled[0]!, Math.log(10), 1e-5);
  }));

Deno.test("training twice gives the same weights to the bit, and compiles once", () =>
  inFolder((folder) => {
    const train = (save: string) => {
      const { out } = run(folder, "train.ts", ["--quick", "--save", save]);
      return lastLines(out);
    };
    const [accuracy, compiled, before] = train("first.npz");
    assert(accuracy > 0.85);
    assert(compiled > 0);
    assertEquals(train("second.npz"), [accuracy, 0, compiled + before]);
    assertEquals(
      Deno.readFileSync(`${folder}/first.npz`),
      Deno.readFileSync(`${folder}/second.npz`),
    );
    const weights = Object.entries(loadNpz(`${folder}/first.npz`));
    assertEquals(weights.map(([name, { shape }]) => [name, shape]), [
      ["W0", [784, 500]],
      ["b0", [500]],
      ["W1", [500, 10]],
      ["b1", [10]],
    ]);
  }));

/** An IDX file of bytes. */
function writeIdx(path: string, shape: readonly number[], bytes: Uint8Array) {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint32(0, 0x0800 + shape.length);
  shape.forEach((length, axis) => header.setUint32(4 + 4 * axis, length));
  Deno.writeFileSync(path, new Uint8Array(header.buffer));
  Deno.writeFileSync(path, bytes, { append: true });
}

/** Digits that are easy to tell apart: digit k has row k of its image lit. */
function writeDigits(folder: string, kind: string, count: number): void {
  const images = new Uint8Array(count * 784), labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const digit = labels[i] = i % 10, start = i * 784 + digit * 28;
    images.fill(255, start, start + 28);
  }
  const named = (what: string) => `${folder}/${kind}-${what}-ubyte`;
  writeIdx(named("images-idx3"), [count, 28, 28], images);
  writeIdx(named("labels-idx1"), [count], labels);
}

Deno.test("every model trains, on digits from IDX files", () =>
  inFolder((folder) => {
    writeDigits(folder, "train", 600);
    writeDigits(folder, "t10k", 50);
    for (const model of ["logistic", "mlp", "deep"]) {
      const args = ["--model", model, "--data", folder, "--epochs", "3"];
      const { out, error } = run(folder, "train.ts", [...args, "--batch=20"]);
      assertMatch(
        out,
        /^weights: weights\.npz\nlearning curve: (weights\.svg|n\/a \(Cannot draw: .*\))\ntest accuracy 1\.000\n/,
      );
      assertMatch(error, /^100 % 1800\/1800 loss \S+ \S+ examples\/s \S+$/m);
    }
  }));

Deno.test("without compiler and BLAS, training goes on, and one line says what to install", () =>
  inFolder((folder) => {
    writeDigits(folder, "train", 60);
    writeDigits(folder, "t10k", 10);
    const args = ["--quick", "--model", "logistic", "--data", folder];
    const { code, error } = run(folder, "train.ts", args, {
      PATH: "/nonexistent",
      CC: "",
      DAMO_BLAS: "none",
    });
    assertEquals(code, 0);
    const [first, second] = error.split("\n");
    assertMatch(first!, /there is no C compiler.*; .*interpreted/);
    assertMatch(second!, /^100 % 60\/60 /);
  }));

Deno.test("what cannot be trained is refused in one line", () =>
  inFolder((folder) => {
    const refusals = {
      "--model=perceptron": "--model is one of logistic, mlp, deep",
      "--epoch=3": "there is no --epoch",
      "--rate=fast": "--rate is a number above 0",
      "--data=nowhere": "No such file or directory",
    };
    for (const [arg, why] of Object.entries(refusals)) {
      const { code, error } = run(folder, "train.ts", [arg]);
      assertEquals([code, error.trim().split("\n").length], [2, 1], error);
      assert(error.startsWith("Cannot train: ") && error.includes(why), error);
    }
  }));

/** What a language model says at its end: its perplexity, and what it compiled. */
function perplexity(out: string): number {
  const said =
    /\nwhat it writes:\n(?: {2}.*\n)+held-out perplexity (\d+\.\d{3})\nkernels: \d+ compiled, \d+ from cache\n$/
      .exec(out);
  assert(said, out);
  return Number(said[1]);
}

Deno.test("a language model that was stopped and resumed is the same to the bit", () =>
  inFolder((folder) => {
    const train = (...args: readonly string[]) => {
      const { out, error } = run(folder, "rnn_lm.ts", ["--quick", ...args]);
      return { held: perplexity(out), error };
    };
    const through = train("--epochs=2", "--save=through.npz");
    assert(through.held < 25);
    const notes = /^epoch 2: perplexity (\S+), held out (\S+)$/m;
    const [, , held] = notes.exec(through.error)!;
    assertEquals(held, through.held.toFixed(2));
    const first = train("--epochs=1", "--save=resumed.npz");
    assert(first.held > through.held);
    const second = train("--epochs=2", "--save=resumed.npz", "--resume");
    assertEquals(second.held, through.held);
    assert(!second.error.includes("epoch 1:"));
    assertEquals(
      Deno.readFileSync(`${folder}/resumed.npz`),
      Deno.readFileSync(`${folder}/through.npz`),
    );
    const { Wh, held_out, curve } = loadNpz(`${folder}/through.npz`);
    assertEquals([Wh!.shape, held_out!.shape], [[64, 64], [3]]);
    assertEquals(curve!.at(-1, 0), 2);

    const text = `${folder}/text.txt`;
    Deno.writeTextFileSync(text, "to be or not to be, ".repeat(1000));
    train("--epochs=1", `--text=${text}`, "--save=other.npz");
    const refusals = {
      "--text=text.txt --resume --save=through.npz":
        "through.npz was trained on another text",
      "--resume --save=through.npz --epochs=2": "has seen 2 epochs",
      "--resume --save=nowhere.npz": "nowhere.npz",
      "--streams=1000": "the text is too short for 1000 streams of 50",
      "--length=fast": "--length is a number above 0",
    };
    for (const [words, why] of Object.entries(refusals)) {
      const args = ["--quick", ...words.split(" ")];
      const { code, error } = run(folder, "rnn_lm.ts", args);
      assertEquals([code, error.trim().split("\n").length], [2, 1], error);
      assert(error.startsWith("Cannot train: ") && error.includes(why), error);
    }
  }));

Deno.test("an LSTM learns text, and writes some", () =>
  inFolder((folder) => {
    const text = "the whale, the white whale! ".repeat(800);
    Deno.writeTextFileSync(`${folder}/text.txt`, text);
    const { out, error } = run(folder, "lstm.ts", ["--quick"]);
    assert(perplexity(`\n${out}`) < 40);
    assertMatch(error, /^epoch 1: perplexity \S+, held out \S+$/m);
    const own = run(folder, "lstm.ts", [
      "--text=text.txt",
      "--epochs=8",
      "--units=64",
      "--rate=0.01",
    ]);
    // Of text that repeats itself, 28 characters, nearly all can be known.
    assert(perplexity(`\n${own.out}`) < 1.5);
    const none = run(folder, "lstm.ts", ["--text=nowhere.txt"]);
    assertMatch(none.error, /^Cannot train: No such file .*nowhere.txt.*\n$/);
  }));

Deno.test("Hessian-free optimization and gradient descent go down, for the same number of passes", () =>
  inFolder((folder) => {
    const { out, error } = run(folder, "hessian_free.ts", ["--quick"]);
    const [picture, ...lines] = out.trim().split("\n");
    assertMatch(picture!, /^picture: (hessian_free\.svg|n\/a \(.*\))$/);
    const losses = lines.slice(0, -1).map((line) => {
      const said = /^(.+): loss (\S+), squared error (\S+)$/.exec(line);
      assert(said, out);
      // A network that says one half everywhere has 784 log 2, which is 543.
      assert(Number(said[2]) < 300 && Number(said[3]) < 80, line);
      return said[1];
    });
    assertEquals(losses.length, 4);
    assertEquals(losses[0], "Hessian-free");
    assertMatch(error, /^Hessian-free .* loss \S+ damping \S+ .*$/m);
  }));
