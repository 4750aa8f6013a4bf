/** Finds a BLAS, and LAPACK in it: OpenBLAS where there is one, or what the user names. */
import { cpu, vectorBytes } from "./cpu.ts";
import { MissingLibraryError, reason } from "./library.ts";

/** A BLAS that has been opened. libcvm takes its functions from `path` by `prefix` + `cblas_sgemm` and so on. */
export interface Blas {
  /** A path, or a name for the system's loader. */
  readonly path: string;
  /** What stands before each symbol: `scipy_` in the builds that SciPy ships. */
  readonly prefix: string;
  /** What it says of itself: `OpenBLAS 0.3.21 … MAX_THREADS=64`; "" if it is no OpenBLAS. */
  readonly config: string;
  /** The CPU whose kernels it chose, such as `Haswell`; "" if it is no OpenBLAS. */
  readonly core: string;
  /** How many threads it runs: 1, unless it has no call to say so. */
  readonly threads: number;
  /** It has all of LAPACK that kernels call. */
  readonly lapack: boolean;
}

/** The functions of csrc/lapack.h: each is there in single and in double precision. */
export const LAPACK_NAMES = [
  "gemm",
  "trsm",
  "potrf",
  "getrf",
  "getrs",
  "geqrf",
  "orgqr",
  "syevd",
  "geev",
  "gesdd",
  "gelsd",
] as const;

/** The symbols of LAPACK; one that is missing is null. */
function lapackSymbols(prefix: string) {
  return Object.fromEntries(
    LAPACK_NAMES.flatMap((name) =>
      ["s", "d"].map((precision) =>
        [precision + name, {
          name: `${prefix}${precision}${name}_`,
          type: "pointer",
          optional: true,
        }] as const
      )
    ),
  );
}

/** What OpenBLAS tells of itself. Every symbol is optional: another BLAS has cblas_sgemm only. */
function symbols(prefix: string) {
  return {
    sgemm: { name: `${prefix}cblas_sgemm`, type: "pointer" },
    config: {
      name: `${prefix}openblas_get_config`,
      parameters: [],
      result: "pointer", // char *, static
      optional: true,
    },
    core: {
      name: `${prefix}openblas_get_corename`,
      parameters: [],
      result: "pointer", // char *, static
      optional: true,
    },
    setThreads: {
      name: `${prefix}openblas_set_num_threads`,
      parameters: ["i32"],
      result: "void",
      optional: true,
    },
    getThreads: {
      name: `${prefix}openblas_get_num_threads`,
      parameters: [],
      result: "i32",
      optional: true,
    },
  } as const satisfies Deno.ForeignLibraryInterface;
}

const found = new Map<string, Blas | null>();

/**
 * Opens a BLAS and sets it to one thread; null where there is none.
 *
 * `setting` is a path or a file name for the system's loader; "" takes
 * $DAMO_BLAS, and without that searches; "none" uses none. A process opens
 * each setting once.
 *
 * @throws MissingLibraryError: the named library does not load, or is no CBLAS with 32-bit integers.
 */
export function findBlas(setting = ""): Blas | null {
  const named = setting || Deno.env.get("DAMO_BLAS") || "";
  let blas = found.get(named);
  if (blas === undefined) {
    blas = named === "none" ? null : named ? openNamed(named) : search();
    found.set(named, blas);
  }
  return blas;
}

/** What was not found is searched again: something has been installed. */
export function forgetBlas(): void {
  for (const [setting, blas] of found) {
    if (blas === null) found.delete(setting);
  }
}

function openNamed(path: string): Blas {
  const blas = open(path, "") ?? open(path, "scipy_");
  if (typeof blas === "object") return blas;
  throw new MissingLibraryError(
    `Cannot use the BLAS ${path}: ${
      blas ?? "it has no cblas_sgemm"
    }; set DAMO_BLAS to another, or to none`,
  );
}

function search(): Blas | null {
  for (const [path, prefix] of candidates()) {
    const blas = open(path, prefix);
    if (typeof blas === "object") return blas;
  }
  return null;
}

/** The library if it is usable; why it is not; undefined if it lacks the symbols of this prefix. */
function open(path: string, prefix: string): Blas | string | undefined {
  try {
    let library = load(path, prefix);
    const better = betterCore(text(library.symbols.core?.()));
    if (better) {
      library.close();
      library = load(path, prefix, better);
    }
    const { config, core, setThreads, getThreads } = library.symbols;
    if (text(config?.()).includes("USE64BITINT")) {
      return "its integers have 64 bits";
    }
    setThreads?.(1);
    return {
      path,
      prefix,
      config: text(config?.()),
      core: text(core?.()),
      threads: getThreads?.() ?? 1,
      lapack: hasLapack(path, prefix),
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return /symbol/.test((error as Error).message) ? undefined : reason(error);
  }
}

function hasLapack(path: string, prefix: string): boolean {
  const library = Deno.dlopen(path, lapackSymbols(prefix));
  const found = Object.values(library.symbols).every((symbol) => symbol);
  library.close();
  return found;
}

/** OpenBLAS reads these variables while it is loaded: with one thread set it starts none. */
function load(path: string, prefix: string, core?: string) {
  return withEnv("OPENBLAS_NUM_THREADS", "1", () =>
    withEnv(
      "OPENBLAS_CORETYPE",
      core,
      () => Deno.dlopen(path, symbols(prefix)),
    ));
}

/** Sets a variable that the user has not set, while `run` runs. */
function withEnv<T>(name: string, value: string | undefined, run: () => T): T {
  if (value === undefined || Deno.env.get(name) !== undefined) return run();
  Deno.env.set(name, value);
  try {
    return run();
  } finally {
    Deno.env.delete(name);
  }
}

/** The CPUs that OpenBLAS names, by the bytes of the vectors its kernels for them use; any other: 16. */
const CORES: Readonly<Record<string, number>> = {
  SkylakeX: 64,
  Cooperlake: 64,
  Sapphirerapids: 64,
  Haswell: 32,
  Zen: 32,
};

/** True if kernels for `core` use narrower vectors than the processor has. */
export function isOldCore(core: string): boolean {
  return Deno.build.arch === "x86_64" && core !== "" &&
    (CORES[core] ?? 16) < vectorBytes(cpu());
}

/** An OpenBLAS older than the processor takes it for an ancient one; this names the best it surely runs. */
function betterCore(core: string): string | undefined {
  if (!isOldCore(core)) return undefined;
  return vectorBytes(cpu()) === 64 ? "SkylakeX" : "Haswell";
}

function text(pointer: Deno.PointerValue | undefined): string {
  return pointer ? Deno.UnsafePointerView.getCString(pointer).trim() : "";
}

/** Where an OpenBLAS may be, with the prefix of its symbols: the system's first, then Python's. */
function* candidates(): Generator<readonly [path: string, prefix: string]> {
  if (Deno.build.os === "darwin") {
    yield ["/opt/homebrew/opt/openblas/lib/libopenblas.dylib", ""];
    yield ["/usr/local/opt/openblas/lib/libopenblas.dylib", ""];
    yield ["libopenblas.dylib", ""];
  } else {
    yield ["libopenblas.so.0", ""];
    yield ["libopenblas.so", ""];
  }
  const conda = Deno.env.get("CONDA_PREFIX");
  if (conda) {
    yield [`${conda}/lib/libopenblas.so.0`, ""];
    yield [`${conda}/lib/libopenblas.dylib`, ""];
  }
  yield ["libscipy_openblas.so", "scipy_"];
  for (const directory of sitePackages()) {
    yield* libraries(`${directory}/scipy_openblas32/lib`);
    yield* libraries(`${directory}/scipy.libs`);
  }
}

/** The OpenBLAS that a Python wheel brought; builds with 64-bit integers are named otherwise. */
function* libraries(directory: string): Generator<readonly [string, string]> {
  for (const name of list(directory)) {
    if (/^libscipy_openblas(-[^/]*)?\.(so|dylib)$/.test(name)) {
      yield [`${directory}/${name}`, "scipy_"];
    }
  }
}

/** Directories of Python packages: of the active environment, the user, pyenv and the system. */
function* sitePackages(): Generator<string> {
  const home = Deno.env.get("HOME") ?? "";
  const pyenv = Deno.env.get("PYENV_ROOT") ?? `${home}/.pyenv`;
  const roots = [
    Deno.env.get("VIRTUAL_ENV"),
    Deno.env.get("CONDA_PREFIX"),
    `${home}/.local`,
    ...list(`${pyenv}/versions`).map((name) => `${pyenv}/versions/${name}`),
    "/usr/local",
    "/usr",
  ];
  for (const root of roots) {
    if (!root) continue;
    for (const name of list(`${root}/lib`)) {
      if (!/^python3/.test(name)) continue;
      yield `${root}/lib/${name}/site-packages`;
      yield `${root}/lib/${name}/dist-packages`;
    }
  }
}

/** The names in a directory, in a fixed order; none if it cannot be read. */
function list(directory: string): string[] {
  try {
    return Array.from(Deno.readDirSync(directory), (entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
}
