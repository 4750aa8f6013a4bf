/** The library's C text travels with it: imported by URL from another folder, it compiles kernels. */
import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

Deno.test("a script in another folder imports the library over http and runs compiled functions", async () => {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      try {
        const body = await Deno.readFile(new URL(`.${pathname}`, ROOT));
        return new Response(body, {
          headers: { "content-type": "text/plain" },
        });
      } catch {
        return new Response("not found", { status: 404 });
      }
    },
  );
  const directory = Deno.makeTempDirSync({ prefix: "damo-import-" });
  const script = `${directory}/experiment.ts`;
  const at = `http://127.0.0.1:${server.addr.port}`;
  Deno.writeTextFileSync(
    script,
    `import * as damo from "${at}/mod.ts";
const x = damo.vector("x");
console.log(damo.function([x], x.mul(2).sum())([1, 20]), damo.kernelStatistics.compiled > 0);
`,
  );
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", "--no-lock", script],
    cwd: directory,
    env: { DENO_DIR: `${directory}/deno`, DAMO_CACHE: `${directory}/cache` },
  }).output();
  await server.shutdown();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  assertEquals([text(stdout), text(stderr)], ["42 true", ""]);
  Deno.removeSync(directory, { recursive: true });
});
