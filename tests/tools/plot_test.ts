/** Pictures: one well-formed SVG, and nothing is loaded before the first. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { plot } from "../../src/tools/plot.ts";

const MOD = new URL("../../mod.ts", import.meta.url).href;

/** The names of elements that were opened and not closed, or closed wrongly. */
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  for (const [tag, slash, name] of svg.matchAll(/<(\/?)([\w:]+)[^>]*>/g)) {
    if (tag.endsWith("/>")) continue;
    if (!slash) open.push(name!);
    else if (open.pop() !== name) return [`${name} closed`];
  }
  return open;
}

Deno.test("a picture is one SVG with heading, legend, panels and caption", async () => {
  const bars = [{ net: "a < b", rate: 2, who: "ours" }, {
    net: "c",
    rate: 1,
    who: "theirs & others",
  }];
  const svg = await plot((Plot) => ({
    title: "Rates of <nets>",
    subtitle: "examples/s",
    caption: "measured",
    legend: { ours: "#4269d0", "theirs & others": "#efb118" },
    columns: 2,
    panels: ["one", "two", "three"].map((title) => ({
      title,
      width: 200,
      height: 100,
      marks: [Plot.barY(bars, { x: "net", y: "rate", fill: "who" })],
    })),
  }));
  assertEquals(unbalanced(svg), []);
  assertMatch(svg, /^<svg [^>]*viewBox="0 0 452 \d+"/);
  for (
    const text of [
      "Rates of &lt;nets&gt;",
      "examples/s",
      "measured",
      "theirs &amp; others",
      "one",
      "two",
      "three",
    ]
  ) assert(svg.includes(`>${text}</text>`), text);
  // A swatch, and a bar in each panel.
  assertEquals(svg.match(/fill="#4269d0"/g)?.length, 4);
  assert(!svg.includes("undefined") && !svg.includes("NaN"));
});

Deno.test("a picture of nothing is a picture", async () => {
  assertEquals(unbalanced(await plot(() => ({ panels: [] }))), []);
});

Deno.test("a mistake in the drawing is the user's own error", async () => {
  await assertRejects(
    () =>
      plot(() => {
        throw new RangeError("mine");
      }),
    RangeError,
    "mine",
  );
});

Deno.test("Damo is imported without the packages; where they cannot be had, drawing says so in a line", () => {
  const directory = Deno.makeTempDirSync({ prefix: "damo-plot-" });
  Deno.writeTextFileSync(
    `${directory}/script.ts`,
    `import { plot } from ${JSON.stringify(MOD)};
const message = await plot(() => ({ panels: [] })).catch((e) => e.message);
console.log(message);`,
  );
  const { stdout, stderr } = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "-q",
      "--no-check",
      "--no-lock",
      "--cached-only",
      "script.ts",
    ],
    cwd: directory,
    env: { DENO_DIR: `${directory}/empty`, NO_COLOR: "1" },
  }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  assertEquals(text(stderr), "");
  assertMatch(
    text(stdout),
    /^Cannot draw: npm:@observablehq\/plot@\S+ does not load: .*$/,
  );
  Deno.removeSync(directory, { recursive: true });
});
