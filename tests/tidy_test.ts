/** The tree is formatted and linted, and no public type mentions a private one. */
import { assert } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

for (
  const args of [["fmt", "--check"], ["lint"], ["doc", "--lint", "mod.ts"]]
) {
  Deno.test(`deno ${args.join(" ")}`, () => {
    const { success, stderr, stdout } = new Deno.Command(Deno.execPath(), {
      args: [...args, "--quiet"],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).outputSync();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert(success, text(stdout) + text(stderr));
  });
}
