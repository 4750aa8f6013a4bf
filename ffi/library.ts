/** Finds a dynamic library among candidates and opens it. */

/** No candidate could be opened; the message lists them with their reasons. */
export class MissingLibraryError extends Error {
  /** The class, for messages. */
  override readonly name = "MissingLibraryError";
}

/** An open library: never closed, because kernels keep pointers into it. */
export interface Library<S extends Deno.ForeignLibraryInterface> {
  /** The candidate that was opened. */
  readonly path: string;
  /** Its functions. */
  readonly symbols: Deno.DynamicLibrary<S>["symbols"];
}

/** What to open. */
export interface LibrarySearch<S extends Deno.ForeignLibraryInterface> {
  /** For messages. */
  readonly name: string;
  /** Paths, or names for the system's loader. */
  readonly candidates: readonly string[];
  /** The functions it must have. */
  readonly symbols: S;
  /** What helps if it is nowhere. */
  readonly remedy: string;
}

/**
 * Opens the first candidate that loads and has every symbol not marked
 * `optional`. A bare file name is searched by the system's loader.
 *
 * @throws MissingLibraryError: none could be opened.
 */
export function openLibrary<const S extends Deno.ForeignLibraryInterface>(
  { name, candidates, symbols, remedy }: LibrarySearch<S>,
): Library<S> {
  const tried: string[] = [];
  for (const path of candidates) {
    try {
      return { path, symbols: Deno.dlopen(path, symbols).symbols };
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      tried.push(`${path} (${reason(error)})`);
    }
  }
  throw new MissingLibraryError(
    `Cannot load ${name}: tried ${tried.join(", ") || "nothing"}; ${remedy}`,
  );
}

/** Why a library did not load, in the loader's own words. */
export function reason(error: unknown): string {
  const line = String((error as Error).message ?? error).split("\n")[0]!;
  return line.replace(/^(Could not open library: )*/, "")
    .replace(/^[^ ]*: (?=cannot open|invalid|file too short)/, "");
}
