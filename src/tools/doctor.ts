/** What Damo found on this machine, and what holds it back. */
import { config } from "../graph/config.ts";
import { installCommand } from "../build/install.ts";
import { CAPACITY, openStore } from "../build/store.ts";
import { detectTarget, findCompiler } from "../build/toolchain.ts";
import { compile } from "../compile.ts";
import { shared, zeros } from "../ops/constructors.ts";
import { dot } from "../ops/products/dot.ts";
import { describeConfig } from "../run/flags.ts";
import { Mode } from "../run/mode.ts";
import { cpu } from "../../ffi/cpu.ts";
import { type Blas, findBlas, isOldCore } from "../../ffi/openblas.ts";

/** One thing looked at: what there is, and what could be better. */
interface Finding {
  readonly what: string;
  readonly is: string;
  readonly advice?: string;
  /** Without it nothing is compiled. */
  readonly grave?: boolean;
}

/** Prints the findings; true if kernels can be compiled. */
export function doctor(): boolean {
  const cc = guarded("compiler", compiler);
  const findings = [
    { what: "deno", is: `${Deno.version.deno} ${Deno.build.target}` },
    processor(),
    threads(),
    cc,
    guarded("blas", blas),
    ...cc.grave ? [] : [guarded("products", products)],
    guarded("cache", cache),
    permissions(),
  ];
  for (const { what, is } of findings) console.log(`${what.padEnd(12)} ${is}`);
  console.log(`\n${describeConfig()}`);
  const advised = findings.filter(({ advice }) => advice);
  if (advised.length > 0) console.log();
  for (const { what, advice } of advised) console.log(`${what}: ${advice}`);
  return !findings.some(({ grave }) => grave);
}

/** An error is a finding too. */
function guarded(what: string, look: () => Finding): Finding {
  try {
    return look();
  } catch (error) {
    return {
      what,
      is: "none",
      advice: (error as Error).message,
      grave: what === "compiler",
    };
  }
}

function processor(): Finding {
  const { vector, registers, caches } = detectTarget();
  const sizes = caches.map(describeBytes).join(", ");
  return {
    what: "cpu",
    is:
      `${cpu().model}; ${registers} vector registers of ${vector} bytes; caches ${sizes}`,
  };
}

function threads(): Finding {
  const cores = navigator.hardwareConcurrency, { threads } = detectTarget();
  const idle = threads < cores && cores > 1;
  return {
    what: "threads",
    is: `${threads} of ${cores} cores`,
    ...idle && { advice: "DAMO_FLAGS=threads=0 uses all cores" },
  };
}

function compiler(): Finding {
  const { command, version, cpu } = findCompiler(openStore());
  return {
    what: "compiler",
    is: `${command.join(" ")}; ${version}; for ${cpu}`,
  };
}

function blas(): Finding {
  const blas = findBlas(config.blas);
  if (!blas) {
    return {
      what: "blas",
      is:
        "none: Damo computes matrix products itself, and linear algebra by linker reference only",
      advice: `to install OpenBLAS: ${installCommand(["blas"])}`,
    };
  }
  const { path, config: says, core, threads, lapack } = blas;
  const version = /^OpenBLAS [\d.]+/.exec(says)?.[0] ?? "no OpenBLAS";
  const words = [
    path,
    version,
    core && `kernels for ${core}`,
    lapack
      ? "with LAPACK"
      : "no LAPACK: linear algebra by linker reference only",
    `threads: ${threads}`,
  ];
  const advice = coreAdvice(blas, Deno.env.get("OPENBLAS_CORETYPE"));
  return {
    what: "blas",
    is: words.filter((word) => word !== "").join("; "),
    ...advice && { advice },
  };
}

/** What to say of the kernels that OpenBLAS chose: an old core can halve the speed of matrix products. */
export function coreAdvice(
  { core }: Blas,
  named: string | undefined,
): string | undefined {
  if (!isOldCore(core)) return undefined;
  return named
    ? `OPENBLAS_CORETYPE=${named} keeps OpenBLAS from the vectors of this processor; unset it`
    : `OpenBLAS takes this processor for a ${core}; a newer OpenBLAS is faster`;
}

/** Rows and columns of the matrices that are multiplied, and how often: the best counts. */
const WIDTH = 1024, TIMES = 5;

/** How fast one thread multiplies matrices: with the BLAS, and with Damo's own kernels. */
function products(): Finding {
  // Own kernels come last: the first product of a process opens what the settings name.
  const found = config.blas,
    byBlas = findBlas(found) && `${gemmRate()} GFLOP/s by BLAS`;
  config.blas = "none";
  try {
    const own = `${gemmRate()} GFLOP/s by the emitter`;
    return {
      what: "products",
      is: `${WIDTH} x ${WIDTH} float32, one thread: ${
        [byBlas, own].filter((rate) => rate).join(", ")
      }`,
    };
  } finally {
    config.blas = found;
  }
}

/** Billions of additions and multiplications in a second of one product. */
function gemmRate(): string {
  const matrix = () => shared(zeros([WIDTH, WIDTH]), { shape: [WIDTH, WIDTH] });
  const product = compile([], null, {
    updates: [[matrix(), dot(matrix(), matrix())]],
    mode: new Mode({ linker: "cvm_nogc", openmp: 1 }),
  });
  product();
  let least = Infinity;
  for (let k = 0; k < TIMES; k++) {
    const start = performance.now();
    product();
    least = Math.min(least, performance.now() - start);
  }
  product.free();
  return (2 * WIDTH ** 3 / least / 1e6).toFixed(0);
}

function cache(): Finding {
  const store = openStore();
  const entries = store.list();
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  const count = entries.filter(({ kind }) => kind === "library").length;
  return {
    what: "cache",
    is: `${store.directory}; ${count} libraries, ${describeBytes(bytes)} of ${
      describeBytes(CAPACITY)
    }`,
  };
}

function permissions(): Finding {
  const names = ["ffi", "read", "write", "env", "run"] as const;
  const states = names.map((name) =>
    `${name} ${Deno.permissions.querySync({ name }).state}`
  );
  return { what: "permissions", is: states.join(", ") };
}

/** `48 KiB`, `2 MiB`. */
export function describeBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit++;
  }
  return `${Number(bytes.toFixed(1))} ${units[unit]}`;
}
