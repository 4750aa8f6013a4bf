/** Runs planned kernels on hand-made Array headers: gcc, Deno.dlopen and nothing else of the runtime. */
import { findBlas } from "../../ffi/openblas.ts";
import { DTYPES } from "../../src/graph/dtype.ts";
import { NDArray, rowMajor, sizeOf } from "../../src/graph/ndarray.ts";
import type { Apply } from "../../src/graph/variable.ts";
import { implement } from "../../src/lower/emit/implement.ts";
import type {
  Extent,
  Implementation,
  Layout,
  Plan,
} from "../../src/lower/emit/implementation.ts";
import { FIXED_TARGET, type Target } from "../../src/lower/target.ts";

/** The flags that kernels are compiled with (DESIGN.md, section 5). */
export const FLAGS: readonly string[] =
  "-std=gnu11 -O1 -ftree-vectorize -fvect-cost-model=dynamic -ffp-contract=off -fno-math-errno -fno-trapping-math -fwrapv -march=native -fPIC -shared"
    .split(" ");

const CSRC = new URL("../../csrc/", import.meta.url).pathname;
const HEADER = 160, CONTEXT = 64;

const SIGNATURE = {
  k: { parameters: ["buffer", "buffer", "i64", "i64"], result: "i32" },
} as const;

const SUPPORT = `
#include <dlfcn.h>
#include <stdlib.h>
#include "kernel.h"
static int reserve_scratch(Context *ctx, int64_t bytes) {
  if (bytes <= ctx->scratch_bytes) return 0;
  free(ctx->scratch);
  ctx->scratch = aligned_alloc(64, (bytes + 63) / 64 * 64);
  ctx->scratch_bytes = bytes;
  return 0;
}
static Blas table;
void prepare(Context *ctx) {
#ifdef BLAS
  void *library = dlopen(BLAS, RTLD_NOW);
#define FIND(name) dlsym(library, PREFIX "cblas_" #name)
  table = (Blas){
    FIND(sgemm), FIND(dgemm), FIND(sgemv), FIND(dgemv), FIND(sger), FIND(dger), FIND(sdot), FIND(ddot)
  };
#endif
  ctx->blas = &table;
  ctx->reserve_scratch = reserve_scratch;
}
`;

interface Loaded {
  call(ctx: Uint8Array, args: BigUint64Array, lo: number, hi: number): number;
}

const loaded = new Map<string, Loaded>();
let directory: string | undefined;

function compile(source: string, flags: readonly string[] = []): string {
  directory ??= Deno.makeTempDirSync();
  const path = `${directory}/k${loaded.size}_${
    Math.random().toString(36).slice(2)
  }`;
  Deno.writeTextFileSync(`${path}.c`, source);
  const { success, stderr } = new Deno.Command("gcc", {
    args: [
      ...FLAGS,
      "-Wall",
      "-Werror",
      "-Wno-unused",
      "-Wno-maybe-uninitialized", // gcc 12 says it of lanes of a vector that was read whole
      "-I",
      CSRC,
      `${path}.c`,
      "-o",
      `${path}.so`,
      ...flags,
    ],
  }).outputSync();
  if (!success) {
    throw new Error(
      `Cannot compile:\n${source}\n${new TextDecoder().decode(stderr)}`,
    );
  }
  return `${path}.so`;
}

/** True where gcc is on the PATH. */
export function hasCompiler(): boolean {
  try {
    return new Deno.Command("gcc", {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).outputSync().success;
  } catch {
    return false;
  }
}

/** True where there is a BLAS to call. */
export function hasBlas(): boolean {
  return hasCompiler() && findBlas() !== null;
}

function load({ kernel }: Implementation): Loaded {
  let found = loaded.get(kernel.text);
  if (!found) {
    const includes = kernel.headers.map((h) => `#include "${h}"\n`).join("");
    const { symbols } = Deno.dlopen(
      compile(`${includes}#define KERNEL k\n${kernel.text}`),
      SIGNATURE,
    );
    found = {
      call: (ctx, args, lo, hi) =>
        symbols.k(ctx, args as BufferSource, BigInt(lo), BigInt(hi)),
    };
    loaded.set(kernel.text, found);
  }
  return found;
}

const contexts = new Map<boolean, Uint8Array<ArrayBuffer>>();

/** A Context, with the system's OpenBLAS where the target has a BLAS. */
function contextOf({ blas }: Target): Uint8Array<ArrayBuffer> {
  const known = contexts.get(blas);
  if (known) return known;
  const context = new Uint8Array(CONTEXT);
  const found = blas ? findBlas() : null;
  const path = compile(
    SUPPORT,
    found
      ? [`-DBLAS="${found.path}"`, `-DPREFIX="${found.prefix}"`, "-ldl"]
      : [],
  );
  const lib = Deno.dlopen(path, {
    prepare: { parameters: ["buffer"], result: "void" },
  });
  lib.symbols.prepare(context);
  contexts.set(blas, context);
  return context;
}

/** An Array header that looks at x. */
function header(
  x: NDArray,
): { readonly header: BigInt64Array; readonly keep: unknown } {
  const h = new BigInt64Array(HEADER / 8);
  const at = Deno.UnsafePointer.value(
    Deno.UnsafePointer.of(x.data as BufferSource),
  );
  h[0] = BigInt(at) + BigInt(x.offset * DTYPES[x.dtype].size);
  new Int32Array(h.buffer).set([DTYPES[x.dtype].code, x.ndim], 6);
  x.shape.forEach((n, i) => h[4 + i] = BigInt(n));
  x.strides.forEach((n, i) => h[12 + i] = BigInt(n));
  return { header: h, keep: x };
}

/** The layout of a value, with lengths unknown where `known` says so. */
export function layoutOf(
  { dtype, shape, strides }: NDArray,
  known: (axis: number) => boolean = () => true,
): Layout {
  if (shape.every((_, i) => known(i))) return { dtype, shape, strides };
  return {
    dtype,
    shape: shape.map((n, i) => known(i) ? n : null),
    strides: shape.map((_, i) =>
      shape.every((_, j) => j <= i || known(j)) ? strides[i]! : null
    ),
  };
}

function resolve(extent: Extent, operands: readonly NDArray[]): number {
  if (typeof extent === "number") return extent;
  const x = operands[extent.arg]!;
  return "stride" in extent
    ? x.strides[extent.stride]!
    : sizeOf(x.shape.slice(extent.from, extent.to));
}

export interface Options {
  readonly inplace?: number;
  readonly target?: Target;
  /** Parts that each range is split into. */
  readonly parts?: number;
  /** Memory of the outputs; row-major and poisoned unless given. */
  readonly outputs?: readonly NDArray[];
  readonly known?: (axis: number) => boolean;
}

/** What a kernel refused: its code, the index, the length, the axis. */
export interface Refusal {
  readonly code: number;
  readonly index: number;
  readonly length: number;
  readonly axis: number;
}

/** Plans and runs `node` on values; the values of the outputs, or what was refused. */
export function run(
  node: Apply,
  inputs: readonly NDArray[],
  shapes: readonly (readonly number[])[],
  options: Options = {},
): NDArray[] | Refusal {
  const { inplace = -1, target = FIXED_TARGET, parts = 1, known } = options;
  const outputs = shapes.map((shape, i) =>
    i === 0 && inplace >= 0
      ? inputs[inplace]!
      : options.outputs?.[i] ?? poisoned(node.outputs[i]!.dtype, shape)
  );
  const operands = [...inputs, ...outputs];
  const plan: Plan | null = implement(
    node,
    operands.map((x) => layoutOf(x, known)),
    inplace,
    target,
  );
  if (!plan) throw new Error(`Cannot implement ${node.op.name}`);
  const between = plan.parts
    ? [poisoned(plan.parts.dtype, [plan.parts.length])]
    : [];
  for (const step of [...plan.checks, ...plan.steps]) {
    const chosen = [
      ...(step.inputs ?? inputs.map((_, i) => i)).map((i) => operands[i]!),
      ...(step.parts === undefined ? [] : between),
      ...(step.outputs ?? outputs.map((_, i) => inputs.length + i)).map((i) =>
        operands[i]!
      ),
    ];
    const headers = chosen.map(header);
    const extents = step.extents.map((e) => resolve(e, operands));
    if (extents.length) {
      headers.push(
        header(
          new NDArray(
            "int64",
            [extents.length],
            new BigInt64Array(extents.map(BigInt)),
          ),
        ),
      );
    }
    const args = new BigUint64Array(
      headers.map((h) =>
        BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(h.header)))
      ),
    );
    const n = step.splits ? extents[0]! : 1, pieces = step.splits ? parts : 1;
    for (let p = 0; p < pieces; p++) {
      const lo = Math.floor(n * p / pieces),
        hi = Math.floor(n * (p + 1) / pieces);
      const ctx = contextOf(target), code = load(step).call(ctx, args, lo, hi);
      if (code) {
        const error = new BigInt64Array(ctx.buffer, 16, 2);
        return {
          code,
          axis: new Int32Array(ctx.buffer, 12, 1)[0]!,
          index: Number(error[0]),
          length: Number(error[1]),
        };
      }
    }
  }
  return outputs;
}

/** An output whose every byte is set, so that what a kernel leaves out shows. */
export function poisoned(
  dtype: NDArray["dtype"],
  shape: readonly number[],
): NDArray {
  const data = new DTYPES[dtype].array(sizeOf(shape));
  new Uint8Array(data.buffer).fill(dtype === "bool" ? 77 : 0xff);
  return new NDArray(dtype, shape, data, rowMajor(shape));
}
