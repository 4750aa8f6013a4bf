/** Caches for tests, and another process that compiles into them. */

/** The script that such a process runs. */
export const SUBJECT: string =
  new URL("./subject.ts", import.meta.url).pathname;

/** Runs `test` with an empty cache of its own, whose path has a space and an accent. */
export function withCache(test: (directory: string) => void): void {
  const parent = Deno.makeTempDirSync({ prefix: "damo-test-" });
  const directory = `${parent}/caché 1`;
  const before = Deno.env.get("DAMO_CACHE");
  Deno.env.set("DAMO_CACHE", directory);
  try {
    test(directory);
  } finally {
    if (before === undefined) Deno.env.delete("DAMO_CACHE");
    else Deno.env.set("DAMO_CACHE", before);
    Deno.removeSync(parent, { recursive: true });
  }
}

/** What a process said. */
export interface Run {
  readonly ok: boolean;
  readonly lines: readonly string[];
  readonly error: string;
}

/** How a process is run. */
export interface Settings {
  readonly count?: number;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Compiles kernels in another process. */
export function subject(
  { count = 3, flags = [], env = {} }: Settings = {},
): Run {
  const { success, stdout, stderr } = command({ count, flags, env })
    .outputSync();
  return read(success, stdout, stderr);
}

/** The process, not run yet. */
export function command(
  { count = 3, flags = [], env = {} }: Settings,
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", ...flags, SUBJECT, `${count}`],
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  });
}

/** What it said. */
export function read(ok: boolean, stdout: Uint8Array, stderr: Uint8Array): Run {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { ok, lines: text(stdout).split("\n"), error: text(stderr) };
}

/** The files of a directory whose names end so. */
export const names = (directory: string, end: string): string[] =>
  Array.from(Deno.readDirSync(directory), ({ name }) => name)
    .filter((name) => name.endsWith(end)).sort();

/** What a process of three kernels prints. */
export const VALUES = "1,11,21";
export const COMPILED = "kernels: 3 compiled, 0 from cache";
export const KEPT = "kernels: 0 compiled, 3 from cache";
