/** `f.exportC`: a compiled function as a C project that needs nothing of Damo. */
import { CVM_SOURCES } from "../../../ffi/csrc.ts";
import { findBlas } from "../../../ffi/openblas.ts";
import exportedC from "../../../csrc/exported.c" with { type: "text" };
import exportedH from "../../../csrc/exported.h" with { type: "text" };
import { HEADERS, reachable } from "../../build/csrc.ts";
import { openStore } from "../../build/store.ts";
import { findCompiler } from "../../build/toolchain.ts";
import { config } from "../../graph/config.ts";
import { isRowMajor, type NDArray } from "../../graph/ndarray.ts";
import type { Variable } from "../../graph/variable.ts";
import { asStatic, emitProgram } from "../../lower/emit_program.ts";
import type { Program } from "../../lower/program.ts";
import {
  type BlasUse,
  type Dim,
  type Equal,
  headerText,
  type Kept,
  type Port,
  type Project,
  type Site,
  sourceText,
} from "./text.ts";
import { mainText, makefileText } from "./example.ts";
import { messageOf } from "../errors.ts";
import { encode } from "../image.ts";

/** What `exportC` takes. */
export interface ExportOptions {
  /** What C names begin with; that of the function unless given. */
  readonly name?: string;
  /**
   * True: products call the BLAS that Damo found, which the Makefile links.
   * False: they are kernels of the project's own. As the function itself runs
   * unless given.
   */
  readonly blas?: boolean;
}

/** A function that is exported. */
export interface Exportable {
  /** What C names begin with. */
  readonly name: string;
  readonly program: Program;
  readonly inputs: readonly Variable[];
  /** Arguments of the example. */
  readonly values: readonly NDArray[];
  /** The keys of results, where they have some. */
  readonly outputs: readonly (string | undefined)[];
}

/** The files of libcvm that an exported function is linked with, and those that they include. */
const SOURCES = ["builtin.c", "image.c", "pool.c"];
const INCLUDED = [
  "cvm.h",
  "cvm_opcodes.h",
  "kernel.h",
  "platform.h",
  "steps.h",
];

/** Writes the project into `directory`, which is made if there is none. RangeError: an op has no C. */
export function exportC(directory: string, exportable: Exportable): void {
  const project = projectOf(exportable), { name, inputs } = project;
  Deno.mkdirSync(`${directory}/damo`, { recursive: true });
  const files: Record<string, string> = {
    [`${name}.h`]: headerText(project),
    [`${name}.c`]: sourceText(project),
    "main.c": mainText(project),
    Makefile: makefileText(project),
    "damo/exported.c": exportedC,
    "damo/exported.h": exportedH,
  };
  for (const file of [...SOURCES, ...INCLUDED]) {
    files[`damo/${file}`] = CVM_SOURCES[file]!;
  }
  for (const file of reachable(project.headers)) {
    files[`damo/${file}`] = HEADERS[file]!;
  }
  for (const [file, text] of Object.entries(files)) {
    Deno.writeTextFileSync(`${directory}/${file}`, text);
  }
  const needed = exportable.program.inputs.flatMap((slot, i) =>
    slot < 0 ? [] : [exportable.values[i]!]
  );
  needed.forEach((value, i) => {
    const { buffer, byteOffset, byteLength } = value.flat();
    Deno.writeFileSync(
      `${directory}/${inputs[i]!.name}.bin`,
      new Uint8Array(buffer, byteOffset, byteLength),
    );
  });
}

function projectOf(exportable: Exportable): Project {
  const { program, values } = exportable, { slots, shared, code } = program;
  const name = identifier(exportable.name);
  const kernel = emitProgram(program, name);
  const image = encode(program, {
    kernel: () => 0n,
    storages: shared.map(() => 1n),
    linked: 1n, // exported.c knows the function
  });
  const names = new Names();
  const lengths = new Map<string, number>();
  const inputs = program.inputs.flatMap((slot, i): Port[] => {
    if (slot < 0) return [];
    const v = exportable.inputs[i]!, x = names.take(v.name ?? `x${i}`);
    const dims = slots[slot]!.shape.map((n, axis): Dim => {
      if (n !== null) return n;
      const dim = v.type.shape[axis];
      const own = typeof dim === "string"
        ? names.again(dim)
        : names.take(`${x}_${axis}`);
      lengths.set(own, values[i]!.shape[axis]!);
      return own;
    });
    return [{ name: x, slot, dtype: v.dtype, dims }];
  });
  const outputs = program.outputs.map((slot, i): Port => {
    const { dtype, shape, variable } = slots[slot]!;
    const label = exportable.outputs[i] ?? variable?.name;
    return { name: names.take(label ?? `y${i}`), slot, dtype, dims: shape };
  });
  const kept = shared.map(([s, slot], i): Kept => {
    const value = s.getValue(), { dtype, shape, strides } = slots[slot]!;
    const known = !shape.includes(null) && !strides.includes(null) &&
      !isRowMajor(shape as number[], strides as number[]);
    return {
      name: names.take(s.name ?? `shared${i}`),
      slot,
      dtype,
      dims: shape,
      strides: known ? strides as number[] : null,
      lengths: value.shape,
      value: value.flat(),
      word: image.slots + wordOf(program, slot),
    };
  });
  const compiler = findCompiler(openStore());
  return {
    name,
    run: asStatic(kernel, `${name}_run`),
    image: image.words,
    home: image.contents,
    inputs,
    outputs,
    shared: kept,
    lengths: [...lengths],
    equal: equalLengths(exportable, inputs, kept),
    sites: code.map((_, pc) => siteOf(program, pc)),
    headers: kernel.headers.filter((name) => !INCLUDED.includes(name)),
    blas: blasOf(kernel.text),
    compiler: compiler.command,
    flags: compiler.flags,
    sources: [...SOURCES, "exported.c"],
  };
}

/** Where a slot begins, in words behind the first: there the image says whose memory it is (csrc/image.c). */
function wordOf({ slots }: Program, slot: number): number {
  return slots.slice(0, slot).reduce(
    (at, { shape }) => at + 5 + 2 * shape.length,
    0,
  );
}

/** Lengths of one name: what callers pass, what the program was made for, and what shared variables have. */
function equalLengths(
  { program, inputs }: Exportable,
  ports: readonly Port[],
  shared: readonly Kept[],
): Equal[] {
  const found = new Map<string, Set<string>>();
  const note = (v: Variable, { dims, slot }: Port) =>
    v.type.shape.forEach((dim, axis) => {
      if (typeof dim !== "string") return;
      const length = dims[axis] ??
        `model_length((const Model *)f, ${slot}, ${axis})`;
      found.set(dim, (found.get(dim) ?? new Set()).add(`${length}`));
    });
  const needed = inputs.filter((_, i) => program.inputs[i]! >= 0);
  ports.forEach((port, i) => note(needed[i]!, port));
  shared.forEach((port, i) => note(program.shared[i]![0], port));
  return [...found].flatMap(([name, [first, ...others]]) =>
    others.map((other) => ({ name, length: first!, other }))
  );
}

function siteOf(
  { code, thunks, loops }: Program,
  pc: number,
): Site {
  const [op, a] = code[pc]!;
  if (op === "ENTER" || op === "STEP") {
    return { op: "scan", where: loops[a]!.node.origin.line };
  }
  if (op !== "CALL" && op !== "CALL_PARALLEL" && op !== "HOST") {
    return { op: "the program", where: "" };
  }
  const { run, node } = thunks[a]!;
  return run.kind === "host" && run.refusal
    ? { op: null, where: run.refusal.message }
    : {
      op: node?.op.name ?? "the program",
      where: node?.origin.line ?? "",
      says: node ? messageOf(node) : undefined,
    };
}

/** What kernels call of a BLAS and its LAPACK. */
function blasOf(text: string): BlasUse | null {
  const called = (pattern: RegExp) =>
    [...new Set(Array.from(text.matchAll(pattern), ([, f]) => f!))].sort();
  const all = called(/ctx->blas->(\w+)/g);
  if (all.length === 0) return null;
  const { path, prefix, config: said } = findBlas(config.blas)!;
  return {
    path,
    prefix,
    functions: all.filter((f) => f !== "lapack"),
    lapack: called(/\blapack->(\w+)/g),
    setsThreads: said !== "",
  };
}

/** Words that C, its compilers, and the text around names use themselves. */
const RESERVED = new Set(
  ("asm auto bool break case char const continue default do double else enum extern false float for goto if inline int " +
    "linux long Function Model register restrict return short signed sizeof static struct switch true typedef typeof union unix unsigned " +
    "void volatile while NULL argc argv atoll call error exit f fprintf cvm free from i load main model most n new perror printf run " +
    "stderr to value").split(" "),
);

function identifier(name: string): string {
  const plain = name.replace(/\W/g, "_") || "_";
  return /^\d/.test(plain) || RESERVED.has(plain) ? `_${plain}` : plain;
}

/** Gives out names that C takes, each once. */
class Names {
  readonly #taken = new Set<string>();
  readonly #again = new Map<string, string>();

  take(name: string): string {
    const plain = identifier(name);
    let made = plain;
    for (let k = 2; this.#taken.has(made); k++) made = `${plain}${k}`;
    this.#taken.add(made);
    return made;
  }

  /** The name that was given out before for the same. */
  again(name: string): string {
    const made = this.#again.get(name) ?? this.take(name);
    this.#again.set(name, made);
    return made;
  }
}
