/** The route of DESIGN: a module imports from its own room or an earlier one, and only the last rooms touch the machine. */
import { assert, assertEquals } from "@std/assert";
import { PURE } from "../src/tools/test.ts";

const ROOT = new URL("../", import.meta.url).href;

/** The rooms in the order of the route; compile.ts, eval.ts and mod.ts are files. */
const ROUTE = [
  "ffi/",
  "src/graph/",
  "src/ops/",
  "src/grad/",
  "src/nested/",
  "src/rewrite/",
  "src/lower/",
  "src/build/",
  "src/run/",
  "src/compile.ts",
  "src/eval.ts",
  "src/tools/",
  "mod.ts",
];

/** Rooms that may call Deno and import ffi. */
const MACHINE = ["ffi/", "src/build/", "src/run/", "src/tools/"];

/** Every module of the library, as a path from the root. */
function modules(directory: string): string[] {
  const found: string[] = [];
  const left = [directory];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    for (const entry of Deno.readDirSync(new URL(at, ROOT))) {
      const path = `${at}${entry.name}`;
      if (entry.isDirectory) left.push(`${path}/`);
      else if (/(?<!\.d)\.ts$/.test(entry.name)) found.push(path);
    }
  }
  return found.sort();
}

const MODULES = ["mod.ts", ...modules("src/"), ...modules("ffi/")];

interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier?: string };
      readonly type?: { readonly specifier?: string };
    }[];
  }[];
}

type Import = readonly [from: string, to: string];

/** Every import between files of this repository, types included. */
function imports(): Import[] {
  const entry = Deno.makeTempFileSync({ suffix: ".ts" });
  const entries = MODULES.map((path) => `import "${ROOT}${path}";\n`);
  Deno.writeTextFileSync(entry, entries.join(""));
  const { stdout } = new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
  }).outputSync();
  Deno.removeSync(entry);
  const info: Info = JSON.parse(new TextDecoder().decode(stdout));
  return info.modules.filter(({ specifier }) => specifier.startsWith(ROOT))
    .flatMap(({ specifier, dependencies = [] }) =>
      dependencies.flatMap(({ code, type }) => [code, type])
        .flatMap((to) => to?.specifier ? [to.specifier] : [])
        .map((to) =>
          [specifier.replace(ROOT, ""), to.replace(ROOT, "")] as const
        )
    );
}

const room = (path: string) => ROUTE.findIndex((room) => path.startsWith(room));
const isMachine = (path: string) =>
  MACHINE.some((room) => path.startsWith(room));
const show = (found: readonly Import[]) =>
  found.map(([from, to]) => `${from} imports ${to}`);

Deno.test("every module is in a room", () => {
  assertEquals(MODULES.filter((path) => room(path) < 0), []);
});

Deno.test("a module imports from its own room or an earlier one", () => {
  const all = imports();
  assert(all.length > MODULES.length, "deno info found too few imports");
  assertEquals(show(all.filter(([from, to]) => room(to) > room(from))), []);
  const ffi = all.filter(([from, to]) =>
    to.startsWith("ffi/") && !isMachine(from)
  );
  assertEquals(show(ffi), [], "only build, run and tools import ffi");
  const foreign = all.filter(([, to]) =>
    /^(npm|jsr|https?):/.test(to) && !/^npm:[^@]+@\d+\.\d+\.\d+/.test(to)
  );
  assertEquals(show(foreign), [], "packages are imported by a full version");
});

Deno.test("only the rooms of the machine call Deno", () => {
  const calls = /(?<![\w."'`])Deno\.(?!customInspect)/;
  const found = MODULES.filter((path) => !isMachine(path))
    .filter((path) =>
      calls.test(withoutComments(Deno.readTextFileSync(new URL(path, ROOT))))
    );
  assertEquals(found, []);
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
}

Deno.test("the tests of the other rooms are run without permissions", () => {
  const rooms = ROUTE.filter((room) => room.endsWith("/") && !isMachine(room));
  assertEquals(PURE.map((folder) => `src/${folder}/`), rooms);
});
