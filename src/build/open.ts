/** Opening what is compiled: what was found but does not open is built once more. */
import type { Kernel } from "../lower/program.ts";
import {
  buildLibrary,
  compileKernels,
  forget,
  type LibraryOptions,
  type Located,
} from "./cache.ts";

/**
 * What `open` makes of each kernel, compiled if it is not in the cache. A
 * library of the cache that does not open, say because a machine with another
 * C library left it there, is built once more.
 *
 * @throws CompileError, MissingCompilerError: see compileKernels.
 */
export function openKernels<T>(
  kernels: readonly Kernel[],
  open: (found: Located) => T,
): T[] {
  let last: Located | undefined;
  try {
    return compileKernels(kernels).map((found) => open(last = found));
  } catch (error) {
    if (!last || !forget(last.path)) throw error;
    return openKernels(kernels, open); // each round forgets a library that this process did not make
  }
}

/**
 * What `open` makes of the library at the path that buildLibrary gives. One
 * that was found but does not open, say because a machine with another C
 * library left it there, is built once more.
 */
export function openLibrary<T>(
  name: string,
  sources: Readonly<Record<string, string>>,
  { open, ...options }: LibraryOptions & { readonly open: (path: string) => T },
): T {
  const path = buildLibrary(name, sources, options);
  try {
    return open(path);
  } catch (error) {
    if (!forget(path)) throw error;
    return open(buildLibrary(name, sources, options));
  }
}
