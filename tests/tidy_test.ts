/** The tree is formatted and linted, no public type mentions a private one, and a user's type checker finds nothing to say. */
import { assert } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

function succeeds(args: readonly string[], cwd: URL | string): void {
  const { success, stderr, stdout } = new Deno.Command(Deno.execPath(), {
    args: [...args, "--quiet"],
    cwd,
    env: { NO_COLOR: "1" },
  }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert(success, text(stdout) + text(stderr));
}

for (
  const args of [["fmt", "--check"], ["lint"], ["doc", "--lint", "mod.ts"]]
) {
  Deno.test(`deno ${args.join(" ")}`, () => succeeds(args, ROOT));
}

// Sources that are imported by path are checked with the importer's settings.
Deno.test("deno check, in a folder of its own", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const imports = { damo: new URL("mod.ts", ROOT).href };
    Deno.writeTextFileSync(`${folder}/deno.json`, JSON.stringify({ imports }));
    Deno.writeTextFileSync(`${folder}/main.ts`, 'import "damo";\n');
    succeeds(["check", "main.ts"], folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
