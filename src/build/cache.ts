/** Compiled code, kept by content: kernels in batches, and whole libraries. */
import type { Kernel } from "../lower/program.ts";
import { HEADERS, reachable } from "./csrc.ts";
import { fingerprint } from "./fingerprint.ts";
import { sha256 } from "./sha256.ts";
import { openStore, type Store } from "./store.ts";
import {
  type Compiler,
  findCompiler,
  KERNEL_FLAGS,
  runCompiler,
  SHARED,
} from "./toolchain.ts";

/** Changes when compiled kernels of another number must not be used any more. */
const ABI = 1;

/** The placeholder of a kernel's symbol in its text. */
const PLACEHOLDER = "KERNEL";

/** A batch is cut into one part a core when each has at least so much work: twice what it takes to start a compiler and a linker. */
const PART = 8192;

/** What a kernel costs a compiler besides the characters of its text, in as many characters: itself, a loop that is vectorised, a function that is inlined. */
const COSTS = { kernel: 1500, loop: 2000, function: 3000 };

/** The compiler refused C text; the message names the op and a file with all that it said. */
export class CompileError extends Error {
  /** The class, for messages. */
  override readonly name = "CompileError";
}

/** Where a compiled kernel is. */
export interface Located {
  /** A shared object. */
  readonly path: string;
  /** The function's name there. */
  readonly symbol: string;
}

/** How many different kernels this process has compiled, and how many it found compiled. */
export const statistics: { compiled: number; fromCache: number } = {
  compiled: 0,
  fromCache: 0,
};

/** `kernels: 3 compiled, 9 from cache`. */
export function describeStatistics(): string {
  return `kernels: ${statistics.compiled} compiled, ${statistics.fromCache} from cache`;
}

/** A kernel with what makes it unique. */
interface Keyed {
  readonly key: string;
  readonly symbol: string;
  readonly kernel: Kernel;
}

/** What this process has located, by directory and key. */
const located = new Map<string, Located>();

/**
 * Compiles the kernels that are not in the cache, together, and says where all
 * of them are, in order. A kernel's text stands alone: every name that it
 * gives at file scope begins with `KERNEL`.
 *
 * @throws CompileError: the compiler refuses a kernel.
 * @throws MissingCompilerError: there is no compiler.
 */
export function compileKernels(kernels: readonly Kernel[]): Located[] {
  if (kernels.length === 0) return [];
  const store = openStore(), compiler = findCompiler(store);
  const all = kernels.map((kernel) => identify(kernel, compiler));
  const missing = new Map<string, Keyed>();
  for (const keyed of all) {
    if (missing.has(keyed.key) || recall(keyed.key, store)) continue;
    if (lookUp(keyed.key, store)) statistics.fromCache++;
    else missing.set(keyed.key, keyed);
  }
  compileMissing([...missing.values()], { store, compiler });
  statistics.compiled += missing.size;
  return all.map(({ key }) => recall(key, store)!);
}

/** How a library is compiled. */
export interface LibraryOptions {
  /** C files that are compiled as one, each group at the same time as the others; every file by itself unless given. */
  readonly units?: readonly Unit[];
  /** Further options, libraries to link: they come last. */
  readonly flags?: readonly string[];
}

/** C files that are compiled as one: all their names at file scope differ. */
export interface Unit {
  readonly files: readonly string[];
  /** How much they are worth optimising, for instance. */
  readonly flags: readonly string[];
}

/**
 * Compiles and links C files (with their headers) into one shared object and
 * returns its path.
 *
 * @throws CompileError: the compiler refuses it.
 * @throws MissingCompilerError: there is no compiler.
 */
export function buildLibrary(
  name: string,
  sources: Readonly<Record<string, string>>,
  { units = unitsOf(sources), flags = [] }: LibraryOptions = {},
): string {
  const store = openStore(), compiler = findCompiler(store);
  const files = Object.entries(sources).sort(([a], [b]) => a < b ? -1 : 1);
  const { identity, flags: common } = compiler;
  const options = [common, SHARED, units, flags];
  const key = digest([ABI, identity, options, name, files]);
  const found = recall(key, store) ?? lookUp(key, store);
  if (found) return found.path;
  let library = "";
  const directory = store.work((workspace) => {
    for (const [file, text] of files) {
      Deno.writeTextFileSync(`${workspace}/${file}`, text);
    }
    const command = [...compiler.command, ...SHARED, ...common];
    const compile = units.map((unit, i) => {
      let [file] = unit.files;
      if (unit.files.length > 1) {
        const includes = unit.files.map((name) => `#include "${name}"\n`);
        Deno.writeTextFileSync(
          `${workspace}/${file = `unit${i}.c`}`,
          includes.join(""),
        );
      }
      const options = [...flags, ...unit.flags];
      return [...command, ...options, "-o", `unit${i}.o`, "-c", file!];
    });
    const objects = units.map((_, i) => `unit${i}.o`);
    const link = [...command, "-o", "part0.so", ...objects, ...flags];
    const refused = [
      ...runCompiler(compile, workspace),
      ...runCompiler([link], workspace),
    ].find((said) => said !== null);
    if (refused) throw compileError(name, { said: refused, text: "" }, store);
    library = seal(workspace, 0, name);
    reference(workspace, key, `${library} ${name}`);
    return [library, `${key}.ref`];
  });
  remember(key, store, { path: `${directory}/${library}`, symbol: name });
  return `${directory}/${library}`;
}

/** Drops a library that this process found, so that it is built when it is next asked for. False: it made it. */
export function forget(path: string): boolean {
  const at = [...intact].find(([, found]) => found === path)?.[0];
  if (at === undefined) return false;
  intact.delete(at);
  for (const [key, found] of located) {
    if (found.path === path) located.delete(key);
  }
  openStore().drop(path);
  return true;
}

function unitsOf(sources: Readonly<Record<string, string>>): Unit[] {
  const files = Object.keys(sources).filter((file) => file.endsWith(".c"));
  return files.sort().map((file) => ({ files: [file], flags: [] }));
}

function remember(key: string, store: Store, found: Located): Located {
  located.set(`${store.directory}\0${key}`, found);
  return found;
}

function recall(key: string, store: Store): Located | undefined {
  return located.get(`${store.directory}\0${key}`);
}

function digest(parts: unknown): string {
  return sha256(JSON.stringify(parts)).slice(0, 32);
}

/** By the headers' names: a short digest, because SHA-256 of all of them would cost every warm start 10 ms. */
const headerPrints = new Map<string, string>();

function identify(kernel: Kernel, compiler: Compiler): Keyed {
  const headers = kernel.headers.join();
  let texts = headerPrints.get(headers);
  if (!texts) {
    const joined = reachable(kernel.headers).map((name) => HEADERS[name]!);
    texts = fingerprint(joined.join("\0"));
    headerPrints.set(headers, texts);
  }
  const { identity, flags } = compiler;
  const options = [flags, SHARED, KERNEL_FLAGS];
  const key = digest([ABI, identity, options, texts, kernel.text]);
  const name = kernel.name.replace(/\W/g, "_").slice(0, 60);
  return { key, symbol: `${name}_${key.slice(0, 12)}`, kernel };
}

/** Finds compiled code by its key; what is damaged is dropped. */
function lookUp(key: string, store: Store): Located | null {
  const reference = /^(\S+-([0-9a-f]{16})\.so) (\S+)$/
    .exec(store.read(`${key}.ref`) ?? "");
  if (!reference) return null;
  const [, name, print, symbol] = reference as unknown as string[];
  const at = `${store.directory}\0${name}`;
  let path = intact.get(at);
  if (path === undefined) {
    const file = store.readLibrary(name!);
    if (!file) return null;
    path = file.path;
    if (fingerprint(file.content) !== print) {
      store.drop(path);
      return null;
    }
    intact.set(at, path);
    store.touch(path);
  }
  return remember(key, store, { path, symbol: symbol! });
}

/** Libraries whose content has been compared with their name: where they are. */
const intact = new Map<string, string>();

interface Tools {
  readonly store: Store;
  readonly compiler: Compiler;
}

/** Compiles all; a part that fails is halved until the kernel at fault stands alone. */
function compileMissing(missing: readonly Keyed[], tools: Tools): void {
  const work = missing.reduce((sum, keyed) => sum + workOf(keyed), 0);
  const count = Math.min(
    navigator.hardwareConcurrency,
    Math.ceil(work / PART),
  );
  let parts = split(missing, count), error: CompileError | undefined;
  while (parts.length > 0) {
    const failed = compileParts(parts, tools);
    parts = [];
    for (const { part, refusal } of failed) {
      const [first] = part;
      if (part.length > 1) parts.push(...split(part, 2));
      else error ??= compileError(first!.kernel.name, refusal, tools.store);
    }
  }
  if (error) throw error;
  if (missing.some(({ key }) => key < "1")) tools.store.evict();
}

/** How long a kernel takes to compile: 0.05 s for 10,000. */
function workOf({ kernel: { text } }: Keyed): number {
  const loops = text.match(/#pragma GCC ivdep/g)?.length ?? 0,
    functions = new Set(text.match(/\b[a-z]\w*_f(?:32|64)(?=\()/g));
  return text.length + COSTS.kernel + COSTS.loop * loops +
    COSTS.function * functions.size;
}

/** At most `count` parts of about equal work: the longest first, each where there is least. */
function split(items: readonly Keyed[], count: number): Keyed[][] {
  const parts = Array.from({ length: count }, () => ({
    items: [] as Keyed[],
    work: 0,
  }));
  for (const item of items.toSorted((a, b) => workOf(b) - workOf(a))) {
    const least = parts.reduce((a, b) => b.work < a.work ? b : a);
    least.items.push(item);
    least.work += workOf(item);
  }
  return parts.map(({ items }) => items).filter(({ length }) => length > 0);
}

/** What the compiler said, and of which text. */
interface Refusal {
  readonly said: string;
  readonly text: string;
}

interface Failure {
  readonly part: readonly Keyed[];
  readonly refusal: Refusal;
}

/** Compiles each part to a shared object, at the same time; returns the parts that fail. */
function compileParts(
  parts: readonly (readonly Keyed[])[],
  { store, compiler }: Tools,
): Failure[] {
  let failures: Failure[] = [];
  let made: (readonly [key: string, name: string, symbol: string])[] = [];
  const directory = store.work((workspace) => {
    failures = [], made = [];
    const used = parts.flat().flatMap(({ kernel }) => kernel.headers);
    for (const name of reachable(used)) {
      Deno.writeTextFileSync(`${workspace}/${name}`, HEADERS[name]!);
    }
    const texts = parts.map(translationUnit);
    const jobs = texts.map((text, i) => {
      Deno.writeTextFileSync(`${workspace}/part${i}.c`, text);
      const flags = [...SHARED, ...compiler.flags, ...KERNEL_FLAGS];
      return [...compiler.command, ...flags, "-o", `part${i}.so`, `part${i}.c`];
    });
    const publish: string[] = [];
    runCompiler(jobs, workspace).forEach((said, i) => {
      const part = parts[i]!;
      if (said !== null) {
        failures.push({ part, refusal: { said, text: texts[i]! } });
        return;
      }
      const library = seal(workspace, i, "kernels");
      const source = library.replace(/so$/, "c");
      Deno.renameSync(`${workspace}/part${i}.c`, `${workspace}/${source}`);
      publish.push(source, library);
      for (const { key, symbol } of part) {
        reference(workspace, key, `${library} ${symbol}`);
        made.push([key, library, symbol]);
        publish.push(`${key}.ref`);
      }
    });
    return publish;
  });
  for (const [key, library, symbol] of made) {
    remember(key, store, { path: `${directory}/${library}`, symbol });
  }
  return failures;
}

/** The kernels of a part in one C file, as they will be read in a debugger. */
function translationUnit(part: readonly Keyed[]): string {
  const headers = new Set(part.flatMap(({ kernel }) => kernel.headers));
  const includes = Array.from(headers, (name) => `#include "${name}"\n`);
  const kernels = part.map(({ kernel, symbol }) =>
    `\n${kernel.text.trim().replaceAll(PLACEHOLDER, symbol)}\n`
  );
  return [...includes, ...kernels].join("");
}

/** Gives a compiled part the name that says its content. */
function seal(workspace: string, part: number, label: string): string {
  const at = `${workspace}/part${part}`;
  const print = fingerprint(Deno.readFileSync(`${at}.so`));
  const stem = `${label.replace(/\W/g, "_")}-${print}`;
  Deno.renameSync(`${at}.so`, `${workspace}/${stem}.so`);
  return `${stem}.so`;
}

function reference(workspace: string, key: string, content: string): void {
  Deno.writeTextFileSync(`${workspace}/${key}.ref`, content);
}

function compileError(
  name: string,
  { said, text }: Refusal,
  store: Store,
): CompileError {
  const line = /^.*\berror\b.*$/m.exec(said)?.[0] ?? said.split("\n")[0]!;
  const all = `${said}\n\n${text}`;
  const path = store.write(`failed-${fingerprint(all)}.txt`, all);
  return new CompileError(
    `Cannot compile ${name}: ${line.trim()}; all that the compiler said is in ${path}`,
  );
}
