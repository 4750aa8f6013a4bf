/** Recorded cases of the ancestor's behaviour, replayed by every linker where they are at hand. */
import { assertEquals } from "@std/assert";
import { readCases } from "./case.ts";
import { isReadable } from "./build.ts";
import { isUnexpected, LINKERS, replayAll } from "./run.ts";

const FOLDER = new URL("../../../shared/cases", import.meta.url).pathname;

const isThere = (() => {
  try {
    return Deno.statSync(FOLDER).isDirectory;
  } catch {
    console.log(`No recorded cases at ${FOLDER}: their tests are left out`);
    return false;
  }
})();

for (const linker of LINKERS) {
  Deno.test({
    name: `recorded cases by linker ${linker}: values and refusals agree`,
    ignore: !isThere,
    async fn() {
      const replayed = replayAll(await readCases(FOLDER), linker);
      const wrong = replayed.filter(isUnexpected).map((r) =>
        `${r.recorded.id}: ${r.outcome.reason}`
      );
      assertEquals(wrong, []);
    },
  });
}

Deno.test({
  name: "recorded cases: every operation of the README has a word, or a reason",
  ignore: !isThere,
  fn() {
    const text = Deno.readTextFileSync(`${FOLDER}/README.md`);
    const table = text.slice(text.indexOf("| op | inputs |"));
    const ops = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, op]) => op!);
    assertEquals(ops.length > 200, true, `only ${ops.length} operations`);
    assertEquals(ops.filter((op) => !isReadable(op)), []);
  },
});
