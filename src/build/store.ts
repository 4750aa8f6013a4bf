/** The directory of compiled code: finding it, trusting it, and putting files into it that many processes share. */
import { config } from "../graph/config.ts";

/** Files are dropped beyond this size, least recently used first. */
export const CAPACITY: number = 512 * 1024 * 1024;

/** The directory cannot be trusted, or nothing can be written at all. */
export class CacheError extends Error {
  /** The class, for messages. */
  override readonly name = "CacheError";
}

/**
 * Where compiled code is kept: $DAMO_CACHE, else `cache` of DAMO_FLAGS, else
 * the user's cache directory.
 *
 * @throws CacheError: none is named, and the user has no home.
 */
export function cacheDirectory(): string {
  const named = Deno.env.get("DAMO_CACHE") || config.cache;
  if (named) return named.startsWith("/") ? named : `${Deno.cwd()}/${named}`;
  const xdg = Deno.env.get("XDG_CACHE_HOME"), home = Deno.env.get("HOME");
  if (xdg) return `${xdg}/damo`;
  if (home) return `${home}/.cache/damo`;
  throw new CacheError(
    "Cannot choose a cache directory: HOME is not set; set DAMO_CACHE",
  );
}

const stores = new Map<string, Store>();

/**
 * The store in force.
 *
 * @throws CacheError: others than the user and root can write its directory.
 */
export function openStore(): Store {
  const directory = cacheDirectory();
  let store = stores.get(directory);
  if (!store) stores.set(directory, store = new Store(directory));
  return store;
}

/**
 * Files are published whole: written under another name and renamed. They are
 * never changed afterwards, and their names say what they hold, so no lock is
 * needed. Where the directory cannot be written, new files go to a private
 * one that lives as long as the process.
 */
export class Store {
  /** Where files are read, in this order. The last is where they are written. */
  readonly #directories: string[];
  /** Damaged and foreign files that could not be removed: this process looks past them. */
  readonly #dropped = new Set<string>();

  /** Makes the directory if there is none. CacheError: others than the user and root can write it. */
  constructor(readonly directory: string) {
    this.#directories = [directory];
    if (!stat(directory)?.isDirectory) {
      try {
        Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
      } catch (error) {
        this.#retreat(error);
      }
    }
    refuseShared(directory);
  }

  /** A library and its content, or null. */
  readLibrary(name: string): { path: string; content: Uint8Array } | null {
    return this.#read(name, (path) => ({
      path,
      content: Deno.readFileSync(path),
    }));
  }

  /** The text of a file, or null. */
  read(name: string): string | null {
    return this.#read(name, Deno.readTextFileSync);
  }

  #read<T>(name: string, read: (path: string) => T): T | null {
    for (const directory of this.#directories) {
      const path = `${directory}/${name}`;
      if (this.#dropped.has(path)) continue;
      try {
        return read(path);
      } catch (error) {
        if (error instanceof Deno.errors.NotCapable) throw error;
      }
    }
    return null;
  }

  /** Publishes a small file and returns its path. */
  write(name: string, content: string): string {
    const directory = this.work((workspace) => {
      Deno.writeTextFileSync(`${workspace}/${name}`, content);
      return [name];
    });
    return `${directory}/${name}`;
  }

  /**
   * Runs `make` in a fresh directory and publishes the files that it names, in
   * that order; returns the directory where they now are. `make` runs once
   * more if somebody has cleared the cache meanwhile, and in a private
   * directory if the disk is full or this one read-only.
   */
  work(make: (workspace: string) => readonly string[]): string {
    for (let attempts = 1;; attempts++) {
      try {
        return this.#attempt(make);
      } catch (error) {
        const isGone = error instanceof Deno.errors.NotFound;
        if (!isGone || attempts > 1) this.#retreat(error);
      }
    }
  }

  #attempt(make: (workspace: string) => readonly string[]): string {
    const directory = this.#directories.at(-1)!;
    Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
    const workspace = Deno.makeTempDirSync({ dir: directory, prefix: "tmp-" });
    try {
      for (const name of make(workspace)) {
        Deno.renameSync(`${workspace}/${name}`, `${directory}/${name}`);
      }
      return directory;
    } finally {
      remove(workspace);
    }
  }

  /** From now on writes go to a private directory, if `error` says that they cannot go here. */
  #retreat(error: unknown): void {
    const why = refusal(error);
    if (why === null) throw error;
    const from = this.#directories.at(-1)!;
    if (this.#directories.length > 1) {
      throw new CacheError(
        `Cannot write compiled code: ${why} in ${this.directory} and in ${from}; set DAMO_CACHE to another directory`,
      );
    }
    const directory = Deno.makeTempDirSync({ prefix: "damo-" });
    globalThis.addEventListener("unload", () => remove(directory));
    this.#directories.push(directory);
    console.error(
      `damo: ${why} in ${from}: what is compiled now is not kept`,
    );
  }

  /** Marks a file as used: eviction takes the oldest first. */
  touch(path: string): void {
    const now = Date.now();
    try {
      const { mtime } = Deno.statSync(path);
      if (now - (mtime?.getTime() ?? 0) > 3600_000) {
        Deno.utimeSync(path, new Date(now), new Date(now));
      }
    } catch {
      // Somebody else's cache, or a file that is gone: its age does not matter.
    }
  }

  /** Removes a damaged or foreign file; where the directory cannot be written, it is not read any more. */
  drop(path: string): void {
    remove(path);
    if (stat(path)) this.#dropped.add(path);
  }

  /** What it keeps. */
  list(): Entry[] {
    const entries: Entry[] = [];
    for (const name of names(this.directory)) {
      const kind = kindOf(name);
      if (!kind) continue;
      const info = stat(`${this.directory}/${name}`);
      if (!info) continue; // another process has just removed it
      const used = info.mtime?.getTime() ?? 0;
      entries.push({ name, kind, size: info.size, used });
    }
    return entries;
  }

  /** Removes least recently used libraries, each with all that refers to it, until at most `capacity` bytes are left. */
  evict(capacity: number = CAPACITY): void {
    const entries = this.list();
    let total = entries.reduce((sum, { size }) => sum + size, 0);
    const yesterday = Date.now() - 86_400_000;
    for (const { name, kind, used } of entries) {
      if (kind === "workspace" && used < yesterday) {
        remove(`${this.directory}/${name}`);
      }
    }
    if (total <= capacity) return;
    const references = Map.groupBy(
      entries.filter(({ kind }) => kind === "reference"),
      ({ name }) => this.read(name)?.split(" ")[0] ?? "",
    );
    const libraries = entries.filter(({ kind }) => kind === "library")
      .sort((a, b) => a.used - b.used || (a.name < b.name ? -1 : 1));
    for (const library of libraries) {
      if (total <= 0.8 * capacity) return;
      const stem = library.name.replace(/\.so$/, "");
      const sources = entries.filter(({ name }) => name === `${stem}.c`);
      const group = [
        ...references.get(library.name) ?? [],
        ...sources,
        library,
      ];
      for (const { name, size } of group) {
        remove(`${this.directory}/${name}`);
        total -= size;
      }
    }
  }

  /** Removes all that it keeps, and nothing else that may lie there. */
  clear(): void {
    for (const { name } of this.list()) remove(`${this.directory}/${name}`);
  }
}

/** A file of the store. */
export interface Entry {
  /** Within the directory. */
  readonly name: string;
  /** What it is for. */
  readonly kind: "library" | "reference" | "source" | "memo" | "workspace";
  /** In bytes. */
  readonly size: number;
  /** When it was last used, in milliseconds since 1970. */
  readonly used: number;
}

function kindOf(name: string): Entry["kind"] | null {
  if (/-[0-9a-f]{16}\.so$/.test(name)) return "library";
  if (/^[0-9a-f]{32}\.ref$/.test(name)) return "reference";
  if (/-[0-9a-f]{16}\.c$|^failed-[0-9a-f]{16}\.txt$/.test(name)) {
    return "source";
  }
  if (/^[0-9a-f]{16}\.cc$/.test(name)) return "memo";
  return name.startsWith("tmp-") ? "workspace" : null;
}

/** Code is run from there: only the user and root may write it. */
function refuseShared(directory: string): void {
  const { mode = null, uid = null } = stat(directory) ?? {};
  if (mode === null || Deno.build.os === "windows") return;
  if (mode & 0o022) {
    const octal = (mode & 0o777).toString(8);
    throw new CacheError(
      `Cannot use the cache ${directory}: others can write to it (mode ${octal}); run chmod go-w "${directory}", or set DAMO_CACHE to another directory`,
    );
  }
  const user = userId();
  if (user !== null && uid !== 0 && uid !== user) {
    throw new CacheError(
      `Cannot use the cache ${directory}: it belongs to user ${uid}; set DAMO_CACHE to another directory`,
    );
  }
}

/** The user's number; null where Deno may not say it. */
export function userId(): number | null {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "uid" });
  return state === "granted" ? Deno.uid() : null;
}

const REFUSALS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "read-only file system",
  ENOSPC: "no space left on the disk",
  EDQUOT: "disk quota exceeded",
  ENOTDIR: "not a directory",
  EEXIST: "not a directory",
  ENOENT: "no such directory",
};

/** Why the file system did not take a file; null if `error` says something else. */
function refusal(error: unknown): string | null {
  if (error instanceof Deno.errors.NotCapable) return null;
  return REFUSALS[(error as { code?: string }).code ?? ""] ?? null;
}

function stat(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return null;
  }
}

function names(directory: string): string[] {
  try {
    return Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
  } catch {
    return [];
  }
}

/** Removes a file or directory; another process may have been first, or the directory may be read-only. */
function remove(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // What stays is a file that no reference leads to.
  }
}
