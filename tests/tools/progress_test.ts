/** The progress display: what fits, and when it is drawn. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  progress,
  type ProgressOutput,
  renderProgress,
} from "../../src/tools/progress.ts";

const STATE = {
  label: "epoch 1",
  done: 450,
  total: 1000,
  unit: "",
  rate: 50,
  seconds: 9,
  values: { loss: 0.123456 },
};

Deno.test("a wide line has everything", () => {
  assertEquals(
    renderProgress(STATE, 100),
    `epoch 1 ${"█".repeat(13)}▌${
      " ".repeat(16)
    } 45 % 450/1000 loss 0.1235 50/s 0:11 left`,
  );
});

Deno.test("a part of a step is shown with two digits", () => {
  const line = renderProgress({ ...STATE, done: 0.1 + 0.2, total: 2.5 }, 100);
  assertMatch(line, / 0\.3\/2\.5 /);
});

Deno.test("a line fits any width, and loses the least important first", () => {
  for (let width = 0; width < 120; width++) {
    const line = renderProgress(STATE, width);
    assert(line.length <= width, `${width}: ${line}`);
    if (width >= 12) assertMatch(line, /45 %/);
    if (width >= 24) assertMatch(line, /loss 0\.1235/);
  }
  assertEquals(renderProgress(STATE, 26), "epoch 1 45 % loss 0.1235");
});

Deno.test("the end, and an empty loop, are whole", () => {
  assertMatch(
    renderProgress({ ...STATE, done: 1000, rate: 0, seconds: 3723 }, 100),
    /100 % .* 1:02:03$/,
  );
  assertMatch(
    renderProgress(
      { ...STATE, done: 0, total: 0, rate: 0, seconds: 0, values: {} },
      100,
    ),
    /100 % 0\/0/,
  );
});

/** An output that keeps what is written, with a clock of `tick` milliseconds a reading. */
function recorder(
  terminal: boolean,
  tick: number,
): ProgressOutput & { text: string } {
  let time = 0;
  return {
    text: "",
    terminal,
    columns: () => 60,
    write(text) {
      this.text += text;
    },
    now: () => time += tick,
  };
}

Deno.test("a terminal's line is redrawn, at most ten times a second", () => {
  const output = recorder(true, 1);
  const shown = progress(100, { output });
  for (let i = 0; i < 100; i++) shown.step({ loss: i });
  shown.end();
  const draws = output.text.split("\r").length - 1;
  assert(draws >= 2 && draws <= 5, `${draws} draws`);
  assert(output.text.endsWith("\x1b[K\n"));
  assert(!output.text.slice(0, -1).includes("\n"));
});

Deno.test("elsewhere there is a plain line each tenth", () => {
  const output = recorder(false, 10);
  const shown = progress(25, { label: "x", output });
  for (let i = 0; i < 25; i++) shown.step({ loss: 1 });
  shown.end();
  const lines = output.text.trimEnd().split("\n");
  assertEquals(lines.length, 10);
  assertMatch(lines[0]!, /^x 12 % 3\/25 loss 1 /);
  assert(!output.text.includes("\r") && !output.text.includes("\x1b"));
});

Deno.test("a unit, a count and a note are shown", () => {
  assertMatch(
    renderProgress({ ...STATE, unit: "examples" }, 100),
    / 50 examples\/s /,
  );
  for (const terminal of [true, false]) {
    const output = recorder(terminal, 200);
    const shown = progress(100, { output });
    shown.step({}, 50);
    shown.note("half");
    shown.end();
    assertMatch(output.text, /50 % 50\/100/);
    assert(output.text.includes(terminal ? "\rhalf\x1b[K\n" : "\nhalf\n"));
  }
});

Deno.test("the rate does not count the first step, which compiles", () => {
  let time = 0;
  const output = { ...recorder(false, 0), now: () => time };
  const shown = progress(20, { output });
  time = 5000;
  shown.step({}, 2);
  time = 5100;
  shown.step({}, 2);
  assertEquals(
    output.text,
    "10 % 2/20 0.4/s 0:45 left\n20 % 4/20 20/s 0:01 left\n",
  );
});
